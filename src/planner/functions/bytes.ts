/**
 * Functions over bytea, encodings and digests.
 */
import { sqlError } from '../../common/errors.ts';
import { bytesOfHex, hexOf, parseBytea } from '../../common/types/bytea.ts';
import { characterLength } from '../../common/types/text-order.ts';
import { decodeUtf8, encodeUtf8 } from '../../common/types/utf8.ts';
import { scalar } from './builder.ts';
import { md5, sha256, sha512 } from './digest.ts';
import type { ScalarFunction } from './entry.ts';

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const BASE64_LINE = 76;

function toBase64(bytes: Uint8Array): string {
  let result = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const group = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    if (result.length > 0 && (result.length + 1) % (BASE64_LINE + 1) === 0) result += '\n';
    result += BASE64.charAt(group >> 18) + BASE64.charAt((group >> 12) & 63)
      + (i + 1 < bytes.length ? BASE64.charAt((group >> 6) & 63) : '=')
      + (i + 2 < bytes.length ? BASE64.charAt(group & 63) : '=');
  }
  return result;
}

function fromBase64(text: string): Uint8Array {
  const bytes: number[] = [];
  let group = 0;
  let count = 0;
  let end = 0;
  for (const character of text) {
    if (' \t\n\r'.includes(character)) continue;
    const digit = BASE64.indexOf(character);
    if (character === '=') {
      if (end === 0 && count !== 2 && count !== 3) {
        throw sqlError('22023', 'unexpected "=" while decoding base64 sequence');
      }
      end++;
    } else if (digit < 0 || end > 0) {
      throw sqlError('22023', `invalid symbol "${character}" found while decoding base64 sequence`);
    }
    group = (group << 6) | Math.max(digit, 0);
    if (++count < 4) continue;
    bytes.push((group >> 16) & 255);
    if (end < 2) bytes.push((group >> 8) & 255);
    if (end < 1) bytes.push(group & 255);
    group = 0;
    count = 0;
  }
  if (count !== 0) {
    throw sqlError('22023', 'invalid base64 end sequence',
      { hint: 'Input data is missing padding, is truncated, or is otherwise corrupted.' });
  }
  return Uint8Array.from(bytes);
}

function encode(bytes: Uint8Array, format: string): string {
  switch (format.toLowerCase()) {
    case 'hex': return hexOf(bytes);
    case 'base64': return toBase64(bytes);
    case 'escape': {
      let result = '';
      for (const byte of bytes) {
        if (byte === 0 || byte > 127) result += `\\${byte.toString(8).padStart(3, '0')}`;
        else result += byte === 92 ? '\\\\' : String.fromCharCode(byte);
      }
      return result;
    }
    default: throw sqlError('22023', `unrecognized encoding: "${format}"`);
  }
}

function decode(text: string, format: string): Uint8Array {
  switch (format.toLowerCase()) {
    case 'hex': return bytesOfHex(text);
    case 'base64': return fromBase64(text);
    // The leading \x of hex input has no meaning here.
    case 'escape': return text.startsWith('\\x') ? parseBytea(`\\134${text.slice(1)}`)
      : parseBytea(text);
    default: throw sqlError('22023', `unrecognized encoding: "${format}"`);
  }
}

function substring(bytes: Uint8Array, start: number, length: number | null): Uint8Array {
  if (length !== null && length < 0) {
    throw sqlError('22011', 'negative substring length not allowed');
  }
  const from = Math.max(start - 1, 0);
  const end = length === null ? bytes.length : Math.max(start - 1 + length, from);
  return bytes.slice(from, end);
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const result = new Uint8Array(a.length + b.length);
  result.set(a);
  result.set(b, a.length);
  return result;
}

function find(bytes: Uint8Array, part: Uint8Array): number {
  for (let at = 0; at + part.length <= bytes.length; at++) {
    let same = 0;
    while (same < part.length && bytes[at + same] === part[same]) same++;
    if (same === part.length) return at + 1;
  }
  return 0;
}

function overlay(bytes: Uint8Array, by: Uint8Array, from: number, count: number): Uint8Array {
  if (from <= 0) throw sqlError('22011', 'negative substring length not allowed');
  if (from + count > 2_147_483_647) throw sqlError('22003', 'integer out of range');
  const head = bytes.slice(0, from - 1);
  return joined(joined(head, by), bytes.slice(Math.max(from - 1 + count, 0)));
}

function checkedIndex(index: number, size: number): number {
  if (index >= 0 && index < size) return index;
  throw sqlError('2202E', `index ${index} out of valid range, 0..${size - 1}`);
}

function setByte(bytes: Uint8Array, index: number, value: number): Uint8Array {
  const result = bytes.slice();
  result[checkedIndex(index, bytes.length)] = value & 255;
  return result;
}

function getBit(bytes: Uint8Array, index: bigint): number {
  const at = checkedIndex(Number(index), bytes.length * 8);
  return ((bytes[at >> 3] ?? 0) >> (at & 7)) & 1;
}

function setBit(bytes: Uint8Array, index: bigint, bit: number): Uint8Array {
  const at = checkedIndex(Number(index), bytes.length * 8);
  if (bit !== 0 && bit !== 1) throw sqlError('22023', 'new bit must be 0 or 1');
  const old = bytes[at >> 3] ?? 0;
  return setByte(bytes, at >> 3, bit === 1 ? old | (1 << (at & 7)) : old & ~(1 << (at & 7)));
}

function trimBytes(
  bytes: Uint8Array, set: Uint8Array, ends: 'both' | 'left' | 'right',
): Uint8Array {
  let start = 0;
  let end = bytes.length;
  if (ends !== 'right') while (start < end && set.includes(bytes[start] ?? 0)) start++;
  if (ends !== 'left') while (end > start && set.includes(bytes[end - 1] ?? 0)) end--;
  return bytes.slice(start, end);
}

const PARTS: readonly ScalarFunction[] = [
  scalar({
    signature: '||(bytea,bytea) -> bytea', doc: 'Joins two byte strings.',
    examples: [[`'\\x01'::bytea || '\\x02'::bytea`, '\\x0102']], evaluate: joined,
  }),
  ...['length', 'octet_length'].map((name) => scalar({
    signature: `${name}(bytea) -> int4`, doc: 'The number of bytes.',
    examples: [[`${name}('\\x0102'::bytea)`, '2']], evaluate: (bytes: Uint8Array) => bytes.length,
  })),
  scalar({
    signature: 'length(bytea,name) -> int4',
    doc: 'The number of characters that bytes encode; UTF8 only.',
    examples: [[`length('\\xc3a4'::bytea, 'UTF8')`, '1']],
    evaluate: (bytes: Uint8Array, encoding: string) => {
      utf8Only(encoding);
      return characterLength(decodeUtf8(bytes));
    },
  }),
  scalar({
    signature: 'bit_length(bytea) -> int4', doc: 'The number of bits.',
    examples: [[`bit_length('\\x0102'::bytea)`, '16']],
    evaluate: (bytes: Uint8Array) => bytes.length * 8,
  }),
  scalar({
    signature: 'bit_count(bytea) -> int8', doc: 'The number of bits that are set.',
    examples: [[`bit_count('\\x1234567890'::bytea)`, '15']],
    evaluate: (bytes: Uint8Array) => {
      let count = 0;
      for (const byte of bytes) for (let rest = byte; rest > 0; rest >>= 1) count += rest & 1;
      return BigInt(count);
    },
  }),
  ...['substr', 'substring'].flatMap((name) => [
    scalar({
      signature: `${name}(bytea,int4) -> bytea`, doc: 'The bytes from a place, counted from 1.',
      examples: [[`${name}('\\x010203'::bytea, 2)`, '\\x0203']],
      evaluate: (bytes: Uint8Array, start: number) => substring(bytes, start, null),
    }),
    scalar({
      signature: `${name}(bytea,int4,int4) -> bytea`,
      doc: 'So many bytes from a place, counted from 1.',
      examples: [[`${name}('\\x010203'::bytea, 2, 1)`, '\\x02']], evaluate: substring,
    }),
  ]),
  scalar({
    signature: 'position(bytea,bytea) -> int4',
    doc: 'The place of the first occurrence, from 1; 0 for none.',
    examples: [[`position('\\x02'::bytea in '\\x0102'::bytea)`, '2']], evaluate: find,
  }),
  scalar({
    signature: 'overlay(bytea,bytea,int4) -> bytea', doc: 'Replaces bytes from a place.',
    examples: [[`overlay('\\x010203'::bytea, '\\xff'::bytea, 2)`, '\\x01ff03']],
    evaluate: (bytes: Uint8Array, by: Uint8Array, from: number) =>
      overlay(bytes, by, from, by.length),
  }),
  scalar({
    signature: 'overlay(bytea,bytea,int4,int4) -> bytea',
    doc: 'Replaces so many bytes from a place.',
    examples: [[`overlay('\\x010203'::bytea, '\\xff'::bytea, 2, 2)`, '\\x01ff']],
    evaluate: overlay,
  }),
  ...([['btrim', 'both', '\\x02'], ['ltrim', 'left', '\\x0201'],
    ['rtrim', 'right', '\\x0102']] as const).map(([name, ends, value]) => scalar({
    signature: `${name}(bytea,bytea) -> bytea`, doc: 'Takes bytes of a set off the ends.',
    examples: [[`${name}('\\x010201'::bytea, '\\x01'::bytea)`, value]],
    evaluate: (bytes: Uint8Array, set: Uint8Array) => trimBytes(bytes, set, ends),
  })),
  scalar({
    signature: 'get_byte(bytea,int4) -> int4', doc: 'The byte at a place, from 0.',
    examples: [[`get_byte('\\x1234'::bytea, 1)`, '52']],
    evaluate: (bytes: Uint8Array, index: number) => bytes[checkedIndex(index, bytes.length)] ?? 0,
  }),
  scalar({
    signature: 'set_byte(bytea,int4,int4) -> bytea', doc: 'Sets the byte at a place, from 0.',
    examples: [[`set_byte('\\x1234'::bytea, 1, 64)`, '\\x1240']], evaluate: setByte,
  }),
  scalar({
    signature: 'get_bit(bytea,int8) -> int4', doc: 'The bit at a place, from 0.',
    examples: [[`get_bit('\\x1234'::bytea, 1)`, '1']], evaluate: getBit,
  }),
  scalar({
    signature: 'set_bit(bytea,int8,int4) -> bytea', doc: 'Sets the bit at a place, from 0.',
    examples: [[`set_bit('\\x1234'::bytea, 0, 1)`, '\\x1334']], evaluate: setBit,
  }),
];

/** The text of bytes that must be UTF-8 without zeros; 22021 otherwise. */
function wellFormed(bytes: Uint8Array): string {
  for (let at = 0; at < bytes.length;) {
    const first = bytes[at] as number;
    const length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    const sequence = bytes.subarray(at, at + length);
    if (first === 0 || (length > 1 && decodeUtf8(sequence).includes('\uFFFD')
      && !isReplacement(sequence))) {
      throw sqlError('22021', 'invalid byte sequence for encoding "UTF8": '
        + [...sequence].map((byte) => `0x${byte.toString(16).padStart(2, '0')}`).join(' '));
    }
    at += length;
  }
  return decodeUtf8(bytes);
}

/** The three bytes of U+FFFD itself. */
function isReplacement([a, b, c]: Uint8Array): boolean {
  return a === 0xef && b === 0xbf && c === 0xbd;
}

function utf8Only(name: string): void {
  const plain = name.toLowerCase().replaceAll(/[-_ ]/g, '');
  if (plain === 'utf8' || plain === 'unicode') return;
  throw sqlError('0A000', `encoding "${name}" is not supported`,
    { hint: 'Use UTF8.' });
}

const ENCODINGS: readonly ScalarFunction[] = [
  scalar({
    signature: 'encode(bytea,text) -> text', doc: 'Bytes as text: hex, base64 or escape.',
    examples: [[`encode('123\\000\\001'::bytea, 'base64')`, 'MTIzAAE=']], evaluate: encode,
  }),
  scalar({
    signature: 'decode(text,text) -> bytea', doc: 'Bytes of text: hex, base64 or escape.',
    examples: [[`decode('MTIzAAE=', 'base64')`, '\\x3132330001']], evaluate: decode,
  }),
  scalar({
    signature: 'convert_from(bytea,name) -> text', doc: 'The text that bytes encode in UTF8.',
    examples: [[`convert_from('\\x616263'::bytea, 'UTF8')`, 'abc']],
    evaluate: (bytes: Uint8Array, encoding: string) => {
      utf8Only(encoding);
      return wellFormed(bytes);
    },
  }),
  scalar({
    signature: 'convert_to(text,name) -> bytea', doc: 'The bytes of a text in UTF8.',
    examples: [[`convert_to('abc', 'UTF8')`, '\\x616263']],
    evaluate: (text: string, encoding: string) => {
      utf8Only(encoding);
      return encodeUtf8(text);
    },
  }),
];

const DIGESTS: readonly ScalarFunction[] = [
  scalar({
    signature: 'md5(text) -> text', doc: 'The MD5 digest in hexadecimal digits.',
    examples: [[`md5('abc')`, '900150983cd24fb0d6963f7d28e17f72']],
    evaluate: (text: string) => hexOf(md5(encodeUtf8(text))),
  }),
  scalar({
    signature: 'md5(bytea) -> text', doc: 'The MD5 digest in hexadecimal digits.',
    examples: [[`md5('abc'::bytea)`, '900150983cd24fb0d6963f7d28e17f72']],
    evaluate: (bytes: Uint8Array) => hexOf(md5(bytes)),
  }),
  ...([['sha224', (b: Uint8Array) => sha256(b, true),
    '\\x23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7'],
  ['sha256', (b: Uint8Array) => sha256(b),
    '\\xba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  ['sha384', (b: Uint8Array) => sha512(b, true),
    '\\xcb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed'
      + '8086072ba1e7cc2358baeca134c825a7'],
  ['sha512', (b: Uint8Array) => sha512(b),
    '\\xddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a'
      + '2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f'],
  ] as const).map(([name, code, value]) => scalar({
    signature: `${name}(bytea) -> bytea`, doc: `The ${name.toUpperCase()} digest.`,
    examples: [[`${name}('abc'::bytea)`, value]], evaluate: code,
  })),
];

/** Functions over bytes. */
export const BYTES: readonly ScalarFunction[] = [...PARTS, ...ENCODINGS, ...DIGESTS];
