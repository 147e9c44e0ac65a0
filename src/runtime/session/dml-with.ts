/**
 * Data changes in the WITH of a statement.
 *
 * Each runs once, in order, to its end; none sees what the others change, only the rows they give
 * back. Then the statement itself runs with those rows in place of the changes.
 */
import type { Value } from '../../common/values.ts';
import type { Cte, DataChange, Query } from '../../parser/ast.ts';
import type { PlanEnv } from '../../planner/bound.ts';
import { changesOf, planDelete, planInsert, planUpdate } from '../../planner/planner.ts';
import type { ChangeCte } from '../../planner/planner.ts';
import { runDelete, runInsert, runUpdate } from './dml.ts';
import { rowValues } from './key-text.ts';
import type { StatementResult } from './result.ts';
import type { StatementContext } from './statement-context.ts';

/** Runs one data change. */
export function runChange(
  context: StatementContext, change: DataChange, env: PlanEnv, parameters: readonly Value[],
): Promise<StatementResult> {
  switch (change.kind) {
    case 'insert': return runInsert(context, planInsert(change, env, parameters));
    case 'update': return runUpdate(context, planUpdate(change, env, parameters));
    case 'delete': return runDelete(context, planDelete(change, env, parameters));
  }
}

/** Runs the data changes of a statement's WITH; gives what planning the statement needs. */
export async function runChangesOfWith(
  context: StatementContext, statement: Query | DataChange, env: PlanEnv,
  parameters: readonly Value[],
): Promise<PlanEnv> {
  const changes = changesOf(statement);
  if (changes.length === 0) return env;
  await lockTargets(context, [...changes.map((cte) => cte.query), statement]);
  context.freeze();
  const results = new Map<Cte, readonly (readonly Value[])[]>();
  for (const cte of changes) {
    const result = await runChange(context, withNamesBefore(cte, statement),
      { ...env, changeResults: results }, parameters);
    results.set(cte, await rowsOf(result));
  }
  return { ...env, changeResults: results };
}

async function lockTargets(
  context: StatementContext, statements: readonly (Query | DataChange)[],
): Promise<void> {
  for (const statement of statements) {
    if (statement.kind === 'query') continue;
    const name = statement.kind === 'insert' ? statement.table : statement.table.name;
    await context.transaction.lock(context.resolve(name).id, 'change');
  }
}

/** The data change with the names of WITH that stand before it. */
function withNamesBefore(cte: ChangeCte, statement: Query | DataChange): DataChange {
  const around = statement.with;
  const { query: change } = cte;
  if (around === null) return change;
  const own = change.with?.ctes ?? [];
  const hidden = new Set(own.map(({ name }) => name.name));
  const before = around.ctes.slice(0, around.ctes.indexOf(cte))
    .filter(({ name }) => !hidden.has(name.name));
  if (before.length === 0) return change;
  const recursive = change.with === null || change.with.recursive === 'no' ? around.recursive
    : change.with.recursive;
  return { ...change, with: { ...around, recursive, ctes: [...before, ...own] } };
}

async function rowsOf(result: StatementResult): Promise<readonly (readonly Value[])[]> {
  if (result.kind !== 'rows') return [];
  const rows: (readonly Value[])[] = [];
  for (;;) {
    const batch = await result.rows.next(0);
    if (batch === null) return rows;
    for (let row = 0; row < batch.length; row++) rows.push(rowValues(batch, row));
  }
}
