/**
 * The engine: one epoch after another, and reads at published epochs.
 *
 * Sessions, ingest and subscriptions stand on this. It knows relations, views, sources, the epoch
 * log and checkpoints, and nothing of SQL text, users or connections.
 */
import { sqlError } from '../common/errors.ts';
import type { SqlError } from '../common/errors.ts';
import type { Value } from '../common/values.ts';
import type { QueryPlan } from '../planner/plans.ts';
import type { Batch } from './batch.ts';
import type { DdlChange } from './catalog-store-types.ts';
import type { CatalogStore } from './catalog-store.ts';
import type { Changelog } from './changelog.ts';
import type { OpenConnector } from './connectors/connector.ts';
import { installScriptHost } from '../planner/functions/script-host.ts';
import { Checkpoints, loadCheckpoint } from './engine-checkpoints.ts';
import type {
  CoreOptions, EngineInfo, EpochDeltas, IngestOutcome, Pin, RunOptions, SystemRelation,
  TableChange,
} from './engine-core-types.ts';
import { schemasOfLetters } from './engine-dead-letters.ts';
import { EngineFacts } from './engine-info.ts';
import { Idleness } from './engine-idleness.ts';
import { overMemoryLimit } from './engine-memory.ts';
import { decodeIngest, onTakenOf } from './engine-ingest.ts';
import { replay } from './engine-recovery.ts';
import { concatBatches, consolidate } from './engine-rows.ts';
import { EngineState } from './engine-state.ts';
import { StoreProvider } from './engine-stores.ts';
import { EngineTestClock } from './engine-test-clock.ts';
import { SequenceValues } from './engine-sequences.ts';
import type { SequenceRule } from './engine-sequences.ts';
import type { BuildOperator } from './graph.ts';
import { TIDEMILL_RELATIONS } from './introspection/registry.ts';
import { buildOperator } from './operators/build.ts';
import { lookupRows, QueryRunner } from './query-runner.ts';
import type { RelationState } from './relations.ts';
import { Scheduler } from './scheduler.ts';
import { Checkpointer } from './storage/checkpoint.ts';
import type { LoggedDecision } from './storage/epoch-log.ts';
import type { Environment } from './storage/interfaces.ts';

/** The face of the engine core that sessions are written against. */
export interface EngineCoreFace {
  readonly catalog: CatalogStore;
  readonly info: EngineInfo;
  readonly environment: Environment;
  /** Sets the clock, in test mode; else null. */
  readonly testClock: EngineTestClock | null;
  /** Adds a system relation; gives its oid. Before the first query. */
  registerSystemRelation(relation: SystemRelation): number;
  /**
   * Applies the changes of one transaction in one epoch; resolves after fsync and publication.
   * 23505: a key is taken; 40001: a row to be removed is no longer there; 53100: disk full.
   */
  commit(changes: readonly TableChange[], ddl: readonly DdlChange[]): Promise<bigint>;
  /** Lets broken readers of a source go on behind what they miss; gives how many there were. */
  resumeSource(relation: number): Promise<number>;
  /** Decodes the dead letters of a source again, in an epoch. */
  replayDeadLetters(relation: number): Promise<void>;
  /** User columns of all rows of a stored relation; weights need no consolidation. */
  snapshot(relation: number, at: Pin | null): Iterable<Batch>;
  /** Holds the newest published epoch for reading. */
  pin(): Pin;
  /** Rows whose columns equal the values: by key or index, else by reading everything. */
  lookup(relation: number, columns: readonly number[], values: readonly Value[],
    at: Pin | null): Batch;
  /** Runs a one-shot query: the visible columns, in order. */
  runQuery(plan: QueryPlan, options: RunOptions): AsyncIterable<Batch>;
  /** The kept changes of a relation, or null when nobody asked for them. */
  changelog(relation: number): Changelog | null;
  /** Why a relation's rows cannot be read: it is gone, or its view has stopped; null: they can. */
  readProblem(relation: number): SqlError | null;
  /** Resolves when everything received so far is published, and what follows it is done. */
  settle(): Promise<void>;
  /** Something that `settle` waits for once everything is published: sinks. */
  onSettle(follow: () => Promise<void>): void;
  /** Calls the listener after each epoch; gives the way to end that. */
  onEpoch(listener: (deltas: EpochDeltas) => void): () => void;
  /** JSON or NDJSON rows into a table; `check` throws for rows that may not come in. */
  ingest(relation: number, body: Uint8Array, idempotencyKey: string | null,
    check?: (rows: Batch) => void): Promise<IngestOutcome>;
  /** The next value of a sequence (identity and serial columns); durable with the next epoch. */
  nextSequence(sequence: number, rule?: SequenceRule): bigint;
  /** The sequence goes on behind this value. */
  setSequence(sequence: number, last: bigint): void;
  close(): Promise<void>;
}

const BATCH_ROWS = 4096;
const LATE_ROWS_MAX = 1_000_000;
/** A replay as long as this ends with a checkpoint. */
const LONG_REPLAY_MS = 3000;
/** Changed rows that are kept for readers of older epochs. */
const READER_LAG_ROWS_MAX = 4_000_000;
const CHECKPOINT_INTERVAL_MICROS = 1_000_000n;

/** Surroundings of expressions outside a session. */
const PLAIN_EVALUATION = {
  timeZone: 'UTC', dateStyle: 'ISO, MDY', intervalStyle: 'postgres', extraFloatDigits: 1,
} as const;

/** Options with everything the tests may replace. */
export interface OpenOptions extends CoreOptions {
  readonly buildOperator?: BuildOperator;
}

/** The engine core; `open` is the only way to one. */
export class EngineCore implements EngineCoreFace {
  readonly environment: Environment;
  readonly info: EngineInfo;
  readonly testClock: EngineTestClock | null;
  readonly #state: EngineState;
  readonly #scheduler: Scheduler;
  readonly #checkpoints: Checkpoints;
  readonly #sequences: SequenceValues;
  readonly #queries: QueryRunner;
  readonly #system = new Map<number, SystemRelation>();
  readonly #followers: (() => Promise<void>)[] = [];
  readonly #listeners = new Set<(deltas: EpochDeltas) => void>();
  readonly #pins = new Map<bigint, number>();
  readonly #lagRowsMax: number;
  /** Ingest requests with a key that have not been answered. */
  readonly #ingesting = new Map<string, Promise<IngestOutcome>>();
  #failure: Error | null = null;

  private constructor(
    state: EngineState, environment: Environment, options: OpenOptions,
    durable: { readonly checkpointer: Checkpointer; readonly epoch: bigint },
  ) {
    this.environment = environment;
    this.#lagRowsMax = options.readerLagRowsMax ?? READER_LAG_ROWS_MAX;
    this.#state = state;
    this.#checkpoints = new Checkpoints(state, durable.checkpointer, environment, {
      intervalMicros: options.checkpointIntervalMicros ?? CHECKPOINT_INTERVAL_MICROS,
      epoch: durable.epoch,
    });
    this.#sequences = new SequenceValues(state);
    const idleness = new Idleness(state);
    this.#scheduler = new Scheduler(state, environment, {
      takeSequences: () => this.#sequences.take(),
      published: (deltas) => this.#published(deltas),
      idle: () => this.#checkpoints.maybe(),
      decisions: (now, spoke) => [
        ...idleness.decide(now, spoke), ...overMemoryLimit(state.views.values())],
      decisionAt: (now) => idleness.nextAt(now),
      fatal: (error) => this.#fail(error),
    }, { build: options.build ?? '', epochMaxRows: options.epochMaxRows ?? null });
    this.testClock = testClockOf(this, state, this.#scheduler);
    this.info = new EngineFacts(state, {
      systemRelations: () => [...this.#system.values()],
      checkpointEpoch: () => this.#checkpoints.epoch,
      logBytes: () => environment.storage.sizeBytes(),
      lastEpochMs: () => this.#scheduler.lastEpochMs,
      storageStatus: () => this.#scheduler.status,
    });
    this.#queries = new QueryRunner({
      relation: (id) => this.#readable(id), system: (id) => this.#system.get(id) ?? null,
      build: options.buildOperator ?? buildOperator, environment,
      source: (id) => this.#openSource(id),
      isSource: (id) => state.relations.get(id)?.relation.stored === false,
      publishedEpoch: () => state.epoch, changelog: (id) => state.changelogs.of(id),
      batchRows: options.batchRows ?? BATCH_ROWS,
    });
  }

  /** Opens an engine: takes the storage, recovers, starts. */
  static async open(options: OpenOptions, environment: Environment): Promise<EngineCore> {
    if (environment.scripts !== undefined) installScriptHost(await environment.scripts());
    const recovered = await environment.storage.open();
    const checkpointer = new Checkpointer(environment.storage, recovered);
    const stores = new StoreProvider(checkpointer, recovered);
    const state = new EngineState({
      stores, files: environment.files, outside: environment.outside ?? {},
      build: options.buildOperator ?? buildOperator,
      batchRows: options.batchRows ?? BATCH_ROWS, checkLaws: environment.checkLaws === true,
      lateRetentionRows: options.lateRetentionRows ?? LATE_ROWS_MAX,
    });
    const core = new EngineCore(state, environment, options,
      { checkpointer, epoch: recovered.checkpointEpoch ?? 0n });
    for (const relation of [...TIDEMILL_RELATIONS, ...options.systemRelations ?? []]) {
      core.registerSystemRelation(relation);
    }
    try {
      if (loadCheckpoint(state, recovered)) stores.dropUnused();
      const began = environment.clock.elapsedMs();
      const lost = await replay(state, recovered.records, environment);
      // Who is killed again and again gets on all the same: the way back does not grow.
      const long = environment.clock.elapsedMs() - began > LONG_REPLAY_MS;
      if (lost || long) await core.#checkpoints.last();
    } catch (error) {
      await environment.storage.close();
      throw error;
    }
    state.isLive = true;
    core.#scheduler.start();
    return core;
  }

  get catalog(): CatalogStore { return this.#state.catalog; }

  registerSystemRelation(relation: SystemRelation): number {
    const id = this.#state.catalog.registerSystem(relation);
    this.#system.set(id, relation);
    return id;
  }

  commit(changes: readonly TableChange[], ddl: readonly DdlChange[]): Promise<bigint> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== null) {
        reject(this.#failure);
        return;
      }
      const logged = changes.filter(({ batch }) => batch.length > 0)
        .map(({ relation, batch, idempotencyKey, onTaken }) => ({
          relation, batch, idempotencyKey: idempotencyKey ?? null, onTaken: onTaken ?? 'refuse',
        }));
      this.#scheduler.submit({ changes: logged, ddl, resolve, reject });
    });
  }

  async resumeSource(relation: number): Promise<number> {
    const decisions = [...this.#state.readers.values()].flatMap((reader) =>
      reader.relation !== relation ? [] : reader.partitions.flatMap((state, partition) =>
        state.resumeAt === null ? [] : [{
          kind: 'resume', relation, reader: reader.reader, partition, watermark: state.resumeAt,
          reason: state.status,
        } as const]));
    if (decisions.length > 0) await this.#decide(decisions);
    return decisions.length;
  }

  async replayDeadLetters(relation: number): Promise<void> {
    const schemas = await schemasOfLetters(this.#state, relation);
    await this.#decide([{
      kind: 'replay', relation, reader: 0, partition: 0, watermark: null,
      ...schemas.length === 0 ? {} : { schemas },
    }]);
  }

  #decide(decisions: readonly LoggedDecision[]): Promise<bigint> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== null) reject(this.#failure);
      else this.#scheduler.submit({ changes: [], ddl: [], decisions, resolve, reject });
    });
  }

  *snapshot(relation: number, at: Pin | null): Iterable<Batch> {
    const state = this.#readable(relation);
    const epoch = at?.epoch ?? this.#state.epoch;
    if (state.since(epoch).length === 0) {
      yield* state.at(epoch);
      return;
    }
    yield consolidate(concatBatches(state.types, [...state.at(epoch)]));
  }

  changelog(relation: number): Changelog | null {
    return this.#state.changelogs.of(relation);
  }

  readProblem(id: number): SqlError | null {
    const state = this.#state.relations.get(id);
    if (state === undefined) return sqlError('42P01', `relation with OID ${id} does not exist`);
    const broken = this.#state.views.get(id)?.broken ?? null;
    if (broken !== null) return viewStopped(state.relation.name, broken);
    return state.rows === null ? sourceNotStored(state.relation.name) : null;
  }

  /** A relation that can be read now. */
  #readable(id: number): RelationState {
    const problem = this.readProblem(id);
    if (problem !== null) throw problem;
    return this.#state.relation(id);
  }

  #openSource(id: number): OpenConnector | null {
    const relation = this.#state.relations.get(id)?.relation;
    return relation === undefined || relation.stored ? null
      : this.#state.openSource(relation, null);
  }

  pin(): Pin {
    const { epoch, now } = this.#state;
    this.#pins.set(epoch, (this.#pins.get(epoch) ?? 0) + 1);
    let held = true;
    const release = (): void => {
      if (!held) return;
      held = false;
      const left = (this.#pins.get(epoch) ?? 1) - 1;
      if (left > 0) {
        this.#pins.set(epoch, left);
        return;
      }
      this.#pins.delete(epoch);
      const oldest = this.#oldestPin();
      if (epoch < oldest) {
        for (const relation of this.#state.relations.values()) relation.forgetUpTo(oldest);
      }
    };
    return { epoch, now, release };
  }

  /** Deltas kept for readers have a limit: those who hold the oldest epochs lose them. */
  #limitLag(): void {
    const { epoch, relations } = this.#state;
    const oldest = this.#oldestPin();
    if (oldest === epoch) return;
    const kept = (): number => {
      let rows = 0;
      for (const relation of relations.values()) rows += relation.recentRows;
      return rows;
    };
    if (kept() <= this.#lagRowsMax) return;
    for (const relation of relations.values()) relation.forgetUpTo(oldest);
    if (kept() <= this.#lagRowsMax) return;
    for (const held of this.#pins.keys()) if (held < epoch) this.#pins.delete(held);
    for (const relation of relations.values()) relation.forgetUpTo(epoch);
  }

  #oldestPin(): bigint {
    let oldest = this.#state.epoch;
    for (const epoch of this.#pins.keys()) if (epoch < oldest) oldest = epoch;
    return oldest;
  }

  lookup(
    relation: number, columns: readonly number[], values: readonly Value[], at: Pin | null,
  ): Batch {
    const state = this.#readable(relation);
    return lookupRows(state, { columns, values }, at?.epoch ?? this.#state.epoch);
  }

  runQuery(plan: QueryPlan, options: RunOptions): AsyncIterable<Batch> {
    return this.#queries.run(plan, options);
  }

  async settle(): Promise<void> {
    if (this.#failure !== null) throw this.#failure;
    await this.#scheduler.settle();
    for (const follow of this.#followers) await follow();
  }

  onSettle(follow: () => Promise<void>): void {
    this.#followers.push(follow);
  }

  onEpoch(listener: (deltas: EpochDeltas) => void): () => void {
    this.#listeners.add(listener);
    return () => { this.#listeners.delete(listener); };
  }

  #published(deltas: EpochDeltas): void {
    this.#limitLag();
    const oldest = this.#oldestPin();
    for (const id of deltas.deltas.keys()) this.#state.relations.get(id)?.forgetUpTo(oldest);
    for (const listener of this.#listeners) listener(deltas);
  }

  async ingest(
    relation: number, body: Uint8Array, idempotencyKey: string | null,
    check?: (rows: Batch) => void,
  ): Promise<IngestOutcome> {
    if (idempotencyKey === null) return await this.#ingest(relation, body, null, check);
    const flight = `${relation}/${idempotencyKey}`;
    // The same key may be on its way: wait for it, then it has been seen (or has failed).
    while (this.#ingesting.has(flight)) await this.#ingesting.get(flight)?.catch(() => undefined);
    const seen = this.#state.keys.find(relation, idempotencyKey);
    if (seen !== null) {
      return { accepted: seen.accepted, deadLettered: 0, duplicate: true, epoch: seen.epoch };
    }
    const running = this.#ingest(relation, body, idempotencyKey, check);
    this.#ingesting.set(flight, running);
    try {
      return await running;
    } finally {
      this.#ingesting.delete(flight);
    }
  }

  async #ingest(
    relation: number, body: Uint8Array, idempotencyKey: string | null,
    check: ((rows: Batch) => void) | undefined,
  ): Promise<IngestOutcome> {
    const { relation: table } = this.#readable(relation);
    const batch = decodeIngest(table, body, {
      evaluation: { ...PLAIN_EVALUATION, now: this.environment.clock.nowMicros() },
      nextSequence: (sequence) => this.nextSequence(sequence),
    });
    check?.(batch);
    const change = {
      relation, batch, onTaken: onTakenOf(table),
      ...idempotencyKey === null ? {} : { idempotencyKey },
    };
    const epoch = await this.commit([change], []);
    return { accepted: batch.length, deadLettered: 0, duplicate: false, epoch };
  }

  nextSequence(sequence: number, rule?: SequenceRule): bigint {
    return this.#sequences.next(sequence, rule);
  }

  setSequence(sequence: number, last: bigint): void {
    this.#sequences.set(sequence, last);
  }

  #fail(error: Error): void {
    this.#failure = error;
    this.environment.log(`engine stopped: ${error.stack ?? error.message}`);
  }

  async close(): Promise<void> {
    await this.#scheduler.stop();
    if (this.#failure === null) await this.#checkpoints.last();
    this.#state.closeReaders(() => true);
    await this.environment.storage.close();
  }
}

function testClockOf(
  core: EngineCore, state: EngineState, scheduler: Scheduler,
): EngineTestClock | null {
  const { testClock } = core.environment;
  if (testClock === undefined || testClock === null) return null;
  return new EngineTestClock(testClock, {
    nextAt: (now) => scheduler.nextAt(now), settle: () => core.settle(),
    epoch: () => state.epoch, logicalNow: () => state.now, rewind: (now) => state.rewind(now),
  });
}

function viewStopped(name: string, reason: string): SqlError {
  return sqlError('55000', `materialized view "${name}" has stopped: ${reason}`, {
    hint: 'Drop it, or create it anew with CREATE OR REPLACE MATERIALIZED VIEW.',
  });
}

function sourceNotStored(name: string): SqlError {
  return sqlError('0A000', `source "${name}" cannot be queried: its rows are not stored`, {
    hint: 'Create a materialized view over it, or declare it with CREATE TABLE.',
  });
}
