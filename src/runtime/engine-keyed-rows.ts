/**
 * Rows that come in as changes of a keyed table: which replace, which are passed over.
 *
 * Part of EpochRun. Of rows with one key the last counts, or the first where taken keys are passed
 * over. Changes nothing itself.
 */
import { must } from '../common/assert.ts';
import type { Batch, Column } from './batch.ts';
import { concatBatches, consolidate, hasRetraction, negate, takeRows } from './engine-rows.ts';
import type { RelationRows } from './relations-rows.ts';

/**
 * Rows from outside as changes of a keyed table: the last row of a key replaces what is stored.
 * `arrival` becomes the last column where the table keeps arrivals.
 */
export function replacing(rows: RelationRows, batch: Batch, arrival: Column | null): Batch {
  const whole = withArrivals(batch, arrival);
  if (rows.key === null) return whole;
  const last = lastOfEachKey(rows.key, batch);
  const named = takeRows(whole, last);
  const added = hasRetraction(named) ? takeRows(whole, last.filter((row) =>
    (batch.weights[row] ?? 0) > 0)) : named;
  const stored = rows.storedByKey(named);
  if (stored === null || stored.length === 0) return added;
  const gone = negate(stored);
  const filled = arrival === null ? gone
    : { ...gone, columns: [...gone.columns, blankArrivals(gone.length)] };
  const types = arrival === null ? rows.types : [...rows.types, { name: 'int8' } as const];
  return concatBatches(types, [filled, added]);
}

/** The last row of each key of a batch, where it is not taken away. */
export function lastRows(rows: RelationRows, batch: Batch, arrival: Column | null): Batch {
  const whole = withArrivals(batch, rows.tracksArrival ? arrival : null);
  if (rows.key === null) return whole;
  return takeRows(whole, lastOfEachKey(rows.key, batch).filter((row) =>
    (batch.weights[row] ?? 0) > 0));
}

/** The rows of a change whose key is free; the first of each key. */
export function skipping(rows: RelationRows, batch: Batch, arrival: Column | null): Batch {
  const whole = withArrivals(batch, arrival);
  return rows.key === null ? whole : takeRows(whole, rows.freeRows(rows.key, batch));
}

/** A batch with its arrivals behind, where there are any. */
export function withArrivals(batch: Batch, arrival: Column | null): Batch {
  return arrival === null ? batch : { ...batch, columns: [...batch.columns, arrival] };
}

function blankArrivals(length: number): Column {
  return { kind: 'i64', data: new BigInt64Array(length), nulls: new Uint8Array(length).fill(1) };
}

/** Row numbers, ascending, of the last row of each key. */
function lastOfEachKey(key: readonly number[], batch: Batch): Int32Array {
  const keys: Batch = {
    ...batch, weights: new Int32Array(batch.length).fill(1),
    columns: key.map((at) => must(batch.columns[at], 'key')),
  };
  const backwards = new Int32Array(batch.length);
  for (let i = 0; i < batch.length; i++) backwards[i] = batch.length - 1 - i;
  const numbers = { kind: 'i32', data: backwards, nulls: null } as const;
  const reversed = takeRows(keys, backwards);
  const firsts = consolidate(
    { ...reversed, columns: [...reversed.columns, numbers] }, key.length);
  const rows = must(firsts.columns.at(-1), 'row numbers').data as Int32Array;
  return rows.slice(0, firsts.length).sort();
}
