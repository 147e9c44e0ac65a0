/**
 * Plan goldens: EXPLAIN of the views in *.sql beside this file, in *.plan.
 *
 * A file holds CREATE TABLE statements, then queries, separated by semicolons and a line end.
 * `vitest -u` rewrites the goldens; read the diff.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { SqlError } from '../../src/common/errors.ts';
import { TestCatalog } from '../planner/plan-harness.ts';

const HERE = new URL('.', import.meta.url);

function explained(catalog: TestCatalog, sql: string): string {
  const query = sql.replace(/^--.*\n/gm, '');
  const allowed = /^-- allowed_lateness (\d+)/m.exec(sql)?.[1] ?? '0';
  try {
    const options = { allowedLatenessMicros: BigInt(allowed) * 1_000_000n };
    const { key, columns, notices } = catalog.view(query, options);
    const names = key === null ? 'none' : `(${key.map((at) => columns[at]?.name).join(', ')})`;
    return [catalog.explain(query, options), `key of the view: ${names}`,
      ...notices.map((each) => `${each.severity}: ${each.message}`)].join('\n');
  } catch (error) {
    if (error instanceof SqlError) return `ERROR ${error.sqlState}: ${error.message}`;
    throw error;
  }
}

describe('plan goldens', () => {
  for (const file of readdirSync(HERE).filter((name) => name.endsWith('.sql'))) {
    it(`${file}`, async () => {
      const parts = readFileSync(new URL(file, HERE), 'utf8').split(/;\n/).map((part) =>
        part.trim()).filter((part) => part !== '');
      const isTable = (part: string): boolean => /^(--.*\n)*CREATE TABLE/.test(part);
      const catalog = new TestCatalog(...parts.filter(isTable));
      const plans = parts.filter((part) => !isTable(part)).map((part) =>
        `${part}\n----\n${explained(catalog, part)}\n`);
      await expect(plans.join('\n')).toMatchFileSnapshot(file.replace('.sql', '.plan'));
    });
  }
});
