/**
 * The join of rows with one number that moves: `x > (SELECT avg(x) ...)`, when nothing of the right
 * row is read but the comparison.
 *
 * Keeps the left rows in the order of the column that is compared, and the right row. When the
 * right value moves, the rows between the old one and the new one come or go, and no others are
 * looked at; a general join would take back and give every row again. The right side has at most
 * one row whenever an epoch ends. Works at flush: first what the move does to the rows that are
 * there, then the left rows that came. A NULL on either side matches nothing.
 */
import { assert, must } from '../../common/assert.ts';
import type { DataflowNode, JoinThreshold } from '../../planner/dataflow.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import { physicalOf } from '../../common/types/sql-type.ts';
import type { Value } from '../../common/values.ts';
import { batchOf, cell, makeColumn } from '../batch.ts';
import type { Batch, Column } from '../batch.ts';
import type { Emit, Frontier, Operator, OperatorContext, StateSize } from '../operator.ts';
import { HashIndex, forLiveSlots } from '../state/hash-index.ts';
import { OrderedIndex } from '../state/ordered-index.ts';
import type { RowStore } from '../state/row-store.ts';
import { gatherSlots, pickRows } from '../state/transfer.ts';
import type { JoinNode } from './join.ts';

const REBUILD_ROWS = 4096;

/** True when the readers of a join with a threshold look at no right column. */
export function readsLeftOnly(
  inputs: readonly DataflowNode[], context: OperatorContext,
): boolean {
  const width = must(inputs[0], 'left input').columns.length;
  return context.neededColumns !== undefined
    && [...context.neededColumns].every((at) => at < width);
}

/** The operator of such a join. */
export function createThresholdJoin(
  node: JoinNode, threshold: JoinThreshold, inputs: readonly DataflowNode[],
  context: OperatorContext,
): Operator {
  assert(node.type === 'inner' && node.leftKey.length === 0, 'an inner join without keys');
  return new ThresholdJoin(threshold, inputs, context);
}

/** Rows with weights; `apply` tells the slots it touched. */
class WeightedRows {
  readonly store: RowStore;
  readonly columns: readonly number[];
  readonly index: HashIndex;

  constructor(context: OperatorContext, name: string, input: DataflowNode) {
    this.columns = input.columns.map((_column, at) => at);
    this.store = context.store(name, [
      ...input.columns.map((each) => ({ name: each.name, type: each.type, nullable: true })),
      { name: '$weight', type: { name: 'int4' }, nullable: false },
    ]);
    this.index = new HashIndex(this.store, this.columns, { exact: true });
  }

  get weights(): Int32Array { return this.store.column(this.columns.length).i32; }

  /** Adds a batch; `fresh` sees the slots that are new. Gives the slot of each row. */
  apply(batch: Batch, fresh: (slot: number) => void): Int32Array {
    const { length, columns } = batch;
    const slots = new Int32Array(length);
    const { index } = this;
    index.findOrInsert(columns, length, index.hash(columns, length), slots);
    const { weights } = this;
    for (let i = 0; i < index.insertedCount; i++) weights[index.inserted[i] as number] = 0;
    for (let i = 0; i < index.insertedCount; i++) fresh(index.inserted[i] as number);
    for (let i = 0; i < length; i++) {
      const slot = slots[i] as number;
      weights[slot] = (weights[slot] as number) + (batch.weights[i] as number);
      this.store.touch(slot);
    }
    return slots;
  }

  /** Lets go of the rows among these that are no more. */
  sweep(slots: Iterable<number>, gone: (slot: number) => void): void {
    const { weights } = this;
    const empty = Int32Array.from([...new Set(slots)].filter((slot) => weights[slot] === 0));
    for (const slot of empty) gone(slot);
    this.index.removeSlots(empty, empty.length);
    for (const slot of empty) this.store.free(slot);
  }
}

class ThresholdJoin implements Operator {
  readonly #left: WeightedRows;
  readonly #right: WeightedRows;
  readonly #order: OrderedIndex;
  readonly #leftColumn: number;
  readonly #rightColumn: number;
  readonly #type: SqlType;
  readonly #rightTypes: readonly SqlType[];
  /** Rows from a boundary on match (>, >=), or those before it (<, <=). */
  readonly #above: boolean;
  /** The boundary is behind the rows equal to the threshold (>, <=), or before them. */
  readonly #behindEqual: boolean;
  #root = 0;
  #pending: readonly [Batch[], Batch[]] = [[], []];

  constructor(
    threshold: JoinThreshold, inputs: readonly DataflowNode[], context: OperatorContext,
  ) {
    const left = must(inputs[0], 'left input');
    const right = must(inputs[1], 'right input');
    this.#left = new WeightedRows(context, 'left', left);
    this.#right = new WeightedRows(context, 'right', right);
    this.#leftColumn = threshold.left;
    this.#rightColumn = threshold.right;
    this.#type = must(right.columns[threshold.right], 'threshold').type;
    this.#rightTypes = right.columns.map(({ type }) => type);
    this.#above = threshold.op === '>' || threshold.op === '>=';
    this.#behindEqual = threshold.op === '>' || threshold.op === '<=';
    this.#order = new OrderedIndex(this.#left.store,
      [{ column: threshold.left, descending: false, nullsFirst: false }]);
  }

  push(port: number, batch: Batch): void {
    must(this.#pending[port], 'port').push(batch);
  }

  flush(_frontier: Frontier, emit: Emit): void {
    const [lefts, rights] = this.#pending;
    this.#pending = [[], []];
    if (rights.length > 0) this.#move(rights, emit);
    const value = this.#threshold();
    for (const batch of lefts) this.#arrive(batch, value, emit);
  }

  /** The right value, or null when there is none. */
  #threshold(): Value {
    const { store, weights } = this.#right;
    let found: Value = null;
    for (let slot = 0; slot < store.top; slot++) {
      if (store.live[slot] !== 1 || weights[slot] === 0) continue;
      const [column] = gatherSlots(store, [this.#rightColumn], Int32Array.of(slot), 1);
      found = cell(must(column, 'threshold'), 0);
    }
    return found;
  }

  #move(rights: readonly Batch[], emit: Emit): void {
    const before = this.#threshold();
    const touched = rights.flatMap((batch) => [...this.#right.apply(batch, () => undefined)]);
    this.#right.sweep(touched, () => undefined);
    assert(this.#right.store.rows <= 1, 'a threshold has one row');
    const after = this.#threshold();
    this.#probe([before, after]);
    const from = before === null ? null : this.#boundary(0);
    const to = after === null ? null : this.#boundary(1);
    if (from === to) return;
    if (from === null || to === null) {
      const boundary = from ?? to ?? -1;
      const sign = from === null ? 1 : -1;
      if (this.#above) this.#emitFrom(boundary, -1, { sign, emit });
      else this.#emitFrom(this.#order.first(this.#root), boundary, { sign, emit });
      return;
    }
    const rises = to === -1 || from !== -1 && this.#order.compare(from, to) < 0;
    const sign = rises === this.#above ? -1 : 1;
    this.#emitFrom(rises ? from : to, rises ? to : from, { sign, emit });
  }

  #probe(values: readonly Value[]): void {
    const { columns } = batchOf([this.#type], values.map((value) => [value]));
    this.#order.bindProbe(columns);
  }

  /** The first slot behind the boundary of a probe row, or -1: NULLs stand behind everything. */
  #boundary(row: number): number {
    const slot = this.#behindEqual ? this.#order.upperBound(this.#root, row)
      : this.#order.lowerBound(this.#root, row);
    return slot >= 0 && this.#isNull(slot) ? -1 : slot;
  }

  #isNull(slot: number): boolean {
    return this.#left.store.column(this.#leftColumn).nulls?.[slot] === 1;
  }

  /** Emits the rows from one slot up to, not with, another (-1: to the last that is not NULL). */
  #emitFrom(
    from: number, to: number, { sign, emit }: { readonly sign: number; readonly emit: Emit },
  ): void {
    const slots = new Int32Array(REBUILD_ROWS);
    let next = from;
    while (next >= 0 && next !== to) {
      const read = this.#order.range(this.#root, next, REBUILD_ROWS, slots);
      let count = 0;
      while (count < read && slots[count] !== to && !this.#isNull(slots[count] as number)) count++;
      if (count > 0) this.#emitSlots(slots, count, { sign, emit });
      if (count < read || read < REBUILD_ROWS) return;
      next = this.#order.successor(this.#root, slots[count - 1] as number);
    }
  }

  #emitSlots(
    slots: Int32Array, count: number,
    { sign, emit }: { readonly sign: number; readonly emit: Emit },
  ): void {
    const { store, columns, weights } = this.#left;
    emit({
      length: count, columns: [...gatherSlots(store, columns, slots, count), ...this.#nulls(count)],
      weights: Int32Array.from(slots.subarray(0, count),
        (slot) => sign * (weights[slot] as number)),
    });
  }

  /** Columns nobody reads. */
  #nulls(count: number): Column[] {
    return this.#rightTypes.map((type) => ({
      ...makeColumn(physicalOf(type), count), nulls: new Uint8Array(count).fill(1),
    }));
  }

  #arrive(batch: Batch, value: Value, emit: Emit): void {
    const slots = this.#left.apply(batch, (slot) => {
      this.#root = this.#order.insert(this.#root, slot);
    });
    if (value !== null) {
      this.#probe([value]);
      const rows = new Int32Array(batch.length);
      let count = 0;
      for (let i = 0; i < batch.length; i++) {
        if (this.#matches(slots[i] as number)) rows[count++] = i;
      }
      if (count > 0) {
        const picked = pickRows(batch, rows, count);
        emit({ ...picked, columns: [...picked.columns, ...this.#nulls(count)] });
      }
    }
    this.#left.sweep(slots, (slot) => { this.#root = this.#order.remove(this.#root, slot); });
  }

  #matches(slot: number): boolean {
    if (this.#isNull(slot)) return false;
    const order = this.#order.compareProbe(slot, 0);
    const isBehind = this.#behindEqual ? order > 0 : order >= 0;
    return isBehind === this.#above;
  }

  watermarks(): readonly never[] { return []; }
  dueAt(): null { return null; }

  restore(): void {
    this.#pending = [[], []];
    this.#left.index.rebuild();
    this.#right.index.rebuild();
    this.#order.clear();
    this.#root = 0;
    forLiveSlots(this.#left.store, REBUILD_ROWS, (slots, count) => {
      for (let i = 0; i < count; i++) {
        this.#root = this.#order.insert(this.#root, slots[i] as number);
      }
    });
  }

  size(): StateSize {
    const { store, index } = this.#left;
    return { rows: store.rows, bytes: store.bytes() + index.bytes() + this.#order.bytes() };
  }
}
