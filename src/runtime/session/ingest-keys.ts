/**
 * Unique keys of rows that come in over HTTP; the caller holds the table alone.
 */
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import type { Value } from '../../common/values.ts';
import type { Batch } from '../batch.ts';
import type { StoredRelation } from '../catalog-store-types.ts';
import type { EngineCoreFace } from '../engine-core.ts';
import { duplicateKey } from './constraints.ts';
import { ExtraKeyRows, extraKeysOf } from './extra-keys.ts';
import { keyText, rowValues } from './key-text.ts';
import { takeKeys } from './table-changes.ts';
import { TableKeys } from './table-keys.ts';

/** 23505 where rows from outside share a unique key; the primary key is looked at at commit. */
export function refuseTaken(core: EngineCoreFace, table: StoredRelation, rows: Batch): void {
  const replaces = table.onConflict !== null && table.primaryKey !== null;
  for (const key of table.uniqueKeys) {
    const taken = new TableKeys({ core, table, key, stored: true, uncommitted: [] });
    if (!replaces) takeKeys(table, key, taken, rows);
    else refuseOthersKeys(taken, table, key, rows);
  }
  for (const key of extraKeysOf(table)) {
    if (replaces) {
      throw sqlError('0A000', `table "${table.name}" has ON CONFLICT and a unique key that ingest `
        + 'does not know', { hint: 'Use INSERT.' });
    }
    const evaluation = { ...PLAIN_SETTINGS, now: 0n };
    new ExtraKeyRows({ core, evaluation, stored: true, uncommitted: [] }, table, key).take(rows);
  }
}

/** A row may have the keys of the row whose place it takes. */
function refuseOthersKeys(
  taken: TableKeys, table: StoredRelation, key: readonly number[], rows: Batch,
): void {
  const primary = must(table.primaryKey, 'primary key');
  const types = primary.map((at) => must(table.columns[at], 'key column').type);
  const primaryText = (row: readonly Value[]): string | null =>
    keyText(primary.map((at) => row[at] ?? null), types);
  for (let at = 0; at < rows.length; at++) {
    const row = rowValues(rows, at);
    const other = taken.find(row);
    if (other !== null && primaryText(other) !== primaryText(row)) {
      throw duplicateKey(table, key, taken.keyOf(row));
    }
    taken.set(row, true);
  }
}

const PLAIN_SETTINGS = {
  timeZone: 'UTC', dateStyle: 'ISO, MDY', intervalStyle: 'postgres', extraFloatDigits: 1,
} as const;
