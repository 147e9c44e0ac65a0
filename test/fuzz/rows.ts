/**
 * Rows as text on both sides, and when two multisets of them are equal: exactly, or up to the ways
 * of writing equal values that no query promises (1.0 and 1.00 in one group, the last digit of a
 * float that is a sum in another order).
 */
import { must } from '../../src/common/assert.ts';
import { DEFAULT_SETTINGS } from '../../src/common/types/settings.ts';
import { formatValue } from '../../src/common/types/registry.ts';
import type { ResultColumn } from '../../src/planner/plans.ts';
import { cell } from '../../src/runtime/batch.ts';
import type { Batch } from '../../src/runtime/batch.ts';

/** Between rows in PostgreSQL's answer: longer than what chr() of a column could make. */
export const ROW_END = '\u0001end of row\u0001';

/** A row as PostgreSQL writes a record. */
export function recordText(values: readonly (string | null)[]): string {
  return `(${values.map((value) => {
    if (value === null) return '';
    if (value !== '' && !/["\\(),\s]/.test(value)) return value;
    return `"${value.replaceAll(/["\\]/g, (found) => found + found)}"`;
  }).join(',')})`;
}

/** The rows of a batch as records. */
export function batchRecords(
  batch: Batch, columns: readonly Pick<ResultColumn, 'type'>[],
): string[] {
  const rows: string[] = [];
  for (let row = 0; row < batch.length; row++) {
    rows.push(recordText(columns.map(({ type }, at) => {
      const value = cell(must(batch.columns[at], 'column'), row);
      return value === null ? null : formatValue(value, type, DEFAULT_SETTINGS);
    })));
  }
  return rows;
}

/** Numbers in a text to ten digits, without zeros behind them; a sign before zero goes. */
function normalized(record: string): string {
  return record.replaceAll(/-?\d+(?:\.\d+)?(?:e[+-]?\d+)?/g, (text) => {
    if (!/[.e]/.test(text)) return text === '-0' ? '0' : text;
    const digits = /^-?\d+\.\d+$/.test(text) && text.length > 25 ? text.slice(0, 25) : text;
    const rounded = Number(digits).toPrecision(10);
    return String(Number(rounded) === 0 || Math.abs(Number(rounded)) < 1e-12 ? 0 : Number(rounded));
  });
}

/** How two answers compare: `alike` when only the writing of equal values differs. */
export type Comparison = 'equal' | 'alike' | 'different';

/** Compares two multisets of records. */
export function compareRows(ours: readonly string[], theirs: readonly string[]): Comparison {
  if (ours.length !== theirs.length) return 'different';
  const [left, right] = [ours.toSorted(), theirs.toSorted()];
  if (left.every((each, at) => each === right[at])) return 'equal';
  const other = right.map(normalized).toSorted();
  return left.map(normalized).toSorted().every((each, at) => each === other[at]) ? 'alike'
    : 'different';
}
