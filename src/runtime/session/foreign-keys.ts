/**
 * What foreign keys ask of rows: which rows lack the row they refer to, which refer to a key that
 * went.
 *
 * Looks at the newest stored rows and the transaction's own, under locks that keep both sides as
 * they are: whoever writes a row that refers shares the table referred to, whoever takes a key away
 * holds it alone. What is done about it is decided in table-changes.ts.
 */
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import type { SqlError } from '../../common/errors.ts';
import { formatValue, parseValue } from '../../common/types/registry.ts';
import { DEFAULT_SETTINGS } from '../../common/types/settings.ts';
import { physicalOf } from '../../common/types/sql-type.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { Value } from '../../common/values.ts';
import type { Batch } from '../batch.ts';
import { batchOf } from '../batch.ts';
import type { StoredForeignKey, StoredRelation } from '../catalog-store-types.ts';
import type { Reference } from '../catalog-store.ts';
import { formatKeyPart } from './constraints.ts';
import { keyText, rowText, rowValues, valuesAt } from './key-text.ts';
import type { StatementContext } from './statement-context.ts';
import type { TableKeys } from './table-keys.ts';

/** Takes the locks that checks of a table's rows rely on; before they are read. */
export async function lockReferences(
  context: StatementContext, table: StoredRelation, what: 'insert' | 'change',
): Promise<void> {
  const { transaction } = context;
  for (const { target } of table.foreignKeys ?? []) {
    if (target !== table.id) await transaction.lock(target, 'append');
  }
  if (what === 'insert') return;
  for (const { relation } of transaction.catalog.referencesTo(table.id)) {
    if (relation.id !== table.id) await transaction.lock(relation.id, 'change');
  }
}

/** Where tables and who has which key are looked up; a StatementContext is one. */
export interface KeySource {
  table(id: number): StoredRelation;
  keys(table: StoredRelation, key: readonly number[]): TableKeys;
}

/** Throws 23503 for the first row whose key is no row of the table referred to. */
export function checkReferences(
  source: KeySource, table: StoredRelation, key: StoredForeignKey, rows: readonly Batch[],
): void {
  if (rows.every((batch) => batch.length === 0)) return;
  const target = source.table(key.target);
  const keys = source.keys(target, key.targetColumns);
  const from = typesAt(table, key.columns);
  const to = typesAt(target, key.targetColumns);
  for (const batch of rows) {
    for (let row = 0; row < batch.length; row++) {
      const values = valuesAt(batch, row, key.columns);
      if (refersToNothing(table, key, values)) continue;
      const wanted = converted(values, from, to);
      const whole: Value[] = [];
      for (const [at, column] of key.targetColumns.entries()) whole[column] = wanted?.[at] ?? null;
      if (wanted === null || keys.find(whole) === null) {
        throw notPresent({ table, key, target }, values);
      }
    }
  }
}

/** A key with a NULL refers to no row; with MATCH FULL all parts must be NULL then. */
function refersToNothing(
  table: StoredRelation, key: StoredForeignKey, values: readonly Value[],
): boolean {
  const nulls = values.filter((value) => value === null).length;
  if (key.matchFull && nulls > 0 && nulls < values.length) throw mixedNulls(table, key);
  return nulls > 0;
}

/** Keys of a table that no row has any more. */
export function vanishedKeys(
  context: StatementContext, table: StoredRelation, key: StoredForeignKey,
  removed: readonly Batch[],
): ReadonlyMap<string, readonly Value[]> {
  const types = typesAt(table, key.targetColumns);
  const gone = new Map<string, readonly Value[]>();
  const keys = context.keys(table, key.targetColumns);
  for (const batch of removed) {
    for (let row = 0; row < batch.length; row++) {
      const values = rowValues(batch, row);
      if (keys.find(values) !== null) continue;
      const own = key.targetColumns.map((at) => values[at] ?? null);
      const text = keyText(own, types);
      if (text !== null) gone.set(text, own);
    }
  }
  return gone;
}

/** A row that refers to a key that went, with that key. */
export interface Orphan {
  readonly row: readonly Value[];
  readonly key: string;
}

/** Rows that refer to one of the keys, as often as the table has them. */
export function orphans(
  context: StatementContext, { relation, key }: Reference,
  gone: ReadonlyMap<string, readonly Value[]>,
): readonly Orphan[] {
  const from = typesAt(relation, key.columns);
  const to = typesAt(context.table(key.target), key.targetColumns);
  const all = relation.columns.map(({ type }) => type);
  const found = new Map<string, { readonly orphan: Orphan; weight: number }>();
  for (const batch of matching(context, { relation, key }, [...gone.values()], [from, to])) {
    for (let at = 0; at < batch.length; at++) {
      const wanted = converted(valuesAt(batch, at, key.columns), from, to);
      const text = wanted === null ? null : keyText(wanted, to);
      if (text === null || !gone.has(text)) continue;
      const row = rowValues(batch, at);
      const name = rowText(row, all);
      const weight = must(batch.weights[at], 'weight');
      const entry = found.get(name);
      if (entry === undefined) found.set(name, { orphan: { row, key: text }, weight });
      else entry.weight += weight;
    }
  }
  return [...found.values()].flatMap(({ orphan, weight }) =>
    Array.from({ length: Math.max(weight, 0) }, () => orphan));
}

/** Most keys that are looked up one by one rather than by reading the table. */
const LOOKUPS_MAX = 64;

/** Rows that may refer to the keys: by an index where there is one, else all. */
function* matching(
  context: StatementContext, { relation, key }: Reference, gone: readonly (readonly Value[])[],
  [from, to]: readonly [readonly SqlType[], readonly SqlType[]],
): Iterable<Batch> {
  const { transaction, core } = context;
  const indexed = transaction.catalog.indexesOf(relation.id)
    .some(({ columns }) => columns.join() === key.columns.join());
  if (!indexed || gone.length > LOOKUPS_MAX || transaction.isUncommitted(relation.id)) {
    yield* context.snapshot(relation.id);
    return;
  }
  for (const values of gone) {
    const own = converted(values, to, from);
    if (own !== null) yield core.lookup(relation.id, key.columns, own, null);
  }
  yield* transaction.overlay.get(relation.id) ?? [];
}

function typesAt(table: StoredRelation, columns: readonly number[]): readonly SqlType[] {
  return columns.map((at) => must(table.columns[at], 'key column').type);
}

/** Key values as the other side's types have them; null: no value of those types. */
function converted(
  values: readonly Value[], from: readonly SqlType[], to: readonly SqlType[],
): readonly Value[] | null {
  const result: Value[] = [];
  for (const [at, value] of values.entries()) {
    const own = must(from[at], 'key type');
    const other = must(to[at], 'key type');
    if (value === null || own.name === other.name || physicalOf(own) === physicalOf(other)) {
      result.push(value);
      continue;
    }
    try {
      result.push(parseValue(formatValue(value, own, DEFAULT_SETTINGS) ?? '', other,
        DEFAULT_SETTINGS));
    } catch {
      return null;
    }
  }
  return result;
}

interface Sides {
  readonly table: StoredRelation;
  readonly key: StoredForeignKey;
  readonly target: StoredRelation;
}

function keyDetail(
  table: StoredRelation, columns: readonly number[], values: readonly Value[],
): string {
  const names = columns.map((at) => must(table.columns[at], 'key column').name).join(', ');
  const texts = values.map((value, at) =>
    formatKeyPart(value, must(typesAt(table, columns)[at], 'key type'))).join(', ');
  return `Key (${names})=(${texts})`;
}

function notPresent({ table, key, target }: Sides, values: readonly Value[]): SqlError {
  return sqlError('23503', `insert or update on table "${table.name}" violates foreign key `
    + `constraint "${key.name}"`, {
    detail: `${keyDetail(table, key.columns, values)} is not present in table "${target.name}".`,
    schema: table.schema, table: table.name, constraint: key.name,
  });
}

function mixedNulls(table: StoredRelation, key: StoredForeignKey): SqlError {
  return sqlError('23503', `insert or update on table "${table.name}" violates foreign key `
    + `constraint "${key.name}"`, {
    detail: 'MATCH FULL does not allow mixing of null and nonnull key values.',
    schema: table.schema, table: table.name, constraint: key.name,
  });
}

/** The error of a key that cannot go because rows refer to it. */
export function stillReferenced(
  target: StoredRelation, { relation, key }: Reference, values: readonly Value[],
): SqlError {
  return sqlError('23503', `update or delete on table "${target.name}" violates foreign key `
    + `constraint "${key.name}" on table "${relation.name}"`, {
    detail: `${keyDetail(target, key.targetColumns, values)} is still referenced from table `
      + `"${relation.name}".`,
    schema: relation.schema, table: relation.name, constraint: key.name,
  });
}

/** Rows as a batch of one weight. */
export function rowsBatch(
  table: StoredRelation, rows: readonly (readonly Value[])[], weight: 1 | -1,
): Batch {
  return batchOf(table.columns.map(({ type }) => type), rows, rows.map(() => weight));
}
