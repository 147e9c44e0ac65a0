/**
 * psql's backslash commands against our server: the queries are psql's, the answers the catalog's.
 *
 * Skipped where psql is not installed.
 */
import { execFile, execFileSync } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';

const run = promisify(execFile);

function hasPsql(): boolean {
  try {
    execFileSync('psql', ['--version']);
    return true;
  } catch {
    return false;
  }
}

describe.skipIf(!hasPsql())('psql', () => {
  let server: TestServer;

  async function psql(...commands: string[]): Promise<string> {
    return await psqlWith(['-t'], commands);
  }

  async function psqlWith(options: string[], commands: string[]): Promise<string> {
    const { stdout, stderr } = await run('psql', ['-X', '-A', ...options, '-F', '|', '-h', '127.0.0.1',
      '-p', String(server.port), '-U', 'tidemill', ...commands.flatMap((each) => ['-c', each]),
      'tidemill']);
    return `${stdout}${stderr}`.trim();
  }

  beforeAll(async () => {
    server = await startServer();
    await psql('CREATE TABLE orders (id int8 PRIMARY KEY, amount numeric(12,2) NOT NULL, '
      + "at timestamptz DEFAULT '2024-01-01', CHECK (amount > 0))",
    'CREATE MATERIALIZED VIEW totals AS SELECT count(*) AS n FROM orders',
    'CREATE VIEW big AS SELECT * FROM orders WHERE amount > 100',
    'CREATE INDEX by_amount ON orders (amount)', 'CREATE SCHEMA shop',
    "COMMENT ON TABLE orders IS 'what was bought'");
  });

  afterAll(() => server.close());

  it.each([
    ['\\dt', 'public|orders|table|tidemill'],
    ['\\dv', 'public|big|view|tidemill'],
    ['\\dm', 'public|totals|materialized view|tidemill'],
    ['\\d', 'public|big|view|tidemill\npublic|orders|table|tidemill\n'
      + 'public|totals|materialized view|tidemill'],
    ['\\di', 'public|by_amount|index|tidemill|orders\npublic|orders_pkey|index|tidemill|orders'],
    ['\\dn', 'dead_letter|tidemill\nlate|tidemill\npublic|tidemill\nshop|tidemill\n'
      + 'tidemill|tidemill'],
    ['\\l', 'tidemill|tidemill|UTF8|C|C.UTF-8||libc|'],
    ['\\du', 'tidemill|Superuser, Create role, Create DB, Replication, Bypass RLS|{}'],
    ['\\df initcap', 'pg_catalog|initcap|text|text|func'],
    ['\\dT uuid', 'pg_catalog|uuid|'],
    ['\\dS pg_am', 'oid|oid||not null|\namname|name||not null|\n'
      + 'amhandler|regproc||not null|\namtype|"char"||not null|'],
    ['\\d totals', 'n|bigint|||'],
    ['\\dd orders', ''],
  ])('%s', async (command, expected) => {
    expect(await psql(command)).toBe(expected);
  });

  it('describes a table', async () => {
    expect(await psqlWith([], ['\\d orders'])).toBe([
      'Table "public.orders"', 'Column|Type|Collation|Nullable|Default',
      'id|bigint||not null|', 'amount|numeric(12,2)||not null|',
      "at|timestamp with time zone|||'2024-01-01 00:00:00+00'::timestamp with time zone",
      'Indexes:', '    "orders_pkey" PRIMARY KEY, btree (id)', '    "by_amount" btree (amount)',
      'Check constraints:', '    "orders_amount_check" CHECK (amount > 0::numeric)',
    ].join('\n'));
  });

  it('sleeps', async () => {
    expect(await psql('SELECT pg_sleep(0.01)')).toBe('');
  });

  it('shows the definition of a view', async () => {
    expect(await psqlWith([], ['\\d+ big'])).toContain('SELECT * FROM orders WHERE amount > 100;');
  });
});
