/**
 * CREATE TABLE and CREATE SOURCE bound: columns, keys, CHECKs, the watermark and the default
 * ON CONFLICT.
 *
 * Gives plain data for the catalog; names of schemas and oids are the runtime's.
 */
import { must } from '../common/assert.ts';
import { sqlError } from '../common/errors.ts';
import type {
  CheckConstraint, ColumnDef, CreateTable, KeyConstraint, TableConstraint, WatermarkDef,
} from '../parser/ast-definitions.ts';
import type { Expr } from '../parser/ast.ts';
import type { Identifier } from '../parser/ast-leaves.ts';
import type { StatementState } from './bind-context.ts';
import { newStatement } from './bind-query.ts';
import { isTimestamp, typeText } from './bind-types.ts';
import { constantInterval, intervalMicros } from './bind-windows.ts';
import type { PlanEnv } from './bound.ts';
import type { CatalogColumn, CatalogRelation } from './catalog.ts';
import { coerceBoolean } from './coerce.ts';
import { columnNotFound, notSupported, refused } from './errors.ts';
import { columnsUsed } from './expr-tools.ts';
import type { ConflictPlan } from './plans.ts';
import type { ScalarExpr } from './scalar.ts';
import { bindColumns, rowBinder } from './statements-columns.ts';
import type { BoundColumn } from './statements-columns.ts';
import { bindConflict } from './statements-conflict.ts';

/** A table's definition without its place in the catalog. */
export interface TableDefinition {
  readonly columns: readonly CatalogColumn[];
  readonly primaryKey: readonly number[] | null;
  readonly uniqueKeys: readonly (readonly number[])[];
  /** Names of the primary key and the unique keys, in order. */
  readonly keyNames: readonly string[];
  readonly checks: readonly { readonly name: string; readonly expr: ScalarExpr }[];
  readonly watermark: { readonly column: number; readonly delayMicros: bigint } | null;
  readonly onConflict: ConflictPlan | null;
  /** Columns with a sequence (SERIAL, IDENTITY). */
  readonly sequences: readonly number[];
  /** METADATA columns and what they show. */
  readonly metadata: readonly { readonly column: number; readonly what: string }[];
}

/** Binds a table's definition; `before` are columns that come first (LIKE, AS query, INCLUDE). */
export function bindTable(
  statement: CreateTable, env: PlanEnv, before: readonly CatalogColumn[] = [],
): TableDefinition {
  const state = newStatement({ ...env, view: false });
  const name = must(statement.name.parts.at(-1), 'table name').name;
  const bound = bindColumns(state, statement.columns, { table: name, before });
  const keys = bindKeys(statement, [...before, ...bound.map((each) => each.column)], name);
  const columns = withKeys([...before, ...bound.map((each) => each.column)], keys.primaryKey);
  const checks = bindChecks(state, statement, columns, name);
  return {
    columns, ...keys, checks,
    watermark: bindWatermarks(state, statement.watermarks, columns),
    onConflict: bindDefaultConflict(state, statement, { columns, name, keys }),
    sequences: numbered(bound, before.length, (each) => each.sequence),
    metadata: bound.flatMap(({ metadata }, at) =>
      (metadata === null ? [] : [{ column: before.length + at, what: metadata }])),
  };
}

/** Binds one column for ALTER TABLE ADD COLUMN. */
export function bindColumnDefinition(
  def: ColumnDef, env: PlanEnv,
  table: { readonly name: string; readonly columns: readonly CatalogColumn[] },
): BoundColumn & { readonly checks: TableDefinition['checks'] } {
  const state = newStatement({ ...env, view: false });
  const [bound] = bindColumns(state, [def], { table: table.name, before: table.columns });
  const column = must(bound, 'column');
  const constraints = def.constraints.flatMap((each) =>
    (each.kind === 'checkConstraint' ? [each] : []));
  const checks = constraints.map((check) =>
    bindCheck(state, check, [...table.columns, column.column], { table: table.name, taken: [] }));
  return { ...column, checks };
}

function numbered(
  bound: readonly BoundColumn[], from: number, test: (each: BoundColumn) => boolean,
): readonly number[] {
  return bound.flatMap((each, at) => (test(each) ? [from + at] : []));
}

function withKeys(
  columns: readonly CatalogColumn[], primaryKey: readonly number[] | null,
): readonly CatalogColumn[] {
  if (primaryKey === null) return columns;
  const key = new Set(primaryKey);
  return columns.map((column, at) => (key.has(at) ? { ...column, notNull: true } : column));
}

// --------------------------------------------------------------------------------------- keys

interface Keys {
  readonly primaryKey: readonly number[] | null;
  readonly uniqueKeys: readonly (readonly number[])[];
  readonly keyNames: readonly string[];
}

interface NamedKey {
  readonly name: string;
  readonly columns: readonly number[];
  readonly primary: boolean;
}

function bindKeys(
  statement: CreateTable, columns: readonly CatalogColumn[], table: string,
): Keys {
  const named: NamedKey[] = [];
  const add = (key: KeyConstraint, names: readonly Identifier[]): void => {
    if (key.nullsNotDistinct) throw notSupported('NULLS NOT DISTINCT', key.span);
    const numbers = names.map((name) => numberOf(columns, name));
    if (new Set(numbers).size < numbers.length) {
      throw sqlError('42701', `column "${names[0]?.name ?? ''}" appears twice in `
        + `${key.primary ? 'primary key' : 'unique'} constraint`, { span: key.span });
    }
    if (key.primary && named.some((each) => each.primary)) {
      throw sqlError('42P16', `multiple primary keys for table "${table}" are not allowed`, {
        span: key.span,
      });
    }
    const own = key.primary ? `${table}_pkey`
      : `${table}_${names.map((name) => name.name).join('_')}_key`;
    named.push({ name: key.name?.name ?? own, columns: numbers, primary: key.primary });
  };
  for (const def of statement.columns) {
    for (const each of def.constraints) {
      if (each.kind === 'keyConstraint') add(each, [def.name]);
      if (each.kind === 'referencesConstraint') throw foreignKey(each.span);
    }
  }
  for (const each of statement.constraints) {
    if (each.kind === 'keyConstraint') add(each, each.columns);
    if (each.kind === 'referencesConstraint') throw foreignKey(each.span);
  }
  const primary = named.find((each) => each.primary);
  const unique = named.filter((each) => !each.primary);
  return {
    primaryKey: primary?.columns ?? null, uniqueKeys: unique.map((each) => each.columns),
    keyNames: [...(primary === undefined ? [] : [primary]), ...unique].map((each) => each.name),
  };
}

function foreignKey(span: TableConstraint['span']): Error {
  return refused('foreign keys are not supported', span,
    'Leave REFERENCES out, or check with a view that finds rows without a partner.');
}

function numberOf(columns: readonly CatalogColumn[], name: Identifier): number {
  const at = columns.findIndex((column) => column.name === name.name);
  if (at >= 0) return at;
  throw sqlError('42703', `column "${name.name}" named in key does not exist`, {
    span: name.span,
  });
}

// ------------------------------------------------------------------------------------- checks

function bindChecks(
  state: StatementState, statement: CreateTable, columns: readonly CatalogColumn[], table: string,
): TableDefinition['checks'] {
  const constraints: CheckConstraint[] = [
    ...statement.columns.flatMap((def) => def.constraints
      .flatMap((each) => (each.kind === 'checkConstraint' ? [each] : []))),
    ...statement.constraints.flatMap((each) => (each.kind === 'checkConstraint' ? [each] : [])),
  ];
  const taken: string[] = [];
  return constraints.map((check) => {
    const bound = bindCheck(state, check, columns, { table, taken });
    taken.push(bound.name);
    return bound;
  });
}

function bindCheck(
  state: StatementState, check: CheckConstraint, columns: readonly CatalogColumn[],
  about: { readonly table: string; readonly taken: readonly string[] },
): { readonly name: string; readonly expr: ScalarExpr } {
  const binder = rowBinder(state, columns, { table: about.table, clause: 'check constraints' });
  const expr = coerceBoolean(state, binder.bind(check.condition), 'CHECK');
  if (check.name !== null) {
    if (about.taken.includes(check.name.name)) {
      throw sqlError('42710', `check constraint "${check.name.name}" already exists`, {
        span: check.span,
      });
    }
    return { name: check.name.name, expr };
  }
  const used = [...columnsUsed(expr)];
  const only = used.length === 1 ? columns[used[0] ?? 0]?.name : undefined;
  const base = only === undefined ? `${about.table}_check` : `${about.table}_${only}_check`;
  let name = base;
  for (let n = 1; about.taken.includes(name); n++) name = `${base}${n}`;
  return { name, expr };
}

// ---------------------------------------------------------------------------------- watermark

/** WATERMARK FOR c AS c - INTERVAL '...'; null without one. */
export function bindWatermarks(
  state: StatementState, watermarks: readonly WatermarkDef[], columns: readonly CatalogColumn[],
): TableDefinition['watermark'] {
  const [first, second] = watermarks;
  if (first === undefined) return null;
  if (second !== undefined) throw notSupported('a second watermark', second.span);
  const column = columns.findIndex((each) => each.name === first.column.name);
  const found = columns[column];
  if (found === undefined) throw columnNotFound([first.column.name], first.column.span);
  if (!isTimestamp(found.type)) {
    throw sqlError('42804', 'watermark column must be of type timestamp or timestamptz, not '
      + typeText(found.type), { span: first.column.span });
  }
  return { column, delayMicros: watermarkDelay(state, first, columns) };
}

function watermarkDelay(
  state: StatementState, watermark: WatermarkDef, columns: readonly CatalogColumn[],
): bigint {
  const { value, column } = watermark;
  const binder = rowBinder(state, columns, {
    table: null, clause: 'column generation expressions',
  });
  if (isColumn(value, column.name)) return 0n;
  // Unknown names are told apart from forms that are not supported.
  binder.bind(value);
  if (value.kind !== 'binary' || value.operator !== '-' || !isColumn(value.left, column.name)) {
    throw refused('a watermark must be the column or the column minus an interval', value.span,
      `Write WATERMARK FOR ${column.name} AS ${column.name} - INTERVAL '5 seconds'.`);
  }
  const delay = intervalMicros(constantInterval(binder, value.right, 'watermark delay'),
    'watermark delay', value.right.span);
  if (delay < 0n) {
    throw sqlError('22023', 'watermark delay must not be negative', { span: value.right.span });
  }
  return delay;
}

function isColumn(expr: Expr, name: string): boolean {
  return expr.kind === 'columnRef' && expr.parts.at(-1)?.name === name;
}

// --------------------------------------------------------------------------------- ON CONFLICT

function bindDefaultConflict(
  state: StatementState, statement: CreateTable,
  about: { readonly columns: readonly CatalogColumn[]; readonly name: string;
    readonly keys: Keys },
): ConflictPlan | null {
  if (statement.onConflict === null) return null;
  const table: CatalogRelation = {
    id: 0, schema: '', name: about.name, kind: 'table', columns: about.columns,
    primaryKey: about.keys.primaryKey, uniqueKeys: about.keys.uniqueKeys, checks: [],
    appendOnly: false, watermark: null, columnWatermarks: [], definition: null, stored: true,
    keyNames: about.keys.keyNames,
  };
  return bindConflict(state, statement.onConflict, table, about.name);
}
