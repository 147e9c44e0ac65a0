/**
 * Rewrite `prune-columns`: every relation gives only the columns that somebody above reads.
 *
 * Two passes over the plan, which may share relations: from the top down, who needs what; from the
 * bottom up, the new relations. State gets smaller, and hidden columns such as `$arrival` (whose
 * value differs between a row and its retraction) never reach an operator with state.
 */
import { assertNever, must } from '../../common/assert.ts';
import { addColumns, column, mapColumns } from '../expr-tools.ts';
import { Properties } from '../properties.ts';
import type { Relation, ScalarExpr, SortKey } from '../relation.ts';
import {
  exprsOf, inputsOf, joinColumns, mapExprs, pick, walkRelation,
} from '../relation-tools.ts';
import type { RewriteContext } from './context.ts';
import { neededGroups } from './window-bounds.ts';

type Needs = Map<Relation, Set<number>>;

/** Removes columns that nobody reads. */
export function pruneColumns(relation: Relation, context: RewriteContext): Relation {
  const order: Relation[] = [];
  walkRelation(relation, (node) => order.push(node));
  const needs: Needs = new Map(order.map((node) => [node, new Set<number>()]));
  addAll(must(needs.get(relation), 'root'), relation);
  const properties = new Properties(context.catalog);
  for (const node of order.reverse()) noteNeeds(node, needs, properties);
  const pruning = new Pruning(needs, properties);
  return pruning.whole(relation);
}

function addAll(set: Set<number>, relation: Relation): void {
  for (const at of relation.columns.keys()) set.add(at);
}

function needOf(needs: Needs, relation: Relation): Set<number> {
  return must(needs.get(relation), 'needs of a relation');
}

/** Adds what a node needs of its inputs, given what is needed of it. */
function noteNeeds(node: Relation, needs: Needs, properties: Properties): void {
  const own = needOf(needs, node);
  switch (node.kind) {
    case 'values': case 'scan': case 'recursiveRef': return;
    case 'filter': case 'temporalFilter': case 'gate': case 'topN': case 'over': case 'flatMap':
    case 'window': {
      const input = needOf(needs, node.input);
      // A clock is its column.
      if (node.kind === 'temporalFilter' && node.ticks !== undefined) own.add(0);
      for (const at of own) if (at < node.input.columns.length) input.add(at);
      for (const expr of neededExprs(node, own)) addColumns(expr, input);
      for (const at of ownColumns(node)) input.add(at);
      return;
    }
    case 'project': {
      const input = needOf(needs, node.input);
      for (const at of own) addColumns(must(node.exprs[at], 'projected'), input);
      return;
    }
    case 'aggregate': {
      const input = needOf(needs, node.input);
      const groupBy = neededGroups(node, own, properties)
        .map((at) => must(node.groupBy[at], 'group'));
      for (const expr of [...groupBy, ...neededExprs(node, own)]) addColumns(expr, input);
      return;
    }
    case 'distinct': case 'fill': addAll(needOf(needs, node.input), node.input); return;
    case 'join': case 'asofJoin': case 'temporalJoin': noteJoin(node, needs, properties); return;
    case 'union':
      for (const input of node.inputs) for (const at of own) needOf(needs, input).add(at);
      return;
    case 'setOp': case 'recursive':
      for (const input of inputsOf(node)) addAll(needOf(needs, input), input);
      return;
    default: assertNever(node);
  }
}

/** Expressions that stay: of window functions and aggregates (but groups) only what is needed. */
function neededExprs(node: Relation, own: ReadonlySet<number>): readonly ScalarExpr[] {
  if (node.kind === 'aggregate') {
    return exprsOf({ ...node, groupBy: [],
      aggregates: node.aggregates.filter((_each, at) => own.has(node.groupBy.length + at)) });
  }
  if (node.kind === 'over') {
    const width = node.input.columns.length;
    return exprsOf({ ...node, calls: node.calls.filter((_each, at) => own.has(width + at)) });
  }
  return exprsOf(node);
}

/** Columns of the input a node names by number. */
function ownColumns(node: Relation): readonly number[] {
  switch (node.kind) {
    case 'window': return [
      node.timeColumn, ...(node.window.kind === 'session' ? node.window.partitionBy : []),
      ...(node.late?.arrival === undefined || node.late.arrival === null ? []
        : [node.late.arrival])];
    case 'topN': case 'over':
      return [...node.partitionBy, ...node.orderBy.map((key) => key.column)];
    case 'gate': return [node.timeColumn, ...node.held === undefined ? [] : [node.held]];
    default: return [];
  }
}

function noteJoin(
  node: Relation & { kind: 'join' | 'asofJoin' | 'temporalJoin' }, needs: Needs,
  properties: Properties,
): void {
  const width = node.left.columns.length;
  const used = new Set<number>(needOf(needs, node));
  addColumns(node.on, used);
  const left = needOf(needs, node.left);
  const right = needOf(needs, node.right);
  for (const at of used) {
    if (at < width) left.add(at);
    else right.add(at - width);
  }
  if (node.kind !== 'temporalJoin' || node.leftTime === null) return;
  addColumns(node.leftTime, left);
  for (const at of properties.watermarks(node.right).keys()) right.add(at);
}

/** A new relation and where the old columns are in it. */
interface Pruned {
  readonly relation: Relation;
  readonly at: (old: number) => number;
}

class Pruning {
  readonly #needs: Needs;
  readonly #properties: Properties;
  readonly #done = new Map<Relation, Pruned>();

  constructor(needs: Needs, properties: Properties) {
    this.#needs = needs;
    this.#properties = properties;
  }

  /** The root: all columns, in order. */
  whole(relation: Relation): Relation {
    const pruned = this.#prune(relation);
    return pick(pruned.relation, relation.columns.map((_each, at) => pruned.at(at)));
  }

  #prune(relation: Relation): Pruned {
    const known = this.#done.get(relation);
    if (known !== undefined) return known;
    const result = this.#narrowed(relation, this.#rebuild(relation));
    this.#done.set(relation, result);
    return result;
  }

  /** Exactly the needed columns, in their old order. */
  #narrowed(old: Relation, rebuilt: Pruned): Pruned {
    const needed = [...needOf(this.#needs, old)].sort((a, b) => a - b);
    const relation = pick(rebuilt.relation, needed.map((at) => rebuilt.at(at)));
    const places = new Map(needed.map((at, place) => [at, place]));
    return { relation, at: (at) => must(places.get(at), 'a column that is needed') };
  }

  #rebuild(node: Relation): Pruned {
    switch (node.kind) {
      case 'values': case 'scan': case 'recursiveRef': return { relation: node, at: same };
      case 'filter': case 'temporalFilter': case 'flatMap': case 'window': case 'gate':
      case 'topN': case 'over': return this.#rebuildBeside(node);
      case 'project': return this.#rebuildProject(node);
      case 'aggregate': return this.#rebuildAggregate(node);
      case 'distinct': case 'fill': {
        const input = this.whole(node.input);
        return { relation: { ...node, input }, at: same };
      }
      case 'join': case 'asofJoin': case 'temporalJoin': return this.#rebuildJoin(node);
      case 'union': return this.#rebuildUnion(node);
      case 'setOp': return {
        relation: { ...node, left: this.whole(node.left), right: this.whole(node.right) }, at: same,
      };
      case 'recursive': return {
        at: same,
        relation: { ...node, body: this.whole(node.body),
          bindings: node.bindings.map((each) => (
            { ...each, definition: this.whole(each.definition) })) },
      };
      default: return assertNever(node);
    }
  }

  /** Nodes that put their columns behind the input's. */
  #rebuildBeside(
    node: Relation & { kind: 'filter' | 'temporalFilter' | 'flatMap' | 'window' | 'gate'
      | 'topN' | 'over' },
  ): Pruned {
    const input = this.#prune(node.input);
    const oldWidth = node.input.columns.length;
    const width = input.relation.columns.length;
    const renumber = (expr: ScalarExpr): ScalarExpr =>
      mapColumns(expr, (index, type) => column(input.at(index), type));
    const needed = needOf(this.#needs, node);
    const kept = this.#keptAdditions(node, needed);
    const narrowed = node.kind === 'over'
      ? { ...node, calls: kept.map((at) => must(node.calls[at], 'call')) } : node;
    const moved = mapExprs(narrowed, renumber);
    const columns = [...input.relation.columns,
      ...kept.map((at) => must(node.columns[oldWidth + at], 'added column'))];
    const relation = {
      ...moved, ...renumbered(node, input.at, needed), input: input.relation, columns,
    } as Relation;
    const at = (old: number): number =>
      old < oldWidth ? input.at(old) : width + kept.indexOf(old - oldWidth);
    if (node.kind === 'over' && kept.length === 0) return { relation: input.relation, at };
    return { relation, at };
  }

  /** Which of the columns a node adds stay: window functions and ranks only when needed. */
  #keptAdditions(node: Relation & { input: Relation }, needed: ReadonlySet<number>): number[] {
    const width = node.input.columns.length;
    const all = node.columns.slice(width).map((_each, at) => at);
    const optional = node.kind === 'over' || node.kind === 'topN';
    return optional ? all.filter((at) => needed.has(width + at)) : all;
  }

  #rebuildProject(node: Relation & { kind: 'project' }): Pruned {
    const input = this.#prune(node.input);
    const needed = [...needOf(this.#needs, node)].sort((a, b) => a - b);
    const exprs = needed.map((at) => mapColumns(must(node.exprs[at], 'projected'),
      (index, type) => column(input.at(index), type)));
    return {
      relation: { ...node, input: input.relation, exprs,
        columns: needed.map((at) => must(node.columns[at], 'column')) },
      at: (old) => needed.indexOf(old),
    };
  }

  #rebuildAggregate(node: Relation & { kind: 'aggregate' }): Pruned {
    const input = this.#prune(node.input);
    const needed = needOf(this.#needs, node);
    const groups = node.groupBy.length;
    const keys = neededGroups(node, needed, this.#properties);
    const kept = [...node.aggregates.keys()].filter((at) => needed.has(groups + at));
    const narrowed = {
      ...node, groupBy: keys.map((at) => must(node.groupBy[at], 'group')),
      aggregates: kept.map((at) => must(node.aggregates[at], 'aggregate')),
    };
    const moved = mapExprs(narrowed, (expr) =>
      mapColumns(expr, (index, type) => column(input.at(index), type)));
    const columns = [...keys, ...kept.map((at) => groups + at)]
      .map((at) => must(node.columns[at], 'column'));
    return {
      relation: { ...moved, input: input.relation, columns } as Relation,
      at: (old) => old < groups ? keys.indexOf(old) : keys.length + kept.indexOf(old - groups),
    };
  }

  #rebuildJoin(node: Relation & { kind: 'join' | 'asofJoin' | 'temporalJoin' }): Pruned {
    const left = this.#prune(node.left);
    const right = this.#prune(node.right);
    const oldWidth = node.left.columns.length;
    const width = left.relation.columns.length;
    const at = (old: number): number =>
      old < oldWidth ? left.at(old) : width + right.at(old - oldWidth);
    const moved = mapExprs(node, (expr) =>
      mapColumns(expr, (index, type) => column(at(index), type)));
    const sides = { left: left.relation, right: right.relation };
    const type = node.type;
    const columns = joinColumns(type, sides.left, sides.right);
    return { relation: { ...moved, ...sides, columns } as Relation, at };
  }

  #rebuildUnion(node: Relation & { kind: 'union' }): Pruned {
    const needed = [...needOf(this.#needs, node)].sort((a, b) => a - b);
    const inputs = node.inputs.map((each) => {
      const pruned = this.#prune(each);
      return pick(pruned.relation, needed.map((at) => pruned.at(at)));
    });
    return {
      relation: { ...node, inputs, columns: needed.map((at) => must(node.columns[at], 'column')) },
      at: (old) => needed.indexOf(old),
    };
  }
}

function same(at: number): number {
  return at;
}

/** The numbers a node names, where the input's columns are now. */
function renumbered(
  node: Relation, at: (old: number) => number, needed: ReadonlySet<number>,
): Partial<Relation> {
  const keys = (list: readonly SortKey[]): readonly SortKey[] =>
    list.map((key) => ({ ...key, column: at(key.column) }));
  switch (node.kind) {
    case 'gate': return {
      timeColumn: at(node.timeColumn),
      ...node.held === undefined ? {} : { held: at(node.held) },
    };
    case 'over': return { partitionBy: node.partitionBy.map(at), orderBy: keys(node.orderBy) };
    case 'topN': return {
      partitionBy: node.partitionBy.map(at), orderBy: keys(node.orderBy),
      rank: needed.has(node.input.columns.length) ? node.rank : 'none',
    };
    case 'window': return {
      timeColumn: at(node.timeColumn),
      window: node.window.kind !== 'session' ? node.window
        : { ...node.window, partitionBy: node.window.partitionBy.map(at) },
      ...(node.late === undefined ? {} : { late: {
        ...node.late, arrival: node.late.arrival === null ? null : at(node.late.arrival) } }),
    };
    default: return {};
  }
}
