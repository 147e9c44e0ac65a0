/**
 * ON CONFLICT of INSERT and of CREATE TABLE: the key it is about and what happens to its row.
 */
import { must } from '../common/assert.ts';
import { sqlError } from '../common/errors.ts';
import type { Assignment, Expr, OnConflict } from '../parser/ast.ts';
import type { StatementState } from './bind-context.ts';
import { exprBinder } from './bind-expr.ts';
import { newStatement } from './bind-query.ts';
import { compareRows } from './bind-rows.ts';
import type { PlanEnv } from './bound.ts';
import type { CatalogColumn, CatalogRelation } from './catalog.ts';
import { coerceBoolean } from './coerce.ts';
import { notSupported, syntaxError } from './errors.ts';
import { isNull, orAll } from './expr-tools.ts';
import type { ConflictPlan } from './plans.ts';
import type { ScalarExpr } from './relation.ts';
import { Scope } from './scope.ts';
import { bindAssignments, newRow } from './statements-assign.ts';
import type { ChangePlace } from './statements-targets.ts';
import { columnNumberOf, tableItem } from './statements-targets.ts';
import { tableTarget } from './statements-views.ts';
import type { ChangeTarget } from './statements-views.ts';

/** Binds ON CONFLICT; null when no key can ever be taken. */
export function bindConflict(
  place: ChangePlace, conflict: OnConflict, target: ChangeTarget, name: string,
): ConflictPlan | null {
  const { state } = place;
  const { table } = target;
  const key = conflictKey(conflict, target);
  switch (conflict.action) {
    case 'nothing':
      if (key === null) {
        return hasExtraKeys(table) ? { kind: 'nothing', key: [], anyKey: true } : null;
      }
      return conflict.target.length === 0 && conflict.constraint === null
        ? { kind: 'nothing', key, anyKey: true } : { kind: 'nothing', key };
    case 'overwrite': {
      const [first, second] = conflict.versionColumns;
      if (second !== undefined) return versioned(state, conflict, table, must(key, 'key'));
      return {
        kind: 'overwrite', key: must(key, 'key'),
        versionColumn: first === undefined ? null : columnNumberOf(target, first),
      };
    }
    case 'overwriteNonNull': return versioned(state, conflict, table, must(key, 'key'));
    case 'update':
      return updateRow(place, { set: conflict.set, where: conflict.where }, {
        target, name, key: must(key, 'key'),
      });
  }
}

/**
 * DO UPDATE IF NOT NULL (NULLs of the new row leave the old values) and several version columns:
 * the row changes unless its version, compared as a row, is newer than the new one's.
 */
function versioned(
  state: StatementState, conflict: OnConflict, table: CatalogRelation, key: readonly number[],
): ConflictPlan {
  const width = table.columns.length;
  const keep = conflict.action === 'overwriteNonNull';
  const set = table.columns.map(({ type }, index): ScalarExpr => {
    const fresh: ScalarExpr = { kind: 'column', index: width + index, type };
    if (!keep) return fresh;
    return { kind: 'coalesce', type, args: [fresh, { kind: 'column', index, type }] };
  });
  const versions = conflict.versionColumns.map((name) =>
    columnNumberOf(tableTarget(table), name));
  const first = versions[0];
  if (first === undefined) return { kind: 'update', key, set, where: null, repeats: true };
  const side = (from: number): ScalarExpr[] => versions.map((at) => ({
    kind: 'column', index: from + at, type: must(table.columns[at], 'version column').type,
  }));
  const newer = compareRows(state, { name: '>=', span: conflict.span }, side(width), side(0));
  const where = orAll([isNull(must(side(0)[0], 'version')), newer]);
  return { kind: 'update', key, set, where, repeats: true };
}

/** ON CONFLICT of CREATE TABLE beyond what the simple forms say. */
export function bindTableConflict(
  conflict: OnConflict,
  table: { readonly columns: readonly CatalogColumn[]; readonly key: readonly number[] },
  env: PlanEnv,
): ConflictPlan {
  const state = newStatement({ ...env, view: false });
  return versioned(state, conflict, {
    id: 0, schema: '', name: '', kind: 'table', columns: table.columns, primaryKey: table.key,
    uniqueKeys: [], checks: [], appendOnly: false, watermark: null, columnWatermarks: [],
    definition: null, stored: true,
  }, table.key);
}

function updateRow(
  { state, withs }: ChangePlace,
  what: { readonly set: readonly Assignment[]; readonly where: Expr | null },
  row: { readonly target: ChangeTarget; readonly name: string; readonly key: readonly number[] },
): ConflictPlan {
  const { target, key } = row;
  const { table } = target;
  if (target.checks.length > 0) {
    throw notSupported('ON CONFLICT DO UPDATE of a view WITH CHECK OPTION', undefined);
  }
  const scope = new Scope(null);
  scope.items = [
    tableItem(target, row.name, 0),
    tableItem(target, 'excluded', table.columns.length),
  ];
  const binder = exprBinder(state, { scope, withs, clause: 'UPDATE' });
  // A column name alone in SET's expressions or WHERE is ambiguous, as in PostgreSQL.
  const set = newRow(table, bindAssignments(binder, target, what.set), (at): ScalarExpr => ({
    kind: 'column', index: at, type: must(table.columns[at], 'column').type,
  }));
  const where = what.where === null ? null
    : coerceBoolean(state, binder.within('WHERE').bind(what.where), 'WHERE');
  return { kind: 'update', key, set, where };
}

/** The key a conflict is about; null for DO NOTHING on a table without keys. */
function conflictKey(
  conflict: OnConflict, target: ChangeTarget,
): readonly number[] | null {
  const { table } = target;
  const keys = table.primaryKey === null ? table.uniqueKeys
    : [table.primaryKey, ...table.uniqueKeys];
  if (conflict.constraint !== null) return constraintKey(conflict, table, keys);
  if (conflict.target.length === 0) {
    if (conflict.action === 'update') {
      throw syntaxError('ON CONFLICT DO UPDATE requires inference specification or constraint name',
        conflict.span, 'For example, ON CONFLICT (column_name).');
    }
    const first = keys[0];
    if (first === undefined && conflict.action !== 'nothing') throw noKey(conflict);
    return first ?? null;
  }
  const columns = conflict.target.map((expr) => {
    const name = expr.kind === 'columnRef' ? expr.parts.at(-1) : undefined;
    if (name === undefined) throw notSupported('an expression in ON CONFLICT', expr.span);
    return columnNumberOf(target, name);
  });
  const wanted = new Set(columns);
  const key = keys.find((each) => each.length === wanted.size
    && each.every((at) => wanted.has(at)));
  if (key !== undefined) return key;
  // A key over all rows serves whatever WHERE says; one over a part of them is not looked for.
  if (conflict.targetWhere === null || !hasExtraKeys(table)) throw noKey(conflict);
  throw notSupported('ON CONFLICT with WHERE on its target', conflict.targetWhere.span);
}

function hasExtraKeys({ extraKeys }: CatalogRelation): boolean {
  return (extraKeys ?? []).length > 0;
}

function constraintKey(
  conflict: OnConflict, table: CatalogRelation, keys: readonly (readonly number[])[],
): readonly number[] {
  const name = must(conflict.constraint, 'constraint').name;
  const at = keys.findIndex((key, index) => name === (table.keyNames?.[index]
    ?? defaultKeyName(table, key)));
  const key = keys[at];
  if (key !== undefined) return key;
  throw sqlError('42704', `constraint "${name}" for table "${table.name}" does not exist`, {
    span: conflict.constraint?.span,
  });
}

/** The name PostgreSQL gives the constraint of a key. */
function defaultKeyName(table: CatalogRelation, key: readonly number[]): string {
  if (key === table.primaryKey) return `${table.name}_pkey`;
  const names = key.map((at) => must(table.columns[at], 'column').name);
  return `${table.name}_${names.join('_')}_key`;
}

function noKey(conflict: OnConflict): Error {
  return sqlError('42P10',
    'there is no unique or exclusion constraint matching the ON CONFLICT specification',
    { span: conflict.span });
}
