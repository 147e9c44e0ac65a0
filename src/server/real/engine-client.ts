/**
 * The engine as seen from the main thread: an Engine whose calls go to the worker thread.
 */
import { Worker } from 'node:worker_threads';
import { sqlError } from '../../common/errors.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { Value } from '../../common/values.ts';
import type { ResultColumn } from '../../planner/plans.ts';
import type {
  Binding, ConnectOptions, Engine, EngineOptions, ErrorMessage, IngestResult, LoginFacts,
  SessionEvent, SessionHooks, SqlSession, StatementDescription, TransactionStatus, WebhookRequest,
} from '../../runtime/session-api.ts';
import { isCounted, STREAM_WINDOW } from './engine-protocol.ts';
import type { FromWorker, SessionCall, StreamCall, ToWorker } from './engine-protocol.ts';
import { packToWorker, unpackFromWorker } from './engine-wire.ts';
import type { Packed } from './engine-wire.ts';
import { Outbox } from './outbox.ts';

/** Memory of the engine's JavaScript heap, in MiB; columns live outside of it. */
const HEAP_MEGABYTES = 4096;

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** What a hosted engine reports to the server. */
export interface EngineHostEvents {
  readonly log: (line: string) => void;
  /** The worker died: nothing can be served any more. */
  readonly crashed: (reason: string) => void;
}

function errorOf(error: ErrorMessage): Error {
  return sqlError(error.sqlState, error.message, error.fields);
}

/** Events of one stream, waiting to be read. */
class EventStream implements AsyncIterableIterator<SessionEvent> {
  readonly #id: number;
  readonly #post: (message: ToWorker) => void;
  readonly #events: SessionEvent[] = [];
  readonly #onStatus: (status: TransactionStatus) => void;
  #ended = false;
  /** Events read since the worker was told. */
  #read = 0;
  #error: Error | null = null;
  #wake: (() => void) | null = null;

  constructor(
    id: number, post: (message: ToWorker) => void,
    onStatus: (status: TransactionStatus) => void,
  ) {
    this.#id = id;
    this.#onStatus = onStatus;
    this.#post = post;
  }

  push(event: SessionEvent): void {
    this.#events.push(event);
    this.#wake?.();
  }

  /** Passes on the session's status after the stream. */
  settle(status: TransactionStatus): void {
    this.#onStatus(status);
  }

  end(error: Error | null): void {
    this.#ended = true;
    this.#error = error;
    this.#wake?.();
  }

  async next(): Promise<IteratorResult<SessionEvent>> {
    for (;;) {
      const event = this.#events.shift();
      if (event !== undefined) {
        if (isCounted(event)) this.#count();
        return { done: false, value: event };
      }
      if (this.#error !== null) throw this.#error;
      if (this.#ended) return { done: true, value: undefined };
      await new Promise<void>((resolve) => { this.#wake = resolve; });
      this.#wake = null;
    }
  }

  /** Told by halves of the window: most answers are shorter than that. */
  #count(): void {
    if (++this.#read < STREAM_WINDOW / 2) return;
    this.#post({ kind: 'more', id: this.#id, count: this.#read });
    this.#read = 0;
  }

  return(): Promise<IteratorResult<SessionEvent>> {
    if (!this.#ended) this.#post({ kind: 'drop', id: this.#id });
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/** An engine in a worker thread. */
export class EngineClient implements Engine {
  readonly #worker: Worker;
  readonly #outbox: Outbox<ToWorker>;
  readonly #waiting = new Map<number, Waiting>();
  readonly #streams = new Map<number, EventStream>();
  readonly #hooks = new Map<number, SessionHooks>();
  readonly #events: EngineHostEvents;
  #nextId = 1;
  #closing = false;

  private constructor(worker: Worker, events: EngineHostEvents) {
    this.#worker = worker;
    this.#outbox = new Outbox((messages) => worker.postMessage(packToWorker(messages)));
    this.#events = events;
  }

  /** Starts the worker and opens the data directory; rejects with the engine's SqlError. */
  static open(options: EngineOptions, events: EngineHostEvents): Promise<EngineClient> {
    const worker = new Worker(new URL('./engine-worker.js', import.meta.url), {
      workerData: options, resourceLimits: { maxOldGenerationSizeMb: HEAP_MEGABYTES },
    });
    const client = new EngineClient(worker, events);
    return new Promise((resolve, reject) => {
      worker.on('message', (packed: Packed) => {
        unpackFromWorker(packed, (message) => {
          if (message.kind === 'opened') resolve(client);
          else if (message.kind === 'failed') reject(errorOf(message.error));
          else client.#receive(message);
        });
      });
      worker.on('error', (error) => {
        reject(error);
        client.#crashed(error.message);
      });
      worker.on('exit', (code) => { if (code !== 0) client.#crashed(`exit code ${code}`); });
    });
  }

  async connect(options: ConnectOptions, hooks?: SessionHooks): Promise<SqlSession> {
    const session = this.#nextId++;
    if (hooks !== undefined) this.#hooks.set(session, hooks);
    try {
      await this.#ask((id) => ({ kind: 'connect', id, session, options }));
    } catch (error) {
      this.#hooks.delete(session);
      throw error;
    }
    return new SessionClient(session, this);
  }

  async login(user: string): Promise<LoginFacts> {
    return await this.#ask((id) => ({ kind: 'login', id, user })) as LoginFacts;
  }

  async refused(user: string, clientAddress: string, reason: string): Promise<void> {
    await this.#ask((id) => ({ kind: 'refused', id, user, clientAddress, reason }));
  }

  async ingest(
    table: string, body: Uint8Array, key: string | null, user?: string,
  ): Promise<IngestResult> {
    return await this.#ask((id) =>
      ({ kind: 'ingest', id, table, body, key, user })) as IngestResult;
  }

  async webhook(table: string, request: WebhookRequest): Promise<IngestResult> {
    return await this.#ask((id) => ({ kind: 'webhook', id, table, request })) as IngestResult;
  }

  /** A session has been closed. */
  forget(session: number): void {
    this.#hooks.delete(session);
  }

  async settle(): Promise<void> {
    await this.#ask((id) => ({ kind: 'settle', id }));
  }

  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    await this.#ask((id) => ({ kind: 'shutdown', id }));
    await this.#worker.terminate();
  }

  /** Calls a method of a session. */
  call(session: number, call: SessionCall): Promise<unknown> {
    return this.#ask((id) => ({ kind: 'call', id, session, call }));
  }

  /** Starts a stream of a session. */
  stream(
    session: number, call: StreamCall, onStatus: (status: TransactionStatus) => void,
  ): AsyncIterable<SessionEvent> {
    const id = this.#nextId++;
    const stream = new EventStream(id, (message) => this.post(message), onStatus);
    this.#streams.set(id, stream);
    this.post({ kind: 'stream', id, session, call });
    return stream;
  }

  post(message: ToWorker): void {
    this.#outbox.add(message);
  }

  #ask(make: (id: number) => ToWorker): Promise<unknown> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.post(make(id));
    });
  }

  #receive(message: Exclude<FromWorker, { kind: 'opened' | 'failed' }>): void {
    switch (message.kind) {
      case 'log': this.#events.log(message.line); return;
      case 'notified': this.#hooks.get(message.session)?.notified(message.notification); return;
      case 'ended': this.#hooks.get(message.session)?.ended(message.error); return;
      case 'event': this.#streams.get(message.id)?.push(message.event); return;
      case 'done':
        this.#streams.get(message.id)?.settle(message.status);
        this.#endStream(message.id, null);
        return;
      case 'answer':
        this.#waiting.get(message.id)?.resolve(message.value);
        this.#waiting.delete(message.id);
        return;
      case 'refusal': {
        const error = errorOf(message.error);
        this.#endStream(message.id, error);
        this.#waiting.get(message.id)?.reject(error);
        this.#waiting.delete(message.id);
        return;
      }
    }
  }

  #endStream(id: number, error: Error | null): void {
    this.#streams.get(id)?.end(error);
    this.#streams.delete(id);
  }

  #crashed(reason: string): void {
    if (this.#closing) return;
    this.#closing = true;
    const error = sqlError('57P02', `the engine stopped: ${reason}`, { severity: 'FATAL' });
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    for (const stream of this.#streams.values()) stream.end(error);
    this.#events.crashed(reason);
  }
}

/** A session in the worker. */
class SessionClient implements SqlSession {
  readonly #id: number;
  readonly #engine: EngineClient;
  /** The transaction's status, when nothing has happened since it was told. */
  #status: TransactionStatus | null = null;

  constructor(id: number, engine: EngineClient) {
    this.#id = id;
    this.#engine = engine;
  }

  query(text: string): AsyncIterable<SessionEvent> {
    return this.#stream({ method: 'query', text });
  }

  execute(
    portal: string, maxRows: number, sync = false, bind?: Binding,
  ): AsyncIterable<SessionEvent> {
    return this.#stream({ method: 'execute', portal, maxRows, sync, bind });
  }

  #stream(call: StreamCall): AsyncIterable<SessionEvent> {
    this.#status = null;
    return this.#engine.stream(this.#id, call, (status) => { this.#status = status; });
  }

  async parse(
    name: string, text: string, types: readonly (SqlType | null)[],
  ): Promise<StatementDescription> {
    return await this.#call({ method: 'parse', name, text, types }) as StatementDescription;
  }

  async describeStatement(name: string): Promise<StatementDescription> {
    return await this.#call({ method: 'describeStatement', name }) as StatementDescription;
  }

  async bind(portal: string, statement: string, parameters: readonly Value[]): Promise<void> {
    await this.#call({ method: 'bind', portal, statement, parameters });
  }

  async describePortal(name: string): Promise<readonly ResultColumn[] | null> {
    return await this.#call({ method: 'describePortal', name }) as readonly ResultColumn[] | null;
  }

  async closeStatement(name: string): Promise<void> {
    await this.#call({ method: 'closeStatement', name });
  }

  async closePortal(name: string): Promise<void> {
    await this.#call({ method: 'closePortal', name });
  }

  async sync(): Promise<TransactionStatus> {
    const status = await this.#call({ method: 'sync' }) as TransactionStatus;
    this.#status = status;
    return status;
  }

  async status(): Promise<TransactionStatus> {
    return this.#status ?? await this.#call({ method: 'status' }) as TransactionStatus;
  }

  async parameters(): Promise<readonly (readonly [string, string])[]> {
    return await this.#call({ method: 'parameters' }) as readonly (readonly [string, string])[];
  }

  async copyData(data: Uint8Array): Promise<void> {
    await this.#call({ method: 'copyData', data });
  }

  async copyDone(): Promise<void> {
    await this.#call({ method: 'copyDone' });
  }

  async copyFail(message: string): Promise<void> {
    await this.#call({ method: 'copyFail', message });
  }

  cancel(): void {
    this.#engine.post({ kind: 'cancel', session: this.#id });
  }

  async close(): Promise<void> {
    this.cancel();
    await this.#call({ method: 'close' });
    this.#engine.forget(this.#id);
  }

  #call(call: SessionCall): Promise<unknown> {
    this.#status = null;
    return this.#engine.call(this.#id, call);
  }
}
