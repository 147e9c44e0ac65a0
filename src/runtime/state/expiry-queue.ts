/**
 * ExpiryQueue: the slots of a RowStore by a time column, earliest first, for eviction and timers.
 *
 * Slots with equal times form a chain; a binary heap holds each different time once, since windows
 * put thousands of rows on one time. A time whose chain has emptied stays in the heap until it is
 * due. Rows whose time is NULL never expire. Dates count as their midnight, in microseconds like
 * all times here. Rebuilt from the store.
 */
import { assert } from '../../common/assert.ts';
import { MICROS_PER_DAY } from '../../common/types/interval.ts';
import { ChainIndex } from './chain-index.ts';
import type { RowStore, StoreColumnData } from './row-store.ts';
import type { Column } from '../batch.ts';

/** The queue; see the head of the file. The column is int8, a timestamp or a date. */
export class ExpiryQueue {
  readonly store: RowStore;
  readonly #chains: ChainIndex;
  readonly #column: StoreColumnData;
  /** Microseconds of one unit of the column. */
  readonly #unit: bigint;
  #heap: bigint[] = [];
  #queued = new Set<bigint>();
  readonly #one: Int32Array = new Int32Array(1);

  constructor(store: RowStore, column: number) {
    this.store = store;
    this.#column = store.column(column);
    assert(this.#column.kind === 'i64' || this.#column.kind === 'i32', 'expiry by a time column');
    this.#unit = this.#column.column.type.name === 'date' ? MICROS_PER_DAY : 1n;
    this.#chains = new ChainIndex(store, [column]);
  }

  /** Enters slots whose time is written. */
  insertSlots(slots: Int32Array, count: number): void {
    this.#chains.insertSlots(slots, count);
    for (let i = 0; i < count; i++) {
      const slot = slots[i] as number;
      if (!this.#chains.chained(slot)) continue;
      const time = this.#time(slot);
      if (this.#queued.has(time)) continue;
      this.#queued.add(time);
      push(this.#heap, time);
    }
  }

  /** Takes slots out, before their time is changed and before they are freed. */
  removeSlots(slots: Int32Array, count: number): void {
    this.#chains.removeSlots(slots, count);
  }

  /** The earliest time in the queue (a chain may have emptied since), or null. */
  earliest(): bigint | null { return this.#heap[0] ?? null; }

  /** Removes and gives all slots with time <= `limit`, earliest time first. */
  takeUpTo(limit: bigint): Int32Array {
    const taken: number[] = [];
    while (this.#heap.length > 0 && (this.#heap[0] as bigint) <= limit) {
      const time = pop(this.#heap);
      this.#queued.delete(time);
      const first = this.#first(time);
      for (let slot = first; slot >= 0; slot = this.#chains.next[slot] as number) taken.push(slot);
    }
    const slots = Int32Array.from(taken);
    this.#chains.removeSlots(slots, slots.length);
    return slots;
  }

  /** Makes the queue anew from the live slots of the store. */
  rebuild(): void {
    this.#chains.rebuild();
    this.#heap = [];
    this.#queued = new Set();
    const { store } = this;
    for (let slot = 0; slot < store.top; slot++) {
      if (store.live[slot] === 1 && this.#chains.chained(slot)) this.#queued.add(this.#time(slot));
    }
    for (const time of this.#queued) push(this.#heap, time);
  }

  /** Bytes, approximately. */
  bytes(): number { return this.#chains.bytes() + this.#heap.length * 64; }

  #time(slot: number): bigint {
    return this.#column.kind === 'i64' ? this.#column.i64[slot] as bigint
      : BigInt(this.#column.i32[slot] as number) * this.#unit;
  }

  #first(time: bigint): number {
    const key: Column = this.#column.kind === 'i64'
      ? { kind: 'i64', data: BigInt64Array.of(time), nulls: null }
      : { kind: 'i32', data: Int32Array.of(Number(time / this.#unit)), nulls: null };
    this.#chains.lookup([key], 1, this.#chains.hash([key], 1), this.#one);
    return this.#one[0] as number;
  }
}

function push(heap: bigint[], time: bigint): void {
  let at = heap.length;
  heap.push(time);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const above = heap[parent] as bigint;
    if (above <= time) break;
    heap[at] = above;
    at = parent;
  }
  heap[at] = time;
}

function pop(heap: bigint[]): bigint {
  const top = heap[0] as bigint;
  const last = heap.pop() as bigint;
  const length = heap.length;
  if (length === 0) return top;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= length) break;
    if (child + 1 < length && (heap[child + 1] as bigint) < (heap[child] as bigint)) child++;
    if ((heap[child] as bigint) >= last) break;
    heap[at] = heap[child] as bigint;
    at = child;
  }
  heap[at] = last;
  return top;
}
