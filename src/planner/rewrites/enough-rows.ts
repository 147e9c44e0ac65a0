/**
 * Rewrite `enough-rows`: WITH RECURSIVE and generate_series below LIMIT without ORDER BY stop at
 * enough rows.
 *
 * For queries that run once: a recursion without an end of its own gives its first rows, iteration
 * by iteration. Filters and projections may stand between.
 */
import { isInfiniteTimestamp } from '../../common/types/calendar.ts';
import { addToTimestamp } from '../../common/types/datetime-arithmetic.ts';
import { intervalTotalMicros } from '../../common/types/interval.ts';
import type { Interval } from '../../common/types/interval.ts';
import { andAll, substitute } from '../expr-tools.ts';
import { isVolatile } from '../function-facts.ts';
import type { Relation, ScalarExpr, TableCall } from '../relation.ts';
import { rewriteBottomUp } from '../relation-tools.ts';
import type { RewriteContext } from './context.ts';

/** Tells recursions below a LIMIT how many rows are enough. */
export function findEnoughRows(relation: Relation, { mode }: RewriteContext): Relation {
  if (mode === 'view') return relation;
  return rewriteBottomUp(relation, (node) => {
    if (node.kind !== 'topN' || node.limit === null || node.partitionBy.length > 0
      || node.orderBy.some(({ column }) => !isPlace(node.input, column)) || node.withTies) {
      return node;
    }
    return { ...node, input: withEnough(node.input, node.limit + node.offset) };
  });
}

/** True for the number that arrival-order gives rows. */
function isPlace(relation: Relation, column: number): boolean {
  return relation.kind === 'over' && relation.arrival === true
    && column === relation.columns.length - 1;
}

/** The relation, of which only the first rows are wanted. */
export function withEnough(
  relation: Relation, rows: bigint, predicates: readonly ScalarExpr[] = [],
): Relation {
  switch (relation.kind) {
    case 'project': {
      const below = predicates.map((each) => substitute(each, relation.exprs));
      return { ...relation, input: withEnough(relation.input, rows, below) };
    }
    case 'filter': return {
      ...relation, input: withEnough(relation.input, rows, [...predicates, relation.predicate]),
    };
    case 'over': return relation.arrival !== true || predicates.length > 0 ? relation
      : { ...relation, input: withEnough(relation.input, rows) };
    case 'recursive': return predicates.some(isVolatile) ? relation : {
      ...relation,
      enough: { rows, filter: predicates.length === 0 ? null : andAll(predicates) },
    };
    case 'flatMap': return predicates.length > 0 ? relation : {
      ...relation, calls: relation.calls.map((call) => shortSeries(call, rows)),
    };
    default: return relation;
  }
}

/** generate_series over integers that ends after so many values. */
function shortSeries(call: TableCall, rows: bigint): TableCall {
  const [start, stop, step] = call.args.map((arg) => (arg.kind === 'literal' ? arg : null));
  if (/^generate_series\(timestamp(tz)?,/.test(call.function)) return shortTimes(call, rows);
  if (!/^generate_series\(int[48],int[48](,int[48])?\)$/.test(call.function)) return call;
  if (isNumber(start?.value) && stop !== null && stop !== undefined && isNumber(stop.value)) {
    const by = call.args.length < 3 ? 1n : isNumber(step?.value) ? BigInt(step.value) : 0n;
    if (by === 0n) return call;
    const last = BigInt(start.value) + by * rows;
    if (by > 0n ? last >= BigInt(stop.value) : last <= BigInt(stop.value)) return call;
    const value = typeof stop.value === 'bigint' ? last : Number(last);
    return { ...call, args: call.args.map((arg, at) => (at === 1 ? { ...stop, value } : arg)) };
  }
  return call;
}

function isNumber(value: unknown): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}

const DAY = 86_400_000_000n;
const MOST_STEPS = 1000n;

/** The same of times up: the end is a day late at most, whatever the time zone. */
function shortTimes(call: TableCall, rows: bigint): TableCall {
  const [start, stop, step] = call.args.map((arg) => (arg.kind === 'literal' ? arg.value : null));
  if (typeof start !== 'bigint' || typeof stop !== 'bigint' || rows > MOST_STEPS) return call;
  if (isInfiniteTimestamp(start) || !isSpan(step) || intervalTotalMicros(step) <= 0n) return call;
  let last = start;
  for (let at = 0n; at < rows && last < stop; at++) last = addToTimestamp(last, step);
  if (last + DAY >= stop) return call;
  return { ...call, args: call.args.map((arg, at) => (at === 1
    ? { kind: 'literal', value: last + DAY, type: arg.type } : arg)) };
}

function isSpan(value: unknown): value is Interval {
  return typeof value === 'object' && value !== null && 'kind' in value
    && value.kind === 'interval';
}
