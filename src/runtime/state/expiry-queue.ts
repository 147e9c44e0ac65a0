/**
 * ExpiryQueue: the slots of a RowStore by a time column, for eviction and timers.
 *
 * Times are put into buckets of 131 ms; a bucket is a linked list of slots that knows a lower bound
 * of its times, and a binary heap holds the buckets. So a row costs 10-20 ns whether all rows have
 * one time (windows) or each has its own (interval joins); only the bucket in which the limit lies
 * is looked through. Rows whose time is NULL never expire. Dates count as their midnight, in
 * microseconds like all times here. Rebuilt from the store.
 */
import { assert } from '../../common/assert.ts';
import { MICROS_PER_DAY } from '../../common/types/interval.ts';
import type { RowStore, StoreColumnData } from './row-store.ts';
import { lanesOf } from './hash-columns.ts';
import { grown } from './grow.ts';
import { forLiveSlots } from './hash-index.ts';

const REBUILD_ROWS = 4096;
const NOT_QUEUED = -2;
const TWO_32 = 4294967296;
const BUCKET_MICROS = 131072;
/** Up to here doubles hold every microsecond; beyond, times are compared as bigint. */
const SAFE = 2 ** 53;

/** The slots of one span of times. */
interface Bucket {
  first: number;
  /** No time in it is below this. */
  least: number;
}

/** The queue; see the head of the file. The column is int8, a timestamp or a date. */
export class ExpiryQueue {
  readonly store: RowStore;
  readonly #column: StoreColumnData;
  /** Microseconds of one unit of the column. */
  readonly #unit: number;
  #next: Int32Array = new Int32Array(0);
  #prev: Int32Array = new Int32Array(0);
  /** Numbers of buckets, least first. */
  #heap: number[] = [];
  #buckets = new Map<number, Bucket>();
  /** The bucket used last: rows come in runs. */
  #lastNumber = NaN;
  #lastBucket: Bucket = { first: -1, least: Infinity };

  constructor(store: RowStore, column: number) {
    this.store = store;
    this.#column = store.column(column);
    assert(this.#column.kind === 'i64' || this.#column.kind === 'i32', 'expiry by a time column');
    this.#unit = this.#column.column.type.name === 'date' ? Number(MICROS_PER_DAY) : 1;
  }

  /** Enters slots whose time is written. */
  insertSlots(slots: Int32Array, count: number): void {
    this.#ensure();
    const { nulls } = this.#column;
    const lanes = this.#lanes();
    const [next, prev] = [this.#next, this.#prev];
    for (let i = 0; i < count; i++) {
      const slot = slots[i] as number;
      if (nulls !== null && nulls[slot] === 1) continue;
      const time = this.#time(slot, lanes);
      const bucket = this.#bucketOf(Math.floor(time / BUCKET_MICROS));
      if (time < bucket.least) bucket.least = Math.abs(time) < SAFE ? time : -Infinity;
      const { first } = bucket;
      next[slot] = first;
      prev[slot] = -1;
      if (first >= 0) prev[first] = slot;
      bucket.first = slot;
    }
  }

  /** Takes slots out, before their time is changed and before they are freed. */
  removeSlots(slots: Int32Array, count: number): void {
    const lanes = this.#lanes();
    for (let i = 0; i < count; i++) {
      const slot = slots[i] as number;
      if (slot < this.#prev.length && this.#prev[slot] !== NOT_QUEUED) this.#unlink(slot, lanes);
    }
  }

  #unlink(slot: number, lanes: Int32Array | null): void {
    const [next, prev] = [this.#next, this.#prev];
    const before = prev[slot] as number;
    const after = next[slot] as number;
    if (before >= 0) next[before] = after;
    else this.#bucketOf(Math.floor(this.#time(slot, lanes) / BUCKET_MICROS)).first = after;
    if (after >= 0) prev[after] = before;
    prev[slot] = NOT_QUEUED;
  }

  /** A lower bound of the times in the queue that `takeUpTo` makes exact, or null. */
  earliest(): bigint | null {
    while (this.#heap.length > 0) {
      const bucket = this.#buckets.get(this.#heap[0] as number) as Bucket;
      if (bucket.first >= 0) {
        return Number.isFinite(bucket.least) ? BigInt(bucket.least)
          : BigInt(this.#heap[0] as number) * BigInt(BUCKET_MICROS);
      }
      this.#dropFirst();
    }
    return null;
  }

  /** Removes and gives all slots with time <= `limit`, in no certain order. */
  takeUpTo(limit: bigint): Int32Array {
    const taken: number[] = [];
    const number = Number(limit);
    const lanes = this.#lanes();
    while (this.#heap.length > 0) {
      const key = this.#heap[0] as number;
      // The double of a limit beyond 2^53 may be off by less than a bucket.
      if (key * BUCKET_MICROS > number + 2048) break;
      const bucket = this.#buckets.get(key) as Bucket;
      const whole = (key + 1) * BUCKET_MICROS <= number - 2048;
      if (!whole && bucket.least > number + 2048) break;
      this.#takeFrom(bucket, whole ? null : { limit, number }, lanes, taken);
      if (bucket.first >= 0) break;
      this.#dropFirst();
    }
    return Int32Array.from(taken);
  }

  /** Moves slots of a bucket to `taken`: all, or those at or below a limit. */
  #takeFrom(
    bucket: Bucket, upTo: { readonly limit: bigint; readonly number: number } | null,
    lanes: Int32Array | null, taken: number[],
  ): void {
    const [next, prev] = [this.#next, this.#prev];
    let least = Infinity;
    let kept = -1;
    for (let slot = bucket.first; slot >= 0;) {
      const after = next[slot] as number;
      const time = this.#time(slot, lanes);
      if (upTo === null || this.#isDue(slot, time, upTo)) {
        taken.push(slot);
        prev[slot] = NOT_QUEUED;
      } else {
        if (time < least) least = Math.abs(time) < SAFE ? time : -Infinity;
        if (kept >= 0) next[kept] = slot;
        else bucket.first = slot;
        prev[slot] = kept;
        kept = slot;
      }
      slot = after;
    }
    if (kept >= 0) next[kept] = -1;
    else bucket.first = -1;
    bucket.least = least;
  }

  #isDue(
    slot: number, time: number,
    { limit, number }: { readonly limit: bigint; readonly number: number },
  ): boolean {
    if (Math.abs(time) < SAFE && Math.abs(number) < SAFE) return time <= number;
    const exact = this.#column.kind === 'i64' ? this.#column.i64[slot] as bigint : BigInt(time);
    return exact <= limit;
  }

  /** Makes the queue anew from the live slots of the store. */
  rebuild(): void {
    this.#next = new Int32Array(0);
    this.#prev = new Int32Array(0);
    this.#heap = [];
    this.#buckets = new Map();
    this.#lastNumber = NaN;
    forLiveSlots(this.store, REBUILD_ROWS, (slots, count) => this.insertSlots(slots, count));
  }

  /** Bytes, approximately. */
  bytes(): number {
    return this.#next.byteLength + this.#prev.byteLength + this.#buckets.size * 128;
  }

  #lanes(): Int32Array | null {
    return this.#column.kind === 'i64' ? lanesOf(this.#column.i64) : null;
  }

  /** The time of a slot in microseconds, as a double. */
  #time(slot: number, lanes: Int32Array | null): number {
    if (lanes === null) return (this.#column.i32[slot] as number) * this.#unit;
    return (lanes[2 * slot + 1] as number) * TWO_32 + ((lanes[2 * slot] as number) >>> 0);
  }

  #bucketOf(number: number): Bucket {
    if (number === this.#lastNumber) return this.#lastBucket;
    let bucket = this.#buckets.get(number);
    if (bucket === undefined) {
      bucket = { first: -1, least: Infinity };
      this.#buckets.set(number, bucket);
      push(this.#heap, number);
    }
    this.#lastNumber = number;
    this.#lastBucket = bucket;
    return bucket;
  }

  #dropFirst(): void {
    this.#buckets.delete(pop(this.#heap));
    this.#lastNumber = NaN;
  }

  #ensure(): void {
    const { capacity } = this.store;
    if (this.#next.length >= capacity) return;
    const length = this.#next.length;
    this.#next = grown(this.#next, capacity);
    this.#prev = grown(this.#prev, capacity).fill(NOT_QUEUED, length);
  }
}

function push(heap: number[], value: number): void {
  let at = heap.length;
  heap.push(value);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const above = heap[parent] as number;
    if (above <= value) break;
    heap[at] = above;
    at = parent;
  }
  heap[at] = value;
}

function pop(heap: number[]): number {
  const top = heap[0] as number;
  const last = heap.pop() as number;
  const { length } = heap;
  if (length === 0) return top;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= length) break;
    if (child + 1 < length && (heap[child + 1] as number) < (heap[child] as number)) child++;
    if ((heap[child] as number) >= last) break;
    heap[at] = heap[child] as number;
    at = child;
  }
  heap[at] = last;
  return top;
}
