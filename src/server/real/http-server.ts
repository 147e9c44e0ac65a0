/**
 * The HTTP side: ingest, SQL and views as JSON, subscriptions as streams.
 *
 * POST /ingest/<table>, POST /webhook/<table>, POST /sql, GET /view/<name>, GET
 * /subscribe/<name> (server-sent events, or a WebSocket), GET /openapi.json and GET
 * /health. Users and rights are those of SQL.
 */
import http from 'node:http';
import https from 'node:https';
import type { Duplex } from 'node:stream';
import { SqlError } from '../../common/errors.ts';
import type { Engine } from '../../runtime/session-api.ts';
import type { AuthMode } from '../protocol/authenticate.ts';
import type { Certificate } from './certificate.ts';
import { callerOf, isLoginError } from './http-auth.ts';
import type { Caller } from './http-auth.ts';
import { OPENAPI } from './http-openapi.ts';
import { runSql, viewRows } from './http-sql.ts';
import { streamEvents, streamSocket } from './http-subscribe.ts';
import type { ListenAddress, Listener } from './listener.ts';
import { acceptSocket } from './websocket.ts';

/** Longest body of a request. */
export const INGEST_BYTES_MAX: number = 64 * 1024 * 1024;

/** What the HTTP side serves. */
export interface HttpHost {
  readonly engine: Engine;
  readonly auth: AuthMode;
  readonly certificate?: Certificate | undefined;
}

/** Starts the HTTP server. Rejects with the system's error (EADDRINUSE). */
export function listenHttp(address: ListenAddress, host: HttpHost): Promise<Listener> {
  const onRequest = (request: http.IncomingMessage, response: http.ServerResponse): void => {
    void answer(host, request, response);
  };
  const { certificate } = host;
  const server = certificate === undefined ? http.createServer(onRequest)
    : https.createServer({ cert: certificate.cert, key: certificate.key }, onRequest);
  server.headersTimeout = 30_000;
  server.on('upgrade', (request: http.IncomingMessage, socket: Duplex) => {
    void upgrade(host, request, socket);
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(address.port, address.host, () => {
      const bound = server.address();
      const port = typeof bound === 'object' && bound !== null ? bound.port : address.port;
      resolve({ port, close: () => stop(server) });
    });
  });
}

function stop(server: http.Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => { server.close(() => resolve()); });
}

async function callerFrom(host: HttpHost, request: http.IncomingMessage): Promise<Caller> {
  return await callerOf(host.engine, host.auth, {
    authorization: request.headers.authorization, address: request.socket.remoteAddress ?? '',
  });
}

function urlOf(request: http.IncomingMessage): URL {
  return new URL(request.url ?? '/', 'http://localhost');
}

async function answer(
  host: HttpHost, request: http.IncomingMessage, response: http.ServerResponse,
): Promise<void> {
  try {
    const url = urlOf(request);
    const route = ROUTES.find(({ path }) => path.test(url.pathname));
    if (route === undefined) {
      return reply(response, 404, { error: `no such path: ${url.pathname}` });
    }
    if (request.method !== route.method) {
      response.setHeader('Allow', route.method);
      return reply(response, 405, { error: `use ${route.method}` });
    }
    refuseForeignOrigin(request);
    const caller = route.open === true ? null : await callerFrom(host, request);
    const [, name = ''] = route.path.exec(url.pathname) ?? [];
    await route.run({
      engine: host.engine, request, response, url, caller: caller ?? NOBODY,
      name: decodeURIComponent(name),
    });
  } catch (error) {
    refuse(response, error);
  }
}

const NOBODY: Caller = { user: '', address: '' };

/** Pages of other sites may not use a browser's way to this machine. */
function refuseForeignOrigin({ headers }: http.IncomingMessage): void {
  const { origin, host } = headers;
  if (origin === undefined || origin.replace(/^https?:\/\//, '') === host) return;
  throw new SqlError('28000', `requests from pages of ${origin} are refused`);
}

interface Call {
  readonly engine: Engine;
  readonly request: http.IncomingMessage;
  readonly response: http.ServerResponse;
  readonly url: URL;
  readonly caller: Caller;
  readonly name: string;
}

interface Route {
  readonly method: 'GET' | 'POST';
  readonly path: RegExp;
  /** Answers without a log-in. */
  readonly open?: boolean;
  readonly run: (call: Call) => Promise<void> | void;
}

const ROUTES: readonly Route[] = [
  { method: 'GET', path: /^\/health$/, open: true,
    run: ({ response }) => reply(response, 200, { status: 'ok' }) },
  { method: 'GET', path: /^\/openapi\.json$/, open: true,
    run: ({ response }) => reply(response, 200, OPENAPI) },
  { method: 'POST', path: /^\/ingest\/([^/]+)$/, run: ingest },
  { method: 'POST', path: /^\/webhook\/([^/]+)$/, open: true, run: webhook },
  { method: 'POST', path: /^\/sql$/, run: sql },
  { method: 'GET', path: /^\/view\/([^/]+)$/,
    run: async ({ engine, caller, name, url, response }) =>
      reply(response, 200, await viewRows(engine, caller, name, url.searchParams)) },
  { method: 'GET', path: /^\/subscribe\/([^/]+)$/,
    run: ({ engine, caller, name, url, request, response }) => streamEvents(
      { engine, caller, name, parameters: url.searchParams,
        lastEventId: request.headers['last-event-id'] }, response) },
];

async function ingest({ engine, request, response, caller, name }: Call): Promise<void> {
  const body = await readBody(request);
  if (body === null) return reply(response, 413, { error: 'the body is too large' });
  const key = request.headers['idempotency-key'];
  const result = await engine.ingest(name, body, typeof key === 'string' ? key : null,
    caller.user);
  reply(response, 200, { ...result, epoch: String(result.epoch) });
}

/** Anybody may send; the table's own check decides. */
async function webhook({ engine, request, response, name }: Call): Promise<void> {
  const body = await readBody(request);
  if (body === null) return reply(response, 413, { error: 'the body is too large' });
  const { 'idempotency-key': key } = request.headers;
  const result = await engine.webhook(name, {
    body, headers: JSON.stringify(request.headers), key: typeof key === 'string' ? key : null,
  });
  reply(response, 200, { ...result, epoch: String(result.epoch) });
}

async function sql({ engine, request, response, caller }: Call): Promise<void> {
  const body = await readBody(request);
  if (body === null) return reply(response, 413, { error: 'the body is too large' });
  const type = request.headers['content-type'] ?? '';
  reply(response, 200, await runSql(engine, caller, new TextDecoder().decode(body),
    type.includes('json')));
}

async function upgrade(
  host: HttpHost, request: http.IncomingMessage, socket: Duplex,
): Promise<void> {
  try {
    const url = urlOf(request);
    const [, name] = /^\/subscribe\/([^/]+)$/.exec(url.pathname) ?? [];
    if (name === undefined) throw new SqlError('42P01', `no such path: ${url.pathname}`);
    refuseForeignOrigin(request);
    const caller = await callerFrom(host, request);
    const client = acceptSocket(request, socket);
    if (client === null) throw new SqlError('08P01', 'this is no WebSocket request');
    await streamSocket({
      engine: host.engine, caller, name: decodeURIComponent(name), parameters: url.searchParams,
      lastEventId: undefined,
    }, client);
  } catch (error) {
    if (socket.destroyed || !socket.writable) return;
    const status = isLoginError(error) ? 401
      : error instanceof SqlError ? statusOf(error.sqlState) : 500;
    const login = status === 401 ? 'WWW-Authenticate: Basic realm="tidemill"\r\n' : '';
    const text = error instanceof Error ? error.message : String(error);
    socket.end(`HTTP/1.1 ${status} ${http.STATUS_CODES[status] ?? ''}\r\n${login}`
      + `Content-Type: text/plain\r\nConnection: close\r\n\r\n${text}\n`);
  }
}

function refuse(response: http.ServerResponse, error: unknown): void {
  if (error instanceof URIError) return reply(response, 400, { error: 'malformed path' });
  if (!(error instanceof SqlError)) return reply(response, 500, { error: String(error) });
  const { hint, detail, position } = error.fields;
  if (isLoginError(error) && !response.headersSent) {
    response.setHeader('WWW-Authenticate', 'Basic realm="tidemill"');
  }
  reply(response, statusOf(error.sqlState), {
    error: error.message, sqlstate: error.sqlState, detail, hint, position,
  });
}

function statusOf(sqlState: string): number {
  if (sqlState === '42P01') return 404;
  if (sqlState.startsWith('28')) return 401;
  if (sqlState === '42501') return 403;
  if (sqlState.startsWith('53')) return 503;
  if (sqlState.startsWith('23')) return 409;
  return sqlState.startsWith('XX') ? 500 : 400;
}

function reply(response: http.ServerResponse, status: number, body: object): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(body)}\n`);
}

async function readBody(request: http.IncomingMessage): Promise<Uint8Array | null> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  for await (const chunk of request as AsyncIterable<Uint8Array>) {
    total += chunk.length;
    if (total > INGEST_BYTES_MAX) return null;
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}
