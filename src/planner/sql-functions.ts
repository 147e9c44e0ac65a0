/**
 * Functions in SQL: a call is replaced by the function's query, with the arguments in place of its
 * parameters. What is left is planned like any other query; nothing is called while rows flow.
 *
 * The query is bound in a scope of its own that holds the parameters under their names and as $1,
 * $2, ...; references to them are then replaced by the arguments, as deep as they stand.
 */
import { must } from '../common/assert.ts';
import { SqlError, sqlError } from '../common/errors.ts';
import { formatType } from '../common/types/registry.ts';
import type { Span } from '../common/span.ts';
import type { SqlType } from '../common/types/sql-type.ts';
import { parseStatements } from '../parser/parse.ts';
import type { Query } from '../parser/ast.ts';
import type { StatementState } from './bind-context.ts';
import { mapDeep, mapRelationDeep } from './bind-levels.ts';
import { visibleOnly } from './bind-subqueries.ts';
import { tryCoerce } from './coerce.ts';
import { isNull, nullOf, orAll } from './expr-tools.ts';
import type { UserFunction } from './functions/user-function.ts';
import type { Relation, ScalarExpr } from './relation.ts';
import { Scope, liftExpr } from './scope.ts';
import type { BoundRelation, ScopeColumn } from './scope.ts';

/** A call of a function in SQL. */
export interface SqlCall {
  readonly user: UserFunction;
  /** As the parameters' types have them. */
  readonly args: readonly ScalarExpr[];
  readonly span: Span;
}

/** The value of a call: the first row of the function's query, or NULL. */
export function inlinedValue(state: StatementState, call: SqlCall): ScalarExpr {
  const { user, args } = call;
  const bound = bindBody(state, call);
  const plain = plainValue(bound.relation);
  const result = plain === null
    ? mapDeep(typed(state, user, { kind: 'subquery', mode: { kind: 'scalar' },
      relation: firstRow(bound.relation), type: columnType(bound) }),
      (node, depth) => (node.kind === 'outer' && node.depth === depth
        ? liftExpr(must(args[node.index], 'argument'), depth) : null))
    : mapDeep(typed(state, user, plain), (node, depth) => (
      node.kind === 'outer' && node.depth === depth + 1
        ? liftExpr(must(args[node.index], 'argument'), depth) : null));
  if (!user.strict || args.length === 0) return result;
  return {
    kind: 'case', type: user.result, otherwise: result,
    whens: [{ when: orAll(args.map(isNull)), then: nullOf(user.result) }],
  };
}

/** The rows of a call in FROM; the arguments stand one level above them. */
export function inlinedRows(state: StatementState, call: SqlCall): Relation {
  const { user, args } = call;
  const { relation } = bindBody(state, call);
  if (relation.columns.length !== user.columns.length) throw mismatch(user, relation);
  const exprs = relation.columns.map(({ type }, index): ScalarExpr => {
    const wanted = must(user.columns[index], 'column');
    const expr = tryCoerce(state, { kind: 'column', index, type }, wanted.type, 'assignment');
    if (expr === null) throw mismatch(user, relation);
    return expr;
  });
  const rows: Relation = { kind: 'project', input: relation, exprs, columns: user.columns };
  return mapRelationDeep(rows, (node, depth) => (
    node.kind === 'outer' && node.depth === depth
      ? liftExpr(must(args[node.index], 'argument'), depth - 1) : null), 1);
}

function bindBody(state: StatementState, { user, span }: SqlCall): BoundRelation {
  const scope = new Scope(null);
  scope.items = [{
    name: user.name, schema: null, tableVisible: true, columnsVisible: true, key: null,
    columns: user.args.flatMap((type, index): ScopeColumn[] => {
      const expr: ScalarExpr = { kind: 'column', index, type };
      const name = user.argNames[index] ?? '';
      return [...(name === '' ? [] : [{ name, expr }]), { name: `$${index + 1}`, expr }];
    }),
  }];
  try {
    return visibleOnly(state.bindQuery(bodyOf(user), { outer: scope, withs: null, carry: false }));
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    // Places in the body are no places in the statement.
    throw error.with({ span, position: undefined });
  }
}

/** The one query of a function, with its $1 as names. */
function bodyOf(user: UserFunction): Query {
  const [only, more] = parseStatements(user.body);
  if (only === undefined || only.statement.kind !== 'query' || more !== undefined) {
    throw sqlError('0A000', 'a function in SQL that is not one query is not supported', {
      hint: 'Write a single SELECT.',
    });
  }
  return withNames(only.statement) as Query;
}

function withNames(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withNames);
  if (typeof node !== 'object' || node === null) return node;
  if ('kind' in node && node.kind === 'parameter' && 'index' in node && 'span' in node) {
    return {
      kind: 'columnRef', span: node.span,
      parts: [{ kind: 'identifier', name: `$${String(node.index)}`, span: node.span }],
    };
  }
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, withNames(value)]));
}

/** The expression of SELECT expr without anything else. */
function plainValue(relation: Relation): ScalarExpr | null {
  if (relation.kind !== 'project' || relation.exprs.length !== 1) return null;
  const { input } = relation;
  return input.kind === 'values' && input.columns.length === 0 && input.rows.length === 1
    ? must(relation.exprs[0], 'expression') : null;
}

function firstRow(relation: Relation): Relation {
  return {
    kind: 'topN', input: relation, partitionBy: [], orderBy: [], limit: 1n, offset: 0n,
    withTies: false, rank: 'none', columns: relation.columns,
  };
}

function columnType(bound: BoundRelation): SqlType {
  return must(bound.relation.columns[0], 'column').type;
}

function typed(state: StatementState, user: UserFunction, value: ScalarExpr): ScalarExpr {
  const result = tryCoerce(state, value, user.result, 'assignment');
  if (result !== null) return result;
  throw sqlError('42P13', `return type mismatch in function declared to return ${
    formatType(user.result)}`, { detail: `Actual return type is ${formatType(value.type)}.` });
}

function mismatch(user: UserFunction, relation: Relation): SqlError {
  const wanted = user.columns.map(({ type }) => formatType(type)).join(', ');
  const given = relation.columns.map(({ type }) => formatType(type)).join(', ');
  return sqlError('42P13', 'return type mismatch in function declared to return record', {
    detail: `The query gives (${given}), the function is declared with (${wanted}).`,
  });
}
