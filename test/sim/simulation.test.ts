/**
 * The simulation over seeds, and over planted bugs. SIM_SEEDS says how many, SIM_FIRST the first.
 */
import { describe, expect, it } from 'vitest';
import { PLANTED } from './planted.ts';
import { simulate } from './simulation.ts';

const IN_CI = process.env['CI'] !== undefined;
const SEEDS = Number(process.env['SIM_SEEDS'] ?? (IN_CI ? '500' : '20'));
const FIRST = Number(process.env['SIM_FIRST'] ?? '1');
/** Seeds a planted bug may need. */
const PLANTED_SEEDS = Number(process.env['SIM_PLANTED_SEEDS'] ?? '200');
/** Every tenth seed runs twice. */
const TWICE = 10;

it(`seeds ${FIRST} to ${FIRST + SEEDS - 1}`, async () => {
  for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
    expect(await simulate(seed, null, seed % TWICE === 0), `seed ${seed}`).toEqual([]);
  }
}, 36_000_000);

describe('planted bugs', () => {
  it.each(PLANTED)('$name', async (bug) => {
    for (let seed = 1; seed <= PLANTED_SEEDS; seed++) {
      if ((await simulate(seed, bug, false)).length > 0) {
        console.log(`found with seed ${seed}: ${bug.name}`);
        return;
      }
    }
    expect.unreachable('no seed found it');
  }, 3_600_000);
});
