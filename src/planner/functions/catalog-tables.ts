/**
 * Set-returning functions about the catalog: _pg_expandarray, aclexplode, pg_get_keywords.
 */
import { must } from '../../common/assert.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { SqlArray, Value } from '../../common/values.ts';
import { sqlArray } from '../../common/values.ts';
import {
  COLUMN_NAME, NOT_BARE_LABEL, RESERVED, TYPE_OR_FUNCTION, UNRESERVED,
} from '../../parser/keywords.ts';
import { scalar, table } from './builder.ts';
import type { EvaluationContext, ScalarFunction, TableFunction } from './entry.ts';

type Rows = Iterable<readonly Value[]>;
type Columns = readonly (readonly [string, SqlType])[];

const TEXT: SqlType = { name: 'text' };
const NAME: SqlType = { name: 'name' };
const OID: SqlType = { name: 'oid' };
const BOOLEAN: SqlType = { name: 'boolean' };
const INT4: SqlType = { name: 'int4' };

function columns(list: Columns): TableFunction['columns'] {
  const shape = list.map(([name, type]) => ({ name, type }));
  return () => shape;
}

function* expand(array: SqlArray): Rows {
  for (const [at, element] of array.elements.entries()) yield [element, at + 1];
}

/** The element of an array; vectors of catalogs count as arrays. */
function elementOf(type: SqlType): SqlType {
  if (type.name === 'int2vector') return { name: 'int2' };
  if (type.name === 'oidvector') return OID;
  return must(type.element, 'element type');
}

const KEYWORDS: readonly (readonly [readonly string[], string, string])[] = [
  [UNRESERVED, 'U', 'unreserved'],
  [COLUMN_NAME, 'C', 'unreserved (cannot be function or type name)'],
  [TYPE_OR_FUNCTION, 'T', 'reserved (can be function or type name)'],
  [RESERVED, 'R', 'reserved'],
];

function* keywords(): Rows {
  const needAs = new Set<string>(NOT_BARE_LABEL);
  for (const [words, code, description] of KEYWORDS) {
    for (const word of words) {
      const bare = !needAs.has(word);
      yield [word, code, bare, description, bare ? 'can be bare label' : 'requires AS'];
    }
  }
}

/** `name=value` texts as rows. */
function* options(list: SqlArray): Rows {
  for (const each of list.elements) {
    if (typeof each !== 'string') continue;
    const at = each.indexOf('=');
    yield at < 0 ? [each, null] : [each.slice(0, at), each.slice(at + 1)];
  }
}

const PRIVILEGE_LETTERS: ReadonlyMap<string, string> = new Map([
  ['a', 'INSERT'], ['r', 'SELECT'], ['w', 'UPDATE'], ['d', 'DELETE'], ['D', 'TRUNCATE'],
  ['x', 'REFERENCES'], ['t', 'TRIGGER'], ['X', 'EXECUTE'], ['U', 'USAGE'], ['C', 'CREATE'],
  ['T', 'TEMPORARY'], ['c', 'CONNECT'], ['s', 'SET'], ['A', 'ALTER SYSTEM'],
]);

/** `grantee=privileges/grantor` as a row per privilege. */
function* explodeAcl(context: EvaluationContext, list: SqlArray): Rows {
  const role = (name: string): number => (name === '' ? 0
    : context.catalog?.find('regrole', name) ?? 0);
  for (const each of list.elements) {
    const match = typeof each === 'string' ? /^(.*)=([a-zA-Z*]*)\/(.*)$/.exec(each) : null;
    if (match === null) continue;
    const [, grantee = '', letters = '', grantor = ''] = match;
    for (const [letter, star] of letters.matchAll(/[a-zA-Z](\*?)/g)) {
      const privilege = PRIVILEGE_LETTERS.get(letter.charAt(0)) ?? letter;
      yield [role(grantor), role(grantee), privilege, star === '*'];
    }
  }
}

/** Privileges of an object nobody has granted anything on: the owner's, and everyone's. */
const DEFAULT_ACL: ReadonlyMap<string, readonly [owner: string, everyone: string]> = new Map([
  ['r', ['arwdDxt', '']], ['s', ['rwU', '']], ['d', ['CTc', 'Tc']], ['f', ['X', 'X']],
  ['l', ['U', 'U']], ['n', ['UC', '']], ['t', ['C', '']], ['F', ['U', '']], ['S', ['U', '']],
  ['T', ['U', 'U']], ['L', ['rw', '']], ['p', ['sA', '']], ['c', ['', '']],
]);

/** Scalar functions about privileges lists. */
export const CATALOG_ACLS: readonly ScalarFunction[] = [
  scalar({
    signature: 'acldefault(char,oid) -> aclitem[]', volatility: 'stable',
    doc: 'The privileges on an object of a kind before anything is granted.',
    examples: [[`acldefault('c', 10)`, '{}']],
    evaluateIn: (context, kind: string, owner: number) => {
      const [own, everyone] = DEFAULT_ACL.get(kind) ?? ['', ''];
      const name = context.catalog?.describe('role', owner >>> 0, 0) ?? String(owner >>> 0);
      return sqlArray([...(everyone === '' ? [] : [`=${everyone}/${name}`]),
        ...(own === '' ? [] : [`${name}=${own}/${name}`])]);
    },
  }),
];

const SETTING_COLUMNS: Columns = [
  ['name', TEXT], ['setting', TEXT], ['unit', TEXT], ['category', TEXT], ['short_desc', TEXT],
  ['extra_desc', TEXT], ['context', TEXT], ['vartype', TEXT], ['source', TEXT],
  ['min_val', TEXT], ['max_val', TEXT], ['enumvals', { name: 'array', element: TEXT }],
  ['boot_val', TEXT], ['reset_val', TEXT], ['sourcefile', TEXT], ['sourceline', INT4],
  ['pending_restart', BOOLEAN],
];

/** Set-returning functions about the catalog. */
export const CATALOG_TABLES: readonly TableFunction[] = [
  table({
    signature: '_pg_expandarray(anyarray) -> setof record',
    doc: 'The elements of an array with their numbers.',
    examples: [[`_pg_expandarray(ARRAY['a'])`, '{"(a,1)"}']],
    columns: ([array]) => [
      { name: 'x', type: elementOf(must(array, 'array type')) }, { name: 'n', type: INT4 },
    ],
    evaluate: expand,
  }),
  table({
    signature: 'aclexplode(aclitem[]) -> setof record', doc: 'A row per granted privilege.',
    examples: [['aclexplode(NULL)', '{}']],
    volatility: 'stable', inContext: true, evaluate: explodeAcl,
    columns: columns([['grantor', OID], ['grantee', OID], ['privilege_type', TEXT],
      ['is_grantable', BOOLEAN]]),
  }),
  table({
    signature: 'pg_get_keywords() -> setof record', doc: 'The words of the language.',
    examples: [[`(SELECT catcode FROM pg_get_keywords() WHERE word = 'select')`, '{R}']],
    evaluate: keywords,
    columns: columns([['word', TEXT], ['catcode', { name: 'char' }], ['barelabel', BOOLEAN],
      ['catdesc', TEXT], ['baredesc', TEXT]]),
  }),
  table({
    signature: 'pg_options_to_table(text[]) -> setof record', doc: 'Options as names and values.',
    examples: [[`pg_options_to_table('{a=1,b}')`, '{"(a,1)","(b,)"}']], evaluate: options,
    columns: columns([['option_name', TEXT], ['option_value', TEXT]]),
  }),
  table({
    signature: 'pg_show_all_settings() -> setof record', doc: 'The rows of pg_settings.',
    examples: [['(SELECT min(name) FROM pg_show_all_settings())', '{NULL}']],
    volatility: 'stable', inContext: true, columns: columns(SETTING_COLUMNS),
    evaluate: (context: EvaluationContext) => context.catalog?.rows('pg_settings') ?? [],
  }),
  table({
    signature: 'pg_partition_ancestors(regclass) -> setof regclass',
    doc: 'What a partition is part of; there are no partitions.',
    examples: [['pg_partition_ancestors(0::regclass)', '{}']],
    columns: columns([['relid', { name: 'regclass' }]]), evaluate: () => [],
  }),
  table({
    signature: 'pg_available_extensions() -> setof record',
    doc: 'Extensions that could be installed: none.',
    examples: [['pg_available_extensions()', '{}']],
    evaluate: () => [],
    columns: columns([['name', NAME], ['default_version', TEXT], ['comment', TEXT]]),
  }),
  table({
    signature: 'pg_available_extension_versions() -> setof record',
    doc: 'Versions of extensions that could be installed: none.',
    examples: [['pg_available_extension_versions()', '{}']],
    evaluate: () => [],
    columns: columns([['name', NAME], ['version', TEXT], ['superuser', BOOLEAN],
      ['trusted', BOOLEAN], ['relocatable', BOOLEAN], ['schema', NAME],
      ['requires', { name: 'array', element: NAME }], ['comment', TEXT]]),
  }),
  table({
    signature: 'pg_listening_channels() -> setof text',
    doc: 'Channels the session listens to.',
    examples: [['pg_listening_channels()', '{}']],
    evaluate: () => [],
    columns: columns([['pg_listening_channels', TEXT]]),
  }),
];
