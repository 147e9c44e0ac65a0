/**
 * The example of sql-examples/postgres against a real PostgreSQL server and its golden output.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { expect, it } from 'vitest';
import { parseStatements } from '../../../src/parser/parse.ts';
import { startPostgres } from '../../fuzz/postgres.ts';
import { startServer } from '../../support/server.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..', 'sql-examples', 'postgres');
const STEPS = ['1-in-postgres', '2-in-tidemill', '3-in-postgres', '4-in-tidemill'];

it('enriches orders with customers of PostgreSQL', async () => {
  const upstream = startPostgres(['wal_level=logical', 'synchronous_commit=on']);
  const admin = await upstream.connect();
  await admin.query('CREATE DATABASE shop');
  await admin.end();
  const theirs = new pg.Client({ host: upstream.folder, user: 'postgres', database: 'shop' });
  await theirs.connect();
  const server = await startServer();
  const ours = new pg.Client({ host: '127.0.0.1', port: server.port, user: 'tidemill',
    database: 'tidemill' });
  await ours.connect();
  const out: string[] = [];
  for (const step of STEPS) {
    const text = readFileSync(join(ROOT, `${step}.sql`), 'utf8');
    if (step.endsWith('postgres')) {
      await theirs.query(text);
      continue;
    }
    for (const statement of parseStatements(text.replaceAll(":'host'", `'${upstream.folder}'`))) {
      const { command, fields, rows } = await ours.query({ text: statement.text, rowMode: 'array' });
      const lines = rows.map((row: unknown[]) => row.map(String).join(' | '));
      out.push(fields.length === 0 ? command
        : [fields.map(({ name }) => name).join(' | '), ...lines, ''].join('\n'));
    }
  }
  await ours.end();
  await theirs.end();
  await server.close();
  upstream.stop();
  await expect(`${out.join('\n')}\n`).toMatchFileSnapshot(join('..', '..', 'examples', 'postgres.out'));
}, 60_000);
