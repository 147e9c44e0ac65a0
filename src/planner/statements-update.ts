/**
 * UPDATE and DELETE: queries over the target table joined with FROM or USING.
 *
 * UPDATE gives old row ++ new row, DELETE the old row; both in the table's column order.
 */
import { must } from '../common/assert.ts';
import type { Delete, Expr, FromItem, TableRef, Update, WithClause } from '../parser/ast.ts';
import type { Binder, StatementState } from './bind-context.ts';
import { exprBinder } from './bind-expr.ts';
import { bindFrom } from './bind-from.ts';
import { bindWith } from './bind-with.ts';
import type { BoundQuery } from './bound.ts';
import type { CatalogRelation } from './catalog.ts';
import { coerceBoolean } from './coerce.ts';
import { notSupported } from './errors.ts';
import type { Returning } from './plans.ts';
import type { Relation, RelationColumn, ScalarExpr } from './relation.ts';
import { filter } from './relation-tools.ts';
import { Scope } from './scope.ts';
import { bindAssignments, newRow } from './statements-assign.ts';
import { bindReturning, targetTable } from './statements-targets.ts';

/** A bound UPDATE or DELETE. */
export interface BoundChange {
  readonly table: CatalogRelation;
  readonly source: BoundQuery;
  readonly returning: Returning | null;
}

interface Joined {
  readonly table: CatalogRelation;
  readonly name: string;
  readonly relation: Relation;
  readonly binder: Binder;
}

interface Change {
  readonly with: WithClause | null;
  readonly target: TableRef;
  readonly others: readonly FromItem[];
  readonly where: Expr | null;
}

/** The target joined with the other items, filtered; its columns come first. */
function joined(state: StatementState, change: Change, table: CatalogRelation): Joined {
  const { target } = change;
  if (target.asOf !== null) throw notSupported('AS OF in a data change', target.asOf.span);
  const withs = bindWith(state, change.with, { outer: null, withs: null, carry: false });
  const from = bindFrom({ state, withs, outer: null, lateral: null },
    [target, ...change.others]);
  const scope = new Scope(null);
  scope.items = from.items;
  scope.facts = from.facts;
  const binder = exprBinder(state, { scope, withs, clause: 'UPDATE' });
  const where = change.where === null ? null
    : coerceBoolean(state, binder.within('WHERE').bind(change.where), 'WHERE');
  return {
    table, name: target.alias?.name.name ?? table.name, binder,
    relation: where === null ? from.relation : filter(from.relation, where),
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

/** Binds UPDATE. */
export function bindUpdate(state: StatementState, update: Update): BoundChange {
  const table = targetTable(state, update.table.name, 'update');
  const change = joined(state, {
    with: update.with, target: update.table, others: update.from, where: update.where,
  }, table);
  const values = bindAssignments(change.binder, table, update.set);
  const exprs = [
    ...table.columns.map((_column, at) => oldColumn(table, at)),
    ...newRow(table, values, (at) => oldColumn(table, at)),
  ];
  const returning = bindReturning(state, update.returning, {
    table, name: change.name, offset: table.columns.length,
  });
  return {
    table, returning,
    source: boundSource(state, table, {
      kind: 'project', input: change.relation, exprs,
      columns: [...columnsOf(table), ...columnsOf(table)],
    }),
  };
}

/** Binds DELETE. */
export function bindDelete(state: StatementState, statement: Delete): BoundChange {
  const table = targetTable(state, statement.table.name, 'delete from');
  const change = joined(state, {
    with: statement.with, target: statement.table, others: statement.using,
    where: statement.where,
  }, table);
  const returning = bindReturning(state, statement.returning, {
    table, name: change.name, offset: 0,
  });
  return {
    table, returning,
    source: boundSource(state, table, {
      kind: 'project', input: change.relation, columns: columnsOf(table),
      exprs: table.columns.map((_column, at) => oldColumn(table, at)),
    }),
  };
}
