/**
 * The definitions a unit test needs, as catalog changes for an engine of its own.
 *
 * Object ids stay what they are, so that stored dataflows fit. Relies on the catalog's list of what
 * depends on what.
 */
import type { DdlChange, StoredRelation } from '../catalog-store-types.ts';
import { DEFAULT_DATABASE } from '../catalog-store.ts';
import type { CatalogState } from '../catalog-store.ts';

/** The changes, and the relations they make. */
export interface TestCopy {
  readonly changes: readonly DdlChange[];
  readonly copied: ReadonlySet<number>;
}

/** Copies a view and everything it reads; what is mocked becomes a table. */
export function copyForTest(
  catalog: CatalogState, view: StoredRelation, mocked: ReadonlySet<number>,
): TestCopy {
  const copied = new Set<number>();
  const order: StoredRelation[] = [];
  const visit = (id: number): void => {
    const relation = catalog.relation(id);
    if (relation === null || relation.kind === 'system' || copied.has(id)) return;
    copied.add(id);
    if (!mocked.has(id)) {
      for (const other of relation.dependsOn) visit(other);
      for (const other of relation.view?.reads ?? []) visit(other);
    }
    order.push(mocked.has(id) ? asTable(relation) : plain(relation));
    if (mocked.has(id) || relation.view === null) return;
    for (const other of catalog.relations.values()) if (other.belongsTo === id) visit(other.id);
  };
  visit(view.id);
  const schemas = new Set(order.map(({ schemaId }) => schemaId));
  const changes: DdlChange[] = [];
  for (const database of catalog.databases.values()) {
    if (database.id === view.database && database.id !== DEFAULT_DATABASE) {
      changes.push({ kind: 'putDatabase', database });
    }
  }
  for (const schema of catalog.schemas.values()) {
    if (schemas.has(schema.id) && schema.database !== 0) {
      changes.push({ kind: 'putSchema', schema });
    }
  }
  for (const object of catalog.objects.values()) {
    if (object.kind === 'function' || object.kind === 'type' || object.kind === 'sequence') {
      changes.push({ kind: 'putObject', object });
    }
  }
  for (const relation of order) changes.push({ kind: 'createRelation', relation });
  return { changes, copied };
}

/** Inputs from outside are tables to a test; columns nobody mocks are NULL. */
function plain(relation: StoredRelation): StoredRelation {
  if (relation.kind !== 'table' && relation.kind !== 'source') return relation;
  const key = relation.primaryKey ?? [];
  return {
    ...relation, kind: 'table', stored: true, connector: null, checks: [], dependsOn: [],
    foreignKeys: [],
    columns: relation.columns.map((column, at) => ({
      ...column, notNull: column.notNull && key.includes(at),
    })),
  };
}

/** A mocked view is a table with its columns; its rows come in any order and have no key. */
function asTable(relation: StoredRelation): StoredRelation {
  if (relation.kind === 'table' || relation.kind === 'source') return plain(relation);
  return {
    ...plain({ ...relation, kind: 'table' }), view: null, definition: null, primaryKey: null,
    appendOnly: false, columnWatermarks: [], options: [],
  };
}
