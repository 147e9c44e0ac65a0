/**
 * sum and avg of integers: exact, whatever the values and however many.
 *
 * The hot state is one 64-bit integer per group, added to in two 32-bit lanes (2-3 ns; bigint costs
 * twice that). When it would overflow, it is moved into a numeric of any size beside it, and starts
 * at 0 again. A count of the non-NULL values tells when the result is NULL.
 */
import { SqlError } from '../../common/errors.ts';
import type { Value } from '../../common/values.ts';
import { finishAvgInt, finishSumInt8, finishSumNumeric } from '../../planner/functions/finish.ts';
import { makeColumn, setCell } from '../batch.ts';
import type { Column } from '../batch.ts';
import type { StateSize } from '../operator.ts';
import { lanesOf } from '../state/hash-columns.ts';
import type { RowStore, StoreColumn, StoreColumnData } from '../state/row-store.ts';
import { addCounts, countColumn, zeroFloats } from './aggregate-types.ts';
import type { Accumulator, AggregateInput, Groups, OutputFailure } from './aggregate-types.ts';
import { GroupBigints } from './group-bigints.ts';

/** A sum of any size: a 64-bit part that is added to, and the rest. */
export class WideSum {
  readonly columns: readonly StoreColumn[];
  readonly far: GroupBigints;
  #near: StoreColumnData | null = null;

  constructor(prefix: string, far: RowStore) {
    this.far = new GroupBigints(far);
    this.columns = [{ name: `${prefix}sum`, type: { name: 'int8' }, nullable: false }];
  }

  bind(columns: readonly StoreColumnData[]): void {
    this.#near = columns[0] ?? null;
  }

  init(slots: Int32Array, count: number): void {
    const near = this.near.i64;
    for (let i = 0; i < count; i++) near[slots[i] as number] = 0n;
  }

  /** The 64-bit part. */
  get near(): StoreColumnData { return this.#near as StoreColumnData; }

  /** Adds any amount. */
  add(slot: number, amount: bigint): void {
    const near = this.near.i64;
    const sum = (near[slot] as bigint) + amount;
    if (BigInt.asIntN(64, sum) === sum) {
      near[slot] = sum;
      return;
    }
    near[slot] = 0n;
    this.far.set(slot, this.far.get(slot) + sum);
  }

  /** Multiplies the sum. */
  scale(slot: number, factor: bigint): void {
    const total = this.total(slot) * factor;
    this.near.i64[slot] = 0n;
    this.far.set(slot, 0n);
    this.add(slot, total);
  }

  total(slot: number): bigint {
    const near = this.near.i64[slot] as bigint;
    return this.far.any ? near + this.far.get(slot) : near;
  }
}

/** What the result of an integer sum or average is made of. */
export type IntegerResult = 'sum int8' | 'sum numeric' | 'avg';

/** sum or avg over int2, int4 or int8. */
export class IntegerSum implements Accumulator {
  readonly columns: readonly StoreColumn[];
  readonly #sum: WideSum;
  readonly #result: IntegerResult;
  #count: StoreColumnData | null = null;

  constructor(prefix: string, result: IntegerResult, far: RowStore) {
    this.#sum = new WideSum(prefix, far);
    this.#result = result;
    this.columns = [countColumn(`${prefix}count`), ...this.#sum.columns];
  }

  bind(_groups: Groups, columns: readonly StoreColumnData[]): void {
    this.#count = columns[0] ?? null;
    this.#sum.bind(columns.slice(1));
  }

  init(slots: Int32Array, count: number): void {
    zeroFloats(this.#count as StoreColumnData, slots, count);
    this.#sum.init(slots, count);
  }

  add(input: AggregateInput): void {
    addCounts(input, this.#count as StoreColumnData);
    const column = input.args[0] as Column;
    if (column.kind === 'i32') this.#addSmall(column.data, input);
    else this.#addBig(column.data as BigInt64Array, input);
  }

  #addSmall(data: Int32Array, { args, rows, count, slots, weights }: AggregateInput): void {
    const nulls = args[0]?.nulls ?? null;
    const lanes = lanesOf(this.#sum.near.i64);
    for (let i = 0; i < count; i++) {
      const row = rows === null ? i : rows[i] as number;
      if (nulls !== null && nulls[row] === 1) continue;
      const slot = slots[i] as number;
      const amount = (data[row] as number) * (weights[i] as number);
      if (amount !== (amount | 0)) {
        this.#sum.add(slot, BigInt(data[row] as number) * BigInt(weights[i] as number));
        continue;
      }
      const low = ((lanes[2 * slot] as number) >>> 0) + (amount >>> 0);
      const high = (lanes[2 * slot + 1] as number) + (amount >> 31) + (low > 4294967295 ? 1 : 0);
      if (high !== (high | 0)) {
        this.#sum.add(slot, BigInt(amount));
        continue;
      }
      lanes[2 * slot] = low;
      lanes[2 * slot + 1] = high;
    }
  }

  #addBig(data: BigInt64Array, { args, rows, count, slots, weights }: AggregateInput): void {
    const nulls = args[0]?.nulls ?? null;
    const lanes = lanesOf(this.#sum.near.i64);
    const from = lanesOf(data);
    for (let i = 0; i < count; i++) {
      const row = rows === null ? i : rows[i] as number;
      if (nulls !== null && nulls[row] === 1) continue;
      const slot = slots[i] as number;
      const weight = weights[i] as number;
      let low = 0;
      let high = 0.5;
      if (weight === 1) {
        low = ((lanes[2 * slot] as number) >>> 0) + ((from[2 * row] as number) >>> 0);
        high = (lanes[2 * slot + 1] as number) + (from[2 * row + 1] as number)
          + (low > 4294967295 ? 1 : 0);
      } else if (weight === -1) {
        low = ((lanes[2 * slot] as number) >>> 0) - ((from[2 * row] as number) >>> 0);
        high = (lanes[2 * slot + 1] as number) - (from[2 * row + 1] as number) - (low < 0 ? 1 : 0);
      }
      if (high !== (high | 0)) {
        this.#sum.add(slot, (data[row] as bigint) * BigInt(weight));
        continue;
      }
      lanes[2 * slot] = low;
      lanes[2 * slot + 1] = high;
    }
  }

  output(slots: Int32Array, count: number, onFailure: OutputFailure): Column {
    const nulls = this.#missing(slots, count);
    if (this.#result === 'sum int8') return { ...this.#int8(slots, count, onFailure), nulls };
    const data = makeColumn('ref', count).data as Value[];
    const counts = (this.#count as StoreColumnData).f64;
    const average = this.#result === 'avg';
    for (let i = 0; i < count; i++) {
      if (nulls !== null && nulls[i] === 1) continue;
      const slot = slots[i] as number;
      const total = this.#sum.total(slot);
      data[i] = average ? finishAvgInt(total, BigInt(counts[slot] as number))
        : finishSumNumeric(total);
    }
    return { kind: 'ref', data, nulls };
  }

  /** The mask of groups without values, or null. */
  #missing(slots: Int32Array, count: number): Uint8Array | null {
    const counts = (this.#count as StoreColumnData).f64;
    let nulls: Uint8Array | null = null;
    for (let i = 0; i < count; i++) {
      if ((counts[slots[i] as number] as number) <= 0) (nulls ??= new Uint8Array(count))[i] = 1;
    }
    return nulls;
  }

  #int8(slots: Int32Array, count: number, onFailure: OutputFailure): Column {
    const to = new Int32Array(count * 2);
    const from = lanesOf(this.#sum.near.i64);
    for (let i = 0; i < count; i++) {
      const slot = slots[i] as number;
      to[2 * i] = from[2 * slot] as number;
      to[2 * i + 1] = from[2 * slot + 1] as number;
    }
    const column: Column = { kind: 'i64', data: new BigInt64Array(to.buffer), nulls: null };
    if (!this.#sum.far.any) return column;
    for (let i = 0; i < count; i++) {
      setOutput(column, i, () => finishSumInt8(this.#sum.total(slots[i] as number)), onFailure);
    }
    return column;
  }

  previous(slots: Int32Array, count: number, onFailure: OutputFailure): Column {
    return this.output(slots, count, onFailure);
  }

  drop(slots: Int32Array, count: number): void { this.#sum.far.drop(slots, count); }
  restore(): void { this.#sum.far.restore(); }
  size(): StateSize { return this.#sum.far.size(); }
}

/** Writes a result, or reports that it cannot be given. */
export function setOutput(
  column: Column, at: number, finish: () => Value, onFailure: OutputFailure,
): void {
  try {
    setCell(column, at, finish());
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    onFailure(at, error);
  }
}
