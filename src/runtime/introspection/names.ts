/**
 * Names of relations as the session that asks would write them.
 */
import type { SystemContext } from '../engine-core-types.ts';

/** The relation's name, with its schema unless on the search path; null in other databases. */
export function inDatabase(context: SystemContext, id: number): string | null {
  const relation = context.catalog.relation(id);
  if (relation === null) return null;
  if (relation.database !== context.database && relation.database !== 0) return null;
  return context.searchPath.includes(relation.schema) ? relation.name
    : `${relation.schema}.${relation.name}`;
}
