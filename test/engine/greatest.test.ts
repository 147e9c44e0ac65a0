/**
 * Joins with the greatest row of each group keep little and answer as recomputation does: random
 * inserts in random order, restarts in between, the views against the same query asked once.
 * SEED=n chooses other rows.
 */
import { describe, expect, it } from 'vitest';
import { openEngine } from '../../src/runtime/session/open-engine.ts';
import type { Engine } from '../../src/runtime/session-api.ts';
import { TestClient } from '../support/client.ts';
import { SimDisk, SimStorage, simWorld } from '../support/sim-environment.ts';

const SEED = Number(process.env['SEED'] ?? 1);
const EPOCHS = 20;

const COLUMNS = 'id int, k int, x int, big bigint, d double precision, ts timestamp';

/** Per query whether it keeps only what may still match. */
const QUERIES: readonly (readonly [sql: string, pruned: boolean])[] = [
  [`SELECT b.id, b.x, m.window_end FROM bid b
    JOIN (SELECT max(x) AS best, window_end FROM TUMBLE(bid, ts, INTERVAL '10 seconds')
      GROUP BY window_end) m ON b.x = m.best
    WHERE b.ts BETWEEN m.window_end - INTERVAL '10 seconds' AND m.window_end`, true],
  [`SELECT b.id, m.window_start FROM bid b
    JOIN (SELECT min(x) AS best, window_start, window_end
      FROM HOP(bid, ts, INTERVAL '4 seconds', INTERVAL '10 seconds')
      GROUP BY window_start, window_end) m
    ON b.x = m.best AND b.ts >= m.window_start AND b.ts < m.window_end AND b.k < 3`, true],
  [`SELECT b.id, m.n, m.best FROM bid b
    JOIN (SELECT k, max(big) AS best, count(*) AS n FROM bid GROUP BY k) m
    ON b.k = m.k AND b.big = m.best`, true],
  [`SELECT m.low, o.id FROM (SELECT k, min(d) AS low FROM bid GROUP BY k) m
    JOIN other o ON o.k = m.k AND m.low = o.d AND o.x <> 3`, true],
  [`SELECT o.id, m.t FROM other o
    JOIN (SELECT max(x) FILTER (WHERE id % 2 = 0) AS t, k, window_time
      FROM CUMULATE(bid, ts, INTERVAL '5 seconds', INTERVAL '20 seconds')
      GROUP BY k, window_time) m
    ON o.x = m.t AND o.k = m.k AND m.window_time 
    BETWEEN o.ts AND o.ts + INTERVAL '7 seconds'`, true],
  [`SELECT b.id FROM bid b JOIN (SELECT max(x) AS best FROM bid GROUP BY k, x % 2) m
    ON b.x = m.best`, false],
  [`SELECT b.id FROM bid b
    JOIN (SELECT k, max(x) AS best FROM bid GROUP BY k HAVING count(*) < 9) m
    ON b.x = m.best AND b.k = m.k`, false],
  [`SELECT b.id FROM bid b LEFT JOIN (SELECT k, max(x) AS best FROM bid GROUP BY k) m
    ON b.x = m.best AND b.k = m.k`, false],
  [`SELECT b.id FROM mutable b JOIN (SELECT k, max(x) AS best FROM bid GROUP BY k) m
    ON b.x = m.best AND b.k = m.k`, false],
  [`SELECT b.id FROM bid b JOIN (SELECT k, max(x) AS best FROM mutable GROUP BY k) m
    ON b.x = m.best AND b.k = m.k`, false],
];

function below(seed: number): (limit: number) => number {
  let state = (Math.imul(seed, 0x9e3779b9) ^ 0x5bd1e995) >>> 0;
  return (limit) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
}

/** Rows for one epoch; many ties, NULLs, times on the edges of windows. */
function values(random: (limit: number) => number, from: number): string {
  const cell = (text: string): string => random(9) === 0 ? 'NULL' : text;
  return Array.from({ length: 1 + random(6) }, (_each, i) => {
    const second = random(50);
    const ts = random(20) === 0 ? "'infinity'"
      : `'2024-01-01 00:00:${String(second).padStart(2, '0')}${random(3) === 0 ? '.000001' : ''}'`;
    return `(${from + i}, ${cell(String(random(4)))}, ${cell(String(random(12)))}, ${
      cell(String(random(8)) + '0000000000')}, ${
      cell(['-0', '0', '1.5', "'NaN'", '-2'][random(5)] ?? '0')}, ${cell(ts)})`;
  }).join(', ');
}

async function rowsOf(client: TestClient, sql: string): Promise<string[]> {
  return (await client.run(sql)).rows.map((row) => row.join('|')).toSorted();
}

async function explained(client: TestClient, sql: string): Promise<string> {
  return (await client.run(`EXPLAIN CREATE MATERIALIZED VIEW e AS ${sql}`)).rows.join('\n');
}

describe(`joins with the greatest of each group (seed ${SEED})`, () => {
  it('keep what EXPLAIN says and equal recomputation', { timeout: 60_000 }, async () => {
    const disk = new SimDisk();
    let world = simWorld(new SimStorage(disk));
    let engine: Engine = await openEngine(world);
    let client = await TestClient.connect(engine);
    await client.run(`CREATE TABLE bid (${COLUMNS}) APPEND ONLY`);
    await client.run(`CREATE TABLE other (${COLUMNS}) APPEND ONLY`);
    await client.run(`CREATE TABLE mutable (${COLUMNS})`);
    for (const [index, [sql, pruned]] of QUERIES.entries()) {
      const plan = await explained(client, sql);
      expect([sql, plan.includes('row per group,')]).toEqual([sql, pruned]);
      await client.run(`CREATE MATERIALIZED VIEW v${index} AS ${sql}`);
    }
    const random = below(SEED);
    for (let epoch = 0; epoch < EPOCHS; epoch++) {
      const table = ['bid', 'bid', 'other', 'mutable'][random(4)] ?? 'bid';
      const statements = [`INSERT INTO ${table} VALUES ${values(random, epoch * 10)}`];
      if (random(2) === 0) {
        statements.push(`INSERT INTO bid VALUES ${values(random, epoch * 10)}`);
      }
      if (random(2) === 0) statements.push(`DELETE FROM mutable WHERE id % 3 = ${random(3)}`);
      await client.run(`BEGIN; ${statements.join('; ')}; COMMIT`);
      for (const [index, [sql]] of QUERIES.entries()) {
        expect([epoch, sql, await rowsOf(client, `SELECT * FROM v${index}`)])
          .toEqual([epoch, sql, await rowsOf(client, sql)]);
      }
      if (epoch % 10 !== 9) continue;
      await engine.close();
      world = simWorld(new SimStorage(disk), world);
      engine = await openEngine(world);
      client = await TestClient.connect(engine);
    }
    await engine.close();
  });

  it('forget rows that are overtaken, also by groups they waited for', async () => {
    const engine = await openEngine(simWorld(new SimStorage(new SimDisk())));
    const client = await TestClient.connect(engine);
    await client.run('CREATE TABLE a (k int, x int) APPEND ONLY');
    await client.run('CREATE TABLE b (k int, x int) APPEND ONLY');
    await client.run('CREATE MATERIALIZED VIEW v AS SELECT b.k, b.x FROM b '
      + 'JOIN (SELECT k, max(x) AS best FROM a GROUP BY k) m ON b.k = m.k AND b.x = m.best');
    const kept = async (): Promise<number> => Number((await rowsOf(client,
      `SELECT sum(rows) FROM tidemill.state WHERE relation LIKE '%v' AND "operator" = 'join'`))[0]);
    await client.run('INSERT INTO a VALUES (1, 50), (2, 10)');
    await client.run('INSERT INTO b SELECT 1, n FROM generate_series(1, 100) AS g(n)');
    expect(await rowsOf(client, 'SELECT * FROM v')).toEqual(['1|50']);
    expect(await kept()).toBe(2 + 51);
    await client.run('INSERT INTO a VALUES (1, 60)');
    expect(await rowsOf(client, 'SELECT * FROM v')).toEqual(['1|60']);
    expect(await kept()).toBe(2 + 50);
    await client.run('INSERT INTO a VALUES (1, 1000)');
    await client.run('INSERT INTO b SELECT 2, n FROM generate_series(100, 5000) AS g(n)');
    expect(await rowsOf(client, 'SELECT * FROM v')).toEqual([]);
    expect(await kept()).toBe(2 + 4901);
    await engine.close();
  });
});
