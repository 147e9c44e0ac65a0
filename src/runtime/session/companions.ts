/**
 * The relations that come with another one: `late.<view>` and `dead_letter.<relation>`.
 *
 * They are ordinary stored relations that only the engine writes; DROP of their owner drops them.
 * Under another schema than public the owner's schema is part of their name, so that two views of
 * one name do not share late rows.
 */
import type { SqlType, TypeName } from '../../common/types/sql-type.ts';
import type { CatalogColumn } from '../../planner/catalog.ts';
import type { StoredRelation } from '../catalog-store-types.ts';
import { LATE_RETENTION } from '../relations-log.ts';
import { DEAD_LETTER_SCHEMA, LATE_SCHEMA } from '../catalog-store.ts';
import type { StatementContext } from './statement-context.ts';

/** Columns of every dead letter relation. */
export const DEAD_LETTER_COLUMNS: readonly (readonly [string, TypeName])[] = [
  ['epoch', 'int8'], ['partition', 'int4'], ['position', 'int8'], ['reason', 'text'],
  ['sqlstate', 'text'], ['column_name', 'text'], ['key', 'bytea'], ['payload', 'bytea'],
  ['headers', 'jsonb'], ['payload_bytes', 'int8'],
];

/** The relations to create with a new one. */
export function companionsOf(
  context: StatementContext, owner: StoredRelation,
): readonly StoredRelation[] {
  const made: StoredRelation[] = [];
  const late = owner.view?.lateColumns ?? null;
  if (late !== null) {
    const columns = [...late.map(({ name, type }) => column(name, type)),
      column('change', { name: 'int4' })];
    made.push(companion(context, owner, { schemaId: LATE_SCHEMA, schema: 'late', columns }));
  }
  if (owner.view !== null || owner.connector !== null) {
    const columns = DEAD_LETTER_COLUMNS.map(([name, type]) => column(name, { name: type }));
    made.push(companion(context, owner, {
      schemaId: DEAD_LETTER_SCHEMA, schema: 'dead_letter', columns,
    }));
  }
  return made;
}

function column(name: string, type: SqlType): CatalogColumn {
  return { name, type, notNull: false, defaultExpr: null, generated: null, identity: null };
}

function companion(
  context: StatementContext, owner: StoredRelation,
  of: Pick<StoredRelation, 'schemaId' | 'schema' | 'columns'>,
): StoredRelation {
  const { catalog } = context.transaction;
  const { database } = owner;
  let { name } = owner;
  if (catalog.nameTaken(database, of.schemaId, name)) name = `${owner.schema}.${owner.name}`;
  return {
    ...of, id: context.core.catalog.allocate(), name, kind: 'table', database,
    owner: owner.owner, sql: '',
    options: owner.options.filter(([option]) => option === LATE_RETENTION),
    primaryKey: null, uniqueKeys: [], checks: [],
    appendOnly: true, watermark: null, columnWatermarks: [], definition: null, stored: true,
    view: null, connector: null, onConflict: null, dependsOn: [owner.id], belongsTo: owner.id,
  };
}
