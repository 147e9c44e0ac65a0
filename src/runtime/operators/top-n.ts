/**
 * Top-N: the rows of each partition at places offset+1 .. offset+limit in order, as deltas.
 *
 * Per partition the emitted rows stand together in order, between two remembered slots. After a
 * change the new window is found by position (the ordered sets count by weight) and only rows at
 * the two boundaries, rows that changed and, when a rank is given out, rows behind the first change
 * are looked at. With `rank` other than none, limit and offset speak of the rank's values. Each
 * row's store keeps how many copies of it are out (`$emitted`) and with which first number
 * (`$first`). Append-only input: what is behind the window is not kept.
 */
import { must } from '../../common/assert.ts';
import type { DataflowNode, WatermarkExpr } from '../../planner/dataflow.ts';
import { makeColumn } from '../batch.ts';
import type { Batch, Column } from '../batch.ts';
import type { Emit, Frontier, Operator, OperatorContext, StateSize } from '../operator.ts';
import { ExpiryQueue } from '../state/expiry-queue.ts';
import { gatherSlots, pickRows } from '../state/transfer.ts';
import { OrderedPartitions } from './ordered-partitions.ts';
import { isSmallTopN, SmallTopN } from './top-n-small.ts';
import { TopNWindow } from './top-n-window.ts';
import { oldestOf } from './touch-queue.ts';

/** A top-N node. */
export type TopNNode = Extract<DataflowNode, { kind: 'topN' }>;

/** Builds the operator of a top-N node. */
export function createTopN(
  node: TopNNode, inputNodes: readonly DataflowNode[], context: OperatorContext,
): Operator {
  const input = must(inputNodes[0], 'input');
  return isSmallTopN(node, input) ? new SmallTopN(node, input, context)
    : new TopN(node, input, context);
}

const EMITTED = 0;
const FIRST = 1;

class TopN implements Operator {
  readonly #node: TopNNode;
  readonly #context: OperatorContext;
  readonly #rows: OrderedPartitions;
  readonly #window: TopNWindow;
  /** No more rows of a partition than these are kept; null: all. */
  readonly #keep: number | null;
  readonly #expiry: ExpiryQueue | null;
  readonly #all: readonly number[];
  /** First and last emitted slot of each partition, -1 where nothing is out. */
  #firsts: Int32Array = new Int32Array(0);
  #lasts: Int32Array = new Int32Array(0);
  readonly #touched = new Map<number, number[]>();
  /** Output rows of this flush: slot, weight, number. */
  readonly #outSlots: number[] = [];
  readonly #outWeights: number[] = [];
  readonly #outNumbers: number[] = [];

  constructor(node: TopNNode, input: DataflowNode, context: OperatorContext) {
    this.#node = node;
    this.#context = context;
    this.#all = input.columns.map((_column, at) => at);
    const ordered = new Set(node.orderBy.map(({ column }) => column));
    this.#rows = new OrderedPartitions({
      name: 'rows', columns: input.columns, partitionBy: node.partitionBy, order: node.orderBy,
      tieBreak: this.#all.filter((at) => !ordered.has(at) && !node.partitionBy.includes(at)),
      key: input.key, appendOnly: input.appendOnly, extra: ['$emitted', '$first'],
    }, context);
    this.#window = new TopNWindow(node, this.#rows);
    this.#keep = input.appendOnly && node.limit !== null && node.rank !== 'dense_rank'
      ? Number(node.limit + node.offset) : null;
    this.#expiry = node.evict === null ? null
      : new ExpiryQueue(this.#rows.store, node.evict.column);
  }

  push(_port: number, batch: Batch, _emit: Emit): void {
    const wanted = this.#keep === null ? batch : this.#worthKeeping(batch, this.#keep);
    if (wanted.length > 0) this.#rows.stage(wanted);
  }

  /** Append-only: rows behind the last row of a partition that is full can never be seen. */
  #worthKeeping(batch: Batch, keep: number): Batch {
    const { index, roots } = this.#rows;
    const partitions = new Int32Array(batch.length);
    this.#rows.partitionsOf(batch, partitions);
    index.bindProbe(this.#node.orderBy.map(({ column }) => must(batch.columns[column], 'order')));
    const rows = new Int32Array(batch.length);
    let count = 0;
    for (let row = 0; row < batch.length; row++) {
      const partition = partitions[row] as number;
      const root = partition < 0 ? 0 : roots[partition] as number;
      const full = index.count(root) >= keep;
      if (full && (keep === 0 || index.compareProbe(index.last(root), row) < 0)) continue;
      rows[count++] = row;
    }
    this.#window.bind();
    return count === batch.length ? batch : pickRows(batch, rows, count);
  }

  flush(frontier: Frontier, emit: Emit): void {
    const arrived: number[] = [];
    const left: number[] = [];
    this.#window.bind();
    this.#rows.settle({
      inserted: (slot, partition) => {
        arrived.push(slot);
        this.#touch(partition, slot);
      },
      reweighed: (slot, partition) => { this.#touch(partition, slot); },
      removing: (slot, partition) => {
        left.push(slot);
        this.#leave(slot, partition);
      },
    });
    this.#expiry?.insertSlots(Int32Array.from(arrived), arrived.length);
    this.#ensurePartitions();
    for (const [partition, slots] of this.#touched) this.#change(partition, slots, left);
    this.#touched.clear();
    this.#emit(emit);
    this.#expiry?.removeSlots(Int32Array.from(left), left.length);
    this.#evict(frontier);
    this.#rows.release();
  }

  #ensurePartitions(): void {
    const length = this.#rows.roots.length;
    const known = this.#firsts.length;
    if (known >= length) return;
    const grow = (old: Int32Array): Int32Array => {
      const more = new Int32Array(length).fill(-1, known);
      more.set(old);
      return more;
    };
    this.#firsts = grow(this.#firsts);
    this.#lasts = grow(this.#lasts);
  }

  #touch(partition: number, slot: number): void {
    const known = this.#touched.get(partition);
    if (known === undefined) this.#touched.set(partition, slot < 0 ? [] : [slot]);
    else if (slot >= 0) known.push(slot);
  }

  /** A row is about to leave its set: its copies are taken back, the row behind it may move up. */
  #leave(slot: number, partition: number): void {
    this.#shrinkRange(slot, partition);
    this.#set(slot, 0, 0);
    this.#touch(partition, this.#rows.index.successor(this.#rows.roots[partition] as number, slot));
  }

  /** Takes a slot out of the remembered range of emitted rows. */
  #shrinkRange(slot: number, partition: number): void {
    this.#ensurePartitions();
    const { index, roots } = this.#rows;
    const emitted = this.#rows.extra(EMITTED);
    const root = roots[partition] as number;
    const first = this.#firsts[partition] as number;
    const last = this.#lasts[partition] as number;
    if (slot === first && slot === last) {
      this.#firsts[partition] = -1;
      this.#lasts[partition] = -1;
    } else if (slot === first) {
      let at = index.successor(root, slot);
      while (at !== last && emitted[at] === 0) at = index.successor(root, at);
      this.#firsts[partition] = at;
    } else if (slot === last) {
      let at = index.predecessor(root, slot);
      while (at !== first && emitted[at] === 0) at = index.predecessor(root, at);
      this.#lasts[partition] = at;
    }
  }

  /** Brings what is out of a partition up to date. */
  #change(partition: number, touched: readonly number[], left: number[]): void {
    const { index, roots } = this.#rows;
    const root = roots[partition] as number;
    const first = this.#firsts[partition] as number;
    const last = this.#lasts[partition] as number;
    const window = this.#window;
    if (last >= 0 && this.#keep === null && window.staysAt(root, last)
      && touched.every((slot) => !this.#inSet(slot) || index.compare(slot, last) > 0)) return;
    window.open(root);
    const { firstSlot, lastSlot } = window;
    if (this.#node.rank !== 'none' && firstSlot >= 0) this.#renumber(root, touched);
    // What was out and is outside of the window now.
    for (let at = first; at >= 0 && index.compare(at, last) <= 0
      && (firstSlot < 0 || index.compare(at, firstSlot) < 0); at = index.successor(root, at)) {
      this.#evaluate(at);
    }
    for (let at = last; at >= 0 && lastSlot >= 0 && index.compare(at, first) >= 0
      && index.compare(at, lastSlot) > 0; at = index.predecessor(root, at)) {
      this.#evaluate(at);
    }
    if (firstSlot >= 0) this.#enter(root, first, last);
    for (const slot of touched) if (this.#inSet(slot)) this.#evaluate(slot);
    this.#firsts[partition] = firstSlot;
    this.#lasts[partition] = lastSlot;
    if (this.#keep !== null) this.#trim(partition, left);
  }

  #inSet(slot: number): boolean {
    return this.#rows.store.live[slot] === 1 && (this.#rows.weights[slot] as number) > 0;
  }

  /** Rows of the window outside of the old range, and the rows at all four ends. */
  #enter(root: number, first: number, last: number): void {
    const { index } = this.#rows;
    const { firstSlot, lastSlot } = this.#window;
    for (let at = firstSlot; at >= 0 && index.compare(at, lastSlot) <= 0
      && (first < 0 || index.compare(at, first) < 0); at = index.successor(root, at)) {
      this.#evaluate(at);
    }
    for (let at = lastSlot; first >= 0 && at >= 0 && index.compare(at, firstSlot) >= 0
      && index.compare(at, last) > 0; at = index.predecessor(root, at)) {
      this.#evaluate(at);
    }
    this.#evaluate(firstSlot);
    this.#evaluate(lastSlot);
    if (first >= 0) this.#evaluate(first);
    if (last >= 0) this.#evaluate(last);
  }

  /**
   * Numbers behind the first change: all rows up to the end of the window may have another one.
   * Comes first, for it stops where a number is what it was.
   */
  #renumber(root: number, touched: readonly number[]): void {
    const { index } = this.#rows;
    const { firstSlot, lastSlot } = this.#window;
    let from = -1;
    let last = -1;
    for (const slot of touched) {
      if (!this.#inSet(slot)) continue;
      if (from < 0 || index.compare(slot, from) < 0) from = slot;
      if (last < 0 || index.compare(slot, last) > 0) last = slot;
    }
    if (from < 0) return;
    if (index.compare(from, firstSlot) < 0) from = firstSlot;
    for (let at = from; at >= 0 && index.compare(at, lastSlot) <= 0;
      at = index.successor(root, at)) {
      const changed = this.#evaluate(at);
      // Behind the last change, and its peers, equal numbers stay equal.
      if (!changed && index.compare(at, last) > 0 && !index.peers(at, last)) break;
    }
  }

  /** Compares what is out of a row with what should be; notes the difference. */
  #evaluate(slot: number): boolean {
    this.#window.look(slot);
    return this.#set(slot, this.#window.copies, this.#window.number);
  }

  /** Lets `copies` of a row be out, numbered from `number`; true when something changed. */
  #set(slot: number, copies: number, number: number): boolean {
    const emitted = this.#rows.extra(EMITTED);
    const firsts = this.#rows.extra(FIRST);
    const oldCopies = emitted[slot] as number;
    const oldNumber = firsts[slot] as number;
    if (copies === oldCopies && (number === oldNumber || copies === 0)) return false;
    if (this.#node.rank === 'row_number') {
      for (let n = oldNumber; n < oldNumber + oldCopies; n++) {
        if (n < number || n >= number + copies) this.#out(slot, -1, n);
      }
      for (let n = number; n < number + copies; n++) {
        if (n < oldNumber || n >= oldNumber + oldCopies) this.#out(slot, 1, n);
      }
    } else if (number === oldNumber || oldCopies === 0 || copies === 0) {
      this.#out(slot, copies - oldCopies, copies === 0 ? oldNumber : number);
    } else {
      this.#out(slot, -oldCopies, oldNumber);
      this.#out(slot, copies, number);
    }
    emitted[slot] = copies;
    firsts[slot] = number;
    this.#rows.store.touch(slot);
    return true;
  }

  #out(slot: number, weight: number, number: number): void {
    this.#outSlots.push(slot);
    this.#outWeights.push(weight);
    this.#outNumbers.push(number);
  }

  #emit(emit: Emit): void {
    const { batchRows } = this.#context;
    for (let from = 0; from < this.#outSlots.length; from += batchRows) {
      const slots = Int32Array.from(this.#outSlots.slice(from, from + batchRows));
      const columns: Column[] = gatherSlots(this.#rows.store, this.#all, slots, slots.length);
      if (this.#node.rank !== 'none') columns.push(this.#numbers(from, slots.length));
      const weights = Int32Array.from(this.#outWeights.slice(from, from + batchRows));
      emit({ length: slots.length, columns, weights });
    }
    this.#outSlots.length = 0;
    this.#outWeights.length = 0;
    this.#outNumbers.length = 0;
  }

  #numbers(from: number, count: number): Column {
    const column = makeColumn('i64', count);
    if (column.kind !== 'i64') return column;
    for (let i = 0; i < count; i++) column.data[i] = BigInt(this.#outNumbers[from + i] as number);
    return column;
  }

  /** Append-only: drops what is behind the window, for it can never move up. */
  #trim(partition: number, left: number[]): void {
    const { index, roots } = this.#rows;
    const { keptSlot } = this.#window;
    for (;;) {
      const at = index.last(roots[partition] as number);
      if (at < 0 || at === keptSlot) return;
      if (keptSlot >= 0 && index.compare(at, keptSlot) < 0) return;
      left.push(at);
      this.#rows.evict(at);
    }
  }

  /** Forgets rows whose window is final; what is out stays out. */
  #evict(frontier: Frontier): void {
    const { evict } = this.#node;
    if (this.#expiry === null || evict === null) return;
    const watermark = frontier.watermark(evict.watermark);
    if (watermark === null) return;
    for (const slot of this.#expiry.takeUpTo(watermark)) {
      this.#shrinkRange(slot, this.#rows.partitionOf(slot));
      this.#rows.evict(slot);
    }
  }

  watermarks(): readonly WatermarkExpr[] {
    return this.#node.evict === null ? [] : [this.#node.evict.watermark];
  }

  dueAt(): bigint | null { return null; }

  restore(): void {
    this.#rows.restore();
    this.#expiry?.rebuild();
    this.#firsts = new Int32Array(0);
    this.#lasts = new Int32Array(0);
    this.#ensurePartitions();
    const { store, index } = this.#rows;
    const emitted = this.#rows.extra(EMITTED);
    for (let slot = 0; slot < store.top; slot++) {
      if (store.live[slot] !== 1 || emitted[slot] === 0) continue;
      const partition = this.#rows.partitionOf(slot);
      const first = this.#firsts[partition] as number;
      const last = this.#lasts[partition] as number;
      if (first < 0 || index.compare(slot, first) < 0) this.#firsts[partition] = slot;
      if (last < 0 || index.compare(slot, last) > 0) this.#lasts[partition] = slot;
    }
  }

  oldest(): bigint | null {
    const { evict } = this.#node;
    return evict === null ? null : oldestOf(this.#rows.store, evict.column);
  }

  size(): StateSize {
    return { rows: this.#rows.rows, bytes: this.#rows.bytes() + (this.#expiry?.bytes() ?? 0) };
  }
}
