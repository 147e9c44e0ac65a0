/**
 * What a sink is: options checked when it is declared, then epochs delivered in order.
 *
 * What has changed and is not confirmed lives in the relation's changelog, saved with checkpoints;
 * a sink keeps nothing of its own and may see an epoch again after a crash.
 */
import type { SqlType } from '../../common/types/sql-type.ts';
import type { Batch } from '../batch.ts';
import type { StoredObject } from '../catalog-store-types.ts';
import type { Clock, Outside } from '../storage/interfaces.ts';

/** A column of what is delivered. */
export interface SinkColumn {
  readonly name: string;
  readonly type: SqlType;
}

/** How changes are written. */
export type SinkEnvelope = 'plain' | 'upsert' | 'debezium';

/** A sink as it was declared. */
export interface SinkSpec {
  /** Stays the same for as long as the sink exists; unique in the engine. */
  readonly id: string;
  readonly name: string;
  readonly connector: string;
  readonly options: readonly (readonly [string, string])[];
  readonly envelope: SinkEnvelope;
  readonly encode: string;
  readonly keyEncode: string | null;
  readonly columns: readonly SinkColumn[];
  /** Column numbers of the key; null: rows have none. */
  readonly key: readonly number[] | null;
}

/** What one epoch changed: consolidated, weights of either sign. */
export interface SinkEpoch {
  readonly epoch: bigint;
  /** Logical time, microseconds since 1970 UTC. */
  readonly at: bigint;
  readonly delta: Batch;
}

/** A sink at work. Errors of class 08 may pass; others stop it. */
export interface OpenSink {
  /** The last epoch the outside is known to have whole; null when it cannot tell. */
  lastEpoch(): Promise<bigint | null>;
  /** Delivers epochs in order; resolves when all of them are safe outside. */
  /** Gives what the outside did not want, in a sink that keeps letters. */
  deliver(epochs: readonly SinkEpoch[]): Promise<readonly SinkLetter[] | void>;
  close(): void;
}

/** Changes the outside did not want. */
export interface SinkLetter {
  readonly epoch: bigint;
  /** Number of the batch in its epoch. */
  readonly seq: number;
  readonly reason: string;
  readonly payload: Uint8Array;
}

/** What a sink is opened with. */
export interface SinkContext {
  readonly spec: SinkSpec;
  readonly outside: Outside;
  readonly clock: Pick<Clock, 'nowMicros' | 'elapsedMs' | 'timer'>;
  /** True once the sink is to end: waiting is no use any more. */
  stopped(): boolean;
  /** Says why nothing moves while a delivery goes on. */
  stalled(reason: string): void;
}

/** A kind of sink. */
export interface SinkKind {
  readonly name: string;
  readonly options: readonly (readonly [string, string])[];
  readonly envelopes: readonly SinkEnvelope[];
  knowsOption?(name: string): boolean;
  /** Has a relation `dead_letter.<sink>` for what the outside did not want. */
  readonly keepsLetters?: boolean;
  /** Writes to this machine's files: only superusers may declare it. */
  readonly superuser?: boolean;
  /** Throws SqlError for bad options. */
  check(spec: SinkSpec): void;
  /** Meets the outside when the sink is declared. */
  prepare(context: SinkContext): Promise<void>;
  open(context: SinkContext): OpenSink;
}

/** What the catalog keeps of a sink. */
export interface StoredSink {
  readonly spec: SinkSpec;
  /** The relation whose changes are delivered. */
  readonly relation: number;
  /** The view made for AS SELECT; dropped with the sink. */
  readonly ownView: number | null;
  /** SINK INTO: the table, and its column for each column of the sink. */
  readonly into: { readonly table: number; readonly columns: readonly number[] } | null;
  /** The relation of what the outside did not want. */
  readonly deadLetters?: number | undefined;
  /** How often it was told to go on. */
  readonly resumes?: number;
  /** Everything up to this epoch is outside; null before the first rows. */
  readonly confirmed: bigint | null;
  readonly sql: string;
}

/** The facts of a sink's catalog entry. */
export function storedSink({ data }: StoredObject): StoredSink {
  return data as unknown as StoredSink;
}
