/**
 * Checked number arithmetic on plain values: PostgreSQL's ranges and its errors.
 *
 * The bodies of `evaluate`; the kernels have the same checks as helpers. float4 values are always
 * rounded by Math.fround.
 */
import { sqlError } from '../../common/errors.ts';
import type { SqlError } from '../../common/errors.ts';
import { exactPower } from '../../common/float-math.ts';

/** `division by zero`. */
export function divisionByZero(): SqlError {
  return sqlError('22012', 'division by zero');
}

/** Refuses a number that is no int2. */
export function checkInt2(value: number): number {
  if (value >= -32768 && value <= 32767) return value;
  throw sqlError('22003', 'smallint out of range');
}

/** Refuses a number that is no int4. */
export function checkInt4(value: number): number {
  if (value >= -2147483648 && value <= 2147483647) return value;
  throw sqlError('22003', 'integer out of range');
}

/** Refuses a number that is no int8. */
export function checkInt8(value: bigint): bigint {
  if (BigInt.asIntN(64, value) === value) return value;
  throw sqlError('22003', 'bigint out of range');
}

/** a / b toward zero. */
export function divInt4(a: number, b: number): number {
  if (b === 0) throw divisionByZero();
  return checkInt4(Math.trunc(a / b) + 0);
}

/** The rest of a / b with the sign of a. */
export function modInt4(a: number, b: number): number {
  if (b === 0) throw divisionByZero();
  return (a % b) + 0;
}

/** a / b toward zero. */
export function divInt8(a: bigint, b: bigint): bigint {
  if (b === 0n) throw divisionByZero();
  return checkInt8(a / b);
}

/** The rest of a / b with the sign of a. */
export function modInt8(a: bigint, b: bigint): bigint {
  if (b === 0n) throw divisionByZero();
  return a % b;
}

/** The error of a float result too large. */
export function floatOverflow(): SqlError {
  return sqlError('22003', 'value out of range: overflow');
}

/** The error of a float result too small. */
export function floatUnderflow(): SqlError {
  return sqlError('22003', 'value out of range: underflow');
}

function finite(result: number, a: number, b: number): number {
  if ((result === Infinity || result === -Infinity) && Number.isFinite(a) && Number.isFinite(b)) {
    throw floatOverflow();
  }
  return result;
}

/** a + b. */
export function addFloat(a: number, b: number): number {
  return finite(a + b, a, b);
}

/** a - b. */
export function subFloat(a: number, b: number): number {
  return finite(a - b, a, b);
}

/** a * b. */
export function mulFloat(a: number, b: number): number {
  const result = finite(a * b, a, b);
  if (result === 0 && a !== 0 && b !== 0) throw floatUnderflow();
  return result;
}

/** a / b. */
export function divFloat(a: number, b: number): number {
  if (b === 0 && !Number.isNaN(a)) throw divisionByZero();
  const result = finite(a / b, a, b);
  if (result === 0 && a !== 0 && Number.isFinite(b)) throw floatUnderflow();
  return result;
}

/** Rounds a result over float4 operands to float4, with the range errors. */
export function toFloat4(result: number, a: number, b: number): number {
  const rounded = finite(Math.fround(result), a, b);
  if (rounded === 0 && result !== 0) throw floatUnderflow();
  return rounded;
}

/** base ^ exponent with PostgreSQL's special cases. */
export function powFloat(base: number, exponent: number): number {
  if (base === 1 || exponent === 0) return 1;
  if (Number.isNaN(base) || Number.isNaN(exponent)) return NaN;
  if (base === 0 && exponent < 0) {
    throw sqlError('2201F', 'zero raised to a negative power is undefined');
  }
  if (base < 0 && Number.isFinite(exponent) && Math.floor(exponent) !== exponent) {
    throw sqlError('2201F',
      'a negative number raised to a non-integer power yields a complex result');
  }
  // JavaScript has (-1) ^ Infinity as NaN; C and PostgreSQL as 1.
  if (base === -1 && !Number.isFinite(exponent)) return 1;
  const result = finite(exactPower(base, exponent), base, exponent);
  if (result === 0 && base !== 0 && Number.isFinite(base) && Number.isFinite(exponent)) {
    throw floatUnderflow();
  }
  return result;
}

/** The square root. */
export function rootFloat(value: number): number {
  if (value < 0) throw sqlError('2201F', 'cannot take square root of a negative number');
  return Math.sqrt(value);
}

/** The cube root. */
export function cbrtFloat(value: number): number {
  return Math.cbrt(value);
}
