/**
 * LIMIT and OFFSET that are subqueries or outer columns: rows are numbered, the numbers compared.
 *
 * A plan's row range is constant; what is only known when the query runs becomes a filter on
 * row_number() (WITH TIES: rank()) in the query's order.
 */
import { call, column, literal, someExpr } from './expr-tools.ts';
import type { BoundQuery } from './bound.ts';
import type { OverCall, Relation, ScalarExpr, SortKey } from './relation.ts';
import { BOOLEAN } from './scalar.ts';
import { filter, pick } from './relation-tools.ts';
import type { SqlType } from '../common/types/sql-type.ts';

const INT8: SqlType = { name: 'int8' };
const MOST = literal(9223372036854775807n, INT8);

/** Which rows of an ordered relation are wanted. */
export interface RowRange {
  readonly orderBy: readonly SortKey[];
  readonly limit: ScalarExpr | null;
  readonly offset: ScalarExpr | null;
  readonly withTies: boolean;
}

/** True for a count that is only known when the query runs. */
export function isComputedCount(count: ScalarExpr | null): boolean {
  return count !== null
    && someExpr(count, (node) => node.kind === 'subquery' || node.kind === 'outer');
}

/** The query with a constant row range. */
export function withRowRange(bound: BoundQuery): BoundQuery {
  if (!isComputedCount(bound.limit) && !isComputedCount(bound.offset)) return bound;
  return {
    ...bound, limit: null, offset: null, withTies: false,
    relation: numberedRange(bound.relation, bound),
  };
}

/** The rows of a relation within a computed range, by their numbers. */
export function numberedRange(relation: Relation, range: RowRange): Relation {
  const name = range.withTies ? 'rank()' : 'row_number()';
  const numbering: OverCall = {
    function: name, args: [], filter: null, ignoreNulls: false, type: INT8,
    frame: {
      mode: 'range', start: { kind: 'unboundedPreceding' }, end: { kind: 'currentRow' },
      exclude: 'none',
    },
  };
  const numbered: Relation = {
    kind: 'over', input: relation, partitionBy: [], orderBy: range.orderBy, calls: [numbering],
    columns: [...relation.columns, { name: '$number', type: INT8 }],
  };
  const number = column(relation.columns.length, INT8);
  const skipped = counted(range.offset, 'OFFSET', literal(0n, INT8));
  // number - offset <= limit, so that the largest limit does not overflow.
  const place = call('-(int8,int8)', [number, skipped], INT8);
  const within = call('<=(int8,int8)', [place, counted(range.limit, 'LIMIT', MOST)], BOOLEAN);
  const after = call('>(int8,int8)', [number, skipped], BOOLEAN);
  const kept = filter(filter(numbered, after), within);
  return pick(kept, relation.columns.map((_each, at) => at));
}

/** A count, which must not be negative; NULL is none. */
function counted(
  expr: ScalarExpr | null, clause: 'LIMIT' | 'OFFSET', otherwise: ScalarExpr,
): ScalarExpr {
  if (expr === null) return otherwise;
  const count = call('$row_count(int8,text)', [expr, literal(clause, { name: 'text' })], INT8);
  return { kind: 'coalesce', args: [count, otherwise], type: INT8 };
}
