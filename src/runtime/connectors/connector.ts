/**
 * What a connector is: options checked when it is declared, then partitions that are polled.
 *
 * The engine pulls and owns the positions; a connector keeps nothing that a restart would miss.
 * `reread` of a range must give the same rows as the poll that gave the range.
 */
import type { SqlType } from '../../common/types/sql-type.ts';
import type { Batch } from '../batch.ts';
import type { StoredConnector } from '../catalog-store-types.ts';
import type { Files } from '../storage/interfaces.ts';

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
}

/** What a poll gave. */
export interface SourceBatch {
  /** Good rows, weights 1. */
  readonly batch: Batch;
  readonly deadLetters: readonly DeadLetter[];
  /** Position behind the last record taken. */
  readonly next: bigint;
  /** No more will ever come. */
  readonly ended: boolean;
  /** Nothing more at the moment. */
  readonly caughtUp: boolean;
  /** Hash of the bytes behind the rows, logged and compared at recovery; 0 for generators. */
  readonly checksum: number;
}

/** What a poll may take. */
export interface PollLimits {
  readonly rows: number;
  readonly bytes: number;
  /** Wall clock, for generators with a rate. */
  readonly now: bigint;
}

/** An open connector of one relation. */
export interface OpenConnector {
  readonly partitions: number;
  poll(partition: number, from: bigint, limits: PollLimits): Promise<SourceBatch> | SourceBatch;
  /** The rows of a logged range, at recovery. */
  reread(partition: number, first: bigint, next: bigint): Promise<SourceBatch>;
  /** When a poll after an empty one makes sense, given the wall clock. */
  nextPollAt(partition: number, from: bigint, now: bigint): bigint;
}

/** What a connector is opened with. */
export interface ConnectorContext {
  readonly spec: StoredConnector;
  readonly columns: readonly ConnectorColumn[];
  readonly files: Files;
  /** Columns somebody reads (null: all); generators leave the others NULL. */
  readonly needed: ReadonlySet<number> | null;
  /** Logical time at which the relation was made: where generators' clocks begin. */
  readonly createdAt: bigint;
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
  /** Throws SqlError for bad options. */
  check(spec: StoredConnector, columns: readonly ConnectorColumn[]): void;
  open(context: ConnectorContext): OpenConnector;
}
