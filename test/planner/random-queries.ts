/**
 * Random queries over the tables of lower-queries.ts: joins of every type, laterals, subqueries of
 * every kind at any depth, aggregates, set operations. Results are two integer columns.
 *
 * Written so that no query depends on an order and none raises an error on small integers.
 */

/** A pseudo-random number below a bound. */
export type Below = (below: number) => number;

/** A generator with a seed. */
export function below(seed: number): Below {
  let state = (Math.imul(seed, 0x9e3779b9) ^ 0x5bd1e995) >>> 0;
  return (limit) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
}

/** A FROM item one can name columns of. */
interface Source {
  readonly alias: string;
  readonly columns: readonly string[];
}

interface From {
  readonly sql: string;
  readonly scope: readonly Source[];
}

type Scope = readonly Source[];

const TABLES: Readonly<Record<string, readonly string[]>> = {
  t: ['id', 'a', 'b'], u: ['id', 'a', 'c'], w: ['k', 'v'], n: ['x'],
};

/** Makes one query after the other. */
export class RandomQueries {
  readonly #below: Below;
  #aliases = 0;

  constructor(random: Below) {
    this.#below = random;
  }

  /** The next query; it gives columns p and q. */
  next(depth: number = 3): string {
    this.#aliases = 0;
    return this.#query(depth, []);
  }

  #pick<T>(list: readonly T[]): T {
    return list[this.#below(list.length)] as T;
  }

  #column(scope: Scope): string {
    const source = this.#pick(scope);
    return `${source.alias}.${this.#pick(source.columns)}`;
  }

  #alias(): string {
    return `x${this.#aliases++}`;
  }

  #expr(scope: Scope, depth: number, outer: Scope): string {
    const all = outer.length > 0 && this.#below(3) === 0 ? outer : scope;
    switch (this.#below(depth > 0 ? 9 : 5)) {
      case 0: return String(this.#below(8));
      case 1: return `(${this.#column(all)} + ${this.#below(3)})`;
      case 2: return `coalesce(${this.#column(all)}, ${this.#below(4)})`;
      case 5: return `(${this.#scalar(depth - 1, [...outer, ...scope])})`;
      case 6: return `(CASE WHEN ${this.#predicate(scope, depth - 1, outer)} `
        + `THEN ${this.#column(all)} ELSE ${this.#below(5)} END)`;
      default: return this.#column(all);
    }
  }

  #scalar(depth: number, outer: Scope): string {
    const from = this.#from(depth, outer);
    const name = this.#pick(['count(*)', 'max', 'min', 'sum', 'count']);
    // With a column of its own the aggregate belongs to this level, whatever else it reads.
    const other = this.#below(4) === 0 ? ` + ${this.#column([...outer, ...from.scope])}` : '';
    const call = name === 'count(*)' ? name : `${name}(${this.#column(from.scope)}${other})`;
    const having = this.#below(6) === 0
      ? ` HAVING count(*) ${this.#pick(['>', '<', '='])} ${this.#below(3)}` : '';
    const where = this.#predicate(from.scope, depth, outer);
    return `SELECT ${call} FROM ${from.sql} WHERE ${where}${having}`;
  }

  #predicate(scope: Scope, depth: number, outer: Scope): string {
    const all = [...scope, ...(this.#below(2) === 0 ? outer : [])];
    switch (this.#below(depth > 0 ? 12 : 6)) {
      case 0: return `${this.#column(scope)} ${this.#pick(['=', '<', '>', '<>', '>='])} `
        + this.#expr(scope, 0, outer);
      case 1: case 5: return `${this.#column(scope)} = ${this.#column(all)}`;
      case 2: return `${this.#column(all)} IS ${this.#pick(['', 'NOT '])}NULL`;
      case 3: return `(${this.#predicate(scope, depth, outer)} ${this.#pick(['AND', 'OR'])} `
        + `${this.#predicate(scope, depth - 1, outer)})`;
      case 4: return `NOT ${this.#column(scope)} ${this.#pick(['=', '<'])} ${this.#below(6)}`;
      case 6: case 7:
        return `${this.#pick(['', 'NOT '])}EXISTS (${this.#rows(scope, depth, outer)})`;
      case 8: case 9: return `${this.#expr(scope, 0, outer)} ${this.#pick(['IN', 'NOT IN'])} `
        + `(${this.#rows(scope, depth, outer)})`;
      case 10: return `${this.#column(scope)} ${this.#pick(['<', '>', '=', '<>'])} `
        + `${this.#pick(['ANY', 'ALL'])} (${this.#rows(scope, depth, outer)})`;
      default: return `${this.#column(scope)} ${this.#pick(['=', '<'])} `
        + `(${this.#scalar(depth - 1, [...outer, ...scope])})`;
    }
  }

  /** A subquery of one column. */
  #rows(scope: Scope, depth: number, outer: Scope): string {
    const around = [...outer, ...scope];
    const from = this.#from(depth - 1, around);
    const where = this.#predicate(from.scope, depth - 1, around);
    return `SELECT ${this.#column(from.scope)} FROM ${from.sql} WHERE ${where}`;
  }

  #table(): From {
    const name = this.#pick(Object.keys(TABLES));
    const alias = this.#alias();
    return { sql: `${name} ${alias}`, scope: [{ alias, columns: TABLES[name] ?? [] }] };
  }

  #derived(prefix: string, query: string, rest: string, before: Scope): From {
    const alias = this.#alias();
    return {
      sql: `${prefix}(${query}) ${alias}(p, q)${rest}`,
      scope: [...before, { alias, columns: ['p', 'q'] }],
    };
  }

  #from(depth: number, outer: Scope): From {
    const choice = this.#below(depth > 0 ? 9 : 3);
    if (choice < 4) return this.#table();
    if (choice === 4) return this.#derived('', this.#query(depth - 1, outer), '', []);
    const left = this.#from(depth - 1, outer);
    if (choice === 5) {
      const inner = this.#query(depth - 1, [...outer, ...left.scope]);
      return this.#below(2) === 0
        ? this.#derived(`${left.sql} CROSS JOIN LATERAL `, inner, '', left.scope)
        : this.#derived(`${left.sql} LEFT JOIN LATERAL `, inner, ' ON true', left.scope);
    }
    const right = this.#table();
    const type = this.#pick(['JOIN', 'LEFT JOIN', 'RIGHT JOIN', 'FULL JOIN']);
    const scope = [...left.scope, ...right.scope];
    const more = type !== 'FULL JOIN' && this.#below(2) === 0
      ? ` AND ${this.#predicate(scope, this.#below(4) === 0 ? depth - 1 : 0, outer)}` : '';
    const on = `${this.#column(left.scope)} = ${this.#column(right.scope)}${more}`;
    return { sql: `${left.sql} ${type} ${right.sql} ON ${on}`, scope };
  }

  #query(depth: number, outer: Scope): string {
    if (depth <= 0 || this.#below(7) > 0) return this.#select(depth, outer);
    const operator = this.#pick(['UNION', 'UNION ALL', 'INTERSECT', 'EXCEPT', 'EXCEPT ALL']);
    return `${this.#select(depth - 1, outer)} ${operator} ${this.#select(depth - 1, outer)}`;
  }

  #select(depth: number, outer: Scope): string {
    const from = this.#from(depth, outer);
    const where = this.#below(3) > 0 ? ` WHERE ${this.#predicate(from.scope, depth, outer)}` : '';
    if (this.#below(3) === 0) return this.#grouped(from, where, { depth, outer });
    const list = [0, 1].map((at) =>
      `(${this.#expr(from.scope, depth, outer)})::int AS ${at === 0 ? 'p' : 'q'}`).join(', ');
    return `SELECT ${this.#pick(['', '', 'DISTINCT '])}${list} FROM ${from.sql}${where}`;
  }

  #grouped(
    from: From, where: string, { depth, outer }: { depth: number; outer: Scope },
  ): string {
    const key = this.#column(from.scope);
    const call = this.#pick(['count(*)', `max(${this.#column(from.scope)})`,
      `count(DISTINCT ${this.#column(from.scope)})`]);
    const least = depth > 0 ? `(${this.#scalar(depth - 1, outer)})` : '1';
    const having = this.#below(3) === 0 ? ` HAVING count(*) > ${least}` : '';
    return `SELECT ${key} AS p, ${call}::int AS q FROM ${from.sql}${where} GROUP BY ${key}${having}`;
  }
}
