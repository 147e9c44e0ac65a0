/**
 * Types as written in SQL: names, modifiers, interval fields; and what PostgreSQL says of types.
 *
 * Resolves a TypeName of the syntax tree to a SqlType. Serial types are no types: see
 * statements-columns.ts. Categories come from the type registry.
 */
import { sqlError } from '../common/errors.ts';
import type { Span } from '../common/span.ts';
import { formatType, typeByName, typeDefinition } from '../common/types/registry.ts';
import type { IntervalField, IntervalFields } from '../common/types/interval-parse.ts';
import { arrayOf } from '../common/types/sql-type.ts';
import type { SqlType } from '../common/types/sql-type.ts';
import type { Expr, TypeName } from '../parser/ast.ts';
import { notSupported, typeNotFound } from './errors.ts';

/** The unknown type of bare literals. */
export const UNKNOWN: SqlType = { name: 'unknown' };
/** text */
export const TEXT: SqlType = { name: 'text' };
/** int4 */
export const INT4: SqlType = { name: 'int4' };
/** int8 */
export const INT8: SqlType = { name: 'int8' };
/** timestamptz */
export const TIMESTAMPTZ: SqlType = { name: 'timestamptz' };
/** interval */
export const INTERVAL: SqlType = { name: 'interval' };

/** Where types that users made are looked up. */
export interface TypeCatalog {
  findType?(schema: string | null, name: string): SqlType | null;
}

/** Resolves a type name; 42704 when there is none. */
export function resolveType(type: TypeName, catalog: TypeCatalog): SqlType {
  if (type.setof) throw notSupported('SETOF here', type.span);
  const base = baseType(type, catalog);
  const withMods = applyModifiers(base, type);
  return type.arrayDimensions > 0 ? arrayOf(withMods) : withMods;
}

function baseType(type: TypeName, catalog: TypeCatalog): SqlType {
  const parts = type.name.parts.map((part) => part.name);
  const name = parts.at(-1) ?? '';
  if (name === 'struct' && type.fields.length > 0) {
    return {
      name: 'record',
      fields: type.fields.map((field) => ({
        name: field.name.name, type: resolveType(field.type, catalog),
      })),
    };
  }
  if (name === 'char') return { name: 'char' };
  const domain = parts[0] === 'information_schema' ? DOMAINS.get(name) : undefined;
  if (domain !== undefined) return domain;
  const found = parts.length > 2 ? null : typeByName(name);
  const known = parts.length === 2 && found !== null && !isCatalogName(name, found) ? null : found;
  if (known === null || (parts.length === 2 && parts[0] !== 'pg_catalog')) {
    const made = parts.length > 2 ? null
      : catalog.findType?.(parts.length === 2 ? parts[0] ?? null : null, name) ?? null;
    if (made !== null) return made;
    const alias = parts.length === 1 ? PEER_NAMES.get(name) : undefined;
    if (alias !== undefined) return alias;
    throw typeNotFound(parts.join('.'), type.span);
  }
  return known;
}

/** True for the catalog's name of a type; what SQL calls it (integer, boolean) is another. */
function isCatalogName(name: string, type: SqlType): boolean {
  return name.startsWith('_') || (type.name === 'boolean' ? name === 'bool' : name === type.name);
}

/** Domains of information_schema: what they are made of. */
const DOMAINS: ReadonlyMap<string, SqlType> = new Map<string, SqlType>([
  ['cardinal_number', { name: 'int4' }], ['character_data', { name: 'varchar' }],
  ['sql_identifier', { name: 'name' }], ['time_stamp', { name: 'timestamptz', mods: [2] }],
  ['yes_or_no', { name: 'varchar', mods: [3] }],
]);

/** Names other systems have for our types; unsigned ones become the type that holds them. */
const PEER_NAMES: ReadonlyMap<string, SqlType> = new Map<string, SqlType>([
  ['string', { name: 'text' }], ['bytes', { name: 'bytea' }], ['double', { name: 'float8' }],
  ['tinyint', { name: 'int2' }], ['datetime', { name: 'timestamp' }],
  ['utinyint', { name: 'int2' }], ['usmallint', { name: 'int4' }], ['uinteger', { name: 'int8' }],
  ['ubigint', { name: 'numeric' }],
]);

function modifierOf(expr: Expr): number {
  if (expr.kind === 'integerLiteral') return Number(expr.text);
  if (expr.kind === 'unary' && expr.operator === '-' && expr.operand.kind === 'integerLiteral') {
    return -Number(expr.operand.text);
  }
  throw sqlError('42601', 'type modifiers must be simple constants or identifiers', {
    span: expr.span,
  });
}

function applyModifiers(base: SqlType, type: TypeName): SqlType {
  if (type.modifiers.length === 0) {
    // bit alone is bit(1).
    return base.name === 'bit' ? { ...base, mods: [1] } : base;
  }
  const mods = type.modifiers.map(modifierOf);
  const first = mods[0] ?? 0;
  switch (base.name) {
    case 'varchar': case 'bpchar': return { ...base, mods: [lengthOf(base, first, type.span)] };
    case 'bit': case 'varbit': return { ...base, mods: [lengthOf(base, first, type.span)] };
    case 'numeric': return { ...base, mods: numericMods(mods, type.span) };
    case 'time': case 'timetz': case 'timestamp': case 'timestamptz': case 'interval': {
      if (first < 0) {
        throw sqlError('22023', `${formatType(base).toUpperCase()}(${first}) precision must not be `
          + 'negative', { span: type.span });
      }
      return { ...base, mods: [Math.min(first, 6)] };
    }
    case 'float8': return base;
    default:
      throw sqlError('42601', `type modifier is not allowed for type "${base.name}"`, {
        span: type.span,
      });
  }
}

function lengthOf(base: SqlType, length: number, span: Span): number {
  const name = base.name === 'bpchar' ? 'char' : base.name;
  if (length < 1) {
    throw sqlError('22023', `length for type ${name} must be at least 1`, { span });
  }
  if (length > 10485760) {
    throw sqlError('22023', `length for type ${name} cannot exceed 10485760`, { span });
  }
  return length;
}

function numericMods(mods: readonly number[], span: Span): readonly number[] {
  const precision = mods[0] ?? 0;
  const scale = mods[1] ?? 0;
  if (precision < 1 || precision > 1000) {
    throw sqlError('22023', `NUMERIC precision ${precision} must be between 1 and 1000`, { span });
  }
  if (scale < -1000 || scale > 1000) {
    throw sqlError('22023', `NUMERIC scale ${scale} must be between -1000 and 1000`, { span });
  }
  return [precision, scale];
}

function intervalField(word: string | undefined): IntervalField | null {
  switch (word) {
    case 'year': case 'month': case 'day': case 'hour': case 'minute': case 'second': return word;
    default: return null;
  }
}

/** The fields of INTERVAL ... DAY TO SECOND, or null when there are none. */
export function intervalFieldsOf(type: TypeName): IntervalFields | null {
  if (type.intervalFields === null) return null;
  const words = type.intervalFields.split(' to ');
  const from = intervalField(words[0]);
  const to = intervalField(words.at(-1));
  if (from === null || to === null) {
    throw notSupported(`interval field ${type.intervalFields}`, type.span);
  }
  const digits = type.modifiers[0];
  return { from, to, precision: digits === undefined ? undefined : modifierOf(digits) };
}

/** pg_type.typcategory. */
export function categoryOf(type: SqlType): string {
  return typeDefinition(type).category;
}

/** True for the preferred type of its category (text, float8, timestamptz, interval, ...). */
export function isPreferred(type: SqlType): boolean {
  return typeDefinition(type).preferred;
}

/** A type in error messages: modifiers are left out. */
export function typeText(type: SqlType): string {
  return type.domain === undefined ? formatType(withoutMods(type)) : formatType(type);
}

/** The type without its modifiers, and without the domain it may be named by. */
export function withoutMods(type: SqlType): SqlType {
  if (type.name === 'array' && type.element !== undefined) {
    return { name: 'array', element: withoutMods(type.element) };
  }
  if (type.mods === undefined && type.domain === undefined) return type;
  const { mods: _mods, domain: _domain, ...plain } = type;
  return plain;
}

/** True when two types agree in their modifiers as well. */
export function identicalType(a: SqlType, b: SqlType): boolean {
  return formatKey(a) === formatKey(b);
}

function formatKey(type: SqlType): string {
  if (type.name === 'record' && type.user === undefined) {
    return type.fields === undefined ? 'record'
      : `record(${type.fields.map((field) => formatKey(field.type)).join(',')})`;
  }
  return formatType(type);
}

/** True for timestamp and timestamptz. */
export function isTimestamp(type: SqlType): boolean {
  return type.name === 'timestamp' || type.name === 'timestamptz';
}

/** True for the string category: text, varchar, bpchar, name. */
export function isString(type: SqlType): boolean {
  return categoryOf(type) === 'S';
}
