/**
 * Aggregates that are computed from all their rows: lists, percentiles, statistics.
 *
 * Keeps each group's argument rows in the call's order (then by value), with weights, and runs the
 * function's `finish` over them for every group that changed. The last result is kept beside the
 * group, since it cannot be computed again once rows have changed.
 */
import { assert, must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { Value } from '../../common/values.ts';
import type { DataflowAggregate } from '../../planner/dataflow.ts';
import type { AggregateFunction, OrderedPick } from '../../planner/functions/entry.ts';
import type { Column } from '../batch.ts';
import { makeColumn, setCell } from '../batch.ts';
import type { StateSize } from '../operator.ts';
import { OrderedIndex } from '../state/ordered-index.ts';
import type { RowStore, StoreColumn, StoreColumnData } from '../state/row-store.ts';
import { gather, scatter, zeroCell } from '../state/transfer.ts';
import { GroupSets } from './aggregate-extreme.ts';
import { setOutput } from './aggregate-integer.ts';
import type { Accumulator, AggregateInput, Groups, OutputFailure } from './aggregate-types.ts';

type Finish = (rows: readonly (readonly Value[])[], types: readonly SqlType[]) => Value;

/** The columns of the store of a collecting aggregate: group, order columns, arguments, weight. */
export function collectColumns(
  aggregate: DataflowAggregate, orderTypes: readonly SqlType[],
): StoreColumn[] {
  return [
    { name: '$group', type: { name: 'int4' }, nullable: false },
    ...orderTypes.map((type, at) => ({ name: `order${at}`, type, nullable: true })),
    ...aggregate.argTypes.map((type, at) => ({ name: `arg${at}`, type, nullable: true })),
    { name: '$weight', type: { name: 'int4' }, nullable: false },
  ];
}

/** The accumulator; see the head of the file. */
export class Collected implements Accumulator {
  readonly columns: readonly StoreColumn[];
  readonly #store: RowStore;
  readonly #aggregate: DataflowAggregate;
  readonly #entry: AggregateFunction;
  readonly #finish: Finish;
  readonly #pick: OrderedPick | null;
  /** The argument that stands before the order columns, or null. */
  readonly #probeFirst: number | null;
  readonly #sets: GroupSets;
  readonly #firstArg: number;
  readonly #weightAt: number;
  #result: StoreColumnData | null = null;
  /** 1 where the last result could not be given. */
  #failed: StoreColumnData | null = null;
  readonly #one: Int32Array = new Int32Array(1);
  readonly #row: Int32Array = new Int32Array(1);

  constructor(
    prefix: string, aggregate: DataflowAggregate, entry: AggregateFunction, store: RowStore,
  ) {
    this.columns = [
      { name: `${prefix}result`, type: aggregate.type, nullable: true },
      { name: `${prefix}failed`, type: { name: 'boolean' }, nullable: false },
    ];
    this.#store = store;
    this.#aggregate = aggregate;
    this.#entry = entry;
    assert(entry.strategy.kind === 'collect', 'an aggregate that collects');
    this.#finish = entry.strategy.finish;
    this.#pick = entry.strategy.pick ?? null;
    this.#firstArg = 1 + aggregate.orderBy.length;
    this.#weightAt = store.columns.length - 1;
    const order = aggregate.orderBy.map((key, at) => ({
      column: 1 + at, descending: key.descending, nullsFirst: key.nullsFirst,
    }));
    const args = aggregate.argTypes.map((_type, at) => ({
      column: this.#firstArg + at, descending: false, nullsFirst: false, exact: true,
    }));
    const by = this.#pick?.by;
    const first = by === undefined ? [] : [
      { column: this.#firstArg + by.argument, descending: by.descending, nullsFirst: false },
    ];
    this.#sets = new GroupSets(store, new OrderedIndex(store, [...first, ...order, ...args],
      { weights: this.#weightAt }));
    this.#probeFirst = by?.argument ?? null;
  }

  bind(groups: Groups, columns: readonly StoreColumnData[]): void {
    this.#sets.groups = groups.store;
    this.#result = columns[0] ?? null;
    this.#failed = columns[1] ?? null;
  }

  init(slots: Int32Array, count: number): void {
    const result = this.#result as StoreColumnData;
    for (let i = 0; i < count; i++) {
      const slot = slots[i] as number;
      (result.nulls as Uint8Array)[slot] = 1;
      zeroCell(result, slot);
      (this.#failed as StoreColumnData).bool[slot] = 0;
    }
  }

  add(input: AggregateInput): void {
    const { args, order, rows, count, slots, weights } = input;
    const columns = [...order, ...args];
    const skip = this.#entry.skipsNull ? args[0]?.nulls ?? null : null;
    const { index } = this.#sets;
    const first = this.#probeFirst === null ? [] : [must(args[this.#probeFirst], 'argument')];
    index.bindProbe([...first, ...columns]);
    for (let i = 0; i < count; i++) {
      const row = rows === null ? i : rows[i] as number;
      if (skip !== null && skip[row] === 1) continue;
      const group = slots[i] as number;
      const root = this.#sets.root(group);
      const found = index.equal(root, row);
      if (found >= 0) this.#reweigh(group, root, found, weights[i] as number);
      else this.#insert(group, root, columns, { row, weight: weights[i] as number });
    }
  }

  #reweigh(group: number, root: number, slot: number, weight: number): void {
    const store = this.#store;
    const data = store.column(this.#weightAt).i32;
    const before = data[slot] as number;
    data[slot] = before + weight;
    store.touch(slot);
    this.#sets.index.reweigh(root, slot, before);
    if (before + weight !== 0) return;
    this.#sets.setRoot(group, this.#sets.index.remove(root, slot));
    store.free(slot);
  }

  #insert(
    group: number, root: number, columns: readonly Column[],
    { row, weight }: { readonly row: number; readonly weight: number },
  ): void {
    const store = this.#store;
    const slot = store.alloc();
    store.column(0).i32[slot] = group;
    this.#one[0] = slot;
    this.#row[0] = row;
    columns.forEach((column, at) =>
      scatter(column, this.#row, store.column(1 + at), { slots: this.#one, count: 1 }));
    store.column(this.#weightAt).i32[slot] = weight;
    this.#sets.setRoot(group, this.#sets.index.insert(root, slot));
  }

  output(slots: Int32Array, count: number, onFailure: OutputFailure): Column {
    const made = makeColumn((this.#result as StoreColumnData).kind, count);
    const nulls = new Uint8Array(count);
    const failed = (this.#failed as StoreColumnData).bool;
    for (let i = 0; i < count; i++) {
      failed[slots[i] as number] = 0;
      setOutput(made, i, () => {
        const value = this.#value(slots[i] as number);
        nulls[i] = value === null ? 1 : 0;
        return value;
      }, (at, error) => {
        failed[slots[at] as number] = 1;
        onFailure(at, error);
      });
    }
    const column: Column = { ...made, nulls };
    scatter(column, null, this.#result as StoreColumnData, { slots, count });
    return column;
  }

  #value(group: number): Value {
    if (this.#pick !== null) return this.#picked(group, this.#pick);
    const rows = this.#rows(group);
    return rows.length === 0 ? this.#entry.empty : this.#finish(rows, this.#aggregate.argTypes);
  }

  /** The result by places in the order. */
  #picked(group: number, pick: OrderedPick): Value {
    const { index } = this.#sets;
    const root = this.#sets.root(group);
    const count = index.count(root);
    if (count === 0) return this.#entry.empty;
    return pick.result({
      count, at: (place, argument) => storedValue(
        this.#store.column(this.#firstArg + argument), index.kth(root, place)),
    }, this.#aggregate.argTypes);
  }

  /** The argument rows of a group in order, as often as they weigh. */
  #rows(group: number): Value[][] {
    const store = this.#store;
    const { list, count } = this.#sets.slots(group, store.rows);
    const weights = store.column(this.#weightAt).i32;
    const rows: Value[][] = [];
    for (let i = 0; i < count; i++) {
      const slot = list[i] as number;
      const row = this.#aggregate.argTypes.map((_type, at) =>
        storedValue(store.column(this.#firstArg + at), slot));
      for (let copy = 0; copy < (weights[slot] as number); copy++) rows.push(row);
    }
    return rows;
  }

  previous(slots: Int32Array, count: number, onFailure: OutputFailure): Column {
    const failed = (this.#failed as StoreColumnData).bool;
    for (let i = 0; i < count; i++) {
      if (failed[slots[i] as number] === 1) onFailure(i, sqlError('XX000', 'no result before'));
    }
    return gather(this.#result as StoreColumnData, slots, count);
  }

  drop(slots: Int32Array, count: number): void { this.#sets.drop(slots, count); }
  restore(): void { this.#sets.rebuild(); }
  size(): StateSize { return this.#sets.size(); }
}

/** A cell of a store as a plain value. */
export function storedValue(column: StoreColumnData, slot: number): Value {
  if (column.nulls !== null && column.nulls[slot] === 1) return null;
  const value = column.data[slot];
  return column.kind === 'bool' ? value === 1 : value ?? null;
}

/** Writes a plain value into a cell of a store. */
export function storeValue(column: StoreColumnData, slot: number, value: Value): void {
  if (column.nulls !== null) column.nulls[slot] = value === null ? 1 : 0;
  setCell(column as unknown as Column, slot, value);
}
