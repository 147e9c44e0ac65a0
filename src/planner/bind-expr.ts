/**
 * Binds expressions: one exhaustive switch over the syntax tree; each family has a file of its own.
 *
 * The result is typed, but a bare literal or parameter may still be of unknown type: whoever uses
 * the result says what it becomes. Spans of results are noted for later errors.
 */
import { assertNever, must } from '../common/assert.ts';
import { sqlError } from '../common/errors.ts';
import type { Expr, FieldAccess, Query, Star } from '../parser/ast.ts';
import type { ColumnRef, Parameter } from '../parser/ast-leaves.ts';
import { bindArray, bindArraySubquery, bindSlice, bindSubscript } from './bind-arrays.ts';
import { bindCall } from './bind-calls.ts';
import {
  bindCase, bindCoalesce, bindMinMax, bindNullIf, bindRow,
} from './bind-conditionals.ts';
import type { Binder, Clause, StatementState, WithNames } from './bind-context.ts';
import {
  bindCast, bindCollate, bindTypedLiteral, decimalLiteral, integerLiteral, stringLiteral,
} from './bind-literals.ts';
import {
  bindAnd, bindAtTimeZone, bindBetween, bindBinary, bindInList, bindIsDistinct, bindIsJson,
  bindIsTest, bindLike, bindNot, bindOr, bindQuantifiedArray, bindUnary,
} from './bind-operators.ts';
import { bindSqlValue } from './bind-session.ts';
import {
  bindExists, bindInSubquery, bindQuantifiedSubquery, bindScalarSubquery,
} from './bind-subqueries.ts';
import { typeText, UNKNOWN } from './bind-types.ts';
import { literalOf } from './coerce.ts';
import { notSupported, syntaxError } from './errors.ts';
import type { ScalarExpr } from './relation.ts';
import { BOOLEAN } from './scalar.ts';
import {
  findColumn, findItem, findQualified, unknownColumn, unknownTable, wholeRow,
} from './scope.ts';
import type { BoundRelation, Scope } from './scope.ts';

/** Where expressions are bound. */
export interface ExprPlace {
  readonly scope: Scope;
  readonly withs: WithNames | null;
  readonly clause: Clause;
}

/** Makes a binder for expressions of a scope. */
export function exprBinder(state: StatementState, place: ExprPlace): Binder {
  return new ExprBinder(state, place);
}

class ExprBinder implements Binder {
  readonly state: StatementState;
  readonly scope: Scope;
  readonly withs: WithNames | null;
  readonly clause: Clause;

  constructor(state: StatementState, place: ExprPlace) {
    this.state = state;
    this.scope = place.scope;
    this.withs = place.withs;
    this.clause = place.clause;
  }

  within(clause: Clause): Binder {
    return clause === this.clause ? this
      : new ExprBinder(this.state, { scope: this.scope, withs: this.withs, clause });
  }

  subquery(query: Query): BoundRelation {
    const { scope } = this;
    const before = scope.subqueryClause;
    scope.subqueryClause = this.clause;
    try {
      return this.state.bindQuery(query, { outer: scope, withs: this.withs, carry: false });
    } finally {
      scope.subqueryClause = before;
    }
  }

  bind(expr: Expr): ScalarExpr {
    return this.state.nested(() => this.state.note(bindOne(this, expr), expr.span));
  }
}

function bindOne(binder: Binder, expr: Expr): ScalarExpr {
  switch (expr.kind) {
    case 'integerLiteral': return integerLiteral(expr.text);
    case 'decimalLiteral': return decimalLiteral(expr.text);
    case 'stringLiteral': return stringLiteral(expr.value);
    case 'booleanLiteral': return literalOf(expr.value, BOOLEAN);
    case 'nullLiteral': return literalOf(null, UNKNOWN);
    case 'typedLiteral': return bindTypedLiteral(binder, expr);
    case 'default': throw syntaxError('DEFAULT is not allowed in this context', expr.span);
    case 'columnRef': return bindColumn(binder, expr);
    case 'star': return bindWholeRow(binder, expr);
    case 'fieldAccess': return bindField(binder, expr);
    case 'fieldStar':
      throw syntaxError('row expansion via "*" is not supported here', expr.span);
    case 'parameter': return bindParameter(binder, expr);
    case 'unary': return bindUnary(binder, expr);
    case 'binary': return bindBinary(binder, expr);
    case 'and': return bindAnd(binder, expr);
    case 'or': return bindOr(binder, expr);
    case 'not': return bindNot(binder, expr);
    case 'isTest': return bindIsTest(binder, expr);
    case 'isDistinct': return bindIsDistinct(binder, expr);
    case 'isJson': return bindIsJson(binder, expr);
    case 'between': return bindBetween(binder, expr);
    case 'inList': return bindInList(binder, expr);
    case 'inSubquery': return bindInSubquery(binder, expr);
    case 'like': return bindLike(binder, expr);
    case 'quantifiedArray': return bindQuantifiedArray(binder, expr);
    case 'quantifiedSubquery': return bindQuantifiedSubquery(binder, expr);
    case 'exists': return bindExists(binder, expr);
    case 'scalarSubquery': return bindScalarSubquery(binder, expr);
    case 'array': return bindArray(binder, expr, null);
    case 'arraySubquery': return bindArraySubquery(binder, expr);
    case 'row': return bindRow(binder, expr);
    case 'subscript': return bindSubscript(binder, expr);
    case 'slice': return bindSlice(binder, expr);
    case 'case': return bindCase(binder, expr);
    case 'cast': return bindCast(binder, expr);
    case 'coalesce': return bindCoalesce(binder, expr);
    case 'nullIf': return bindNullIf(binder, expr);
    case 'minMax': return bindMinMax(binder, expr);
    case 'atTimeZone': return bindAtTimeZone(binder, expr);
    case 'collate': return bindCollate(binder, expr);
    case 'sqlValueFunction': return bindSqlValue(binder, expr);
    case 'functionCall': return bindCall(binder, expr);
    case 'lambda': throw notSupported('a lambda expression', expr.span);
    default: return assertNever(expr, 'expression');
  }
}

function bindColumn(binder: Binder, expr: ColumnRef): ScalarExpr {
  const { scope } = binder;
  const parts = expr.parts;
  const last = must(parts.at(-1), 'column name');
  if (parts.length > 1) {
    const qualified = parts.length > 3 ? parts.slice(-3) : parts;
    return findQualified(scope, qualified, expr.span);
  }
  const column = findColumn(scope, last.name, expr.span);
  if (column !== null) return column;
  const window = windowColumn(scope, last.name);
  if (window !== null) return window;
  const item = findItem(scope, null, last.name, expr.span);
  if (item !== null) return wholeRow(item);
  if (binder.clause === 'DEFAULT expressions') {
    throw sqlError('0A000', 'cannot use column reference in DEFAULT expression', {
      span: expr.span,
    });
  }
  throw unknownColumn(scope, last.name, expr.span);
}

/** t.* as one value is the row itself. */
function bindWholeRow(binder: Binder, star: Star): ScalarExpr {
  const table = star.qualifier.at(-1);
  if (table === undefined || star.except.length > 0) {
    throw syntaxError('row expansion via "*" is not supported here', star.span);
  }
  const schema = star.qualifier.at(-2)?.name ?? null;
  const found = findItem(binder.scope, schema, table.name, star.span);
  if (found === null) throw unknownTable(binder.scope, table.name, star.span);
  return wholeRow(found);
}

/** window_start and window_end under GROUP BY TUMBLE(...) and its like. */
function windowColumn(scope: Scope, name: string): ScalarExpr | null {
  const window = scope.groupWindow;
  if (window === null) return null;
  switch (name) {
    case 'window_start': return window.start;
    case 'window_end': return window.end;
    case 'window_time': return window.time;
    default: return null;
  }
}

function bindParameter(binder: Binder, expr: Parameter): ScalarExpr {
  if (expr.index < 1 || expr.index > 65535) {
    throw sqlError('42P02', `there is no parameter $${expr.index}`, { span: expr.span });
  }
  const type = binder.state.parameterType(expr.index) ?? UNKNOWN;
  return { kind: 'param', index: expr.index, type };
}

function bindField(binder: Binder, expr: FieldAccess): ScalarExpr {
  const operand = binder.bind(expr.operand);
  const name = expr.field.name;
  const fields = operand.type.fields;
  if (operand.type.name !== 'record') {
    throw sqlError('42809', `column notation .${name} applied to type `
      + `${typeText(operand.type)}, which is not a composite type`, { span: expr.span });
  }
  const index = fields?.findIndex((field) => field.name === name) ?? -1;
  const field = fields?.[index];
  if (field === undefined) {
    throw sqlError('42703', `could not identify column "${name}" in record data type`, {
      span: expr.span,
    });
  }
  if (operand.kind === 'record') return must(operand.fields[index], 'field');
  return { kind: 'field', arg: operand, index, type: field.type };
}
