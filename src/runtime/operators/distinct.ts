/**
 * Rows with positive weight, once each. Keeps every different row and its weight.
 *
 * Emits a row when its weight becomes positive and retracts it when it no longer is, at flush, so
 * only net changes count. With `evict`, rows whose column has been passed leave silently.
 */
import { must } from '../../common/assert.ts';
import type { DataflowNode, Eviction, WatermarkExpr } from '../../planner/dataflow.ts';
import type { Batch, Column } from '../batch.ts';
import type { Emit, Frontier, Operator, OperatorContext, StateSize } from '../operator.ts';
import { arrangementColumns } from '../state/arrangement.ts';
import { grown } from '../state/grow.ts';
import { ExpiryQueue } from '../state/expiry-queue.ts';
import { HashIndex } from '../state/hash-index.ts';
import type { RowStore } from '../state/row-store.ts';
import { gatherSlots, hasNull } from '../state/transfer.ts';
import { oldestOf } from './touch-queue.ts';

/** The operator of a `distinct` node. */
export function createDistinct(
  node: Extract<DataflowNode, { kind: 'distinct' }>, inputs: readonly DataflowNode[],
  context: OperatorContext,
): Operator {
  return new Distinct(must(inputs[0], 'input'), node.evict, context);
}

class Distinct implements Operator {
  readonly #store: RowStore;
  readonly #index: HashIndex;
  readonly #all: readonly number[];
  readonly #evict: Eviction | null;
  readonly #expiry: ExpiryQueue | null;
  #slots: Int32Array = new Int32Array(0);
  /** Slots touched in this epoch, 1 + whether the row was out, by slot. */
  #touched: number[] = [];
  #before: Uint8Array = new Uint8Array(64);

  constructor(input: DataflowNode, evict: Eviction | null, context: OperatorContext) {
    this.#store = context.store('rows', arrangementColumns(input.columns));
    this.#all = input.columns.map((_column, at) => at);
    this.#index = new HashIndex(this.#store, this.#all);
    this.#evict = evict;
    this.#expiry = evict === null ? null : new ExpiryQueue(this.#store, evict.column);
  }

  push(_port: number, batch: Batch): void {
    const { length } = batch;
    if (length === 0) return;
    if (this.#slots.length < length) this.#slots = new Int32Array(length * 2);
    const slots = this.#slots;
    const index = this.#index;
    const columns = batch.columns.map((column): Column =>
      hasNull(column.nulls, length) ? column : { ...column, nulls: null });
    index.findOrInsert(columns, length, index.hash(columns, length), slots);
    const weights = this.#weights();
    const { inserted, insertedCount } = index;
    for (let i = 0; i < insertedCount; i++) weights[inserted[i] as number] = 0;
    this.#expiry?.insertSlots(inserted, insertedCount);
    if (this.#before.length < this.#store.capacity) {
      this.#before = grown(this.#before, this.#store.capacity);
    }
    for (let i = 0; i < length; i++) {
      const slot = slots[i] as number;
      const weight = weights[slot] as number;
      if (this.#before[slot] === 0) {
        this.#before[slot] = weight > 0 ? 2 : 1;
        this.#touched.push(slot);
        this.#store.touch(slot);
      }
      weights[slot] = weight + (batch.weights[i] as number);
    }
  }

  #weights(): Int32Array {
    return this.#store.column(this.#all.length).i32;
  }

  flush(frontier: Frontier, emit: Emit): void {
    const weights = this.#weights();
    const changed = new Int32Array(this.#touched.length);
    const signs = new Int32Array(this.#touched.length);
    const empty: number[] = [];
    let count = 0;
    for (const slot of this.#touched) {
      const was = this.#before[slot] === 2;
      const is = (weights[slot] as number) > 0;
      this.#before[slot] = 0;
      if (weights[slot] === 0) empty.push(slot);
      if (was === is) continue;
      changed[count] = slot;
      signs[count++] = is ? 1 : -1;
    }
    this.#touched = [];
    if (count > 0) {
      emit({ length: count, weights: signs,
        columns: gatherSlots(this.#store, this.#all, changed, count) });
    }
    const slots = Int32Array.from(empty);
    this.#expiry?.removeSlots(slots, slots.length);
    this.#free(slots);
    this.#evictUpTo(frontier);
  }

  #evictUpTo(frontier: Frontier): void {
    if (this.#evict === null || this.#expiry === null) return;
    const limit = frontier.watermark(this.#evict.watermark);
    if (limit !== null) this.#free(this.#expiry.takeUpTo(limit));
  }

  #free(slots: Int32Array): void {
    if (slots.length === 0) return;
    this.#index.removeSlots(slots, slots.length);
    for (const slot of slots) this.#store.free(slot);
  }

  watermarks(): readonly WatermarkExpr[] {
    return this.#evict === null ? [] : [this.#evict.watermark];
  }

  dueAt(): bigint | null { return null; }

  restore(): void {
    this.#index.rebuild();
    this.#expiry?.rebuild();
    this.#touched = [];
    this.#before = new Uint8Array(this.#store.capacity);
  }

  oldest(): bigint | null {
    return this.#evict === null ? null : oldestOf(this.#store, this.#evict.column);
  }

  size(): StateSize {
    return { rows: this.#store.rows,
      bytes: this.#store.bytes() + this.#index.bytes() + (this.#expiry?.bytes() ?? 0) };
  }
}
