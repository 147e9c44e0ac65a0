/**
 * Functions and operators over bit strings, whose values are their digits as text.
 */
import { sqlError } from '../../common/errors.ts';
import type { Value } from '../../common/values.ts';
import { asString } from '../../common/types/values-of.ts';
import { aggregate, scalar } from './builder.ts';
import type { AggregateFunction, ScalarFunction } from './entry.ts';

type BitRule = (a: boolean, b: boolean) => boolean;

function combine(what: string, rule: BitRule): (a: string, b: string) => string {
  return (a, b) => {
    if (a.length !== b.length) {
      throw sqlError('22026', `cannot ${what} bit strings of different sizes`);
    }
    let bits = '';
    for (let at = 0; at < a.length; at++) {
      bits += rule(a.charAt(at) === '1', b.charAt(at) === '1') ? '1' : '0';
    }
    return bits;
  };
}

const AND = combine('AND', (a, b) => a && b);
const OR = combine('OR', (a, b) => a || b);
const XOR = combine('XOR', (a, b) => a !== b);

function shift(bits: string, by: number): string {
  const length = bits.length;
  if (by < 0) return shiftRight(bits, -by);
  return bits.slice(Math.min(by, length)).padEnd(length, '0');
}

function shiftRight(bits: string, by: number): string {
  const length = bits.length;
  if (by < 0) return shift(bits, -by);
  return bits.slice(0, Math.max(length - by, 0)).padStart(length, '0');
}

function part(bits: string, start: number, length: number | null): string {
  if (length !== null && length < 0) {
    throw sqlError('22011', 'negative substring length not allowed');
  }
  const from = Math.max(start - 1, 0);
  return bits.slice(from, length === null ? undefined : Math.max(start - 1 + length, from));
}

function overlay(bits: string, by: string, from: number, count: number): string {
  if (from <= 0) throw sqlError('22011', 'negative substring length not allowed');
  return bits.slice(0, from - 1) + by + bits.slice(from - 1 + count);
}

function place(bits: string, at: number): number {
  if (at >= 0 && at < bits.length) return at;
  throw sqlError('2202E', `bit index ${at} out of valid range (0..${bits.length - 1})`);
}

const COMBINED = [
  ['&', AND, '1000', 'Bits that are set in both.'],
  ['|', OR, '1110', 'Bits that are set in one of the two.'],
  ['#', XOR, '0110', 'Bits that differ.'],
] as const;

/** Scalar functions over bit strings. */
export const BITS: readonly ScalarFunction[] = [
  ...COMBINED.map(([operator, evaluate, value, doc]) => scalar({
    signature: `${operator}(bit,bit) -> bit`, doc,
    examples: [[`B'1100' ${operator} B'1010'`, value]], evaluate,
  })),
  scalar({
    signature: '~(bit) -> bit', doc: 'Every bit the other way.', examples: [[`~ B'1100'`, '0011']],
    evaluate: (bits: string) => bits.replaceAll(/[01]/g, (bit) => (bit === '1' ? '0' : '1')),
  }),
  scalar({
    signature: '<<(bit,int4) -> bit', doc: 'Bits moved to the left.',
    examples: [[`B'10001' << 3`, '01000']], evaluate: shift,
  }),
  scalar({
    signature: '>>(bit,int4) -> bit', doc: 'Bits moved to the right.',
    examples: [[`B'10001' >> 2`, '00100']], evaluate: shiftRight,
  }),
  scalar({
    signature: '||(varbit,varbit) -> varbit', doc: 'One bit string behind the other.',
    examples: [[`B'10001' || B'011'`, '10001011']], evaluate: (a: string, b: string) => a + b,
  }),
  scalar({
    signature: 'length(bit) -> int4', doc: 'The number of bits.',
    examples: [[`length(B'101')`, '3']], evaluate: (bits: string) => bits.length,
  }),
  scalar({
    signature: 'bit_length(bit) -> int4', doc: 'The number of bits.',
    examples: [[`bit_length(B'101')`, '3']], evaluate: (bits: string) => bits.length,
  }),
  scalar({
    signature: 'octet_length(bit) -> int4', doc: 'The number of bytes the bits take.',
    examples: [[`octet_length(B'1011111011')`, '2']],
    evaluate: (bits: string) => Math.ceil(bits.length / 8),
  }),
  scalar({
    signature: 'bit_count(bit) -> int8', doc: 'The number of bits that are set.',
    examples: [[`bit_count(B'1011')`, '3']],
    evaluate: (bits: string) => BigInt(bits.replaceAll('0', '').length),
  }),
  scalar({
    signature: 'get_bit(bit,int4) -> int4', doc: 'One bit, counted from 0 on the left.',
    examples: [[`get_bit(B'101', 1)`, '0']],
    evaluate: (bits: string, at: number) => Number(bits.charAt(place(bits, at))),
  }),
  scalar({
    signature: 'set_bit(bit,int4,int4) -> bit', doc: 'The bits with one of them changed.',
    examples: [[`set_bit(B'101', 1, 1)`, '111']],
    evaluate: (bits: string, at: number, value: number) => {
      place(bits, at);
      if (value !== 0 && value !== 1) throw sqlError('22023', 'new bit must be 0 or 1');
      return `${bits.slice(0, at)}${value}${bits.slice(at + 1)}`;
    },
  }),
  scalar({
    signature: 'position(bit,bit) -> int4', doc: 'Where bits first appear, from 1; 0 if nowhere.',
    examples: [[`position(B'010' in B'000001101011')`, '8']],
    evaluate: (bits: string, wanted: string) => bits.indexOf(wanted) + 1,
  }),
  scalar({
    signature: 'substring(bit,int4) -> bit', doc: 'The bits from a place on.',
    examples: [[`substring(B'110010111111', 3)`, '0010111111']],
    evaluate: (bits: string, from: number) => part(bits, from, null),
  }),
  scalar({
    signature: 'substring(bit,int4,int4) -> bit', doc: 'So many bits from a place on.',
    examples: [[`substring(B'110010111111', 3, 2)`, '00']], evaluate: part,
  }),
  scalar({
    signature: 'overlay(bit,bit,int4) -> bit', doc: 'Replaces bits from a place.',
    examples: [[`overlay(B'01010101', B'11111', 2)`, '01111101']],
    evaluate: (bits: string, by: string, from: number) => overlay(bits, by, from, by.length),
  }),
  scalar({
    signature: 'overlay(bit,bit,int4,int4) -> bit', doc: 'Replaces so many bits from a place.',
    examples: [[`overlay(B'01010101', B'11111', 2, 3)`, '0111110101']], evaluate: overlay,
  }),
];

function summary(
  name: string, rule: (a: string, b: string) => string, doc: string, value: string,
): AggregateFunction {
  return aggregate({
    signature: `${name}(bit) -> bit`, doc,
    examples: [[`(SELECT ${name}(x) FROM (VALUES (B'1100'), (B'1010')) v(x))`, value]],
    strategy: {
      kind: 'collect',
      finish: (rows: readonly (readonly Value[])[]) =>
        rows.map((row) => asString(row[0] ?? '')).reduce(rule),
    },
  });
}

/** Aggregates over bit strings. */
export const BIT_AGGREGATES: readonly AggregateFunction[] = [
  summary('bit_and', AND, 'Bits that are set in all.', '1000'),
  summary('bit_or', OR, 'Bits that are set in one at least.', '1110'),
  summary('bit_xor', XOR, 'Bits that are set in an odd number.', '0110'),
];
