/**
 * SET ROLE and SET SESSION AUTHORIZATION: whom a session may become.
 */
import { sqlError } from '../../common/errors.ts';
import { findRole, isMember, isSuperuser } from '../catalog-roles.ts';
import type { CatalogState } from '../catalog-store.ts';

/** Refuses a role that is not the user's. */
export function checkSetRole(
  state: CatalogState, setting: 'role' | 'session_authorization', name: string, session: string,
): void {
  if (setting === 'role' && name === 'none') return;
  if (findRole(state, name) === null) throw sqlError('22023', `role "${name}" does not exist`);
  if (setting === 'role' ? isMember(state, session, name, false)
    : name === session || isSuperuser(state, session)) return;
  throw sqlError('42501', setting === 'role' ? `permission denied to set role "${name}"`
    : 'permission denied to set session authorization');
}
