/**
 * Top-N of few rows over append-only input: the kept slots of each partition in a flat block.
 *
 * A row that is not among the first limit + offset is dropped by one comparison and never stored.
 * Rows of a batch compete as row numbers (entry -1 - row) and get a slot only when they are still
 * in at its end. Each slot's store keeps the position under which it is out (`$place`, from 1; 0:
 * not out). With `ttl`, any row touches its partition, and a partition not touched for so long is
 * taken back before the rows of the epoch come in. Against the ordered sets of top-n.ts this halves
 * the time on Nexmark's q18 and q19.
 */
import { must } from '../../common/assert.ts';
import type { DataflowNode, WatermarkExpr } from '../../planner/dataflow.ts';
import { makeColumn } from '../batch.ts';
import { keepsFewRows } from '../../planner/lower-state.ts';
import type { Batch, Column } from '../batch.ts';
import { orderMaker } from '../kernels/order.ts';
import type { RowOrder } from '../kernels/order.ts';
import type { Emit, Frontier, Operator, OperatorContext, StateSize } from '../operator.ts';
import { grown } from '../state/grow.ts';
import { ExpiryQueue } from '../state/expiry-queue.ts';
import { forLiveSlots, HashIndex } from '../state/hash-index.ts';
import { RowStore } from '../state/row-store.ts';
import { gatherSlots, scatter } from '../state/transfer.ts';

import { oldestOf, TOUCHED_COLUMN, TouchQueue } from './touch-queue.ts';

type TopNNode = Extract<DataflowNode, { kind: 'topN' }>;

/** True when a node can be run by this operator. */
export function isSmallTopN(node: TopNNode, input: DataflowNode): boolean {
  return input.appendOnly && keepsFewRows(node);
}

/** The operator; see the head of the file. */
export class SmallTopN implements Operator {
  readonly #node: TopNNode;
  readonly #context: OperatorContext;
  readonly #store: RowStore;
  readonly #all: readonly number[];
  readonly #orderColumns: readonly number[];
  readonly #makeOrder: ReturnType<typeof orderMaker>;
  readonly #directory: HashIndex;
  readonly #expiry: ExpiryQueue | null;
  /** Forgets partitions by age, or null; all rows of a partition have one time. */
  readonly #ages: TouchQueue | null;
  /** Batches that wait until what is due has gone, and the partitions they touched. */
  #pending: Batch[] = [];
  readonly #seen = new Set<number>();
  /** Rows kept per partition. */
  readonly #keep: number;
  readonly #offset: number;
  /** Entries of partition p: [p * keep, p * keep + count). */
  #entries: Int32Array = new Int32Array(0);
  #counts: Int32Array = new Int32Array(0);
  #partitionOf: Int32Array = new Int32Array(0);
  /** Partitions changed since the last flush, and since the batch began; a mark for each. */
  readonly #touched: number[] = [];
  #inBatch: number[] = [];
  /** Rows of the batch that took a place: no fewer than need a slot. */
  #taken = 0;
  #marks: Uint8Array = new Uint8Array(0);
  /** Slots pushed out since the last flush. */
  #gone: number[] = [];
  #partitions: Int32Array = new Int32Array(0);
  /** Orders between a kept slot and a row of the batch, and between rows of the batch. */
  #slotOrder: RowOrder = () => 0;
  #rowOrder: RowOrder | null = null;
  #batch: Batch | null = null;
  readonly #outSlots: number[] = [];
  readonly #outWeights: number[] = [];
  readonly #outPlaces: number[] = [];

  constructor(node: TopNNode, input: DataflowNode, context: OperatorContext) {
    this.#node = node;
    this.#context = context;
    this.#all = input.columns.map((_column, at) => at);
    this.#keep = Number(must(node.limit, 'limit') + node.offset);
    this.#offset = Number(node.offset);
    this.#store = context.store('rows', [
      ...input.columns.map(({ name, type }) => ({ name, type, nullable: true })),
      { name: '$place', type: { name: 'int4' }, nullable: false },
      ...node.ttl === undefined ? [] : [TOUCHED_COLUMN],
    ]);
    this.#ages = node.ttl === undefined ? null
      : new TouchQueue(this.#store, this.#all.length + 1, node.ttl);
    const directory = new RowStore('partitions', node.partitionBy.map((at) => ({
      name: `p${at}`, type: must(input.columns[at], 'partition column').type, nullable: true,
    })));
    this.#directory = new HashIndex(directory, node.partitionBy.map((_column, at) => at));
    const rest = this.#all.filter((at) => !node.partitionBy.includes(at)
      && !node.orderBy.some(({ column }) => column === at));
    const keys = [...node.orderBy, ...rest.map((column) =>
      ({ column, descending: false, nullsFirst: false }))];
    this.#orderColumns = keys.map(({ column }) => column);
    this.#makeOrder = orderMaker(keys.map(({ column, descending, nullsFirst }) => ({
      descending, nullsFirst, type: must(input.columns[column], 'sort column').type,
    })));
    this.#expiry = node.evict === null ? null : new ExpiryQueue(this.#store, node.evict.column);
  }

  get #places(): Int32Array { return this.#store.column(this.#all.length).i32; }

  push(_port: number, batch: Batch, _emit: Emit): void {
    if (this.#ages === null) this.#take(batch);
    else this.#pending.push(batch);
  }

  #take(batch: Batch): void {
    const { length, weights } = batch;
    this.#assign(this.#keyColumns(batch), length);
    if (this.#ages !== null) {
      for (let row = 0; row < length; row++) this.#seen.add(this.#partitions[row] as number);
    }
    const ordered = this.#orderColumns.map((at) => must(batch.columns[at], 'column'));
    this.#slotOrder = this.#makeOrder(
      this.#orderColumns.map((at) => this.#store.column(at)), ordered);
    this.#rowOrder = null;
    this.#batch = batch;
    for (let row = 0; row < length; row++) {
      const copies = Math.min(weights[row] as number, this.#keep);
      for (let n = 0; n < copies; n++) this.#offer(this.#partitions[row] as number, row);
    }
    this.#batch = null;
    this.#storeEntries(batch);
  }

  #keyColumns(batch: Batch): Column[] {
    return this.#node.partitionBy.map((at) => must(batch.columns[at], 'key column'));
  }

  /** Finds or makes the partition of each row. */
  #assign(keys: readonly Column[], count: number): void {
    if (this.#partitions.length < count) this.#partitions = new Int32Array(count * 2);
    const directory = this.#directory;
    directory.findOrInsert(keys, count, directory.hash(keys, count), this.#partitions);
    const { capacity } = directory.store;
    if (this.#counts.length < capacity) {
      this.#counts = grown(this.#counts, capacity);
      this.#entries = grown(this.#entries, capacity * this.#keep);
      this.#marks = grown(this.#marks, capacity);
    }
    for (let i = 0; i < directory.insertedCount; i++) {
      this.#counts[directory.inserted[i] as number] = 0;
    }
  }

  /** Order of an entry and a row of the batch. */
  #compare(entry: number, row: number): number {
    if (entry >= 0) return this.#slotOrder(entry, row);
    if (this.#rowOrder === null) {
      const { columns } = must(this.#batch, 'batch');
      const ordered = this.#orderColumns.map((at) => must(columns[at], 'column'));
      this.#rowOrder = this.#makeOrder(ordered, ordered);
    }
    return this.#rowOrder(-1 - entry, row);
  }

  /** Lets a row take its place among the first, if it has one. */
  #offer(partition: number, row: number): void {
    const keep = this.#keep;
    const base = partition * keep;
    const entries = this.#entries;
    const count = this.#counts[partition] as number;
    let at = count;
    while (at > 0 && this.#compare(entries[base + at - 1] as number, row) > 0) at--;
    if (at === keep) return;
    this.#taken++;
    if (count === keep) {
      const last = entries[base + keep - 1] as number;
      if (last >= 0) this.#gone.push(last);
    } else {
      this.#counts[partition] = count + 1;
    }
    for (let i = Math.min(count, keep - 1); i > at; i--) {
      entries[base + i] = entries[base + i - 1] as number;
    }
    entries[base + at] = -1 - row;
    if (((this.#marks[partition] as number) & IN_BATCH) === 0) this.#inBatch.push(partition);
    if (((this.#marks[partition] as number) & TOUCHED) === 0) this.#touched.push(partition);
    this.#marks[partition] = IN_BATCH | TOUCHED;
  }

  /** Gives slots to the rows of the batch that are still in. */
  #storeEntries(batch: Batch): void {
    const taken = this.#taken;
    if (taken === 0) return;
    this.#taken = 0;
    const rows = new Int32Array(taken);
    const slots = new Int32Array(taken);
    this.#store.reserve(taken);
    let made = 0;
    for (const partition of this.#inBatch) {
      this.#marks[partition] = TOUCHED;
      const base = partition * this.#keep;
      const end = base + (this.#counts[partition] as number);
      for (let at = base; at < end; at++) {
        const entry = this.#entries[at] as number;
        if (entry >= 0) continue;
        const slot = this.#store.alloc();
        rows[made] = -1 - entry;
        slots[made++] = slot;
        this.#entries[at] = slot;
        this.#notePartition(slot, partition);
      }
    }
    this.#inBatch = [];
    for (const at of this.#all) {
      scatter(must(batch.columns[at], 'column'), rows, this.#store.column(at),
        { slots, count: made });
    }
    const places = this.#places;
    for (let i = 0; i < made; i++) places[slots[i] as number] = 0;
    this.#expiry?.insertSlots(slots, made);
  }

  /** Eviction must find the partition of a row again. */
  #notePartition(slot: number, partition: number): void {
    if (this.#expiry === null && this.#ages === null) return;
    if (this.#partitionOf.length < this.#store.capacity) {
      this.#partitionOf = grown(this.#partitionOf, this.#store.capacity);
    }
    this.#partitionOf[slot] = partition;
  }

  flush(frontier: Frontier, emit: Emit): void {
    if (this.#ages !== null) this.#age(this.#ages, frontier.now, emit);
    const places = this.#places;
    const isNumbered = this.#node.rank !== 'none';
    for (const slot of this.#gone) {
      const place = places[slot] as number;
      if (place > 0) this.#out(slot, -1, place);
    }
    for (const partition of this.#touched) {
      this.#marks[partition] = 0;
      const base = partition * this.#keep;
      const count = this.#counts[partition] as number;
      for (let at = 0; at < count; at++) {
        const slot = this.#entries[base + at] as number;
        const was = places[slot] as number;
        const is = at < this.#offset ? 0 : at + 1;
        if (was === is) continue;
        places[slot] = is;
        this.#store.touch(slot);
        if (!isNumbered && was > 0 && is > 0) continue;
        if (was > 0) this.#out(slot, -1, was);
        if (is > 0) this.#out(slot, 1, is);
      }
    }
    this.#touched.length = 0;
    this.#emit(emit);
    this.#free();
    this.#evict(frontier);
    if (this.#ages !== null) this.#touchSeen(this.#ages, frontier.now);
  }

  /** Takes back the partitions whose time is up, then lets the epoch's rows in. */
  #age(ages: TouchQueue, now: bigint, emit: Emit): void {
    const due = ages.takeDue(now);
    const places = this.#places;
    for (const slot of due) {
      const place = places[slot] as number;
      if (place > 0) this.#out(slot, -1, place);
    }
    this.#emit(emit);
    for (const slot of due) this.#drop(slot);
    const pending = this.#pending;
    this.#pending = [];
    for (const batch of pending) this.#take(batch);
  }

  #touchSeen(ages: TouchQueue, now: bigint): void {
    const slots: number[] = [];
    for (const partition of this.#seen) {
      const base = partition * this.#keep;
      const end = base + (this.#counts[partition] as number);
      for (let at = base; at < end; at++) slots.push(this.#entries[at] as number);
    }
    this.#seen.clear();
    ages.touch(Int32Array.from(slots), slots.length, now);
  }

  #out(slot: number, weight: number, place: number): void {
    this.#outSlots.push(slot);
    this.#outWeights.push(weight);
    this.#outPlaces.push(place);
  }

  #emit(emit: Emit): void {
    const { batchRows } = this.#context;
    const total = this.#outSlots.length;
    for (let from = 0; from < total; from += batchRows) {
      const count = Math.min(batchRows, total - from);
      const slots = Int32Array.from(this.#outSlots.slice(from, from + count));
      const columns = gatherSlots(this.#store, this.#all, slots, count);
      if (this.#node.rank !== 'none') columns.push(this.#placeColumn(from, count));
      emit({
        length: count, columns,
        weights: Int32Array.from(this.#outWeights.slice(from, from + count)),
      });
    }
    this.#outSlots.length = 0;
    this.#outWeights.length = 0;
    this.#outPlaces.length = 0;
  }

  #placeColumn(from: number, count: number): Column {
    const column = makeColumn('i64', count);
    const data = column.data as BigInt64Array;
    for (let i = 0; i < count; i++) data[i] = BigInt(this.#outPlaces[from + i] as number);
    return column;
  }

  #free(): void {
    if (this.#gone.length === 0) return;
    this.#expiry?.removeSlots(Int32Array.from(this.#gone), this.#gone.length);
    this.#ages?.remove(Int32Array.from(this.#gone), this.#gone.length);
    for (const slot of this.#gone) this.#store.free(slot);
    this.#gone = [];
  }

  /** Forgets rows whose window is final; what is out stays out. */
  #evict(frontier: Frontier): void {
    const { evict } = this.#node;
    const watermark = evict === null ? null : frontier.watermark(evict.watermark);
    if (this.#expiry === null || watermark === null) return;
    for (const slot of this.#expiry.takeUpTo(watermark)) this.#drop(slot);
  }

  /** Lets a slot go, and its partition with the last one. */
  #drop(slot: number): void {
    const partition = this.#partitionOf[slot] as number;
    const base = partition * this.#keep;
    const count = this.#counts[partition] as number;
    const at = this.#entries.indexOf(slot, base);
    this.#entries.copyWithin(at, at + 1, base + count);
    this.#counts[partition] = count - 1;
    this.#store.free(slot);
    if (count > 1) return;
    this.#directory.removeSlots(Int32Array.of(partition), 1);
    this.#directory.store.free(partition);
  }

  watermarks(): readonly WatermarkExpr[] {
    return this.#node.evict === null ? [] : [this.#node.evict.watermark];
  }

  dueAt(): bigint | null { return this.#ages?.dueAt() ?? null; }

  oldest(): bigint | null {
    const { evict } = this.#node;
    return evict === null ? this.#ages?.oldest() ?? null : oldestOf(this.#store, evict.column);
  }

  restore(): void {
    const directory = this.#directory.store;
    for (let at = 0; at < directory.top; at++) if (directory.live[at] === 1) directory.free(at);
    this.#directory.rebuild();
    this.#counts.fill(0);
    const columns = this.#orderColumns.map((at) => this.#store.column(at));
    const order = this.#makeOrder(columns, columns);
    forLiveSlots(this.#store, 4096, (slots, count) => {
      this.#assign(gatherSlots(this.#store, this.#node.partitionBy, slots, count), count);
      for (let i = 0; i < count; i++) {
        this.#restoreSlot(slots[i] as number, this.#partitions[i] as number, order);
      }
    });
    this.#expiry?.rebuild();
    this.#ages?.restore();
    this.#pending = [];
  }

  #restoreSlot(slot: number, partition: number, order: RowOrder): void {
    const base = partition * this.#keep;
    let at = this.#counts[partition] as number;
    this.#counts[partition] = at + 1;
    // Equal rows keep the places they have.
    const places = this.#places;
    for (; at > 0; at--) {
      const before = this.#entries[base + at - 1] as number;
      const compared = order(before, slot) || (places[before] as number) - (places[slot] as number);
      if (compared <= 0) break;
      this.#entries[base + at] = before;
    }
    this.#entries[base + at] = slot;
    this.#notePartition(slot, partition);
  }

  size(): StateSize {
    return {
      rows: this.#store.rows,
      bytes: this.#store.bytes() + this.#directory.bytes() + this.#directory.store.bytes()
        + this.#entries.byteLength + this.#counts.byteLength + this.#partitionOf.byteLength
        + (this.#expiry?.bytes() ?? 0) + (this.#ages?.bytes() ?? 0),
    };
  }
}

const TOUCHED = 1;
const IN_BATCH = 2;
