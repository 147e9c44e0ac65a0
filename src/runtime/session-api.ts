/**
 * CONTRACT. The engine as the server and the embedding API see it: asynchronous, message-shaped.
 *
 * Everything that crosses is plain data (structured clone), so that the engine can live in a worker
 * thread. The server keeps sockets, protocol and encoding; sessions, transactions, prepared
 * statements, portals and settings live here.
 */
import type { Notice, SqlErrorFields } from '../common/errors.ts';
import type { SqlType } from '../common/types/sql-type.ts';
import type { Value } from '../common/values.ts';
import type { ResultColumn } from '../planner/plans.ts';
import type { Batch } from './batch.ts';

/** An error in transit. */
export interface ErrorMessage {
  readonly sqlState: string;
  readonly message: string;
  readonly fields: SqlErrorFields;
}

/** What comes back while a statement runs, in order. Batches here have weights >= 1. */
export type SessionEvent =
  | { readonly kind: 'columns'; readonly columns: readonly ResultColumn[] }
  /** `texts`: by column and row, where only the catalog can write them (reg* types). */
  | { readonly kind: 'rows'; readonly batch: Batch;
      readonly texts?: readonly (readonly (string | null)[] | null)[] | null | undefined }
  /** More may be long in coming: what was told so far should reach the client now. */
  | { readonly kind: 'flush' }
  | { readonly kind: 'complete'; readonly tag: string }
  | { readonly kind: 'suspended' }
  | { readonly kind: 'empty' }
  | { readonly kind: 'notice'; readonly notice: Notice }
  /** A setting changed that clients are told about (ParameterStatus) or that formats values. */
  | { readonly kind: 'parameter'; readonly name: string; readonly value: string;
      readonly reported: boolean }
  | { readonly kind: 'copyIn'; readonly columns: number; readonly binary: boolean }
  | { readonly kind: 'copyOut'; readonly columns: number; readonly binary: boolean }
  | { readonly kind: 'copyData'; readonly data: Uint8Array }
  /** The end of COPY TO STDOUT's data. */
  | { readonly kind: 'copyDone' }
  | { readonly kind: 'error'; readonly error: ErrorMessage };

/** I: idle, T: in a transaction block, E: in a failed one. */
export type TransactionStatus = 'I' | 'T' | 'E';

/** What Describe of a statement answers. `columns` null: no rows (NoData). */
export interface StatementDescription {
  readonly parameters: readonly SqlType[];
  readonly columns: readonly ResultColumn[] | null;
}

/** A prepared statement and its parameters. */
export interface Binding {
  readonly statement: string;
  readonly parameters: readonly Value[];
}

/**
 * A connection's session. Methods reject with SqlError. One call at a time, except `cancel` and
 * `copy*` which may come while a statement runs.
 */
export interface SqlSession {
  /** Simple protocol: runs a whole query string; errors come as an event and end the stream. */
  query(text: string): AsyncIterable<SessionEvent>;
  /** Prepares a statement and describes it at once. */
  parse(name: string, text: string, parameterTypes: readonly (SqlType | null)[]):
    Promise<StatementDescription>;
  describeStatement(name: string): Promise<StatementDescription>;
  /** Values are decoded by the server with the types of `describeStatement`. */
  bind(portal: string, statement: string, parameters: readonly Value[]): Promise<void>;
  describePortal(name: string): Promise<readonly ResultColumn[] | null>;
  /**
   * Runs a portal for at most `maxRows` rows (0: all). Ends with complete, suspended or error;
   * rows come behind a `columns` event, which says nothing to the client here. With `sync` it does
   * what `sync` does behind it. With `bind` the portal is bound first: what is wrong with that is
   * thrown, before any event, and nothing has run.
   */
  execute(
    portal: string, maxRows: number, sync?: boolean, bind?: Binding,
  ): AsyncIterable<SessionEvent>;
  closeStatement(name: string): Promise<void>;
  closePortal(name: string): Promise<void>;
  /** Ends the implicit transaction of the extended protocol. */
  sync(): Promise<TransactionStatus>;
  status(): Promise<TransactionStatus>;
  /** Data for a running COPY FROM STDIN; resolves when more is wanted (back-pressure). */
  copyData(data: Uint8Array): Promise<void>;
  copyDone(): Promise<void>;
  copyFail(message: string): Promise<void>;
  /** Stops the running statement with 57014, if there is one. */
  cancel(): void;
  /** Rolls back, drops temporary objects and forgets the session. */
  close(): Promise<void>;
  /** Settings to report at start: ParameterStatus names and values. */
  parameters(): Promise<readonly (readonly [string, string])[]>;
  /** Values for output formatting (TimeZone, DateStyle, ...) change by `parameter` events. */
}

/** How a session begins. Unknown database: 3D000; unknown setting: 42704. */
export interface ConnectOptions {
  readonly user: string;
  readonly database: string;
  readonly settings: readonly (readonly [string, string])[];
  /** Number shown as the backend's pid; chosen by the server. */
  readonly pid: number;
  readonly clientAddress: string;
}

/** A notification (LISTEN) on its way to the client. */
export interface Notification {
  readonly pid: number;
  readonly channel: string;
  readonly payload: string;
}

/** What a session tells its connection while nothing runs. */
export interface SessionHooks {
  readonly notified: (notification: Notification) => void;
  /** The session is over: the client is told why, and goes. */
  readonly ended: (error: ErrorMessage) => void;
}

/** What a log-in is checked against. */
export interface LoginFacts {
  /** The SCRAM-SHA-256 verifier; null: no password opens this role. */
  readonly verifier: string | null;
  /** Some role can log in with a password. */
  readonly anyPassword: boolean;
  readonly superuser: boolean;
}

/** Result of an HTTP ingest request. */
export interface IngestResult {
  readonly accepted: number;
  readonly deadLettered: number;
  /** True when the idempotency key had been seen: nothing was added. */
  readonly duplicate: boolean;
  readonly epoch: bigint;
}

/** The engine. */
export interface Engine {
  connect(options: ConnectOptions, hooks?: SessionHooks): Promise<SqlSession>;
  /** What a log-in is checked against. */
  login(user: string): Promise<LoginFacts>;
  /** Notes a log-in that was turned away. */
  refused(user: string, clientAddress: string, reason: string): Promise<void>;
  /** JSON array / NDJSON records into a table; resolves after the fsync of their epoch. */
  ingest(
    table: string, body: Uint8Array, idempotencyKey: string | null, user?: string,
  ): Promise<IngestResult>;
  /** A request to a table with connector 'webhook'; 28000 when it does not pass its check. */
  webhook(table: string, request: WebhookRequest): Promise<IngestResult>;
  /** Waits until everything received so far is published. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

/** A request from anybody. */
export interface WebhookRequest {
  /** A JSON object, names in lower case. */
  readonly headers: string;
  readonly body: Uint8Array;
  /** The sender's idempotency key. */
  readonly key: string | null;
}

/** How an engine is opened. */
export interface EngineOptions {
  /** A directory, or ':memory:'. */
  readonly dataDirectory: string;
  /** Sessions may set the clock (SET tidemill.clock). Absent: with ':memory:' they may. */
  readonly testClock?: boolean;
}
