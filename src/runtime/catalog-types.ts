/**
 * Types users made: objects of kind `type` whose data holds the whole SqlType.
 *
 * Columns, plans and functions carry their types with them, so a change of a type is put into all
 * that mentions it. Row types of relations are made when they are asked for.
 */
import type { DomainType, SqlType, UserType } from '../common/types/sql-type.ts';
import type { StoredObject, StoredRelation } from './catalog-store-types.ts';
import type { CatalogState } from './catalog-store.ts';

/** What kind of type an object is. */
export type TypeKind = 'enum' | 'composite' | 'domain';

/** The type an object is, or null for other objects. */
export function userTypeOf(object: StoredObject): SqlType | null {
  return object.kind === 'type' ? object.data['type'] as SqlType : null;
}

/** The kind of a user's type. */
export function typeKind(type: SqlType): TypeKind {
  return type.domain !== undefined ? 'domain' : type.name === 'enum' ? 'enum' : 'composite';
}

/** The name part of a user's type: of a domain, not of what is below it. */
export function namedPart(type: SqlType): UserType | DomainType | null {
  return type.domain ?? type.user ?? null;
}

/** The type of a name in a schema, or null. */
export function typeIn(state: CatalogState, schemaId: number, name: string): SqlType | null {
  const object = state.objectByName('type', schemaId, name);
  return object === null ? null : userTypeOf(object);
}

/** All types of a database. */
export function typesHere(state: CatalogState, database: number): readonly StoredObject[] {
  return [...state.objects.values()].filter((object) =>
    object.kind === 'type' && object.database === database);
}

/** The type of a relation's rows. */
export function rowType(relation: StoredRelation): SqlType {
  return { name: 'record', fields: relation.columns.map(({ name, type }) => ({ name, type })) };
}

/** True when plain data names a type by its oid. */
export function mentionsType(data: unknown, oid: number): boolean {
  if (typeof data !== 'object' || data === null || data instanceof Uint8Array) return false;
  if (Array.isArray(data)) {
    return (data as readonly unknown[]).some((item) => mentionsType(item, oid));
  }
  for (const [key, item] of Object.entries(data)) {
    if ((key === 'user' || key === 'domain') && oidOf(item) === oid) return true;
    if (mentionsType(item, oid)) return true;
  }
  return false;
}

function oidOf(data: unknown): number | null {
  return typeof data === 'object' && data !== null && 'oid' in data && typeof data.oid === 'number'
    ? data.oid : null;
}

/** Plain data with a type put in wherever it is mentioned. */
export function withType<T>(data: T, type: SqlType): T {
  const made = namedPart(type);
  return made === null ? data : replaced(data, made, type) as T;
}

function replaced(data: unknown, made: UserType | DomainType, type: SqlType): unknown {
  if (typeof data !== 'object' || data === null || data instanceof Uint8Array
    || !mentionsType(data, made.oid)) return data;
  if (Array.isArray(data)) {
    return (data as readonly unknown[]).map((item) => replaced(item, made, type));
  }
  const copy: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(data)) {
    const here = (key === 'user' || key === 'domain') && oidOf(item) === made.oid;
    copy[key] = here ? made : replaced(item, made, type);
    if (here && key === 'user' && type.fields !== undefined) copy['fields'] = type.fields;
  }
  return copy;
}
