/**
 * Kills of the built server: ten in CI, three otherwise, `KILLS=100 KILL_SEED=7 npx vitest run
 * test/kill` for more.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { torture } from './kill.ts';

const MAIN = join(import.meta.dirname, '../../dist/server/main.js');
const KILLS = Number(process.env['KILLS'] ?? (process.env['CI'] === undefined ? '3' : '10'));
const SEED = Number(process.env['KILL_SEED'] ?? Math.floor(Math.random() * 1e9));

it(`loses and doubles nothing in ${KILLS} kills`, async () => {
  expect(existsSync(MAIN), 'run "npm run build" first').toBe(true);
  const report = await torture({
    kills: KILLS, seed: SEED, main: MAIN, log: (line) => console.log(line),
  });
  const slowest = Math.max(...report.recoveryMs).toFixed(0);
  console.log(`${report.kills} kills, ${report.acknowledged} acknowledged rows, ${report.unknown} of `
    + `unknown fate, slowest start ${slowest} ms, ${report.mistakes.length} mistakes`);
  expect(report.mistakes).toEqual([]);
}, 60_000 + KILLS * 10_000);
