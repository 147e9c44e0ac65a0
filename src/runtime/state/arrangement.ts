/**
 * Arrangement: a Z-set of rows in a RowStore, found by key or by whole row, and by chains.
 *
 * The store's columns are the row's, then `$weight`. Equal rows share a slot whose weight is their
 * sum; at weight 0 the slot is freed. With a unique key only the key is hashed, but rows are told
 * apart by all columns, so it does not matter in which order the old and the new row of a key
 * arrive. Weights may be negative between batches of an epoch, never at its end (`settled`). An
 * append-only arrangement looks for no equal rows: every row gets a slot.
 */
import { must } from '../../common/assert.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { Batch, Column } from '../batch.ts';
import { ChainIndex } from './chain-index.ts';
import { HashIndex } from './hash-index.ts';
import type { RowStore, StoreColumn } from './row-store.ts';
import { copyRun, gather, scatter } from './transfer.ts';

/** The columns of the store under an arrangement. */
export function arrangementColumns(
  columns: readonly { readonly name: string; readonly type: SqlType }[],
): StoreColumn[] {
  return [
    ...columns.map(({ name, type }) => ({ name, type, nullable: true })),
    { name: '$weight', type: { name: 'int4' }, nullable: false },
  ];
}

/** How rows are told apart. */
export interface ArrangementOptions {
  /** Columns that are unique together, or null. */
  readonly key?: readonly number[] | null;
  /** True when no retraction will come. */
  readonly appendOnly?: boolean;
  /** True when, beyond that, no row will be evicted. */
  readonly permanent?: boolean;
  /** Columns of the store behind `$weight`, the owner's own: 0 by default. */
  readonly extra?: number;
}

/** An index that is told of every slot that comes and goes: a ChainIndex, an ExpiryQueue. */
export interface SlotIndex {
  insertSlots(slots: Int32Array, count: number): void;
  removeSlots(slots: Int32Array, count: number): void;
  rebuild(): void;
  bytes(): number;
}

/** Hashes of the rows of a batch by the key of one chain. */
export interface KnownHashes {
  readonly chain: ChainIndex;
  readonly hashes: Int32Array;
}

/** The arrangement; see the head of the file. */
export class Arrangement {
  readonly store: RowStore;
  /** Row columns (without the weight). */
  readonly width: number;
  /** Finds rows; null when append-only. */
  readonly identity: HashIndex | null;
  /** The columns `identity` hashes. */
  readonly key: readonly number[];
  readonly #all: readonly number[];
  readonly #permanent: boolean;
  readonly #chains: ChainIndex[] = [];
  /** Chains asked for by `chain`: they stay. */
  readonly #kept = new Set<ChainIndex>();
  /** How many retain a chain. */
  readonly #users = new Map<ChainIndex, number>();
  /** All indexes beside `identity`. */
  readonly #indexes: SlotIndex[] = [];
  #slots: Int32Array = new Int32Array(0);
  #list: Int32Array = new Int32Array(0);
  #negative = 0;

  constructor(store: RowStore, options: ArrangementOptions = {}) {
    this.store = store;
    this.width = store.columns.length - 1 - (options.extra ?? 0);
    this.#all = Array.from({ length: this.width }, (_column, at) => at);
    this.key = options.key ?? this.#all;
    this.#permanent = options.appendOnly === true && options.permanent === true;
    this.identity = options.appendOnly === true ? null
      : new HashIndex(store, this.#all, { hashed: this.key, exact: true });
  }

  /** Different rows kept. */
  get rows(): number { return this.store.rows; }
  /** False while a row has a negative weight. */
  get settled(): boolean { return this.#negative === 0; }
  /** Weight by slot; taken again after every `apply`. */
  get weights(): Int32Array { return this.store.column(this.width).i32; }

  /**
   * The chain index on these columns, shared by all who ask for it; rows already here are in it.
   */
  chain(columns: readonly number[], nullsMatch: boolean = false): ChainIndex {
    const chain = this.#chain(columns, nullsMatch);
    this.#kept.add(chain);
    return chain;
  }

  #chain(columns: readonly number[], nullsMatch: boolean): ChainIndex {
    const known = this.#known(columns, nullsMatch);
    if (known !== undefined) return known;
    const chain = new ChainIndex(this.store, columns, nullsMatch, this.#permanent);
    this.#chains.push(chain);
    this.follow(chain);
    return chain;
  }

  #known(columns: readonly number[], nullsMatch: boolean): ChainIndex | undefined {
    return this.#chains.find((chain) => chain.nullsMatch === nullsMatch
      && chain.key.length === columns.length && chain.key.every((at, i) => at === columns[i]));
  }

  /** As `chain`, for a user that will release it. */
  retain(columns: readonly number[], nullsMatch: boolean): ChainIndex {
    const chain = this.#chain(columns, nullsMatch);
    this.#users.set(chain, (this.#users.get(chain) ?? 0) + 1);
    return chain;
  }

  /** Gives a retained chain back; one that nobody needs goes. */
  release(chain: ChainIndex): void {
    const users = this.#users.get(chain) ?? 0;
    if (users > 1) {
      this.#users.set(chain, users - 1);
      return;
    }
    this.#users.delete(chain);
    if (this.#kept.has(chain) || !this.#chains.includes(chain)) return;
    this.#chains.splice(this.#chains.indexOf(chain), 1);
    this.#indexes.splice(this.#indexes.indexOf(chain), 1);
  }

  /** The retained chains, with how many retain them. */
  shared(): readonly { readonly chain: ChainIndex; readonly users: number }[] {
    return [...this.#users].map(([chain, users]) => ({ chain, users }));
  }

  /** Keeps another index over the store up to date; rows already here are put into it. */
  follow(index: SlotIndex): void {
    index.rebuild();
    this.#indexes.push(index);
  }

  /**
   * Adds the rows of a batch with their weights. Gives the slot of each row (-1: not kept, its
   * weight has become 0); the array is overwritten by the next call. `known`: hashes that need not
   * be computed again.
   */
  apply(batch: Batch, known: KnownHashes | null = null): Int32Array {
    const { length } = batch;
    if (this.#slots.length < length) {
      this.#slots = new Int32Array(length * 2);
      this.#list = new Int32Array(length * 2);
    }
    if (this.identity === null) this.#append(batch, known);
    else this.#merge(batch, this.identity);
    return this.#slots;
  }

  /** Writes the slot of each of `count` keys (columns of `key`, in order), -1 where none is. */
  findKeys(columns: readonly Column[], count: number, out: Int32Array): void {
    const identity = must(this.identity, 'identity index');
    identity.findHashed(columns, count, identity.hash(columns, count), out);
  }

  /** Writes the slot of each of `count` whole rows into `out`, -1 where there is none. */
  findRows(columns: readonly Column[], count: number, out: Int32Array): void {
    const identity = must(this.identity, 'identity index');
    const hashes = identity.hash(this.#hashed(columns), count);
    identity.find(columns, count, hashes, out);
  }

  /** Frees slots whatever their weight: eviction. */
  evict(slots: Int32Array, count: number): void {
    if (count === 0) return;
    this.identity?.removeSlots(slots, count);
    for (const index of this.#indexes) index.removeSlots(slots, count);
    const { weights } = this;
    // The first is the first to be used again: rows that replace others keep their order.
    for (let i = count - 1; i >= 0; i--) {
      const slot = slots[i] as number;
      if ((weights[slot] as number) < 0) this.#negative--;
      this.store.free(slot);
    }
  }

  /** The rows at some slots, with their weights times `sign`. */
  batchOfSlots(slots: Int32Array, count: number, sign: number = 1): Batch {
    const { weights } = this;
    const out = new Int32Array(count);
    for (let i = 0; i < count; i++) out[i] = sign * (weights[slots[i] as number] as number);
    return {
      length: count, weights: out,
      columns: this.#all.map((at) => gather(this.store.column(at), slots, count)),
    };
  }

  /** Makes the indexes anew after the store was loaded. */
  restore(): void {
    this.identity?.rebuild();
    for (const index of this.#indexes) index.rebuild();
    this.#negative = 0;
    const { weights } = this;
    for (let slot = 0; slot < this.store.top; slot++) {
      if (this.store.live[slot] === 1 && (weights[slot] as number) < 0) this.#negative++;
    }
  }

  /** Bytes of the store and its indexes. */
  bytes(): number {
    let total = this.store.bytes() + (this.identity?.bytes() ?? 0);
    for (const index of this.#indexes) total += index.bytes();
    return total;
  }

  #hashed(columns: readonly Column[]): Column[] {
    return this.key.map((at) => must(columns[at], 'key column'));
  }

  #append(batch: Batch, known: KnownHashes | null): void {
    const { store } = this;
    const slots = this.#slots;
    const first = store.allocMany(batch.length, slots);
    const { weights } = this;
    if (first >= 0) {
      for (const at of this.#all) {
        copyRun(must(batch.columns[at], 'column'), store.column(at), slots, batch.length);
      }
      weights.set(batch.weights.subarray(0, batch.length), first);
    } else {
      this.#write(batch, null, slots, batch.length);
      for (let i = 0; i < batch.length; i++) {
        weights[slots[i] as number] = batch.weights[i] as number;
      }
    }
    for (const index of this.#indexes) {
      if (known !== null && index === known.chain) {
        known.chain.insertHashed(slots, batch.length, known.hashes);
      } else index.insertSlots(slots, batch.length);
    }
  }

  #merge(batch: Batch, identity: HashIndex): void {
    const { store } = this;
    const slots = this.#slots;
    const { length } = batch;
    identity.findOrInsert(
      batch.columns, length, identity.hash(this.#hashed(batch.columns), length), slots);
    const { weights } = this;
    const { inserted, insertedCount } = identity;
    for (let i = 0; i < insertedCount; i++) weights[inserted[i] as number] = 0;
    for (const index of this.#indexes) index.insertSlots(inserted, insertedCount);
    let gone = 0;
    for (let i = 0; i < length; i++) {
      const slot = slots[i] as number;
      const before = weights[slot] as number;
      const after = before + (batch.weights[i] as number);
      weights[slot] = after;
      if (before < 0) this.#negative--;
      if (after < 0) this.#negative++;
      if (after === 0) this.#list[gone++] = slot;
      else store.touch(slot);
    }
    if (gone > 0) this.#drop(gone, length);
  }

  /** Frees the listed slots whose weight is still 0. */
  #drop(listed: number, length: number): void {
    const { weights, store } = this;
    const list = this.#list;
    let count = 0;
    for (let i = 0; i < listed; i++) {
      const slot = list[i] as number;
      if (weights[slot] !== 0) continue;
      // Marks the slot as taken, for it may be listed twice.
      weights[slot] = GONE;
      list[count++] = slot;
    }
    if (count === 0) return;
    const slots = this.#slots;
    for (let i = 0; i < length; i++) if (weights[slots[i] as number] === GONE) slots[i] = -1;
    for (const index of this.#indexes) index.removeSlots(list, count);
    this.identity?.removeSlots(list, count);
    // The first is the first to be used again, as in `evict`.
    for (let i = count - 1; i >= 0; i--) store.free(list[i] as number);
  }

  #write(
    batch: Batch, rows: Int32Array | null, slots: Int32Array, count: number,
  ): void {
    for (const at of this.#all) {
      scatter(must(batch.columns[at], 'column'), rows, this.store.column(at), { slots, count });
    }
  }
}

/** A weight no row can have. */
const GONE = -2147483648;
