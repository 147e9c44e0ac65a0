/**
 * When each slot of a store was last touched, in logical time, and which have not been for so long
 * that they are to be forgotten. The time is a column of the store, so it survives a restart.
 */
import { MICROS_PER_DAY } from '../../common/types/interval.ts';
import { ExpiryQueue } from '../state/expiry-queue.ts';
import type { RowStore, StoreColumn } from '../state/row-store.ts';

/** The column a TouchQueue keeps its times in. */
export const TOUCHED_COLUMN: StoreColumn = {
  name: '$touched', type: { name: 'int8' }, nullable: false,
};

/** The times; see the head of the file. */
export class TouchQueue {
  readonly #store: RowStore;
  readonly #column: number;
  readonly #micros: bigint;
  readonly #queue: ExpiryQueue;
  #list: Int32Array = new Int32Array(0);
  #listed: Uint8Array = new Uint8Array(0);

  constructor(store: RowStore, column: number, micros: bigint) {
    this.#store = store;
    this.#column = column;
    this.#micros = micros;
    this.#queue = new ExpiryQueue(store, column);
  }

  /** Sets the time of slots, which may be listed more than once; -1 is passed over. */
  touch(slots: Int32Array, count: number, now: bigint): void {
    this.#reserve(count);
    const list = this.#list;
    let changed = 0;
    for (let i = 0; i < count; i++) {
      const slot = slots[i] as number;
      if (slot < 0 || this.#listed[slot] === 1) continue;
      this.#listed[slot] = 1;
      list[changed++] = slot;
    }
    this.#queue.removeSlots(list, changed);
    const { i64: times, nulls } = this.#store.column(this.#column);
    for (let i = 0; i < changed; i++) {
      const slot = list[i] as number;
      this.#listed[slot] = 0;
      times[slot] = now;
      if (nulls !== null) nulls[slot] = 0;
      this.#store.touch(slot);
    }
    this.#queue.insertSlots(list, changed);
  }

  #reserve(count: number): void {
    if (this.#list.length < count) this.#list = new Int32Array(count * 2);
    if (this.#listed.length < this.#store.capacity) {
      this.#listed = new Uint8Array(this.#store.capacity);
    }
  }

  /** Takes slots out before they are freed. */
  remove(slots: Int32Array, count: number): void {
    this.#queue.removeSlots(slots, count);
  }

  /** Removes and gives the slots whose time is up. */
  takeDue(now: bigint): Int32Array {
    return this.#queue.takeUpTo(now - this.#micros);
  }

  /** When the next slot's time is up, or earlier; null: there is none. */
  dueAt(): bigint | null {
    const earliest = this.#queue.earliest();
    return earliest === null ? null : earliest + this.#micros;
  }

  /** The time of the slot touched longest ago. */
  oldest(): bigint | null {
    return oldestOf(this.#store, this.#column);
  }

  restore(): void { this.#queue.rebuild(); }

  bytes(): number { return this.#queue.bytes(); }
}

/** The least time in a column of a store, in microseconds; null when there is none. */
export function oldestOf(store: RowStore, at: number): bigint | null {
  const column = store.column(at);
  const isDate = column.kind === 'i32';
  if (!isDate && column.kind !== 'i64') return null;
  const { live, top } = store;
  const { nulls, data } = column;
  let least: bigint | number | null = null;
  for (let slot = 0; slot < top; slot++) {
    if (live[slot] !== 1 || (nulls !== null && nulls[slot] === 1)) continue;
    const time = data[slot] as bigint | number;
    if (least === null || time < least) least = time;
  }
  if (least === null) return null;
  return isDate ? BigInt(least) * MICROS_PER_DAY : least as bigint;
}
