/**
 * A row exists while validFrom <= now < validTo, now being the epoch's logical time.
 *
 * Keeps the rows that have still to appear or to go, by the time of their next change; a row that
 * will not change any more is not kept. A NULL bound is never reached: such rows do not exist.
 * Works at flush, where the time is known: first what time itself changes, then the deltas.
 */
import { must } from '../../common/assert.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { DataflowNode } from '../../planner/dataflow.ts';
import type { ScalarExpr } from '../../planner/relation.ts';
import type { Batch, Column } from '../batch.ts';
import type { Emit, Frontier, Operator, OperatorContext, StateSize } from '../operator.ts';
import { ExpiryQueue } from '../state/expiry-queue.ts';
import { HashIndex } from '../state/hash-index.ts';
import type { RowStore } from '../state/row-store.ts';
import { gatherSlots, pickRows } from '../state/transfer.ts';
import { RowExprs } from './row-exprs.ts';

const ALWAYS = -(2n ** 63n);
const NEVER = 2n ** 63n - 1n;
const INSTANT: SqlType = { name: 'int8' };

type TemporalFilterNode = Extract<DataflowNode, { kind: 'temporalFilter' }>;

/** The operator of a `temporalFilter` node. */
export function createTemporalFilter(
  node: TemporalFilterNode, inputs: readonly DataflowNode[], context: OperatorContext,
): Operator {
  return node.ticks === undefined ? new TemporalFilter(node, must(inputs[0], 'input'), context)
    : createClock(node.ticks, context);
}

/** One row with the logical time; kept in a store, so that it goes on after a restart. */
function createClock(ticks: bigint, context: OperatorContext): Operator {
  const store = context.store('clock', [
    { name: 'now', type: { name: 'timestamptz' }, nullable: false },
  ]);
  const rowOf = (times: readonly bigint[], weights: readonly number[]): Batch => ({
    length: times.length, weights: Int32Array.from(weights),
    columns: [{ kind: 'i64', data: BigInt64Array.from(times), nulls: null }],
  });
  const shown = (): bigint | null =>
    store.rows === 0 ? null : store.column(0).i64[0] as bigint;
  return {
    push: () => undefined,
    flush: ({ now }, emit) => {
      const before = shown();
      if (before === null) {
        store.column(0).i64[store.alloc()] = now;
        emit(rowOf([now], [1]));
      } else if (now >= before + ticks) {
        store.column(0).i64[0] = now;
        store.touch(0);
        emit(rowOf([before, now], [-1, 1]));
      }
    },
    watermarks: () => [],
    dueAt: () => {
      const at = shown();
      return at === null ? ALWAYS : at + ticks;
    },
    restore: () => undefined,
    size: () => ({ rows: store.rows, bytes: store.bytes() }),
  };
}

class TemporalFilter implements Operator {
  readonly #store: RowStore;
  readonly #index: HashIndex;
  readonly #queue: ExpiryQueue;
  readonly #exprs: RowExprs;
  readonly #hasFrom: boolean;
  readonly #hasTo: boolean;
  readonly #row: readonly number[];
  #pending: Batch[] = [];

  constructor(node: TemporalFilterNode, input: DataflowNode, context: OperatorContext) {
    const bounds: ScalarExpr[] = [];
    if (node.validFrom !== null) bounds.push(node.validFrom);
    if (node.validTo !== null) bounds.push(node.validTo);
    this.#hasFrom = node.validFrom !== null;
    this.#hasTo = node.validTo !== null;
    this.#exprs = new RowExprs(bounds, input.columns.map(({ type }) => type), context);
    this.#row = input.columns.map((_column, at) => at);
    this.#store = context.store('rows', [
      ...input.columns.map(({ name, type }) => ({ name, type, nullable: true })),
      { name: '$from', type: INSTANT, nullable: false },
      { name: '$to', type: INSTANT, nullable: false },
      { name: '$next', type: INSTANT, nullable: false },
      { name: '$weight', type: { name: 'int4' }, nullable: false },
    ]);
    this.#index = new HashIndex(this.#store, this.#row, { exact: true });
    this.#queue = new ExpiryQueue(this.#store, this.#row.length + 2);
  }

  push(_port: number, batch: Batch): void { this.#pending.push(batch); }

  flush(frontier: Frontier, emit: Emit): void {
    const { now } = frontier;
    this.#passTime(now, emit);
    const pending = this.#pending;
    this.#pending = [];
    for (const batch of pending) this.#apply(batch, now, emit);
  }

  /** Rows whose time has come: they appear, or go. */
  #passTime(now: bigint, emit: Emit): void {
    const due = this.#queue.takeUpTo(now);
    if (due.length === 0) return;
    const width = this.#row.length;
    const [from, to, next] = [width, width + 1, width + 2]
      .map((at) => this.#store.column(at).i64) as
      [BigInt64Array, BigInt64Array, BigInt64Array];
    const weights = this.#store.column(width + 3).i32;
    const { length } = due;
    const out = { slots: new Int32Array(length), weights: new Int32Array(length), count: 0 };
    const gone: number[] = [];
    const waiting: number[] = [];
    for (const slot of due) {
      const appears = next[slot] === from[slot];
      const over = (to[slot] as bigint) <= now;
      if (appears !== over) {
        out.slots[out.count] = slot;
        out.weights[out.count++] = (weights[slot] as number) * (appears ? 1 : -1);
      }
      if (over || to[slot] === NEVER) {
        gone.push(slot);
      } else {
        next[slot] = to[slot] as bigint;
        this.#store.touch(slot);
        waiting.push(slot);
      }
    }
    if (out.count > 0) {
      emit({ length: out.count, weights: out.weights,
        columns: gatherSlots(this.#store, this.#row, out.slots, out.count) });
    }
    this.#queue.insertSlots(Int32Array.from(waiting), waiting.length);
    this.#free(Int32Array.from(gone));
  }

  #apply(batch: Batch, now: bigint, emit: Emit): void {
    const bounds = this.#exprs.compute(batch);
    const [first, second] = bounds.columns;
    const fromColumn = this.#hasFrom ? first : undefined;
    const toColumn = this.#hasFrom ? second : first;
    const active = new Int32Array(bounds.count);
    const kept = { rows: new Int32Array(bounds.count), from: new BigInt64Array(bounds.count),
      to: new BigInt64Array(bounds.count), count: 0 };
    let count = 0;
    for (let i = 0; i < bounds.count; i++) {
      const from = fromColumn === undefined ? ALWAYS : instant(fromColumn, i);
      const to = this.#hasTo && toColumn !== undefined ? instant(toColumn, i) : NEVER;
      if (from === null || to === null || to <= now || to <= from) continue;
      const row = bounds.rows[i] as number;
      if (from <= now) active[count++] = row;
      if (from <= now && to === NEVER) continue;
      kept.rows[kept.count] = row;
      kept.from[kept.count] = from;
      kept.to[kept.count++] = to;
    }
    if (count > 0) emit(pickRows(batch, active, count));
    if (kept.count > 0) this.#keep(pickRows(batch, kept.rows, kept.count), kept, now);
  }

  /** Adds rows to the state, to which they will come back. */
  #keep(
    batch: Batch, bounds: { readonly from: BigInt64Array; readonly to: BigInt64Array }, now: bigint,
  ): void {
    const { length } = batch;
    const slots = new Int32Array(length);
    const index = this.#index;
    index.findOrInsert(batch.columns, length, index.hash(batch.columns, length), slots);
    const width = this.#row.length;
    const [from, to, next] = [width, width + 1, width + 2]
      .map((at) => this.#store.column(at).i64) as
      [BigInt64Array, BigInt64Array, BigInt64Array];
    const weights = this.#store.column(width + 3).i32;
    const { inserted, insertedCount } = index;
    for (let i = 0; i < insertedCount; i++) weights[inserted[i] as number] = 0;
    for (let i = 0; i < length; i++) {
      const slot = slots[i] as number;
      const start = bounds.from[i] as bigint;
      from[slot] = start;
      to[slot] = bounds.to[i] as bigint;
      next[slot] = start > now ? start : bounds.to[i] as bigint;
      weights[slot] = (weights[slot] as number) + (batch.weights[i] as number);
      this.#store.touch(slot);
    }
    this.#queue.insertSlots(inserted, insertedCount);
    const empty = [...new Set(slots)].filter((slot) => weights[slot] === 0);
    const list = Int32Array.from(empty);
    this.#queue.removeSlots(list, list.length);
    this.#free(list);
  }

  #free(slots: Int32Array): void {
    if (slots.length === 0) return;
    this.#index.removeSlots(slots, slots.length);
    for (const slot of slots) this.#store.free(slot);
  }

  watermarks(): readonly never[] { return []; }
  dueAt(): bigint | null { return this.#queue.earliest(); }

  restore(): void {
    this.#index.rebuild();
    this.#queue.rebuild();
    this.#pending = [];
  }

  size(): StateSize {
    return { rows: this.#store.rows,
      bytes: this.#store.bytes() + this.#index.bytes() + this.#queue.bytes() };
  }
}

/** A bound of a row, or null. Dates were cast by the planner; all instants are int64. */
function instant(column: Column, row: number): bigint | null {
  if (column.nulls !== null && column.nulls[row] === 1) return null;
  return (column.data as BigInt64Array)[row] as bigint;
}
