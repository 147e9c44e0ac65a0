/**
 * has_table_privilege and its like: what a role may do with an object.
 */
import { sqlError } from '../../common/errors.ts';
import type { Protected } from '../catalog-roles.ts';
import {
  columnsAllowed, findRole, isMember, mayUse, PRIVILEGE_LETTERS, roleById, rolesIn, SYSTEM_ROLE_OID,
} from '../catalog-roles.ts';
import type { SystemContext } from '../engine-core-types.ts';

/** A question about privileges. */
export interface PrivilegeQuestion {
  readonly what: 'relation' | 'schema' | 'database' | 'role' | 'function' | 'other';
  /** A column's name or number; null: any column will do. */
  readonly column?: string | number | null;
  /** null: the current user. */
  readonly user: string | number | null;
  /** Oid of the object, or null when it is of no kind we know. */
  readonly object: number;
  /** As given: `SELECT, INSERT WITH GRANT OPTION`. */
  readonly wanted: string;
}

/** The answer; null when there is no such object. */
export function hasPrivilege(context: SystemContext, ask: PrivilegeQuestion): boolean | null {
  const { catalog } = context;
  const user = userName(context, ask.user);
  if (ask.what === 'other') return true;
  if (ask.what === 'function' && !catalog.objects.has(ask.object)) return ask.object > 0;
  if (ask.what === 'role') {
    const role = roleById(catalog, ask.object)?.name
      ?? (ask.object === SYSTEM_ROLE_OID ? 'tidemill' : null);
    if (role === null) return user === context.user;
    return isMember(catalog, user, role, /usage/i.test(ask.wanted));
  }
  const object = objectOf(context, ask);
  if (object === null) return null;
  return ask.wanted.split(',').some((part) => {
    const words = part.trim().toLowerCase();
    const grantable = words.endsWith(' with grant option');
    const any = PRIVILEGE_LETTERS.get(words.replace(/ with grant option$/, ''));
    if (any === undefined) throw sqlError('22023', `unrecognized privilege type: "${part.trim()}"`);
    return mayUse(catalog, user, object, { any, grantable })
      || (ask.column !== undefined && onColumn(context, ask, object, { user, any, grantable }));
  });
}

function onColumn(
  { catalog }: SystemContext, ask: PrivilegeQuestion, object: Protected,
  want: { readonly user: string; readonly any: string; readonly grantable: boolean },
): boolean {
  const allowed = columnsAllowed(catalog, want.user, object, want);
  if (ask.column === null || ask.column === undefined) return allowed.size > 0;
  const name = typeof ask.column === 'string' ? ask.column
    : catalog.relation(ask.object)?.columns[ask.column - 1]?.name ?? '';
  return allowed.has(name);
}

function userName({ catalog, user }: SystemContext, given: string | number | null): string {
  if (given === null) return user;
  if (typeof given === 'string') {
    if (given === user || findRole(catalog, given) !== null) return given;
    throw sqlError('42704', `role "${given}" does not exist`);
  }
  for (const role of rolesIn(catalog)) if (role.id === given) return role.name;
  return user;
}

function objectOf({ catalog }: SystemContext, ask: PrivilegeQuestion): Protected | null {
  if (ask.what === 'relation') {
    const relation = catalog.relation(ask.object);
    if (relation !== null) {
      const { id, owner, kind } = relation;
      return { id, owner, kind: 'relation', system: kind === 'system' };
    }
    const other = catalog.objects.get(ask.object);
    return other === undefined ? null
      : { id: other.id, owner: other.owner, kind: 'sequence', system: false };
  }
  if (ask.what === 'function') {
    const found = catalog.objects.get(ask.object);
    return found === undefined ? null
      : { id: found.id, owner: found.owner, kind: 'function', system: false };
  }
  if (ask.what === 'schema') {
    const schema = catalog.schemas.get(ask.object);
    return schema === undefined ? null : {
      id: schema.id, owner: schema.owner, kind: 'schema', system: schema.database === 0,
    };
  }
  const database = catalog.databases.get(ask.object);
  return database === undefined ? null
    : { id: database.id, owner: database.owner, kind: 'database', system: false };
}
