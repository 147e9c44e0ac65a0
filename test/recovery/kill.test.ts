/**
 * Kills a real server at random moments while it takes INSERTs and HTTP posts into three views.
 *
 * At the end every acknowledged row is there once and the views equal a recomputation. The number
 * of kills is TIDEMILL_KILLS (10); the seed is printed. Needs the build in dist/: skips without.
 */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, describe, expect, it } from 'vitest';

const MAIN = join(import.meta.dirname, '../../dist/server/main.js');
const KILLS = Number(process.env['TIDEMILL_KILLS'] ?? 10);
const SEED = Number(process.env['TIDEMILL_SEED'] ?? Date.now() % 100_000);
const START = Date.UTC(2024, 0, 1);
const GAP_MS = 2000;
const directory = mkdtempSync(join(tmpdir(), 'tidemill-kill-'));

afterAll(() => rmSync(directory, { recursive: true, force: true }));

let state = SEED;
function random(bound: number): number {
  state = (Math.imul(state, 1103515245) + 12345) >>> 0;
  return Math.floor(state / 4294967296 * bound);
}

async function freePort(): Promise<number> {
  return await new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, ms); });

class Server {
  readonly pgPort: number;
  readonly httpPort: number;
  #process: ChildProcess | null = null;

  constructor(pgPort: number, httpPort: number) {
    this.pgPort = pgPort;
    this.httpPort = httpPort;
  }

  start(): void {
    this.#process = spawn(process.execPath, [MAIN, 'start', '--data-dir', directory,
      '--pg-port', String(this.pgPort), '--http-port', String(this.httpPort)],
    { stdio: ['ignore', 'ignore', 'inherit'] });
  }

  async ready(): Promise<pg.Client> {
    for (let tries = 0; tries < 400; tries++) {
      const client = new pg.Client({
        host: '127.0.0.1', port: this.pgPort, user: 'tidemill', database: 'tidemill',
      });
      client.on('error', () => undefined);
      try {
        await client.connect();
        return client;
      } catch {
        await sleep(25);
      }
    }
    throw new Error('the server does not start');
  }

  async stop(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#process;
    if (child === null) return;
    const gone = new Promise<void>((resolve) => { child.on('exit', () => resolve()); });
    child.kill(signal);
    await gone;
    this.#process = null;
  }
}

interface Row {
  readonly id: number;
  readonly usr: number;
  readonly item: number;
  readonly at: number;
}

/** Rows are a function of their number; times move on, so that none is late. */
function rowOf(id: number): Row {
  const mixed = Math.imul(id + 7, 2654435761) >>> 0;
  return { id, usr: mixed % 5, item: (mixed >>> 8) % 3, at: START + id * 700 };
}

const text = (at: number): string =>
  new Date(at).toISOString().replace('T', ' ').replace('Z', '');

const SETUP = [
  'CREATE TABLE item (id int PRIMARY KEY, name text)',
  "INSERT INTO item VALUES (0, 'cup'), (1, 'pot'), (2, 'pan')",
  'CREATE TABLE event (id int PRIMARY KEY, usr int, item int, ts timestamp, '
    + "WATERMARK FOR ts AS ts - INTERVAL '5 seconds')",
  'CREATE TABLE posted (id int, usr int)',
  'CREATE MATERIALIZED VIEW tumbled AS SELECT window_start, usr, count(*) AS n '
    + "FROM TUMBLE(event, ts, INTERVAL '10 seconds') GROUP BY window_start, usr",
  'CREATE MATERIALIZED VIEW sessions AS SELECT usr, window_start, count(*) AS n '
    + "FROM SESSION(event PARTITION BY usr, ts, INTERVAL '2 seconds') "
    + 'GROUP BY usr, window_start, window_end',
  'CREATE MATERIALIZED VIEW joined AS SELECT i.name, p.usr, count(*) AS n FROM event e '
    + 'JOIN item i ON e.item = i.id JOIN posted p ON p.usr = e.usr AND p.id % 16 = 0 '
    + 'GROUP BY i.name, p.usr',
];

/** Inserts rows one by one until the server goes; gives the next number to send. */
async function insertAll(client: pg.Client, from: number): Promise<number> {
  for (let id = from; ; id++) {
    const { usr, item, at } = rowOf(id);
    try {
      await client.query('INSERT INTO event VALUES ($1, $2, $3, $4)', [id, usr, item, text(at)]);
    } catch (error) {
      // Committed before the kill and never acknowledged: the row is there.
      if (error instanceof Error && 'code' in error && error.code === '23505') continue;
      return id;
    }
  }
}

/** Posts rows in batches of 4 under a key each until the server goes. */
async function postAll(port: number, from: number): Promise<number> {
  for (let batch = from; ; batch++) {
    const rows = [0, 1, 2, 3].map((i) => ({ id: batch * 4 + i, usr: rowOf(batch * 4 + i).usr }));
    try {
      const answer = await fetch(`http://127.0.0.1:${port}/ingest/posted`, {
        method: 'POST', body: JSON.stringify(rows),
        headers: { 'content-type': 'application/json', 'idempotency-key': `batch-${batch}` },
      });
      if (answer.status !== 200) throw new Error(`${answer.status}: ${await answer.text()}`);
      await answer.arrayBuffer();
    } catch (error) {
      if (error instanceof Error && /^\d/.test(error.message)) throw error;
      return batch;
    }
  }
}

function counted(keys: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return [...counts].map(([key, n]) => `${key} ${n}`).toSorted();
}

function sessionsOf(rows: readonly Row[]): string[] {
  const keys: string[] = [];
  const open = new Map<number, { start: number; last: number }>();
  for (const { usr, at } of rows) {
    const session = open.get(usr);
    const same = session !== undefined && at < session.last + GAP_MS;
    const now = same ? { start: session.start, last: at } : { start: at, last: at };
    open.set(usr, now);
    keys.push(`${usr} ${text(now.start)}`);
  }
  return counted(keys);
}

describe.skipIf(!existsSync(MAIN))('kill -9', () => {
  it(`loses and doubles nothing in ${KILLS} kills (seed ${SEED})`, async () => {
    const server = new Server(await freePort(), await freePort());
    let nextRow = 0;
    let nextBatch = 0;
    for (let kill = 0; kill <= KILLS; kill++) {
      server.start();
      const client = await server.ready();
      if (kill === 0) for (const statement of SETUP) await client.query(statement);
      const work = Promise.all([insertAll(client, nextRow), postAll(server.httpPort, nextBatch)]);
      await sleep(random(400));
      await server.stop('SIGKILL');
      [nextRow, nextBatch] = await work;
      await client.end().catch(() => undefined);
    }
    server.start();
    const client = await server.ready();
    const query = async (sql: string): Promise<string[]> => {
      const result = await client.query<unknown[]>({ text: sql, rowMode: 'array' });
      return result.rows.map((row) => row.map(String).join(' ')).toSorted();
    };
    const stored = (await query('SELECT id::text FROM event')).map(Number).sort((a, b) => a - b);
    // Everything acknowledged; the one row on its way at the last kill may be there as well.
    expect(stored.slice(0, nextRow)).toEqual(Array.from({ length: nextRow }, (_each, at) => at));
    expect(stored.length - nextRow).toBeLessThanOrEqual(1);
    const posted = (await query('SELECT id::text FROM posted')).map(Number).sort((a, b) => a - b);
    expect(posted.slice(0, nextBatch * 4))
      .toEqual(Array.from({ length: nextBatch * 4 }, (_each, at) => at));
    expect(posted.length - nextBatch * 4).toBeOneOf([0, 4]);
    const rows = stored.map(rowOf);
    expect(await query("SELECT to_char(window_start, 'YYYY-MM-DD HH24:MI:SS'), usr, n "
      + 'FROM tumbled'))
      .toEqual(counted(rows.map(({ at, usr }) =>
        `${text(Math.floor(at / 10_000) * 10_000).slice(0, 19)} ${usr}`)));
    expect(await query("SELECT usr, to_char(window_start, 'YYYY-MM-DD HH24:MI:SS.MS'), n "
      + 'FROM sessions')).toEqual(sessionsOf(rows));
    const names = ['cup', 'pot', 'pan'];
    const marked = posted.filter((id) => id % 16 === 0).map((id) => rowOf(id).usr);
    expect(await query('SELECT name, usr, n FROM joined')).toEqual(counted(
      rows.flatMap(({ item, usr }) => marked.filter((other) => other === usr)
        .map(() => `${names[item]} ${usr}`))));
    await client.end();
    await server.stop('SIGTERM');
    expect(nextRow).toBeGreaterThan(0);
  }, 600_000);
});
