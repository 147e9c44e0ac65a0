/**
 * The groups a row may belong to in a join with the greatest of each group (extreme-join.ts).
 *
 * Without a range a row has the one group its key columns name. With one it has a candidate for
 * each value of offset + n * step between time + low and time + high: nearly always one. Times up
 * to the year 2255 are handled as doubles, which are exact there; others as bigints.
 */
import type { ExtremeRange } from '../../planner/dataflow.ts';
import type { Batch, Column } from '../batch.ts';
import { grown } from '../state/grow.ts';
import { lanesOf } from '../state/hash-columns.ts';

const TWO_32 = 4294967296;
const SAFE_HIGH = 1 << 20;
const TIME_MAX = 2n ** 63n - 1n;
const TIME_MIN = -(2n ** 63n);

/** Rows of a batch with a group each; `rows` null: every row once, in order. */
export interface Candidates {
  readonly count: number;
  readonly rows: Int32Array | null;
  /** The group's value in the range column; null without a range. */
  readonly group: Column | null;
}

/** The range as doubles. */
interface Numbers {
  readonly low: number;
  readonly high: number;
  readonly step: number;
  readonly offset: number;
}

/** Finds candidates; see the head of the file. */
export class RangeGroups {
  readonly #range: ExtremeRange;
  readonly #numbers: Numbers;
  #rows: Int32Array = new Int32Array(64);
  /** Lanes of the groups. */
  #groups: Int32Array = new Int32Array(128);
  #count = 0;

  constructor(range: ExtremeRange) {
    this.#range = range;
    this.#numbers = { low: Number(range.low), high: Number(range.high), step: Number(range.step),
      offset: Number(range.offset) };
  }

  /** The candidates of a batch; arrays are overwritten by the next call. */
  of(batch: Batch): Candidates {
    const column = batch.columns[this.#range.time];
    const { length } = batch;
    while (this.#rows.length < length) this.#grow();
    if (column?.kind !== 'i64') return this.#candidates(0, false);
    const lanes = lanesOf(column.data);
    if (column.nulls === null && oneEach(lanes, length, this.#groups, this.#numbers)) {
      return this.#candidates(length, true);
    }
    this.#count = 0;
    for (let row = 0; row < length; row++) {
      if (column.nulls === null || column.nulls[row] !== 1) this.#add(row, column.data[row] ?? 0n);
    }
    return this.#candidates(this.#count, false);
  }

  #candidates(count: number, inOrder: boolean): Candidates {
    const { buffer } = this.#groups;
    return {
      count, rows: inOrder ? null : this.#rows,
      group: { kind: 'i64', nulls: null, data: new BigInt64Array(buffer, 0, count) },
    };
  }

  /** Any time, any number of groups. */
  #add(row: number, time: bigint): void {
    if (time === TIME_MAX || time === TIME_MIN) return;
    const { low, high, step, offset } = this.#range;
    const over = (time + low - offset) % step;
    const first = time + low + (over === 0n ? 0n : over > 0n ? step - over : -over);
    for (let group = first; group <= time + high; group += step) {
      const at = this.#count++;
      if (at === this.#rows.length) this.#grow();
      this.#rows[at] = row;
      this.#groups[2 * at] = Number(BigInt.asIntN(32, group));
      this.#groups[2 * at + 1] = Number(BigInt.asIntN(32, group >> 32n));
    }
  }

  #grow(): void {
    this.#rows = grown(this.#rows, this.#rows.length * 2);
    this.#groups = grown(this.#groups, this.#groups.length * 2);
  }
}

/**
 * The one group of every row, as lanes; false when a row has another number of groups or a time
 * beyond doubles. Most rows have the group of the row before.
 */
function oneEach(
  lanes: Int32Array, length: number, to: Int32Array, { low, high, step, offset }: Numbers,
): boolean {
  let group = NaN;
  let bottom = 0;
  let top = 0;
  for (let row = 0; row < length; row++) {
    const first = lanes[2 * row + 1] as number;
    if (first >= SAFE_HIGH || first < -SAFE_HIGH) return false;
    const time = first * TWO_32 + ((lanes[2 * row] as number) >>> 0);
    if (!(group >= time + low && group - step < time + low)) {
      group = ceilTo(time + low, step, offset);
      bottom = group | 0;
      top = Math.floor(group / TWO_32);
    }
    if (group > time + high || group + step <= time + high) return false;
    to[2 * row] = bottom;
    to[2 * row + 1] = top;
  }
  return true;
}

/** The least multiple of `step` (plus offset) that is not below `time`; exact below 2^53. */
function ceilTo(time: number, step: number, offset: number): number {
  const at = Math.ceil((time - offset) / step) * step + offset;
  if (at < time) return at + step;
  return at - step >= time ? at - step : at;
}
