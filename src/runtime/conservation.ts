/**
 * The law of conservation, checked in tests: rows offered = taken + filtered + late.
 *
 * A late split is two filters over one relation: the view's own, which also knows WHERE, and the
 * one of `late.<view>`. What neither of them should pass is counted by a third filter, made here
 * from the conditions that are not about lateness; the three must add up to what was offered, in
 * every step. `checkLaws` of the environment turns it on.
 */
import { must } from '../common/assert.ts';
import type { Dataflow, DataflowNode } from '../planner/dataflow.ts';
import {
  andAll, conjuncts, literal, mapColumns, not, column, columnsUsed, someExpr,
} from '../planner/expr-tools.ts';
import type { ScalarExpr } from '../planner/relation.ts';
import type { Batch } from './batch.ts';
import type { BuildOperator } from './graph.ts';
import { changedRows } from './graph.ts';
import type { OperatorContext } from './operator.ts';

/** A view lost rows, or counted them twice: a fault of the engine. */
export class LawViolation extends Error {}

/** Looks at what every node of a dataflow put out in a step. */
export type LawCheck = (out: readonly (readonly Batch[])[]) => void;

type MapNode = Extract<DataflowNode, { kind: 'map' }>;
type SourceNode = Extract<DataflowNode, { kind: 'source' }>;

interface Split {
  readonly at: number;
  readonly node: MapNode;
  readonly source: SourceNode;
}

const BOOLEAN = { name: 'boolean' } as const;

/** The check of a view's dataflow, or null where it has no late split of two plain filters. */
export function conservation(
  name: string, dataflow: Dataflow, build: BuildOperator, context: OperatorContext,
): LawCheck | null {
  const splits = dataflow.nodes.flatMap((node, at): Split[] => {
    const source = dataflow.nodes[node.inputs[0] ?? -1];
    return node.kind === 'map' && node.filter !== null && source?.kind === 'source'
      && conjuncts(node.filter).some(isAboutLateness) ? [{ at, node, source }] : [];
  });
  const relations = new Set(splits.map(({ source }) => source.relation));
  const checks = [...relations].flatMap((relation) => {
    const own = splits.filter(({ source }) => source.relation === relation);
    const taken = own.filter(({ node }) => conjuncts(node.filter ?? TRUE).some(isOnTime));
    const late = own.filter((split) => !taken.includes(split));
    const [a, b] = [taken[0], late[0]];
    if (a === undefined || b === undefined || own.length !== 2) return [];
    const check = checkOf(name, { taken: a, late: b }, build, context);
    return check === null ? [] : [check];
  });
  return checks.length === 0 ? null : (out) => { for (const check of checks) check(out); };
}

const TRUE = literal(true, BOOLEAN);

function isAboutLateness(expr: ScalarExpr): boolean {
  return someExpr(expr, (node) => node.kind === 'call' && node.function.startsWith('$ended('));
}

function isOnTime(expr: ScalarExpr): boolean {
  return expr.kind === 'not' && isAboutLateness(expr);
}

function isTrue(arg: ScalarExpr): ScalarExpr {
  return { kind: 'isTruth', arg, truth: true, type: BOOLEAN };
}

function checkOf(
  name: string, { taken, late }: { readonly taken: Split; readonly late: Split },
  build: BuildOperator, context: OperatorContext,
): LawCheck | null {
  const { source } = taken;
  const lateFilter = moved(must(late.node.filter, 'filter'), late.source, source);
  if (lateFilter === null) return null;
  const rest = conjuncts(must(taken.node.filter, 'filter')).filter((expr) =>
    !isAboutLateness(expr) && !isTimeKnown(expr, taken.node));
  const filter = andAll([not(isTrue(andAll(rest))), not(isTrue(lateFilter))]);
  const operator = build({
    kind: 'map', inputs: [0], filter, exprs: [TRUE], key: null, appendOnly: false,
    columns: [{ name: 'filtered', type: BOOLEAN }], bound: 'stateless',
  }, [source], context);
  const from = must(taken.node.inputs[0], 'source');
  return (out) => {
    const offered = total(out[from]);
    let filtered = 0;
    for (const batch of out[from] ?? []) {
      operator.push(0, batch, (rows) => { filtered += changedRows(rows); });
    }
    const [counted, tooLate] = [total(out[taken.at]), total(out[late.at])];
    if (offered === counted + filtered + tooLate) return;
    throw new LawViolation(`view "${name}": ${offered} rows were offered, but ${counted} taken, ${
      filtered} filtered and ${tooLate} late`);
  };
}

/** `ts IS NOT NULL` of the time column: rows without are late. */
function isTimeKnown(expr: ScalarExpr, { filter }: MapNode): boolean {
  if (expr.kind !== 'not' || expr.arg.kind !== 'isNull') return false;
  const { arg } = expr.arg;
  return conjuncts(must(filter, 'filter')).filter(isOnTime).some((each) =>
    someExpr(each, (node) => node.kind === 'call' && node.function.startsWith('$ended(')
      && [...columnsUsed(arg)].every((at) => columnsUsed(must(node.args[0], 'time')).has(at))));
}

/** An expression over one source node's columns as one over another's, or null. */
function moved(expr: ScalarExpr, from: SourceNode, to: SourceNode): ScalarExpr | null {
  const place = (at: number): number => to.sourceColumns.indexOf(from.sourceColumns[at] ?? NaN);
  if ([...columnsUsed(expr)].some((at) => place(at) < 0)) return null;
  return mapColumns(expr, (at, type) => column(place(at), type));
}

function total(batches: readonly Batch[] | undefined): number {
  return (batches ?? []).reduce((sum, batch) => sum + changedRows(batch), 0);
}
