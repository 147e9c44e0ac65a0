/**
 * SELECT: from its clauses to a relation, in PostgreSQL's order of meaning.
 *
 * FROM, WHERE, window of GROUP BY, aggregation, HAVING, window functions, set-returning functions,
 * projection, DISTINCT. ORDER BY is bound here as well, for it sees the select's names; keys that
 * are not among the outputs become hidden columns behind them.
 */
import { must } from '../common/assert.ts';
import { sqlError } from '../common/errors.ts';
import type { FillClause, Select, SortItem } from '../parser/ast.ts';
import { aggregateInput } from './bind-aggregation.ts';
import type { Binder, QueryPlace, StatementState } from './bind-context.ts';
import { exprBinder } from './bind-expr.ts';
import { fillInput } from './bind-fill.ts';
import { bindFrom } from './bind-from.ts';
import type { BoundFrom } from './bind-from.ts';
import { bindGrouping, bindGroupWindow } from './bind-grouping.ts';
import type { Grouping } from './bind-grouping.ts';
import { overInput, setsInput } from './bind-over.ts';
import { bindSortKeys, bindDistinctOn } from './bind-sort-keys.ts';
import type { SortTarget } from './bind-sort-keys.ts';
import { ARRIVAL, WINDOW_END } from './bind-tables.ts';
import { bindTargets } from './bind-targets.ts';
import type { Target } from './bind-targets.ts';
import type { Facted } from './bind-windows.ts';
import { coerceBoolean } from './coerce.ts';
import { notSupported } from './errors.ts';
import { withGroupedCalls } from './group-table-calls.ts';
import { distinct, filter } from './relation-tools.ts';
import type { RelationColumn, ScalarExpr, SortKey } from './relation.ts';
import { exprKey } from './scalar.ts';
import { NO_FACTS, Scope } from './scope.ts';
import type { BoundRelation, ColumnFacts } from './scope.ts';

/** Expressions above the input, which every stage rewrites. */
interface Stage {
  readonly input: Facted;
  readonly targets: readonly Target[];
  readonly sorts: readonly SortTarget[];
  readonly distinctOn: readonly ScalarExpr[];
  readonly having: ScalarExpr | null;
  /** Order of a single ordered subquery in FROM; rows keep it where nothing else is asked for. */
  readonly inherited: Scope['inputOrder'];
}

/** Binds a SELECT with the ORDER BY of its query. */
export function bindSelect(
  state: StatementState, written: Select, place: QueryPlace, orderBy: readonly SortItem[],
): BoundRelation {
  const select = withGroupedCalls(state, written);
  if (select.into !== null) {
    throw notSupported('SELECT INTO', select.into.span, 'Use CREATE TABLE ... AS.');
  }
  const scope = new Scope(place.outer);
  scope.hiddenItems = state.unreachable;
  state.unreachable = [];
  const from = bindFrom({
    state, withs: place.withs, outer: place.outer, lateral: null,
  }, select.from);
  enterFrom(scope, from, select);
  const binder = exprBinder(state, { scope, withs: place.withs, clause: 'SELECT' });
  let input: Facted = from;
  scope.phase = 'WHERE';
  if (select.where !== null) {
    const where = coerceBoolean(state, binder.within('WHERE').bind(select.where), 'WHERE');
    input = { facts: input.facts, relation: filter(input.relation, where) };
  }
  const windowed = bindGroupWindow(binder.within('GROUP BY'), select, input);
  if (windowed !== null) {
    input = windowed.input;
    scope.groupWindow = windowed.window;
  }
  scope.phase = 'above';
  const targets = bindTargets(binder, select.items, place);
  const grouping = bindGrouping(binder.within('GROUP BY'), select, targets);
  const stage = bindClauses(binder, select, { input, targets, orderBy, grouping });
  return finish(state, select, place, build(binder, stage, grouping, select));
}

/** The names of WINDOW differ, and a window stands behind the one it is based on. */
function checkWindows(select: Select): void {
  for (const [at, { name, spec }] of select.windows.entries()) {
    const earlier = select.windows.slice(0, at);
    if (earlier.some((other) => other.name.name === name.name)) {
      throw sqlError('42P20', `window "${name.name}" is already defined`, { span: name.span });
    }
    const { base } = spec;
    if (base !== null && !earlier.some((other) => other.name.name === base.name)) {
      throw sqlError('42704', `window "${base.name}" does not exist`, { span: base.span });
    }
  }
}

function enterFrom(scope: Scope, from: BoundFrom, select: Select): void {
  scope.items = from.items;
  scope.facts = from.facts;
  scope.namedWindows = select.windows;
  checkWindows(select);
  scope.implicitWindow = from.implicitWindow;
  if (select.from.length === 1) {
    scope.inputOrder = from.order.map((key) => ({
      expr: {
        kind: 'column', index: key.column,
        type: must(from.relation.columns[key.column], 'sort column').type,
      },
      descending: key.descending, nullsFirst: key.nullsFirst,
    }));
  }
}

interface Clauses {
  readonly input: Facted;
  readonly targets: readonly Target[];
  readonly orderBy: readonly SortItem[];
  readonly grouping: Grouping;
}

/** HAVING, DISTINCT ON and ORDER BY. */
function bindClauses(binder: Binder, select: Select, clauses: Clauses): Stage {
  const { state, scope } = binder;
  scope.groupExprs = clauses.grouping.exprs;
  const targets = rebindGroupings(binder, select, clauses.targets);
  scope.groupingKnown = true;
  const having = select.having === null ? null
    : coerceBoolean(state, binder.within('HAVING').bind(select.having), 'HAVING');
  const sorts = bindSortKeys(binder.within('ORDER BY'), clauses.orderBy, targets, select);
  const distinctOn = bindDistinctOn(binder.within('DISTINCT ON'), select, targets, sorts);
  return {
    input: clauses.input, targets, sorts, distinctOn, having, inherited: scope.inputOrder,
  };
}

/** GROUPING(...) can be bound only when GROUP BY is known; targets with one are bound again. */
function rebindGroupings(
  binder: Binder, select: Select, targets: readonly Target[],
): readonly Target[] {
  if (!binder.scope.groupingSeen) return targets;
  binder.scope.groupingKnown = true;
  binder.scope.overs.length = 0;
  binder.scope.tableCalls.length = 0;
  return bindTargets(binder, select.items, {});
}

function mapStage(stage: Stage, input: Facted, change: (expr: ScalarExpr) => ScalarExpr): Stage {
  return {
    input,
    targets: stage.targets.map((target) => ({ ...target, expr: change(target.expr) })),
    sorts: stage.sorts.map((sort) => ({ ...sort, expr: change(sort.expr) })),
    distinctOn: stage.distinctOn.map(change),
    having: stage.having === null ? null : change(stage.having),
    inherited: stage.inherited,
  };
}

/** The nodes between FROM and the projection. */
function build(
  binder: Binder, bound: Stage, grouping: Grouping, select: Select,
): Stage & { readonly aggregated: boolean } {
  const { state, scope } = binder;
  let stage = bound;
  const aggregated = select.groupBy.length > 0 || stage.having !== null
    || scope.aggregates.length > 0;
  if (aggregated) {
    const exprs = [
      ...stage.targets.map((target) => target.expr), ...stage.sorts.map((sort) => sort.expr),
      ...stage.distinctOn, ...(stage.having === null ? [] : [stage.having]),
      ...scope.overs.flatMap((over) => overExprs(over)),
      ...scope.tableCalls.flatMap((call) => call.args),
    ];
    const above = aggregateInput({ state, scope, input: stage.input, grouping }, exprs);
    stage = mapStage(stage, above.output, above.rewrite);
    rewriteCalls(scope, above.rewrite);
    if (select.fill !== null) stage = fillStage(binder, stage, grouping, select.fill);
  }
  if (stage.having !== null) {
    const relation = filter(stage.input.relation, stage.having);
    stage = { ...stage, input: { ...stage.input, relation } };
  }
  if (scope.overs.length > 0) {
    const above = overInput(stage.input, scope.overs);
    stage = mapStage(stage, above.output, above.rewrite);
    rewriteTableCalls(scope, above.rewrite);
  }
  if (scope.tableCalls.length > 0) {
    const above = setsInput(stage.input, scope.tableCalls);
    stage = mapStage(stage, above.output, above.rewrite);
  }
  return { ...stage, aggregated };
}

/** FILL: each output may be filled in a way of its own. */
function fillStage(
  binder: Binder, stage: Stage, grouping: Grouping, clause: FillClause,
): Stage {
  const { output, rewrite } = fillInput({
    binder, clause, input: stage.input, groups: grouping.exprs.length,
    targets: stage.targets.map(({ expr }) => expr),
  });
  const other = (expr: ScalarExpr): ScalarExpr => rewrite(expr, null);
  rewriteCalls(binder.scope, other);
  return {
    ...mapStage(stage, output, other),
    targets: stage.targets.map((target, at) => ({ ...target, expr: rewrite(target.expr, at) })),
  };
}

function overExprs(over: Scope['overs'][number]): ScalarExpr[] {
  return [
    ...over.call.args, ...(over.call.filter === null ? [] : [over.call.filter]),
    ...over.spec.partitionBy, ...over.spec.orderBy.map((key) => key.expr),
  ];
}

function rewriteCalls(scope: Scope, change: (expr: ScalarExpr) => ScalarExpr): void {
  for (const [at, over] of scope.overs.entries()) {
    scope.overs[at] = {
      call: {
        ...over.call, args: over.call.args.map(change),
        filter: over.call.filter === null ? null : change(over.call.filter),
      },
      spec: {
        ...over.spec, partitionBy: over.spec.partitionBy.map(change),
        orderBy: over.spec.orderBy.map((key) => ({ ...key, expr: change(key.expr) })),
      },
    };
  }
  rewriteTableCalls(scope, change);
}

function rewriteTableCalls(scope: Scope, change: (expr: ScalarExpr) => ScalarExpr): void {
  for (const [at, call] of scope.tableCalls.entries()) {
    scope.tableCalls[at] = { ...call, args: call.args.map(change) };
  }
}

// --------------------------------------------------------------------------------- projection

interface Outputs {
  readonly exprs: ScalarExpr[];
  readonly columns: RelationColumn[];
  readonly facts: ColumnFacts[];
}

function addOutput(outputs: Outputs, input: Facted, name: string, expr: ScalarExpr): void {
  const source = expr.kind === 'column' ? input.relation.columns[expr.index] : undefined;
  outputs.exprs.push(expr);
  outputs.columns.push({
    name, type: expr.type,
    ...(source?.notNull === true || (expr.kind === 'literal' && expr.value !== null)
      ? { notNull: true } : {}),
  });
  outputs.facts.push(expr.kind === 'column' ? input.facts[expr.index] ?? NO_FACTS : NO_FACTS);
}

function targetOf(targets: readonly Target[], expr: ScalarExpr): number | null {
  const key = exprKey(expr);
  const at = targets.findIndex((target) => exprKey(target.expr) === key);
  return at < 0 ? null : at;
}

/** Projection, DISTINCT and the order of the result. */
function finish(
  state: StatementState, select: Select, place: QueryPlace,
  stage: Stage & { readonly aggregated: boolean },
): BoundRelation {
  const { input } = stage;
  const outputs: Outputs = { exprs: [], columns: [], facts: [] };
  for (const target of stage.targets) addOutput(outputs, input, target.name, target.expr);
  const visible = outputs.exprs.length;
  const sorts = stage.sorts.length > 0 || select.distinct || stage.aggregated ? stage.sorts
    : stage.inherited.map((key) => ({ ...key, target: targetOf(stage.targets, key.expr) }));
  const order: SortKey[] = sorts.map((sort) => {
    let column = sort.target;
    if (column === null) {
      column = outputs.exprs.length;
      addOutput(outputs, input, `$sort${column}`, sort.expr);
    }
    return { column, descending: sort.descending, nullsFirst: sort.nullsFirst };
  });
  const distinctOn = stage.distinctOn.map((expr) => {
    const key = exprKey(expr);
    const known = outputs.exprs.findIndex((each) => exprKey(each) === key);
    if (known >= 0) return known;
    addOutput(outputs, input, `$distinct${outputs.exprs.length}`, expr);
    return outputs.exprs.length - 1;
  });
  carryHidden(state, { place, select, aggregated: stage.aggregated, input }, outputs);
  const projected: BoundRelation['relation'] = {
    kind: 'project', input: input.relation, exprs: outputs.exprs, columns: outputs.columns,
  };
  if (distinctOn.length > 0) {
    return {
      facts: outputs.facts, visible, order,
      relation: {
        kind: 'topN', input: projected, partitionBy: [...new Set(distinctOn)], orderBy: order,
        limit: 1n, offset: 0n, withTies: false, rank: 'none', columns: outputs.columns,
      },
    };
  }
  return {
    relation: select.distinct ? distinct(projected) : projected,
    facts: outputs.facts, visible, order,
  };
}

/** Adds `$arrival` and the end of the window behind the visible columns where they are wanted. */
function carryHidden(
  state: StatementState,
  how: { readonly place: QueryPlace; readonly select: Select; readonly aggregated: boolean;
    readonly input: Facted },
  outputs: Outputs,
): void {
  const { input, place, select } = how;
  if (state.closes && !outputs.facts.some((fact) => fact.window?.role === 'end')) {
    const index = input.facts.findIndex((fact) => fact.window?.role === 'end');
    const end = input.facts[index];
    const determined = end !== undefined && outputs.facts.some((fact) =>
      fact.window !== null && fact.window.window === end.window?.window);
    if (end !== undefined && (!select.distinct || determined)) {
      const { type } = must(input.relation.columns[index], 'column');
      addOutput(outputs, input, WINDOW_END, { kind: 'column', index, type });
    }
  }
  if (!place.carry || how.aggregated || select.distinct || select.distinctOn.length > 0) return;
  for (const [index, column] of input.relation.columns.entries()) {
    if (column.name !== ARRIVAL) continue;
    addOutput(outputs, input, ARRIVAL, { kind: 'column', index, type: column.type });
  }
}
