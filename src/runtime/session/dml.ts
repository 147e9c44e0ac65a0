/**
 * INSERT, UPDATE and DELETE: from a plan to uncommitted changes of the transaction.
 *
 * The source query runs on the newest epoch plus the transaction's own changes, under the table's
 * lock; the result is a Z-set delta. Constraints are checked here, and unique keys once more at
 * commit. Rows stay in columns unless a key conflict has to be looked at.
 */
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { Value } from '../../common/values.ts';
import type { CatalogRelation } from '../../planner/catalog.ts';
import { hasSubquery } from '../../planner/expr-tools.ts';
import type {
  ConflictPlan, DeletePlan, InsertPlan, Returning, UpdatePlan,
} from '../../planner/plans.ts';
import { compareValues } from '../../common/types/registry.ts';
import type { Batch } from '../batch.ts';
import { batchOf } from '../batch.ts';
import type { StoredKey, StoredRelation } from '../catalog-store-types.ts';
import { checkRows, duplicateKey } from './constraints.ts';
import { ExtraKeyRows, extraKeySource, extraKeysOf, refuseExtraKeys } from './extra-keys.ts';
import { lockReferences } from './foreign-keys.ts';
import { withSequenceValues } from './identity-columns.ts';
import { rowValues } from './key-text.ts';
import type { StatementResult } from './result.ts';
import { RowCursor, command } from './result.ts';
import type { StatementContext } from './statement-context.ts';
import type { TableKeys } from './table-keys.ts';
import type { RowChange } from './table-changes.ts';
import {
  addRows, changeRows, keysOf, removeRows, replaceRows, takeKeys, typesOf,
} from './table-changes.ts';
import { targetRows } from './target-rows.ts';
import type { LockMode } from './table-locks.ts';

/** Runs INSERT. */
export async function runInsert(
  context: StatementContext, plan: InsertPlan,
): Promise<StatementResult> {
  const table = context.table(plan.table);
  await context.transaction.lock(table.id,
    plan.onConflict === null ? insertLock(table) : 'change');
  await lockReferences(context, table, plan.onConflict === null ? 'insert' : 'change');
  if (seesItself(plan.returning) || plan.onConflict?.kind === 'update') context.freeze();
  const fresh = (await context.runToEnd(plan.source)).map((batch) =>
    withSequenceValues(context, table, plan.sequenced ?? [], batch));
  const evaluator = context.evaluator(typesOf(table));
  for (const batch of fresh) checkRows(table, batch, evaluator);
  if (plan.onConflict !== null) {
    return insertOnConflict(context, plan, { table, fresh, conflict: plan.onConflict });
  }
  addRows(context, table, fresh);
  const count = fresh.reduce((sum, batch) => sum + batch.length, 0);
  return finish(context, {
    returning: plan.returning, rows: fresh, types: typesOf(table), reads: plan.source.reads,
    tag: (rows) => `INSERT 0 ${rows ?? count}`,
  });
}

/** Runs UPDATE. */
export async function runUpdate(
  context: StatementContext, plan: UpdatePlan,
): Promise<StatementResult> {
  const table = context.table(plan.table);
  refuseAppendOnly(table, 'UPDATE');
  await context.transaction.lock(table.id, 'change');
  await lockReferences(context, table, 'change');
  const width = table.columns.length;
  if (seesItself(plan.returning)) context.freeze();
  const pairs = targetRows(context, table, plan.joins, await context.runToEnd(plan.source));
  const changes = pairs.map((batch): RowChange => ({
    old: columnsOf(batch, 0, width, -1), fresh: columnsOf(batch, width, width * 2, 1),
  }));
  await changeRows(context, table, changes);
  const count = changes.reduce((sum, { old }) => sum + old.length, 0);
  return finish(context, {
    returning: plan.returning, rows: pairs, types: plan.source.columns.map(({ type }) => type),
    reads: plan.source.reads,
    tag: (rows) => `UPDATE ${rows ?? count}`,
  });
}

/** Runs DELETE. */
export async function runDelete(
  context: StatementContext, plan: DeletePlan,
): Promise<StatementResult> {
  const table = context.table(plan.table);
  refuseAppendOnly(table, 'DELETE');
  await context.transaction.lock(table.id, 'change');
  await lockReferences(context, table, 'change');
  if (seesItself(plan.returning)) context.freeze();
  const rows = targetRows(context, table, plan.joins, await context.runToEnd(plan.source));
  await removeRows(context, table, rows.map((batch) =>
    columnsOf(batch, 0, table.columns.length, -1)));
  const count = rows.reduce((sum, batch) => sum + batch.length, 0);
  return finish(context, {
    returning: plan.returning, rows, types: plan.source.columns.map(({ type }) => type),
    reads: plan.source.reads,
    tag: (given) => `DELETE ${given ?? count}`,
  });
}

/** Removes every row of tables (TRUNCATE); CASCADE takes those along that refer to them. */
export async function truncateTables(
  context: StatementContext, named: readonly StoredRelation[], cascade: boolean,
): Promise<void> {
  const tables = new Map(named.map((table) => [table.id, table]));
  for (const table of tables.values()) {
    refuseAppendOnly(table, 'TRUNCATE');
    for (const { relation } of context.transaction.catalog.referencesTo(table.id)) {
      if (tables.has(relation.id)) continue;
      if (!cascade) {
        throw sqlError('0A000', 'cannot truncate a table referenced in a foreign key constraint', {
          detail: `Table "${relation.name}" references "${table.name}".`,
          hint: `Truncate table "${relation.name}" at the same time, or use TRUNCATE ... CASCADE.`,
        });
      }
      context.notice('NOTICE', '00000', `truncate cascades to table "${relation.name}"`);
      tables.set(relation.id, relation);
    }
  }
  for (const { id } of tables.values()) await context.transaction.lock(id, 'change');
  for (const { id } of tables.values()) {
    const rows = [...context.snapshot(id)];
    for (const batch of rows) context.transaction.change(id, negated(batch));
  }
}

function negated(batch: Batch): Batch {
  const weights = batch.weights.slice(0, batch.length).map((weight) => -weight);
  return { length: batch.length, columns: batch.columns, weights };
}

/** Adds rows that came by COPY. */
export async function insertRows(
  context: StatementContext, table: StoredRelation, batch: Batch,
): Promise<void> {
  await context.transaction.lock(table.id, insertLock(table));
  await lockReferences(context, table, 'insert');
  checkRows(table, batch, context.evaluator(typesOf(table)));
  addRows(context, table, [batch]);
}

/** Primary keys are checked again at commit, other unique keys here alone: one writer at a time. */
function insertLock(table: StoredRelation): LockMode {
  return table.uniqueKeys.length + extraKeysOf(table).length === 0 ? 'append' : 'change';
}

function refuseAppendOnly(table: CatalogRelation, what: string): void {
  if (!table.appendOnly) return;
  throw sqlError('42809', `cannot execute ${what} on append-only table "${table.name}"`, {
    hint: 'Create the table without APPEND ONLY to change or remove its rows.',
  });
}

interface Finished {
  readonly returning: Returning | null;
  /** The rows RETURNING looks at, and their types. */
  readonly rows: readonly Batch[];
  readonly types: readonly SqlType[];
  /** Relations subqueries of RETURNING may read. */
  readonly reads: readonly number[];
  readonly tag: (rows: number | null) => string;
}

/** RETURNING with subqueries, which see the tables as they were before. */
function seesItself(returning: Returning | null): boolean {
  return returning?.exprs.some(hasSubquery) === true;
}

async function finish(context: StatementContext, finished: Finished): Promise<StatementResult> {
  const { returning, rows, types, reads, tag } = finished;
  if (returning === null) return command(tag(null));
  const given: Batch[] = [];
  for (const batch of rows) {
    given.push(await context.answer({ types, exprs: returning.exprs, where: null, reads }, batch));
  }
  return { kind: 'rows', columns: returning.columns, rows: RowCursor.of(given), tag };
}

function columnsOf(batch: Batch, from: number, to: number, weight: number): Batch {
  return {
    length: batch.length, columns: batch.columns.slice(from, to),
    weights: new Int32Array(batch.length).fill(weight),
  };
}

interface ConflictInsert {
  readonly table: StoredRelation;
  readonly fresh: readonly Batch[];
  readonly conflict: ConflictPlan;
}

/** What became of the rows of one INSERT ... ON CONFLICT. */
interface ConflictOutcome {
  readonly removed: (readonly Value[])[];
  readonly added: (readonly Value[])[];
  /** Keys this command has written: a second UPDATE of one is an error. */
  readonly written: Set<string>;
}

async function insertOnConflict(
  context: StatementContext, plan: InsertPlan, insert: ConflictInsert,
): Promise<StatementResult> {
  const { table, conflict } = insert;
  const types = typesOf(table);
  const keys = context.keys(table, conflict.key);
  const others = keysOf(table).filter((key) => key.join() !== conflict.key.join())
    .map((key): OtherKey => plainKey(context.keys(table, key)));
  for (const key of extraKeysOf(table)) others.push(extraKey(context, table, key));
  const outcome: ConflictOutcome = { removed: [], added: [], written: new Set() };
  for (const batch of insert.fresh) {
    for (let row = 0; row < batch.length; row++) {
      const proposed = rowValues(batch, row);
      const existing = conflict.key.length === 0 ? null : keys.find(proposed);
      const next = existing === null ? null
        : await resolve(context, insert, [existing, proposed], plan.source.reads);
      if (existing === null) addIfFree({ keys, others, outcome }, conflict, proposed);
      else if (next !== null) replaceRow({ keys, outcome, insert }, existing, next);
    }
  }
  const fresh = [batchOf(types, outcome.added)];
  for (const batch of fresh) checkRows(table, batch, context.evaluator(types));
  const removed = batchOf(types, outcome.removed, outcome.removed.map(() => -1));
  refuseOtherKeys(context, table, { conflict, removed, fresh });
  await replaceRows(context, table, removed, must(fresh[0], 'new rows'));
  const count = outcome.added.length;
  return finish(context, {
    returning: plan.returning, rows: fresh, types, reads: plan.source.reads,
    tag: (rows) => `INSERT 0 ${rows ?? count}`,
  });
}

function addIfFree(
  into: { readonly keys: TableKeys; readonly others: readonly OtherKey[];
    readonly outcome: ConflictOutcome },
  conflict: ConflictPlan, row: readonly Value[],
): void {
  const skips = conflict.kind === 'nothing' && conflict.anyKey === true;
  if (!skips || !takenElsewhere(into.others, row)) addRow(into.keys, into.outcome, row);
}

/** True when a row has one of the other keys of another row; else its keys are taken now. */
function takenElsewhere(others: readonly OtherKey[], row: readonly Value[]): boolean {
  if (others.some((keys) => keys.has(row))) return true;
  for (const keys of others) keys.claim(row);
  return false;
}

/** A key that ON CONFLICT is not about. */
interface OtherKey {
  has(row: readonly Value[]): boolean;
  claim(row: readonly Value[]): void;
}

function plainKey(keys: TableKeys): OtherKey {
  return { has: (row) => keys.find(row) !== null, claim: (row) => keys.set(row, true) };
}

function extraKey(context: StatementContext, table: StoredRelation, key: StoredKey): OtherKey {
  const rows = new ExtraKeyRows(extraKeySource(context, table), table, key);
  const types = typesOf(table);
  return {
    has: (row) => rows.has(batchOf(types, [row])),
    claim: (row) => rows.apply(batchOf(types, [row])),
  };
}

/** 23505 where the rows of an INSERT ... ON CONFLICT share a key it is not about. */
function refuseOtherKeys(
  context: StatementContext, table: StoredRelation,
  rows: { readonly conflict: ConflictPlan; readonly removed: Batch;
    readonly fresh: readonly Batch[] },
): void {
  for (const key of keysOf(table)) {
    if (key.join() === rows.conflict.key.join()) continue;
    const taken = context.keys(table, key);
    taken.apply(rows.removed);
    for (const batch of rows.fresh) takeKeys(table, key, taken, batch);
  }
  refuseExtraKeys(context, table, { old: [rows.removed], fresh: rows.fresh });
}

function addRow(keys: TableKeys, outcome: ConflictOutcome, row: readonly Value[]): void {
  outcome.added.push(row);
  const text = keys.textOf(row);
  if (text !== null) outcome.written.add(text);
  keys.set(row, true);
}

interface Replacement {
  readonly keys: TableKeys;
  readonly outcome: ConflictOutcome;
  readonly insert: ConflictInsert;
}

function replaceRow(
  { keys, outcome, insert }: Replacement, existing: readonly Value[], next: readonly Value[],
): void {
  const text = must(keys.textOf(existing), 'key of an existing row');
  if (outcome.written.has(text)) {
    if (insert.conflict.kind === 'update' && insert.conflict.repeats !== true) throw secondTime();
    const own = outcome.added.indexOf(existing);
    if (own >= 0) outcome.added.splice(own, 1);
  } else {
    outcome.removed.push(existing);
  }
  outcome.written.add(text);
  keys.set(existing, false);
  if (keys.find(next) !== null) {
    throw duplicateKey(insert.table, insert.conflict.key, keys.keyOf(next));
  }
  outcome.added.push(next);
  keys.set(next, true);
}

function secondTime(): Error {
  return sqlError('21000', 'ON CONFLICT DO UPDATE command cannot affect row a second time', {
    hint: 'Ensure that no rows proposed for insertion within the same command have duplicate '
      + 'constrained values.',
  });
}

/** The row that takes the place of `existing`, or null to leave it. */
async function resolve(
  context: StatementContext, insert: ConflictInsert,
  [existing, proposed]: readonly [readonly Value[], readonly Value[]], reads: readonly number[],
): Promise<readonly Value[] | null> {
  const { conflict, table } = insert;
  switch (conflict.kind) {
    case 'nothing': return null;
    case 'overwrite': {
      const at = conflict.versionColumn;
      if (at === null) return proposed;
      return newerVersion(table, at, existing, proposed) ? proposed : null;
    }
    case 'update': {
      const types = typesOf(table);
      const both = [...types, ...types];
      const pair = batchOf(both, [[...existing, ...proposed]]);
      const { set: exprs, where } = conflict;
      const result = await context.answer({ types: both, exprs, where, reads }, pair);
      return result.length === 0 ? null : rowValues(result, 0);
    }
  }
}

function newerVersion(
  table: CatalogRelation, at: number, existing: readonly Value[], proposed: readonly Value[],
): boolean {
  const before = existing[at] ?? null;
  const after = proposed[at] ?? null;
  if (before === null) return true;
  if (after === null) return false;
  return compareValues(after, before, must(table.columns[at], 'version column').type) >= 0;
}
