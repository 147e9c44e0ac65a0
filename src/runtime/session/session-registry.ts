/**
 * The sessions of an engine, for pg_stat_activity and for stopping one from another.
 */
import { sqlError } from '../../common/errors.ts';
import type { EngineCoreFace } from '../engine-core.ts';
import type { SessionActivity } from '../engine-core-types.ts';
import type { ConnectOptions, SqlSession } from '../session-api.ts';
import { AuditLog } from './audit.ts';
import type { AuditEntry } from './audit.ts';
import { Channels } from './channels.ts';

/** A session as its neighbours know it. */
export interface Neighbour {
  activity(): SessionActivity;
  /** Stops the running statement, if there is one. */
  cancel(): void;
  /** Ends the session: what runs is stopped, nothing else is begun. */
  terminate(): void;
}

/** An engine of its own for a unit test, in memory and with a clock. */
export interface Scratch {
  readonly core: EngineCoreFace;
  readonly connect: (options: ConnectOptions) => Promise<SqlSession>;
}

function noScratch(): Promise<Scratch> {
  return Promise.reject(sqlError('0A000', 'unit tests are not supported here'));
}

/** Who is connected to the engine. */
export class SessionRegistry {
  readonly #sessions = new Map<number, Neighbour>();
  /** When the engine was opened, microseconds since 1970 UTC. */
  readonly startedAt: bigint;
  /** Opens a scratch engine. */
  readonly scratch: () => Promise<Scratch>;
  readonly #audit: AuditLog;
  #channels: Channels | null = null;

  constructor(startedAt: bigint, surroundings: {
    readonly log?: (line: string) => void; readonly scratch?: () => Promise<Scratch>;
  } = {}) {
    this.startedAt = startedAt;
    this.scratch = surroundings.scratch ?? noScratch;
    this.#audit = new AuditLog(surroundings.log ?? ((): void => undefined));
  }

  add(pid: number, session: Neighbour): void {
    this.#sessions.set(pid, session);
  }

  remove(pid: number): void {
    this.#sessions.delete(pid);
  }

  /** The channels all sessions share. */
  channelsOf(core: EngineCoreFace): Channels {
    this.#channels ??= new Channels(core);
    return this.#channels;
  }

  /** Sessions of a user. */
  count(user: string): number {
    return this.activity().filter((session) => session.user === user).length;
  }

  audit({ environment }: EngineCoreFace, entry: Omit<AuditEntry, 'at'>): void {
    this.#audit.add({ ...entry, at: environment.clock.nowMicros() });
  }

  auditEntries(): readonly AuditEntry[] {
    return this.#audit.entries();
  }

  /** In the order they began. */
  activity(): readonly SessionActivity[] {
    return [...this.#sessions.values()].map((session) => session.activity());
  }

  /** False when there is no such session. */
  signal(pid: number, terminate: boolean): boolean {
    const session = this.#sessions.get(pid);
    if (session === undefined) return false;
    if (terminate) session.terminate();
    else session.cancel();
    return true;
  }
}
