/**
 * INTERSECT and EXCEPT, with and without ALL, over all columns; NULLs equal each other.
 *
 * Keeps every different row once with its weight on either side. What is out of a row follows from
 * the two weights, so a flush emits the difference for the rows that changed, net.
 */
import { must } from '../../common/assert.ts';
import type { DataflowNode, WatermarkExpr } from '../../planner/dataflow.ts';
import type { Batch } from '../batch.ts';
import type { Emit, Frontier, Operator, OperatorContext, StateSize } from '../operator.ts';
import { grown } from '../state/grow.ts';
import { HashIndex } from '../state/hash-index.ts';
import type { RowStore } from '../state/row-store.ts';
import { gatherSlots } from '../state/transfer.ts';

/** A node of INTERSECT or EXCEPT. */
export type SetOpNode = Extract<DataflowNode, { kind: 'setOp' }>;

/** Builds the operator of a set operation. */
export function createSetOp(
  node: SetOpNode, inputNodes: readonly DataflowNode[], context: OperatorContext,
): Operator {
  return new SetOp(node, must(inputNodes[0], 'left input'), context);
}

class SetOp implements Operator {
  readonly #node: SetOpNode;
  readonly #context: OperatorContext;
  readonly #store: RowStore;
  readonly #index: HashIndex;
  readonly #width: number;
  #slots: Int32Array = new Int32Array(0);
  /** Slots changed in this epoch, how many copies of each were out, and a mark per slot. */
  readonly #touched: number[] = [];
  readonly #before: number[] = [];
  #marks: Uint8Array = new Uint8Array(64);

  constructor(node: SetOpNode, input: DataflowNode, context: OperatorContext) {
    this.#node = node;
    this.#context = context;
    this.#width = input.columns.length;
    this.#store = context.store('rows', [
      ...input.columns.map(({ name, type }) => ({ name, type, nullable: true })),
      { name: '$left', type: { name: 'int4' }, nullable: false },
      { name: '$right', type: { name: 'int4' }, nullable: false },
    ]);
    this.#index = new HashIndex(this.#store, input.columns.map((_column, at) => at));
  }

  push(port: number, batch: Batch, _emit: Emit): void {
    const { length } = batch;
    if (this.#slots.length < length) this.#slots = new Int32Array(length * 2);
    const slots = this.#slots;
    const index = this.#index;
    index.findOrInsert(batch.columns, length, index.hash(batch.columns, length), slots);
    const left = this.#weights(0);
    const right = this.#weights(1);
    for (let i = 0; i < index.insertedCount; i++) {
      const slot = index.inserted[i] as number;
      left[slot] = 0;
      right[slot] = 0;
    }
    if (this.#marks.length < this.#store.capacity) {
      this.#marks = grown(this.#marks, this.#store.capacity);
    }
    const own = port === 0 ? left : right;
    for (let i = 0; i < length; i++) {
      const slot = slots[i] as number;
      if (this.#marks[slot] === 0) {
        this.#marks[slot] = 1;
        this.#touched.push(slot);
        this.#before.push(this.#copies(left[slot] as number, right[slot] as number));
        this.#store.touch(slot);
      }
      own[slot] = (own[slot] as number) + (batch.weights[i] as number);
    }
  }

  #weights(side: 0 | 1): Int32Array { return this.#store.column(this.#width + side).i32; }

  /** Copies of a row in the result. */
  #copies(left: number, right: number): number {
    if (this.#node.op === 'intersect') {
      return this.#node.all ? Math.max(0, Math.min(left, right)) : Number(left > 0 && right > 0);
    }
    return this.#node.all ? Math.max(0, left - Math.max(0, right)) : Number(left > 0 && right <= 0);
  }

  flush(_frontier: Frontier, emit: Emit): void {
    const count = this.#touched.length;
    if (count === 0) return;
    const left = this.#weights(0);
    const right = this.#weights(1);
    const slots: number[] = [];
    const weights: number[] = [];
    const gone: number[] = [];
    for (let i = 0; i < count; i++) {
      const slot = this.#touched[i] as number;
      this.#marks[slot] = 0;
      const change = this.#copies(left[slot] as number, right[slot] as number)
        - (this.#before[i] as number);
      if (change !== 0) {
        slots.push(slot);
        weights.push(change);
      }
      if (left[slot] === 0 && right[slot] === 0) gone.push(slot);
    }
    this.#touched.length = 0;
    this.#before.length = 0;
    this.#emit(slots, weights, emit);
    this.#index.removeSlots(Int32Array.from(gone), gone.length);
    for (const slot of gone) this.#store.free(slot);
  }

  #emit(slots: readonly number[], weights: readonly number[], emit: Emit): void {
    const { batchRows } = this.#context;
    for (let from = 0; from < slots.length; from += batchRows) {
      const part = Int32Array.from(slots.slice(from, from + batchRows));
      emit({
        length: part.length, columns: gatherSlots(this.#store, this.#index.key, part, part.length),
        weights: Int32Array.from(weights.slice(from, from + batchRows)),
      });
    }
  }

  watermarks(): readonly WatermarkExpr[] { return []; }

  dueAt(): bigint | null { return null; }

  restore(): void {
    this.#index.rebuild();
    this.#marks = new Uint8Array(this.#store.capacity);
  }

  size(): StateSize {
    return { rows: this.#store.rows, bytes: this.#store.bytes() + this.#index.bytes() };
  }
}
