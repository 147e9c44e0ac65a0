/**
 * Keys of tables that are there already: unique indexes, ADD and DROP CONSTRAINT.
 *
 * The rows are checked under the table's lock before the key is defined. A key that a view's plan
 * may rest on cannot be taken away while the view is there. Index names are constraint names.
 */
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import type { CheckConstraint, TableConstraint } from '../../parser/ast-definitions.ts';
import type { Identifier } from '../../parser/ast-leaves.ts';
import { bindCheck } from '../../planner/bind-definitions.ts';
import type {
  ColumnMapping, StoredIndex, StoredKey, StoredRelation,
} from '../catalog-store-types.ts';
import { checkName, checkRows, formatKeyPart } from './constraints.ts';
import {
  addForeignKey, numbersOf, refuseReferencedKey, withoutForeignKey,
} from './ddl-references.ts';
import { ExtraKeyRows, extraKeySource } from './extra-keys.ts';
import { rowText, rowValues } from './key-text.ts';
import { relationLabel } from './relation-label.ts';
import type { StatementContext } from './statement-context.ts';

/** A key to be added. */
export interface NewKey {
  readonly columns: readonly number[];
  readonly name: string;
  readonly constraint: StoredIndex['constraint'];
  readonly sql: string;
  /** What the catalog shows of an index besides. */
  readonly shown?: Pick<StoredIndex, 'suffixes' | 'parts' | 'include'>;
}

/** Numbers of columns by name; 42703 for a name that is none. */
export function keyColumns(
  relation: StoredRelation, names: readonly Identifier[],
): readonly number[] {
  return names.map(({ name, span }) => {
    const at = relation.columns.findIndex((column) => column.name === name);
    if (at >= 0) return at;
    throw sqlError('42703', `column "${name}" named in key does not exist`, { span });
  });
}

/** Adds a key to a table, after its rows were found to fit. */
export async function addKey(
  context: StatementContext, relation: StoredRelation, key: NewKey,
): Promise<void> {
  await context.transaction.lock(relation.id, 'change');
  refuseDuplicateRows(context, relation, key);
  const names = keyNamesOf(relation);
  if (key.constraint === 'primary') {
    const fresh = withPrimary(relation, key.columns);
    refuseNulls(context, relation, key.columns);
    rewrite(context, { ...fresh, keyNames: [key.name, ...names] });
  } else {
    context.transaction.define({ kind: 'alterRelation', relation: {
      ...relation, uniqueKeys: [...relation.uniqueKeys, key.columns],
      keyNames: [...names, key.name],
    } });
  }
  context.transaction.define({ kind: 'putIndex', index: {
    id: context.core.catalog.allocate(), relation: relation.id, name: key.name,
    schemaId: relation.schemaId, columns: key.columns, unique: true,
    constraint: key.constraint, sql: key.sql, ...key.shown,
  } });
}

function withPrimary(relation: StoredRelation, columns: readonly number[]): StoredRelation {
  if (relation.primaryKey !== null) {
    throw sqlError('42P16',
      `multiple primary keys for table "${relation.name}" are not allowed`);
  }
  return {
    ...relation, primaryKey: columns, columns: relation.columns.map((column, at) =>
      columns.includes(at) ? { ...column, notNull: true } : column),
  };
}

/** The names of a table's keys, primary key first. */
export function keyNamesOf(relation: StoredRelation): readonly string[] {
  const count = relation.uniqueKeys.length + (relation.primaryKey === null ? 0 : 1);
  return Array.from({ length: count }, (_each, at) => relation.keyNames?.[at] ?? '');
}

/** The stored rows in another order of keys: rows are found by the primary key. */
function rewrite(context: StatementContext, relation: StoredRelation): void {
  context.transaction.define({
    kind: 'rewriteTable', relation,
    columns: relation.columns.map((_column, column): ColumnMapping => ({ kind: 'column', column })),
  });
}

function refuseDuplicateRows(
  context: StatementContext, relation: StoredRelation, key: NewKey,
): void {
  const columns = key.columns.map((at) => must(relation.columns[at], 'key column'));
  const types = columns.map((column) => column.type);
  const counts = new Map<string, number>();
  for (const batch of context.snapshot(relation.id)) {
    for (let row = 0; row < batch.length; row++) {
      const all = rowValues(batch, row);
      const values = key.columns.map((at) => all[at] ?? null);
      if (values.includes(null)) continue;
      const text = rowText(values, types);
      const count = (counts.get(text) ?? 0) + must(batch.weights[row], 'weight');
      counts.set(text, count);
    }
  }
  for (const batch of context.snapshot(relation.id)) {
    for (let row = 0; row < batch.length; row++) {
      const all = rowValues(batch, row);
      const values = key.columns.map((at) => all[at] ?? null);
      if (values.includes(null) || (counts.get(rowText(values, types)) ?? 0) < 2) continue;
      const shown = values.map((value, at) => formatKeyPart(value, must(types[at], 'type')));
      throw sqlError('23505', `could not create unique index "${key.name}"`, {
        detail: `Key (${columns.map(({ name }) => name).join(', ')})=(${shown.join(', ')}) `
          + 'is duplicated.',
        schema: relation.schema, table: relation.name, constraint: key.name,
      });
    }
  }
}

function refuseNulls(
  context: StatementContext, relation: StoredRelation, key: readonly number[],
): void {
  const table = { ...relation, checks: [], columns: relation.columns.map((column, at) =>
    ({ ...column, notNull: key.includes(at) })) };
  const evaluator = context.evaluator(relation.columns.map((column) => column.type));
  for (const batch of context.snapshot(relation.id)) {
    try {
      checkRows(table, batch, evaluator);
    } catch {
      const at = key.find((each) => batch.columns[each]?.nulls?.includes(1) === true) ?? 0;
      throw sqlError('23502', `column "${must(relation.columns[at], 'column').name}" of relation `
        + `"${relation.name}" contains null values`);
    }
  }
}

/** ALTER TABLE ... ADD constraint. */
export async function addConstraint(
  context: StatementContext, relation: StoredRelation, constraint: TableConstraint,
): Promise<void> {
  switch (constraint.kind) {
    case 'referencesConstraint':
      return addForeignKey(context, relation, {
        constraint, columns: numbersOf(relation, constraint.columns),
      });
    case 'checkConstraint': return addCheck(context, relation, constraint);
    case 'keyConstraint': {
      const columns = keyColumns(relation, constraint.columns);
      const suffix = constraint.primary ? 'pkey'
        : `${columns.map((at) => must(relation.columns[at], 'column').name).join('_')}_key`;
      const name = freeName(context, relation,
        constraint.name?.name ?? null, `${relation.name}_${suffix}`);
      if (constraint.nullsNotDistinct) {
        return addEqualNullsKey(context, relation, columns, name);
      }
      return addKey(context, relation, {
        columns, name, constraint: constraint.primary ? 'primary' : 'unique', sql: '',
      });
    }
  }
}

/** UNIQUE NULLS NOT DISTINCT on a table that is there. */
async function addEqualNullsKey(
  context: StatementContext, relation: StoredRelation, columns: readonly number[], name: string,
): Promise<void> {
  await context.transaction.lock(relation.id, 'change');
  const made = equalNullsKey(context, relation, columns, name);
  const next = { ...relation, extraKeys: [...relation.extraKeys ?? [], made.key] };
  new ExtraKeyRows(extraKeySource(context, relation), next, made.key)
    .refuseDuplicates(context.snapshot(relation.id));
  context.transaction.define({ kind: 'alterRelation', relation: next },
    { kind: 'putIndex', index: made.index });
}

/** A UNIQUE NULLS NOT DISTINCT constraint as a key and its index. */
export function equalNullsKey(
  context: StatementContext, relation: StoredRelation, columns: readonly number[], name: string,
): { readonly key: StoredKey; readonly index: StoredIndex } {
  const parts = columns.map((index) => ({
    expr: { kind: 'column' as const, index,
      type: must(relation.columns[index], 'key column').type },
  }));
  const id = context.core.catalog.allocate();
  return {
    key: { index: id, name, exprs: parts.map(({ expr }) => expr), where: null, nullsEqual: true },
    index: { id, relation: relation.id, name, schemaId: relation.schemaId, columns, unique: true,
      constraint: 'unique', sql: '', parts, where: null, include: [], nullsEqual: true },
  };
}

function freeName(
  context: StatementContext, relation: StoredRelation, given: string | null, made: string,
): string {
  const { catalog } = context.transaction;
  const taken = (name: string): boolean =>
    catalog.nameTaken(relation.database, relation.schemaId, name);
  if (given !== null) {
    if (taken(given)) throw sqlError('42P07', `relation "${given}" already exists`);
    return given;
  }
  for (let n = 0; ; n++) {
    const name = n === 0 ? made : `${made}${n}`;
    if (!taken(name)) return name;
  }
}

async function addCheck(
  context: StatementContext, relation: StoredRelation, constraint: CheckConstraint,
): Promise<void> {
  await context.transaction.lock(relation.id, 'change');
  const used = new Set(relation.checks.map((check) => check.name));
  const given = constraint.name?.name;
  if (given !== undefined && used.has(given)) {
    throw sqlError('42710',
      `constraint "${given}" for relation "${relation.name}" already exists`);
  }
  const expr = bindCheck(constraint.condition,
    { table: relation.name, columns: relation.columns }, context.planning);
  const name = given ?? checkName(relation.name, relation.columns, expr, used);
  const evaluator = context.evaluator(relation.columns.map((column) => column.type));
  const probe = { ...relation, checks: [{ name, expr }],
    columns: relation.columns.map((column) => ({ ...column, notNull: false })) };
  for (const batch of context.snapshot(relation.id)) {
    try {
      checkRows(probe, batch, evaluator);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.includes('violates check')) throw error;
      throw sqlError('23514', `check constraint "${name}" of relation "${relation.name}" is `
        + 'violated by some row', {
        schema: relation.schema, table: relation.name, constraint: name,
      });
    }
  }
  context.transaction.define({ kind: 'alterRelation', relation: {
    ...relation, checks: [...relation.checks, { name, expr }],
  } });
}

/** ALTER TABLE ... DROP CONSTRAINT; false when there is none of that name. */
export function dropConstraint(
  context: StatementContext, relation: StoredRelation, name: string,
): boolean {
  if (relation.checks.some((check) => check.name === name)) {
    context.transaction.define({ kind: 'alterRelation', relation: {
      ...relation, checks: relation.checks.filter((check) => check.name !== name),
    } });
    return true;
  }
  const foreign = relation.foreignKeys?.find((key) => key.name === name);
  if (foreign !== undefined) {
    context.transaction.define({
      kind: 'alterRelation', relation: withoutForeignKey(relation, foreign.id),
    });
    return true;
  }
  const index = context.transaction.catalog.indexesOf(relation.id)
    .find((each) => each.name === name && each.constraint !== null);
  if (index === undefined) return false;
  dropKey(context, relation, index);
  return true;
}

/** Takes a unique index, and the key it stands for, away. */
export function dropKey(
  context: StatementContext, relation: StoredRelation, index: StoredIndex,
): void {
  if (relation.extraKeys?.some((key) => key.index === index.id) === true) {
    context.transaction.define({ kind: 'dropIndex', id: index.id }, { kind: 'alterRelation',
      relation: { ...relation,
        extraKeys: relation.extraKeys.filter((key) => key.index !== index.id) } });
    return;
  }
  refusePlannedReaders(context, relation, index);
  refuseReferencedKey(context, relation, index);
  context.transaction.define({ kind: 'dropIndex', id: index.id });
  const names = keyNamesOf(relation);
  if (index.constraint === 'primary') {
    rewrite(context, { ...relation, primaryKey: null, keyNames: names.slice(1), onConflict: null });
    return;
  }
  const before = relation.primaryKey === null ? 0 : 1;
  const same = (key: readonly number[]): boolean => key.join() === index.columns.join();
  const named = relation.uniqueKeys.findIndex((key, at) =>
    same(key) && names[before + at] === index.name);
  const at = named >= 0 ? named : relation.uniqueKeys.findIndex(same);
  if (at < 0) return;
  context.transaction.define({ kind: 'alterRelation', relation: {
    ...relation, uniqueKeys: relation.uniqueKeys.toSpliced(at, 1),
    keyNames: names.toSpliced(before + at, 1),
  } });
}

/** A materialized view's plan may rest on a key without NULLs. */
function refusePlannedReaders(
  context: StatementContext, relation: StoredRelation, index: StoredIndex,
): void {
  if (!index.columns.every((at) => relation.columns[at]?.notNull === true)) return;
  const { catalog } = context.transaction;
  const reader = catalog.allDependants(relation.id)
    .map((each) => catalog.relation(each.id)).find((each) => each?.kind === 'materializedView');
  if (reader === undefined || reader === null) return;
  throw sqlError('2BP01', `cannot drop key ${index.name} of ${relationLabel(relation)} because `
    + 'other objects depend on it', {
    detail: `${relationLabel(reader)} depends on ${relationLabel(relation)}`,
    hint: 'Drop the view first, and create it again afterwards.',
  });
}
