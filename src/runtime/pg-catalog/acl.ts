/**
 * Privileges as lists of aclitem, as PostgreSQL's catalogs have them: the owner's first.
 *
 * Where nothing was granted a catalog shows NULL, and the defaults of the kind hold. Grantors are
 * not kept: everything stands as granted by the owner.
 */
import { sqlArray } from '../../common/values.ts';
import type { SqlArray } from '../../common/values.ts';
import type { Grant, PrivilegeKind, Protected } from '../catalog-roles.ts';
import {
  ALL_PRIVILEGES, grantsOn, hasGrants, PRIVILEGE_LETTERS, PUBLIC_ROLE, roleById,
} from '../catalog-roles.ts';
import type { SystemContext } from '../engine-core-types.ts';
import { quoteName } from './definitions.ts';

/** One privilege of one grantee. */
export interface Privilege {
  /** null: everybody. */
  readonly grantee: string | null;
  /** In capitals: SELECT. */
  readonly name: string;
  readonly grantable: boolean;
}

/** The order of letters in an aclitem. */
const ORDER = 'arwdDxtXUCTc';

const NAMES: ReadonlyMap<string, string> = new Map([...PRIVILEGE_LETTERS]
  .filter(([name]) => name !== 'temp').map(([name, letter]) => [letter, name.toUpperCase()]));

function lettersText({ privileges, grantable }: Pick<Grant, 'privileges' | 'grantable'>): string {
  return ORDER.split('').filter((letter) => privileges.includes(letter))
    .map((letter) => (grantable.includes(letter) ? `${letter}*` : letter)).join('');
}

function granteeName({ catalog }: SystemContext, role: number): string {
  return role === PUBLIC_ROLE ? '' : quoteName(roleById(catalog, role)?.name ?? String(role));
}

/** The list of an object, or null where nothing was granted. */
export function aclOf(context: SystemContext, object: Protected): SqlArray | null {
  const known = hasGrants(context.catalog, object.id);
  // Schemas that everybody may use were granted to everybody when they were made.
  if (!known && (object.kind !== 'schema' || grantsOn(context.catalog, object).length === 0)) {
    return null;
  }
  const owner = quoteName(object.owner);
  const grants = grantsOn(context.catalog, object).filter(({ privileges }) => privileges !== '');
  if (grants.length === 0 && !NEEDS_OWNER.has(object.kind)) return null;
  return sqlArray([`${owner}=${lettersText({ privileges: ALL_PRIVILEGES[object.kind],
    grantable: '' })}/${owner}`, ...grants.map((grant) =>
    `${granteeName(context, grant.role)}=${lettersText(grant)}/${owner}`)]);
}

/** Kinds whose defaults give everybody something: an empty list says that it was taken away. */
const NEEDS_OWNER: ReadonlySet<PrivilegeKind> = new Set(['database', 'function', 'schema']);

/** The lists of a relation's columns, by their names. */
export function columnAcls(
  context: SystemContext, object: Protected,
): ReadonlyMap<string, SqlArray> {
  const found = new Map<string, string[]>();
  if (!hasGrants(context.catalog, object.id)) return new Map();
  for (const { role, columns } of grantsOn(context.catalog, object)) {
    for (const [name, held] of Object.entries(columns ?? {})) {
      const items = found.get(name) ?? [];
      items.push(`${granteeName(context, role)}=${lettersText(held)}/${quoteName(object.owner)}`);
      found.set(name, items);
    }
  }
  return new Map([...found].map(([name, items]) => [name, sqlArray(items)]));
}

function namedPrivileges(
  grantee: string | null, { privileges, grantable }: Pick<Grant, 'privileges' | 'grantable'>,
): Privilege[] {
  return ORDER.split('').filter((letter) => privileges.includes(letter)).map((letter) => ({
    grantee, name: NAMES.get(letter) ?? letter, grantable: grantable.includes(letter),
  }));
}

/** Every privilege on an object, its owner's first. */
export function privilegesOn(context: SystemContext, object: Protected): readonly Privilege[] {
  const all = ALL_PRIVILEGES[object.kind];
  return [...namedPrivileges(object.owner, { privileges: all, grantable: all }),
    ...grantsOn(context.catalog, object).flatMap((grant) =>
      namedPrivileges(grant.role === PUBLIC_ROLE ? null
        : roleById(context.catalog, grant.role)?.name ?? null, grant))];
}

/** Privileges on single columns. */
export function columnPrivilegesOn(
  context: SystemContext, object: Protected,
): readonly (Privilege & { readonly column: string })[] {
  return grantsOn(context.catalog, object).flatMap(({ role, columns }) =>
    Object.entries(columns ?? {}).flatMap(([column, held]) =>
      namedPrivileges(role === PUBLIC_ROLE ? null
        : roleById(context.catalog, role)?.name ?? null, held)
        .map((each) => ({ ...each, column }))));
}
