/**
 * Mathematical functions over float8: rounding, powers, logarithms, trigonometry in both units.
 *
 * Domain errors are PostgreSQL's (22003 "input is out of range", 2201E, 2201F). Functions in
 * degrees are exact at the usual angles.
 */
import { sqlError } from '../../common/errors.ts';
import { exactExp, exactLog, exactLog10 } from '../../common/float-math.ts';
import { must } from '../../common/assert.ts';
import { compareValues } from '../../common/types/registry.ts';
import { asArray } from '../../common/types/values-of.ts';
import type { Value } from '../../common/values.ts';
import { scalar } from './builder.ts';
import { roundHalfEven } from './casts.ts';
import type { EvaluationContext, ScalarFunction } from './entry.ts';
import {
  cbrtFloat, checkInt4, floatOverflow, floatUnderflow, powFloat, rootFloat,
} from './number-checks.ts';

function outOfRange(): Error {
  return sqlError('22003', 'input is out of range');
}

function sign(value: number): number {
  return value > 0 ? 1 : value < 0 ? -1 : 0;
}

function exp(value: number): number {
  const result = exactExp(value);
  if (result === Infinity && Number.isFinite(value)) throw floatOverflow();
  if (result === 0 && Number.isFinite(value)) throw floatUnderflow();
  return result;
}

function logarithm(code: (value: number) => number): (value: number) => number {
  return (value) => {
    if (value === 0) throw sqlError('2201E', 'cannot take logarithm of zero');
    if (value < 0) throw sqlError('2201E', 'cannot take logarithm of a negative number');
    return code(value);
  };
}

type Unary = readonly [name: string, doc: string, arg: string, value: string,
  code: (value: number) => number];

const RADIANS_PER_DEGREE = 0.017453292519943295;

const ROUNDING: readonly Unary[] = [
  ['ceil', 'The nearest integer not below.', '42.2', '43', Math.ceil],
  ['ceiling', 'The nearest integer not below.', '95.3', '96', Math.ceil],
  ['floor', 'The nearest integer not above.', '42.8', '42', Math.floor],
  ['round', 'The nearest integer; ties to even.', '42.5', '42', roundHalfEven],
  ['trunc', 'Drops the digits after the point.', '42.8', '42', Math.trunc],
  ['sign', 'The sign: -1, 0 or 1.', '8.4', '1', sign],
  ['sqrt', 'The square root.', '2', '1.4142135623730951', rootFloat],
  ['cbrt', 'The cube root.', '64', '4', cbrtFloat],
  ['exp', 'e to a power.', '1', '2.718281828459045', exp],
  ['ln', 'The natural logarithm.', '2', '0.6931471805599453', logarithm(exactLog)],
  ['log', 'The logarithm to base 10.', '100', '2', logarithm(exactLog10)],
  ['log10', 'The logarithm to base 10.', '1000', '3', logarithm(exactLog10)],
  ['degrees', 'Converts radians to degrees.', '0.5', '28.64788975654116',
    (value) => value / RADIANS_PER_DEGREE],
  ['radians', 'Converts degrees to radians.', '45', '0.7853981633974483',
    (value) => value * RADIANS_PER_DEGREE],
];

/** Angles must be finite. */
function angle(code: (value: number) => number): (value: number) => number {
  return (value) => {
    if (value === Infinity || value === -Infinity) throw outOfRange();
    return code(value);
  };
}

/** Values between -1 and 1. */
function unit(code: (value: number) => number): (value: number) => number {
  return (value) => {
    if (value < -1 || value > 1) throw outOfRange();
    return code(value);
  };
}

function acosh(value: number): number {
  if (value < 1) throw outOfRange();
  return Math.acosh(value);
}

const TRIGONOMETRY: readonly Unary[] = [
  ['sin', 'The sine of an angle in radians.', '1', '0.8414709848078965', angle(Math.sin)],
  ['cos', 'The cosine of an angle in radians.', '0', '1', angle(Math.cos)],
  ['tan', 'The tangent of an angle in radians.', '1', '1.5574077246549023', angle(Math.tan)],
  ['cot', 'The cotangent of an angle in radians.', '0.5', '1.830487721712452',
    angle((value) => 1 / Math.tan(value))],
  ['asin', 'The inverse sine in radians.', '1', '1.5707963267948966', unit(Math.asin)],
  ['acos', 'The inverse cosine in radians.', '1', '0', unit(Math.acos)],
  ['atan', 'The inverse tangent in radians.', '1', '0.7853981633974483', Math.atan],
  ['sinh', 'The hyperbolic sine.', '1', '1.1752011936438014', Math.sinh],
  ['cosh', 'The hyperbolic cosine.', '0', '1', Math.cosh],
  ['tanh', 'The hyperbolic tangent.', '1', '0.7615941559557649', Math.tanh],
  ['asinh', 'The inverse hyperbolic sine.', '1', '0.881373587019543', Math.asinh],
  ['acosh', 'The inverse hyperbolic cosine.', '1', '0', acosh],
  ['atanh', 'The inverse hyperbolic tangent.', '0.5', '0.5493061443340548', unit(Math.atanh)],
];

const SIN_30 = Math.sin(30 * RADIANS_PER_DEGREE);
const ONE_MINUS_COS_60 = 1 - Math.cos(60 * RADIANS_PER_DEGREE);

/** Sine in degrees between 0 and 90, exact at 0, 30 and 90. */
function sineQuadrant(degrees: number): number {
  if (degrees <= 30) return (Math.sin(degrees * RADIANS_PER_DEGREE) / SIN_30) / 2;
  return cosineSixty(90 - degrees);
}

function cosineSixty(degrees: number): number {
  return 1 - ((1 - Math.cos(degrees * RADIANS_PER_DEGREE)) / ONE_MINUS_COS_60) / 2;
}

/** Cosine in degrees between 0 and 90, exact at 0, 60 and 90. */
function cosineQuadrant(degrees: number): number {
  if (degrees <= 60) return cosineSixty(degrees);
  return (Math.sin((90 - degrees) * RADIANS_PER_DEGREE) / SIN_30) / 2;
}

function sineDegrees(value: number): number {
  let degrees = value % 360;
  let negative = degrees < 0;
  degrees = Math.abs(degrees);
  if (degrees > 180) {
    degrees = 360 - degrees;
    negative = !negative;
  }
  if (degrees > 90) degrees = 180 - degrees;
  return negative ? -sineQuadrant(degrees) : sineQuadrant(degrees);
}

function cosineDegrees(value: number): number {
  let degrees = Math.abs(value % 360);
  if (degrees > 180) degrees = 360 - degrees;
  if (degrees > 90) return -cosineQuadrant(180 - degrees);
  return cosineQuadrant(degrees);
}

const TAN_45 = sineQuadrant(45) / cosineQuadrant(45);
const COT_45 = cosineQuadrant(45) / sineQuadrant(45);

/** Folds an angle into 0 to 90 with the sign that tangents have there. */
function tangentAngle(value: number): { readonly degrees: number; readonly negative: boolean } {
  let degrees = value % 360;
  let negative = degrees < 0;
  degrees = Math.abs(degrees);
  if (degrees > 180) {
    degrees = 360 - degrees;
    negative = !negative;
  }
  if (degrees > 90) {
    degrees = 180 - degrees;
    negative = !negative;
  }
  return { degrees, negative };
}

function tangentDegrees(value: number): number {
  const { degrees, negative } = tangentAngle(value);
  const result = (sineQuadrant(degrees) / cosineQuadrant(degrees)) / TAN_45;
  return (negative ? -result : result) + 0;
}

function cotangentDegrees(value: number): number {
  const { degrees, negative } = tangentAngle(value);
  const result = (cosineQuadrant(degrees) / sineQuadrant(degrees)) / COT_45;
  return (negative ? -result : result) + 0;
}

const ASIN_HALF = Math.asin(0.5);
const ACOS_HALF = Math.acos(0.5);
const ATAN_ONE = Math.atan(1);

function arcsineQuadrant(value: number): number {
  if (value <= 0.5) return (Math.asin(value) / ASIN_HALF) * 30;
  return 90 - (Math.acos(value) / ACOS_HALF) * 60;
}

function arccosineQuadrant(value: number): number {
  if (value <= 0.5) return 90 - (Math.asin(value) / ASIN_HALF) * 30;
  return (Math.acos(value) / ACOS_HALF) * 60;
}

const DEGREES: readonly Unary[] = [
  ['sind', 'The sine of an angle in degrees.', '30', '0.5', angle(sineDegrees)],
  ['cosd', 'The cosine of an angle in degrees.', '60', '0.5', angle(cosineDegrees)],
  ['tand', 'The tangent of an angle in degrees.', '45', '1', angle(tangentDegrees)],
  ['cotd', 'The cotangent of an angle in degrees.', '45', '1', angle(cotangentDegrees)],
  ['asind', 'The inverse sine in degrees.', '0.5', '30',
    unit((value) => (value >= 0 ? arcsineQuadrant(value) : -arcsineQuadrant(-value)))],
  ['acosd', 'The inverse cosine in degrees.', '0.5', '60',
    unit((value) => (value >= 0 ? arccosineQuadrant(value) : 90 + arcsineQuadrant(-value)))],
  ['atand', 'The inverse tangent in degrees.', '1', '45',
    (value) => (Math.atan(value) / ATAN_ONE) * 45],
];

const UNARY: readonly ScalarFunction[] = [...ROUNDING, ...TRIGONOMETRY, ...DEGREES].map(
  ([name, doc, arg, value, code]) => scalar({
    signature: `${name}(float8) -> float8`, doc,
    examples: [[`${name}(${arg}::float8)`, value]], evaluate: code,
  }));

/** The bucket of a float; counted down when the bounds are. */
function bucketFloat(operand: number, low: number, high: number, count: number): number {
  if (count <= 0) throw sqlError('2201G', 'count must be greater than zero');
  if (Number.isNaN(operand) || Number.isNaN(low) || Number.isNaN(high)) {
    throw sqlError('2201G', 'operand, lower bound, and upper bound cannot be NaN');
  }
  if (!Number.isFinite(low) || !Number.isFinite(high)) {
    throw sqlError('2201G', 'lower and upper bounds must be finite');
  }
  if (low === high) throw sqlError('2201G', 'lower bound cannot equal upper bound');
  const upward = low < high;
  if (upward ? operand < low : operand > low) return 0;
  if (upward ? operand >= high : operand <= high) return checkInt4(count + 1);
  return Math.floor((count * (operand - low)) / (high - low)) + 1;
}

/** How many numbers were mixed so far, and the state setseed left, or null. */
const random: { mixed: bigint; seed: bigint | null } = { mixed: 0n, seed: null };

/** splitmix64: the number in [0, 1) of a state. */
function mixed(state: bigint): number {
  let bits = BigInt.asUintN(64, state * 0x9e3779b97f4a7c15n);
  bits = BigInt.asUintN(64, (bits ^ (bits >> 30n)) * 0xbf58476d1ce4e5b9n);
  bits = BigInt.asUintN(64, (bits ^ (bits >> 27n)) * 0x94d049bb133111ebn);
  return Number((bits ^ (bits >> 31n)) >> 11n) / 2 ** 53;
}

/** A random number in [0, 1), whatever setseed said: the context's, or of its time and a count. */
export function nextRandom(context: EvaluationContext): number {
  if (context.random !== undefined) return context.random();
  random.mixed += 1n;
  return mixed(context.now * 1_000_003n + random.mixed);
}

/** random(): after setseed always the same series. */
function seededRandom(context: EvaluationContext): number {
  if (random.seed === null) return nextRandom(context);
  random.seed += 1n;
  return mixed(random.seed);
}

function setSeed(seed: number): Value {
  if (!(seed >= -1 && seed <= 1)) {
    throw sqlError('22023', `setseed parameter ${seed} is out of allowed range [-1,1]`);
  }
  random.seed = BigInt(Math.floor(seed * 2 ** 52));
  return '';
}

const OTHERS: readonly ScalarFunction[] = [
  scalar({
    signature: 'setseed(float8) -> void', doc: 'Sets where random() starts.',
    examples: [['setseed(0.5)', '']], volatility: 'volatile', evaluate: setSeed,
  }),
  scalar({
    signature: 'pi() -> float8', doc: 'The ratio of circumference to diameter.',
    examples: [['pi()', '3.141592653589793']], evaluate: () => Math.PI,
  }),
  ...['power', 'pow'].map((name) => scalar({
    signature: `${name}(float8,float8) -> float8`, doc: 'The first to the power of the second.',
    examples: [[`${name}(9::float8, 3)`, '729']], evaluate: powFloat,
  })),
  scalar({
    signature: 'atan2(float8,float8) -> float8', doc: 'The inverse tangent of y/x in radians.',
    examples: [['atan2(1, 0)', '1.5707963267948966']], evaluate: Math.atan2,
  }),
  scalar({
    signature: 'atan2d(float8,float8) -> float8', doc: 'The inverse tangent of y/x in degrees.',
    examples: [['atan2d(1, 0)', '90']],
    evaluate: (y: number, x: number) => (Math.atan2(y, x) / ATAN_ONE) * 45,
  }),
  scalar({
    signature: 'width_bucket(float8,float8,float8,int4) -> int4',
    doc: 'The number of the bucket, of equally wide ones between two bounds, a value falls in.',
    examples: [['width_bucket(5.35::float8, 0.024, 10.06, 5)', '3']], evaluate: bucketFloat,
  }),
  scalar({
    signature: 'width_bucket(anycompatible,anycompatiblearray) -> int4',
    doc: 'The number of the bucket whose ascending lower bounds are listed.',
    examples: [['width_bucket(7, ARRAY[1, 3, 5, 10])', '3']],
    specialize: (types) => {
      const type = must(types[0], 'type');
      return (_context, value: Value, bounds: Value) => {
        const { elements, dims } = asArray(bounds);
        if (dims.length > 1) {
          throw sqlError('2202E', 'thresholds must be one-dimensional array');
        }
        if (elements.includes(null)) {
          throw sqlError('22004', 'thresholds array must not contain NULLs');
        }
        return elements.filter((bound) => compareValues(bound, value, type) <= 0).length;
      };
    },
  }),
  scalar({
    signature: 'random() -> float8', doc: 'A random number from 0 to below 1.',
    examples: [['random() < 1', 'true']], volatility: 'volatile', mayBeNull: false,
    evaluateIn: seededRandom,
  }),
];

/** Functions over floats. */
export const MATH_FLOAT: readonly ScalarFunction[] = [...UNARY, ...OTHERS];
