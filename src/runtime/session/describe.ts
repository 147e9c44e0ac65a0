/**
 * What a statement's parameters and result columns are, without running it.
 *
 * Queries and data changes ask the planner; the few commands with rows have fixed columns.
 */
import type { SqlType } from '../../common/types/sql-type.ts';
import type { Value } from '../../common/values.ts';
import type { Statement } from '../../parser/ast-statements.ts';
import { describeParams } from '../../planner/planner.ts';
import type { PlanEnv } from '../../planner/bound.ts';
import type { StatementDescription } from '../session-api.ts';
import { explainColumns } from './explain.ts';
import { describeMerge } from './merge.ts';
import type { SessionState } from './session-state.ts';
import { showColumns } from './show.ts';
import { subscriptionColumns } from './subscribe.ts';
import type { StatementContext } from './statement-context.ts';
import { unitTestColumns } from './unit-test.ts';

/** A statement to describe. */
export interface Description {
  readonly statement: Statement;
  readonly parameterTypes: readonly (SqlType | null)[];
  readonly parameters?: readonly Value[];
}

/** Parameter types and result columns. */
export function describeStatement(
  session: SessionState, context: StatementContext, description: Description,
): StatementDescription {
  const { statement, parameterTypes } = description;
  const env: PlanEnv = { ...context.planning, parameterTypes };
  switch (statement.kind) {
    case 'query': case 'insert': case 'update': case 'delete':
      return describeParams(statement, env);
    case 'merge': return describeMerge(context, statement, env);
    case 'explain': return { parameters: [], columns: explainColumns(statement) };
    case 'declareCursor': {
      if (statement.query?.kind !== 'query') return { parameters: [], columns: null };
      return { ...describeParams(statement.query, env), columns: null };
    }
    case 'subscribe':
      return { parameters: [], columns: subscriptionColumns(context, statement) };
    case 'executeUnitTest': return { parameters: [], columns: unitTestColumns() };
    case 'show': return { parameters: [], columns: showColumns(statement) };
    case 'execute': {
      const prepared = session.statements.get(statement.name.name)?.parsed ?? null;
      if (prepared === null) return { parameters: [], columns: null };
      const inner = describeStatement(session, context, {
        statement: prepared.statement, parameterTypes: [],
      });
      return { parameters: [], columns: inner.columns };
    }
    case 'fetchCursor': {
      const portal = session.portals.get(statement.name.name);
      const columns = portal?.subscription?.columns
        ?? (portal?.result?.kind === 'rows' ? portal.result.columns : null);
      return { parameters: [], columns: statement.move ? null : columns };
    }
    default: return { parameters: [], columns: null };
  }
}
