/**
 * Exponentials, logarithms and powers of doubles, rounded correctly.
 *
 * The platform's Math.log and its kin may differ in the last digit between engine versions and from
 * C libraries (Math.log(3) does). These work in pairs of doubles, about 100 bits, and round once,
 * so that recovery on another version gives the same rows and results equal PostgreSQL's. About
 * 1 microsecond a call.
 */

/** An unevaluated sum of two doubles, the second far smaller than the first. */
interface Pair {
  readonly high: number;
  readonly low: number;
}

/** 2^27 + 1: splits a double into halves of 26 bits. */
const SPLITTER = 134217729;

function twoSum(a: number, b: number): Pair {
  const high = a + b;
  const part = high - a;
  return { high, low: (a - (high - part)) + (b - part) };
}

function twoProduct(a: number, b: number): Pair {
  const high = a * b;
  const splitA = SPLITTER * a;
  const highA = splitA - (splitA - a);
  const lowA = a - highA;
  const splitB = SPLITTER * b;
  const highB = splitB - (splitB - b);
  const lowB = b - highB;
  return { high, low: ((highA * highB - high) + highA * lowB + lowA * highB) + lowA * lowB };
}

/** Renormalises when |a| >= |b|. */
function quickSum(a: number, b: number): Pair {
  const high = a + b;
  return { high, low: b - (high - a) };
}

function add(a: Pair, b: Pair): Pair {
  const high = twoSum(a.high, b.high);
  const low = twoSum(a.low, b.low);
  const first = quickSum(high.high, high.low + low.high);
  return quickSum(first.high, first.low + low.low);
}

function multiply(a: Pair, b: Pair): Pair {
  const product = twoProduct(a.high, b.high);
  return quickSum(product.high, product.low + (a.high * b.low + a.low * b.high));
}

function divideBy(a: Pair, divisor: number): Pair {
  const first = a.high / divisor;
  const product = twoProduct(first, divisor);
  const rest = ((a.high - product.high) - product.low) + a.low;
  return quickSum(first, rest / divisor);
}

const ONE: Pair = { high: 1, low: 0 };
/** ln 2 and 1 / ln 10 to 106 bits. */
const LN2: Pair = { high: 0.6931471805599453, low: 2.3190468138462996e-17 };
const LN2_THIRD = 5.707708438416212e-34;
const INVERSE_LN10: Pair = { high: 0.4342944819032518, low: 1.098319650216765e-17 };
const TAYLOR_TERMS = 30;

function powerOfTwo(exponent: number): number {
  return 2 ** exponent;
}

/** e^x as a pair times 2^scale. */
function expPair(x: Pair): { readonly value: Pair; readonly scale: number } {
  const scale = Math.round(x.high / LN2.high);
  const high = twoProduct(scale, LN2.high);
  const low = twoProduct(scale, LN2.low);
  let rest = add(x, { high: -high.high, low: -high.low });
  rest = add(rest, { high: -low.high, low: -low.low });
  rest = add(rest, { high: -scale * LN2_THIRD, low: 0 });
  let sum = ONE;
  for (let k = TAYLOR_TERMS; k >= 1; k--) sum = add(ONE, divideBy(multiply(rest, sum), k));
  return { value: sum, scale };
}

/** value * 2^scale, for values near 1; a subnormal result is rounded once as well. */
function scaled(value: Pair, scale: number): number {
  if (scale < -1022 || (scale === -1022 && value.high < 1)) {
    // Beside the anchor a double's last place is the smallest subnormal, scaled up.
    const anchor = powerOfTwo(52 - 1074 - scale);
    const sum = twoSum(anchor, value.high);
    const rounded = sum.high + (sum.low + value.low);
    return (rounded - anchor) * powerOfTwo(-1000) * powerOfTwo(scale + 1000);
  }
  const sum = value.high + value.low;
  if (scale > 1000) return sum * powerOfTwo(1000) * powerOfTwo(scale - 1000);
  if (scale < -1000) return sum * powerOfTwo(-1000) * powerOfTwo(scale + 1000);
  return sum * powerOfTwo(scale);
}

/** ln x as a pair, for finite x > 0. */
function logPair(x: number): Pair {
  let exponent = 0;
  let mantissa = x;
  if (mantissa < 2.2250738585072014e-308) {
    mantissa *= powerOfTwo(60);
    exponent = -60;
  }
  const shift = Math.floor(Math.log2(mantissa) + 0.5);
  mantissa = shift > 1000 ? mantissa * powerOfTwo(-1000) * powerOfTwo(1000 - shift)
    : mantissa * powerOfTwo(-shift);
  exponent += shift;
  // One step of Newton's method on a guess good to a double: ln m = y + ln(m e^-y).
  const guess = Math.log(mantissa);
  const inverse = expPair({ high: -guess, low: 0 });
  const product = multiply({ high: mantissa, low: 0 }, inverse.value);
  const factor = powerOfTwo(inverse.scale);
  const error = add({ high: product.high * factor, low: product.low * factor },
    { high: -1, low: 0 });
  const rest = error.high + error.low;
  const log = add({ high: guess, low: 0 }, { high: error.high, low: error.low - rest * rest / 2 });
  if (exponent === 0) return log;
  const high = twoProduct(exponent, LN2.high);
  return add(add(high, log), { high: exponent * LN2.low, low: 0 });
}

/** e^x. */
export function exactExp(x: number): number {
  if (!(x > -745.2 && x < 709.8) || x === 0) return Math.exp(x);
  const { value, scale } = expPair({ high: x, low: 0 });
  return scaled(value, scale);
}

/** The natural logarithm. */
export function exactLog(x: number): number {
  if (!(x > 0 && x < Infinity) || x === 1) return Math.log(x);
  const log = logPair(x);
  return log.high + log.low;
}

/** The logarithm to base 10. */
export function exactLog10(x: number): number {
  if (!(x > 0 && x < Infinity) || x === 1) return Math.log10(x);
  const log = multiply(logPair(x), INVERSE_LN10);
  return log.high + log.low;
}

/** base ^ exponent; special values as Math.pow has them. */
export function exactPower(base: number, exponent: number): number {
  const rough = base ** exponent;
  if (!Number.isFinite(rough) || !Number.isFinite(exponent) || rough === 0 || base === 0
    || exponent === 0 || Math.abs(base) === 1) return rough;
  const product = multiply(logPair(Math.abs(base)), { high: exponent, low: 0 });
  const { value, scale } = expPair(product);
  const result = scaled(value, scale);
  return rough < 0 ? -result : result;
}
