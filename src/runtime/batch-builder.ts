/**
 * BatchBuilder: collects output rows one by one and hands them on as batches.
 *
 * For operators whose output order is decided row by row (top-N, sessions, joins with a residual).
 * Whole-column work (state/transfer.ts) is faster where the rows are known as a list of places.
 * A row is written column by column, then ended by `commit`; `take` gives the batch and starts
 * over.
 */
import { assertNever, must } from '../common/assert.ts';
import { physicalOf } from '../common/types/sql-type.ts';
import type { Physical, SqlType } from '../common/types/sql-type.ts';
import type { Value } from '../common/values.ts';
import { makeColumn, setCell } from './batch.ts';
import type { Batch, Column } from './batch.ts';
import type { StoreColumnData } from './state/row-store.ts';

const FIRST_CAPACITY = 64;

/** A column being built. */
class Growing {
  column: Column;
  nulls: Uint8Array | null = null;
  readonly kind: Physical;

  constructor(kind: Physical, capacity: number) {
    this.kind = kind;
    this.column = makeColumn(kind, capacity);
  }
}

/** The builder; see the head of the file. */
export class BatchBuilder {
  readonly #kinds: readonly Physical[];
  #columns: Growing[] = [];
  #weights: Int32Array = new Int32Array(0);
  #capacity = 0;
  #length = 0;

  constructor(types: readonly SqlType[]) {
    this.#kinds = types.map(physicalOf);
    this.#start();
  }

  /** Rows committed since the last `take`. */
  get length(): number { return this.#length; }

  /** Copies a cell of a batch or store column into output column `at` of the row being built. */
  copy(at: number, from: Column | StoreColumnData, place: number): void {
    const to = this.#columns[at] as Growing;
    const row = this.#length;
    if (from.nulls !== null && from.nulls[place] === 1) {
      this.#setNull(to, row);
      return;
    }
    copyCell(to.column, row, from, place);
  }

  /** Copies row `place` of several columns into output columns `at` and on. */
  copyAll(
    at: number, columns: readonly (Column | StoreColumnData)[], place: number, count?: number,
  ): void {
    const width = count ?? columns.length;
    for (let i = 0; i < width; i++) {
      this.copy(at + i, columns[i] as Column | StoreColumnData, place);
    }
  }

  /** Sets output columns `at` .. `at + count - 1` of the row to NULL. */
  fillNull(at: number, count: number): void {
    for (let i = at; i < at + count; i++) this.#setNull(this.#columns[i] as Growing, this.#length);
  }

  /** Sets a cell to a plain value. */
  set(at: number, value: Value): void {
    const to = this.#columns[at] as Growing;
    if (value === null) this.#setNull(to, this.#length);
    else setCell(to.column, this.#length, value);
  }

  /** Ends the row; every column must have been written. */
  commit(weight: number): void {
    this.#weights[this.#length++] = weight;
    if (this.#length === this.#capacity) this.#grow();
  }

  /** The rows so far as a batch, or null when there are none; starts over. */
  take(): Batch | null {
    if (this.#length === 0) return null;
    const batch: Batch = {
      length: this.#length, weights: this.#weights,
      columns: this.#columns.map(({ column, nulls }) => ({ ...column, nulls })),
    };
    this.#start();
    return batch;
  }

  #start(): void {
    this.#capacity = FIRST_CAPACITY;
    this.#length = 0;
    this.#columns = this.#kinds.map((kind) => new Growing(kind, FIRST_CAPACITY));
    this.#weights = new Int32Array(FIRST_CAPACITY);
  }

  #setNull(to: Growing, row: number): void {
    (to.nulls ??= new Uint8Array(this.#capacity))[row] = 1;
    setCell(to.column, row, null);
  }

  #grow(): void {
    this.#capacity *= 2;
    for (const growing of this.#columns) {
      const bigger = makeColumn(growing.kind, growing.kind === 'ref' ? 0 : this.#capacity);
      if (bigger.kind === 'ref') {
        growing.column = { ...bigger, data: growing.column.data as Value[] };
      } else {
        (bigger.data as Int32Array).set(growing.column.data as Int32Array);
        growing.column = bigger;
      }
      if (growing.nulls !== null) growing.nulls = enlarged(growing.nulls, this.#capacity);
    }
    const weights = new Int32Array(this.#capacity);
    weights.set(this.#weights);
    this.#weights = weights;
  }
}

function enlarged(array: Uint8Array, capacity: number): Uint8Array {
  const bigger = new Uint8Array(capacity);
  bigger.set(array);
  return bigger;
}

function copyCell(
  to: Column, row: number, from: Column | StoreColumnData, place: number,
): void {
  switch (to.kind) {
    case 'bool': to.data[row] = (from.data as Uint8Array)[place] as number; return;
    case 'i32': to.data[row] = (from.data as Int32Array)[place] as number; return;
    case 'i64': to.data[row] = (from.data as BigInt64Array)[place] as bigint; return;
    case 'f64': to.data[row] = (from.data as Float64Array)[place] as number; return;
    case 'ref': to.data[row] = must((from.data as Value[])[place], 'reference'); return;
    default: assertNever(to);
  }
}
