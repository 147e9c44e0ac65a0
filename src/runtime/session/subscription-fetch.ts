/**
 * DECLARE c SUBSCRIPTION CURSOR FOR s, and FETCH from it.
 */
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import type { DeclareCursor, FetchCursor, SubscriptionCursor as Written }
  from '../../parser/ast-statements.ts';
import type { Expr } from '../../parser/ast.ts';
import { constantArguments } from '../../planner/planner.ts';
import type { Batch } from '../batch.ts';
import { resolveSubscription, subscriptionFacts } from './named-subscription.ts';
import type { SubscriptionFacts } from './named-subscription.ts';
import { countOf } from './fetch-count.ts';
import { RowCursor, command } from './result.ts';
import type { StatementResult } from './result.ts';
import type { SessionState } from './session-state.ts';
import type { StatementContext } from './statement-context.ts';
import { fetchTimeout } from './subscribe.ts';
import { startAt, SubscriptionCursor } from './subscription-cursor.ts';
import type { CursorStart } from './subscription-cursor.ts';

/** DECLARE c SUBSCRIPTION CURSOR FOR s [FULL | SINCE ...]. */
export function declareSubscriptionCursor(
  session: SessionState, context: StatementContext, statement: DeclareCursor,
): StatementResult {
  const { name, span } = statement.name;
  if (session.portals.has(name)) {
    throw sqlError('42P03', `cursor "${name}" already exists`, { span });
  }
  const written = must(statement.subscription, 'subscription of a cursor');
  const object = resolveSubscription(context, written.name);
  const facts = subscriptionFacts(object);
  const relation = context.table(facts.relation);
  if (context.core.changelog(relation.id) === null) {
    throw sqlError('25001', `subscription "${object.name}" is not committed yet`, {
      span: written.name.span,
    });
  }
  const subscription = new SubscriptionCursor(context.core, {
    subscription: object.id, relation, start: startOf(context, written, facts),
  });
  session.portals.set(name, {
    name, parsed: null, parameters: [], parameterTypes: [], result: null,
    columns: subscription.columns, hold: true, cursor: true, finished: false, subscription,
  });
  return command('DECLARE SUBSCRIPTION_CURSOR');
}

function startOf(
  context: StatementContext, { full, since }: Written, facts: SubscriptionFacts,
): CursorStart {
  if (full) return { kind: 'full' };
  const log = must(context.core.changelog(facts.relation), 'changelog of a subscription');
  const newest = context.core.info.epoch().epoch;
  switch (since === null ? 'now' : callOf(since)) {
    case 'now': case 'proctime': return { kind: 'after', epoch: newest };
    case 'begin': return { kind: 'after', epoch: log.floor.epoch };
    case 'acknowledged': {
      if (facts.acknowledged === null) return { kind: 'full' };
      return { kind: 'after', epoch: facts.acknowledged };
    }
    default: {
      const micros = momentOf(context, must(since, 'SINCE'));
      return { kind: 'after', epoch: startAt(log, micros, newest) };
    }
  }
}

/** The name of a function called without arguments, or null. */
function callOf(expr: Expr): string | null {
  if (expr.kind !== 'functionCall' || expr.args.length > 0) return null;
  return expr.name.parts.at(-1)?.name ?? null;
}

/** Milliseconds since 1970, or a timestamp, as microseconds. */
function momentOf(context: StatementContext, expr: Expr): bigint {
  const number = expr.kind === 'integerLiteral';
  const [value] = constantArguments([expr], [{ name: number ? 'int8' : 'timestamptz' }], {
    env: context.planning, context: context.evaluation,
  });
  if (typeof value === 'bigint') return number ? value * 1000n : value;
  throw sqlError('22004', 'SINCE needs a moment', {
    span: expr.span, hint: 'Write milliseconds since 1970, a timestamp, now() or begin().',
  });
}

/** FETCH [NEXT | n] FROM c [WITH (timeout = '1s')]. */
export async function fetchChanges(
  context: StatementContext, statement: FetchCursor, cursor: SubscriptionCursor,
): Promise<StatementResult> {
  const count = countOf(statement);
  const timeout = fetchTimeout(context, statement);
  const { scope, core } = context;
  // The shape of the rows may change between fetches, never within one.
  const { columns } = cursor;
  const batches: Batch[] = [];
  if (!cursor.reshaped()) {
    if (timeout !== null && count !== 0 && !cursor.ready) {
      scope.untimed();
      await waitFor(context, cursor, core.environment.clock.nowMicros() + timeout);
    }
    for (let total = 0; count === null || total < count;) {
      const batch = cursor.next(count === null ? null : count - total);
      if (batch === null) break;
      batches.push(batch);
      total += batch.length;
    }
  }
  if (statement.move) {
    return command(`MOVE ${batches.reduce((sum, batch) => sum + batch.length, 0)}`);
  }
  return {
    kind: 'rows', columns, rows: RowCursor.of(batches), tag: (rows) => `FETCH ${rows}`,
  };
}

async function waitFor(
  { scope }: StatementContext, cursor: SubscriptionCursor, at: bigint,
): Promise<void> {
  const reader = cursor.reader(scope.cancelled);
  scope.subscriptions.add(reader);
  try {
    await reader.wait(at);
  } finally {
    scope.subscriptions.delete(reader);
  }
  if (scope.cancelled()) throw sqlError('57014', 'canceling statement due to user request');
}
