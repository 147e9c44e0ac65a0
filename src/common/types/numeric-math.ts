/**
 * Roots, logarithms, exponentials and powers of numeric.
 *
 * Result scales follow PostgreSQL 15 (16 significant digits unless the arguments carry more); the
 * digits come from fixed-point bigint series with guard digits. Relies on numeric.ts alone.
 */
import { sqlError } from '../errors.ts';
import type { SqlError } from '../errors.ts';
import {
  NUMERIC_INFINITY, NUMERIC_MIN_SIG_DIGITS, NUMERIC_NAN, NUMERIC_ONE, NUMERIC_ZERO, absNumeric,
  checked, clampScale, compareNumeric, digitCount, divRound, divideAt, divisionByZero,
  leadingDigit, makeNumeric, mulNumeric, negateNumeric, numericOverflow, numericSignum, pow10,
  setScale, subNumeric, trimScaleNumeric, NUMERIC_MAX_DISPLAY_SCALE,
} from './numeric.ts';
import type { Numeric } from './numeric.ts';

const LIMB_DIGITS = 4;
const GUARD_DIGITS = 12;
const LOG10_E = 0.434294481903252;
const MAX_RESULT_SCALE = 2000;
const MAX_INTEGER_DIGITS = 131072;

/** Integer square root, rounded down, by Newton's method. */
export function integerSqrt(value: bigint): bigint {
  if (value < 2n) return value;
  let guess = 1n << BigInt((value.toString(2).length + 1) >> 1);
  for (;;) {
    const next = (guess + value / guess) >> 1n;
    if (next >= guess) return guess;
    guess = next;
  }
}

function powerError(message: string): SqlError {
  return sqlError('2201F', message);
}

/** The square root, to the given scale or one that fits it; 2201F for negative numbers. */
export function sqrtNumeric(value: Numeric, givenScale: number | null = null): Numeric {
  if (numericSignum(value) < 0) throw powerError('cannot take square root of a negative number');
  if (value.special !== null) return value;
  const { weight } = leadingDigit(value);
  const resultWeight = ((weight + 1) * LIMB_DIGITS) / 2 - 1;
  const scale = givenScale ?? clampScale(NUMERIC_MIN_SIG_DIGITS - resultWeight, value);
  // One more digit than asked: the root of an integer is a tie only when it is exact.
  const root = integerSqrt(value.coef * pow10(2 * scale + 2 - value.scale));
  return makeNumeric(divRound(root, 10n), scale);
}

/** Approximate value as a double: mantissa * 10^exponent, for choosing scales. */
function approximate(value: Numeric): number {
  const text = value.coef.toString();
  const kept = text.slice(0, 18);
  return Number(`${kept}e${text.length - kept.length - value.scale}`);
}

const POINT_NINE: Numeric = makeNumeric(9n, 1);
const ONE_POINT_ONE: Numeric = makeNumeric(11n, 1);

/** The first two base-10000 digits as a number, and the power of ten it is to be scaled by. */
function twoLimbs(value: Numeric): { readonly digits: number; readonly exponent: number } {
  const { weight, digit } = leadingDigit(value);
  const low = (weight - 1) * LIMB_DIGITS;
  const shift = -low - value.scale;
  const digits = shift >= 0 ? value.coef * pow10(shift) : value.coef / pow10(-shift);
  // A single limb is used as it stands: PostgreSQL stores no trailing zero limbs.
  if (digits % 10000n === 0n && trimScaleNumeric(value).scale <= -weight * LIMB_DIGITS) {
    return { digits: digit, exponent: weight * LIMB_DIGITS };
  }
  return { digits: Number(digits), exponent: low };
}

/** Estimates the decimal weight of ln(value), value > 0, as PostgreSQL does. */
function lnWeight(value: Numeric): number {
  if (compareNumeric(value, POINT_NINE) >= 0 && compareNumeric(value, ONE_POINT_ONE) <= 0) {
    const rest = absNumeric(subNumeric(value, NUMERIC_ONE));
    if (rest.coef === 0n) return 0;
    const first = leadingDigit(rest);
    return first.weight * LIMB_DIGITS + Math.trunc(Math.log10(first.digit));
  }
  const { digits, exponent } = twoLimbs(value);
  const estimate = Math.log(digits) + exponent * 2.302585092994046;
  return Math.trunc(Math.log10(Math.abs(estimate)));
}

const LN2_CACHE = new Map<number, bigint>();
const LN2_CACHE_MAX = 64;

/** ln 2 in fixed point with `bits` fractional bits: 18 atanh(1/26) - 2 atanh(1/4801) + ... */
function ln2(bits: number): bigint {
  const known = LN2_CACHE.get(bits);
  if (known !== undefined) return known;
  const one = 1n << BigInt(bits + 8);
  const value = (18n * atanhInverse(26n, one) - 2n * atanhInverse(4801n, one)
    + 8n * atanhInverse(8749n, one)) >> 8n;
  if (LN2_CACHE.size >= LN2_CACHE_MAX) LN2_CACHE.clear();
  LN2_CACHE.set(bits, value);
  return value;
}

function atanhInverse(divisor: bigint, one: bigint): bigint {
  const square = divisor * divisor;
  let term = one / divisor;
  let sum = term;
  for (let k = 3n; term !== 0n; k += 2n) {
    term /= square;
    sum += term / k;
  }
  return sum;
}

function bitLength(value: bigint): number {
  return value.toString(2).length;
}

/** Bits that hold `digits` decimal digits. */
function bitsFor(digits: number): number {
  return Math.ceil(digits * 3.3219280948873626) + 16;
}

/** ln(value) in fixed point with `bits` fractional bits, value > 0. */
function lnFixed(value: Numeric, bits: number): bigint {
  const work = bits + 32;
  const scaled = value.coef;
  const unit = pow10(value.scale);
  const exponent = bitLength(scaled) - bitLength(unit);
  const shift = work - exponent;
  // mantissa = value / 2^exponent, in [0.5, 2).
  let mantissa = (shift >= 0 ? scaled << BigInt(shift) : scaled >> BigInt(-shift)) / unit;
  if (shift < 0) mantissa = scaled / (unit << BigInt(-shift));
  const one = 1n << BigInt(work);
  // Square roots bring the argument near 1, where the series is short.
  const roots = Math.min(24, 4 + Math.floor(Math.sqrt(work) / 3));
  for (let i = 0; i < roots; i++) mantissa = integerSqrt(mantissa << BigInt(work));
  const ratio = ((mantissa - one) << BigInt(work)) / (mantissa + one);
  const square = (ratio * ratio) >> BigInt(work);
  let term = ratio;
  let sum = ratio;
  for (let k = 3n; term !== 0n && term !== -1n; k += 2n) {
    term = (term * square) >> BigInt(work);
    sum += term / k;
  }
  const result = (sum << BigInt(roots + 1)) + BigInt(exponent) * ln2(work);
  return result >> 32n;
}

/** ln(value) rounded at a scale. */
function lnAt(value: Numeric, scale: number): Numeric {
  if (value.coef === pow10(value.scale)) return makeNumeric(0n, scale);
  const nearOne = compareNumeric(value, POINT_NINE) >= 0
    && compareNumeric(value, ONE_POINT_ONE) <= 0;
  const extra = nearOne ? value.scale : 0;
  const bits = bitsFor(Math.max(scale, 0) + GUARD_DIGITS + Math.min(extra, 64)) + 64;
  return fromFixed(lnFixed(value, bits), bits, scale);
}

function fromFixed(fixed: bigint, bits: number, scale: number): Numeric {
  return makeNumeric(divRound(fixed * pow10(scale), 1n << BigInt(bits)), scale);
}

function requirePositive(value: Numeric): void {
  const sign = numericSignum(value);
  if (sign < 0) throw sqlError('2201E', 'cannot take logarithm of a negative number');
  if (sign === 0) throw sqlError('2201E', 'cannot take logarithm of zero');
}

/** The natural logarithm; 2201E unless positive. */
export function lnNumeric(value: Numeric): Numeric {
  if (value.special === 'NaN') return value;
  requirePositive(value);
  if (value.special !== null) return value;
  return lnAt(value, clampScale(NUMERIC_MIN_SIG_DIGITS - lnWeight(value), value));
}

/** The logarithm of value to a base; 2201E unless both are positive. */
export function logNumeric(base: Numeric, value: Numeric): Numeric {
  if (base.special === 'NaN' || value.special === 'NaN') return NUMERIC_NAN;
  const special = base.special !== null || value.special !== null;
  if (special && numericSignum(value) < 0) requirePositive(value);
  requirePositive(base);
  requirePositive(value);
  if (base.special !== null) return value.special === null ? NUMERIC_ZERO : NUMERIC_NAN;
  if (value.special !== null) return NUMERIC_INFINITY;
  const baseWeight = lnWeight(base);
  const valueWeight = lnWeight(value);
  const weight = valueWeight - baseWeight;
  const scale = clampScale(NUMERIC_MIN_SIG_DIGITS - weight, base, value);
  const lnBase = lnAt(base, Math.max(0, scale + weight - baseWeight + 12));
  const lnValue = lnAt(value, Math.max(0, scale + weight - valueWeight + 12));
  if (lnBase.coef === 0n) throw divisionByZero();
  return divideAt(lnValue, lnBase, scale);
}

/** The logarithm to base 10. */
export function log10Numeric(value: Numeric): Numeric {
  return logNumeric(makeNumeric(10n, 0), value);
}

/** e^value; 22003 when too large. */
export function expNumeric(value: Numeric): Numeric {
  if (value.special !== null) return value.special === '-Infinity' ? NUMERIC_ZERO : value;
  const estimate = approximate(value) * LOG10_E;
  const weight = Math.min(Math.max(estimate, -MAX_RESULT_SCALE), MAX_RESULT_SCALE);
  return expAt(value, clampScale(NUMERIC_MIN_SIG_DIGITS - Math.trunc(weight), value));
}

function expAt(value: Numeric, scale: number): Numeric {
  const estimate = approximate(value);
  if (Math.abs(estimate) >= MAX_RESULT_SCALE * 3) {
    if (estimate > 0) throw numericOverflow();
    return makeNumeric(0n, scale);
  }
  const wholeDigits = Math.max(0, Math.ceil(estimate * LOG10_E));
  const bits = bitsFor(scale + wholeDigits + GUARD_DIGITS) + 32;
  const one = 1n << BigInt(bits);
  const argument = divRound(value.coef * one, pow10(value.scale));
  const log2 = ln2(bits);
  const exponent = divRound(argument, log2);
  // e^argument = 2^exponent * e^rest; halving the rest keeps the series short.
  const halvings = 8n;
  const rest = (argument - exponent * log2) >> halvings;
  let term = one;
  let sum = one;
  for (let k = 1n; term !== 0n && term !== -1n; k++) {
    term = ((term * rest) >> BigInt(bits)) / k;
    sum += term;
  }
  for (let i = 0n; i < halvings; i++) sum = (sum * sum) >> BigInt(bits);
  const fixed = exponent >= 0n ? sum << exponent : sum >> -exponent;
  return checked(fromFixed(fixed, bits, scale));
}

/** base^exponent; 2201F where undefined, 22003 when too large. */
export function powNumeric(base: Numeric, exponent: Numeric): Numeric {
  if (base.special !== null || exponent.special !== null) return powSpecial(base, exponent);
  if (base.coef === 0n && exponent.coef < 0n) {
    throw powerError('zero raised to a negative power is undefined');
  }
  const whole = trimScaleNumeric(exponent);
  if (whole.scale === 0 && BigInt.asIntN(32, whole.coef) === whole.coef) {
    return powInteger(base, Number(whole.coef), clampScale(NUMERIC_MIN_SIG_DIGITS, base));
  }
  if (base.coef === 0n) return makeNumeric(0n, NUMERIC_MIN_SIG_DIGITS);
  if (base.coef > 0n) return powGeneral(base, exponent);
  if (whole.scale !== 0) {
    throw powerError('a negative number raised to a non-integer power yields a complex result');
  }
  const result = powGeneral(negateNumeric(base), exponent);
  return whole.coef % 2n === 0n ? result : negateNumeric(result);
}

function isOddInteger(value: Numeric): boolean {
  const whole = trimScaleNumeric(value);
  return whole.scale === 0 && whole.coef % 2n !== 0n;
}

function powSpecial(base: Numeric, exponent: Numeric): Numeric {
  if (exponent.special === null && exponent.coef === 0n) return NUMERIC_ONE;
  if (base.special === null && compareNumeric(base, NUMERIC_ONE) === 0) return NUMERIC_ONE;
  if (base.special === 'NaN' || exponent.special === 'NaN') return NUMERIC_NAN;
  const baseSign = numericSignum(base);
  const exponentSign = numericSignum(exponent);
  if (baseSign === 0 && exponentSign < 0) {
    throw powerError('zero raised to a negative power is undefined');
  }
  if (exponent.special !== null) return powInfinite(base, exponentSign);
  if (baseSign > 0) return exponentSign > 0 ? NUMERIC_INFINITY : NUMERIC_ZERO;
  if (trimScaleNumeric(exponent).scale !== 0) {
    throw powerError('a negative number raised to a non-integer power yields a complex result');
  }
  if (exponentSign < 0) return NUMERIC_ZERO;
  return isOddInteger(exponent) ? base : NUMERIC_INFINITY;
}

function powInfinite(base: Numeric, exponentSign: number): Numeric {
  const magnitude = absNumeric(base);
  if (magnitude.special === null && magnitude.coef === 0n) return NUMERIC_ZERO;
  const order = compareNumeric(magnitude, NUMERIC_ONE);
  if (order === 0) return NUMERIC_ONE;
  return order > 0 === exponentSign > 0 ? NUMERIC_INFINITY : NUMERIC_ZERO;
}

/** base^exponent for an int4 exponent, rounded at a scale. */
function powInteger(base: Numeric, exponent: number, scale: number): Numeric {
  if (exponent === 0) return makeNumeric(pow10(scale), scale);
  if (exponent === 1) return setScale(base, scale);
  if (base.coef === 0n) return makeNumeric(0n, scale);
  if (exponent === -1) return divideAt(NUMERIC_ONE, base, scale);
  if (exponent === 2) return setScale(mulNumeric(base, base), scale);
  const magnitude = absNumeric(base);
  const digits = digitCount(magnitude.coef);
  const log10 = exponent * (Math.log10(approximate({ ...magnitude, scale: digits - 1 }))
    + digits - 1 - magnitude.scale);
  if (log10 > MAX_INTEGER_DIGITS) throw numericOverflow();
  if (log10 + 1 < -scale || log10 + 1 < -NUMERIC_MAX_DISPLAY_SCALE) return makeNumeric(0n, scale);
  const significant = Math.max(0, 1 + scale + Math.trunc(log10))
    + Math.trunc(Math.log(Math.abs(exponent))) + GUARD_DIGITS;
  let power = NUMERIC_ONE;
  let square = magnitude;
  for (let rest = Math.abs(exponent); rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) power = keep(mulLoose(power, square), significant);
    if (rest > 1) square = keep(mulLoose(square, square), significant);
  }
  const signed = base.coef < 0n && exponent % 2 !== 0 ? negateNumeric(power) : power;
  if (exponent < 0) return divideAt(NUMERIC_ONE, signed, scale);
  return checked(rescale(signed, scale));
}

/** A product without limits on scale; scale may be negative between steps. */
function mulLoose(a: Numeric, b: Numeric): Numeric {
  return makeNumeric(a.coef * b.coef, a.scale + b.scale);
}

function keep(value: Numeric, significant: number): Numeric {
  const surplus = digitCount(value.coef) - significant;
  if (surplus <= 0) return value;
  return makeNumeric(divRound(value.coef, pow10(surplus)), value.scale - surplus);
}

function rescale(value: Numeric, scale: number): Numeric {
  if (value.scale <= scale) return makeNumeric(value.coef * pow10(scale - value.scale), scale);
  return makeNumeric(divRound(value.coef, pow10(value.scale - scale)), scale);
}

/** base^exponent for base > 0 and a fractional or very large exponent. */
function powGeneral(base: Numeric, exponent: Numeric): Numeric {
  const weight = lnWeight(base);
  const roughScale = Math.min(Math.max(8 - weight, 0), 1000);
  const estimate = approximate(setScale(mulNumeric(lnAt(base, roughScale), exponent), roughScale));
  if (Math.abs(estimate) > MAX_RESULT_SCALE * 3.01) {
    if (estimate > 0) throw numericOverflow();
    return makeNumeric(0n, NUMERIC_MAX_DISPLAY_SCALE);
  }
  const resultWeight = Math.trunc(estimate * LOG10_E);
  const scale = clampScale(NUMERIC_MIN_SIG_DIGITS - resultWeight, base, exponent);
  const significant = Math.max(0, scale + resultWeight);
  const lnScale = Math.max(0, significant - weight + 8);
  const product = mulNumeric(lnAt(base, lnScale + GUARD_DIGITS), exponent);
  return expAt(setScale(product, Math.max(lnScale + 4, 0)), scale);
}
