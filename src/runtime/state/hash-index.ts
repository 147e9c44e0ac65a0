/**
 * HashIndex: finds the slot of a RowStore by the values of key columns, a batch at a time.
 *
 * Hashes are computed column-wise (`hash`), then one generated loop probes for the whole batch.
 * NULL equals NULL. With `hashed`, only some of the key columns are hashed though all are compared:
 * an arrangement of rows with a unique key hashes that key alone and can then be asked for either.
 * Holds no durable data: `rebuild` makes it from the store. Each live slot is in it once.
 */
import { must } from '../../common/assert.ts';
import type { Value } from '../../common/values.ts';
import type { Column } from '../batch.ts';
import { equalityOf, identical, keyKindOf } from '../kernels/key-kind.ts';
import type { KeyKind } from '../kernels/key-kind.ts';
import { findLoop, insertLoop } from '../kernels/probe.ts';
import type { ProbeColumn, ProbeData, ProbeLoop } from '../kernels/probe.ts';
import { shapeName } from '../kernels/shape.ts';
import { grown } from './grow.ts';
import { KeyHasher, lanesOf } from './hash-columns.ts';
import { HashTable } from './hash-table.ts';
import { StoreColumnData } from './row-store.ts';
import type { RowStore } from './row-store.ts';

const REBUILD_ROWS = 4096;

/** Options of an index. */
export interface HashIndexOptions {
  /** Positions within `key` that are hashed; all by default. */
  readonly hashed?: readonly number[];
  /** Values are told apart in every digit, not by SQL equality: for whole rows. */
  readonly exact?: boolean;
}

/** The index; see the head of the file. */
export class HashIndex {
  readonly store: RowStore;
  readonly key: readonly number[];
  /** Slots made by the last `findOrInsert`, `insertedCount` of them. */
  inserted: Int32Array = new Int32Array(16);
  insertedCount = 0;
  readonly #columns: readonly StoreColumnData[];
  readonly #kinds: readonly KeyKind[];
  readonly #equal: readonly ((a: Value, b: Value) => boolean)[];
  readonly #hashed: readonly number[];
  readonly #exact: boolean;
  /** SQL equality, for look-ups by the hashed columns. */
  readonly #sqlEqual: readonly ((a: Value, b: Value) => boolean)[];
  readonly #hasher: KeyHasher;
  readonly #table = new HashTable();
  /** Per key column: whether a NULL was ever stored. */
  readonly #nullSeen: boolean[];
  readonly #loops = new Map<number | string, ProbeLoop>();
  /** What is known of each column's NULLs in a batch and in the store. */
  readonly #digits: Uint8Array;
  #hashes: Int32Array = new Int32Array(0);

  constructor(store: RowStore, key: readonly number[], options: HashIndexOptions = {}) {
    this.store = store;
    this.key = key;
    this.#columns = key.map((at) => store.column(at));
    this.#kinds = this.#columns.map(({ column }) => keyKindOf(column.type));
    this.#exact = options.exact === true;
    this.#sqlEqual = this.#columns.map(({ column }) => equalityOf(column.type));
    this.#equal = this.#exact ? this.#columns.map(() => identical) : this.#sqlEqual;
    this.#hashed = options.hashed ?? key.map((_column, at) => at);
    this.#hasher = new KeyHasher(this.#hashed.map((at) =>
      must(this.#columns[at], 'hashed column').column.type));
    this.#nullSeen = key.map(() => false);
    this.#digits = new Uint8Array(key.length);
  }

  /** For the generated loops. */
  get tables(): readonly Int32Array[] { return this.#table.tables; }
  /** For the generated loops. */
  get partitionMask(): number { return this.#table.partitionMask; }
  /** For the generated loops. */
  get capacity(): number { return this.store.capacity; }
  /** Keys in the index. */
  get entries(): number { return this.#table.entries; }

  /** For the generated loops: data of a key column, 64-bit integers as lanes. */
  data(column: number): ProbeData {
    return probeData(this.#columns[column] as StoreColumnData);
  }

  /** For the generated loops: NULL mask of a key column. */
  mask(column: number): Uint8Array | null {
    return (this.#columns[column] as StoreColumnData).nulls;
  }

  /** For the generated loops: makes a slot for a new key. */
  add(hash: number, partition: number, position: number): number {
    const slot = this.store.alloc();
    this.#table.put(hash, slot, partition, position);
    if (this.insertedCount === this.inserted.length) {
      this.inserted = grown(this.inserted, this.inserted.length * 2);
    }
    this.inserted[this.insertedCount++] = slot;
    return slot;
  }

  /**
   * Hashes `count` keys; `columns` are the hashed columns only, in order. The array is the index's
   * own and overwritten by the next call.
   */
  hash(columns: readonly Column[], count: number): Int32Array {
    const out = this.#buffer(count);
    this.#hasher.hash(columns, null, count, out);
    return out;
  }

  /** Writes the slot of each of `count` keys into `out`, -1 where there is none. */
  find(columns: readonly Column[], count: number, hashes: Int32Array, out: Int32Array): void {
    this.#run(0, columns, count, { hashes, out });
  }

  /**
   * As `find`, but by the hashed columns alone: `columns` are those. Where several rows share them,
   * any one is found.
   */
  findHashed(columns: readonly Column[], count: number, hashes: Int32Array, out: Int32Array): void {
    const all: (Column | null)[] = this.key.map(() => null);
    this.#hashed.forEach((at, place) => { all[at] = columns[place] ?? null; });
    this.#run(1, all, count, { hashes, out });
  }

  /**
   * As `find`, but makes a slot with the key columns written (the others are leftovers) for each
   * key that is new; those are then in `inserted`. Store arrays taken before may have been
   * replaced.
   */
  findOrInsert(
    columns: readonly Column[], count: number, hashes: Int32Array, out: Int32Array,
  ): void {
    this.insertedCount = 0;
    for (let at = 0; at < columns.length; at++) {
      if (columns[at]?.nulls != null) this.#nullSeen[at] = true;
    }
    this.#run(2, columns, count, { hashes, out });
  }

  /** Takes slots out. Before their cells are changed and before they are freed. */
  removeSlots(slots: Int32Array, count: number): void {
    const hashes = this.#buffer(count);
    this.#hasher.hash(this.#hashedColumns(), slots, count, hashes);
    for (let i = 0; i < count; i++) this.#table.remove(hashes[i] as number, slots[i] as number);
  }

  /** Adds live slots whose keys are known to be new. */
  addSlots(slots: Int32Array, count: number): void {
    const hashes = this.#buffer(count);
    this.#hasher.hash(this.#hashedColumns(), slots, count, hashes);
    for (let i = 0; i < count; i++) this.#table.insert(hashes[i] as number, slots[i] as number);
    this.#columns.forEach(({ nulls }, at) => {
      if (nulls !== null && this.#nullSeen[at] !== true) {
        this.#nullSeen[at] = anyNull(nulls, slots, count);
      }
    });
  }

  /** Makes the index anew from the live slots of the store. */
  rebuild(): void {
    this.#table.clear();
    this.#nullSeen.fill(false);
    forLiveSlots(this.store, REBUILD_ROWS, (slots, count) => this.addSlots(slots, count));
  }

  /** Bytes of the tables. */
  bytes(): number { return this.#table.bytes(); }

  #hashedColumns(): StoreColumnData[] {
    return this.#hashed.map((at) => this.#columns[at] as StoreColumnData);
  }

  #buffer(count: number): Int32Array {
    if (this.#hashes.length < count) this.#hashes = new Int32Array(Math.max(count, 64) * 2);
    return this.#hashes;
  }

  /** mode 0: find by all columns; 1: by the columns given; 2: find or insert. */
  #run(
    mode: number, columns: readonly (Column | null)[], count: number,
    { hashes, out }: { readonly hashes: Int32Array; readonly out: Int32Array },
  ): void {
    if (count === 0) return;
    const digits = this.#digits;
    for (let at = 0; at < columns.length; at++) {
      digits[at] = (columns[at]?.nulls != null ? 2 : 0) + (this.#nullSeen[at] === true ? 1 : 0);
    }
    const shape = shapeName(mode, digits);
    let loop = this.#loops.get(shape);
    if (loop === undefined) {
      loop = this.#compile(mode, columns);
      this.#loops.set(shape, loop);
    }
    loop(this, {
      rows: null, hashes, equal: mode === 1 ? this.#sqlEqual : this.#equal,
      data: columns.map((column) => column === null ? NO_DATA : probeData(column)),
      masks: columns.map((column) => column?.nulls ?? null),
    }, count, out);
  }

  #compile(mode: number, columns: readonly (Column | null)[]): ProbeLoop {
    const layout = columns.map((column, at): ProbeColumn => ({
      kind: this.#kinds[at] as KeyKind, batchNulls: column?.nulls != null,
      storeNulls: this.#nullSeen[at] === true, compared: column !== null,
      storeMask: (this.#columns[at] as StoreColumnData).nulls !== null,
      exact: this.#exact && mode !== 1,
    }));
    return mode === 2 ? insertLoop(layout) : findLoop(layout, true);
  }
}

const NO_DATA: ProbeData = new Int32Array(0);

/** Data of a column as the probe loops want it. */
export function probeData(column: Column | StoreColumnData): ProbeData {
  if (column.kind !== 'i64') return column.data as ProbeData;
  return column instanceof StoreColumnData ? column.lanes : lanesOf(column.data);
}

function anyNull(nulls: Uint8Array, slots: Int32Array, count: number): boolean {
  for (let i = 0; i < count; i++) if (nulls[slots[i] as number] === 1) return true;
  return false;
}

/** Calls `visit` with the live slots of a store in ascending order, at most `atMost` at a time. */
export function forLiveSlots(
  store: RowStore, atMost: number, visit: (slots: Int32Array, count: number) => void,
): void {
  const slots = new Int32Array(atMost);
  let count = 0;
  for (let slot = 0; slot < store.top; slot++) {
    if (store.live[slot] !== 1) continue;
    slots[count++] = slot;
    if (count === atMost) {
      visit(slots, count);
      count = 0;
    }
  }
  if (count > 0) visit(slots, count);
}
