/**
 * Collects the nodes of a dataflow; equal nodes are made once.
 *
 * Nodes come in topological order because inputs must exist before they are named. Two subplans
 * that are the same but for column names become the same node, so a table read twice has one source
 * and joins of the same input share it.
 */
import { must } from '../common/assert.ts';
import { encodePlan } from './dataflow-json.ts';
import { andAll, column, mapColumns, substitute } from './expr-tools.ts';
import { DATAFLOW_VERSION } from './dataflow.ts';
import type { Dataflow, DataflowColumn, DataflowNode, NodeId } from './dataflow.ts';
import type { ScalarExpr } from './relation.ts';

/** A list of nodes under construction. */
export class DataflowBuilder {
  readonly #nodes: DataflowNode[] = [];
  readonly #known = new Map<string, NodeId>();

  /** Adds a node, or finds the equal one. */
  add(node: DataflowNode): NodeId {
    const text = nodeText(node);
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const id = this.#nodes.length;
    this.#nodes.push(node);
    this.#known.set(text, id);
    return id;
  }

  /** How many nodes there are. */
  get size(): number {
    return this.#nodes.length;
  }

  /** A node added before. */
  node(id: NodeId): DataflowNode {
    return must(this.#nodes[id], 'dataflow node');
  }

  /** Output columns of a node. */
  columns(id: NodeId): readonly DataflowColumn[] {
    return this.node(id).columns;
  }

  /** A map node; nothing when it would pass all columns under the same names. */
  map(
    input: NodeId, filter: ScalarExpr | null, exprs: readonly ScalarExpr[],
    columns: readonly DataflowColumn[],
  ): NodeId {
    const from = this.node(input);
    if (filter === null && isIdentity(exprs, from.columns.length)) return input;
    if (from.kind === 'map' && isWorthFusing(filter, exprs, from.exprs)) {
      const own = filter === null ? [] : [substitute(filter, from.exprs)];
      const below = from.filter === null ? [] : [from.filter];
      const all = [...below, ...own];
      return this.map(must(from.inputs[0], 'input of a map'), all.length === 0 ? null : andAll(all),
        exprs.map((each) => substitute(each, from.exprs)), columns);
    }
    return this.add({
      kind: 'map', inputs: [input], filter, exprs, columns: columns.map(plainColumn),
      key: keyThrough(from.key, exprs), appendOnly: from.appendOnly, bound: 'stateless',
    });
  }

  /** The whole dataflow, without nodes that nothing reads. */
  finish(output: NodeId, late: NodeId | null): Dataflow {
    const used = new Set<NodeId>();
    const visit = (id: NodeId): void => {
      if (used.has(id)) return;
      used.add(id);
      for (const input of this.node(id).inputs) visit(input);
    };
    visit(output);
    if (late !== null) visit(late);
    const numbers = new Map<NodeId, NodeId>();
    const nodes: DataflowNode[] = [];
    for (const [id, node] of this.#nodes.entries()) {
      if (!used.has(id)) continue;
      numbers.set(id, nodes.length);
      nodes.push({ ...node, inputs: node.inputs.map((input) => numberOf(numbers, input)) });
    }
    return {
      version: DATAFLOW_VERSION, nodes, output: numberOf(numbers, output),
      late: late === null ? null : numberOf(numbers, late),
    };
  }
}

/** A computed expression that is used more than once is computed once, in a map of its own. */
export function isWorthFusing(
  filter: ScalarExpr | null, exprs: readonly ScalarExpr[], under: readonly ScalarExpr[],
): boolean {
  const uses = new Map<number, number>();
  for (const expr of filter === null ? exprs : [filter, ...exprs]) {
    mapColumns(expr, (index, type) => {
      uses.set(index, (uses.get(index) ?? 0) + 1);
      return column(index, type);
    });
  }
  return under.every((expr, at) => (uses.get(at) ?? 0) <= 1 || isCheap(expr));
}

function isCheap(expr: ScalarExpr): boolean {
  return expr.kind === 'column' || expr.kind === 'literal' || expr.kind === 'now'
    || expr.kind === 'isNull';
}

/** Equal for nodes that compute the same; names do not count. */
function nodeText(node: DataflowNode): string {
  return encodePlan({ ...node, columns: node.columns.map((each) => each.type) });
}

function numberOf(numbers: ReadonlyMap<NodeId, NodeId>, id: NodeId): NodeId {
  return must(numbers.get(id), 'renumbered node');
}

/** A dataflow column: name and type alone. */
export function plainColumn(each: DataflowColumn): DataflowColumn {
  return { name: each.name, type: each.type };
}

/** True when the expressions are exactly the columns 0 .. width - 1. */
export function isIdentity(exprs: readonly ScalarExpr[], width: number): boolean {
  return exprs.length === width
    && exprs.every((expr, at) => expr.kind === 'column' && expr.index === at);
}

/** Where a key's columns are after a projection, or null when one is gone. */
export function keyThrough(
  key: readonly number[] | null, exprs: readonly ScalarExpr[],
): readonly number[] | null {
  if (key === null) return null;
  const result: number[] = [];
  for (const index of key) {
    const at = exprs.findIndex((expr) => expr.kind === 'column' && expr.index === index);
    if (at < 0) return null;
    result.push(at);
  }
  return result;
}
