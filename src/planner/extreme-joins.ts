/**
 * Finds joins with the greatest (or least) of each group: `x = max(y) per group`, nothing taken
 * back on either side.
 *
 *   bid.price = m.maxprice AND bid.time BETWEEN m.window_end - 10 s AND m.window_end
 *
 * A max over rows that only come can only rise. So a row whose x is below the max of every group it
 * may ever match is dead for good, and the operator need not keep it. Which groups a row may match
 * is known where every group column is equal to an expression over the row, or (one of them) is a
 * bound of aligned windows that lies between two constant distances from a time of the row.
 */
import type { JoinExtreme, ExtremeRange } from './dataflow.ts';
import type { JoinParts } from './lower-join.ts';
import { lowerBounds } from './properties.ts';
import type { Properties } from './properties.ts';
import type { Relation, ScalarExpr } from './relation.ts';
import { windowLength } from './watermarks.ts';
import type { WindowFact } from './watermarks.ts';

/** Most groups a row may belong to by a range. */
const RANGE_GROUPS_MAX = 16n;
/** Types for which max and `=` agree on what is the same. */
const ORDERED: readonly string[] = [
  'int2', 'int4', 'int8', 'date', 'timestamp', 'timestamptz', 'float8', 'numeric',
];

type Join = Relation & { kind: 'join' };

/** What is known of the side with the groups, by its output columns. */
interface Groups {
  /** Per group expression its column; null where it is gone. */
  readonly columns: readonly (number | null)[];
  /** Columns that only rise (max) or only fall. */
  readonly extremes: ReadonlyMap<number, { readonly max: boolean }>;
  /** Group expressions that are bounds of the one window a row is in: each gives the others. */
  readonly windows: ReadonlyMap<number, WindowFact>;
}

/** The hint for the join operator, or null. */
export function findExtreme(
  join: Join, parts: JoinParts, properties: Properties,
): JoinExtreme | null {
  if (join.type !== 'inner' || parts.nullsEqual) return null;
  if (parts.leftFilter.length > 0 || parts.rightFilter.length > 0) return null;
  return extremeOn(join, parts, properties, 'right') ?? extremeOn(join, parts, properties, 'left');
}

function extremeOn(
  join: Join, parts: JoinParts, properties: Properties, groups: 'left' | 'right',
): JoinExtreme | null {
  const side = groups === 'left' ? join.left : join.right;
  if (!properties.appendOnly(groups === 'left' ? join.right : join.left)) return null;
  const known = groupsOf(side, properties);
  if (known === null) return null;
  const keys = parts.keys.map((key) => columnOf(groups === 'left' ? key.left : key.right));
  const key = keys.findIndex((at) => at !== null && known.extremes.has(at));
  const extreme = known.extremes.get(keys[key] ?? -1);
  if (extreme === undefined) return null;
  const equal = keys.filter((_at, i) => i !== key);
  if (equal.some((at) => at === null || !known.columns.includes(at))) return null;
  const open = known.columns.flatMap((column, at) =>
    column !== null && equal.includes(column) ? [] : [at]);
  const hint = { groups, key, max: extreme.max };
  if (!open.every((at) => known.windows.has(at))) return null;
  const isGiven = equal.some((column) => known.windows.has(known.columns.indexOf(column)));
  if (open.length === 0 || isGiven) return { ...hint, range: null };
  const range = rangeOf(join, known, groups);
  return range === null ? null : { ...hint, range };
}

function columnOf(expr: ScalarExpr): number | null {
  return expr.kind === 'column' ? expr.index : null;
}

/** Group and extreme columns of an aggregate under projections, or null. */
function groupsOf(relation: Relation, properties: Properties): Groups | null {
  if (relation.kind === 'project') {
    const under = groupsOf(relation.input, properties);
    if (under === null) return null;
    const places = relation.exprs.map(columnOf);
    const extremes = new Map<number, { readonly max: boolean }>();
    places.forEach((column, at) => {
      const known = column === null ? undefined : under.extremes.get(column);
      if (known !== undefined) extremes.set(at, known);
    });
    return {
      ...under, extremes,
      columns: under.columns.map((column) => {
        const at = column === null ? -1 : places.indexOf(column);
        return at < 0 ? null : at;
      }),
    };
  }
  if (relation.kind !== 'aggregate' || relation.groupingSets !== null) return null;
  if (relation.groupBy.length === 0 || !properties.appendOnly(relation.input)) return null;
  const extremes = new Map<number, { readonly max: boolean }>();
  relation.aggregates.forEach((call, at) => {
    const name = call.function.slice(0, call.function.indexOf('('));
    if ((name !== 'max' && name !== 'min') || !ORDERED.includes(call.type.name)) return;
    extremes.set(relation.groupBy.length + at, { max: name === 'max' });
  });
  return {
    columns: relation.groupBy.map((_expr, at) => at), extremes,
    windows: windowsOf(relation, properties),
  };
}

/** Bounds of the window right below the aggregate; a join below might bring two of them. */
function windowsOf(
  relation: Relation & { kind: 'aggregate' }, properties: Properties,
): ReadonlyMap<number, WindowFact> {
  let below = relation.input;
  while (below.kind === 'project' || below.kind === 'filter') below = below.input;
  if (below.kind !== 'window' || below.window.kind === 'session') return new Map();
  const own = properties.windows(below);
  const id = own.get(below.input.columns.length)?.id;
  const fixed = windowLength(below.window) !== null;
  const found = new Map<number, WindowFact>();
  for (const [at, fact] of properties.windows(relation)) {
    const usable = at < relation.groupBy.length && fact.id === id
      && (fixed || found.size === 0);
    if (usable) found.set(at, fact);
  }
  return found;
}

/** Where a window bound lies, seen from a time of the row, or null. */
function rangeOf(
  join: Join, known: Groups, groups: 'left' | 'right',
): ExtremeRange | null {
  const width = join.left.columns.length;
  const bounds = lowerBounds(join.on);
  const window = [...known.windows].flatMap(([at, fact]) => {
    const column = known.columns[at] ?? null;
    return column === null ? []
      : [{ column, fact, index: groups === 'left' ? column : column + width }];
  });
  const [first] = window;
  const grid = first === undefined ? null : gridOf(first.fact);
  if (first === undefined || grid === null) return null;
  // All bounds as bounds of the first column.
  const moved = (index: number): bigint | null => {
    const found = window.find((each) => each.index === index);
    return found === undefined ? null : beyondStart(first.fact) - beyondStart(found.fact);
  };
  for (const bound of bounds) {
    const by = moved(bound.column);
    if (by === null || bound.other < width === (groups === 'left')) continue;
    const low = bound.micros + by;
    for (const { column, other, micros } of bounds) {
      const back = moved(other);
      if (column !== bound.other || back === null) continue;
      const high = back - micros;
      if (high < low || (high - low) / grid.step >= RANGE_GROUPS_MAX) continue;
      const time = groups === 'left' ? bound.other - width : bound.other;
      return { group: first.column, time, low, high, ...grid };
    }
  }
  return null;
}

/** How far a bound of a window of fixed length lies behind its start. */
function beyondStart({ window, role }: WindowFact): bigint {
  const length = windowLength(window) ?? 0n;
  return role === 'start' ? 0n : role === 'end' ? length : length - 1n;
}

/** The values a bound of aligned windows may have: offset + n * step. */
function gridOf(
  { window, role }: WindowFact,
): { readonly step: bigint; readonly offset: bigint } | null {
  const late = role === 'time' ? -1n : 0n;
  switch (window.kind) {
    case 'tumble': return { step: window.size, offset: window.offset + late };
    case 'hop': {
      const length = role === 'start' ? 0n : window.size;
      return { step: window.slide, offset: window.offset + length + late };
    }
    case 'cumulate': return role === 'start'
      ? { step: window.size, offset: window.offset }
      : { step: window.step, offset: window.offset + late };
    case 'session': case 'zoned': return null;
  }
}
