/**
 * Arithmetic operators over integers, numeric and floats: + - * / % ^ |/ ||/ @ and bit operators.
 *
 * Every result is checked as PostgreSQL does: 22003 outside the type's range, 22012 for a zero
 * divisor. Inline texts call `$.int2/int4/int8` (range check), `$.div4/div8/mod4/mod8/divf` and
 * `$.float8(result, a, b)` (22003 when an infinite result comes of finite operands).
 */
import { must } from '../../common/assert.ts';
import {
  absNumeric, addNumeric, divNumeric, modNumeric, mulNumeric, negateNumeric, subNumeric,
} from '../../common/types/numeric.ts';
import { powNumeric } from '../../common/types/numeric-math.ts';
import type { Value } from '../../common/values.ts';
import { scalar } from './builder.ts';
import type { ScalarFunction } from './entry.ts';
import {
  addFloat, checkInt2, checkInt4, checkInt8, divFloat, divInt4, divInt8, modInt4, modInt8, mulFloat,
  powFloat, rootFloat, subFloat, cbrtFloat, toFloat4,
} from './number-checks.ts';

type Text2 = (a: string, b: string) => string;
type IntName = 'int2' | 'int4' | 'int8';

function binary(inline: Text2): (...args: string[]) => string {
  return (...args) => inline(must(args[0], 'left'), must(args[1], 'right'));
}

/** The wider of two integer types: PostgreSQL's result type. */
function wider(a: IntName, b: IntName): IntName {
  return a === 'int8' || b === 'int8' ? 'int8' : a === 'int4' || b === 'int4' ? 'int4' : 'int2';
}

const INTS: readonly IntName[] = ['int2', 'int4', 'int8'];

interface IntOperator {
  readonly name: string;
  readonly doc: string;
  readonly sample: readonly [number, number, string];
  readonly small: (a: number, b: number) => number;
  readonly big: (a: bigint, b: bigint) => bigint;
  readonly inlineSmall: Text2;
  readonly inlineBig: Text2;
  /** The texts above check the result themselves. */
  readonly selfChecked: boolean;
}

const INT_OPERATORS: readonly IntOperator[] = [
  {
    name: '+', doc: 'Adds.', sample: [2, 3, '5'], small: (a, b) => a + b, big: (a, b) => a + b,
    inlineSmall: (a, b) => `${a} + ${b}`, inlineBig: (a, b) => `${a} + ${b}`, selfChecked: false,
  },
  {
    name: '-', doc: 'Subtracts.', sample: [2, 3, '-1'],
    small: (a, b) => a - b, big: (a, b) => a - b,
    inlineSmall: (a, b) => `${a} - ${b}`, inlineBig: (a, b) => `${a} - ${b}`, selfChecked: false,
  },
  {
    // A product of two int4 may pass 2^53, but then it is out of range whatever its last digits.
    // Adding 0 makes the -0 of 0 * -1 a 0.
    name: '*', doc: 'Multiplies.', sample: [2, 3, '6'],
    small: (a, b) => a * b + 0, big: (a, b) => a * b,
    inlineSmall: (a, b) => `${a} * ${b} + 0`, inlineBig: (a, b) => `${a} * ${b}`,
    selfChecked: false,
  },
  {
    name: '/', doc: 'Divides, dropping the rest toward zero.', sample: [-7, 2, '-3'],
    small: divInt4, big: divInt8,
    inlineSmall: (a, b) => `$.div4(${a}, ${b})`, inlineBig: (a, b) => `$.div8(${a}, ${b})`,
    selfChecked: true,
  },
  {
    name: '%', doc: 'The rest of a division, with the sign of the dividend.',
    sample: [-7, 2, '-1'], small: modInt4, big: modInt8,
    inlineSmall: (a, b) => `$.mod4(${a}, ${b})`, inlineBig: (a, b) => `$.mod8(${a}, ${b})`,
    selfChecked: true,
  },
];

/** A sample integer as SQL; negative ones in parentheses, for `::` binds first. */
function sqlInt(value: number, type: string): string {
  return value < 0 ? `(${value})::${type}` : `${value}::${type}`;
}

function integerOperator(op: IntOperator, left: IntName, right: IntName): ScalarFunction {
  const result = wider(left, right);
  const [a, b, value] = op.sample;
  const common = {
    signature: `${op.name}(${left},${right}) -> ${result}`, doc: op.doc,
    examples: [[`${sqlInt(a, left)} ${op.name} ${sqlInt(b, right)}`, value]] as const,
  };
  if (result !== 'int8') {
    const check = result === 'int2' ? checkInt2 : checkInt4;
    return scalar({
      ...common,
      evaluate: (x: number, y: number) => check(op.small(x, y)),
      // int2 / int2 can leave int2 (-32768 / -1), so it is checked again.
      inline: binary((x, y) => op.selfChecked && result === 'int4' ? op.inlineSmall(x, y)
        : `$.${result}(${op.inlineSmall(x, y)})`),
    });
  }
  const widenLeft = left === 'int8' ? (x: string) => x : (x: string) => `BigInt(${x})`;
  const widenRight = right === 'int8' ? (x: string) => x : (x: string) => `BigInt(${x})`;
  return scalar({
    ...common,
    evaluate: (x: number | bigint, y: number | bigint) =>
      checkInt8(op.big(BigInt(x), BigInt(y))),
    inline: binary((x, y) => {
      const text = op.inlineBig(widenLeft(x), widenRight(y));
      return op.selfChecked ? text : `$.int8(${text})`;
    }),
  });
}

function integerArithmetic(): ScalarFunction[] {
  return INT_OPERATORS.flatMap((op) => INTS.flatMap((left) => INTS
    // PostgreSQL has % for equal types only.
    .filter((right) => op.name !== '%' || left === right)
    .map((right) => integerOperator(op, left, right))));
}

function integerUnary(type: IntName): ScalarFunction[] {
  const check = type === 'int2' ? checkInt2 : checkInt4;
  const one = type === 'int8' ? '1n' : '1';
  return [
    scalar({
      signature: `-(${type}) -> ${type}`, doc: 'Changes the sign.',
      examples: [[`- 5::${type}`, '-5']],
      evaluate: type === 'int8' ? (a: bigint) => checkInt8(-a) : (a: number) => check(0 - a),
      inline: (a) => `$.${type}(${type === 'int8' ? '0n' : '0'} - ${String(a)})`,
    }),
    scalar({
      signature: `+(${type}) -> ${type}`, doc: 'Leaves the number as it is.',
      examples: [[`+ 5::${type}`, '5']], evaluate: (a: Value) => a, inline: (a) => String(a),
    }),
    ...['@', 'abs'].map((name) => scalar({
      signature: `${name}(${type}) -> ${type}`, doc: 'The absolute value.',
      examples: [[name === '@' ? `@ (-5)::${type}` : `abs((-5)::${type})`, '5']],
      evaluate: type === 'int8' ? (a: bigint) => checkInt8(a < 0n ? -a : a)
        : (a: number) => check(Math.abs(a)),
      inline: (a) => `$.${type}(${String(a)} < 0 ? -${String(a)} : ${String(a)})`,
    })),
    scalar({
      signature: `~(${type}) -> ${type}`, doc: 'Bitwise NOT.', examples: [[`~ 5::${type}`, '-6']],
      evaluate: type === 'int8' ? (a: bigint) => ~a : (a: number) => ~a,
      inline: (a) => `(-${one} - ${String(a)})`,
    }),
  ];
}

interface BitOperator {
  readonly name: string;
  readonly doc: string;
  readonly value: string;
  readonly small: (a: number, b: number) => number;
  readonly big: (a: bigint, b: bigint) => bigint;
  readonly js: string;
}

const BIT_OPERATORS: readonly BitOperator[] = [
  { name: '&', doc: 'Bitwise AND.', value: '4', small: (a, b) => a & b, big: (a, b) => a & b,
    js: '&' },
  { name: '|', doc: 'Bitwise OR.', value: '7', small: (a, b) => a | b, big: (a, b) => a | b,
    js: '|' },
  { name: '#', doc: 'Bitwise exclusive OR.', value: '3',
    small: (a, b) => a ^ b, big: (a, b) => a ^ b, js: '^' },
];

function bitArithmetic(type: IntName): ScalarFunction[] {
  const narrow = type === 'int2' ? (a: number) => (a << 16) >> 16 : (a: number) => a | 0;
  return [
    ...BIT_OPERATORS.map((op) => scalar({
      signature: `${op.name}(${type},${type}) -> ${type}`, doc: op.doc,
      examples: [[`5::${type} ${op.name} 6::${type}`, op.value]],
      evaluate: type === 'int8' ? op.big : op.small,
      inline: binary((a, b) => `(${a} ${op.js} ${b})`),
    })),
    scalar({
      signature: `<<(${type},int4) -> ${type}`, doc: 'Shifts the bits to the left.',
      examples: [[`1::${type} << 4`, '16']],
      evaluate: type === 'int8'
        ? (a: bigint, b: number) => BigInt.asIntN(64, a << BigInt(b & 63))
        : (a: number, b: number) => narrow(a << b),
    }),
    scalar({
      signature: `>>(${type},int4) -> ${type}`, doc: 'Shifts the bits to the right.',
      examples: [[`(-16)::${type} >> 2`, '-4']],
      evaluate: type === 'int8' ? (a: bigint, b: number) => a >> BigInt(b & 63)
        : (a: number, b: number) => a >> b,
    }),
  ];
}

interface FloatOperator {
  readonly name: string;
  readonly doc: string;
  readonly value: string;
  readonly code: (a: number, b: number) => number;
  readonly inline: Text2;
}

const FLOAT_OPERATORS: readonly FloatOperator[] = [
  { name: '+', doc: 'Adds.', value: '4', code: addFloat,
    inline: (a, b) => `$.float8(${a} + ${b}, ${a}, ${b})` },
  { name: '-', doc: 'Subtracts.', value: '1', code: subFloat,
    inline: (a, b) => `$.float8(${a} - ${b}, ${a}, ${b})` },
  { name: '*', doc: 'Multiplies.', value: '3.75', code: mulFloat,
    inline: (a, b) => `$.mulf(${a}, ${b})` },
  { name: '/', doc: 'Divides.', value: '1.6666666666666667', code: divFloat,
    inline: (a, b) => `$.divf(${a}, ${b})` },
];

function floatArithmetic(): ScalarFunction[] {
  const entries: ScalarFunction[] = [];
  for (const op of FLOAT_OPERATORS) {
    for (const [left, right] of [['float4', 'float4'], ['float4', 'float8'],
      ['float8', 'float4'], ['float8', 'float8']] as const) {
      const single = left === 'float4' && right === 'float4';
      entries.push(scalar({
        signature: `${op.name}(${left},${right}) -> ${single ? 'float4' : 'float8'}`, doc: op.doc,
        examples: [[`2.5::${left} ${op.name} 1.5::${right}`,
          single && op.name === '/' ? '1.6666666' : op.value]],
        evaluate: single
          ? (a: number, b: number) => toFloat4(op.code(a, b), a, b) : op.code,
        ...(single ? {} : { inline: binary(op.inline) }),
      }));
    }
  }
  return entries;
}

function floatUnary(type: 'float4' | 'float8'): ScalarFunction[] {
  return [
    scalar({
      signature: `-(${type}) -> ${type}`, doc: 'Changes the sign.',
      examples: [[`- 2.5::${type}`, '-2.5']],
      evaluate: (a: number) => -a, inline: (a) => `(-${String(a)})`,
    }),
    scalar({
      signature: `+(${type}) -> ${type}`, doc: 'Leaves the number as it is.',
      examples: [[`+ 2.5::${type}`, '2.5']], evaluate: (a: Value) => a, inline: (a) => String(a),
    }),
    ...['@', 'abs'].map((name) => scalar({
      signature: `${name}(${type}) -> ${type}`, doc: 'The absolute value.',
      examples: [[name === '@' ? `@ (-2.5)::${type}` : `abs((-2.5)::${type})`, '2.5']],
      evaluate: (a: number) => Math.abs(a), inline: (a) => `Math.abs(${String(a)})`,
    })),
  ];
}

const FLOAT_POWERS: readonly ScalarFunction[] = [
  scalar({
    signature: '^(float8,float8) -> float8', doc: 'The first to the power of the second.',
    examples: [['2::float8 ^ 10::float8', '1024']], evaluate: powFloat,
  }),
  scalar({
    signature: '|/(float8) -> float8', doc: 'The square root.', examples: [['|/ 25::float8', '5']],
    evaluate: rootFloat,
  }),
  scalar({
    signature: '||/(float8) -> float8', doc: 'The cube root.', examples: [['||/ 64::float8', '4']],
    evaluate: cbrtFloat,
  }),
];

const NUMERIC_ARITHMETIC: readonly ScalarFunction[] = [
  scalar({
    signature: '+(numeric,numeric) -> numeric', doc: 'Adds.',
    examples: [['1.10 + 2.205', '3.305']], evaluate: addNumeric,
  }),
  scalar({
    signature: '-(numeric,numeric) -> numeric', doc: 'Subtracts.',
    examples: [['1.10 - 2.205', '-1.105']], evaluate: subNumeric,
  }),
  scalar({
    signature: '*(numeric,numeric) -> numeric', doc: 'Multiplies; the scales add.',
    examples: [['1.10 * 2.5', '2.750']], evaluate: mulNumeric,
  }),
  scalar({
    signature: '/(numeric,numeric) -> numeric',
    doc: 'Divides, to at least 16 significant digits.',
    examples: [['1.0 / 3.0', '0.33333333333333333333']], evaluate: divNumeric,
  }),
  scalar({
    signature: '%(numeric,numeric) -> numeric',
    doc: 'The rest of a division, with the sign of the dividend.',
    examples: [['-7.5 % 2.0', '-1.5']], evaluate: modNumeric,
  }),
  scalar({
    signature: '^(numeric,numeric) -> numeric', doc: 'The first to the power of the second.',
    examples: [['2.0 ^ 3.0', '8.0000000000000000']], evaluate: powNumeric,
  }),
  scalar({
    signature: '-(numeric) -> numeric', doc: 'Changes the sign.', examples: [['- 1.50', '-1.50']],
    evaluate: negateNumeric,
  }),
  scalar({
    signature: '+(numeric) -> numeric', doc: 'Leaves the number as it is.',
    examples: [['+ 1.50', '1.50']], evaluate: (a: Value) => a,
  }),
  ...['@', 'abs'].map((name) => scalar({
    signature: `${name}(numeric) -> numeric`, doc: 'The absolute value.',
    examples: [[name === '@' ? '@ (-1.50)' : 'abs(-1.50)', '1.50']], evaluate: absNumeric,
  })),
];

/** All arithmetic operators. */
export const ARITHMETIC: readonly ScalarFunction[] = [
  ...integerArithmetic(),
  ...INTS.flatMap(integerUnary),
  ...INTS.flatMap(bitArithmetic),
  ...floatArithmetic(),
  ...floatUnary('float4'), ...floatUnary('float8'),
  ...FLOAT_POWERS, ...NUMERIC_ARITHMETIC,
];
