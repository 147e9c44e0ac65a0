/**
 * Function calls: finds out what a name means (special form, window, aggregate, set-returning or
 * scalar function) and binds it.
 *
 * Results that exist only after a node is built (aggregates, windows, sets) are registered with the
 * scope and numbered from the bases of scope.ts.
 */
import { must } from '../common/assert.ts';
import { sqlError } from '../common/errors.ts';
import { typeByName } from '../common/types/registry.ts';
import type { SqlType } from '../common/types/sql-type.ts';
import type { FunctionCall } from '../parser/ast.ts';
import { bindAggregate } from './bind-aggregate-calls.ts';
import {
  callOf, callSite, callText, coerceArguments, functionChoice, scalarCall,
} from './bind-call-tools.ts';
import type { Binder, Clause } from './bind-context.ts';
import { functionSchema, functionsNamed } from './bind-functions.ts';
import { bindOverCall } from './bind-over-calls.ts';
import { bindGrouping, bindWindowBound } from './bind-special-calls.ts';
import { bindSessionCall } from './bind-session.ts';
import { INT4, isString } from './bind-types.ts';
import { bindCurrentWatermark } from './bind-watermark-call.ts';
import { canCoerce, coerce, literalOf } from './coerce.ts';
import { functionNotFound, notSupported, setsNotAllowed } from './errors.ts';
import { functionsByName } from './functions/registry.ts';
import { hypotheticalRank, isHypothetical } from './hypothetical.ts';
import { inlinedValue } from './sql-functions.ts';
import type { TableFunction } from './functions/entry.ts';
import type { Choice } from './overload.ts';
import { isVolatile } from './function-facts.ts';
import type { RelationColumn, ScalarExpr, TableCall } from './relation.ts';
import { keyOf } from './scalar.ts';
import { TABLE_CALL_BASE, TABLE_CALL_COLUMNS } from './scope.ts';

/** The name of a function without its schema. */
export function functionName(expr: FunctionCall): string {
  return must(expr.name.parts.at(-1), 'function name').name;
}

/** Binds a call of any kind. */
export function bindCall(binder: Binder, expr: FunctionCall): ScalarExpr {
  const name = functionName(expr);
  // Names with a $ in front are the planner's own functions.
  if (name.startsWith('$')) throw notFound(expr, boundArguments(binder, expr));
  if (expr.over !== null) return bindOverCall(binder, expr, name);
  const special = isForeign(expr) ? null : bindWindowBound(binder, name, expr)
    ?? bindGrouping(binder, name, expr) ?? bindSessionCall(binder, name, expr)
    ?? bindCurrentWatermark(binder, name, expr);
  if (special !== null) return special;
  if (isHypothetical(expr, name)) return binder.bind(hypotheticalRank(expr, name));
  const spread = spreadCall(binder, expr, name);
  if (spread !== null) return spread;
  const known = functionsNamed(binder.state, name, functionSchema(expr));
  const kinds = new Set(known.map((entry) => entry.kind));
  if (kinds.has('aggregate')) return bindAggregate(binder, expr, name);
  refuseAggregateSyntax(expr, name, known.length > 0);
  const args = boundArguments(binder, expr);
  if (kinds.has('window')) {
    throw sqlError('42809', `window function ${name} requires an OVER clause`, {
      span: expr.span,
    });
  }
  if (kinds.has('table')) {
    const choice = functionChoice(callSite(binder.state, expr), args, ['table']);
    if (choice !== null) return bindTableResult(binder, choice, args, expr);
  }
  return bindScalar(binder, expr, args);
}

function notFound(expr: FunctionCall, args: readonly ScalarExpr[]): Error {
  const full = expr.name.parts.map((part) => part.name).join('.');
  return functionNotFound(callText(full, args), expr.span);
}

function refuseAggregateSyntax(expr: FunctionCall, name: string, known: boolean): void {
  const what = expr.distinct ? 'DISTINCT' : expr.filter !== null ? 'FILTER'
    : expr.orderBy.length > 0 ? 'ORDER BY'
    : expr.withinGroup.length > 0 ? 'WITHIN GROUP' : null;
  if (what === null) return;
  if (!known) {
    throw functionNotFound(`${name}(...)`, expr.span);
  }
  throw sqlError('42809', `${what} specified, but ${name} is not an aggregate function`, {
    span: expr.span,
  });
}

/** Arguments in order; named ones only for the functions that have names. */
export function boundArguments(binder: Binder, expr: FunctionCall): readonly ScalarExpr[] {
  const named = expr.args.filter((arg) => arg.name !== null);
  if (named.length > 0) return namedArguments(binder, expr);
  return expr.args.flatMap((arg) => {
    if (!arg.variadic) {
      const bound = binder.bind(arg.value);
      // JDBC's OUT parameters are declared void: they are no arguments.
      return bound.kind === 'param' && bound.type.name === 'void' ? [] : [bound];
    }
    if (arg.value.kind === 'array') return arg.value.elements.map((each) => binder.bind(each));
    return variadicLiteral(binder.bind(arg.value), expr);
  });
}

/** f(..., VARIADIC array) of a function with an entry for it, if the array is not written out. */
function spreadCall(binder: Binder, expr: FunctionCall, name: string): ScalarExpr | null {
  const last = expr.args.at(-1);
  if (last?.variadic !== true || last.value.kind === 'array') return null;
  if (isForeign(expr) || functionsByName(`$${name}`).length === 0) return null;
  const args = expr.args.map((arg) => binder.bind(arg.value));
  if (args.at(-1)?.type.name !== 'array') {
    throw sqlError('42804', 'VARIADIC argument must be an array', { span: last.span });
  }
  return scalarCall(binder.state, { name: `$${name}`, span: expr.span }, args);
}

/** VARIADIC over a constant array: its elements. */
function variadicLiteral(bound: ScalarExpr, expr: FunctionCall): readonly ScalarExpr[] {
  const { type } = bound;
  if (bound.kind === 'literal' && type.element !== undefined && bound.value !== null
    && typeof bound.value === 'object' && 'kind' in bound.value && bound.value.kind === 'array') {
    const element = type.element;
    return bound.value.elements.map((value) => literalOf(value, element));
  }
  throw notSupported('VARIADIC with an array that is no constant', expr.span);
}

/** f(name => value): the longest signature that names its arguments tells their places. */
function namedArguments(binder: Binder, expr: FunctionCall): readonly ScalarExpr[] {
  const name = functionName(expr);
  const names = functionsNamed(binder.state, name, functionSchema(expr)).map((entry) =>
    (entry.kind === 'scalar' || entry.user !== undefined ? entry.argNames ?? [] : []))
    .reduce((longest, each) => (each.length > longest.length ? each : longest), []);
  if (names.length === 0) {
    throw notSupported(`named arguments of ${name}`, expr.span, 'Give the arguments by position.');
  }
  const values: (ScalarExpr | null)[] = [];
  for (const [at, arg] of expr.args.entries()) {
    const index = arg.name === null ? at : names.indexOf(arg.name.name);
    if (index < 0) {
      throw functionNotFound(`${name}(${arg.name?.name ?? ''} => ...)`, expr.span);
    }
    while (values.length <= index) values.push(null);
    values[index] = binder.bind(arg.value);
  }
  return values.map((value) => value ?? literalOf(0, INT4));
}

function isForeign(expr: FunctionCall): boolean {
  const schema = functionSchema(expr);
  return schema !== null && schema !== 'pg_catalog' && schema !== 'information_schema';
}

function bindScalar(
  binder: Binder, expr: FunctionCall, args: readonly ScalarExpr[],
): ScalarExpr {
  const { state } = binder;
  const name = functionName(expr);
  const choice = functionChoice(callSite(state, expr), args, ['scalar']);
  if (choice !== null) {
    const { user } = choice.entry;
    if (user?.language === 'sql') {
      return inlinedValue(state, {
        user, args: coerceArguments(state, args, choice), span: expr.span,
      });
    }
    return callOf(state, choice, args);
  }
  const cast = isForeign(expr) ? null : castCall(binder, name, args);
  if (cast !== null) return cast;
  throw notFound(expr, args);
}

/** `date('2020-01-01')`, `text(1)`: a type's name as a function is a cast. */
function castCall(
  binder: Binder, name: string, args: readonly ScalarExpr[],
): ScalarExpr | null {
  const [arg] = args;
  if (arg === undefined || args.length !== 1) return null;
  const type: SqlType | null = name === 'char' ? { name: 'char' } : typeByName(name);
  if (type === null || !canCoerce(arg.type, type, 'explicit')) return null;
  // Conversions through text are for strings only, as in PostgreSQL.
  if (!canCoerce(arg.type, type, 'assignment') && !isString(arg.type)) return null;
  return coerce(binder.state, arg, type, 'explicit');
}

const SET_CLAUSES: ReadonlySet<Clause> = new Set<Clause>([
  'SELECT', 'ORDER BY', 'DISTINCT ON', 'GROUP BY',
]);

/** A set-returning call in a select list. */
function bindTableResult(
  binder: Binder, choice: Choice, args: readonly ScalarExpr[], expr: FunctionCall,
): ScalarExpr {
  const { scope, clause, state } = binder;
  if (clause === 'aggregate') {
    throw sqlError('0A000',
      'aggregate function calls cannot contain set-returning function calls', {
      span: expr.span,
      hint: 'You might be able to move the set-returning function into a LATERAL FROM item.',
    });
  }
  if (!SET_CLAUSES.has(clause)) {
    throw setsNotAllowed(clause === 'window' ? 'window function arguments' : clause, expr.span);
  }
  if (choice.entry.user?.language === 'sql') {
    throw notSupported('a function in SQL that returns a set, in a select list', expr.span,
      'Call it in FROM.');
  }
  const call = tableCall(choice, coerceArguments(state, args, choice));
  const key = keyOf(call);
  const same = args.some(isVolatile) ? -1
    : scope.tableCalls.findIndex((other) => keyOf(other) === key);
  const at = same < 0 ? scope.tableCalls.push(call) - 1 : same;
  const base = TABLE_CALL_BASE + at * TABLE_CALL_COLUMNS;
  const columns = call.columns.map((column, at): ScalarExpr => ({
    kind: 'column', index: base + at, type: column.type,
  }));
  const only = columns[0];
  if (columns.length === 1 && only !== undefined) return only;
  const type: SqlType = {
    name: 'record',
    fields: call.columns.map((column) => ({ name: column.name, type: column.type })),
  };
  return { kind: 'record', fields: columns, type };
}

/** The call of a table function over coerced arguments. */
export function tableCall(choice: Choice, args: readonly ScalarExpr[]): TableCall {
  const entry = choice.entry as TableFunction;
  const columns: readonly RelationColumn[] = entry.columns(args.map((arg) => arg.type));
  return { function: entry.id, args, columns, ordinality: false };
}
