/**
 * Sinks into a real PostgreSQL server, to an HTTP endpoint that fails at times, and into files;
 * with a restart in between.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startPostgres } from '../fuzz/postgres.ts';
import type { Postgres } from '../fuzz/postgres.ts';
import { startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';

const directory = mkdtempSync(join(tmpdir(), 'tidemill-sinks-'));
let upstream: Postgres;
let theirs: pg.Client;
let server: TestServer;
let ours: pg.Client;

async function open(): Promise<void> {
  server = await startServer({}, join(directory, 'data'));
  ours = new pg.Client({ host: '127.0.0.1', port: server.port, user: 'tidemill',
    database: 'tidemill' });
  await ours.connect();
}

async function restart(): Promise<void> {
  await ours.end();
  await server.close();
  await open();
}

beforeAll(async () => {
  upstream = startPostgres();
  theirs = await upstream.connect();
  await open();
}, 60_000);

afterAll(async () => {
  await ours?.end();
  await server?.close();
  await theirs?.end();
  upstream?.stop();
  rmSync(directory, { recursive: true, force: true });
});

async function rows(sql: string, client: pg.Client = ours): Promise<unknown[][]> {
  return (await client.query({ text: sql, rowMode: 'array' })).rows as unknown[][];
}

async function status(sink: string): Promise<string> {
  return String((await rows(`SELECT status FROM tidemill.sinks WHERE name = '${sink}'`))[0]?.[0]);
}

it('keeps a table of PostgreSQL equal to a view', async () => {
  await theirs.query('CREATE TABLE totals (who text PRIMARY KEY, n bigint, s numeric, last '
    + 'timestamp, list int[], doc jsonb)');
  await ours.query('CREATE TABLE sales (who text, amount numeric(12,4), at timestamp)');
  await ours.query("INSERT INTO sales VALUES ('a', 1.5000, '2024-01-01 10:00:00.123456'), "
    + "('b', 12345678.9012, 'infinity'), ('it''s \"x\\y\"', 0, NULL)");
  await ours.query('CREATE MATERIALIZED VIEW totals AS SELECT who, count(*) AS n, sum(amount) AS s, '
    + 'max(at) AS last, array_agg(1) AS list, jsonb_build_object(\'n\', count(*)) AS doc FROM sales '
    + 'GROUP BY who');
  const target = (table: string): string => `WITH (connector = 'postgres', hostname = `
    + `'${upstream.folder}', username = 'postgres', 'database.name' = 'postgres', `
    + `'table.name' = '${table}')`;
  await expect(ours.query(`CREATE SINK t FROM totals ${target('nowhere')}`))
    .rejects.toThrow('has no table "public.nowhere"');
  await expect(ours.query(`CREATE SINK t AS SELECT who, n AS m FROM totals ${target('totals')}`))
    .rejects.toThrow('has no column "m"');
  await theirs.query('CREATE TABLE keyless (who text, n bigint, s numeric, last timestamp, '
    + 'list int[], doc jsonb)');
  await expect(ours.query(`CREATE SINK t FROM totals ${target('keyless')}`))
    .rejects.toThrow('has no unique index on (who)');
  await ours.query(`CREATE SINK t FROM totals ${target('totals')}`);
  const same = async (): Promise<void> => {
    await ours.query('FLUSH');
    const all = 'SELECT who, n, s, last::text, list, doc FROM totals ORDER BY who COLLATE "C"';
    expect(await rows(all, theirs)).toEqual(await rows(all));
  };
  await same();
  await ours.query("INSERT INTO sales SELECT 'k' || i % 3000, i, NULL FROM generate_series(1, 5000) i");
  await same();
  await ours.query("DELETE FROM sales WHERE who LIKE 'k1%' OR who = 'b'");
  await same();
  await restart();
  await ours.query("INSERT INTO sales VALUES ('a', 2, NULL)");
  await same();
  // An error there stops the sink with its reason; it goes on when it is told to.
  await theirs.query('ALTER TABLE totals ADD CHECK (n < 3)');
  await ours.query("INSERT INTO sales VALUES ('a', 2, NULL)");
  await ours.query('FLUSH');
  expect(await status('t')).toContain('violates check constraint');
  await theirs.query('ALTER TABLE totals DROP CONSTRAINT totals_n_check');
  await ours.query('ALTER SINK t RESUME');
  await same();
  await ours.query('DROP SINK t');
}, 60_000);

it('appends to a table of PostgreSQL once, whatever is delivered again', async () => {
  await theirs.query('CREATE TABLE events (a int, b text)');
  await ours.query('CREATE TABLE events (a int, b text) APPEND ONLY');
  await ours.query(`CREATE SINK e FROM events WITH (connector = 'postgres', hostname = '${
    upstream.folder}', username = 'postgres', 'database.name' = 'postgres', 'table.name' = 'events')`);
  await ours.query("INSERT INTO events SELECT i, 'x' FROM generate_series(1, 100) i");
  await ours.query('FLUSH');
  await restart();
  await ours.query("INSERT INTO events SELECT i, 'y' FROM generate_series(1, 50) i");
  await ours.query('FLUSH');
  expect(await rows('SELECT b, count(*) FROM events GROUP BY b ORDER BY b', theirs))
    .toEqual([['x', '100'], ['y', '50']]);
  await ours.query('DROP SINK e');
}, 60_000);

it('posts batches under keys, tries again, and keeps what is refused', async () => {
  const got: { key: string; body: string; at: number }[] = [];
  const answers: number[] = [];
  const endpoint = createServer((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => { body += part.toString(); });
    request.on('end', () => {
      got.push({ key: String(request.headers['idempotency-key']), body, at: Date.now() });
      response.statusCode = body.includes('bad') ? 422 : answers.shift() ?? 200;
      response.end('because');
    });
  });
  await new Promise<void>((resolve) => { endpoint.listen(0, '127.0.0.1', resolve); });
  const { port } = endpoint.address() as AddressInfo;
  await ours.query('CREATE TABLE alerts (id int PRIMARY KEY, text text)');
  const sink = (more: string): string => `CREATE SINK hook FROM alerts WITH (connector = 'webhook', `
    + `url = 'http://127.0.0.1:${port}/in?x=1', 'retry.backoff.ms' = '20', 'batch.rows' = '2', `
    + `'header.authorization' = 'Bearer x'${more})`;
  answers.push(500, 503);
  await ours.query("INSERT INTO alerts VALUES (1, 'a'), (2, 'b'), (3, 'c')");
  await ours.query(sink(", 'allow.private' = 'true'"));
  const wait = async (until: () => Promise<boolean> | boolean): Promise<void> => {
    for (let tries = 0; tries < 200 && !await until(); tries++) {
      await new Promise((resolve) => { setTimeout(resolve, 20); });
    }
  };
  await wait(() => got.length === 4);
  expect(got.map(({ body }) => body)).toEqual([
    ...Array.from({ length: 3 }, () => '[{"key":{"id":1},"value":{"id":1,"text":"a"}},'
      + '{"key":{"id":2},"value":{"id":2,"text":"b"}}]'),
    '[{"key":{"id":3},"value":{"id":3,"text":"c"}}]']);
  expect(new Set(got.map(({ key }) => key)).size).toBe(2);
  await ours.query("UPDATE alerts SET text = 'bad' WHERE id = 2");
  await ours.query('DELETE FROM alerts WHERE id = 1');
  await ours.query('FLUSH');
  expect(got.at(-1)?.body).toBe('[{"key":{"id":1},"value":null}]');
  expect(await rows("SELECT reason, convert_from(payload, 'UTF8') FROM dead_letter.hook"))
    .toEqual([['status 422: because', '[{"key":{"id":2},"value":{"id":2,"text":"bad"}}]']]);
  await restart();
  const before = got.length;
  await ours.query("INSERT INTO alerts VALUES (9, 'last')");
  await ours.query('FLUSH');
  expect(got.slice(before).map(({ body }) => body).at(-1)).toContain('"last"');
  await ours.query('DROP SINK hook');
  await expect(ours.query('SELECT * FROM dead_letter.hook')).rejects.toThrow('does not exist');
  await ours.query(sink(", 'retry.max' = '1'"));
  await ours.query('FLUSH');
  expect((await rows('SELECT DISTINCT reason FROM dead_letter.hook'))[0]?.[0])
    .toBe(`127.0.0.1:${port} is an address of a private network`);
  await ours.query('DROP SINK hook');
  await new Promise((resolve) => { endpoint.close(resolve); });
}, 60_000);

it('writes whole files, each row into one of them', async () => {
  const folder = mkdtempSync(join(directory, 'out-'));
  await ours.query('CREATE TABLE lines (a int, b text) APPEND ONLY');
  await ours.query("INSERT INTO lines VALUES (1, 'one'), (2, NULL)");
  await expect(ours.query(`CREATE SINK out FROM lines WITH (connector = 'file', path = '${folder}/no')`))
    .rejects.toThrow('could not open folder');
  await ours.query(`CREATE SINK out FROM lines WITH (connector = 'file', path = '${folder}', 'roll.interval.ms' = '50')`);
  await ours.query(`CREATE SINK "c-s.v" FROM lines WITH (connector = 'file', path = '${folder}', format = 'csv', 'roll.interval.ms' = '0')`);
  await ours.query('FLUSH');
  for (let n = 0; n < 5; n++) await ours.query(`INSERT INTO lines VALUES (${10 + n}, 'say "hi", ${n}')`);
  await ours.query('FLUSH');
  await restart();
  await ours.query("INSERT INTO lines VALUES (20, '')");
  await ours.query('FLUSH');
  const read = (stem: string): string[] => readdirSync(folder).filter((name) => name.startsWith(stem))
    .toSorted().flatMap((name) => readFileSync(join(folder, name), 'utf8').trimEnd().split('\n'));
  expect(read('out-')).toEqual(['{"a":1,"b":"one"}', '{"a":2,"b":null}',
    ...[0, 1, 2, 3, 4].map((n) => `{"a":${10 + n},"b":"say \\"hi\\", ${n}"}`), '{"a":20,"b":""}']);
  expect(read('c%2D').filter((line) => line !== 'a,b')).toEqual(['1,one', '2,',
    ...[0, 1, 2, 3, 4].map((n) => `${10 + n},"say ""hi"", ${n}"`), '20,""']);
  await ours.query('DROP SINK out');
  await expect(ours.query(`CREATE SINK out FROM lines WITH (connector = 'file', path = '${folder}')`))
    .rejects.toThrow('has files of a sink "out"');
}, 60_000);

it('holds back no consumer for a slow one', async () => {
  const folder = mkdtempSync(join(directory, 'fan-'));
  let held: (() => void)[] = [];
  let open = false;
  const bodies: string[] = [];
  const slow = createServer((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => { body += part.toString(); });
    request.on('end', () => {
      bodies.push(body);
      if (open) response.end();
      else held.push(() => response.end());
    });
  });
  await new Promise<void>((resolve) => { slow.listen(0, '127.0.0.1', resolve); });
  const { port } = slow.address() as AddressInfo;
  await ours.query('CREATE TABLE readings (sensor int, value int)');
  await ours.query('CREATE TABLE latest (sensor int PRIMARY KEY, value int)');
  await ours.query('CREATE MATERIALIZED VIEW tops AS SELECT sensor, max(value) AS value FROM readings GROUP BY sensor');
  await ours.query('CREATE SINK fast_table INTO latest FROM tops');
  await ours.query(`CREATE SINK fast_files FROM tops WITH (connector = 'file', path = '${folder}', 'roll.interval.ms' = '0') FORMAT DEBEZIUM ENCODE JSON`);
  await ours.query(`CREATE SINK slow_hook FROM tops WITH (connector = 'webhook', url = 'http://127.0.0.1:${port}/', 'allow.private' = 'true', 'timeout.ms' = '60000')`);
  const others = async (n: number): Promise<boolean> => {
    const [line] = await rows(`SELECT count(*) FROM latest WHERE value = ${n}`);
    const files = readdirSync(folder).filter((name) => !name.startsWith('.'))
      .map((name) => readFileSync(join(folder, name), 'utf8')).join('');
    return String(line?.[0]) === '5' && files.includes(`"after":{"sensor":5,"value":${n}}`);
  };
  for (let n = 1; n <= 20; n++) {
    await ours.query(`INSERT INTO readings SELECT i, ${n} FROM generate_series(1, 5) i`);
    let there = await others(n);
    for (let tries = 0; tries < 200 && !there; tries++) {
      await new Promise((resolve) => { setTimeout(resolve, 10); });
      there = await others(n);
    }
    expect(there).toBe(true);
  }
  // The slow one has answered nothing so far; it gets everything once it does.
  expect(held).toHaveLength(1);
  open = true;
  for (const answer of held) answer();
  held = [];
  await ours.query('FLUSH');
  const values = bodies.flatMap((body) => JSON.parse(body) as { value: { sensor: number; value: number } }[])
    .filter(({ value }) => value.sensor === 3).map(({ value }) => value.value);
  expect(values).toEqual(Array.from({ length: 20 }, (_none, n) => n + 1));
  for (const sink of ['fast_table', 'fast_files', 'slow_hook']) await ours.query(`DROP SINK ${sink}`);
  await new Promise((resolve) => { slow.close(resolve); });
}, 60_000);
