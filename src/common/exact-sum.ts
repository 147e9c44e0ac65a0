/**
 * An exact sum of doubles: what was added and later subtracted leaves no residue.
 *
 * A bigint coefficient times a power of two that only sinks as far as the values need, so sums of
 * whole numbers stay small. NaN and infinities are counted apart. `value` rounds once, to the
 * nearest double. Serialisable as strings.
 */

/** State of an ExactSum as plain JSON-able data. */
export interface ExactSumState {
  readonly coefficient: string;
  readonly exponent: number;
  readonly nans: number;
  readonly positives: number;
  readonly negatives: number;
}

const BUFFER = new DataView(new ArrayBuffer(8));
const MANTISSA_BITS = 52;
const IMPLICIT_BIT = 1n << 52n;
const MANTISSA_MASK = IMPLICIT_BIT - 1n;
const EXPONENT_BIAS = 1075;

/** An exact, retractable accumulator of float8 values. */
export class ExactSum {
  /** The sum is #coefficient * 2^#exponent, exactly. */
  #coefficient = 0n;
  #exponent = 0;
  #nans = 0;
  #positives = 0;
  #negatives = 0;

  /** Adds a value. */
  add(value: number): void {
    this.addWeighted(value, 1);
  }

  /** Takes a value that was added before back out. */
  subtract(value: number): void {
    this.addWeighted(value, -1);
  }

  /** Adds a value times an integer weight. */
  addWeighted(value: number, weight: number): void {
    if (Number.isFinite(value)) {
      if (value !== 0) this.#addFinite(value, weight);
    } else if (value === Infinity) this.#positives += weight;
    else if (value === -Infinity) this.#negatives += weight;
    else this.#nans += weight;
  }

  #addFinite(value: number, weight: number): void {
    if (Number.isSafeInteger(value) && this.#exponent === 0) {
      this.#coefficient += BigInt(value) * BigInt(weight);
      return;
    }
    BUFFER.setFloat64(0, value);
    const bits = BUFFER.getBigUint64(0);
    const biased = Number((bits >> BigInt(MANTISSA_BITS)) & 0x7ffn);
    const fraction = bits & MANTISSA_MASK;
    const mantissa = biased === 0 ? fraction : fraction | IMPLICIT_BIT;
    const exponent = (biased === 0 ? 1 : biased) - EXPONENT_BIAS;
    const term = (value < 0 ? -mantissa : mantissa) * BigInt(weight);
    if (exponent < this.#exponent) {
      this.#coefficient <<= BigInt(this.#exponent - exponent);
      this.#exponent = exponent;
    }
    this.#coefficient += term << BigInt(exponent - this.#exponent);
    if (this.#coefficient === 0n) this.#exponent = 0;
  }

  /** Adds another sum. */
  merge(other: ExactSum): void {
    const shift = other.#exponent - this.#exponent;
    if (shift < 0) {
      this.#coefficient <<= BigInt(-shift);
      this.#exponent = other.#exponent;
    }
    this.#coefficient += other.#coefficient << BigInt(Math.max(shift, 0));
    this.#nans += other.#nans;
    this.#positives += other.#positives;
    this.#negatives += other.#negatives;
  }

  /** True while a NaN or an infinity is in the sum. */
  hasSpecial(): boolean {
    return this.#nans !== 0 || this.#positives !== 0 || this.#negatives !== 0;
  }

  /** The sum rounded once to the nearest double; infinite when too large. */
  value(): number {
    if (this.#nans > 0 || (this.#positives > 0 && this.#negatives > 0)) return NaN;
    if (this.#positives > 0) return Infinity;
    if (this.#negatives > 0) return -Infinity;
    return roundToDouble(this.#coefficient, this.#exponent);
  }

  /** The sum divided by a count, rounded once. */
  average(count: bigint): number {
    if (this.hasSpecial()) return this.value();
    if (this.#coefficient === 0n) return 0;
    // 64 bits more than a double's mantissa, the last one sticky: rounding stays exact.
    const scaled = this.#coefficient << 192n;
    const quotient = scaled / count;
    const sticky = quotient * count === scaled ? 0n : 1n;
    const doubled = quotient * 2n + (quotient < 0n ? -sticky : sticky);
    return roundToDouble(doubled, this.#exponent - 193);
  }

  /** The state as data. */
  save(): ExactSumState {
    return {
      coefficient: this.#coefficient.toString(), exponent: this.#exponent, nans: this.#nans,
      positives: this.#positives, negatives: this.#negatives,
    };
  }

  /** A sum from saved state. */
  static load(state: ExactSumState): ExactSum {
    const sum = new ExactSum();
    sum.#coefficient = BigInt(state.coefficient);
    sum.#exponent = state.exponent;
    sum.#nans = state.nans;
    sum.#positives = state.positives;
    sum.#negatives = state.negatives;
    return sum;
  }
}

/** The double nearest to coefficient * 2^exponent, ties to even. */
export function roundToDouble(coefficient: bigint, exponent: number): number {
  if (coefficient === 0n) return 0;
  const negative = coefficient < 0n;
  const magnitude = negative ? -coefficient : coefficient;
  const bits = bitLength(magnitude);
  // Subnormals have fewer bits: nothing below 2^-1074 is kept.
  const drop = Math.max(bits - 53, -1074 - exponent);
  let kept = magnitude;
  let scale = exponent;
  if (drop > 0) {
    kept = roundShift(magnitude, drop);
    scale = exponent + drop;
  }
  const result = scaleByPower(Number(kept), scale);
  return negative ? -result : result;
}

function roundShift(magnitude: bigint, drop: number): bigint {
  const shift = BigInt(drop);
  const quotient = magnitude >> shift;
  const rest = magnitude - (quotient << shift);
  const half = 1n << (shift - 1n);
  if (rest > half || (rest === half && (quotient & 1n) === 1n)) return quotient + 1n;
  return quotient;
}

/** value * 2^exponent without rounding twice; the value is an integer of at most 53 bits. */
function scaleByPower(value: number, exponent: number): number {
  if (exponent > 1023) return scaleByPower(value * 2 ** 512, exponent - 512);
  if (exponent < -1022) return value * 2 ** (exponent + 200) * 2 ** -200;
  return value * 2 ** exponent;
}

function bitLength(magnitude: bigint): number {
  if (magnitude <= 0xffffffffn) return 32 - Math.clz32(Number(magnitude));
  const hex = magnitude.toString(16);
  return (hex.length - 1) * 4 + (32 - Math.clz32(Number.parseInt(hex[0] ?? '0', 16)));
}
