/**
 * GET /subscribe/<name>: a subscription as server-sent events or WebSocket messages.
 *
 * One message per change: `id` is the epoch, the token to resume with (`Last-Event-ID`, or
 * `?after=`). A progress message closes every epoch that was told, so that a token is only ever
 * seen when all of its epoch has been.
 */
import type http from 'node:http';
import { sqlError } from '../../common/errors.ts';
import type { ResultColumn } from '../../planner/plans.ts';
import type { Engine } from '../../runtime/session-api.ts';
import type { Caller } from './http-auth.ts';
import { jsonRows, quotedName, withSession } from './http-sql.ts';
import type { Json } from './http-sql.ts';
import type { SocketClient } from './websocket.ts';

/** What is subscribed to. */
export interface SubscriptionRequest {
  readonly engine: Engine;
  readonly caller: Caller;
  readonly name: string;
  readonly parameters: URLSearchParams;
  readonly lastEventId: string | string[] | undefined;
}

/** A message to the client. */
type Message =
  | { readonly kind: 'change'; readonly epoch: string; readonly diff: Json;
      readonly row: { readonly [column: string]: Json } }
  /** Everything up to and including `epoch` has been told. */
  | { readonly kind: 'progress'; readonly epoch: string }
  | { readonly kind: 'error'; readonly sqlstate: string; readonly message: string;
      readonly hint: string | undefined };

interface Receiver {
  /** Resolves when the client takes more. */
  send(message: Message): Promise<void>;
  onClose(listener: () => void): void;
}

function statementOf({ name, parameters, lastEventId }: SubscriptionRequest): string {
  const token = typeof lastEventId === 'string' ? lastEventId : parameters.get('after');
  const snapshot = parameters.get('snapshot') !== 'false';
  if (token !== null && !/^\d{1,19}$/.test(token)) {
    throw sqlError('22023', 'a resume token is the number of an epoch');
  }
  return token === null
    ? `SUBSCRIBE ${quotedName(name)} WITH (PROGRESS, SNAPSHOT = ${snapshot})`
    : `SUBSCRIBE ${quotedName(name)} WITH (PROGRESS, SNAPSHOT = false) AS OF ${token}`;
}

/** Streams to a receiver until it goes. */
async function stream(
  request: SubscriptionRequest, to: Receiver, begun: () => void,
): Promise<void> {
  const { engine, caller, parameters } = request;
  const text = statementOf(request);
  await withSession(engine, caller, parameters.get('database') ?? 'tidemill', async (session) => {
    let gone = false;
    to.onClose(() => {
      gone = true;
      session.cancel();
    });
    let columns: readonly ResultColumn[] = [];
    for await (const event of session.query(text)) {
      if (gone) return;
      if (event.kind === 'columns') {
        ({ columns } = event);
        begun();
      } else if (event.kind === 'rows') {
        for (const row of jsonRows(columns, event)) await to.send(messageOf(row));
      } else if (event.kind === 'error') {
        const { sqlState, message, fields } = event.error;
        if (columns.length === 0) throw sqlError(sqlState, message, fields);
        await to.send({ kind: 'error', sqlstate: sqlState, message, hint: fields.hint });
      }
    }
  });
}

function messageOf(row: { readonly [column: string]: Json }): Message {
  const { mz_timestamp: time, mz_progressed: progressed, mz_diff: diff, ...rest } = row;
  const epoch = typeof time === 'string' ? time : '0';
  if (progressed === true) return { kind: 'progress', epoch: (BigInt(epoch) - 1n).toString() };
  return { kind: 'change', epoch, diff: Number(diff), row: rest };
}

/** Server-sent events. */
export async function streamEvents(
  request: SubscriptionRequest, response: http.ServerResponse,
): Promise<void> {
  const begin = (): void => {
    response.writeHead(200, {
      'content-type': 'text/event-stream', 'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    response.flushHeaders();
  };
  await stream(request, {
    send: async (message) => {
      const { kind, ...data } = message;
      const id = kind === 'progress' ? `id: ${message.epoch}\n` : '';
      const more = response.write(`event: ${kind}\n${id}data: ${JSON.stringify(data)}\n\n`);
      if (!more && !response.destroyed) await drained(response);
    },
    onClose: (listener) => { response.on('close', listener); },
  }, begin);
  response.end();
}

function drained(response: http.ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.on('drain', done);
    response.on('close', done);
  });
}

/** WebSocket messages: JSON texts with `kind`. */
export async function streamSocket(
  request: SubscriptionRequest, client: SocketClient,
): Promise<void> {
  try {
    await stream(request, {
      send: (message) => client.send(JSON.stringify(message)),
      onClose: (listener) => client.onClose(listener),
    }, () => undefined);
    client.close(1000, '');
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    await client.send(JSON.stringify({ kind: 'error', message: text }));
    client.close(1008, text);
  }
}
