/**
 * HOP in slices: an event is added to one slice, and slices are added up per window.
 *
 * A slice is as long as the greatest common divisor of size and slide, so windows are made of whole
 * slices. Only aggregates that can be put together from parts (count, sum, min, max, avg) and only
 * where a window has many slides; float sums stay whole, for their parts would be rounded.
 *
 *   rows --> tumble(slice) --> aggregate parts --> hop over slices --+--> aggregate windows
 *   rows whose slice had ended when they came --> hop, open windows -+
 *
 * A row may be too late for its slice and in time for later windows: it goes around the slices.
 * Only append-only input may do that, for a deletion there would not find the row it takes back.
 * Where windows are only seen when they close, a `slide` node stands behind the slices instead.
 */
import { must } from '../common/assert.ts';
import { makeInterval } from '../common/types/interval.ts';
import type { SqlType } from '../common/types/sql-type.ts';
import {
  call, column, columnsUsed, isNotNull, literal, nullOf, substitute,
} from './expr-tools.ts';
import type { Properties } from './properties.ts';
import type {
  AggregateCall, Relation, RelationColumn, ScalarExpr, WindowSpec,
} from './relation.ts';
import { BOOLEAN } from './scalar.ts';
import { aggregateCall, columnOf, filter, project } from './relation-tools.ts';

type Aggregate = Relation & { kind: 'aggregate' };
type Window = Relation & { kind: 'window' };
type Hop = WindowSpec & { kind: 'hop' };

/** Slides per window from which slices pay: each changed slice costs two changes per window. */
const SLIDES_MIN = 4n;
const INT8: SqlType = { name: 'int8' };
const NUMERIC: SqlType = { name: 'numeric' };

/** What replaces an aggregate over HOP. */
export interface Slices {
  /** Group columns, then parts. */
  readonly input: Relation;
  readonly groups: number;
  /** Over the input's columns; one for each part. */
  readonly aggregates: readonly AggregateCall[];
  /** The original aggregates over group columns ++ aggregated parts. */
  readonly results: readonly ScalarExpr[];
}

/** A part kept per slice, and how parts are put together. */
interface Part {
  readonly call: AggregateCall;
  readonly combine: string;
  /** The part of a single row. */
  readonly single: ScalarExpr;
}

/** An aggregate as parts and a way back: `result` gets the combined parts. */
interface Decomposed {
  readonly parts: readonly Part[];
  readonly result: (combined: readonly ScalarExpr[]) => ScalarExpr;
}

/** The aggregate over its window, with expressions over the window's columns. */
interface Shape {
  readonly window: Window;
  readonly hop: Hop;
  readonly groupBy: readonly ScalarExpr[];
  readonly aggregates: readonly AggregateCall[];
}

/** What replaces it where windows are only seen when they close. */
export interface SlidingSlices {
  /** Slice start ++ keys ++ parts. */
  readonly slices: Relation;
  /** Time ++ arrival ++ keys ++ parts of rows too late for their slice, if there can be any. */
  readonly around: Relation | null;
  readonly hop: WindowSpec & { readonly kind: 'hop' };
  readonly slice: bigint;
  readonly grace: bigint;
  /** The window's relation and its window_end. */
  readonly window: Relation;
  readonly end: number;
  readonly keys: readonly ScalarExpr[];
  /** Over keys ++ parts. */
  readonly aggregates: readonly AggregateCall[];
  /** The original columns over keys ++ aggregated parts ++ window_start ++ window_end. */
  readonly results: readonly ScalarExpr[];
}

/** Slices for an aggregate, or null where they do not apply. */
export function planSlices(relation: Aggregate, properties: Properties): Slices | null {
  const sliced = slicesOf(relation, properties);
  if (sliced === null) return null;
  const { shape, parts, whole } = sliced;
  const input = slicedInput(shape, parts, relation.columns);
  const groups = shape.groupBy.length;
  const aggregates = parts.map((part, at) => {
    const own = columnOf(input, groups + at);
    return aggregateCall(part.combine, [own], part.call.type);
  });
  return { input, groups, aggregates, results: resultsOf(whole, groups) };
}

interface Sliced {
  readonly shape: Shape;
  readonly whole: readonly Decomposed[];
  readonly parts: readonly Part[];
}

function slicesOf(relation: Aggregate, properties: Properties): Sliced | null {
  const shape = shapeOf(relation);
  if (shape === null) return null;
  const { late, input: rows } = shape.window;
  if (late?.arrival !== null && late !== undefined && !properties.appendOnly(rows)) return null;
  const decomposed = shape.aggregates.map(decompose);
  const whole = decomposed.filter((each) => each !== null);
  if (whole.length !== decomposed.length) return null;
  return { shape, whole, parts: whole.flatMap((each) => each.parts) };
}

/** The aggregates over their combined parts, which begin at a column. */
function resultsOf(whole: readonly Decomposed[], first: number): ScalarExpr[] {
  let next = first;
  return whole.map((each) => {
    const combined = each.parts.map((part) => column(next++, part.call.type));
    return each.result(combined);
  });
}

/** Slices for an aggregate whose windows are only seen when they close, or null. */
export function planSliding(relation: Aggregate, properties: Properties): SlidingSlices | null {
  const sliced = slicesOf(relation, properties);
  if (sliced === null) return null;
  const { shape, parts, whole } = sliced;
  const { window, hop } = shape;
  const width = window.input.columns.length;
  const keys = shape.groupBy.filter((each) => !isWindowColumn(each, width));
  const slices = slicesBelow(shape, parts, keys);
  const inner = keys.length;
  const end = inner + parts.length + 1;
  const endType = columnOf(window, width + 1).type;
  let key = 0;
  const groups = shape.groupBy.map((each): ScalarExpr => {
    if (!isWindowColumn(each, width)) return column(key++, each.type);
    const role = windowColumn(each, width);
    return role === 0 ? column(end - 1, endType) : role === 1 ? column(end, endType)
      : timeOfWindow(column(end, endType));
  });
  return {
    slices,
    around: aroundSliding(shape, parts, keys), hop, slice: gcd(hop.size, hop.slide),
    grace: window.graceMicros, window, end: width + 1, keys,
    aggregates: parts.map((part, at) =>
      aggregateCall(part.combine, [column(inner + at, part.call.type)], part.call.type)),
    results: [...groups, ...resultsOf(whole, inner)],
  };
}

/** window_time: a microsecond before the end. */
function timeOfWindow(end: ScalarExpr): ScalarExpr {
  const { type } = end;
  const interval: SqlType = { name: 'interval' };
  return call(`-(${type.name},interval)`, [end, literal(makeInterval(0, 0, 1n), interval)], type);
}

/** Rows too late for their slice, with their time and arrival. */
function aroundSliding(
  shape: Shape, parts: readonly Part[], keys: readonly ScalarExpr[],
): Relation | null {
  const { window, hop } = shape;
  const ended = sliceEnded(shape, gcd(hop.size, hop.slide));
  const arrival = window.late?.arrival ?? null;
  if (ended === null || arrival === null) return null;
  const rows = filter(window.input, ended);
  return project(rows, [columnOf(rows, window.timeColumn), column(arrival, INT8), ...keys,
    ...parts.map((part) => part.single)], [
    { name: 'time', type: columnOf(rows, window.timeColumn).type }, { name: 'arrival', type: INT8 },
    ...keys.map((each, at) => ({ name: `key${at}`, type: each.type })),
    ...parts.map((part, at) => ({ name: `part${at}`, type: part.call.type }))]);
}

function shapeOf(relation: Aggregate): Shape | null {
  if (relation.groupingSets !== null || relation.aggregates.length === 0) return null;
  let input = relation.input;
  let exprs: readonly ScalarExpr[] = input.columns.map((each, at) => column(at, each.type));
  while (input.kind === 'project') {
    const under = input.exprs;
    exprs = exprs.map((expr) => substitute(expr, under));
    input = input.input;
  }
  if (input.kind !== 'window' || input.window.kind !== 'hop') return null;
  const hop = input.window;
  if (hop.size < SLIDES_MIN * hop.slide) return null;
  if (!columnOf(input.input, input.timeColumn).type.name.startsWith('timestamp')) return null;
  const width = input.input.columns.length;
  const over = (expr: ScalarExpr): ScalarExpr => substitute(expr, exprs);
  const groupBy = relation.groupBy.map(over);
  const isWindow = (expr: ScalarExpr): boolean => expr.kind === 'column' && expr.index >= width;
  const isPlain = (expr: ScalarExpr): boolean =>
    [...columnsUsed(expr)].every((index) => index < width);
  if (!groupBy.some(isWindow) || !groupBy.every((each) => isWindow(each) || isPlain(each))) {
    return null;
  }
  const aggregates = relation.aggregates.map((each) => ({
    ...each, args: each.args.map(over), filter: each.filter === null ? null : over(each.filter),
  }));
  const plain = aggregates.every((each) => !each.distinct && each.orderBy.length === 0
    && each.args.every(isPlain) && (each.filter === null || isPlain(each.filter)));
  return plain ? { window: input, hop, groupBy, aggregates } : null;
}

function cast(arg: ScalarExpr, type: SqlType): ScalarExpr {
  return arg.type.name === type.name ? arg : { kind: 'cast', arg, type, context: 'explicit' };
}

/** `value` where the call's filter lets the row in. */
function filtered(each: AggregateCall, value: ScalarExpr, otherwise: ScalarExpr): ScalarExpr {
  if (each.filter === null) return value;
  return {
    kind: 'case', whens: [{ when: each.filter, then: value }], otherwise, type: value.type,
  };
}

function countPart(each: AggregateCall): Part {
  const one = literal(1n, INT8);
  const zero = literal(0n, INT8);
  const [arg] = each.args;
  const present: ScalarExpr = arg === undefined ? one : {
    kind: 'case', whens: [{ when: isNotNull(arg), then: one }], otherwise: zero, type: INT8,
  };
  const id = arg === undefined ? 'count()' : 'count(any)';
  return {
    call: { ...each, function: id, type: INT8 }, combine: '$sum(int8)',
    single: filtered(each, present, zero),
  };
}

function sumPart(each: AggregateCall, type: SqlType): Part {
  const arg = must(each.args[0], 'argument');
  return {
    call: { ...each, function: `sum(${arg.type.name})`, type },
    combine: type.name === 'int8' ? '$sum(int8)' : 'sum(numeric)',
    single: filtered(each, cast(arg, type), nullOf(type)),
  };
}

function decompose(each: AggregateCall): Decomposed | null {
  switch (each.function) {
    case 'count()': case 'count(any)':
      return { parts: [countPart(each)], result: ([n]) => must(n, 'count') };
    case 'sum(int2)': case 'sum(int4)':
      return { parts: [sumPart(each, INT8)], result: ([sum]) => must(sum, 'sum') };
    case 'sum(int8)': case 'sum(numeric)':
      return { parts: [sumPart(each, NUMERIC)], result: ([sum]) => must(sum, 'sum') };
    case 'avg(int2)': case 'avg(int4)': case 'avg(int8)': case 'avg(numeric)':
      return decomposeAverage(each);
    default: return /^(min|max)\(/.test(each.function) ? decomposeExtreme(each) : null;
  }
}

function decomposeAverage(each: AggregateCall): Decomposed {
  const arg = must(each.args[0], 'argument');
  const small = arg.type.name === 'int2' || arg.type.name === 'int4';
  return {
    parts: [sumPart(each, small ? INT8 : NUMERIC), countPart(each)],
    result: ([sum, count]) => {
      const n = must(count, 'count');
      const none = call('=(int8,int8)', [n, literal(0n, INT8)], BOOLEAN);
      return {
        kind: 'case', type: NUMERIC, whens: [{ when: none, then: nullOf(NUMERIC) }],
        otherwise: call('/(numeric,numeric)',
          [cast(must(sum, 'sum'), NUMERIC), cast(n, NUMERIC)], NUMERIC),
      };
    },
  };
}

function decomposeExtreme(each: AggregateCall): Decomposed {
  const arg = must(each.args[0], 'argument');
  return {
    parts: [{
      call: each, combine: each.function, single: filtered(each, arg, nullOf(arg.type)),
    }],
    result: ([value]) => must(value, 'extreme'),
  };
}

function gcd(a: bigint, b: bigint): bigint {
  return b === 0n ? a : gcd(b, a % b);
}

/** Group columns ++ parts: of slices per window, and of rows that go around the slices. */
function slicedInput(
  shape: Shape, parts: readonly Part[], columns: readonly RelationColumn[],
): Relation {
  const outputs = [...columns.slice(0, shape.groupBy.length),
    ...parts.map((part, at) => ({ name: `part${at}`, type: part.call.type }))];
  const slices = overSlices(shape, parts, outputs);
  const around = aroundSlices(shape, parts, outputs);
  return around === null ? slices
    : { kind: 'union', inputs: [slices, around], columns: outputs };
}

/** The slice a row belongs to had ended when it came, or null where nothing ends. */
function sliceEnded(shape: Shape, slice: bigint): ScalarExpr | null {
  const { window, hop } = shape;
  const arrival = window.late?.arrival ?? null;
  if (arrival === null) return null;
  const time = columnOf(window.input, window.timeColumn);
  const lateness = window.graceMicros + (window.late?.allowedMicros ?? 0n);
  return call(`$ended(${time.type.name},int8,int8,int8,int8)`, [
    time, column(arrival, INT8), literal(slice, INT8), literal(slice + lateness, INT8),
    literal(hop.offset, INT8)], BOOLEAN);
}

function isTruth(arg: ScalarExpr): ScalarExpr {
  return { kind: 'isTruth', arg, truth: true, type: BOOLEAN };
}

/** Every change of a slice goes on at once to the windows it is in. */
function overSlices(
  shape: Shape, parts: readonly Part[], outputs: readonly RelationColumn[],
): Relation {
  const { window, hop } = shape;
  const width = window.input.columns.length;
  const keys = shape.groupBy.filter((each) => !isWindowColumn(each, width));
  const sliced = slicesBelow(shape, parts, keys);
  const start = sliced.columns.length;
  const expanded: Relation = {
    kind: 'window', input: sliced, timeColumn: 0, graceMicros: 0n, window: hop,
    columns: [...sliced.columns, ...window.columns.slice(width)],
  };
  let key = 1;
  const groups = shape.groupBy.map((each) => isWindowColumn(each, width)
    ? columnOf(expanded, start + windowColumn(each, width)) : columnOf(expanded, key++));
  const values = parts.map((_part, at) => columnOf(expanded, 1 + keys.length + at));
  return project(expanded, [...groups, ...values], outputs);
}

/** Slice start ++ keys ++ parts. */
function slicesBelow(
  shape: Shape, parts: readonly Part[], keys: readonly ScalarExpr[],
): Relation {
  const { window, hop } = shape;
  const slice = gcd(hop.size, hop.slide);
  const width = window.input.columns.length;
  const ended = sliceEnded(shape, slice);
  const rows = ended === null ? window.input
    : filter(window.input, { kind: 'not', arg: isTruth(ended), type: BOOLEAN });
  const { late } = window;
  const tumbled: Relation = {
    kind: 'window', input: rows, timeColumn: window.timeColumn, graceMicros: window.graceMicros,
    window: { kind: 'tumble', size: slice, offset: hop.offset }, columns: window.columns,
    ...(late === undefined ? {} : { late: { ...late, arrival: null } }),
  };
  return {
    kind: 'aggregate', input: tumbled, groupingSets: null,
    groupBy: [columnOf(tumbled, width), ...keys], aggregates: parts.map((part) => part.call),
    columns: [must(tumbled.columns[width], 'window_start'),
      ...keys.map((each, at) => ({ name: `key${at}`, type: each.type })),
      ...parts.map((part, at) => ({ name: `part${at}`, type: part.call.type }))],
  };
}

function isWindowColumn(expr: ScalarExpr, width: number): boolean {
  return expr.kind === 'column' && expr.index >= width;
}

function windowColumn(expr: ScalarExpr, width: number): number {
  return expr.kind === 'column' ? expr.index - width : 0;
}

/** Rows too late for their slice, as parts of one row each, in the windows still open. */
function aroundSlices(
  shape: Shape, parts: readonly Part[], outputs: readonly RelationColumn[],
): Relation | null {
  const { window, hop } = shape;
  const ended = sliceEnded(shape, gcd(hop.size, hop.slide));
  if (ended === null) return null;
  const late: Relation = { ...window, input: filter(window.input, ended) };
  return project(late, [...shape.groupBy, ...parts.map((part) => part.single)], outputs);
}

