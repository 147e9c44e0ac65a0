/**
 * New rows against the domains of their columns, whichever way they come in.
 *
 * The planner checks what it casts; this is for rows that are read without it (COPY, HTTP), and for
 * columns that were left out.
 */
import { must } from '../common/assert.ts';
import type { CatalogRelation } from '../planner/catalog.ts';
import { checkDomains, domainsIn } from '../planner/functions/domain.ts';
import type { EvaluationContext } from '../planner/functions/entry.ts';
import type { Batch } from './batch.ts';
import { cell } from './batch.ts';

/** Throws 23502 or 23514 for a row with a value that is not of its column's domain. */
export function checkDomainColumns(
  table: CatalogRelation, batch: Batch, context: EvaluationContext,
): void {
  for (const [at, { type }] of table.columns.entries()) {
    if (domainsIn(type) === '') continue;
    const column = must(batch.columns[at], 'column');
    for (let row = 0; row < batch.length; row++) checkDomains(cell(column, row), type, context);
  }
}
