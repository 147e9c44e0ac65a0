/**
 * ChainIndex: from key columns of a RowStore to all slots with that key, as a linked chain.
 *
 * A hash table holds the first slot of each chain; `next` and `prev` link the rest by slot. Where
 * rows never leave (`permanent`) there is no `prev`: inserting then writes nothing into rows that
 * are there. Used by join arrangements and expiry. Unless `nullsMatch`, rows with a NULL in the key
 * are in no chain and found by nothing. The order within a chain carries no meaning. Rebuilt from
 * the store.
 */
import { must } from '../../common/assert.ts';
import { sameType } from '../../common/types/sql-type.ts';
import type { Value } from '../../common/values.ts';
import type { Column } from '../batch.ts';
import { equalityOf, keyKindOf } from '../kernels/key-kind.ts';
import type { KeyKind } from '../kernels/key-kind.ts';
import { chainLoop, findLoop } from '../kernels/probe.ts';
import type { ChainLoop, ProbeColumn, ProbeData, ProbeLoop } from '../kernels/probe.ts';
import { shapeName } from '../kernels/shape.ts';
import { KeyHasher } from './hash-columns.ts';
import { forLiveSlots, probeData } from './hash-index.ts';
import { grown } from './grow.ts';
import { HashTable } from './hash-table.ts';
import type { RowStore, StoreColumnData } from './row-store.ts';

const REBUILD_ROWS = 4096;
const NOT_CHAINED = -2;

/** The index; see the head of the file. */
export class ChainIndex {
  readonly store: RowStore;
  readonly key: readonly number[];
  readonly nullsMatch: boolean;
  /** Slot after a slot in its chain, -1 at the end. */
  next: Int32Array;
  /** Slot before a slot in its chain, -1 for the first; null where rows never leave. */
  #prev: Int32Array | null;
  readonly #columns: readonly StoreColumnData[];
  readonly #kinds: readonly KeyKind[];
  readonly #equal: readonly ((a: Value, b: Value) => boolean)[];
  readonly #hasher: KeyHasher;
  readonly #table = new HashTable();
  readonly #finds = new Map<number | string, ProbeLoop>();
  /** Which columns of the keys looked for have NULLs. */
  readonly #digits: Uint8Array;
  #insert: ChainLoop | null = null;
  #hashes: Int32Array = new Int32Array(0);

  constructor(
    store: RowStore, key: readonly number[], nullsMatch: boolean = false,
    permanent: boolean = false,
  ) {
    this.store = store;
    this.key = key;
    this.nullsMatch = nullsMatch;
    this.#columns = key.map((at) => store.column(at));
    this.#kinds = this.#columns.map(({ column }) => keyKindOf(column.type));
    this.#equal = this.#columns.map(({ column }) => equalityOf(column.type));
    this.#hasher = new KeyHasher(this.#columns.map(({ column }) => column.type));
    this.#digits = new Uint8Array(key.length);
    this.next = new Int32Array(store.capacity);
    this.#prev = permanent ? null : new Int32Array(store.capacity).fill(NOT_CHAINED);
  }

  /** For the generated loops. */
  get tables(): readonly Int32Array[] { return this.#table.tables; }
  /** For the generated loops. */
  get partitionMask(): number { return this.#table.partitionMask; }
  /** For the generated loops. */
  get capacity(): number { return this.store.capacity; }
  /** Different keys in the index. */
  get keys(): number { return this.#table.entries; }

  /** For the generated loops: data of a key column, 64-bit integers as lanes. */
  data(column: number): ProbeData {
    return probeData(this.#columns[column] as StoreColumnData);
  }

  /** For the generated loops: NULL mask of a key column. */
  mask(column: number): Uint8Array | null {
    return (this.#columns[column] as StoreColumnData).nulls;
  }

  /** For the generated loops: enters the first slot of a new key. */
  add(hash: number, partition: number, position: number, slot: number = -1): number {
    this.#table.put(hash, slot, partition, position);
    return slot;
  }

  /** Whether keys hash to the same numbers as those of another index. */
  hashesLike(other: ChainIndex): boolean {
    return other.key.length === this.key.length && this.#columns.every(({ column }, at) =>
      sameType(column.type, (other.#columns[at] as StoreColumnData).column.type));
  }

  /** Hashes keys of a batch; the array is overwritten by the next call on this index. */
  hash(columns: readonly Column[], count: number): Int32Array {
    const out = this.#buffer(count);
    this.#hasher.hash(columns, null, count, out);
    return out;
  }

  /** Writes the first slot of each key's chain into `out`, -1 where there is none. */
  lookup(columns: readonly Column[], count: number, hashes: Int32Array, out: Int32Array): void {
    this.#find(columns, null, { count, hashes, out });
  }

  /** The first slots of the chains that have the keys of rows of another store. */
  lookupStore(
    columns: readonly StoreColumnData[], slots: Int32Array, count: number, out: Int32Array,
  ): void {
    const hashes = this.#buffer(count);
    this.#hasher.hash(columns, slots, count, hashes);
    this.#find(columns, slots, { count, hashes, out });
  }

  #find(
    columns: readonly (Column | StoreColumnData)[], rows: Int32Array | null,
    { count, hashes, out }: {
      readonly count: number; readonly hashes: Int32Array; readonly out: Int32Array;
    },
  ): void {
    if (count === 0) return;
    const digits = this.#digits;
    for (let at = 0; at < digits.length; at++) digits[at] = columns[at]?.nulls == null ? 0 : 1;
    const shape = shapeName(1, digits);
    let loop = this.#finds.get(shape);
    if (loop === undefined) {
      loop = findLoop(this.#layout(columns.map(({ nulls }) => nulls !== null)), this.nullsMatch);
      this.#finds.set(shape, loop);
    }
    loop(this, {
      rows, hashes, equal: this.#equal, data: columns.map(probeData),
      masks: columns.map(({ nulls }) => nulls),
    }, count, out);
  }

  /** Puts live slots, in no chain yet, at the head of the chains of their keys. */
  insertSlots(slots: Int32Array, count: number): void {
    if (count === 0) return;
    const hashes = this.#buffer(count);
    this.#hasher.hash(this.#columns, slots, count, hashes);
    this.insertHashed(slots, count, hashes);
  }

  /** As `insertSlots`, where the hashes of the keys are known. */
  insertHashed(slots: Int32Array, count: number, hashes: Int32Array): void {
    if (count === 0) return;
    this.#ensure();
    this.#insert ??= chainLoop(
      this.#layout(this.#columns.map(({ nulls }) => nulls !== null)),
      { nullsMatch: this.nullsMatch, backwards: this.#prev !== null });
    this.#insert(this, {
      rows: slots, hashes, equal: this.#equal, data: this.#columns.map(probeData),
      masks: this.#columns.map(({ nulls }) => nulls),
    }, count, { next: this.next, prev: this.#prev });
  }

  /** Takes slots out of their chains. Before their cells are changed and before they are freed. */
  removeSlots(slots: Int32Array, count: number): void {
    const { next } = this;
    const prev = must(this.#prev, 'links of rows that may leave');
    const hashes = this.#buffer(count);
    this.#hasher.hash(this.#columns, slots, count, hashes);
    for (let i = 0; i < count; i++) {
      const slot = slots[i] as number;
      const before = prev[slot] as number;
      const after = next[slot] as number;
      if (before === NOT_CHAINED) continue;
      if (before >= 0) next[before] = after;
      else if (after >= 0) this.#table.replace(hashes[i] as number, slot, after);
      else this.#table.remove(hashes[i] as number, slot);
      if (after >= 0) prev[after] = before;
      next[slot] = NOT_CHAINED;
      prev[slot] = NOT_CHAINED;
    }
  }

  /** Makes the index anew from the live slots of the store. */
  rebuild(): void {
    this.#table.clear();
    this.next = new Int32Array(this.store.capacity);
    if (this.#prev !== null) {
      this.#prev = new Int32Array(this.store.capacity).fill(NOT_CHAINED);
    }
    forLiveSlots(this.store, REBUILD_ROWS, (slots, count) => this.insertSlots(slots, count));
  }

  /** Bytes of the table and the links. */
  bytes(): number {
    return this.#table.bytes() + this.next.byteLength + (this.#prev?.byteLength ?? 0);
  }

  /** Store-side masks always count: a chain's key columns may hold NULLs from before. */
  #layout(batchNulls: readonly boolean[]): ProbeColumn[] {
    return this.#columns.map(({ nulls }, at): ProbeColumn => ({
      kind: this.#kinds[at] as KeyKind, batchNulls: batchNulls[at] === true,
      storeNulls: this.nullsMatch && nulls !== null, storeMask: nulls !== null, compared: true,
    }));
  }

  #ensure(): void {
    const { capacity } = this.store;
    if (this.next.length >= capacity) return;
    const before = this.next.length;
    this.next = grown(this.next, capacity);
    if (this.#prev !== null) this.#prev = grown(this.#prev, capacity).fill(NOT_CHAINED, before);
  }

  #buffer(count: number): Int32Array {
    if (this.#hashes.length < count) this.#hashes = new Int32Array(Math.max(count, 64) * 2);
    return this.#hashes;
  }
}
