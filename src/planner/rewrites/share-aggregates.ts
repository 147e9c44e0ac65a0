/**
 * Rewrite `share-aggregates`: aggregates of one input by the same columns group in the same order.
 *
 * GROUP BY a, b and GROUP BY b, a become the same node then, which runs once. Only where a plan has
 * both; lowering finds equal nodes.
 */
import { must } from '../../common/assert.ts';
import { encodePlan } from '../dataflow-json.ts';
import type { Relation } from '../relation.ts';
import { exprKey } from '../scalar.ts';
import { inputsOf, pick, rewriteBottomUp, walkRelation } from '../relation-tools.ts';

type Aggregate = Relation & { kind: 'aggregate' };

/** Brings equal groupings into one order. */
export function shareAggregates(relation: Relation): Relation {
  let aggregates = 0;
  walkRelation(relation, (node) => { if (node.kind === 'aggregate') aggregates++; });
  if (aggregates < 2) return relation;
  const texts = new Map<Relation, string>();
  const orders = new Map<string, Set<string>>();
  const numbers = new Map<string, string>();
  walkRelation(relation, (node) => {
    // Numbers stand for texts: texts within texts would double their escapes at every level.
    const text = textOf(node, texts);
    const number = numbers.get(text) ?? `#${numbers.size}`;
    numbers.set(text, number);
    texts.set(node, number);
    if (node.kind !== 'aggregate') return;
    const known = orders.get(groupingOf(node, texts)) ?? new Set();
    known.add(node.groupBy.map(exprKey).join());
    orders.set(groupingOf(node, texts), known);
  });
  const unequal = new Set([...orders].filter(([, known]) => known.size > 1).map(([key]) => key));
  if (unequal.size === 0) return relation;
  const wanted = new Set<Relation>();
  walkRelation(relation, (node) => {
    if (node.kind === 'aggregate' && unequal.has(groupingOf(node, texts))) wanted.add(node);
  });
  const keys = new Set([...wanted].map((node) => groupKeyOf(node as Aggregate)));
  return rewriteBottomUp(relation, (node) =>
    node.kind === 'aggregate' && keys.has(groupKeyOf(node)) ? sorted(node) : node);
}

function groupKeyOf(node: Aggregate): string {
  return node.groupBy.map(exprKey).sort().join();
}

function groupingOf(node: Aggregate, texts: ReadonlyMap<Relation, string>): string {
  return `${must(texts.get(node.input), 'input')} by ${groupKeyOf(node)}`;
}

/** A short text, equal for relations that compute the same; names do not count. */
function textOf(node: Relation, texts: ReadonlyMap<Relation, string>): string {
  const bare = Object.fromEntries(Object.entries(node).filter(([key, value]) =>
    key !== 'columns' && !isInput(node, value)));
  const inputs = inputsOf(node).map((input) => must(texts.get(input), 'input'));
  return encodePlan([bare, node.columns.map((each) => each.type), inputs]);
}

function isInput(node: Relation, value: unknown): boolean {
  const inputs: readonly unknown[] = inputsOf(node);
  return inputs.includes(value)
    || (Array.isArray(value) && value.length > 0 && value.every((each) => inputs.includes(each)));
}

function sorted(node: Aggregate): Relation {
  const keys = node.groupBy.map(exprKey);
  const order = [...keys.keys()].sort((a, b) => {
    const first = must(keys[a], 'key');
    const second = must(keys[b], 'key');
    return first < second ? -1 : first > second ? 1 : a - b;
  });
  const groups = order.length;
  const ordered: Relation = {
    ...node, groupBy: order.map((at) => must(node.groupBy[at], 'group expression')),
    columns: [...order.map((at) => must(node.columns[at], 'group column')),
      ...node.columns.slice(groups)],
  };
  return pick(ordered, node.columns.map((_each, at) => at < groups ? order.indexOf(at) : at));
}
