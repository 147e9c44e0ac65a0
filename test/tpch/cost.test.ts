/**
 * The cost of a change does not grow with the tables: rows that a view's operators pass on per
 * change, at one size and at ten times as many rows. Counted, not timed, so that it is the same on
 * every machine. COST=show prints the figures.
 */
import { expect, it } from 'vitest';
import * as nexmark from '../nexmark/queries.ts';
import { NexmarkRows } from '../nexmark/rows.ts';
import { Comparison } from '../support/compare.ts';
import type { ComparedView } from '../support/compare.ts';
import { TABLES, TpchData } from './data.ts';
import { QUERIES } from './queries.ts';

const SHOW = process.env['COST'] === 'show';
/** Enough that a view of few rows (q9: one part in twenty) is hit as often at either size. */
const UPDATES = 200;
/** Portions of events. */
const PORTIONS = 40;
/** Events of a change: enough that the hot auction and bidder move on. */
const EVENTS = 100;

/** Views whose cost does grow: sessions, whose rows all change when one is added at the end. */
const GROWING: readonly string[] = ['q11'];

/** Rows passed per change, by view. */
type Costs = ReadonlyMap<string, number>;

interface Changes {
  readonly count: number;
  readonly change: (number: number) => readonly string[];
}

async function costs(
  both: Comparison, views: readonly ComparedView[], { count, change }: Changes,
): Promise<Costs> {
  const all = new Map<string, number>();
  let number = 0;
  for (const view of views) {
    await both.create(view);
    const before = both.rowsPassed;
    for (let at = 0; at < count; at++) await both.run(change(number++));
    all.set(view.name, (both.rowsPassed - before) / count);
    await both.drop(view);
  }
  await both.close();
  return all;
}

async function tpch(scale: number): Promise<Costs> {
  const both = await Comparison.open(null);
  const data = new TpchData(1, scale);
  await both.run(TABLES);
  for (const statement of data.load()) await both.run([statement]);
  const change = (at: number): readonly string[] => {
    const order = data.between(1, data.orders);
    const part = data.between(1, data.parts);
    const customer = data.between(1, data.customers);
    const changes = [
      [`UPDATE lineitem SET l_discount = 0.1 - l_discount, l_quantity = l_quantity % 50 + 1 `
        + `WHERE l_orderkey = ${order} AND l_linenumber = 1`],
      [`UPDATE orders SET o_orderpriority = '1-URGENT' WHERE o_orderkey = ${order}`],
      [`UPDATE customer SET c_acctbal = ${data.money(-999, 9999)} WHERE c_custkey = ${customer}`],
      [`UPDATE partsupp SET ps_supplycost = ${data.money(1, 1000)} WHERE ps_partkey = ${part} `
        + `AND ps_suppkey = ${data.supplierOf(part, 1)}`],
    ];
    return changes[at % changes.length] ?? [];
  };
  return await costs(both, QUERIES, { count: UPDATES, change });
}

async function events(count: number): Promise<Costs> {
  const both = await Comparison.open(null);
  const rows = new NexmarkRows(1, 100);
  await both.run(nexmark.TABLES);
  for (let from = 0; from < count; from += 1000) await both.run(rows.events(from, from + 1000));
  return await costs(both, nexmark.QUERIES, {
    count: PORTIONS,
    change: (at) => rows.events(count + at * EVENTS, count + (at + 1) * EVENTS),
  });
}

function grown(small: Costs, large: Costs): readonly string[] {
  const all = [...small].map(([name, cost]) => {
    const after = large.get(name) ?? 0;
    const ratio = after / Math.max(cost, 10);
    return {
      name, ratio,
      text: `${name}: ${cost.toFixed(1)} -> ${after.toFixed(1)}, ${ratio.toFixed(2)} times`,
    };
  });
  if (SHOW) console.log(all.map(({ text }) => text).join('\n'));
  return all.filter(({ ratio }) => ratio >= 1.5).map(({ name }) => name);
}

it('TPC-H: ten times the rows, the same cost of a change', async () => {
  expect(grown(await tpch(0.001), await tpch(0.01))).toEqual([]);
}, 600_000);

it('Nexmark: ten times the rows, the same cost of an event', async () => {
  const found = grown(await events(2000), await events(20_000));
  expect(found.filter((name) => !GROWING.includes(name))).toEqual([]);
}, 600_000);
