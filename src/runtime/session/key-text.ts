/**
 * Texts that are equal exactly when keys are equal, for the bookkeeping of one transaction.
 *
 * Only for rows a transaction itself touches (conflicts, repeated updates): never for state.
 */
import { must } from '../../common/assert.ts';
import { formatValue } from '../../common/types/registry.ts';
import { DEFAULT_SETTINGS } from '../../common/types/settings.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { Value } from '../../common/values.ts';
import type { Batch } from '../batch.ts';
import { cell } from '../batch.ts';

/** The key text of a tuple, or null when a part is NULL (such a key equals nothing). */
export function keyText(values: readonly Value[], types: readonly SqlType[]): string | null {
  let text = '';
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? null;
    if (value === null) return null;
    const part = partText(value, must(types[i], 'key type'));
    text += `${part.length}:${part}`;
  }
  return text;
}

/** The text of a whole row, NULLs included. */
export function rowText(values: readonly Value[], types: readonly SqlType[]): string {
  let text = '';
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? null;
    const part = value === null ? null : partText(value, must(types[i], 'row type'));
    text += part === null ? '-' : `${part.length}:${part}`;
  }
  return text;
}

function partText(value: Value, type: SqlType): string {
  if (typeof value === 'string') return type.name === 'bpchar' ? value.trimEnd() : value;
  if (typeof value === 'number') return String(value === 0 ? 0 : value);
  if (typeof value === 'bigint') return value.toString();
  const text = formatValue(value, type, DEFAULT_SETTINGS) ?? '';
  if (type.name === 'numeric' && text.includes('.')) return text.replace(/\.?0+$/, '');
  return text;
}

/** The values of a batch row at these columns. */
export function valuesAt(batch: Batch, row: number, columns: readonly number[]): Value[] {
  return columns.map((column) => cell(must(batch.columns[column], 'column'), row));
}

/** All values of a batch row. */
export function rowValues(batch: Batch, row: number): Value[] {
  return batch.columns.map((column) => cell(column, row));
}
