/**
 * Nexmark's queries as materialized views: PostgreSQL's answers for the same events, and after bids
 * and auctions were changed and deleted. NEXMARK_EVENTS (3,000) and SEED change the run.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { postgresBinaries, startPostgres } from '../fuzz/postgres.ts';
import type { Postgres } from '../fuzz/postgres.ts';
import { Comparison } from '../support/compare.ts';
import { QUERIES, TABLES } from './queries.ts';
import { NexmarkRows } from './rows.ts';

const EVENTS = Number(process.env['NEXMARK_EVENTS'] ?? 3000);
const SEED = Number(process.env['SEED'] ?? 1);
const EPOCHS = 15;

const SIDE = `INSERT INTO side_input VALUES ${
  Array.from({ length: 8 }, (_, at) => `(${at}, 'value ${at}')`).join(', ')}`;

const CHANGES = [
  'DELETE FROM bid WHERE price % 7 = 1', 'UPDATE bid SET price = price / 3 WHERE bidder % 5 = 2',
  "UPDATE bid SET date_time = date_time + interval '7 seconds' WHERE auction % 4 = 1",
  'UPDATE auction SET category = 10 WHERE id % 3 = 0', 'DELETE FROM auction WHERE id % 11 = 5',
  "UPDATE person SET state = 'OR' WHERE id % 2 = 0", 'DELETE FROM side_input WHERE key < 3',
  'UPDATE auction SET seller = seller + 1 WHERE id % 5 = 1', 'DELETE FROM bid WHERE auction % 9 = 4',
];

describe.skipIf(postgresBinaries() === null)(`Nexmark, ${EVENTS} events, seed ${SEED}`, () => {
  let server: Postgres | null = null;
  beforeAll(() => { server = startPostgres(); });
  afterAll(() => { server?.stop(); });

  it("has PostgreSQL's answers", async () => {
    const postgres = await server?.connect();
    if (postgres === undefined) throw new Error('PostgreSQL is not running');
    const both = await Comparison.open(postgres);
    try {
      await both.run([...TABLES, SIDE]);
      const rows = new NexmarkRows(SEED, 100);
      const step = Math.ceil(EVENTS / EPOCHS);
      await both.run(rows.events(0, step));
      for (const query of QUERIES) await both.create(query);
      for (let from = step; from < EVENTS; from += step) {
        await both.run(rows.events(from, from + step));
        if (from % (step * 5) === 0) await compareAll(both);
      }
      const sizes = await compareAll(both);
      expect(QUERIES.filter((_, at) => sizes[at] === 0).map(({ name }) => name)).toEqual([]);
      for (const change of CHANGES) {
        await both.run([change]);
        await compareAll(both);
      }
    } finally {
      await both.close();
      await postgres.end();
    }
  }, 600_000);
});

async function compareAll(both: Comparison): Promise<readonly number[]> {
  const answers = [];
  for (const query of QUERIES) answers.push(await both.check(query));
  expect(answers.flatMap(({ differs }) => differs ?? [])).toEqual([]);
  return answers.map(({ rows }) => rows);
}
