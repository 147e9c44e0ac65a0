/**
 * Runs in a process of its own, under the shim: an engine on a directory, numbered transactions,
 * and a mark in the file `marks` behind each acknowledgment.
 *
 * Arguments: directory, transactions, first number, `FULL` or `NORMAL` (a planted bug).
 */
import { appendFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const [directory, transactions, first, synchronous] = process.argv.slice(2);
if (synchronous === 'NORMAL') {
  const Sqlite = createRequire(import.meta.url)('better-sqlite3');
  const { pragma } = Sqlite.prototype;
  Sqlite.prototype.pragma = function weaker(text, ...rest) {
    return pragma.call(this, text.replace('= FULL', '= NORMAL'), ...rest);
  };
}
const { realEnvironment } = await import('../../dist/runtime/real/open-environment.js');
const { openEngine } = await import('../../dist/runtime/session/open-engine.js');

const engine = await openEngine(realEnvironment(directory, () => undefined), {
  checkpointIntervalMicros: 15_000n,
});
const session = await engine.connect({
  user: 'tidemill', database: 'tidemill', settings: [], pid: 1, clientAddress: '',
});

async function run(sql) {
  for await (const event of session.query(sql)) {
    if (event.kind === 'error') return event.error;
  }
  return null;
}

function mark(text) {
  appendFileSync(join(directory, 'marks'), `${text}\n`);
}

if (first === '0') {
  const error = await run('CREATE TABLE t (n int PRIMARY KEY, k text, x int);'
    + 'CREATE MATERIALIZED VIEW v AS SELECT k, count(*) AS n, sum(x) AS s FROM t GROUP BY k');
  if (error !== null) process.exit(3);
  mark('ready');
}
for (let at = 0; at < Number(transactions); at++) {
  const n = Number(first) + at;
  // A transaction is two rows: half of one is a torn transaction.
  const error = await run(`INSERT INTO t VALUES (${n * 2}, 'k${n % 5}', ${n}), `
    + `(${n * 2 + 1}, 'k${n % 5}', -${n})`);
  if (error === null) mark(String(n));
  else if (error.sqlState !== '53100') process.exit(4);
  await new Promise((resolve) => { setTimeout(resolve, 3); });
}
mark('end');
if (process.argv[6] !== 'stay') await engine.close();
process.exit(0);
