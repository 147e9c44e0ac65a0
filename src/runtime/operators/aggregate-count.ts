/**
 * count(*), count(x), bool_and and bool_or: plain counts per group.
 *
 * count(*) without FILTER keeps nothing: it is the group's own row count.
 */
import type { Column } from '../batch.ts';
import type { StateSize } from '../operator.ts';
import type { StoreColumn, StoreColumnData } from '../state/row-store.ts';
import { addCounts, countColumn, NO_SIZE, zeroFloats } from './aggregate-types.ts';
import type { Accumulator, AggregateInput, Groups } from './aggregate-types.ts';

const TWO_32 = 4294967296;

/** Counts as an int8 column. */
function countsOutput(data: Float64Array, slots: Int32Array, count: number): Column {
  const lanes = new Int32Array(count * 2);
  for (let i = 0; i < count; i++) {
    const value = data[slots[i] as number] as number;
    lanes[2 * i] = value | 0;
    lanes[2 * i + 1] = Math.floor(value / TWO_32);
  }
  return { kind: 'i64', data: new BigInt64Array(lanes.buffer), nulls: null };
}

/** count(*) over all rows. */
export class RowCount implements Accumulator {
  readonly columns: readonly StoreColumn[] = [];
  #groups: Groups | null = null;

  bind(groups: Groups): void { this.#groups = groups; }
  init(): void { /* The group's row count is kept by the operator. */ }
  add(): void { /* See init. */ }

  output(slots: Int32Array, count: number): Column {
    return countsOutput(this.#groups?.rows.f64 ?? new Float64Array(0), slots, count);
  }

  previous(slots: Int32Array, count: number): Column { return this.output(slots, count); }
  drop(): void { /* Nothing beside the group store. */ }
  restore(): void { /* Nothing beside the group store. */ }
  size(): StateSize { return NO_SIZE; }
}

/** count(x), and count(*) with FILTER. */
export class ValueCount implements Accumulator {
  readonly columns: readonly StoreColumn[];
  #column: StoreColumnData | null = null;

  constructor(prefix: string) {
    this.columns = [countColumn(`${prefix}count`)];
  }

  bind(_groups: Groups, columns: readonly StoreColumnData[]): void {
    this.#column = columns[0] ?? null;
  }

  init(slots: Int32Array, count: number): void {
    zeroFloats(this.#column as StoreColumnData, slots, count);
  }

  add(input: AggregateInput): void { addCounts(input, this.#column as StoreColumnData); }

  output(slots: Int32Array, count: number): Column {
    return countsOutput((this.#column as StoreColumnData).f64, slots, count);
  }

  previous(slots: Int32Array, count: number): Column { return this.output(slots, count); }
  drop(): void { /* Nothing beside the group store. */ }
  restore(): void { /* Nothing beside the group store. */ }
  size(): StateSize { return NO_SIZE; }
}

/** bool_and and bool_or: how many values were true and how many false. */
export class Booleans implements Accumulator {
  readonly columns: readonly StoreColumn[];
  readonly #and: boolean;
  #trues: StoreColumnData | null = null;
  #falses: StoreColumnData | null = null;

  constructor(prefix: string, and: boolean) {
    this.columns = [countColumn(`${prefix}true`), countColumn(`${prefix}false`)];
    this.#and = and;
  }

  bind(_groups: Groups, columns: readonly StoreColumnData[]): void {
    this.#trues = columns[0] ?? null;
    this.#falses = columns[1] ?? null;
  }

  init(slots: Int32Array, count: number): void {
    zeroFloats(this.#trues as StoreColumnData, slots, count);
    zeroFloats(this.#falses as StoreColumnData, slots, count);
  }

  add({ args, rows, count, slots, weights }: AggregateInput): void {
    const values = args[0]?.data as Uint8Array;
    const nulls = args[0]?.nulls ?? null;
    const trues = (this.#trues as StoreColumnData).f64;
    const falses = (this.#falses as StoreColumnData).f64;
    for (let i = 0; i < count; i++) {
      const row = rows === null ? i : rows[i] as number;
      if (nulls !== null && nulls[row] === 1) continue;
      const counts = values[row] === 1 ? trues : falses;
      const slot = slots[i] as number;
      counts[slot] = (counts[slot] as number) + (weights[i] as number);
    }
  }

  output(slots: Int32Array, count: number): Column {
    const trues = (this.#trues as StoreColumnData).f64;
    const falses = (this.#falses as StoreColumnData).f64;
    const data = new Uint8Array(count);
    let nulls: Uint8Array | null = null;
    for (let i = 0; i < count; i++) {
      const slot = slots[i] as number;
      const some = (trues[slot] as number) > 0;
      const none = (falses[slot] as number) > 0;
      if (!some && !none) (nulls ??= new Uint8Array(count))[i] = 1;
      else data[i] = this.#and ? Number(!none) : Number(some);
    }
    return { kind: 'bool', data, nulls };
  }

  previous(slots: Int32Array, count: number): Column { return this.output(slots, count); }
  drop(): void { /* Nothing beside the group store. */ }
  restore(): void { /* Nothing beside the group store. */ }
  size(): StateSize { return NO_SIZE; }
}
