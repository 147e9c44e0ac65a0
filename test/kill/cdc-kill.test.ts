/**
 * Kill torture behind a real PostgreSQL server: several writers change two tables of one slot, with
 * keys that change, values stored out of line that do not, and transactions over both; our server
 * gets SIGKILL at random moments. A sink writes one of them back. KILLS=100 npx vitest run test/kill/cdc-kill.test.ts for more.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import { expect, it } from 'vitest';
import { startPostgres } from '../fuzz/postgres.ts';
import { randomFrom } from '../support/random.ts';
import { connect, start } from '../support/server-process.ts';

const KILLS = Number(process.env['KILLS'] ?? 10);
const SEED = Number(process.env['KILL_SEED'] ?? Math.floor(Math.random() * 1e9));
const WRITERS = 3;

const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => { setTimeout(resolve, ms); });

/** Changes rows of its own share of the keys until told to stop. */
async function write(client: pg.Client, share: number, stop: () => boolean): Promise<number> {
  const random = randomFrom(SEED + share);
  let changes = 0;
  for (let n = 0; !stop(); n++) {
    const id = random(200) * WRITERS + share;
    const kind = random(1000) / 1000;
    const statements = kind < 0.4 ? [
      `UPDATE docs SET n = n + 1 WHERE id = ${id}`,
      `INSERT INTO log VALUES (DEFAULT, ${id}, 1)`]
    : kind < 0.6 ? [
      `UPDATE docs SET id = id + ${3000 * WRITERS} WHERE id = ${id}`,
      `UPDATE docs SET id = id - ${3000 * WRITERS} WHERE id = ${id + 3000 * WRITERS}`]
    : kind < 0.75 ? [
      `DELETE FROM docs WHERE id = ${id}`, `DELETE FROM log WHERE doc = ${id}`]
    : kind < 0.98 ? [
      `INSERT INTO docs SELECT ${id}, 0, (SELECT string_agg(md5(i::text || '${n}'), '') FROM `
      + `generate_series(1, 150) i) ON CONFLICT (id) DO UPDATE SET n = docs.n`]
    : [`UPDATE docs SET body = body || 'x' WHERE id = ${id}`];
    await client.query(`BEGIN; ${statements.join('; ')}; COMMIT`);
    changes += statements.length;
    await pause(1);
  }
  return changes;
}

it(`equals the tables it follows after ${KILLS} kills (seed ${SEED})`, async () => {
  const upstream = startPostgres(['wal_level=logical', 'synchronous_commit=on']);
  const theirs = await upstream.connect();
  const directory = mkdtempSync(join(tmpdir(), 'tidemill-cdc-kill-'));
  try {
    await theirs.query('CREATE TABLE docs (id int PRIMARY KEY, n int, body text)');
    await theirs.query('ALTER TABLE docs ALTER body SET STORAGE EXTERNAL');
    await theirs.query('CREATE TABLE docs_copy (LIKE docs INCLUDING ALL)');
    await theirs.query('CREATE TABLE log (id serial PRIMARY KEY, doc int, k int)');
    await theirs.query("INSERT INTO docs SELECT i, 0, repeat(md5(i::text), 100) FROM "
      + `generate_series(1, ${100 * WRITERS}) i`);
    let done = false;
    const clients = await Promise.all(Array.from({ length: WRITERS }, () => upstream.connect()));
    const writing = Promise.all(clients.map((client, at) => write(client, at, () => done)));
    const wait = randomFrom(SEED + WRITERS);
    for (let kill = 0; kill < KILLS; kill++) {
      const { child, port } = await start(directory);
      if (kill === 0) {
        const ours = await connect(port);
        await ours.query(`CREATE SOURCE up WITH (connector = 'postgres-cdc', hostname = `
          + `'${upstream.folder}', username = 'postgres', 'database.name' = 'postgres', `
          + `'slot.name' = 'kill_slot')`);
        await ours.query("CREATE TABLE docs FROM up TABLE 'docs'");
        await ours.query("CREATE TABLE log FROM up TABLE 'log'");
        await ours.query('CREATE MATERIALIZED VIEW sums AS SELECT count(*) AS docs, sum(n) AS n, '
          + 'sum(length(body)) AS bytes FROM docs');
        await ours.query("CREATE SINK back FROM docs WITH (connector = 'postgres', hostname = "
          + `'${upstream.folder}', username = 'postgres', 'database.name' = 'postgres', `
          + "'table.name' = 'docs_copy')");
        await ours.end();
      }
      await pause(100 + wait(kill % 3 === 0 ? 300 : 1500));
      child.removeAllListeners('exit');
      child.kill('SIGKILL');
      await new Promise((resolve) => { child.once('exit', resolve); });
    }
    const { child, port } = await start(directory);
    done = true;
    const changes = (await writing).reduce((sum, n) => sum + n, 0);
    const ours = await connect(port);
    await ours.query('FLUSH');
    for (const sql of ['SELECT id, n, md5(body) FROM docs ORDER BY id',
      'SELECT * FROM log ORDER BY id']) {
      const [mine, other] = [await ours.query(sql), await theirs.query(sql)];
      expect(mine.rows).toEqual(other.rows);
    }
    expect((await theirs.query('SELECT * FROM (TABLE docs EXCEPT TABLE docs_copy) a UNION ALL '
      + '(TABLE docs_copy EXCEPT TABLE docs)')).rows).toEqual([]);
    const [mine, other] = [await ours.query('SELECT docs, n, bytes FROM sums'),
      await theirs.query('SELECT count(*) AS docs, sum(n) AS n, sum(length(body)) AS bytes FROM docs')];
    expect(mine.rows).toEqual(other.rows);
    console.log(`${changes} changes, ${KILLS} kills: ${JSON.stringify(mine.rows[0])}`);
    await ours.end();
    child.removeAllListeners('exit');
    child.kill('SIGTERM');
    await new Promise((resolve) => { child.once('exit', resolve); });
    await Promise.all(clients.map((client) => client.end()));
  } finally {
    await theirs.end();
    upstream.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}, 60_000 + KILLS * 15_000);
