/**
 * The hidden materialized view behind SUBSCRIBE to a query.
 *
 * It lives in a schema that has no name, so that nothing finds it by name, and goes with its
 * subscription. A crash may leave one over: those are dropped when the engine opens.
 */
import { SqlError } from '../../common/errors.ts';
import type { Query } from '../../parser/ast.ts';
import { planView, viewOptions } from '../../planner/planner.ts';
import type { ViewPlan } from '../../planner/plans.ts';
import type { DdlChange, StoredRelation } from '../catalog-store-types.ts';
import { isSubscriptionView, SUBSCRIPTION_SCHEMA } from '../catalog-store.ts';
import type { EngineCoreFace } from '../engine-core.ts';
import type { StatementContext } from './statement-context.ts';

/** Plans a query as a view that is kept up to date. */
export function planSubscription(context: StatementContext, query: Query): ViewPlan {
  const settings = context.scope.settings;
  const plan = planView(query, context.planning, viewOptions([], {
    name: 'subscription', requireBoundedState: settings.get('require_bounded_state') === 'on',
  }));
  for (const notice of plan.notices) context.scope.notice(notice);
  return plan;
}

/** Makes the view, in an epoch of its own; gives its oid. */
export async function createSubscriptionView(
  context: StatementContext, query: Query, plan: ViewPlan,
): Promise<number> {
  const { core, scope } = context;
  const id = core.catalog.allocate();
  const { dataflow, key, appendOnly, lateColumns, reads } = plan;
  const columns = plan.columns.map(({ name, type }) => ({ name, type, relation: 0, attribute: 0 }));
  const relation: StoredRelation = {
    id, schema: 'subscription', name: `subscription_${id}`, database: scope.database.id,
    schemaId: SUBSCRIPTION_SCHEMA, owner: scope.user, kind: 'materializedView',
    sql: context.text.slice(query.span.start, query.span.end),
    columns: columns.map(({ name, type }) => ({
      name, type, notNull: false, defaultExpr: null, generated: null, identity: null,
    })),
    options: [], primaryKey: key, uniqueKeys: [], checks: [], appendOnly, watermark: null,
    columnWatermarks: plan.columnWatermarks, marksArrival: plan.marksArrival,
    stored: true, connector: null, onConflict: null,
    definition: { query, searchPath: context.catalog.searchPath }, belongsTo: null,
    dependsOn: reads, view: { dataflow, columns, key, appendOnly, lateColumns, reads },
  };
  await core.commit([], [{ kind: 'createRelation', relation }]);
  return id;
}

/** Oid of the relation that keeps the rows a subscription's view could not compute. */
export function rowErrorsOf(core: EngineCoreFace, view: number): number | null {
  for (const relation of core.catalog.state.relations.values()) {
    if (relation.belongsTo === view) return relation.id;
  }
  return null;
}

/** Drops the view, if it is still there. */
export async function dropSubscriptionView(core: EngineCoreFace, id: number): Promise<void> {
  if (core.catalog.state.relation(id) === null) return;
  await dropViews(core, [{ kind: 'dropRelation', id }]);
}

/** Drops what subscriptions before a crash left over. */
export async function dropLeftOverViews(core: EngineCoreFace): Promise<void> {
  const left = [...core.catalog.state.relations.values()].filter((relation) =>
    isSubscriptionView(relation) && relation.belongsTo === null);
  if (left.length === 0) return;
  await dropViews(core, left.map(({ id }) => ({ kind: 'dropRelation', id })));
}

/** An engine that stops, or has no space, keeps the view until it is opened again. */
async function dropViews(core: EngineCoreFace, changes: readonly DdlChange[]): Promise<void> {
  try {
    await core.commit([], changes);
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    core.environment.log(`a subscription's view stays until the next start: ${error.message}`);
  }
}
