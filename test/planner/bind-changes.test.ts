/**
 * Binding of INSERT, UPDATE and DELETE: whole rows in the table's order, and PostgreSQL's errors.
 */
import { describe, expect, it } from 'vitest';
import { must } from '../../src/common/assert.ts';
import { SqlError } from '../../src/common/errors.ts';
import { formatType, formatValue } from '../../src/common/types/registry.ts';
import { parseStatements } from '../../src/parser/parse.ts';
import type { CatalogColumn, CatalogRelation } from '../../src/planner/catalog.ts';
import { evaluateOver } from '../../src/planner/fold.ts';
import { describeParams, planDelete, planInsert, planUpdate } from '../../src/planner/planner.ts';
import type { DeletePlan, InsertPlan, UpdatePlan } from '../../src/planner/plans.ts';
import { memoryCatalog } from './memory-catalog.ts';

function column(name: string, fields: Partial<CatalogColumn>): CatalogColumn {
  return {
    name, type: { name: 'int4' }, notNull: false, defaultExpr: null, generated: null,
    identity: null, ...fields,
  };
}

const int4 = { name: 'int4' } as const;
const computed: CatalogRelation = {
  id: 20000, schema: 'public', name: 'computed', kind: 'table', primaryKey: [0], uniqueKeys: [],
  checks: [], appendOnly: false, watermark: null, columnWatermarks: [], definition: null,
  stored: true,
  columns: [
    column('id', { notNull: true, identity: 'always' }),
    column('v', { defaultExpr: { kind: 'literal', value: 7, type: int4 } }),
    column('twice', {
      generated: {
        kind: 'call', function: '*(int4,int4)', type: int4,
        args: [{ kind: 'column', index: 1, type: int4 }, { kind: 'literal', value: 2, type: int4 }],
      },
    }),
  ],
};

const catalog = memoryCatalog([
  { name: 'kv', columns: 'k int4 !, v text, n numeric', primaryKey: ['k'] },
  { name: 'other', columns: 'k int4, w text' },
], [computed]);

function plan(text: string): InsertPlan | UpdatePlan | DeletePlan {
  const statement = must(parseStatements(text)[0], 'statement').statement;
  const env = { catalog, text };
  switch (statement.kind) {
    case 'insert': return planInsert(statement, env, []);
    case 'update': return planUpdate(statement, env, []);
    case 'delete': return planDelete(statement, env, []);
    default: throw new Error('no data change');
  }
}

function failure(text: string): readonly [string, string] {
  try {
    plan(text);
  } catch (error) {
    if (error instanceof SqlError) return [error.sqlState, error.message];
    throw error;
  }
  throw new Error('no error');
}

const CONTEXT = {
  timeZone: 'UTC', dateStyle: 'ISO, MDY', intervalStyle: 'postgres', extraFloatDigits: 1, now: 0n,
};

/** The rows of a plan whose source is constant. */
function rows(text: string): string[] {
  const { source } = plan(text);
  let relation = source.relation;
  const layers: (typeof relation & { kind: 'project' })[] = [];
  while (relation.kind === 'project') {
    layers.unshift(relation);
    relation = relation.input;
  }
  if (relation.kind !== 'values') throw new Error(`source is ${relation.kind}`);
  return relation.rows.map((row) => {
    let values = row.map((expr) => evaluateOver(expr, [], CONTEXT));
    for (const layer of layers) {
      const before = values;
      values = layer.exprs.map((expr) => evaluateOver(expr, before, CONTEXT));
    }
    return source.columns.map((each, at) => formatValue(values[at] ?? null, each.type) ?? 'NULL')
      .join(' ');
  });
}

describe('INSERT', () => {
  it.each([
    ["INSERT INTO kv VALUES (1, 'a', 1.5), (2, NULL, 2)", ['1 a 1.5', '2 NULL 2']],
    ["INSERT INTO kv (v, k) VALUES ('a', '7')", ['7 a NULL']],
    ['INSERT INTO kv (k) VALUES (1.6)', ['2 NULL NULL']],
    ['INSERT INTO computed (v) VALUES (5), (DEFAULT)', ['NULL 5 10', 'NULL 7 14']],
    ['INSERT INTO computed DEFAULT VALUES', ['NULL 7 14']],
    ['INSERT INTO computed OVERRIDING SYSTEM VALUE VALUES (3, 4)', ['3 4 8']],
    ["INSERT INTO kv SELECT 1, 'x'", ['1 x NULL']],
  ])('%s', (text, expected) => {
    expect(rows(text)).toEqual(expected);
  });

  it('says which identity columns their sequence fills', () => {
    const inserted = plan('INSERT INTO computed DEFAULT VALUES');
    expect(inserted.kind === 'insert' && inserted.sequenced).toEqual([0]);
  });

  it('binds ON CONFLICT over the existing and the excluded row', () => {
    const inserted = plan("INSERT INTO kv VALUES (1, 'a', 1) ON CONFLICT (k) DO UPDATE "
      + 'SET v = kv.v || excluded.v WHERE kv.n < excluded.n RETURNING k AS key');
    if (inserted.kind !== 'insert' || inserted.onConflict?.kind !== 'update') {
      throw new Error('no update');
    }
    const row = [1, 'a', null, 1, 'b', null];
    expect(inserted.onConflict.key).toEqual([0]);
    expect(inserted.onConflict.set.map((expr) => evaluateOver(expr, row, CONTEXT)))
      .toEqual([1, 'ab', null]);
    expect(inserted.returning?.columns.map((each) => `${each.name} ${formatType(each.type)}`))
      .toEqual(['key integer']);
  });

  it.each([
    ['INSERT INTO kv VALUES (1, 2, 3, 4)', '42601',
      'INSERT has more expressions than target columns'],
    ['INSERT INTO kv (k, v) VALUES (1)', '42601', 'INSERT has more target columns than expressions'],
    ['INSERT INTO kv (nosuch) VALUES (1)', '42703',
      'column "nosuch" of relation "kv" does not exist'],
    ['INSERT INTO kv (k, k) VALUES (1, 2)', '42701', 'column "k" specified more than once'],
    ['INSERT INTO kv (k) VALUES (true)', '42804',
      'column "k" is of type integer but expression is of type boolean'],
    ["INSERT INTO kv (k) VALUES ('x')", '22P02', 'invalid input syntax for type integer: "x"'],
    ['INSERT INTO computed VALUES (1)', '428C9',
      'cannot insert a non-DEFAULT value into column "id"'],
    ['INSERT INTO computed (twice) VALUES (1)', '428C9',
      'cannot insert a non-DEFAULT value into column "twice"'],
    ["INSERT INTO kv VALUES (1) ON CONFLICT (v) DO NOTHING", '42P10',
      'there is no unique or exclusion constraint matching the ON CONFLICT specification'],
    ["INSERT INTO kv VALUES (1) ON CONFLICT DO UPDATE SET v = 'a'", '42601',
      'ON CONFLICT DO UPDATE requires inference specification or constraint name'],
    ['INSERT INTO nosuch VALUES (1)', '42P01', 'relation "nosuch" does not exist'],
  ])('%s', (text, code, message) => {
    expect(failure(text)).toEqual([code, message]);
  });

  it('gives parameters the types of their columns', () => {
    const text = 'INSERT INTO kv VALUES ($1, $2, $3) RETURNING *';
    const statement = must(parseStatements(text)[0], 'statement').statement;
    if (statement.kind !== 'insert') throw new Error('no insert');
    const described = describeParams(statement, { catalog, text });
    expect(described.parameters.map(formatType)).toEqual(['integer', 'text', 'numeric']);
    expect(described.columns?.map((each) => each.name)).toEqual(['k', 'v', 'n']);
  });
});

describe('UPDATE and DELETE', () => {
  it('gives the old row and the new one', () => {
    const updated = plan("UPDATE computed SET v = v + 1 WHERE id = 3 RETURNING v");
    expect(updated.source.columns.map((each) => each.name))
      .toEqual(['id', 'v', 'twice', 'id', 'v', 'twice']);
    expect(updated.returning?.exprs).toEqual([{ kind: 'column', index: 4, type: int4 }]);
  });

  it('joins with FROM and USING', () => {
    expect(plan('UPDATE kv SET v = o.w FROM other o WHERE o.k = kv.k').source.reads).toHaveLength(2);
    expect(plan('DELETE FROM kv USING other o WHERE o.k = kv.k').source.reads).toHaveLength(2);
  });

  it.each([
    ['UPDATE kv SET nosuch = 1', '42703', 'column "nosuch" of relation "kv" does not exist'],
    ['UPDATE kv SET v = 1, v = 2', '42601', 'multiple assignments to same column "v"'],
    ['UPDATE computed SET twice = 1', '428C9', 'column "twice" can only be updated to DEFAULT'],
    ['UPDATE kv SET (k, v) = (1, 2, 3)', '42601',
      'number of columns does not match number of values'],
    ['DELETE FROM kv WHERE nosuch = 1', '42703', 'column "nosuch" does not exist'],
    ['DELETE FROM kv WHERE count(*) > 1', '42803', 'aggregate functions are not allowed in WHERE'],
  ])('%s', (text, code, message) => {
    expect(failure(text)).toEqual([code, message]);
  });
});
