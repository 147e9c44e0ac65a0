/**
 * SUBSCRIBE: reads the statement, and starts the stream it asks for.
 *
 * A stored relation is followed as it is; everything else (a view, a source, a SELECT) by way of a
 * hidden materialized view. A subscription sees committed rows only, from the newest epoch on,
 * whatever the transaction around it has pinned.
 */
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import type { Span } from '../../common/span.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { FetchCursor, Subscribe } from '../../parser/ast-statements.ts';
import type { Expr, Option, Query } from '../../parser/ast.ts';
import {
  bindQuery, constantArguments, planSelect, selectFrom,
} from '../../planner/planner.ts';
import type { ResultColumn, ViewPlan } from '../../planner/plans.ts';
import type { Batch } from '../batch.ts';
import { concatBatches, consolidate } from '../engine-rows.ts';
import { findSubscription, subscriptionFacts } from './named-subscription.ts';
import { durationOf } from './duration.ts';
import { RowCursor } from './result.ts';
import type { StatementResult } from './result.ts';
import type { StatementContext } from './statement-context.ts';
import { SubscriptionRows } from './subscription-rows.ts';
import type { SubscriptionShape } from './subscription-rows.ts';
import {
  createSubscriptionView, dropSubscriptionView, planSubscription, rowErrorsOf,
} from './subscription-view.ts';
import { Subscription } from './subscription.ts';
import type { SubscriptionOptions } from './subscription.ts';

/** What is subscribed to. */
interface Subject {
  readonly columns: readonly { readonly name: string; readonly type: SqlType }[];
  readonly key: readonly number[] | null;
  /** A stored relation's oid, or the query to keep up to date. */
  readonly relation: number | null;
  readonly query: Query;
  /** Where the consumer of a subscription left off; null for other subjects. */
  readonly acknowledged: bigint | null;
  /** True when it goes on there: it has the rows already. */
  readonly resumed: boolean;
}

/** The columns of a subscription, without starting it. */
export function subscriptionColumns(
  context: StatementContext, statement: Subscribe,
): readonly ResultColumn[] {
  return rowsOf(statement, subjectOf(context, statement)).columns;
}

/** SUBSCRIBE. */
export async function subscribe(
  context: StatementContext, statement: Subscribe,
): Promise<StatementResult & { kind: 'rows' }> {
  if (context.transaction.hasChanges) {
    throw sqlError('25001', 'SUBSCRIBE cannot run in a transaction that has changed something', {
      span: statement.span, hint: 'Commit the changes first.',
    });
  }
  const subject = subjectOf(context, statement);
  const rows = rowsOf(statement, subject);
  const { snapshot, progress } = optionsOf(statement);
  const asOf = startingEpoch(context, statement, subject);
  const upTo = statement.upTo === null ? null : epochOf(context, statement.upTo, 'UP TO');
  context.scope.untimed();
  const live = await start(context, subject, {
    rows, progress, upTo, asOf, snapshot: snapshot ?? !subject.resumed,
  });
  return {
    kind: 'rows', columns: rows.columns, rows: new RowCursor(live), live,
    tag: (count) => `SUBSCRIBE ${count}`,
  };
}

type Wanted = Pick<SubscriptionOptions, 'rows' | 'snapshot' | 'progress' | 'upTo' | 'asOf'>;

async function start(
  context: StatementContext, subject: Subject, wanted: Wanted,
): Promise<Subscription> {
  const { relation, query } = subject;
  if (relation !== null) {
    return open(context, subject, wanted, { source: { relation, errors: null } });
  }
  const plan = planSubscription(context, query);
  if (neverChanges(plan)) {
    const types = plan.columns.map(({ type }) => type);
    const found = await context.runToEnd(planSelect(query, context.planning, []));
    const constant: readonly Batch[] = [consolidate(concatBatches(types, found))];
    return open(context, { ...subject, columns: plan.columns }, wanted, { source: { constant } });
  }
  const view = await createSubscriptionView(context, query, plan);
  try {
    const errors = rowErrorsOf(context.core, view);
    return open(context, { ...subject, columns: plan.columns }, wanted,
      { source: { relation: view, errors }, view });
  } catch (error) {
    await dropSubscriptionView(context.core, view);
    throw error;
  }
}

function open(
  context: StatementContext, { columns }: Subject, wanted: Wanted,
  from: { readonly source: SubscriptionOptions['source']; readonly view?: number },
): Subscription {
  const { core, scope } = context;
  const live = new Subscription({
    ...wanted, core, columns, source: from.source, cancelled: scope.cancelled,
    ended: async (subscription) => {
      scope.subscriptions.delete(subscription);
      if (from.view !== undefined) await dropSubscriptionView(core, from.view);
    },
  });
  scope.subscriptions.add(live);
  return live;
}

/** True for a query that reads nothing (views aside): its rows stand for ever. */
function neverChanges({ dataflow }: ViewPlan): boolean {
  return dataflow.nodes.every(({ kind }) => kind !== 'source' && kind !== 'temporalFilter'
    && kind !== 'throttle' && kind !== 'recursive');
}

function subjectOf(context: StatementContext, statement: Subscribe): Subject {
  const { name, query } = statement;
  if (name === null) {
    const written = must(query, 'query of SUBSCRIBE');
    const bound = bindQuery(written, context.planning);
    return {
      query: written, relation: null, key: null, acknowledged: null, resumed: false,
      columns: bound.columns.map(({ name: label, type }) => ({
        name: label, type: type.name === 'unknown' ? { name: 'text' } : type,
      })),
    };
  }
  const subscription = context.find(name) === null ? findSubscription(context, name) : null;
  const facts = subscription === null ? null : subscriptionFacts(subscription);
  const relation = facts === null ? context.resolve(name) : context.table(facts.relation);
  if (relation.kind === 'system') {
    throw sqlError('0A000', `cannot subscribe to system relation "${relation.name}"`, {
      span: name.span, hint: 'Read it with SELECT: it is computed when it is read.',
    });
  }
  const followed = relation.kind !== 'view' && relation.stored;
  return {
    acknowledged: facts?.acknowledged ?? null,
    resumed: statement.asOf === null && facts !== null && facts.acknowledged !== null,
    columns: relation.columns, key: relation.primaryKey, relation: followed ? relation.id : null,
    query: selectFrom(name, []),
  };
}

function rowsOf(statement: Subscribe, subject: Subject): SubscriptionRows {
  const { progress } = optionsOf(statement);
  return new SubscriptionRows(subject.columns, {
    envelope: statement.envelope, progress, key: keyOf(statement, subject),
  });
}

function keyOf(
  { envelope, keys, span }: Subscribe, { columns, key }: Subject,
): SubscriptionShape['key'] {
  if (envelope === null) return [];
  const named = keys.map((each) => {
    const at = columns.findIndex(({ name }) => name === each.name);
    if (at >= 0) return at;
    throw sqlError('42703', `column "${each.name}" does not exist`, { span: each.span });
  });
  const found = named.length > 0 ? named : key ?? [];
  if (found.length > 0) return found;
  throw sqlError('42P17', `ENVELOPE ${envelope.toUpperCase()} needs a key`, {
    span, hint: `Write ENVELOPE ${envelope.toUpperCase()} (KEY (column, ...)).`,
  });
}

function optionsOf(
  { options }: Subscribe,
): { readonly snapshot: boolean | null; readonly progress: boolean } {
  let snapshot: boolean | null = null;
  let progress = false;
  for (const option of options) {
    const name = option.name.toLowerCase();
    if (name === 'snapshot') snapshot = flag(option);
    else if (name === 'progress') progress = flag(option);
    else {
      throw sqlError('0A000', `SUBSCRIBE option "${option.name}" is not supported`, {
        span: option.span, hint: 'Available options: SNAPSHOT, PROGRESS.',
      });
    }
  }
  return { snapshot, progress };
}

function flag(option: Option): boolean {
  const { value } = option;
  if (value === null) return true;
  if (value.kind === 'booleanLiteral') return value.value;
  if (value.kind === 'stringLiteral') {
    const text = value.value.toLowerCase();
    if (['true', 'on', 'yes', '1'].includes(text)) return true;
    if (['false', 'off', 'no', '0'].includes(text)) return false;
  }
  throw sqlError('22023', `option "${option.name}" requires a Boolean value`, {
    span: option.span,
  });
}

function epochOf(context: StatementContext, expr: Expr, clause: string): bigint {
  const [value] = constantArguments([expr], [{ name: 'int8' }], {
    env: context.planning, context: context.evaluation,
  });
  if (typeof value === 'bigint') return value;
  throw sqlError('22004', `${clause} must be an epoch`, { span: expr.span });
}

/** The epoch to begin with; null for the newest. */
function startingEpoch(
  context: StatementContext, { asOf }: Subscribe, subject: Subject,
): bigint | null {
  if (asOf === null) return subject.resumed ? subject.acknowledged : null;
  const wanted = epochOf(context, asOf.value, 'AS OF');
  const { epoch } = context.core.info.epoch();
  if (wanted === epoch) return null;
  const log = subject.relation === null ? null : context.core.changelog(subject.relation);
  if (log === null) {
    if (asOf.atLeast && wanted < epoch) return null;
    throw pastNotKept(asOf.span, epoch);
  }
  if (wanted > epoch) {
    throw sqlError('22023', `epoch ${wanted} has not been published`, {
      span: asOf.span, hint: `The newest epoch is ${epoch}.`,
    });
  }
  return asOf.atLeast && wanted < log.floor.epoch ? log.floor.epoch : wanted;
}

function pastNotKept(span: Span, epoch: bigint): Error {
  return sqlError('0A000', 'SUBSCRIBE ... AS OF another than the newest epoch is not supported '
    + 'where changes are not kept', {
    span, hint: `Leave AS OF away (the newest epoch is ${epoch}), or keep changes with the option `
      + 'retain_history of the table or materialized view.',
  });
}

/** FETCH ... WITH (timeout = '1s'): how long to wait for the first row, or null. */
export function fetchTimeout(context: StatementContext, statement: FetchCursor): bigint | null {
  let micros: bigint | null = null;
  for (const option of statement.options) {
    if (option.name.toLowerCase() !== 'timeout') {
      throw sqlError('0A000', `FETCH option "${option.name}" is not supported`, {
        span: option.span, hint: `Write WITH (timeout = '1s').`,
      });
    }
    micros = durationOf(context, option, 'FETCH option');
  }
  return micros;
}
