/**
 * Interfaces that hide everything non-deterministic from the engine.
 *
 * Implementations with clocks, files and threads live in real/ folders only; tests and simulation
 * bring their own. The engine reads the clock once per epoch and logs what it read.
 */
import type { ScriptHost } from '../../planner/functions/script-host.ts';
import type { Logs } from '../connectors/kafka/log-client.ts';
import type { Feeds } from '../connectors/feed/feed-client.ts';
import type { PgLinks } from '../connectors/postgres/pg-link.ts';
import type { Registries } from '../formats/schema-registry.ts';
import type { FileWriter } from '../sinks/file-writer.ts';
import type { HttpClient } from '../sinks/http-client.ts';
import type { CheckpointPart, EpochRecord, Recovered } from './records.ts';

/** Forgets a timer. */
export type Cancel = () => void;

/** Wall clock and timers. */
export interface Clock {
  /** Microseconds since 1970 UTC. */
  nowMicros(): bigint;
  /** Milliseconds since some moment, never going back: for measuring, not for telling time. */
  elapsedMs(): number;
  /** Calls `fire` once, not before the time given (microseconds since 1970 UTC). */
  timer(at: bigint, fire: () => void): Cancel;
}

/** A clock that can be set: in test mode. */
export interface TestClock extends Clock {
  /** True while it stands still at the time it was set to. */
  readonly isSet: boolean;
  /** Stands still at `now` and fires the timers up to there; null: follows the machine again. */
  set(now: bigint | null): void;
}

/** Randomness: cancel keys, salts, seeds; never used on a data path. */
export interface Entropy {
  u32(): number;
  bytes(length: number): Uint8Array;
}

/** Gives way to others: sockets, timers, other tasks. Seeded order in simulation. */
export interface Exec {
  yield(): Promise<void>;
}

/** Durable state of an engine: an epoch log and checkpoints. */
export interface Storage {
  /** True when nothing is ever read back, so that nothing need be encoded. */
  readonly keepsNothing: boolean;
  /** Locks the state for this process and reads the newest checkpoint and the log behind it. */
  open(): Promise<Recovered>;
  /** Resolves after fsync. Rejects with SqlError 53100 when the disk is full; nothing is kept. */
  appendEpoch(record: EpochRecord): Promise<void>;
  /** Starts a checkpoint of the state after `epoch`. */
  beginCheckpoint(epoch: bigint): CheckpointWriter;
  /** Bytes on disk, for tidemill.storage. */
  sizeBytes(): number;
  close(): Promise<void>;
}

/** A checkpoint being written, in small pieces; nothing counts before `commit`. */
export interface CheckpointWriter {
  /** Writes a piece; not seen by recovery until commit. */
  write(part: CheckpointPart): Promise<void>;
  /** Drops, at commit, deltas of a store up to a checkpoint; null: all of the store. */
  drop(store: string, deltasUpTo: number | null): void;
  /** Number of this checkpoint, counted from 1. */
  readonly number: number;
  /** Makes the checkpoint the newest, drops what it replaces and the log up to its epoch. */
  commit(): Promise<void>;
  /** Forgets what was written. */
  abort(): Promise<void>;
}

/** Read-only access to files named by users (file sources). */
export interface Files {
  /** Size in bytes, or null when there is no such file. */
  size(path: string): Promise<number | null>;
  /** Reads up to `length` bytes at `position`; fewer at the end of the file. */
  read(path: string, position: number, length: number): Promise<Uint8Array>;
}

/** The network as connectors see it; what is missing cannot be connected to. */
export interface Outside {
  readonly logs?: Logs;
  readonly registries?: Registries;
  readonly postgres?: PgLinks;
  readonly http?: HttpClient;
  readonly feeds?: Feeds;
  readonly fileWriter?: FileWriter;
}

/** What an engine runs on. */
export interface Environment {
  readonly clock: Clock;
  /** The same clock where sessions may set it; absent: they may not. */
  readonly testClock?: TestClock | null;
  readonly entropy: Entropy;
  readonly exec: Exec;
  readonly storage: Storage;
  readonly files: Files;
  /** Loads the interpreter of functions in JavaScript; without it they are refused. */
  readonly scripts?: () => Promise<ScriptHost>;
  readonly outside?: Outside;
  /** Laws are checked at run time, and a violation stops the engine; for tests. */
  readonly checkLaws?: boolean;
  /** Where messages for the operator of the server go. */
  readonly log: (line: string) => void;
}
