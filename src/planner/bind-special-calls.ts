/**
 * Calls that only look like functions: GROUPING(...), TUMBLE_START(...) and its kin.
 */
import { sqlError } from '../common/errors.ts';
import type { FunctionCall } from '../parser/ast.ts';
import type { Binder } from './bind-context.ts';
import { INT4 } from './bind-types.ts';
import { literalOf } from './coerce.ts';
import type { ScalarExpr } from './relation.ts';
import { exprKey } from './scalar.ts';
import { GROUPING_BASE } from './scope.ts';

const WINDOW_BOUND = /^(tumble|hop|cumulate|session)_(start|end|rowtime|time)$/;

/** TUMBLE_START(...), HOP_END(...): columns of the window in GROUP BY. */
export function bindWindowBound(
  binder: Binder, name: string, expr: FunctionCall,
): ScalarExpr | null {
  const match = WINDOW_BOUND.exec(name);
  if (match === null) return null;
  const window = binder.scope.groupWindow;
  if (window === null || window.kind !== match[1]) {
    const group = `${match[1] ?? ''}(...)`.toUpperCase();
    throw sqlError('42803', `${name.toUpperCase()} needs ${group} in GROUP BY`, {
      span: expr.span,
    });
  }
  return match[2] === 'start' ? window.start : match[2] === 'end' ? window.end : window.time;
}

/** GROUPING(a, b): which of the grouping expressions a grouping set leaves out. */
export function bindGrouping(
  binder: Binder, name: string, expr: FunctionCall,
): ScalarExpr | null {
  if (name !== 'grouping') return null;
  const { scope } = binder;
  if (!scope.groupingKnown) {
    scope.groupingSeen = true;
    return literalOf(0, INT4);
  }
  const keys = scope.groupExprs.map(exprKey);
  const indexes = expr.args.map((arg) => {
    const bound = binder.within('GROUP BY').bind(arg.value);
    const index = keys.indexOf(exprKey(bound));
    if (index < 0) {
      throw sqlError('42803',
        'arguments to GROUPING must be grouping expressions of the associated query level',
        { span: arg.span });
    }
    return index;
  });
  if (indexes.length > 31) {
    throw sqlError('54023', 'GROUPING must have fewer than 32 arguments', { span: expr.span });
  }
  scope.groupings.push(indexes);
  return { kind: 'column', index: GROUPING_BASE + scope.groupings.length - 1, type: INT4 };
}

/** The value of GROUPING(...) in one grouping set. */
export function groupingValue(indexes: readonly number[], set: ReadonlySet<number>): ScalarExpr {
  const bits = indexes.reduce((value, index) => value * 2 + (set.has(index) ? 0 : 1), 0);
  return literalOf(bits, INT4);
}
