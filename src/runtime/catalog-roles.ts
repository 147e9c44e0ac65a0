/**
 * Roles and privileges as the catalog has them, and the questions asked of them.
 *
 * A role is an object of kind `role`, the privileges on an object are one object of kind `acl`.
 * `tidemill` is always there and may do everything. As long as nobody has made a role, every name
 * may: then there is nothing to tell apart. Pure functions of a CatalogState.
 */
import type { StoredObject } from './catalog-store-types.ts';
import type { CatalogState } from './catalog-store.ts';
import { PUBLIC_SCHEMA } from './catalog-store.ts';

/** The role that owns what the system made. */
export const SYSTEM_ROLE = 'tidemill';
/** Its oid. */
export const SYSTEM_ROLE_OID = 10;
/** Stands for everybody among grantees. */
export const PUBLIC_ROLE = 0;

/** A role. */
export interface Role {
  readonly id: number;
  readonly name: string;
  readonly superuser: boolean;
  readonly inherit: boolean;
  readonly createRole: boolean;
  readonly createDb: boolean;
  readonly login: boolean;
  readonly connectionLimit: number;
  /** A SCRAM-SHA-256 verifier; never shown. */
  readonly verifier: string | null;
  /** Until when the password is good, microseconds since 1970 UTC; null: for ever. */
  readonly validUntil: bigint | null;
  readonly memberOf: readonly Membership[];
}

/** A role's place in another one. */
export interface Membership {
  readonly role: number;
  readonly admin: boolean;
}

/** What a grantee may do with an object: letters as in PostgreSQL's aclitem. */
export interface Grant {
  readonly role: number;
  readonly privileges: string;
  /** Those of them that may be passed on. */
  readonly grantable: string;
  /** What is granted on columns alone, by their names. */
  readonly columns?: Readonly<Record<string, Omit<Grant, 'role' | 'columns'>>>;
}

/** Kinds of objects with privileges. */
export type PrivilegeKind = 'relation' | 'sequence' | 'schema' | 'database' | 'function' | 'object';

/** Words and letters of privileges. */
export const PRIVILEGE_LETTERS: ReadonlyMap<string, string> = new Map([
  ['select', 'r'], ['insert', 'a'], ['update', 'w'], ['delete', 'd'], ['truncate', 'D'],
  ['references', 'x'], ['trigger', 't'], ['usage', 'U'], ['create', 'C'], ['connect', 'c'],
  ['temporary', 'T'], ['temp', 'T'], ['execute', 'X'],
]);

/** All privileges of a kind of object. */
export const ALL_PRIVILEGES: Readonly<Record<PrivilegeKind, string>> = {
  relation: 'arwdDxt', sequence: 'rwU', schema: 'UC', database: 'CTc', function: 'X',
  object: 'rU',
};

interface RoleTable {
  readonly byName: ReadonlyMap<string, Role>;
  readonly byId: ReadonlyMap<number, Role>;
  readonly grants: ReadonlyMap<number, readonly Grant[]>;
  /** Somebody has made a role: names are told apart. */
  readonly strict: boolean;
}

const TABLES = new WeakMap<CatalogState, RoleTable>();

const SYSTEM: Role = {
  id: SYSTEM_ROLE_OID, name: SYSTEM_ROLE, superuser: true, inherit: true, createRole: true,
  createDb: true, login: true, connectionLimit: -1, verifier: null, validUntil: null, memberOf: [],
};

function tableOf(state: CatalogState): RoleTable {
  const known = TABLES.get(state);
  if (known !== undefined) return known;
  const roles = new Map<string, Role>([[SYSTEM_ROLE, SYSTEM]]);
  const grants = new Map<number, readonly Grant[]>();
  let strict = false;
  for (const object of state.objects.values()) {
    if (object.kind === 'role') {
      roles.set(object.name, roleOf(object));
      if (object.id !== SYSTEM_ROLE_OID) strict = true;
    } else if (object.kind === 'acl') {
      grants.set(Number(object.data['target']), object.data['grants'] as readonly Grant[]);
    }
  }
  const byId = new Map([...roles.values()].map((role) => [role.id, role]));
  const table = { byName: roles, byId, grants, strict };
  TABLES.set(state, table);
  return table;
}

function roleOf({ id, name, data }: StoredObject): Role {
  return { ...(data as unknown as Omit<Role, 'id' | 'name'>), id, name };
}

/** All roles that were made, and the system's. */
export function rolesIn(state: CatalogState): Iterable<Role> {
  return tableOf(state).byName.values();
}

/** True when names are told apart: somebody has made a role. */
export function rolesMatter(state: CatalogState): boolean {
  return tableOf(state).strict;
}

/** A role by name; while no role has been made every name is one that may do everything. */
export function findRole(state: CatalogState, name: string): Role | null {
  const { byName, strict } = tableOf(state);
  return byName.get(name) ?? (strict ? null : { ...SYSTEM, id: -1, name });
}

/** A role by oid. */
export function roleById(state: CatalogState, id: number): Role | null {
  return tableOf(state).byId.get(id) ?? null;
}

/** True when the role is, or through memberships counts as, a superuser. */
export function isSuperuser(state: CatalogState, user: string): boolean {
  return findRole(state, user)?.superuser ?? false;
}

/** The role and all it is a member of; `inherited`: only where privileges are inherited. */
export function memberships(
  state: CatalogState, role: Role, inherited: boolean,
): ReadonlySet<number> {
  const found = new Set<number>([role.id]);
  const queue = [role];
  for (const each of queue) {
    if (inherited && !each.inherit) continue;
    for (const { role: id } of each.memberOf) {
      const next = roleById(state, id);
      if (next === null || found.has(id)) continue;
      found.add(id);
      queue.push(next);
    }
  }
  return found;
}

/** True when the user is the role, or a member of it, or a superuser. */
export function isMember(
  state: CatalogState, user: string, of: string, inherited: boolean,
): boolean {
  if (user === of) return true;
  const role = findRole(state, user);
  if (role === null) return false;
  if (role.superuser) return true;
  const other = findRole(state, of);
  return other !== null && memberships(state, role, inherited).has(other.id);
}

/** True when the user may pass on membership in the role. */
export function administers(state: CatalogState, user: string, of: Role): boolean {
  const role = findRole(state, user);
  if (role === null) return false;
  if (role.superuser) return true;
  if (role.createRole && !of.superuser) return true;
  return role.memberOf.some(({ role: id, admin }) => id === of.id && admin);
}

/** An object whose privileges are asked for. */
export interface Protected {
  readonly id: number;
  readonly kind: PrivilegeKind;
  readonly owner: string;
  /** Of the system: everybody may look at it. */
  readonly system: boolean;
}

/** The privileges on an object; where nothing was granted, those everybody has. */
export function grantsOn(state: CatalogState, object: Protected): readonly Grant[] {
  return tableOf(state).grants.get(object.id) ?? defaultGrants(object);
}

/** What was granted on an object; none where nothing was. */
export function grantsIn(state: CatalogState, id: number): readonly Grant[] {
  return tableOf(state).grants.get(id) ?? [];
}

/** True where something was granted or revoked: the defaults hold no longer. */
export function hasGrants(state: CatalogState, id: number): boolean {
  return tableOf(state).grants.has(id);
}

function defaultGrants({ id, kind, system }: Protected): readonly Grant[] {
  const everybody = (privileges: string): readonly Grant[] =>
    [{ role: PUBLIC_ROLE, privileges, grantable: '' }];
  if (kind === 'database') return everybody('Tc');
  if (kind === 'function') return everybody('X');
  if (kind === 'schema') return system || id === PUBLIC_SCHEMA ? everybody('U') : [];
  return system ? everybody('r') : [];
}

/** True when the user has one of the privileges (letters), or may pass it on. */
export function mayUse(
  state: CatalogState, user: string, object: Protected,
  want: { readonly any: string; readonly grantable?: boolean },
): boolean {
  const role = findRole(state, user);
  if (role === null) return false;
  if (role.superuser || ownedBy(state, user, object.owner)) return true;
  const own = memberships(state, role, true);
  return grantsOn(state, object).some((grant) => {
    if (grant.role !== PUBLIC_ROLE && !own.has(grant.role)) return false;
    const has = want.grantable === true ? grant.grantable : grant.privileges;
    return want.any.split('').some((letter) => has.includes(letter));
  });
}

/** The columns on which the user has one of the privileges (letters) on their own. */
export function columnsAllowed(
  state: CatalogState, user: string, object: Protected,
  want: { readonly any: string; readonly grantable?: boolean },
): ReadonlySet<string> {
  const role = findRole(state, user);
  if (role === null) return new Set();
  const own = memberships(state, role, true);
  return new Set(grantsOn(state, object).flatMap((grant) => {
    if (grant.role !== PUBLIC_ROLE && !own.has(grant.role)) return [];
    return Object.entries(grant.columns ?? {}).flatMap(([name, { privileges, grantable }]) => {
      const has = want.grantable === true ? grantable : privileges;
      return want.any.split('').some((letter) => has.includes(letter)) ? [name] : [];
    });
  }));
}

/** True when the user has the rights of an owner. */
export function ownedBy(state: CatalogState, user: string, owner: string): boolean {
  return isMember(state, user, owner, true);
}
