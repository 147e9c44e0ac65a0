/**
 * HTTP: statements and views as JSON, subscriptions as server-sent events and over a WebSocket,
 * resumed by token.
 */
import { createHash, randomBytes } from 'node:crypto';
import http from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';

let server: TestServer;
let base: string;

beforeAll(async () => {
  server = await startServer();
  base = `http://127.0.0.1:${server.httpPort}`;
  await sql(`CREATE TABLE t (k int PRIMARY KEY, v int8, j jsonb, n numeric);
    CREATE MATERIALIZED VIEW sums AS SELECT k % 2 AS odd, sum(v)::int8 AS s FROM t GROUP BY 1`);
  await sql(`CREATE SUBSCRIPTION sub FROM sums WITH (retention = '1 day')`);
});

afterAll(() => server.close());

async function sql(query: string, parameters?: readonly unknown[]): Promise<unknown> {
  const answer = await fetch(`${base}/sql`, parameters === undefined
    ? { method: 'POST', body: query }
    : { method: 'POST', headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query, parameters }) });
  return answer.json();
}

describe('POST /sql', () => {
  it('runs statements and gives rows', async () => {
    expect(await sql(`INSERT INTO t VALUES (1, 10, '{"a": [1]}', 1.50); SELECT * FROM t`)).toEqual({
      results: [{ command: 'INSERT 0 1' }, { command: 'SELECT 1',
        columns: [{ name: 'k', type: 'int4' }, { name: 'v', type: 'int8' },
          { name: 'j', type: 'jsonb' }, { name: 'n', type: 'numeric' }],
        rows: [{ k: 1, v: '10', j: { a: [1] }, n: '1.50' }] }],
    });
  });

  it('takes parameters', async () => {
    expect(await sql('SELECT $1::int + 1 AS a, $2::text AS b', [41, null]))
      .toMatchObject({ results: [{ rows: [{ a: 42, b: null }] }] });
    expect(await sql('SELECT $1::int', [])).toMatchObject({ sqlstate: '42P02' });
  });

  it('answers errors with their SQLSTATE', async () => {
    const answer = await fetch(`${base}/sql`, { method: 'POST', body: 'SELECT nope' });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ sqlstate: '42703', position: 8 });
    expect((await fetch(`${base}/sql`)).status).toBe(405);
    expect((await fetch(`${base}/nope`)).status).toBe(404);
    expect((await fetch(`${base}/sql`, { method: 'POST', body: 'SUBSCRIBE t' })).status).toBe(400);
  });

  it('is closed to pages of other sites', async () => {
    const answer = await fetch(`${base}/sql`, {
      method: 'POST', body: 'SELECT 1', headers: { origin: 'http://evil.example' },
    });
    expect(answer.status).toBe(401);
  });
});

describe('GET /view', () => {
  it('looks rows up', async () => {
    await sql('INSERT INTO t VALUES (7, 70), (9, 90)');
    const rows = async (path: string): Promise<unknown> =>
      ((await (await fetch(`${base}/view/${path}`)).json()) as { rows: unknown }).rows;
    expect(await rows('t?key=7')).toMatchObject([{ k: 7, v: '70' }]);
    expect(await rows('public.t?v=90')).toMatchObject([{ k: 9 }]);
    expect(await rows('t?k=8')).toEqual([]);
    expect(await rows('t?limit=1')).toHaveLength(1);
    expect((await fetch(`${base}/view/nope`)).status).toBe(404);
    expect((await fetch(`${base}/view/t?k=x`)).status).toBe(400);
    expect((await fetch(`${base}/view/t%22?k=1`)).status).toBe(404);
  });

  it('describes itself', async () => {
    const page = await (await fetch(`${base}/openapi.json`)).json() as { paths: object };
    expect(Object.keys(page.paths)).toContain('/subscribe/{name}');
  });
});

interface Told {
  readonly event: string;
  readonly id: string | null;
  readonly data: { readonly diff?: number; readonly row?: Record<string, unknown> };
}

/** Reads server-sent events until there are enough of a kind. */
async function events(
  path: string, enough: (told: readonly Told[]) => boolean, lastEventId?: string,
): Promise<readonly Told[]> {
  const stop = new AbortController();
  const answer = await fetch(`${base}${path}`, {
    signal: stop.signal, headers: lastEventId === undefined ? {} : { 'last-event-id': lastEventId },
  });
  expect(answer.headers.get('content-type')).toBe('text/event-stream');
  const told: Told[] = [];
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of answer.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    const parts = text.split('\n\n');
    text = parts.pop() ?? '';
    for (const part of parts) {
      told.push({
        event: /^event: (.*)$/m.exec(part)?.[1] ?? '', id: /^id: (.*)$/m.exec(part)?.[1] ?? null,
        data: JSON.parse(/^data: (.*)$/m.exec(part)?.[1] ?? '{}') as Told['data'],
      });
    }
    if (enough(told)) break;
  }
  stop.abort();
  return told;
}

const progressed = (told: readonly Told[]): boolean => told.at(-1)?.event === 'progress';
const changes = (told: readonly Told[]): unknown[] =>
  told.filter(({ event }) => event === 'change').map(({ data }) => [data.diff, data.row]);

describe('GET /subscribe', () => {
  it('streams events, and resumes by token without loss or repeat', async () => {
    await sql('DELETE FROM t; INSERT INTO t VALUES (1, 1), (2, 2)');
    const first = await events('/subscribe/sub', progressed);
    expect(changes(first)).toEqual(expect.arrayContaining([
      [1, { odd: 1, s: '1' }], [1, { odd: 0, s: '2' }]]));
    const token = first.at(-1)?.id ?? '';
    expect(token).toMatch(/^\d+$/);
    await sql('INSERT INTO t VALUES (3, 5)');
    await sql('DELETE FROM t WHERE k = 2');
    const rest = await events('/subscribe/sub', (told) => changes(told).length >= 3, token);
    expect(changes(rest)).toEqual([[-1, { odd: 1, s: '1' }], [1, { odd: 1, s: '6' }],
      [-1, { odd: 0, s: '2' }]]);
    const again = await events(`/subscribe/sub?after=${token}`, (told) => changes(told).length >= 3);
    expect(changes(again)).toEqual(changes(rest));
  });

  it('sees changes as they come', async () => {
    const running = events('/subscribe/t?snapshot=false', (told) => changes(told).length === 1);
    await new Promise((resolve) => { setTimeout(resolve, 50); });
    await sql('INSERT INTO t VALUES (100, 100)');
    expect(changes(await running)).toMatchObject([[1, { k: 100 }]]);
  });

  it('refuses what cannot be', async () => {
    expect((await fetch(`${base}/subscribe/nope`)).status).toBe(404);
    expect((await fetch(`${base}/subscribe/sub?after=x`)).status).toBe(400);
    expect((await fetch(`${base}/subscribe/sub?after=0`)).status).toBe(400);
  });

  it('speaks WebSocket', async () => {
    const told: { kind: string; row?: object }[] = [];
    const socket = await websocket('/subscribe/t?snapshot=false', (text) => {
      told.push(JSON.parse(text) as { kind: string });
    });
    await sql('INSERT INTO t VALUES (200, 1)');
    await expect.poll(() => told.filter(({ kind }) => kind === 'change')).toMatchObject(
      [{ diff: 1, row: { k: 200 } }]);
    expect(told.at(-1)?.kind).toBe('progress');
    socket.end();
    await expect.poll(async () => sql(`SELECT count(*)::int AS n FROM pg_stat_activity
      WHERE query LIKE 'SUBSCRIBE%' AND state = 'active'`))
      .toMatchObject({ results: [{ rows: [{ n: 0 }] }] });
  });
});

/** A WebSocket client of a few lines: short unfragmented texts. */
function websocket(path: string, heard: (text: string) => void): Promise<{ end: () => void }> {
  const key = randomBytes(16).toString('base64');
  const request = http.get(`${base}${path}`, { headers: {
    connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13',
    'sec-websocket-key': key,
  } });
  return new Promise((resolve, reject) => {
    request.on('error', reject);
    request.on('response', ({ statusCode }) => reject(new Error(`status ${statusCode}`)));
    request.on('upgrade', ({ headers }, socket) => {
      expect(headers['sec-websocket-accept']).toBe(createHash('sha1')
        .update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64'));
      let bytes = Buffer.alloc(0);
      socket.on('data', (chunk: Buffer) => {
        bytes = Buffer.concat([bytes, chunk]);
        for (;;) {
          if (bytes.length < 2) return;
          const short = (bytes[1] ?? 0) & 0x7f;
          const from = short === 126 ? 4 : 2;
          const length = short === 126 ? bytes.readUInt16BE(2) : short;
          if (bytes.length < from + length) return;
          if ((bytes[0] ?? 0) === 0x81) heard(bytes.subarray(from, from + length).toString());
          bytes = bytes.subarray(from + length);
        }
      });
      resolve({ end: () => socket.end(Buffer.from([0x88, 0x80, 1, 2, 3, 4])) });
    });
  });
}
