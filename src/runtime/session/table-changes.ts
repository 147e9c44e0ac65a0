/**
 * Changes of a table's rows, checked and made part of the transaction: NOT NULL, CHECK, unique and
 * foreign keys, with what ON DELETE and ON UPDATE bring along.
 *
 * Foreign keys are looked at once the rows of a statement are in place, as PostgreSQL does.
 */
import { must } from '../../common/assert.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { Value } from '../../common/values.ts';
import type { CatalogRelation } from '../../planner/catalog.ts';
import type { Batch } from '../batch.ts';
import type { ReferenceAction, StoredRelation } from '../catalog-store-types.ts';
import type { Reference } from '../catalog-store.ts';
import { checkRows, duplicateKey } from './constraints.ts';
import { refuseExtraKeys } from './extra-keys.ts';
import {
  checkReferences, lockReferences, orphans, rowsBatch, stillReferenced, vanishedKeys,
} from './foreign-keys.ts';
import type { Orphan } from './foreign-keys.ts';
import { keyText, rowText, rowValues, valuesAt } from './key-text.ts';
import { pickRows } from './result.ts';
import type { StatementContext } from './statement-context.ts';
import type { TableKeys } from './table-keys.ts';

/** Rows before and after an UPDATE, row by row. */
export interface RowChange {
  readonly old: Batch;
  readonly fresh: Batch;
}

/** Types of a table's columns. */
export function typesOf(table: CatalogRelation): readonly SqlType[] {
  return table.columns.map((column) => column.type);
}

/** The keys a table's rows must not share. */
export function keysOf(table: CatalogRelation): readonly (readonly number[])[] {
  return table.primaryKey === null ? table.uniqueKeys : [table.primaryKey, ...table.uniqueKeys];
}

/** Adds rows that were found to hold NOT NULL and CHECK. */
export function addRows(
  context: StatementContext, table: StoredRelation, fresh: readonly Batch[],
): void {
  refuseTakenKeys(context, table, fresh);
  for (const batch of fresh) context.transaction.change(table.id, batch);
  checkForeignKeys(context, table, fresh);
}

/** Changes rows; `updated` ones keep what foreign keys of others refer to, or take them along. */
export async function changeRows(
  context: StatementContext, table: StoredRelation, changes: readonly RowChange[],
): Promise<void> {
  const evaluator = context.evaluator(typesOf(table));
  for (const { fresh } of changes) checkRows(table, fresh, evaluator);
  refuseCollisions(context, table, changes);
  for (const { old } of changes) context.transaction.change(table.id, old);
  for (const { fresh } of changes) context.transaction.change(table.id, fresh);
  for (const key of table.foreignKeys ?? []) {
    const moved = changes.map(({ old, fresh }) => changedAt(table, key.columns, old, fresh));
    if (!postponed(context, key)) checkReferences(context, table, key, moved);
  }
  await followUpdates(context, table, changes);
}

/** Removes rows, given with weight -1. */
export async function removeRows(
  context: StatementContext, table: StoredRelation, removed: readonly Batch[],
): Promise<void> {
  for (const batch of removed) context.transaction.change(table.id, batch);
  for (const reference of context.transaction.catalog.referencesTo(table.id)) {
    const gone = vanishedKeys(context, table, reference.key, removed);
    await follow(context, table, reference, { gone, action: reference.key.onDelete, to: null });
  }
}

/** Puts rows in the place of others (ON CONFLICT); keys that rows refer to stay. */
export async function replaceRows(
  context: StatementContext, table: StoredRelation, removed: Batch, fresh: Batch,
): Promise<void> {
  context.transaction.change(table.id, removed);
  context.transaction.change(table.id, fresh);
  checkForeignKeys(context, table, [fresh]);
  for (const reference of context.transaction.catalog.referencesTo(table.id)) {
    const gone = vanishedKeys(context, table, reference.key, [removed]);
    await follow(context, table, reference, { gone, action: 'no action', to: null });
  }
}

/** Foreign keys of new rows. */
function checkForeignKeys(
  context: StatementContext, table: StoredRelation, fresh: readonly Batch[],
): void {
  for (const key of table.foreignKeys ?? []) {
    if (!postponed(context, key)) checkReferences(context, table, key, fresh);
  }
}

/** A key that is checked at the end of the transaction is noted for then. */
function postponed(context: StatementContext, key: Reference['key']): boolean {
  if (!key.deferred) return false;
  context.transaction.postponed.add(key.id);
  return true;
}

/** New rows whose values at the columns are others than those of the old ones. */
function changedAt(
  table: CatalogRelation, columns: readonly number[], old: Batch, fresh: Batch,
): Batch {
  const types = columns.map((at) => must(table.columns[at], 'key column').type);
  const rows: number[] = [];
  for (let row = 0; row < fresh.length; row++) {
    const before = keyText(valuesAt(old, row, columns), types);
    if (before === null || before !== keyText(valuesAt(fresh, row, columns), types)) rows.push(row);
  }
  return pickRows(fresh, Int32Array.from(rows));
}

async function followUpdates(
  context: StatementContext, table: StoredRelation, changes: readonly RowChange[],
): Promise<void> {
  for (const reference of context.transaction.catalog.referencesTo(table.id)) {
    const { targetColumns, onUpdate } = reference.key;
    const types = targetColumns.map((at) => must(table.columns[at], 'key column').type);
    const gone = vanishedKeys(context, table, reference.key, changes.map(({ old }) => old));
    const to = new Map<string, readonly Value[]>();
    for (const { old, fresh } of changes) noteMoves({ old, fresh }, targetColumns, types, to);
    await follow(context, table, reference, { gone, action: onUpdate, to });
  }
}

/** Notes under the text of each row's old key its new one. */
function noteMoves(
  { old, fresh }: RowChange, key: readonly number[], types: readonly SqlType[],
  to: Map<string, readonly Value[]>,
): void {
  for (let row = 0; row < old.length; row++) {
    const text = keyText(valuesAt(old, row, key), types);
    if (text !== null) to.set(text, valuesAt(fresh, row, key));
  }
}

interface Gone {
  readonly gone: ReadonlyMap<string, readonly Value[]>;
  readonly action: ReferenceAction;
  /** New values of keys that were updated; null: the rows were deleted. */
  readonly to: ReadonlyMap<string, readonly Value[]> | null;
}

/** Does what a foreign key says about rows whose key went. */
async function follow(
  context: StatementContext, table: StoredRelation, reference: Reference, what: Gone,
): Promise<void> {
  if (what.gone.size === 0) return;
  const { relation, key } = reference;
  const acts = what.action !== 'no action' && what.action !== 'restrict';
  if (key.deferred && what.action === 'no action') {
    context.transaction.postponed.add(key.id);
    return;
  }
  const found = orphans(context, reference, what.gone);
  const first = found[0];
  if (first === undefined) return;
  if (!acts) {
    throw stillReferenced(table, reference, must(what.gone.get(first.key), 'key that went'));
  }
  await lockReferences(context, relation, 'change');
  const old = rowsBatch(relation, found.map(({ row }) => row), -1);
  if (what.action === 'cascade' && what.to === null) {
    await removeRows(context, relation, [old]);
    return;
  }
  const fresh = found.map((orphan) => replaced(context, reference, what, orphan));
  await changeRows(context, relation, [{
    old, fresh: withGenerated(context, relation, rowsBatch(relation, fresh, 1)),
  }]);
}

/** A row that refers to a key that went, as ON UPDATE or ON DELETE leaves it. */
function replaced(
  context: StatementContext, { relation, key }: Reference, what: Gone, orphan: Orphan,
): readonly Value[] {
  const row = [...orphan.row];
  for (const [at, column] of key.columns.entries()) {
    if (what.action === 'cascade') row[column] = what.to?.get(orphan.key)?.[at] ?? null;
    else row[column] = what.action === 'set null' ? null : defaultValue(context, relation, column);
  }
  return row;
}

function defaultValue(context: StatementContext, table: StoredRelation, column: number): Value {
  const { defaultExpr } = must(table.columns[column], 'column');
  if (defaultExpr === null) return null;
  const one: Batch = { length: 1, columns: [], weights: new Int32Array([1]) };
  return rowValues(context.evaluator([]).evaluate([defaultExpr], one), 0)[0] ?? null;
}

/** Rows with their generated columns computed anew. */
function withGenerated(context: StatementContext, table: StoredRelation, batch: Batch): Batch {
  const generated = table.columns.flatMap(({ generated: expr }, at) =>
    expr === null ? [] : [{ at, expr }]);
  if (generated.length === 0) return batch;
  const values = context.evaluator(typesOf(table)).evaluate(generated.map(({ expr }) => expr),
    batch);
  const columns = [...batch.columns];
  for (const [n, { at }] of generated.entries()) {
    columns[at] = must(values.columns[n], 'generated column');
  }
  return { ...batch, columns };
}

/** 23505 where a new row's key is taken, or comes twice. */
function refuseTakenKeys(
  context: StatementContext, table: StoredRelation, fresh: readonly Batch[],
): void {
  for (const key of keysOf(table)) {
    const taken = context.keys(table, key);
    for (const batch of fresh) takeKeys(table, key, taken, batch);
  }
  refuseExtraKeys(context, table, { old: [], fresh });
}

/**
 * 23505 where an UPDATE gives a row a key that another row has at that moment: rows change one
 * after the other, so `id = id + 1` stumbles over the next row, as in PostgreSQL.
 */
function refuseCollisions(
  context: StatementContext, table: StoredRelation, changes: readonly RowChange[],
): void {
  for (const key of keysOf(table)) {
    const taken = context.keys(table, key);
    for (const change of changes) changeKeys(table, key, taken, change);
  }
  refuseExtraKeys(context, table, {
    old: changes.map(({ old }) => old), fresh: changes.map(({ fresh }) => fresh),
  });
}

function changeKeys(
  table: CatalogRelation, key: readonly number[], taken: TableKeys, { old, fresh }: RowChange,
): void {
  for (let row = 0; row < fresh.length; row++) {
    const before = rowValues(old, row);
    const after = rowValues(fresh, row);
    if (taken.textOf(before) === taken.textOf(after)) continue;
    taken.set(before, false);
    if (taken.find(after) !== null) throw duplicateKey(table, key, taken.keyOf(after));
    taken.set(after, true);
  }
}

/** Notes the keys of new rows as taken; 23505 where one is already. */
export function takeKeys(
  table: CatalogRelation, key: readonly number[], taken: TableKeys, fresh: Batch,
): void {
  for (let row = 0; row < fresh.length; row++) {
    const values = rowValues(fresh, row);
    if (taken.find(values) !== null) throw duplicateKey(table, key, taken.keyOf(values));
    taken.set(values, true);
  }
}

/** Checks the foreign keys that were left to the end of the transaction. */
export function checkPostponed(context: StatementContext): void {
  const { transaction } = context;
  for (const id of transaction.postponed) {
    for (const relation of transaction.catalog.relations.values()) {
      const key = relation.foreignKeys?.find((each) => each.id === id);
      if (key !== undefined) checkAtEnd(context, { relation, key });
    }
  }
  transaction.postponed.clear();
}

function checkAtEnd(context: StatementContext, reference: Reference): void {
  const { relation, key } = reference;
  const { overlay } = context.transaction;
  checkReferences(context, relation, key, present(context, relation));
  const target = context.table(key.target);
  const removed = (overlay.get(target.id) ?? []).map((batch) => bySign(batch, -1));
  const gone = vanishedKeys(context, target, key, removed);
  const first = gone.size === 0 ? undefined : orphans(context, reference, gone)[0];
  if (first === undefined) return;
  throw stillReferenced(target, reference, must(gone.get(first.key), 'key that went'));
}

/** Rows the transaction has added to a table and not removed again. */
function present(context: StatementContext, table: StoredRelation): readonly Batch[] {
  const rows = new Map<string, { readonly row: readonly Value[]; weight: number }>();
  const types = typesOf(table);
  for (const batch of context.transaction.overlay.get(table.id) ?? []) {
    for (let at = 0; at < batch.length; at++) {
      const row = rowValues(batch, at);
      const text = rowText(row, types);
      const weight = must(batch.weights[at], 'weight');
      const entry = rows.get(text);
      if (entry === undefined) rows.set(text, { row, weight });
      else entry.weight += weight;
    }
  }
  const left = [...rows.values()].filter(({ weight }) => weight > 0).map(({ row }) => row);
  return [rowsBatch(table, left, 1)];
}

function bySign(batch: Batch, sign: 1 | -1): Batch {
  const rows: number[] = [];
  for (let row = 0; row < batch.length; row++) {
    if (Math.sign(must(batch.weights[row], 'weight')) === sign) rows.push(row);
  }
  return pickRows(batch, Int32Array.from(rows));
}
