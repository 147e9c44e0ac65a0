/**
 * Window functions of a one-shot query: their rows come in the order of the window.
 *
 * Whoever reads the result without ORDER BY then finds partitions together, each in its order, as
 * where rows are sorted for the window. Rows that are equal in it keep their order.
 */
import { must } from '../../common/assert.ts';
import type { DataflowNode } from '../../planner/dataflow.ts';
import type { Batch } from '../batch.ts';
import { takeRows } from '../engine-rows.ts';
import { orderMaker } from '../kernels/order.ts';
import type { Operator } from '../operator.ts';
import { concatBatches } from './join-output.ts';

type OverNode = Extract<DataflowNode, { kind: 'over' }>;

/** The operator of window functions with its output put in order. */
export function inWindowOrder(node: OverNode, inner: Operator): Operator {
  const keys = [
    ...node.partitionBy.map((column) => ({ column, descending: false, nullsFirst: false })),
    ...node.orderBy,
  ];
  if (keys.length === 0) return inner;
  const held: Batch[] = [];
  const hold = (batch: Batch): void => { held.push(batch); };
  return {
    push: (port, batch) => { inner.push(port, batch, hold); },
    flush: (frontier, emit) => {
      inner.flush(frontier, hold);
      const rows = held.splice(0).filter(({ length }) => length > 0);
      if (rows.length > 0) emit(sorted(concatBatches(rows), node, keys));
    },
    watermarks: () => inner.watermarks(),
    dueAt: () => inner.dueAt(),
    restore: () => { inner.restore(); },
    size: () => inner.size(),
  };
}

function sorted(
  batch: Batch, node: OverNode,
  keys: readonly { readonly column: number; readonly descending: boolean;
    readonly nullsFirst: boolean }[],
): Batch {
  const columns = keys.map(({ column }) => must(batch.columns[column], 'key column'));
  const compare = orderMaker(keys.map(({ column, descending, nullsFirst }) => ({
    type: must(node.columns[column], 'key column').type, descending, nullsFirst,
  })))(columns, columns);
  const rows = Int32Array.from({ length: batch.length }, (_row, at) => at);
  rows.sort((a, b) => compare(a, b) || a - b);
  return takeRows(batch, rows);
}
