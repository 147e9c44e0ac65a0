/**
 * What the engine core takes and gives: changes, pins, query options, system relations.
 *
 * Sessions (session/), introspection and connectors are written against these; engine-core.ts
 * implements them.
 */
import type { Value } from '../common/values.ts';
import type { EvaluationContext } from '../planner/functions/entry.ts';
import type { Batch } from './batch.ts';
import type { SystemColumn } from './catalog-store-types.ts';
import type { CatalogState } from './catalog-store.ts';
import type { FollowedTable } from './connectors/connector.ts';
import type { SourceGap } from './engine-readers.ts';
import type { OperatorState } from './graph.ts';

/** Changes of one table by one transaction, in order: user columns and weights. */
export interface TableChange {
  readonly relation: number;
  readonly batch: Batch;
  /** The change counts once per key and table, however often it is sent. */
  readonly idempotencyKey?: string;
  /** Rows whose key is taken: refused (default), skipped, or put in the place of the old ones. */
  readonly onTaken?: 'refuse' | 'skip' | 'replace';
}

/** Keeps an epoch readable while it is held; release it. */
export interface Pin {
  readonly epoch: bigint;
  /** Logical time of that epoch. */
  readonly now: bigint;
  release(): void;
}

/** How a one-shot query runs. */
export interface RunOptions {
  /** Epoch to read; null: the newest at the start of the query. */
  readonly pin: Pin | null;
  /** Uncommitted changes of the reading transaction, by relation: user columns and weights. */
  readonly overlay: ReadonlyMap<number, readonly Batch[]>;
  /** Rows of tables whose columns the transaction has changed: they stand for the stored ones. */
  readonly rewritten?: ReadonlyMap<number, readonly Batch[]>;
  /** The statement's now(), microseconds since 1970 UTC. */
  readonly now: bigint;
  readonly context: EvaluationContext;
  /** Asked between slices; true ends the query with 57014. */
  readonly cancelled: () => boolean;
  /** What system relations see; the catalog may hold uncommitted changes. */
  readonly system: SystemContext;
}

/** What the rows of a system relation depend on. */
export interface SystemContext {
  readonly engine: EngineInfo;
  readonly catalog: CatalogState;
  /** Oid of the session's database. */
  readonly database: number;
  readonly user: string;
  readonly searchPath: readonly string[];
  readonly timeZone: string;
  setting(name: string): string | null;
  /** The session that asks and its neighbours; absent outside sessions. */
  readonly sessions?: SessionsInfo | undefined;
}

/** A session as others see it. */
export interface SessionActivity {
  readonly pid: number;
  readonly database: number;
  readonly user: string;
  readonly applicationName: string;
  readonly clientAddress: string;
  /** Microseconds since 1970 UTC. */
  readonly startedAt: bigint;
  readonly transactionAt: bigint | null;
  readonly queryAt: bigint | null;
  readonly state: 'active' | 'idle' | 'idle in transaction' | 'idle in transaction (aborted)';
  readonly query: string;
}

/** A cursor or prepared statement of the session that asks. */
export interface NamedStatement {
  readonly name: string;
  readonly text: string;
  readonly hold: boolean;
  readonly fromSql: boolean;
  readonly parameterTypes: readonly string[];
}

/** A line of tidemill.audit. */
export interface AuditLine {
  readonly at: bigint;
  readonly user: string;
  readonly clientAddress: string;
  readonly event: string;
  readonly detail: string;
}

/** Sessions for pg_stat_activity; cursors and statements of the one that asks. */
export interface SessionsInfo {
  readonly pid: number;
  /** When the engine was opened. */
  readonly startedAt: bigint;
  activity(): readonly SessionActivity[];
  cursors(): readonly NamedStatement[];
  statements(): readonly NamedStatement[];
  /** Channels the session listens to. */
  channels(): readonly string[];
  audit(): readonly AuditLine[];
}

/** A relation whose rows are computed when it is read. */
export interface SystemRelation {
  readonly schema: string;
  readonly name: string;
  /** Fixed oid where clients know it (pg_class is 1259); else one is given out below 16384. */
  readonly oid?: number;
  readonly columns: readonly SystemColumn[];
  rows(context: SystemContext): Iterable<readonly Value[]>;
}

/** A partition's event time, for tidemill.watermarks. */
export interface WatermarkInfo {
  readonly relation: number;
  /** View that reads a SOURCE by itself, or 0. */
  readonly reader: number;
  readonly partition: number;
  /** W_p, or null before the first row. */
  readonly watermark: bigint | null;
  readonly lastEvent: bigint | null;
  readonly idle: boolean;
  readonly holdsBack: boolean;
  /** Rows that came after a later one, and how much later that was at most. */
  readonly outOfOrder: bigint;
  readonly disorder: bigint;
  /** How far W_p is behind the latest event; null while that is being learned. */
  readonly delay: bigint | null;
  /** The relation's watermark. */
  readonly relationWatermark: bigint | null;
}

/** Counters of a materialized view. */
export interface ViewInfo {
  readonly relation: number;
  readonly rows: number;
  /** Changed rows its inputs offered. */
  readonly offered: bigint;
  readonly late: bigint;
  readonly rowErrors: bigint;
  /** `running` or `broken: <reason>`. */
  readonly status: string;
  readonly operators: readonly OperatorState[];
}

/** A reader of a connector. */
export interface SourceInfo {
  readonly relation: number;
  /** View that reads a SOURCE by itself, or 0 for a TABLE with a connector. */
  readonly reader: number;
  readonly connector: string;
  readonly partition: number;
  readonly position: bigint;
  readonly rows: bigint;
  readonly deadLettered: bigint;
  /** What the outside has behind the position; null when that is not known. */
  readonly lag: bigint | null;
  /** running, caught_up, stalled(reason), broken(reason), finished */
  readonly status: string;
}

/** A table of a database that a source follows. */
export interface FollowedInfo extends FollowedTable {
  /** The relation with the connector. */
  readonly source: number;
}

/** Figures of the engine. */
export interface EpochInfo {
  readonly epoch: bigint;
  readonly now: bigint;
  readonly checkpointEpoch: bigint;
  readonly logBytes: number;
  readonly epochsRun: bigint;
  readonly lastEpochMicros: bigint;
  readonly storageStatus: string;
}

/** The kept changes of a relation. */
export interface HistoryInfo {
  readonly rows: number;
  readonly bytes: number;
  /** Changes of later epochs are kept. */
  readonly floorEpoch: bigint;
  readonly floorAt: bigint;
}

/** An index of a stored relation that joins share. */
export interface SharedArrangementInfo {
  readonly columns: readonly string[];
  /** How many join inputs use it. */
  readonly users: number;
  readonly keys: number;
  readonly bytes: number;
}

/** The engine as introspection sees it. */
export interface EngineInfo {
  watermarks(): readonly WatermarkInfo[];
  views(): readonly ViewInfo[];
  sources(): readonly SourceInfo[];
  epoch(): EpochInfo;
  /** True for relations that are committed and have a state at run time. */
  knows(relation: number): boolean;
  /** Rows kept of a stored relation, or 0. */
  rowCount(relation: number): number;
  storedBytes(relation: number): number;
  /** The value a sequence gave out last, or null. */
  lastOfSequence(id: number): bigint | null;
  /** Indexes of a stored relation that joins share. */
  sharedArrangements(relation: number): readonly SharedArrangementInfo[];
  systemRelations(): readonly SystemRelation[];
  /** What is kept of a relation's changes, or null. */
  followedTables(): readonly FollowedInfo[];
  /** What sources went on behind. */
  gaps(): readonly SourceGap[];
  history(relation: number): HistoryInfo | null;
}

/** What one epoch changed, for subscriptions; user columns, consolidated. */
export interface EpochDeltas {
  readonly epoch: bigint;
  readonly now: bigint;
  readonly deltas: ReadonlyMap<number, readonly Batch[]>;
}

/** How an engine core is opened. */
export interface CoreOptions {
  /** System relations beside tidemill.*: pg_catalog, information_schema. */
  readonly systemRelations?: readonly SystemRelation[];
  /** Most rows an epoch takes from sources; null: adapts to about 5 ms. */
  readonly epochMaxRows?: number | null;
  /** Identifies the build in epoch records. */
  readonly build?: string;
  /** Rows in a batch that operators get at once. */
  readonly batchRows?: number;
  /** Rows that late and dead letter relations keep each. */
  readonly lateRetentionRows?: number;
  /** Changed rows kept for transactions that read older epochs; beyond, they get 72000. */
  readonly readerLagRowsMax?: number;
  /** Least time between checkpoints. */
  readonly checkpointIntervalMicros?: bigint;
}

/** Result of `ingest`. */
export interface IngestOutcome {
  readonly accepted: number;
  readonly deadLettered: number;
  readonly duplicate: boolean;
  readonly epoch: bigint;
}
