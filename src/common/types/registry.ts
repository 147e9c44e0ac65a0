/**
 * The register of SQL types: finds a type's behaviour by type, oid or name, and dispatches.
 *
 * One line per type in DEFINITIONS; arrays and records, which are made of other types, are in
 * composite.ts. Everything that handles values of a type known only at run time goes through here.
 */
import { AssertionError, must } from '../assert.ts';
import { NULL_HASH } from '../hash.ts';
import type { Value } from '../values.ts';
import { parseJsonPath } from '../jsonpath/parse.ts';
import { printJsonPath } from '../jsonpath/print.ts';
import { BIT, VARBIT } from './bit-types.ts';
import { BOOLEAN } from './boolean.ts';
import { BYTEA, UUID } from './bytea.ts';
import { arrayDefinition, recordDefinition } from './composite.ts';
import { DATE, INTERVAL, TIME, TIMESTAMP, TIMESTAMPTZ, TIMETZ } from './date-types.ts';
import { ENUM } from './enums.ts';
import { FLOAT4, FLOAT8 } from './floats.ts';
import { INT2, INT4, INT8, OID_TYPES } from './integers.ts';
import { JSONB, JSON_TYPE } from './json-types.ts';
import { NUMERIC } from './numeric-type.ts';
import { DEFAULT_SETTINGS } from './settings.ts';
import type { FormatSettings } from './settings.ts';
import { arrayOf } from './sql-type.ts';
import type { SqlType, TypeName } from './sql-type.ts';
import { BPCHAR, CHAR, NAME, TEXT, UNKNOWN, VARCHAR } from './text-types.ts';
import { applyTypmod } from './typmod.ts';
import type { TypeDefinition } from './type-definition.ts';

const TEXTUAL_CATEGORIES: Readonly<Partial<Record<TypeName, string>>> = {
  int2vector: 'A', oidvector: 'A', inet: 'I', pg_node_tree: 'Z', pg_ndistinct: 'Z',
  pg_dependencies: 'Z', pg_mcv_list: 'Z',
};
const TEXTUAL_LENGTHS: Readonly<Partial<Record<TypeName, number>>> = {
  void: 4, tid: 6, xid8: 8, pg_lsn: 8, aclitem: 12,
};

/** tid, int2vector, inet, pg_node_tree and the like: catalog types that travel as text. */
function textual(name: TypeName, oid: number, arrayOid: number): TypeDefinition {
  const pseudo = name === 'void' || name === 'anyarray';
  return {
    ...TEXT, name, oid, arrayOid, sqlName: name, aliases: [], preferred: false,
    category: pseudo ? 'P' : TEXTUAL_CATEGORIES[name] ?? 'U',
    typlen: TEXTUAL_LENGTHS[name] ?? -1,
    format: (value) => (typeof value === 'string' ? value : ''),
  };
}

/** regtype writes and reads names of types; numbers stay acceptable. */
function withTypeNames(definition: TypeDefinition): TypeDefinition {
  if (definition.name !== 'regtype') return definition;
  return {
    ...definition,
    parse: (text, type, settings) => {
      const named = typeByName(text);
      return named === null ? definition.parse(text, type, settings) : typeOid(named);
    },
    format: (value, type, settings) => {
      const named = typeof value === 'number' ? typeByOid(value >>> 0) : null;
      return named === null ? definition.format(value, type, settings) : formatType(named);
    },
  };
}

/** jsonpath: SQL/JSON paths, kept as their canonical text. */
const JSON_PATH: TypeDefinition = {
  ...textual('jsonpath', 4072, 4073), parse: (text) => printJsonPath(parseJsonPath(text)),
};

const LOOKUP = { definition: typeDefinition, byOid: typeByOid, ofValue: typeOfValue };
const ARRAY = arrayDefinition(LOOKUP);
const RECORD = recordDefinition(LOOKUP);

const DEFINITIONS: readonly TypeDefinition[] = [
  BOOLEAN, INT2, INT4, INT8, NUMERIC, FLOAT4, FLOAT8, TEXT, VARCHAR, BPCHAR, NAME, CHAR, BYTEA,
  DATE, TIME, TIMETZ, TIMESTAMP, TIMESTAMPTZ, INTERVAL, UUID, JSON_TYPE, JSONB, BIT,
  VARBIT,
  ...OID_TYPES.map(withTypeNames),
  JSON_PATH, textual('tid', 27, 1010), textual('int2vector', 22, 1006),
  textual('oidvector', 30, 1013),
  textual('xid8', 5069, 271), textual('pg_lsn', 3220, 3221), textual('inet', 869, 1041),
  textual('aclitem', 1033, 1034), textual('pg_node_tree', 194, 0),
  textual('pg_ndistinct', 3361, 0), textual('pg_dependencies', 3402, 0),
  textual('pg_mcv_list', 5017, 0), textual('anyarray', 2277, 0),
  textual('void', 2278, 0), UNKNOWN, ARRAY, RECORD, ENUM,
];

const BY_TYPE_NAME = new Map<TypeName, TypeDefinition>(
  DEFINITIONS.map((definition) => [definition.name, definition]));
const BY_OID = new Map<number, SqlType>();
const BY_NAME = new Map<string, SqlType>();

function register(definition: TypeDefinition): void {
  if (definition.name === 'array' || definition.name === 'enum') return;
  const type: SqlType = { name: definition.name };
  BY_OID.set(definition.oid, type);
  if (definition.arrayOid !== 0) BY_OID.set(definition.arrayOid, arrayOf(type));
  // `char` without quotes is character(1); the one-byte type is spelled `"char"`.
  if (definition.name !== 'char') BY_NAME.set(definition.name, type);
  for (const alias of definition.aliases) BY_NAME.set(alias, type);
}
DEFINITIONS.forEach(register);

/** All types, in catalog order of their files; for pg_type and the documentation. */
export function allTypes(): readonly TypeDefinition[] {
  return DEFINITIONS;
}

/** The behaviour of a type. */
export function typeDefinition(type: SqlType): TypeDefinition {
  return must(BY_TYPE_NAME.get(type.name), `type ${type.name} is registered`);
}

/** The type with a pg_type oid, or null. */
export function typeByOid(oid: number): SqlType | null {
  return BY_OID.get(oid) ?? null;
}

/** The pg_type oid of a type. */
export function typeOid(type: SqlType): number {
  if (type.name !== 'array') return type.user?.oid ?? typeDefinition(type).oid;
  const element = must(type.element, 'an array type has an element type');
  return element.user?.arrayOid ?? typeDefinition(element).arrayOid;
}

/** As `typeOid`, but a domain has an oid of its own; clients are told of the type below it. */
export function catalogTypeOid(type: SqlType): number {
  if (type.domain !== undefined) return type.domain.oid;
  return type.element?.domain?.arrayOid ?? typeOid(type);
}

/** A name of a user's type as SQL writes it; one that is not in schema public is qualified. */
function userTypeText(
  { schema, name }: { readonly schema: string; readonly name: string },
): string {
  const quoted = (word: string): string =>
    (/^[a-z_][a-z0-9_$]*$/.test(word) ? word : `"${word.replaceAll('"', '""')}"`);
  return schema === 'public' || schema.startsWith('pg_temp') ? quoted(name)
    : `${quoted(schema)}.${quoted(name)}`;
}

/**
 * The type of a name or alias without modifiers: `int4`, `double precision`, `text[]`, `_text`.
 * `char` is bpchar, `"char"` the one-byte type. Null when there is none.
 */
export function typeByName(name: string): SqlType | null {
  const key = name.trim().toLowerCase().replaceAll(/\s+/g, ' ').replace(/^pg_catalog\./, '');
  const known = BY_NAME.get(key);
  if (known !== undefined) return known;
  const element = /^(.*?)\s*(?:\[\d*\])+$/.exec(key)?.[1] ?? /^_(\w+)$/.exec(key)?.[1];
  if (element === undefined) return null;
  const type = typeByName(element === 'char' && key.startsWith('_') ? '"char"' : element);
  return type === null || typeDefinition(type).arrayOid === 0 ? null : arrayOf(type);
}

/** PostgreSQL's spelling with modifiers: `numeric(10,2)`, `character varying(3)`, `integer[]`. */
export function formatType(type: SqlType): string {
  if (type.name === 'array') return `${type.element ? formatType(type.element) : 'anyelement'}[]`;
  const named = type.domain ?? type.user;
  if (named !== undefined) return userTypeText(named);
  const { sqlName } = typeDefinition(type);
  const mods = type.mods;
  if (mods === undefined || mods.length === 0) return sqlName;
  const list = `(${mods.join(',')})`;
  switch (type.name) {
    case 'numeric': return `numeric(${mods[0]},${mods[1] ?? 0})`;
    case 'time': case 'timetz': case 'timestamp': case 'timestamptz': {
      const space = sqlName.indexOf(' ');
      return sqlName.slice(0, space) + list + sqlName.slice(space);
    }
    default: return sqlName + list;
  }
}

/** pg_attribute.atttypmod of a type's modifiers; -1 without. */
export function typmodOf(type: SqlType): number {
  if (type.name === 'array') return type.element === undefined ? -1 : typmodOf(type.element);
  const first = type.mods?.[0];
  if (first === undefined) return -1;
  switch (type.name) {
    case 'varchar': case 'bpchar': return first + 4;
    case 'numeric': return ((first << 16) | ((type.mods?.[1] ?? 0) & 0x7ff)) + 4;
    case 'time': case 'timetz': case 'timestamp': case 'timestamptz': case 'bit': case 'varbit':
      return first;
    case 'interval': return (0x7fff << 16) | first;
    default: return -1;
  }
}

/** The type with the modifiers an atttypmod stands for. */
export function typeFromTypmod(type: SqlType, typmod: number): SqlType {
  if (typmod < 0) return type;
  if (type.name === 'array') {
    return type.element === undefined ? type : arrayOf(typeFromTypmod(type.element, typmod));
  }
  switch (type.name) {
    case 'varchar': case 'bpchar': return { ...type, mods: [typmod - 4] };
    case 'numeric': {
      const bits = typmod - 4;
      const scale = bits & 0x7ff;
      return { ...type, mods: [(bits >> 16) & 0xffff, scale >= 1024 ? scale - 2048 : scale] };
    }
    case 'time': case 'timetz': case 'timestamp': case 'timestamptz': case 'bit': case 'varbit':
      return { ...type, mods: [typmod] };
    case 'interval': {
      const digits = typmod & 0xffff;
      return digits === 0xffff ? type : { ...type, mods: [digits] };
    }
    default: return type;
  }
}

/** Reads a value from text and fits it to the type's modifiers, as input functions do. */
export function parseValue(
  text: string | null, type: SqlType, settings: FormatSettings = DEFAULT_SETTINGS,
): Value {
  if (text === null) return null;
  const value = typeDefinition(type).parse(text, type, settings);
  return type.mods === undefined && type.name !== 'array' ? value : applyTypmod(value, type, false);
}

/** Writes a value as text; null stays null. */
export function formatValue(
  value: Value, type: SqlType, settings: FormatSettings = DEFAULT_SETTINGS,
): string | null {
  return value === null ? null : typeDefinition(type).format(value, type, settings);
}

/** Compares two values by the type's btree order; NULL sorts last and equals itself. */
export function compareValues(a: Value, b: Value, type: SqlType): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  return typeDefinition(type).compare(a, b, type);
}

/** True when the values are the same for grouping: equal, or both NULL. */
export function equalValues(a: Value, b: Value, type: SqlType): boolean {
  return a === b || compareValues(a, b, type) === 0;
}

/** An int32 hash; equal values hash equally. */
export function hashValue(value: Value, type: SqlType): number {
  return value === null ? NULL_HASH : typeDefinition(type).hash(value, type);
}

/** A best guess at the type of a value that came without one. */
export function typeOfValue(value: Value): SqlType {
  switch (typeof value) {
    case 'boolean': return { name: 'boolean' };
    case 'number': return { name: Number.isInteger(value) ? 'int4' : 'float8' };
    case 'bigint': return { name: 'int8' };
    case 'string': return { name: 'text' };
    case 'object': break;
    default: throw new AssertionError('no such value');
  }
  if (value === null) return { name: 'text' };
  if (value instanceof Uint8Array) return { name: 'bytea' };
  switch (value.kind) {
    case 'numeric': case 'interval': case 'record': return { name: value.kind };
    case 'array': {
      const sample = value.elements.find((element) => element !== null) ?? null;
      return arrayOf(typeOfValue(sample));
    }
    default: return { name: 'jsonb' };
  }
}
