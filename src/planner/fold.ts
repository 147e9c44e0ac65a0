/**
 * Evaluates constant expressions while a statement is planned.
 *
 * A plain walk over the tree through the functions' `evaluate`; for literals, INSERT rows, frame
 * offsets and constant folding. Data never goes this way: kernels do that. Columns, outer columns,
 * parameters and subqueries have no value here.
 */
import { assertNever, must } from '../common/assert.ts';
import { sqlArray } from '../common/values.ts';
import type { SqlArray, SqlRecord, Value } from '../common/values.ts';
import { compareValues } from '../common/types/registry.ts';
import { applyTypmod } from '../common/types/typmod.ts';
import type { SqlType } from '../common/types/sql-type.ts';
import { childrenOf } from './expr-tools.ts';
import type { EvaluationContext, ScalarFunction } from './functions/entry.ts';
import { castBetween, evaluatorOf, functionById } from './functions/registry.ts';
import { useEvaluation } from './functions/row-evaluation.ts';
import { arrayOfArrays } from './functions/array-tools.ts';
import type { ScalarExpr } from './relation.ts';

/** What stands for columns: the values of a row, or nothing. */
export type Row = readonly Value[];

const NO_ROW: Row = [];

/** The value of an expression without columns; throws SqlError as the expression does. */
export function evaluateConstant(expr: ScalarExpr, context: EvaluationContext): Value {
  return evaluateOver(expr, NO_ROW, context);
}

/** The value of an expression over one row. For planning, DML of single rows and tests. */
export function evaluateOver(expr: ScalarExpr, row: Row, context: EvaluationContext): Value {
  const value = (of: ScalarExpr): Value => evaluateOver(of, row, context);
  switch (expr.kind) {
    case 'column': return row[expr.index] ?? null;
    case 'literal': return expr.value;
    case 'now': return context.now;
    case 'call': return evaluateCall(expr, expr.args.map(value), context);
    case 'cast': {
      const arg = value(expr.arg);
      return castValue(expr, arg, context);
    }
    case 'and': return evaluateAnd(expr.args, value);
    case 'or': return evaluateOr(expr.args, value);
    case 'not': {
      const arg = value(expr.arg);
      return arg === null ? null : arg !== true;
    }
    case 'isNull': return isSqlNull(value(expr.arg));
    case 'isTruth': return value(expr.arg) === expr.truth;
    case 'notDistinct':
      return sameValue(value(expr.left), value(expr.right), expr.left.type);
    case 'case': {
      for (const arm of expr.whens) if (value(arm.when) === true) return value(arm.then);
      return value(expr.otherwise);
    }
    case 'coalesce': {
      for (const arg of expr.args) {
        const found = value(arg);
        if (found !== null) return found;
      }
      return null;
    }
    case 'array': return arrayValue(expr.elements.map(value), expr.type);
    case 'record': return { kind: 'record', values: expr.fields.map(value) };
    case 'field': {
      const record = value(expr.arg) as SqlRecord | null;
      return record === null ? null : record.values[expr.index] ?? null;
    }
    case 'arrayCompare': return compareArray(expr, value, context);
    case 'outer': case 'param': case 'subquery':
      throw new Error(`no constant: ${expr.kind}`);
    default: return assertNever(expr);
  }
}

useEvaluation(evaluateOver);

function evaluateCall(
  expr: ScalarExpr & { kind: 'call' }, args: readonly Value[], context: EvaluationContext,
): Value {
  const entry = functionById(expr.function);
  if (entry.kind !== 'scalar') throw new Error(`${expr.function} is no scalar function`);
  return callScalar(entry, args, expr, context);
}

function callScalar(
  entry: ScalarFunction, args: readonly Value[], expr: ScalarExpr, context: EvaluationContext,
): Value {
  if (entry.nulls === 'propagate' && args.includes(null)) return null;
  const types = childrenOf(expr).map((arg) => arg.type);
  return evaluatorOf(entry, types, expr.type)(context, ...args);
}

function castValue(
  expr: ScalarExpr & { kind: 'cast' }, arg: Value, context: EvaluationContext,
): Value {
  if (arg === null) return null;
  const entry = must(castBetween(expr.arg.type, expr.type),
    `no cast from ${expr.arg.type.name} to ${expr.type.name}`);
  try {
    return applyTypmod(entry.evaluate(context, arg), expr.type, expr.context !== 'assignment');
  } catch (error) {
    if (expr.context === 'try') return null;
    throw error;
  }
}

function evaluateAnd(args: readonly ScalarExpr[], value: (of: ScalarExpr) => Value): Value {
  let result: Value = true;
  for (const arg of args) {
    const each = value(arg);
    if (each === false) return false;
    if (each === null) result = null;
  }
  return result;
}

function evaluateOr(args: readonly ScalarExpr[], value: (of: ScalarExpr) => Value): Value {
  let result: Value = false;
  for (const arg of args) {
    const each = value(arg);
    if (each === true) return true;
    if (each === null) result = null;
  }
  return result;
}

function isSqlNull(value: Value): boolean {
  if (value === null) return true;
  return typeof value === 'object' && 'kind' in value && value.kind === 'record'
    && value.values.every((field) => field === null);
}

function sameValue(a: Value, b: Value, type: SqlType): boolean {
  if (a === null || b === null) return a === b;
  return compareValues(a, b, type) === 0;
}

/** ARRAY[...] over arrays gives one dimension more. */
function arrayValue(elements: readonly Value[], type: SqlType): Value {
  const first = elements.find((each) => each !== null);
  const nested = typeof first === 'object' && first !== null && 'kind' in first
    && first.kind === 'array' && type.element?.name !== 'array';
  if (!nested) return sqlArray(elements);
  return arrayOfArrays(elements as readonly (SqlArray | null)[]);
}

function compareArray(
  expr: ScalarExpr & { kind: 'arrayCompare' }, value: (of: ScalarExpr) => Value,
  context: EvaluationContext,
): Value {
  const left = value(expr.left);
  const array = value(expr.array) as SqlArray | null;
  if (array === null) return null;
  const entry = functionById(expr.function);
  if (entry.kind !== 'scalar') throw new Error(`${expr.function} is no scalar function`);
  const element = expr.array.type.element ?? expr.left.type;
  const code = evaluatorOf(entry, [expr.left.type, element], expr.type);
  let sawNull = false;
  for (const each of array.elements) {
    const propagates = entry.nulls === 'propagate' && (left === null || each === null);
    const one = propagates ? null : code(context, left, each);
    if (one === !expr.all) return !expr.all;
    if (one === null) sawNull = true;
  }
  return sawNull ? null : expr.all;
}
