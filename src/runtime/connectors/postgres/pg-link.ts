/**
 * PostgreSQL servers as connectors and sinks see them: one connection with queries, COPY out and a
 * replication stream, all pulled.
 *
 * Implemented over sockets in real/postgres/. Errors are SqlErrors: class 08 when the server cannot
 * be reached or asks to come back later, else the server's own SQLSTATE and words.
 */

/** How the connection is protected. */
export type PgTls = 'disable' | 'prefer' | 'require' | 'verify-full';

/** Where a server is and who we are there. */
export interface PgConfig {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string | null;
  readonly database: string;
  readonly tls: PgTls;
  /** Certificate of the authority, PEM; null: the system's. */
  readonly ca: string | null;
}

/** Rows of a query as text; null for NULL. */
export interface PgResult {
  readonly rows: readonly (readonly (string | null)[])[];
  /** Rows the command touched. */
  readonly count: number;
}

/** Whole messages of a COPY stream: `bytes` from starts[i] to ends[i]. */
export interface PgBlock {
  readonly bytes: Uint8Array;
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

/** A stream of messages, read ahead within a bound of bytes. */
export interface PgStream {
  /** What has come, else what comes within `waitMs`; null: nothing did, or the end. */
  read(waitMs: number): Promise<PgBlock | null>;
  /** What has come; null: nothing. */
  take(): PgBlock | null;
  readonly ended: boolean;
  /** Sends a message of ours (replication status). */
  send(message: Uint8Array): void;
}

/** A connection. */
export interface PgLink {
  /** One or several statements without parameters; gives the rows of the last one. */
  query(sql: string): Promise<PgResult>;
  /** One statement with parameters as text. */
  run(sql: string, parameters: readonly (string | null)[]): Promise<PgResult>;
  /** COPY ... TO STDOUT, or START_REPLICATION: nothing else runs until it has ended. */
  stream(sql: string): Promise<PgStream>;
  close(): void;
}

/** Opens connections. */
export interface PgLinks {
  open(config: PgConfig, mode: 'plain' | 'replication'): Promise<PgLink>;
}
