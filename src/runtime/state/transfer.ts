/**
 * Moves cells between batches and stores, a column at a time.
 *
 * `rows` and `slots` are lists of places; the arrays of the target must have room. A NULL leaves
 * its mask 1 and the cell's zero behind, so that stored keys compare by value alone.
 */
import { assertNever } from '../../common/assert.ts';
import type { Value } from '../../common/values.ts';
import { makeColumn } from '../batch.ts';
import type { Batch, Column } from '../batch.ts';
import type { RowStore, StoreColumnData } from './row-store.ts';

/** A column to read from: of a batch or of a store. */
export type SourceColumn = Column | StoreColumnData;

/** Writes rows of a column (`rows` null: 0 .. count - 1) into slots of a store column. */
export function scatter(
  from: Column, rows: Int32Array | null, to: StoreColumnData,
  { slots, count }: { readonly slots: Int32Array; readonly count: number },
): void {
  const { data } = to;
  switch (from.kind) {
    case 'bool': scatterSmall(from.data, rows, data as Uint8Array, slots, count); break;
    case 'i32': scatterSmall(from.data, rows, data as Int32Array, slots, count); break;
    case 'i64': scatterBig(from.data, rows, data as BigInt64Array, slots, count); break;
    case 'f64': scatterFloat(from.data, rows, data as Float64Array, slots, count); break;
    case 'ref': scatterRef(from.data, rows, data as Value[], slots, count); break;
    default: assertNever(from);
  }
  if (to.nulls !== null) scatterNulls(from.nulls, rows, to, slots, count);
}

/**
 * As `scatter` of the first `count` rows, for consecutive slots that were never used before: whole
 * runs are copied, and masks need no zeros.
 */
export function copyRun(
  from: Column, to: StoreColumnData, slots: Int32Array, count: number,
): void {
  const first = slots[0] as number;
  const { data } = to;
  switch (from.kind) {
    case 'bool': (data as Uint8Array).set(from.data.subarray(0, count), first); break;
    case 'i32': (data as Int32Array).set(from.data.subarray(0, count), first); break;
    case 'i64': (data as BigInt64Array).set(from.data.subarray(0, count), first); break;
    case 'f64': (data as Float64Array).set(from.data.subarray(0, count), first); break;
    case 'ref': scatterRef(from.data, null, data as Value[], slots, count); break;
    default: assertNever(from);
  }
  if (to.nulls !== null && from.nulls !== null) {
    scatterNulls(from.nulls, null, to, slots, count);
  }
}

type Scatter<A> = (
  ...args: [from: A, rows: Int32Array | null, to: A, slots: Int32Array, count: number]
) => void;

const scatterSmall: Scatter<Uint8Array | Int32Array> = (...[from, rows, to, slots, count]) => {
  for (let i = 0; i < count; i++) {
    to[slots[i] as number] = from[rows === null ? i : rows[i] as number] as number;
  }
};

const scatterBig: Scatter<BigInt64Array> = (...[from, rows, to, slots, count]) => {
  for (let i = 0; i < count; i++) {
    to[slots[i] as number] = from[rows === null ? i : rows[i] as number] as bigint;
  }
};

const scatterFloat: Scatter<Float64Array> = (...[from, rows, to, slots, count]) => {
  for (let i = 0; i < count; i++) {
    to[slots[i] as number] = from[rows === null ? i : rows[i] as number] as number;
  }
};

const scatterRef: Scatter<Value[]> = (...[from, rows, to, slots, count]) => {
  for (let i = 0; i < count; i++) {
    to[slots[i] as number] = from[rows === null ? i : rows[i] as number] as Value;
  }
};

function scatterNulls(
  from: Uint8Array | null, rows: Int32Array | null, to: StoreColumnData,
  ...[slots, count]: [Int32Array, number]
): void {
  const nulls = to.nulls as Uint8Array;
  if (from === null) {
    for (let i = 0; i < count; i++) nulls[slots[i] as number] = 0;
    return;
  }
  for (let i = 0; i < count; i++) {
    const slot = slots[i] as number;
    const isNull = from[rows === null ? i : rows[i] as number] as number;
    nulls[slot] = isNull;
    if (isNull === 1) zeroCell(to, slot);
  }
}

/** Writes the zero of a column's kind, as a NULL has it. */
export function zeroCell(to: StoreColumnData, slot: number): void {
  switch (to.kind) {
    case 'bool': to.bool[slot] = 0; return;
    case 'i32': to.i32[slot] = 0; return;
    case 'f64': to.f64[slot] = 0; return;
    case 'i64': to.i64[slot] = 0n; return;
    case 'ref': to.ref[slot] = null; return;
    default: assertNever(to.kind);
  }
}

/** A new column with the cells at `places` of a column; place -1 gives NULL. */
export function gather(from: SourceColumn, places: Int32Array, count: number): Column {
  // References need no filling before they are written: a third of the time for text.
  const to: Column = from.kind === 'ref'
    ? { kind: 'ref', data: gatherFresh(from.data as Value[], places, count), nulls: null }
    : makeColumn(from.kind, count);
  if (from.kind !== 'ref') gatherInto(from, { places, count }, to, 0);
  const nulls = gatherNulls(from.nulls, places, count);
  return nulls === null ? to : { ...to, nulls };
}

/** Copies the cells at `places` (-1: left alone) to `offset` and on; masks are not touched. */
export function gatherInto(
  from: SourceColumn, { places, count }: { readonly places: Int32Array; readonly count: number },
  to: Column, offset: number,
): void {
  switch (to.kind) {
    case 'bool': gatherSmall(from.data as Uint8Array, places, to.data, offset, count); return;
    case 'i32': gatherSmall(from.data as Int32Array, places, to.data, offset, count); return;
    case 'i64': gatherBig(from.data as BigInt64Array, places, to.data, offset, count); return;
    case 'f64': gatherFloat(from.data as Float64Array, places, to.data, offset, count); return;
    case 'ref': gatherRef(from.data as Value[], places, to.data, offset, count); return;
    default: assertNever(to);
  }
}

type Gather<A> = (
  ...args: [from: A, places: Int32Array, to: A, offset: number, count: number]
) => void;

const gatherSmall: Gather<Uint8Array | Int32Array> = (...[from, places, to, offset, count]) => {
  for (let i = 0; i < count; i++) {
    const place = places[i] as number;
    if (place >= 0) to[offset + i] = from[place] as number;
  }
};

const gatherBig: Gather<BigInt64Array> = (...[from, places, to, offset, count]) => {
  for (let i = 0; i < count; i++) {
    const place = places[i] as number;
    if (place >= 0) to[offset + i] = from[place] as bigint;
  }
};

const gatherFloat: Gather<Float64Array> = (...[from, places, to, offset, count]) => {
  for (let i = 0; i < count; i++) {
    const place = places[i] as number;
    if (place >= 0) to[offset + i] = from[place] as number;
  }
};

const gatherRef: Gather<Value[]> = (...[from, places, to, offset, count]) => {
  for (let i = 0; i < count; i++) {
    const place = places[i] as number;
    if (place >= 0) to[offset + i] = from[place] as Value;
  }
};

function gatherFresh(from: Value[], places: Int32Array, count: number): Value[] {
  const to: Value[] = [];
  for (let i = 0; i < count; i++) {
    const place = places[i] as number;
    to.push(place >= 0 ? from[place] as Value : null);
  }
  return to;
}

/** The NULL mask of gathered cells, or null when none is NULL. */
export function gatherNulls(
  nulls: Uint8Array | null, places: Int32Array, count: number,
): Uint8Array | null {
  let out: Uint8Array | null = null;
  for (let i = 0; i < count; i++) {
    const place = places[i] as number;
    if (place >= 0 && (nulls === null || nulls[place] === 0)) continue;
    out ??= new Uint8Array(count);
    out[i] = 1;
  }
  return out;
}

/** Whether any of the first `count` cells is marked NULL. */
export function hasNull(nulls: Uint8Array | null, count: number): boolean {
  if (nulls === null) return false;
  for (let i = 0; i < count; i++) if (nulls[i] === 1) return true;
  return false;
}

/** A batch of some rows of a batch, with their weights. */
export function pickRows(batch: Batch, rows: Int32Array, count: number): Batch {
  const weights = new Int32Array(count);
  for (let i = 0; i < count; i++) weights[i] = batch.weights[rows[i] as number] as number;
  return {
    length: count, weights, columns: batch.columns.map((column) => gather(column, rows, count)),
  };
}

/** The columns of some slots of a store; `columns` are numbers of store columns. */
export function gatherSlots(
  store: RowStore, columns: readonly number[], slots: Int32Array, count: number,
): Column[] {
  return columns.map((at) => gather(store.column(at), slots, count));
}
