/**
 * tidemill.subscriptions and tidemill.history: what is kept of changes, and for whom.
 */
import { makeInterval } from '../../common/types/interval.ts';
import type { Value } from '../../common/values.ts';
import type { SystemContext, SystemRelation } from '../engine-core-types.ts';
import { inDatabase } from './names.ts';

/** A line per subscription. `acknowledged`: its consumer has dealt with everything up to there. */
export const SUBSCRIPTIONS: SystemRelation = {
  schema: 'tidemill', name: 'subscriptions',
  columns: [
    { name: 'schema', type: { name: 'text' } },
    { name: 'name', type: { name: 'text' } },
    { name: 'relation', type: { name: 'text' } },
    { name: 'owner', type: { name: 'text' } },
    { name: 'retention', type: { name: 'interval' } },
    { name: 'retention_rows', type: { name: 'int8' } },
    { name: 'acknowledged', type: { name: 'int8' } },
  ],
  *rows(context: SystemContext): Generator<readonly Value[], void> {
    for (const object of context.catalog.objects.values()) {
      const { kind, database, schemaId, name, owner, data } = object;
      if (kind !== 'subscription' || database !== context.database) continue;
      const { relation, retentionMicros, retentionRows, acknowledged } = data;
      yield [
        context.catalog.schemas.get(schemaId)?.name ?? null, name,
        inDatabase(context, Number(relation)), owner,
        makeInterval(0, 0, typeof retentionMicros === 'bigint' ? retentionMicros : 0n),
        BigInt(Number(retentionRows)), typeof acknowledged === 'bigint' ? acknowledged : null,
      ];
    }
  },
};

/** A line per relation that keeps its changes; those after `from_epoch` are there. */
export const HISTORY: SystemRelation = {
  schema: 'tidemill', name: 'history',
  columns: [
    { name: 'relation', type: { name: 'text' } },
    { name: 'rows', type: { name: 'int8' } },
    { name: 'bytes', type: { name: 'int8' } },
    { name: 'from_epoch', type: { name: 'int8' } },
    { name: 'from_time', type: { name: 'timestamptz' } },
  ],
  *rows(context: SystemContext): Generator<readonly Value[], void> {
    for (const { id } of context.catalog.relations.values()) {
      const history = context.engine.history(id);
      const name = history === null ? null : inDatabase(context, id);
      if (history === null || name === null) continue;
      yield [name, BigInt(history.rows), BigInt(history.bytes), history.floorEpoch,
        history.floorAt];
    }
  },
};
