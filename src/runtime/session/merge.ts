/**
 * MERGE: its data changes one after the other, none of which sees what the others change.
 */
import { sqlError } from '../../common/errors.ts';
import type { Value } from '../../common/values.ts';
import type { Merge } from '../../parser/ast-statements.ts';
import type { PlanEnv } from '../../planner/bound.ts';
import { mergeSteps } from '../../planner/merge.ts';
import type { MergeSteps } from '../../planner/merge.ts';
import { describeParams, planSelect } from '../../planner/planner.ts';
import type { StatementDescription } from '../session-api.ts';
import { runChange } from './dml-with.ts';
import { KIND_NAME } from './relation-label.ts';
import { command } from './result.ts';
import type { StatementResult } from './result.ts';
import type { StatementContext } from './statement-context.ts';

/** The data changes of a MERGE; 0A000 when its target is no table. */
export function stepsOf(context: StatementContext, merge: Merge): MergeSteps {
  const relation = context.resolve(merge.table.name);
  if (relation.kind !== 'table') {
    throw sqlError('0A000', `cannot execute MERGE on relation "${relation.name}"`, {
      span: merge.table.span,
      detail: `This operation is not supported for ${KIND_NAME[relation.kind]}s.`,
    });
  }
  return mergeSteps(merge, relation);
}

/** Runs MERGE. */
export async function runMerge(
  context: StatementContext, merge: Merge, env: PlanEnv, parameters: readonly Value[],
): Promise<StatementResult> {
  const { repeated, changes } = stepsOf(context, merge);
  await context.transaction.lock(context.resolve(merge.table.name).id, 'change');
  context.freeze();
  if (repeated !== null) {
    const rows = await context.runToEnd(planSelect(repeated, env, parameters));
    if (rows.some(({ length }) => length > 0)) {
      throw sqlError('21000', 'MERGE command cannot affect row a second time', {
        hint: 'Ensure that not more than one source row matches any one target row.',
      });
    }
  }
  let count = 0;
  for (const change of changes) {
    const result = await runChange(context, change, env, parameters);
    if (result.kind === 'command') count += Number(/\d+$/.exec(result.tag)?.[0] ?? 0);
  }
  return command(`MERGE ${count}`);
}

/** The parameters of a MERGE: of each the first type that some part of it tells. */
export function describeMerge(
  context: StatementContext, merge: Merge, env: PlanEnv,
): StatementDescription {
  const { changes, repeated } = stepsOf(context, merge);
  const known = [...env.parameterTypes ?? []];
  for (const each of [...changes, ...repeated === null ? [] : [repeated]]) {
    for (const [at, type] of describeParams(each, env).parameters.entries()) {
      const before = known[at] ?? null;
      if (before === null || before.name === 'text') known[at] = type;
    }
  }
  return { parameters: known.map((type) => type ?? { name: 'text' }), columns: null };
}
