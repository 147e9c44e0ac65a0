/**
 * The worker thread that hosts the engine: answers calls and pushes streams (engine-protocol.ts).
 */
import { parentPort, workerData } from 'node:worker_threads';
import { assertNever, must } from '../../common/assert.ts';
import type { Batch, Column } from '../../runtime/batch.ts';
import { openEngine } from '../../runtime/session/open-engine.ts';
import { realEnvironment } from '../../runtime/real/open-environment.ts';
import { errorMessage } from '../../runtime/session/error-message.ts';
import type {
  Engine, EngineOptions, SessionEvent, SqlSession,
} from '../../runtime/session-api.ts';
import { isCounted, STREAM_WINDOW } from './engine-protocol.ts';
import type { FromWorker, SessionCall, StreamCall, ToWorker } from './engine-protocol.ts';
import { isSmall, packFromWorker, unpackToWorker } from './engine-wire.ts';
import type { Packed } from './engine-wire.ts';
import { Outbox } from './outbox.ts';

const port = must(parentPort, 'the engine worker runs in a worker thread');
/** Smaller arrays are copied: that costs less than handing them over. */
const TRANSFER_BYTES = 4096;
const sessions = new Map<number, SqlSession>();
const streams = new Map<number, StreamWindow>();

/** Counts the row events a stream may still push. */
class StreamWindow {
  #left = STREAM_WINDOW;
  #dropped = false;
  #wake: (() => void) | null = null;

  get dropped(): boolean { return this.#dropped; }

  async take(): Promise<void> {
    while (this.#left === 0 && !this.#dropped) {
      await new Promise<void>((resolve) => { this.#wake = resolve; });
    }
    this.#left--;
  }

  more(count: number): void {
    this.#left += count;
    this.#wake?.();
  }

  drop(): void {
    this.#dropped = true;
    this.#wake?.();
  }
}

const outbox = new Outbox<FromWorker>((messages, transfer) => {
  port.postMessage(packFromWorker(messages), transfer);
});

function send(message: FromWorker, transfer: readonly ArrayBuffer[] = []): void {
  outbox.add(message, transfer);
}

async function start(): Promise<void> {
  const { dataDirectory, testClock } = workerData as EngineOptions;
  try {
    const environment = realEnvironment(dataDirectory, (line) => send({ kind: 'log', line }),
      { testClock });
    const engine = await openEngine(environment);
    port.on('message', (packed: Packed) => {
      unpackToWorker(packed, (message) => receive(engine, message));
    });
    send({ kind: 'opened' });
  } catch (error) {
    send({ kind: 'failed', error: errorMessage(error, '') });
  }
}

function receive(engine: Engine, message: ToWorker): void {
  switch (message.kind) {
    case 'connect': answer(message.id, connect(engine, message)); return;
    case 'call': answer(message.id, callSession(message.session, message.call)); return;
    case 'stream': void pushStream(message.id, message.session, message.call); return;
    case 'more': streams.get(message.id)?.more(message.count); return;
    case 'drop': streams.get(message.id)?.drop(); return;
    case 'cancel': sessions.get(message.session)?.cancel(); return;
    case 'webhook':
      answer(message.id, engine.webhook(message.table, message.request));
      return;
    case 'ingest':
      answer(message.id, engine.ingest(message.table, message.body, message.key, message.user));
      return;
    case 'login': answer(message.id, engine.login(message.user)); return;
    case 'refused':
      answer(message.id, engine.refused(message.user, message.clientAddress, message.reason));
      return;
    case 'settle': answer(message.id, engine.settle()); return;
    case 'shutdown': answer(message.id, engine.close()); return;
    default: assertNever(message);
  }
}

function answer(id: number, result: Promise<unknown>): void {
  result.then(
    (value) => send({ kind: 'answer', id, value }),
    (error: unknown) => send({ kind: 'refusal', id, error: errorMessage(error, '') }),
  );
}

async function connect(engine: Engine, message: ToWorker & { kind: 'connect' }): Promise<void> {
  const { session } = message;
  sessions.set(session, await engine.connect(message.options, {
    notified: (notification) => send({ kind: 'notified', session, notification }),
    ended: (error) => send({ kind: 'ended', session, error }),
  }));
}

async function callSession(id: number, call: SessionCall): Promise<unknown> {
  const session = must(sessions.get(id), 'session');
  switch (call.method) {
    case 'parse': return session.parse(call.name, call.text, call.types);
    case 'describeStatement': return session.describeStatement(call.name);
    case 'describePortal': return session.describePortal(call.name);
    case 'closeStatement': return session.closeStatement(call.name);
    case 'closePortal': return session.closePortal(call.name);
    case 'bind': return session.bind(call.portal, call.statement, call.parameters);
    case 'sync': return session.sync();
    case 'status': return session.status();
    case 'parameters': return session.parameters();
    case 'copyData': return session.copyData(call.data);
    case 'copyDone': return session.copyDone();
    case 'copyFail': return session.copyFail(call.message);
    case 'close':
      sessions.delete(id);
      return session.close();
    default: return assertNever(call);
  }
}

async function pushStream(id: number, sessionId: number, call: StreamCall): Promise<void> {
  const window = new StreamWindow();
  streams.set(id, window);
  try {
    const session = must(sessions.get(sessionId), 'session');
    const events = call.method === 'query' ? session.query(call.text)
      : session.execute(call.portal, call.maxRows, false, call.bind);
    for await (const event of events) {
      if (window.dropped) break;
      if (isCounted(event)) await window.take();
      sendEvent(id, event);
    }
    const sync = call.method === 'execute' && call.sync;
    send({ kind: 'done', id, status: await (sync ? session.sync() : session.status()) });
  } catch (error) {
    send({ kind: 'refusal', id, error: errorMessage(error, '') });
  } finally {
    streams.delete(id);
  }
}

function sendEvent(id: number, event: SessionEvent): void {
  if (event.kind !== 'rows') {
    send({ kind: 'event', id, event });
    return;
  }
  if (isSmall(event.batch)) {
    // It is packed at the end of this turn, and its arrays are not written again.
    send({ kind: 'event', id, event });
    return;
  }
  const buffers: ArrayBuffer[] = [];
  const batch = packed(event.batch, buffers);
  send({ kind: 'event', id, event: { kind: 'rows', batch, texts: event.texts } }, buffers);
}

/** A copy whose arrays hold just the rows, so that they can be handed over. */
function packed(batch: Batch, buffers: ArrayBuffer[]): Batch {
  const { length } = batch;
  const columns = batch.columns.map((column) => packedColumn(column, length, buffers));
  const weights = batch.weights.slice(0, length);
  if (weights.byteLength >= TRANSFER_BYTES) buffers.push(weights.buffer);
  return { length, columns, weights };
}

function packedColumn(column: Column, length: number, buffers: ArrayBuffer[]): Column {
  const nulls = column.nulls === null ? null : column.nulls.slice(0, length);
  if (nulls !== null && nulls.byteLength >= TRANSFER_BYTES) buffers.push(nulls.buffer);
  if (column.kind === 'ref') return { kind: 'ref', data: column.data.slice(0, length), nulls };
  const data = column.data.slice(0, length);
  if (data.byteLength >= TRANSFER_BYTES) buffers.push(data.buffer);
  return { kind: column.kind, data, nulls } as Column;
}

await start();
