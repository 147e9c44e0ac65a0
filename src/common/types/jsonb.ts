/**
 * SQL jsonb: an immutable tree whose numbers keep all their digits.
 *
 * Holds the tree, its text form and its order, as PostgreSQL has them: keys are unique and sorted
 * by byte length, then bytes. Reading text is in jsonb-parse.ts.
 */
import { compareNumeric, formatNumeric } from './numeric.ts';
import type { Numeric } from './numeric.ts';
import { compareText, utf8Length } from './text-order.ts';

/** JSON null; not the SQL NULL. */
export interface JsonNull { readonly kind: 'json-null' }
/** true or false. */
export interface JsonBoolean { readonly kind: 'json-boolean'; readonly value: boolean }
/** A number, exact. */
export interface JsonNumber { readonly kind: 'json-number'; readonly value: Numeric }
/** A string, unescaped. */
export interface JsonString { readonly kind: 'json-string'; readonly value: string }
/** An array. */
export interface JsonArray { readonly kind: 'json-array'; readonly items: readonly Jsonb[] }
/** An object: keys sorted by `compareJsonbKeys`, values at the same places. */
export interface JsonObject {
  readonly kind: 'json-object';
  readonly keys: readonly string[];
  readonly values: readonly Jsonb[];
}

/** A jsonb value. */
export type Jsonb = JsonNull | JsonBoolean | JsonNumber | JsonString | JsonArray | JsonObject;

/** JSON null. */
export const JSON_NULL: JsonNull = { kind: 'json-null' };
/** JSON true. */
export const JSON_TRUE: JsonBoolean = { kind: 'json-boolean', value: true };
/** JSON false. */
export const JSON_FALSE: JsonBoolean = { kind: 'json-boolean', value: false };

/** A jsonb string. */
export function jsonString(value: string): JsonString {
  return { kind: 'json-string', value };
}

/** A jsonb number. NaN and infinities are not JSON: the caller refuses or quotes them. */
export function jsonNumber(value: Numeric): JsonNumber {
  return { kind: 'json-number', value };
}

/** A jsonb boolean. */
export function jsonBoolean(value: boolean): JsonBoolean {
  return value ? JSON_TRUE : JSON_FALSE;
}

/** A jsonb array. */
export function jsonArray(items: readonly Jsonb[]): JsonArray {
  return { kind: 'json-array', items };
}

/** Storage order of keys: shorter (in bytes) first, then by bytes. */
export function compareJsonbKeys(a: string, b: string): number {
  return utf8Length(a) - utf8Length(b) || compareText(a, b);
}

/** A jsonb object from pairs in any order; of equal keys the last wins. */
export function jsonObject(keys: readonly string[], values: readonly Jsonb[]): JsonObject {
  let sorted = true;
  for (let i = 1; i < keys.length && sorted; i++) {
    sorted = compareJsonbKeys(keys[i - 1] ?? '', keys[i] ?? '') < 0;
  }
  if (sorted) return { kind: 'json-object', keys, values };
  const places = new Map<string, number>();
  keys.forEach((key, place) => places.set(key, place));
  const ordered = [...places.keys()].sort(compareJsonbKeys);
  const picked = ordered.map((key) => values[places.get(key) ?? 0] ?? JSON_NULL);
  return { kind: 'json-object', keys: ordered, values: picked };
}

/** The field of an object, or undefined when absent or no object. */
export function jsonField(value: Jsonb, key: string): Jsonb | undefined {
  if (value.kind !== 'json-object') return undefined;
  const at = value.keys.indexOf(key);
  return at < 0 ? undefined : value.values[at];
}

/** The item of an array, negative from the end, or undefined when absent or no array. */
export function jsonItem(value: Jsonb, index: number): Jsonb | undefined {
  if (value.kind !== 'json-array') return undefined;
  return value.items[index < 0 ? value.items.length + index : index];
}

// eslint-disable-next-line no-control-regex
const NEEDS_ESCAPE = /["\\\u0000-\u001f]/;

/** A JSON string literal, escaped as PostgreSQL does. */
export function quoteJson(text: string): string {
  if (!NEEDS_ESCAPE.test(text)) return `"${text}"`;
  let result = '"';
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit >= 32 && unit !== 34 && unit !== 92) continue;
    result += text.slice(start, at) + escapeUnit(unit);
    start = at + 1;
  }
  return `${result}${text.slice(start)}"`;
}

function escapeUnit(unit: number): string {
  switch (unit) {
    case 8: return '\\b';
    case 9: return '\\t';
    case 10: return '\\n';
    case 12: return '\\f';
    case 13: return '\\r';
    case 34: return '\\"';
    case 92: return '\\\\';
    default: return `\\u${unit.toString(16).padStart(4, '0')}`;
  }
}

/** PostgreSQL's text form: `{"a": 1, "b": [1, 2]}`. */
export function formatJsonb(value: Jsonb): string {
  switch (value.kind) {
    case 'json-null': return 'null';
    case 'json-boolean': return value.value ? 'true' : 'false';
    case 'json-number': return formatNumeric(value.value);
    case 'json-string': return quoteJson(value.value);
    case 'json-array': return `[${value.items.map(formatJsonb).join(', ')}]`;
    case 'json-object': {
      let result = '{';
      for (let i = 0; i < value.keys.length; i++) {
        if (i > 0) result += ', ';
        result += `${quoteJson(value.keys[i] ?? '')}: ${formatJsonb(value.values[i] ?? JSON_NULL)}`;
      }
      return `${result}}`;
    }
  }
}

function typeRank(value: Jsonb): number {
  switch (value.kind) {
    case 'json-null': return 0;
    case 'json-string': return 1;
    case 'json-number': return 2;
    case 'json-boolean': return 3;
    case 'json-array': return 4;
    case 'json-object': return 5;
  }
}

/** Total order of jsonb; an empty array sorts below scalars at the top level, as in PostgreSQL. */
export function compareJsonb(a: Jsonb, b: Jsonb): number {
  const emptyA = a.kind === 'json-array' && a.items.length === 0;
  const emptyB = b.kind === 'json-array' && b.items.length === 0;
  if (emptyA && typeRank(b) < 4) return -1;
  if (emptyB && typeRank(a) < 4) return 1;
  return compareNested(a, b);
}

function compareNested(a: Jsonb, b: Jsonb): number {
  if (a.kind === 'json-string' && b.kind === 'json-string') return compareText(a.value, b.value);
  if (a.kind === 'json-number' && b.kind === 'json-number') return compareNumeric(a.value, b.value);
  if (a.kind === 'json-boolean' && b.kind === 'json-boolean') {
    return Number(a.value) - Number(b.value);
  }
  if (a.kind === 'json-array' && b.kind === 'json-array') {
    return compareLists(a.items, b.items);
  }
  if (a.kind === 'json-object' && b.kind === 'json-object') return compareObjects(a, b);
  return Math.sign(typeRank(a) - typeRank(b));
}

function compareLists(a: readonly Jsonb[], b: readonly Jsonb[]): number {
  if (a.length !== b.length) return a.length < b.length ? -1 : 1;
  for (let i = 0; i < a.length; i++) {
    const order = compareNested(a[i] ?? JSON_NULL, b[i] ?? JSON_NULL);
    if (order !== 0) return order;
  }
  return 0;
}

function compareObjects(a: JsonObject, b: JsonObject): number {
  if (a.keys.length !== b.keys.length) return a.keys.length < b.keys.length ? -1 : 1;
  for (let i = 0; i < a.keys.length; i++) {
    const order = compareText(a.keys[i] ?? '', b.keys[i] ?? '')
      || compareNested(a.values[i] ?? JSON_NULL, b.values[i] ?? JSON_NULL);
    if (order !== 0) return order;
  }
  return 0;
}
