/**
 * Aggregate calls: arguments, DISTINCT, FILTER, ORDER BY, WITHIN GROUP; and the level they belong
 * to, which is an outer query's when all their columns are.
 */
import { must } from '../common/assert.ts';
import { sqlError } from '../common/errors.ts';
import type { FunctionCall, SortItem } from '../parser/ast.ts';
import { callSite, callText, coerceArguments, functionChoice } from './bind-call-tools.ts';
import type { Binder, Clause } from './bind-context.ts';
import { coerceBoolean, settle } from './coerce.ts';
import { aggregatesNotAllowed, functionNotFound, notSupported } from './errors.ts';
import type { AggregateFunction } from './functions/entry.ts';
import { sortsDescending, sortsNullsFirst } from './bind-sorting.ts';
import type { AggregateCall, ScalarExpr } from './relation.ts';
import { exprKey } from './scalar.ts';
import { levelOf, lowerLevel, mapDeep } from './bind-levels.ts';
import { AGGREGATE_BASE, liftExpr, OVER_BASE } from './scope.ts';
import type { PendingAggregate, Scope } from './scope.ts';

const AGGREGATE_CLAUSES: ReadonlySet<string> = new Set<Clause>([
  'SELECT', 'HAVING', 'ORDER BY', 'DISTINCT ON', 'window', 'window definitions',
]);

/** An aggregate call with its arguments bound and coerced. */
export function aggregateCall(binder: Binder, expr: FunctionCall, name: string): AggregateCall {
  const { state } = binder;
  if (name === 'count' && expr.args.length === 0 && !expr.star) {
    throw sqlError('42809', 'count(*) must be used to call a parameterless aggregate function',
      { span: expr.span });
  }
  const inner = binder.within('aggregate');
  const direct = expr.star ? [] : expr.args.map((arg) => inner.bind(arg.value));
  const within = expr.withinGroup.map((item) => sortKey(inner, item));
  const args = [...direct, ...within.map((key) => key.expr)];
  const choice = functionChoice(callSite(state, expr), args, ['aggregate']);
  if (choice === null) throw functionNotFound(callText(name, args), expr.span);
  const entry = choice.entry as AggregateFunction;
  if (within.length > 0 && entry.directArgs === undefined) {
    throw sqlError('42809',
      `${name} is not an ordered-set aggregate, so it cannot have WITHIN GROUP`,
      { span: expr.span });
  }
  if (within.length === 0 && entry.directArgs !== undefined) {
    throw sqlError('42809', `WITHIN GROUP is required for ordered-set aggregate ${name}`, {
      span: expr.span,
    });
  }
  const coerced = coerceArguments(state, args, choice);
  const filter = expr.filter === null ? null
    : coerceBoolean(state, binder.within('FILTER').bind(expr.filter), 'FILTER');
  const ordered = expr.orderBy.map((item) => sortKey(inner, item));
  if (expr.distinct) checkDistinctOrder(args, ordered, expr);
  const offset = direct.length;
  const orderBy = within.length > 0
    ? within.map((key, at) => ({ ...key, expr: must(coerced[offset + at], 'sort argument') }))
    : ordered.map((key) => matchArgument(key, args, coerced));
  return {
    function: entry.id, args: coerced, distinct: expr.distinct, filter, type: choice.result,
    // DISTINCT sorts by the arguments, whatever order the rows come in.
    orderBy: orderBy.length > 0 || expr.distinct ? orderBy
      : inheritedOrder(binder.scope, entry, coerced),
  };
}

interface SortExpr {
  readonly expr: ScalarExpr;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

function sortKey(binder: Binder, item: SortItem): SortExpr {
  return {
    expr: settle(binder.state, binder.bind(item.expr)),
    descending: sortsDescending(item), nullsFirst: sortsNullsFirst(item),
  };
}

/** ORDER BY of an argument means the argument as it was coerced. */
function matchArgument(
  key: SortExpr, args: readonly ScalarExpr[], coerced: readonly ScalarExpr[],
): SortExpr {
  const wanted = exprKey(key.expr);
  const at = args.findIndex((arg) => exprKey(arg) === wanted);
  return at < 0 ? key : { ...key, expr: must(coerced[at], 'argument') };
}

function checkDistinctOrder(
  args: readonly ScalarExpr[], keys: readonly SortExpr[], expr: FunctionCall,
): void {
  const known = new Set(args.map(exprKey));
  if (keys.every((key) => known.has(exprKey(key.expr)))) return;
  throw sqlError('42P10',
    'in an aggregate with DISTINCT, ORDER BY expressions must appear in argument list',
    { span: expr.orderBy[0]?.span ?? expr.span });
}

/** Lists without an ORDER BY of their own keep the order of an ordered subquery in FROM. */
function inheritedOrder(
  scope: Scope, entry: AggregateFunction, args: readonly ScalarExpr[],
): readonly SortExpr[] {
  if (!entry.orderSensitive || scope.inputOrder.length === 0) return [];
  if (args.some((arg) => levelOf([arg]) > 0)) return [];
  return scope.inputOrder;
}

/** Binds an aggregate call and registers it with its level. */
export function bindAggregate(binder: Binder, expr: FunctionCall, name: string): ScalarExpr {
  if (expr.nulls !== null) throw notSupported('IGNORE NULLS in an aggregate', expr.span);
  const call = aggregateCall(binder, expr, name);
  const parts = [...call.args, ...call.orderBy.map((key) => key.expr),
    ...(call.filter === null ? [] : [call.filter])];
  const depth = levelOf(parts);
  if (depth === 0) {
    checkClause(binder.clause, expr);
    return register(binder.scope, { ...call, span: expr.span });
  }
  if (parts.some((part) => holdsAggregate(part, depth))) {
    throw sqlError('42803', 'aggregate function calls cannot be nested', { span: expr.span });
  }
  let scope: Scope = binder.scope;
  for (let up = 0; up < depth; up++) scope = must(scope.parent, 'enclosing level');
  if (scope.phase !== 'above') throw aggregatesNotAllowed(scope.phase, expr.span);
  if (scope.subqueryClause !== null) checkClause(scope.subqueryClause, expr);
  const lowered: PendingAggregate = {
    ...call, span: expr.span,
    args: call.args.map((arg) => lowerLevel(arg, depth)),
    filter: call.filter === null ? null : lowerLevel(call.filter, depth),
    orderBy: call.orderBy.map((key) => ({ ...key, expr: lowerLevel(key.expr, depth) })),
  };
  return liftExpr(register(scope, lowered), depth);
}

/** True when an aggregate of the level so far out is in the expression. */
function holdsAggregate(expr: ScalarExpr, level: number): boolean {
  let found = false;
  mapDeep(expr, (node, depth) => {
    if (node.kind === 'outer' && node.depth - depth === level && node.index >= AGGREGATE_BASE
      && node.index < OVER_BASE) found = true;
    return null;
  });
  return found;
}

function checkClause(clause: string, expr: FunctionCall): void {
  if (AGGREGATE_CLAUSES.has(clause)) return;
  if (clause === 'aggregate') {
    throw sqlError('42803', 'aggregate function calls cannot be nested', { span: expr.span });
  }
  throw aggregatesNotAllowed(clause === 'FROM' ? 'functions in FROM' : clause, expr.span);
}

function register(scope: Scope, call: PendingAggregate): ScalarExpr {
  const key = callKey(call);
  const known = scope.aggregates.findIndex((each) => callKey(each) === key);
  const at = known >= 0 ? known : scope.aggregates.push(call) - 1;
  return { kind: 'column', index: AGGREGATE_BASE + at, type: call.type };
}

function callKey(call: AggregateCall): string {
  return [call.function, call.distinct ? 'distinct' : '', ...call.args.map(exprKey), 'filter',
    call.filter === null ? '' : exprKey(call.filter), 'order',
    ...call.orderBy.map((key) => `${exprKey(key.expr)}${key.descending}${key.nullsFirst}`),
  ].join('|');
}

