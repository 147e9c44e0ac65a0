/**
 * A flipped bit is refused or harmless, never a wrong answer. FLIPS and FLIP_SEED change the run.
 */
import { expect, it } from 'vitest';
import { flipBits, forgedFlips } from './bit-flips.ts';

const FLIPS = Number(process.env['FLIPS'] ?? '300');
const SEED = Number(process.env['FLIP_SEED'] ?? '20261121');

it(`${FLIPS} flipped bits, seed ${SEED}: refused or right`, async () => {
  const counts = await flipBits(FLIPS, SEED);
  console.log(`${counts.refused} refused, ${counts.right} harmless, ${counts.silent.length} silent`);
  expect(counts.silent).toEqual([]);
  expect(counts.refused).toBeGreaterThan(FLIPS / 10);
}, 3_600_000);

it('sees wrong answers when the checksums are forged', async () => {
  expect(await forgedFlips(40, SEED)).toBeGreaterThan(0);
}, 600_000);
