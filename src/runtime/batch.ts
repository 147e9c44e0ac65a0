/**
 * CONTRACT. A batch: columns and weights; the only form in which rows move through the runtime.
 *
 * A batch is immutable once handed on. Physical kinds are those of common/types/sql-type.ts. A row
 * with weight w stands for w equal rows (w < 0: retractions); weight 0 does not occur.
 */
import type { Value } from '../common/values.ts';
import type { Physical, SqlType } from '../common/types/sql-type.ts';
import { physicalOf } from '../common/types/sql-type.ts';
import { assertNever, must } from '../common/assert.ts';

/** A column of `length` values; `nulls[i]` is 1 where the value is NULL; null means none is. */
export type Column =
  | { readonly kind: 'bool'; readonly data: Uint8Array; readonly nulls: Uint8Array | null }
  | { readonly kind: 'i32'; readonly data: Int32Array; readonly nulls: Uint8Array | null }
  | { readonly kind: 'i64'; readonly data: BigInt64Array; readonly nulls: Uint8Array | null }
  | { readonly kind: 'f64'; readonly data: Float64Array; readonly nulls: Uint8Array | null }
  /** NULL is `null` in `data` and 1 in `nulls`. */
  | { readonly kind: 'ref'; readonly data: Value[]; readonly nulls: Uint8Array | null };

/** Rows in columns. Arrays may be longer than `length`; what lies beyond is undefined. */
export interface Batch {
  readonly length: number;
  readonly columns: readonly Column[];
  readonly weights: Int32Array;
}

/** A new column for `capacity` values without NULLs. */
export function makeColumn(kind: Physical, capacity: number): Column {
  switch (kind) {
    case 'bool': return { kind, data: new Uint8Array(capacity), nulls: null };
    case 'i32': return { kind, data: new Int32Array(capacity), nulls: null };
    case 'i64': return { kind, data: new BigInt64Array(capacity), nulls: null };
    case 'f64': return { kind, data: new Float64Array(capacity), nulls: null };
    case 'ref': return { kind, data: nullRefs(capacity), nulls: null };
    default: return assertNever(kind);
  }
}

/** References, all null. `Array.from` costs 20 times as much. */
export function nullRefs(length: number): Value[] {
  const refs: Value[] = [];
  refs.length = length;
  return refs.fill(null);
}

/** Value of a cell. For edges and tests, never for a hot path. */
export function cell(column: Column, row: number): Value {
  if (column.nulls !== null && column.nulls[row] === 1) return null;
  const value = column.data[row];
  return column.kind === 'bool' ? value === 1 : (value ?? null);
}

/** A batch from rows of values. For edges and tests, never for a hot path. */
export function batchOf(
  types: readonly SqlType[], rows: readonly (readonly Value[])[], weights?: readonly number[],
): Batch {
  const columns = types.map((type, at) => columnOf(type, rows, at));
  const weight = new Int32Array(rows.length);
  for (let i = 0; i < rows.length; i++) weight[i] = weights === undefined ? 1 : (weights[i] ?? 0);
  return { length: rows.length, columns, weights: weight };
}

function columnOf(type: SqlType, rows: readonly (readonly Value[])[], at: number): Column {
  const column = makeColumn(physicalOf(type), rows.length);
  let nulls: Uint8Array | null = null;
  for (let i = 0; i < rows.length; i++) {
    const value = must(rows[i], 'row')[at] ?? null;
    if (value === null) (nulls ??= new Uint8Array(rows.length))[i] = 1;
    setCell(column, i, value);
  }
  return { ...column, nulls };
}

/** Writes a value (NULL: the kind's zero; the caller keeps the mask). Not for hot paths. */
export function setCell(column: Column, row: number, value: Value): void {
  switch (column.kind) {
    case 'bool': column.data[row] = value === true ? 1 : 0; return;
    case 'i32': column.data[row] = typeof value === 'number' ? value : 0; return;
    case 'i64': column.data[row] = typeof value === 'bigint' ? value : 0n; return;
    case 'f64': column.data[row] = typeof value === 'number' ? value : 0; return;
    case 'ref': column.data[row] = value; return;
    default: assertNever(column);
  }
}
