/**
 * Internal consistency: money moves between accounts, and the sum of all balances is 0 in every
 * epoch and in every read, through a chain of four views with a full outer join.
 */
import { expect, it } from 'vitest';
import { cell } from '../../src/runtime/batch.ts';
import { EngineCore } from '../../src/runtime/engine-core.ts';
import { Session } from '../../src/runtime/session/session.ts';
import { SessionRegistry } from '../../src/runtime/session/session-registry.ts';
import { TableLocks } from '../../src/runtime/session/table-locks.ts';
import { MemoryStorage } from '../../src/runtime/storage/memory-storage.ts';
import { simWorld } from '../support/sim-environment.ts';

const TRANSFERS = 100_000;

const CHAIN = `
CREATE TABLE moves (id int, from_account int, to_account int, amount int);
CREATE MATERIALIZED VIEW credit AS
  SELECT to_account AS account, sum(amount) AS credits FROM moves GROUP BY to_account;
CREATE MATERIALIZED VIEW debit AS
  SELECT from_account AS account, sum(amount) AS debits FROM moves GROUP BY from_account;
CREATE MATERIALIZED VIEW balance AS
  SELECT coalesce(c.account, d.account) AS account,
    coalesce(c.credits, 0) - coalesce(d.debits, 0) AS balance
  FROM credit c FULL OUTER JOIN debit d ON c.account = d.account;
CREATE MATERIALIZED VIEW total AS SELECT sum(balance) AS total FROM balance;
`;

it('sums up to nothing in every epoch and every read', async () => {
  const world = simWorld(new MemoryStorage());
  world.clock.running = true;
  const core = await EngineCore.open({}, world);
  const connect = (): Session => new Session(core, {
    user: 'u', database: 'tidemill', settings: [], pid: 1, clientAddress: '',
  }, { locks: new TableLocks(), sessions: new SessionRegistry(0n) });
  const session = connect();
  const run = async (of: Session, sql: string): Promise<string[]> => {
    const found: string[] = [];
    for await (const event of of.query(sql)) {
      if (event.kind === 'error') throw new Error(event.error.message);
      if (event.kind !== 'rows') continue;
      for (let row = 0; row < event.batch.length; row++) {
        found.push(event.batch.columns.map((column) => {
          const value = cell(column, row);
          if (typeof value !== 'object') return String(value);
          return value !== null && 'coef' in value ? String(value.coef) : 'null';
        }).join(' '));
      }
    }
    return found;
  };
  await run(session, CHAIN);
  const total = core.catalog.state.relationByName(5, 2200, 'total')?.id ?? 0;
  let epochs = 0;
  let wrong = 0;
  core.onEpoch(({ deltas }) => {
    epochs++;
    for (const batch of deltas.get(total) ?? []) {
      for (let row = 0; row < batch.length; row++) {
        const value = cell(batch.columns[0] ?? must(), row);
        const zero = value === null || value === 0n
          || (typeof value === 'object' && 'coef' in value && value.coef === 0n);
        if (!zero) wrong++;
      }
    }
  });
  let writing = true;
  const write = async (): Promise<void> => {
    const writer = connect();
    for (let from = 0; from < TRANSFERS; from += 500) {
      await run(writer, 'INSERT INTO moves SELECT i, i * 7919 % 10, (i * 1047 + i / 7) % 10, '
        + `i % 1000 + 1 FROM generate_series(${from}, ${from + 499}) i`);
    }
    writing = false;
  };
  let reads = 0;
  const read = async (): Promise<void> => {
    const reader = connect();
    while (writing) {
      const [sum] = await run(reader, 'SELECT sum(balance) FROM balance');
      const [both] = await run(reader, 'SELECT (SELECT sum(credits) FROM credit) '
        + '- (SELECT sum(debits) FROM debit)');
      for (const value of [sum, both]) {
        reads++;
        if (value !== '0' && value !== 'null') wrong++;
      }
    }
  };
  await Promise.all([write(), read(), read()]);
  expect(wrong).toBe(0);
  expect(epochs).toBeGreaterThanOrEqual(TRANSFERS / 500);
  expect(reads).toBeGreaterThan(100);
  expect(await run(session, 'SELECT count(*), sum(amount) FROM moves')).toEqual(
    [`${TRANSFERS} ${(TRANSFERS / 1000) * 500_500}`]);
  await core.close();
});

function must(): never {
  throw new Error('no column');
}
