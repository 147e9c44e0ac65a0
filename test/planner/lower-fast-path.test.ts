/**
 * Which queries are answered without a dataflow.
 */
import { describe, expect, it } from 'vitest';
import { exprText } from '../../src/planner/explain-expr.ts';
import { TestCatalog } from './plan-harness.ts';

const catalog = new TestCatalog(
  'CREATE TABLE t (id bigint PRIMARY KEY, name varchar, v int)',
  'CREATE TABLE two (a int, b text, c int, PRIMARY KEY (a, b))',
);

function path(sql: string): string {
  const found = catalog.query(sql).fastPath;
  if (found === null) return 'dataflow';
  const filter = found.filter === null ? '' : ' filtered';
  return found.kind === 'scan' ? `scan${filter}`
    : `lookup ${found.values.map((each) => exprText(each, String)).join()}${filter}`;
}

describe('fast path', () => {
  it.each([
    ['SELECT * FROM t WHERE id = 5', 'lookup 5'],
    ['SELECT v + 1 FROM t WHERE 5 = id AND v > 2', 'lookup 5 filtered'],
    ["SELECT * FROM two WHERE a = 1 AND b = 'x'", "lookup 1,'x'"],
    ['SELECT * FROM two WHERE a = 1', 'scan filtered'],
    ['SELECT * FROM t', 'scan'],
    ['SELECT name FROM (SELECT * FROM t) q WHERE q.id = 2 + 3 ORDER BY 1 LIMIT 1', 'lookup 5'],
    ['SELECT count(*) FROM t WHERE id = 5', 'dataflow'],
    ['SELECT * FROM t x, t y WHERE x.id = y.id', 'dataflow'],
    ['SELECT * FROM t WHERE id = 5.5', 'scan filtered'],
  ])('%s', (sql, expected) => {
    expect(path(sql)).toBe(expected);
  });
});
