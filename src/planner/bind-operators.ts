/**
 * Operators and predicates: arithmetic, comparison (rows as well), AND/OR/NOT, BETWEEN, IN lists,
 * LIKE, IS tests, op ANY/ALL (array).
 *
 * Operators are functions named by their symbols; what PostgreSQL's grammar makes of special forms
 * is made here. Three-valued logic is left to the nodes.
 */
import { must } from '../common/assert.ts';
import { sqlError } from '../common/errors.ts';
import type { Span } from '../common/span.ts';
import { arrayOf, sameType } from '../common/types/sql-type.ts';
import type { SqlType } from '../common/types/sql-type.ts';
import type {
  AndExpr, AtTimeZone, Between, Binary, Expr, InList, IsDistinct, IsJson, IsTest, Like, NotExpr,
  OrExpr, QuantifiedArray, Unary,
} from '../parser/ast.ts';
import { arrayExpr } from './bind-arrays.ts';
import { operatorCall, operatorChoice, scalarCall } from './bind-call-tools.ts';
import type { Binder, StatementState } from './bind-context.ts';
import { decimalLiteral, integerLiteral } from './bind-literals.ts';
import { TEXT, typeText } from './bind-types.ts';
import {
  canCoerce, coerce, coerceBoolean, commonType, isUnknownLiteral, literalOf, settle, tryCoerce,
} from './coerce.ts';
import { rowFields } from './bind-fields.ts';
import { compareRows, isRow, rowOf } from './bind-rows.ts';
import { rowSubquery } from './bind-subqueries.ts';
import { operatorNotFound, schemaNotFound } from './errors.ts';
import { andAll, isNull, not, notDistinct, nullOf, orAll } from './expr-tools.ts';
import { functionsByName } from './functions/registry.ts';
import { chooseOperator } from './overload.ts';
import type { ScalarExpr } from './relation.ts';
import { BOOLEAN } from './scalar.ts';

/** A prefix operator; a minus before a number belongs to the number. */
export function bindUnary(binder: Binder, expr: Unary): ScalarExpr {
  const { operand, operator } = expr;
  if (operator === '-' && operand.kind === 'integerLiteral') {
    return integerLiteral(`-${operand.text}`);
  }
  if (operator === '-' && operand.kind === 'decimalLiteral') {
    return decimalLiteral(`-${operand.text}`);
  }
  checkSchema(binder, expr);
  return operatorCall(binder.state, { name: operator, span: expr.span }, [binder.bind(operand)]);
}

/** OPERATOR(schema.op): the schema must be there. */
function checkSchema({ state }: Binder, { operatorSchema, span }: Unary | Binary): void {
  if (operatorSchema === null || state.catalog.schemaExists(operatorSchema)) return;
  throw schemaNotFound(operatorSchema, span);
}

const COMPARISONS = new Set(['=', '<>', '<', '<=', '>', '>=']);

/** A binary operator. */
export function bindBinary(binder: Binder, expr: Binary): ScalarExpr {
  const { state } = binder;
  checkSchema(binder, expr);
  const site = { name: expr.operator === '!=' ? '<>' : expr.operator, span: expr.operatorSpan };
  if (COMPARISONS.has(site.name) && (isRow(expr.left) || isRow(expr.right))) {
    const left = operandRow(binder, expr.left);
    const right = operandRow(binder, expr.right);
    if (left !== null && right !== null) return compareRows(state, site, left, right);
  }
  return operatorCall(state, site, [binder.bind(expr.left), binder.bind(expr.right)]);
}

/** The fields of a row operand; a subquery's one row counts as well. */
function operandRow(binder: Binder, expr: Expr): readonly ScalarExpr[] | null {
  return expr.kind === 'scalarSubquery' ? rowSubquery(binder, expr.query) : rowOf(binder, expr);
}

/** a AND b AND ... */
export function bindAnd(binder: Binder, expr: AndExpr): ScalarExpr {
  return andAll(expr.operands.map((each) =>
    coerceBoolean(binder.state, binder.bind(each), 'AND')));
}

/** a OR b OR ... */
export function bindOr(binder: Binder, expr: OrExpr): ScalarExpr {
  return orAll(expr.operands.map((each) => coerceBoolean(binder.state, binder.bind(each), 'OR')));
}

/** NOT a */
export function bindNot(binder: Binder, expr: NotExpr): ScalarExpr {
  return not(coerceBoolean(binder.state, binder.bind(expr.operand), 'NOT'));
}

/** a IS [NOT] NULL | TRUE | FALSE | UNKNOWN */
export function bindIsTest(binder: Binder, expr: IsTest): ScalarExpr {
  const { state } = binder;
  const operand = binder.bind(expr.operand);
  if (expr.test === 'null') return nullTest(state, operand, expr.negated);
  const what = `IS ${expr.negated ? 'NOT ' : ''}${expr.test.toUpperCase()}`;
  const arg = coerceBoolean(state, operand, what);
  const truth = expr.test === 'unknown' ? null : expr.test === 'true';
  const test: ScalarExpr = { kind: 'isTruth', arg, truth, type: BOOLEAN };
  return expr.negated ? not(test) : test;
}

/** For rows IS NOT NULL means that no field is NULL. */
function nullTest(state: StatementState, operand: ScalarExpr, negated: boolean): ScalarExpr {
  const settled = operand.kind === 'param' ? settle(state, operand) : operand;
  if (settled.type.name === 'record' && settled.type.fields !== undefined) {
    // A row within a row is NULL only as a whole.
    const tests = rowFields(settled).map((field) => (field.type.name === 'record'
      ? notDistinct(field, nullOf(field.type)) : isNull(field)));
    return andAll(negated ? tests.map(not) : tests);
  }
  const arg = isUnknownLiteral(settled) ? coerce(state, settled, TEXT, 'implicit') : settled;
  return negated ? not(isNull(arg)) : isNull(arg);
}

/** a IS [NOT] DISTINCT FROM b */
export function bindIsDistinct(binder: Binder, expr: IsDistinct): ScalarExpr {
  const { state } = binder;
  if (isRow(expr.left) || isRow(expr.right)) {
    const left = rowOf(binder, expr.left);
    const right = rowOf(binder, expr.right);
    if (left !== null && right !== null && left.length === right.length) {
      const same = andAll(left.map((field, at) =>
        sameness(state, [field, must(right[at], 'field')], expr.span)));
      return expr.negated ? same : not(same);
    }
  }
  const same = sameness(state, [binder.bind(expr.left), binder.bind(expr.right)], expr.span);
  return expr.negated ? same : not(same);
}

/** IS NOT DISTINCT FROM over operands brought to one type, by the rules of `=`. */
function sameness(
  state: StatementState, operands: readonly [ScalarExpr, ScalarExpr], span: Span,
): ScalarExpr {
  const choice = operatorChoice({ name: '=', span }, operands);
  const [left, right] = operands.map((each, at) =>
    coerce(state, each, must(choice.args[at], 'operand type'), 'implicit'));
  const a = must(left, 'left operand');
  const b = must(right, 'right operand');
  if (sameType(a.type, b.type)) return notDistinct(a, b);
  const type = commonType(state, [a, b], 'IS DISTINCT FROM');
  return notDistinct(coerce(state, a, type, 'implicit'), coerce(state, b, type, 'implicit'));
}

/** a IS [NOT] JSON ... */
export function bindIsJson(binder: Binder, expr: IsJson): ScalarExpr {
  const operand = coerce(binder.state, binder.bind(expr.operand), TEXT, 'explicit');
  const test = scalarCall(binder.state, { name: '$is_json', span: expr.span },
    [operand, literalOf(expr.type, TEXT)]);
  return expr.negated ? not(test) : test;
}

/** a [NOT] BETWEEN [SYMMETRIC] low AND high */
export function bindBetween(binder: Binder, expr: Between): ScalarExpr {
  const { state } = binder;
  const operand = binder.bind(expr.operand);
  const low = binder.bind(expr.low);
  const high = binder.bind(expr.high);
  const between = (from: ScalarExpr, to: ScalarExpr): ScalarExpr => andAll([
    comparison(state, '>=', [operand, from], expr.span),
    comparison(state, '<=', [operand, to], expr.span),
  ]);
  const inside = expr.symmetric ? orAll([between(low, high), between(high, low)])
    : between(low, high);
  if (!expr.negated) return inside;
  if (expr.symmetric) return not(inside);
  return orAll([
    comparison(state, '<', [operand, low], expr.span),
    comparison(state, '>', [operand, high], expr.span),
  ]);
}

/** A comparison of values or rows. */
export function comparison(
  state: StatementState, operator: string, operands: readonly [ScalarExpr, ScalarExpr],
  span: Span,
): ScalarExpr {
  const [left, right] = operands;
  if (left.kind === 'record' && right.kind === 'record') {
    return compareRows(state, { name: operator, span }, left.fields, right.fields);
  }
  return operatorCall(state, { name: operator, span }, operands);
}

/** a [NOT] IN (x, y): op ANY over an array when the items agree on a type, else ORs. */
export function bindInList(binder: Binder, expr: InList): ScalarExpr {
  const { state } = binder;
  if (isRow(expr.operand) || expr.items.some(isRow)) return inRows(binder, expr);
  const operand = binder.bind(expr.operand);
  const items = expr.items.map((each) => binder.bind(each));
  // Constants find their type together, columns each by its own.
  const constants = items.filter(isConstant);
  const list = constants.length > 1 ? inArray(state, operand, constants) : null;
  const rest = list === null ? items : items.filter((item) => !isConstant(item));
  const tests = rest.map((item) =>
    operatorCall(state, { name: '=', span: expr.span }, [operand, item]));
  const test = orAll(list === null ? tests : [list, ...tests]);
  return expr.negated ? not(test) : test;
}

function isConstant(item: ScalarExpr): boolean {
  return item.kind === 'literal' || item.kind === 'param';
}

function inRows(binder: Binder, expr: InList): ScalarExpr {
  const { state } = binder;
  const left = must(rowOf(binder, expr.operand), 'row');
  const tests = expr.items.map((item) => {
    const right = rowOf(binder, item);
    if (right === null) {
      return operatorCall(state, { name: '=', span: expr.span },
        [binder.bind(expr.operand), binder.bind(item)]);
    }
    return compareRows(state, { name: '=', span: expr.span }, left, right);
  });
  const test = orAll(tests);
  return expr.negated ? not(test) : test;
}

/** IN as `a = ANY (ARRAY[...])` over constants; null when it cannot be one. */
function inArray(
  state: StatementState, operand: ScalarExpr, items: readonly ScalarExpr[],
): ScalarExpr | null {
  let element: SqlType;
  try {
    element = commonType(state, [operand, ...items], 'IN');
  } catch {
    return null;
  }
  const entries = functionsByName('=').filter((entry) => entry.kind === 'scalar');
  const choice = chooseOperator(entries, [operand.type.name === 'unknown' ? element : operand.type,
    element]);
  if (choice === 'none' || choice === 'ambiguous') return null;
  const itemType = choice.args[1];
  const leftType = choice.args[0];
  if (itemType === undefined || leftType === undefined || itemType.name === 'array'
    || itemType.name === 'record') return null;
  if (!items.every((item) => canCoerce(item.type, itemType, 'implicit'))) return null;
  const elements = items.map((item) => coerce(state, item, itemType, 'implicit'));
  return {
    kind: 'arrayCompare', function: choice.entry.id, all: false, type: BOOLEAN,
    left: coerce(state, operand, leftType, 'implicit'),
    array: arrayExpr(state, elements, itemType),
  };
}

/** a [NOT] LIKE | ILIKE | SIMILAR TO pattern [ESCAPE e] */
export function bindLike(binder: Binder, expr: Like): ScalarExpr {
  const { state } = binder;
  const { span } = expr;
  const operand = binder.bind(expr.operand);
  const pattern = binder.bind(expr.pattern);
  const escape = expr.escape === null ? null : binder.bind(expr.escape);
  if (expr.operator === 'similar') {
    const regex = scalarCall(state, { name: 'similar_to_escape', span },
      escape === null ? [pattern] : [pattern, escape]);
    return operatorCall(state, { name: expr.negated ? '!~' : '~', span }, [operand, regex]);
  }
  const right = escape === null ? pattern
    : scalarCall(state, { name: 'like_escape', span }, [pattern, escape]);
  const name = `${expr.negated ? '!' : ''}~~${expr.operator === 'ilike' ? '*' : ''}`;
  return operatorCall(state, { name, span }, [operand, right]);
}

/** Vectors of catalogs count as arrays. */
const VECTORS: ReadonlyMap<SqlType['name'], SqlType> = new Map<SqlType['name'], SqlType>([
  ['int2vector', { name: 'int2' }], ['oidvector', { name: 'oid' }],
]);

/** a op ANY (array), a op ALL (array) */
export function bindQuantifiedArray(binder: Binder, expr: QuantifiedArray): ScalarExpr {
  const { state } = binder;
  const left = binder.bind(expr.operand);
  const array = arrayOperand(binder, expr.array, left);
  const name = expr.operator === '!=' ? '<>' : expr.operator;
  const element = array.type.element ?? VECTORS.get(array.type.name);
  if (element === undefined) {
    throw sqlError('42809', `op ANY/ALL (array) requires array on right side`, {
      span: expr.span,
    });
  }
  const entries = functionsByName(name).filter((entry) => entry.kind === 'scalar');
  const choice = chooseOperator(entries, [left.type, element]);
  if (choice === 'none' || choice === 'ambiguous') {
    throw operatorNotFound(`${typeText(left.type)} ${name} ${typeText(element)}`, expr.span, false);
  }
  if (choice.result.name !== 'boolean') {
    throw sqlError('42809', 'op ANY/ALL (array) requires operator to yield boolean', {
      span: expr.span,
    });
  }
  return {
    kind: 'arrayCompare', function: choice.entry.id, all: expr.quantifier === 'all', type: BOOLEAN,
    left: coerce(state, left, must(choice.args[0], 'operand type'), 'implicit'),
    array: coerce(state, array, arrayOf(must(choice.args[1], 'element type')), 'implicit'),
  };
}

/** An unknown literal on the right is an array of the left side's type. */
function arrayOperand(binder: Binder, expr: Expr, left: ScalarExpr): ScalarExpr {
  const array = binder.bind(expr);
  if (array.type.name !== 'unknown') return array;
  const element = left.type.name === 'unknown' ? TEXT : left.type;
  return must(tryCoerce(binder.state, array, arrayOf(element), 'implicit'), 'array literal');
}

/** a AT TIME ZONE z */
export function bindAtTimeZone(binder: Binder, expr: AtTimeZone): ScalarExpr {
  return scalarCall(binder.state, { name: 'timezone', span: expr.span },
    [binder.bind(expr.zone), binder.bind(expr.operand)]);
}

