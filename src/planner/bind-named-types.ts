/**
 * Types by name inside a statement: what the name means, and the note that the statement needs it.
 *
 * A statement depends on the types it names as it depends on the functions it calls; DROP TYPE
 * finds views that way.
 */
import type { SqlType } from '../common/types/sql-type.ts';
import type { TypeName } from '../parser/ast.ts';
import type { StatementState } from './bind-context.ts';
import { resolveType } from './bind-types.ts';

/** The type of a name; the statement is noted to depend on it. */
export function namedType(state: StatementState, type: TypeName): SqlType {
  const found = resolveType(type, state.catalog);
  const base = found.element ?? found;
  for (const made of [base.user, base.domain]) {
    if (made !== undefined) state.functions.add(made.oid);
  }
  return found;
}
