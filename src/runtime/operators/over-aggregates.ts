/**
 * Accumulators of aggregates used as window functions.
 *
 * One accumulator holds the rows of one frame: rows are added at its end and, where the aggregate
 * allows it, taken out at its start. min, max and `collect` cannot take out and say so. Results are
 * those of the registry's finishing functions. Values are plain values, read from a store.
 */
import { must } from '../../common/assert.ts';
import { ExactSum } from '../../common/exact-sum.ts';
import { NumericSum } from '../../common/numeric-sum.ts';
import { compareValues } from '../../common/types/registry.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import {
  asBigint, asBoolean, asInterval, asNumber, asNumeric,
} from '../../common/types/values-of.ts';
import type { Value } from '../../common/values.ts';
import type { AggregateFunction, AggregateStrategy } from '../../planner/functions/entry.ts';
import {
  finishAvgFloat, finishAvgInt, finishAvgInterval, finishAvgNumeric, finishSumFloat4,
  finishSumFloat8, finishSumInt8, finishSumInterval, finishSumNumeric,
} from '../../planner/functions/finish.ts';

/** The state of an aggregate over the rows of a frame. */
export interface FrameAccumulator {
  /** False: `remove` must not be called. */
  readonly retractable: boolean;
  /** Adds the arguments of a row; the caller has applied FILTER. */
  add(args: readonly Value[]): void;
  /** Takes out a row that was added. */
  remove(args: readonly Value[]): void;
  /** The aggregate's value over the rows in it. */
  result(): Value;
  /** An independent copy. */
  copy(): FrameAccumulator;
}

/** What an accumulator must know of its call. */
export interface AggregateShape {
  readonly entry: AggregateFunction;
  readonly argTypes: readonly SqlType[];
  readonly type: SqlType;
}

/** An empty accumulator for a call. */
export function makeAccumulator(shape: AggregateShape): FrameAccumulator {
  const { strategy } = shape.entry;
  switch (strategy.kind) {
    case 'count': return new CountAccumulator(shape, 0);
    case 'sum': case 'avg': return linear(shape, strategy);
    case 'extreme': return new ExtremeAccumulator(shape, strategy.direction === 'min' ? -1 : 1);
    case 'bool': return new BoolAccumulator(strategy.op === 'and');
    case 'collect': return new CollectAccumulator(shape, strategy);
  }
}

type Linear = Extract<AggregateStrategy, { kind: 'sum' | 'avg' }>;

function linear(shape: AggregateShape, strategy: Linear): FrameAccumulator {
  const average = strategy.kind === 'avg';
  switch (strategy.of) {
    case 'int': return new IntAccumulator(shape.type, average);
    case 'numeric': return new NumericAccumulator(average);
    case 'float': return new FloatAccumulator(shape.type, average);
    case 'interval': return new IntervalAccumulator(average);
  }
}

class CountAccumulator implements FrameAccumulator {
  readonly retractable = true;
  readonly #shape: AggregateShape;
  #count: number;

  constructor(shape: AggregateShape, count: number) {
    this.#shape = shape;
    this.#count = count;
  }

  #counts(args: readonly Value[]): boolean {
    return !this.#shape.entry.skipsNull || (args[0] ?? null) !== null;
  }

  add(args: readonly Value[]): void {
    if (this.#counts(args)) this.#count++;
  }

  remove(args: readonly Value[]): void {
    if (this.#counts(args)) this.#count--;
  }

  result(): Value { return BigInt(this.#count); }

  copy(): FrameAccumulator { return new CountAccumulator(this.#shape, this.#count); }
}

class IntAccumulator implements FrameAccumulator {
  readonly retractable = true;
  readonly #type: SqlType;
  readonly #average: boolean;
  #sum = 0n;
  #count = 0;

  constructor(type: SqlType, average: boolean) {
    this.#type = type;
    this.#average = average;
  }

  add(args: readonly Value[]): void {
    const value = args[0] ?? null;
    if (value === null) return;
    this.#sum += typeof value === 'number' ? BigInt(value) : asBigint(value);
    this.#count++;
  }

  remove(args: readonly Value[]): void {
    const value = args[0] ?? null;
    if (value === null) return;
    this.#sum -= typeof value === 'number' ? BigInt(value) : asBigint(value);
    this.#count--;
  }

  result(): Value {
    if (this.#count === 0) return null;
    if (this.#average) return finishAvgInt(this.#sum, BigInt(this.#count));
    return this.#type.name === 'numeric' ? finishSumNumeric(this.#sum) : finishSumInt8(this.#sum);
  }

  copy(): FrameAccumulator {
    const copy = new IntAccumulator(this.#type, this.#average);
    copy.#sum = this.#sum;
    copy.#count = this.#count;
    return copy;
  }
}

class NumericAccumulator implements FrameAccumulator {
  readonly retractable = true;
  readonly #average: boolean;
  readonly #sum = new NumericSum();
  #count = 0;

  constructor(average: boolean) {
    this.#average = average;
  }

  add(args: readonly Value[]): void {
    this.#apply(args, 1);
  }

  remove(args: readonly Value[]): void {
    this.#apply(args, -1);
  }

  #apply(args: readonly Value[], weight: number): void {
    const value = args[0] ?? null;
    if (value === null) return;
    this.#sum.add(asNumeric(value), weight);
    this.#count += weight;
  }

  result(): Value {
    if (this.#count === 0) return null;
    const sum = this.#sum.value();
    return this.#average ? finishAvgNumeric(sum, BigInt(this.#count)) : sum;
  }

  copy(): FrameAccumulator {
    const copy = new NumericAccumulator(this.#average);
    copy.#sum.merge(this.#sum);
    copy.#count = this.#count;
    return copy;
  }
}

class FloatAccumulator implements FrameAccumulator {
  readonly retractable = true;
  readonly #type: SqlType;
  readonly #average: boolean;
  readonly #sum = new ExactSum();
  #count = 0;

  constructor(type: SqlType, average: boolean) {
    this.#type = type;
    this.#average = average;
  }

  add(args: readonly Value[]): void {
    this.#apply(args, 1);
  }

  remove(args: readonly Value[]): void {
    this.#apply(args, -1);
  }

  #apply(args: readonly Value[], weight: number): void {
    const value = args[0] ?? null;
    if (value === null) return;
    this.#sum.addWeighted(asNumber(value), weight);
    this.#count += weight;
  }

  result(): Value {
    if (this.#count === 0) return null;
    const special = this.#sum.hasSpecial();
    if (this.#average) return finishAvgFloat(this.#sum.value(), BigInt(this.#count));
    return this.#type.name === 'float4' ? finishSumFloat4(this.#sum.value(), special)
      : finishSumFloat8(this.#sum.value(), special);
  }

  copy(): FrameAccumulator {
    const copy = new FloatAccumulator(this.#type, this.#average);
    copy.#sum.merge(this.#sum);
    copy.#count = this.#count;
    return copy;
  }
}

class IntervalAccumulator implements FrameAccumulator {
  readonly retractable = true;
  readonly #average: boolean;
  #months = 0n;
  #days = 0n;
  #micros = 0n;
  #count = 0;

  constructor(average: boolean) {
    this.#average = average;
  }

  add(args: readonly Value[]): void {
    this.#apply(args, 1);
  }

  remove(args: readonly Value[]): void {
    this.#apply(args, -1);
  }

  #apply(args: readonly Value[], weight: number): void {
    const value = args[0] ?? null;
    if (value === null) return;
    const { months, days, micros } = asInterval(value);
    this.#months += BigInt(months * weight);
    this.#days += BigInt(days * weight);
    this.#micros += micros * BigInt(weight);
    this.#count += weight;
  }

  result(): Value {
    if (this.#count === 0) return null;
    const sum = finishSumInterval(this.#months, this.#days, this.#micros);
    return this.#average ? finishAvgInterval(sum, BigInt(this.#count)) : sum;
  }

  copy(): FrameAccumulator {
    const copy = new IntervalAccumulator(this.#average);
    copy.#months = this.#months;
    copy.#days = this.#days;
    copy.#micros = this.#micros;
    copy.#count = this.#count;
    return copy;
  }
}

class ExtremeAccumulator implements FrameAccumulator {
  readonly retractable = false;
  readonly #shape: AggregateShape;
  readonly #type: SqlType;
  readonly #sign: number;
  #best: Value = null;

  constructor(shape: AggregateShape, sign: number) {
    this.#shape = shape;
    this.#type = must(shape.argTypes[0], 'argument of min or max');
    this.#sign = sign;
  }

  add(args: readonly Value[]): void {
    const value = args[0] ?? null;
    if (value === null) return;
    if (this.#best === null || compareValues(value, this.#best, this.#type) * this.#sign > 0) {
      this.#best = value;
    }
  }

  remove(): void {
    must(null, 'min and max do not take rows out');
  }

  result(): Value { return this.#best; }

  copy(): FrameAccumulator {
    const copy = new ExtremeAccumulator(this.#shape, this.#sign);
    copy.#best = this.#best;
    return copy;
  }
}

class BoolAccumulator implements FrameAccumulator {
  readonly retractable = true;
  readonly #and: boolean;
  readonly #counts = [0, 0];

  constructor(and: boolean) {
    this.#and = and;
  }

  add(args: readonly Value[]): void {
    this.#apply(args, 1);
  }

  remove(args: readonly Value[]): void {
    this.#apply(args, -1);
  }

  #apply(args: readonly Value[], weight: number): void {
    const value = args[0] ?? null;
    if (value === null) return;
    const outcome = asBoolean(value) ? 1 : 0;
    this.#counts[outcome] = (this.#counts[outcome] ?? 0) + weight;
  }

  result(): Value {
    const [falses = 0, trues = 0] = this.#counts;
    if (falses + trues === 0) return null;
    return this.#and ? falses === 0 : trues > 0;
  }

  copy(): FrameAccumulator {
    const copy = new BoolAccumulator(this.#and);
    this.#counts.forEach((count, outcome) => { copy.#counts[outcome] = count; });
    return copy;
  }
}

type Collect = Extract<AggregateStrategy, { kind: 'collect' }>;

/** Keeps the argument tuples of the frame in frame order; computes the value from all of them. */
class CollectAccumulator implements FrameAccumulator {
  readonly retractable = false;
  readonly #shape: AggregateShape;
  readonly #strategy: Collect;
  #rows: (readonly Value[])[] = [];

  constructor(shape: AggregateShape, strategy: Collect) {
    this.#shape = shape;
    this.#strategy = strategy;
  }

  add(args: readonly Value[]): void {
    if (this.#shape.entry.skipsNull && (args[0] ?? null) === null) return;
    this.#rows.push([...args]);
  }

  remove(): void {
    must(null, 'collecting aggregates do not take rows out');
  }

  result(): Value {
    if (this.#rows.length === 0) return this.#shape.entry.empty;
    return this.#strategy.finish(this.#rows, this.#shape.argTypes);
  }

  copy(): FrameAccumulator {
    const copy = new CollectAccumulator(this.#shape, this.#strategy);
    copy.#rows = [...this.#rows];
    return copy;
  }
}
