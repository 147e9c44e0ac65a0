/**
 * The size EXPLAIN predicts for a state, and the verdict CREATE gives.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { open } from '../../src/index.ts';
import type { Engine } from '../../src/runtime/session-api.ts';
import { TestClient } from '../support/client.ts';

let engine: Engine;
let client: TestClient;

beforeAll(async () => {
  engine = await open({ dataDirectory: ':memory:' });
  client = await TestClient.connect(engine);
  await client.run('CREATE TABLE a (k int, v int, ts timestamp, '
    + `WATERMARK FOR ts AS ts - INTERVAL '20 minutes') APPEND ONLY`);
  await client.run('CREATE TABLE b (k int, v int, ts timestamp, '
    + `WATERMARK FOR ts AS ts - INTERVAL '5 minutes') APPEND ONLY`);
  await client.run('CREATE TABLE plain (k int, v int) APPEND ONLY');
});

afterAll(() => engine.close());

async function sizes(query: string): Promise<string[]> {
  const rows = await client.rows(`EXPLAIN CREATE MATERIALIZED VIEW x ${query}`);
  return rows.flatMap(([line]) => /^\s*size: (.*)$/.exec(line ?? '')?.slice(1) ?? []);
}

describe.each([
  [`AS SELECT k, count(*) FROM TUMBLE(a, ts, INTERVAL '10 minutes') GROUP BY k, window_start`,
    ['4 windows per key']],
  [`AS SELECT k, count(*) FROM TUMBLE(a, ts, INTERVAL '10 minutes') GROUP BY k, window_end `
    + 'EMIT ON WINDOW CLOSE', ['4 windows and their rows', '4 windows per key']],
  [`AS SELECT k, max(v) FROM HOP(b, ts, INTERVAL '1 minute', INTERVAL '1 hour') `
    + 'GROUP BY k, window_end', ['66 windows per key', '7 windows per key']],
  [`AS SELECT window_start, window_end, k, count(*) FROM SESSION(a PARTITION BY k, ts, `
    + `INTERVAL '10 minutes') GROUP BY window_start, window_end, k`,
  ['groups with the times of their rows of the last 00:30:00 and of sessions that go on',
    'rows of the last 00:30:00 and of sessions that go on']],
  [`AS SELECT a.k FROM a JOIN b ON a.k = b.k AND b.ts BETWEEN a.ts AND a.ts + INTERVAL '1 hour'`,
    ['left rows of the last 01:05:00, right rows of the last 00:20:00']],
  ['AS SELECT k, count(*) FROM a GROUP BY k', ['one row per key']],
  ['AS SELECT a.k FROM a JOIN plain USING (k)', ['all input']],
  [`WITH (state_ttl = '1 day') AS SELECT a.k FROM a JOIN plain USING (k)`,
    ['what its input remembers', 'rows touched in the last 1 day',
      'rows touched in the last 1 day']],
  [`WITH (state_ttl = '1 day') AS SELECT k, count(*) FROM a GROUP BY k`,
    ['groups touched in the last 1 day']],
  [`WITH (state_ttl = '1 day') AS SELECT k, count(*) FROM TUMBLE(a, ts, INTERVAL '10 minutes') `
    + 'GROUP BY k, window_start', ['4 windows per key']],
] as const)('%s', (query, expected) => {
  it('is predicted', async () => {
    expect(await sizes(query)).toEqual(expected);
  });
});

it('says what is missing', async () => {
  const { notices } = await client.run(
    'CREATE MATERIALIZED VIEW joined AS SELECT a.k FROM a JOIN plain USING (k)');
  expect(notices).toEqual([expect.objectContaining({
    severity: 'NOTICE', message: 'the state of a join grows with its input for ever',
    hint: expect.stringContaining(`WITH (state_ttl = '1 day')`),
  })]);
  const bounded = await client.run(`CREATE MATERIALIZED VIEW aged WITH (state_ttl = '1 day') `
    + 'AS SELECT a.k FROM a JOIN plain USING (k)');
  expect(bounded.notices).toEqual([]);
});
