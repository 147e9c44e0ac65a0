/**
 * From contents to system relations: rows by column name become rows in column order.
 *
 * What a row leaves out is NULL, or the type's zero in columns that are never NULL.
 */
import { must } from '../../common/assert.ts';
import { sqlArray } from '../../common/values.ts';
import type { Value } from '../../common/values.ts';
import { physicalOf } from '../../common/types/sql-type.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { SystemContext, SystemRelation } from '../engine-core-types.ts';
import type { Shape, ShapeColumn } from './columns.ts';

/** A row of a catalog relation: values by column. */
export type CatalogRow = Readonly<Record<string, Value>>;

/** Rows of a catalog relation; by name, for `registry.ts`. */
export type Contents = Readonly<Record<string, (context: SystemContext) => Iterable<CatalogRow>>>;

/** The system relation of a shape; without contents it is empty. */
export function catalogRelation(
  shape: Shape, rows: ((context: SystemContext) => Iterable<CatalogRow>) | null,
): SystemRelation {
  const { schema, name, oid, columns } = shape;
  const toArray = arranger(columns);
  return {
    schema, name, oid, columns,
    * rows(context: SystemContext): Generator<readonly Value[], void> {
      if (rows === null) return;
      for (const row of rows(context)) yield toArray(row);
    },
  };
}

/** The arrays made of rows that never change are kept. */
const arranged = new WeakMap<CatalogRow, readonly Value[]>();

function arranger(columns: readonly ShapeColumn[]): (row: CatalogRow) => readonly Value[] {
  const names = new Set(columns.map((column) => column.name));
  const empty = columns.map(({ notNull, type }) => (notNull ? zeroOf(type) : null));
  return (row) => {
    const known = arranged.get(row);
    if (known !== undefined) return known;
    for (const name in row) must(names.has(name) ? name : undefined, `catalog column ${name}`);
    const values = columns.map(({ name }, at) =>
      (name in row ? row[name] ?? null : empty[at] ?? null));
    if (Object.isFrozen(row)) arranged.set(row, values);
    return values;
  };
}

function zeroOf(type: SqlType): Value {
  switch (physicalOf(type)) {
    case 'bool': return false;
    case 'i32': case 'f64': return 0;
    case 'i64': return 0n;
    default: return type.name === 'array' ? sqlArray([]) : '';
  }
}

/** Remembers what `make` gives for as long as the key lives. */
export function remembered<K extends object, V>(make: (key: K) => V): (key: K) => V {
  const found = new WeakMap<K, V>();
  return (key) => {
    const known = found.get(key);
    if (known !== undefined) return known;
    const value = make(key);
    found.set(key, value);
    return value;
  };
}
