/**
 * Oids and names the catalog relations share: roles, keys, defaults, function numbers.
 *
 * Everything is derived from what is stored, so that it is the same after a restart.
 */
import { hashString } from '../../common/hash.ts';
import { isSubscriptionView } from '../catalog-store.ts';
import type { SystemContext } from '../engine-core-types.ts';
import type { StoredRelation, StoredSchema } from '../catalog-store-types.ts';

/** The role that owns what the system made. */
export const SYSTEM_ROLE = 'tidemill';
const SYSTEM_ROLE_OID = 10;

/** Oids of the catalogs that comments and dependencies name. */
export const CLASS_OIDS = {
  pg_class: 1259, pg_namespace: 2615, pg_type: 1247, pg_proc: 1255, pg_database: 1262,
  pg_constraint: 2606, pg_attrdef: 2604, pg_authid: 1260, pg_tablespace: 1213, pg_rewrite: 2618,
} as const;

/** pg_default, the one tablespace; classes have 0 there. */
export const DEFAULT_TABLESPACE = 1663;
/** The collation of text columns. */
export const DEFAULT_COLLATION = 100;
/** Collation C, that of type name. */
export const C_COLLATION = 950;

/** The names of all roles, the system's first, without repeats. */
export function roleNames(context: SystemContext): readonly string[] {
  const names = new Set([SYSTEM_ROLE]);
  for (const object of context.catalog.objects.values()) {
    if (object.kind === 'role') names.add(object.name);
  }
  for (const { owner } of context.catalog.databases.values()) names.add(owner);
  for (const { owner } of context.catalog.schemas.values()) names.add(owner);
  for (const { owner } of context.catalog.relations.values()) names.add(owner);
  names.add(context.user);
  return [...names];
}

/** The oid of a role; users that were never made by CREATE ROLE get one from their name. */
export function roleOid(context: SystemContext, name: string): number {
  if (name === SYSTEM_ROLE) return SYSTEM_ROLE_OID;
  for (const object of context.catalog.objects.values()) {
    if (object.kind === 'role' && object.name === name) return object.id;
  }
  return 0xc0000000 + (hashString(name) & 0x3fffffff);
}

/** Remembers role oids while the rows of one relation are made. */
export function roleOids(context: SystemContext): (name: string) => number {
  const known = new Map<string, number>();
  return (name) => {
    const found = known.get(name) ?? roleOid(context, name);
    known.set(name, found);
    return found;
  };
}

/** Schemas of the session's database, the shared ones among them. */
export function schemasHere({ catalog, database }: SystemContext): readonly StoredSchema[] {
  return [...catalog.schemas.values()]
    .filter((schema) => schema.database === database || schema.database === 0);
}

/** Relations of the session's database, the shared ones among them. */
export function relationsHere({ catalog, database }: SystemContext): readonly StoredRelation[] {
  return [...catalog.relations.values()]
    .filter((relation) => (relation.database === database || relation.database === 0)
      && !isSubscriptionView(relation));
}

/** Relations that users made. */
export function userRelations(context: SystemContext): readonly StoredRelation[] {
  return relationsHere(context).filter((relation) => relation.kind !== 'system');
}

/** The oid of a check constraint; keys have that of their index. */
export function checkOid(relation: number, at: number): number {
  return (0x40000000 + relation * 64 + at) >>> 0;
}

/** The oid of a column's default. */
export function defaultOid(relation: number, column: number): number {
  return (0x20000000 + relation * 2048 + column) >>> 0;
}
