/**
 * tidemill.sources: how far each reader of a connector has come.
 */
import type { SystemContext, SystemRelation } from '../engine-core-types.ts';
import { sqlArray } from '../../common/values.ts';
import type { Value } from '../../common/values.ts';
import { inDatabase } from './names.ts';

/** A line per reader and partition that can tell how much is left to read. */
export const SOURCE_LAG: SystemRelation = {
  schema: 'tidemill', name: 'source_lag',
  columns: [
    { name: 'relation', type: { name: 'text' } },
    { name: 'reader', type: { name: 'text' } },
    { name: 'partition', type: { name: 'int4' } },
    { name: 'position', type: { name: 'int8' } },
    { name: 'lag', type: { name: 'int8' } },
  ],
  *rows(context: SystemContext): Generator<readonly Value[], void> {
    for (const source of context.engine.sources()) {
      const name = inDatabase(context, source.relation);
      if (name === null || source.lag === null) continue;
      yield [
        name, source.reader === 0 ? null : inDatabase(context, source.reader), source.partition,
        source.position, source.lag,
      ];
    }
  },
};

/** A line per stretch of a partition that was left out by RESUME AFTER GAP. */
export const SOURCE_GAPS: SystemRelation = {
  schema: 'tidemill', name: 'source_gaps',
  columns: [
    { name: 'relation', type: { name: 'text' } },
    { name: 'reader', type: { name: 'text' } },
    { name: 'partition', type: { name: 'int4' } },
    { name: 'first_missing', type: { name: 'int8' } },
    { name: 'resumed_at', type: { name: 'int8' } },
    { name: 'epoch', type: { name: 'int8' } },
    { name: 'at', type: { name: 'timestamptz' } },
    { name: 'reason', type: { name: 'text' } },
  ],
  *rows(context: SystemContext): Generator<readonly Value[], void> {
    for (const gap of context.engine.gaps()) {
      const name = inDatabase(context, gap.relation);
      if (name === null) continue;
      yield [
        name, gap.reader === 0 ? null : inDatabase(context, gap.reader), gap.partition,
        gap.first, gap.next, gap.epoch, gap.at, gap.reason,
      ];
    }
  },
};

/** A line per table of a database that is followed: how far its first copy has come. */
export const SOURCE_TABLES: SystemRelation = {
  schema: 'tidemill', name: 'source_tables',
  columns: [
    { name: 'relation', type: { name: 'text' } },
    { name: 'source', type: { name: 'text' } },
    { name: 'upstream', type: { name: 'text' } },
    { name: 'copied', type: { name: 'boolean' } },
    { name: 'rows_copied', type: { name: 'int8' } },
    { name: 'rows_expected', type: { name: 'int8' } },
    { name: 'ignored_columns', type: { name: 'array', element: { name: 'text' } } },
  ],
  *rows(context: SystemContext): Generator<readonly Value[], void> {
    for (const table of context.engine.followedTables()) {
      const name = inDatabase(context, table.relation);
      if (name === null) continue;
      yield [
        name, inDatabase(context, table.source), table.table, table.copied, table.rowsCopied,
        table.rowsExpected, sqlArray(table.ignored),
      ];
    }
  },
};

/** A line per reader and partition. `reader`: the view that reads a SOURCE by itself. */
export const SOURCES: SystemRelation = {
  schema: 'tidemill', name: 'sources',
  columns: [
    { name: 'relation', type: { name: 'text' } },
    { name: 'reader', type: { name: 'text' } },
    { name: 'connector', type: { name: 'text' } },
    { name: 'partition', type: { name: 'int4' } },
    { name: 'position', type: { name: 'int8' } },
    { name: 'rows', type: { name: 'int8' } },
    { name: 'dead_lettered', type: { name: 'int8' } },
    { name: 'status', type: { name: 'text' } },
  ],
  *rows(context: SystemContext): Generator<readonly Value[], void> {
    for (const source of context.engine.sources()) {
      const name = inDatabase(context, source.relation);
      if (name === null) continue;
      yield [
        name, source.reader === 0 ? null : inDatabase(context, source.reader), source.connector,
        source.partition, source.position, source.rows, source.deadLettered, source.status,
      ];
    }
  },
};
