/**
 * The binary form of columns, whole batches and chosen slots of a RowStore.
 *
 * Typed arrays are copied as they lie in memory (little-endian machines only, as Node's are);
 * columns of texts are one block of UTF-8 and lengths; other references are tagged values.
 */
import { assertNever, must } from '../../common/assert.ts';
import type { Physical } from '../../common/types/sql-type.ts';
import type { Value } from '../../common/values.ts';
import type { Batch, Column } from '../batch.ts';
import { makeColumn } from '../batch.ts';
import type { StoreColumnData } from '../state/row-store.ts';
import { ByteReader, ByteWriter, dataCorrupted } from './bytes.ts';

const KINDS: readonly Physical[] = ['bool', 'i32', 'i64', 'f64', 'ref'];
const REFS_TEXT = 1;
const REFS_TAGGED = 2;

/** Appends `length` rows of a column. */
export function writeColumn(writer: ByteWriter, column: Column, length: number): void {
  writer.u8(KINDS.indexOf(column.kind));
  writer.u8(column.nulls === null ? 0 : 1);
  if (column.nulls !== null) writer.raw(column.nulls.subarray(0, length));
  if (column.kind === 'ref') writeRefs(writer, column.data, length);
  else writer.raw(bytesOf(column.data.subarray(0, length)));
}

function bytesOf(data: Uint8Array | Int32Array | BigInt64Array | Float64Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function writeRefs(writer: ByteWriter, data: readonly Value[], length: number): void {
  const lengths = new Int32Array(length);
  const texts: string[] = [];
  for (let i = 0; i < length; i++) {
    const value = data[i] ?? null;
    if (value === null) lengths[i] = -1;
    else if (typeof value === 'string') {
      lengths[i] = value.length;
      texts.push(value);
    } else return writeTagged(writer, data, length);
  }
  writer.u8(REFS_TEXT);
  writer.raw(bytesOf(lengths));
  writer.text(texts.join(''));
}

function writeTagged(writer: ByteWriter, data: readonly Value[], length: number): void {
  writer.u8(REFS_TAGGED);
  for (let i = 0; i < length; i++) writer.value(data[i] ?? null);
}

/** Reads `length` rows of a column. */
export function readColumn(reader: ByteReader, length: number): Column {
  const kind = KINDS[reader.u8()];
  if (kind === undefined) throw dataCorrupted('unknown kind of column');
  const nulls = reader.u8() === 1 ? reader.raw(length) : null;
  switch (kind) {
    case 'bool': return { kind, nulls, data: reader.raw(length) };
    case 'i32': return { kind, nulls, data: new Int32Array(reader.raw(length * 4).buffer) };
    case 'i64': return { kind, nulls, data: new BigInt64Array(reader.raw(length * 8).buffer) };
    case 'f64': return { kind, nulls, data: new Float64Array(reader.raw(length * 8).buffer) };
    case 'ref': return { kind, nulls, data: readRefs(reader, length) };
    default: return assertNever(kind);
  }
}

function readRefs(reader: ByteReader, length: number): Value[] {
  const values: Value[] = [];
  if (reader.u8() === REFS_TAGGED) {
    for (let i = 0; i < length; i++) values.push(reader.value());
    return values;
  }
  const lengths = new Int32Array(reader.raw(length * 4).buffer);
  const all = reader.text();
  let at = 0;
  for (const size of lengths) {
    values.push(size < 0 ? null : all.slice(at, at + size));
    if (size > 0) at += size;
  }
  return values;
}

/** Appends a batch with its weights. */
export function writeBatch(writer: ByteWriter, batch: Batch): void {
  writer.u32(batch.length);
  writer.u32(batch.columns.length);
  writer.raw(bytesOf(batch.weights.subarray(0, batch.length)));
  for (const column of batch.columns) writeColumn(writer, column, batch.length);
}

/** Reads what `writeBatch` wrote. */
export function readBatch(reader: ByteReader): Batch {
  const length = reader.u32();
  const count = reader.u32();
  const weights = new Int32Array(reader.raw(length * 4).buffer);
  const columns: Column[] = [];
  for (let i = 0; i < count; i++) columns.push(readColumn(reader, length));
  return { length, columns, weights };
}

/** The cells of a store column at the given slots. */
export function gatherSlots(from: StoreColumnData, slots: Int32Array): Column {
  const count = slots.length;
  const column = makeColumn(from.kind, count);
  const nulls = from.nulls === null ? null : new Uint8Array(count);
  if (nulls !== null && from.nulls !== null) gather(nulls, from.nulls, slots);
  switch (column.kind) {
    case 'bool': gather(column.data, from.bool, slots); break;
    case 'i32': gather(column.data, from.i32, slots); break;
    case 'f64': gather(column.data, from.f64, slots); break;
    case 'i64': gatherLanes(column.data, from.i64, slots); break;
    case 'ref': {
      const data = from.ref;
      for (let i = 0; i < count; i++) column.data[i] = data[slots[i] ?? 0] ?? null;
      break;
    }
    default: assertNever(column);
  }
  return { ...column, nulls };
}

/** Copies range [from, to) of a store column. */
export function copyRange(of: StoreColumnData, from: number, to: number): Column {
  const nulls = of.nulls?.slice(from, to) ?? null;
  switch (of.kind) {
    case 'bool': return { kind: 'bool', data: of.bool.slice(from, to), nulls };
    case 'i32': return { kind: 'i32', data: of.i32.slice(from, to), nulls };
    case 'i64': return { kind: 'i64', data: of.i64.slice(from, to), nulls };
    case 'f64': return { kind: 'f64', data: of.f64.slice(from, to), nulls };
    case 'ref': return { kind: 'ref', data: of.ref.slice(from, to), nulls };
    default: return assertNever(of.kind);
  }
}

/** 64-bit integers go as pairs of 32-bit lanes: no bigint is made. */
function gatherLanes(into: BigInt64Array, from: BigInt64Array, slots: Int32Array): void {
  const to = new Int32Array(into.buffer, into.byteOffset, into.length * 2);
  const lanes = new Int32Array(from.buffer, from.byteOffset, from.length * 2);
  for (let i = 0; i < slots.length; i++) {
    const slot = (slots[i] ?? 0) * 2;
    to[2 * i] = lanes[slot] ?? 0;
    to[2 * i + 1] = lanes[slot + 1] ?? 0;
  }
}

type Numbers = Uint8Array | Int32Array | Float64Array;

function gather(into: Numbers, from: Numbers, slots: Int32Array): void {
  for (let i = 0; i < slots.length; i++) into[i] = from[slots[i] ?? 0] ?? 0;
}

/** Puts cells back to their slots; the store has room. */
export function scatterSlots(into: StoreColumnData, column: Column, slots: Int32Array): void {
  if (into.kind !== column.kind) throw dataCorrupted('column of another kind');
  for (let i = 0; i < slots.length; i++) {
    const slot = must(slots[i], 'slot');
    into.data[slot] = column.data[i] as never;
    if (into.nulls !== null) into.nulls[slot] = column.nulls?.[i] ?? 0;
  }
}
