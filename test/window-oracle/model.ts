/**
 * What windows must give, from the reference of the SQL alone: a batch model without operators.
 *
 * It walks the log once to find which rows are late at which watermark, then groups what is left.
 * No incremental state, nothing shared with src/: a difference is a fault of one of the two.
 */

/** A row as it was appended; times are microseconds. */
export interface LogRow {
  readonly id: number;
  readonly key: string;
  readonly ts: bigint | null;
  readonly v: number;
}

/**
 * What happened, in order. `pause`: half the idle timeout went by. `idle`: so it did again, and
 * those partitions have been silent for longer than the timeout.
 */
export type LogStep =
  | { readonly kind: 'pause' }
  | { readonly kind: 'rows'; readonly partition: number; readonly rows: readonly LogRow[] }
  | { readonly kind: 'idle'; readonly partitions: readonly number[] };

/** A window and how late a row may be. Days in a zone are found by `midnight`. */
export type Spec = {
  readonly lateness: bigint;
} & (
  | { readonly kind: 'tumble'; readonly size: bigint; readonly offset: bigint }
  | { readonly kind: 'hop'; readonly slide: bigint; readonly size: bigint;
      readonly offset: bigint }
  | { readonly kind: 'cumulate'; readonly step: bigint; readonly size: bigint;
      readonly offset: bigint }
  | { readonly kind: 'session'; readonly gap: bigint; readonly longest?: bigint }
  | { readonly kind: 'day'; readonly days: bigint; readonly zone: string }
);

/** The log's partitions and their watermark delay. */
export interface Log {
  readonly partitions: number;
  readonly delay: bigint;
  readonly steps: readonly LogStep[];
}

/** What must come out. */
export interface Answer {
  /** "start|end|key|count|sum|min|max" of every window, sorted. */
  readonly updating: readonly string[];
  /** Those of windows that have closed. */
  readonly final: readonly string[];
  /** Ids of late rows, sorted. */
  readonly late: readonly number[];
}

interface Placed {
  readonly row: LogRow & { readonly ts: bigint };
  /** W_p before the row. */
  readonly before: bigint | null;
}

const floor = (a: bigint, b: bigint): bigint => (a - (((a % b) + b) % b));
const least = (values: readonly bigint[]): bigint => values.reduce((a, b) => (a < b ? a : b));
const most = (values: readonly bigint[]): bigint => values.reduce((a, b) => (a > b ? a : b));

/** W_p before each row, and the relation's watermark in the end. */
function walk(log: Log): { readonly before: Map<number, bigint | null>;
  readonly watermark: bigint | null } {
  const own: (bigint | null)[] = Array.from({ length: log.partitions }, () => null);
  const idle = own.map(() => false);
  const before = new Map<number, bigint | null>();
  let watermark: bigint | null = null;
  for (const step of log.steps) {
    if (step.kind === 'idle') {
      for (const partition of step.partitions) idle[partition] = true;
    } else if (step.kind === 'rows') {
      const at = step.partition;
      if (idle[at] === true) own[at] = highest(own[at] ?? null, watermark);
      idle[at] = false;
      for (const { id, ts } of step.rows) {
        before.set(id, own[at] ?? null);
        own[at] = highest(own[at] ?? null, ts === null ? null : ts - log.delay);
      }
    }
    const active = own.filter((_mark, at) => idle[at] === false);
    if (active.length > 0 && active.every((mark) => mark !== null)) {
      watermark = highest(watermark, least(active.map((mark) => mark ?? 0n)));
    }
  }
  return { before, watermark };
}

function highest(a: bigint | null, b: bigint | null): bigint | null {
  return a === null ? b : b === null ? a : most([a, b]);
}

/** The windows a time lies in; a session's is [ts, ts + gap). */
export function windowsOf(spec: Spec, ts: bigint): (readonly [bigint, bigint])[] {
  switch (spec.kind) {
    case 'tumble': {
      const start = floor(ts - spec.offset, spec.size) + spec.offset;
      return [[start, start + spec.size]];
    }
    case 'hop': {
      const found: (readonly [bigint, bigint])[] = [];
      let start = floor(ts - spec.offset, spec.slide) + spec.offset;
      for (; start + spec.size > ts; start -= spec.slide) found.push([start, start + spec.size]);
      return found;
    }
    case 'cumulate': {
      const start = floor(ts - spec.offset, spec.size) + spec.offset;
      const found: (readonly [bigint, bigint])[] = [];
      for (let end = start + spec.step; end <= start + spec.size; end += spec.step) {
        if (ts < end) found.push([start, end]);
      }
      return found;
    }
    case 'session': return [[ts, ts + spec.gap]];
    case 'day': {
      let day = floor(localDay(ts, spec.zone), spec.days);
      if (day > localDay(ts, spec.zone)) day -= spec.days;
      return [[midnight(day, spec.zone), midnight(day + spec.days, spec.zone)]];
    }
  }
}

const DAY = 86_400_000_000n;

const FORMATS = new Map<string, Intl.DateTimeFormat>();
const DAYS = new Map<string, bigint>();

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = FORMATS.get(zone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat('en-US-u-ca-iso8601', {
    timeZone: zone, year: 'numeric', month: 'numeric', day: 'numeric',
  });
  FORMATS.set(zone, made);
  return made;
}

/** The number of the local day a moment lies in; days begin on whole minutes. */
function localDay(ts: bigint, zone: string): bigint {
  const minute = floor(ts, 60_000_000n);
  const name = `${minute} ${zone}`;
  let day = DAYS.get(name);
  if (day === undefined) {
    day = dayOf(minute, zone);
    if (DAYS.size > DAYS_MAX) DAYS.clear();
    DAYS.set(name, day);
  }
  return day;
}

const DAYS_MAX = 100_000;

function dayOf(ts: bigint, zone: string): bigint {
  const parts = formatOf(zone).formatToParts(Number(floor(ts, 1000n) / 1000n));
  const part = (type: string): number => Number(parts.find((each) => each.type === type)?.value);
  return BigInt(Date.UTC(part('year'), part('month') - 1, part('day'))) * 1000n / DAY;
}

/** The first moment of a local day, to the minute. */
function midnight(day: bigint, zone: string): bigint {
  let [low, high] = [day * DAY - DAY, day * DAY + DAY];
  while (high - low > 60_000_000n) {
    const middle = floor((low + high) / 2n, 60_000_000n);
    if (localDay(middle, zone) < day) low = middle;
    else high = middle;
  }
  return high;
}

/** Everything the reference says of a log and a window. */
export function expected(log: Log, spec: Spec): Answer {
  const { before, watermark } = walk(log);
  const late: number[] = [];
  const onTime: Placed[] = [];
  for (const step of log.steps) {
    for (const row of step.kind === 'rows' ? step.rows : []) {
      const mark = before.get(row.id) ?? null;
      const { ts } = row;
      // Between windows that are shorter than their distance a time lies in none.
      if (ts !== null && windowsOf(spec, ts).length === 0) continue;
      const ends = ts === null ? [] : windowsOf(spec, ts).map(([, end]) => end + spec.lateness);
      if (ts === null || (mark !== null && ends.every((end) => end <= mark))) late.push(row.id);
      else onTime.push({ row: { ...row, ts }, before: mark });
    }
  }
  const groups = spec.kind !== 'session' ? fixed(onTime, spec)
    : spec.longest === undefined ? sessions(onTime, spec) : capped(onTime, spec, spec.longest);
  const closed = groups.filter(({ end }) => watermark !== null && end <= watermark);
  return {
    updating: groups.map(line).toSorted(), final: closed.map(line).toSorted(),
    late: late.toSorted((a, b) => a - b),
  };
}

interface Group { readonly start: bigint; readonly end: bigint; readonly key: string;
  readonly rows: readonly Placed[] }

function line({ start, end, key, rows }: Group): string {
  const values = rows.map(({ row }) => row.v);
  const sum = values.reduce((a, b) => a + b, 0);
  return [start, end, key, rows.length, sum, Math.min(...values), Math.max(...values)].join('|');
}

/** A row counts in those of its windows that had not ended when it came. */
function fixed(rows: readonly Placed[], spec: Spec): Group[] {
  const found = new Map<string, Group & { readonly rows: Placed[] }>();
  for (const placed of rows) {
    const { row: { ts, key }, before } = placed;
    for (const [start, end] of windowsOf(spec, ts)) {
      if (before !== null && end + spec.lateness <= before) continue;
      const name = `${start} ${end} ${key}`;
      const group = found.get(name) ?? { start, end, key, rows: [] };
      group.rows.push(placed);
      found.set(name, group);
    }
  }
  return [...found.values()];
}

/**
 * Rows nearer than the gap hang together, unless the earlier one's session of its own had ended
 * when the later one came.
 */
function sessions(rows: readonly Placed[], spec: Spec & { kind: 'session' }): Group[] {
  const together = (a: Placed, b: Placed): boolean => {
    const [first, second] = a.row.ts < b.row.ts ? [a, b] : [b, a];
    const end = first.row.ts + spec.gap;
    return first.row.key === second.row.key && second.row.ts < end
      && (second.before === null || second.before < end + spec.lateness);
  };
  let found: Group[] = [];
  for (const placed of rows) {
    const { ts, key } = placed.row;
    const near = (each: Group): boolean => each.key === key && ts < each.end
      && ts > each.start - spec.gap && each.rows.some((other) => together(placed, other));
    const touched = found.filter(near);
    found = [...found.filter((each) => !touched.includes(each)), {
      key, start: least([ts, ...touched.map(({ start }) => start)]),
      end: most([ts + spec.gap, ...touched.map(({ end }) => end)]),
      rows: [placed, ...touched.flatMap((each) => each.rows)],
    }];
  }
  return found;
}

/**
 * In time order, rows of one time by the watermark they met: a row goes to the first session that
 * is near enough and had not ended when it came.
 */
function capped(
  rows: readonly Placed[], spec: Spec & { kind: 'session' }, longest: bigint,
): Group[] {
  const met = ({ before }: Placed): bigint => before ?? -(2n ** 70n);
  const sorted = rows.toSorted((a, b) => Number(a.row.ts - b.row.ts) || Number(met(a) - met(b)));
  const found: {
    readonly start: bigint; last: bigint; readonly key: string; readonly rows: Placed[];
  }[] = [];
  for (const placed of sorted) {
    const { ts, key } = placed.row;
    const own = found.find((each) => each.key === key
      && [each.last + spec.gap, each.start + longest].every((end) =>
        ts < end && end + spec.lateness > met(placed)));
    own?.rows.push(placed);
    if (own === undefined) found.push({ start: ts, last: ts, key, rows: [placed] });
    else own.last = ts;
  }
  return found.map(({ start, last, key, rows: members }) =>
    ({ start, end: least([last + spec.gap, start + longest]), key, rows: members }));
}
