/**
 * The values of a column that ALTER TABLE adds, where each row gets one of its own: volatile
 * defaults and identities.
 *
 * The rows are changed like those of an UPDATE, after the column is there: what the log holds are
 * the values, not what they came from.
 */
import { must } from '../../common/assert.ts';
import { consolidate, concatBatches } from '../engine-rows.ts';
import { checkRows } from './constraints.ts';
import { completeRows } from './column-defaults.ts';
import { expandWeights } from './result.ts';
import type { StatementContext } from './statement-context.ts';
import { typesOf } from './table-changes.ts';

/** Fills the last column of a table for the rows there are. */
export function fillColumn(context: StatementContext, id: number): void {
  const table = must(context.transaction.catalog.relation(id), 'table');
  const types = typesOf(table);
  const old = expandWeights(consolidate(concatBatches(types, [...context.snapshot(id)])));
  if (old.length === 0) return;
  const given = types.length - 1;
  const kept = [...types.keys()].filter((at) => at < given);
  const fresh = completeRows(context, table, kept, {
    ...old, columns: old.columns.slice(0, given),
  });
  checkRows(table, fresh, context.evaluator(types));
  context.transaction.change(id, { ...old, weights: new Int32Array(old.length).fill(-1) });
  context.transaction.change(id, { ...fresh, weights: new Int32Array(old.length).fill(1) });
}
