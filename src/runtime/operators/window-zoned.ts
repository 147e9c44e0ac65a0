/**
 * Assigns windows in a time zone: input columns ++ window_start, window_end, window_time.
 *
 * As window.ts does for windows of fixed length; which windows there are is known by
 * common/types/zoned-windows.ts. No state; weights pass.
 */
import { must } from '../../common/assert.ts';
import { zonedWindows } from '../../common/types/zoned-windows.ts';
import type { ZonedWindow } from '../../common/types/zoned-windows.ts';
import type { DataflowNode } from '../../planner/dataflow.ts';
import type { Batch, Column } from '../batch.ts';
import { gather } from '../state/transfer.ts';

const TIME_MAX = 2n ** 63n - 1n;
const TIME_MIN = -(2n ** 63n);

/** The batch with its windows, or null when no row is in any. */
export function assignZoned(
  node: DataflowNode & { kind: 'window' }, window: ZonedWindow, batch: Batch,
): Batch | null {
  const times = must(batch.columns[node.timeColumn], 'time column');
  const rows: number[] = [];
  const starts: bigint[] = [];
  const ends: bigint[] = [];
  for (let row = 0; row < batch.length; row++) {
    const time = momentAt(times, row);
    if (time === null || time === TIME_MAX || time === TIME_MIN) continue;
    const open = openAfter(node, batch, row);
    for (const [start, end] of zonedWindows(window, time)) {
      if (open !== null && end <= open) continue;
      rows.push(row);
      starts.push(start);
      ends.push(end);
    }
  }
  if (rows.length === 0) return null;
  const places = Int32Array.from(rows);
  return {
    length: rows.length, weights: Int32Array.from(rows, (row) => batch.weights[row] ?? 0),
    columns: [...batch.columns.map((column) => gather(column, places, rows.length)),
      timeColumn(starts), timeColumn(ends), timeColumn(ends.map((end) => end - 1n))],
  };
}

function momentAt(column: Column, row: number): bigint | null {
  if (column.kind !== 'i64' || (column.nulls !== null && column.nulls[row] === 1)) return null;
  return column.data[row] ?? null;
}

/** Windows that end after this are open to the row; null: all. */
function openAfter(
  { arrival, allowedLateness }: DataflowNode & { kind: 'window' }, batch: Batch, row: number,
): bigint | null {
  if (arrival === null) return null;
  const met = momentAt(must(batch.columns[arrival], 'arrival column'), row);
  return met === null ? null : met - allowedLateness;
}

function timeColumn(times: readonly bigint[]): Column {
  return { kind: 'i64', data: BigInt64Array.from(times), nulls: null };
}
