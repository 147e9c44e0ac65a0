/**
 * `npm run sim -- --seeds A..B`: runs the seeds, every tenth twice, and prints what went wrong.
 */
import { simulate } from './simulation.ts';

const at = process.argv.indexOf('--seeds');
const [first = 1, last = 1000] = (process.argv[at + 1] ?? '1..1000').split('..').map(Number);
const started = performance.now();
let failed = 0;
for (let seed = first; seed <= last; seed++) {
  const problems = await simulate(seed, null, seed % 10 === 0);
  if (problems.length > 0) {
    failed++;
    console.log(`seed ${seed}: ${problems.join('\n  ')}`);
  }
  if (seed % 500 === 0) console.log(`up to seed ${seed}: ${failed} failed`);
}
const seconds = ((performance.now() - started) / 1000).toFixed(0);
console.log(`seeds ${first} to ${last}: ${last - first + 1 - failed} passed, ${failed} failed (${seconds} s)`);
process.exitCode = failed === 0 ? 0 : 1;
