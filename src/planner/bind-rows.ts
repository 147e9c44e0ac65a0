/**
 * Row values: ROW(...), (a, b) = (c, d) and its kin, fields of records.
 *
 * Comparisons of rows are spelled out field by field as PostgreSQL does: equality is an AND, order
 * goes by the first fields that differ.
 */
import { sqlError } from '../common/errors.ts';
import { must } from '../common/assert.ts';
import type { Expr, RowExpr } from '../parser/ast.ts';
import { operatorCall } from './bind-call-tools.ts';
import type { CallSite } from './bind-call-tools.ts';
import type { Binder, StatementState } from './bind-context.ts';
import { rowFields } from './bind-fields.ts';
import { expandStar } from './bind-stars.ts';
import { syntaxError } from './errors.ts';
import { andAll, orAll } from './expr-tools.ts';
import type { ScalarExpr } from './relation.ts';

/** True for (a, b) and ROW(...). */
export function isRow(expr: Expr): boolean {
  return expr.kind === 'row';
}

/**
 * The bound fields of a row expression, or of a value of record type; null otherwise. Bare literals
 * in a row stay of unknown type: what they are compared with gives them one.
 */
export function rowOf(binder: Binder, expr: Expr): readonly ScalarExpr[] | null {
  if (expr.kind === 'row') return rowItems(binder, expr);
  const bound = binder.bind(expr);
  if (bound.type.name !== 'record' || bound.type.fields === undefined) return null;
  return rowFields(bound);
}

/** The items of ROW(...) or (a, b); t.* gives the fields of t. */
export function rowItems(binder: Binder, expr: RowExpr): readonly ScalarExpr[] {
  return expr.items.flatMap((item) => (item.kind === 'star' || item.kind === 'fieldStar'
    ? expandStar(binder, item).map((each) => each.expr) : [binder.bind(item)]));
}

/** A comparison of two rows. */
export function compareRows(
  state: StatementState, site: CallSite, left: readonly ScalarExpr[],
  right: readonly ScalarExpr[],
): ScalarExpr {
  if (left.length !== right.length) {
    throw syntaxError('unequal number of entries in row expressions', site.span);
  }
  if (left.length === 0) {
    throw sqlError('0A000', 'cannot compare rows of zero length', { span: site.span });
  }
  const field = (name: string, at: number): ScalarExpr =>
    operatorCall(state, { name, span: site.span },
      [must(left[at], 'field'), must(right[at], 'field')]);
  const all = (name: string): ScalarExpr[] => left.map((_unused, at) => field(name, at));
  switch (site.name) {
    case '=': return andAll(all('='));
    case '<>': return orAll(all('<>'));
    default: return ordered(site.name, left.length, field);
  }
}

/** a < c OR (a = c AND (b < d OR ...)) */
function ordered(
  operator: string, count: number, field: (name: string, at: number) => ScalarExpr,
): ScalarExpr {
  const strict = operator.startsWith('<') ? '<' : '>';
  let result = field(operator, count - 1);
  for (let at = count - 2; at >= 0; at--) {
    result = orAll([field(strict, at), andAll([field('=', at), result])]);
  }
  return result;
}
