/**
 * From a bound query to the plan the runtime executes: rewrites, then lowering.
 *
 * `lowerQuery` for statements that run once, `lowerView` for views and incremental subscriptions.
 * Parameters are literals by now. Holds the order of steps; the steps are in rewrites/ and lower-*.
 */
import { sqlError } from '../common/errors.ts';
import type { Notice } from '../common/errors.ts';
import type { BoundQuery, PlanEnv, ViewOptions } from './bound.ts';
import type { CatalogReader, ColumnWatermark } from './catalog.ts';
import type { Dataflow, NodeId } from './dataflow.ts';
import { findFastPath } from './fast-path.ts';
import { raiseConstantErrors } from './constant-errors.ts';
import { evaluateConstant } from './fold.ts';
import type { EvaluationContext } from './functions/entry.ts';
import { DataflowBuilder } from './lower-builder.ts';
import { Lowering } from './lower-relation.ts';
import { keepingArrival } from './rewrites/arrival-of-time.ts';
import { lateRelation } from './lower-late.ts';
import { stateNotices } from './notices.ts';
import type { QueryPlan, ResultColumn, ViewPlan } from './plans.ts';
import { Properties } from './properties.ts';
import type { Relation, ScalarExpr } from './relation.ts';
import type { RewriteContext } from './rewrites/context.ts';
import { withEnough } from './rewrites/enough-rows.ts';
import { rewriteRelation } from './rewrites/registry.ts';
import { withRowRange } from './row-range.ts';

/** What constants are evaluated with while planning. */
export function planningContext(catalog: CatalogReader): EvaluationContext {
  return {
    timeZone: catalog.session.timeZone, dateStyle: 'ISO, MDY', intervalStyle: 'postgres',
    extraFloatDigits: 1, now: 0n,
  };
}

function rewriteContext(
  env: PlanEnv, mode: 'view' | 'query', allowedLatenessMicros: bigint,
): RewriteContext {
  return {
    catalog: env.catalog, mode, allowedLatenessMicros, late: [],
    evaluation: planningContext(env.catalog),
  };
}

/** Plans a query that runs once. */
export function lowerQuery(bound: BoundQuery, env: PlanEnv): QueryPlan {
  const context = rewriteContext(env, 'query', 0n);
  raiseConstantErrors(bound.relation, context.evaluation);
  const ranged = withRowRange(bound);
  const limit = rowCount(ranged.limit, 'LIMIT', context);
  const offset = rowCount(ranged.offset, 'OFFSET', context) ?? 0n;
  const rewritten = rewriteRelation(ranged.relation, context);
  const relation = limit === null || bound.orderBy.length > 0 ? rewritten
    : withEnough(rewritten, limit + offset);
  const builder = new DataflowBuilder();
  const properties = new Properties(env.catalog, { snapshot: true });
  const output = new Lowering(builder, properties, { kind: 'query' }).lower(relation);
  return {
    kind: 'query', columns: bound.columns, relation, dataflow: builder.finish(output, null),
    orderBy: bound.orderBy, limit, offset, withTies: ranged.withTies,
    reads: bound.reads, fastPath: findFastPath(relation, env.catalog),
  };
}

function rowCount(
  expr: ScalarExpr | null, clause: 'LIMIT' | 'OFFSET', context: RewriteContext,
): bigint | null {
  if (expr === null) return null;
  const value = evaluateConstant(expr, context.evaluation);
  if (value === null) return null;
  const count = BigInt(value as bigint | number);
  if (count >= 0n) return count;
  throw clause === 'LIMIT' ? sqlError('2201W', 'LIMIT must not be negative')
    : sqlError('2201X', 'OFFSET must not be negative');
}

/** Plans a materialized view. */
export function lowerView(bound: BoundQuery, env: PlanEnv, options: ViewOptions): ViewPlan {
  const context = rewriteContext(env, 'view', options.allowedLatenessMicros);
  const visible = visibleOnly(bound.relation, bound.columns.length);
  const rowTtl = options.ttlMicros ?? null;
  const marked = rowTtl !== null || bound.emit.everyMicros !== null ? null
    : keepingArrival(visible, env.catalog);
  const relation = rewriteRelation(marked ?? visible, context);
  const builder = new DataflowBuilder();
  const properties = new Properties(env.catalog);
  const lowering = new Lowering(builder, properties, {
    kind: 'view', ttlMicros: options.stateTtlMicros,
  }).prepare(relation);
  const output = throttled(builder, aged(builder, lowering.lower(relation), rowTtl),
    bound.emit.everyMicros);
  const late = lateRelation(context.late);
  const lateNode = late === null ? null : lowering.lower(late);
  const dataflow = builder.finish(output, lateNode);
  const key = properties.key(relation);
  return {
    kind: 'view', columns: bound.columns, relation, dataflow,
    key: key === null ? null : [...key],
    appendOnly: rowTtl === null && properties.appendOnly(relation),
    columnWatermarks: columnWatermarks(properties, relation), marksArrival: marked !== null,
    lateColumns: late === null || !options.keepLate ? null : late.columns.map(lateColumn),
    reads: bound.reads, functions: bound.functions ?? [],
    notices: viewNotices(bound, dataflow, options),
  };
}

function lateColumn(each: Relation['columns'][number]): ResultColumn {
  return { name: each.name, type: each.type, relation: 0, attribute: 0 };
}

/** A view has no hidden columns. */
function visibleOnly(relation: Relation, width: number): Relation {
  if (relation.columns.length === width) return relation;
  const columns = relation.columns.slice(0, width);
  return {
    kind: 'project', input: relation, columns,
    exprs: columns.map((each, index) => ({ kind: 'column', index, type: each.type })),
  };
}

/** The view's rows, each until it is so old. */
function aged(builder: DataflowBuilder, output: NodeId, micros: bigint | null): NodeId {
  if (micros === null) return output;
  const { columns, key } = builder.node(output);
  return builder.add({
    kind: 'ttl', inputs: [output], micros, groupBy: null, columns, key, appendOnly: false,
    bound: 'ttl',
  });
}

function throttled(builder: DataflowBuilder, output: NodeId, micros: bigint | null): NodeId {
  if (micros === null) return output;
  const node = builder.node(output);
  return builder.add({
    kind: 'throttle', micros, inputs: [output], columns: node.columns, key: node.key,
    appendOnly: node.appendOnly, bound: 'keys',
  });
}

function columnWatermarks(
  properties: Properties, relation: Relation,
): readonly ColumnWatermark[] {
  return [...properties.watermarks(relation)].map(([column, fact]) => (
    { column, watermark: fact.watermark, exact: fact.exact }));
}

function viewNotices(
  bound: BoundQuery, dataflow: Dataflow, options: ViewOptions,
): readonly Notice[] {
  const found = stateNotices(dataflow);
  const first = found[0];
  if (options.requireBoundedState && first !== undefined) {
    throw sqlError('0A000', first.message, { detail: first.detail, hint: first.hint });
  }
  return [...bound.notices, ...found];
}
