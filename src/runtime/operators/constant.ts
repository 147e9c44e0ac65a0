/**
 * Constant rows, put out once: at the first flush of a dataflow that starts.
 *
 * The graph hands out the rows of `constant` nodes by itself; this operator is for whoever runs
 * nodes without it. A store with one row remembers that the rows are out.
 */
import type { DataflowNode } from '../../planner/dataflow.ts';
import { batchOf } from '../batch.ts';
import type { Operator, OperatorContext } from '../operator.ts';

/** Before all times: the operator is due at once. */
const AT_ONCE = -(2n ** 63n);

/** The operator of a `constant` node. */
export function createConstant(
  node: Extract<DataflowNode, { kind: 'constant' }>, context: OperatorContext,
): Operator {
  const store = context.store('started', [
    { name: '$started', type: { name: 'boolean' }, nullable: false },
  ]);
  return {
    push: () => undefined,
    flush: (_frontier, emit) => {
      if (store.rows > 0) return;
      store.column(0).bool[store.alloc()] = 1;
      if (node.rows.length > 0) emit(batchOf(node.columns.map(({ type }) => type), node.rows));
    },
    watermarks: () => [],
    dueAt: () => store.rows > 0 ? null : AT_ONCE,
    restore: () => undefined,
    size: () => ({ rows: 0, bytes: 0 }),
  };
}
