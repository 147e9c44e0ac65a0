/**
 * The server: an engine, a Postgres listener and an HTTP listener, started and stopped together.
 */
import type { Engine } from '../runtime/session-api.ts';
import type { Clock, Entropy } from '../runtime/storage/interfaces.ts';
import { ClientRegistry } from './client-registry.ts';
import { Connection } from './connection.ts';
import type { AuthMode } from './protocol/authenticate.ts';
import type { Conn } from './protocol/conn.ts';

/** The outer world a server needs. */
export interface ServerWorld {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly log: (line: string) => void;
}

/** Connections that may be logging in at a time. */
const STARTING_MAX = 32;

/** What may be set about a server. */
export interface ServerOptions {
  readonly auth?: AuthMode;
  readonly connectionsMax?: number;
  readonly startingMax?: number;
}

/** Serves Postgres connections of one engine. */
export class PostgresServer {
  readonly #engine: Engine;
  readonly #clients: ClientRegistry;
  readonly #world: ServerWorld;
  readonly #auth: AuthMode;
  readonly #startingMax: number;
  readonly #mockSecret: Uint8Array;
  /** Connections that have not logged in yet. */
  #starting = 0;

  constructor(engine: Engine, world: ServerWorld, options: ServerOptions = {}) {
    this.#engine = engine;
    this.#clients = new ClientRegistry(world.entropy, options.connectionsMax);
    this.#world = world;
    this.#auth = options.auth ?? 'auto';
    this.#startingMax = options.startingMax ?? STARTING_MAX;
    this.#mockSecret = world.entropy.bytes(32);
  }

  /** Serves one connection to its end; never rejects. */
  serve(conn: Conn): Promise<void> {
    if (this.#starting >= this.#startingMax) {
      conn.close();
      return Promise.resolve();
    }
    this.#starting++;
    let starting = true;
    const started = (): void => {
      if (starting) this.#starting--;
      starting = false;
    };
    const { clock, log, entropy } = this.#world;
    return new Connection({
      engine: this.#engine, clients: this.#clients, clock, log, entropy, started,
      auth: { mode: this.#auth, mockSecret: this.#mockSecret },
    }, conn).serve().finally(started);
  }

  /** Tells every client to go. */
  terminateAll(): void {
    this.#clients.terminateAll();
  }
}
