/**
 * Shapes of the catalog relations: the column lists of the data files, read once.
 *
 * Domains of information_schema stand for their base types, which is what clients are told.
 */
import { must } from '../../common/assert.ts';
import { typeByName } from '../../common/types/registry.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import { INFORMATION_COLUMNS } from './columns-information.ts';
import { TABLE_COLUMNS } from './columns-tables.ts';
import { VIEW_COLUMNS } from './columns-views.ts';

/** A column of a catalog relation. */
export interface ShapeColumn {
  readonly name: string;
  readonly type: SqlType;
  readonly notNull: boolean;
}

/** A catalog relation without its contents. `view`: PostgreSQL has a view there. */
export interface Shape {
  readonly schema: 'pg_catalog' | 'information_schema';
  readonly name: string;
  readonly oid: number;
  readonly view: boolean;
  readonly columns: readonly ShapeColumn[];
}

/** The domains of information_schema: what they are made of. */
export const DOMAINS: ReadonlyMap<string, SqlType> = new Map<string, SqlType>([
  ['cardinal_number', { name: 'int4' }], ['character_data', { name: 'varchar' }],
  ['sql_identifier', { name: 'name' }], ['time_stamp', { name: 'timestamptz', mods: [2] }],
  ['yes_or_no', { name: 'varchar', mods: [3] }],
]);

/** All catalog relations, tables first. */
export const SHAPES: readonly Shape[] = [
  ...shapes(TABLE_COLUMNS, 'pg_catalog', false), ...shapes(VIEW_COLUMNS, 'pg_catalog', true),
  ...shapes(INFORMATION_COLUMNS, 'information_schema', true),
];

function shapes(text: string, schema: Shape['schema'], view: boolean): Shape[] {
  return text.trim().split(/\n(?! )/).map((paragraph) => {
    const words = paragraph.split(/\s+/);
    const [name, oid, ...columns] = words;
    return {
      schema, view, name: must(name, 'name'), oid: Number.parseInt(must(oid, 'oid'), 10),
      columns: columns.map(shapeColumn),
    };
  });
}

function shapeColumn(text: string): ShapeColumn {
  const [name, type] = text.replace('!', '').split(':', 2);
  return {
    name: must(name, 'column name'), type: columnType(must(type, 'column type')),
    notNull: text.endsWith('!'),
  };
}

function columnType(name: string): SqlType {
  if (name === 'char') return { name: 'char' };
  if (name === 'char[]') return { name: 'array', element: { name: 'char' } };
  return DOMAINS.get(name) ?? must(typeByName(name), `type ${name}`);
}
