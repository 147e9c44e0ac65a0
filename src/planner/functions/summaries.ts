/**
 * Summaries: aggregates kept as a few numbers instead of their rows, exactly, also under
 * retraction.
 *
 * Sums of powers are exact (bigints at a scale, or ExactSum's coefficients), so that what was added
 * and taken out leaves no residue, in any order. They round where PostgreSQL's formulas begin.
 */
import { must } from '../../common/assert.ts';
import { ByteReader, ByteWriter } from '../../common/bytes.ts';
import { ExactSum, roundToDouble } from '../../common/exact-sum.ts';
import { numericFromBigint, numericFromNumber, pow10 } from '../../common/types/numeric.ts';
import type { Numeric } from '../../common/types/numeric.ts';
import { asNumber, asNumeric } from '../../common/types/values-of.ts';
import type { Value } from '../../common/values.ts';
import type { AggregateStrategy, Summary, SummaryMaker } from './entry.ts';
import { floatOverflow } from './number-checks.ts';
import { exactNumericSpread, regression } from './statistics.ts';
import type { RegressionName, Spread } from './statistics.ts';

/** A maker of summaries that rows can be taken out of. */
export function retractable(make: () => Summary & { load(from: ByteReader): void }): SummaryMaker {
  return {
    retracts: () => true, make,
    load: (bytes) => {
      const summary = make();
      summary.load(new ByteReader(bytes));
      return summary;
    },
  };
}

function writeBigint(to: ByteWriter, value: bigint): void {
  to.string(value.toString(36));
}

function readBigint(from: ByteReader): bigint {
  const text = from.string();
  const negative = text.startsWith('-');
  let value = 0n;
  for (let at = negative ? 1 : 0; at < text.length; at += 10) {
    const part = text.slice(at, at + 10);
    value = value * 36n ** BigInt(part.length) + BigInt(Number.parseInt(part, 36));
  }
  return negative ? -value : value;
}

/** Variance and deviation of exact numbers: sums of values and squares, by scale. */
class NumericSpread implements Summary {
  readonly #spread: Spread;
  readonly #read: (value: Value) => Numeric;
  #count = 0;
  #specials = 0;
  #sum = 0n;
  #squares = 0n;
  /** The scale of the sums; not below that of any value in them. */
  #scale = 0;
  readonly #scales = new Map<number, number>();

  constructor(type: string, spread: Spread) {
    this.#spread = spread;
    this.#read = type === 'numeric' ? asNumeric : (value) => (typeof value === 'bigint'
      ? numericFromBigint(value) : numericFromNumber(asNumber(value)));
  }

  add(args: readonly Value[], weight: number): void {
    const value = this.#read(args[0] ?? null);
    this.#count += weight;
    if (value.special !== null) {
      this.#specials += weight;
      return;
    }
    if (value.scale > this.#scale) {
      const factor = pow10(value.scale - this.#scale);
      this.#sum *= factor;
      this.#squares *= factor * factor;
      this.#scale = value.scale;
    }
    const coefficient = value.coef * pow10(this.#scale - value.scale);
    const times = BigInt(weight);
    this.#sum += coefficient * times;
    this.#squares += coefficient * coefficient * times;
    const count = (this.#scales.get(value.scale) ?? 0) + weight;
    if (count === 0) this.#scales.delete(value.scale);
    else this.#scales.set(value.scale, count);
  }

  result(): Value {
    const scale = Math.max(0, ...this.#scales.keys());
    const factor = pow10(this.#scale - scale);
    return exactNumericSpread({
      count: this.#count, special: this.#specials > 0, scale,
      sum: this.#sum / factor, squares: this.#squares / (factor * factor),
    }, this.#spread);
  }

  save(): Uint8Array {
    const to = new ByteWriter();
    to.f64(this.#count);
    to.f64(this.#specials);
    writeBigint(to, this.#sum);
    writeBigint(to, this.#squares);
    to.varint(this.#scale);
    to.varuint(this.#scales.size);
    for (const [scale, count] of [...this.#scales].sort((a, b) => a[0] - b[0])) {
      to.varint(scale);
      to.f64(count);
    }
    return to.finish();
  }

  load(from: ByteReader): void {
    this.#count = from.f64();
    this.#specials = from.f64();
    this.#sum = readBigint(from);
    this.#squares = readBigint(from);
    this.#scale = from.varint();
    for (let left = from.varuint(); left > 0; left--) this.#scales.set(from.varint(), from.f64());
  }
}

/** A double as coefficient * 2^exponent, with a small exponent. */
interface Dyadic {
  readonly coefficient: bigint;
  readonly exponent: number;
}

const BITS = new DataView(new ArrayBuffer(8));

function dyadicOf(value: number): Dyadic {
  if (Number.isSafeInteger(value)) return { coefficient: BigInt(value), exponent: 0 };
  BITS.setFloat64(0, value);
  const bits = BITS.getBigUint64(0);
  const biased = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & ((1n << 52n) - 1n);
  const mantissa = biased === 0 ? fraction : fraction | (1n << 52n);
  return {
    coefficient: value < 0 ? -mantissa : mantissa,
    exponent: (biased === 0 ? 1 : biased) - 1075,
  };
}

/** An exact sum of products of doubles. */
class DyadicSum {
  coefficient = 0n;
  exponent = 0;

  add({ coefficient, exponent }: Dyadic, weight: bigint): void {
    if (coefficient === 0n) return;
    if (exponent < this.exponent) {
      this.coefficient <<= BigInt(this.exponent - exponent);
      this.exponent = exponent;
    }
    this.coefficient += (coefficient * weight) << BigInt(exponent - this.exponent);
    if (this.coefficient === 0n) this.exponent = 0;
  }

  value(): number { return roundToDouble(this.coefficient, this.exponent); }

  save(to: ByteWriter): void {
    writeBigint(to, this.coefficient);
    to.varint(this.exponent);
  }

  load(from: ByteReader): void {
    this.coefficient = readBigint(from);
    this.exponent = from.varint();
  }
}

function product(a: Dyadic, b: Dyadic): Dyadic {
  return { coefficient: a.coefficient * b.coefficient, exponent: a.exponent + b.exponent };
}

/** (count * products - sumA * sumB) / count, rounded once. */
function centered(count: number, products: DyadicSum, sumA: DyadicSum, sumB: DyadicSum): number {
  const low = Math.min(products.exponent, sumA.exponent + sumB.exponent);
  const numerator = ((products.coefficient * BigInt(count)) << BigInt(products.exponent - low))
    - ((sumA.coefficient * sumB.coefficient) << BigInt(sumA.exponent + sumB.exponent - low));
  return divided(numerator, low, count);
}

/** coefficient * 2^exponent / count, rounded once: 128 more bits, the last one sticky. */
function divided(coefficient: bigint, exponent: number, count: number): number {
  const divisor = BigInt(count);
  const scaled = coefficient << 128n;
  const quotient = scaled / divisor;
  const sticky = quotient * divisor === scaled ? 0n : 1n;
  return roundToDouble(quotient * 2n + (quotient < 0n ? -sticky : sticky), exponent - 129);
}

/** Variance and deviation of floats. */
class FloatSpread implements Summary {
  readonly #spread: Spread;
  #count = 0;
  #specials = 0;
  readonly #sum = new DyadicSum();
  readonly #squares = new DyadicSum();

  constructor(spread: Spread) {
    this.#spread = spread;
  }

  add(args: readonly Value[], weight: number): void {
    const value = asNumber(args[0] ?? null);
    this.#count += weight;
    if (!Number.isFinite(value)) {
      this.#specials += weight;
      return;
    }
    const exact = dyadicOf(value);
    this.#sum.add(exact, BigInt(weight));
    this.#squares.add(product(exact, exact), BigInt(weight));
  }

  result(): Value {
    const { sample, root } = this.#spread;
    if (this.#count < (sample ? 2 : 1)) return null;
    if (this.#specials > 0) return NaN;
    const squares = centered(this.#count, this.#squares, this.#sum, this.#sum);
    if (!Number.isFinite(squares)) throw floatOverflow();
    const variance = squares / (sample ? this.#count - 1 : this.#count);
    return root ? Math.sqrt(variance) : variance;
  }

  save(): Uint8Array {
    const to = new ByteWriter();
    to.f64(this.#count);
    to.f64(this.#specials);
    this.#sum.save(to);
    this.#squares.save(to);
    return to.finish();
  }

  load(from: ByteReader): void {
    this.#count = from.f64();
    this.#specials = from.f64();
    this.#sum.load(from);
    this.#squares.load(from);
  }
}

/** The statistics of pairs (y, x). */
class Regression implements Summary {
  readonly #name: RegressionName | 'regr_count';
  #count = 0;
  /** Pairs whose x, y is not finite: their sums, counted apart. */
  #specialX = new ExactSum();
  #specialY = new ExactSum();
  #x = new DyadicSum();
  #y = new DyadicSum();
  #xx = new DyadicSum();
  #yy = new DyadicSum();
  #xy = new DyadicSum();

  constructor(name: RegressionName | 'regr_count') {
    this.#name = name;
  }

  add(args: readonly Value[], weight: number): void {
    const [first = null, second = null] = args;
    if (first === null || second === null) return;
    const [y, x] = [asNumber(first), asNumber(second)];
    this.#count += weight;
    const times = BigInt(weight);
    const [finiteX, finiteY] = [Number.isFinite(x), Number.isFinite(y)];
    if (!finiteX) this.#specialX.addWeighted(x, weight);
    if (!finiteY) this.#specialY.addWeighted(y, weight);
    const [exactX, exactY] = [dyadicOf(finiteX ? x : 0), dyadicOf(finiteY ? y : 0)];
    this.#x.add(exactX, times);
    this.#y.add(exactY, times);
    this.#xx.add(product(exactX, exactX), times);
    this.#yy.add(product(exactY, exactY), times);
    this.#xy.add(product(exactX, exactY), times);
  }

  result(): Value {
    const n = this.#count;
    const name = this.#name;
    if (name === 'regr_count') return BigInt(n);
    if (n < 1) return null;
    const [oddX, oddY] = [this.#specialX.hasSpecial(), this.#specialY.hasSpecial()];
    const moments = {
      n, sx: oddX ? this.#specialX.value() : this.#x.value(),
      sy: oddY ? this.#specialY.value() : this.#y.value(),
      sxx: oddX ? NaN : centered(n, this.#xx, this.#x, this.#x),
      syy: oddY ? NaN : centered(n, this.#yy, this.#y, this.#y),
      sxy: oddX || oddY ? NaN : centered(n, this.#xy, this.#x, this.#y),
    };
    const infinite = [moments.sx, moments.sy, moments.sxx, moments.syy, moments.sxy]
      .some((sum) => !Number.isFinite(sum));
    if (infinite && !oddX && !oddY) throw floatOverflow();
    return regression(name, moments);
  }

  #sums(): readonly DyadicSum[] { return [this.#x, this.#y, this.#xx, this.#yy, this.#xy]; }

  save(): Uint8Array {
    const to = new ByteWriter();
    to.f64(this.#count);
    to.string(JSON.stringify([this.#specialX.save(), this.#specialY.save()]));
    for (const sum of this.#sums()) sum.save(to);
    return to.finish();
  }

  load(from: ByteReader): void {
    this.#count = from.f64();
    const [x, y] = JSON.parse(from.string()) as Parameters<typeof ExactSum.load>[0][];
    this.#specialX = ExactSum.load(must(x, 'state'));
    this.#specialY = ExactSum.load(must(y, 'state'));
    for (const sum of this.#sums()) sum.load(from);
  }
}

/** bit_and, bit_or, bit_xor: how many values have each bit. */
class Bits implements Summary {
  readonly #op: 'and' | 'or' | 'xor';
  readonly #width: number;
  #count = 0;
  readonly #ones: Float64Array;

  constructor(op: 'and' | 'or' | 'xor', type: string) {
    this.#op = op;
    this.#width = type === 'int8' ? 64 : type === 'int4' ? 32 : 16;
    this.#ones = new Float64Array(this.#width);
  }

  add(args: readonly Value[], weight: number): void {
    const value = BigInt.asUintN(64, BigInt(args[0] as number | bigint));
    this.#count += weight;
    const [low, high] = [Number(value & 0xffffffffn), Number(value >> 32n)];
    for (let bit = 0; bit < this.#width; bit++) {
      const word = bit < 32 ? low : high;
      if (((word >>> (bit & 31)) & 1) === 1) this.#ones[bit] = (this.#ones[bit] ?? 0) + weight;
    }
  }

  result(): Value {
    if (this.#count === 0) return null;
    let value = 0n;
    for (let bit = 0; bit < this.#width; bit++) {
      const ones = this.#ones[bit] ?? 0;
      const on = this.#op === 'and' ? ones === this.#count : this.#op === 'or' ? ones > 0
        : ones % 2 === 1;
      if (on) value |= 1n << BigInt(bit);
    }
    const signed = BigInt.asIntN(this.#width, value);
    return this.#width === 64 ? signed : Number(signed);
  }

  save(): Uint8Array {
    const to = new ByteWriter();
    to.f64(this.#count);
    for (const ones of this.#ones) to.varint(ones);
    return to.finish();
  }

  load(from: ByteReader): void {
    this.#count = from.f64();
    for (let bit = 0; bit < this.#width; bit++) this.#ones[bit] = from.varint();
  }
}

/** The strategy of an aggregate that is kept as a summary. */
export function summarised(summary: SummaryMaker): AggregateStrategy {
  return {
    kind: 'collect', summary,
    finish: (rows, types) => {
      const made = summary.make(types);
      for (const row of rows) made.add(row, 1);
      return made.result();
    },
  };
}

/** Variance or deviation over values of a type. */
export function spreadSummary(type: string, spread: Spread): SummaryMaker {
  return retractable(() => (type.startsWith('float') ? new FloatSpread(spread)
    : new NumericSpread(type, spread)));
}

/** One of the statistics of pairs. */
export function regressionSummary(name: RegressionName | 'regr_count'): SummaryMaker {
  return retractable(() => new Regression(name));
}

/** A bitwise aggregate over values of a type. */
export function bitSummary(op: 'and' | 'or' | 'xor', type: string): SummaryMaker {
  return retractable(() => new Bits(op, type));
}
