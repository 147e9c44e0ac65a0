/**
 * The types bytea and uuid: bytes with a text form.
 *
 * A bytea is a Uint8Array nobody writes to after it became a value; a uuid is its canonical
 * lower-case text.
 */
import { sqlError } from '../errors.ts';
import { hashBytes, hashString } from '../hash.ts';
import { dataView, invalidSyntax, requireLength } from './type-definition.ts';
import type { TypeDefinition } from './type-definition.ts';
import { encodeUtf8 } from './utf8.ts';
import { asBytes, asString } from './values-of.ts';

const HEX: readonly string[] = Array.from({ length: 256 },
  (_, byte) => byte.toString(16).padStart(2, '0'));

/** Bytes as lower-case hexadecimal digits. */
export function hexOf(bytes: Uint8Array): string {
  let result = '';
  for (let i = 0; i < bytes.length; i++) result += HEX[bytes[i] ?? 0] ?? '';
  return result;
}

function nibble(unit: number): number {
  if (unit >= 48 && unit <= 57) return unit - 48;
  const lower = unit | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

/** Bytes of hexadecimal digits; blanks between pairs are skipped, as decode(x, 'hex') does. */
export function bytesOfHex(text: string): Uint8Array {
  const bytes: number[] = [];
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === 32 || unit === 10 || unit === 9 || unit === 13) continue;
    const high = nibble(unit);
    if (high < 0) throw invalidDigit(text, at);
    if (++at >= text.length) {
      throw sqlError('22023', 'invalid hexadecimal data: odd number of digits');
    }
    const low = nibble(text.charCodeAt(at));
    if (low < 0) throw invalidDigit(text, at);
    bytes.push(high * 16 + low);
  }
  return Uint8Array.from(bytes);
}

function invalidDigit(text: string, at: number): Error {
  const shown = String.fromCodePoint(text.codePointAt(at) ?? 0);
  return sqlError('22023', `invalid hexadecimal digit: "${shown}"`);
}

/** Reads a bytea in hex (`\x...`) or escape form. */
export function parseBytea(text: string): Uint8Array {
  if (text.startsWith('\\x')) return bytesOfHex(text.slice(2));
  const raw = encodeUtf8(text);
  const bytes: number[] = [];
  for (let at = 0; at < raw.length; at++) {
    if (raw[at] !== 92) {
      bytes.push(raw[at] ?? 0);
    } else if (raw[at + 1] === 92) {
      bytes.push(92);
      at++;
    } else {
      bytes.push(octalByte(raw, at + 1));
      at += 3;
    }
  }
  return Uint8Array.from(bytes);
}

function octalByte(raw: Uint8Array, at: number): number {
  const digits = [0, 1, 2].map((i) => (raw[at + i] ?? 0) - 48);
  const [first = 0, second = 0, third = 0] = digits;
  if (first > 3 || digits.some((digit) => digit < 0 || digit > 7)) {
    throw sqlError('22P02', 'invalid input syntax for type bytea');
  }
  return first * 64 + second * 8 + third;
}

/** Writes a bytea in escape form. */
export function escapeBytes(bytes: Uint8Array): string {
  let result = '';
  for (const byte of bytes) {
    if (byte === 92) result += '\\\\';
    else if (byte < 32 || byte > 126) result += `\\${byte.toString(8).padStart(3, '0')}`;
    else result += String.fromCharCode(byte);
  }
  return result;
}

/** Compares bytes; a prefix sorts first. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** bytea. */
export const BYTEA: TypeDefinition = {
  name: 'bytea', oid: 17, arrayOid: 1001, typlen: -1, category: 'U', preferred: false,
  aliases: ['bytes'], sqlName: 'bytea',
  parse: parseBytea,
  format: (value, _type, settings) => settings.byteaOutput === 'escape'
    ? escapeBytes(asBytes(value)) : `\\x${hexOf(asBytes(value))}`,
  encodeBinary: asBytes,
  decodeBinary: (bytes) => bytes.slice(),
  compare: (a, b) => compareBytes(asBytes(a), asBytes(b)),
  hash: (value) => hashBytes(asBytes(value)),
};

const CANONICAL_UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const ANY_UUID = /^(?:[0-9a-f]{4}-?){7}[0-9a-f]{4}$/i;

/** Reads a uuid: with or without braces, a hyphen allowed after every four digits. */
export function parseUuid(text: string): string {
  if (CANONICAL_UUID.test(text)) return text;
  const inner = text.startsWith('{') && text.endsWith('}') ? text.slice(1, -1) : text;
  if (!ANY_UUID.test(inner)) throw invalidSyntax('uuid', text);
  return dashed(inner.replaceAll('-', '').toLowerCase());
}

function dashed(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-`
    + hex.slice(20);
}

/** uuid. */
export const UUID: TypeDefinition = {
  name: 'uuid', oid: 2950, arrayOid: 2951, typlen: 16, category: 'U', preferred: false,
  aliases: [], sqlName: 'uuid',
  parse: parseUuid,
  format: (value) => asString(value),
  encodeBinary: (value) => {
    const bytes = new Uint8Array(16);
    const view = dataView(bytes);
    const hex = asString(value).replaceAll('-', '');
    for (let i = 0; i < 4; i++) {
      view.setUint32(4 * i, Number.parseInt(hex.slice(8 * i, 8 * i + 8), 16));
    }
    return bytes;
  },
  decodeBinary: (bytes) => {
    requireLength(bytes, 16, 'uuid');
    return dashed(hexOf(bytes));
  },
  compare: (a, b) => {
    const first = asString(a);
    const second = asString(b);
    return first < second ? -1 : first > second ? 1 : 0;
  },
  hash: (value) => hashString(asString(value)),
};
