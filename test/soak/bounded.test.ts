/**
 * The law that bounded state is bounded, over 31 hours of a thin stream: see bench/bounded.ts.
 */
import { expect, it } from 'vitest';
import { isAsPredicted, simulate, slopeOf } from '../../bench/bounded.ts';

it('keeps what EXPLAIN predicts, and no more as time goes on', async () => {
  const run = await simulate({
    eventsPerSecond: 0.05, hours: 6, slide: '10 minutes', zones: 3, phones: 20,
  },
    () => undefined);
  expect(run.events).toBeGreaterThan(5_000);
  expect(run.late).toBe(0);
  expect(slopeOf(run, 'rows')).toBeLessThan(0.01);
  expect(slopeOf(run, 'bytes')).toBeLessThan(0.01);
  expect(run.operators.filter((operator) => !isAsPredicted(operator))).toEqual([]);
  expect(run.operators.filter(({ predicted }) => predicted !== null).length).toBe(5);
}, 240_000);
