/**
 * HOP put together from slices gives what HOP over rows gives.
 */
import { describe, expect, it } from 'vitest';
import { formatValue } from '../../src/common/types/registry.ts';
import type { Dataflow } from '../../src/planner/dataflow.ts';
import { interpret } from '../support/interpreter.ts';
import { TestCatalog } from './plan-harness.ts';

const TABLE = 'CREATE TABLE bid (k int, v int, b bigint, n numeric, ts timestamp)';

function run(catalog: TestCatalog, dataflow: Dataflow): string[] {
  const types = dataflow.nodes[dataflow.output]?.columns ?? [];
  return interpret(dataflow, (id) => catalog.rows.get(id) ?? []).map((row) => row.map((value, at) =>
    formatValue(value, types[at]?.type ?? { name: 'text' }) ?? 'NULL').join(' | ')).sort();
}

describe('slices', () => {
  const catalog = new TestCatalog(TABLE);
  const rows: (string | null)[][] = [];
  for (let i = 0; i < 200; i++) {
    const seconds = (i * 7919) % 300;
    rows.push([String(i % 3), i % 7 === 0 ? null : String(i), String(i * 1000), `${i}.25`,
      `2024-01-01 10:0${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`]);
  }
  rows.push(['1', '1', '1', '1', null]);
  catalog.insert('bid', rows);
  const select = 'k, count(*), count(v), count(*) FILTER (WHERE v > 50), sum(v), sum(b), sum(n), '
    + 'avg(v), avg(b), avg(n), avg(v) FILTER (WHERE v > 150), min(v), max(n)';
  for (const window of ["INTERVAL '2 seconds', INTERVAL '10 seconds'",
    "INTERVAL '15 seconds', INTERVAL '70 seconds'",
    "INTERVAL '10 seconds', INTERVAL '1 minute', INTERVAL '3 seconds'"]) {
    it(`equal the whole: ${window}`, () => {
      const sql = `SELECT window_start, window_end, ${select} FROM HOP(bid, ts, ${window}) `
        + 'GROUP BY window_start, window_end, k';
      const view = catalog.view(sql).dataflow;
      const windows = view.nodes.filter((node) => node.kind === 'window');
      expect(windows).toHaveLength(2);
      expect(run(catalog, view)).toEqual(run(catalog, catalog.query(sql).dataflow));
    });
  }
});
