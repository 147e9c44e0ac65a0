/**
 * Aggregates kept as a summary: a small state per group that rows are added to and taken out of.
 *
 * The state stands as bytes in the group store; it is unpacked for the groups an epoch touches and
 * packed again when their results are asked for, so that a change costs the size of the state, not
 * of the group.
 */
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import type { Value } from '../../common/values.ts';
import type { DataflowAggregate } from '../../planner/dataflow.ts';
import type { AggregateFunction, Summary, SummaryMaker } from '../../planner/functions/entry.ts';
import { cell, makeColumn } from '../batch.ts';
import type { Column } from '../batch.ts';
import type { StateSize } from '../operator.ts';
import type { StoreColumn, StoreColumnData } from '../state/row-store.ts';
import { gather, scatter, zeroCell } from '../state/transfer.ts';
import { storedValue, storeValue } from './aggregate-collect.ts';
import { setOutput } from './aggregate-integer.ts';
import { NO_SIZE } from './aggregate-types.ts';
import type { Accumulator, AggregateInput, Groups, OutputFailure } from './aggregate-types.ts';

/** The accumulator; see the head of the file. */
export class Summarised implements Accumulator {
  readonly columns: readonly StoreColumn[];
  readonly #aggregate: DataflowAggregate;
  readonly #skipsNull: boolean;
  readonly #maker: SummaryMaker;
  #state: StoreColumnData | null = null;
  #result: StoreColumnData | null = null;
  #failed: StoreColumnData | null = null;
  /** States of the groups touched since the last output. */
  readonly #open = new Map<number, Summary>();

  constructor(
    prefix: string, aggregate: DataflowAggregate, entry: AggregateFunction, maker: SummaryMaker,
  ) {
    this.columns = [
      { name: `${prefix}state`, type: { name: 'bytea' }, nullable: true },
      { name: `${prefix}result`, type: aggregate.type, nullable: true },
      { name: `${prefix}failed`, type: { name: 'boolean' }, nullable: false },
    ];
    this.#aggregate = aggregate;
    this.#skipsNull = entry.skipsNull;
    this.#maker = maker;
  }

  bind(_groups: Groups, columns: readonly StoreColumnData[]): void {
    [this.#state = null, this.#result = null, this.#failed = null] = columns;
  }

  init(slots: Int32Array, count: number): void {
    const result = must(this.#result, 'result column');
    for (let i = 0; i < count; i++) {
      const slot = slots[i] as number;
      storeValue(must(this.#state, 'state column'), slot, null);
      (result.nulls as Uint8Array)[slot] = 1;
      zeroCell(result, slot);
      must(this.#failed, 'failure column').bool[slot] = 0;
    }
  }

  #summary(slot: number): Summary {
    const known = this.#open.get(slot);
    if (known !== undefined) return known;
    const bytes = storedValue(must(this.#state, 'state column'), slot);
    const { argTypes } = this.#aggregate;
    const made = bytes instanceof Uint8Array ? this.#maker.load(bytes, argTypes)
      : this.#maker.make(argTypes);
    this.#open.set(slot, made);
    return made;
  }

  add({ args, rows, count, slots, weights }: AggregateInput): void {
    const skip = this.#skipsNull ? args[0]?.nulls ?? null : null;
    const values: Value[] = args.map(() => null);
    for (let i = 0; i < count; i++) {
      const row = rows === null ? i : rows[i] as number;
      if (skip !== null && skip[row] === 1) continue;
      for (let at = 0; at < args.length; at++) values[at] = cell(args[at] as Column, row);
      this.#summary(slots[i] as number).add(values, weights[i] as number);
    }
  }

  output(slots: Int32Array, count: number, onFailure: OutputFailure): Column {
    const made = makeColumn(must(this.#result, 'result column').kind, count);
    const nulls = new Uint8Array(count);
    const failed = must(this.#failed, 'failure column').bool;
    for (let i = 0; i < count; i++) {
      const slot = slots[i] as number;
      const summary = this.#summary(slot);
      failed[slot] = 0;
      setOutput(made, i, () => {
        const value = summary.result();
        nulls[i] = value === null ? 1 : 0;
        return value;
      }, (at, error) => {
        failed[slot] = 1;
        onFailure(at, error);
      });
      storeValue(must(this.#state, 'state column'), slot, summary.save());
      this.#open.delete(slot);
    }
    const column: Column = { ...made, nulls };
    scatter(column, null, must(this.#result, 'result column'), { slots, count });
    return column;
  }

  previous(slots: Int32Array, count: number, onFailure: OutputFailure): Column {
    const failed = must(this.#failed, 'failure column').bool;
    for (let i = 0; i < count; i++) {
      if (failed[slots[i] as number] === 1) onFailure(i, sqlError('XX000', 'no result before'));
    }
    return gather(must(this.#result, 'result column'), slots, count);
  }

  drop(slots: Int32Array, count: number): void {
    for (let i = 0; i < count; i++) this.#open.delete(slots[i] as number);
  }

  restore(): void { this.#open.clear(); }
  size(): StateSize { return NO_SIZE; }
}
