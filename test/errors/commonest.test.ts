/**
 * The commonest mistakes, side by side with PostgreSQL 15: SQLSTATE, message, detail, hint and place
 * of each error as PostgreSQL gave them (commonest.tsv) and as this engine gives them.
 *
 * docs/sql/errors.md is made from both; `vitest test/errors -u` writes it anew.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openEngine } from '../../src/runtime/session/open-engine.ts';
import { StatementError, TestClient } from '../support/client.ts';
import { SimDisk, SimStorage, simWorld } from '../support/sim-environment.ts';

const SETUP = `CREATE TABLE orders (
    id int PRIMARY KEY, customer text NOT NULL, amount numeric CHECK (amount > 0), placed date);
  CREATE TABLE items (order_id int REFERENCES orders, name text, price int);
  INSERT INTO orders VALUES (1, 'ann', 10, '2024-01-01')`;

interface Mistake {
  readonly what: string;
  readonly sql: string;
  readonly expected: readonly string[];
}

const MISTAKES = readFileSync(join(import.meta.dirname, 'commonest.tsv'), 'utf8').replace(/\n$/, '')
  .split('\n').map((line): Mistake => {
    const [what = '', sql = '', ...expected] = line.split('\t');
    return { what, sql, expected };
  });

/** Hints PostgreSQL does not have, in place of none. */
const OWN_HINTS = /^(Perhaps you meant|Expected|Did you mean)/;

/** SQLSTATE, message, detail, hint, position. */
async function errorOf(client: TestClient, sql: string): Promise<readonly string[]> {
  try {
    await client.run(sql);
  } catch (error) {
    if (!(error instanceof StatementError)) throw error;
    const { sqlState, message, fields } = error.error;
    const { detail = '', hint = '', position = '' } = fields;
    return [sqlState, message, detail.replaceAll('\n', '\\n'), hint, String(position)];
  }
  return ['no error'];
}

function shown([state = '', message = '', detail = '', hint = '']: readonly string[]): string {
  return [`ERROR:  ${state}: ${message}`, ...(detail === '' ? [] : [`DETAIL:  ${detail}`]),
    ...(hint === '' ? [] : [`HINT:  ${hint}`])].join('\n');
}

test('errors are those of PostgreSQL', async () => {
  const engine = await openEngine(simWorld(new SimStorage(new SimDisk())));
  const client = await TestClient.connect(engine);
  await client.run(SETUP);
  const page = ['# Errors, beside PostgreSQL\'s', '',
    'What the commonest mistakes are answered with. Where only one answer stands, PostgreSQL 15 '
    + 'gives the same: SQLSTATE, message,', 'detail, hint and place. A hint of our own stands '
    + 'below it. The tables are `orders` and `items`, with a foreign key.', ''];
  for (const { what, sql, expected } of MISTAKES) {
    const own = await errorOf(client, sql);
    const hint = own[3] ?? '';
    const extra = expected[3] === '' && OWN_HINTS.test(hint);
    expect([sql, ...(extra ? own.with(3, '') : own)]).toEqual([sql, ...expected]);
    page.push(`## ${what}`, '', '```', `${sql};`, shown(expected),
      ...(extra ? [`-- and here: HINT:  ${hint}`] : []), '```', '');
  }
  await engine.close();
  await expect(page.join('\n')).toMatchFileSnapshot('../../docs/sql/errors.md');
});
