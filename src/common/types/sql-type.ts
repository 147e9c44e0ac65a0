/**
 * CONTRACT. What a SQL type is, as plain JSON-able data.
 *
 * Behaviour (parse, format, binary, compare, hash) stands in one file per type and is found through
 * registry.ts. Physical kinds decide how a column of the type is stored in a batch.
 */

/** Canonical names of types; aliases such as `integer` are resolved by the registry. */
export type TypeName =
  | 'boolean' | 'int2' | 'int4' | 'int8' | 'numeric' | 'float4' | 'float8'
  | 'text' | 'varchar' | 'bpchar' | 'name' | 'char' | 'bytea'
  | 'date' | 'time' | 'timetz' | 'timestamp' | 'timestamptz' | 'interval'
  | 'uuid' | 'json' | 'jsonb' | 'jsonpath' | 'bit' | 'varbit'
  | 'oid' | 'regclass' | 'regtype' | 'regproc' | 'regprocedure' | 'regoper' | 'regoperator'
  | 'regnamespace' | 'regrole' | 'xid' | 'tid' | 'int2vector' | 'oidvector'
  | 'cid' | 'xid8' | 'pg_lsn' | 'inet' | 'aclitem' | 'pg_node_tree' | 'regcollation' | 'regconfig'
  | 'regdictionary' | 'pg_ndistinct' | 'pg_dependencies' | 'pg_mcv_list' | 'anyarray'
  | 'void' | 'unknown' | 'array' | 'record' | 'enum';

/**
 * A type with its modifiers. `mods`: varchar/bpchar/bit/varbit [length], numeric [precision,
 * scale], time/timestamp/timestamptz/interval [fractional digits]. `element` is set for arrays,
 * `fields` for records whose shape is known. `char` is PostgreSQL's internal "char"; char(n) is
 * `bpchar`.
 */
export interface SqlType {
  readonly name: TypeName;
  readonly mods?: readonly number[];
  readonly element?: SqlType;
  readonly fields?: readonly RecordField[];
  /** Of an enum, and of a record that CREATE TYPE or a relation gave a name. */
  readonly user?: UserType;
  /** A domain over the type: its values are values of the type that pass its checks. */
  readonly domain?: DomainType;
}

/** A name users gave a type. */
export interface UserType {
  readonly oid: number;
  readonly arrayOid: number;
  readonly schema: string;
  readonly name: string;
  /** Of an enum, in order. */
  readonly labels?: readonly EnumLabel[];
}

/** A label of an enum; `place` is its value in columns, and what it is ordered by. */
export interface EnumLabel {
  readonly oid: number;
  readonly label: string;
  readonly place: number;
}

/** What CREATE DOMAIN said, domains below it included. */
export interface DomainType {
  readonly oid: number;
  readonly arrayOid: number;
  readonly schema: string;
  readonly name: string;
  readonly notNull: boolean;
  /** Expressions over the value as column 0; only the planner reads them. */
  readonly checks: readonly DomainCheck[];
  /** DEFAULT as the planner bound it, or null. */
  readonly defaultExpr: unknown;
}

/** CHECK of a domain; `of` is the oid of the domain that said it, itself or one below. */
export interface DomainCheck {
  readonly name: string;
  readonly of: number;
  readonly expr: unknown;
}

/** A field of a record type. */
export interface RecordField {
  readonly name: string;
  readonly type: SqlType;
}

/** How a column of a type is stored: typed arrays, or references to immutable values. */
export type Physical = 'bool' | 'i32' | 'i64' | 'f64' | 'ref';

/** The physical kind of a type's columns. */
export function physicalOf(type: SqlType): Physical {
  switch (type.name) {
    case 'boolean': return 'bool';
    case 'int2': case 'int4': case 'date': case 'oid': case 'xid':
    case 'regclass': case 'regtype': case 'regproc': case 'regprocedure': case 'regoper':
    case 'regoperator': case 'regnamespace': case 'regrole': case 'cid': case 'regcollation':
    case 'regconfig': case 'regdictionary': return 'i32';
    case 'int8': case 'time': case 'timestamp': case 'timestamptz': return 'i64';
    case 'float4': case 'float8': case 'enum': return 'f64';
    default: return 'ref';
  }
}

/** An array type over an element type. */
export function arrayOf(element: SqlType): SqlType {
  return { name: 'array', element };
}

/** True when the two are the same type; modifiers do not count. */
export function sameType(a: SqlType, b: SqlType): boolean {
  if (a.name !== b.name) return false;
  if (a.name === 'enum') return a.user?.oid === b.user?.oid;
  if (a.name !== 'array') return true;
  return a.element !== undefined && b.element !== undefined && sameType(a.element, b.element);
}
