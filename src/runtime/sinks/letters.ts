/**
 * The relation `dead_letter.<sink>`: changes the outside did not want, one batch a row.
 *
 * An ordinary table, written in the epoch that also moves the sink's position; what has been dealt
 * with may be deleted from it.
 */
import type { TypeName } from '../../common/types/sql-type.ts';
import type { StoredRelation } from '../catalog-store-types.ts';
import { DEAD_LETTER_SCHEMA } from '../catalog-store.ts';

/** Its columns. */
export const SINK_LETTER_COLUMNS: readonly (readonly [string, TypeName])[] = [
  ['epoch', 'int8'], ['seq', 'int4'], ['reason', 'text'], ['payload', 'bytea'],
];

/** The relation of a sink. */
export function sinkLetters(
  of: Pick<StoredRelation, 'id' | 'name' | 'database' | 'owner'>,
): StoredRelation {
  return {
    ...of, kind: 'table', schema: 'dead_letter', schemaId: DEAD_LETTER_SCHEMA, sql: '', options: [],
    columns: SINK_LETTER_COLUMNS.map(([name, type]) => ({
      name, type: { name: type }, notNull: false, defaultExpr: null, generated: null,
      identity: null,
    })),
    primaryKey: null, uniqueKeys: [], checks: [], appendOnly: false, watermark: null,
    columnWatermarks: [], definition: null, stored: true, view: null, connector: null,
    onConflict: null, dependsOn: [], belongsTo: null,
  };
}
