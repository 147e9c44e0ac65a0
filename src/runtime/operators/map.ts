/**
 * Filter, then project: one kernel. No state; weights pass; rows whose expression fails are left
 * out.
 */
import type { DataflowNode } from '../../planner/dataflow.ts';
import { compileMap } from '../kernels/map.ts';
import type { Operator, OperatorContext } from '../operator.ts';
import { evaluationOf, stateless } from './stateless.ts';

/** The operator of a `map` node. */
export function createMap(
  node: Extract<DataflowNode, { kind: 'map' }>, inputs: readonly DataflowNode[],
  context: OperatorContext,
): Operator {
  const kernel = compileMap({
    filter: node.filter, exprs: node.exprs,
    inputTypes: (inputs[0]?.columns ?? []).map(({ type }) => type),
  });
  return stateless((batch, emit) => {
    const out = kernel(batch, evaluationOf(context),
      (error, row) => context.rowError(error, batch, row));
    if (out !== null) emit(out);
  });
}
