/**
 * Recovery: runs the logged epochs behind the last checkpoint again.
 *
 * The same EpochRun as in life, fed from the log and from sources read again. Each record names
 * the hash of the epoch before it; a difference stops the engine and names the epoch.
 */
import { SqlError, sqlError } from '../common/errors.ts';
import type { OpenConnector, SourceBatch } from './connectors/connector.ts';
import { factsOf } from './engine-parts.ts';
import { EpochRun } from './engine-epoch.ts';
import { readerKey } from './engine-readers.ts';
import type { EngineState } from './engine-state.ts';
import { checkReread } from './scheduler-sources.ts';
import type { EpochContent, LoggedRange, LoggedRows } from './storage/epoch-log.ts';
import { decodeEpoch } from './storage/epoch-log.ts';
import type { Environment } from './storage/interfaces.ts';
import type { EpochRecord } from './storage/records.ts';

/** How long a source that cannot be reached is left alone. */
const RETRY_MICROS = 1_000_000n;

/** Runs the records in order; waits for sources that cannot be reached. */
export async function replay(
  state: EngineState, records: readonly EpochRecord[], world: Pick<Environment, 'clock' | 'log'>,
): Promise<void> {
  for (const record of records) {
    const content = decodeEpoch(record);
    if (content.previousHash !== state.previousHash) {
      throw differs(state.epoch, content);
    }
    await replayEpoch(state, content, world);
  }
}

async function replayEpoch(
  state: EngineState, content: EpochContent, world: Pick<Environment, 'clock' | 'log'>,
): Promise<void> {
  state.catalog.reserve(content.nextOid);
  const run = new EpochRun(state, content.epoch, content.now, true);
  run.applyDdl(content.ddl);
  for (const change of content.changes) run.applyChange(change);
  for (const decision of content.decisions) run.decide(decision);
  for (const range of content.ranges) {
    const reader = state.readers.get(readerKey(range.relation, range.reader));
    if (reader === undefined) continue;
    const source = range.inline === undefined
      ? await reread(reader.connector, range, world) : fromLog(range, range.inline);
    checkReread(range, source);
    run.applyRange(range, source);
  }
  for (const { id, last } of content.sequences) state.sequences.set(id, last);
  for (const _step of run.run()) continue;
  for (const change of content.changes) run.rememberKey(change);
  run.publish();
  for (const relation of state.relations.values()) relation.forgetUpTo(state.epoch);
}

function fromLog(
  { next, ended, hash }: LoggedRange, { batch, offsets, deadLetters, parts }: LoggedRows,
): SourceBatch {
  // The checksum of parts is part of the range's.
  const others = factsOf({
    batch, deadLetters, parts, next, ended, caughtUp: false, checksum: 0,
  }).hash;
  return {
    batch, deadLetters, parts, next, ended, caughtUp: false, checksum: (hash - others) | 0,
    offsets: offsets ?? undefined,
  };
}

/** Reads a range again, until the outside answers; what it no longer has stops the engine. */
async function reread(
  connector: OpenConnector, range: LoggedRange, { clock, log }: Pick<Environment, 'clock' | 'log'>,
): Promise<SourceBatch> {
  for (;;) {
    try {
      return await connector.reread(range.partition, range.first, range.next);
    } catch (error) {
      if (!(error instanceof SqlError) || !error.sqlState.startsWith('08')) throw error;
      log(`waiting for the source of relation ${range.relation}: ${error.message}`);
      await new Promise<void>((resolve) => {
        clock.timer(clock.nowMicros() + RETRY_MICROS, resolve);
      });
    }
  }
}

function differs(epoch: bigint, content: EpochContent): SqlError {
  return sqlError('XX001', `epoch ${epoch} came out differently when it was run again`, {
    detail: `It was run by build "${content.build}".`,
    hint: 'Start the build that wrote the data directory, or restore it from a backup.',
  });
}
