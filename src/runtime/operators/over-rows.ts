/**
 * The rows of an `over` node by partition and order.
 *
 * Every copy of a row has a slot of its own; the slots of a partition stand in order: sort keys,
 * then the whole row, then the slot. The store's columns are the row's, then one per call: what is
 * out. Rows taken out stay readable until `settle`. Partitions are numbered by a hash index that is
 * not durable.
 */
import { assert, must } from '../../common/assert.ts';
import type { DataflowNode } from '../../planner/dataflow.ts';
import type { Batch } from '../batch.ts';
import { orderMaker } from '../kernels/order.ts';
import type { OrderKey, RowOrder } from '../kernels/order.ts';
import type { OperatorContext } from '../operator.ts';
import { grown } from '../state/grow.ts';
import { ExpiryQueue } from '../state/expiry-queue.ts';
import { forLiveSlots, HashIndex } from '../state/hash-index.ts';
import { RowStore } from '../state/row-store.ts';
import { gatherSlots, scatter } from '../state/transfer.ts';
import { PartitionRows } from './over-partition.ts';
import type { SlotBuffer } from './over-partition.ts';

/** A node of window functions. */
export type OverNode = Extract<DataflowNode, { kind: 'over' }>;

/** What has changed in a partition since the last `settle`. */
export interface PartitionChange {
  readonly partition: PartitionRows;
  readonly inserted: readonly number[];
  readonly removed: readonly number[];
}

interface Changes {
  inserted: number[];
  removed: number[];
}

/** A row order over the store, taken anew when the store grows. */
interface SlotOrder {
  readonly columns: readonly number[];
  readonly make: ReturnType<typeof orderMaker>;
  order: RowOrder;
}

/** The row stands in the store but was never emitted. */
const FRESH = 1;
const GONE = 2;

/** The rows; see the head of the file. */
export class OverRows {
  readonly store: RowStore;
  /** Numbers of the row's own columns. */
  readonly inputColumns: readonly number[];
  readonly #partitionBy: readonly number[];
  readonly #directory: HashIndex;
  readonly #partitions: (PartitionRows | null)[] = [];
  readonly #buffer: SlotBuffer = { slots: new Int32Array(0) };
  readonly #peers: SlotOrder;
  readonly #total: SlotOrder;
  readonly #expiry: ExpiryQueue | null;
  readonly #changed = new Map<number, Changes>();
  #boundCapacity = -1;
  #marks: Uint8Array = new Uint8Array(64);
  #partitionOf: Int32Array = new Int32Array(64);
  #current: PartitionRows | null = null;
  /** The slot the stable predicates below speak of. */
  #probe = 0;

  constructor(node: OverNode, input: DataflowNode, context: OperatorContext) {
    const { columns } = input;
    this.inputColumns = columns.map((_column, at) => at);
    this.store = context.store('rows', [
      ...columns.map(({ name, type }) => ({ name, type, nullable: true })),
      ...node.calls.map(({ type }, at) => ({ name: `$call${at}`, type, nullable: true })),
    ]);
    this.#partitionBy = node.partitionBy;
    const directory = new RowStore('partitions', node.partitionBy.map((at) => ({
      name: `p${at}`, type: must(columns[at], 'partition column').type, nullable: true,
    })));
    this.#directory = new HashIndex(directory, node.partitionBy.map((_column, at) => at));
    const rest = this.inputColumns.filter((at) => !node.partitionBy.includes(at)
      && !node.orderBy.some(({ column }) => column === at));
    this.#peers = this.#slotOrder(node.orderBy);
    const { tieBreak } = node;
    const ties = tieBreak === undefined ? rest : [tieBreak];
    this.#total = this.#slotOrder([...node.orderBy, ...ties.map((column) =>
      ({ column, descending: false, nullsFirst: false }))]);
    this.#expiry = node.evict === null ? null : new ExpiryQueue(this.store, node.evict.column);
  }

  #slotOrder(keys: OverNode['orderBy']): SlotOrder {
    const orderKeys = keys.map((key): OrderKey => ({
      type: this.store.column(key.column).column.type, descending: key.descending,
      nullsFirst: key.nullsFirst,
    }));
    return { columns: keys.map(({ column }) => column), make: orderMaker(orderKeys),
      order: () => 0 };
  }

  /** The comparators hold the store's arrays, which are replaced when it grows. */
  #bind(): void {
    const { capacity } = this.store;
    if (this.#boundCapacity === capacity) return;
    for (const each of [this.#peers, this.#total]) {
      const columns = each.columns.map((at) => this.store.column(at));
      each.order = each.make(columns, columns);
    }
    if (this.#marks.length < capacity) {
      this.#marks = grown(this.#marks, capacity);
      this.#partitionOf = grown(this.#partitionOf, capacity);
    }
    this.#boundCapacity = capacity;
  }

  /** The partition `changes` has come to. */
  get current(): PartitionRows { return must(this.#current, 'a partition at hand'); }

  /** True for a row that has come since the last `settle`. */
  isFresh(slot: number): boolean { return this.#marks[slot] === FRESH; }

  readonly #beforeProbe = (other: number): boolean => {
    const order = this.#total.order(other, this.#probe);
    return order !== 0 ? order < 0 : other < this.#probe;
  };

  readonly #belowProbe = (other: number): boolean => this.#total.order(other, this.#probe) < 0;

  readonly #peerOrder = (a: number, b: number): number => this.#peers.order(a, b);

  /** Where a row stands in its partition, or stood. */
  position(partition: PartitionRows, slot: number): number {
    this.#probe = slot;
    return partition.sequence.lowerBound(this.#beforeProbe);
  }

  /** Puts in the rows with positive weight; gives their slots. */
  insert(batch: Batch): Int32Array {
    const slots = this.#write(batch, 1);
    const partitions = this.#partitionsOf(slots, true);
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i] as number;
      const partition = partitions[i] as number;
      this.#partitionOf[slot] = partition;
      this.#marks[slot] = FRESH;
      this.#probe = slot;
      this.#rowsOf(partition).sequence.insert(slot, this.#beforeProbe);
      this.#changesOf(partition).inserted.push(slot);
    }
    this.#expiry?.insertSlots(slots, slots.length);
    return slots;
  }

  /** Takes out the rows with negative weight. Rows that were evicted are not there and ignored. */
  remove(batch: Batch): void {
    const wanted = this.#write(batch, -1);
    if (wanted.length === 0) return;
    const partitions = this.#partitionsOf(wanted, false);
    for (let i = 0; i < wanted.length; i++) {
      const found = this.#takeOut(wanted[i] as number, partitions[i] as number);
      assert(found || this.#expiry !== null, 'retraction of a row that is not there');
    }
    for (const slot of wanted) this.store.free(slot);
  }

  /** Takes out a row equal to that of a slot. */
  #takeOut(wanted: number, partition: number): boolean {
    if (partition < 0) return false;
    const { sequence } = this.#rowsOf(partition);
    this.#probe = wanted;
    const position = sequence.lowerBound(this.#belowProbe);
    if (position >= sequence.length) return false;
    const slot = sequence.at(position);
    if (this.#total.order(slot, wanted) !== 0) return false;
    sequence.removeAt(position);
    const changes = this.#changesOf(partition);
    // A row that came and went within the flush was never seen.
    if (this.#marks[slot] === FRESH) this.#marks[slot] = GONE;
    changes.removed.push(slot);
    return true;
  }

  /** Writes the rows of a batch whose weight has a sign into new slots, one per copy. */
  #write(batch: Batch, sign: 1 | -1): Int32Array {
    let count = 0;
    for (let row = 0; row < batch.length; row++) {
      count += Math.max(0, sign * (batch.weights[row] as number));
    }
    const rows = new Int32Array(count);
    let at = 0;
    for (let row = 0; row < batch.length; row++) {
      for (let n = sign * (batch.weights[row] as number); n > 0; n--) rows[at++] = row;
    }
    this.store.reserve(count);
    const slots = new Int32Array(count);
    for (let i = 0; i < count; i++) slots[i] = this.store.alloc();
    for (const column of this.inputColumns) {
      scatter(must(batch.columns[column], 'column'), rows, this.store.column(column),
        { slots, count });
    }
    this.#bind();
    return slots;
  }

  #partitionsOf(slots: Int32Array, make: boolean): Int32Array {
    const { length } = slots;
    const keys = gatherSlots(this.store, this.#partitionBy, slots, length);
    const out = new Int32Array(length);
    const hashes = this.#directory.hash(keys, length);
    if (make) this.#directory.findOrInsert(keys, length, hashes, out);
    else this.#directory.find(keys, length, hashes, out);
    return out;
  }

  #rowsOf(partition: number): PartitionRows {
    const known = this.#partitions[partition] ?? null;
    if (known !== null) return known;
    while (this.#partitions.length < partition) this.#partitions.push(null);
    const made = new PartitionRows(this.#buffer, this.#peerOrder);
    this.#partitions[partition] = made;
    return made;
  }

  #changesOf(partition: number): Changes {
    const known = this.#changed.get(partition);
    if (known !== undefined) return known;
    const made: Changes = { inserted: [], removed: [] };
    this.#changed.set(partition, made);
    return made;
  }

  /** The partitions that changed, one at a time. */
  * changes(): Generator<PartitionChange> {
    for (const [number, { inserted, removed }] of this.#changed) {
      const partition = this.#rowsOf(number);
      this.#current = partition;
      yield {
        partition, inserted: inserted.filter((slot) => this.#marks[slot] === FRESH),
        removed: removed.filter((slot) => this.#marks[slot] !== GONE),
      };
    }
    this.#current = null;
  }

  /** Frees what was taken out; from here on the rows that came are as the others. */
  settle(): void {
    for (const [number, { inserted, removed }] of this.#changed) {
      for (const slot of inserted) this.#marks[slot] = 0;
      if (removed.length > 0) {
        this.#expiry?.removeSlots(Int32Array.from(removed), removed.length);
        for (const slot of removed) this.store.free(slot);
        this.#dropIfEmpty(number);
      }
    }
    this.#changed.clear();
  }

  #dropIfEmpty(partition: number): void {
    if (this.#rowsOf(partition).length > 0) return;
    this.#partitions[partition] = null;
    this.#directory.removeSlots(Int32Array.of(partition), 1);
    this.#directory.store.free(partition);
  }

  /** Forgets rows whose time has come; what is out stays out. */
  evict(watermark: bigint): void {
    const due = must(this.#expiry, 'eviction').takeUpTo(watermark);
    for (const slot of due) {
      const number = this.#partitionOf[slot] as number;
      const partition = this.#rowsOf(number);
      partition.sequence.removeAt(this.position(partition, slot));
      partition.forget();
      this.store.free(slot);
      this.#dropIfEmpty(number);
    }
  }

  /** Rebuilds partitions and their order from the store. */
  restore(): void {
    this.#boundCapacity = -1;
    this.#bind();
    this.#marks.fill(0);
    const directory = this.#directory.store;
    for (let at = 0; at < directory.top; at++) if (directory.live[at] === 1) directory.free(at);
    this.#directory.rebuild();
    this.#partitions.length = 0;
    const members: number[][] = [];
    forLiveSlots(this.store, 4096, (slots, count) => {
      const part = slots.slice(0, count);
      const partitions = this.#partitionsOf(part, true);
      for (let i = 0; i < count; i++) {
        const partition = partitions[i] as number;
        this.#partitionOf[part[i] as number] = partition;
        (members[partition] ??= []).push(part[i] as number);
      }
    });
    members.forEach((slots, partition) => {
      this.#rowsOf(partition).sequence.fill(slots.sort((a, b) =>
        this.#total.order(a, b) || a - b));
    });
    this.#expiry?.rebuild();
  }

  /** Bytes, approximately. */
  bytes(): number {
    return this.store.bytes() + this.store.rows * 12 + this.#directory.bytes()
      + (this.#expiry?.bytes() ?? 0);
  }
}
