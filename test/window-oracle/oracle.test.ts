/**
 * Windows against the batch model. TIDEMILL_WINDOW_SEEDS sets how many seeds are run (30, of 40
 * cases or so); `npm run windows -- --cases N --seed S` runs more.
 */
import { describe, expect, it } from 'vitest';
import { makeCase } from './cases.ts';
import { runCase } from './run.ts';

const SEEDS = Number(process.env['TIDEMILL_WINDOW_SEEDS'] ?? 30);

describe('window oracle', () => {
  it(`agrees with the model in ${SEEDS} seeds`, async () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      expect(await runCase(makeCase(seed)), `seed ${seed}`).toEqual([]);
    }
  }, 600_000);
});
