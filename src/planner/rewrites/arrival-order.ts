/**
 * Rewrite `arrival-order`: where a query leaves order open, rows keep the one in which they come.
 *
 * For queries that run once: array_agg and the like without ORDER BY, ties of window functions, and
 * LIMIT in subqueries. The rows are numbered below such a node, and the number is its last sort
 * key. Views have no such order: rows come at any time, and ties are in order of their values.
 */
import { column } from '../expr-tools.ts';
import type { AggregateCall, OverCall, Relation, SortKey } from '../relation.ts';
import { mapInputs, pick } from '../relation-tools.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { RewriteContext } from './context.ts';

const INT8: SqlType = { name: 'int8' };

/** Aggregates whose result depends on the order of their rows. */
const ORDERED: ReadonlySet<string> = new Set([
  'array_agg', 'string_agg', 'json_agg', 'jsonb_agg', 'json_object_agg', 'jsonb_object_agg',
]);

/** Window functions that give the same to all peers. */
const PEERS: ReadonlySet<string> = new Set(['rank', 'dense_rank', 'percent_rank', 'cume_dist']);

/** Numbers rows below nodes whose result depends on the order in which rows come. */
export function keepArrivalOrder(relation: Relation, { mode }: RewriteContext): Relation {
  if (mode === 'view') return relation;
  const done = new Map<Relation, Relation>();
  const visit = (node: Relation): Relation => {
    const known = done.get(node);
    if (known !== undefined) return known;
    // Iterations of a recursion take rows back: numbers would not fit.
    const result = node.kind === 'recursive' ? node : ordered(mapInputs(node, visit));
    done.set(node, result);
    return result;
  };
  return visit(relation);
}

function ordered(node: Relation): Relation {
  switch (node.kind) {
    case 'aggregate': return orderedAggregate(node);
    case 'over': return orderedOver(node);
    case 'topN': return orderedTop(node);
    default: return node;
  }
}

function orderedAggregate(node: Relation & { kind: 'aggregate' }): Relation {
  const wanted = (each: AggregateCall): boolean =>
    !each.distinct && ORDERED.has(nameOf(each.function));
  if (!node.aggregates.some(wanted)) return node;
  const place = column(node.input.columns.length, INT8);
  return {
    ...node, input: numbered(node.input),
    aggregates: node.aggregates.map((each) => !wanted(each) ? each : {
      ...each, orderBy: [...each.orderBy, { expr: place, descending: false, nullsFirst: false }],
    }),
  };
}

function orderedOver(node: Relation & { kind: 'over' }): Relation {
  if (node.arrival === true || !node.calls.some(dependsOnTies)) return node;
  const input = numbered(node.input);
  const width = node.input.columns.length;
  const columns = [...input.columns, ...node.columns.slice(width)];
  const over: Relation = { ...node, input, columns, tieBreak: width };
  return pick(over, [...columns.keys()].filter((at) => at !== width));
}

function dependsOnTies({ function: id, frame }: OverCall): boolean {
  const name = nameOf(id);
  if (PEERS.has(name)) return false;
  return frame.mode === 'rows' || frame.exclude === 'currentRow' || !PLAIN.has(name);
}

/** Aggregates that do not care for the order of the rows in a frame of peers. */
const PLAIN: ReadonlySet<string> = new Set([
  'sum', 'count', 'avg', 'min', 'max', 'bool_and', 'bool_or', 'every',
]);

function orderedTop(node: Relation & { kind: 'topN' }): Relation {
  if (node.withTies || (node.rank !== 'none' && node.rank !== 'row_number')) return node;
  const input = numbered(node.input);
  const width = node.input.columns.length;
  const columns = [...input.columns, ...node.columns.slice(width)];
  const place: SortKey = { column: width, descending: false, nullsFirst: false };
  const top: Relation = { ...node, input, columns, orderBy: [...node.orderBy, place] };
  return pick(top, [...columns.keys()].filter((at) => at !== width));
}

/** The rows with their number, in the order in which they come. */
function numbered(input: Relation): Relation {
  const call: OverCall = {
    function: 'row_number()', args: [], filter: null, ignoreNulls: false, type: INT8,
    frame: {
      mode: 'range', start: { kind: 'unboundedPreceding' }, end: { kind: 'currentRow' },
      exclude: 'none',
    },
  };
  return {
    kind: 'over', input, partitionBy: [], orderBy: [], calls: [call], arrival: true,
    columns: [...input.columns, { name: '$place', type: INT8 }],
  };
}

function nameOf(id: string): string {
  return id.slice(0, id.indexOf('('));
}
