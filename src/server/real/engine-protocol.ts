/**
 * Messages between the server's main thread and the engine's worker thread.
 *
 * Calls carry a number that their answer repeats. Streams push events; row and flush events are
 * counted and at most STREAM_WINDOW of them are under way before the main thread has asked for
 * more.
 */
import type { SqlType } from '../../common/types/sql-type.ts';
import type { Value } from '../../common/values.ts';
import type {
  Binding, ConnectOptions, ErrorMessage, Notification, SessionEvent, TransactionStatus,
  WebhookRequest,
} from '../../runtime/session-api.ts';

/** Row events that may be under way in one stream. */
export const STREAM_WINDOW = 8;

/** Events that count: rows, and the steps of a subscription (under COPY it has no row events). */
export function isCounted({ kind }: SessionEvent): boolean {
  return kind === 'rows' || kind === 'flush';
}

/** What the main thread may ask of a session. */
export type SessionCall =
  | { readonly method: 'parse'; readonly name: string; readonly text: string;
      readonly types: readonly (SqlType | null)[] }
  | { readonly method: 'describeStatement' | 'describePortal' | 'closeStatement' | 'closePortal';
      readonly name: string }
  | { readonly method: 'bind'; readonly portal: string; readonly statement: string;
      readonly parameters: readonly Value[] }
  | { readonly method: 'sync' | 'status' | 'parameters' | 'copyDone' | 'close' }
  | { readonly method: 'copyData'; readonly data: Uint8Array }
  | { readonly method: 'copyFail'; readonly message: string };

/** A stream of events to start. */
export type StreamCall =
  | { readonly method: 'query'; readonly text: string }
  /** `sync`: the transaction is ended behind it, when that is implicit. */
  | { readonly method: 'execute'; readonly portal: string; readonly maxRows: number;
      readonly sync: boolean; readonly bind: Binding | undefined };

/** Main thread to worker. */
export type ToWorker =
  | { readonly kind: 'connect'; readonly id: number; readonly session: number;
      readonly options: ConnectOptions }
  | { readonly kind: 'call'; readonly id: number; readonly session: number;
      readonly call: SessionCall }
  | { readonly kind: 'stream'; readonly id: number; readonly session: number;
      readonly call: StreamCall }
  | { readonly kind: 'more'; readonly id: number; readonly count: number }
  | { readonly kind: 'drop'; readonly id: number }
  | { readonly kind: 'cancel'; readonly session: number }
  | { readonly kind: 'ingest'; readonly id: number; readonly table: string;
      readonly body: Uint8Array; readonly key: string | null; readonly user: string | undefined }
  | { readonly kind: 'webhook'; readonly id: number; readonly table: string;
      readonly request: WebhookRequest }
  | { readonly kind: 'login'; readonly id: number; readonly user: string }
  | { readonly kind: 'refused'; readonly id: number; readonly user: string;
      readonly clientAddress: string; readonly reason: string }
  | { readonly kind: 'settle' | 'shutdown'; readonly id: number };

/** Worker to main thread. */
export type FromWorker =
  | { readonly kind: 'opened' }
  | { readonly kind: 'failed'; readonly error: ErrorMessage }
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'refusal'; readonly id: number; readonly error: ErrorMessage }
  | { readonly kind: 'event'; readonly id: number; readonly event: SessionEvent }
  /** A stream has ended; the session's status spares a question. */
  | { readonly kind: 'done'; readonly id: number; readonly status: TransactionStatus }
  /** What a session tells while nothing runs. */
  | { readonly kind: 'notified'; readonly session: number; readonly notification: Notification }
  | { readonly kind: 'ended'; readonly session: number; readonly error: ErrorMessage }
  | { readonly kind: 'log'; readonly line: string };
