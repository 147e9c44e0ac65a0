/**
 * Writes SQL/JSON paths as PostgreSQL prints them: keys in quotes, operators in parentheses.
 */
import { assertNever } from '../assert.ts';
import { formatJsonb, quoteJson } from '../types/jsonb.ts';
import type { JsonPath, PathExpr, PathPredicate } from './path.ts';

/** The canonical text of a path. */
export function printJsonPath(path: JsonPath): string {
  const mode = path.strict ? 'strict ' : '';
  return mode + (path.body.kind === 'expression' ? expression(path.body.expr)
    : condition(path.body.predicate));
}

function level(value: number): string {
  return value === Infinity ? 'last' : String(value);
}

function descend(from: number, to: number): string {
  if (from === 0 && to === Infinity) return '.**';
  return from === to ? `.**{${level(from)}}` : `.**{${level(from)} to ${level(to)}}`;
}

function operandOf(expr: PathExpr): string {
  const text = expression(expr);
  // Literal numbers take parentheses before an accessor.
  return expr.kind === 'literal' && expr.value.kind === 'json-number' ? `(${text})` : text;
}

function expression(expr: PathExpr): string {
  switch (expr.kind) {
    case 'root': return '$';
    case 'current': return '@';
    case 'last': return 'last';
    case 'variable': return `$${quoteJson(expr.name)}`;
    case 'literal': return formatJsonb(expr.value);
    case 'member': return `${operandOf(expr.of)}.${quoteJson(expr.key)}`;
    case 'members': return `${operandOf(expr.of)}.*`;
    case 'descend': return operandOf(expr.of) + descend(expr.from, expr.to);
    case 'elements': return `${operandOf(expr.of)}[*]`;
    case 'subscript': {
      const ranges = expr.ranges.map(({ from, to }) =>
        (to === null ? operation(from) : `${operation(from)} to ${operation(to)}`));
      return `${operandOf(expr.of)}[${ranges.join(',')}]`;
    }
    case 'filter': return `${operandOf(expr.of)}?(${bare(expr.predicate)})`;
    case 'method': return `${operandOf(expr.of)}.${expr.name}()`;
    case 'binary': case 'unary': return `(${operation(expr)})`;
    default: return assertNever(expr);
  }
}

/** How strongly an operator binds; operands that bind no stronger take parentheses. */
function priority(expr: PathExpr): number {
  if (expr.kind === 'unary') return 5;
  if (expr.kind !== 'binary') return 6;
  return expr.operator === '+' || expr.operator === '-' ? 3 : 4;
}

function operation(expr: PathExpr): string {
  const operand = (one: PathExpr): string =>
    (priority(one) <= priority(expr) || priority(one) === 6 ? expression(one) : operation(one));
  if (expr.kind === 'unary') return expr.operator + operand(expr.operand);
  if (expr.kind !== 'binary') return expression(expr);
  return `${operand(expr.left)} ${expr.operator} ${operand(expr.right)}`;
}

/** A condition in parentheses, where it is an operator. */
function condition(predicate: PathPredicate): string {
  switch (predicate.kind) {
    case 'exists': case 'not': case 'is-unknown': return bare(predicate);
    default: return `(${bare(predicate)})`;
  }
}

function bare(predicate: PathPredicate): string {
  switch (predicate.kind) {
    case 'compare':
      return `${operation(predicate.left)} ${predicate.operator} ${operation(predicate.right)}`;
    case 'and': case 'or': {
      const symbol = predicate.kind === 'and' ? '&&' : '||';
      const operand = (one: PathPredicate): string => inner(one, predicate.kind);
      return `${operand(predicate.left)} ${symbol} ${operand(predicate.right)}`;
    }
    case 'not': return `!(${bare(predicate.operand)})`;
    case 'is-unknown': return `(${bare(predicate.operand)}) is unknown`;
    case 'exists': return `exists (${expression(predicate.path)})`;
    case 'starts-with':
      return `${expression(predicate.left)} starts with ${expression(predicate.prefix)}`;
    case 'like-regex': {
      const flags = predicate.writtenFlags === '' ? '' : ` flag "${predicate.writtenFlags}"`;
      return `${expression(predicate.left)} like_regex ${quoteJson(predicate.pattern)}${flags}`;
    }
    default: return assertNever(predicate);
  }
}

/** An operand of && or ||: only && under || does without parentheses. */
function inner(predicate: PathPredicate, outer: 'and' | 'or'): string {
  const enclosed = predicate.kind === 'or' || (predicate.kind === 'and' && outer === 'and');
  return enclosed ? `(${bare(predicate)})` : bare(predicate);
}
