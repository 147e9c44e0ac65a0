/**
 * Fields of record values.
 */
import type { ScalarExpr } from './relation.ts';

/** The fields of a record as expressions. */
export function rowFields(row: ScalarExpr): readonly ScalarExpr[] {
  if (row.kind === 'record') return row.fields;
  return (row.type.fields ?? []).map((field, index) => ({
    kind: 'field', arg: row, index, type: field.type,
  }));
}
