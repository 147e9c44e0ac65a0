/**
 * ALTER TABLE ... RENAME CONSTRAINT; the index of a key has the name of its constraint.
 */
import { sqlError } from '../../common/errors.ts';
import type { DdlChange, StoredRelation } from '../catalog-store-types.ts';
import { keyNamesOf } from './ddl-keys.ts';
import type { StatementContext } from './statement-context.ts';

/** Renames a check, a key or a foreign key; 42704 when there is none of the name. */
export function renameConstraint(
  context: StatementContext, relation: StoredRelation,
  { from, to }: { readonly from: string; readonly to: string },
): void {
  const { catalog } = context.transaction;
  const renamed = <T extends { readonly name: string }>(each: T): T =>
    (each.name === from ? { ...each, name: to } : each);
  const keyNames = keyNamesOf(relation);
  const foreignKeys = relation.foreignKeys ?? [];
  const extraKeys = relation.extraKeys ?? [];
  const all = [...relation.checks.map(({ name }) => name), ...foreignKeys.map(({ name }) => name)];
  const index = catalog.indexesOf(relation.id)
    .find((each) => each.name === from && each.constraint !== null);
  if (index === undefined && !all.includes(from)) {
    throw sqlError('42704',
      `constraint "${from}" for table "${relation.name}" does not exist`);
  }
  if (index !== undefined && catalog.nameTaken(relation.database, relation.schemaId, to)) {
    throw sqlError('42P07', `relation "${to}" already exists`);
  }
  if (all.includes(to) || keyNames.includes(to)) {
    throw sqlError('42710', `constraint "${to}" for relation "${relation.name}" already exists`);
  }
  const changes: DdlChange[] = [{ kind: 'alterRelation', relation: {
    ...relation, checks: relation.checks.map(renamed), foreignKeys: foreignKeys.map(renamed),
    extraKeys: extraKeys.map(renamed),
    keyNames: keyNames.map((name) => (name === from ? to : name)),
  } }];
  if (index !== undefined) {
    changes.push({ kind: 'putIndex', index: { ...index, name: to } });
  }
  context.transaction.define(...changes);
}
