/**
 * The planner's face to the runtime: from syntax trees to plans.
 *
 * Binds, puts parameter values in, and hands over to lowering. Keeps no state between statements.
 */
import { assertNever, must } from '../common/assert.ts';
import type { Span } from '../common/span.ts';
import type { SqlType } from '../common/types/sql-type.ts';
import type { Value } from '../common/values.ts';
import type { Cte, Expr, Option, Query, TypeName } from '../parser/ast.ts';
import type { DataChange, Delete, Insert, Update } from '../parser/ast.ts';
import type { Identifier, QualifiedName } from '../parser/ast-leaves.ts';
import { newStatement } from './bind-query.ts';
import type { StatementState, WithNames } from './bind-context.ts';
import { exprBinder } from './bind-expr.ts';
import { bindOnce, bindViewQuery } from './bind-top.ts';
import { parameterIn, withParameters } from './bind-parameters.ts';
import { resolveType } from './bind-types.ts';
import { viewOptions as readViewOptions } from './bind-view-options.ts';
import type { BoundQuery, PlanEnv, ViewOptions } from './bound.ts';
import { coerce } from './coerce.ts';
import { nullOf } from './expr-tools.ts';
import { evaluateConstant } from './fold.ts';
import type { UserFunction } from './functions/user-function.ts';
import type { EvaluationContext } from './functions/entry.ts';
import { lowerQuery, lowerView } from './lower.ts';
import type {
  ConflictPlan, DeletePlan, InsertPlan, QueryPlan, ResultColumn, Returning, UpdatePlan, ViewPlan,
} from './plans.ts';
import { Scope } from './scope.ts';
import { inlinedRows, inlinedValue } from './sql-functions.ts';
import { bindInsert } from './statements-insert.ts';
import { bindDelete, bindUpdate } from './statements-update.ts';

/** Binds a query that runs once (or the query of a plain view). */
export function bindQuery(query: Query, env: PlanEnv): BoundQuery {
  return bindOnce(statementOf(env, query), query);
}

/** Binds the query of a materialized view. */
export function bindView(query: Query, env: PlanEnv): BoundQuery {
  return bindViewQuery(newStatement({ ...env, view: true }), query);
}

/** Plans a query that runs once; `parameters` null plans it for EXPLAIN. */
export function planSelect(
  query: Query, env: PlanEnv, parameters: readonly Value[] | null,
): QueryPlan {
  return lowerQuery(withParameters(bindQuery(query, env), parameters), env);
}

/** Plans a materialized view or an incremental subscription. */
export function planView(query: Query, env: PlanEnv, options: ViewOptions): ViewPlan {
  return lowerView(bindView(query, env), env, options);
}

/** Reads WITH (...) of CREATE MATERIALIZED VIEW. */
export function viewOptions(
  options: readonly Option[],
  about: { readonly name: string; readonly requireBoundedState: boolean },
): ViewOptions {
  return readViewOptions(options, about);
}

/** What Describe answers for a query or a data change. */
export function describeParams(
  statement: Query | DataChange, env: PlanEnv,
): { readonly parameters: readonly SqlType[]; readonly columns: readonly ResultColumn[] | null } {
  switch (statement.kind) {
    case 'query': {
      const bound = bindQuery(statement, env);
      return { parameters: bound.parameters, columns: bound.columns };
    }
    case 'insert': return describeBound(bindInsert(statementOf(env, statement), statement));
    case 'update': return describeBound(bindUpdate(statementOf(env, statement), statement));
    case 'delete': return describeBound(bindDelete(statementOf(env, statement), statement));
    default: return assertNever(statement);
  }
}

function describeBound(bound: {
  readonly source: BoundQuery; readonly returning: Returning | null;
}): { readonly parameters: readonly SqlType[]; readonly columns: readonly ResultColumn[] | null } {
  return { parameters: bound.source.parameters, columns: bound.returning?.columns ?? null };
}

/** The state of a statement that runs once; data changes may stand in its own WITH. */
function statementOf(env: PlanEnv, statement: Query | DataChange): StatementState {
  return newStatement({
    catalog: env.catalog, parameterTypes: env.parameterTypes, view: false,
    changes: {
      ctes: new Set(changesOf(statement)), results: env.changeResults, bind: returnedColumns,
    },
  });
}

/** The data changes in a statement's own WITH. */
export function changesOf(statement: Query | DataChange): readonly ChangeCte[] {
  return (statement.with?.ctes ?? []).filter((cte): cte is ChangeCte => cte.query.kind !== 'query');
}

/** A data change in WITH. */
export type ChangeCte = Cte & { readonly query: DataChange };

function returnedColumns(
  state: StatementState, change: DataChange, withs: WithNames,
): readonly ResultColumn[] | null {
  switch (change.kind) {
    case 'insert': return bindInsert(state, change, withs).returning?.columns ?? null;
    case 'update': return bindUpdate(state, change, withs).returning?.columns ?? null;
    case 'delete': return bindDelete(state, change, withs).returning?.columns ?? null;
    default: return assertNever(change);
  }
}

/** Plans INSERT; `parameters` null plans it for EXPLAIN. */
export function planInsert(
  insert: Insert, env: PlanEnv, parameters: readonly Value[] | null,
): InsertPlan {
  const bound = bindInsert(statementOf(env, insert), insert);
  return {
    kind: 'insert', table: bound.table.id, sequenced: bound.sequenced,
    source: lowerQuery(withParameters(bound.source, parameters), env),
    onConflict: conflictWith(bound.onConflict, parameters),
    returning: returningWith(bound.returning, parameters),
  };
}

/** Plans UPDATE. */
export function planUpdate(
  update: Update, env: PlanEnv, parameters: readonly Value[] | null,
): UpdatePlan {
  const bound = bindUpdate(statementOf(env, update), update);
  return {
    kind: 'update', table: bound.table.id, joins: bound.joins,
    source: lowerQuery(withParameters(bound.source, parameters), env),
    returning: returningWith(bound.returning, parameters),
  };
}

/** Plans DELETE. */
export function planDelete(
  statement: Delete, env: PlanEnv, parameters: readonly Value[] | null,
): DeletePlan {
  const bound = bindDelete(statementOf(env, statement), statement);
  return {
    kind: 'delete', table: bound.table.id, joins: bound.joins,
    source: lowerQuery(withParameters(bound.source, parameters), env),
    returning: returningWith(bound.returning, parameters),
  };
}

function returningWith(
  returning: Returning | null, parameters: readonly Value[] | null,
): Returning | null {
  if (returning === null || parameters === null) return returning;
  return { ...returning, exprs: returning.exprs.map((expr) => parameterIn(expr, parameters)) };
}

function conflictWith(
  plan: ConflictPlan | null, parameters: readonly Value[] | null,
): ConflictPlan | null {
  if (plan?.kind !== 'update' || parameters === null) return plan;
  return {
    ...plan, set: plan.set.map((expr) => parameterIn(expr, parameters)),
    where: plan.where === null ? null : parameterIn(plan.where, parameters),
  };
}

/** A type by its name in SQL. */
export function bindTypeName(type: TypeName, env: PlanEnv): SqlType {
  return resolveType(type, env.catalog);
}

/** The values of EXECUTE's arguments as the types of the parameters. */
export function constantArguments(
  args: readonly Expr[], types: readonly SqlType[],
  where: { readonly env: PlanEnv; readonly context: EvaluationContext },
): readonly Value[] {
  const state = newStatement({ catalog: where.env.catalog, view: false });
  const binder = exprBinder(state, {
    scope: new Scope(null), withs: null, clause: 'EXECUTE parameters',
  });
  return args.map((arg, at) => evaluateConstant(
    coerce(state, binder.bind(arg), must(types[at], 'parameter type'), 'assignment'),
    where.context));
}

/** Binds the query of a function in SQL once, so that CREATE FUNCTION tells its errors. */
export function checkSqlFunction(user: UserFunction, env: PlanEnv, span: Span): void {
  const state = newStatement({ catalog: env.catalog, view: false });
  const call = { user, span, args: user.args.map(nullOf) };
  if (user.shape === 'table') inlinedRows(state, call);
  else inlinedValue(state, call);
}

/** SELECT columns FROM table, as a syntax tree; no columns means all. */
export function selectFrom(table: QualifiedName, columns: readonly Identifier[]): Query {
  const { span } = table;
  const items = columns.length === 0
    ? [{ kind: 'star' as const, span, qualifier: [], except: [] }]
    : columns.map((column) => ({ kind: 'columnRef' as const, span: column.span, parts: [column] }));
  return {
    kind: 'query', span, with: null, orderBy: [], limit: null, withTies: false, offset: null,
    locking: [], emit: null, asOf: null, options: [],
    body: {
      kind: 'select', span, distinct: false, distinctOn: [], into: null,
      intoTemporary: false, where: null, groupBy: [],
      groupDistinct: false, fill: null, having: null, windows: [],
      items: items.map((expr) => ({ kind: 'selectItem', span: expr.span, expr, alias: null })),
      from: [{ kind: 'tableRef', span, name: table, only: false, alias: null, asOf: null,
        sample: null }],
    },
  };
}
