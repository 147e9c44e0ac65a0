/**
 * FILL: the input, and a row for each window of a partition that is not there.
 *
 * Rows are kept by partition in order of their window, and so are the windows filled. A row that
 * comes or goes concerns the gap before it and the one behind it: what should stand there is
 * compared with what does. Trailing windows follow the watermark, partition by partition. What no
 * change can reach any more is forgotten; a silent partition so goes after `most` windows.
 */
import { must } from '../../common/assert.ts';
import type { DataflowNode, WatermarkExpr } from '../../planner/dataflow.ts';
import type { FillRule } from '../../planner/relation.ts';
import type { Batch } from '../batch.ts';
import type { Emit, Frontier, Operator, OperatorContext, StateSize } from '../operator.ts';
import { gatherSlots } from '../state/transfer.ts';
import { splitNulls } from './asof-join.ts';
import { DueTimes } from './due-times.ts';
import { fillSteps } from './fill-steps.ts';
import type { FillSteps } from './fill-steps.ts';
import { FillValues } from './fill-values.ts';
import { Instant } from './instant.ts';
import { OrderedPartitions } from './ordered-partitions.ts';
import { oldestOf } from './touch-queue.ts';

type FillNode = Extract<DataflowNode, { kind: 'fill' }>;

/** The operator of a `fill` node. */
export function createFill(
  node: FillNode, inputs: readonly DataflowNode[], context: OperatorContext,
): Operator {
  return new Fill(node, must(inputs[0], 'input'), context);
}

/** A place without a row. */
const NONE = -1;
const AT_ONCE = -(2n ** 63n);
const IGNORE = { inserted: (): void => undefined, reweighed: (): void => undefined,
  removing: (): void => undefined };

class Fill implements Operator {
  readonly #node: FillNode;
  readonly #rule: FillRule;
  readonly #batchRows: number;
  readonly #rows: OrderedPartitions;
  readonly #fills: OrderedPartitions;
  readonly #values: FillValues;
  readonly #steps: FillSteps;
  /** Windows up to here have closed, and windows up to here are forgotten. */
  readonly #closed: Instant;
  readonly #forgotten: Instant;
  /** By partition of rows: the next trailing window; when something can be forgotten. */
  readonly #next = new DueTimes();
  readonly #oldest = new DueTimes();
  /** Filled windows do not depend on the row behind them. */
  readonly #settles: boolean;
  /** Windows to add, side by side, and slots of windows to take back. */
  readonly #before: number[] = [];
  readonly #behind: number[] = [];
  readonly #times: bigint[] = [];
  readonly #gone: number[] = [];

  constructor(node: FillNode, input: DataflowNode, context: OperatorContext) {
    this.#node = node;
    this.#rule = node.rule;
    this.#steps = fillSteps(node.rule);
    this.#batchRows = context.batchRows;
    const time = must(node.rule.windows[0], 'window column').column;
    const { partitionBy } = node.rule;
    const make = (name: string): OrderedPartitions => new OrderedPartitions({
      name, columns: node.columns, partitionBy, key: [...partitionBy, time], appendOnly: false,
      order: [{ column: time, descending: false, nullsFirst: false }],
      tieBreak: node.columns.map((_column, at) => at)
        .filter((at) => at !== time && !partitionBy.includes(at)),
      extra: [],
    }, context);
    this.#rows = make('rows');
    this.#fills = make('fills');
    this.#values = new FillValues(node.rule, input.columns, this.#rows.store);
    this.#closed = new Instant(context, 'closed');
    this.#forgotten = new Instant(context, 'forgotten');
    this.#settles = node.rule.trailing && node.rule.values.every(({ how }) => how !== 'linear');
  }

  push(_port: number, batch: Batch, emit: Emit): void {
    emit(batch);
    this.#rows.stage(splitNulls(batch, [this.#values.time]).whole);
  }

  flush(frontier: Frontier, emit: Emit): void {
    const changed: number[] = [];
    const note = (slot: number): void => { changed.push(slot); };
    this.#rows.settle({ inserted: note, removing: note, reweighed: () => undefined });
    const { closes, forgets } = this.#node;
    const closed = later(closes === null ? null : frontier.watermark(closes), this.#closed.value);
    this.#bind();
    this.#fillGaps(changed, closed);
    if (closed !== null) {
      this.#advance(closed);
      this.#closed.set(closed);
    }
    this.#emit(emit);
    this.#rows.release();
    const forgotten = later(forgets === null ? null : frontier.watermark(forgets),
      this.#forgotten.value);
    if (forgotten === null) return;
    this.#forget(forgotten);
    this.#forgotten.set(forgotten);
  }

  /** Both sides are asked for bounds by the windows of rows. */
  #bind(): void {
    const column = this.#rows.store.column(this.#values.time);
    this.#rows.index.bindProbe([column]);
    this.#fills.index.bindProbe([column]);
  }

  /** The gaps around changed rows, each named by the row before it. */
  #fillGaps(changed: readonly number[], closed: bigint | null): void {
    if (changed.length === 0) return;
    const { index, roots } = this.#rows;
    const before: number[] = [];
    const keys: number[] = [];
    const seen = new Set<number>();
    const heads = new Set<number>();
    const add = (slot: number, key: number): void => {
      if (seen.has(slot)) return;
      seen.add(slot);
      before.push(slot);
      keys.push(key);
    };
    for (const slot of changed) {
      const partition = this.#rows.partitionOf(slot);
      const root = roots[partition] as number;
      const previous = root === 0 ? NONE : index.below(root, slot);
      const same = root === 0 ? NONE : index.equal(root, slot);
      if (same >= 0) add(same, slot);
      // The partition is watched anew: what has closed behind its last row comes now.
      if (this.#rule.trailing && root !== 0) add(index.last(root), slot);
      if (previous >= 0) add(previous, slot);
      else if (!heads.has(partition)) {
        heads.add(partition);
        before.push(NONE);
        keys.push(slot);
      }
    }
    const partitions = this.#fillPartitions(keys);
    before.forEach((slot, i) => {
      const key = keys[i] as number;
      this.#fillGap(slot, key, { fills: partitions[i] as number, closed });
    });
    this.#watch(keys, closed);
  }

  /** Where the filled windows of some rows' partitions are. */
  #fillPartitions(slots: readonly number[]): Int32Array {
    const list = Int32Array.from(slots);
    const out = new Int32Array(list.length);
    this.#fills.findPartitions(
      gatherSlots(this.#rows.store, this.#rule.partitionBy, list, list.length), list.length, out);
    return out;
  }

  /** Compares what stands in a gap with what should. */
  #fillGap(
    before: number, key: number,
    { fills, closed }: { readonly fills: number; readonly closed: bigint | null },
  ): void {
    const { index, roots } = this.#rows;
    const root = roots[this.#rows.partitionOf(key)] as number;
    const behind = root === 0 ? NONE : before < 0 ? index.first(root)
      : index.upperBound(root, before);
    const end = behind < 0 ? null : this.#values.timeOf(behind);
    let [time, last] = this.#wanted(before, behind, closed);
    const set = fills < 0 ? 0 : this.#fills.roots[fills] as number;
    const column = this.#fills.store.column(this.#values.time);
    let at = set === 0 ? NONE : before < 0 ? this.#fills.index.first(set)
      : this.#fills.index.upperBound(set, before);
    while (at >= 0) {
      const there = column.i64[at] as bigint;
      if (end !== null && there > end) break;
      for (; time < there && time <= last; time = this.#steps.plus(time, 1n)) {
        this.#add(before, behind, time);
      }
      if (time === there && time <= last) {
        if (!this.#values.isSame(this.#fills.store, at, before, behind)) {
          this.#gone.push(at);
          this.#add(before, behind, time);
        }
        time = this.#steps.plus(time, 1n);
      } else {
        this.#gone.push(at);
      }
      at = this.#fills.index.successor(set, at);
    }
    for (; time <= last; time = this.#steps.plus(time, 1n)) this.#add(before, behind, time);
  }

  #add(before: number, behind: number, time: bigint): void {
    this.#before.push(before);
    this.#behind.push(behind);
    this.#times.push(time);
  }

  /** The first and last window to fill behind a row; the last is before the first: none. */
  #wanted(before: number, behind: number, closed: bigint | null): [bigint, bigint] {
    if (before < 0) return [1n, 0n];
    const { most, trailing } = this.#rule;
    const start = this.#values.timeOf(before);
    const limit = this.#steps.plus(start, most);
    const first = this.#steps.plus(start, 1n);
    if (!trailing) {
      const last = behind < 0 ? start : this.#steps.plus(this.#values.timeOf(behind), -1n);
      return [first, last > limit ? start : last];
    }
    const last = behind < 0 ? closed ?? start
      : this.#steps.plus(this.#values.timeOf(behind), -1n);
    // What was settled and forgotten is out already.
    const settled = this.#settles ? this.#forgotten.value : null;
    return [settled === null ? first : later(first, this.#steps.after(start, settled)) ?? first,
      last < limit ? last : limit];
  }

  /** Notes when the partitions of changed rows are due next. */
  #watch(keys: readonly number[], closed: bigint | null): void {
    for (const key of keys) this.#watchPartition(this.#rows.partitionOf(key), closed);
  }

  #watchPartition(partition: number, closed: bigint | null): void {
    const root = this.#rows.roots[partition] as number;
    this.#oldest.set(partition, root === 0 || this.#node.forgets === null ? null : AT_ONCE);
    if (!this.#rule.trailing) return;
    const last = root === 0 ? NONE : this.#rows.index.last(root);
    const start = last < 0 ? 0n : this.#values.timeOf(last);
    const first = this.#steps.plus(start, 1n);
    const next = closed === null ? first : later(first, this.#steps.after(start, closed));
    this.#next.set(partition, last < 0 || next === null
      || next > this.#steps.plus(start, this.#rule.most) ? null : next);
  }

  /** Trailing windows that have closed. */
  #advance(closed: bigint): void {
    const { numbers, times } = this.#next.takeUpTo(closed);
    numbers.forEach((partition, i) => {
      const root = this.#rows.roots[partition] as number;
      if (root === 0) return;
      const before = this.#rows.index.last(root);
      const limit = this.#steps.plus(this.#values.timeOf(before), this.#rule.most);
      let time = times[i] as bigint;
      for (; time <= closed && time <= limit; time = this.#steps.plus(time, 1n)) {
        this.#add(before, NONE, time);
      }
      this.#next.set(partition, time > limit ? null : time);
      if (this.#node.forgets !== null) this.#oldest.set(partition, AT_ONCE);
    });
  }

  /** Takes windows back, then adds; both go out and into the state. */
  #emit(emit: Emit): void {
    const put = (batch: Batch): void => {
      emit(batch);
      this.#fills.stage(batch);
    };
    const { store, width } = this.#fills;
    const all = Array.from({ length: width }, (_column, at) => at);
    for (let from = 0; from < this.#gone.length; from += this.#batchRows) {
      const slots = Int32Array.from(this.#gone.slice(from, from + this.#batchRows));
      const { length } = slots;
      put({ length, weights: new Int32Array(length).fill(-1),
        columns: gatherSlots(store, all, slots, length) });
    }
    for (let from = 0; from < this.#times.length; from += this.#batchRows) {
      const to = from + this.#batchRows;
      put(this.#values.batch({
        before: Int32Array.from(this.#before.slice(from, to)),
        behind: Int32Array.from(this.#behind.slice(from, to)),
        times: BigInt64Array.from(this.#times.slice(from, to)),
      }));
    }
    for (const list of [this.#gone, this.#before, this.#behind, this.#times]) list.length = 0;
    this.#fills.settle(IGNORE);
    this.#fills.release();
  }

  /** Rows and windows that no change can reach any more. */
  #forget(limit: bigint): void {
    const numbers = this.#oldest.takeUpTo(limit).numbers
      .filter((partition) => this.#rows.roots[partition] !== 0);
    if (numbers.length === 0) return;
    this.#bind();
    const firsts = numbers.map((partition) =>
      this.#rows.index.first(this.#rows.roots[partition] as number));
    const fills = this.#fillPartitions(firsts);
    numbers.forEach((partition, i) => { this.#forgetIn(partition, fills[i] as number, limit); });
    this.#rows.release();
    this.#fills.release();
  }

  #forgetIn(partition: number, fills: number, limit: bigint): void {
    const { index, roots } = this.#rows;
    let next: bigint | null = null;
    // Windows filled before this time go.
    let until: bigint | null = this.#settles ? limit + 1n : null;
    for (;;) {
      const root = roots[partition] as number;
      const first = root === 0 ? NONE : index.first(root);
      if (first < 0) break;
      next = this.#leavesAt(first, index.successor(root, first));
      if (next > limit) break;
      until = later(until, next);
      this.#rows.evict(first);
      next = null;
    }
    const first = this.#forgetFills(fills, until);
    if (this.#settles && first !== null && (next === null || first < next)) next = first;
    this.#oldest.set(partition, next);
  }

  /** When a row (and the gap behind it) cannot matter any more, given the row behind it. */
  #leavesAt(slot: number, behind: number): bigint {
    const { most, trailing } = this.#rule;
    return behind >= 0 ? this.#values.timeOf(behind)
      : this.#steps.plus(this.#values.timeOf(slot), most + (trailing && this.#settles ? 0n : 1n));
  }

  /** Forgets windows before a time; gives the first one that stays. */
  #forgetFills(partition: number, until: bigint | null): bigint | null {
    if (partition < 0) return null;
    const { index, roots, store } = this.#fills;
    const times = store.column(this.#values.time).i64;
    for (;;) {
      const root = roots[partition] as number;
      const first = root === 0 ? NONE : index.first(root);
      if (first < 0) return null;
      const time = times[first] as bigint;
      if (until === null || time >= until) return time;
      this.#fills.evict(first);
    }
  }

  watermarks(): readonly WatermarkExpr[] {
    return [this.#node.closes, this.#node.forgets].filter((each) => each !== null);
  }

  dueAt(): bigint | null { return null; }

  restore(): void {
    this.#rows.restore();
    this.#fills.restore();
    this.#next.clear();
    this.#oldest.clear();
    const partitions = new Set<number>();
    const { live, top } = this.#rows.store;
    for (let slot = 0; slot < top; slot++) {
      if (live[slot] === 1) partitions.add(this.#rows.partitionOf(slot));
    }
    for (const partition of partitions) this.#watchPartition(partition, this.#closed.value);
  }

  oldest(): bigint | null { return oldestOf(this.#rows.store, this.#values.time); }

  size(): StateSize {
    return {
      rows: this.#rows.rows + this.#fills.rows, bytes: this.#rows.bytes() + this.#fills.bytes(),
    };
  }
}

function later(a: bigint | null, b: bigint | null): bigint | null {
  return a === null ? b : b === null || a > b ? a : b;
}
