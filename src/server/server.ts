/**
 * The server: an engine, a Postgres listener and an HTTP listener, started and stopped together.
 */
import type { Engine } from '../runtime/session-api.ts';
import type { Entropy } from '../runtime/storage/interfaces.ts';
import { ClientRegistry } from './client-registry.ts';
import { Connection } from './connection.ts';
import type { Conn } from './protocol/conn.ts';

/** Serves Postgres connections of one engine. */
export class PostgresServer {
  readonly #engine: Engine;
  readonly #clients: ClientRegistry;
  readonly #log: (line: string) => void;

  constructor(engine: Engine, entropy: Entropy, log: (line: string) => void) {
    this.#engine = engine;
    this.#clients = new ClientRegistry(entropy);
    this.#log = log;
  }

  /** Serves one connection to its end; never rejects. */
  serve(conn: Conn): Promise<void> {
    const host = { engine: this.#engine, clients: this.#clients, log: this.#log };
    return new Connection(host, conn).serve();
  }

  /** Tells every client to go. */
  terminateAll(): void {
    this.#clients.terminateAll();
  }
}
