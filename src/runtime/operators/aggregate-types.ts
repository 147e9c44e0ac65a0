/**
 * The accumulator: what one aggregate call keeps per group and how it is fed, a batch at a time.
 *
 * An accumulator has columns in the group store (a group is a slot there) and may have a store of
 * its own for values per group. It is linear: rows with negative weights take back what rows with
 * positive weights brought, in any order. `output` is only asked of groups at rest.
 */
import type { SqlError } from '../../common/errors.ts';
import type { Column } from '../batch.ts';
import type { StateSize } from '../operator.ts';
import type { RowStore, StoreColumn, StoreColumnData } from '../state/row-store.ts';

/** Rows for an accumulator: entry i is row `rows[i]` (null: i) of the argument columns. */
export interface AggregateInput {
  /** The argument columns, in order. */
  readonly args: readonly Column[];
  /** The columns of the call's ORDER BY. */
  readonly order: readonly Column[];
  readonly rows: Int32Array | null;
  readonly count: number;
  /** The group of each entry. */
  readonly slots: Int32Array;
  readonly weights: Int32Array;
}

/** The groups an accumulator works on. */
export interface Groups {
  readonly store: RowStore;
  /** Rows of each group (weights added up), a float8 column. */
  readonly rows: StoreColumnData;
}

/** Called for entry `at` of an output whose result cannot be given (sum out of range). */
export type OutputFailure = (at: number, error: SqlError) => void;

/** What one aggregate call keeps; see the head of the file. */
export interface Accumulator {
  /** Columns it wants in the group store. */
  readonly columns: readonly StoreColumn[];
  /** Gives it its columns of the group store, in order. */
  bind(groups: Groups, columns: readonly StoreColumnData[]): void;
  /** Sets new groups to the state over no rows. */
  init(slots: Int32Array, count: number): void;
  add(input: AggregateInput): void;
  /** The results of groups. */
  output(slots: Int32Array, count: number, onFailure: OutputFailure): Column;
  /** The results as they were at the last `output`: for groups not touched since. */
  previous(slots: Int32Array, count: number, onFailure: OutputFailure): Column;
  /** Frees what is kept for groups beside their columns, before they are freed. */
  drop(slots: Int32Array, count: number): void;
  restore(): void;
  /** What is kept beside the group store. */
  size(): StateSize;
}

/** Nothing beside the group store. */
export const NO_SIZE: StateSize = { rows: 0, bytes: 0 };

/** A column of counts, sums or other numbers that are exact as doubles. */
export function countColumn(name: string): StoreColumn {
  return { name, type: { name: 'float8' }, nullable: false };
}

/** Sets cells of a float column to 0. */
export function zeroFloats(column: StoreColumnData, slots: Int32Array, count: number): void {
  const data = column.f64;
  for (let i = 0; i < count; i++) data[slots[i] as number] = 0;
}

/** Adds the weights of entries whose argument is not NULL. */
export function addCounts(input: AggregateInput, column: StoreColumnData): void {
  const { rows, count, slots, weights } = input;
  const nulls = input.args[0]?.nulls ?? null;
  const data = column.f64;
  if (nulls === null) {
    for (let i = 0; i < count; i++) {
      const slot = slots[i] as number;
      data[slot] = (data[slot] as number) + (weights[i] as number);
    }
    return;
  }
  for (let i = 0; i < count; i++) {
    if (nulls[rows === null ? i : rows[i] as number] === 1) continue;
    const slot = slots[i] as number;
    data[slot] = (data[slot] as number) + (weights[i] as number);
  }
}
