/**
 * TPC-H's 22 queries as materialized views: PostgreSQL's answers after the load and after 1,000
 * random changes. TPCH_SCALE (0.002; 0.01 for the full form), TPCH_CHANGES and SEED change the run.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { postgresBinaries, startPostgres } from '../fuzz/postgres.ts';
import type { Postgres } from '../fuzz/postgres.ts';
import { Comparison } from '../support/compare.ts';
import { randomChange } from './changes.ts';
import { TABLES, TpchData } from './data.ts';
import { QUERIES } from './queries.ts';

const SCALE = Number(process.env['TPCH_SCALE'] ?? 0.002);
const CHANGES = Number(process.env['TPCH_CHANGES'] ?? 1000);
const SEED = Number(process.env['SEED'] ?? 1);
const PER_EPOCH = 20;
const COMPARED = 4;

describe.skipIf(postgresBinaries() === null)(`TPC-H at scale ${SCALE}, seed ${SEED}`, () => {
  let server: Postgres | null = null;
  beforeAll(() => { server = startPostgres(); });
  afterAll(() => { server?.stop(); });

  it(`has PostgreSQL's answers after the load and ${CHANGES} changes`, async () => {
    const postgres = await server?.connect();
    if (postgres === undefined) throw new Error('PostgreSQL is not running');
    const both = await Comparison.open(postgres);
    try {
      await both.run(TABLES);
      const data = new TpchData(SEED, SCALE);
      const statements = [...data.load()];
      const half = Math.floor(statements.length / 2);
      await both.run(statements.slice(0, half));
      for (const query of QUERIES) await both.create(query);
      await both.run(statements.slice(half));
      await postgres.query('ANALYZE');
      const sizes = await compareAll(both);
      expect(sizes.filter((rows) => rows === 0).length, 'views without rows').toBeLessThan(4);
      for (let done = 0; done < CHANGES;) {
        const until = done + CHANGES / COMPARED;
        while (done < until) {
          const changes = Array.from({ length: PER_EPOCH }, (_, at) =>
            randomChange(data, done + at));
          await both.run(changes.flat());
          done += PER_EPOCH;
        }
        await compareAll(both);
      }
    } finally {
      await both.close();
      await postgres.end();
    }
  }, 900_000);
});

async function compareAll(both: Comparison): Promise<readonly number[]> {
  const answers = [];
  for (const query of QUERIES) answers.push(await both.check(query));
  expect(answers.flatMap(({ differs }) => differs ?? [])).toEqual([]);
  return answers.map(({ rows }) => rows);
}
