/**
 * CREATE OR REPLACE of a view whose new version cannot be filled: the old one goes on untouched,
 * also after a restart, which meets the same failure in the log.
 */
import { expect, it } from 'vitest';
import { openEngine } from '../../src/runtime/session/open-engine.ts';
import { TestClient } from '../support/client.ts';
import { SimDisk, SimStorage, simWorld } from '../support/sim-environment.ts';

it('leaves the old version running', async () => {
  const disk = new SimDisk();
  const open = async (storage: SimStorage): Promise<TestClient> =>
    TestClient.connect(await openEngine(simWorld(storage)));
  const first = new SimStorage(disk);
  let client = await open(first);
  const rows = async (query: string): Promise<string[]> =>
    (await client.run(query)).rows.map((row) => row.join(' ')).toSorted();
  await client.run('CREATE TABLE edge (a int, b int)');
  await client.run('INSERT INTO edge VALUES (1, 2), (2, 1)');
  await client.run('CREATE MATERIALIZED VIEW walks AS SELECT a AS at, 0 AS n FROM edge');
  await client.run('CREATE MATERIALIZED VIEW above AS SELECT count(*) AS c FROM walks');
  await expect(client.run('CREATE OR REPLACE MATERIALIZED VIEW walks AS WITH RECURSIVE r(at, n) AS '
    + '(SELECT 1, 0 UNION ALL SELECT b, n + 1 FROM r JOIN edge ON a = at) SELECT * FROM r'))
    .rejects.toThrow('54001');
  expect(await rows('SELECT * FROM walks')).toEqual(['1 0', '2 0']);
  await client.run('INSERT INTO edge VALUES (3, 1)');
  expect(await rows('SELECT * FROM walks')).toEqual(['1 0', '2 0', '3 0']);
  expect(await rows('SELECT c FROM above')).toEqual(['3']);
  first.dead = true;
  client = await open(new SimStorage(disk));
  expect(await rows('SELECT c FROM above')).toEqual(['3']);
  await client.run('CREATE OR REPLACE MATERIALIZED VIEW walks AS SELECT b AS at, 1 AS n FROM edge');
  expect(await rows('SELECT * FROM walks')).toEqual(['1 1', '1 1', '2 1']);
  await client.run('DELETE FROM edge WHERE a = 3');
  expect(await rows('SELECT c FROM above')).toEqual(['2']);
}, 240_000);
