/**
 * Assignments to parts of columns: elements and slices of arrays, fields of rows, keys of jsonb.
 *
 * A part is bound to steps from the column inwards; a new value of the part becomes one of the
 * whole column, made of the old one.
 */
import { must } from '../common/assert.ts';
import { sqlError } from '../common/errors.ts';
import { NO_SPAN } from '../common/span.ts';
import type { SqlType } from '../common/types/sql-type.ts';
import type { Expr, Subscript, Slice } from '../parser/ast.ts';
import { scalarCall } from './bind-call-tools.ts';
import type { Binder, StatementState } from './bind-context.ts';
import { rowFields } from './bind-fields.ts';
import { INT4, TEXT, typeText } from './bind-types.ts';
import type { CatalogColumn } from './catalog.ts';
import { coerce, literalOf, tryCoerce } from './coerce.ts';
import { notSupported } from './errors.ts';
import type { ScalarExpr } from './relation.ts';

type Step =
  | { readonly kind: 'element' | 'slice' | 'path'; readonly at: readonly ScalarExpr[] }
  | { readonly kind: 'field'; readonly index: number };

/** A part of a column. */
export interface ColumnPart {
  readonly type: SqlType;
  readonly steps: readonly Step[];
}

/** Binds `a[1]`, `a[1:2]`, `a.f`, `j['k']` and what is made of them. */
export function bindPart(binder: Binder, column: CatalogColumn, access: Expr): ColumnPart {
  const chain: Expr[] = [];
  for (let expr = access; ;) {
    if (expr.kind !== 'subscript' && expr.kind !== 'slice' && expr.kind !== 'fieldAccess') break;
    chain.unshift(expr);
    expr = expr.operand;
  }
  const steps: Step[] = [];
  let { type } = column;
  for (let at = 0; at < chain.length;) {
    const next = must(chain[at], 'part');
    if (next.kind === 'fieldAccess') {
      const index = type.fields?.findIndex((field) => field.name === next.field.name) ?? -1;
      const field = type.fields?.[index];
      if (field === undefined) throw noField(column, next.field.name, type);
      steps.push({ kind: 'field', index });
      type = field.type;
      at++;
      continue;
    }
    const run: (Subscript | Slice)[] = [];
    for (; at < chain.length; at++) {
      const each = must(chain[at], 'part');
      if (each.kind !== 'subscript' && each.kind !== 'slice') break;
      run.push(each);
    }
    const found = subscripted(binder, type, run);
    steps.push(found.step);
    type = found.type;
  }
  return { type, steps };
}

function noField(column: CatalogColumn, field: string, type: SqlType): Error {
  if (type.fields === undefined) {
    return sqlError('42804', `cannot assign to field "${field}" of column "${column.name}" because `
      + `its type ${typeText(type)} is not a composite type`);
  }
  return sqlError('42703', `cannot assign to field "${field}" of column "${column.name}" because `
    + `there is no such column in data type ${typeText(type)}`);
}

function subscripted(
  binder: Binder, type: SqlType, run: readonly (Subscript | Slice)[],
): { readonly step: Step; readonly type: SqlType } {
  const { state } = binder;
  const { span } = must(run[0], 'subscript');
  const number = (expr: Expr | null): ScalarExpr => {
    if (expr === null) return literalOf(null, INT4);
    const bound = tryCoerce(state, binder.bind(expr), INT4, 'assignment');
    if (bound !== null) return bound;
    throw sqlError('42804', 'array subscript must have type integer', { span: expr.span });
  };
  if (type.name === 'jsonb') {
    const at = run.map((each) => {
      if (each.kind === 'slice') {
        throw sqlError('0A000', 'jsonb subscript does not support slices', { span: each.span });
      }
      const bound = binder.bind(each.index);
      return tryCoerce(state, bound, bound.type.name === 'unknown' ? TEXT : bound.type,
        'implicit') ?? bound;
    });
    return { step: { kind: 'path', at }, type };
  }
  if (type.name !== 'array' || type.element === undefined) {
    throw sqlError('42804', `cannot subscript type ${typeText(type)} because it does not support `
      + 'subscripting', { span });
  }
  if (run.every((each) => each.kind === 'subscript')) {
    const at = run.map((each) => number(each.index));
    return { step: { kind: 'element', at }, type: type.element };
  }
  // Among slices a subscript stands for the part up to it.
  const at = run.flatMap((each) => (each.kind === 'slice'
    ? [number(each.lower), number(each.upper)] : [literalOf(1, INT4), number(each.index)]));
  return { step: { kind: 'slice', at }, type };
}

/** The column's value with another value of a part; `steps` lead from `current` to it. */
export function withPart(
  state: StatementState, steps: readonly Step[], current: ScalarExpr, value: ScalarExpr,
): ScalarExpr {
  const [step, ...rest] = steps;
  if (step === undefined) return value;
  const make = (name: string, args: readonly ScalarExpr[]): ScalarExpr =>
    scalarCall(state, { name, span: NO_SPAN }, args);
  switch (step.kind) {
    case 'field': {
      const fields = rowFields(current).map((field, at) =>
        (at === step.index ? withPart(state, rest, field, value) : field));
      return { kind: 'record', type: current.type, fields };
    }
    case 'element': {
      const old = rest.length === 0 ? value
        : withPart(state, rest, make('$subscript', [current, ...step.at]), value);
      return make('$with_element', [current, old, ...step.at]);
    }
    case 'slice':
      if (rest.length > 0) throw notSupported('SET of a part of a slice', undefined);
      return make('$with_slice', [current, value, ...step.at]);
    case 'path':
      return make('$with_path', [current, coerce(state, value, { name: 'jsonb' }, 'assignment'),
        ...step.at]);
  }
}
