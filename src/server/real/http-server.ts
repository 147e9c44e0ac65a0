/**
 * The HTTP side: ingest and health. The engine's answer to an ingest comes after its fsync.
 *
 * POST /ingest/<table> takes a JSON array, one JSON object or NDJSON; `Idempotency-Key` makes a
 * repeated request count once. GET /health answers while the engine does.
 */
import http from 'node:http';
import { SqlError } from '../../common/errors.ts';
import type { Engine } from '../../runtime/session-api.ts';
import type { ListenAddress, Listener } from './listener.ts';

/** Longest body of an ingest request. */
export const INGEST_BYTES_MAX: number = 64 * 1024 * 1024;

/** Starts the HTTP server. Rejects with the system's error (EADDRINUSE). */
export function listenHttp(address: ListenAddress, engine: Engine): Promise<Listener> {
  const server = http.createServer((request, response) => {
    void answer(engine, request, response);
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

async function answer(
  engine: Engine, request: http.IncomingMessage, response: http.ServerResponse,
): Promise<void> {
  try {
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    if (path === '/health') return reply(response, 200, { status: 'ok' });
    const match = /^\/ingest\/([^/]+)$/.exec(path);
    if (match === null) return reply(response, 404, { error: `no such path: ${path}` });
    if (request.method !== 'POST') {
      response.setHeader('Allow', 'POST');
      return reply(response, 405, { error: 'use POST' });
    }
    const body = await readBody(request);
    if (body === null) return reply(response, 413, { error: 'the body is too large' });
    const key = request.headers['idempotency-key'];
    const result = await engine.ingest(decodeURIComponent(match[1] ?? ''), body,
      typeof key === 'string' ? key : null);
    reply(response, 200, { ...result, epoch: String(result.epoch) });
  } catch (error) {
    refuse(response, error);
  }
}

function refuse(response: http.ServerResponse, error: unknown): void {
  if (error instanceof URIError) return reply(response, 400, { error: 'malformed path' });
  if (!(error instanceof SqlError)) return reply(response, 500, { error: String(error) });
  const { hint, detail } = error.fields;
  reply(response, statusOf(error.sqlState), {
    error: error.message, sqlstate: error.sqlState, detail, hint,
  });
}

function statusOf(sqlState: string): number {
  if (sqlState === '42P01') return 404;
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
