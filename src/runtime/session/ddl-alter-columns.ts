/**
 * ALTER TABLE ... ADD COLUMN and DROP COLUMN: the rows are written anew.
 *
 * Views go on: the engine moves the column numbers of materialized ones, and a plain view's * is
 * the columns there were when it was made. A column that a view reads cannot go.
 */
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import type { Value } from '../../common/values.ts';
import type { AlterAddColumn, AlterDropColumn } from '../../parser/ast-definitions.ts';
import { columnsUsed, mapColumns } from '../../planner/expr-tools.ts';
import { defaultExprOf } from '../../planner/functions/domain.ts';
import { evaluateConstant, evaluateOver } from '../../planner/fold.ts';
import { isVolatile } from '../../planner/function-facts.ts';
import type { ScalarExpr } from '../../planner/relation.ts';
import type {
  ColumnMapping, StoredIndex, StoredKey, StoredRelation,
} from '../catalog-store-types.ts';
import { ownerOfSequence } from '../catalog-store.ts';
import { moveColumnGrants } from './column-grants.ts';
import { checkName } from './constraints.ts';
import { afterDrop, readsColumn } from './column-readers.ts';
import { columnParts, columnType } from './ddl-columns.ts';
import { addConstraint } from './ddl-keys.ts';
import { dropAll } from './drop-dependants.ts';
import { foreignKey, referenceLabel, withoutForeignKey } from './ddl-references.ts';
import { fillColumn } from './fill-column.ts';
import { identitySequence } from './identity-sequence.ts';
import { rowValues } from './key-text.ts';
import { relationLabel } from './relation-label.ts';
import type { StatementContext } from './statement-context.ts';

/** ALTER TABLE ... ADD COLUMN. */
export async function addColumn(
  context: StatementContext, relation: StoredRelation, action: AlterAddColumn,
): Promise<void> {
  requireTable(relation, 'ADD COLUMN');
  const { name } = action.column.name;
  if (relation.columns.some((column) => column.name === name)) {
    if (!action.ifNotExists) {
      throw sqlError('42701', `column "${name}" of relation "${relation.name}" already exists`);
    }
    context.notice('NOTICE', '42701',
      `column "${name}" of relation "${relation.name}" already exists, skipping`);
    return;
  }
  refuseDerived(context, action);
  refuseOldViews(context, relation);
  const { type } = columnType(context, action.column);
  const parts = columnParts(context, action.column, {
    table: relation.name,
    columns: type === null ? relation.columns : [...relation.columns, { name, type }],
  });
  const { column } = parts;
  const given = defaultExprOf(column);
  // Each row gets a value of its own, once the column is there.
  const ownValues = column.identity !== null || (given !== null && isVolatile(given));
  const value = given === null || ownValues ? null : evaluateConstant(given, context.evaluation);
  const rows = [...context.snapshot(relation.id)].some((batch) => batch.length > 0);
  if (column.notNull && value === null && column.generated === null && rows && !ownValues) {
    throw sqlError('23502', `column "${name}" of relation "${relation.name}" contains null values`);
  }
  const taken = new Set(relation.checks.map((check) => check.name));
  const checks = parts.checks.map(({ name: given, expr }) => ({
    expr, name: given === '' ? checkName(relation.name, [...relation.columns, column], expr, taken)
      : given,
  }));
  if (!ownValues) refuseBrokenChecks(context, relation, checks, value);
  const mapping: ColumnMapping[] = relation.columns.map((_old, at) => ({
    kind: 'column', column: at,
  }));
  mapping.push(column.generated === null ? { kind: 'value', value }
    : computedColumn(context, column.generated));
  context.transaction.define({
    kind: 'rewriteTable', columns: mapping,
    relation: {
      ...relation, columns: [...relation.columns, column],
      checks: [...relation.checks, ...checks],
    },
  });
  if (column.identity !== null) numbered(context, relation.id, action);
  if (ownValues && rows) fillColumn(context, relation.id);
  await addKeys(context, relation.id, action);
}

/** `c AS expr` is a form of CREATE TABLE; a column that is added has PostgreSQL's spelling. */
function refuseDerived(context: StatementContext, action: AlterAddColumn): void {
  for (const { kind, span } of action.column.constraints) {
    if (kind !== 'generatedConstraint' || !/^as\b/i.test(context.text.slice(span.start))) continue;
    throw sqlError('42601', 'syntax error at or near "AS"', {
      span: { start: span.start, end: span.start + 2 },
      hint: 'Write GENERATED ALWAYS AS (...) STORED.',
    });
  }
}

/** The sequence of a new identity column. */
function numbered(context: StatementContext, id: number, action: AlterAddColumn): void {
  const changed = must(context.transaction.catalog.relation(id), 'table');
  const at = changed.columns.length - 1;
  const column = must(changed.columns[at], 'column');
  const sequence = context.core.catalog.allocate();
  const identity = action.column.constraints.find((each) => each.kind === 'identityConstraint');
  context.transaction.define(identitySequence(context, changed, {
    sequence, column: column.name, type: column.type, options: identity?.options ?? [],
  }), { kind: 'alterRelation', relation: {
    ...changed, sequences: [...changed.sequences ?? [], { column: at, sequence }],
  } });
}

/** Keys and references that stand with a new column; PRIMARY KEY and UNIQUE look at its rows. */
async function addKeys(
  context: StatementContext, id: number, action: AlterAddColumn,
): Promise<void> {
  const keys = action.column.constraints.filter((each) =>
    each.kind === 'keyConstraint' || each.kind === 'referencesConstraint');
  if (keys.length === 0) return;
  const changed = must(context.transaction.catalog.relation(id), 'table');
  const at = changed.columns.length - 1;
  for (const constraint of keys) {
    const current = must(context.transaction.catalog.relation(id), 'table');
    if (constraint.kind === 'referencesConstraint') {
      const key = foreignKey(context, current, { constraint, columns: [at] });
      context.transaction.define({ kind: 'alterRelation', relation: {
        ...current, foreignKeys: [...current.foreignKeys ?? [], key],
      } });
    } else {
      await addConstraint(context, current, { ...constraint, columns: [action.column.name] });
    }
  }
}

/** A column computed from the others, row by row. */
export function computedColumn(context: StatementContext, expr: ScalarExpr): ColumnMapping {
  const { timeZone, dateStyle, intervalStyle, extraFloatDigits, now } = context.evaluation;
  return {
    kind: 'expr', expr, evaluation: { timeZone, dateStyle, intervalStyle, extraFloatDigits, now },
  };
}

/** ALTER TABLE ... DROP COLUMN. */
export function dropColumn(
  context: StatementContext, relation: StoredRelation, action: AlterDropColumn,
): void {
  requireTable(relation, 'DROP COLUMN');
  const { name } = action.name;
  if (action.ifExists && !relation.columns.some((column) => column.name === name)) {
    context.notice('NOTICE', '00000',
      `column "${name}" of relation "${relation.name}" does not exist, skipping`);
    return;
  }
  const gone = columnNumber(relation, name);
  readersWithout(context, relation, gone, action.cascade);
  const computed = computedFrom(relation, gone, action.cascade);
  if (computed !== null) {
    const also = must(relation.columns[computed], 'generated column').name;
    dropColumn(context, relation, { ...action, name: { ...action.name, name: also } });
    const left = must(context.transaction.catalog.relation(relation.id), 'table');
    dropColumn(context, left, action);
    return;
  }
  moveColumnGrants(context, relation.id, { from: name, to: null });
  if (relation.onConflict !== null) {
    throw sqlError('0A000', 'DROP COLUMN of a table with ON CONFLICT is not supported', {
      span: action.span, hint: 'Create a new table and copy the rows.',
    });
  }
  if (relation.watermark?.column === gone) {
    throw sqlError('2BP01', `cannot drop column ${name} because the table's watermark needs it`);
  }
  dropAt(context, relation, gone, action.cascade);
}

/** A generated column that is computed from another; without CASCADE it holds that one back. */
function computedFrom(relation: StoredRelation, gone: number, cascade: boolean): number | null {
  const at = relation.columns.findIndex(({ generated }) =>
    generated !== null && columnsUsed(generated).has(gone));
  if (at < 0) return null;
  if (cascade) return at;
  const what = `column ${must(relation.columns[gone], 'column').name} of ${
    relationLabel(relation)}`;
  throw sqlError('2BP01', `cannot drop ${what} because other objects depend on it`, {
    detail: `column ${must(relation.columns[at], 'column').name} of ${relationLabel(relation)} `
      + `depends on ${what}`,
    hint: 'Use DROP ... CASCADE to drop the dependent objects too.',
  });
}

function dropAt(
  context: StatementContext, relation: StoredRelation, gone: number, cascade: boolean,
): void {
  const move = (at: number): number => at > gone ? at - 1 : at;
  const moved = (expr: ScalarExpr): ScalarExpr => mapColumns(expr, (index, type) => ({
    kind: 'column', index: move(index), type,
  }));
  const keep = (key: readonly number[]): boolean => !key.includes(gone);
  moveReferences(context, relation, gone, cascade);
  moveSequences(context, relation, gone);
  for (const index of context.transaction.catalog.indexesOf(relation.id)) {
    context.transaction.define(keep(index.columns) && !partsUse(index, gone)
      ? { kind: 'putIndex', index: movedIndex(index, move, moved) }
      : { kind: 'dropIndex', id: index.id });
  }
  context.transaction.define({
    kind: 'rewriteTable',
    columns: relation.columns.flatMap((_column, at): ColumnMapping[] => at === gone ? []
      : [{ kind: 'column', column: at }]),
    relation: {
      ...relation,
      columns: relation.columns.filter((_column, at) => at !== gone).map((column) => ({
        ...column, generated: column.generated === null ? null : moved(column.generated),
      })),
      checks: relation.checks.filter(({ expr }) => !columnsUsed(expr).has(gone))
        .map((check) => ({ ...check, expr: moved(check.expr) })),
      primaryKey: relation.primaryKey !== null && keep(relation.primaryKey)
        ? relation.primaryKey.map(move) : null,
      uniqueKeys: relation.uniqueKeys.filter(keep).map((key) => key.map(move)),
      keyNames: keptNames(relation, keep),
      extraKeys: (relation.extraKeys ?? []).filter((key) => !keyUses(key, gone)).map((key) => ({
        ...key, exprs: key.exprs.map(moved), where: key.where === null ? null : moved(key.where),
      })),
      foreignKeys: (relation.foreignKeys ?? []).filter(({ columns, target, targetColumns }) =>
        keep(columns) && (target !== relation.id || keep(targetColumns)))
        .map((key) => ({
          ...key, columns: key.columns.map(move),
          targetColumns: key.target === relation.id ? key.targetColumns.map(move)
            : key.targetColumns,
        })),
      watermark: relation.watermark === null ? null
        : { ...relation.watermark, column: move(relation.watermark.column) },
      sequences: (relation.sequences ?? []).filter((entry) => entry.column !== gone)
        .map((entry) => ({ ...entry, column: move(entry.column) })),
    },
  });
}

/** A column takes its sequences along when it goes. */
function moveSequences(context: StatementContext, relation: StoredRelation, gone: number): void {
  const own = (relation.sequences ?? []).filter(({ column }) => column === gone);
  for (const { sequence } of own) context.transaction.define({ kind: 'dropObject', id: sequence });
  for (const object of context.transaction.catalog.objects.values()) {
    const owned = ownerOfSequence(object);
    if (owned?.relation !== relation.id || owned.column < gone) continue;
    context.transaction.define(owned.column === gone ? { kind: 'dropObject', id: object.id }
      : { kind: 'putObject', object: { ...object,
        data: { ...object.data, owned: { ...owned, column: owned.column - 1 } } } });
  }
}

function keyUses({ exprs, where }: StoredKey, at: number): boolean {
  return [...exprs, ...where === null ? [] : [where]].some((expr) => columnsUsed(expr).has(at));
}

/** True when an expression or the predicate of an index uses a column. */
export function partsUse({ parts, where, include }: StoredIndex, at: number): boolean {
  const exprs = [...(parts ?? []).map(({ expr }) => expr), ...where == null ? [] : [where]];
  return exprs.some((expr) => columnsUsed(expr).has(at)) || include?.includes(at) === true;
}

function movedIndex(
  index: StoredIndex, move: (at: number) => number, moved: (expr: ScalarExpr) => ScalarExpr,
): StoredIndex {
  const { parts, where, include, ...rest } = index;
  return {
    ...rest, columns: index.columns.map(move),
    ...parts === undefined ? {} : { parts: parts.map((part) =>
      ({ ...part, expr: moved(part.expr) })) },
    ...where == null ? {} : { where: moved(where) },
    ...include === undefined ? {} : { include: include.map(move) },
  };
}

/** Foreign keys of other tables follow the columns they refer to, or go with CASCADE. */
function moveReferences(
  context: StatementContext, relation: StoredRelation, gone: number, cascade: boolean,
): void {
  const move = (at: number): number => at > gone ? at - 1 : at;
  for (const reference of context.transaction.catalog.referencesTo(relation.id)) {
    const { relation: other, key } = reference;
    if (other.id === relation.id
      && (!key.targetColumns.includes(gone) || key.columns.includes(gone))) continue;
    if (!key.targetColumns.includes(gone)) {
      const foreignKeys = (other.foreignKeys ?? []).map((each) => each.id !== key.id ? each
        : { ...each, targetColumns: each.targetColumns.map(move) });
      context.transaction.define({ kind: 'alterRelation', relation: { ...other, foreignKeys } });
      continue;
    }
    const what = `column ${must(relation.columns[gone], 'column').name} of ${
      relationLabel(relation)}`;
    if (!cascade) {
      throw sqlError('2BP01', `cannot drop ${what} because other objects depend on it`, {
        detail: `${referenceLabel(reference)} depends on ${what}`,
        hint: 'Use DROP ... CASCADE to drop the dependent objects too.',
      });
    }
    context.notice('NOTICE', '00000', `drop cascades to ${referenceLabel(reference)}`);
    if (other.id === relation.id) continue;
    context.transaction.define({
      kind: 'alterRelation', relation: withoutForeignKey(other, key.id),
    });
  }
}

/** Checks of a new column hold for the rows there are, which get its default. */
function refuseBrokenChecks(
  context: StatementContext, relation: StoredRelation, checks: StoredRelation['checks'],
  value: Value,
): void {
  if (checks.length === 0) return;
  for (const batch of context.snapshot(relation.id)) {
    for (let row = 0; row < batch.length; row++) {
      const values = [...rowValues(batch, row), value];
      const broken = checks.find(({ expr }) =>
        evaluateOver(expr, values, context.evaluation) === false);
      if (broken === undefined) continue;
      throw sqlError('23514', `check constraint "${broken.name}" of relation "${relation.name}" is `
        + 'violated by some row', {
        schema: relation.schema, table: relation.name, constraint: broken.name,
      });
    }
  }
}

/** A plain view made before its columns were noted would take a new column into its *. */
function refuseOldViews(context: StatementContext, relation: StoredRelation): void {
  for (const reader of readersOf(context, relation)) {
    const widths = reader.definition?.widths;
    if (reader.kind === 'materializedView' || widths !== undefined) continue;
    throw dependsError(relation, reader, `cannot add a column to ${relationLabel(relation)}`);
  }
}

/** Views that read a column hold it back, or go with CASCADE; the others do without it. */
function readersWithout(
  context: StatementContext, relation: StoredRelation, gone: number, cascade: boolean,
): void {
  const { name } = must(relation.columns[gone], 'column');
  const what = `column ${name} of ${relationLabel(relation)}`;
  for (const reader of readersOf(context, relation)) {
    if (context.transaction.catalog.relation(reader.id) === null) continue;
    if (!readsColumn(context, reader, relation, gone)) {
      const after = afterDrop(reader, relation.id, gone);
      if (after !== reader) context.transaction.define({ kind: 'alterRelation', relation: after });
      continue;
    }
    if (!cascade) throw dependsError(relation, reader, `cannot drop ${what}`, what);
    dropAll(context, context.transaction.catalog.allDependants(reader.id));
    context.notice('NOTICE', '00000', `drop cascades to ${relationLabel(reader)}`);
    context.transaction.define({ kind: 'dropRelation', id: reader.id });
  }
}

function readersOf(
  context: StatementContext, relation: StoredRelation,
): readonly StoredRelation[] {
  const { catalog } = context.transaction;
  return catalog.dependants(relation.id).flatMap((each) => catalog.relation(each.id) ?? []);
}

function dependsError(
  relation: StoredRelation, reader: StoredRelation, what: string,
  on: string = relationLabel(relation),
): Error {
  return sqlError('2BP01', `${what} because other objects depend on it`, {
    detail: `${relationLabel(reader)} depends on ${on}`,
    hint: 'Drop the view first, and create it again afterwards.',
  });
}

function keptNames(
  relation: StoredRelation, keep: (key: readonly number[]) => boolean,
): readonly string[] {
  const keys = relation.primaryKey === null ? relation.uniqueKeys
    : [relation.primaryKey, ...relation.uniqueKeys];
  return keys.flatMap((key, at) => keep(key) ? [relation.keyNames?.[at] ?? ''] : []);
}

/** The number of a column; 42703 when there is none of that name. */
export function columnNumber(relation: StoredRelation, name: string): number {
  const at = relation.columns.findIndex((column) => column.name === name);
  if (at >= 0) return at;
  throw sqlError('42703', `column "${name}" of relation "${relation.name}" does not exist`);
}

/** 42809 for what only tables that own their rows can do. */
export function requireTable(relation: StoredRelation, what: string): void {
  if (relation.kind === 'table' && relation.connector === null) return;
  throw sqlError('42809', `${what} is not possible for ${relationLabel(relation)}`, {
    hint: 'Use CREATE OR REPLACE for views.',
  });
}
