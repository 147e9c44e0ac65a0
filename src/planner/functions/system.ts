/**
 * Functions about types, sessions and the server, and internal helpers of the planner.
 *
 * What needs the session or a constant (current_user, pg_typeof) the binder folds; what needs the
 * catalog's rows is served by the introspection relations. Privileges are all granted.
 */
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import { validateJson } from '../../common/types/jsonb-parse.ts';
import {
  formatType, typeByName, typeByOid, typeFromTypmod, typeOid,
} from '../../common/types/registry.ts';
import { numericToBigint } from '../../common/types/numeric.ts';
import type { Numeric } from '../../common/types/numeric.ts';
import type { Value } from '../../common/values.ts';
import { scalar } from './builder.ts';
import type { EvaluationContext, ScalarFunction } from './entry.ts';
import { jsonKind } from './json-text.ts';
import { nextRandom } from './math-float.ts';

const TYPES: readonly ScalarFunction[] = [
  scalar({
    signature: 'format_type(oid,int4) -> text', nulls: 'called',
    doc: 'The SQL name of a type with its modifier.',
    examples: [['format_type(1700, 655366)', 'numeric(10,2)'],
      ['format_type(23, NULL)', 'integer']],
    evaluate: (oid: number | null, typmod: number | null) => {
      if (oid === null) return null;
      const type = typeByOid(oid >>> 0);
      if (type === null) return oid === 0 ? '-' : '???';
      return formatType(typeFromTypmod(type, typmod ?? -1));
    },
  }),
  scalar({
    signature: 'to_regtype(text) -> regtype', doc: 'The type of a name, or NULL.',
    examples: [[`to_regtype('integer')::oid`, '23']],
    evaluate: (name: string) => {
      const type = typeByName(name);
      return type === null ? null : typeOid(type);
    },
  }),
  scalar({
    signature: 'pg_typeof(any) -> regtype', nulls: 'called', mayBeNull: false,
    doc: 'The type of a value.', examples: [['pg_typeof(33)::oid', '23']],
    specialize: (types) => () => typeOid(must(types[0], 'type')),
  }),
];

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}

/** A version 4 uuid. */
function randomUuid(context: EvaluationContext): string {
  const part = (bits: number): number => Math.floor(nextRandom(context) * 2 ** bits);
  return `${hex(part(32), 8)}-${hex(part(16), 4)}-4${hex(part(12), 3)}-`
    + `${hex(0x8000 | part(14), 4)}-${hex(part(24), 6)}${hex(part(24), 6)}`;
}

const GENERATORS: readonly ScalarFunction[] = [
  scalar({
    signature: 'gen_random_uuid() -> uuid', doc: 'A random uuid.', volatility: 'volatile',
    examples: [['length(gen_random_uuid()::text)', '36']], mayBeNull: false,
    evaluateIn: randomUuid,
  }),
  scalar({
    signature: 'version() -> text', doc: 'The version of the server.', volatility: 'stable',
    examples: [[`version() LIKE 'PostgreSQL%'`, 'true']], mayBeNull: false,
    evaluate: () => 'PostgreSQL 15.0 (Tidemill)',
  }),
];

/** Entries that answer the same whatever they are asked; for tools that look at catalogs. */
function constant(signature: string, value: Value, sample: readonly [string, string | null],
  doc: string): ScalarFunction {
  return scalar({
    signature, doc, examples: [sample], volatility: 'stable', nulls: 'called',
    evaluate: () => value,
  });
}

const VISIBLE = ['pg_table_is_visible', 'pg_type_is_visible', 'pg_function_is_visible',
  'pg_operator_is_visible', 'pg_opclass_is_visible', 'pg_opfamily_is_visible',
  'pg_collation_is_visible', 'pg_conversion_is_visible', 'pg_statistics_obj_is_visible',
  'pg_ts_config_is_visible', 'pg_ts_dict_is_visible', 'pg_ts_parser_is_visible',
  'pg_ts_template_is_visible'];
const PRIVILEGES = ['has_table_privilege', 'has_schema_privilege', 'has_database_privilege',
  'has_any_column_privilege', 'has_function_privilege', 'has_sequence_privilege',
  'has_type_privilege', 'has_language_privilege', 'has_tablespace_privilege', 'pg_has_role'];

const PRIVILEGE_ARGS = ['oid,text', 'text,text', 'name,oid,text', 'name,text,text', 'oid,oid,text'];

const CATALOG_FACTS: readonly ScalarFunction[] = [
  ...VISIBLE.map((name) => constant(`${name}(oid) -> boolean`, true,
    [`${name}(1259)`, 'true'], 'True: every object is on the search path.')),
  ...PRIVILEGES.flatMap((name) => PRIVILEGE_ARGS.map((args) => constant(
    `${name}(${args}) -> boolean`, true,
    [`${name}(${args.split(',').map((type, i, all) => (i === all.length - 1 ? `'USAGE'`
      : type === 'oid' ? '1::oid' : `'a'::${type}`)).join(', ')})`, 'true'],
    'True: privileges are not restricted.'))),
  constant('obj_description(oid,name) -> text', null,
    [`obj_description(1, 'pg_class')`, null], 'The comment on an object.'),
  constant('obj_description(oid) -> text', null, ['obj_description(1)', null],
    'The comment on an object.'),
  constant('col_description(oid,int4) -> text', null, ['col_description(1, 1)', null],
    'The comment on a column.'),
  constant('shobj_description(oid,name) -> text', null,
    [`shobj_description(1, 'pg_database')`, null], 'The comment on a shared object.'),
  constant('pg_is_in_recovery() -> boolean', false, ['pg_is_in_recovery()', 'false'],
    'False: the server takes writes.'),
  constant('pg_relation_is_publishable(regclass) -> boolean', false,
    ['pg_relation_is_publishable(1::regclass)', 'false'], 'False: there are no publications.'),
  constant('pg_is_other_temp_schema(oid) -> boolean', false,
    ['pg_is_other_temp_schema(1::oid)', 'false'], 'False: there are no other temporary schemas.'),
  constant('pg_my_temp_schema() -> oid', 0, ['pg_my_temp_schema()', '0'],
    'The schema of temporary objects; 0 for none.'),
  constant('pg_tablespace_location(oid) -> text', '', ['pg_tablespace_location(1::oid)', ''],
    'The folder of a tablespace.'),
  scalar({
    signature: 'pg_encoding_to_char(int4) -> name', doc: 'The name of an encoding.',
    examples: [['pg_encoding_to_char(6)', 'UTF8']],
    evaluate: (encoding: number) => (encoding === 6 ? 'UTF8' : encoding === 0 ? 'SQL_ASCII' : ''),
  }),
  scalar({
    signature: 'pg_char_to_encoding(name) -> int4', doc: 'The number of an encoding.',
    examples: [[`pg_char_to_encoding('UTF8')`, '6']],
    evaluate: (name: string) => (/^utf-?8$/i.test(name) ? 6 : -1),
  }),
  scalar({
    signature: 'pg_get_expr(text,oid) -> text', doc: 'The text of a stored expression.',
    examples: [[`pg_get_expr('1 + 1', 0)`, '1 + 1']], evaluate: (text: string) => text,
  }),
  scalar({
    signature: 'pg_get_expr(text,oid,boolean) -> text', doc: 'The text of a stored expression.',
    examples: [[`pg_get_expr('1 + 1', 0, true)`, '1 + 1']], evaluate: (text: string) => text,
  }),
];

const SIZE_UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** 1024-based units; the next one from 10240 on, rounded half up. */
function prettySize(bytes: bigint): string {
  let value = bytes < 0n ? -bytes : bytes;
  const sign = bytes < 0n ? '-' : '';
  if (value < 10240n) return `${sign}${value} bytes`;
  // One bit more than shown, for rounding.
  value >>= 9n;
  let unit = 1;
  while (unit < SIZE_UNITS.length - 1 && value >= 20480n - 1n) {
    value >>= 10n;
    unit++;
  }
  return `${sign}${(value + 1n) / 2n} ${must(SIZE_UNITS[unit], 'unit')}`;
}

const SIZES: readonly ScalarFunction[] = [
  scalar({
    signature: 'pg_size_pretty(int8) -> text', doc: 'A size in readable units.',
    examples: [['pg_size_pretty(123456789::int8)', '118 MB']], evaluate: prettySize,
  }),
  scalar({
    signature: 'pg_size_pretty(numeric) -> text', doc: 'A size in readable units.',
    examples: [['pg_size_pretty(123456789.0)', '118 MB']],
    evaluate: (value: Numeric) => prettySize(numericToBigint(value)),
  }),
];

function isJson(text: string, kind: string): boolean {
  try {
    validateJson(text);
  } catch {
    return false;
  }
  const found = jsonKind(text);
  switch (kind) {
    case 'object': case 'array': return found === kind;
    case 'scalar': return found !== 'object' && found !== 'array';
    default: return true;
  }
}

const INTERNAL: readonly ScalarFunction[] = [
  scalar({
    signature: '$is_json(text,text) -> boolean', doc: 'The predicate IS JSON of a kind.',
    examples: [[`"$is_json"('[1]', 'array')`, 'true'], [`"$is_json"('[', 'value')`, 'false']],
    evaluate: isJson,
  }),
  scalar({
    signature: '$error(text,text) -> boolean', doc: 'Raises an error of a SQLSTATE and a message.',
    examples: [[`"$error"(NULL, 'x')`, null]],
    evaluate: (state: string, message: string) => {
      throw sqlError(state, message);
    },
  }),
];

/** Functions about types, sessions and the server. */
export const SYSTEM: readonly ScalarFunction[] = [
  ...TYPES, ...GENERATORS, ...CATALOG_FACTS, ...SIZES, ...INTERNAL,
];
