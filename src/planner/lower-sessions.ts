/**
 * Aggregates over sessions, by numbers that stay: which shapes are lowered so, and how.
 *
 * A session's end moves with every row at it, so windows as group columns would take every row of
 * the session out of one group and put it into another. Instead rows are grouped by a number of
 * their session that stays, and the window is computed from the least and greatest time:
 *
 *   rows --> session (numbers) --> map --> aggregate ++ min(ts), max(ts) --> map (windows)
 */
import { must } from '../common/assert.ts';
import { makeInterval } from '../common/types/interval.ts';
import type { SqlType } from '../common/types/sql-type.ts';
import { Columns } from './lower-columns.ts';
import type { DataflowAggregate, Eviction } from './dataflow.ts';
import { call, column, columnsUsed, literal, substitute } from './expr-tools.ts';
import type { AggregateCall, Relation, ScalarExpr, WindowSpec } from './relation.ts';
import { shiftWatermark } from './watermarks.ts';

type Aggregate = Relation & { kind: 'aggregate' };
type Window = Relation & { kind: 'window' };
type SessionWindow = WindowSpec & { kind: 'session' };

/** What replaces an aggregate over sessions. */
export interface SessionPlan {
  readonly window: Window;
  readonly session: SessionWindow;
  /** What the aggregate reads: over the window's input columns ++ the session's number. */
  readonly exprs: readonly ScalarExpr[];
  readonly groupBy: readonly number[];
  /** The relation's own aggregates, then the least and the greatest time. */
  readonly aggregates: readonly DataflowAggregate[];
  /** The relation's columns over the aggregate's output. */
  readonly results: readonly ScalarExpr[];
  /** An eviction by an output column of the relation as one by the times. */
  readonly eviction: (of: Eviction) => Eviction;
}

/** A group expression: a partition column of the input, or a part of the window. */
type Group =
  | { readonly kind: 'partition'; readonly column: number }
  | { readonly kind: 'start' | 'end' | 'time' };

const INT8: SqlType = { name: 'int8' };
const INTERVAL: SqlType = { name: 'interval' };

/** The plan of an aggregate over sessions, or null where it does not apply. */
export function planSessions(relation: Aggregate): SessionPlan | null {
  let input = relation.input;
  let exprs: readonly ScalarExpr[] = input.columns.map((each, at) => column(at, each.type));
  while (input.kind === 'project') {
    const under = input.exprs;
    exprs = exprs.map((expr) => substitute(expr, under));
    input = input.input;
  }
  if (input.kind !== 'window' || input.window.kind !== 'session') return null;
  const session = input.window;
  const rows = input.input;
  const timeType = rows.columns[input.timeColumn]?.type;
  if (timeType === undefined || !timeType.name.startsWith('timestamp')) return null;
  const width = rows.columns.length;
  const over = (expr: ScalarExpr): ScalarExpr => substitute(expr, exprs);
  const groups = relation.groupBy.map((expr) => groupOf(over(expr), width, session));
  const known = groups.filter((group) => group !== null);
  const whole = known.length === groups.length
    && known.some(({ kind }) => kind !== 'partition')
    && session.partitionBy.every((at) => known.some((group) =>
      group.kind === 'partition' && group.column === at));
  const aggregates = relation.aggregates.map((each) => overRows(each, over));
  const plain = aggregates.every((each) => [...each.args, ...each.orderBy.map(({ expr }) => expr),
    ...each.filter === null ? [] : [each.filter]].every((expr) =>
    [...columnsUsed(expr)].every((at) => at < width)));
  if (!whole || !plain) return null;
  return planned(input, session, { groups: known, aggregates, timeType });
}

function overRows(of: AggregateCall, over: (expr: ScalarExpr) => ScalarExpr): AggregateCall {
  return {
    ...of, args: of.args.map(over), filter: of.filter === null ? null : over(of.filter),
    orderBy: of.orderBy.map((key) => ({ ...key, expr: over(key.expr) })),
  };
}

function groupOf(expr: ScalarExpr, width: number, session: SessionWindow): Group | null {
  if (expr.kind !== 'column') return null;
  switch (expr.index - width) {
    case 0: return { kind: 'start' };
    case 1: return { kind: 'end' };
    case 2: return { kind: 'time' };
    default: return session.partitionBy.includes(expr.index)
      ? { kind: 'partition', column: expr.index } : null;
  }
}

/** The lesser of two times. */
function leastOf(a: ScalarExpr, b: ScalarExpr): ScalarExpr {
  const when = call(`<(${a.type.name},${a.type.name})`, [b, a], { name: 'boolean' });
  return { kind: 'case', whens: [{ when, then: b }], otherwise: a, type: a.type };
}

function planned(
  window: Window, session: SessionWindow,
  of: { readonly groups: readonly Group[]; readonly aggregates: readonly AggregateCall[];
    readonly timeType: SqlType },
): SessionPlan {
  const { timeType } = of;
  const rows = window.input;
  const columns = new Columns(rows);
  const typeAt = (at: number): SqlType => rows.columns[at]?.type ?? INT8;
  const partition = session.partitionBy.map((at) => columns.of(column(at, typeAt(at))));
  const number = columns.of(column(rows.columns.length, INT8));
  const time = columns.of(column(window.timeColumn, timeType));
  const own = of.aggregates.map((each): DataflowAggregate => ({
    function: each.function, args: each.args.map((arg) => columns.of(arg)),
    argTypes: each.args.map((arg) => arg.type), distinct: each.distinct,
    filter: each.filter === null ? null : columns.of(each.filter),
    orderBy: each.orderBy.map((key) => ({
      column: columns.of(key.expr), descending: key.descending, nullsFirst: key.nullsFirst })),
    type: each.type,
  }));
  const extremes = ['min', 'max'].map((name): DataflowAggregate => ({
    function: `${name}(${timeType.name})`, args: [time], argTypes: [timeType], distinct: false,
    filter: null, orderBy: [], type: timeType,
  }));
  const groups = partition.length + 1;
  const first = groups + own.length;
  const later = (at: number, micros: bigint): ScalarExpr => call(`+(${timeType.name},interval)`,
    [column(at, timeType), literal(makeInterval(0, 0, micros), INTERVAL)], timeType);
  const end = (micros: bigint): ScalarExpr => session.longest === undefined
    ? later(first + 1, micros)
    : leastOf(later(first + 1, micros), later(first, session.longest + micros - session.gap));
  const results = of.groups.map((group): ScalarExpr => {
    switch (group.kind) {
      case 'partition':
        return column(session.partitionBy.indexOf(group.column), typeAt(group.column));
      case 'start': return column(first, timeType);
      case 'end': return end(session.gap);
      case 'time': return end(session.gap - 1n);
    }
  });
  return {
    window, session, exprs: columns.all(), groupBy: [...partition, number],
    aggregates: [...own, ...extremes],
    results: [...results, ...own.map((each, at) => column(groups + at, each.type))],
    eviction: ({ column: at, watermark }) => {
      const group = must(of.groups[at], 'group column');
      switch (group.kind) {
        case 'partition':
          return { column: session.partitionBy.indexOf(group.column), watermark };
        case 'start': return { column: first, watermark };
        case 'end':
          return { column: first + 1, watermark: shiftWatermark(watermark, -session.gap) };
        case 'time':
          return { column: first + 1, watermark: shiftWatermark(watermark, 1n - session.gap) };
      }
    },
  };
}
