/**
 * What INSERT, UPDATE and DELETE have in common: the target table, its columns, assignments and
 * RETURNING.
 */
import { must } from '../common/assert.ts';
import { sqlError } from '../common/errors.ts';
import type { Span } from '../common/span.ts';
import type { SelectItem } from '../parser/ast.ts';
import type { Identifier } from '../parser/ast-leaves.ts';
import type { StatementState, WithNames } from './bind-context.ts';
import { exprBinder } from './bind-expr.ts';
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
import { scopeColumns, writableColumn } from './statements-views.ts';
import type { ChangeTarget } from './statements-views.ts';

/** The number of a target column in its table. */
export function columnNumberOf(target: ChangeTarget, name: Identifier): number {
  const at = target.columns.findIndex((column) => column.name === name.name);
  if (at >= 0) return writableColumn(target, at);
  throw sqlError('42703',
    `column "${name.name}" of relation "${target.shown.name}" does not exist`,
    { span: name.span });
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

/** The target's columns as a FROM item, those of its table numbered from `offset`. */
export function tableItem(
  target: ChangeTarget, name: string, offset: number,
): ScopeItem {
  const { shown } = target;
  return {
    name, schema: name === shown.name ? shown.schema : null, tableVisible: true,
    columnsVisible: true, key: null, columns: scopeColumns(target, offset),
  };
}

/** Where the parts of a data change stand: its statement, and the names of its WITH. */
export interface ChangePlace {
  readonly state: StatementState;
  readonly withs: WithNames | null;
}

/** The rows RETURNING sees: the table's columns from `offset` on, then those of other items. */
export interface ReturnedRow {
  readonly target: ChangeTarget;
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
  const { target, offset } = row;
  const { shown, table } = target;
  const scope = new Scope(null);
  const allowed = place.state.catalog.reading?.(shown.id, null) ?? null;
  const item = tableItem(target, row.name, offset);
  const columns = item.columns.map((column) => (allowed?.has(column.name) === false
    ? { ...column, denied: `${shown.kind} ${shown.name}` } : column));
  scope.items = [{ ...item, columns }, ...row.others];
  const binder = exprBinder(place.state, { scope, withs: place.withs, clause: 'RETURNING' });
  const targets = bindTargets(binder, items, {});
  return {
    exprs: targets.map((target) => target.expr),
    columns: targets.map(({ name, expr }) => {
      const at = expr.kind === 'column' ? expr.index - offset : -1;
      const own = at >= 0 && at < table.columns.length && shown === table;
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
