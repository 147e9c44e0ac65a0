/**
 * Identity and serial columns of planned INSERTs: NULLs in them take the next value of the column's
 * sequence, and generated columns are computed anew from the finished row.
 *
 * Rows that stand for several equal ones are taken apart first: each gets a value of its own.
 */
import { must } from '../../common/assert.ts';
import type { Value } from '../../common/values.ts';
import type { Batch, Column } from '../batch.ts';
import { batchOf } from '../batch.ts';
import type { StoredRelation } from '../catalog-store-types.ts';
import { rowValues } from './key-text.ts';
import { expandWeights } from './result.ts';
import type { StatementContext } from './statement-context.ts';

/** The rows with their sequence values; `columns` are the numbers of the identity columns. */
export function withSequenceValues(
  context: StatementContext, table: StoredRelation, columns: readonly number[], given: Batch,
): Batch {
  if (columns.length === 0) return given;
  const source = expandWeights(given);
  const rows = Array.from({ length: source.length }, (_unused, row) =>
    sequenced(context, table, columns, rowValues(source, row)));
  const types = table.columns.map((column) => column.type);
  const filled = batchOf(types, rows);
  const generated = table.columns.flatMap((column, at) =>
    (column.generated === null ? [] : [{ at, expr: column.generated }]));
  if (generated.length === 0) return filled;
  const values = context.evaluator(types).evaluate(generated.map(({ expr }) => expr), filled);
  const all: Column[] = [...filled.columns];
  for (const [n, { at }] of generated.entries()) all[at] = must(values.columns[n], 'generated');
  return { ...filled, columns: all };
}

function sequenced(
  context: StatementContext, table: StoredRelation, columns: readonly number[],
  row: readonly Value[],
): readonly Value[] {
  return row.map((value, at) => {
    if (value !== null || !columns.includes(at)) return value;
    const entry = table.sequences?.find((each) => each.column === at);
    if (entry === undefined) return value;
    const next = context.nextValue(entry.sequence);
    return table.columns[at]?.type.name === 'int8' ? next : Number(next);
  });
}
