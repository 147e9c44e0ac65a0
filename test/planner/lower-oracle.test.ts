/**
 * Plans of queries, run by the interpreter, give PostgreSQL's rows.
 *
 * Expected rows stand in lower-oracle.json. `ORACLE=postgres://...` asks that PostgreSQL again and
 * rewrites the file.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import pg from 'pg';
import { afterAll, describe, expect, it } from 'vitest';
import { formatValue } from '../../src/common/types/registry.ts';
import { decodeDataflow, encodeDataflow } from '../../src/planner/dataflow-json.ts';
import type { Dataflow } from '../../src/planner/dataflow.ts';
import { interpret } from '../support/interpreter.ts';
import { QUERIES, ROWS, TABLES } from './lower-queries.ts';
import { TestCatalog } from './plan-harness.ts';

const FILE = new URL('./lower-oracle.json', import.meta.url);
const oracle = process.env['ORACLE'];
const known = JSON.parse(readFileSync(FILE, 'utf8')) as Record<string, string[]>;
const catalog = new TestCatalog(...TABLES);
for (const [name, rows] of Object.entries(ROWS)) catalog.insert(name, rows);

async function ask(sql: string): Promise<string[]> {
  const client = new pg.Client({ connectionString: oracle });
  await client.connect();
  try {
    await client.query('CREATE SCHEMA lowering; SET search_path = lowering');
    for (const table of TABLES) await client.query(table);
    for (const [name, rows] of Object.entries(ROWS)) {
      for (const row of rows) {
        await client.query(`INSERT INTO ${name} VALUES (${row.map((_v, i) => `$${i + 1}`).join()})`,
          [...row]);
      }
    }
    const types = { getTypeParser: () => (text: string) => text };
    const result = await client.query({ text: sql, rowMode: 'array', types });
    return result.rows.map((row: (string | null)[]) => shown(row)).sort();
  } finally {
    await client.query('DROP SCHEMA lowering CASCADE');
    await client.end();
  }
}

function shown(values: readonly (string | null)[]): string {
  return values.map((each) => each ?? 'NULL').join(' | ');
}

function run(dataflow: Dataflow, width: number): string[] {
  const types = dataflow.nodes[dataflow.output]?.columns ?? [];
  return interpret(dataflow, (id) => catalog.rows.get(id) ?? []).map((row) =>
    shown(row.slice(0, width).map((value, at) => {
      const text = formatValue(value, types[at]?.type ?? { name: 'text' });
      return types[at]?.type.name === 'boolean' && text !== null ? text.charAt(0) : text;
    }))).sort();
}

describe('plans give what PostgreSQL gives', () => {
  for (const sql of QUERIES) {
    it(`${sql}`, async () => {
      if (oracle !== undefined) known[sql] = await ask(sql);
      const expected = known[sql];
      const plan = catalog.query(sql);
      const stored = decodeDataflow(encodeDataflow(plan.dataflow));
      expect(stored).toEqual(plan.dataflow);
      expect(run(stored, plan.columns.length)).toEqual(expected);
      const view = catalog.view(sql);
      expect(run(view.dataflow, view.columns.length)).toEqual(expected);
    });
  }
});

afterAll(() => {
  if (oracle === undefined) return;
  writeFileSync(FILE, `${JSON.stringify(known, null, 1)}\n`);
});
