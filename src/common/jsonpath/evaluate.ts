/**
 * Evaluates SQL/JSON paths over jsonb trees.
 *
 * Lax paths unwrap arrays where a member or filter is asked of them and pass over what is missing;
 * strict ones fail. Errors are PostgreSQL's (class 22); inside a predicate they make it unknown.
 */
import { assertNever } from '../assert.ts';
import { sqlError, SqlError } from '../errors.ts';
import { compileRegex } from '../regex/regex.ts';
import {
  JSON_NULL, jsonBoolean, jsonField, jsonNumber, jsonObject, jsonString,
} from '../types/jsonb.ts';
import type { Jsonb, JsonArray } from '../types/jsonb.ts';
import { parseFloat8 } from '../types/floats.ts';
import {
  absNumeric, addNumeric, ceilNumeric, compareNumeric, divNumeric, floorNumeric, modNumeric,
  mulNumeric, negateNumeric, numericFromFloat8, numericFromNumber, numericToInt4, subNumeric,
  truncNumeric,
} from '../types/numeric.ts';
import type { Numeric } from '../types/numeric.ts';
import { compareText } from '../types/text-order.ts';
import type {
  JsonPath, PathComparison, PathExpr, PathMethod, PathOperator, PathPredicate,
} from './path.ts';

/** true, false or unknown (null). */
type Truth = boolean | null;

/** The sequence a path gives for a document; `variables` is an object of `$name` values. */
export function evaluateJsonPath(path: JsonPath, document: Jsonb, variables: Jsonb): Jsonb[] {
  if (variables.kind !== 'json-object') {
    throw sqlError('22023', '"vars" argument is not an object', {
      detail: 'Jsonpath parameters should be encoded as key-value pairs of "vars" object.',
    });
  }
  const run = new PathRun(path.strict, document, variables);
  if (path.body.kind === 'expression') return run.expression(path.body.expr, ROOT);
  const truth = run.predicate(path.body.predicate, ROOT);
  return [truth === null ? JSON_NULL : jsonBoolean(truth)];
}

/** What `@` and `last` stand for. */
interface Place {
  readonly current: Jsonb | null;
  readonly last: number | null;
}

const ROOT: Place = { current: null, last: null };

function typeName(value: Jsonb): string {
  return value.kind === 'json-null' ? 'null' : value.kind.slice('json-'.length);
}

class PathRun {
  readonly #strict: boolean;
  readonly #document: Jsonb;
  readonly #variables: Jsonb;

  constructor(strict: boolean, document: Jsonb, variables: Jsonb) {
    this.#strict = strict;
    this.#document = document;
    this.#variables = variables;
  }

  expression(expr: PathExpr, place: Place): Jsonb[] {
    switch (expr.kind) {
      case 'root': return [this.#document];
      case 'current': return [place.current ?? this.#document];
      case 'last':
        if (place.last === null) {
          throw sqlError('42601', 'LAST is allowed only in array subscripts');
        }
        return [jsonNumber(numericFromNumber(place.last))];
      case 'variable': return [this.#variable(expr.name)];
      case 'literal': return [expr.value];
      case 'member': return this.#unwrapped(expr.of, place)
        .flatMap((item) => this.#member(item, expr.key));
      case 'members': return this.#unwrapped(expr.of, place).flatMap((item) => this.#members(item));
      case 'descend': return this.#descend(expr, place);
      case 'elements': return this.expression(expr.of, place)
        .flatMap((item) => this.#elements(item));
      case 'subscript': return this.expression(expr.of, place)
        .flatMap((item) => this.#subscript(expr, item, place));
      case 'filter': return this.#unwrapped(expr.of, place).filter((item) =>
        this.predicate(expr.predicate, { ...place, current: item }) === true);
      case 'method': return this.#methods(expr.name, expr.of, place);
      case 'binary': return [this.#arithmetic(expr, place)];
      case 'unary': return this.#unwrapped(expr.operand, place).map((item) => {
        if (item.kind !== 'json-number') {
          throw sqlError('2203B',
            `operand of unary jsonpath operator ${expr.operator} is not a numeric value`);
        }
        return expr.operator === '-' ? jsonNumber(negateNumeric(item.value)) : item;
      });
      default: return assertNever(expr);
    }
  }

  #variable(name: string): Jsonb {
    const value = jsonField(this.#variables, name);
    if (value === undefined) {
      throw sqlError('42704', `could not find jsonpath variable "${name}"`);
    }
    return value;
  }

  /** Items of an expression; in lax mode arrays are replaced by their elements. */
  #unwrapped(expr: PathExpr, place: Place): Jsonb[] {
    const items = this.expression(expr, place);
    if (this.#strict) return items;
    return items.flatMap((item) => (item.kind === 'json-array' ? [...item.items] : [item]));
  }

  #member(item: Jsonb, key: string): Jsonb[] {
    if (item.kind === 'json-object') {
      const value = jsonField(item, key);
      if (value !== undefined) return [value];
      if (!this.#strict) return [];
      throw sqlError('2203A', `JSON object does not contain key "${key}"`);
    }
    if (!this.#strict) return [];
    throw sqlError('2203A', 'jsonpath member accessor can only be applied to an object');
  }

  #members(item: Jsonb): readonly Jsonb[] {
    if (item.kind === 'json-object') return item.values;
    if (!this.#strict) return [];
    throw sqlError('2203C', 'jsonpath wildcard member accessor can only be applied to an object');
  }

  #elements(item: Jsonb): readonly Jsonb[] {
    if (item.kind === 'json-array') return item.items;
    if (!this.#strict) return [item];
    throw sqlError('22039', 'jsonpath wildcard array accessor can only be applied to an array');
  }

  #descend(expr: PathExpr & { readonly kind: 'descend' }, place: Place): Jsonb[] {
    const found: Jsonb[] = [];
    const visit = (item: Jsonb, level: number): void => {
      const leaf = item.kind !== 'json-array' && item.kind !== 'json-object';
      const wanted = expr.from === Infinity ? leaf : level >= expr.from && level <= expr.to;
      if (wanted) found.push(item);
      if (level >= expr.to && expr.to !== Infinity) return;
      const children = item.kind === 'json-array' ? item.items
        : item.kind === 'json-object' ? item.values : [];
      for (const child of children) visit(child, level + 1);
    };
    for (const item of this.expression(expr.of, place)) visit(item, 0);
    return found;
  }

  #subscript(
    expr: PathExpr & { readonly kind: 'subscript' }, item: Jsonb, place: Place,
  ): Jsonb[] {
    if (item.kind !== 'json-array' && this.#strict) {
      throw sqlError('22039', 'jsonpath array accessor can only be applied to an array');
    }
    const array: JsonArray = item.kind === 'json-array' ? item
      : { kind: 'json-array', items: [item] };
    const size = array.items.length;
    const inside: Place = { ...place, last: size - 1 };
    const found: Jsonb[] = [];
    for (const range of expr.ranges) {
      const from = this.#index(range.from, inside);
      const to = range.to === null ? from : this.#index(range.to, inside);
      if (this.#strict && (from < 0 || from > to || to >= size)) {
        throw sqlError('22033', 'jsonpath array subscript is out of bounds');
      }
      found.push(...array.items.slice(Math.max(from, 0), Math.max(to + 1, 0)));
    }
    return found;
  }

  #index(expr: PathExpr, place: Place): number {
    const [value, second] = this.expression(expr, place);
    if (value?.kind !== 'json-number' || second !== undefined) {
      throw sqlError('22033', 'jsonpath array subscript is not a single numeric value');
    }
    try {
      return numericToInt4(truncNumeric(value.value));
    } catch {
      throw sqlError('22033', 'jsonpath array subscript is out of integer range');
    }
  }

  #methods(name: PathMethod, of: PathExpr, place: Place): Jsonb[] {
    if (name === 'type') {
      return this.expression(of, place).map((item) => jsonString(typeName(item)));
    }
    if (name === 'size') return this.expression(of, place).map((item) => this.#size(item));
    const items = this.#unwrapped(of, place);
    if (name === 'keyvalue') return items.flatMap((item) => this.#keyValue(item));
    return items.map((item) => jsonNumber(this.#number(name, item)));
  }

  #size(item: Jsonb): Jsonb {
    if (item.kind !== 'json-array' && this.#strict) {
      throw sqlError('22039', 'jsonpath item method .size() can only be applied to an array');
    }
    return jsonNumber(numericFromNumber(item.kind === 'json-array' ? item.items.length : 1));
  }

  #keyValue(item: Jsonb): Jsonb[] {
    if (item.kind !== 'json-object') {
      throw sqlError('2203C', 'jsonpath item method .keyvalue() can only be applied to an object');
    }
    return item.keys.map((key, i) => jsonObject(['id', 'key', 'value'],
      [jsonNumber(numericFromNumber(0)), jsonString(key), item.values[i] ?? JSON_NULL]));
  }

  #number(name: 'double' | 'ceiling' | 'floor' | 'abs', item: Jsonb): Numeric {
    if (name === 'double') return this.#double(item);
    if (item.kind !== 'json-number') {
      throw sqlError('22036', `jsonpath item method .${name}() can only be applied to a numeric `
        + 'value');
    }
    return name === 'ceiling' ? ceilNumeric(item.value)
      : name === 'floor' ? floorNumeric(item.value) : absNumeric(item.value);
  }

  #double(item: Jsonb): Numeric {
    if (item.kind === 'json-number') return item.value;
    if (item.kind !== 'json-string') {
      throw sqlError('22036',
        'jsonpath item method .double() can only be applied to a string or numeric value');
    }
    let value = NaN;
    try {
      value = parseFloat8(item.value);
    } catch {
      throw sqlError('22036', 'string argument of jsonpath item method .double() is not a valid '
        + 'representation of a double precision number');
    }
    if (!Number.isFinite(value)) {
      throw sqlError('22036', 'NaN or Infinity is not allowed for jsonpath item method .double()');
    }
    return numericFromFloat8(value);
  }

  #arithmetic(expr: PathExpr & { readonly kind: 'binary' }, place: Place): Jsonb {
    const left = this.#operand(expr.left, place, ['left', expr.operator]);
    const right = this.#operand(expr.right, place, ['right', expr.operator]);
    switch (expr.operator) {
      case '+': return jsonNumber(addNumeric(left, right));
      case '-': return jsonNumber(subNumeric(left, right));
      case '*': return jsonNumber(mulNumeric(left, right));
      case '/': return jsonNumber(divNumeric(left, right));
      case '%': return jsonNumber(modNumeric(left, right));
      default: return assertNever(expr.operator);
    }
  }

  #operand(
    expr: PathExpr, place: Place, what: readonly [side: string, operator: PathOperator],
  ): Numeric {
    const [value, second] = this.#unwrapped(expr, place);
    if (value?.kind === 'json-number' && second === undefined) return value.value;
    throw sqlError('22038',
      `${what[0]} operand of jsonpath operator ${what[1]} is not a single numeric value`);
  }

  predicate(predicate: PathPredicate, place: Place): Truth {
    switch (predicate.kind) {
      case 'and': {
        const left = this.predicate(predicate.left, place);
        if (left === false) return false;
        const right = this.predicate(predicate.right, place);
        return right === true ? left : right;
      }
      case 'or': {
        const left = this.predicate(predicate.left, place);
        if (left === true) return true;
        const right = this.predicate(predicate.right, place);
        return right === false ? left : right;
      }
      case 'not': {
        const truth = this.predicate(predicate.operand, place);
        return truth === null ? null : !truth;
      }
      case 'is-unknown': return this.predicate(predicate.operand, place) === null;
      case 'exists': return this.#safely(() => this.expression(predicate.path, place).length > 0);
      case 'compare': return this.#safely(() => this.#pairs(
        this.#unwrapped(predicate.left, place), this.#unwrapped(predicate.right, place),
        (left, right) => compareItems(predicate.operator, left, right)));
      case 'starts-with': return this.#safely(() => this.#pairs(
        this.#unwrapped(predicate.left, place), this.#unwrapped(predicate.prefix, place),
        (left, right) => (left.kind === 'json-string' && right.kind === 'json-string'
          ? left.value.startsWith(right.value) : null)));
      case 'like-regex': {
        const regex = compileRegex(predicate.pattern, predicate.flags);
        return this.#safely(() => this.#pairs(this.#unwrapped(predicate.left, place), [JSON_NULL],
          (left) => (left.kind === 'json-string' ? regex.test(left.value) : null)));
      }
      default: return assertNever(predicate);
    }
  }

  /** An error in an operand makes the predicate unknown; an unknown variable stays an error. */
  #safely(test: () => Truth): Truth {
    try {
      return test();
    } catch (error) {
      if (error instanceof SqlError && error.sqlState.startsWith('22')) return null;
      throw error;
    }
  }

  /** True when some pair satisfies the test; in strict mode no pair may be unknown. */
  #pairs(
    left: readonly Jsonb[], right: readonly Jsonb[], test: (a: Jsonb, b: Jsonb) => Truth,
  ): Truth {
    let found = false;
    let unknown = false;
    for (const a of left) {
      for (const b of right) {
        const truth = test(a, b);
        if (truth === true && !this.#strict) return true;
        if (truth === null && this.#strict) return null;
        found ||= truth === true;
        unknown ||= truth === null;
      }
    }
    return found ? true : unknown ? null : false;
  }
}

function orderHolds(operator: PathComparison, order: number): boolean {
  switch (operator) {
    case '==': return order === 0;
    case '!=': return order !== 0;
    case '<': return order < 0;
    case '<=': return order <= 0;
    case '>': return order > 0;
    case '>=': return order >= 0;
  }
}

/** Compares two items; unknown when their types do not compare. */
function compareItems(operator: PathComparison, a: Jsonb, b: Jsonb): Truth {
  if (a.kind !== b.kind) {
    return a.kind === 'json-null' || b.kind === 'json-null' ? operator === '!=' : null;
  }
  if (a.kind === 'json-null') return orderHolds(operator, 0);
  if (a.kind === 'json-boolean' && b.kind === 'json-boolean') {
    return orderHolds(operator, Number(a.value) - Number(b.value));
  }
  if (a.kind === 'json-number' && b.kind === 'json-number') {
    return orderHolds(operator, compareNumeric(a.value, b.value));
  }
  if (a.kind === 'json-string' && b.kind === 'json-string') {
    return orderHolds(operator, compareText(a.value, b.value));
  }
  return null;
}
