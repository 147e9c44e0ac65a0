/**
 * Expressions, watermarks and windows as text for EXPLAIN.
 *
 * Close to SQL, stable, one line each. Not meant to be parsed again.
 */
import { assertNever } from '../common/assert.ts';
import { formatInterval } from '../common/types/interval-format.ts';
import { makeInterval, MICROS_PER_DAY } from '../common/types/interval.ts';
import { formatType, formatValue } from '../common/types/registry.ts';
import type { SqlType } from '../common/types/sql-type.ts';
import type { Value } from '../common/values.ts';
import type { WatermarkExpr } from './dataflow.ts';
import type { FillRule, Frame, FrameBound, ScalarExpr, SortKey, WindowSpec } from './relation.ts';

/** Gives the name of column `index` of what the expression is over. */
export type ColumnName = (index: number) => string;

/** Gives the name of a relation by its id. */
export type RelationName = (id: number) => string;

/** A value as a SQL literal. */
export function valueText(value: Value, type: SqlType): string {
  if (value === null) return 'NULL';
  const text = formatValue(value, type) ?? 'NULL';
  switch (type.name) {
    case 'boolean': return value === true ? 'true' : 'false';
    case 'int2': case 'int4': case 'int8': case 'numeric': case 'float4': case 'float8':
      return text;
    case 'text': case 'varchar': case 'unknown': return `'${text.replaceAll("'", "''")}'`;
    default: return `'${text.replaceAll("'", "''")}'::${formatType(type)}`;
  }
}

/** A function's id without argument types. */
export function functionName(id: string): string {
  const end = id.indexOf('(');
  return end < 0 ? id : id.slice(0, end);
}

function isOperator(name: string): boolean {
  return !/^[\w$]/.test(name);
}

function list(exprs: readonly ScalarExpr[], names: ColumnName): string {
  return exprs.map((each) => exprText(each, names)).join(', ');
}

/** Operands of operators get parentheses unless they are simple. */
function operand(expr: ScalarExpr, names: ColumnName): string {
  const text = exprText(expr, names);
  const simple = expr.kind !== 'and' && expr.kind !== 'or' && expr.kind !== 'not'
    && expr.kind !== 'isNull' && expr.kind !== 'notDistinct' && expr.kind !== 'isTruth'
    && !(expr.kind === 'call' && isOperator(functionName(expr.function)));
  return simple ? text : `(${text})`;
}

function callText(expr: ScalarExpr & { kind: 'call' }, names: ColumnName): string {
  const name = functionName(expr.function);
  const [a, b] = expr.args;
  if (isOperator(name) && a !== undefined) {
    return b === undefined ? `${name} ${operand(a, names)}`
      : `${operand(a, names)} ${name} ${operand(b, names)}`;
  }
  return `${name}(${list(expr.args, names)})`;
}

/** An expression as text. */
export function exprText(expr: ScalarExpr, names: ColumnName): string {
  switch (expr.kind) {
    case 'column': return names(expr.index);
    case 'outer': return `outer(${expr.depth}).#${expr.index}`;
    case 'literal': return valueText(expr.value, expr.type);
    case 'param': return `$${expr.index}`;
    case 'now': return 'now()';
    case 'call': return callText(expr, names);
    case 'cast': return `${operand(expr.arg, names)}::${formatType(expr.type)}`;
    case 'and': return expr.args.map((arg) => operand(arg, names)).join(' AND ');
    case 'or': return expr.args.map((arg) => operand(arg, names)).join(' OR ');
    case 'not': return expr.arg.kind === 'isNull'
      ? `${operand(expr.arg.arg, names)} IS NOT NULL` : `NOT ${operand(expr.arg, names)}`;
    case 'isNull': return `${operand(expr.arg, names)} IS NULL`;
    case 'isTruth': return `${operand(expr.arg, names)} IS ${
      expr.truth === null ? 'UNKNOWN' : expr.truth ? 'TRUE' : 'FALSE'}`;
    case 'notDistinct':
      return `${operand(expr.left, names)} IS NOT DISTINCT FROM ${operand(expr.right, names)}`;
    case 'case': {
      const arms = expr.whens.map((arm) =>
        `WHEN ${exprText(arm.when, names)} THEN ${exprText(arm.then, names)}`);
      return `CASE ${arms.join(' ')} ELSE ${exprText(expr.otherwise, names)} END`;
    }
    case 'coalesce': return `coalesce(${list(expr.args, names)})`;
    case 'array': return `ARRAY[${list(expr.elements, names)}]`;
    case 'record': return `ROW(${list(expr.fields, names)})`;
    case 'field': return `(${exprText(expr.arg, names)}).${fieldName(expr)}`;
    case 'arrayCompare': return `${operand(expr.left, names)} ${functionName(expr.function)} ${
      expr.all ? 'ALL' : 'ANY'} (${exprText(expr.array, names)})`;
    case 'subquery': return `subquery(${expr.mode.kind})`;
    default: return assertNever(expr);
  }
}

function fieldName(expr: ScalarExpr & { kind: 'field' }): string {
  return expr.arg.type.fields?.[expr.index]?.name ?? `f${expr.index + 1}`;
}

/** Microseconds as an interval. */
export function microsText(micros: bigint): string {
  return formatInterval(makeInterval(0, Number(micros / MICROS_PER_DAY), micros % MICROS_PER_DAY));
}

/** A watermark expression as text: `watermark(bid) - 00:00:05`. */
export function watermarkText(expr: WatermarkExpr, names: RelationName): string {
  switch (expr.kind) {
    case 'relation': return `watermark(${names(expr.relation)})`;
    case 'shift': {
      const sign = expr.micros < 0n ? '-' : '+';
      const size = expr.micros < 0n ? -expr.micros : expr.micros;
      return `${watermarkText(expr.of, names)} ${sign} ${microsText(size)}`;
    }
    case 'floor': return `floor(${watermarkText(expr.of, names)}, ${microsText(expr.step)})`;
    case 'zoneFloor':
      return `floor(${watermarkText(expr.of, names)}, ${microsText(expr.window.size)} in ${
        expr.window.zone})`;
    case 'min':
      return `least(${expr.of.map((each) => watermarkText(each, names)).join(', ')})`;
    default: return assertNever(expr);
  }
}

/** A window as text. */
export function windowText(window: WindowSpec): string {
  switch (window.kind) {
    case 'tumble': return `tumble ${microsText(window.size)}${offsetText(window.offset)}`;
    case 'hop': return `hop ${microsText(window.size)} every ${microsText(window.slide)}${
      offsetText(window.offset)}`;
    case 'cumulate': return `cumulate ${microsText(window.size)} by ${microsText(window.step)}${
      offsetText(window.offset)}`;
    case 'zoned': {
      const { kind: _zoned, shape, zone, ...sizes } = window;
      const plain: WindowSpec = shape === 'hop' ? { kind: shape, slide: sizes.step, ...sizes }
        : { kind: shape, ...sizes };
      return `${windowText(plain)} in ${zone}`;
    }
    case 'session': return `session gap ${microsText(window.gap)}${
      window.longest === undefined ? '' : `, at most ${microsText(window.longest)}`}`;
    default: return assertNever(window);
  }
}

function offsetText(offset: bigint): string {
  return offset === 0n ? '' : ` offset ${microsText(offset)}`;
}

/** Sort keys as text. */
export function sortText(keys: readonly SortKey[], names: ColumnName): string {
  return keys.map((key) => {
    const nulls = key.nullsFirst === key.descending ? ''
      : key.nullsFirst ? ' NULLS FIRST' : ' NULLS LAST';
    return `${names(key.column)}${key.descending ? ' DESC' : ''}${nulls}`;
  }).join(', ');
}

/** A frame as text; nothing for the default one. */
export function frameText(frame: Frame, names: ColumnName): string {
  const isDefault = frame.mode === 'range' && frame.start.kind === 'unboundedPreceding'
    && frame.end.kind === 'currentRow' && frame.exclude === 'none';
  if (isDefault) return '';
  const exclude = frame.exclude === 'none' ? '' : ` EXCLUDE ${frame.exclude}`;
  return ` ${frame.mode.toUpperCase()} ${boundText(frame.start, names)} .. ${
    boundText(frame.end, names)}${exclude}`;
}

function boundText(bound: FrameBound, names: ColumnName): string {
  switch (bound.kind) {
    case 'unboundedPreceding': return 'UNBOUNDED PRECEDING';
    case 'currentRow': return 'CURRENT ROW';
    case 'unboundedFollowing': return 'UNBOUNDED FOLLOWING';
    case 'preceding': return `${exprText(bound.offset, names)} PRECEDING`;
    case 'following': return `${exprText(bound.offset, names)} FOLLOWING`;
    default: return assertNever(bound);
  }
}

/** `every 00:01:00 by k: n = 0, v from the row before`. */
export function fillText(
  rule: FillRule, columns: readonly { readonly name: string; readonly type: SqlType }[],
): string {
  const names: ColumnName = (index) => columns[index]?.name ?? `#${index}`;
  const partition = rule.partitionBy.length === 0 ? ''
    : ` by ${rule.partitionBy.map(names).join(', ')}`;
  const values = rule.values.map((each) => {
    switch (each.how) {
      case 'literal': return `${names(each.column)} = ${
        valueText(each.value, columns[each.column]?.type ?? { name: 'text' })}`;
      case 'previous': return `${names(each.column)} from the row before`;
      case 'linear': return `${names(each.column)} between the rows`;
    }
  });
  return `every ${microsText(rule.step)}${rule.zone === undefined ? ''
    : ` in ${rule.zone}`}${partition}, ${rule.trailing ? 'trailing ' : ''}up to ${
    rule.most} windows: ${values.join(', ')}`;
}
