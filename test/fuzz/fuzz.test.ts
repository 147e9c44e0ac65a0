/**
 * Views equal PostgreSQL's answers: random schemas, queries and changes (`npm run fuzz` for more of
 * them), and proof that the fuzzer finds bugs when there are some. In CI PostgreSQL has to be
 * there; elsewhere its absence is said and the tests are left out. FUZZ_CHECKS and SEED change the
 * run.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fuzz } from './fuzz.ts';
import type { FuzzOptions } from './fuzz.ts';
import { KNOWN } from './known.ts';
import { BUGS, withBug } from './planted.ts';
import { postgresBinaries, startPostgres } from './postgres.ts';
import type { Postgres } from './postgres.ts';

const IN_CI = process.env['CI'] !== undefined;
const CHECKS = Number(process.env['FUZZ_CHECKS'] ?? (IN_CI ? 20_000 : 1000));
const SEED = Number(process.env['SEED'] ?? 1);
/** From here on a run is long enough to take nearly every production. */
const COVERING_CHECKS = 20_000;
const MISSING = postgresBinaries() === null;
if (MISSING) console.log('PostgreSQL is not installed: nothing is compared with it');

const OPTIONS: FuzzOptions = {
  seed: SEED, seconds: 600, checks: CHECKS, failures: 3, tries: 100, views: 10, epochs: 20,
  log: (line) => { console.log(line); },
};

it('knows at most twenty deliberate differences', () => {
  expect(KNOWN.length).toBeLessThanOrEqual(20);
  expect(IN_CI && MISSING, 'CI needs PostgreSQL').toBe(false);
});

describe.skipIf(MISSING)('against PostgreSQL', () => {
  let server: Postgres | null = null;
  const running = (): Postgres => {
    if (server === null) throw new Error('PostgreSQL is not running');
    return server;
  };
  beforeAll(() => { server = startPostgres(); });
  afterAll(() => { server?.stop(); });

  it(`${CHECKS} checks from seed ${SEED} without a difference`, async () => {
    const report = await fuzz(running(), OPTIONS);
    console.log(`${report.checks} checks, ${report.cases} cases, ${report.seconds.toFixed(0)} s; `
      + `${report.productions.size} productions, ${report.operators.size} kinds of operators`);
    const found = report.found.map(({ script, difference }) => `${script}\n${difference.text}`);
    expect(found).toEqual([]);
    expect(report.checks).toBeGreaterThanOrEqual(CHECKS);
    if (CHECKS < COVERING_CHECKS) return;
    const never = [...report.productions].filter(([name, count]) =>
      count === 0 && !name.startsWith('function: '));
    console.log(`never taken: ${never.map(([name]) => name).join(', ')}`);
    expect(never.length).toBeLessThan(report.productions.size / 50);
  }, 900_000);

  for (const bug of BUGS) {
    it(`finds it when ${bug.name}`, async () => {
      const report = await fuzz(running(), {
        ...OPTIONS, checks: 100_000, failures: 1, tries: 0, build: withBug(bug),
        log: () => undefined,
      });
      console.log(`${bug.name}: first seed ${report.found[0]?.seed ?? 'none'}, `
        + `${report.checks} checks`);
      expect(report.found).toHaveLength(1);
    }, 600_000);
  }
});
