/**
 * AS OF x: the moment a query or a relation is read at, an epoch (int8) or a timestamptz.
 */
import { sqlError } from '../common/errors.ts';
import type { SqlType } from '../common/types/sql-type.ts';
import type { AsOf, Expr } from '../parser/ast.ts';
import type { StatementState } from './bind-context.ts';
import { exprBinder } from './bind-expr.ts';
import { INT8 } from './bind-types.ts';
import { coerce } from './coerce.ts';
import { notSupported } from './errors.ts';
import type { ScalarExpr } from './relation.ts';
import { Scope } from './scope.ts';

const TIMESTAMPTZ: SqlType = { name: 'timestamptz' };

/** Binds the moment; an expression without columns. */
export function bindMoment(state: StatementState, asOf: AsOf): ScalarExpr {
  const { value, span } = asOf;
  if (state.view) throw notSupported('AS OF a fixed moment in a view', span);
  if (asOf.atLeast) throw notSupported('AS OF AT LEAST in a query', span);
  const binder = exprBinder(state, { scope: new Scope(null), withs: null, clause: 'FROM' });
  const bound = binder.bind(value);
  switch (bound.type.name) {
    case 'int2': case 'int4': case 'int8': case 'numeric':
      return coerce(state, bound, INT8, 'assignment');
    case 'unknown':
      return coerce(state, bound, isNumber(bound) ? INT8 : TIMESTAMPTZ, 'assignment');
    case 'timestamp': case 'timestamptz': case 'date':
      return coerce(state, bound, TIMESTAMPTZ, 'assignment');
    default:
      throw sqlError('42804', 'AS OF must be an epoch or a timestamp', { span: value.span });
  }
}

function isNumber(expr: ScalarExpr): boolean {
  return expr.kind === 'literal' && typeof expr.value === 'string' && /^\d+$/.test(expr.value);
}

/** True for a moment that is the same for all rows; PROCTIME() stands for the current version. */
export function isFixed(expr: Expr): boolean {
  if (expr.kind === 'functionCall' && expr.name.parts.at(-1)?.name === 'proctime') return false;
  return !mentionsColumn(expr);
}

function mentionsColumn(node: unknown): boolean {
  if (Array.isArray(node)) return node.some(mentionsColumn);
  if (typeof node !== 'object' || node === null) return false;
  if ('kind' in node && node.kind === 'columnRef') return true;
  return Object.values(node).some(mentionsColumn);
}
