/**
 * Values that are stored against a new form of their domain.
 */
import { must } from '../../common/assert.ts';
import { SqlError, sqlError } from '../../common/errors.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { Value } from '../../common/values.ts';
import { checkDomains } from '../../planner/functions/domain.ts';
import { withType } from '../catalog-types.ts';
import { cell } from '../batch.ts';
import { columnsOfType, oidOfType } from './named-type.ts';
import type { StatementContext } from './statement-context.ts';

/** Refuses a new form of a domain that stored values do not fit. */
export function refuseBrokenValues(context: StatementContext, type: SqlType): void {
  for (const { relation, at } of columnsOfType(context, oidOfType(type))) {
    if (relation.kind !== 'table') continue;
    const column = must(relation.columns[at], 'column');
    const wanted = withType(column.type, type);
    const what = `column "${column.name}" of table "${relation.name}" contains`;
    for (const batch of context.snapshot(relation.id)) {
      const values = must(batch.columns[at], 'column');
      for (let row = 0; row < batch.length; row++) {
        refuseBroken(context, cell(values, row), wanted, what);
      }
    }
  }
}

function refuseBroken(
  ...[context, value, type, what]: [StatementContext, Value, SqlType, string]
): void {
  try {
    checkDomains(value, type, context.evaluation);
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    throw error.sqlState === '23502' ? sqlError('23502', `${what} null values`)
      : sqlError('23514', `${what} values that violate the new constraint`);
  }
}
