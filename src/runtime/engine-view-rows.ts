/**
 * What a view's operators put out becomes its rows: one net change, with W_p where it is kept.
 *
 * Part of EpochRun. A view that keeps arrivals takes its changes as tables do: a retraction finds
 * the stored row whatever watermark it met itself.
 */
import { must } from '../common/assert.ts';
import type { Batch, Column } from './batch.ts';
import { concatBatches, consolidate, hasRetraction, negate } from './engine-rows.ts';
import type { ViewRuntime } from './graph-view.ts';
import type { RelationRows } from './relations-rows.ts';
import { withoutLast } from './relations-rows.ts';

/** The net change of a view as one batch, null when there is none. */
function net(view: ViewRuntime, batches: readonly Batch[]): Batch | null {
  if (batches.length === 0) return null;
  const all = concatBatches(view.rows.types, batches);
  const result = batches.some(hasRetraction)
    ? consolidate(all, all.columns.length, view.rows.key) : all;
  return result.length === 0 ? null : result;
}

/** Applies what a view's operators put out; gives its net change, and the W_p of its rows. */
export function taken(
  view: ViewRuntime, batches: readonly Batch[],
): { readonly rows: Batch | null; readonly arrival: Column | null } {
  if (!view.rows.tracksArrival) {
    const rows = net(view, batches);
    if (rows !== null) view.rows.applyDelta(rows);
    return { rows, arrival: null };
  }
  if (batches.length === 0) return { rows: null, arrival: null };
  const all = concatBatches([...view.rows.types, { name: 'int8' }], batches);
  const applied = view.rows.applyChecked(all, (why) => {
    throw new Error(`a row of the view is ${why.kind}`);
  });
  const { net: rows } = must(applied, 'change of a view');
  return rows.length === 0 ? { rows: null, arrival: null }
    : { rows: withoutLast(rows), arrival: must(rows.columns.at(-1), 'arrivals') };
}

/** What takes the rows of the view that was replaced to those of the new one. */
export function difference(view: ViewRuntime, old: RelationRows): Batch {
  const batches: Batch[] = [];
  for (const [rows, sign] of [[old, -1], [view.rows, 1]] as const) {
    const cursor = rows.cursor();
    for (let batch = cursor.next(); batch !== null; batch = cursor.next()) {
      const user = rows.tracksArrival ? withoutLast(batch) : batch;
      batches.push(sign < 0 ? negate(user) : user);
    }
  }
  return consolidate(concatBatches(view.rows.types, batches));
}
