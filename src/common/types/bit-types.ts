/**
 * The types bit(n) and bit varying(n). A value is its digits as text: '0101'.
 *
 * Order is that of the bits from the left, then of the length. A bit(n) has n digits exactly.
 */
import { sqlError } from '../errors.ts';
import { hashString } from '../hash.ts';
import type { TypeDefinition } from './type-definition.ts';
import { asString } from './values-of.ts';

/** Reads '0101', 'b0101' or 'x5f'. */
export function parseBits(text: string): string {
  const hex = text.startsWith('x') || text.startsWith('X');
  const digits = hex || text.startsWith('b') || text.startsWith('B') ? text.slice(1) : text;
  if (hex) return Array.from(digits, hexDigit).join('');
  for (const digit of digits) {
    if (digit !== '0' && digit !== '1') {
      throw sqlError('22P02', `"${digit}" is not a valid binary digit`);
    }
  }
  return digits;
}

function hexDigit(digit: string): string {
  const value = /^[0-9a-fA-F]$/.test(digit) ? Number.parseInt(digit, 16) : -1;
  if (value < 0) throw sqlError('22P02', `"${digit}" is not a valid hexadecimal digit`);
  return value.toString(2).padStart(4, '0');
}

/** Compares bits from the left; what is missing counts as zeros, then the shorter comes first. */
export function compareBits(a: string, b: string): number {
  const length = Math.max(a.length, b.length);
  const left = a.padEnd(length, '0');
  const right = b.padEnd(length, '0');
  return left < right ? -1 : left > right ? 1 : a.length - b.length;
}

/** Digits fitted to bit(length): cut or filled up with zeros on request, else refused. */
export function fitBits(bits: string, length: number, explicit: boolean): string {
  if (bits.length === length) return bits;
  if (explicit) return bits.slice(0, length).padEnd(length, '0');
  throw sqlError('22026',
    `bit string length ${bits.length} does not match type bit(${length})`);
}

/** Digits fitted to bit varying(length). */
export function fitVarbits(bits: string, length: number, explicit: boolean): string {
  if (bits.length <= length) return bits;
  if (explicit) return bits.slice(0, length);
  throw sqlError('22001', `bit string too long for type bit varying(${length})`);
}

/** The lowest `length` bits of a number in two's complement. */
export function bitsOfNumber(value: bigint, length: number): string {
  return BigInt.asUintN(length, value).toString(2).padStart(length, '0').slice(-length);
}

function encode(bits: string): Uint8Array {
  const bytes = new Uint8Array(4 + Math.ceil(bits.length / 8));
  new DataView(bytes.buffer).setInt32(0, bits.length);
  for (let at = 0; at < bits.length; at++) {
    const byte = 4 + (at >> 3);
    if (bits.charAt(at) === '1') bytes[byte] = (bytes[byte] ?? 0) | 128 >> (at & 7);
  }
  return bytes;
}

function decode(bytes: Uint8Array): string {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getInt32(0);
  let bits = '';
  for (let at = 0; at < length; at++) {
    bits += ((bytes[4 + (at >> 3)] ?? 0) & 128 >> (at & 7)) === 0 ? '0' : '1';
  }
  return bits;
}

function bitType(
  fields: Pick<TypeDefinition, 'name' | 'oid' | 'arrayOid' | 'aliases' | 'sqlName' | 'preferred'>,
): TypeDefinition {
  return {
    ...fields, typlen: -1, category: 'V', parse: parseBits,
    format: (value) => asString(value),
    encodeBinary: (value) => encode(asString(value)), decodeBinary: decode,
    compare: (a, b) => compareBits(asString(a), asString(b)),
    hash: (value) => hashString(asString(value)),
  };
}

/** bit(n). */
export const BIT: TypeDefinition = bitType({
  name: 'bit', oid: 1560, arrayOid: 1561, aliases: [], sqlName: 'bit', preferred: false,
});

/** bit varying(n). */
export const VARBIT: TypeDefinition = bitType({
  name: 'varbit', oid: 1562, arrayOid: 1563, aliases: ['bit varying'], sqlName: 'bit varying',
  preferred: true,
});
