/**
 * Event streams and WebSockets as sources, and files by pattern.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EventCutter } from '../../src/runtime/real/feed/event-stream.ts';
import { acceptSocket } from '../../src/server/real/websocket.ts';
import { startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';

const directory = mkdtempSync(join(tmpdir(), 'tidemill-feeds-'));
let server: TestServer;
let client: pg.Client;

async function open(): Promise<void> {
  server = await startServer({}, join(directory, 'data'));
  client = new pg.Client({ host: '127.0.0.1', port: server.port, user: 'tidemill',
    database: 'tidemill' });
  await client.connect();
}

beforeAll(open);

afterAll(async () => {
  await client.end();
  await server.close();
  rmSync(directory, { recursive: true, force: true });
});

async function rows(sql: string): Promise<unknown[][]> {
  return (await client.query({ text: sql, rowMode: 'array' })).rows as unknown[][];
}

async function until(sql: string, wanted: unknown[][]): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (JSON.stringify(await rows(sql)) === JSON.stringify(wanted)) break;
    await new Promise((resolve) => { setTimeout(resolve, 20); });
  }
  expect(await rows(sql)).toEqual(wanted);
}

it('cuts events wherever the bytes are cut', () => {
  const text = ': hello\r\nid: 1\r\ndata: {"a":\r\ndata: "ö€"}\r\n\r\nevent: x\ndata:2\n\nid\nretry: 5\n\ndata: 3\r\rdata: lost';
  const bytes = new TextEncoder().encode(text);
  for (let size = 1; size < bytes.length; size++) {
    const events: unknown[] = [];
    const cutter = new EventCutter((event) => events.push(event));
    for (let at = 0; at < bytes.length; at += size) cutter.push(bytes.subarray(at, at + size));
    expect(events).toEqual([{ text: '{"a":\n"ö€"}', id: '1' }, { text: '2', id: '1' }, { text: '3', id: '' }]);
  }
});

it('reads an event stream, goes on behind the last id, keeps its rows', async () => {
  const asked: (string | undefined)[] = [];
  let stream: ServerResponse | null = null;
  const source = createServer((request, response) => {
    asked.push(request.headers['last-event-id'] as string | undefined);
    response.writeHead(request.url === '/events' ? 200 : 404, { 'content-type': 'text/event-stream' });
    response.flushHeaders();
    stream = response;
  });
  await new Promise<void>((resolve) => { source.listen(0, '127.0.0.1', resolve); });
  const url = `http://127.0.0.1:${(source.address() as AddressInfo).port}`;
  const say = (text: string): void => { stream?.write(text); };
  await expect(client.query(`CREATE TABLE e (k text, n int) WITH (connector = 'sse', url = '${url}/no')`))
    .rejects.toThrow('answered with status 404');
  await client.query(`CREATE TABLE e (k text, n int) WITH (connector = 'sse', url = '${url}/events', 'header.authorization' = 'x')`);
  await client.query('CREATE MATERIALIZED VIEW s AS SELECT k, sum(n) AS n FROM e GROUP BY k');
  for (let tries = 0; tries < 100 && asked.length < 3; tries++) await new Promise((resolve) => { setTimeout(resolve, 20); });
  say('id: 7\ndata: {"k": "a", "n": 1}\n\n');
  say('id: 8\ndata: not json\n\nid: 9\ndata: {"k": "a", "n": 2}\n\n');
  await until('SELECT k, n FROM s', [['a', '3']]);
  expect(await rows("SELECT position, convert_from(payload, 'UTF8') FROM dead_letter.e")).toEqual([['1', 'not json']]);
  (stream as ServerResponse | null)?.destroy();
  for (let tries = 0; tries < 200 && asked.length < 4; tries++) await new Promise((resolve) => { setTimeout(resolve, 20); });
  expect(asked.at(-1)).toBe('9');
  say('data: {"k": "b", "n": 5}\n\n');
  await until('SELECT k, n FROM s ORDER BY k', [['a', '3'], ['b', '5']]);
  await client.end();
  await server.close();
  await open();
  expect(await rows('SELECT k, n FROM s ORDER BY k')).toEqual([['a', '3'], ['b', '5']]);
  await client.query('DROP TABLE e CASCADE');
  source.closeAllConnections();
  source.close();
}, 30_000);

it('reads a WebSocket', async () => {
  const heard: string[] = [];
  const source = createServer();
  source.on('upgrade', (request, socket) => {
    const end = acceptSocket(request, socket);
    if (end === null) return;
    socket.on('data', (chunk: Buffer) => heard.push(chunk.toString('latin1')));
    void end.send('{"n": 1, "t": "ö"}');
    void end.send(JSON.stringify({ n: 2, t: 'x'.repeat(70_000) }));
  });
  await new Promise<void>((resolve) => { source.listen(0, '127.0.0.1', resolve); });
  const { port } = source.address() as AddressInfo;
  await client.query(`CREATE TABLE w (n int PRIMARY KEY, t text) WITH (connector = 'websocket', url = 'ws://127.0.0.1:${port}/x', 'subscribe.message' = '{"op": "subscribe"}')`);
  await until('SELECT n, length(t) FROM w ORDER BY n', [[1, 1], [2, 70000]]);
  expect(heard.join('').length).toBeGreaterThan(20);
  source.closeAllConnections();
  source.close();
  await client.query('DROP TABLE w');
}, 30_000);

it('reads the files a pattern stands for', async () => {
  for (const [name, n] of [['a-1.jsonl', 1], ['a-2.jsonl', 2], ['b-1.jsonl', 100]] as const) {
    writeFileSync(join(directory, name), `{"n": ${n}}\n{"n": ${n}0}\n`);
  }
  await expect(client.query(`CREATE TABLE f (n int) WITH (connector = 'file', path = '${directory}/c*.jsonl')`))
    .rejects.toThrow('no file matches');
  await client.query(`CREATE TABLE f (n int) WITH (connector = 'file', path = '${directory}/a-?.json*')`);
  await client.query('FLUSH');
  expect(await rows('SELECT n FROM f ORDER BY n')).toEqual([[1], [2], [10], [20]]);
  await client.query('DROP TABLE f');
});
