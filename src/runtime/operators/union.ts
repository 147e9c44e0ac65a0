/**
 * Bag union: hands on what comes in at any port. No state; weights pass.
 */
import type { DataflowNode } from '../../planner/dataflow.ts';
import type { Operator } from '../operator.ts';
import { stateless } from './stateless.ts';

/** The operator of a `union` node. */
export function createUnion(_node: Extract<DataflowNode, { kind: 'union' }>): Operator {
  return stateless((batch, emit) => emit(batch));
}
