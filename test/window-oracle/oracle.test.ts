/**
 * Windows against the batch model. TIDEMILL_WINDOW_CASES sets how many cases are run (150);
 * `npm run windows -- --cases N --seed S` runs more.
 */
import { describe, expect, it } from 'vitest';
import { makeCase } from './cases.ts';
import { runCase } from './run.ts';

const CASES = Number(process.env['TIDEMILL_WINDOW_CASES'] ?? 150);

describe('window oracle', () => {
  it(`agrees with the model in ${CASES} cases`, async () => {
    for (let seed = 1; seed <= CASES; seed++) {
      expect(await runCase(makeCase(seed)), `seed ${seed}`).toEqual([]);
    }
  }, 600_000);
});
