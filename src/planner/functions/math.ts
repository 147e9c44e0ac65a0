/**
 * Mathematical functions over numeric and integers: rounding, roots, logarithms, divisors.
 *
 * Floats and angles are in math-float.ts. Result scales are PostgreSQL's (common/types/numeric).
 */
import { sqlError } from '../../common/errors.ts';
import {
  ceilNumeric, compareNumeric, divTruncNumeric, floorNumeric, makeNumeric, minScaleNumeric,
  modNumeric, NUMERIC_NAN, numericOverflow, roundNumeric, setScale, signNumeric, trimScaleNumeric,
  truncNumeric, subNumeric, mulNumeric, numericFromNumber, numericToBigint, divNumeric,
} from '../../common/types/numeric.ts';
import type { Numeric } from '../../common/types/numeric.ts';
import {
  expNumeric, lnNumeric, log10Numeric, logNumeric, powNumeric, sqrtNumeric,
} from '../../common/types/numeric-math.ts';
import { scalar } from './builder.ts';
import type { ScalarFunction } from './entry.ts';
import { checkInt4, checkInt8, modInt4, modInt8 } from './number-checks.ts';

const ROUNDING: readonly ScalarFunction[] = [
  ...['ceil', 'ceiling'].map((name) => scalar({
    signature: `${name}(numeric) -> numeric`, doc: 'The nearest integer not below.',
    examples: [[`${name}(42.2)`, '43'], [`${name}(-42.8)`, '-42']], evaluate: ceilNumeric,
  })),
  scalar({
    signature: 'floor(numeric) -> numeric', doc: 'The nearest integer not above.',
    examples: [['floor(-42.8)', '-43']], evaluate: floorNumeric,
  }),
  scalar({
    signature: 'round(numeric) -> numeric', doc: 'The nearest integer; ties away from zero.',
    examples: [['round(42.5)', '43']], evaluate: (value: Numeric) => roundNumeric(value),
  }),
  scalar({
    signature: 'round(numeric,int4) -> numeric',
    doc: 'Rounds to so many decimal places; ties away from zero.',
    examples: [['round(42.4382, 2)', '42.44'], ['round(1234.56, -1)', '1230']],
    evaluate: roundNumeric,
  }),
  scalar({
    signature: 'trunc(numeric) -> numeric', doc: 'Drops the digits after the point.',
    examples: [['trunc(-42.8)', '-42']], evaluate: (value: Numeric) => truncNumeric(value),
  }),
  scalar({
    signature: 'trunc(numeric,int4) -> numeric', doc: 'Drops the digits after so many places.',
    examples: [['trunc(42.4382, 2)', '42.43']], evaluate: truncNumeric,
  }),
  scalar({
    signature: 'sign(numeric) -> numeric', doc: 'The sign: -1, 0 or 1.',
    examples: [['sign(-8.4)', '-1']], evaluate: signNumeric,
  }),
  scalar({
    signature: 'scale(numeric) -> int4', doc: 'The number of digits after the point.',
    examples: [['scale(8.4100)', '4']],
    evaluate: (value: Numeric) => (value.special === null ? value.scale : null),
  }),
  scalar({
    signature: 'min_scale(numeric) -> int4',
    doc: 'The number of digits after the point that the value needs.',
    examples: [['min_scale(8.4100)', '2']], evaluate: minScaleNumeric,
  }),
  scalar({
    signature: 'trim_scale(numeric) -> numeric', doc: 'Drops zeros at the end.',
    examples: [['trim_scale(8.4100)', '8.41']], evaluate: trimScaleNumeric,
  }),
];

const POWERS: readonly ScalarFunction[] = [
  scalar({
    signature: 'sqrt(numeric) -> numeric', doc: 'The square root.',
    examples: [['sqrt(2.0)', '1.414213562373095']], evaluate: sqrtNumeric,
  }),
  scalar({
    signature: 'exp(numeric) -> numeric', doc: 'e to a power.',
    examples: [['exp(1.0)', '2.7182818284590452']], evaluate: expNumeric,
  }),
  scalar({
    signature: 'ln(numeric) -> numeric', doc: 'The natural logarithm.',
    examples: [['ln(2.0)', '0.6931471805599453']], evaluate: lnNumeric,
  }),
  ...['log', 'log10'].map((name) => scalar({
    signature: `${name}(numeric) -> numeric`, doc: 'The logarithm to base 10.',
    examples: [[`${name}(100.0)`, '2.0000000000000000']], evaluate: log10Numeric,
  })),
  scalar({
    signature: 'log(numeric,numeric) -> numeric', doc: 'The logarithm to a base.',
    examples: [['log(2.0, 64.0)', '6.0000000000000000']], evaluate: logNumeric,
  }),
  ...['power', 'pow'].map((name) => scalar({
    signature: `${name}(numeric,numeric) -> numeric`, doc: 'The first to the power of the second.',
    examples: [[`${name}(9.0, 3.0)`, '729.0000000000000000']], evaluate: powNumeric,
  })),
];

function gcd(a: bigint, b: bigint): bigint {
  let x = a < 0n ? -a : a;
  let y = b < 0n ? -b : b;
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
}

function lcm(a: bigint, b: bigint): bigint {
  if (a === 0n || b === 0n) return 0n;
  const product = (a / gcd(a, b)) * b;
  return product < 0n ? -product : product;
}

function overNumeric(code: (a: bigint, b: bigint) => bigint): (a: Numeric, b: Numeric) => Numeric {
  return (a, b) => {
    if (a.special !== null || b.special !== null) return NUMERIC_NAN;
    const scale = Math.max(a.scale, b.scale);
    return makeNumeric(code(setScale(a, scale).coef, setScale(b, scale).coef), scale);
  };
}

const DIVISORS: readonly ScalarFunction[] = [
  ...([['gcd', gcd, 'The greatest common divisor.', '21'],
    ['lcm', lcm, 'The least common multiple.', '2310']] as const).flatMap(
    ([name, code, doc, value]) => [
      scalar({
        signature: `${name}(int4,int4) -> int4`, doc,
        examples: [[name === 'gcd' ? 'gcd(1071, 462)' : 'lcm(330, 462)', value]],
        evaluate: (a: number, b: number) => checkInt4(Number(code(BigInt(a), BigInt(b)))),
      }),
      scalar({
        signature: `${name}(int8,int8) -> int8`, doc,
        examples: [[name === 'gcd' ? 'gcd(1071::int8, 462)' : 'lcm(330::int8, 462)', value]],
        evaluate: (a: bigint, b: bigint) => checkInt8(code(a, b)),
      }),
      scalar({
        signature: `${name}(numeric,numeric) -> numeric`, doc,
        examples: [[name === 'gcd' ? 'gcd(107.1, 46.2)' : 'lcm(33.0, 46.2)',
          name === 'gcd' ? '2.1' : '231.0']],
        evaluate: overNumeric(code),
      }),
    ]),
  ...(['int2', 'int4'] as const).map((type) => scalar({
    signature: `mod(${type},${type}) -> ${type}`, doc: 'The rest of a division.',
    examples: [[`mod(9::${type}, 4::${type})`, '1']], evaluate: modInt4,
    inline: (a, b) => `$.mod4(${String(a)}, ${String(b)})`,
  })),
  scalar({
    signature: 'mod(int8,int8) -> int8', doc: 'The rest of a division.',
    examples: [['mod(9::int8, 4::int8)', '1']], evaluate: modInt8,
    inline: (a, b) => `$.mod8(${String(a)}, ${String(b)})`,
  }),
  scalar({
    signature: 'mod(numeric,numeric) -> numeric', doc: 'The rest of a division.',
    examples: [['mod(9.5, 4)', '1.5']], evaluate: modNumeric,
  }),
  scalar({
    signature: 'div(numeric,numeric) -> numeric', doc: 'The whole part of a quotient.',
    examples: [['div(9, 4)', '2']], evaluate: divTruncNumeric,
  }),
  scalar({
    signature: 'factorial(int8) -> numeric', doc: 'The factorial.',
    examples: [['factorial(5)', '120']], evaluate: factorial,
  }),
];

const FACTORIAL_MAX = 32177n;

function factorial(value: bigint): Numeric {
  if (value < 0n) throw sqlError('22003', 'factorial of a negative number is undefined');
  if (value > FACTORIAL_MAX) throw numericOverflow();
  let result = 1n;
  for (let i = 2n; i <= value; i++) result *= i;
  return makeNumeric(result, 0);
}

function bucketNumeric(operand: Numeric, low: Numeric, high: Numeric, count: number): number {
  if (count <= 0) throw sqlError('2201G', 'count must be greater than zero');
  if ([operand, low, high].some((one) => one.special === 'NaN')) {
    throw sqlError('2201G', 'operand, lower bound, and upper bound cannot be NaN');
  }
  if (low.special !== null || high.special !== null) {
    throw sqlError('2201G', 'lower and upper bounds must be finite');
  }
  const order = compareNumeric(low, high);
  if (order === 0) throw sqlError('2201G', 'lower bound cannot equal upper bound');
  const below = compareNumeric(operand, low) * (order < 0 ? 1 : -1);
  const above = compareNumeric(operand, high) * (order < 0 ? 1 : -1);
  if (below < 0) return 0;
  if (above >= 0) return checkInt4(count + 1);
  const part = mulNumeric(subNumeric(operand, low), numericFromNumber(count));
  const bucket = numericToBigint(floorNumeric(divNumeric(part, subNumeric(high, low))));
  return Number(bucket) + 1;
}

const BUCKETS: readonly ScalarFunction[] = [
  scalar({
    signature: 'width_bucket(numeric,numeric,numeric,int4) -> int4',
    doc: 'The number of the bucket, of equally wide ones between two bounds, a value falls in.',
    examples: [['width_bucket(5.35, 0.024, 10.06, 5)', '3']], evaluate: bucketNumeric,
  }),
];

/** Functions over numeric and integers. */
export const MATH: readonly ScalarFunction[] = [...ROUNDING, ...POWERS, ...DIVISORS, ...BUCKETS];
