/**
 * The register of pg_catalog and information_schema: every relation with its shape and contents.
 *
 * Relations without contents are empty, with all their columns. The catalog is answered by the
 * engine like any other relation: nothing here looks at queries.
 */
import { assert } from '../../common/assert.ts';
import type { SystemContext, SystemRelation } from '../engine-core-types.ts';
import { CLASSES } from './classes.ts';
import { CLUSTER } from './cluster.ts';
import { SHAPES } from './columns.ts';
import { catalogRelation } from './content.ts';
import type { CatalogRow, Contents } from './content.ts';
import { INFORMATION_KEYS } from './information-keys.ts';
import { INFORMATION_PRIVILEGES } from './information-privileges.ts';
import { INFORMATION } from './information.ts';
import { LISTINGS } from './listings.ts';
import { roleOids } from './oids.ts';
import { ROUTINES } from './routines.ts';
import { typeRows } from './types.ts';
import { enumRows, userTypeRows } from './user-types.ts';

const PG_CATALOG: Contents = {
  ...CLASSES, ...ROUTINES, ...CLUSTER, ...LISTINGS, pg_type: allTypeRows, pg_enum: enumRows,
};
/** Built-in types, and those users made. */
function* allTypeRows(context: SystemContext): Generator<CatalogRow, void> {
  yield* typeRows();
  yield* userTypeRows(context, roleOids(context));
}

const INFORMATION_SCHEMA: Contents = { ...INFORMATION, ...INFORMATION_KEYS,
  ...INFORMATION_PRIVILEGES };

function relations(schema: string, contents: Contents): readonly SystemRelation[] {
  const shapes = SHAPES.filter((shape) => shape.schema === schema);
  const names = new Set(shapes.map((shape) => shape.name));
  for (const name of Object.keys(contents)) assert(names.has(name), `catalog relation ${name}`);
  return shapes.map((shape) => catalogRelation(shape, contents[shape.name] ?? null));
}

/** Every relation of pg_catalog and information_schema. */
export const CATALOG_RELATIONS: readonly SystemRelation[] = [
  ...relations('pg_catalog', PG_CATALOG), ...relations('information_schema', INFORMATION_SCHEMA),
];
