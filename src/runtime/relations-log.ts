/**
 * Retention of late rows and dead letters: the newest N rows stay.
 *
 * Their rows carry a running number where tables with a watermark carry arrivals; the oldest rows
 * go when there are too many, in the epoch that brought the new ones.
 */
import type { Batch } from './batch.ts';
import { must } from '../common/assert.ts';
import type { RelationRows } from './relations-rows.ts';
import { withoutLast } from './relations-rows.ts';

/** Appends to a relation and drops its oldest rows. */
export class LogRetention {
  readonly #limit: number;
  readonly #rows: RelationRows;
  /** Slots in order of their numbers, from `#first` on. */
  #order: number[] = [];
  #first = 0;
  #next = 0n;

  constructor(rows: RelationRows, limit: number) {
    this.#rows = rows;
    this.#limit = limit;
  }

  /** Adds rows of weight 1; gives the deltas: what came and what went. */
  append(batch: Batch): Batch[] {
    const numbers = new BigInt64Array(batch.length);
    for (let i = 0; i < batch.length; i++) numbers[i] = this.#next++;
    const column = { kind: 'i64', data: numbers, nulls: null } as const;
    const slots = this.#rows.append({ ...batch, columns: [...batch.columns, column] });
    for (let i = 0; i < batch.length; i++) this.#order.push(must(slots[i], 'slot'));
    const excess = this.#order.length - this.#first - this.#limit;
    return excess > 0 ? [batch, this.#drop(excess)] : [batch];
  }

  #drop(count: number): Batch {
    const slots = Int32Array.from(this.#order.slice(this.#first, this.#first + count));
    this.#first += count;
    if (this.#first * 2 > this.#order.length) {
      this.#order = this.#order.slice(this.#first);
      this.#first = 0;
    }
    return withoutLast(this.#rows.evict(slots));
  }

  /** After the rows were loaded. */
  restore(): void {
    const numbers = this.#rows.slotsByArrival();
    this.#order = numbers.slots;
    this.#first = 0;
    this.#next = numbers.last === null ? 0n : numbers.last + 1n;
  }
}
