/**
 * Integers of any size per group: what does not fit into an accumulator's own columns.
 *
 * Sums beyond 64 bits and the parts of float sums that two doubles cannot hold; nearly always
 * empty, so that the group store needs no column of references for them (16 bytes a group, and work
 * for every garbage collection). Groups without an entry have 0.
 */
import { makeNumeric } from '../../common/types/numeric.ts';
import type { Numeric } from '../../common/types/numeric.ts';
import type { StateSize } from '../operator.ts';
import type { RowStore, StoreColumn } from '../state/row-store.ts';

/** The store columns of a GroupBigints. */
export const GROUP_BIGINT_COLUMNS: readonly StoreColumn[] = [
  { name: '$group', type: { name: 'int4' }, nullable: false },
  { name: '$value', type: { name: 'numeric' }, nullable: false },
];

/** The table; see the head of the file. */
export class GroupBigints {
  readonly #store: RowStore;
  #slots = new Map<number, number>();

  constructor(store: RowStore) {
    this.#store = store;
  }

  /** True while some group has an entry. */
  get any(): boolean { return this.#store.rows > 0; }

  /** The integer of a group. */
  get(group: number): bigint {
    if (!this.any) return 0n;
    const slot = this.#slots.get(group);
    return slot === undefined ? 0n : (this.#store.column(1).ref[slot] as Numeric).coef;
  }

  /** Sets the integer of a group. */
  set(group: number, value: bigint): void {
    let slot = this.#slots.get(group);
    if (value === 0n) {
      if (slot === undefined) return;
      this.#slots.delete(group);
      this.#store.free(slot);
      return;
    }
    if (slot === undefined) {
      slot = this.#store.alloc();
      this.#slots.set(group, slot);
      this.#store.column(0).i32[slot] = group;
    }
    this.#store.column(1).ref[slot] = makeNumeric(value, 0);
    this.#store.touch(slot);
  }

  /** Forgets groups. */
  drop(groups: Int32Array, count: number): void {
    if (!this.any) return;
    for (let i = 0; i < count; i++) this.set(groups[i] as number, 0n);
  }

  restore(): void {
    this.#slots = new Map();
    const store = this.#store;
    for (let slot = 0; slot < store.top; slot++) {
      if (store.live[slot] === 1) this.#slots.set(store.column(0).i32[slot] as number, slot);
    }
  }

  size(): StateSize {
    return { rows: this.#store.rows, bytes: this.#store.bytes() + this.#slots.size * 48 };
  }
}
