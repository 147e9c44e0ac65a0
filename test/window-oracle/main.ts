/**
 * `npm run windows -- --cases N --seed S`: runs N cases from seed S on and prints what differs. A
 * case is one window (an updating and a final view of it) over one stream; a seed is several.
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
let noted = 0;
let seed = first;
for (; done < cases && failed < most; seed++) {
  const each = makeCase(seed);
  let problems: string[];
  try {
    problems = await runCase(each);
  } catch (error) {
    problems = [error instanceof Error ? error.stack ?? error.message : String(error)];
  }
  done += each.specs.length * each.streams;
  if (problems.length > 0) {
    failed++;
    console.log(`seed ${seed} differs:\n  ${problems.slice(0, 6).join('\n  ')}`);
  }
  if (done - noted < 10_000) continue;
  noted = done;
  console.log(`${done} cases, ${failed} seeds differ`);
}
const seconds = ((performance.now() - started) / 1000).toFixed(1);
console.log(`${done} cases, seeds ${first} to ${seed - 1}: ${failed} seeds differ (${seconds} s)`);
process.exitCode = failed === 0 ? 0 : 1;
