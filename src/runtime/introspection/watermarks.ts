/**
 * tidemill.watermarks: event time per relation and partition, and who holds it back.
 */
import type { SystemContext, SystemRelation } from '../engine-core-types.ts';
import { makeInterval } from '../../common/types/interval.ts';
import type { Value } from '../../common/values.ts';
import { WATERMARK_END } from '../engine-watermarks.ts';
import { inDatabase } from './names.ts';

/** The relation. `reader`: the view that reads a SOURCE by itself. */
export const WATERMARKS: SystemRelation = {
  schema: 'tidemill', name: 'watermarks',
  columns: [
    { name: 'relation', type: { name: 'text' } },
    { name: 'partition', type: { name: 'int4' } },
    { name: 'watermark', type: { name: 'timestamptz' } },
    { name: 'last_event', type: { name: 'timestamptz' } },
    { name: 'idle', type: { name: 'boolean' } },
    { name: 'holds_back', type: { name: 'boolean' } },
    { name: 'reader', type: { name: 'text' } },
    { name: 'relation_watermark', type: { name: 'timestamptz' } },
    { name: 'out_of_order', type: { name: 'int8' } },
    { name: 'max_disorder', type: { name: 'interval' } },
    { name: 'delay', type: { name: 'interval' } },
  ],
  rows: watermarkRows,
};

function* watermarkRows(context: SystemContext): Generator<readonly Value[], void> {
  for (const info of context.engine.watermarks()) {
    const name = inDatabase(context, info.relation);
    if (name === null) continue;
    yield [
      name, info.partition, time(info.watermark), time(info.lastEvent), info.idle, info.holdsBack,
      info.reader === 0 ? null : inDatabase(context, info.reader), time(info.relationWatermark),
      info.outOfOrder, makeInterval(0, 0, info.disorder),
      info.delay === null ? null : makeInterval(0, 0, info.delay),
    ];
  }
}

/** The end of an input shows as infinity. */
function time(value: bigint | null): bigint | null {
  return value === null || value < WATERMARK_END ? value : WATERMARK_END;
}
