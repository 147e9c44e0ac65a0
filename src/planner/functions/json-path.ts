/**
 * SQL/JSON path functions and operators: jsonb_path_query and its kin, @? and @@.
 *
 * Paths are values of type jsonpath, kept as their canonical text and parsed once per text.
 */
import { SqlError, sqlError } from '../../common/errors.ts';
import { evaluateJsonPath } from '../../common/jsonpath/evaluate.ts';
import { parseJsonPath } from '../../common/jsonpath/parse.ts';
import { jsonArray, jsonObject } from '../../common/types/jsonb.ts';
import type { Jsonb } from '../../common/types/jsonb.ts';
import type { Value } from '../../common/values.ts';
import { scalar, table } from './builder.ts';
import type { ScalarFunction, TableFunction } from './entry.ts';
import { column } from './table-functions.ts';

const NO_VARIABLES: Jsonb = jsonObject([], []);

type PathArgs = [document: Jsonb, path: string, variables?: Jsonb, silent?: boolean];

/** The items of a path, or null when it failed and errors are to be passed over. */
function itemsOf(args: PathArgs): readonly Jsonb[] | null {
  const [document, path, variables = NO_VARIABLES, silent = false] = args;
  try {
    return evaluateJsonPath(parseJsonPath(path), document, variables);
  } catch (error) {
    if (silent && error instanceof SqlError && error.sqlState.startsWith('22')) return null;
    throw error;
  }
}

function exists(...args: PathArgs): Value {
  const items = itemsOf(args);
  return items === null ? null : items.length > 0;
}

function match(...args: PathArgs): Value {
  const items = itemsOf(args);
  const [only, second] = items ?? [];
  if (only !== undefined && second === undefined) {
    if (only.kind === 'json-boolean') return only.value;
    if (only.kind === 'json-null') return null;
  }
  if (args[3] === true || items === null) return null;
  throw sqlError('22038', 'single boolean result is expected');
}

function queryArray(...args: PathArgs): Value {
  return jsonArray(itemsOf(args) ?? []);
}

function queryFirst(...args: PathArgs): Value {
  return itemsOf(args)?.[0] ?? null;
}

const ARGUMENTS = ['jsonb', 'jsonpath', 'jsonb', 'boolean'];
const SAMPLES = [`'{"a": [1, 2, 3]}'`, `'$.a[*] ? (@ > $low)'`, `'{"low": 1}'`, 'true'];

interface PathFunction {
  readonly name: string;
  readonly result: string;
  readonly doc: string;
  /** The path of the examples, and the value with $low = 1. */
  readonly path?: string;
  readonly value: string;
  readonly code: (...args: PathArgs) => Value;
}

const FUNCTIONS: readonly PathFunction[] = [
  {
    name: 'jsonb_path_exists', result: 'boolean', doc: 'True when a path gives any item.',
    value: 'true', code: exists,
  },
  {
    name: 'jsonb_path_match', result: 'boolean', doc: 'The result of a path that is a predicate.',
    path: `'exists($.a[*] ? (@ > $low))'`, value: 'true', code: match,
  },
  {
    name: 'jsonb_path_query_array', result: 'jsonb', doc: 'The items of a path as an array.',
    value: '[2, 3]', code: queryArray,
  },
  {
    name: 'jsonb_path_query_first', result: 'jsonb', doc: 'The first item of a path, or NULL.',
    value: '2', code: queryFirst,
  },
];

/** The samples of a call with so many arguments; without variables the path names none. */
function sampleCall(name: string, count: number, path: string): string {
  const args = SAMPLES.slice(0, count);
  args[1] = count === 2 ? path.replace('$low', '1') : path;
  return `${name}(${args.join(', ')})`;
}

const COUNTS = [2, 3, 4];

/** Path functions and operators. */
export const JSON_PATHS: readonly ScalarFunction[] = [
  ...FUNCTIONS.flatMap(({ name, result, doc, path, value, code }) => COUNTS.map((count) =>
    scalar({
      signature: `${name}(${ARGUMENTS.slice(0, count).join(',')}) -> ${result}`, doc,
      examples: [[sampleCall(name, count, path ?? SAMPLES[1] ?? ''), value]], evaluate: code,
    }))),
  scalar({
    signature: '@?(jsonb,jsonpath) -> boolean', doc: 'True when a path gives any item.',
    examples: [[`'{"a":[1,2,3,4,5]}'::jsonb @? '$.a[*] ? (@ > 2)'`, 'true']],
    evaluate: (document: Jsonb, path: string) => exists(document, path, NO_VARIABLES, true),
  }),
  scalar({
    signature: '@@(jsonb,jsonpath) -> boolean', doc: 'The result of a path that is a predicate.',
    examples: [[`'{"a":[1,2,3,4,5]}'::jsonb @@ '$.a[*] > 2'`, 'true']],
    evaluate: (document: Jsonb, path: string) => match(document, path, NO_VARIABLES, true),
  }),
];

/** Path functions that return sets. */
export const JSON_PATH_TABLES: readonly TableFunction[] = COUNTS.map((count) => table({
  signature: `jsonb_path_query(${ARGUMENTS.slice(0, count).join(',')}) -> setof jsonb`,
  doc: 'The items of a path.', columns: column('jsonb_path_query', { name: 'jsonb' }),
  examples: [[sampleCall('jsonb_path_query', count, SAMPLES[1] ?? ''), '{2,3}']],
  evaluate: (...args: PathArgs) => (itemsOf(args) ?? []).map((item) => [item]),
}));
