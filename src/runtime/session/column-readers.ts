/**
 * Which views read a column of a table, and what becomes of the others when the column goes.
 *
 * A materialized view tells by its dataflow. A plain view is bound once more against the table
 * without the column: when that gives the same columns, the view does without it.
 */
import { must } from '../../common/assert.ts';
import { SqlError } from '../../common/errors.ts';
import { identicalType } from '../../planner/bind-types.ts';
import type { CatalogReader, CatalogRelation } from '../../planner/catalog.ts';
import { bindQuery, selectFrom } from '../../planner/planner.ts';
import type { StoredRelation } from '../catalog-store-types.ts';
import type { SessionCatalog } from './session-catalog.ts';
import type { StatementContext } from './statement-context.ts';

type Widths = NonNullable<NonNullable<CatalogRelation['definition']>['widths']>;

/** True when a view reads the column. */
export function readsColumn(
  context: StatementContext, reader: StoredRelation, table: StoredRelation, gone: number,
): boolean {
  if (reader.view !== null) {
    return reader.view.dataflow.nodes.some((node) => node.kind === 'source'
      && node.relation === table.id && node.sourceColumns.includes(gone));
  }
  const { definition } = reader;
  if (definition === null || definition.widths === undefined) return true;
  // NATURAL joins by whichever columns there are.
  if (mentionsNatural(definition.query)) return true;
  const span = { start: 0, end: 0 };
  const name = (part: string): { readonly kind: 'identifier'; readonly name: string;
    readonly span: typeof span } => ({ kind: 'identifier', name: part, span });
  const query = selectFrom({ kind: 'qualifiedName', span,
    parts: [name(reader.schema), name(reader.name)] }, []);
  try {
    const { columns } = bindQuery(query, {
      catalog: catalogWithout(context.catalog, table, gone), text: '',
    });
    return columns.length !== reader.columns.length || columns.some(({ type }, at) =>
      !identicalType(type, must(reader.columns[at], 'column').type));
  } catch (error) {
    if (error instanceof SqlError) return true;
    throw error;
  }
}

/** A view with one column less in a table it reads. */
export function afterDrop(view: StoredRelation, table: number, gone: number): StoredRelation {
  const { definition } = view;
  if (definition?.widths === undefined) return view;
  return { ...view, definition: { ...definition,
    widths: narrowed(definition.widths, table, gone) } };
}

function narrowed(widths: Widths, table: number, gone: number): Widths {
  return widths.map(([id, width]) =>
    [id, id === table && gone < width ? width - 1 : width] as const);
}

function mentionsNatural(node: unknown): boolean {
  if (Array.isArray(node)) return node.some(mentionsNatural);
  if (typeof node !== 'object' || node === null) return false;
  return ('natural' in node && node.natural === true) || Object.values(node).some(mentionsNatural);
}

/** The catalog as it will be without a column. */
function catalogWithout(
  catalog: SessionCatalog, table: StoredRelation, gone: number,
): CatalogReader {
  const seen = (found: CatalogRelation | null): CatalogRelation | null => {
    if (found === null) return null;
    if (found.id === table.id) return without(found, gone);
    const { definition } = found;
    return definition?.widths === undefined ? found : { ...found, definition: { ...definition,
      widths: narrowed(definition.widths, table.id, gone) } };
  };
  return {
    findRelation: (schema, name) => seen(catalog.findRelation(schema, name)),
    relationById: (id) => seen(catalog.relationById(id)),
    relationNames: () => catalog.relationNames(),
    schemaExists: (name) => catalog.schemaExists(name),
    functions: (schema, name) => catalog.functions(schema, name),
    findType: (schema, name) => catalog.findType(schema, name),
    searchPath: catalog.searchPath, session: catalog.session, names: catalog.names,
  };
}

function without(relation: CatalogRelation, gone: number): CatalogRelation {
  const move = (key: readonly number[]): readonly number[] =>
    key.map((at) => (at > gone ? at - 1 : at));
  const { primaryKey, watermark } = relation;
  return {
    ...relation, columns: relation.columns.filter((_column, at) => at !== gone), checks: [],
    primaryKey: primaryKey === null || primaryKey.includes(gone) ? null : move(primaryKey),
    uniqueKeys: relation.uniqueKeys.filter((key) => !key.includes(gone)).map(move),
    watermark: watermark === null || watermark.column < gone ? watermark
      : { ...watermark, column: watermark.column - 1 },
  };
}
