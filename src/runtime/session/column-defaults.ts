/**
 * Fills in the columns of new rows that were not given: defaults, identity, generated columns.
 *
 * For rows that do not come from a planned INSERT (COPY, HTTP ingest); the planner does the same
 * for INSERT by putting the expressions into its source query.
 */
import { must } from '../../common/assert.ts';
import { defaultExprOf } from '../../planner/functions/domain.ts';
import type { ScalarExpr } from '../../planner/relation.ts';
import type { Batch, Column } from '../batch.ts';
import { batchOf, makeColumn } from '../batch.ts';
import { physicalOf } from '../../common/types/sql-type.ts';
import type { StoredRelation } from '../catalog-store-types.ts';
import type { StatementContext } from './statement-context.ts';
import { typesOf } from './table-changes.ts';

/** Rows with all columns of the table; `given` holds the columns numbered `columns`. */
export function completeRows(
  context: StatementContext, table: StoredRelation, columns: readonly number[], given: Batch,
): Batch {
  const count = given.length;
  const all: Column[] = table.columns.map((column, at) => {
    const from = columns.indexOf(at);
    if (from >= 0) return must(given.columns[from], 'given column');
    const sequence = table.sequences?.find((entry) => entry.column === at);
    if (sequence !== undefined) return sequenceColumn(context, table, sequence, count);
    const value = defaultExprOf(column);
    if (value !== null) return evaluated(context, value, given);
    const nulls = new Uint8Array(count).fill(1);
    return { ...makeColumn(physicalOf(column.type), count), nulls };
  });
  const rows: Batch = { length: count, columns: all, weights: given.weights };
  const generated = table.columns.flatMap((column, at) => column.generated === null ? []
    : [{ at, expr: column.generated }]);
  if (generated.length === 0) return rows;
  const values = context.evaluator(typesOf(table))
    .evaluate(generated.map(({ expr }) => expr), rows);
  for (const [n, { at }] of generated.entries()) all[at] = must(values.columns[n], 'generated');
  return { length: count, columns: all, weights: given.weights };
}

function evaluated(context: StatementContext, expr: ScalarExpr, rows: Batch): Column {
  const none: Batch = { length: rows.length, columns: [], weights: rows.weights };
  return must(context.evaluator([]).evaluate([expr], none).columns[0], 'default');
}

function sequenceColumn(
  context: StatementContext, table: StoredRelation,
  of: { readonly column: number; readonly sequence: number }, count: number,
): Column {
  const { type } = must(table.columns[of.column], 'identity column');
  const rows = Array.from({ length: count }, () => {
    const next = context.nextValue(of.sequence);
    return [type.name === 'int8' ? next : Number(next)];
  });
  return must(batchOf([type], rows).columns[0], 'identity column');
}
