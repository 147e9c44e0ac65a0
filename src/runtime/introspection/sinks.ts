/**
 * tidemill.sinks: how far each sink has come, and what stops it.
 */
import type { Value } from '../../common/values.ts';
import type { SystemContext, SystemRelation } from '../engine-core-types.ts';
import type { Sinks } from '../sinks/sinks.ts';
import { storedSink } from '../sinks/sink.ts';
import { inDatabase } from './names.ts';

/** A line per sink. `confirmed_epoch`: everything up to there is outside, durably known. */
export function sinksRelation(sinks: () => Sinks | null): SystemRelation {
  return {
    schema: 'tidemill', name: 'sinks',
    columns: [
      { name: 'schema', type: { name: 'text' } },
      { name: 'name', type: { name: 'text' } },
      { name: 'relation', type: { name: 'text' } },
      { name: 'connector', type: { name: 'text' } },
      { name: 'delivered_epoch', type: { name: 'int8' } },
      { name: 'confirmed_epoch', type: { name: 'int8' } },
      { name: 'rows', type: { name: 'int8' } },
      { name: 'status', type: { name: 'text' } },
    ],
    *rows(context: SystemContext): Generator<readonly Value[], void> {
      for (const object of context.catalog.objects.values()) {
        if (object.kind !== 'sink' || object.database !== context.database) continue;
        const { relation, spec, confirmed } = storedSink(object);
        const status = sinks()?.status(object.id) ?? null;
        yield [
          context.catalog.schemas.get(object.schemaId)?.name ?? null, object.name,
          inDatabase(context, relation), spec.connector, status?.delivered ?? null, confirmed,
          status?.rows ?? 0n, status?.status ?? 'starting',
        ];
      }
    },
  };
}
