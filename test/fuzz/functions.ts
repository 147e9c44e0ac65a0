/**
 * The functions and operators that both sides have: ours from the registry, with the same argument
 * types in PostgreSQL's catalog, immutable on both sides.
 */
import type pg from 'pg';
import { signatureTypeName } from '../../src/planner/functions/builder.ts';
import { allFunctions } from '../../src/planner/functions/registry.ts';
import { literal, POOLS, TYPES } from './schema.ts';
import type { TypeName } from './schema.ts';

/** A function or operator of both sides. */
export interface SharedFunction {
  readonly name: string;
  readonly args: readonly TypeName[];
  readonly result: TypeName;
  /** No value of the pools makes it raise an error. */
  readonly total: boolean;
}

/** Shared functions by the type they give. */
export type SharedFunctions = ReadonlyMap<TypeName, readonly SharedFunction[]>;

/** Left out: results as long as an argument says, results that libm may round either way. */
const LEFT_OUT = new Set(['repeat', 'lpad', 'rpad', 'pow', 'power', '^', 'exp', 'ln', 'log',
  'log10', 'sin', 'cos', 'tan', 'cot', 'asin', 'acos', 'atan', 'atan2', 'sinh', 'cosh', 'tanh',
  'asinh', 'acosh', 'atanh', 'sind', 'cosd', 'tand', 'cotd', 'asind', 'acosd', 'atand', 'atan2d',
  'cbrt', '||/', '|/', 'sqrt', 'dsqrt', 'dcbrt', 'factorial', 'format', 'quote_literal']);

const QUERY = `
  SELECT proname AS name, array_to_string(ARRAY(
    SELECT format_type(t, NULL) FROM unnest(proargtypes) WITH ORDINALITY AS a(t, n) ORDER BY n
  ), ',') AS args FROM pg_proc WHERE prokind = 'f' AND provolatile = 'i' AND NOT proretset
  UNION SELECT oprname, concat_ws(',', nullif(format_type(nullif(oprleft, 0), NULL), '-'),
    format_type(oprright, NULL)) FROM pg_operator o JOIN pg_proc p ON p.oid = oprcode
  WHERE provolatile = 'i'`;

const LONG: Readonly<Record<string, string>> = {
  integer: 'int4', bigint: 'int8', smallint: 'int2', 'double precision': 'float8',
  boolean: 'bool', 'timestamp without time zone': 'timestamp',
  'timestamp with time zone': 'timestamptz', 'time without time zone': 'time',
  'integer[]': 'int4[]',
};

function shortName(type: string): string {
  return LONG[type] ?? type;
}

/** Text of a call. */
export function callText(
  { name, args }: Pick<SharedFunction, 'name' | 'args'>, values: readonly string[],
): string {
  if (/^\w/.test(name)) return `${name}(${values.join(', ')})`;
  const [left = '', right = ''] = values;
  return args.length === 1 ? `(${name} ${left})` : `(${left} ${name} ${right})`;
}

async function isTotal(
  client: pg.Client, call: Pick<SharedFunction, 'name' | 'args'>,
): Promise<boolean> {
  const from = call.args.map((type, at) => `(VALUES ${POOLS[type].map((each) =>
    `(${literal(each, type)})`).join(', ')}) a${at}(v)`).join(', ');
  const text = callText(call, call.args.map((_, at) => `a${at}.v`));
  try {
    await client.query(`SELECT count(x.v) FROM (SELECT ${text} AS v FROM ${from} LIMIT 5000) x`);
    return true;
  } catch {
    return false;
  }
}

/** Asks PostgreSQL which of our functions it has. */
export async function sharedFunctions(client: pg.Client): Promise<SharedFunctions> {
  const { rows } = await client.query<{ readonly name: string; readonly args: string }>(QUERY);
  const theirs = new Set(rows.map(({ name, args }) =>
    `${name}(${args.split(',').map(shortName).join(',')})`));
  const known = new Set<string>(TYPES);
  const all = new Map<TypeName, SharedFunction[]>(TYPES.map((type) => [type, []]));
  for (const entry of allFunctions()) {
    if (entry.kind !== 'scalar' || entry.volatility !== 'immutable' || entry.variadic) continue;
    const args = entry.args.map((each) => shortName(signatureTypeName(each)));
    const result = shortName(signatureTypeName(entry.result));
    if (LEFT_OUT.has(entry.name) || !theirs.has(`${entry.name}(${args.join(',')})`)) continue;
    if (args.length === 0 || ![...args, result].every((each) => known.has(each))) continue;
    const call = { name: entry.name, args: args as TypeName[], result: result as TypeName };
    all.get(call.result)?.push({ ...call, total: await isTotal(client, call) });
  }
  return all;
}
