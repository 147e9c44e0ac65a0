/**
 * Rows of batches as such: content hashes, equality, consolidation, slicing, putting together.
 *
 * Two rows are equal here when they hold the same values with the same digits (numeric 1.0 is not
 * 1.00). Hashes depend on content alone and are logged, so that a re-run epoch can be compared.
 * Works column by column; equality is always on the full row, never on the hash.
 */
import { assertNever, must } from '../common/assert.ts';
import {
  combineHash, hashBigint64, hashBytes, hashFloat64, hashInt32, hashString, NULL_HASH,
} from '../common/hash.ts';
import type { SqlType } from '../common/types/sql-type.ts';
import { physicalOf } from '../common/types/sql-type.ts';
import type { Value } from '../common/values.ts';
import type { Batch, Column } from './batch.ts';
import { makeColumn } from './batch.ts';

/** Content hash of a reference value. */
export function hashRef(value: Value): number {
  if (value === null) return NULL_HASH;
  switch (typeof value) {
    case 'string': return hashString(value);
    case 'number': return hashFloat64(value);
    case 'bigint': return hashWide(value);
    case 'boolean': return value ? 1 : 2;
    default: break;
  }
  if (value instanceof Uint8Array) return hashBytes(value);
  switch (value.kind) {
    case 'numeric':
      return combineHash(hashInt32(value.scale), value.special === null
        ? hashWide(value.coef) : hashString(value.special));
    case 'interval':
      return combineHash(combineHash(hashInt32(value.months), hashInt32(value.days)),
        hashBigint64(value.micros));
    case 'array': return hashList(value.dims.length, value.elements);
    case 'record': return hashList(3, value.values);
    case 'json-null': return 11;
    case 'json-boolean': return value.value ? 12 : 13;
    case 'json-number': return hashRef(value.value);
    case 'json-string': return hashString(value.value) ^ 14;
    case 'json-array': return hashList(15, value.items);
    case 'json-object': return combineHash(hashList(16, value.keys), hashList(17, value.values));
    default: return assertNever(value);
  }
}

function hashWide(value: bigint): number {
  return BigInt.asIntN(64, value) === value ? hashBigint64(value) : hashString(value.toString());
}

function hashList(seed: number, values: readonly Value[]): number {
  let hash = seed;
  for (const value of values) hash = combineHash(hash, hashRef(value));
  return hash;
}

/** True when two reference values are the same to the last digit. */
export function sameRef(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') {
    return typeof a === 'number' && typeof b === 'number' && a !== a && b !== b;
  }
  if (a instanceof Uint8Array || b instanceof Uint8Array) {
    return a instanceof Uint8Array && b instanceof Uint8Array && sameBytes(a, b);
  }
  switch (a.kind) {
    case 'numeric':
      return b.kind === 'numeric' && a.scale === b.scale && a.coef === b.coef
        && a.special === b.special;
    case 'interval':
      return b.kind === 'interval' && a.months === b.months && a.days === b.days
        && a.micros === b.micros;
    case 'array':
      return b.kind === 'array' && sameList(a.dims, b.dims) && sameList(a.elements, b.elements)
        && sameList(a.lowerBounds, b.lowerBounds);
    case 'record': return b.kind === 'record' && sameList(a.values, b.values);
    case 'json-null': return b.kind === 'json-null';
    case 'json-boolean': return b.kind === 'json-boolean' && a.value === b.value;
    case 'json-number': return b.kind === 'json-number' && sameRef(a.value, b.value);
    case 'json-string': return b.kind === 'json-string' && a.value === b.value;
    case 'json-array': return b.kind === 'json-array' && sameList(a.items, b.items);
    case 'json-object':
      return b.kind === 'json-object' && sameList(a.keys, b.keys) && sameList(a.values, b.values);
    default: return assertNever(a);
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function sameList(a: readonly Value[], b: readonly Value[]): boolean {
  return a.length === b.length && a.every((value, at) => sameRef(value, b[at] ?? null));
}

/** Content hashes of all rows over the first `width` columns, weights left out. */
export function hashRows(batch: Batch, width: number = batch.columns.length): Int32Array {
  const hashes = new Int32Array(batch.length);
  for (let at = 0; at < width; at++) hashColumn(must(batch.columns[at], 'column'), hashes);
  return hashes;
}

const WORDS = new Int32Array(2);
const WORDS64 = new BigInt64Array(WORDS.buffer);

function hashColumn(column: Column, hashes: Int32Array): void {
  const { nulls } = column;
  const count = hashes.length;
  switch (column.kind) {
    case 'bool': case 'i32': {
      const data = column.data;
      for (let i = 0; i < count; i++) {
        const hash = nulls !== null && nulls[i] === 1 ? NULL_HASH : hashInt32(data[i] ?? 0);
        hashes[i] = combineHash(hashes[i] ?? 0, hash);
      }
      return;
    }
    case 'i64': {
      const lanes = new Int32Array(column.data.buffer, column.data.byteOffset);
      for (let i = 0; i < count; i++) {
        const hash = nulls !== null && nulls[i] === 1 ? NULL_HASH
          : Math.imul(lanes[2 * i] ?? 0, 0x2c1b3c6d) ^ hashInt32(lanes[2 * i + 1] ?? 0);
        hashes[i] = combineHash(hashes[i] ?? 0, hash);
      }
      return;
    }
    case 'f64': {
      const data = column.data;
      for (let i = 0; i < count; i++) {
        const hash = nulls !== null && nulls[i] === 1 ? NULL_HASH : hashFloat64(data[i] ?? 0);
        hashes[i] = combineHash(hashes[i] ?? 0, hash);
      }
      return;
    }
    case 'ref': {
      const data = column.data;
      let last: Value = null;
      let hash = hashRef(null);
      for (let i = 0; i < count; i++) {
        const value = data[i] ?? null;
        if (value !== last) {
          hash = hashRef(value);
          last = value;
        }
        hashes[i] = combineHash(hashes[i] ?? 0, hash);
      }
      return;
    }
    default: assertNever(column);
  }
}

/** Order-independent hash of a delta: a sum over rows of hash times weight, in 64 bits. */
export function deltaHash(seed: number, batches: readonly Batch[]): bigint {
  let low = 0;
  let high = 0;
  for (const batch of batches) {
    const hashes = hashRows(batch);
    const { weights } = batch;
    for (let i = 0; i < batch.length; i++) {
      const weight = weights[i] ?? 0;
      const hash = combineHash(seed, hashes[i] ?? 0);
      low = (low + Math.imul(hash, weight)) | 0;
      high = (high + Math.imul(hashInt32(hash ^ 0x5bd1e995), weight)) | 0;
    }
  }
  WORDS[0] = low;
  WORDS[1] = high;
  return WORDS64[0] ?? 0n;
}

/**
 * True when two rows of a batch hold the same values in the first `width` columns. Keys come first
 * and are mostly equal where this is asked, so the last columns are compared first.
 */
function sameRow(batch: Batch, rowA: number, rowB: number, width: number): boolean {
  for (let at = width - 1; at >= 0; at--) {
    const first = must(batch.columns[at], 'column');
    const nullA = first.nulls !== null && first.nulls[rowA] === 1;
    const nullB = first.nulls !== null && first.nulls[rowB] === 1;
    if (nullA !== nullB) return false;
    if (nullA) continue;
    const x = first.data[rowA] ?? null;
    const y = first.data[rowB] ?? null;
    // Stored rows are told apart to the bit, so 0 and -0 must be here.
    if (x === y ? x === 0 && !Object.is(x, y) : !sameRef(x, y)) return false;
  }
  return true;
}

/** True when a batch has a retraction. */
export function hasRetraction(batch: Batch): boolean {
  for (let i = 0; i < batch.length; i++) if ((batch.weights[i] ?? 0) < 0) return true;
  return false;
}

/**
 * Adds up rows that are equal in the first `width` columns and drops those of weight 0. What is
 * left keeps its order and the other columns of its first occurrence. Only `hashed` columns are
 * hashed: a key that few rows share saves hashing the texts behind it.
 */
export function consolidate(
  batch: Batch, width: number = batch.columns.length, hashed: readonly number[] | null = null,
): Batch {
  if (batch.length === 1 && batch.weights[0] === 0) return withoutRows(batch);
  if (batch.length < 2) return batch;
  const hashes = hashed === null ? hashRows(batch, width)
    : hashRows(projectColumns(batch, hashed), hashed.length);
  let capacity = 16;
  while (capacity < batch.length * 2) capacity *= 2;
  const mask = capacity - 1;
  const table = new Int32Array(capacity).fill(-1);
  const weights = batch.weights.slice(0, batch.length);
  let merged = false;
  for (let row = 0; row < batch.length; row++) {
    const hash = hashes[row] ?? 0;
    let at = hash & mask;
    for (;;) {
      const other = table[at] ?? -1;
      if (other < 0) {
        table[at] = row;
        break;
      }
      if (hashes[other] === hash && sameRow(batch, other, row, width)) {
        weights[other] = (weights[other] ?? 0) + (weights[row] ?? 0);
        weights[row] = 0;
        merged = true;
        break;
      }
      at = (at + 1) & mask;
    }
  }
  return merged ? compact({ ...batch, weights }) : batch;
}

function withoutRows(batch: Batch): Batch {
  return { ...batch, length: 0 };
}

/** The batch without rows of weight 0. */
function compact(batch: Batch): Batch {
  const rows = new Int32Array(batch.length);
  let count = 0;
  for (let i = 0; i < batch.length; i++) if (batch.weights[i] !== 0) rows[count++] = i;
  return takeRows(batch, rows.subarray(0, count));
}

/** The given rows of a batch, in the given order. */
export function takeRows(batch: Batch, rows: Int32Array): Batch {
  const weights = new Int32Array(rows.length);
  for (let i = 0; i < rows.length; i++) weights[i] = batch.weights[rows[i] ?? 0] ?? 0;
  return {
    length: rows.length, weights, columns: batch.columns.map((column) => takeColumn(column, rows)),
  };
}

function takeColumn(column: Column, rows: Int32Array): Column {
  const count = rows.length;
  const into = makeColumn(column.kind, count);
  if (column.kind === 'i64' && into.kind === 'i64') {
    for (let i = 0; i < count; i++) into.data[i] = column.data[rows[i] ?? 0] ?? 0n;
  } else if (column.kind === 'ref' && into.kind === 'ref') {
    for (let i = 0; i < count; i++) into.data[i] = column.data[rows[i] ?? 0] ?? null;
  } else if (column.kind !== 'i64' && column.kind !== 'ref') {
    const data = into.data as Int32Array;
    for (let i = 0; i < count; i++) data[i] = column.data[rows[i] ?? 0] ?? 0;
  }
  if (column.nulls === null) return into;
  const nulls = new Uint8Array(count);
  for (let i = 0; i < count; i++) nulls[i] = column.nulls[rows[i] ?? 0] ?? 0;
  return { ...into, nulls };
}

/** Rows [from, to) of a batch; shares memory with it. */
export function sliceBatch(batch: Batch, from: number, to: number): Batch {
  if (from === 0 && to >= batch.length) return batch;
  return {
    length: to - from, weights: batch.weights.subarray(from, to),
    columns: batch.columns.map((column) => sliceColumn(column, from, to)),
  };
}

function sliceColumn(column: Column, from: number, to: number): Column {
  const nulls = column.nulls?.subarray(from, to) ?? null;
  switch (column.kind) {
    case 'bool': return { kind: 'bool', data: column.data.subarray(from, to), nulls };
    case 'i32': return { kind: 'i32', data: column.data.subarray(from, to), nulls };
    case 'i64': return { kind: 'i64', data: column.data.subarray(from, to), nulls };
    case 'f64': return { kind: 'f64', data: column.data.subarray(from, to), nulls };
    case 'ref': return { kind: 'ref', data: column.data.slice(from, to), nulls };
    default: return assertNever(column);
  }
}

/** All rows of several batches of the same columns in one. */
export function concatBatches(types: readonly SqlType[], batches: readonly Batch[]): Batch {
  const [first] = batches;
  if (batches.length === 1 && first !== undefined) return first;
  const length = batches.reduce((total, batch) => total + batch.length, 0);
  const weights = new Int32Array(length);
  let at = 0;
  for (const batch of batches) {
    weights.set(batch.weights.subarray(0, batch.length), at);
    at += batch.length;
  }
  const columns = types.map((type, column) => concatColumn(physicalOf(type), batches, column));
  return { length, weights, columns };
}

function concatColumn(kind: Column['kind'], batches: readonly Batch[], at: number): Column {
  const length = batches.reduce((total, batch) => total + batch.length, 0);
  const into = makeColumn(kind, length);
  let nulls: Uint8Array | null = null;
  let offset = 0;
  for (const batch of batches) {
    const from = must(batch.columns[at], 'column');
    if (into.kind === 'ref') {
      for (let i = 0; i < batch.length; i++) into.data[offset + i] = from.data[i] as Value;
    } else {
      (into.data as Int32Array).set((from.data as Int32Array).subarray(0, batch.length), offset);
    }
    if (from.nulls !== null) {
      nulls ??= new Uint8Array(length);
      nulls.set(from.nulls.subarray(0, batch.length), offset);
    }
    offset += batch.length;
  }
  return { ...into, nulls };
}

/** The same rows with opposite weights; columns are shared. */
export function negate(batch: Batch): Batch {
  const weights = new Int32Array(batch.length);
  for (let i = 0; i < batch.length; i++) weights[i] = -(batch.weights[i] ?? 0);
  return { ...batch, weights };
}

/** Chosen columns of a batch; columns are shared. */
export function projectColumns(batch: Batch, columns: readonly number[]): Batch {
  return { ...batch, columns: columns.map((at) => must(batch.columns[at], 'column')) };
}

/** A batch without rows. */
export function emptyBatch(types: readonly SqlType[]): Batch {
  return {
    length: 0, weights: new Int32Array(0),
    columns: types.map((type) => makeColumn(physicalOf(type), 0)),
  };
}
