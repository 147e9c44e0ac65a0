/**
 * What INSERT, UPDATE and DELETE have in common: the target table, its columns, assignments and
 * RETURNING.
 */
import { must } from '../common/assert.ts';
import { sqlError } from '../common/errors.ts';
import type { Span } from '../common/span.ts';
import type { SelectItem } from '../parser/ast.ts';
import type { Identifier, QualifiedName } from '../parser/ast-leaves.ts';
import type { StatementState, WithNames } from './bind-context.ts';
import { exprBinder } from './bind-expr.ts';
import { findRelation } from './bind-tables.ts';
import { bindTargets } from './bind-targets.ts';
import { typeText } from './bind-types.ts';
import type { CatalogColumn, CatalogRelation } from './catalog.ts';
import { tryCoerce } from './coerce.ts';
import { assignmentMismatch } from './errors.ts';
import { defaultExprOf } from './functions/domain.ts';
import type { Returning } from './plans.ts';
import type { ScalarExpr } from './relation.ts';
import { Scope } from './scope.ts';
import type { ScopeItem } from './scope.ts';

/** The table a data change is about; views and system relations are refused. */
export function targetTable(
  state: StatementState, name: QualifiedName, verb: 'insert into' | 'update' | 'delete from',
): CatalogRelation {
  const relation = findRelation(state.catalog, name);
  const { span } = name;
  switch (relation.kind) {
    case 'table': return relation;
    case 'view':
      throw sqlError('55000', `cannot ${verb} view "${relation.name}"`, {
        span, hint: 'Change the tables the view reads.',
      });
    case 'materializedView':
      throw sqlError('42809', `cannot change materialized view "${relation.name}"`, { span });
    case 'source':
      throw sqlError('42809', `cannot ${verb} source "${relation.name}"`, {
        span, hint: 'Rows of a source come from outside; use a table to write to.',
      });
    case 'system':
      throw sqlError('42501', `permission denied for table ${relation.name}`, { span });
  }
}

/** The number of a target column. */
export function columnNumberOf(table: CatalogRelation, name: Identifier): number {
  const at = table.columns.findIndex((column) => column.name === name.name);
  if (at >= 0) return at;
  throw sqlError('42703',
    `column "${name.name}" of relation "${table.name}" does not exist`, { span: name.span });
}

/** A column of a table by number. */
export function tableColumn(table: CatalogRelation, at: number): CatalogColumn {
  return must(table.columns[at], 'table column');
}

/** A value as a column takes it, length and precision included. */
export function assign(
  state: StatementState, column: CatalogColumn, expr: ScalarExpr, span?: Span,
): ScalarExpr {
  const result = tryCoerce(state, expr, column.type, 'assignment');
  if (result !== null) return result;
  throw assignmentMismatch(column.name, [typeText(column.type), typeText(expr.type)],
    state.spanOf(expr) ?? span);
}

/** What DEFAULT means for a column; identity columns get NULL, which their sequence fills. */
export function defaultOf(column: CatalogColumn): ScalarExpr {
  return defaultExprOf(column) ?? { kind: 'literal', value: null, type: column.type };
}

/** The table's columns as a FROM item, numbered from `offset`. */
export function tableItem(
  table: CatalogRelation, name: string, offset: number,
): ScopeItem {
  return {
    name, schema: name === table.name ? table.schema : null, tableVisible: true,
    columnsVisible: true, key: null,
    columns: table.columns.map((column, at) => ({
      name: column.name, expr: { kind: 'column', index: offset + at, type: column.type },
    })),
  };
}

/** Where the parts of a data change stand: its statement, and the names of its WITH. */
export interface ChangePlace {
  readonly state: StatementState;
  readonly withs: WithNames | null;
}

/** The rows RETURNING sees: the table's columns from `offset` on, then those of other items. */
export interface ReturnedRow {
  readonly table: CatalogRelation;
  readonly name: string;
  readonly offset: number;
  /** Items of FROM and USING, over columns of the same rows. */
  readonly others: readonly ScopeItem[];
}

/** Binds RETURNING. */
export function bindReturning(
  place: ChangePlace, items: readonly SelectItem[], row: ReturnedRow,
): Returning | null {
  if (items.length === 0) return null;
  const { table, offset } = row;
  const scope = new Scope(null);
  const allowed = place.state.catalog.reading?.(table.id, null) ?? null;
  const item = tableItem(table, row.name, offset);
  const columns = item.columns.map((column) => (allowed?.has(column.name) === false
    ? { ...column, denied: `table ${table.name}` } : column));
  scope.items = [{ ...item, columns }, ...row.others];
  const binder = exprBinder(place.state, { scope, withs: place.withs, clause: 'RETURNING' });
  const targets = bindTargets(binder, items, {});
  return {
    exprs: targets.map((target) => target.expr),
    columns: targets.map(({ name, expr }) => {
      const at = expr.kind === 'column' ? expr.index - offset : -1;
      const own = at >= 0 && at < table.columns.length;
      return {
        name, type: expr.type, relation: own ? table.id : 0, attribute: own ? at + 1 : 0,
      };
    }),
  };
}

/** 42701 for a column named twice. */
export function duplicateColumn(name: Identifier): Error {
  return sqlError('42701', `column "${name.name}" specified more than once`, { span: name.span });
}

/** 428C9: a value for a column that computes its own. */
export function generatedValue(column: CatalogColumn, span: Span): Error {
  return sqlError('428C9', `cannot insert a non-DEFAULT value into column "${column.name}"`, {
    span,
    detail: column.generated !== null ? `Column "${column.name}" is a generated column.`
      : `Column "${column.name}" is an identity column defined as GENERATED ALWAYS.`,
    hint: column.generated !== null ? undefined : 'Use OVERRIDING SYSTEM VALUE to override.',
  });
}
