/**
 * INSERT: a query that gives every column of the table, in order.
 *
 * VALUES rows are coerced value by value, as PostgreSQL does; a SELECT's columns as a whole.
 * Columns that were not named take their defaults; generated ones are computed from the finished
 * row.
 */
import { must } from '../common/assert.ts';
import type { Span } from '../common/span.ts';
import type { Insert, InsertColumn, Query, Values } from '../parser/ast.ts';
import type { QueryPlace, StatementState, WithNames } from './bind-context.ts';
import { exprBinder } from './bind-expr.ts';
import { bindOnce } from './bind-top.ts';
import { bindWith } from './bind-with.ts';
import type { BoundQuery } from './bound.ts';
import type { CatalogColumn, CatalogRelation } from './catalog.ts';
import { syntaxError } from './errors.ts';
import { mapColumns, nullOf } from './expr-tools.ts';
import type { ConflictPlan, Returning } from './plans.ts';
import type { Relation, RelationColumn, ScalarExpr } from './relation.ts';
import { Scope } from './scope.ts';
import { bindConflict } from './statements-conflict.ts';
import { bindPart, withPart } from './statements-parts.ts';
import type { ColumnPart } from './statements-parts.ts';
import {
  assign, bindReturning, columnNumberOf, defaultOf, duplicateColumn, generatedValue, tableColumn,
} from './statements-targets.ts';
import { changeTarget, checkedRows, writableColumn } from './statements-views.ts';
import type { ChangeTarget } from './statements-views.ts';

/** A bound INSERT. */
export interface BoundInsert {
  readonly table: CatalogRelation;
  readonly source: BoundQuery;
  readonly onConflict: ConflictPlan | null;
  readonly returning: Returning | null;
  readonly sequenced: readonly number[];
}

interface Target {
  readonly into: ChangeTarget;
  /** Table columns the source gives, in its order. */
  readonly columns: readonly number[];
  /** By place in `columns`: the part of the column that is given, null: all of it. */
  readonly parts: readonly (ColumnPart | null)[];
  readonly overriding: Insert['overriding'];
}

/** Binds INSERT. */
export function bindInsert(
  state: StatementState, insert: Insert, around: WithNames | null = null,
): BoundInsert {
  const into = changeTarget(state, insert.table, 'insert into');
  const { table, shown } = into;
  const withs = bindWith(state, insert.with, { outer: null, withs: around, carry: false });
  const place: QueryPlace = { outer: null, withs, carry: false };
  const source = sourceOf(state, insert, into, place);
  const name = insert.alias?.name ?? shown.name;
  const onConflict = insert.onConflict === null ? table.onConflict ?? null
    : bindConflict({ state, withs }, insert.onConflict, into, name);
  const returning = bindReturning({ state, withs }, insert.returning, {
    target: into, name, offset: 0, others: [],
  });
  return {
    table, onConflict, returning,
    source: { ...source, reads: [...state.reads], parameters: state.parameters() },
    sequenced: table.columns.flatMap((column, at) => (column.identity === null ? [] : [at])),
  };
}

function sourceOf(
  state: StatementState, insert: Insert, into: ChangeTarget, place: QueryPlace,
): BoundQuery {
  const query = insert.source;
  if (query === null) {
    return wholeRows(state, { into, columns: [], parts: [], overriding: null }, {
      kind: 'values', columns: [], rows: [[]],
    });
  }
  const values = plainValues(query);
  if (values !== null) return valuesSource(state, insert, values, { into, place });
  return querySource(state, insert, query, { into, place });
}

/** A bare VALUES list, whose values are coerced one by one. */
function plainValues(query: Query): Values | null {
  const plain = query.with === null && query.orderBy.length === 0 && query.limit === null
    && query.offset === null;
  return plain && query.body.kind === 'values' ? query.body : null;
}

/** The target columns: those named, else the first ones of the table. */
function targetColumns(
  into: ChangeTarget, named: readonly InsertColumn[], width: number, span: Span,
): readonly number[] {
  if (named.length === 0) {
    if (width > into.columns.length) {
      throw syntaxError('INSERT has more expressions than target columns', span);
    }
    return into.columns.slice(0, width).map((_column, at) => writableColumn(into, at));
  }
  const seen = new Set<number>();
  const columns = named.map((column) => {
    const at = columnNumberOf(into, column.name);
    if (seen.has(at) && column.access.length === 0) throw duplicateColumn(column.name);
    seen.add(at);
    return at;
  });
  if (width > columns.length) {
    throw syntaxError('INSERT has more expressions than target columns', span);
  }
  if (width < columns.length) {
    throw syntaxError('INSERT has more target columns than expressions',
      named[width]?.span ?? span);
  }
  return columns;
}

/** The parts that are named in the target list. */
function targetParts(
  where: Into & { readonly state: StatementState },
  named: readonly InsertColumn[], columns: readonly number[],
): readonly (ColumnPart | null)[] {
  const binder = exprBinder(where.state, {
    scope: new Scope(null), withs: where.place.withs, clause: 'VALUES',
  });
  return columns.map((number, at) => {
    const access = named[at]?.access[0];
    return access === undefined ? null
      : bindPart(binder, tableColumn(where.into.table, number), access);
  });
}

/** A target column, or the part of it that is given, as a column to assign to. */
function givenColumn({ into, columns, parts }: Target, at: number): CatalogColumn {
  const column = tableColumn(into.table, must(columns[at], 'target column'));
  const part = parts[at] ?? null;
  return part === null ? column : { ...column, type: part.type, defaultExpr: null };
}

interface Into {
  readonly into: ChangeTarget;
  readonly place: QueryPlace;
}

function valuesSource(
  state: StatementState, insert: Insert, values: Values, where: Into,
): BoundQuery {
  const { into, place } = where;
  const first = must(values.rows[0], 'row of VALUES');
  const columns = targetColumns(into, insert.columns, first.length,
    first.at(-1)?.span ?? values.span);
  const binder = exprBinder(state, {
    scope: new Scope(null), withs: place.withs, clause: 'VALUES',
  });
  const parts = targetParts({ state, place, into }, insert.columns, columns);
  const target: Target = { into, columns, parts, overriding: insert.overriding };
  const rows = values.rows.map((row) => {
    if (row.length !== columns.length) {
      throw syntaxError('VALUES lists must all be the same length', row[0]?.span ?? values.span);
    }
    return row.map((expr, at): ScalarExpr => {
      const column = givenColumn(target, at);
      if (expr.kind === 'default') return defaultOf(column);
      refuseGenerated(target, must(columns[at], 'target column'), expr.span);
      return assign(state, column, binder.bind(expr), expr.span);
    });
  });
  const types = columns.map((_number, at) => {
    const { name, type } = givenColumn(target, at);
    return { name, type };
  });
  return wholeRows(state, target, { kind: 'values', rows, columns: types });
}

function refuseGenerated(target: Target, at: number, span: Span): void {
  const column = tableColumn(target.into.table, at);
  const refused = column.generated !== null
    || (column.identity === 'always' && target.overriding === null);
  if (refused) throw generatedValue(column, span);
}

function querySource(
  state: StatementState, insert: Insert, query: Query, where: Into,
): BoundQuery {
  const { into, place } = where;
  const { table } = into;
  const wanted = insert.columns.length > 0
    ? insert.columns.map((column) => columnNumberOf(into, column.name))
    : into.columns.flatMap(({ at }) => (at === null ? [] : [at]));
  const bound = bindOnce(state, query, {
    ...place, targets: wanted.map((at) => tableColumn(table, at).type),
  });
  const columns = targetColumns(into, insert.columns, bound.columns.length, query.span);
  const parts = targetParts({ state, place, into }, insert.columns, columns);
  const target: Target = { into, columns, parts, overriding: insert.overriding };
  for (const at of columns) refuseGenerated(target, at, query.span);
  const given = columns.map((_at, index): ScalarExpr => assign(state, givenColumn(target, index), {
    kind: 'column', index, type: must(bound.relation.columns[index], 'column').type,
  }, query.span));
  const keys = bound.orderBy.map((key): ScalarExpr => ({
    kind: 'column', index: key.column,
    type: must(bound.relation.columns[key.column], 'sort column').type,
  }));
  const whole = wholeRows(state, target, {
    kind: 'project', input: bound.relation, exprs: [...given, ...keys],
    columns: [...columns.map((_at, index): RelationColumn => {
      const { name, type } = givenColumn(target, index);
      return { name, type };
    }), ...keys.map((key, at) => ({ name: `$sort${at}`, type: key.type }))],
  });
  return {
    ...whole, limit: bound.limit, offset: bound.offset, withTies: bound.withTies,
    orderBy: bound.orderBy.map((key, at) => ({ ...key, column: table.columns.length + at })),
    notices: bound.notices,
  };
}

/** A column of which parts are given; the rest of it is NULL. */
function ofParts(state: StatementState, { into, columns, parts }: Target, at: number): ScalarExpr {
  let value = nullOf(tableColumn(into.table, at).type);
  for (const [index, number] of columns.entries()) {
    const part = parts[index] ?? null;
    if (number !== at || part === null) continue;
    value = withPart(state, part.steps, value, { kind: 'column', index, type: part.type });
  }
  return value;
}

/** Rows of the target columns (and hidden ones behind them) made into whole rows of the table. */
function wholeRows(
  state: StatementState, target: Target, given: Relation,
): BoundQuery {
  const { table } = target.into;
  const override = (at: number): boolean =>
    target.overriding === 'user' && tableColumn(table, at).identity !== null;
  const exprs = table.columns.map((column, at): ScalarExpr => {
    const index = target.columns.indexOf(at);
    if (index < 0 || override(at)) return defaultOf(column);
    if ((target.parts[index] ?? null) !== null) return ofParts(state, target, at);
    return { kind: 'column', index, type: column.type };
  });
  const finished = exprs.map((expr, at) => {
    const { generated } = tableColumn(table, at);
    return generated === null ? expr
      : mapColumns(generated, (index) => must(exprs[index], 'column of the row'));
  });
  const hidden = given.columns.slice(target.columns.length);
  const columns: RelationColumn[] = [
    ...table.columns.map((column) => ({ name: column.name, type: column.type })), ...hidden,
  ];
  return {
    columns: table.columns.map((column, at) => ({
      name: column.name, type: column.type, relation: table.id, attribute: at + 1,
    })),
    relation: checkedRows(target.into, {
      kind: 'project', input: given, columns,
      exprs: [...finished, ...hidden.map((column, at): ScalarExpr => ({
        kind: 'column', index: target.columns.length + at, type: column.type,
      }))],
    }, 0),
    orderBy: [], limit: null, offset: null, withTies: false,
    emit: { kind: 'changes', everyMicros: null }, reads: [...state.reads],
    parameters: state.parameters(), notices: state.notices,
  };
}
