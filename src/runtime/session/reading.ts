/**
 * Who may read what: SELECT on the relations a statement names, and for those that views name the
 * right of the view's owner.
 */
import { sqlError } from '../../common/errors.ts';
import { isSuperuser, mayUse } from '../catalog-roles.ts';
import type { CatalogState } from '../catalog-store.ts';
import type { StoredRelation } from '../catalog-store-types.ts';
import { isSharedSource } from '../connectors/registry.ts';
import { KIND_NAME } from './relation-label.ts';

/** System relations for superusers only. */
const GUARDED = ['audit'];

/** 42501 when the relation may not be read. */
export function requireReading(
  state: CatalogState, user: string,
  of: { readonly relation: number; readonly through: number | null },
): void {
  if (isSuperuser(state, user) && of.through === null) return;
  const relation = state.relation(of.relation);
  if (relation === null) return;
  const reader = of.through === null ? user : state.relation(of.through)?.owner ?? user;
  if (isSuperuser(state, reader)) return;
  const { id, owner, kind, name } = relation;
  const system = kind === 'system';
  if (system && relation.schema === 'tidemill' && GUARDED.includes(name)) {
    throw denied('table', name);
  }
  const schema = state.schemas.get(relation.schemaId);
  if (schema !== undefined && !mayUse(state, reader, {
    id: schema.id, owner: schema.owner, kind: 'schema', system: schema.database === 0,
  }, { any: 'U' })) throw denied('schema', schema.name);
  if (mayUse(state, reader, { id, owner, kind: 'relation', system }, { any: 'r' })) return;
  throw denied(KIND_NAME[kind], name);
}

/** 0A000: a source that tables are declared FROM has no rows itself. */
export function refuseShared(relation: StoredRelation | null): void {
  if (relation === null || !isSharedSource(relation)) return;
  throw sqlError('0A000', `source "${relation.name}" has no rows of its own`, {
    hint: `CREATE TABLE t FROM ${relation.name} TABLE 'schema.name', and read that.`,
  });
}

function denied(kind: string, name: string): Error {
  return sqlError('42501', `permission denied for ${kind} ${name}`);
}
