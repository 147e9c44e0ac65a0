/**
 * A catalog in memory for the binder's tests: tables are declared in a line each.
 */
import { typeByName } from '../../src/common/types/registry.ts';
import type { CatalogColumn, CatalogReader, CatalogRelation } from '../../src/planner/catalog.ts';

/** A table as tests declare it: `id int4, ts timestamp, v text`. */
export interface TableSpec {
  readonly name: string;
  readonly columns: string;
  readonly schema?: string;
  readonly primaryKey?: readonly string[];
  readonly watermark?: string;
}

function columnsOf(text: string): CatalogColumn[] {
  return text.split(',').map((part) => {
    const [name = '', ...words] = part.trim().split(' ');
    const notNull = words.at(-1) === '!';
    const typeText = (notNull ? words.slice(0, -1) : words).join(' ');
    const type = typeByName(typeText);
    if (type === null) throw new Error(`no type ${typeText}`);
    return { name, type, notNull, defaultExpr: null, generated: null, identity: null };
  });
}

/** A catalog over some tables, in schema public unless they say otherwise. */
export function memoryCatalog(
  tables: readonly TableSpec[], more: readonly CatalogRelation[] = [],
): CatalogReader {
  const relations = [...tables.map((table, at): CatalogRelation => {
    const columns = columnsOf(table.columns);
    const number = (name: string): number => columns.findIndex((column) => column.name === name);
    return {
      id: 16384 + at, schema: table.schema ?? 'public', name: table.name, kind: 'table', columns,
      primaryKey: table.primaryKey?.map(number) ?? null, uniqueKeys: [], checks: [],
      appendOnly: false, stored: true, definition: null, columnWatermarks: [],
      watermark: table.watermark === undefined ? null
        : { column: number(table.watermark), delayMicros: 5_000_000n },
    };
  }), ...more];
  const searchPath = ['public'];
  return {
    searchPath,
    session: {
      user: 'tidemill', database: 'tidemill', timeZone: 'UTC',
      setting: (name) => (name === 'server_version' ? '15.18' : null),
    },
    findRelation: (schema, name) => relations.find((each) => each.name === name
      && (schema === null ? searchPath.includes(each.schema) : each.schema === schema)) ?? null,
    relationById: (id) => relations.find((each) => each.id === id) ?? null,
    relationNames: () => relations.map((each) => each.name),
    schemaExists: (name) => relations.some((each) => each.schema === name) || name === 'public',
  };
}
