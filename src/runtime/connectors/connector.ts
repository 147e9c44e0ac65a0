/**
 * What a connector is: options checked when it is declared, then partitions that are polled.
 *
 * The engine pulls and owns the positions; a connector keeps nothing that a restart would miss.
 * `reread` of a range must give the same rows as the poll that gave the range.
 */
import type { SqlType } from '../../common/types/sql-type.ts';
import type { Batch } from '../batch.ts';
import type { StoredConnector } from '../catalog-store-types.ts';
import type { KeptSchemas } from '../formats/schema-registry.ts';
import type { Files, Outside } from '../storage/interfaces.ts';

/** A column rows are decoded into. */
export interface ConnectorColumn {
  readonly name: string;
  readonly type: SqlType;
  readonly notNull: boolean;
}

/** A record that could not become a row. */
export interface DeadLetter {
  readonly position: bigint;
  readonly reason: string;
  readonly sqlState: string;
  readonly column: string | null;
  readonly payload: Uint8Array;
  readonly key?: Uint8Array | null;
  /** A JSON object. */
  readonly headers?: string | null;
}

/** A row whose stored value of some columns stays as it was: the stream does not repeat it. */
export interface Unchanged {
  readonly row: number;
  readonly columns: readonly number[];
  /** Row of the batch that has the values, or, when not `here`, the key they are stored under. */
  readonly from: number;
  readonly here: boolean;
}

/** Rows of one of several relations that a source fills together. */
export interface SourcePart {
  readonly relation: number;
  readonly batch: Batch;
  /** All rows there were go first. */
  readonly truncate: boolean;
  readonly unchanged: readonly Unchanged[];
  readonly deadLetters: readonly DeadLetter[];
  /** Ends the first copy of the relation: its changes count from this position on. */
  readonly position: bigint | null;
  readonly checksum: number;
}

/** What a poll gave. */
export interface SourceBatch {
  /** Good rows, weights 1; -1 with the key of a row of a keyed table that is to go. */
  readonly batch: Batch;
  /** Offset of each row, where it is not `first` + its number. */
  readonly offsets?: BigInt64Array | undefined;
  readonly deadLetters: readonly DeadLetter[];
  /** Where the range began, when it was not known before (the earliest there is). */
  readonly first?: bigint;
  /** Position behind the last record taken. */
  readonly next: bigint;
  /** No more will ever come. */
  readonly ended: boolean;
  /** Nothing more at the moment. */
  readonly caughtUp: boolean;
  /** Hash of the bytes behind the rows, logged and compared at recovery; 0 for generators. */
  readonly checksum: number;
  /** Rows for several relations, in order; `batch` is empty then. */
  readonly parts?: readonly SourcePart[] | undefined;
  /** The rows cannot be read a second time: they go into the log. */
  readonly inline?: boolean | undefined;
  /** The last record taken, for sources that can find out whether it is still the same one. */
  readonly mark?: SourceMark | undefined;
}

/** What tells a record that was read from another one at its place. */
export interface SourceMark {
  readonly position: bigint;
  readonly time: bigint;
  readonly checksum: number;
}

/** What a poll may take. */
export interface PollLimits {
  readonly rows: number;
  readonly bytes: number;
  /** Wall clock, for generators with a rate. */
  readonly now: bigint;
  /** The last record that was taken before, perhaps by an earlier process. */
  readonly mark?: SourceMark | null;
}

/** Why a source cannot go on by itself: a gap, a damaged record; polling it again is no use. */
export class SourceBroken extends Error {
  override readonly name = 'SourceBroken';
  /** Where it can go on, leaving out what is missing; null: nowhere. */
  readonly resumeAt: bigint | null;

  constructor(message: string, resumeAt: bigint | null) {
    super(message);
    this.resumeAt = resumeAt;
  }
}

/** A table of a database, as it is followed. */
export interface FollowedTable {
  readonly relation: number;
  /** Its name outside. */
  readonly table: string;
  /** The first copy is whole. */
  readonly copied: boolean;
  /** Rows copied and the estimate of all, while this process does or did it. */
  readonly rowsCopied: bigint | null;
  readonly rowsExpected: bigint | null;
  /** Columns it has outside and not here. */
  readonly ignored: readonly string[];
}

/** An open connector of one relation. */
export interface OpenConnector {
  /** May grow while it is read. */
  readonly partitions: number;
  /** Where a new reader of a partition begins; 0 without it. */
  startOf?(partition: number): bigint;
  /** Rows the outside has behind a position, or null when that is not known. */
  lag?(partition: number, position: bigint): bigint | null;
  /** Somebody waits for everything there is now: answer soon. */
  hurry?(): void;
  /** Decodes a dead letter again; without it letters stay as they are. */
  redecode?(partition: number, letter: DeadLetter): Pick<SourceBatch, 'batch' | 'deadLetters'>;
  /** What decoding payloads again needs from outside, as data that can be logged. */
  schemasOf?(payloads: readonly Uint8Array[]): Promise<KeptSchemas>;
  /** Takes what `schemasOf` gave, at any time later. */
  takeSchemas?(schemas: KeptSchemas): void;
  /** The positions up to which everything is in a checkpoint. */
  durable?(positions: ReadonlyMap<number, bigint>): void;
  /** Ends connections; nothing is polled afterwards. */
  close?(): void;
  /** The relation was dropped: what was made for it outside goes, too. Comes after close. */
  dropped?(): void;
  /** Tables of a database it follows. */
  tables?(): readonly FollowedTable[];
  /** Status of a relation that another one's reader fills; null: the reader's own. */
  status?(): string | null;
  poll(partition: number, from: bigint, limits: PollLimits): Promise<SourceBatch> | SourceBatch;
  /** The rows of a logged range, at recovery. */
  reread(partition: number, first: bigint, next: bigint): Promise<SourceBatch>;
  /** True: a range that reads back differently breaks the source, not the engine. */
  readonly forgets?: boolean;
  /** When a poll after an empty one makes sense, given the wall clock. */
  nextPollAt(partition: number, from: bigint, now: bigint): bigint;
}

/** What a connector is opened with. */
export interface ConnectorContext {
  readonly spec: StoredConnector;
  readonly columns: readonly ConnectorColumn[];
  /** Column numbers of the primary key. */
  readonly primaryKey: readonly number[];
  readonly files: Files;
  readonly outside: Outside;
  /** Columns somebody reads (null: all); generators leave the others NULL. */
  readonly needed: ReadonlySet<number> | null;
  /** Logical time at which the relation was made: where generators' clocks begin. */
  readonly createdAt: bigint;
  readonly family: SourceFamily;
}

/** A relation that a shared source fills. */
export interface FamilyMember extends Pick<ConnectorContext, 'spec' | 'columns' | 'primaryKey'> {
  readonly relation: number;
  /** Position of its own reader. */
  readonly position: bigint;
}

/** The relations of a shared source, as they are at the moment. */
export interface SourceFamily {
  /** The relation that is opened. */
  readonly relation: number;
  /** The relations it fills: itself when it is stored, else those declared FROM it. */
  members(): readonly FamilyMember[];
  /** The source that fills it, when it was declared FROM one. */
  source(): OpenConnector | null;
}

/** What a declaration says beside columns and options. */
export interface DeclaredRelation {
  readonly stored: boolean;
  readonly primaryKey: readonly number[];
}

/** The columns of a declaration, as its connector decodes them. */
export interface DeclaredColumns {
  readonly columns: readonly ConnectorColumn[];
  readonly primaryKey: readonly number[];
  readonly stored: boolean;
}

/** A kind of connector. */
export interface Connector {
  readonly name: string;
  /** Options it knows, each with a sentence. */
  readonly options: readonly (readonly [string, string])[];
  /** True for options beyond the list: `fields.<column>.<what>`. */
  knowsOption?(name: string): boolean;
  /** Columns when the declaration gives none; null where it must. */
  defaultColumns(options: ReadonlyMap<string, string>): readonly ConnectorColumn[] | null;
  /** Type of a metadata column (INCLUDE, METADATA FROM); connectors without it have none. */
  metadataType?(what: string, keyEncode: string | null): SqlType;
  /** FORMATs beside PLAIN. */
  readonly envelopes?: readonly string[];
  /** Throws SqlError for bad options. */
  check(spec: StoredConnector, columns: readonly ConnectorColumn[],
    relation: DeclaredRelation): void;
  /** Looks at the outside when a relation is declared: it is there, and where reading begins. */
  prepare?(
    spec: StoredConnector, outside: Outside, relation?: DeclaredColumns,
  ): Promise<StoredConnector>;
  /** True: a SOURCE has no rows of its own; tables are declared FROM it. */
  readonly shared?: boolean;
  /** Columns and keys for a declaration without any, as CREATE TABLE lists them; null: none. */
  discover?(spec: StoredConnector, outside: Outside): Promise<string | null>;
  open(context: ConnectorContext): OpenConnector;
}
