/**
 * Retention of late rows and dead letters: the newest N rows of so many days stay.
 *
 * Their rows carry the logical time they came at, made unique, where tables with a watermark carry
 * arrivals; what is too old or too much goes in the epoch that brings new rows.
 */
import type { Batch } from './batch.ts';
import { must } from '../common/assert.ts';
import type { RelationRows } from './relations-rows.ts';
import { withoutLast } from './relations-rows.ts';

/** Option of a view and of its `late` relation: rows and microseconds, parted by a space. */
export const LATE_RETENTION = 'late.retention';

/** How much is kept. */
export interface LogLimit {
  readonly rows: number;
  readonly micros: bigint;
}

/** Appends to a relation and drops its oldest rows. */
export class LogRetention {
  readonly #limit: LogLimit;
  readonly #rows: RelationRows;
  /** Slots in order of their numbers, from `#first` on, and the numbers. */
  #order: number[] = [];
  #times: bigint[] = [];
  #first = 0;
  #next = 0n;

  constructor(rows: RelationRows, limit: LogLimit) {
    this.#rows = rows;
    this.#limit = limit;
  }

  /** Adds rows of weight 1; gives the deltas: what came and what went. */
  append(batch: Batch, now: bigint): Batch[] {
    const numbers = new BigInt64Array(batch.length);
    if (now > this.#next) this.#next = now;
    for (let i = 0; i < batch.length; i++) numbers[i] = this.#next++;
    const column = { kind: 'i64', data: numbers, nulls: null } as const;
    const slots = this.#rows.append({ ...batch, columns: [...batch.columns, column] });
    for (let i = 0; i < batch.length; i++) {
      this.#order.push(must(slots[i], 'slot'));
      this.#times.push(numbers[i] ?? 0n);
    }
    const excess = this.#excess(now);
    return excess > 0 ? [batch, this.#drop(excess)] : [batch];
  }

  /** How many of the oldest rows are too many or too old. */
  #excess(now: bigint): number {
    const { rows, micros } = this.#limit;
    let count = Math.max(0, this.#order.length - this.#first - rows);
    for (let at = this.#first + count; at < this.#times.length; at++) {
      if ((this.#times[at] ?? now) > now - micros) break;
      count++;
    }
    return count;
  }

  /** Drops all rows; what went, or null. */
  clear(): Batch | null {
    const count = this.#order.length - this.#first;
    return count === 0 ? null : this.#drop(count);
  }

  #drop(count: number): Batch {
    const slots = Int32Array.from(this.#order.slice(this.#first, this.#first + count));
    this.#first += count;
    if (this.#first * 2 > this.#order.length) {
      this.#order = this.#order.slice(this.#first);
      this.#times = this.#times.slice(this.#first);
      this.#first = 0;
    }
    return withoutLast(this.#rows.evict(slots));
  }

  /** After the rows were loaded. */
  restore(): void {
    const numbers = this.#rows.slotsByArrival();
    this.#order = numbers.slots;
    this.#times = numbers.times;
    this.#first = 0;
    this.#next = numbers.last === null ? 0n : numbers.last + 1n;
  }
}
