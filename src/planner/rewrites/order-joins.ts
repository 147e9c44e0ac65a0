/**
 * Rewrite `order-joins`: inner joins in an order in which each one has an equality, if there is
 * one.
 *
 * Comma joins come as cross joins under one filter. Greedy: begin with the first relation, go on
 * with the first one (in the order written) that an equality connects with what is joined already.
 * An order without cross products is kept as it was written.
 */
import { must } from '../../common/assert.ts';
import { andAll, column, columnsUsed, conjuncts, mapColumns } from '../expr-tools.ts';
import { asComparison, isVolatile } from '../function-facts.ts';
import type { Relation, ScalarExpr } from '../relation.ts';
import { join, mapInputs, pick } from '../relation-tools.ts';

/** Relations joined by inner joins alone; conditions are over all their columns in order. */
interface Group {
  readonly relations: readonly Relation[];
  readonly conditions: readonly ScalarExpr[];
}

/** Orders all groups of inner joins. */
export function orderJoins(relation: Relation): Relation {
  const done = new Map<Relation, Relation>();
  const visit = (node: Relation): Relation => {
    const known = done.get(node);
    if (known !== undefined) return known;
    const result = isInner(node) ? orderGroup(node, visit) : mapInputs(node, visit);
    done.set(node, result);
    return result;
  };
  return visit(relation);
}

function isInner(node: Relation): node is Relation & { kind: 'join' } {
  return node.kind === 'join' && node.type === 'inner' && !node.lateral
    && node.lateSplit !== true;
}

function orderGroup(
  node: Relation & { kind: 'join' }, visit: (node: Relation) => Relation,
): Relation {
  const group = collect(node);
  if (group.relations.length < 3) return mapInputs(node, visit);
  const sets = relationsOf(group);
  const order = greedyOrder(group, sets);
  if (order.every((index, at) => index === at)) return mapInputs(node, visit);
  return rebuilt(group, order, visit);
}

function collect(node: Relation): Group {
  if (!isInner(node)) return { relations: [node], conditions: [] };
  const left = collect(node.left);
  const right = collect(node.right);
  const width = node.left.columns.length;
  return {
    relations: [...left.relations, ...right.relations],
    conditions: [...left.conditions, ...conjuncts(node.on),
      ...right.conditions.map((each) =>
        mapColumns(each, (index, type) => column(index + width, type)))],
  };
}

/** For each condition: which relations it reads, and whether it is an equality. */
interface Reads {
  readonly relations: ReadonlySet<number>;
  readonly equality: boolean;
}

function starts(relations: readonly Relation[]): readonly number[] {
  const found: number[] = [];
  let start = 0;
  for (const each of relations) {
    found.push(start);
    start += each.columns.length;
  }
  return found;
}

function relationsOf(group: Group): readonly Reads[] {
  const from = starts(group.relations);
  const ownerOf = (index: number): number => {
    let owner = 0;
    for (const [at, start] of from.entries()) {
      const width = must(group.relations[at], 'joined relation').columns.length;
      if (index >= start && index < start + width) owner = at;
    }
    return owner;
  };
  return group.conditions.map((each) => ({
    relations: new Set([...columnsUsed(each)].map(ownerOf)),
    equality: asComparison(each)?.op === '=' || each.kind === 'notDistinct',
  }));
}

function greedyOrder(group: Group, reads: readonly Reads[]): readonly number[] {
  const order = [0];
  const joined = new Set(order);
  const connects = (candidate: number): boolean => reads.some((each) =>
    each.equality && each.relations.has(candidate) && each.relations.size > 1
    && [...each.relations].every((at) => at === candidate || joined.has(at)));
  while (order.length < group.relations.length) {
    const open = [...group.relations.keys()].filter((at) => !joined.has(at));
    const next = open.find(connects) ?? must(open[0], 'a relation left to join');
    order.push(next);
    joined.add(next);
  }
  return order;
}

/** Left-deep joins in the given order; every condition as soon as its columns are there. */
function rebuilt(
  group: Group, order: readonly number[], visit: (node: Relation) => Relation,
): Relation {
  const from = starts(group.relations);
  const places = new Map<number, number>();
  let width = 0;
  for (const at of order) {
    const relation = must(group.relations[at], 'joined relation');
    for (const index of relation.columns.keys()) {
      places.set(must(from[at], 'start') + index, width + index);
    }
    width += relation.columns.length;
  }
  const place = (index: number): number => must(places.get(index), 'joined column');
  let rest = group.conditions.map((each) =>
    mapColumns(each, (index, type) => column(place(index), type)));
  let result: Relation | null = null;
  for (const at of order) {
    const next = visit(must(group.relations[at], 'joined relation'));
    if (result === null) {
      result = next;
      continue;
    }
    const total: number = result.columns.length + next.columns.length;
    const ready = (each: ScalarExpr): boolean =>
      [...columnsUsed(each)].every((index) => index < total) && !isVolatile(each);
    result = join('inner', result, next, andAll(rest.filter(ready)));
    rest = rest.filter((each) => !ready(each));
  }
  const joined = must(result, 'join');
  const whole = rest.length === 0 || joined.kind !== 'join' ? joined
    : { ...joined, on: andAll([joined.on, ...rest]) };
  const all = [...places.keys()].sort((a, b) => a - b);
  return pick(whole, all.map(place));
}

