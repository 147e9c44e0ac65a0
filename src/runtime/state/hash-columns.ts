/**
 * Hashes of keys, column by column: the first pass of every keyed operator.
 *
 * A row's hash folds the hashes of its key columns in order. Batches and stores hash alike, so a
 * slot can be found again from its stored key. One loop per kind keeps them monomorphic.
 */
import {
  combineHash, hashFloat64, hashInt32, hashInt64Lanes, hashString, NULL_HASH,
} from '../../common/hash.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { Value } from '../../common/values.ts';
import { hasherOf, keyKindOf } from '../kernels/key-kind.ts';
import type { KeyKind } from '../kernels/key-kind.ts';

/** A column to hash: of a batch or of a store. */
export interface HashColumn {
  readonly data: Uint8Array | Int32Array | BigInt64Array | Float64Array | Value[];
  readonly nulls: Uint8Array | null;
}

/** How a key of some types is hashed. */
export class KeyHasher {
  readonly #kinds: readonly KeyKind[];
  readonly #hashers: readonly ((value: Value) => number)[];

  constructor(types: readonly SqlType[]) {
    this.#kinds = types.map(keyKindOf);
    this.#hashers = types.map(hasherOf);
  }

  /** Writes the hashes of `count` rows; `rows` picks them, null takes 0 .. count - 1. */
  hash(
    columns: readonly HashColumn[], rows: Int32Array | null, count: number, out: Int32Array,
  ): void {
    if (columns.length === 0) out.fill(0, 0, count);
    for (let at = 0; at < columns.length; at++) {
      const column = columns[at] as HashColumn;
      const hasher = this.#hashers[at] as (value: Value) => number;
      hashColumn(column, this.#kinds[at] as KeyKind, hasher, { rows, count, out, first: at === 0 });
    }
  }
}

interface Target {
  readonly rows: Int32Array | null;
  readonly count: number;
  readonly out: Int32Array;
  readonly first: boolean;
}

function hashColumn(
  { data, nulls }: HashColumn, kind: KeyKind, hasher: (value: Value) => number, target: Target,
): void {
  switch (kind) {
    case 'bool': hashSmall(data as Uint8Array, nulls, target); return;
    case 'i32': case 'u32': hashSmall(data as Int32Array, nulls, target); return;
    case 'i64':
      if (nulls === null && target.rows === null) {
        hashAllLanes(lanesOf(data as BigInt64Array), target);
      } else hashLanes(lanesOf(data as BigInt64Array), nulls, target);
      return;
    case 'f64': hashFloats(data as Float64Array, nulls, target); return;
    case 'text': hashTexts(data as string[], nulls, target); return;
    case 'ref': hashRefs(data as Value[], nulls, hasher, target); return;
  }
}

/** The 64-bit integers as pairs of 32-bit lanes, low first. */
export function lanesOf(data: BigInt64Array): Int32Array {
  return new Int32Array(data.buffer, data.byteOffset, data.length * 2);
}

function hashSmall(
  data: Uint8Array | Int32Array, nulls: Uint8Array | null, { rows, count, out, first }: Target,
): void {
  for (let i = 0; i < count; i++) {
    const row = rows === null ? i : rows[i] as number;
    const hash = nulls !== null && nulls[row] === 1 ? NULL_HASH : hashInt32(data[row] as number);
    out[i] = first ? hash : combineHash(out[i] as number, hash);
  }
}

/** As `hashLanes` for all rows of a batch without NULLs; equal neighbours are hashed once. */
function hashAllLanes(data: Int32Array, { count, out, first }: Target): void {
  let low = 0;
  let high = 0;
  let hash = hashInt64Lanes(0, 0);
  for (let i = 0; i < count; i++) {
    const nextLow = data[2 * i] as number;
    const nextHigh = data[2 * i + 1] as number;
    if (nextLow !== low || nextHigh !== high) {
      low = nextLow;
      high = nextHigh;
      hash = hashInt64Lanes(low, high);
    }
    out[i] = first ? hash : combineHash(out[i] as number, hash);
  }
}

function hashLanes(
  data: Int32Array, nulls: Uint8Array | null, { rows, count, out, first }: Target,
): void {
  for (let i = 0; i < count; i++) {
    const row = rows === null ? i : rows[i] as number;
    const hash = nulls !== null && nulls[row] === 1 ? NULL_HASH
      : hashInt64Lanes(data[2 * row] as number, data[2 * row + 1] as number);
    out[i] = first ? hash : combineHash(out[i] as number, hash);
  }
}

function hashFloats(
  data: Float64Array, nulls: Uint8Array | null, { rows, count, out, first }: Target,
): void {
  for (let i = 0; i < count; i++) {
    const row = rows === null ? i : rows[i] as number;
    const hash = nulls !== null && nulls[row] === 1 ? NULL_HASH
      : hashFloat64(data[row] as number);
    out[i] = first ? hash : combineHash(out[i] as number, hash);
  }
}

function hashTexts(
  data: string[], nulls: Uint8Array | null, { rows, count, out, first }: Target,
): void {
  for (let i = 0; i < count; i++) {
    const row = rows === null ? i : rows[i] as number;
    const hash = nulls !== null && nulls[row] === 1 ? NULL_HASH : hashString(data[row] as string);
    out[i] = first ? hash : combineHash(out[i] as number, hash);
  }
}

function hashRefs(
  data: Value[], nulls: Uint8Array | null, hasher: (value: Value) => number,
  { rows, count, out, first }: Target,
): void {
  // Many rows may hold the same array: it is hashed once.
  let last: Value = null;
  let hash = NULL_HASH;
  for (let i = 0; i < count; i++) {
    const row = rows === null ? i : rows[i] as number;
    const value = nulls !== null && nulls[row] === 1 ? null : data[row] as Value;
    if (value !== last) {
      hash = value === null ? NULL_HASH : hasher(value);
      last = value;
    }
    out[i] = first ? hash : combineHash(out[i] as number, hash);
  }
}
