/**
 * Who may read what: SELECT on the relations a statement names, and for those that views name the
 * right of the view's owner.
 */
import { sqlError } from '../../common/errors.ts';
import { columnsAllowed, isSuperuser, mayUse } from '../catalog-roles.ts';
import type { Protected } from '../catalog-roles.ts';
import type { CatalogState } from '../catalog-store.ts';
import type { StoredRelation } from '../catalog-store-types.ts';
import { isSharedSource } from '../connectors/registry.ts';
import { KIND_NAME } from './relation-label.ts';

/** System relations for superusers only. */
const GUARDED = ['audit'];

/** The columns that may be read where these are not all; 42501 when there are none. */
export function requireReading(
  state: CatalogState, user: string,
  of: { readonly relation: number; readonly through: number | null },
): ReadonlySet<string> | null {
  if (isSuperuser(state, user) && of.through === null) return null;
  const relation = state.relation(of.relation);
  if (relation === null) return null;
  const through = of.through === null ? null : state.relation(of.through);
  const invoker = through?.options.some(([name, value]) =>
    name === 'security_invoker' && value === 'true') === true;
  const reader = through === null || invoker ? user : through.owner;
  if (isSuperuser(state, reader)) return null;
  const { id, owner, kind, name } = relation;
  const system = kind === 'system';
  if (system && relation.schema === 'tidemill' && GUARDED.includes(name)) {
    throw denied('table', name);
  }
  const schema = state.schemas.get(relation.schemaId);
  if (schema !== undefined && !mayUse(state, reader, {
    id: schema.id, owner: schema.owner, kind: 'schema', system: schema.database === 0,
  }, { any: 'U' })) throw denied('schema', schema.name);
  const target: Protected = { id, owner, kind: 'relation', system };
  if (mayUse(state, reader, target, { any: 'r' })) return null;
  const columns = columnsAllowed(state, reader, target, { any: 'r' });
  if (columns.size > 0) return columns;
  throw denied(KIND_NAME[kind], name);
}

/** 0A000: a source that tables are declared FROM has no rows itself. */
export function refuseShared(relation: StoredRelation | null): void {
  if (relation === null || !isSharedSource(relation)) return;
  throw sqlError('0A000', `source "${relation.name}" has no rows of its own`, {
    hint: `CREATE TABLE t FROM ${relation.name} TABLE 'schema.name', and read that.`,
  });
}

/** 42501 when the function may not be called. */
export function requireCalling(
  state: CatalogState, user: string, oid: number,
): void {
  const found = state.objects.get(oid);
  if (found?.kind !== 'function') return;
  const target: Protected = { id: found.id, owner: found.owner, kind: 'function', system: false };
  if (mayUse(state, user, target, { any: 'X' })) return;
  throw denied('function', found.name);
}

function denied(kind: string, name: string): Error {
  return sqlError('42501', `permission denied for ${kind} ${name}`);
}
