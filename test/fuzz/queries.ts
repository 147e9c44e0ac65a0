/**
 * Random queries: joins of every kind, subqueries, aggregates, grouping sets, window functions, set
 * operations, DISTINCT ON, LIMIT, common table expressions, recursion.
 *
 * Every query has one answer: whatever depends on an order is given a total one, or ties that are
 * equal in every column. Columns of a query are named p0, p1, ...
 */
import { aggregateCall } from './aggregates.ts';
import type { Choices } from './choices.ts';
import { Expressions } from './expressions.ts';
import type { Name, Scope, Subqueries } from './expressions.ts';
import type { SharedFunctions } from './functions.ts';
import type { TableColumn, TypeName } from './schema.ts';
import { windowNames } from './windows.ts';

/** A table, view or common table expression one can read. */
export interface Relation {
  readonly name: string;
  readonly columns: readonly TableColumn[];
}

interface From {
  readonly sql: string;
  readonly names: readonly Name[];
  /** It is a join, which needs parentheses on the right of another. */
  readonly joined?: boolean;
}

interface SetCall {
  readonly call: string;
  readonly type: TypeName;
}

interface Grouping {
  readonly sql: string;
  readonly sets: boolean;
}

/** Where a query stands. */
interface Place {
  readonly depth: number;
  readonly outer: readonly Name[];
}

const EXPRESSION_DEPTH = 3;

/** Makes queries over relations. */
export class Queries implements Subqueries {
  readonly #choices: Choices;
  readonly #expressions: Expressions;
  #relations: readonly Relation[];
  #aliases = 0;
  #joins = 0;

  constructor(choices: Choices, relations: readonly Relation[], functions: SharedFunctions) {
    this.#choices = choices;
    this.#relations = relations;
    this.#expressions = new Expressions(choices, this, {
      functions, likely: relations.flatMap(({ columns }) => columns.map((each) => each.type)),
    });
  }

  /** A query for a view, and its columns. */
  view(): Relation & { readonly sql: string } {
    const types = this.#types(4);
    const sql = this.#query(types, { depth: 1 + this.#choices.below(3), outer: [] });
    return { name: '', sql, columns: types.map((type, at) => ({ name: `p${at}`, type })) };
  }

  scalar(type: TypeName, depth: number, outer: readonly Name[]): string {
    const place = { depth, outer };
    const from = this.#from(place);
    const scope = scopeOf(from.names, outer);
    return this.#choices.choose('scalar subquery', {
      '2*aggregate': () => `SELECT ${aggregateCall(type, {
        scope, depth: 1, choices: this.#choices, expressions: this.#expressions,
      })} FROM ${from.sql}${this.#where(scope, depth)}`,
      first: () => `SELECT ${this.#expressions.of(type, scope, 1)} FROM ${from.sql}`
        + `${this.#where(scope, depth)} ORDER BY 1 LIMIT 1`,
    });
  }

  rows(types: readonly TypeName[], depth: number, outer: readonly Name[]): string {
    return this.#query(types, { depth, outer });
  }

  #types(most: number): TypeName[] {
    return Array.from({ length: 1 + this.#choices.below(most) }, () => this.#expressions.type());
  }

  /** Any query of these types. */
  #query(types: readonly TypeName[], place: Place): string {
    const { depth, outer } = place;
    if (depth <= 0) return this.#select(types, place);
    const less = { depth: depth - 1, outer };
    return this.#choices.choose('query', {
      '7*select': () => this.#select(types, place),
      '2*set operation': () => this.#setOperation(types, less),
      'with': () => this.#with(types, less),
      limit: () => this.#limit(types, place),
      'distinct on': () => this.#distinctOn(types, place),
      values: () => this.#values(types),
      recursive: () => this.#recursive(types, less),
    });
  }

  #values(types: readonly TypeName[]): string {
    const row = (): string => `(${types.map((type) => this.#expressions.value(type)).join(', ')})`;
    return `VALUES ${Array.from({ length: 1 + this.#choices.below(3) }, row).join(', ')}`;
  }

  #setOperation(types: readonly TypeName[], place: Place): string {
    const operator = this.#choices.choose('set operation', {
      union: () => 'UNION', 'union all': () => 'UNION ALL', intersect: () => 'INTERSECT',
      'intersect all': () => 'INTERSECT ALL', except: () => 'EXCEPT',
      'except all': () => 'EXCEPT ALL',
    });
    return `(${this.#query(types, place)}) ${operator} (${this.#query(types, place)})`;
  }

  #with(types: readonly TypeName[], place: Place): string {
    const inner = this.#types(3);
    const name = `w${this.#aliases++}`;
    const sql = this.#query(inner, { ...place, outer: [] });
    const before = this.#relations;
    const columns = inner.map((type, at) => ({ name: `p${at}`, type }));
    this.#relations = [{ name, columns }, ...before, { name, columns }];
    const body = this.#query(types, place);
    this.#relations = before;
    const plain = body.startsWith('WITH') ? `SELECT * FROM (${body}) x` : body;
    return `WITH ${name}(${columns.map((each) => each.name).join(', ')}) AS (${sql}) ${plain}`;
  }

  /** Reachability: what a fixpoint of joins gives. */
  #recursive(types: readonly TypeName[], place: Place): string {
    const name = `w${this.#aliases++}`;
    const base = this.#query(['int4'], { ...place, outer: [] });
    const step = this.#table();
    const from = step.names.filter((each) => each.type === 'int4');
    if (from.length === 0) return this.#select(types, place);
    const sql = `(${base}) UNION (SELECT ${this.#choices.pick(from).sql} FROM ${name} `
      + `JOIN ${step.sql} ON ${name}.p0 = ${this.#choices.pick(from).sql})`;
    const before = this.#relations;
    this.#relations = [{ name, columns: [{ name: 'p0', type: 'int4' }] }, ...before];
    const body = this.#select(types, place);
    this.#relations = before;
    return `WITH RECURSIVE ${name}(p0) AS (${sql}) ${body}`;
  }

  #order(count: number): string {
    return Array.from({ length: count }, (_, at) => `${at + 1}${this.#direction()}`).join(', ');
  }

  #direction(): string {
    return this.#choices.pick(['', '', ' DESC', ' NULLS FIRST', ' DESC NULLS LAST']);
  }

  #limit(types: readonly TypeName[], place: Place): string {
    const query = this.#select(types, place);
    const count = this.#choices.below(5);
    return this.#choices.choose('limit', {
      '2*limit': () => `${query} ORDER BY ${this.#order(types.length)} LIMIT ${count}`,
      offset: () => `${query} ORDER BY ${this.#order(types.length)} OFFSET ${count}`
        + this.#choices.pick(['', ' LIMIT 3']),
      'with ties': () => `${query} ORDER BY ${this.#order(1)} FETCH FIRST ${count} ROWS WITH TIES`,
    });
  }

  #distinctOn(types: readonly TypeName[], place: Place): string {
    const { names, rest } = this.#plain(types, place);
    const keys = 1 + this.#choices.below(names.length);
    const list = names.map((sql, at) => `${sql} AS p${at}`).join(', ');
    const on = names.slice(0, keys).map((_, at) => at + 1).join(', ');
    return `SELECT DISTINCT ON (${on}) ${list} ${rest} ORDER BY ${this.#order(names.length)}`;
  }

  #plain(
    types: readonly TypeName[], { depth, outer }: Place,
  ): { readonly names: readonly string[]; readonly rest: string } {
    const from = this.#from({ depth, outer });
    const scope = scopeOf(from.names, outer);
    return {
      names: types.map((type) => this.#expressions.of(type, scope, this.#depth(depth))),
      rest: `FROM ${from.sql}${this.#where(scope, depth)}`,
    };
  }

  #depth(depth: number): number {
    return Math.min(depth, this.#choices.below(EXPRESSION_DEPTH + 1));
  }

  #where(scope: Scope, depth: number): string {
    if (!this.#choices.chance(60)) return '';
    return ` WHERE ${this.#expressions.predicate(scope, this.#depth(depth))}`;
  }

  #select(types: readonly TypeName[], place: Place): string {
    return this.#choices.choose('select', {
      '4*plain': () => {
        const { names, rest } = this.#plain(types, place);
        return `SELECT ${this.#list(names)} ${rest}`;
      },
      distinct: () => {
        const { names, rest } = this.#plain(types, place);
        return `SELECT DISTINCT ${this.#list(names)} ${rest}`;
      },
      '4*grouped': () => this.#grouped(types, place),
      '2*windows': () => this.#windows(types, place),
    });
  }

  #list(names: readonly string[]): string {
    return names.map((sql, at) => `${sql} AS p${at}`).join(', ');
  }

  #windows(types: readonly TypeName[], { depth, outer }: Place): string {
    const from = this.#from({ depth, outer });
    const base = scopeOf(from.names, outer);
    const { names, clause } = windowNames(types, {
      scope: base, depth: 1, choices: this.#choices, expressions: this.#expressions,
    });
    const scope = { own: [...names, ...names, ...base.own], outer, inner: base.inner };
    const list = types.map((type) => this.#expressions.of(type, scope, this.#depth(depth)));
    const windows = list.some((each) => /OVER \(?w\b/.test(each)) ? clause : '';
    return `SELECT ${this.#list(list)} FROM ${from.sql}${this.#where(base, depth)}${windows}`;
  }

  #grouped(types: readonly TypeName[], { depth, outer }: Place): string {
    const from = this.#from({ depth, outer });
    const base = scopeOf(from.names, outer);
    const maker = { scope: base, depth: 1, choices: this.#choices, expressions: this.#expressions };
    const keys = Array.from({ length: this.#choices.below(4) }, (): Name => {
      const type = this.#expressions.typeIn(base.own);
      const own = base.own.filter((each) => each.type === type);
      return own.length > 0 && !this.#choices.chance(25) ? this.#choices.pick(own)
        : { type, sql: this.#expressions.of(type, { ...base, outer: [] }, 1) };
    }).filter((key) => from.names.some((each) => key.sql.includes(each.sql)));
    const plain = keys.filter((key) => from.names.some((each) => each.sql === key.sql));
    const group = this.#groupBy(keys, plain.length === keys.length);
    const calls = types.map((type): Name => ({ type, sql: aggregateCall(type, maker) }));
    if (group.sets) calls.push({ type: 'int4', sql: `grouping(${keys[0]?.sql ?? ''})` });
    const scope = { own: [...keys, ...calls], outer, inner: group.sets ? [] : plain };
    const list = types.map((type) => this.#expressions.of(type, scope, this.#depth(depth)));
    const having = this.#choices.chance(20)
      ? ` HAVING ${this.#expressions.predicate(scope, this.#depth(depth))}` : '';
    return `SELECT ${this.#list(list)} FROM ${from.sql}${this.#where(base, depth)}${group.sql}${
      having === '' && group.sql === '' && !list.some((each) =>
        calls.some((call) => each.includes(call.sql))) ? ' HAVING count(*) >= 0' : having}`;
  }

  /** PostgreSQL 15 takes folded expressions for constants in sets where they should be NULL. */
  #groupBy(keys: readonly Name[], sets: boolean): Grouping {
    const list = keys.map((key) => key.sql);
    const all = list.join(', ');
    if (list.length === 0) return { sql: '', sets: false };
    if (!sets) return { sql: ` GROUP BY ${all}`, sets };
    const some = (): string => `(${list.filter(() => this.#choices.chance(50)).join(', ')})`;
    return this.#choices.choose<Grouping>('group by', {
      '6*keys': () => ({ sql: ` GROUP BY ${all}`, sets: false }),
      rollup: () => ({ sql: ` GROUP BY ROLLUP (${all})`, sets: true }),
      cube: () => ({ sql: ` GROUP BY CUBE (${all})`, sets: true }),
      sets: () => ({ sql: ` GROUP BY GROUPING SETS ((${all}), ${some()}, ())`, sets: true }),
    });
  }

  #table(): From {
    const { name, columns } = this.#choices.pick(this.#relations);
    const alias = `x${this.#aliases++}`;
    return {
      sql: `${name} ${alias}`,
      names: columns.map((each) => ({ sql: `${alias}.${each.name}`, type: each.type })),
    };
  }

  #derived(prefix: string, types: readonly TypeName[], query: string): From {
    const alias = `x${this.#aliases++}`;
    const columns = types.map((_, at) => `p${at}`);
    return {
      sql: `${prefix}(${query}) ${alias}(${columns.join(', ')})`,
      names: types.map((type, at) => ({ sql: `${alias}.p${at}`, type })),
    };
  }

  #from(place: Place): From {
    const { depth, outer } = place;
    if (depth <= 0) return this.#table();
    const less = { depth: depth - 1, outer };
    const inner = { depth: depth - 1, outer: [] };
    return this.#choices.choose('from', {
      '4*table': () => this.#table(),
      '6*join': () => this.#join(less),
      derived: () => {
        const types = this.#types(3);
        return this.#derived('', types, this.#query(types, inner));
      },
      '2*lateral': () => this.#lateral(less),
      using: () => this.#using(),
      function: () => this.#function(less),
      values: () => {
        const types = this.#types(3);
        return this.#derived('', types, this.#values(types));
      },
    });
  }

  #lateral(place: Place): From {
    const left = this.#from({ ...place, depth: Math.min(place.depth, 1) });
    const types = this.#types(2);
    const query = this.#query(types, { ...place, outer: [...place.outer, ...left.names] });
    const prefix = this.#choices.choose('lateral', {
      cross: () => ' CROSS JOIN LATERAL ', left: () => ' LEFT JOIN LATERAL ',
    });
    const right = this.#derived(prefix, types, query);
    const on = prefix.includes('LEFT') ? ' ON true' : '';
    return {
      sql: `${left.sql}${right.sql}${on}`, names: [...left.names, ...right.names], joined: true,
    };
  }

  #function(place: Place): From {
    const left = this.#from({ ...place, depth: 0 });
    const scope = scopeOf(left.names, place.outer);
    const alias = `x${this.#aliases++}`;
    const { call, type } = this.#choices.choose<SetCall>('table function', {
      unnest: () => ({
        call: `unnest(${this.#expressions.of('int4[]', scope, 1)})`, type: 'int4',
      }),
      'unnest of texts': () => ({
        call: `unnest(${this.#expressions.of('text[]', scope, 1)})`, type: 'text',
      }),
      series: () => ({
        call: `generate_series(1, least(${this.#expressions.of('int4', scope, 0)}, 4))`,
        type: 'int4',
      }),
    });
    const join = this.#choices.pick(
      [' CROSS JOIN ', ' CROSS JOIN LATERAL ', ' LEFT JOIN LATERAL ']);
    return {
      joined: true,
      sql: `${left.sql}${join}${call} ${alias}(p0)${join.includes('LEFT') ? ' ON true' : ''}`,
      names: [...left.names, { sql: `${alias}.p0`, type }],
    };
  }

  /** A join USING a column of the same name and type, within a query of its own. */
  #using(): From {
    const left = this.#choices.pick(this.#relations);
    const right = this.#choices.pick(this.#relations);
    const shared = left.columns.filter((each) =>
      right.columns.some(({ name, type }) => name === each.name && type === each.type));
    const [by] = shared;
    if (by === undefined) return this.#table();
    const kind = this.#choices.pick(['JOIN', 'LEFT JOIN', 'RIGHT JOIN', 'FULL JOIN']);
    const a = `x${this.#aliases++}`;
    const b = `x${this.#aliases++}`;
    const others = [...left.columns.filter((each) => each !== by).map((each) =>
      ({ sql: `${a}.${each.name}`, type: each.type })), ...right.columns.filter((each) =>
      each.name !== by.name).map((each) => ({ sql: `${b}.${each.name}`, type: each.type }))]
      .slice(0, 3);
    const names = [{ sql: by.name, type: by.type }, ...others];
    this.#choices.count(`using: ${kind}`);
    return this.#derived('', names.map((each) => each.type), `SELECT ${
      this.#list(names.map((each) => each.sql))} FROM ${left.name} ${a} ${kind} ${right.name} ${
      b} USING (${by.name})`);
  }

  #join(place: Place): From {
    if (++this.#joins > 6) return this.#table();
    const left = this.#from({ ...place, depth: Math.min(place.depth, 2) });
    const right = this.#choices.chance(25) ? this.#from({ ...place, outer: [], depth: 1 })
      : this.#table();
    const names = [...left.names, ...right.names];
    const scope = scopeOf(names, place.outer);
    const kind = this.#choices.choose('join', {
      '3*inner': () => 'JOIN', '3*left': () => 'LEFT JOIN', right: () => 'RIGHT JOIN',
      '2*full': () => 'FULL JOIN', cross: () => 'CROSS JOIN',
    });
    const sql = right.joined === true ? `(${right.sql})` : right.sql;
    const joined = true;
    if (kind === 'CROSS JOIN') return { sql: `${left.sql} CROSS JOIN ${sql}`, names, joined };
    const on = this.#on([left, right], scope, kind);
    return { sql: `${left.sql} ${kind} ${sql} ON ${on}`, names, joined };
  }

  #on([left, right]: readonly [From, From], scope: Scope, kind: string): string {
    const pairs = left.names.flatMap((one) => right.names.filter((other) =>
      other.type === one.type).map((other) => [one, other] as const));
    const pair = (): string => {
      const [one, other] = this.#choices.pick(pairs);
      return `${one.sql} = ${other.sql}`;
    };
    if (pairs.length === 0) {
      return kind === 'FULL JOIN' ? 'true' : this.#expressions.predicate(scope, 1);
    }
    if (kind === 'FULL JOIN') return pair();
    return this.#choices.choose('join condition', {
      '5*equal': pair,
      'two equal': () => `${pair()} AND ${pair()}`,
      '2*equal and more': () => `${pair()} AND ${this.#expressions.predicate(scope, 1)}`,
      any: () => this.#expressions.predicate(scope, 1),
    });
  }
}

function scopeOf(names: readonly Name[], outer: readonly Name[]): Scope {
  return { own: names, outer, inner: names };
}
