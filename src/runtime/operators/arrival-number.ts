/**
 * Numbers rows in the order in which they come, each copy of a row by itself.
 *
 * For queries that run once: rows wait for the flush, since some may be taken back before it.
 */
import { must } from '../../common/assert.ts';
import type { DataflowNode } from '../../planner/dataflow.ts';
import type { Batch } from '../batch.ts';
import { makeColumn } from '../batch.ts';
import { concatBatches, consolidate, hasRetraction, takeRows } from '../engine-rows.ts';
import type { Operator } from '../operator.ts';

/** The operator of an `over` node that numbers rows by arrival. */
export function createArrivalNumber(input: DataflowNode): Operator {
  const pending: Batch[] = [];
  let last = 0n;
  const numbered = (batch: Batch): Batch => {
    const rows = eachCopy(batch);
    const place = makeColumn('i64', rows.length);
    if (place.kind === 'i64') for (let i = 0; i < rows.length; i++) place.data[i] = ++last;
    return { ...rows, columns: [...rows.columns, place] };
  };
  return {
    push: (_port, batch) => { pending.push(batch); },
    flush: (_frontier, emit) => {
      const batches = pending.splice(0);
      const net = !batches.some(hasRetraction) ? batches
        : [consolidate(concatBatches(input.columns.map(({ type }) => type), batches))];
      for (const batch of net) if (batch.length > 0) emit(numbered(batch));
    },
    watermarks: () => [], dueAt: () => null, restore: () => undefined,
    size: () => ({ rows: 0, bytes: 0 }),
  };
}

/** The same rows with every weight 1. */
function eachCopy(batch: Batch): Batch {
  let total = 0;
  for (let i = 0; i < batch.length; i++) total += must(batch.weights[i], 'weight');
  if (total === batch.length) return batch;
  const rows = new Int32Array(total);
  let at = 0;
  for (let i = 0; i < batch.length; i++) {
    for (let copy = must(batch.weights[i], 'weight'); copy > 0; copy--) rows[at++] = i;
  }
  return { ...takeRows(batch, rows), weights: new Int32Array(total).fill(1) };
}
