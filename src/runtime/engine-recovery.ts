/**
 * Recovery: runs the logged epochs behind the last checkpoint again.
 *
 * The same EpochRun as in life, fed from the log and from sources read again. Each record names
 * the hash of the epoch before it; a difference stops the engine and names the epoch.
 */
import { SqlError, sqlError } from '../common/errors.ts';
import { SourceBroken } from './connectors/connector.ts';
import type { OpenConnector, SourceBatch } from './connectors/connector.ts';
import { factsOf } from './engine-parts.ts';
import { EpochRun } from './engine-epoch.ts';
import { lose, readerKey } from './engine-readers.ts';
import type { ReaderState } from './engine-readers.ts';
import type { EngineState } from './engine-state.ts';
import { checkReread } from './scheduler-sources.ts';
import type { EpochContent, LoggedRange, LoggedRows } from './storage/epoch-log.ts';
import { decodeEpoch } from './storage/epoch-log.ts';
import type { Environment } from './storage/interfaces.ts';
import type { EpochRecord } from './storage/records.ts';

/** How long a source that cannot be reached is left alone. */
const RETRY_MICROS = 1_000_000n;

/**
 * Runs the records in order; waits for sources that cannot be reached. A source that no longer has
 * what was read from it stands still from there on, and what came of it is not there: true then.
 */
export async function replay(
  state: EngineState, records: readonly EpochRecord[], environment: World,
): Promise<boolean> {
  const world = { ...environment, lost: new Set<string>() };
  for (const record of records) {
    const content = decodeEpoch(record);
    if (content.previousHash !== state.previousHash && world.lost.size === 0) {
      throw differs(state.epoch, content);
    }
    await replayEpoch(state, content, world);
  }
  // Who resumes from what was told before would never hear of the difference.
  if (world.lost.size > 0) state.changelogs.cut({ epoch: state.epoch, at: state.now });
  return world.lost.size > 0;
}

type World = Pick<Environment, 'clock' | 'log'>;

interface Replaying extends World {
  /** Partitions that have lost what was read from them. */
  readonly lost: Set<string>;
}

async function replayEpoch(
  state: EngineState, content: EpochContent, world: Replaying,
): Promise<void> {
  state.catalog.reserve(content.nextOid);
  const run = new EpochRun(state, content.epoch, content.now, true);
  run.applyDdl(content.ddl);
  for (const change of content.changes) run.applyChange(change);
  for (const decision of content.decisions) run.decide(decision);
  for (const range of content.ranges) {
    const reader = state.readers.get(readerKey(range.relation, range.reader));
    if (reader === undefined) continue;
    const partition = `${readerKey(range.relation, range.reader)}/${range.partition}`;
    if (world.lost.has(partition)) continue;
    const source = await sourceOf(reader, range, world);
    if (source === null) world.lost.add(partition);
    else run.applyRange(range, source);
  }
  for (const { id, last } of content.sequences) state.sequences.set(id, last);
  for (const _step of run.run()) continue;
  for (const change of content.changes) run.rememberKey(change);
  run.publish();
  for (const relation of state.relations.values()) relation.forgetUpTo(state.epoch);
}

/** The rows of a range; null when the source has lost them and says so. */
async function sourceOf(
  reader: ReaderState, range: LoggedRange, world: World,
): Promise<SourceBatch | null> {
  const { connector } = reader;
  try {
    const source = range.inline === undefined
      ? await reread(connector, range, world) : fromLog(range, range.inline);
    checkReread(range, source);
    return source;
  } catch (error) {
    const differently = connector.forgets === true && error instanceof SqlError
      && error.sqlState === 'XX001';
    if (!differently && !(error instanceof SourceBroken)) throw error;
    const behind = error instanceof SourceBroken ? error.resumeAt : null;
    const partition = reader.partition(range.partition);
    partition.position = range.first;
    lose(partition, `broken(${error.message})`, behind ?? range.next);
    world.log(`${error.message}; the rows of this source are those of the last checkpoint`);
    return null;
  }
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
  connector: OpenConnector, range: LoggedRange, { clock, log }: World,
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
