/**
 * Types with small pools of values, and random tables of them: with a key, or bags.
 */
import type { Choices } from './choices.ts';

/** Names of the types a column may have, as both sides write them. */
export type TypeName =
  | 'int4' | 'int8' | 'int2' | 'numeric' | 'float8' | 'text' | 'bool' | 'date' | 'timestamp'
  | 'timestamptz' | 'interval' | 'time' | 'uuid' | 'bytea' | 'jsonb' | 'int4[]' | 'text[]';

/** Values of each type; floats are sums of few powers of two, so that every sum is exact. */
export const POOLS: Readonly<Record<TypeName, readonly string[]>> = {
  int4: ['1', '2', '0', '3', '-2', '7', '100'],
  int8: ['1', '2', '0', '-3', '5', '4000000000'],
  int2: ['1', '0', '2', '-1', '30'],
  numeric: ['1.00', '2.50', '0.00', '-1.25', '10.00', '3.75'],
  float8: ['1', '0.5', '2.25', '-3', '1024', '0'],
  text: ['a', 'b', '', 'Ab', 'ä%', 'x_y', 'a b', '12', '{"a"}', 'b,c\\'],
  bool: ['t', 'f'],
  date: ['2024-02-29', '2024-03-01', '2023-12-31', '1999-01-01'],
  timestamp: ['2024-02-29 23:59:59.5', '2024-03-01 00:00:00', '2023-12-31 12:30:00',
    '1969-07-20 20:17:40'],
  timestamptz: ['2024-03-10 01:30:00+00', '2024-10-27 02:00:00+01', '2023-12-31 23:00:00-05'],
  interval: ['1 day', '02:30:00', '-1 mon', '1 year 2 mons 3 days', '00:00:00.25'],
  time: ['00:00:00', '12:34:56', '23:59:59.999999'],
  uuid: ['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '00000000-0000-0000-0000-000000000000',
    'ffffffff-ffff-4fff-bfff-ffffffffffff'],
  bytea: ['\\x', '\\x00', '\\xdeadbeef', '\\x61'],
  jsonb: ['{"a": 1, "b": [1, 2]}', '[]', '{"a": null}', '"x"', '12.5', '{"b": {"c": "d"}}',
    'null', 'true', '[1, "a", null]'],
  'int4[]': ['{1,2}', '{}', '{3,NULL}', '{2}', '{1,1,1}'],
  'text[]': ['{a,b}', '{}', '{NULL}', '{"a b",c}'],
};

/** Every type. */
export const TYPES: readonly TypeName[] = Object.keys(POOLS) as TypeName[];

/** A value as both sides read it. */
export function literal(value: string | null, type: TypeName): string {
  if (value === null) return `NULL::${type}`;
  if (type === 'int4' && /^\d+$/.test(value)) return value;
  return `'${value.replaceAll("'", "''")}'::${type}`;
}

/** A random type, mostly one of those given. */
export function randomType(choices: Choices, likely: readonly TypeName[]): TypeName {
  return likely.length === 0 || choices.chance(10) ? choices.pick(TYPES) : choices.pick(likely);
}

/** A random value, NULL one time in four. */
export function randomValue(type: TypeName, choices: Choices): string | null {
  return choices.chance(25) ? null : choices.pick(POOLS[type]);
}

/** A column of a table. */
export interface TableColumn {
  readonly name: string;
  readonly type: TypeName;
}

/** A table; with `keyed` its first column is an int4 primary key. */
export interface Table {
  readonly name: string;
  readonly columns: readonly TableColumn[];
  readonly keyed: boolean;
}

/** One to four tables; they share few types, so that much can be joined and compared. */
export function randomSchema(choices: Choices): readonly Table[] {
  const likely: TypeName[] = ['int4', 'int4', 'text', 'numeric', choices.pick(TYPES),
    choices.pick(TYPES)];
  return Array.from({ length: 1 + choices.below(4) }, (_, at) => {
    const keyed = choices.choose('table', { keyed: () => true, bag: () => false });
    const count = 2 + choices.below(4);
    const columns = Array.from({ length: count }, (__, column): TableColumn => ({
      name: `c${column}`, type: column === 0 && keyed ? 'int4' : randomType(choices, likely),
    }));
    return { name: `t${at}`, columns, keyed };
  });
}

/** CREATE TABLE of a table. */
export function createTable(table: Table, temporary: boolean): string {
  const columns = table.columns.map(({ name, type }, at) =>
    `${name} ${type}${at === 0 && table.keyed ? ' PRIMARY KEY' : ''}`);
  return `CREATE ${temporary ? 'TEMP ' : ''}TABLE ${table.name} (${columns.join(', ')})`;
}
