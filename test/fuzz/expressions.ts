/**
 * Random expressions of a wanted type over the columns in scope. Errors are rare but possible; both
 * sides then have to raise them. Whatever depends on an order or on rounding of the last digit is
 * not made here.
 */
import type { Choices } from './choices.ts';
import { callText } from './functions.ts';
import type { SharedFunctions } from './functions.ts';
import { literal, POOLS, randomType, randomValue, TYPES } from './schema.ts';
import type { TypeName } from './schema.ts';

/** Something that can be named: a column, or a call that stands for one. */
export interface Name {
  readonly sql: string;
  readonly type: TypeName;
}

/** What an expression may name. */
export interface Scope {
  readonly own: readonly Name[];
  readonly outer: readonly Name[];
  /** What subqueries in the expression may name of `own`. */
  readonly inner: readonly Name[];
}

/** The part of the grammar that makes queries within expressions. */
export interface Subqueries {
  /** A query of one row or none. */
  scalar(type: TypeName, depth: number, outer: readonly Name[]): string;
  /** A query of any number of rows. */
  rows(types: readonly TypeName[], depth: number, outer: readonly Name[]): string;
}

const NUMBERS: readonly TypeName[] = ['int4', 'int8', 'int2', 'numeric', 'float8'];

/** Types min() and max() take. */
export const EXTREME_TYPES: readonly TypeName[] = ['int4', 'int8', 'int2', 'numeric', 'float8',
  'text', 'date', 'timestamp', 'timestamptz', 'interval', 'time', 'int4[]', 'text[]'];

/** Makes expressions. */
export class Expressions {
  readonly #choices: Choices;
  readonly #subqueries: Subqueries;
  readonly #functions: SharedFunctions;

  readonly #likely: readonly TypeName[];

  constructor(
    choices: Choices, subqueries: Subqueries,
    known: { readonly functions: SharedFunctions; readonly likely: readonly TypeName[] },
  ) {
    this.#choices = choices;
    this.#subqueries = subqueries;
    this.#functions = known.functions;
    this.#likely = known.likely;
  }

  /** A random type, mostly one the tables have. */
  type(): TypeName {
    return randomType(this.#choices, this.#likely);
  }

  /** A column of the type, or a value. */
  leaf(type: TypeName, scope: Scope): string {
    const own = scope.own.filter((each) => each.type === type);
    const outer = scope.outer.filter((each) => each.type === type);
    if (outer.length > 0 && (own.length === 0 || this.#choices.chance(25))) {
      this.#choices.count('leaf: outer column');
      return this.#choices.pick(outer).sql;
    }
    if (own.length > 0 && !this.#choices.chance(15)) return this.#choices.pick(own).sql;
    return this.constant(type);
  }

  constant(type: TypeName): string {
    return this.#choices.chance(10) ? literal(null, type)
      : literal(this.#choices.pick(POOLS[type]), type);
  }

  /** An expression of the type. */
  of(type: TypeName, scope: Scope, depth: number): string {
    if (depth <= 0) return this.leaf(type, scope);
    const own = (wanted: TypeName): string => this.of(wanted, scope, depth - 1);
    const same = (): string => own(type);
    return this.#choices.choose('expression', {
      '9*leaf': () => this.leaf(type, scope),
      '5*of its type': () => this.#special(type, scope, depth),
      '3*function': () => this.#call(type, scope, depth),
      coalesce: () => `coalesce(${same()}, ${same()})`,
      nullif: () => `nullif(${same()}, ${same()})`,
      case: () => `CASE WHEN ${this.predicate(scope, depth - 1)} THEN ${same()}`
        + `${this.#choices.chance(50) ? ` ELSE ${same()}` : ''} END`,
      'simple case': () => {
        const tested = this.type();
        return `CASE ${own(tested)} WHEN ${own(tested)} THEN ${same()} ELSE ${same()} END`;
      },
      greatest: () => `greatest(${same()}, ${same()})`,
      least: () => `least(${same()}, ${same()}, ${this.leaf(type, scope)})`,
      'scalar subquery': () =>
        `(${this.#subqueries.scalar(type, depth - 1, [...scope.outer, ...scope.inner])})`,
    });
  }

  #call(type: TypeName, scope: Scope, depth: number): string {
    const partial = this.#choices.chance(4);
    const candidates = (this.#functions.get(type) ?? []).filter(({ total }) => total !== partial);
    if (candidates.length === 0) return this.leaf(type, scope);
    const called = this.#choices.pick(candidates);
    this.#choices.count(`function: ${called.name}`);
    return callText(called, called.args.map((each) => this.of(each, scope, depth - 2)));
  }

  #special(type: TypeName, scope: Scope, depth: number): string {
    const of = (wanted: TypeName): string => this.of(wanted, scope, depth - 1);
    switch (type) {
      case 'bool': return `(${this.predicate(scope, depth)})`;
      case 'int2': case 'int4': case 'int8': return this.#whole(type, of);
      case 'numeric': case 'float8': return this.#number(type, of);
      case 'text': return this.#text(of);
      case 'date': case 'timestamp': case 'timestamptz': case 'interval': case 'time':
        return this.#time(type, of);
      case 'jsonb': return this.#json(of);
      case 'int4[]': case 'text[]': return this.#array(type, of);
      case 'uuid': return `md5(${of('text')})::uuid`;
      case 'bytea': return `convert_to(${of('text')}, 'UTF8')`;
    }
  }

  #whole(type: 'int2' | 'int4' | 'int8', of: (type: TypeName) => string): string {
    return this.#choices.choose(`expression ${type}`, {
      '2*plus': () => `(${of(type)} + ${of(type)})`,
      minus: () => `(${of(type)} - ${of(type)})`,
      times: () => `(${of(type)} * ${of(type)})`,
      quotient: () => `(${of(type)} / nullif(${of(type)}, 0))`,
      remainder: () => `(${of(type)} % nullif(${of(type)}, 0))`,
      negated: () => `(- ${of(type)})`,
      abs: () => `abs(${of(type)})`,
      length: () => `length(${of('text')})::${type}`,
      extract: () => `extract(${this.#choices.pick(['year', 'month', 'dow', 'hour', 'second'])} `
        + `FROM ${of('timestamp')})::${type}`,
      cardinality: () => `cardinality(${of('int4[]')})::${type}`,
      element: () => `(${of('int4[]')})[${this.#choices.below(3)}]::${type}`,
      'cast of a number': () => `(${of(this.#choices.pick(NUMBERS))})::${type}`,
      'cast of a boolean': () => `(${of('bool')})::int4::${type}`,
      days: () => `((${of('date')} - ${of('date')}) % 100)::${type}`,
    });
  }

  #number(type: 'numeric' | 'float8', of: (type: TypeName) => string): string {
    return this.#choices.choose(`expression ${type}`, {
      plus: () => `(${of(type)} + ${of(type)})`,
      minus: () => `(${of(type)} - ${of(type)})`,
      times: () => `(${of(type)} * ${of(type)})`,
      negated: () => `(- ${of(type)})`,
      abs: () => `abs(${of(type)})`,
      'cast of a whole number': () =>
        `(${of(this.#choices.pick(['int4', 'int2', 'int8']))})::${type}`,
      rounded: () => type === 'numeric' ? `round(${of(type)}, ${this.#choices.below(3)})`
        : `round(${of(type)})`,
      floor: () => `floor(${of(type)})`,
      ...(type === 'numeric' ? { quotient: () => `(${of(type)} / nullif(${of(type)}, 0))` } : {}),
    });
  }

  #text(of: (type: TypeName) => string): string {
    const small = (): number => this.#choices.below(4);
    return this.#choices.choose('expression text', {
      '2*concatenation': () => `(${of('text')} || ${of('text')})`,
      upper: () => `upper(${of('text')})`,
      substring: () => `substring(${of('text')} FROM ${small()} FOR ${small()})`,
      left: () => `left(${of('text')}, ${small() - 1})`,
      replace: () => `replace(${of('text')}, 'a', ${of('text')})`,
      padded: () => `lpad(${of('text')}, ${small()}, 'xy')`,
      repeated: () => `repeat(${of('text')}, ${small()})`,
      part: () => `split_part(${of('text')}, 'b', ${1 + small()})`,
      pattern: () => `regexp_replace(${of('text')}, '[a-b]+', '<\\&>', 'g')`,
      cast: () => `(${of(this.#choices.pick(['int4', 'bool', 'date', 'int8', 'uuid', 'timestamp',
        'int4[]', 'time']))})::text`,
      concat: () => `concat(${of('text')}, ${of('int4')}, ${of('bool')})`,
      'concat_ws': () => `concat_ws(',', ${of('text')}, ${of('text')})`,
      'json text': () => `(${of('jsonb')} ->> 'a')`,
      'to_char': () => `to_char(${of('timestamp')}, 'YYYY-MM-DD HH24:MI:SS Dy')`,
      joined: () => `array_to_string(${of('text[]')}, '+', '?')`,
    });
  }

  #time(
    type: 'date' | 'timestamp' | 'timestamptz' | 'interval' | 'time',
    of: (type: TypeName) => string,
  ): string {
    const unit = this.#choices.pick(['day', 'month', 'hour', 'week', 'year']);
    switch (type) {
      case 'date': return this.#choices.choose('expression date', {
        plus: () => `(${of('date')} + ${this.#choices.below(40)})`,
        cast: () => `(${of('timestamp')})::date`,
      });
      case 'interval': return this.#choices.choose('expression interval', {
        difference: () => `(${of('timestamp')} - ${of('timestamp')})`,
        sum: () => `(${of('interval')} + ${of('interval')})`,
        times: () => `(${of('interval')} * ${this.#choices.below(3)})`,
        age: () => `age(${of('timestamp')}, ${of('timestamp')})`,
      });
      case 'time': return `(${of('timestamp')})::time`;
      default: return this.#choices.choose(`expression ${type}`, {
        plus: () => `(${of(type)} + ${of('interval')})`,
        minus: () => `(${of(type)} - ${of('interval')})`,
        truncated: () => `date_trunc('${unit}', ${of(type)})`,
        zone: () => `(${of(type === 'timestamp' ? 'timestamptz' : 'timestamp')} `
          + "AT TIME ZONE 'Europe/Berlin')",
        cast: () => `(${of('date')})::${type}`,
      });
    }
  }

  #json(of: (type: TypeName) => string): string {
    return this.#choices.choose('expression jsonb', {
      member: () => `(${of('jsonb')} -> 'a')`,
      element: () => `(${of('jsonb')} -> ${this.#choices.below(3)})`,
      path: () => `(${of('jsonb')} #> '{b,c}')`,
      'to_jsonb': () => {
        const from = this.#choices.pick(['int4', 'text', 'bool', 'timestamp', 'int4[]'] as const);
        return `to_jsonb(${of(from)})`;
      },
      object: () => `jsonb_build_object('k', ${of('int4')}, 'v', ${of('text')})`,
      array: () => `jsonb_build_array(${of('int8')}, ${of('jsonb')})`,
      concatenation: () => `(${of('jsonb')} || ${of('jsonb')})`,
    });
  }

  #array(type: 'int4[]' | 'text[]', of: (type: TypeName) => string): string {
    const element: TypeName = type === 'int4[]' ? 'int4' : 'text';
    return this.#choices.choose('expression array', {
      constructor: () => `ARRAY[${of(element)}, ${of(element)}]`,
      concatenation: () => `(${of(type)} || ${of(type)})`,
      append: () => `array_append(${of(type)}, ${of(element)})`,
      remove: () => `array_remove(${of(type)}, ${of(element)})`,
      slice: () => `(${of(type)})[1:${this.#choices.below(3)}]`,
    });
  }

  /** A condition. */
  predicate(scope: Scope, depth: number): string {
    const type = this.type();
    const of = (wanted: TypeName): string => this.of(wanted, scope, depth - 1);
    const operator = (): string => this.#choices.pick(['=', '=', '<', '>', '<>', '<=', '>=']);
    const simple = {
      '5*comparison': () => `${of(type)} ${operator()} ${of(type)}`,
      'is null': () => `${of(type)} IS ${this.#choices.pick(['', 'NOT '])}NULL`,
      'is distinct': () =>
        `${of(type)} IS ${this.#choices.pick(['', 'NOT '])}DISTINCT FROM ${of(type)}`,
      between: () => `${of(type)} BETWEEN ${of(type)} AND ${of(type)}`,
      'in list': () => `${of(type)} ${this.#choices.pick(['', 'NOT '])}IN (${this.constant(type)}, `
        + `${this.leaf(type, scope)})`,
      truth: () => `(${of('bool')}) IS ${this.#choices.pick(['TRUE', 'NOT TRUE', 'FALSE', 'UNKNOWN',
        'NOT FALSE'])}`,
      like: () => `${of('text')} ${this.#choices.pick(['LIKE', 'NOT LIKE', 'ILIKE'])} `
        + this.#choices.pick(["'a%'", "'%b'", "'_'", "'%\\%%'"]),
      'array any': () => `${of('int4')} ${operator()} ${this.#choices.pick(['ANY', 'ALL'])} `
        + `(${of('int4[]')})`,
      contains: () => `${of('jsonb')} @> ${of('jsonb')}`,
      row: () => `(${of('int4')}, ${of(type)}) ${operator()} (${of('int4')}, ${of(type)})`,
    };
    if (depth <= 0) return this.#choices.choose('predicate', simple);
    const less = (): string => this.predicate(scope, depth - 1);
    return this.#choices.choose('predicate', {
      ...simple,
      '2*and': () => `(${less()} AND ${less()})`, '2*or': () => `(${less()} OR ${less()})`,
      not: () => `NOT (${less()})`,
      ...this.#subqueryPredicates(type, scope, depth),
    });
  }

  #subqueryPredicates(
    type: TypeName, scope: Scope, depth: number,
  ): Readonly<Record<string, () => string>> {
    const outer = [...scope.outer, ...scope.inner];
    const rows = (types: readonly TypeName[]): string =>
      this.#subqueries.rows(types, depth - 1, outer);
    const of = (wanted: TypeName): string => this.of(wanted, scope, depth - 1);
    return {
      '2*exists': () => `EXISTS (${rows([type])})`,
      'not exists': () => `NOT EXISTS (${rows([type])})`,
      '2*in': () => `${of(type)} IN (${rows([type])})`,
      '2*not in': () => `${of(type)} NOT IN (${rows([type])})`,
      any: () => `${of(type)} ${this.#choices.pick(['<', '=', '<>'])} ANY (${rows([type])})`,
      all: () => `${of(type)} ${this.#choices.pick(['<', '=', '<>'])} ALL (${rows([type])})`,
      'a number that moves': () => {
        const number = this.#choices.pick(['int4', 'numeric', 'int8', type] as const);
        const one = this.#subqueries.scalar(number, 0, []);
        return `${this.leaf(number, scope)} ${this.#choices.pick(['<', '<=', '>', '>='])} (${one})`;
      },
      'row in': () => `(${of('int4')}, ${of(type)}) IN (${rows(['int4', type])})`,
    };
  }

  /** A random constant or NULL of a random type, for VALUES. */
  value(type: TypeName): string {
    return literal(randomValue(type, this.#choices), type);
  }

  /** A random type that a column in scope has, if any has one. */
  typeIn(names: readonly Name[]): TypeName {
    return names.length > 0 && !this.#choices.chance(10) ? this.#choices.pick(names).type
      : this.#choices.pick(TYPES);
  }
}
