/**
 * A Z-set of rows that tells what has changed between two looks at it.
 *
 * Used for the bindings of a recursion (as a set: each row with positive weight once) and for its
 * result. Durable. `take` gives the net change since the last `take`, and a row whose weights went
 * up and down again is not in it.
 */
import { must } from '../../common/assert.ts';
import type { DataflowColumn } from '../../planner/dataflow.ts';
import type { Batch } from '../batch.ts';
import type { OperatorContext } from '../operator.ts';
import { grown } from '../state/grow.ts';
import { HashIndex } from '../state/hash-index.ts';
import type { RowStore } from '../state/row-store.ts';
import { gatherSlots } from '../state/transfer.ts';

/** The rows; see the head of the file. */
export class ChangingRows {
  readonly store: RowStore;
  readonly #index: HashIndex;
  readonly #distinct: boolean;
  readonly #width: number;
  #slots: Int32Array = new Int32Array(0);
  /** Slots changed since the last `take`, how often each counted then, and a mark per slot. */
  #touched: number[] = [];
  #before: number[] = [];
  #marks: Uint8Array = new Uint8Array(64);

  constructor(
    name: string, columns: readonly DataflowColumn[], distinct: boolean, context: OperatorContext,
  ) {
    this.#width = columns.length;
    this.#distinct = distinct;
    this.store = context.store(name, [
      ...columns.map((column) => ({ name: column.name, type: column.type, nullable: true })),
      { name: '$weight', type: { name: 'int4' }, nullable: false },
    ]);
    this.#index = new HashIndex(this.store, columns.map((_column, at) => at));
  }

  get #weights(): Int32Array { return this.store.column(this.#width).i32; }

  #counted(weight: number): number {
    return this.#distinct ? Number(weight > 0) : weight;
  }

  /** Adds the rows of a batch with their weights. */
  apply(batch: Batch): void {
    const { length } = batch;
    if (this.#slots.length < length) this.#slots = new Int32Array(length * 2);
    const slots = this.#slots;
    const index = this.#index;
    index.findOrInsert(batch.columns, length, index.hash(batch.columns, length), slots);
    const weights = this.#weights;
    for (let i = 0; i < index.insertedCount; i++) weights[index.inserted[i] as number] = 0;
    this.#ensureMarks();
    for (let i = 0; i < length; i++) {
      const slot = slots[i] as number;
      this.#note(slot, weights[slot] as number);
      weights[slot] = (weights[slot] as number) + (batch.weights[i] as number);
    }
  }

  #ensureMarks(): void {
    if (this.#marks.length >= this.store.capacity) return;
    this.#marks = grown(this.#marks, this.store.capacity);
  }

  #note(slot: number, weight: number): void {
    if (this.#marks[slot] === 1) return;
    this.#marks[slot] = 1;
    this.#touched.push(slot);
    this.#before.push(this.#counted(weight));
    this.store.touch(slot);
  }

  /** Sets all weights to 0; the rows that do not come back are in the next change. */
  reset(): void {
    this.#ensureMarks();
    const { store } = this;
    const weights = this.#weights;
    for (let slot = 0; slot < store.top; slot++) {
      if (store.live[slot] !== 1) continue;
      this.#note(slot, weights[slot] as number);
      weights[slot] = 0;
    }
  }

  /** The net change since the last call, or null when there is none. */
  take(): Batch | null {
    const weights = this.#weights;
    const slots: number[] = [];
    const changes: number[] = [];
    const gone: number[] = [];
    for (let i = 0; i < this.#touched.length; i++) {
      const slot = this.#touched[i] as number;
      const weight = weights[slot] as number;
      const change = this.#counted(weight) - (this.#before[i] as number);
      this.#marks[slot] = 0;
      if (change !== 0) {
        slots.push(slot);
        changes.push(change);
      }
      if (weight === 0) gone.push(slot);
    }
    this.#touched = [];
    this.#before = [];
    const list = Int32Array.from(slots);
    const batch: Batch | null = list.length === 0 ? null : {
      length: list.length, weights: Int32Array.from(changes),
      columns: gatherSlots(this.store, this.#index.key, list, list.length),
    };
    this.#index.removeSlots(Int32Array.from(gone), gone.length);
    for (const slot of gone) this.store.free(slot);
    return batch;
  }

  /** All rows with their weights, at most `most` at a time. */
  * batches(most: number): Generator<Batch> {
    const slots: number[] = [];
    for (let slot = 0; slot < this.store.top; slot++) {
      if (this.store.live[slot] !== 1) continue;
      slots.push(slot);
      if (slots.length === most) yield this.#batchOf(slots.splice(0));
    }
    if (slots.length > 0) yield this.#batchOf(slots);
  }

  #batchOf(slots: readonly number[]): Batch {
    const list = Int32Array.from(slots);
    const weights = this.#weights;
    return {
      length: list.length, weights: list.map((slot) => must(weights[slot], 'weight')),
      columns: gatherSlots(this.store, this.#index.key, list, list.length),
    };
  }

  /** Rebuilds the index. */
  restore(): void {
    this.#index.rebuild();
    this.#marks = new Uint8Array(this.store.capacity);
  }

  /** Bytes, approximately. */
  bytes(): number { return this.store.bytes() + this.#index.bytes(); }
}
