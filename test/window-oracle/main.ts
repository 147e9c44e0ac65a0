/**
 * `npm run windows -- --cases N --seed S`: runs N cases from seed S on and prints what differs.
 */
import { makeCase } from './cases.ts';
import { runCase } from './run.ts';

function option(name: string, otherwise: number): number {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
}

const cases = option('cases', 5000);
const first = option('seed', 1);
const most = option('max-failures', 10);
const started = performance.now();
let failed = 0;
let done = 0;
for (let seed = first; seed < first + cases && failed < most; seed++) {
  let problems: string[];
  try {
    problems = await runCase(makeCase(seed));
  } catch (error) {
    problems = [error instanceof Error ? error.stack ?? error.message : String(error)];
  }
  done++;
  if (problems.length > 0) {
    failed++;
    console.log(`seed ${seed} differs:\n  ${problems.slice(0, 6).join('\n  ')}`);
  }
  if (done % 10_000 === 0) console.log(`${done} cases, ${failed} differ`);
}
const seconds = ((performance.now() - started) / 1000).toFixed(1);
console.log(`${done} cases from seed ${first}: ${done - failed} passed, ${failed} failed `
  + `(${seconds} s)`);
process.exitCode = failed === 0 ? 0 : 1;
