/**
 * JSON for plain data that holds more than JSON can: bigints, bytes, NaN, infinities, -0.
 *
 * Plans and catalog entries are stored this way. What JSON has is written as JSON has it; the rest
 * is an object with the one key `$`. Keys whose value is undefined are left out.
 */
import { dataCorrupted } from './bytes.ts';

type Plain = null | boolean | number | string | Plain[] | { [key: string]: Plain };

/** Text of a plain value. */
export function toPlainJson(value: unknown): string {
  return JSON.stringify(encode(value));
}

/** The value of a text that `toPlainJson` made. */
export function fromPlainJson(text: string): unknown {
  return decode(JSON.parse(text) as Plain);
}

function encode(value: unknown): Plain {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'number') return encodeNumber(value);
  if (typeof value === 'bigint') return { $: `n${value}` };
  if (value instanceof Uint8Array) {
    return { $: `b${Array.from(value, (byte) => byte.toString(16).padStart(2, '0')).join('')}` };
  }
  if (Array.isArray(value)) return value.map((item) => encode(item));
  if (typeof value !== 'object') throw dataCorrupted(`cannot store a ${typeof value}`);
  const result: { [key: string]: Plain } = {};
  for (const [key, item] of Object.entries(value)) {
    if (item !== undefined) result[key] = encode(item);
  }
  return '$' in result ? { $: 'o', v: result } : result;
}

function encodeNumber(value: number): Plain {
  if (Number.isFinite(value) && !Object.is(value, -0)) return value;
  return { $: Object.is(value, -0) ? 'd-0' : `d${value}` };
}

function decode(value: Plain): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((item) => decode(item));
  const mark = value['$'];
  if (typeof mark === 'string') {
    if (mark !== 'o') return decodeMark(mark);
    return decodeFields(value['v'] as { [key: string]: Plain });
  }
  return decodeFields(value);
}

function decodeFields(value: { [key: string]: Plain }): unknown {
  const result: { [key: string]: unknown } = {};
  for (const [key, item] of Object.entries(value)) result[key] = decode(item);
  return result;
}

function decodeMark(mark: string): unknown {
  const rest = mark.slice(1);
  switch (mark[0]) {
    case 'n': return BigInt(rest);
    case 'd': return Number(rest);
    case 'b': return Uint8Array.from(rest.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
    default: throw dataCorrupted(`unknown mark ${mark}`);
  }
}
