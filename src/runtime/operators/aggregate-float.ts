/**
 * sum and avg of floats, and of intervals.
 *
 * Float sums are exact: two doubles hold the sum and its error (two-sum, 3-4 ns a value), and what
 * does not fit there goes into an integer count of 2^-1074, the unit of all doubles. So the result
 * does not depend on order, and what was added and taken out leaves no residue. NaN and infinities
 * are counted apart. The parts of an interval are summed one by one.
 */
import { roundToDouble } from '../../common/exact-sum.ts';
import type { Interval } from '../../common/types/interval.ts';
import type { Value } from '../../common/values.ts';
import {
  finishAvgFloat, finishAvgInterval, finishSumFloat4, finishSumFloat8, finishSumInterval,
} from '../../planner/functions/finish.ts';
import { makeColumn } from '../batch.ts';
import type { Column } from '../batch.ts';
import type { StateSize } from '../operator.ts';
import type { RowStore, StoreColumn, StoreColumnData } from '../state/row-store.ts';
import { setOutput } from './aggregate-integer.ts';
import { addCounts, countColumn, NO_SIZE, zeroFloats } from './aggregate-types.ts';
import type { Accumulator, AggregateInput, Groups, OutputFailure } from './aggregate-types.ts';
import { GroupBigints } from './group-bigints.ts';
import { GroupCounts } from './group-counts.ts';

const NAN = -1;
const PLUS = -2;
const MINUS = -3;
const UNIT_EXPONENT = -1074;
const BUFFER = new DataView(new ArrayBuffer(8));

/** A finite double as a count of 2^-1074. */
function units(value: number): bigint {
  BUFFER.setFloat64(0, value);
  const bits = BUFFER.getBigUint64(0);
  const biased = (bits >> 52n) & 0x7ffn;
  const fraction = bits & 0xfffffffffffffn;
  const magnitude = biased === 0n ? fraction : (fraction | 0x10000000000000n) << (biased - 1n);
  return value < 0 ? -magnitude : magnitude;
}

/** What the result of a float sum or average is made of. */
export type FloatResult = 'sum float4' | 'sum float8' | 'avg';

/** sum or avg over float4 or float8. */
export class FloatTotal implements Accumulator {
  readonly columns: readonly StoreColumn[];
  readonly #result: FloatResult;
  readonly #specials: GroupCounts;
  readonly #rest: GroupBigints;
  #count: StoreColumnData | null = null;
  #high: StoreColumnData | null = null;
  #low: StoreColumnData | null = null;

  constructor(
    prefix: string, result: FloatResult,
    stores: { readonly specials: RowStore; readonly rest: RowStore },
  ) {
    this.#result = result;
    this.#specials = new GroupCounts(stores.specials);
    this.#rest = new GroupBigints(stores.rest);
    this.columns = [
      countColumn(`${prefix}count`), countColumn(`${prefix}sum`), countColumn(`${prefix}error`),
    ];
  }

  bind(_groups: Groups, columns: readonly StoreColumnData[]): void {
    this.#count = columns[0] ?? null;
    this.#high = columns[1] ?? null;
    this.#low = columns[2] ?? null;
  }

  init(slots: Int32Array, count: number): void {
    for (const column of [this.#count, this.#high, this.#low]) {
      zeroFloats(column as StoreColumnData, slots, count);
    }
  }

  add(input: AggregateInput): void {
    addCounts(input, this.#count as StoreColumnData);
    const { args, rows, count, slots, weights } = input;
    const data = args[0]?.data as Float64Array;
    const nulls = args[0]?.nulls ?? null;
    const highs = (this.#high as StoreColumnData).f64;
    const lows = (this.#low as StoreColumnData).f64;
    for (let i = 0; i < count; i++) {
      const row = rows === null ? i : rows[i] as number;
      if (nulls !== null && nulls[row] === 1) continue;
      const weight = weights[i] as number;
      const slot = slots[i] as number;
      const value = (data[row] as number) * weight;
      const high = highs[slot] as number;
      const sum = high + value;
      const part = sum - high;
      const error = (high - (sum - part)) + (value - part);
      const low = lows[slot] as number;
      const errors = low + error;
      const errorPart = errors - low;
      const lost = (low - (errors - errorPart)) + (error - errorPart);
      if (lost !== 0 || (weight !== 1 && weight !== -1)) {
        this.#addExact(slot, data[row] as number, weight);
        continue;
      }
      highs[slot] = sum;
      lows[slot] = errors;
    }
    this.#specials.settle();
  }

  /** The slow way: specials, overflow, and what two doubles cannot hold. */
  #addExact(slot: number, value: number, weight: number): void {
    if (!Number.isFinite(value)) {
      this.#specials.note(slot, value !== value ? NAN : value > 0 ? PLUS : MINUS, weight);
      return;
    }
    this.#rest.set(slot, this.#rest.get(slot) + units(value) * BigInt(weight));
  }

  output(slots: Int32Array, count: number, onFailure: OutputFailure): Column {
    const column = makeColumn('f64', count);
    const counts = (this.#count as StoreColumnData).f64;
    let nulls: Uint8Array | null = null;
    for (let i = 0; i < count; i++) {
      const slot = slots[i] as number;
      const values = counts[slot] as number;
      if (values <= 0) (nulls ??= new Uint8Array(count))[i] = 1;
      else setOutput(column, i, () => this.#finish(slot, values), onFailure);
    }
    return { ...column, nulls };
  }

  #finish(slot: number, values: number): number {
    const codes = this.#specials.codes(slot);
    const sum = codes.length === 0 ? this.#sum(slot) : special(codes);
    const infinite = codes.length > 0;
    switch (this.#result) {
      case 'sum float4': return finishSumFloat4(sum, infinite);
      case 'sum float8': return finishSumFloat8(sum, infinite);
      case 'avg': return finishAvgFloat(finishSumFloat8(sum, infinite), BigInt(values));
    }
  }

  /** The exact sum, rounded once. */
  #sum(slot: number): number {
    const high = (this.#high as StoreColumnData).f64[slot] as number;
    const low = (this.#low as StoreColumnData).f64[slot] as number;
    const rest = this.#rest.get(slot);
    // One addition of doubles is rounded correctly.
    if (rest === 0n) return high + low;
    return roundToDouble(units(high) + units(low) + rest, UNIT_EXPONENT);
  }

  previous(slots: Int32Array, count: number, onFailure: OutputFailure): Column {
    return this.output(slots, count, onFailure);
  }

  drop(slots: Int32Array, count: number): void {
    this.#specials.drop(slots, count);
    this.#rest.drop(slots, count);
  }

  restore(): void {
    this.#specials.restore();
    this.#rest.restore();
  }

  size(): StateSize {
    const [specials, rest] = [this.#specials.size(), this.#rest.size()];
    return { rows: specials.rows + rest.rows, bytes: specials.bytes + rest.bytes };
  }
}

function special(codes: readonly number[]): number {
  const [plus, minus] = [codes.includes(PLUS), codes.includes(MINUS)];
  if (codes.includes(NAN) || (plus && minus)) return NaN;
  return plus ? Infinity : -Infinity;
}

/** sum or avg over interval. */
export class IntervalTotal implements Accumulator {
  readonly columns: readonly StoreColumn[];
  readonly #average: boolean;
  #count: StoreColumnData | null = null;
  #months: StoreColumnData | null = null;
  #days: StoreColumnData | null = null;
  #micros: StoreColumnData | null = null;

  constructor(prefix: string, average: boolean) {
    this.#average = average;
    this.columns = [
      countColumn(`${prefix}count`), countColumn(`${prefix}months`), countColumn(`${prefix}days`),
      { name: `${prefix}micros`, type: { name: 'int8' }, nullable: false },
    ];
  }

  bind(_groups: Groups, columns: readonly StoreColumnData[]): void {
    this.#count = columns[0] ?? null;
    this.#months = columns[1] ?? null;
    this.#days = columns[2] ?? null;
    this.#micros = columns[3] ?? null;
  }

  init(slots: Int32Array, count: number): void {
    for (const column of [this.#count, this.#months, this.#days]) {
      zeroFloats(column as StoreColumnData, slots, count);
    }
    const micros = (this.#micros as StoreColumnData).i64;
    for (let i = 0; i < count; i++) micros[slots[i] as number] = 0n;
  }

  add(input: AggregateInput): void {
    addCounts(input, this.#count as StoreColumnData);
    const { args, rows, count, slots, weights } = input;
    const data = args[0]?.data as Interval[];
    const nulls = args[0]?.nulls ?? null;
    const months = (this.#months as StoreColumnData).f64;
    const days = (this.#days as StoreColumnData).f64;
    const micros = (this.#micros as StoreColumnData).i64;
    for (let i = 0; i < count; i++) {
      const row = rows === null ? i : rows[i] as number;
      if (nulls !== null && nulls[row] === 1) continue;
      const value = data[row] as Interval;
      const slot = slots[i] as number;
      const weight = weights[i] as number;
      months[slot] = (months[slot] as number) + value.months * weight;
      days[slot] = (days[slot] as number) + value.days * weight;
      micros[slot] = (micros[slot] as bigint) + value.micros * BigInt(weight);
    }
  }

  output(slots: Int32Array, count: number, onFailure: OutputFailure): Column {
    const column = makeColumn('ref', count);
    const counts = (this.#count as StoreColumnData).f64;
    let nulls: Uint8Array | null = null;
    for (let i = 0; i < count; i++) {
      const slot = slots[i] as number;
      const values = counts[slot] as number;
      if (values <= 0) (nulls ??= new Uint8Array(count))[i] = 1;
      else setOutput(column, i, () => this.#finish(slot, values), onFailure);
    }
    return { ...column, nulls };
  }

  #finish(slot: number, values: number): Value {
    const sum = finishSumInterval(
      BigInt((this.#months as StoreColumnData).f64[slot] as number),
      BigInt((this.#days as StoreColumnData).f64[slot] as number),
      (this.#micros as StoreColumnData).i64[slot] as bigint);
    return this.#average ? finishAvgInterval(sum, BigInt(values)) : sum;
  }

  previous(slots: Int32Array, count: number, onFailure: OutputFailure): Column {
    return this.output(slots, count, onFailure);
  }

  drop(): void { /* Nothing beside the group store. */ }
  restore(): void { /* Nothing beside the group store. */ }
  size(): StateSize { return NO_SIZE; }
}
