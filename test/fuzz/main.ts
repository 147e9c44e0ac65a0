/**
 * `npm run fuzz -- --seconds 60 --seed 1 [--checks n] [--failures n]`: the differential fuzzer
 * against a PostgreSQL server it starts itself. Ends with 1 when there was a difference.
 */
import { parseArgs } from 'node:util';
import { fuzz } from './fuzz.ts';
import type { FuzzReport } from './fuzz.ts';
import { startPostgres } from './postgres.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' }, seed: { type: 'string' },
    checks: { type: 'string', default: 'Infinity' }, failures: { type: 'string', default: '10' },
    views: { type: 'string', default: '10' }, epochs: { type: 'string', default: '8' },
    tries: { type: 'string', default: '400' },
  },
});

function table(title: string, counts: ReadonlyMap<string, number>): void {
  console.log(`\n${title}`);
  for (const [name, count] of [...counts].toSorted(([a], [b]) => a < b ? -1 : 1)) {
    console.log(`${String(count).padStart(9)}  ${name}`);
  }
}

function show(report: FuzzReport): void {
  table('Productions', report.productions);
  table('Operators', report.operators);
  table('Also', report.counts);
  const rate = (report.checks / report.seconds).toFixed(0);
  console.log(`\n${report.checks} checks in ${report.cases} cases, ${report.seconds.toFixed(0)} s `
    + `(${rate} checks/s), ${report.found.length} differences`);
}

const seed = Number(values.seed ?? Math.floor(Math.random() * 1e6));
console.log(`seed ${seed}`);
const server = startPostgres();
process.once('SIGINT', () => { server.stop(); process.exit(130); });
try {
  const report = await fuzz(server, {
    seed, seconds: Number(values.seconds), checks: Number(values.checks),
    failures: Number(values.failures), tries: Number(values.tries),
    views: Number(values.views), epochs: Number(values.epochs), log: console.log,
  });
  show(report);
  process.exitCode = report.found.length > 0 ? 1 : 0;
} finally {
  server.stop();
}
