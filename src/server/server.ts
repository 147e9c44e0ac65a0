/**
 * The server: an engine, a Postgres listener and an HTTP listener, started and stopped together.
 */
import type { Engine } from '../runtime/session-api.ts';
import type { Clock, Entropy } from '../runtime/storage/interfaces.ts';
import { ClientRegistry } from './client-registry.ts';
import { Connection } from './connection.ts';
import type { Conn } from './protocol/conn.ts';

/** The outer world a server needs. */
export interface ServerWorld {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly log: (line: string) => void;
}

/** Serves Postgres connections of one engine. */
export class PostgresServer {
  readonly #engine: Engine;
  readonly #clients: ClientRegistry;
  readonly #world: ServerWorld;

  constructor(engine: Engine, world: ServerWorld) {
    this.#engine = engine;
    this.#clients = new ClientRegistry(world.entropy);
    this.#world = world;
  }

  /** Serves one connection to its end; never rejects. */
  serve(conn: Conn): Promise<void> {
    const { clock, log } = this.#world;
    const host = { engine: this.#engine, clients: this.#clients, clock, log };
    return new Connection(host, conn).serve();
  }

  /** Tells every client to go. */
  terminateAll(): void {
    this.#clients.terminateAll();
  }
}
