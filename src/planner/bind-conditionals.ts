/**
 * CASE, COALESCE, NULLIF, GREATEST, LEAST and ROW: expressions that settle on a common type.
 */
import { must } from '../common/assert.ts';
import { sqlError } from '../common/errors.ts';
import type { SqlType } from '../common/types/sql-type.ts';
import type { CaseExpr, Coalesce, MinMax, NullIf, RowExpr } from '../parser/ast.ts';
import { rowItems } from './bind-rows.ts';
import { arrayExpr } from './bind-arrays.ts';
import { operatorCall, operatorChoice } from './bind-call-tools.ts';
import type { Binder } from './bind-context.ts';
import { UNKNOWN } from './bind-types.ts';
import {
  coerce, coerceBoolean, coerceCommon, commonType, coerceTo, literalOf, settle,
} from './coerce.ts';
import { call, isNull, orAll } from './expr-tools.ts';
import { isVolatile } from './function-facts.ts';
import type { ScalarExpr, WhenThen } from './relation.ts';

/** CASE [operand] WHEN ... THEN ... [ELSE ...] END */
export function bindCase(binder: Binder, expr: CaseExpr): ScalarExpr {
  return withoutSets(binder, expr, 'CASE', () => caseOf(binder, expr));
}

/** What is bound must call no set-returning functions: not every row comes to the call. */
function withoutSets(
  { scope }: Binder, { span }: CaseExpr | Coalesce, what: string, bind: () => ScalarExpr,
): ScalarExpr {
  const before = scope.tableCalls.length;
  const bound = bind();
  if (scope.tableCalls.length === before) return bound;
  throw sqlError('0A000', `set-returning functions are not allowed in ${what}`, {
    span, hint: 'You might be able to move the set-returning function into a LATERAL FROM item.',
  });
}

function caseOf(binder: Binder, expr: CaseExpr): ScalarExpr {
  const { state } = binder;
  const operand = expr.operand === null ? null : settle(state, binder.bind(expr.operand));
  const whens = expr.branches.map((branch) => {
    const when = binder.bind(branch.when);
    return operand === null ? coerceBoolean(state, when, 'CASE/WHEN')
      : operatorCall(state, { name: '=', span: branch.when.span }, [operand, when]);
  });
  const otherwise = expr.otherwise === null ? literalOf(null, UNKNOWN)
    : binder.bind(expr.otherwise);
  const thens = expr.branches.map((branch) => binder.bind(branch.then));
  const type = commonType(state, [otherwise, ...thens], 'CASE');
  return {
    kind: 'case', type, otherwise: coerceTo(state, otherwise, type, 'CASE/ELSE'),
    whens: whens.map((when, at): WhenThen => ({
      when, then: coerceTo(state, must(thens[at], 'result'), type, 'CASE/WHEN'),
    })),
  };
}

/** COALESCE(a, ...) */
export function bindCoalesce(binder: Binder, expr: Coalesce): ScalarExpr {
  return withoutSets(binder, expr, 'COALESCE', () => coalesceOf(binder, expr));
}

function coalesceOf(binder: Binder, expr: Coalesce): ScalarExpr {
  const args = expr.args.map((each) => binder.bind(each));
  const common = coerceCommon(binder.state, args, 'COALESCE');
  const only = common.exprs[0];
  if (common.exprs.length === 1 && only !== undefined) return only;
  return { kind: 'coalesce', args: common.exprs, type: common.type };
}

/** NULLIF(a, b): NULL when a = b, else a. */
export function bindNullIf(binder: Binder, expr: NullIf): ScalarExpr {
  const { state } = binder;
  const left = binder.bind(expr.left);
  const right = binder.bind(expr.right);
  const choice = operatorChoice({ name: '=', span: expr.span }, [left, right]);
  const kept = coerce(state, left, must(choice.args[0], 'operand type'), 'implicit');
  const when = operatorCall(state, { name: '=', span: expr.span }, [left, right]);
  return {
    kind: 'case', type: kept.type, otherwise: kept,
    whens: [{ when, then: literalOf(null, kept.type) }],
  };
}

/**
 * GREATEST and LEAST: NULLs are passed over; a chain of CASEs over the values. It names a value
 * twice, so many values, and those that are others each time, are put into an array.
 */
export function bindMinMax(binder: Binder, expr: MinMax): ScalarExpr {
  const { state } = binder;
  const name = expr.function.toUpperCase();
  const common = coerceCommon(state, expr.args.map((each) => binder.bind(each)), name);
  const operator = expr.function === 'greatest' ? '>=' : '<=';
  const many = common.exprs.length > 4 || common.exprs.some(isVolatile);
  if (many && common.type.name !== 'array') {
    return call(`$${expr.function}(anyarray)`, [arrayExpr(state, common.exprs, common.type)],
      common.type);
  }
  return common.exprs.reduce((best, next) => {
    const keep = operatorCall(state, { name: operator, span: expr.span }, [best, next]);
    return {
      kind: 'case', type: common.type, otherwise: next,
      whens: [{ when: orAll([isNull(next), keep]), then: best }],
    };
  });
}

/** ROW(a, b); t.* in it gives the fields of t. */
export function bindRow(binder: Binder, expr: RowExpr): ScalarExpr {
  const fields = rowItems(binder, expr).map((field) => {
    const settled = settle(binder.state, field);
    if (settled !== field) binder.state.bare.set(settled, field);
    return settled;
  });
  if (fields.length > 1664) {
    throw sqlError('54011', 'ROW expressions can have at most 1664 entries', { span: expr.span });
  }
  const type: SqlType = {
    name: 'record', fields: fields.map((field, at) => ({ name: `f${at + 1}`, type: field.type })),
  };
  return { kind: 'record', fields, type };
}

