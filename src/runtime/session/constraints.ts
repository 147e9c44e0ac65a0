/**
 * Checks of new rows against a table's definition: NOT NULL, CHECK, unique keys.
 *
 * NOT NULL and CHECK run over columns of a whole batch; only a violation looks at a row. The texts
 * are PostgreSQL's.
 */
import { sqlError } from '../../common/errors.ts';
import type { SqlError } from '../../common/errors.ts';
import { must } from '../../common/assert.ts';
import { formatValue } from '../../common/types/registry.ts';
import { DEFAULT_SETTINGS } from '../../common/types/settings.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { Value } from '../../common/values.ts';
import type { CatalogRelation } from '../../planner/catalog.ts';
import { columnsUsed } from '../../planner/expr-tools.ts';
import type { ScalarExpr } from '../../planner/relation.ts';
import type { Batch } from '../batch.ts';
import { checkDomainColumns } from '../domain-columns.ts';
import { cell } from '../batch.ts';
import { rowValues } from './key-text.ts';
import type { RowEvaluator } from './row-evaluator.ts';

/** Throws 23502 or 23514 for the first row that breaks the table's definition. */
export function checkRows(table: CatalogRelation, batch: Batch, evaluator: RowEvaluator): void {
  for (const [at, column] of table.columns.entries()) {
    const nulls = column.notNull ? must(batch.columns[at], 'column').nulls : null;
    if (nulls === null) continue;
    const row = nulls.subarray(0, batch.length).indexOf(1);
    if (row >= 0) throw notNullViolated(table, column.name, rowValues(batch, row));
  }
  checkDomainColumns(table, batch, evaluator.context);
  for (const check of table.checks) {
    const result = evaluator.evaluate([check.expr], batch);
    for (let row = 0; row < batch.length; row++) {
      if (cell(must(result.columns[0], 'check'), row) === false) {
        throw checkViolated(table, check.name, rowValues(batch, row));
      }
    }
  }
}

function failingRow(table: CatalogRelation, row: readonly Value[]): string {
  const parts = row.map((value, at) =>
    formatKeyPart(value, must(table.columns[at], 'column').type));
  return `Failing row contains (${parts.join(', ')}).`;
}

function notNullViolated(
  table: CatalogRelation, column: string, row: readonly Value[],
): SqlError {
  return sqlError('23502', `null value in column "${column}" of relation "${table.name}" `
    + 'violates not-null constraint', {
    detail: failingRow(table, row), schema: table.schema, table: table.name, column,
  });
}

function checkViolated(
  table: CatalogRelation, name: string, row: readonly Value[],
): SqlError {
  return sqlError('23514', `new row for relation "${table.name}" violates check constraint `
    + `"${name}"`, {
    detail: failingRow(table, row), schema: table.schema, table: table.name, constraint: name,
  });
}

/** The error of a key that is taken. */
export function duplicateKey(
  table: CatalogRelation, key: readonly number[], values: readonly Value[],
): SqlError {
  const columns = key.map((at) => must(table.columns[at], 'key column'));
  const constraint = constraintName(table, key);
  const texts = values.map((value, at) => formatKeyPart(value, must(columns[at], 'key').type));
  const names = columns.map((column) => column.name).join(', ');
  return sqlError('23505', `duplicate key value violates unique constraint "${constraint}"`, {
    detail: `Key (${names})=(${texts.join(', ')}) already exists.`,
    schema: table.schema, table: table.name, constraint,
  });
}

/** The name of a key's constraint: the given one, or the one PostgreSQL makes up. */
export function constraintName(table: CatalogRelation, key: readonly number[]): string {
  const keys = table.primaryKey === null ? table.uniqueKeys
    : [table.primaryKey, ...table.uniqueKeys];
  const given = table.keyNames?.[keys.indexOf(key)] ?? '';
  if (given !== '') return given;
  if (table.primaryKey !== null && table.primaryKey.join() === key.join()) {
    return `${table.name}_pkey`;
  }
  const names = key.map((at) => must(table.columns[at], 'key column').name);
  return `${table.name}_${names.join('_')}_key`;
}

/** The name PostgreSQL makes up for a CHECK: with its column when it looks at one alone. */
export function checkName(
  relation: string, columns: readonly { readonly name: string }[], expr: ScalarExpr,
  taken: ReadonlySet<string>,
): string {
  const used = [...columnsUsed(expr)];
  const only = used.length === 1 ? `${columns[used[0] ?? 0]?.name ?? ''}_` : '';
  for (let n = 0; ; n++) {
    const name = `${relation}_${only}check${n === 0 ? '' : n}`;
    if (!taken.has(name)) return name;
  }
}

/** A value of a key, as messages show it. */
export function formatKeyPart(value: Value, type: SqlType): string {
  return formatValue(value, type, DEFAULT_SETTINGS) ?? 'null';
}
