/**
 * tidemill.epochs: one line with the newest epoch and how durable it is.
 */
import type { SystemContext, SystemRelation } from '../engine-core-types.ts';
import type { Value } from '../../common/values.ts';

/** One line. */
export const EPOCHS: SystemRelation = {
  schema: 'tidemill', name: 'epochs',
  columns: [
    { name: 'epoch', type: { name: 'int8' } },
    { name: 'published_at', type: { name: 'timestamptz' } },
    { name: 'checkpoint_epoch', type: { name: 'int8' } },
    { name: 'epochs_run', type: { name: 'int8' } },
    { name: 'last_epoch_us', type: { name: 'int8' } },
    { name: 'storage_bytes', type: { name: 'int8' } },
    { name: 'storage_status', type: { name: 'text' } },
  ],
  *rows({ engine }: SystemContext): Generator<readonly Value[], void> {
    const info = engine.epoch();
    yield [
      info.epoch, info.now, info.checkpointEpoch, info.epochsRun, info.lastEpochMicros,
      BigInt(info.logBytes), info.storageStatus,
    ];
  },
};
