/**
 * Our own binary form of values: what checkpoints and the epoch log store.
 *
 * Exact for every value (-0, NaN, lone surrogates, all digits), compact, and read back only with
 * the type it was written with. The format is durable: bytes once released keep their meaning. It
 * is not PostgreSQL's wire format, which is in the types' encodeBinary.
 */
import { AssertionError, assertNever, must } from './assert.ts';
import { ByteReader, ByteWriter } from './bytes.ts';
import { readJsonb, writeJsonb } from './encoding-jsonb.ts';
import { readNumeric, writeNumeric } from './encoding-numeric.ts';
import { bytesOfHex, hexOf } from './types/bytea.ts';
import { makeInterval } from './types/interval.ts';
import type { Interval } from './types/interval.ts';
import type { SqlType } from './types/sql-type.ts';
import {
  asArray, asBigint, asBoolean, asBytes, asInterval, asJsonb, asNumber, asNumeric, asRecord,
  asString,
} from './types/values-of.ts';
import type { SqlArray, SqlRecord, Value } from './values.ts';

/** Appends a value that is not NULL. */
export function writeValue(writer: ByteWriter, value: Value, type: SqlType): void {
  switch (type.name) {
    case 'boolean': writer.u8(asBoolean(value) ? 1 : 0); return;
    case 'int2': case 'int4': case 'date': case 'oid': case 'xid': case 'regclass': case 'regtype':
    case 'regproc': case 'regprocedure': case 'regoper': case 'regoperator': case 'regnamespace':
    case 'regrole': case 'cid': case 'regcollation': case 'regconfig': case 'regdictionary':
      writer.varint(asNumber(value));
      return;
    case 'int8': case 'time': case 'timestamp': case 'timestamptz':
      writer.i64(asBigint(value));
      return;
    case 'float4': case 'float8': case 'enum': writer.f64(asNumber(value)); return;
    case 'numeric': writeNumeric(writer, asNumeric(value)); return;
    case 'text': case 'varchar': case 'bpchar': case 'name': case 'char': case 'json':
    case 'jsonpath': case 'bit': case 'varbit':
    case 'timetz': case 'tid': case 'int2vector': case 'oidvector': case 'xid8': case 'pg_lsn':
    case 'inet': case 'aclitem': case 'pg_node_tree': case 'pg_ndistinct':
    case 'pg_dependencies': case 'pg_mcv_list': case 'anyarray':
      writer.string(asString(value));
      return;
    case 'uuid': writeUuid(writer, asString(value)); return;
    case 'bytea': writer.bytes(asBytes(value)); return;
    case 'interval': writeInterval(writer, asInterval(value)); return;
    case 'jsonb': writeJsonb(writer, asJsonb(value)); return;
    case 'array': writeArray(writer, asArray(value), type.element); return;
    case 'record': writeRecord(writer, asRecord(value), type); return;
    case 'void': case 'unknown': writeTagged(writer, value); return;
    default: assertNever(type.name, 'type');
  }
}

/** Reads a value that is not NULL. */
export function readValue(reader: ByteReader, type: SqlType): Value {
  switch (type.name) {
    case 'boolean': return reader.u8() !== 0;
    case 'int2': case 'int4': case 'date': case 'oid': case 'xid': case 'regclass': case 'regtype':
    case 'regproc': case 'regprocedure': case 'regoper': case 'regoperator': case 'regnamespace':
    case 'regrole': case 'cid': case 'regcollation': case 'regconfig': case 'regdictionary':
      return reader.varint();
    case 'int8': case 'time': case 'timestamp': case 'timestamptz': return reader.i64();
    case 'float4': case 'float8': case 'enum': return reader.f64();
    case 'numeric': return readNumeric(reader);
    case 'text': case 'varchar': case 'bpchar': case 'name': case 'char': case 'json':
    case 'jsonpath': case 'bit': case 'varbit':
    case 'timetz': case 'tid': case 'int2vector': case 'oidvector': case 'xid8': case 'pg_lsn':
    case 'inet': case 'aclitem': case 'pg_node_tree': case 'pg_ndistinct':
    case 'pg_dependencies': case 'pg_mcv_list': case 'anyarray': return reader.string();
    case 'uuid': return readUuid(reader);
    case 'bytea': return reader.bytes();
    case 'interval': return readInterval(reader);
    case 'jsonb': return readJsonb(reader);
    case 'array': return readArray(reader, type.element);
    case 'record': return readRecord(reader, type);
    case 'void': case 'unknown': return readTagged(reader);
    default: return assertNever(type.name, 'type');
  }
}

/** Appends a value that may be NULL. */
export function writeNullable(writer: ByteWriter, value: Value, type: SqlType): void {
  if (value === null) {
    writer.u8(0);
    return;
  }
  writer.u8(1);
  writeValue(writer, value, type);
}

/** Reads a value that may be NULL. */
export function readNullable(reader: ByteReader, type: SqlType): Value {
  return reader.u8() === 0 ? null : readValue(reader, type);
}

/** A uuid that is canonical takes 16 bytes; the mark in front allows any other text. */
function writeUuid(writer: ByteWriter, uuid: string): void {
  const hex = uuid.replaceAll('-', '');
  if (uuid.length !== 36 || hex.length !== 32 || !/^[0-9a-f]*$/.test(hex)) {
    writer.u8(0);
    writer.string(uuid);
    return;
  }
  writer.u8(1);
  writer.raw(bytesOfHex(hex));
}

function readUuid(reader: ByteReader): string {
  if (reader.u8() === 0) return reader.string();
  const hex = hexOf(reader.raw(16));
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-`
    + hex.slice(20);
}

function writeInterval(writer: ByteWriter, value: Interval): void {
  writer.varint(value.months);
  writer.varint(value.days);
  writer.i64(value.micros);
}

function readInterval(reader: ByteReader): Interval {
  const months = reader.varint();
  const days = reader.varint();
  return makeInterval(months, days, reader.i64());
}

function writeArray(writer: ByteWriter, array: SqlArray, element: SqlType | undefined): void {
  writer.varuint(array.dims.length);
  array.dims.forEach((size, i) => {
    writer.varuint(size);
    writer.varint(array.lowerBounds[i] ?? 1);
  });
  writer.varuint(array.elements.length);
  for (const one of array.elements) {
    if (element === undefined) writeTagged(writer, one);
    else writeNullable(writer, one, element);
  }
}

function readArray(reader: ByteReader, element: SqlType | undefined): SqlArray {
  const dims: number[] = [];
  const lowerBounds: number[] = [];
  for (let left = reader.varuint(); left > 0; left--) {
    dims.push(reader.varuint());
    lowerBounds.push(reader.varint());
  }
  const elements: Value[] = [];
  for (let left = reader.varuint(); left > 0; left--) {
    elements.push(element === undefined ? readTagged(reader) : readNullable(reader, element));
  }
  return { kind: 'array', dims, lowerBounds, elements };
}

function writeRecord(writer: ByteWriter, record: SqlRecord, type: SqlType): void {
  writer.varuint(record.values.length);
  record.values.forEach((one, i) => {
    const field = type.fields?.[i]?.type;
    if (field === undefined) writeTagged(writer, one);
    else writeNullable(writer, one, field);
  });
}

function readRecord(reader: ByteReader, type: SqlType): SqlRecord {
  const count = reader.varuint();
  const values: Value[] = [];
  for (let i = 0; i < count; i++) {
    const field = type.fields?.[i]?.type;
    values.push(field === undefined ? readTagged(reader) : readNullable(reader, field));
  }
  return { kind: 'record', values };
}

/** The type each tag stands for, for values whose type is not known: tag = place + 1. */
const TAGGED: readonly SqlType[] = [
  { name: 'boolean' }, { name: 'float8' }, { name: 'int8' }, { name: 'text' }, { name: 'bytea' },
  { name: 'numeric' }, { name: 'interval' }, { name: 'jsonb' }, { name: 'array' },
  { name: 'record' },
];

/** Appends any value, its kind in front: for records and arrays whose shape is not known. */
export function writeTagged(writer: ByteWriter, value: Value): void {
  const tag = tagOf(value);
  writer.u8(tag);
  if (tag !== 0) writeValue(writer, value, taggedType(tag));
}

/** Reads what writeTagged wrote. */
export function readTagged(reader: ByteReader): Value {
  const tag = reader.u8();
  return tag === 0 ? null : readValue(reader, taggedType(tag));
}

function taggedType(tag: number): SqlType {
  return must(TAGGED[tag - 1], 'a value has a known tag');
}

function tagOf(value: Value): number {
  if (value === null) return 0;
  switch (typeof value) {
    case 'boolean': return 1;
    case 'number': return 2;
    case 'bigint': return 3;
    case 'string': return 4;
    case 'object': break;
    default: throw new AssertionError('no such value');
  }
  if (value instanceof Uint8Array) return 5;
  switch (value.kind) {
    case 'numeric': return 6;
    case 'interval': return 7;
    case 'array': return 9;
    case 'record': return 10;
    default: return 8;
  }
}

/** Rows of values, NULL allowed, as bytes. */
export function encodeValues(
  types: readonly SqlType[], rows: readonly (readonly Value[])[],
): Uint8Array {
  const writer = new ByteWriter();
  writer.varuint(rows.length);
  for (const row of rows) {
    for (let i = 0; i < types.length; i++) {
      writeNullable(writer, row[i] ?? null, must(types[i], 'a column has a type'));
    }
  }
  return writer.finish();
}

/** Reads what encodeValues wrote. */
export function decodeValues(types: readonly SqlType[], bytes: Uint8Array): Value[][] {
  const reader = new ByteReader(bytes);
  const rows: Value[][] = [];
  for (let left = reader.varuint(); left > 0; left--) {
    rows.push(types.map((type) => readNullable(reader, type)));
  }
  return rows;
}

const PLAIN = 0;
const DICTIONARY = 1;
/** Strings looked at before choosing a dictionary, and how many of them may be distinct. */
const SAMPLE = 64;
const SAMPLE_DISTINCT_MAX = 40;

/** A column of references (NULL allowed) as bytes; repeated strings are stored once. */
export function encodeRefColumn(values: readonly Value[], type: SqlType): Uint8Array {
  const writer = new ByteWriter(16 + values.length * 8);
  writer.varuint(values.length);
  const dictionary = buildDictionary(values);
  writer.u8(dictionary === null ? PLAIN : DICTIONARY);
  if (dictionary === null) writePlain(writer, values, type);
  else writeDictionary(writer, values, { places: dictionary, type });
  return writer.finish();
}

/** Reads what encodeRefColumn wrote. */
export function decodeRefColumn(bytes: Uint8Array, type: SqlType): Value[] {
  const reader = new ByteReader(bytes);
  const count = reader.varuint();
  return reader.u8() === PLAIN
    ? readPlain(reader, count, type) : readDictionary(reader, count, type);
}

/** Places of distinct strings, or null when a dictionary does not pay. */
function buildDictionary(values: readonly Value[]): Map<string, number> | null {
  if (values.length < 8) return null;
  const places = new Map<string, number>();
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? null;
    if (value === null) continue;
    if (typeof value !== 'string') return null;
    if (!places.has(value)) places.set(value, places.size);
    if (i === SAMPLE && places.size > SAMPLE_DISTINCT_MAX) return null;
  }
  return places.size * 2 <= values.length ? places : null;
}

function writePlain(writer: ByteWriter, values: readonly Value[], type: SqlType): void {
  const mask = new Uint8Array((values.length + 7) >> 3);
  let nulls = 0;
  for (let i = 0; i < values.length; i++) {
    if ((values[i] ?? null) !== null) continue;
    mask[i >> 3] = (mask[i >> 3] ?? 0) | (1 << (i & 7));
    nulls++;
  }
  writer.u8(nulls === 0 ? 0 : 1);
  if (nulls > 0) writer.raw(mask);
  for (const value of values) if (value !== null) writeValue(writer, value, type);
}

function readPlain(reader: ByteReader, count: number, type: SqlType): Value[] {
  const values: Value[] = Array.from({ length: count }, () => null);
  const mask = reader.u8() === 0 ? null : reader.raw((count + 7) >> 3);
  for (let i = 0; i < count; i++) {
    const isNull = mask !== null && ((mask[i >> 3] ?? 0) & (1 << (i & 7))) !== 0;
    if (!isNull) values[i] = readValue(reader, type);
  }
  return values;
}

interface Dictionary {
  readonly places: ReadonlyMap<string, number>;
  readonly type: SqlType;
}

function writeDictionary(
  writer: ByteWriter, values: readonly Value[], dictionary: Dictionary,
): void {
  const { places, type } = dictionary;
  writer.varuint(places.size);
  for (const text of places.keys()) writeValue(writer, text, type);
  // 0 stands for NULL.
  for (const value of values) {
    writer.varuint(typeof value === 'string' ? (places.get(value) ?? 0) + 1 : 0);
  }
}

function readDictionary(reader: ByteReader, count: number, type: SqlType): Value[] {
  const words: Value[] = [null];
  for (let left = reader.varuint(); left > 0; left--) words.push(readValue(reader, type));
  const values: Value[] = [];
  for (let i = 0; i < count; i++) values.push(words[reader.varuint()] ?? null);
  return values;
}
