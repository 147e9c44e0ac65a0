/**
 * What stands in filled windows: the cells of rows that FILL adds, built a column at a time.
 *
 * A filled window is named by the slot of the row before it, that of the row behind it (-1: none),
 * and its value of the first window column. Relies on fill.ts for which windows there are.
 */
import { must } from '../../common/assert.ts';
import {
  addNumeric, divNumeric, divRound, mulNumeric, numericFromBigint, subNumeric,
} from '../../common/types/numeric.ts';
import type { Numeric } from '../../common/types/numeric.ts';
import { formatValue } from '../../common/types/registry.ts';
import { physicalOf } from '../../common/types/sql-type.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { Value } from '../../common/values.ts';
import type { DataflowColumn } from '../../planner/dataflow.ts';
import type { FillRule, FillValue } from '../../planner/relation.ts';
import { cell, makeColumn, setCell } from '../batch.ts';
import type { Batch, Column } from '../batch.ts';
import type { RowStore } from '../state/row-store.ts';
import { gather } from '../state/transfer.ts';
import { fillSteps } from './fill-steps.ts';
import type { FillSteps } from './fill-steps.ts';

/** Windows to add, side by side. */
export interface NewWindows {
  readonly before: Int32Array;
  readonly behind: Int32Array;
  readonly times: BigInt64Array;
}

/** Makes and compares the cells of filled windows; see the head of the file. */
export class FillValues {
  readonly #rule: FillRule;
  readonly #columns: readonly DataflowColumn[];
  readonly #rows: RowStore;
  readonly #steps: FillSteps;
  /** The first window column. */
  readonly time: number;

  constructor(rule: FillRule, columns: readonly DataflowColumn[], rows: RowStore) {
    this.#rule = rule;
    this.#steps = fillSteps(rule);
    this.#columns = columns;
    this.#rows = rows;
    this.time = must(rule.windows[0], 'window column').column;
  }

  /** The value of the first window column of a row. */
  timeOf(slot: number): bigint {
    return this.#rows.column(this.time).i64[slot] as bigint;
  }

  /** The new rows, with weight 1. */
  batch({ before, behind, times }: NewWindows): Batch {
    const { length } = before;
    const columns: (Column | undefined)[] = this.#columns.map(() => undefined);
    for (const at of this.#rule.partitionBy) {
      columns[at] = gather(this.#rows.column(at), before, length);
    }
    for (const { column, role } of this.#rule.windows) {
      const data = times.map((time) => this.#steps.place(time, role));
      columns[column] = { kind: 'i64', data, nulls: null };
    }
    for (const value of this.#rule.values) {
      columns[value.column] = value.how === 'previous'
        ? gather(this.#rows.column(value.column), before, length)
        : this.#column(value, { before, behind, times });
    }
    return {
      length, weights: new Int32Array(length).fill(1),
      columns: columns.map((column) => must(column, 'filled column')),
    };
  }

  #column(value: FillValue, { before, behind, times }: NewWindows): Column {
    const { type } = must(this.#columns[value.column], 'column');
    const made = makeColumn(physicalOf(type), before.length);
    let nulls: Uint8Array | null = null;
    for (let i = 0; i < before.length; i++) {
      const of = this.#valueOf(value, before[i] as number, behind[i] as number,
        times[i] as bigint);
      if (of === null) (nulls ??= new Uint8Array(before.length))[i] = 1;
      else setCell(made, i, of);
    }
    return nulls === null ? made : { ...made, nulls };
  }

  #valueOf(value: FillValue, ...[before, behind, time]: [number, number, bigint]): Value {
    switch (value.how) {
      case 'literal': return value.value;
      case 'previous': return this.#cell(value.column, before);
      case 'linear': {
        if (behind < 0) return null;
        const from = this.#cell(value.column, before);
        const to = this.#cell(value.column, behind);
        const start = this.timeOf(before);
        const parts = this.#steps.between(start, this.timeOf(behind));
        if (from === null || to === null || parts - 1n > this.#rule.most) return null;
        const { type } = must(this.#columns[value.column], 'column');
        return between(from, to, { part: this.#steps.between(start, time), parts, type });
      }
    }
  }

  #cell(column: number, slot: number): Value {
    return cell(this.#rows.column(column) as Column, slot);
  }

  /** True when a filled row is what would be filled now. */
  isSame(fills: RowStore, fill: number, before: number, behind: number): boolean {
    const time = fills.column(this.time).i64[fill] as bigint;
    return this.#rule.values.every((value) => {
      if (value.how === 'literal') return true;
      const was = cell(fills.column(value.column) as Column, fill);
      const is = this.#valueOf(value, before, behind, time);
      const { type } = must(this.#columns[value.column], 'column');
      return was === is || (was !== null && is !== null && typeof was === 'object'
        && formatValue(was, type) === formatValue(is, type));
    });
  }
}

/** The value `part` of `parts` on the way between two numbers; of whole numbers the nearest one. */
export function between(
  from: Value, to: Value,
  of: { readonly part: bigint; readonly parts: bigint; readonly type: SqlType },
): Value {
  const { part, parts, type } = of;
  switch (type.name) {
    case 'float4': case 'float8': {
      const share = Number(part) / Number(parts);
      const value = (from as number) + ((to as number) - (from as number)) * share;
      return type.name === 'float4' ? Math.fround(value) : value;
    }
    case 'numeric': {
      const way = mulNumeric(subNumeric(to as Numeric, from as Numeric), numericFromBigint(part));
      return addNumeric(from as Numeric, divNumeric(way, numericFromBigint(parts)));
    }
    default: {
      const start = BigInt(from as number | bigint);
      const value = divRound(start * (parts - part) + BigInt(to as number | bigint) * part, parts);
      return type.name === 'int8' ? value : Number(value);
    }
  }
}
