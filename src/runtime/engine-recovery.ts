/**
 * Recovery: runs the logged epochs behind the last checkpoint again.
 *
 * The same EpochRun as in life, fed from the log and from sources read again. Each record names
 * the hash of the epoch before it; a difference stops the engine and names the epoch.
 */
import { sqlError } from '../common/errors.ts';
import type { SqlError } from '../common/errors.ts';
import { EpochRun } from './engine-epoch.ts';
import { readerKey } from './engine-readers.ts';
import type { EngineState } from './engine-state.ts';
import { checkReread } from './scheduler-sources.ts';
import type { EpochContent } from './storage/epoch-log.ts';
import { decodeEpoch } from './storage/epoch-log.ts';
import type { EpochRecord } from './storage/records.ts';

/** Runs the records in order. */
export async function replay(state: EngineState, records: readonly EpochRecord[]): Promise<void> {
  for (const record of records) {
    const content = decodeEpoch(record);
    if (content.previousHash !== state.previousHash) {
      throw differs(state.epoch, content);
    }
    await replayEpoch(state, content);
  }
}

async function replayEpoch(state: EngineState, content: EpochContent): Promise<void> {
  state.catalog.reserve(content.nextOid);
  const run = new EpochRun(state, content.epoch, content.now, true);
  run.applyDdl(content.ddl);
  for (const change of content.changes) run.applyChange(change);
  for (const decision of content.decisions) run.decide(decision);
  for (const range of content.ranges) {
    const reader = state.readers.get(readerKey(range.relation, range.reader));
    if (reader === undefined) continue;
    const source = await reader.connector.reread(range.partition, range.first, range.next);
    checkReread(range, source);
    run.applyRange(range, source.batch, source.deadLetters);
  }
  for (const { id, last } of content.sequences) state.sequences.set(id, last);
  for (const _step of run.run()) continue;
  for (const change of content.changes) run.rememberKey(change);
  run.publish();
  for (const relation of state.relations.values()) relation.forgetUpTo(state.epoch);
}

function differs(epoch: bigint, content: EpochContent): SqlError {
  return sqlError('XX001', `epoch ${epoch} came out differently when it was run again`, {
    detail: `It was run by build "${content.build}".`,
    hint: 'Start the build that wrote the data directory, or restore it from a backup.',
  });
}
