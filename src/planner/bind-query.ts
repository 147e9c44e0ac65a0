/**
 * Queries below the top: WITH, bodies, ORDER BY, LIMIT; wired into the statement's state.
 *
 * A LIMIT in a subquery is a topN node. ORDER BY alone orders nothing in a bag, but is passed on to
 * order-sensitive aggregates above.
 */
import { assertNever, must } from '../common/assert.ts';
import { sqlError } from '../common/errors.ts';
import type { SqlType } from '../common/types/sql-type.ts';
import type { Expr, Query, QueryBody, SortItem } from '../parser/ast.ts';
import type { TableQuery } from '../parser/ast-leaves.ts';
import type { CatalogReader } from './catalog.ts';
import { StatementState } from './bind-context.ts';
import type { QueryPlace, TopChanges } from './bind-context.ts';
import { exprBinder } from './bind-expr.ts';
import { bindSelect } from './bind-select.ts';
import { combineBranches } from './bind-set-operations.ts';
import { resolveSort } from './bind-sort-keys.ts';
import { sortsDescending, sortsNullsFirst } from './bind-sorting.ts';
import { bindTableRef } from './bind-tables.ts';
import { bindValues } from './bind-values.ts';
import { bindWith } from './bind-with.ts';
import { INT8, typeText } from './bind-types.ts';
import { tryCoerce } from './coerce.ts';
import { notSupported, refused, syntaxError } from './errors.ts';
import { evaluateConstant } from './fold.ts';
import { bindMoment } from './bind-moment.ts';
import type { ScalarExpr, SortKey } from './relation.ts';
import { isComputedCount, numberedRange } from './row-range.ts';
import { readable, Scope } from './scope.ts';
import type { BoundRelation } from './scope.ts';

/** The state of a new statement. */
export function newStatement(options: {
  readonly catalog: CatalogReader; readonly view: boolean;
  readonly parameterTypes?: readonly (SqlType | null)[] | undefined;
  readonly changes?: TopChanges | undefined;
}): StatementState {
  return new StatementState({ ...options, bindQuery });
}

/** Binds a query in a place below the top, LIMIT included. */
export function bindQuery(
  state: StatementState, query: Query, place: QueryPlace,
): BoundRelation {
  if (query.emit !== null) {
    throw refused('EMIT is allowed at the end of a view only', query.emit.span,
      'Make a view of the subquery with an EMIT clause of its own.');
  }
  const before = state.asOf;
  if (query.asOf !== null) state.asOf = bindMoment(state, query.asOf);
  try {
    return limited(state, query, place, bindOrdered(state, query, place));
  } finally {
    state.asOf = before;
  }
}

/** Binds a query without its LIMIT; hidden sort columns follow the visible ones. */
export function bindOrdered(
  state: StatementState, query: Query, place: QueryPlace,
): BoundRelation {
  if (query.options.length > 0) {
    const first = must(query.options[0], 'option');
    throw notSupported(`the query option "${first.name}"`, first.span);
  }
  const withs = bindWith(state, query.with, place);
  return bindBody(state, query.body, { ...place, withs }, query.orderBy);
}

function bindBody(
  state: StatementState, body: QueryBody, place: QueryPlace, orderBy: readonly SortItem[],
): BoundRelation {
  switch (body.kind) {
    case 'select': return bindSelect(state, body, place, orderBy);
    case 'values': return sorted(state, bindValues(state, body, place), place, orderBy);
    case 'tableQuery': return sorted(state, bindTable(state, body, place), place, orderBy);
    case 'query': return sorted(state, state.bindQuery(body, place), place, orderBy);
    case 'setOperation': {
      const inner = { ...place, targets: undefined, branch: true };
      const left = state.nested(() => bindBody(state, body.left, inner, []));
      const right = state.nested(() => bindBody(state, body.right, inner, []));
      return sorted(state, combineBranches(state, body, left, right), place, orderBy);
    }
    default: return assertNever(body);
  }
}

function bindTable(
  state: StatementState, table: TableQuery, place: QueryPlace,
): BoundRelation {
  const piece = bindTableRef({ state, withs: place.withs, outer: place.outer, lateral: null }, {
    kind: 'tableRef', span: table.span, name: table.name, only: false, alias: null, asOf: null,
    sample: null,
  });
  const { columns } = must(piece.items[0], 'table');
  for (const column of columns) readable(column);
  return { relation: piece.relation, facts: piece.facts, order: [], visible: columns.length };
}

/** ORDER BY over the output columns alone: names and ordinals; else expressions over them. */
function sorted(
  state: StatementState, bound: BoundRelation, place: QueryPlace, orderBy: readonly SortItem[],
): BoundRelation {
  if (orderBy.length === 0) return bound;
  const scope = new Scope(place.outer);
  const targets = bound.relation.columns.slice(0, bound.visible).map((column, index) => ({
    name: column.name, expr: { kind: 'column' as const, index, type: column.type },
  }));
  scope.items = [{
    name: null, schema: null, columns: targets, tableVisible: false, columnsVisible: true,
    key: null,
  }];
  const binder = exprBinder(state, { scope, withs: place.withs, clause: 'ORDER BY' });
  const order = orderBy.map((item): SortKey => {
    const found = resolveSort(binder, item.expr, targets, 'ORDER BY');
    if (found.target === null) {
      throw sqlError('0A000', 'invalid UNION/INTERSECT/EXCEPT ORDER BY clause', {
        span: item.span,
        detail: 'Only result column names can be used, not expressions or functions.',
        hint: 'Add the expression/function to every SELECT, or move the UNION into a FROM clause.',
      });
    }
    return {
      column: found.target, descending: sortsDescending(item), nullsFirst: sortsNullsFirst(item),
    };
  });
  return { ...bound, order };
}

// -------------------------------------------------------------------------------------- LIMIT

/** LIMIT or OFFSET as an int8 without columns; null for none. */
export function bindCount(
  state: StatementState, expr: Expr | null, clause: 'LIMIT' | 'OFFSET', place: QueryPlace,
): ScalarExpr | null {
  if (expr === null) return null;
  const binder = exprBinder(state, {
    scope: new Scope(place.outer), withs: place.withs, clause,
  });
  const bound = binder.bind(expr);
  const count = tryCoerce(state, bound, INT8, 'assignment');
  if (count === null) {
    throw sqlError('42804',
      `argument of ${clause} must be type bigint, not type ${typeText(bound.type)}`,
      { span: expr.span });
  }
  return count;
}

/** The value of a constant count; null stands for none. */
export function countValue(
  state: StatementState, count: ScalarExpr | null, clause: 'LIMIT' | 'OFFSET',
): bigint | null {
  if (count === null) return null;
  let value;
  try {
    value = evaluateConstant(count, state.evaluation);
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('no constant')) {
      throw notSupported(`${clause} that is no constant in a view or subquery`,
        state.spanOf(count));
    }
    throw error;
  }
  if (value === null) return null;
  if (typeof value === 'bigint' && value >= 0n) return value;
  throw sqlError(clause === 'LIMIT' ? '2201W' : '2201X', `${clause} must not be negative`, {
    span: state.spanOf(count),
  });
}

/** The query with its LIMIT and OFFSET as a topN node. */
export function limited(
  state: StatementState, query: Query, place: QueryPlace, bound: BoundRelation,
): BoundRelation {
  const counts = {
    limit: bindCount(state, query.limit, 'LIMIT', place),
    offset: bindCount(state, query.offset, 'OFFSET', place),
  };
  if (isComputedCount(counts.limit) || isComputedCount(counts.offset)) {
    const range = { ...counts, orderBy: bound.order, withTies: query.withTies };
    return { ...bound, relation: numberedRange(bound.relation, range) };
  }
  const limit = countValue(state, counts.limit, 'LIMIT');
  const offset = countValue(state, counts.offset, 'OFFSET') ?? 0n;
  if (query.withTies && bound.order.length === 0) {
    throw syntaxError('WITH TIES cannot be specified without ORDER BY clause', query.span);
  }
  if (limit === null && offset === 0n) return bound;
  return {
    ...bound,
    relation: {
      kind: 'topN', input: bound.relation, partitionBy: [], orderBy: bound.order, limit, offset,
      withTies: query.withTies, rank: 'none', columns: bound.relation.columns,
    },
  };
}
