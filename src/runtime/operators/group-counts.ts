/**
 * Counts per (group, code): a small sparse side table of accumulators.
 *
 * Sums of numerics need to know how many values of each scale are in them, and sums of floats how
 * many NaN and infinities; nearly always there is nothing to keep. Changes are collected with
 * `note` and applied by `settle`, a batch at a time.
 */
import type { Column } from '../batch.ts';
import { ChainIndex } from '../state/chain-index.ts';
import { HashIndex } from '../state/hash-index.ts';
import type { RowStore, StoreColumn } from '../state/row-store.ts';
import type { StateSize } from '../operator.ts';

/** The store columns of a GroupCounts. */
export const GROUP_COUNT_COLUMNS: readonly StoreColumn[] = [
  { name: '$group', type: { name: 'int4' }, nullable: false },
  { name: '$code', type: { name: 'int4' }, nullable: false },
  { name: '$count', type: { name: 'float8' }, nullable: false },
];

/** The table; see the head of the file. */
export class GroupCounts {
  readonly #store: RowStore;
  readonly #index: HashIndex;
  readonly #chain: ChainIndex;
  #groups: number[] = [];
  #codes: number[] = [];
  #counts: number[] = [];
  readonly #head: Int32Array = new Int32Array(1);

  constructor(store: RowStore) {
    this.#store = store;
    this.#index = new HashIndex(store, [0, 1]);
    this.#chain = new ChainIndex(store, [0]);
  }

  /** Adds to a count, at the next `settle`. */
  note(group: number, code: number, count: number): void {
    this.#groups.push(group);
    this.#codes.push(code);
    this.#counts.push(count);
  }

  /** Applies what was noted. */
  settle(): void {
    const length = this.#groups.length;
    if (length === 0) return;
    const keys: Column[] = [this.#groups, this.#codes].map((list) =>
      ({ kind: 'i32', data: Int32Array.from(list), nulls: null }));
    const slots = new Int32Array(length);
    this.#index.findOrInsert(keys, length, this.#index.hash(keys, length), slots);
    const counts = this.#store.column(2).f64;
    const { inserted, insertedCount } = this.#index;
    for (let i = 0; i < insertedCount; i++) counts[inserted[i] as number] = 0;
    this.#chain.insertSlots(inserted, insertedCount);
    for (let i = 0; i < length; i++) {
      const slot = slots[i] as number;
      counts[slot] = (counts[slot] as number) + (this.#counts[i] as number);
      this.#store.touch(slot);
    }
    this.#free([...new Set(slots)].filter((slot) => counts[slot] === 0));
    this.#groups = [];
    this.#codes = [];
    this.#counts = [];
  }

  /** The codes of a group that have a positive count. */
  codes(group: number): number[] {
    return this.#slotsOf(group)
      .filter((slot) => (this.#store.column(2).f64[slot] as number) > 0)
      .map((slot) => this.#store.column(1).i32[slot] as number);
  }

  /** Forgets groups. */
  drop(groups: Int32Array, count: number): void {
    if (this.#store.rows === 0) return;
    for (let i = 0; i < count; i++) this.#free(this.#slotsOf(groups[i] as number));
  }

  restore(): void {
    this.#index.rebuild();
    this.#chain.rebuild();
  }

  size(): StateSize {
    return { rows: this.#store.rows,
      bytes: this.#store.bytes() + this.#index.bytes() + this.#chain.bytes() };
  }

  #slotsOf(group: number): number[] {
    if (this.#store.rows === 0) return [];
    const key: Column[] = [{ kind: 'i32', data: Int32Array.of(group), nulls: null }];
    this.#chain.lookup(key, 1, this.#chain.hash(key, 1), this.#head);
    const slots: number[] = [];
    for (let slot = this.#head[0] as number; slot >= 0; slot = this.#chain.next[slot] as number) {
      slots.push(slot);
    }
    return slots;
  }

  #free(list: readonly number[]): void {
    if (list.length === 0) return;
    const slots = Int32Array.from(list);
    this.#index.removeSlots(slots, slots.length);
    this.#chain.removeSlots(slots, slots.length);
    for (const slot of slots) this.#store.free(slot);
  }
}
