/**
 * Which rows an UPDATE or DELETE is about, each as often as the table has it.
 *
 * A join with FROM or USING may match a row several times: the first match counts. Rows that
 * another part of the same statement has already changed are left alone.
 */
import { must } from '../../common/assert.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { CatalogRelation } from '../../planner/catalog.ts';
import type { Batch } from '../batch.ts';
import { rowText, valuesAt } from './key-text.ts';
import { expandWeights, pickRows } from './result.ts';
import type { StatementContext } from './statement-context.ts';

/** The rows of a change: the table's columns first, one row for each row of the table. */
export function targetRows(
  context: StatementContext, table: CatalogRelation, joins: boolean, batches: readonly Batch[],
): readonly Batch[] {
  const plain = batches.map(expandWeights);
  const once = joins ? onePerTarget(context, table, plain) : plain;
  return context.frozen ? untouched(context, table, once) : once;
}

function onePerTarget(
  context: StatementContext, table: CatalogRelation, batches: readonly Batch[],
): readonly Batch[] {
  const { columns, types } = identity(table, table.primaryKey);
  const copies = table.primaryKey === null ? copiesOf(context, table) : null;
  const seen = new Set<string>();
  return batches.map((batch) => {
    const kept: number[] = [];
    for (let row = 0; row < batch.length; row++) {
      const text = rowText(valuesAt(batch, row, columns), types);
      if (seen.has(text)) continue;
      seen.add(text);
      for (let n = copies?.get(text) ?? 1; n > 0; n--) kept.push(row);
    }
    return pickRows(batch, Int32Array.from(kept));
  });
}

/** How often the table has each of its rows. */
function copiesOf(
  context: StatementContext, table: CatalogRelation,
): ReadonlyMap<string, number> {
  const { columns, types } = identity(table, null);
  const counts = new Map<string, number>();
  for (const batch of context.snapshot(table.id)) {
    for (let row = 0; row < batch.length; row++) {
      const text = rowText(valuesAt(batch, row, columns), types);
      counts.set(text, (counts.get(text) ?? 0) + must(batch.weights[row], 'weight'));
    }
  }
  return counts;
}

function identity(table: CatalogRelation, key: readonly number[] | null): {
  readonly columns: readonly number[]; readonly types: readonly SqlType[];
} {
  const columns = key ?? table.columns.map((_column, at) => at);
  return { columns, types: columns.map((at) => must(table.columns[at], 'column').type) };
}

/** Leaves out what the statement has changed before, and notes what it changes now. */
function untouched(
  context: StatementContext, table: CatalogRelation, batches: readonly Batch[],
): readonly Batch[] {
  const { columns, types } = identity(table, null);
  const removed = context.removed.get(table.id) ?? new Map<string, number>();
  const now = new Map<string, number>();
  const kept = batches.map((batch) => {
    const rows: number[] = [];
    for (let row = 0; row < batch.length; row++) {
      const text = rowText(valuesAt(batch, row, columns), types);
      const before = removed.get(text) ?? 0;
      if (before > 0) {
        removed.set(text, before - 1);
        continue;
      }
      now.set(text, (now.get(text) ?? 0) + 1);
      rows.push(row);
    }
    return rows.length === batch.length ? batch : pickRows(batch, Int32Array.from(rows));
  });
  for (const [text, count] of now) removed.set(text, (removed.get(text) ?? 0) + count);
  context.removed.set(table.id, removed);
  return kept;
}
