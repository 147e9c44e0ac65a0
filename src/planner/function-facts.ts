/**
 * What rewrites and properties must know of single functions, by their registry ids.
 *
 * Comparison operators (which are equalities, how they turn round), strictness, volatility, and
 * adding or taking away a constant interval. All other knowledge of functions is in the registry.
 */
import type { SqlType } from '../common/types/sql-type.ts';
import type { Interval } from '../common/types/interval.ts';
import { MICROS_PER_DAY } from '../common/types/interval.ts';
import type { SqlArray } from '../common/values.ts';
import { someExpr } from './expr-tools.ts';
import { castBetween, functionById } from './functions/registry.ts';
import type { ScalarExpr } from './relation.ts';

/** A comparison operator. */
export type ComparisonOp = '=' | '<>' | '<' | '<=' | '>' | '>=';

const COMPARISON = /^(=|<>|<|<=|>|>=)\((\w+(?:\[\])*),(\w+(?:\[\])*)\)$/;
const SWAPPED: Readonly<Record<ComparisonOp, ComparisonOp>> = {
  '=': '=', '<>': '<>', '<': '>', '<=': '>=', '>': '<', '>=': '<=',
};
const NEGATED: Readonly<Record<ComparisonOp, ComparisonOp>> = {
  '=': '<>', '<>': '=', '<': '>=', '<=': '>', '>': '<=', '>=': '<',
};

/** A comparison of two expressions. */
export interface Comparison {
  readonly op: ComparisonOp;
  readonly left: ScalarExpr;
  readonly right: ScalarExpr;
}

/** The operator of a comparison's id, or null. */
export function comparisonOp(id: string): ComparisonOp | null {
  const match = COMPARISON.exec(id);
  return match === null ? null : match[1] as ComparisonOp;
}

/** True for an id of `=`. */
export function isEquality(id: string): boolean {
  return comparisonOp(id) === '=';
}

/** The expression as a comparison, or null. */
export function asComparison(expr: ScalarExpr): Comparison | null {
  if (expr.kind !== 'call') return null;
  const op = comparisonOp(expr.function);
  const [left, right] = expr.args;
  return op === null || left === undefined || right === undefined ? null : { op, left, right };
}

/** a op b as b op' a. */
export function swapped(comparison: Comparison): Comparison {
  return { op: SWAPPED[comparison.op], left: comparison.right, right: comparison.left };
}

/** NOT (a op b), for non-NULL operands. */
export function negatedOp(op: ComparisonOp): ComparisonOp {
  return NEGATED[op];
}

/** Id of a comparison of two values of one type. */
export function comparisonId(op: ComparisonOp, type: SqlType): string {
  const name = comparedName(type);
  return `${op}(${name},${name})`;
}

/** The type name under which values of a type are compared. */
export function comparedName(type: SqlType): string {
  switch (type.name) {
    case 'varchar': return 'text';
    case 'array': return 'anyarray';
    case 'enum': return 'anyenum';
    default: return type.name;
  }
}

/** True when the expression is NULL (or an error) whenever column `index` is NULL. */
export function isStrictIn(expr: ScalarExpr, index: number): boolean {
  switch (expr.kind) {
    case 'column': return expr.index === index;
    case 'cast': case 'not': case 'field': return isStrictIn(expr.arg, index);
    case 'call': {
      const entry = functionById(expr.function);
      return entry.kind === 'scalar' && entry.nulls === 'propagate'
        && expr.args.some((arg) => isStrictIn(arg, index));
    }
    // Over no elements the answer is FALSE or TRUE, whatever is compared with them.
    case 'arrayCompare': return isStrictIn(expr.array, index)
      || hasElements(expr.array) && isStrictIn(expr.left, index);
    default: return false;
  }
}

function hasElements(array: ScalarExpr): boolean {
  if (array.kind === 'array') return array.elements.length > 0;
  return array.kind === 'literal' && array.value !== null
    && (array.value as SqlArray).elements.length > 0;
}

/** True when a predicate is not TRUE whenever column `index` is NULL. */
export function isStrictPredicate(expr: ScalarExpr, index: number): boolean {
  switch (expr.kind) {
    case 'and': return expr.args.some((arg) => isStrictPredicate(arg, index));
    case 'or': return expr.args.every((arg) => isStrictPredicate(arg, index));
    case 'not':
      return expr.arg.kind === 'isNull' ? isStrictIn(expr.arg.arg, index)
        : isStrictIn(expr.arg, index);
    case 'isTruth': return expr.truth !== null && isStrictIn(expr.arg, index);
    case 'literal': return expr.value !== true;
    case 'arrayCompare': return isStrictIn(expr.array, index)
      || !expr.all && isStrictIn(expr.left, index);
    default: return isStrictIn(expr, index);
  }
}

/** True when the value depends on nothing but the columns: same input, same output, for ever. */
export function isImmutable(expr: ScalarExpr): boolean {
  return !someExpr(expr, (node) => {
    if (node.kind === 'call') {
      const entry = functionById(node.function);
      return entry.kind === 'scalar' && entry.volatility !== 'immutable';
    }
    if (node.kind === 'cast') {
      return castBetween(node.arg.type, node.type)?.volatility === 'stable';
    }
    return node.kind === 'now' || node.kind === 'subquery' || node.kind === 'param';
  });
}

/** True when a function in the expression is volatile. */
export function isVolatile(expr: ScalarExpr): boolean {
  return someExpr(expr, (node) => {
    if (node.kind !== 'call') return false;
    const entry = functionById(node.function);
    return entry.kind === 'scalar' && entry.volatility === 'volatile';
  });
}

/** True when evaluating may raise an error; columns, literals and logic do not. */
export function mayRaise(expr: ScalarExpr): boolean {
  return someExpr(expr, (node) => {
    switch (node.kind) {
      case 'call': return comparisonOp(node.function) === null && !node.function.startsWith('$');
      case 'cast': return !isWidening(node.arg.type, node.type);
      case 'arrayCompare': case 'subquery': case 'param': return true;
      default: return false;
    }
  });
}

const WIDENING: Readonly<Record<string, readonly string[]>> = {
  varchar: ['text'], bpchar: ['text'], name: ['text'], int2: ['int4', 'int8', 'numeric', 'float8'],
  int4: ['int8', 'numeric', 'float8'], int8: ['numeric', 'float8'], float4: ['float8'],
};

/** True for casts that take every value. */
function isWidening(from: SqlType, to: SqlType): boolean {
  return to.mods === undefined && WIDENING[from.name]?.includes(to.name) === true;
}

/** An expression plus constant microseconds. */
export interface Shifted {
  readonly base: ScalarExpr;
  readonly micros: bigint;
}

/** Takes constant intervals off a time: `ts - interval '5 s'` is ts shifted by -5,000,000. */
export function shiftedTime(expr: ScalarExpr): Shifted {
  const plain: Shifted = { base: expr, micros: 0n };
  if (expr.kind !== 'call') return plain;
  const [a, b] = expr.args;
  if (a === undefined || b === undefined) return plain;
  const add = TIME_PLUS.has(expr.function);
  if (!add && !TIME_MINUS.has(expr.function)) return plain;
  const backwards = expr.function.startsWith('+(interval,');
  const [time, amount] = backwards ? [b, a] : [a, b];
  const micros = fixedMicros(amount);
  if (micros === null || (expr.type.name === 'timestamptz' && hasDays(amount))) return plain;
  const inner = shiftedTime(time);
  return { base: inner.base, micros: inner.micros + (add ? micros : -micros) };
}

const TIME_PLUS: ReadonlySet<string> = new Set([
  '+(timestamp,interval)', '+(timestamptz,interval)', '+(interval,timestamp)',
  '+(interval,timestamptz)',
]);
const TIME_MINUS: ReadonlySet<string> = new Set([
  '-(timestamp,interval)', '-(timestamptz,interval)',
]);

/** Days of a timestamptz are as long as the session's time zone says. */
function hasDays(amount: ScalarExpr): boolean {
  return amount.kind === 'literal' && (amount.value as Interval).days !== 0;
}

/** Microseconds of a literal interval without months; days count 24 hours. */
export function fixedMicros(expr: ScalarExpr): bigint | null {
  if (expr.kind !== 'literal' || expr.type.name !== 'interval' || expr.value === null) return null;
  const value = expr.value as Interval;
  return value.months === 0 ? BigInt(value.days) * MICROS_PER_DAY + value.micros : null;
}
