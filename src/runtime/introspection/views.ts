/**
 * tidemill.views and tidemill.late_rows: what materialized views took in, kept and left out.
 */
import type { SystemContext, SystemRelation } from '../engine-core-types.ts';
import type { Value } from '../../common/values.ts';
import { inDatabase } from './names.ts';

/** A line per materialized view. `offered`: changed rows its inputs offered. */
export const VIEWS: SystemRelation = {
  schema: 'tidemill', name: 'views',
  columns: [
    { name: 'view', type: { name: 'text' } },
    { name: 'status', type: { name: 'text' } },
    { name: 'rows', type: { name: 'int8' } },
    { name: 'offered', type: { name: 'int8' } },
    { name: 'late', type: { name: 'int8' } },
    { name: 'row_errors', type: { name: 'int8' } },
  ],
  *rows(context: SystemContext): Generator<readonly Value[], void> {
    for (const view of context.engine.views()) {
      const name = inDatabase(context, view.relation);
      if (name === null) continue;
      yield [name, view.status, BigInt(view.rows), view.offered, view.late, view.rowErrors];
    }
  },
};

/** Late rows counted per view; the count never shrinks. */
export const LATE_ROWS: SystemRelation = {
  schema: 'tidemill', name: 'late_rows',
  columns: [
    { name: 'view', type: { name: 'text' } },
    { name: 'count', type: { name: 'int8' } },
  ],
  *rows(context: SystemContext): Generator<readonly Value[], void> {
    for (const view of context.engine.views()) {
      const name = inDatabase(context, view.relation);
      if (name !== null) yield [name, view.late];
    }
  },
};
