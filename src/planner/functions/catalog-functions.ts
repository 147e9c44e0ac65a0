/**
 * Functions that tools ask about the catalog: definitions, sizes, encodings.
 *
 * What only the catalog knows comes from the context's `catalog`; without it the answer is NULL.
 */
import { formatType, typeByOid } from '../../common/types/registry.ts';
import type { Value } from '../../common/values.ts';
import { scalar } from './builder.ts';
import type { DescribedObject, EvaluationContext, ScalarFunction } from './entry.ts';

/** Entries that answer the same whatever they are asked; for tools that look at catalogs. */
function constant(signature: string, value: Value, sample: readonly [string, string | null],
  doc: string): ScalarFunction {
  return scalar({
    signature, doc, examples: [sample], volatility: 'stable', nulls: 'called',
    evaluate: () => value,
  });
}

/** PostgreSQL's encodings by number. */
const ENCODINGS: readonly string[] = ('SQL_ASCII EUC_JP EUC_CN EUC_KR EUC_TW EUC_JIS_2004 UTF8 '
  + 'MULE_INTERNAL LATIN1 LATIN2 LATIN3 LATIN4 LATIN5 LATIN6 LATIN7 LATIN8 LATIN9 LATIN10 WIN1256 '
  + 'WIN1258 WIN866 WIN874 KOI8R WIN1251 WIN1252 ISO_8859_5 ISO_8859_6 ISO_8859_7 ISO_8859_8 '
  + 'WIN1250 WIN1253 WIN1254 WIN1255 WIN1257 KOI8U SJIS BIG5 GBK UHC GB18030 JOHAB '
  + 'SHIFT_JIS_2004').split(' ');

const FACTS: readonly ScalarFunction[] = [
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
    evaluate: (encoding: number) => ENCODINGS[encoding] ?? '',
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

interface Definition {
  readonly name: string;
  readonly what: DescribedObject;
  readonly doc: string;
  /** Argument lists after the oid. */
  readonly rest: readonly string[];
}

const DEFINITIONS: readonly Definition[] = [
  { name: 'pg_get_userbyid', what: 'role', doc: 'The name of a role.', rest: [''] },
  { name: 'pg_get_indexdef', what: 'index', doc: 'The definition of an index.',
    rest: ['', ',int4,boolean'] },
  { name: 'pg_get_constraintdef', what: 'constraint', doc: 'The definition of a constraint.',
    rest: ['', ',boolean'] },
  { name: 'pg_get_viewdef', what: 'view', doc: 'The query of a view.',
    rest: ['', ',boolean', ',int4'] },
  { name: 'pg_get_functiondef', what: 'function', doc: 'The definition of a function.',
    rest: [''] },
  { name: 'pg_get_function_result', what: 'function-result',
    doc: 'The result type of a function.', rest: [''] },
  { name: 'pg_get_function_arguments', what: 'function-arguments',
    doc: 'The arguments of a function.', rest: [''] },
  { name: 'pg_get_function_identity_arguments', what: 'function-arguments',
    doc: 'The arguments of a function.', rest: [''] },
  { name: 'pg_get_triggerdef', what: 'trigger', doc: 'The definition of a trigger.',
    rest: ['', ',boolean'] },
  { name: 'pg_get_ruledef', what: 'rule', doc: 'The definition of a rule.',
    rest: ['', ',boolean'] },
  { name: 'pg_get_partkeydef', what: 'partition', doc: 'The partition key of a table.',
    rest: [''] },
  { name: 'pg_get_statisticsobjdef_columns', what: 'statistics',
    doc: 'The columns of a statistics object.', rest: [''] },
];

/** `part`: the column asked of pg_get_indexdef, or 1 for a pretty constraint. */
function described(
  context: EvaluationContext, what: DescribedObject, args: readonly Value[],
): string | null {
  const [oid, part] = args;
  if (typeof oid !== 'number') return null;
  const column = typeof part === 'number' ? part : Number(part === true);
  return context.catalog?.describe(what, oid >>> 0, column) ?? null;
}

const DESCRIPTIONS: readonly ScalarFunction[] = DEFINITIONS.flatMap(
  ({ name, what, doc, rest }) => rest.map((more) => scalar({
    signature: `${name}(oid${more}) -> ${name === 'pg_get_userbyid' ? 'name' : 'text'}`, doc,
    volatility: 'stable',
    examples: [[`${name}(0::oid${more === '' ? '' : more === ',int4' ? ', 1'
      : more === ',boolean' ? ', true' : ', 1, true'})`, null]],
    evaluateIn: (context, ...args: Value[]) => described(context, what, args),
  })));

const SIZES = ['pg_relation_size', 'pg_table_size', 'pg_indexes_size', 'pg_total_relation_size'];

const STORAGE: readonly ScalarFunction[] = [
  ...SIZES.map((name) => scalar({
    signature: `${name}(regclass) -> int8`, doc: 'The bytes a relation takes; 0 where unknown.',
    volatility: 'stable', examples: [[`${name}(0::regclass)`, '0']],
    evaluateIn: (context, oid: number) =>
      context.catalog === undefined ? 0n
        : context.catalog.size('relation', oid >>> 0),
  })),
  scalar({
    signature: 'pg_relation_is_updatable(regclass,boolean) -> int4', volatility: 'stable',
    doc: 'Which changes a relation takes: 4 UPDATE, 8 INSERT, 16 DELETE; 0 for views.',
    examples: [['pg_relation_is_updatable(0::regclass, true)', '0']],
    evaluateIn: (context, oid: number) => (context.catalog?.takesChanges(oid >>> 0) === true
      ? 28 : 0),
  }),
  scalar({
    signature: 'pg_column_is_updatable(regclass,int2,boolean) -> boolean', volatility: 'stable',
    doc: 'Whether a column takes changes: those of tables do.',
    examples: [['pg_column_is_updatable(0::regclass, 1::int2, true)', 'false']],
    evaluateIn: (context, oid: number, column: number) =>
      column > 0 && context.catalog?.takesChanges(oid >>> 0) === true,
  }),
  constant('pg_stat_get_numscans(oid) -> int8', 0n, ['pg_stat_get_numscans(0::oid)', '0'],
    'The number of scans of a relation; not counted.'),
  constant('pg_index_column_has_property(regclass,int4,text) -> boolean', null,
    [`pg_index_column_has_property(0::regclass, 1, 'x')`, null], 'A property of an index column.'),
  scalar({
    signature: 'pg_get_serial_sequence(text,text) -> text', volatility: 'stable',
    doc: 'The sequence of a serial or identity column.',
    examples: [[`pg_get_serial_sequence('t', 'c')`, null]],
    evaluateIn: (context, relation: string, column: string) =>
      context.catalog?.serialSequence(relation, column) ?? null,
  }),
  scalar({
    signature: 'pg_describe_object(oid,oid,int4) -> text', volatility: 'stable',
    doc: 'An object of a catalog in words.', examples: [['pg_describe_object(0, 0, 0)', null]],
    evaluateIn: (context, catalog: number, oid: number, part: number) =>
      context.catalog?.describeObject(catalog >>> 0, oid >>> 0, part) ?? null,
  }),
  scalar({
    signature: 'oidvectortypes(oidvector) -> text', doc: 'The names of types in a vector.',
    examples: [[`oidvectortypes('23 25')`, 'integer, text']],
    evaluate: (oids: string) => oids.split(' ').filter((oid) => oid !== '').map((oid) => {
      const type = typeByOid(Number(oid));
      return type === null ? '???' : formatType(type);
    }).join(', '),
  }),
  constant('pg_get_function_sqlbody(oid) -> text', null, ['pg_get_function_sqlbody(0)', null],
    'The body of a function in standard SQL; NULL for others.'),
  constant('pg_get_function_arg_default(oid,int4) -> text', null,
    ['pg_get_function_arg_default(0, 0)', null], 'The default of an argument.'),
  scalar({
    signature: 'pg_indexam_has_property(oid,text) -> boolean',
    doc: 'A property of an index access method.', volatility: 'stable',
    examples: [[`pg_indexam_has_property(403, 'can_order')`, 'true']],
    evaluate: (oid: number, property: string) => {
      if (!/^can_(order|unique|multi_col|exclude|include)$/.test(property)) return null;
      return oid === 403 && property !== 'can_exclude' && property !== 'can_include';
    },
  }),
  scalar({
    signature: 'pg_relation_filenode(regclass) -> oid', doc: 'The file of a relation: its oid.',
    volatility: 'stable', examples: [['pg_relation_filenode(5::regclass)::oid', '5']],
    evaluate: (oid: number) => oid,
  }),
  ...['live', 'dead'].map((kind) => constant(`pg_stat_get_${kind}_tuples(oid) -> int8`, 0n,
    [`pg_stat_get_${kind}_tuples(0::oid)`, '0'], 'Row versions; not counted.')),
  constant('row_security_active(oid) -> boolean', false, ['row_security_active(0::oid)', 'false'],
    'False: there is no row security.'),
];

/** Functions about the catalog. */
export const CATALOG_FUNCTIONS: readonly ScalarFunction[] = [
  ...FACTS, ...DESCRIPTIONS, ...STORAGE,
];
