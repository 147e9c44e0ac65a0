/**
 * Comparing and stacking columns of results: what an aggregate's flush needs.
 */
import { assertNever } from '../../common/assert.ts';
import type { Value } from '../../common/values.ts';
import { makeColumn } from '../batch.ts';
import type { Column } from '../batch.ts';
import { identical } from '../kernels/key-kind.ts';
import { lanesOf } from '../state/hash-columns.ts';
import type { SourceColumn } from '../state/transfer.ts';
import { gatherInto, gatherNulls } from '../state/transfer.ts';

/** Marks the rows in which two columns of one kind are not identical. */
export function markChanges(a: Column, b: Column, count: number, changed: Uint8Array): void {
  const [x, y] = [a.nulls, b.nulls];
  if (x !== null || y !== null) {
    for (let i = 0; i < count; i++) {
      if ((x?.[i] ?? 0) !== (y?.[i] ?? 0)) changed[i] = 1;
    }
  }
  switch (a.kind) {
    case 'bool': case 'i32': markNumbers(a.data, b.data as Int32Array, count, changed); break;
    case 'i64': markLanes(a.data, b.data as BigInt64Array, count, changed); break;
    case 'f64': markFloats(a.data, b.data as Float64Array, count, changed); break;
    case 'ref': markRefs(a.data, b.data as Value[], count, changed); break;
    default: assertNever(a);
  }
}

function markNumbers(
  a: Int32Array | Uint8Array, b: Int32Array | Uint8Array, count: number, changed: Uint8Array,
): void {
  for (let i = 0; i < count; i++) if (a[i] !== b[i]) changed[i] = 1;
}

function markLanes(a: BigInt64Array, b: BigInt64Array, count: number, changed: Uint8Array): void {
  const [x, y] = [lanesOf(a), lanesOf(b)];
  for (let i = 0; i < count; i++) {
    if (x[2 * i] !== y[2 * i] || x[2 * i + 1] !== y[2 * i + 1]) changed[i] = 1;
  }
}

function markFloats(a: Float64Array, b: Float64Array, count: number, changed: Uint8Array): void {
  for (let i = 0; i < count; i++) if (!Object.is(a[i], b[i])) changed[i] = 1;
}

function markRefs(a: Value[], b: Value[], count: number, changed: Uint8Array): void {
  for (let i = 0; i < count; i++) {
    if (changed[i] === 0 && !identical(a[i] ?? null, b[i] ?? null)) changed[i] = 1;
  }
}

/** The cells of one column at some places, then those of another. */
export function stackColumns(
  first: SourceColumn, firstPlaces: Int32Array, second: SourceColumn, secondPlaces: Int32Array,
): Column {
  const split = firstPlaces.length;
  const length = split + secondPlaces.length;
  const to = makeColumn(first.kind, length);
  gatherInto(first, { places: firstPlaces, count: split }, to, 0);
  gatherInto(second, { places: secondPlaces, count: secondPlaces.length }, to, split);
  const a = first.nulls === null ? null : gatherNulls(first.nulls, firstPlaces, split);
  const b = second.nulls === null ? null
    : gatherNulls(second.nulls, secondPlaces, secondPlaces.length);
  if (a === null && b === null) return to;
  const nulls = new Uint8Array(length);
  if (a !== null) nulls.set(a, 0);
  if (b !== null) nulls.set(b, split);
  return { ...to, nulls };
}
