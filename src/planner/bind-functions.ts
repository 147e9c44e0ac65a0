/**
 * What a function's name means: entries of the registry, and functions users made.
 *
 * An unqualified name means the built-in functions and, behind them, the user functions along the
 * search path; of two with the same arguments the first counts. A qualified name means the
 * functions of that schema.
 */
import { sqlError } from '../common/errors.ts';
import type { Span } from '../common/span.ts';
import { sameType } from '../common/types/sql-type.ts';
import type { SqlType } from '../common/types/sql-type.ts';
import type { FunctionCall } from '../parser/ast.ts';
import type { StatementState } from './bind-context.ts';
import type { FunctionEntry } from './functions/entry.ts';
import { functionsByName } from './functions/registry.ts';
import { userEntry } from './functions/user-entries.ts';
import { signatureText } from './functions/user-function.ts';

const BUILT_IN: ReadonlySet<string> = new Set(['pg_catalog', 'information_schema']);

/** The schema written before a function's name, or null. */
export function functionSchema(expr: FunctionCall): string | null {
  return expr.name.parts.at(-2)?.name ?? null;
}

/** All functions that a name can mean. */
export function functionsNamed(
  state: StatementState, name: string, schema: string | null = null,
): readonly FunctionEntry[] {
  if (schema !== null && BUILT_IN.has(schema)) return functionsByName(name);
  const users = state.catalog.functions?.(schema, name) ?? [];
  const found: FunctionEntry[] = schema === null ? [...functionsByName(name)] : [];
  for (const user of users) {
    if (!found.some((entry) => sameArguments(entry, user.args))) found.push(userEntry(user));
  }
  return found;
}

function sameArguments(entry: FunctionEntry, args: readonly SqlType[]): boolean {
  return !entry.variadic && entry.args.length === args.length && args.every((type, at) => {
    const own = entry.args[at];
    return own !== undefined && own.name === type.name && sameType(own as SqlType, type);
  });
}

/** Notes that the statement calls a function; views may call immutable ones only. */
export function noteFunction(state: StatementState, entry: FunctionEntry, span: Span): void {
  const { user } = entry;
  if (user === undefined) return;
  state.functions.add(user.oid);
  state.catalog.calling?.(user.oid);
  if (!state.view || user.volatility === 'immutable') return;
  throw sqlError('42P17', 'functions in a materialized view must be marked IMMUTABLE', {
    span,
    detail: `Function ${signatureText(user)} is ${user.volatility.toUpperCase()}.`,
    hint: 'If its result depends on its arguments alone, create it again with CREATE OR REPLACE '
      + 'FUNCTION ... IMMUTABLE.',
  });
}
