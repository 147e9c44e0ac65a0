/**
 * Event time: W_p per partition, the watermark of a relation, and expressions over watermarks.
 *
 * W_p = latest event time seen in the partition - delay. The relation's watermark is the minimum
 * over its active partitions and never goes back. Everything follows from the rows in log order;
 * wall clock enters only through decisions that the epoch log holds.
 */
import { assertNever, must } from '../common/assert.ts';
import { zonedFloor } from '../common/types/zoned-windows.ts';
import type { WatermarkRule } from '../planner/catalog.ts';
import type { WatermarkExpr } from '../planner/dataflow.ts';
import type { Batch, Column } from './batch.ts';
import type { LearnedDelay } from './learned-delay.ts';
import { copyLearned, noteLag, unlearned } from './learned-delay.ts';

/** The watermark of an input that has ended. */
export const WATERMARK_END = 0x7fff_ffff_ffff_ffffn;
const EARLIEST = -0x8000_0000_0000_0000n;
const MICROS_PER_DAY = 86_400_000_000n;
const DATE_INFINITY = 2147483647;

/** Event time of one partition. */
interface PartitionTime {
  /** Latest event time, or null before the first row. */
  latest: bigint | null;
  /** W_p does not fall below this (restart after idleness, fallback). */
  floor: bigint | null;
  idle: boolean;
  ended: boolean;
  /** Rows that came after a later one, and how much later that was at most. */
  outOfOrder: bigint;
  disorder: bigint;
  /** Where the delay is learned: what the rows have taught. */
  learned?: LearnedDelay;
}

/** What a checkpoint keeps of a relation's event time; plain data. */
export interface ClockState {
  readonly current: bigint | null;
  readonly partitions: readonly (PartitionTime | null)[];
}

/** Event time of a relation (of one reader of it). */
export class EventClock {
  readonly timeColumn: number;
  readonly #delay: bigint;
  readonly #rule: NonNullable<WatermarkRule['learned']> | null;
  #partitions: PartitionTime[] = [];
  #current: bigint | null = null;

  constructor({ column, delayMicros, learned }: WatermarkRule, partitions: number) {
    this.timeColumn = column;
    this.#delay = delayMicros;
    this.#rule = learned ?? null;
    for (let i = 0; i < partitions; i++) this.#partition(i);
  }

  #partition(at: number): PartitionTime {
    let found = this.#partitions[at];
    if (found === undefined) {
      // One that appears when others have spoken begins where the relation is.
      found = {
        latest: null, floor: this.#current, idle: false, ended: false, outOfOrder: 0n,
        disorder: 0n, ...this.#rule === null ? {} : { learned: unlearned() },
      };
      this.#partitions[at] = found;
    }
    return found;
  }

  /** W_p of a partition now, or null before its first row. */
  partitionWatermark(at: number): bigint | null {
    const partition = this.#partition(at);
    if (partition.ended) return WATERMARK_END;
    const delay = this.#delayOf(partition);
    const own = partition.latest === null || delay === null ? null : partition.latest - delay;
    if (partition.floor === null) return own;
    return own === null || own < partition.floor ? partition.floor : own;
  }

  /** The delay of a partition now; null while it is being learned and has no bound. */
  #delayOf(partition: PartitionTime): bigint | null {
    return this.#rule === null ? this.#delay : partition.learned?.delay ?? this.#rule.max;
  }

  /** Learns from a row that is so far behind; W_p does not fall when the delay grows. */
  #learn(at: number, lag: bigint): void {
    const partition = this.#partition(at);
    if (this.#rule === null) return;
    const learned = partition.learned ??= unlearned();
    const before = this.partitionWatermark(at);
    if (noteLag(learned, lag, this.#rule) && before !== null) partition.floor = before;
  }

  /** W_p before each row of a batch, as a column; the rows' event times are then seen. */
  arrivals(batch: Batch, partition: number): Column {
    const data = new BigInt64Array(batch.length);
    const nulls = new Uint8Array(batch.length);
    const times = must(batch.columns[this.timeColumn], 'time column');
    const state = this.#partition(partition);
    let before = this.partitionWatermark(partition);
    for (let row = 0; row < batch.length; row++) {
      if (before === null) nulls[row] = 1;
      else data[row] = before;
      if ((batch.weights[row] ?? 0) < 0) continue;
      const time = eventTime(times, row);
      if (time === null || (time === state.latest && this.#rule === null)) continue;
      const behind = state.latest === null ? 0n : state.latest - time;
      if (behind > 0n) noteDisorder(state, behind);
      else state.latest = time;
      if (this.#rule !== null) this.#learn(partition, behind > 0n ? behind : 0n);
      else if (behind > 0n) continue;
      before = this.partitionWatermark(partition);
    }
    return { kind: 'i64', data, nulls: nulls.includes(1) ? nulls : null };
  }

  /** Lets partitions count before their first row: the watermark waits for all of them. */
  expect(partitions: number): void {
    for (let at = 0; at < partitions; at++) this.#partition(at);
  }

  /** The partition will bring no more rows. */
  end(partition: number): void {
    this.#partition(partition).ended = true;
  }

  setIdle(partition: number, idle: boolean): void {
    const state = this.#partition(partition);
    if (state.idle && !idle) state.floor = this.#current;
    state.idle = idle;
  }

  /** Lets the relation and every partition's W_p start at `watermark` (fallback by wall clock). */
  raise(watermark: bigint): void {
    if (this.#current === null || this.#current < watermark) this.#current = watermark;
    for (const partition of this.#partitions) {
      if (partition.floor === null || partition.floor < watermark) partition.floor = watermark;
    }
  }

  /** Moves the relation's watermark on; once an epoch, after its rows were seen. */
  advance(): void {
    let minimum: bigint | null = null;
    for (let at = 0; at < this.#partitions.length; at++) {
      if (must(this.#partitions[at], 'partition').idle) continue;
      const watermark = this.partitionWatermark(at);
      if (watermark === null) return;
      if (minimum === null || watermark < minimum) minimum = watermark;
    }
    if (minimum !== null && (this.#current === null || minimum > this.#current)) {
      this.#current = minimum;
    }
  }

  /** The relation's watermark, or null while a partition has seen no row. */
  get watermark(): bigint | null { return this.#current; }

  /** One line per partition, for tidemill.watermarks. */
  describe(): readonly {
    readonly partition: number; readonly watermark: bigint | null;
    readonly lastEvent: bigint | null; readonly idle: boolean; readonly holdsBack: boolean;
    readonly outOfOrder: bigint; readonly disorder: bigint; readonly delay: bigint | null;
  }[] {
    const marks = this.#partitions.map((_state, at) => this.partitionWatermark(at));
    return this.#partitions.map((state, at) => {
      const watermark = marks[at] ?? null;
      const holdsBack = !state.idle && this.#partitions.length > 1
        && marks.every((other, index) => this.#partitions[index]?.idle === true
          || watermark === null || (other !== null && other >= watermark));
      const { latest, idle, outOfOrder, disorder } = state;
      return {
        partition: at, watermark, lastEvent: latest, idle, holdsBack, outOfOrder, disorder,
        delay: this.#delayOf(state),
      };
    });
  }

  save(): ClockState {
    return { current: this.#current, partitions: this.#partitions.map(copyOf) };
  }

  load(state: ClockState): void {
    this.#current = state.current;
    this.#partitions = [];
    for (const [at, saved] of state.partitions.entries()) {
      if (saved !== null) Object.assign(this.#partition(at), copyOf(saved));
    }
  }
}

function copyOf(of: PartitionTime): PartitionTime {
  return of.learned === undefined ? { ...of } : { ...of, learned: copyLearned(of.learned) };
}

function noteDisorder(state: PartitionTime, behind: bigint): void {
  state.outOfOrder++;
  if (behind > state.disorder) state.disorder = behind;
}

/** Microseconds of an event time; null for NULL and the infinities, which move no watermark. */
function eventTime(column: Column, row: number): bigint | null {
  if (column.nulls !== null && column.nulls[row] === 1) return null;
  if (column.kind === 'i64') {
    const time = column.data[row] ?? 0n;
    return time === WATERMARK_END || time === EARLIEST ? null : time;
  }
  if (column.kind === 'i32') {
    const days = column.data[row] ?? 0;
    return days === DATE_INFINITY || days === -DATE_INFINITY - 1 ? null
      : BigInt(days) * MICROS_PER_DAY;
  }
  return null;
}

/** Value of a watermark expression, given the watermarks of relations. */
export function evaluateWatermark(
  expr: WatermarkExpr, of: (relation: number) => bigint | null,
): bigint | null {
  switch (expr.kind) {
    case 'relation': return of(expr.relation);
    case 'shift': {
      const base = evaluateWatermark(expr.of, of);
      return base === null || base === WATERMARK_END ? base : clamp(base + expr.micros);
    }
    case 'floor': {
      const base = evaluateWatermark(expr.of, of);
      if (base === null || base === WATERMARK_END) return base;
      const rest = (base - expr.offset) % expr.step;
      return clamp(base - (rest < 0n ? rest + expr.step : rest));
    }
    case 'zoneFloor': {
      const base = evaluateWatermark(expr.of, of);
      return base === null || base === WATERMARK_END || base === EARLIEST ? base
        : zonedFloor(expr.window, base);
    }
    case 'min': {
      let minimum: bigint | null = null;
      for (const part of expr.of) {
        const value = evaluateWatermark(part, of);
        if (value === null) return null;
        if (minimum === null || value < minimum) minimum = value;
      }
      return minimum;
    }
    default: return assertNever(expr);
  }
}

function clamp(value: bigint): bigint {
  if (value > WATERMARK_END) return WATERMARK_END;
  return value < EARLIEST ? EARLIEST : value;
}
