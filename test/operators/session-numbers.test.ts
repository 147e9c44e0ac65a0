/**
 * Aggregates over sessions: random changes against sessions made anew, and the work of a change in
 * a long session, counted in rows.
 */
import { expect, it } from 'vitest';
import type { DataflowNode } from '../../src/planner/dataflow.ts';
import { openEngine } from '../../src/runtime/session/open-engine.ts';
import { createSession } from '../../src/runtime/operators/session.ts';
import type { SessionNode } from '../../src/runtime/operators/session.ts';
import { MemoryStorage } from '../../src/runtime/storage/memory-storage.ts';
import { TestClient } from '../support/client.ts';
import { simWorld } from '../support/sim-environment.ts';
import { columnsOf, random, Run, sourceNode, T } from './harness.ts';
import type { Change } from './harness.ts';

const QUERY = `select k, window_start, window_end, count(*) n, sum(v) s, max(v) m, min(id) i
  from session(t, ts, interval '5 seconds' partition by k) group by k, window_start, window_end`;

function time(seconds: number): string {
  return `timestamp '2024-01-01' + interval '${seconds} seconds'`;
}

it.each([1, 2, 3])('gives the sessions a recomputation gives (seed %i)', async (seed) => {
  const next = random(seed);
  const engine = await openEngine(simWorld(new MemoryStorage()));
  const client = await TestClient.connect(engine);
  await client.run('create table t (id int primary key, k int, ts timestamp, v int)');
  await client.run(`create materialized view w as ${QUERY}`);
  for (let epoch = 0; epoch < 60; epoch++) {
    const rows = new Map(Array.from({ length: 1 + next(6) }, () => {
      const id = next(60);
      const at = next(12) === 0 ? 'null' : time(next(120));
      return [id, `(${id}, ${next(2)}, ${at}, ${next(9)})`] as const;
    }));
    await client.run('begin');
    await client.run(`insert into t values ${[...rows.values()].join(', ')} on conflict (id) do `
      + 'update set k = excluded.k, ts = excluded.ts, v = excluded.v');
    if (next(2) === 0) await client.run(`delete from t where id % ${3 + next(5)} = ${next(4)}`);
    if (next(9) === 0) await client.run('delete from t');
    await client.run('commit');
    const anew = await client.run(`${QUERY} order by 1, 2`);
    const kept = await client.run('select * from w order by 1, 2');
    expect(kept.rows).toEqual(anew.rows);
  }
  await engine.close();
}, 60_000);

it.each([1, 2, 3])('agrees with windows as group columns, also over late rows (seed %i)',
  async (seed) => {
    const next = random(seed);
    const engine = await openEngine(simWorld(new MemoryStorage()));
    const client = await TestClient.connect(engine);
    await client.run(`create table e (k int, ts timestamp, v int,
      watermark for ts as ts - interval '3 seconds') append only`);
    const query = (more: string): string => `select k, window_start s, window_end e, count(*) n,
      sum(v) v${more} from session(e, ts, interval '5 seconds' partition by k)
      group by k, window_start, window_end`;
    // An aggregate that reads the window is not lowered by numbers.
    const views = ['', ' with (allowed_lateness = \'4 seconds\')'].flatMap((options, at) =>
      ['', ' emit on window close'].map((emit) => {
        const [a, b] = [`a${at}${emit.length}`, `b${at}${emit.length}`];
        return { a, b, make: `create materialized view ${a}${options} as ${query('')}${emit};
          create materialized view ${b}${options} as ${query(', max(window_end) x')}${emit}` };
      }));
    for (const { make } of views) await client.run(make);
    for (let epoch = 0; epoch < 40; epoch++) {
      const rows = Array.from({ length: 1 + next(5) }, () =>
        `(${next(2)}, ${time(epoch * 2 + next(20) - 12)}, ${next(5)})`);
      await client.run(`insert into e values ${rows.join(', ')}`);
      for (const { a, b } of views) {
        const numbered = await client.run(`select k, s, e, n, v from ${a} order by 1, 2, 3`);
        const windows = await client.run(`select k, s, e, n, v from ${b} order by 1, 2, 3`);
        expect(numbered.rows).toEqual(windows.rows);
      }
    }
    // Sessions that are over have left the state: 80 epochs made many more.
    const states = await client.run(`select max(rows) from tidemill.state
      where operator in ('aggregate', 'session')`);
    expect(Number(states.rows[0]?.[0])).toBeGreaterThan(0);
    expect(Number(states.rows[0]?.[0])).toBeLessThan(100);
    await engine.close();
  }, 60_000);

const TYPES = [T('int4'), T('timestamp'), T('int4')];
const NODE: SessionNode = {
  kind: 'session', gap: 5n, partitionBy: [0], timeColumn: 1, watermark: null, numbered: true,
  inputs: [0], key: null, appendOnly: false, bound: 'nothing',
  columns: columnsOf([...TYPES, T('int8')]),
};

function sessions(): Run {
  const source: DataflowNode = sourceNode(TYPES);
  return new Run((context) => createSession(NODE, [source], context), [TYPES],
    [...TYPES, T('int8')], 100_000);
}

function row(at: number, weight: number = 1): Change {
  return { port: 0, row: [1, BigInt(at), at], weight };
}

it('a change in a session of 10,000 rows emits what it changes', () => {
  const run = sessions();
  run.step(Array.from({ length: 10_000 }, (_row, at) => row(at * 2)), 1000);
  expect(run.emitted).toBe(10_000);
  // At the end, at the start, in the middle.
  for (const at of [20_002, -2, 10_001]) {
    run.step([row(at)], 1);
    expect(run.emitted).toBe(1);
  }
  run.restart();
  run.step([row(10_001, -1)], 1);
  expect(run.emitted).toBe(1);
  // Ten rows apart, then joined: the ten are renumbered.
  run.step(Array.from({ length: 10 }, (_row, at) => row(20_010 + at)), 10);
  expect(run.emitted).toBe(10);
  run.step([row(20_006)], 1);
  expect(run.emitted).toBe(1 + 2 * 10);
  // And apart again.
  run.step([row(20_006, -1)], 1);
  expect(run.emitted).toBe(1 + 2 * 10);
});
