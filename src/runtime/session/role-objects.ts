/**
 * Roles and privileges as catalog objects.
 */
import type { Grant, Role } from '../catalog-roles.ts';
import { SYSTEM_ROLE } from '../catalog-roles.ts';
import type { StoredObject } from '../catalog-store-types.ts';

/** A role's entry. */
export function roleObject({ id, name, ...data }: Role): StoredObject {
  return {
    id, kind: 'role', database: 0, schemaId: 0, name, owner: SYSTEM_ROLE, dependsOn: [], data,
  };
}

/** The entry of an object's privileges. */
export function grantsObject(
  id: number, target: number, grants: readonly Grant[],
): StoredObject {
  return {
    id, kind: 'acl', database: 0, schemaId: 0, name: String(target), owner: SYSTEM_ROLE,
    dependsOn: [], data: { target, grants },
  };
}
