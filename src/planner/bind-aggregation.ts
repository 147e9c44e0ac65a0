/**
 * The aggregation of a SELECT: the node itself, and the expressions above it rewritten to its
 * output (grouping expressions, aggregates, functionally dependent columns).
 *
 * Grouping sets become a union of aggregations over one shared input. Under EMIT ON WINDOW CLOSE
 * the window's end is kept among the outputs.
 */
import { must } from '../common/assert.ts';
import type { StatementState } from './bind-context.ts';
import { functionChoice } from './bind-call-tools.ts';
import { mapDeep } from './bind-levels.ts';
import { groupingValue } from './bind-special-calls.ts';
import type { Grouping } from './bind-grouping.ts';
import type { Facted } from './bind-windows.ts';
import { INT4 } from './bind-types.ts';
import { notGrouped, outerNotGrouped } from './errors.ts';
import { nullOf } from './expr-tools.ts';
import type { AggregateCall, Relation, RelationColumn, ScalarExpr } from './relation.ts';
import { exprKey } from './scalar.ts';
import {
  AGGREGATE_BASE, GROUPING_BASE, liftExpr, NO_FACTS, OVER_BASE, PENDING_BASE,
} from './scope.ts';
import type { ColumnFacts, Scope } from './scope.ts';

/** The input grouped, and how expressions over the input read over the output. */
export interface Aggregated {
  readonly output: Facted;
  readonly rewrite: (expr: ScalarExpr) => ScalarExpr;
}

interface Work {
  readonly state: StatementState;
  readonly scope: Scope;
  readonly input: Facted;
  readonly grouping: Grouping;
}

/** Makes the aggregation; `exprs` are all expressions that will stand above it. */
export function aggregateInput(work: Work, exprs: readonly ScalarExpr[]): Aggregated {
  const { scope, grouping, input } = work;
  const groups = grouping.exprs;
  const aggregates: AggregateCall[] = [...scope.aggregates];
  const ends = work.state.closes ? keepWindowEnds(work, aggregates)
    : new Map<number, ColumnFacts>();
  addDependent(work, exprs);
  const positions = new Map(groups.map((expr, at): [string, number] => [exprKey(expr), at]));
  const facts = [
    ...groups.map((expr) => (expr.kind === 'column' && grouping.sets === null
      ? must(input.facts[expr.index], 'facts') : NO_FACTS)),
    ...aggregates.map((_call, at) => ends.get(at) ?? NO_FACTS),
    ...scope.groupings.map(() => NO_FACTS),
  ];
  const relation = grouping.sets === null
    ? withGroupings(work, single(work, aggregates), groups.length + aggregates.length)
    : setsUnion(work, grouping.sets, aggregates);
  return {
    output: { relation, facts },
    rewrite: (expr) => {
      // A constant on its own may be a grouping expression, NULL in the sets without it.
      const constant = expr.kind === 'literal' && grouping.sets !== null
        ? positions.get(exprKey(expr)) : undefined;
      return constant === undefined
        ? rewriteAbove({ work, positions, aggregates: aggregates.length }, expr)
        : { kind: 'column', index: constant, type: expr.type };
    },
  };
}

/** GROUPING() without grouping sets is always 0. */
function withGroupings(work: Work, relation: Relation, count: number): Relation {
  if (work.scope.groupings.length === 0) return relation;
  const zeros = work.scope.groupings.map((): ScalarExpr =>
    ({ kind: 'literal', value: 0, type: INT4 }));
  return {
    kind: 'project', input: relation,
    exprs: [...relation.columns.slice(0, count).map((column, index): ScalarExpr =>
      ({ kind: 'column', index, type: column.type })), ...zeros],
    columns: [...relation.columns, ...zeros.map(() => ({ name: 'grouping', type: INT4 }))],
  };
}

function groupColumn(work: Work, expr: ScalarExpr, at: number): RelationColumn {
  const column = expr.kind === 'column' ? work.input.relation.columns[expr.index] : undefined;
  return column ?? { name: `group${at + 1}`, type: expr.type };
}

function aggregateColumns(aggregates: readonly AggregateCall[]): RelationColumn[] {
  return aggregates.map((call) => ({
    name: call.function.slice(0, call.function.indexOf('(')), type: call.type,
  }));
}

function plainCall(call: AggregateCall): AggregateCall {
  return {
    function: call.function, args: call.args, distinct: call.distinct, filter: call.filter,
    orderBy: call.orderBy, type: call.type,
  };
}

function single(work: Work, aggregates: readonly AggregateCall[]): Relation {
  const groups = work.grouping.exprs;
  return {
    kind: 'aggregate', input: work.input.relation, groupBy: [...groups], groupingSets: null,
    aggregates: aggregates.map(plainCall),
    columns: [...groups.map((expr, at) => groupColumn(work, expr, at)),
      ...aggregateColumns(aggregates)],
  };
}

/** One aggregation per grouping set; expressions outside the set are NULL. */
function setsUnion(
  work: Work, sets: readonly (readonly number[])[], aggregates: readonly AggregateCall[],
): Relation {
  const groups = work.grouping.exprs;
  const columns: RelationColumn[] = [
    ...groups.map((expr, at) => ({ name: groupColumn(work, expr, at).name, type: expr.type })),
    ...aggregateColumns(aggregates),
    ...work.scope.groupings.map(() => ({ name: 'grouping', type: INT4 })),
  ];
  const inputs = sets.map((set): Relation => {
    const members = new Set(set);
    const node: Relation = {
      kind: 'aggregate', input: work.input.relation, groupingSets: null,
      groupBy: set.map((at) => must(groups[at], 'group expression')),
      aggregates: aggregates.map(plainCall),
      columns: [...set.map((at) => groupColumn(work, must(groups[at], 'group expression'), at)),
        ...aggregateColumns(aggregates)],
    };
    const exprs = [
      ...groups.map((expr, at): ScalarExpr => (members.has(at)
        ? { kind: 'column', index: set.indexOf(at), type: expr.type } : nullOf(expr.type))),
      ...aggregates.map((call, at): ScalarExpr =>
        ({ kind: 'column', index: set.length + at, type: call.type })),
      ...work.scope.groupings.map((indexes) => groupingValue(indexes, members)),
    ];
    return { kind: 'project', input: node, exprs, columns };
  });
  return inputs.length === 1 ? must(inputs[0], 'branch') : { kind: 'union', inputs, columns };
}

// ------------------------------------------------------------------------------ window ends kept

/**
 * EMIT ON WINDOW CLOSE closes groups by window_end. Where only window_start is grouped by, the end
 * of TUMBLE and HOP joins the keys (it follows from the start), of the others the latest end is
 * computed. Returns facts of added aggregates by number.
 */
function keepWindowEnds(work: Work, aggregates: AggregateCall[]): Map<number, ColumnFacts> {
  const { input, grouping } = work;
  const added = new Map<number, ColumnFacts>();
  if (grouping.sets !== null) return added;
  const grouped = grouping.exprs.flatMap((expr) =>
    (expr.kind === 'column' ? [input.facts[expr.index]?.window ?? null] : []));
  for (const [index, fact] of input.facts.entries()) {
    const { window } = fact;
    if (window?.role !== 'end') continue;
    const same = grouped.filter((each) => each?.window === window.window);
    if (same.length === 0 || same.some((each) => each?.role === 'end')) continue;
    const end: ScalarExpr = {
      kind: 'column', index, type: must(input.relation.columns[index], 'column').type,
    };
    if (window.kind === 'tumble' || window.kind === 'hop') {
      grouping.exprs.push(end);
      continue;
    }
    const choice = functionChoice({ name: 'max', span: { start: -1, end: -1 } }, [end],
      ['aggregate']);
    const max = must(choice, 'max');
    added.set(aggregates.length, fact);
    aggregates.push({
      function: max.entry.id, args: [end], distinct: false, filter: null, orderBy: [],
      type: max.result,
    });
  }
  return added;
}

// ----------------------------------------------------------------------- expressions rewritten

/** Adds columns that follow from a grouped primary key to the keys; refuses others with 42803. */
function addDependent(work: Work, exprs: readonly ScalarExpr[]): void {
  const { grouping, scope } = work;
  const keys = new Map(grouping.exprs.map((expr, at): [string, number] => [exprKey(expr), at]));
  for (const expr of exprs) {
    mapDeep(expr, (node, depth) => {
      if (groupedAt(keys, node, depth) !== null) return node;
      const index = localColumn(node, depth);
      if (index === null || index >= PENDING_BASE) return null;
      const column: ScalarExpr = { kind: 'column', index, type: node.type };
      if (grouping.sets !== null || !dependsOnKey(scope, grouping.exprs, index)) {
        const span = work.state.spanOf(node) ?? work.state.spanOf(expr);
        const name = columnText(scope, index);
        throw depth > 0 ? outerNotGrouped(name, span) : notGrouped(name, span);
      }
      keys.set(exprKey(column), grouping.exprs.push(column) - 1);
      return node;
    });
  }
}

/** The number of the level's column a node refers to, from `depth` levels further in. */
export function localColumn(node: ScalarExpr, depth: number): number | null {
  if (node.kind === 'column') return depth === 0 ? node.index : null;
  return node.kind === 'outer' && node.depth === depth ? node.index : null;
}

/** The grouping expression a node is, or null. */
function groupedAt(
  positions: ReadonlyMap<string, number>, node: ScalarExpr, depth: number,
): number | null {
  if (node.kind === 'literal') return null;
  if (depth === 0) return positions.get(exprKey(node)) ?? null;
  // As in PostgreSQL, only plain columns are recognised inside subqueries.
  if (node.kind !== 'outer' || node.depth !== depth) return null;
  return positions.get(exprKey({ kind: 'column', index: node.index, type: node.type })) ?? null;
}

function dependsOnKey(scope: Scope, groups: readonly ScalarExpr[], index: number): boolean {
  const grouped = new Set(groups.flatMap((expr) => (expr.kind === 'column' ? [expr.index] : [])));
  return scope.items.some((item) => item.key !== null && item.key.length > 0
    && item.key.every((at) => grouped.has(at))
    && item.columns.some((column) => column.expr.kind === 'column' && column.expr.index === index));
}

/** `table.column` of a column of the level. */
function columnText(scope: Scope, index: number): string {
  for (const item of scope.items) {
    const column = item.columns.find((each) =>
      each.expr.kind === 'column' && each.expr.index === index);
    if (column !== undefined && item.name !== null) return `${item.name}.${column.name}`;
  }
  return '?column?';
}

interface Rewriting {
  readonly work: Work;
  readonly positions: ReadonlyMap<string, number>;
  readonly aggregates: number;
}

function rewriteAbove(rewriting: Rewriting, expr: ScalarExpr): ScalarExpr {
  const { positions, work } = rewriting;
  const groups = work.grouping.exprs.length;
  return mapDeep(expr, (node, depth) => {
    const at = groupedAt(positions, node, depth);
    if (at !== null) return liftExpr({ kind: 'column', index: at, type: node.type }, depth);
    const index = localColumn(node, depth);
    if (index === null) return null;
    const column = (to: number): ScalarExpr =>
      liftExpr({ kind: 'column', index: to, type: node.type }, depth);
    if (index >= GROUPING_BASE) {
      return column(groups + rewriting.aggregates + index - GROUPING_BASE);
    }
    if (index >= OVER_BASE) return node;
    return column(groups + index - AGGREGATE_BASE);
  });
}
