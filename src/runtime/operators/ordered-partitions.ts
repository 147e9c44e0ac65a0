/**
 * Rows in order within partitions: what top-N, ASOF and temporal joins keep.
 *
 * The store's columns are the row's, then `$weight`, then the owner's own. Changes are staged as
 * batches arrive and enter the ordered sets at `settle`, net per row, so that an owner sees each
 * row inserted, reweighed or removed at most once an epoch. Removed rows stay readable until
 * `release`.
 * Partitions are numbered by a hash index over their key that is not durable; a partition without
 * rows is given up.
 */
import { must } from '../../common/assert.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { DataflowColumn } from '../../planner/dataflow.ts';
import type { Batch, Column } from '../batch.ts';
import type { OperatorContext } from '../operator.ts';
import { arrangementColumns } from '../state/arrangement.ts';
import { grown } from '../state/grow.ts';
import { forLiveSlots, HashIndex } from '../state/hash-index.ts';
import { OrderedIndex } from '../state/ordered-index.ts';
import type { IndexKey } from '../state/ordered-index.ts';
import { RowStore } from '../state/row-store.ts';
import type { StoreColumn } from '../state/row-store.ts';
import { gatherSlots, scatter } from '../state/transfer.ts';

/** What the rows are and how they are arranged. */
export interface PartitionsOptions {
  readonly name: string;
  readonly columns: readonly DataflowColumn[];
  readonly partitionBy: readonly number[];
  readonly order: readonly IndexKey[];
  /** Columns that decide between rows with equal order. */
  readonly tieBreak: readonly number[];
  /** The last of them is first. */
  readonly tieDescending?: boolean;
  /** Columns unique together, or null. */
  readonly key: readonly number[] | null;
  readonly appendOnly: boolean;
  /** Columns that do not tell rows apart; of equal rows the first one's cells are kept. */
  readonly ignored?: readonly number[];
  /** The owner's columns behind the weight: int4 unless said otherwise; 0 for a new row. */
  readonly extra: readonly (string | { readonly name: string; readonly type: SqlType })[];
}

/** What becomes of a row at `settle`; `partition` numbers its partition. */
export interface SettleVisitor {
  /** The row is in its set now. */
  inserted(slot: number, partition: number): void;
  /** The row's weight has changed. */
  reweighed(slot: number, partition: number): void;
  /** The row is about to leave its set; its cells stay readable until `release`. */
  removing(slot: number, partition: number): void;
}

const REBUILD_ROWS = 4096;

/** The rows; see the head of the file. */
export class OrderedPartitions {
  readonly store: RowStore;
  /** Columns of a row. */
  readonly width: number;
  readonly index: OrderedIndex;
  /** Root of each partition's set. */
  roots: Int32Array = new Int32Array(16);
  readonly #partitionBy: readonly number[];
  readonly #ignored: readonly number[];
  /** The columns that tell rows apart, and those of them that are hashed. */
  readonly #compared: readonly number[];
  readonly #identityKey: readonly number[];
  readonly #identity: HashIndex | null;
  readonly #extra: readonly number[];
  readonly #directory: HashIndex;
  #partitionOf: Int32Array = new Int32Array(64);
  #slots: Int32Array = new Int32Array(64);
  #partitions: Int32Array = new Int32Array(64);
  /** Slots changed since the last settle, and their weights before. */
  #staged: number[] = [];
  #before: number[] = [];
  #stagedMark: Uint8Array = new Uint8Array(64);
  #removed: number[] = [];

  constructor(options: PartitionsOptions, context: OperatorContext) {
    const { columns, partitionBy } = options;
    this.width = columns.length;
    const extra = options.extra.map((each): StoreColumn => typeof each === 'string'
      ? { name: each, type: { name: 'int4' }, nullable: false } : { ...each, nullable: false });
    this.store = context.store(options.name, [...arrangementColumns(columns), ...extra]);
    this.#extra = extra.map((_column, at) => columns.length + 1 + at);
    this.#partitionBy = partitionBy;
    this.#ignored = options.ignored ?? [];
    this.#compared = columns.map((_column, at) => at).filter((at) => !this.#ignored.includes(at));
    const key = options.key?.filter((at) => !this.#ignored.includes(at));
    this.#identityKey = key ?? this.#compared;
    this.#identity = options.appendOnly ? null : new HashIndex(this.store, this.#compared,
      { hashed: this.#identityKey.map((at) => this.#compared.indexOf(at)) });
    this.index = new OrderedIndex(this.store, options.order, {
      tieBreak: options.tieBreak, tieDescending: options.tieDescending === true,
      weights: columns.length,
    });
    const directory = new RowStore('partitions', partitionBy.map((at) => ({
      name: `p${at}`, type: must(columns[at], 'partition column').type, nullable: true,
    })));
    this.#directory = new HashIndex(directory, partitionBy.map((_column, at) => at));
  }

  /** Weight by slot; taken again after `stage`. */
  get weights(): Int32Array { return this.store.column(this.width).i32; }

  /** One of the owner's own int4 columns, by its place in `extra`. */
  extra(at: number): Int32Array { return this.store.column(this.width + 1 + at).i32; }

  /** One of the owner's own int8 columns, by its place in `extra`. */
  extraBig(at: number): BigInt64Array { return this.store.column(this.width + 1 + at).i64; }

  /** The partition of a row. */
  partitionOf(slot: number): number { return this.#partitionOf[slot] as number; }

  /** Numbers below which all partitions are. */
  get partitionsTop(): number { return this.#directory.store.top; }

  /** Writes the partition of each key of a batch, -1 where it has no rows. */
  findPartitions(keys: readonly Column[], count: number, out: Int32Array): void {
    this.#directory.find(keys, count, this.#directory.hash(keys, count), out);
  }

  /** Writes the partition of each row of a batch of these rows, -1 where it has no rows. */
  partitionsOf(batch: Batch, out: Int32Array): void {
    this.findPartitions(this.#partitionBy.map((at) => must(batch.columns[at], 'key')),
      batch.length, out);
  }

  /** Writes the slot of each whole row of a batch, -1 where it is not kept. Not for append-only. */
  findRows(batch: Batch, out: Int32Array): void {
    const identity = must(this.#identity, 'identity index');
    const hashed = this.#identityKey.map((at) => must(batch.columns[at], 'column'));
    identity.find(this.#comparedColumns(batch), batch.length, identity.hash(hashed, batch.length),
      out);
  }

  #comparedColumns(batch: Batch): readonly Column[] {
    return this.#ignored.length === 0 ? batch.columns
      : this.#compared.map((at) => must(batch.columns[at], 'column'));
  }

  /** Takes in the changes of a batch. */
  stage(batch: Batch): void {
    const { length } = batch;
    this.#ensureRows(length);
    const slots = this.#slots;
    this.#place(batch, slots);
    this.#assign(this.#partitionBy.map((at) => must(batch.columns[at], 'key')), slots, length);
    const { weights } = this;
    if (this.#stagedMark.length < this.store.capacity) {
      this.#stagedMark = grown(this.#stagedMark, this.store.capacity);
    }
    const marks = this.#stagedMark;
    for (let i = 0; i < length; i++) {
      const slot = slots[i] as number;
      const weight = weights[slot] as number;
      if (marks[slot] === 0) {
        marks[slot] = 1;
        this.#staged.push(slot);
        this.#before.push(weight);
        this.store.touch(slot);
      }
      weights[slot] = weight + (batch.weights[i] as number);
    }
  }

  /** Finds or makes the slot of each row; new rows have weight 0. */
  #place(batch: Batch, slots: Int32Array): void {
    const { length } = batch;
    const { store } = this;
    const made: Int32Array = slots;
    let madeCount = length;
    if (this.#identity === null) {
      store.reserve(length);
      for (let i = 0; i < length; i++) slots[i] = store.alloc();
      for (let at = 0; at < this.width; at++) {
        scatter(must(batch.columns[at], 'column'), null, store.column(at),
          { slots, count: length });
      }
      this.#clear(made, madeCount);
      return;
    }
    const hashed = this.#identityKey.map((at) => must(batch.columns[at], 'column'));
    const identity = this.#identity;
    const hashes = identity.hash(hashed, length);
    identity.findOrInsert(this.#comparedColumns(batch), length, hashes, slots);
    madeCount = identity.insertedCount;
    this.#clear(identity.inserted, madeCount);
    if (this.#ignored.length > 0) this.#fillIgnored(batch, slots);
  }

  /** Writes the cells that the identity index did not write, for rows that are new. */
  #fillIgnored(batch: Batch, slots: Int32Array): void {
    const { weights } = this;
    const rows: number[] = [];
    for (let row = batch.length - 1; row >= 0; row--) {
      if (weights[slots[row] as number] === 0) rows.push(row);
    }
    const places = Int32Array.from(rows);
    const to = { slots: places.map((row) => slots[row] as number), count: places.length };
    for (const at of this.#ignored) {
      scatter(must(batch.columns[at], 'column'), places, this.store.column(at), to);
    }
  }

  #clear(slots: Int32Array, count: number): void {
    for (const at of [this.width, ...this.#extra]) {
      const column = this.store.column(at);
      if (column.kind === 'i64') {
        for (let i = 0; i < count; i++) column.i64[slots[i] as number] = 0n;
      } else {
        for (let i = 0; i < count; i++) column.i32[slots[i] as number] = 0;
      }
    }
  }

  /** Notes the partition of each slot, making partitions that are new. */
  #assign(keys: readonly Column[], slots: Int32Array, count: number): void {
    const directory = this.#directory;
    const partitions = this.#partitions;
    directory.findOrInsert(keys, count, directory.hash(keys, count), partitions);
    if (this.roots.length < directory.store.capacity) {
      this.roots = grown(this.roots, directory.store.capacity);
    }
    if (this.#partitionOf.length < this.store.capacity) {
      this.#partitionOf = grown(this.#partitionOf, this.store.capacity);
    }
    const { inserted, insertedCount } = directory;
    for (let i = 0; i < insertedCount; i++) this.roots[inserted[i] as number] = 0;
    for (let i = 0; i < count; i++) {
      this.#partitionOf[slots[i] as number] = partitions[i] as number;
    }
  }

  #ensureRows(count: number): void {
    if (this.#slots.length >= count) return;
    this.#slots = new Int32Array(count * 2);
    this.#partitions = new Int32Array(count * 2);
  }

  /** Brings the ordered sets up to date; tells `visitor` of every row whose weight changed. */
  settle(visitor: SettleVisitor): void {
    const { weights, index, roots } = this;
    const staged = Int32Array.from(this.#staged);
    // The sets count by weight: until its turn comes, a row keeps the weight it had.
    const afters = staged.map((slot) => weights[slot] as number);
    for (let i = 0; i < staged.length; i++) {
      weights[staged[i] as number] = this.#before[i] as number;
    }
    for (let i = 0; i < staged.length; i++) {
      const slot = staged[i] as number;
      const before = this.#before[i] as number;
      const after = afters[i] as number;
      const partition = this.partitionOf(slot);
      weights[slot] = after;
      this.#stagedMark[slot] = 0;
      if (after <= 0) {
        if (before > 0) this.#leave(slot, { before, visitor });
        else this.#removed.push(slot);
      } else if (before === 0) {
        roots[partition] = index.insert(roots[partition] as number, slot);
        visitor.inserted(slot, partition);
      } else if (before !== after) {
        index.reweigh(roots[partition] as number, slot, before);
        visitor.reweighed(slot, partition);
      }
    }
    this.#staged.length = 0;
    this.#before.length = 0;
  }

  #leave(
    slot: number, { before, visitor }: { readonly before: number; readonly visitor: SettleVisitor },
  ): void {
    const partition = this.partitionOf(slot);
    const { weights, roots } = this;
    weights[slot] = before;
    visitor.removing(slot, partition);
    roots[partition] = this.index.remove(roots[partition] as number, slot);
    weights[slot] = 0;
    this.#removed.push(slot);
  }

  /** Takes a row out of its set, whatever its weight; it is freed by `release`. */
  evict(slot: number): void {
    const partition = this.partitionOf(slot);
    this.roots[partition] = this.index.remove(this.roots[partition] as number, slot);
    this.weights[slot] = 0;
    this.#removed.push(slot);
  }

  /** Frees removed rows and partitions that have none left. */
  release(): void {
    const count = this.#removed.length;
    if (count === 0) return;
    const slots = Int32Array.from(this.#removed);
    this.#removed.length = 0;
    this.#identity?.removeSlots(slots, count);
    const empty = new Set<number>();
    for (const slot of slots) {
      const partition = this.partitionOf(slot);
      if (this.roots[partition] === 0) empty.add(partition);
      this.store.free(slot);
    }
    const gone = Int32Array.from(empty);
    this.#directory.removeSlots(gone, gone.length);
    for (const partition of gone) this.#directory.store.free(partition);
  }

  /** Rebuilds everything from the store. */
  restore(): void {
    const { store, index } = this;
    this.#identity?.rebuild();
    index.clear();
    const directory = this.#directory.store;
    for (let partition = 0; partition < directory.top; partition++) {
      if (directory.live[partition] === 1) directory.free(partition);
    }
    this.#directory.rebuild();
    this.#stagedMark = new Uint8Array(store.capacity);
    forLiveSlots(store, REBUILD_ROWS, (slots, count) => {
      this.#ensureRows(count);
      this.#assign(gatherSlots(store, this.#partitionBy, slots, count), slots, count);
      for (let i = 0; i < count; i++) {
        const slot = slots[i] as number;
        const partition = this.partitionOf(slot);
        this.roots[partition] = index.insert(this.roots[partition] as number, slot);
      }
    });
  }

  /** Rows kept. */
  get rows(): number { return this.store.rows; }

  /** Bytes, approximately. */
  bytes(): number {
    return this.store.bytes() + this.index.bytes() + (this.#identity?.bytes() ?? 0)
      + this.#directory.bytes() + this.#directory.store.bytes() + this.#partitionOf.byteLength;
  }
}
