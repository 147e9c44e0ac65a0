/**
 * How messages call relations: the kind in SQL's words and the name.
 */
import type { StoredRelation } from '../catalog-store-types.ts';

/** The kinds of relations in SQL's words. */
export const KIND_NAME: Readonly<Record<StoredRelation['kind'], string>> = {
  table: 'table', source: 'source', view: 'view', materializedView: 'materialized view',
  system: 'table',
};

/** How messages call a relation: `materialized view v`. */
export function relationLabel(relation: StoredRelation): string {
  return `${KIND_NAME[relation.kind]} ${relation.name}`;
}
