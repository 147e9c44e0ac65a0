/**
 * Bound expressions as PostgreSQL shows those of checks and defaults: literals with their types,
 * casts of constants, every operator in parentheses unless it is to be pretty.
 *
 * Close enough to be read back by SQL. The planner's own texts (explain-expr.ts) are for people.
 */
import { assertNever } from '../../common/assert.ts';
import { formatType, formatValue } from '../../common/types/registry.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { SqlArray, Value } from '../../common/values.ts';
import { exprText, functionName } from '../../planner/explain-expr.ts';
import type { ColumnName } from '../../planner/explain-expr.ts';
import type { ScalarExpr } from '../../planner/relation.ts';

interface Style {
  readonly names: ColumnName;
  readonly pretty: boolean;
}

/** A condition, with outer parentheses around operators unless pretty. */
export function conditionText(expr: ScalarExpr, style: Style): string {
  return written(expr, style);
}

/** A column's default: constants are shown as they were written. */
export function defaultValueText(expr: ScalarExpr, names: ColumnName): string {
  if (expr.kind === 'cast' && expr.context !== 'explicit') {
    return defaultValueText(expr.arg, names);
  }
  if (expr.kind === 'literal' && FRACTIONS.has(expr.type.name) && expr.value !== null) {
    const text = formatValue(expr.value, expr.type) ?? '';
    // The scale is the column's, not what was written.
    const exact = expr.type.mods === undefined || !text.includes('.');
    const short = exact ? text : text.replace(/\.?0+$|(\.\d*[1-9])0+$/, '$1');
    if (/^\d/.test(short)) return short;
  }
  return written(expr, { names, pretty: false });
}

const FRACTIONS: ReadonlySet<string> = new Set(['numeric', 'float4', 'float8']);
const INTEGERS: ReadonlySet<string> = new Set(['int2', 'int4', 'int8']);
const INT4_MAX = 2147483647n;

function literalText(value: Value, type: SqlType, { pretty }: Style): string {
  const name = formatType(type);
  if (value === null) return `NULL::${name}`;
  if (type.name === 'boolean') return value === true ? 'true' : 'false';
  const text = formatValue(value, type) ?? '';
  if (INTEGERS.has(type.name)) {
    if (/^\d/.test(text) && BigInt(text) <= INT4_MAX) return text;
    const small = BigInt(text) <= INT4_MAX && BigInt(text) >= -INT4_MAX;
    return `'${text}'::${small ? 'integer' : 'bigint'}`;
  }
  if (FRACTIONS.has(type.name) && /^\d/.test(text)) {
    if (type.name === 'numeric' && text.includes('.')) return text;
    return pretty ? `${text}::${name}` : `(${text})::${name}`;
  }
  const shown = type.name === 'unknown' ? 'text' : name;
  return `'${text.replaceAll("'", "''")}'::${shown}`;
}

/** `x::type`, with parentheses where the cast would bind to a part of x. */
function castText(arg: ScalarExpr, type: SqlType, style: Style): string {
  const text = written(arg, style);
  const bare = style.pretty && (arg.kind === 'column' || arg.kind === 'call' && !isOperator(arg)
    || arg.kind === 'array');
  const closed = text.startsWith('(') && text.endsWith(')') && isOperation(arg);
  return `${bare || closed ? text : `(${text})`}::${formatType(type)}`;
}

function isOperator(expr: ScalarExpr & { readonly kind: 'call' }): boolean {
  return !/^[\w$]/.test(functionName(expr.function));
}

function isOperation(expr: ScalarExpr): boolean {
  switch (expr.kind) {
    case 'call': return isOperator(expr);
    case 'and': case 'or': case 'not': case 'isNull': case 'isTruth': case 'notDistinct':
    case 'arrayCompare':
      return true;
    default: return false;
  }
}

function enclosed(text: string, { pretty }: Style): string {
  return pretty ? text : `(${text})`;
}

/** An operand of an operator or of a function that takes text: varchar is read as text. */
function operandText(expr: ScalarExpr, style: Style): string {
  if (expr.kind === 'column' && expr.type.name === 'varchar') {
    return castText(expr, { name: 'text' }, style);
  }
  const text = written(expr, style);
  return style.pretty && isOperation(expr) ? `(${text})` : text;
}

function callText(expr: ScalarExpr & { readonly kind: 'call' }, style: Style): string {
  const name = functionName(expr.function);
  const [a, b] = expr.args;
  if (isOperator(expr) && a !== undefined) {
    return enclosed(b === undefined ? `${name} ${operandText(a, style)}`
      : `${operandText(a, style)} ${name} ${operandText(b, style)}`, style);
  }
  return `${name}(${expr.args.map((arg) => (arg.kind === 'column' ? operandText(arg, style)
    : written(arg, style))).join(', ')})`;
}

function listText(exprs: readonly ScalarExpr[], style: Style): string {
  return exprs.map((each) => written(each, style)).join(', ');
}

/** The items of an array: of a constant one its elements. */
function arrayText(expr: ScalarExpr, style: Style): string {
  if (expr.kind !== 'literal' || expr.value === null || expr.type.element === undefined) {
    return written(expr, style);
  }
  const element = expr.type.element;
  const { elements, dims } = expr.value as SqlArray;
  if (dims.length !== 1) return written(expr, style);
  return `ARRAY[${elements.map((each) => literalText(each, element, style)).join(', ')}]`;
}

function joined(
  expr: ScalarExpr & { readonly kind: 'and' | 'or' }, style: Style,
): string {
  const within = (arg: ScalarExpr): string => {
    const text = written(arg, style);
    return style.pretty && arg.kind === 'or' && expr.kind === 'and' ? `(${text})` : text;
  };
  return enclosed(expr.args.map(within).join(expr.kind === 'and' ? ' AND ' : ' OR '), style);
}

function caseText(expr: ScalarExpr & { readonly kind: 'case' }, style: Style): string {
  const arms = expr.whens.map((arm) =>
    `\n    WHEN ${written(arm.when, style)} THEN ${written(arm.then, style)}`);
  return `\nCASE${arms.join('')}\n    ELSE ${written(expr.otherwise, style)}\nEND`;
}

function written(expr: ScalarExpr, style: Style): string {
  switch (expr.kind) {
    case 'column': return style.names(expr.index);
    case 'literal': return literalText(expr.value, expr.type, style);
    case 'now': return 'now()';
    case 'call': return callText(expr, style);
    case 'cast': return expr.arg.kind === 'now' && expr.type.name === 'date' ? 'CURRENT_DATE'
      : castText(expr.arg, expr.type, style);
    case 'and': case 'or': return joined(expr, style);
    case 'not': return expr.arg.kind === 'isNull'
      ? enclosed(`${written(expr.arg.arg, style)} IS NOT NULL`, style)
      : enclosed(`NOT ${operandText(expr.arg, style)}`, style);
    case 'isNull': return enclosed(`${written(expr.arg, style)} IS NULL`, style);
    case 'isTruth': return enclosed(`${operandText(expr.arg, style)} IS ${
      expr.truth === null ? 'UNKNOWN' : expr.truth ? 'TRUE' : 'FALSE'}`, style);
    case 'notDistinct': return enclosed(`${operandText(expr.left, style)} IS NOT DISTINCT FROM ${
      operandText(expr.right, style)}`, style);
    case 'case': return caseText(expr, style);
    case 'coalesce': return `COALESCE(${listText(expr.args, style)})`;
    case 'array': return `ARRAY[${listText(expr.elements, style)}]`;
    case 'record': return `ROW(${listText(expr.fields, style)})`;
    case 'arrayCompare': return enclosed(`${operandText(expr.left, style)} ${
      functionName(expr.function)} ${expr.all ? 'ALL' : 'ANY'} (${arrayText(expr.array, style)})`,
    style);
    case 'outer': case 'param': case 'field': case 'subquery': return exprText(expr, style.names);
    default: return assertNever(expr);
  }
}
