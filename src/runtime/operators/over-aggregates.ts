/**
 * Accumulators of aggregates used as window functions.
 *
 * One accumulator holds the rows of one frame: rows are added at its end and taken out at its
 * start, in the order they came; what is linear takes out others, too, for EXCLUDE.
 * Results are those of the registry's finishing functions. Values are plain values from a store.
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
import type {
  AggregateFunction, AggregateStrategy, Summary, SummaryMaker,
} from '../../planner/functions/entry.ts';
import {
  finishAvgFloat, finishAvgInt, finishAvgInterval, finishAvgNumeric, finishSumFloat4,
  finishSumFloat8, finishSumInt8, finishSumInterval, finishSumNumeric,
} from '../../planner/functions/finish.ts';

/** The state of an aggregate over the rows of a frame. */
export interface FrameAccumulator {
  /** Rows may be taken out in any order; otherwise only in the order they came. */
  readonly isLinear: boolean;
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

/** An empty accumulator for a call; `growsOnly`: no row is ever taken out. */
export function makeAccumulator(shape: AggregateShape, growsOnly: boolean): FrameAccumulator {
  const { strategy } = shape.entry;
  switch (strategy.kind) {
    case 'count': return new CountAccumulator(shape, 0);
    case 'sum': case 'avg': return linear(shape, strategy);
    case 'extreme':
      return new ExtremeAccumulator(shape, strategy.direction === 'min' ? -1 : 1, growsOnly);
    case 'bool': return new BoolAccumulator(strategy.op === 'and');
    case 'collect': {
      const { summary } = strategy;
      return summary === undefined || !summary.retracts() ? new CollectAccumulator(shape, strategy)
        : new SummaryAccumulator(shape, summary, summary.make(shape.argTypes));
    }
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
  readonly isLinear = true;
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
  readonly isLinear = true;
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
  readonly isLinear = true;
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
  readonly isLinear = true;
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
  readonly isLinear = true;
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

/**
 * min and max of a frame whose rows leave in the order they came: the candidates that can still
 * become the best, each better than all behind it. Amortised, a row costs two steps.
 */
class ExtremeAccumulator implements FrameAccumulator {
  readonly isLinear = false;
  readonly #shape: AggregateShape;
  readonly #type: SqlType;
  readonly #sign: number;
  readonly #growsOnly: boolean;
  /** Candidates from #first on, with the number of the row each came with. */
  #values: Value[] = [];
  #numbers: number[] = [];
  #first = 0;
  #added = 0;
  #removed = 0;

  constructor(shape: AggregateShape, sign: number, growsOnly: boolean) {
    this.#shape = shape;
    this.#type = must(shape.argTypes[0], 'argument of min or max');
    this.#sign = sign;
    this.#growsOnly = growsOnly;
  }

  add(args: readonly Value[]): void {
    const number = this.#added++;
    const value = args[0] ?? null;
    if (value === null) return;
    const [values, numbers] = [this.#values, this.#numbers];
    // Of equals the first stays the result; the later one stays longer.
    while (values.length > this.#first
      && compareValues(value, values.at(-1) ?? null, this.#type) * this.#sign > 0) {
      values.pop();
      numbers.pop();
    }
    if (this.#growsOnly && values.length > 0) return;
    values.push(value);
    numbers.push(number);
  }

  remove(): void {
    const number = this.#removed++;
    if (this.#numbers[this.#first] !== number) return;
    this.#first++;
    if (this.#first < 64 || this.#first * 2 < this.#values.length) return;
    this.#values = this.#values.slice(this.#first);
    this.#numbers = this.#numbers.slice(this.#first);
    this.#first = 0;
  }

  result(): Value { return this.#values[this.#first] ?? null; }

  copy(): FrameAccumulator {
    const copy = new ExtremeAccumulator(this.#shape, this.#sign, this.#growsOnly);
    copy.#values = this.#values.slice(this.#first);
    copy.#numbers = this.#numbers.slice(this.#first);
    copy.#added = this.#added;
    copy.#removed = this.#removed;
    return copy;
  }
}

class BoolAccumulator implements FrameAccumulator {
  readonly isLinear = true;
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
  readonly isLinear = false;
  readonly #shape: AggregateShape;
  readonly #strategy: Collect;
  #rows: (readonly Value[])[] = [];
  #first = 0;

  constructor(shape: AggregateShape, strategy: Collect) {
    this.#shape = shape;
    this.#strategy = strategy;
  }

  #counts(args: readonly Value[]): boolean {
    return !this.#shape.entry.skipsNull || (args[0] ?? null) !== null;
  }

  add(args: readonly Value[]): void {
    if (this.#counts(args)) this.#rows.push([...args]);
  }

  /** Rows leave in the order they came. */
  remove(args: readonly Value[]): void {
    if (!this.#counts(args)) return;
    this.#first++;
    if (this.#first < 64 || this.#first * 2 < this.#rows.length) return;
    this.#rows = this.#rows.slice(this.#first);
    this.#first = 0;
  }

  result(): Value {
    const rows = this.#first === 0 ? this.#rows : this.#rows.slice(this.#first);
    if (rows.length === 0) return this.#shape.entry.empty;
    return this.#strategy.finish(rows, this.#shape.argTypes);
  }

  copy(): FrameAccumulator {
    const copy = new CollectAccumulator(this.#shape, this.#strategy);
    copy.#rows = this.#rows.slice(this.#first);
    return copy;
  }
}

/** An aggregate that is kept as a summary. */
class SummaryAccumulator implements FrameAccumulator {
  readonly isLinear = true;
  readonly #shape: AggregateShape;
  readonly #maker: SummaryMaker;
  readonly #summary: Summary;

  constructor(shape: AggregateShape, maker: SummaryMaker, summary: Summary) {
    this.#shape = shape;
    this.#maker = maker;
    this.#summary = summary;
  }

  add(args: readonly Value[]): void { this.#apply(args, 1); }

  remove(args: readonly Value[]): void { this.#apply(args, -1); }

  #apply(args: readonly Value[], weight: number): void {
    if (this.#shape.entry.skipsNull && (args[0] ?? null) === null) return;
    this.#summary.add(args, weight);
  }

  result(): Value { return this.#summary.result(); }

  copy(): FrameAccumulator {
    const summary = this.#maker.load(this.#summary.save(), this.#shape.argTypes);
    return new SummaryAccumulator(this.#shape, this.#maker, summary);
  }
}
