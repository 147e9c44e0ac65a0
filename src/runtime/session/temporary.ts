/**
 * Temporary tables and views: they live in a schema of their session's own, found before all
 * others, and go with the session.
 *
 * The schema is made with the first of them and called pg_temp_<n>; pg_temp means the session's
 * own. Their rows are stored like any others; what a crash leaves over is dropped when the engine
 * opens.
 */
import { SqlError } from '../../common/errors.ts';
import type { DdlChange, StoredRelation, StoredSchema } from '../catalog-store-types.ts';
import type { CatalogState } from '../catalog-store.ts';
import type { EngineCoreFace } from '../engine-core.ts';
import type { StatementContext } from './statement-context.ts';
import { TEMPORARY_ALIAS, TEMPORARY_PREFIX, temporarySchemaName } from './temporary-names.ts';
import type { Transaction } from './transaction.ts';

/** True for a schema name that means the session's own temporary one. */
export function isOwnTemporary(context: StatementContext, schema: string | undefined): boolean {
  return schema === TEMPORARY_ALIAS || schema === temporarySchemaName(context.scope.pid);
}

/** The session's schema of temporary things, made when it is not there yet. */
export function temporarySchema(context: StatementContext): StoredSchema {
  const { scope, transaction } = context;
  const name = temporarySchemaName(scope.pid);
  const found = transaction.catalog.schemaByName(scope.database.id, name);
  if (found !== null) return found;
  const schema = {
    id: context.core.catalog.allocate(), database: scope.database.id, name, owner: scope.user,
  };
  transaction.define({ kind: 'putSchema', schema });
  return schema;
}

/** A session's temporary relations. */
function ownedBy(catalog: CatalogState, schemas: ReadonlySet<number>): StoredRelation[] {
  return [...catalog.relations.values()].filter((relation) =>
    schemas.has(relation.schemaId) && relation.belongsTo === null);
}

/** What drops temporary relations, and all that depends on them. */
function dropsOf(catalog: CatalogState, relations: readonly StoredRelation[]): DdlChange[] {
  const gone = new Set<number>();
  const changes: DdlChange[] = [];
  const drop = (id: number): void => {
    if (gone.has(id) || catalog.relation(id) === null) return;
    gone.add(id);
    changes.push({ kind: 'dropRelation', id });
  };
  for (const { id } of relations) {
    for (const dependant of catalog.allDependants(id).toReversed()) drop(dependant.id);
    drop(id);
  }
  return changes;
}

/** ON COMMIT DELETE ROWS and ON COMMIT DROP, as part of the transaction that ends. */
export function applyOnCommit(core: EngineCoreFace, transaction: Transaction, pid: number): void {
  const { catalog } = transaction;
  const name = temporarySchemaName(pid);
  const mine = [...catalog.relations.values()].filter((relation) => relation.schema === name);
  for (const { id, extra } of mine) {
    if (extra?.['onCommit'] !== 'delete') continue;
    const stored = core.catalog.state.relation(id) === null ? []
      : [...core.snapshot(id, transaction.pin())];
    for (const batch of [...stored, ...transaction.overlay.get(id) ?? []]) {
      const weights = batch.weights.slice(0, batch.length).map((weight) => -weight);
      transaction.change(id, { length: batch.length, columns: batch.columns, weights });
    }
  }
  const dropped = mine.filter(({ extra }) => extra?.['onCommit'] === 'drop');
  transaction.define(...dropsOf(catalog, dropped));
}

/** Drops a session's temporary relations (DISCARD TEMP, the end of the session). */
export async function dropTemporary(
  core: EngineCoreFace, database: number, pid: number,
): Promise<void> {
  const schema = core.catalog.state.schemaByName(database, temporarySchemaName(pid));
  if (schema !== null) await dropSchemas(core, [schema]);
}

/** Drops what sessions before a crash left over. */
export async function dropLeftOverTemporary(core: EngineCoreFace): Promise<void> {
  const left = [...core.catalog.state.schemas.values()].filter(({ name }) =>
    name.startsWith(TEMPORARY_PREFIX));
  if (left.length > 0) await dropSchemas(core, left);
}

/** An engine that stops, or has no space, keeps them until it is opened again. */
async function dropSchemas(
  core: EngineCoreFace, schemas: readonly StoredSchema[],
): Promise<void> {
  const { state } = core.catalog;
  const relations = ownedBy(state, new Set(schemas.map(({ id }) => id)));
  try {
    await core.commit([], [
      ...dropsOf(state, relations),
      ...schemas.map(({ id }) => ({ kind: 'dropSchema', id }) as const),
    ]);
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    core.environment.log(`temporary tables stay until the next start: ${error.message}`);
  }
}
