/**
 * WITH (memory_limit): a view that keeps too much stops, the others and the server go on; the
 * decision is in the log.
 */
import { expect, it } from 'vitest';
import { openEngine } from '../../src/runtime/session/open-engine.ts';
import { TestClient } from '../support/client.ts';
import { SimDisk, SimStorage, simWorld } from '../support/sim-environment.ts';

it('stops the view that keeps too much, also after a restart', async () => {
  const disk = new SimDisk();
  const first = simWorld(new SimStorage(disk));
  let engine = await openEngine(first);
  let client = await TestClient.connect(engine);
  await client.run('CREATE TABLE t (k int)');
  await client.run(`CREATE MATERIALIZED VIEW small WITH (memory_limit = '1MB') AS `
    + 'SELECT count(*) AS n FROM t');
  await client.run(`CREATE MATERIALIZED VIEW large WITH (memory_limit = '1MB') AS `
    + 'SELECT k, count(*) AS n FROM t GROUP BY k');
  const fill = (from: number): Promise<unknown> => client.run(
    `INSERT INTO t SELECT i FROM generate_series(${from}, ${from + 9999}) AS g(i)`);
  await fill(0);
  expect(await client.rows('SELECT count(*) FROM large')).toEqual([['10000']]);
  await fill(10_000);
  await fill(20_000);
  for (let n = 0; n < 2; n++) {
    await client.run('FLUSH');
    await expect(client.rows('SELECT * FROM large')).rejects.toThrow(
      /55000: .*"large" has stopped: it keeps .* MB, more than its memory_limit of 1.0 MB/);
    expect(await client.rows('SELECT n FROM small')).toEqual([['30000']]);
    await engine.close();
    engine = await openEngine(simWorld(new SimStorage(disk), first));
    client = await TestClient.connect(engine);
  }
  await client.run(`CREATE OR REPLACE MATERIALIZED VIEW large WITH (memory_limit = '1 GB') AS `
    + 'SELECT k, count(*) AS n FROM t GROUP BY k');
  expect(await client.rows('SELECT count(*) FROM large')).toEqual([['30000']]);
  for (const limit of ['0', 'much', '-1MB', '1 parsec']) {
    await expect(client.run(`CREATE MATERIALIZED VIEW bad WITH (memory_limit = '${limit}') AS `
      + 'SELECT k FROM t')).rejects.toThrow(/22023: invalid value for option "memory_limit"/);
  }
  await engine.close();
});
