/**
 * Assigns tumble, hop and cumulate windows: input columns ++ window_start, window_end, window_time.
 *
 * Windows are half-open and aligned to 1970-01-01 UTC plus the offset. With an arrival column (the
 * watermark the row met), only windows whose end plus allowed lateness lies above it are given; a
 * row whose time is NULL or infinite, or that has no window left, is dropped: the late branch has
 * it. No state; weights pass. Times up to the year 2255 are handled as doubles, which are exact
 * there and cost a third of bigint arithmetic; others take the slow way.
 */
import { must } from '../../common/assert.ts';
import { MICROS_PER_DAY } from '../../common/types/interval.ts';
import type { DataflowNode } from '../../planner/dataflow.ts';
import type { Batch, Column } from '../batch.ts';
import type { Operator, OperatorContext } from '../operator.ts';
import { lanesOf } from '../state/hash-columns.ts';
import { gather } from '../state/transfer.ts';
import { stateless } from './stateless.ts';
import { assignZoned } from './window-zoned.ts';

type WindowNode = Extract<DataflowNode, { kind: 'window' }>;

/** The operator of a `window` node. */
export function createWindow(node: WindowNode, context: OperatorContext): Operator {
  const { window } = node;
  if (window.kind === 'zoned') {
    return stateless((batch, emit) => {
      const out = assignZoned(node, window, batch);
      if (out !== null) emit(out);
    });
  }
  const assigner = new WindowAssigner(node, context.neededColumns ?? null);
  return stateless((batch, emit) => {
    const out = assigner.assign(batch);
    if (out !== null) emit(out);
  });
}

const TWO_32 = 4294967296;
const SAFE_HIGH = 1 << 20;
const DATE_INFINITY = 2147483647;
const DATE_MINUS_INFINITY = -2147483648;
const TIME_MAX = 2n ** 63n - 1n;
const TIME_MIN = -(2n ** 63n);
const DAY = Number(MICROS_PER_DAY);

/** The largest multiple of `step` (plus offset) that is not above `time`; exact below 2^53. */
function floorTo(time: number, step: number, offset: number): number {
  const moved = time - offset;
  let quotient = Math.floor(moved / step);
  const rest = moved - quotient * step;
  if (rest < 0) quotient--;
  else if (rest >= step) quotient++;
  return quotient * step + offset;
}

function floorToBig(time: bigint, step: bigint, offset: bigint): bigint {
  const rest = (time - offset) % step;
  return time - (rest < 0n ? rest + step : rest);
}

class WindowAssigner {
  readonly #node: WindowNode;
  /** The output columns somebody reads; null: all. */
  readonly #needed: ReadonlySet<number> | null;
  /** Step between starts (hop), between ends (cumulate), or the size. */
  readonly #step: bigint;
  /** Size, step and offset as doubles. */
  readonly #numbers: { readonly size: number; readonly step: number; readonly offset: number };
  #rows: Int32Array = new Int32Array(0);
  /** Lanes of the starts and ends. */
  #starts: Int32Array = new Int32Array(0);
  #ends: Int32Array = new Int32Array(0);
  #count = 0;

  constructor(node: WindowNode, needed: ReadonlySet<number> | null) {
    this.#node = node;
    this.#needed = needed;
    const { window } = node;
    this.#step = window.kind === 'tumble' ? window.size
      : window.kind === 'hop' ? window.slide : window.step;
    this.#numbers = { size: Number(window.size), step: Number(this.#step),
      offset: Number(window.offset) };
  }

  assign(batch: Batch): Batch | null {
    this.#count = 0;
    const perRow = Number((this.#node.window.size + this.#step - 1n) / this.#step);
    this.#reserve(batch.length * Math.min(perRow, 16));
    const column = must(batch.columns[this.#node.timeColumn], 'time column');
    const tumbled = column.kind === 'i64' && column.nulls === null ? this.#tumbleAll(
      lanesOf(column.data), batch) : null;
    if (tumbled !== null) return tumbled;
    if (column.kind === 'i32') this.#overDates(column, batch);
    else if (column.kind === 'i64') this.#overTimes(lanesOf(column.data), column.nulls, batch);
    return this.#count === 0 ? null : this.#output(batch);
  }

  #overDates(column: Column & { readonly kind: 'i32' }, batch: Batch): void {
    const { data, nulls } = column;
    for (let row = 0; row < batch.length; row++) {
      const day = data[row] as number;
      if (nulls !== null && nulls[row] === 1) continue;
      if (day === DATE_INFINITY || day === DATE_MINUS_INFINITY) continue;
      this.#add(row, day * DAY, batch);
    }
  }

  #overTimes(lanes: Int32Array, nulls: Uint8Array | null, batch: Batch): void {
    for (let row = 0; row < batch.length; row++) {
      if (nulls !== null && nulls[row] === 1) continue;
      const high = lanes[2 * row + 1] as number;
      const low = lanes[2 * row] as number;
      const safe = high < SAFE_HIGH && high >= -SAFE_HIGH;
      if (safe) this.#add(row, high * TWO_32 + (low >>> 0), batch);
      else this.#addBig(row, (BigInt(high) << 32n) + BigInt(low >>> 0), batch);
    }
  }

  /**
   * The usual case, every row in its one window, in one tight loop that makes only the columns that
   * are read; null when a time or a lateness is out of its reach.
   */
  #tumbleAll(lanes: Int32Array, batch: Batch): Batch | null {
    const { window, arrival } = this.#node;
    if (window.kind !== 'tumble' || arrival !== null) return null;
    const { step, offset } = this.#numbers;
    const { length } = batch;
    const width = batch.columns.length;
    const bounds = { step, offset };
    const starts = new Int32Array(this.#reads(width) ? length * 2 : 0);
    const ends = new Int32Array(
      this.#reads(width + 1) || this.#reads(width + 2) ? length * 2 : 0);
    // Two loops rather than one with questions in it; nearly always one of them is asked for.
    if (starts.length > 0 && !tumbleBounds(lanes, length, starts, { ...bounds, shift: 0 })) {
      return null;
    }
    if (ends.length > 0 && !tumbleBounds(lanes, length, ends, { ...bounds, shift: step })) {
      return null;
    }
    return {
      length, weights: batch.weights,
      columns: [...batch.columns, lanesColumn(starts), lanesColumn(ends),
        lanesColumn(this.#reads(width + 2) ? oneLess(ends, length) : NOTHING)],
    };
  }

  #reads(column: number): boolean {
    return this.#needed === null || this.#needed.has(column);
  }

  #add(row: number, time: number, batch: Batch): void {
    const { size, step, offset } = this.#numbers;
    const open = this.#node.arrival === null ? -Infinity : this.#openAfter(row, batch);
    switch (this.#node.window.kind) {
      case 'tumble': case 'hop': {
        for (let start = floorTo(time, step, offset); start > time - size; start -= step) {
          if (start + size > open) this.#put(row, start, start + size);
        }
        return;
      }
      case 'zoned': return;
      case 'cumulate': {
        const start = floorTo(time, size, offset);
        const first = floorTo(time, step, start) + step;
        for (let end = first; end <= start + size; end += step) {
          if (end > open) this.#put(row, start, end);
        }
      }
    }
  }

  #addBig(row: number, time: bigint, batch: Batch): void {
    if (time === TIME_MAX || time === TIME_MIN) return;
    const { window } = this.#node;
    const open = this.#openAfterBig(row, batch);
    const step = this.#step;
    const first = floorToBig(time, step, window.offset);
    if (window.kind === 'cumulate') {
      const start = floorToBig(time, window.size, window.offset);
      const last = start + window.size;
      for (let end = floorToBig(time, step, start) + step; end <= last; end += step) {
        if (open === null || end > open) this.#putBig(row, start, end);
      }
      return;
    }
    for (let start = first; start > time - window.size; start -= step) {
      if (open === null || start + window.size > open) {
        this.#putBig(row, start, start + window.size);
      }
    }
  }

  /** Windows that end after this are open to the row. */
  #openAfter(row: number, batch: Batch): number {
    const big = this.#openAfterBig(row, batch);
    return big === null ? -Infinity : Number(big);
  }

  #openAfterBig(row: number, batch: Batch): bigint | null {
    const { arrival, allowedLateness } = this.#node;
    if (arrival === null) return null;
    const column = must(batch.columns[arrival], 'arrival column');
    if (column.kind !== 'i64' || (column.nulls !== null && column.nulls[row] === 1)) return null;
    return (column.data[row] as bigint) - allowedLateness;
  }

  #put(row: number, start: number, end: number): void {
    if (this.#count === this.#rows.length) this.#reserve(this.#count * 2 + 16);
    const at = this.#count++;
    this.#rows[at] = row;
    this.#starts[2 * at] = start | 0;
    this.#starts[2 * at + 1] = Math.floor(start / TWO_32);
    this.#ends[2 * at] = end | 0;
    this.#ends[2 * at + 1] = Math.floor(end / TWO_32);
  }

  #putBig(row: number, start: bigint, end: bigint): void {
    if (this.#count === this.#rows.length) this.#reserve(this.#count * 2 + 16);
    const at = this.#count++;
    this.#rows[at] = row;
    this.#starts[2 * at] = Number(BigInt.asIntN(32, start));
    this.#starts[2 * at + 1] = Number(BigInt.asIntN(32, start >> 32n));
    this.#ends[2 * at] = Number(BigInt.asIntN(32, end));
    this.#ends[2 * at + 1] = Number(BigInt.asIntN(32, end >> 32n));
  }

  /** Makes room, keeping what is there. */
  #reserve(rows: number): void {
    if (this.#rows.length >= rows) return;
    this.#rows = enlarged(this.#rows, rows);
    this.#starts = enlarged(this.#starts, rows * 2);
    this.#ends = enlarged(this.#ends, rows * 2);
  }

  #output(batch: Batch): Batch {
    const count = this.#count;
    const width = batch.columns.length;
    const ends = this.#reads(width + 1) || this.#reads(width + 2)
      ? this.#ends.slice(0, count * 2) : NOTHING;
    const windows = [
      lanesColumn(this.#starts.slice(0, count * 2)), lanesColumn(ends),
      lanesColumn(this.#reads(width + 2) ? oneLess(ends, count) : NOTHING),
    ];
    const rows = this.#rows;
    let same = count === batch.length;
    for (let i = 0; same && i < count; i++) same = rows[i] === i;
    if (same) {
      return { length: count, weights: batch.weights, columns: [...batch.columns, ...windows] };
    }
    const weights = new Int32Array(count);
    for (let i = 0; i < count; i++) weights[i] = batch.weights[rows[i] as number] as number;
    const columns = batch.columns.map((column, at) =>
      this.#reads(at) ? gather(column, rows, count) : lanesColumn(NOTHING));
    return { length: count, weights, columns: [...columns, ...windows] };
  }
}

/**
 * The starts of windows of `step`, moved by `shift`, as lanes; false when a time is beyond doubles.
 * A loop of its own with nothing behind it: V8 gives up the optimised code of a long loop each time
 * it comes to code after it that it has not seen yet, and a batch is one call.
 */
function tumbleBounds(
  lanes: Int32Array, length: number, to: Int32Array,
  { step, offset, shift }: {
    readonly step: number; readonly offset: number; readonly shift: number;
  },
): boolean {
  // Times come nearly in order: most rows are in the window of the row before.
  let start = NaN;
  let low = 0;
  let high = 0;
  for (let row = 0; row < length; row++) {
    const top = lanes[2 * row + 1] as number;
    if (top >= SAFE_HIGH || top < -SAFE_HIGH) return false;
    const time = top * TWO_32 + ((lanes[2 * row] as number) >>> 0);
    if (!(time >= start && time < start + step)) {
      start = floorTo(time, step, offset);
      low = (start + shift) | 0;
      high = Math.floor((start + shift) / TWO_32);
    }
    to[2 * row] = low;
    to[2 * row + 1] = high;
  }
  return true;
}

/** What a column holds that nobody reads. */
const NOTHING: Int32Array = new Int32Array(0);

function lanesColumn(lanes: Int32Array): Column {
  return { kind: 'i64', data: new BigInt64Array(lanes.buffer), nulls: null };
}

/** The times a microsecond earlier, as lanes. */
function oneLess(times: Int32Array, count: number): Int32Array {
  const to = new Int32Array(count * 2);
  for (let i = 0; i < count * 2; i += 2) {
    const low = times[i] as number;
    to[i] = low - 1;
    to[i + 1] = (times[i + 1] as number) - (low === 0 ? 1 : 0);
  }
  return to;
}

function enlarged(array: Int32Array, length: number): Int32Array {
  const bigger = new Int32Array(length);
  bigger.set(array);
  return bigger;
}
