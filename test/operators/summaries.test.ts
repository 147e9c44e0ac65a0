/**
 * Aggregates kept as summaries and ordered picks: random changes of a table under views, each
 * compared with the same query computed anew; error bounds of the approximate ones.
 */
import { expect, it } from 'vitest';
import { makeNumeric } from '../../src/common/types/numeric.ts';
import { allFunctions, functionById } from '../../src/planner/functions/registry.ts';
import type { AggregateFunction, SummaryMaker } from '../../src/planner/functions/entry.ts';
import { openEngine } from '../../src/runtime/session/open-engine.ts';
import { MemoryStorage } from '../../src/runtime/storage/memory-storage.ts';
import { TestClient } from '../support/client.ts';
import { simWorld } from '../support/sim-environment.ts';
import { random, T } from './harness.ts';

const CALLS = [
  'stddev(i)', 'var_pop(b)', 'variance(n)', 'stddev_pop(f)', 'corr(f, n)', 'covar_samp(n, f)',
  'regr_slope(f, i)', 'regr_r2(i, f)', 'regr_count(f, n)', 'bit_and(b)', 'bit_or(i)', 'bit_xor(b)',
  'first(t order by i, n)', 'last(t order by i desc, b)', 'arg_min(t, i)', 'max_by(t, n)',
  'percentile_cont(0.4) within group (order by f)', 'any_value(t)',
  'percentile_disc(array[0, 0.25, 0.9]) within group (order by n desc)',
  'mode() within group (order by t)', 'approx_count_distinct(b)', 'approx_percentile(f, 0.9)',
  'approx_top_k(t, 3)', 'string_agg(t, \',\' order by i, t)', 'total(f)', 'median(i)',
];

const AGGREGATES = `
create aggregate total(x float8) returns float8 strict language javascript as $$
  export function init() { return { sum: 0n } }
  export function accumulate(s, x) { s.sum += BigInt(Math.round(x * 4)) }
  export function retract(s, x) { s.sum -= BigInt(Math.round(x * 4)) }
  export function finish(s) { return Number(s.sum) / 4 }
$$;
create aggregate median(x int) returns int strict language javascript as $$
  export function init() { return [] }
  export function accumulate(s, x) { s.push(x); s.sort((a, b) => a - b) }
  export function finish(s) { return s[s.length >> 1] }
$$;`;

it.each([1, 2])('keeps what a recomputation gives (seed %i)', async (seed) => {
  const next = random(seed);
  const engine = await openEngine(simWorld(new MemoryStorage()));
  const client = await TestClient.connect(engine);
  await client.run(AGGREGATES);
  await client.run('create table g (id int primary key, k int, i int, b bigint, n numeric, '
    + 'f float8, t text)');
  const list = CALLS.map((call, at) => `${call} as c${at}`).join(', ');
  await client.run(`create materialized view v as select k, ${list} from g group by k`);
  await client.run(`create materialized view w as select ${list} from g`);
  const value = (text: string): string => (next(6) === 0 ? 'null' : text);
  for (let epoch = 0; epoch < 30; epoch++) {
    const rows = Array.from({ length: 1 + next(12) }, () => `(${next(60)}, ${next(3)}, ${
      value(String(next(20) - 10))}, ${value(String(next(1000) - 500))}, ${
      value(`${next(400)}.${'0'.repeat(next(3))}${1 + next(9)}`)}, ${
      value(String((next(400) - 200) / 4))}, ${value(`'t${next(6)}'`)})`);
    const ids = new Set<string>();
    const fresh = rows.filter((row) => {
      const id = row.split(',')[0] ?? '';
      return ids.has(id) ? false : ids.add(id) !== undefined;
    });
    await client.run(`insert into g values ${fresh.join(', ')} on conflict (id) do update set `
      + 'k = excluded.k, i = excluded.i, b = excluded.b, n = excluded.n, f = excluded.f, '
      + 't = excluded.t');
    await client.run(`delete from g where id % ${5 + next(4)} = ${next(5)}`);
    const kept = await client.run('select * from v order by k');
    const anew = await client.run(`select k, ${list} from g group by k order by k`);
    expect(kept.rows).toEqual(anew.rows);
    expect((await client.run('select * from w')).rows)
      .toEqual((await client.run(`select ${list} from g`)).rows);
  }
  await engine.close();
}, 60_000);

function summaryOf(id: string): SummaryMaker {
  const entry = functionById(id) as AggregateFunction;
  if (entry.strategy.kind !== 'collect' || entry.strategy.summary === undefined) {
    throw new Error(`${id} has no summary`);
  }
  return entry.strategy.summary;
}

it('counts distinct values within 2 %, in any order, in 12 KB', () => {
  for (const count of [10, 1000, 50_000, 300_000]) {
    for (const make of [(at: number) => BigInt(at) * 7919n, (at: number) => `user-${at}`]) {
      const types = [T(typeof make(0) === 'bigint' ? 'int8' : 'text')];
      const [forth, back] = [0, 1].map(() => summaryOf('approx_count_distinct(any)').make(types));
      for (let at = 0; at < count; at++) forth?.add([make(at)], 1);
      for (let at = count - 1; at >= 0; at--) {
        back?.add([make(at)], 1);
        back?.add([make(at)], 1);
      }
      const estimate = Number(forth?.result());
      expect(Math.abs(estimate - count) / count).toBeLessThan(0.02);
      expect(back?.result()).toBe(forth?.result());
      expect(forth?.save()).toEqual(back?.save());
      expect(forth?.save().length).toBe(12_288);
    }
  }
});

it('finds percentiles within 1 %, also after rows were taken out', () => {
  for (const fraction of [0, 0.01, 0.2, 0.5, 0.95, 1]) {
    const next = random(3);
    const summary = summaryOf('approx_percentile(float8,float8)').make([]);
    const values: number[] = [];
    for (let at = 0; at < 5000; at++) {
      const value = Math.exp(next(20_000) / 1000) * (next(4) === 0 ? -1 : 1);
      summary.add([value, fraction], 1);
      if (next(3) === 0) summary.add([value, fraction], -1);
      else values.push(value);
    }
    values.sort((a, b) => a - b);
    const exact = values[Math.max(1, Math.ceil(fraction * values.length)) - 1] ?? 0;
    const found = Number(summary.result());
    expect(Math.abs(found - exact)).toBeLessThanOrEqual(Math.abs(exact) * 0.01 * 1.000001);
  }
});

it('brings every summary back to nothing, and through its bytes', () => {
  const next = random(5);
  for (const entry of allFunctions()) {
    if (entry.kind !== 'aggregate' || entry.strategy.kind !== 'collect') continue;
    const { summary: maker } = entry.strategy;
    if (maker === undefined || !maker.retracts()) continue;
    const row = (): (number | bigint | object)[] => entry.args.map((type) =>
      (type.name === 'int8' ? BigInt(next(2 ** 31)) : type.name === 'numeric'
        ? makeNumeric(BigInt(next(1e9)), next(4))
        : type.name === 'array' ? { kind: 'array', dims: [1], lowerBounds: [1], elements: [0.5] }
        : type.name.startsWith('float') ? next(2001) / 2000 : next(60_000) - 30_000));
    const rows = Array.from({ length: 50 }, row) as never[];
    let summary = maker.make([]);
    for (const each of rows) summary.add(each, 2);
    summary = maker.load(summary.save(), []);
    const half = maker.make([]);
    for (const each of rows) half.add(each, 1);
    for (const each of rows.toReversed()) summary.add(each, -1);
    expect([entry.id, summary.result()]).toEqual([entry.id, half.result()]);
    for (const each of rows) summary.add(each, -1);
    expect([entry.id, summary.result()]).toEqual([entry.id, maker.make([]).result()]);
  }
});
