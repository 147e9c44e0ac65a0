/**
 * Texts of result columns that only the catalog can write: reg* types and arrays of them.
 *
 * The server has no catalog; it gets these texts along with the rows.
 */
import { formatValue } from '../../common/types/registry.ts';
import { DEFAULT_SETTINGS } from '../../common/types/settings.ts';
import type { FormatSettings, NameLookup } from '../../common/types/settings.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import { must } from '../../common/assert.ts';
import type { ResultColumn } from '../../planner/plans.ts';
import type { Batch } from '../batch.ts';
import { cell } from '../batch.ts';

/** Texts by column and row; null for columns that need none. */
export type ColumnTexts = readonly (readonly (string | null)[] | null)[];

function isNamed(type: SqlType): boolean {
  switch (type.name) {
    case 'regclass': case 'regtype': case 'regproc': case 'regprocedure': case 'regoper':
    case 'regoperator': case 'regnamespace': case 'regrole': case 'regcollation':
    case 'regconfig': case 'regdictionary': return true;
    case 'array': return type.element !== undefined && isNamed(type.element);
    case 'record': return type.fields?.some((field) => isNamed(field.type)) ?? false;
    default: return false;
  }
}

/** Writes the texts of a batch; null when no column needs them. */
export function textsOf(
  columns: readonly ResultColumn[], batch: Batch, names: () => NameLookup,
): ColumnTexts | null {
  if (!columns.some((column) => isNamed(column.type))) return null;
  const settings: FormatSettings = { ...DEFAULT_SETTINGS, names: names() };
  return columns.map(({ type }, at) => {
    if (!isNamed(type)) return null;
    const column = must(batch.columns[at], 'column');
    return Array.from({ length: batch.length }, (_unused, row) =>
      formatValue(cell(column, row), type, settings));
  });
}
