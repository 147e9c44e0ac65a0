/**
 * Lowers recursive bindings: a body dataflow of its own whose inputs are computed outside once.
 *
 * The largest parts that do not read a binding are lowered in the surrounding dataflow and come in
 * through `recursiveInput` nodes, so that only what depends on the recursion is iterated.
 */
import { must } from '../common/assert.ts';
import type { NodeId } from './dataflow.ts';
import { DATAFLOW_VERSION } from './dataflow.ts';
import { DataflowBuilder, plainColumn } from './lower-builder.ts';
import type { RelationLowering } from './lower-state.ts';
import type { Relation, RelationColumn } from './relation.ts';
import { inputsOf } from './relation-tools.ts';

/** Makes a lowering into another builder, with relations that are computed elsewhere. */
export type LoweringInto = (
  builder: DataflowBuilder, outside: (relation: Relation) => NodeId | null,
) => RelationLowering;

/** True when a relation or one below it reads a binding that is not its own. */
function readsBinding(relation: Relation, own: ReadonlySet<string> = new Set()): boolean {
  if (relation.kind === 'recursiveRef') return !own.has(relation.binding);
  const inner = relation.kind === 'recursive'
    ? new Set([...own, ...relation.bindings.map((each) => each.name)]) : own;
  return inputsOf(relation).some((input) => readsBinding(input, inner));
}

/** Adds the recursive node and what it reads to the outer lowering. */
export function lowerRecursive(
  outer: RelationLowering, into: LoweringInto, relation: Relation & { kind: 'recursive' },
): NodeId {
  const body = new DataflowBuilder();
  const inputs: NodeId[] = [];
  const input = (of: Relation): NodeId => {
    const id = outer.lower(of);
    if (!inputs.includes(id)) inputs.push(id);
    return recursiveInput(body, of.columns, { binding: null, input: inputs.indexOf(id) });
  };
  const own = new Set(relation.bindings.map(({ name }) => name));
  const outside = (of: Relation): NodeId | null => {
    // What a surrounding recursion is at comes in like any other input.
    if (of.kind === 'recursiveRef' && !own.has(of.binding)) return input(of);
    if (of.kind === 'recursiveRef') {
      return recursiveInput(body, of.columns, { binding: of.binding, input: null });
    }
    return readsBinding(of) ? null : input(of);
  };
  const inner = into(body, outside);
  const bindings = relation.bindings.map((each) => ({
    name: each.name, node: inner.lower(each.definition), distinct: each.distinct,
    ...(each.working === true ? { working: true } : {}),
  }));
  const output = inner.lower(relation.body);
  return outer.builder.add({
    kind: 'recursive', inputs, columns: relation.columns.map(plainColumn), key: null,
    appendOnly: false, bound: 'keys', bindings,
    ...(relation.enough === undefined ? {} : { enough: relation.enough }),
    body: {
      version: DATAFLOW_VERSION, output, late: null,
      nodes: Array.from({ length: body.size }, (_each, at) => must(body.node(at), 'node')),
    },
  });
}

function recursiveInput(
  body: DataflowBuilder, columns: readonly RelationColumn[],
  of: { readonly binding: string | null; readonly input: number | null },
): NodeId {
  return body.add({
    kind: 'recursiveInput', ...of, inputs: [], columns: columns.map(plainColumn), key: null,
    appendOnly: false, bound: 'stateless',
  });
}
