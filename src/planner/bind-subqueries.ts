/**
 * Subqueries as expressions: EXISTS, scalar, IN and op ANY/ALL (SELECT ...).
 *
 * They are bound in place as `subquery` nodes whose relations refer to this level by `outer`
 * columns; taking them apart is a rewrite's work.
 */
import { must } from '../common/assert.ts';
import type { Span } from '../common/span.ts';
import type {
  Exists, Expr, InSubquery, Query, QuantifiedSubquery, ScalarSubquery,
} from '../parser/ast.ts';
import { operatorChoice } from './bind-call-tools.ts';
import type { Binder } from './bind-context.ts';
import { rowFields } from './bind-fields.ts';
import { compareRows, isRow, rowOf } from './bind-rows.ts';
import { coerce } from './coerce.ts';
import { subqueryColumns, syntaxError } from './errors.ts';
import { not } from './expr-tools.ts';
import type { RelationColumn, ScalarExpr } from './relation.ts';
import { BOOLEAN } from './scalar.ts';
import type { BoundRelation } from './scope.ts';

/** EXISTS (SELECT ...) */
export function bindExists(binder: Binder, expr: Exists): ScalarExpr {
  const { relation } = binder.subquery(expr.query);
  return { kind: 'subquery', mode: { kind: 'exists' }, relation, type: BOOLEAN };
}

/** (SELECT ...) as a value; of several columns it is a row. */
export function bindScalarSubquery(binder: Binder, expr: ScalarSubquery): ScalarExpr {
  const bound = binder.subquery(expr.query);
  if (bound.visible !== 1) throw subqueryColumns(expr.query.span);
  const { type } = must(bound.relation.columns[0], 'column');
  return { kind: 'subquery', mode: { kind: 'scalar' }, relation: visibleOnly(bound).relation,
    type };
}

/** The relation without hidden columns. */
export function visibleOnly(bound: BoundRelation): BoundRelation {
  const { relation, visible } = bound;
  if (relation.columns.length === visible) return bound;
  const columns = relation.columns.slice(0, visible);
  return {
    ...bound, facts: bound.facts.slice(0, visible), order: [],
    relation: {
      kind: 'project', input: relation, columns,
      exprs: columns.map((column, index) => ({ kind: 'column', index, type: column.type })),
    },
  };
}

/** a [NOT] IN (SELECT ...) */
export function bindInSubquery(binder: Binder, expr: InSubquery): ScalarExpr {
  const test = quantified(binder, {
    operator: '=', all: false, operand: expr.operand, query: expr.query, span: expr.span,
  });
  return expr.negated ? not(test) : test;
}

/** a op ANY (SELECT ...), a op ALL (SELECT ...) */
export function bindQuantifiedSubquery(binder: Binder, expr: QuantifiedSubquery): ScalarExpr {
  return quantified(binder, {
    operator: expr.operator === '!=' ? '<>' : expr.operator, all: expr.quantifier === 'all',
    operand: expr.operand, query: expr.query, span: expr.span,
  });
}

interface Quantified {
  readonly operator: string;
  readonly all: boolean;
  readonly operand: Expr;
  readonly query: Query;
  readonly span: Span;
}

function quantified(binder: Binder, test: Quantified): ScalarExpr {
  const { state } = binder;
  const lefts = isRow(test.operand) ? must(rowOf(binder, test.operand), 'row')
    : [binder.bind(test.operand)];
  const bound = visibleOnly(binder.subquery(test.query));
  if (bound.visible !== lefts.length) {
    throw syntaxError(bound.visible > lefts.length ? 'subquery has too many columns'
      : 'subquery has too few columns', test.span);
  }
  const site = { name: test.operator, span: test.span };
  const left = lefts.map((each, at) => {
    const column = must(bound.relation.columns[at], 'column');
    const choice = operatorChoice(site, [each, columnAt(column, at)]);
    return coerce(state, each, must(choice.args[0], 'operand type'), 'implicit');
  });
  const columns = bound.relation.columns.map((column, at) => columnAt(column, lefts.length + at));
  const values = left.map((each, index): ScalarExpr => ({
    kind: 'column', index, type: each.type,
  }));
  return {
    kind: 'subquery', relation: bound.relation, type: BOOLEAN,
    mode: {
      kind: 'quantified', all: test.all, left, compare: compareRows(state, site, values, columns),
    },
  };
}

function columnAt(column: RelationColumn, index: number): ScalarExpr {
  return { kind: 'column', index, type: column.type };
}

/** (a, b) op (SELECT x, y): the subquery's one row as a record. */
export function rowSubquery(binder: Binder, query: Query): readonly ScalarExpr[] {
  const bound = visibleOnly(binder.subquery(query));
  const { columns } = bound.relation;
  const type = {
    name: 'record' as const,
    fields: columns.map((column) => ({ name: column.name, type: column.type })),
  };
  const record: ScalarExpr = {
    kind: 'subquery', mode: { kind: 'scalar' }, type,
    relation: {
      kind: 'project', input: bound.relation, columns: [{ name: 'row', type }],
      exprs: [{ kind: 'record', type, fields: columns.map(columnAt) }],
    },
  };
  return rowFields(record);
}
