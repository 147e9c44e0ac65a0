/**
 * The times at which rows of an arrangement leave it.
 *
 * An expiry queue that the arrangement itself tells of rows that come and go, so a row that is
 * deleted early needs no mention here, and eviction costs only what is evicted. Rows whose time is
 * NULL never leave.
 */
import { must } from '../../common/assert.ts';
import { MICROS_PER_DAY } from '../../common/types/interval.ts';
import type { Batch, Column } from '../batch.ts';
import type { Arrangement } from '../state/arrangement.ts';
import { ExpiryQueue } from '../state/expiry-queue.ts';

/** Row numbers, `count` of them. */
export interface RowList {
  readonly rows: Int32Array;
  readonly count: number;
}

/** The times; see the head of the file. */
export class RowTimes {
  readonly #column: number;
  readonly #queue: ExpiryQueue;
  /** Microseconds of one unit of the column. */
  readonly #unit: bigint;

  constructor(arrangement: Arrangement, column: number) {
    this.#column = column;
    this.#queue = new ExpiryQueue(arrangement.store, column);
    arrangement.follow(this.#queue);
    const { type } = arrangement.store.column(column).column;
    this.#unit = type.name === 'date' ? MICROS_PER_DAY : 1n;
  }

  /** The rows of a batch whose time is NULL or after `micros`. */
  rowsAfter(batch: Batch, micros: bigint): RowList {
    const column = must(batch.columns[this.#column], 'time column');
    const rows = new Int32Array(batch.length);
    let count = 0;
    for (let row = 0; row < batch.length; row++) {
      const isNull = column.nulls !== null && column.nulls[row] === 1;
      if (isNull || timeAt(column, row) * this.#unit > micros) rows[count++] = row;
    }
    return { rows, count };
  }

  /** The slots whose time is at or before `micros`; the caller evicts them. */
  takeUpTo(micros: bigint): Int32Array {
    return this.#queue.takeUpTo(micros);
  }
}

function timeAt(column: Column, row: number): bigint {
  return column.kind === 'i64' ? column.data[row] as bigint : BigInt(column.data[row] as number);
}
