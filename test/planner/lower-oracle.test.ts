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
import { parseStatements } from '../../src/parser/parse.ts';
import { DataflowBuilder } from '../../src/planner/lower-builder.ts';
import { Lowering } from '../../src/planner/lower-relation.ts';
import { bindView } from '../../src/planner/planner.ts';
import { Properties } from '../../src/planner/properties.ts';
import { REWRITES, rewriteRelation } from '../../src/planner/rewrites/registry.ts';
import { CONTEXT, interpret } from '../support/interpreter.ts';
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

/** The plan of a query without some of the rewrites. */
function planWithout(sql: string, left: (name: string) => boolean): Dataflow {
  const env = catalog.env(sql);
  const [parsed] = parseStatements(sql);
  if (parsed?.statement.kind !== 'query') throw new Error('no query');
  const bound = bindView(parsed.statement, env);
  const rewrites = REWRITES.filter((each) => each.required === true || !left(each.name));
  const relation = rewriteRelation(bound.relation, {
    catalog, mode: 'query', allowedLatenessMicros: 0n, late: [], evaluation: CONTEXT,
  }, rewrites);
  const builder = new DataflowBuilder();
  const properties = new Properties(catalog);
  const output = new Lowering(builder, properties, { kind: 'query' }).lower(relation);
  return builder.finish(output, null);
}

describe('rewrites change no answer', () => {
  const optional = REWRITES.filter((each) => each.required !== true).map((each) => each.name);
  for (const [index, sql] of QUERIES.entries()) {
    const one = optional[index % optional.length] ?? '';
    it(`without any, without ${one}: ${sql}`, () => {
      const width = catalog.query(sql).columns.length;
      expect(run(planWithout(sql, () => true), width)).toEqual(known[sql]);
      expect(run(planWithout(sql, (name) => name === one), width)).toEqual(known[sql]);
    });
  }
});

afterAll(() => {
  if (oracle === undefined) return;
  writeFileSync(FILE, `${JSON.stringify(known, null, 1)}\n`);
});
