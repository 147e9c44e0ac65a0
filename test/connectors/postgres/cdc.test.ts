/**
 * Postgres CDC against a real PostgreSQL server: first copy, every kind of change, several tables
 * from one slot, what is refused and what stops a source.
 */
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startPostgres } from '../../fuzz/postgres.ts';
import type { Postgres } from '../../fuzz/postgres.ts';
import { startServer } from '../../support/server.ts';
import type { TestServer } from '../../support/server.ts';

let upstream: Postgres;
let server: TestServer;
let theirs: pg.Client;
let ours: pg.Client;

beforeAll(async () => {
  upstream = startPostgres(['wal_level=logical', 'max_replication_slots=20', 'max_wal_senders=20',
    'synchronous_commit=on']);
  theirs = await upstream.connect();
  server = await startServer();
  ours = new pg.Client({ host: '127.0.0.1', port: server.port, user: 'tidemill',
    database: 'tidemill' });
  await ours.connect();
}, 60_000);

afterAll(async () => {
  await ours?.end();
  await server?.close();
  await theirs?.end();
  upstream?.stop();
});

const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => { setTimeout(resolve, ms); });

const options = (more = ''): string => `WITH (connector = 'postgres-cdc', `
  + `hostname = '${upstream.folder}', username = 'postgres', 'database.name' = 'postgres'${more})`;

async function rows(sql: string, client: pg.Client = ours): Promise<unknown[][]> {
  return (await client.query({ text: sql, rowMode: 'array' })).rows as unknown[][];
}

/** The same question to both, once everything there is has arrived. */
async function same(sql: string): Promise<void> {
  await ours.query('FLUSH');
  expect(await rows(sql)).toEqual(await rows(sql, theirs));
}

it('copies a table, then follows every kind of change', async () => {
  await theirs.query('CREATE TABLE items (id int PRIMARY KEY, name text, price numeric(10,2), '
    + 'at timestamptz, big text)');
  await theirs.query("INSERT INTO items SELECT i, 'n' || i, i * 1.25, '2024-01-01'::timestamptz + "
    + "i * interval '1 minute', NULL FROM generate_series(1, 5000) i");
  await ours.query(`CREATE TABLE items (id int PRIMARY KEY, name text, price numeric(10,2), at timestamptz, big text) ${
    options(", 'table.name' = 'items'")}`);
  await ours.query('CREATE MATERIALIZED VIEW total AS SELECT count(*) AS n, sum(price) AS s, '
    + 'max(length(big)) AS longest FROM items');
  const all = 'SELECT * FROM items ORDER BY id';
  const total = async (): Promise<void> => {
    expect(await rows('SELECT n, s, longest FROM total')).toEqual(await rows(
      'SELECT count(*), sum(price), max(length(big)) FROM items', theirs));
  };
  await same(all);
  await theirs.query("INSERT INTO items VALUES (6000, E'tab\\tline\\n\\\\ \\'quote\\' äöü €', -0.01, "
    + "'infinity', repeat('x', 10))");
  await theirs.query('UPDATE items SET price = price + 1 WHERE id % 10 = 0');
  await theirs.query('DELETE FROM items WHERE id % 7 = 0');
  await same(all);
  await total();
  await theirs.query('UPDATE items SET id = id + 100000 WHERE id % 11 = 0');
  await same(all);
  // A value stored out of line is not repeated when it does not change.
  await theirs.query("UPDATE items SET big = (SELECT string_agg(md5(i::text || id), '') FROM "
    + 'generate_series(1, 400) i) WHERE id % 100 = 1');
  await same(all);
  await theirs.query('UPDATE items SET price = 7 WHERE id % 100 = 1');
  await theirs.query('UPDATE items SET id = id + 200000 WHERE id % 200 = 1');
  await theirs.query('BEGIN; INSERT INTO items SELECT 900000, name, price, at, big FROM items '
    + 'WHERE id = 301; UPDATE items SET price = 1 WHERE id = 900000; UPDATE items SET id = 900001 '
    + 'WHERE id = 900000; COMMIT');
  await same(all);
  await total();
  await theirs.query('BEGIN; INSERT INTO items (id) VALUES (1); ROLLBACK').catch(() => undefined);
  await theirs.query('ROLLBACK');
  await theirs.query("BEGIN; TRUNCATE items; INSERT INTO items (id, name) VALUES (1, 'one'); COMMIT");
  await same(all);
  await total();
  expect(await rows('SELECT upstream, copied, rows_copied, ignored_columns FROM tidemill.source_tables'))
    .toEqual([['public.items', true, '5000', []]]);
  const [line] = await rows("SELECT status FROM tidemill.sources WHERE relation LIKE '%items'");
  expect(line).toEqual(['caught_up']);
  await ours.query('DROP TABLE items CASCADE');
}, 60_000);

it('keeps several tables of one slot in step', async () => {
  await theirs.query('CREATE TYPE mood AS ENUM (\'good\', \'bad\')');
  await theirs.query('CREATE TABLE accounts (id bigint PRIMARY KEY, balance bigint, mood mood, tags text[])');
  await theirs.query('CREATE TABLE moves (id serial PRIMARY KEY, account bigint, amount bigint)');
  await theirs.query("INSERT INTO accounts SELECT i, 0, 'good', ARRAY['a', i::text] FROM generate_series(1, 50) i");
  await ours.query(`CREATE SOURCE bank ${options(", 'slot.name' = 'bank_slot'")}`);
  await ours.query("CREATE TABLE accounts FROM bank TABLE 'public.accounts'");
  await ours.query(`CREATE MATERIALIZED VIEW odd AS SELECT a.id, a.balance FROM accounts a`);
  await same('SELECT id, balance, mood::text, tags FROM accounts ORDER BY id');
  const move = async (n: number): Promise<void> => {
    for (let i = 0; i < n; i++) {
      await theirs.query('BEGIN');
      await theirs.query(`UPDATE accounts SET balance = balance + ${i} WHERE id = ${1 + i % 50}`);
      await theirs.query(`INSERT INTO moves (account, amount) VALUES (${1 + i % 50}, ${i})`);
      await theirs.query('COMMIT');
    }
  };
  await move(50);
  const writing = move(200);
  await ours.query("CREATE TABLE moves (*) FROM bank TABLE 'public.moves'");
  await ours.query('CREATE MATERIALIZED VIEW drift AS SELECT a.id, a.balance, m.total FROM accounts a '
    + 'JOIN (SELECT account, sum(amount) AS total FROM moves GROUP BY account) m ON m.account = a.id '
    + 'WHERE a.balance <> m.total');
  await ours.query('FLUSH');
  let done = false;
  const looking = (async () => {
    // Neither table is ever ahead of the other.
    while (!done) expect(await rows('SELECT * FROM drift')).toEqual([]);
  })();
  await writing;
  done = true;
  await looking;
  await same('SELECT * FROM moves ORDER BY id');
  await same('SELECT id, balance FROM accounts ORDER BY id');
  expect(await rows('SELECT * FROM drift')).toEqual([]);
  await expect(ours.query('SELECT * FROM bank')).rejects.toThrow('has no rows of its own');
  await theirs.query('TRUNCATE accounts, moves');
  await same('SELECT * FROM moves ORDER BY id');
  await same('SELECT id, balance FROM accounts ORDER BY id');
  expect(await rows("SELECT slot_name FROM pg_replication_slots WHERE slot_name = 'bank_slot'", theirs))
    .toEqual([['bank_slot']]);
  await ours.query('DROP SOURCE bank CASCADE');
  const left = (): Promise<unknown[][]> => rows("SELECT slot_name::text FROM pg_replication_slots "
    + "WHERE slot_name = 'bank_slot' UNION ALL SELECT pubname::text FROM pg_publication WHERE "
    + "pubname = 'bank_slot'", theirs);
  for (let tries = 0; tries < 50 && (await left()).length > 0; tries++) await pause(100);
  expect(await left()).toEqual([]);
}, 60_000);

it('refuses what cannot be followed, with the reason', async () => {
  const refused = (sql: string, words: string): Promise<void> =>
    expect(ours.query(sql)).rejects.toThrow(words);
  await theirs.query('CREATE TABLE keyless (a int, b text)');
  await theirs.query('CREATE TABLE kept (a int PRIMARY KEY, b text)');
  await refused(`CREATE TABLE k (a int PRIMARY KEY) ${options(", 'table.name' = 'keyless'")}`, 'has no replica identity');
  await refused(`CREATE TABLE k (a int PRIMARY KEY) ${options(", 'table.name' = 'nowhere'")}`, 'has no table "public.nowhere"');
  await refused(`CREATE TABLE k (a int PRIMARY KEY, c int) ${options(", 'table.name' = 'kept'")}`, 'has no column "c"');
  await refused(`CREATE TABLE k (a int PRIMARY KEY, b int) ${options(", 'table.name' = 'kept'")}`, 'is of type text in PostgreSQL, not integer');
  await refused(`CREATE TABLE k (a int, b text PRIMARY KEY) ${options(", 'table.name' = 'kept'")}`, 'must be the replica identity');
  await refused(`CREATE TABLE k (a int, b text) ${options(", 'table.name' = 'kept'")}`, 'needs a primary key');
  await refused(`CREATE SOURCE k (a int) ${options(", 'table.name' = 'kept'")}`, 'has no columns of its own');
  await refused("CREATE TABLE k (a int PRIMARY KEY) WITH (connector = 'postgres-cdc', hostname = '127.0.0.1', port = '1', "
    + "username = 'postgres', 'database.name' = 'postgres', 'table.name' = 'kept')", 'could not connect to PostgreSQL at 127.0.0.1:1');
  await refused(`CREATE TABLE k (a int PRIMARY KEY) ${options(", 'table.name' = 'kept', 'slot.nam' = 'x'")}`, 'unrecognized option');
  await refused(`CREATE TABLE k (a int PRIMARY KEY) ${options(", 'table.name' = 'kept', 'publication.create.enable' = 'false'")}`, 'does not exist in PostgreSQL');
});

it('follows columns that come, stops at columns that go, and goes on with a table made anew', async () => {
  await theirs.query('CREATE TABLE shape (id int PRIMARY KEY, a text, b int)');
  await theirs.query("INSERT INTO shape VALUES (1, 'a', 1)");
  await ours.query(`CREATE TABLE shape (id int PRIMARY KEY, a text, b int) ${options(", 'table.name' = 'shape'")}`);
  await same('SELECT id, a, b FROM shape ORDER BY id');
  await theirs.query("ALTER TABLE shape ADD COLUMN c text DEFAULT 'new'");
  await theirs.query("INSERT INTO shape VALUES (2, 'b', 2, 'c')");
  await same('SELECT id, a, b FROM shape ORDER BY id');
  await theirs.query("INSERT INTO shape VALUES (3, 'b', 2, 'c')");
  await theirs.query('ALTER TABLE shape DROP COLUMN b');
  await theirs.query("INSERT INTO shape VALUES (4, 'd', 'x')");
  const status = async (): Promise<string> =>
    String((await rows("SELECT status FROM tidemill.sources WHERE relation LIKE '%shape'"))[0]?.[0]);
  for (let tries = 0; tries < 80 && !(await status()).includes('is gone'); tries++) {
    await pause(50);
  }
  expect(await status()).toBe('stalled(table "public.shape" was changed in PostgreSQL: column "b" is gone)');
  expect(await rows('SELECT id FROM shape ORDER BY id')).toEqual([[1], [2], [3]]);
  await ours.query('DROP TABLE shape');
  await ours.query(`CREATE TABLE shape ${options(", 'table.name' = 'shape'")}`);
  await same('SELECT * FROM shape ORDER BY id');
  await theirs.query("UPDATE shape SET a = 'z'");
  await same('SELECT * FROM shape ORDER BY id');
  await ours.query('DROP TABLE shape');
}, 60_000);

it('names a slot that is gone, and copies anew when told to', async () => {
  await theirs.query('CREATE TABLE gap (id int PRIMARY KEY, a text)');
  await theirs.query("INSERT INTO gap VALUES (1, 'a'), (2, 'b')");
  await ours.query(`CREATE TABLE gap (id int PRIMARY KEY, a text) ${options(", 'table.name' = 'gap', 'slot.name' = 'gap_slot'")}`);
  await same('SELECT * FROM gap ORDER BY id');
  await theirs.query("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = 'gap_slot'");
  await theirs.query('SELECT pg_sleep(0.05)');
  await theirs.query("SELECT pg_drop_replication_slot('gap_slot')");
  await theirs.query('DELETE FROM gap WHERE id = 1');
  await theirs.query("INSERT INTO gap VALUES (3, 'c')");
  const status = async (): Promise<string> =>
    String((await rows("SELECT status FROM tidemill.sources WHERE relation LIKE '%gap'"))[0]?.[0]);
  for (let tries = 0; tries < 80 && !(await status()).includes('is gone'); tries++) {
    await pause(50);
  }
  expect(await status()).toBe('broken(replication slot "gap_slot" is gone)');
  await ours.query('ALTER TABLE gap RESUME AFTER GAP');
  await same('SELECT * FROM gap ORDER BY id');
  expect(await rows('SELECT relation FROM tidemill.source_gaps')).toEqual([['gap']]);
  await ours.query('DROP TABLE gap');
}, 60_000);
