/**
 * Exact decimal numbers: SQL numeric.
 *
 * A value is coef * 10^-scale; scale is PostgreSQL's display scale, so 1.0 and 1.00 are equal but
 * print differently. NaN and the infinities are `special`. Results carry the scale PostgreSQL 15
 * gives them (division keeps at least 16 significant digits). Roots, logarithms and powers are in
 * numeric-math.ts. Objects are immutable; make them with `makeNumeric` only (one hidden class).
 */
import { sqlError } from '../errors.ts';
import type { SqlError } from '../errors.ts';

/** The values of numeric that are no numbers. */
export type NumericSpecial = 'NaN' | 'Infinity' | '-Infinity';

/** An immutable decimal: coef * 10^-scale, or a special value (coef 0n then). */
export interface Numeric {
  readonly kind: 'numeric';
  readonly coef: bigint;
  /** Digits shown after the point, 0 to 16383. */
  readonly scale: number;
  readonly special: NumericSpecial | null;
}

/** Most digits after the point that division, roots and logarithms choose by themselves. */
export const NUMERIC_MAX_DISPLAY_SCALE = 1000;
/** Significant digits that division, roots and logarithms give at least. */
export const NUMERIC_MIN_SIG_DIGITS = 16;
const MAX_SCALE = 16383;
const MAX_INTEGER_DIGITS = 131072;
const LIMB_DIGITS = 4;
/** Digits that tell whether a double lies exactly midway. */
const EXACT_DIGITS = 60;

/** Makes a finite numeric. */
export function makeNumeric(coef: bigint, scale: number): Numeric {
  return { kind: 'numeric', coef, scale, special: null };
}

function makeSpecial(special: NumericSpecial): Numeric {
  return { kind: 'numeric', coef: 0n, scale: 0, special };
}

/** Not a number; sorts above everything and equals itself. */
export const NUMERIC_NAN: Numeric = makeSpecial('NaN');
/** Positive infinity. */
export const NUMERIC_INFINITY: Numeric = makeSpecial('Infinity');
/** Negative infinity. */
export const NUMERIC_NEGATIVE_INFINITY: Numeric = makeSpecial('-Infinity');
/** 0 with scale 0. */
export const NUMERIC_ZERO: Numeric = makeNumeric(0n, 0);
/** 1 with scale 0. */
export const NUMERIC_ONE: Numeric = makeNumeric(1n, 0);

const POWERS: bigint[] = [];
for (let i = 0, power = 1n; i < 64; i++, power *= 10n) POWERS.push(power);

/** 10^exponent for exponent >= 0. */
export function pow10(exponent: number): bigint {
  return POWERS[exponent] ?? 10n ** BigInt(exponent);
}

function absBig(value: bigint): bigint {
  return value < 0n ? -value : value;
}

/** Number of decimal digits of |value|; 1 for 0. */
export function digitCount(value: bigint): number {
  const magnitude = absBig(value);
  if (magnitude < 10n) return 1;
  if (magnitude < 1_000_000_000_000_000n) {
    let digits = 1;
    for (let rest = Number(magnitude); rest >= 10; rest = Math.floor(rest / 10)) digits++;
    return digits;
  }
  return magnitude.toString().length;
}

/** The error of a result with too many digits. */
export function numericOverflow(): SqlError {
  return sqlError('22003', 'value overflows numeric format');
}

/** The error of a division by zero. */
export function divisionByZero(): SqlError {
  return sqlError('22012', 'division by zero');
}

function invalidNumeric(text: string): SqlError {
  return sqlError('22P02', `invalid input syntax for type numeric: "${text}"`);
}

/** Refuses results outside what PostgreSQL can store. */
export function checked(value: Numeric): Numeric {
  if (value.scale > MAX_SCALE) return checked(setScale(value, MAX_SCALE));
  if (value.coef.toString(16).length < 100_000) return value;
  if (digitCount(value.coef) - value.scale > MAX_INTEGER_DIGITS) throw numericOverflow();
  return value;
}

const NUMERIC_SHAPE = /^[ \t\n\r\v\f]*([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?[ \t\n\r\v\f]*$/;

/** Reads PostgreSQL's text form; 22P02 when malformed. */
export function parseNumeric(text: string): Numeric {
  const match = NUMERIC_SHAPE.exec(text);
  if (match === null) return parseSpecial(text);
  const whole = match[2] ?? '';
  const fraction = match[3] ?? '';
  if (whole === '' && fraction === '') throw invalidNumeric(text);
  const digits = BigInt(whole + fraction);
  const coef = match[1] === '-' ? -digits : digits;
  const exponentText = match[4];
  if (exponentText === undefined) {
    if (fraction.length > MAX_SCALE) throw numericOverflow();
    return checked(makeNumeric(coef, fraction.length));
  }
  const exponent = Number(exponentText);
  if (Math.abs(exponent) >= 1_073_741_823) throw invalidNumeric(text);
  const scale = fraction.length - exponent;
  if (scale > MAX_SCALE) throw numericOverflow();
  if (scale >= 0) return checked(makeNumeric(coef, scale));
  if (coef === 0n) return NUMERIC_ZERO;
  if (-scale > MAX_INTEGER_DIGITS) throw numericOverflow();
  return checked(makeNumeric(coef * pow10(-scale), 0));
}

function parseSpecial(text: string): Numeric {
  switch (text.trim().toLowerCase()) {
    case 'nan': return NUMERIC_NAN;
    case 'inf': case 'infinity': case '+inf': case '+infinity': return NUMERIC_INFINITY;
    case '-inf': case '-infinity': return NUMERIC_NEGATIVE_INFINITY;
    default: throw invalidNumeric(text);
  }
}

/** PostgreSQL's text form: all `scale` digits after the point. */
export function formatNumeric(value: Numeric): string {
  if (value.special !== null) return value.special;
  const scale = value.scale;
  if (scale === 0) return value.coef.toString();
  const negative = value.coef < 0n;
  let digits = negative ? (-value.coef).toString() : value.coef.toString();
  if (digits.length <= scale) digits = digits.padStart(scale + 1, '0');
  const point = digits.length - scale;
  const body = `${digits.slice(0, point)}.${digits.slice(point)}`;
  return negative ? `-${body}` : body;
}

/** A numeric of scale 0. */
export function numericFromBigint(value: bigint): Numeric {
  return makeNumeric(value, 0);
}

/** The numeric of an int2 or int4; also of any integral double. */
export function numericFromNumber(value: number): Numeric {
  return Number.isInteger(value) ? makeNumeric(BigInt(value), 0) : numericFromFloat8(value);
}

/** Casts float8: 15 significant digits, as PostgreSQL. */
export function numericFromFloat8(value: number): Numeric {
  return numericFromDouble(value, 15);
}

/** Casts float4: 6 significant digits, as PostgreSQL. */
export function numericFromFloat4(value: number): Numeric {
  return numericFromDouble(value, 6);
}

function numericFromDouble(value: number, significant: number): Numeric {
  if (Number.isNaN(value)) return NUMERIC_NAN;
  if (value === Infinity) return NUMERIC_INFINITY;
  if (value === -Infinity) return NUMERIC_NEGATIVE_INFINITY;
  if (value === 0) return NUMERIC_ZERO;
  const [mantissa = '0', exponentText = '0'] = exponentialHalfEven(value, significant).split('e');
  const digits = mantissa.replace('.', '').replace(/0+$/, '');
  const length = digits.length - (digits.startsWith('-') ? 1 : 0);
  const scale = length - 1 - Number(exponentText);
  const coef = BigInt(digits);
  return scale >= 0 ? makeNumeric(coef, scale) : makeNumeric(coef * pow10(-scale), 0);
}

/** toExponential with ties to even, as C's printf; JavaScript rounds exact ties up. */
export function exponentialHalfEven(value: number, significant: number): string {
  const rounded = value.toExponential(significant - 1);
  const [longMantissa = ''] = value.toExponential(EXACT_DIGITS).split('e');
  const start = longMantissa.indexOf('.') + significant;
  if (longMantissa[start] !== '5' || !/^0*$/.test(longMantissa.slice(start + 1))) return rounded;
  const kept = longMantissa.slice(0, start);
  const last = kept.charCodeAt(kept.length - 1) - 48;
  if (last % 2 !== 0) return rounded;
  const exponent = value.toExponential(EXACT_DIGITS).split('e')[1] ?? '0';
  return `${kept}e${exponent}`;
}

/** The nearest float8. */
export function numericToFloat8(value: Numeric): number {
  switch (value.special) {
    case null: break;
    case 'NaN': return NaN;
    case 'Infinity': return Infinity;
    case '-Infinity': return -Infinity;
  }
  if (value.scale === 0) return finiteDouble(Number(value.coef), value);
  return finiteDouble(Number(formatNumeric(value)), value);
}

function finiteDouble(result: number, value: Numeric): number {
  if (Number.isFinite(result) && (result !== 0 || value.coef === 0n)) return result;
  const text = formatNumeric(value);
  throw sqlError('22003', `"${text}" is out of range for type double precision`);
}

/** Rounds half away from zero to an integer. */
export function numericToBigint(value: Numeric): bigint {
  return value.scale === 0 ? value.coef : divRound(value.coef, pow10(value.scale));
}

function integerOf(value: Numeric, typeName: string): bigint {
  if (value.special === null) return numericToBigint(value);
  const what = value.special === 'NaN' ? 'NaN' : 'infinity';
  throw sqlError('0A000', `cannot convert ${what} to ${typeName}`);
}

/** Casts to int8, rounding half away from zero; 22003 when out of range. */
export function numericToInt8(value: Numeric): bigint {
  const result = integerOf(value, 'bigint');
  if (BigInt.asIntN(64, result) === result) return result;
  throw sqlError('22003', 'bigint out of range');
}

/** Casts to int4. */
export function numericToInt4(value: Numeric): number {
  const result = integerOf(value, 'integer');
  if (BigInt.asIntN(32, result) === result) return Number(result);
  throw sqlError('22003', 'integer out of range');
}

/** Casts to int2. */
export function numericToInt2(value: Numeric): number {
  const result = integerOf(value, 'smallint');
  if (BigInt.asIntN(16, result) === result) return Number(result);
  throw sqlError('22003', 'smallint out of range');
}

/** Integer division rounding half away from zero. */
export function divRound(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  const rest = absBig(dividend - quotient * divisor);
  if (rest * 2n < absBig(divisor)) return quotient;
  return (dividend < 0n) === (divisor < 0n) ? quotient + 1n : quotient - 1n;
}

/** The coefficient the value has at a scale not below its own. */
export function coefAt(value: Numeric, scale: number): bigint {
  return value.scale === scale ? value.coef : value.coef * pow10(scale - value.scale);
}

/** The same number shown with another scale, rounded half away from zero if need be. */
export function setScale(value: Numeric, scale: number): Numeric {
  if (value.scale === scale) return value;
  if (value.scale < scale) return makeNumeric(coefAt(value, scale), scale);
  return makeNumeric(divRound(value.coef, pow10(value.scale - scale)), scale);
}

function isSpecial(a: Numeric, b: Numeric): boolean {
  return a.special !== null || b.special !== null;
}

/** -1, 0 or 1; 0 for NaN too. */
export function numericSignum(value: Numeric): number {
  if (value.special !== null) {
    return value.special === 'NaN' ? 0 : value.special === 'Infinity' ? 1 : -1;
  }
  return value.coef === 0n ? 0 : value.coef < 0n ? -1 : 1;
}

/** a + b. */
export function addNumeric(a: Numeric, b: Numeric): Numeric {
  if (isSpecial(a, b)) return addSpecial(a, b);
  if (a.scale === b.scale) return checked(makeNumeric(a.coef + b.coef, a.scale));
  const scale = Math.max(a.scale, b.scale);
  return checked(makeNumeric(coefAt(a, scale) + coefAt(b, scale), scale));
}

function addSpecial(a: Numeric, b: Numeric): Numeric {
  if (a.special === 'NaN' || b.special === 'NaN') return NUMERIC_NAN;
  if (a.special === null) return b;
  if (b.special === null || a.special === b.special) return a;
  return NUMERIC_NAN;
}

/** a - b. */
export function subNumeric(a: Numeric, b: Numeric): Numeric {
  if (isSpecial(a, b)) return addSpecial(a, negateNumeric(b));
  if (a.scale === b.scale) return checked(makeNumeric(a.coef - b.coef, a.scale));
  const scale = Math.max(a.scale, b.scale);
  return checked(makeNumeric(coefAt(a, scale) - coefAt(b, scale), scale));
}

/** a * b; the scales add. */
export function mulNumeric(a: Numeric, b: Numeric): Numeric {
  if (!isSpecial(a, b)) return checked(makeNumeric(a.coef * b.coef, a.scale + b.scale));
  return signedInfinity(a, b);
}

/** Infinity with the sign of the product; NaN when a factor is NaN or 0. */
function signedInfinity(a: Numeric, b: Numeric): Numeric {
  const sign = numericSignum(a) * numericSignum(b);
  if (sign === 0) return NUMERIC_NAN;
  return sign > 0 ? NUMERIC_INFINITY : NUMERIC_NEGATIVE_INFINITY;
}

/** The weight and value of the first base-10000 digit, on which result scales are chosen. */
export interface Leading {
  readonly weight: number;
  readonly digit: number;
}

/** Leading base-10000 digit of a finite numeric; 0 and 0 for zero. */
export function leadingDigit(value: Numeric): Leading {
  const magnitude = absBig(value.coef);
  if (magnitude === 0n) return { weight: 0, digit: 0 };
  const digits = digitCount(magnitude);
  const exponent = digits - 1 - value.scale;
  const weight = Math.floor(exponent / LIMB_DIGITS);
  const wanted = exponent - LIMB_DIGITS * weight + 1;
  const digit = digits >= wanted
    ? Number(magnitude / pow10(digits - wanted))
    : Number(magnitude * pow10(wanted - digits));
  return { weight, digit };
}

/** Keeps a chosen scale within 0 and 1000, and at or above the operands' own. */
export function clampScale(scale: number, ...operands: readonly Numeric[]): number {
  let result = Math.max(scale, 0);
  for (const operand of operands) result = Math.max(result, operand.scale);
  return Math.min(result, NUMERIC_MAX_DISPLAY_SCALE);
}

/** The scale PostgreSQL gives a / b: at least 16 significant digits. */
export function divisionScale(a: Numeric, b: Numeric): number {
  const first = leadingDigit(a);
  const second = leadingDigit(b);
  let weight = first.weight - second.weight;
  if (first.digit <= second.digit) weight--;
  return clampScale(NUMERIC_MIN_SIG_DIGITS - weight * LIMB_DIGITS, a, b);
}

/** a / b rounded half away from zero at the given scale; b is not 0. */
export function divideAt(a: Numeric, b: Numeric, scale: number): Numeric {
  const shift = scale + b.scale - a.scale;
  const coef = shift >= 0
    ? divRound(a.coef * pow10(shift), b.coef)
    : divRound(a.coef, b.coef * pow10(-shift));
  return checked(makeNumeric(coef, scale));
}

/** a / b with PostgreSQL's result scale; 22012 for b = 0. */
export function divNumeric(a: Numeric, b: Numeric): Numeric {
  if (isSpecial(a, b)) return divSpecial(a, b);
  if (b.coef === 0n) throw divisionByZero();
  return divideAt(a, b, divisionScale(a, b));
}

function divSpecial(a: Numeric, b: Numeric): Numeric {
  if (a.special === 'NaN' || b.special === 'NaN') return NUMERIC_NAN;
  if (b.special !== null) return a.special === null ? NUMERIC_ZERO : NUMERIC_NAN;
  if (b.coef === 0n) throw divisionByZero();
  return signedInfinity(a, b);
}

/** The whole part of a / b, toward zero, with scale 0: SQL div(a, b). */
export function divTruncNumeric(a: Numeric, b: Numeric): Numeric {
  if (isSpecial(a, b)) return divSpecial(a, b);
  if (b.coef === 0n) throw divisionByZero();
  const scale = Math.max(a.scale, b.scale);
  return makeNumeric(coefAt(a, scale) / coefAt(b, scale), 0);
}

/** The rest of a / b with the sign of a. */
export function modNumeric(a: Numeric, b: Numeric): Numeric {
  if (isSpecial(a, b)) {
    if (a.special === 'NaN' || b.special === 'NaN') return NUMERIC_NAN;
    if (a.special === null) return a;
    if (b.special === null && b.coef === 0n) throw divisionByZero();
    return NUMERIC_NAN;
  }
  if (b.coef === 0n) throw divisionByZero();
  const scale = Math.max(a.scale, b.scale);
  return makeNumeric(coefAt(a, scale) % coefAt(b, scale), scale);
}

/** -a. */
export function negateNumeric(value: Numeric): Numeric {
  if (value.special === null) return makeNumeric(-value.coef, value.scale);
  if (value.special === 'NaN') return value;
  return value.special === 'Infinity' ? NUMERIC_NEGATIVE_INFINITY : NUMERIC_INFINITY;
}

/** |a|. */
export function absNumeric(value: Numeric): Numeric {
  if (value.special === null) return value.coef < 0n ? negateNumeric(value) : value;
  return value.special === '-Infinity' ? NUMERIC_INFINITY : value;
}

/** sign(a) as numeric; NaN for NaN. */
export function signNumeric(value: Numeric): Numeric {
  if (value.special === 'NaN') return value;
  return makeNumeric(BigInt(numericSignum(value)), 0);
}

/** round(a, digits), half away from zero; negative digits round left of the point. */
export function roundNumeric(value: Numeric, digits: number = 0): Numeric {
  return cut(value, digits, divRound);
}

/** trunc(a, digits), toward zero. */
export function truncNumeric(value: Numeric, digits: number = 0): Numeric {
  return cut(value, digits, (dividend, divisor) => dividend / divisor);
}

function cut(value: Numeric, wanted: number, by: (a: bigint, b: bigint) => bigint): Numeric {
  if (value.special !== null) return value;
  const digits = Math.min(Math.max(wanted, -MAX_INTEGER_DIGITS - 1), MAX_SCALE);
  if (digits >= value.scale) return makeNumeric(coefAt(value, digits), digits);
  const coef = by(value.coef, pow10(value.scale - digits));
  return digits >= 0 ? makeNumeric(coef, digits) : checked(makeNumeric(coef * pow10(-digits), 0));
}

/** The smallest integer not below a. */
export function ceilNumeric(value: Numeric): Numeric {
  if (value.special !== null || value.scale === 0) return value;
  const unit = pow10(value.scale);
  const whole = value.coef / unit;
  return makeNumeric(value.coef > 0n && whole * unit !== value.coef ? whole + 1n : whole, 0);
}

/** The greatest integer not above a. */
export function floorNumeric(value: Numeric): Numeric {
  if (value.special !== null || value.scale === 0) return value;
  const unit = pow10(value.scale);
  const whole = value.coef / unit;
  return makeNumeric(value.coef < 0n && whole * unit !== value.coef ? whole - 1n : whole, 0);
}

function specialRank(special: NumericSpecial | null): number {
  switch (special) {
    case null: return 0;
    case '-Infinity': return -1;
    case 'Infinity': return 1;
    case 'NaN': return 2;
  }
}

/** Total order: -Infinity, finite values, Infinity, NaN; scale does not count. */
export function compareNumeric(a: Numeric, b: Numeric): number {
  if (isSpecial(a, b)) return Math.sign(specialRank(a.special) - specialRank(b.special));
  if (a.scale === b.scale) return a.coef < b.coef ? -1 : a.coef > b.coef ? 1 : 0;
  const scale = Math.max(a.scale, b.scale);
  const first = coefAt(a, scale);
  const second = coefAt(b, scale);
  return first < second ? -1 : first > second ? 1 : 0;
}

/** Fewest digits after the point that keep the value: SQL min_scale; null for specials. */
export function minScaleNumeric(value: Numeric): number | null {
  if (value.special !== null) return null;
  return trimScaleNumeric(value).scale;
}

/** The value without trailing zeros after the point: SQL trim_scale. */
export function trimScaleNumeric(value: Numeric): Numeric {
  if (value.special !== null || value.scale === 0) return value;
  if (value.coef === 0n) return NUMERIC_ZERO;
  let { coef, scale } = value;
  while (scale > 0 && coef % 10n === 0n) {
    coef /= 10n;
    scale--;
  }
  return scale === value.scale ? value : makeNumeric(coef, scale);
}

/** Fits a value into numeric(precision, scale): rounds, or fails with 22003. */
export function applyNumericTypmod(value: Numeric, precision: number, scale: number): Numeric {
  if (value.special === 'NaN') return value;
  if (value.special !== null) {
    throw sqlError('22003', 'numeric field overflow', {
      detail: `A field with precision ${precision}, scale ${scale} cannot hold an infinite value.`,
    });
  }
  const result = cut(value, scale, divRound);
  const wholeDigits = precision - scale;
  const magnitude = absBig(result.coef);
  const shift = wholeDigits + result.scale;
  if (shift >= 0 ? magnitude < pow10(shift) : magnitude === 0n) return result;
  const limit = wholeDigits === 0 ? '1' : `10^${wholeDigits}`;
  throw sqlError('22003', 'numeric field overflow', {
    detail: `A field with precision ${precision}, scale ${scale} must round to an absolute `
      + `value less than ${limit}.`,
  });
}
