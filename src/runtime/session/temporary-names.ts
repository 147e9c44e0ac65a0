/**
 * Names of the schemas temporary tables and views live in: pg_temp_<n>, one per session.
 *
 * Only names; temporary.ts makes the schemas and drops them.
 */

/** The name every session has for its own schema of temporary things. */
export const TEMPORARY_ALIAS = 'pg_temp';
/** What the schemas' names begin with; users cannot make schemas of such names. */
export const TEMPORARY_PREFIX = 'pg_temp_';

/** The name of a session's schema of temporary things. */
export function temporarySchemaName(pid: number): string {
  return `${TEMPORARY_PREFIX}${pid}`;
}

/** True for a relation that goes with its session. */
export function isTemporary(relation: { readonly schema: string }): boolean {
  return relation.schema.startsWith(TEMPORARY_PREFIX);
}
