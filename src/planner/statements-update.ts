/**
 * UPDATE and DELETE: queries over the target table joined with FROM or USING.
 *
 * UPDATE gives old row ++ new row, DELETE the old row; both in the table's column order.
 */
import { must } from '../common/assert.ts';
import type { Delete, Expr, FromItem, TableRef, Update, WithClause } from '../parser/ast.ts';
import type { Identifier } from '../parser/ast-leaves.ts';
import type { Binder, StatementState, WithNames } from './bind-context.ts';
import { exprBinder } from './bind-expr.ts';
import { bindFrom } from './bind-from.ts';
import { bindWith } from './bind-with.ts';
import type { BoundQuery } from './bound.ts';
import type { CatalogRelation } from './catalog.ts';
import { coerceBoolean } from './coerce.ts';
import { notSupported } from './errors.ts';
import { shiftColumns } from './expr-tools.ts';
import type { Returning } from './plans.ts';
import type { Relation, RelationColumn, ScalarExpr } from './relation.ts';
import { filter } from './relation-tools.ts';
import { Scope } from './scope.ts';
import type { ScopeItem } from './scope.ts';
import { bindAssignments, newRow } from './statements-assign.ts';
import type { ChangePlace } from './statements-targets.ts';
import { bindReturning, tableItem } from './statements-targets.ts';
import { changeTarget, checkedRows } from './statements-views.ts';
import type { ChangeTarget } from './statements-views.ts';

/** A bound UPDATE or DELETE. */
export interface BoundChange {
  readonly table: CatalogRelation;
  readonly source: BoundQuery;
  readonly returning: Returning | null;
  /** FROM or USING is there: a row may come several times. */
  readonly joins: boolean;
}

interface Joined {
  readonly into: ChangeTarget;
  readonly table: CatalogRelation;
  readonly name: string;
  readonly relation: Relation;
  readonly binder: Binder;
  /** Items of FROM or USING, over the columns behind the table's. */
  readonly others: readonly ScopeItem[];
}

interface Change {
  readonly with: WithClause | null;
  readonly target: TableRef;
  readonly others: readonly FromItem[];
  readonly where: Expr | null;
}

/** The target joined with the other items, filtered; its columns come first. */
function joined(
  { state, withs: around }: ChangePlace, change: Change, into: ChangeTarget,
): Joined {
  const { target } = change;
  const { table, shown } = into;
  const name = target.alias?.name.name ?? shown.name;
  if (target.asOf !== null) throw notSupported('AS OF in a data change', target.asOf.span);
  const withs = bindWith(state, change.with, { outer: null, withs: around, carry: false });
  const from = bindFrom({ state, withs, outer: null, lateral: null },
    [stored(target, into), ...change.others]);
  const scope = new Scope(null);
  scope.items = shown === table ? from.items
    : [tableItem(into, name, 0), ...from.items.slice(1)];
  scope.facts = from.facts;
  const binder = exprBinder(state, { scope, withs, clause: 'UPDATE' });
  const where = change.where === null ? null
    : coerceBoolean(state, binder.within('WHERE').bind(change.where), 'WHERE');
  const conditions = [...into.filters, ...where === null ? [] : [where]];
  return {
    into, table, name, binder, others: from.items.slice(1),
    relation: conditions.reduce(filter, from.relation),
  };
}

/** The table behind a view, under the name the statement has for the view. */
function stored(target: TableRef, { table, shown }: ChangeTarget): TableRef {
  if (shown === table) return target;
  const { span } = target.name;
  const identifier = (name: string): Identifier => ({ kind: 'identifier', name, span });
  return {
    ...target, name: {
      ...target.name, parts: [identifier(table.schema), identifier(table.name)],
    },
    alias: target.alias ?? { kind: 'alias', name: identifier(shown.name), columns: [], span },
  };
}

function oldColumn(table: CatalogRelation, at: number): ScalarExpr {
  return { kind: 'column', index: at, type: must(table.columns[at], 'column').type };
}

function boundSource(
  state: StatementState, table: CatalogRelation, relation: Relation,
): BoundQuery {
  const width = table.columns.length;
  return {
    relation, orderBy: [], limit: null, offset: null, withTies: false,
    columns: relation.columns.map((column, at) => ({
      name: column.name, type: column.type, relation: table.id, attribute: (at % width) + 1,
    })),
    emit: { kind: 'changes', everyMicros: null }, reads: [...state.reads],
    parameters: state.parameters(), notices: state.notices,
  };
}

function columnsOf(table: CatalogRelation): RelationColumn[] {
  return table.columns.map((column) => ({ name: column.name, type: column.type }));
}

/** The columns behind the table's own, for RETURNING; none when nothing is returned. */
function otherColumns(
  change: Joined, wanted: boolean,
): { readonly columns: readonly RelationColumn[]; readonly exprs: readonly ScalarExpr[] } {
  const width = change.table.columns.length;
  const columns = wanted && change.others.length > 0 ? change.relation.columns.slice(width) : [];
  return {
    columns,
    exprs: columns.map(({ type }, at) => ({ kind: 'column', index: width + at, type })),
  };
}

/** Items with their columns `by` places further back. */
function shifted(items: readonly ScopeItem[], by: number): readonly ScopeItem[] {
  return items.map((item) => ({
    ...item,
    columns: item.columns.map((column) => ({ ...column, expr: shiftColumns(column.expr, by) })),
  }));
}

/** Binds UPDATE. */
export function bindUpdate(
  state: StatementState, update: Update, around: WithNames | null = null,
): BoundChange {
  const into = changeTarget(state, update.table.name, 'update');
  const { table } = into;
  const change = joined({ state, withs: around }, {
    with: update.with, target: update.table, others: update.from, where: update.where,
  }, into);
  const values = bindAssignments(change.binder, into, update.set);
  const width = table.columns.length;
  const others = otherColumns(change, update.returning.length > 0);
  const exprs = [
    ...table.columns.map((_column, at) => oldColumn(table, at)),
    ...newRow(table, values, (at) => oldColumn(table, at)), ...others.exprs,
  ];
  const returning = bindReturning(change.binder, update.returning, {
    target: into, name: change.name, offset: width, others: shifted(change.others, width),
  });
  return {
    table, returning, joins: update.from.length > 0,
    source: boundSource(state, table, checkedRows(into, {
      kind: 'project', input: change.relation, exprs,
      columns: [...columnsOf(table), ...columnsOf(table), ...others.columns],
    }, width)),
  };
}

/** Binds DELETE. */
export function bindDelete(
  state: StatementState, statement: Delete, around: WithNames | null = null,
): BoundChange {
  const into = changeTarget(state, statement.table.name, 'delete from');
  const { table } = into;
  const change = joined({ state, withs: around }, {
    with: statement.with, target: statement.table, others: statement.using,
    where: statement.where,
  }, into);
  const others = otherColumns(change, statement.returning.length > 0);
  const returning = bindReturning(change.binder, statement.returning, {
    target: into, name: change.name, offset: 0, others: change.others,
  });
  return {
    table, returning, joins: statement.using.length > 0,
    source: boundSource(state, table, {
      kind: 'project', input: change.relation, columns: [...columnsOf(table), ...others.columns],
      exprs: [...table.columns.map((_column, at) => oldColumn(table, at)), ...others.exprs],
    }),
  };
}
