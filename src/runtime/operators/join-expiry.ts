/**
 * The times at which rows of an arrangement leave it, earliest first.
 *
 * A heap holds each different time once; the rows of a time are found through a chain index of the
 * arrangement, which the arrangement keeps itself. So a row that is deleted early needs no mention
 * here, and eviction costs only what is evicted. Rows whose time is NULL never leave.
 */
import { assert, must } from '../../common/assert.ts';
import { physicalOf } from '../../common/types/sql-type.ts';
import type { Batch, Column } from '../batch.ts';
import type { Arrangement } from '../state/arrangement.ts';
import type { ChainIndex } from '../state/chain-index.ts';

const MICROS_PER_DAY = 86_400_000_000n;

/** Row numbers, `count` of them. */
export interface RowList {
  readonly rows: Int32Array;
  readonly count: number;
}

/** The times; see the head of the file. */
export class TimeHeap {
  readonly #arrangement: Arrangement;
  readonly #column: number;
  readonly #chain: ChainIndex;
  /** Dates count days; everything else microseconds. */
  readonly #days: boolean;
  #heap: bigint[] = [];
  #queued = new Set<bigint>();

  constructor(arrangement: Arrangement, column: number) {
    this.#arrangement = arrangement;
    this.#column = column;
    this.#chain = arrangement.chain([column]);
    const { type } = arrangement.store.column(column).column;
    const kind = physicalOf(type);
    assert(kind === 'i64' || type.name === 'date', 'eviction by a time column');
    this.#days = kind !== 'i64';
  }

  #unit(micros: bigint): bigint {
    if (!this.#days) return micros;
    const days = micros / MICROS_PER_DAY;
    return days * MICROS_PER_DAY > micros ? days - 1n : days;
  }

  /** Notes the times of a batch that goes into the arrangement. */
  add(batch: Batch): void {
    const column = must(batch.columns[this.#column], 'time column');
    let last: bigint | null = null;
    for (let row = 0; row < batch.length; row++) {
      if (column.nulls !== null && column.nulls[row] === 1) continue;
      const time = timeAt(column, row);
      if (time === last) continue;
      last = time;
      this.#note(time);
    }
  }

  #note(time: bigint): void {
    if (this.#queued.has(time)) return;
    this.#queued.add(time);
    push(this.#heap, time);
  }

  /** The rows of a batch whose time is NULL or after `micros`. */
  rowsAfter(batch: Batch, micros: bigint): RowList {
    const limit = this.#unit(micros);
    const column = must(batch.columns[this.#column], 'time column');
    const rows = new Int32Array(batch.length);
    let count = 0;
    for (let row = 0; row < batch.length; row++) {
      const isNull = column.nulls !== null && column.nulls[row] === 1;
      if (isNull || timeAt(column, row) > limit) rows[count++] = row;
    }
    return { rows, count };
  }

  /** The slots whose time is at or before `micros`; their times are forgotten. */
  takeUpTo(micros: bigint): Int32Array {
    const limit = this.#unit(micros);
    const due: bigint[] = [];
    while (this.#heap.length > 0 && (this.#heap[0] as bigint) <= limit) {
      const time = pop(this.#heap);
      this.#queued.delete(time);
      due.push(time);
    }
    if (due.length === 0) return new Int32Array(0);
    const key: Column = this.#days
      ? { kind: 'i32', data: Int32Array.from(due, Number), nulls: null }
      : { kind: 'i64', data: BigInt64Array.from(due), nulls: null };
    const firsts = new Int32Array(due.length);
    this.#chain.lookup([key], due.length, this.#chain.hash([key], due.length), firsts);
    const slots: number[] = [];
    for (const first of firsts) {
      for (let slot = first; slot >= 0; slot = this.#chain.next[slot] as number) slots.push(slot);
    }
    return Int32Array.from(slots);
  }

  /** Notes the times of all live rows. */
  rebuild(): void {
    this.#heap = [];
    this.#queued = new Set();
    const { store } = this.#arrangement;
    const column = store.column(this.#column) as unknown as Column;
    for (let slot = 0; slot < store.top; slot++) {
      if (store.live[slot] !== 1 || column.nulls?.[slot] === 1) continue;
      this.#note(timeAt(column, slot));
    }
  }
}

function timeAt(column: Column, row: number): bigint {
  return column.kind === 'i64' ? column.data[row] as bigint : BigInt(column.data[row] as number);
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
  let at = 0;
  for (let child = 1; child < heap.length; child = 2 * at + 1) {
    if (child + 1 < heap.length && (heap[child + 1] as bigint) < (heap[child] as bigint)) child++;
    if ((heap[child] as bigint) >= last) break;
    heap[at] = heap[child] as bigint;
    at = child;
  }
  if (heap.length > 0) heap[at] = last;
  return top;
}
