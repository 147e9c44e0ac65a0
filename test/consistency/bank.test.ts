/**
 * Internal consistency: transfers between ten accounts through a chain of four views. Whatever is
 * read while they stream, and whatever any epoch publishes, the balances add up to zero and all
 * views are at the same prefix of the input.
 */
import { expect, it } from 'vitest';
import { must } from '../../src/common/assert.ts';
import { formatValue } from '../../src/common/types/registry.ts';
import { cell } from '../../src/runtime/batch.ts';
import type { Batch } from '../../src/runtime/batch.ts';
import { EngineCore } from '../../src/runtime/engine-core.ts';
import { openEngine } from '../../src/runtime/session/open-engine.ts';
import { TestClient } from '../support/client.ts';
import { SimDisk, SimStorage, simWorld } from '../support/sim-environment.ts';

const TRANSFERS = Number(process.env['TRANSFERS'] ?? '100000');
const PER_INSERT = 200;
const SEED = Number(process.env['BANK_SEED'] ?? Math.floor(Math.random() * 1e9));

const VIEWS = [
  'CREATE TABLE transfers (id int, from_account int, to_account int, amount int) APPEND ONLY',
  'CREATE MATERIALIZED VIEW credits AS SELECT to_account AS account, sum(amount) AS credits, '
    + 'count(*) AS n FROM transfers GROUP BY to_account',
  'CREATE MATERIALIZED VIEW debits AS SELECT from_account AS account, sum(amount) AS debits, '
    + 'count(*) AS n FROM transfers GROUP BY from_account',
  'CREATE MATERIALIZED VIEW balance AS SELECT COALESCE(c.account, d.account) AS account, '
    + 'COALESCE(c.credits, 0) - COALESCE(d.debits, 0) AS balance '
    + 'FROM credits c FULL OUTER JOIN debits d ON c.account = d.account',
  'CREATE MATERIALIZED VIEW total AS SELECT sum(balance) AS total, count(*) AS n FROM balance',
];

const READ = 'SELECT (SELECT total FROM total), (SELECT sum(balance) FROM balance), '
  + '(SELECT sum(n) FROM credits), (SELECT sum(n) FROM debits), (SELECT count(*) FROM transfers)';

/** Totals of a delta of `total` that are not zero. */
function nonZeroTotals(batch: Batch, epoch: bigint): string[] {
  const found: string[] = [];
  for (let row = 0; row < batch.length; row++) {
    const total = cell(must(batch.columns[0], 'total'), row);
    const text = total === null ? '0' : formatValue(total, { name: 'numeric' });
    if (Number(text) !== 0) found.push(`epoch ${epoch}: ${text}`);
  }
  return found;
}

function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
}

it(`adds up to zero in every read and every epoch (seed ${SEED})`, async () => {
  const random = generator(SEED);
  const world = simWorld(new SimStorage(new SimDisk()));
  let epochs = 0;
  const wrong: string[] = [];
  const watch = (core: EngineCore): void => {
    core.onEpoch(({ epoch, deltas }) => {
      epochs++;
      for (const [id, batches] of deltas) {
        if (core.catalog.state.relation(id)?.name !== 'total') continue;
        for (const batch of batches) wrong.push(...nonZeroTotals(batch, epoch));
      }
    });
  };
  const engine = await openEngine(world, { opened: watch });
  const writer = await TestClient.connect(engine);
  const reader = await TestClient.connect(engine);
  for (const statement of VIEWS) await writer.run(statement);
  let written = 0;
  let done = false;
  let reads = 0;
  const readAll = async (): Promise<void> => {
    while (!done) {
      await new Promise((resolve) => { setImmediate(resolve); });
      const [row] = await reader.rows(READ);
      const [total, balance, credits, debits, transfers] = must(row, 'row');
      reads++;
      if (transfers === '0') continue;
      if (total !== '0' || balance !== '0' || credits !== transfers || debits !== transfers) {
        wrong.push(`read ${reads}: ${String(row)}`);
      }
    }
  };
  const reading = readAll();
  for (; written < TRANSFERS; written += PER_INSERT) {
    const rows = Array.from({ length: PER_INSERT }, (_row, n) =>
      `(${written + n},${Math.floor(random() * 10)},${Math.floor(random() * 10)},`
      + `${1 + Math.floor(random() * 100)})`);
    await writer.run(`INSERT INTO transfers VALUES ${rows.join(',')}`);
  }
  done = true;
  await reading;
  const [last] = await reader.rows(READ);
  await engine.close();
  expect(wrong).toEqual([]);
  expect(last).toEqual(['0', '0', String(TRANSFERS), String(TRANSFERS), String(TRANSFERS)]);
  expect(reads).toBeGreaterThan(5);
  expect(epochs).toBeGreaterThan(TRANSFERS / PER_INSERT);
  console.log(`${TRANSFERS} transfers, ${epochs} epochs, ${reads} reads, 0 wrong`);
}, 300_000);
