/**
 * Rewrite `late-split`: rows of a windowed view that came too late are split off (views only).
 *
 * A row is late when its last window (plus grace and allowed lateness) had ended at `$arrival`, the
 * watermark of its own partition before that row; or when its event time is NULL. That is decided
 * row by row, from the log alone. On-time rows go on to the window, late ones to `late.<view>`.
 *
 *   scan -- $arrival --+-- not late --> window --> ...
 *                      +-- late ------> late.<view>
 *
 * Overlapping windows that had partly ended are left out by the window node itself, which gets the
 * arrival column. Runs before filters are pushed: which rows are late must not depend on WHERE.
 */
import { assertNever, must } from '../../common/assert.ts';
import type { ZonedWindow } from '../../common/types/zoned-windows.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import {
  andAll, call, column, isNotNull, isNull, literal, not, nullOf, orAll,
} from '../expr-tools.ts';
import { encodePlan } from '../dataflow-json.ts';
import { Properties } from '../properties.ts';
import type { Relation, ScalarExpr, WindowSpec } from '../relation.ts';
import { BOOLEAN } from '../scalar.ts';
import { columnOf, filter, pick, project, rewriteBottomUp } from '../relation-tools.ts';
import { arrivalOf } from './arrival-of-time.ts';
import { OFFSET, PARTITION, threadArrival } from './arrival.ts';
import type { Threaded } from './arrival.ts';
import type { LateShape, LateTest, RewriteContext } from './context.ts';

const INT8: SqlType = { name: 'int8' };

/** Splits late rows off below every window over a column with a watermark. */
export function splitLate(relation: Relation, context: RewriteContext): Relation {
  if (context.mode !== 'view') return relation;
  const properties = new Properties(context.catalog);
  return rewriteBottomUp(relation, (node) =>
    node.kind === 'window' && node.late === undefined ? splitWindow(node, properties, context)
      : node);
}

function shapeOf(window: WindowSpec): LateShape {
  switch (window.kind) {
    case 'tumble': return { step: window.size, size: window.size, offset: window.offset };
    case 'hop': return { step: window.slide, size: window.size, offset: window.offset };
    case 'cumulate': return { step: window.size, size: window.size, offset: window.offset };
    case 'zoned': return { step: 1n, size: 0n, offset: 0n, zoned: window };
    case 'session': return { step: 1n, size: window.gap, offset: 0n };
    default: return assertNever(window);
  }
}

function splitWindow(
  relation: Relation & { kind: 'window' }, properties: Properties, context: RewriteContext,
): Relation {
  const base = properties.watermarks(relation.input).get(relation.timeColumn);
  if (base === undefined || base.exact) return relation;
  return splitInWindows({ ...relation, input: inSomeWindow(relation) }, properties, context);
}

/** Between windows that are shorter than their distance lie times of no window: never late. */
function inSomeWindow(relation: Relation & { kind: 'window' }): Relation {
  const { window, input, timeColumn } = relation;
  if (window.kind !== 'hop' || window.size >= window.slide) return input;
  const time = asMoment(columnOf(input, timeColumn));
  const end = windowEnd(time, shapeOf(window));
  const name = timeName(time.type);
  return filter(input, notTrue(call(`>=(${name},${name})`, [time, end], BOOLEAN)));
}

function splitInWindows(
  relation: Relation & { kind: 'window' }, properties: Properties, context: RewriteContext,
): Relation {
  const allowedMicros = context.allowedLatenessMicros;
  const shape = shapeOf(relation.window);
  const lateness = relation.graceMicros + allowedMicros;
  const rule: LateTest = { shape, lateness, timeColumn: relation.timeColumn };
  const threaded = arrivalOf(relation.input, relation.timeColumn, properties);
  if (threaded === null) {
    const input = splitBelow(relation.input, rule, { properties, context });
    return input === null ? relation
      : { ...relation, input, late: { arrival: null, allowedMicros, exact: false } };
  }
  noteLateRows(context, threaded, relation.input, rule);
  if (isOverlapping(relation.window)) return withArrival(relation, threaded, allowedMicros);
  const width = relation.input.columns.length;
  const onTime = filter(threaded.relation, isOnTime(threaded, rule));
  if (relation.window.kind === 'session') {
    return withArrival(relation, { ...threaded, relation: onTime }, allowedMicros);
  }
  const input = pick(onTime, Array.from({ length: width }, (_each, at) => at));
  return { ...relation, input, late: { arrival: null, allowedMicros, exact: true } };
}

function isOverlapping(window: WindowSpec): boolean {
  return window.kind === 'cumulate' || window.kind === 'hop'
    || (window.kind === 'zoned' && window.shape !== 'tumble');
}

/**
 * The window node sees the arrival column: overlapping windows that have ended are left out, and a
 * row that touches a session final by then starts one of its own.
 */
function withArrival(
  relation: Relation & { kind: 'window' }, threaded: Threaded, allowedMicros: bigint,
): Relation {
  const width = relation.input.columns.length;
  const grown = threaded.relation.columns.length - width;
  const window: Relation = {
    ...relation, input: threaded.relation,
    late: { arrival: threaded.arrival, allowedMicros, exact: true },
    columns: [...threaded.relation.columns, ...relation.columns.slice(width)],
  };
  return pick(window, relation.columns.map((_each, at) => at < width ? at : at + grown));
}

/** Dates count from midnight. */
function asMoment(time: ScalarExpr): ScalarExpr {
  return time.type.name !== 'date' ? time
    : { kind: 'cast', arg: time, type: { name: 'timestamp' }, context: 'implicit' };
}

function timeName(type: SqlType): string {
  return type.name === 'timestamptz' ? 'timestamptz' : 'timestamp';
}

/** Infinite times keep their place: they are in no window. */
function zonedEnd(time: ScalarExpr, zoned: ZonedWindow): ScalarExpr {
  const { shape, step, size, offset, zone } = zoned;
  const text: SqlType = { name: 'text' };
  return call('$zone_end(timestamptz,text,int8,int8,int8,text)', [
    time, literal(shape, text), literal(step, INT8), literal(size, INT8), literal(offset, INT8),
    literal(zone, text)], { name: 'timestamptz' });
}

function windowEnd(time: ScalarExpr, { step, size, offset, zoned }: LateShape): ScalarExpr {
  if (zoned !== undefined) return zonedEnd(time, zoned);
  return call(`$window_end(${timeName(time.type)},int8,int8,int8)`, [
    time, literal(step, INT8), literal(size, INT8), literal(offset, INT8)],
  { name: time.type.name });
}

/** The last window (plus lateness) had ended when the row came; NULL when nothing is known. */
export function hasEnded(threaded: Threaded, test: LateTest): ScalarExpr {
  const time = asMoment(columnOf(threaded.relation, test.timeColumn));
  const { step, size, offset, zoned } = test.shape;
  if (zoned !== undefined) {
    const end = zonedEnd(time, zoned);
    return call('$ended(timestamptz,int8,int8,int8,int8)', [
      end, column(threaded.arrival, INT8), literal(1n, INT8), literal(test.lateness, INT8),
      literal(0n, INT8)], BOOLEAN);
  }
  return call(`$ended(${timeName(time.type)},int8,int8,int8,int8)`, [
    time, column(threaded.arrival, INT8), literal(step, INT8),
    literal(size + test.lateness, INT8), literal(offset, INT8),
  ], BOOLEAN);
}

function isOnTime(threaded: Threaded, test: LateTest): ScalarExpr {
  const time = columnOf(threaded.relation, test.timeColumn);
  return andAll([isNotNull(time), notTrue(hasEnded(threaded, test))]);
}

/** NOT (expr IS TRUE). */
export function notTrue(expr: ScalarExpr): ScalarExpr {
  return not({ kind: 'isTruth', arg: expr, truth: true, type: BOOLEAN });
}

/**
 * Remembers the late rows of a window; a row late for several windows over one input is kept once,
 * with its greatest lateness.
 */
function noteLateRows(
  context: RewriteContext, threaded: Threaded, input: Relation, test: LateTest,
): void {
  const identity = encodePlan(threaded.relation);
  const at = context.late.findIndex((each) => each.shared?.identity === identity);
  const known = context.late[at]?.shared?.tests ?? [];
  const tests = known.some((each) => encodePlan(each) === encodePlan(test)) ? known
    : [...known, test];
  const late = filter(threaded.relation, orAll(tests.flatMap((each) =>
    [isNull(columnOf(threaded.relation, each.timeColumn)), hasEnded(threaded, each)])));
  const relation = describeLate(late, input, { arrival: threaded.arrival, tests });
  const branch = { relation, shared: { identity, tests } };
  if (at < 0) context.late.push(branch);
  else context.late[at] = branch;
}

/** Projects late rows to visible columns ++ watermark, lateness, partition, offset. */
export function describeLate(
  rows: Relation, input: Relation,
  of: { readonly arrival: number; readonly tests: readonly LateTest[] },
): Relation {
  const partition = threadArrival(rows, PARTITION);
  const offset = threadArrival(partition?.relation ?? rows, OFFSET);
  const late = offset?.relation ?? partition?.relation ?? rows;
  const known = (of: Threaded | null, type: SqlType): ScalarExpr =>
    of === null ? nullOf(type) : column(of.arrival, type);
  const [end, ...others] = of.tests.map((test) => {
    const time = asMoment(columnOf(late, test.timeColumn));
    return windowEnd(time, test.shape);
  });
  const first = others.reduce(earlier, must(end, 'window end'));
  const type: SqlType = { name: first.type.name };
  const name = timeName(type);
  const watermark = call(`$${name}(int8)`, [column(of.arrival, INT8)], type);
  const interval: SqlType = { name: 'interval' };
  const visible = [...input.columns.keys()].filter((at) =>
    must(input.columns[at], 'column').name.startsWith('$') === false);
  return project(late, [
    ...visible.map((at) => columnOf(late, at)), watermark,
    call(`$lateness(${name},${name})`, [watermark, first], interval),
    known(partition, PARTITION.type), known(offset, OFFSET.type),
  ], [
    ...visible.map((at) => must(input.columns[at], 'column')),
    { name: 'watermark', type }, { name: 'lateness', type: interval },
    { name: 'partition', type: { name: 'int4' } }, { name: 'offset', type: INT8 },
  ]);
}

/** The earlier of two ends of one type, the first where the types differ. */
function earlier(a: ScalarExpr, b: ScalarExpr): ScalarExpr {
  const name = a.type.name;
  if (b.type.name !== name) return a;
  const when = call(`<(${name},${name})`, [b, a], BOOLEAN);
  return { kind: 'case', whens: [{ when, then: b }], otherwise: a, type: a.type };
}

/** Remembers a branch of late rows, unless an equal one is known. */
export function noteLate(context: RewriteContext, relation: Relation): void {
  const text = encodePlan(relation);
  if (context.late.some((each) => encodePlan(each.relation) === text)) return;
  context.late.push({ relation });
}

/**
 * Where state lies between scan and window (a join, a top-N), the split is made below it, where the
 * time column comes from. Null when it cannot be followed.
 */
function splitBelow(
  relation: Relation, test: LateTest,
  known: { readonly properties: Properties; readonly context: RewriteContext },
): Relation | null {
  const threaded = arrivalOf(relation, test.timeColumn, known.properties);
  if (threaded !== null) {
    noteLateRows(known.context, threaded, relation, test);
    const onTime = filter(threaded.relation, isOnTime(threaded, test));
    return pick(onTime, relation.columns.map((_each, at) => at));
  }
  const into = (input: Relation, timeColumn: number): Relation | null =>
    splitBelow(input, { ...test, timeColumn }, known);
  switch (relation.kind) {
    case 'filter': case 'distinct': case 'topN': case 'over': case 'temporalFilter': case 'gate':
    case 'flatMap': {
      const input = test.timeColumn < relation.input.columns.length
        ? into(relation.input, test.timeColumn) : null;
      return input === null ? null : { ...relation, input };
    }
    case 'project': case 'aggregate': {
      const exprs = relation.kind === 'project' ? relation.exprs : relation.groupBy;
      const expr = exprs[test.timeColumn];
      const input = expr?.kind === 'column' ? into(relation.input, expr.index) : null;
      return input === null ? null : { ...relation, input };
    }
    case 'join': case 'asofJoin': case 'temporalJoin': {
      const width = relation.left.columns.length;
      if (test.timeColumn < width) {
        const left = into(relation.left, test.timeColumn);
        return left === null ? null : { ...relation, left };
      }
      const right = into(relation.right, test.timeColumn - width);
      return right === null ? null : { ...relation, right };
    }
    default: return null;
  }
}
