/**
 * Joins over stored relations keep nothing of their own: the relation's rows carry one index per
 * key for all of them. Random changes, several tables in one transaction, restarts, altered and
 * replaced relations; the views against the same query asked once. SEED=n chooses other rows.
 */
import { describe, expect, it } from 'vitest';
import { openEngine } from '../../src/runtime/session/open-engine.ts';
import type { Engine } from '../../src/runtime/session-api.ts';
import { TestClient } from '../support/client.ts';
import { SimDisk, SimStorage, simWorld } from '../support/sim-environment.ts';

const SEED = Number(process.env['SEED'] ?? 1);
const EPOCHS = 24;

const TABLES = [
  'CREATE TABLE f (id int, k int, v int)',
  'CREATE TABLE d (k int PRIMARY KEY, name text, region int)',
  'CREATE TABLE log (k int, v int) APPEND ONLY',
  "CREATE TABLE ev (k int, ts timestamp, WATERMARK FOR ts AS ts - INTERVAL '5 seconds')",
  'CREATE MATERIALIZED VIEW per_key AS SELECT k, count(*) AS n FROM f GROUP BY k',
  'CREATE MATERIALIZED VIEW wide AS SELECT k, v FROM f WHERE v > 2',
];

const QUERIES: readonly (readonly [sql: string, shared: number])[] = [
  ['SELECT f.id, d.name FROM f JOIN d ON f.k = d.k', 2],
  ['SELECT d.region, sum(f.v) AS s FROM f JOIN d ON f.k = d.k GROUP BY d.region', 2],
  ['SELECT a.id, b.id AS other FROM f a JOIN f b ON a.k = b.v', 2],
  ['SELECT a.v, b.v AS w FROM log a JOIN log b ON a.k = b.k AND a.v < b.v', 2],
  ['SELECT k, max(v) AS m FROM (SELECT a.k, b.v FROM log a JOIN log b ON a.k = b.v) q GROUP BY k',
    2],
  ['SELECT d.name, p.n FROM per_key p JOIN d ON p.k = d.k', 2],
  ['SELECT f.id, w.v FROM f JOIN wide w ON f.k IS NOT DISTINCT FROM w.k', 2],
  ['SELECT d.name, g.v FROM d JOIN (SELECT k, v * 2 AS v FROM f WHERE v > 1) g ON d.k = g.k', 1],
  ['SELECT d.name, g.n FROM (SELECT k + 1 AS k, count(*) AS n FROM f GROUP BY k) g JOIN d '
    + 'ON d.k = g.k', 1],
  ['SELECT e.ts, d.name FROM ev e JOIN d ON e.k = d.k', 2],
  ['SELECT f.id, d.name FROM f LEFT JOIN d ON f.k = d.k', 0],
  ['SELECT f.id FROM f WHERE EXISTS (SELECT 1 FROM d WHERE d.k = f.k)', 0],
  ['SELECT a.id, b.name, c.n FROM f a JOIN d b ON a.k = b.k JOIN per_key c ON c.k = a.v', 3],
  ['SELECT a.v, b.region FROM log a CROSS JOIN d b', 2],
];

type Below = (limit: number) => number;

function below(seed: number): Below {
  let state = (Math.imul(seed, 0x9e3779b9) ^ 0x5bd1e995) >>> 0;
  return (limit) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
}

function change(random: Below, epoch: number): string {
  const cell = (limit: number): string => random(6) === 0 ? 'NULL' : String(random(limit));
  switch (random(9)) {
    case 0: return `INSERT INTO d VALUES (${random(6)}, 'n${epoch}', ${random(2)}) `
      + 'ON CONFLICT (k) DO UPDATE SET name = EXCLUDED.name';
    case 1: return `DELETE FROM d WHERE k = ${random(6)}`;
    case 2: return `UPDATE d SET region = region + 1, k = k + 10 WHERE k = ${random(6)}`;
    case 3: return `DELETE FROM f WHERE id % 5 = ${random(5)}`;
    case 4: return `UPDATE f SET k = ${cell(6)}, v = ${cell(6)} WHERE id % 4 = ${random(4)}`;
    case 5: return `INSERT INTO log VALUES (${cell(4)}, ${cell(4)}), (${cell(4)}, ${cell(4)})`;
    case 6: return `INSERT INTO ev VALUES (${cell(6)}, '2024-01-01 00:00:${10 + random(40)}')`;
    default: return `INSERT INTO f VALUES (${epoch * 10}, ${cell(6)}, ${cell(6)}), (${
      epoch * 10 + 1}, ${cell(6)}, ${cell(6)})`;
  }
}

async function rowsOf(client: TestClient, sql: string): Promise<string[]> {
  return (await client.run(sql)).rows.map((row) => row.join('|')).toSorted();
}

class Run {
  readonly #disk = new SimDisk();
  #world = simWorld(new SimStorage(this.#disk));
  #engine: Engine | null = null;
  client: TestClient | null = null;

  async open(): Promise<void> {
    await this.#engine?.close();
    this.#world = simWorld(new SimStorage(this.#disk), this.#world);
    this.#engine = await openEngine(this.#world);
    this.client = await TestClient.connect(this.#engine);
  }

  async run(sql: string): Promise<string[]> {
    if (this.client === null) throw new Error('not open');
    return await rowsOf(this.client, sql);
  }

  async close(): Promise<void> {
    await this.#engine?.close();
  }
}

const SHARED = `SELECT relation, "operator" FROM tidemill.state
  WHERE "operator" LIKE 'shared%' ORDER BY 1, 2`;

describe(`shared arrangements (seed ${SEED})`, () => {
  it('answer as recomputation does', { timeout: 120_000 }, async () => {
    const run = new Run();
    await run.open();
    for (const sql of TABLES) await run.run(sql);
    const random = below(SEED);
    for (let epoch = 0; epoch < 4; epoch++) await run.run(change(random, epoch));
    for (const [index, [sql, shared]] of QUERIES.entries()) {
      const plan = (await run.run(`EXPLAIN CREATE MATERIALIZED VIEW e AS ${sql}`)).join('\n');
      expect([sql, plan.split('shared arrangement of').length - 1]).toEqual([sql, shared]);
      await run.run(`CREATE MATERIALIZED VIEW v${index} AS ${sql}`);
    }
    for (let epoch = 4; epoch < EPOCHS; epoch++) {
      const changes = Array.from({ length: 1 + random(4) }, () => change(random, epoch));
      await run.run(`BEGIN; ${changes.join('; ')}; COMMIT`);
      for (const [index, [sql]] of QUERIES.entries()) {
        expect([epoch, changes, sql, await run.run(`SELECT * FROM v${index}`)])
          .toEqual([epoch, changes, sql, await run.run(sql)]);
      }
      if (epoch % 5 === 4) await run.open();
      if (epoch === 8) await run.run('ALTER TABLE f ADD COLUMN more int DEFAULT 7');
      if (epoch === 11) await run.run('ALTER TABLE f DROP COLUMN more');
    }
    await run.close();
  });

  it('are made once, counted, and go with their last join', async () => {
    const run = new Run();
    await run.open();
    await run.run('CREATE TABLE f (id int, k int)');
    await run.run('CREATE TABLE d (k int PRIMARY KEY, name text)');
    await run.run('INSERT INTO d VALUES (1, \'a\'), (2, \'b\')');
    await run.run('INSERT INTO f SELECT n, n % 3 FROM generate_series(1, 9) AS g(n)');
    for (let n = 0; n < 3; n++) {
      await run.run(`CREATE MATERIALIZED VIEW v${n} AS SELECT f.id, d.name FROM f `
        + `JOIN d ON f.k = d.k AND f.id + length(d.name) > ${n}`);
    }
    await run.run('CREATE MATERIALIZED VIEW w AS SELECT f.id, d.name FROM d JOIN f ON f.id = d.k');
    const all = ['public.d|shared arrangement (k) of 4 joins',
      'public.f|shared arrangement (id) of 1 join', 'public.f|shared arrangement (k) of 3 joins'];
    const short = async (): Promise<string[]> => (await run.run(SHARED)).map((row) =>
      row.startsWith('public.') ? row : `public.${row}`);
    expect(await short()).toEqual(all.toSorted());
    expect(await run.run('SELECT sum(rows) FROM tidemill.state WHERE "operator" = \'join\''))
      .toEqual(['0']);
    await run.open();
    expect(await run.run('SELECT count(*) FROM v1')).toEqual(['6']);
    await run.run('INSERT INTO f VALUES (10, 1)');
    expect(await run.run('SELECT count(*) FROM v1')).toEqual(['7']);
    await run.run('CREATE OR REPLACE MATERIALIZED VIEW v0 AS SELECT f.id, d.name FROM f '
      + 'JOIN d ON f.k = d.k AND f.id + length(d.name) > 6');
    expect(await run.run('SELECT count(*) FROM v0')).toEqual(['3']);
    expect(await short()).toEqual(all.toSorted());
    await run.run('DROP MATERIALIZED VIEW w, v2');
    expect(await short()).toEqual(['public.d|shared arrangement (k) of 2 joins',
      'public.f|shared arrangement (k) of 2 joins']);
    await run.run('DROP MATERIALIZED VIEW v0, v1');
    expect(await short()).toEqual([]);
    await run.close();
  });
});
