/**
 * Planted bugs: operators that are wrong in a way a real one could be. The fuzzer has to find each;
 * a harness that does not is worth nothing.
 */
import type { DataflowNode } from '../../src/planner/dataflow.ts';
import { batchOf, cell } from '../../src/runtime/batch.ts';
import type { Batch } from '../../src/runtime/batch.ts';
import type { BuildOperator } from '../../src/runtime/graph.ts';
import type { Operator } from '../../src/runtime/operator.ts';
import { buildOperator } from '../../src/runtime/operators/build.ts';

/** A change of the batches an operator takes or gives: which rows go missing. */
interface Bug {
  readonly name: string;
  readonly has: (node: DataflowNode) => boolean;
  /** True for rows of a port that are lost on the way in. */
  readonly loses?: (row: Row, port: number) => boolean;
  /** True for rows that are lost on the way out. */
  readonly keeps?: (row: Row) => boolean;
}

interface Row {
  readonly weight: number;
  readonly hasNull: boolean;
}

/** The bugs, by name. */
export const BUGS: readonly Bug[] = [
  {
    name: 'an outer join keeps the padded row when a partner comes',
    has: (node) => node.kind === 'join' && (node.type === 'left' || node.type === 'full'),
    keeps: ({ weight, hasNull }) => weight < 0 && hasNull,
  },
  {
    name: 'an anti join forgets that partners were deleted',
    has: (node) => node.kind === 'join' && node.type === 'anti',
    loses: ({ weight }, port) => port === 1 && weight < 0,
  },
  {
    name: 'an aggregate takes no row with a NULL back',
    has: (node) => node.kind === 'aggregate',
    loses: ({ weight, hasNull }) => weight < 0 && hasNull,
  },
  {
    name: 'DISTINCT never lets a row go',
    has: (node) => node.kind === 'distinct',
    keeps: ({ weight }) => weight < 0,
  },
  {
    name: 'EXCEPT and INTERSECT miss deletions on their right',
    has: (node) => node.kind === 'setOp',
    loses: ({ weight }, port) => port === 1 && weight < 0,
  },
  {
    name: 'a window function leaves old answers standing',
    has: (node) => node.kind === 'over',
    keeps: ({ weight, hasNull }) => weight < 0 && hasNull,
  },
];

/** Rows of a batch without those that are lost. */
function without(batch: Batch, node: DataflowNode, lost: (row: Row) => boolean): Batch {
  const kept = Array.from({ length: batch.length }, (_, row) => row).filter((row) => !lost({
    weight: batch.weights[row] ?? 0,
    hasNull: batch.columns.some((column) => cell(column, row) === null),
  }));
  if (kept.length === batch.length) return batch;
  return batchOf(node.columns.map(({ type }) => type),
    kept.map((row) => batch.columns.map((column) => cell(column, row))),
    kept.map((row) => batch.weights[row] ?? 0));
}

/** Operators with a bug. */
export function withBug(bug: Bug): BuildOperator {
  return (node, inputs, context) => {
    const operator = buildOperator(node, inputs, context);
    return bug.has(node) ? broken(operator, bug, { node, inputs }) : operator;
  };
}

function broken(
  operator: Operator, { loses, keeps }: Bug,
  { node, inputs }: { readonly node: DataflowNode; readonly inputs: readonly DataflowNode[] },
): Operator {
  return {
    push: (port, batch, emit) => {
      const input = inputs[port];
      const taken = loses === undefined || input === undefined ? batch
        : without(batch, input, (row) => loses(row, port));
      operator.push(port, taken, (given) =>
        emit(keeps === undefined ? given : without(given, node, keeps)));
    },
    flush: (frontier, emit) => {
      operator.flush(frontier, (given) =>
        emit(keeps === undefined ? given : without(given, node, keeps)));
    },
    watermarks: () => operator.watermarks(), dueAt: () => operator.dueAt(),
    restore: () => { operator.restore(); }, size: () => operator.size(),
  };
}
