/**
 * Arrays and records: values made of values of other types.
 *
 * They reach their elements' behaviour through a `TypeLookup`, which the registry hands in, so that
 * this file does not depend on the registry.
 */
import { must } from '../assert.ts';
import { sqlError } from '../errors.ts';
import { NULL_HASH, combineHash, hashInt32 } from '../hash.ts';
import type { SqlArray, SqlRecord, Value } from '../values.ts';
import { formatArray, joinRecord, parseArray, splitRecord } from './array-text.ts';
import type { SqlType } from './sql-type.ts';
import { dataView, invalidBinary, invalidSyntax } from './type-definition.ts';
import type { TypeDefinition } from './type-definition.ts';
import { applyTypmod } from './typmod.ts';
import { asArray, asRecord } from './values-of.ts';

/** How composite types find the behaviour of their parts. */
export interface TypeLookup {
  definition(type: SqlType): TypeDefinition;
  byOid(oid: number): SqlType | null;
  /** A best guess at the type of a value, for records whose fields are not known. */
  ofValue(value: Value): SqlType;
}

const TEXT_TYPE: SqlType = { name: 'text' };

function elementOf(type: SqlType): SqlType {
  return must(type.element, 'an array type has an element type');
}

/** Compares two values that may be NULL; NULL sorts last. */
function compareParts(lookup: TypeLookup, type: SqlType, pair: readonly [Value, Value]): number {
  const [a, b] = pair;
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  return lookup.definition(type).compare(a, b, type);
}

function compareArrays(lookup: TypeLookup, element: SqlType, a: SqlArray, b: SqlArray): number {
  const length = Math.min(a.elements.length, b.elements.length);
  for (let i = 0; i < length; i++) {
    const pair: [Value, Value] = [a.elements[i] ?? null, b.elements[i] ?? null];
    const order = compareParts(lookup, element, pair);
    if (order !== 0) return order;
  }
  return a.elements.length - b.elements.length || a.dims.length - b.dims.length
    || compareNumbers(a.dims, b.dims) || compareNumbers(a.lowerBounds, b.lowerBounds);
}

function compareNumbers(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < a.length; i++) {
    const order = (a[i] ?? 0) - (b[i] ?? 0);
    if (order !== 0) return order;
  }
  return 0;
}

/** Bytes, numbers of four bytes, or NULL. */
type BinaryPart = Uint8Array | readonly number[] | null;

/** Bytes of the parts, each behind its length; -1 for NULL. */
function joinParts(head: readonly number[], parts: readonly BinaryPart[]): Uint8Array {
  let size = 4 * head.length;
  for (const part of parts) {
    size += part === null ? 4 : part instanceof Uint8Array ? 4 + part.length : 4 * part.length;
  }
  const bytes = new Uint8Array(size);
  const view = dataView(bytes);
  let at = 0;
  const int32 = (value: number): void => {
    view.setInt32(at, value);
    at += 4;
  };
  head.forEach(int32);
  for (const part of parts) {
    if (part === null) int32(-1);
    else if (part instanceof Uint8Array) {
      int32(part.length);
      bytes.set(part, at);
      at += part.length;
    } else part.forEach(int32);
  }
  return bytes;
}

/** The definition that stands for all array types. */
export function arrayDefinition(lookup: TypeLookup): TypeDefinition {
  return {
    name: 'array', oid: 2277, arrayOid: 0, typlen: -1, category: 'A', preferred: false,
    aliases: [], sqlName: 'anyarray',
    parse: (text, type, settings) => {
      const element = elementOf(type);
      const definition = lookup.definition(element);
      return parseArray(text, (one) => definition.parse(one, element, settings));
    },
    format: (value, type, settings) => {
      const element = elementOf(type);
      const definition = lookup.definition(element);
      return formatArray(asArray(value), (one) => definition.format(one, element, settings));
    },
    encodeBinary: (value, type) => encodeArray(lookup, asArray(value), elementOf(type)),
    decodeBinary: (bytes, type) => decodeArray(lookup, bytes, elementOf(type)),
    compare: (a, b, type) => compareArrays(lookup, elementOf(type), asArray(a), asArray(b)),
    hash: (value, type) => {
      const element = elementOf(type);
      const array = asArray(value);
      let h = hashInt32(array.elements.length);
      for (const one of array.elements) {
        const part = one === null ? NULL_HASH : lookup.definition(element).hash(one, element);
        h = combineHash(h, part);
      }
      return h;
    },
  };
}

function encodeArray(lookup: TypeLookup, array: SqlArray, element: SqlType): Uint8Array {
  const definition = lookup.definition(element);
  const hasNull = array.elements.includes(null) ? 1 : 0;
  const head = [array.dims.length, hasNull, element.user?.oid ?? definition.oid];
  array.dims.forEach((size, i) => head.push(size, array.lowerBounds[i] ?? 1));
  return joinParts(head,
    array.elements.map((one) => (one === null ? null : definition.encodeBinary(one, element))));
}

function decodeArray(lookup: TypeLookup, bytes: Uint8Array, element: SqlType): SqlArray {
  const view = dataView(bytes);
  if (bytes.length < 12) throw invalidBinary('array');
  const count = view.getInt32(0);
  if (count < 0 || count > 6) throw invalidBinary('array');
  const dims: number[] = [];
  const lowerBounds: number[] = [];
  for (let i = 0; i < count; i++) {
    dims.push(view.getInt32(12 + 8 * i));
    lowerBounds.push(view.getInt32(16 + 8 * i));
  }
  const total = count === 0 ? 0 : dims.reduce((product, size) => product * size, 1);
  const definition = lookup.definition(element);
  const elements: Value[] = [];
  let at = 12 + 8 * count;
  for (let i = 0; i < total; i++) {
    const length = view.getInt32(at);
    at += 4;
    if (length < 0) {
      elements.push(null);
      continue;
    }
    elements.push(definition.decodeBinary(bytes.subarray(at, at + length), element));
    at += length;
  }
  if (total === 0) return { kind: 'array', dims: [], lowerBounds: [], elements };
  return { kind: 'array', dims, lowerBounds, elements };
}

/** The type of a record's field; text when the record's shape is not known. */
function fieldType(type: SqlType, index: number): SqlType {
  return type.fields?.[index]?.type ?? TEXT_TYPE;
}

/** The definition of record; field types come from the type's `fields`. */
export function recordDefinition(lookup: TypeLookup): TypeDefinition {
  return {
    name: 'record', oid: 2249, arrayOid: 2287, typlen: -1, category: 'P', preferred: false,
    aliases: [], sqlName: 'record',
    parse: (text, type, settings) => {
      if (type.fields === undefined) {
        throw sqlError('0A000', 'input of anonymous composite types is not implemented');
      }
      const columns = splitRecord(text);
      if (columns.length !== type.fields.length) throw invalidSyntax('record', text);
      const values = columns.map((column, i) => {
        const field = fieldType(type, i);
        return column === null ? null
          : applyTypmod(lookup.definition(field).parse(column, field, settings), field, false);
      });
      return { kind: 'record', values };
    },
    format: (value, type, settings) => joinRecord(asRecord(value).values.map((one, i) => {
      if (one === null) return null;
      const field = type.fields?.[i]?.type ?? lookup.ofValue(one);
      return lookup.definition(field).format(one, field, settings);
    })),
    encodeBinary: (value, type) => encodeRecord(lookup, asRecord(value), type),
    decodeBinary: (bytes) => decodeRecord(lookup, bytes),
    compare: (a, b, type) => {
      const first = asRecord(a).values;
      const second = asRecord(b).values;
      for (let i = 0; i < Math.min(first.length, second.length); i++) {
        const pair: [Value, Value] = [first[i] ?? null, second[i] ?? null];
        const field = type.fields?.[i]?.type ?? lookup.ofValue(pair[0] ?? pair[1]);
        const order = compareParts(lookup, field, pair);
        if (order !== 0) return order;
      }
      return first.length - second.length;
    },
    hash: (value, type) => {
      let h = 0x7e57;
      asRecord(value).values.forEach((one, i) => {
        const field = type.fields?.[i]?.type ?? lookup.ofValue(one);
        h = combineHash(h, one === null ? NULL_HASH : lookup.definition(field).hash(one, field));
      });
      return h;
    },
  };
}

function encodeRecord(lookup: TypeLookup, record: SqlRecord, type: SqlType): Uint8Array {
  const parts: BinaryPart[] = [];
  record.values.forEach((one, i) => {
    const field = fieldType(type, i);
    const definition = lookup.definition(field);
    const element = field.element;
    const oid = element === undefined ? field.user?.oid ?? definition.oid
      : element.user?.arrayOid ?? lookup.definition(element).arrayOid;
    parts.push([oid], one === null ? null : definition.encodeBinary(one, field));
  });
  return joinParts([record.values.length], parts);
}

function decodeRecord(lookup: TypeLookup, bytes: Uint8Array): SqlRecord {
  const view = dataView(bytes);
  const count = view.getInt32(0);
  const values: Value[] = [];
  let at = 4;
  for (let i = 0; i < count; i++) {
    const type = lookup.byOid(view.getInt32(at));
    const length = view.getInt32(at + 4);
    if (type === null) throw invalidBinary('record');
    at += 8;
    values.push(length < 0 ? null
      : lookup.definition(type).decodeBinary(bytes.subarray(at, at + length), type));
    at += Math.max(length, 0);
  }
  return { kind: 'record', values };
}
