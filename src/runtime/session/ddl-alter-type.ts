/**
 * ALTER TABLE ... ALTER COLUMN ... TYPE [USING]: the column's values are converted row by row.
 *
 * Checks, generated columns and the default are read again with the new type. Views that read the
 * column hold it back, as in PostgreSQL.
 */
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import { formatType } from '../../common/types/registry.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { AlterColumn } from '../../parser/ast-definitions.ts';
import { bindConversion, castTo, retyped } from '../../planner/bind-conversion.ts';
import type { CatalogColumn } from '../../planner/catalog.ts';
import { columnsUsed } from '../../planner/expr-tools.ts';
import { bindTypeName } from '../../planner/planner.ts';
import type { ScalarExpr } from '../../planner/relation.ts';
import type { ColumnMapping, StoredRelation } from '../catalog-store-types.ts';
import { checkRows } from './constraints.ts';
import { computedColumn, partsUse } from './ddl-alter-columns.ts';
import { relationLabel } from './relation-label.ts';
import type { StatementContext } from './statement-context.ts';

/** ALTER COLUMN ... [SET DATA] TYPE ... [USING ...]. */
export function changeType(
  context: StatementContext, relation: StoredRelation, action: AlterColumn, at: number,
): void {
  const column = must(relation.columns[at], 'column');
  const type = bindTypeName(must(action.type, 'new type'), context.planning);
  refuseUses(context, relation, at);
  const conversion = bindConversion({
    table: relation.name, columns: relation.columns, at, type, using: action.value,
  }, context.planning);
  const changed: CatalogColumn = {
    ...column, type, defaultExpr: defaultAs(context, column, type),
  };
  const columns = relation.columns.with(at, changed);
  const read = (expr: ScalarExpr): ScalarExpr => retyped(expr, columns, context.planning);
  const checks = relation.checks.map((check) =>
    (columnsUsed(check.expr).has(at) ? { ...check, expr: read(check.expr) } : check));
  const next: StoredRelation = { ...relation, columns, checks };
  const mapping = relation.columns.map((_column, index): ColumnMapping =>
    (index === at ? computedColumn(context, conversion) : { kind: 'column', column: index }));
  checkConverted(context, relation, next, { at, conversion });
  context.transaction.define({ kind: 'rewriteTable', columns: mapping, relation: next });
}

/** Converts the rows that are there once, so that errors are the statement's own. */
function checkConverted(
  context: StatementContext, relation: StoredRelation, next: StoredRelation,
  of: { readonly at: number; readonly conversion: ScalarExpr },
): void {
  const before = context.evaluator(relation.columns.map(({ type }) => type));
  const after = context.evaluator(next.columns.map(({ type }) => type));
  for (const batch of context.snapshot(relation.id)) {
    const [converted] = before.evaluate([of.conversion], batch).columns;
    checkRows(next, {
      ...batch, columns: batch.columns.with(of.at, must(converted, 'converted column')),
    }, after);
  }
}

function defaultAs(
  context: StatementContext, column: CatalogColumn, type: SqlType,
): ScalarExpr | null {
  if (column.defaultExpr === null) return null;
  const cast = castTo(column.defaultExpr, type, context.planning);
  if (cast !== null) return cast;
  throw sqlError('42804', `default for column "${column.name}" cannot be cast automatically to `
    + `type ${formatType(type)}`);
}

/** What reads the column and would have to be planned again. */
function refuseUses(context: StatementContext, relation: StoredRelation, at: number): void {
  const { catalog } = context.transaction;
  const column = must(relation.columns[at], 'column');
  const generated = relation.columns.find((each) =>
    each.generated !== null && columnsUsed(each.generated).has(at));
  if (column.generated !== null || generated !== undefined) {
    throw sqlError('0A000', generated === undefined
      ? 'cannot alter type of a generated column'
      : 'cannot alter type of a column used by a generated column', {
      detail: generated === undefined ? undefined
        : `Column "${column.name}" is used by generated column "${generated.name}".`,
    });
  }
  for (const { id } of catalog.dependants(relation.id)) {
    const reader = catalog.relation(id);
    if (reader === null || reader.belongsTo === relation.id) continue;
    throw sqlError('0A000', 'cannot alter type of a column used by a view or rule', {
      detail: `rule _RETURN on ${relationLabel(reader)} depends on column "${column.name}"`,
    });
  }
  const index = catalog.indexesOf(relation.id).find((each) =>
    each.parts !== undefined && partsUse(each, at));
  if (index !== undefined) {
    throw sqlError('0A000', `cannot alter type of a column used by index "${index.name}"`, {
      hint: 'Drop the index, change the type, and create the index again.',
    });
  }
  const keys = [...(relation.foreignKeys ?? []).map((key) => key.columns),
    ...catalog.referencesTo(relation.id).map(({ key }) => key.targetColumns)];
  if (relation.watermark?.column === at || keys.some((key) => key.includes(at))
    || relation.onConflict !== null) {
    throw sqlError('0A000', 'cannot alter type of a column used by a watermark, a foreign key or '
      + 'ON CONFLICT', { hint: 'Create a new table and copy the rows.' });
  }
}
