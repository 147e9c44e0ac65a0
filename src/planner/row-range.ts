/**
 * LIMIT and OFFSET that are subqueries: rows are numbered and the numbers compared.
 *
 * A plan's row range is constant; what is only known when the query runs becomes a filter on
 * row_number() (WITH TIES: rank()) in the query's order.
 */
import { call, column, hasSubquery, literal } from './expr-tools.ts';
import type { BoundQuery } from './bound.ts';
import type { OverCall, Relation } from './relation.ts';
import { filter, pick } from './relation-tools.ts';
import { BOOLEAN } from './scalar.ts';
import type { ScalarExpr } from './scalar.ts';
import type { SqlType } from '../common/types/sql-type.ts';

const INT8: SqlType = { name: 'int8' };
const MOST = literal(9223372036854775807n, INT8);

/** The query with a constant row range. */
export function withRowRange(bound: BoundQuery): BoundQuery {
  const { limit, offset, relation } = bound;
  const computed = (limit !== null && hasSubquery(limit))
    || (offset !== null && hasSubquery(offset));
  if (!computed) return bound;
  const width = relation.columns.length;
  const name = bound.withTies ? 'rank()' : 'row_number()';
  const numbering: OverCall = {
    function: name, args: [], filter: null, ignoreNulls: false, type: INT8,
    frame: {
      mode: 'range', start: { kind: 'unboundedPreceding' }, end: { kind: 'currentRow' },
      exclude: 'none',
    },
  };
  const numbered: Relation = {
    kind: 'over', input: relation, partitionBy: [], orderBy: bound.orderBy, calls: [numbering],
    columns: [...relation.columns, { name: '$number', type: INT8 }],
  };
  const number = column(width, INT8);
  const skipped = orElse(offset, literal(0n, INT8));
  // number - offset <= limit, so that the largest limit does not overflow.
  const place = call('-(int8,int8)', [number, skipped], INT8);
  const within = call('<=(int8,int8)', [place, orElse(limit, MOST)], BOOLEAN);
  const after = call('>(int8,int8)', [number, skipped], BOOLEAN);
  const kept = filter(filter(numbered, after), within);
  return {
    ...bound, limit: null, offset: null, withTies: false,
    relation: pick(kept, relation.columns.map((_each, at) => at)),
  };
}

function orElse(expr: ScalarExpr | null, otherwise: ScalarExpr): ScalarExpr {
  return expr === null ? otherwise
    : { kind: 'coalesce', args: [expr, otherwise], type: INT8 };
}
