/**
 * Row values: ROW(...), (a, b) = (c, d) and its kin, fields of records.
 *
 * Comparisons of rows are spelled out field by field as PostgreSQL does: equality is an AND, order
 * goes by the first fields that differ.
 */
import { must } from '../common/assert.ts';
import type { Expr } from '../parser/ast.ts';
import { operatorCall } from './bind-call-tools.ts';
import type { CallSite } from './bind-call-tools.ts';
import type { Binder, StatementState } from './bind-context.ts';
import { syntaxError } from './errors.ts';
import { andAll, orAll } from './expr-tools.ts';
import type { ScalarExpr } from './scalar.ts';

/** True for (a, b) and ROW(...). */
export function isRow(expr: Expr): boolean {
  return expr.kind === 'row';
}

/** The bound fields of a row expression, or of a value of record type; null otherwise. */
export function rowOf(binder: Binder, expr: Expr): readonly ScalarExpr[] | null {
  const bound = binder.bind(expr);
  if (bound.type.name !== 'record' || bound.type.fields === undefined) return null;
  return rowFields(bound);
}

/** The fields of a record as expressions. */
export function rowFields(row: ScalarExpr): readonly ScalarExpr[] {
  if (row.kind === 'record') return row.fields;
  return (row.type.fields ?? []).map((field, index) => ({
    kind: 'field', arg: row, index, type: field.type,
  }));
}

/** A comparison of two rows. */
export function compareRows(
  state: StatementState, site: CallSite, left: readonly ScalarExpr[],
  right: readonly ScalarExpr[],
): ScalarExpr {
  if (left.length !== right.length) {
    throw syntaxError('unequal number of entries in row expressions', site.span);
  }
  if (left.length === 0) throw syntaxError('cannot compare rows of zero length', site.span);
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
