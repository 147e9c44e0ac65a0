/**
 * The end of a one-shot query: order, OFFSET, LIMIT, visible columns, slices.
 *
 * Rows with a weight count as often as they weigh. Sorting is by row numbers over columns; ties
 * keep the order in which the rows came.
 */
import { must } from '../common/assert.ts';
import type { QueryPlan } from '../planner/plans.ts';
import type { Batch } from './batch.ts';
import { takeRows } from './engine-rows.ts';
import { orderMaker } from './kernels/order.ts';

/** What of a plan decides about order and range. */
export type Ordering = Pick<QueryPlan, 'orderBy' | 'limit' | 'offset' | 'withTies' | 'dataflow'>;

/** The first columns of a batch: those the client sees. */
export function visible(batch: Batch, count: number): Batch {
  return batch.columns.length === count ? batch
    : { ...batch, columns: batch.columns.slice(0, count) };
}

/** All rows in order, cut to the range. */
export function orderRows(batch: Batch, plan: Ordering): Batch {
  const rows = new Int32Array(batch.length);
  for (let i = 0; i < rows.length; i++) rows[i] = i;
  const node = must(plan.dataflow.nodes[plan.dataflow.output], 'output node');
  const keys = plan.orderBy.map((key) => ({
    type: must(node.columns[key.column], 'sort column').type, descending: key.descending,
    nullsFirst: key.nullsFirst,
  }));
  const columns = plan.orderBy.map(({ column }) => must(batch.columns[column], 'sort column'));
  const compare = keys.length === 0 ? null : orderMaker(keys)(columns, columns);
  if (compare !== null) rows.sort((a, b) => compare(a, b) || a - b);
  return cutRange(takeRows(batch, rows), rows, plan, plan.withTies ? compare : null);
}

/** Cuts a batch whose rows are in order to OFFSET and LIMIT. */
function cutRange(
  ordered: Batch, rows: Int32Array, plan: Ordering,
  ties: ((a: number, b: number) => number) | null,
): Batch {
  if (plan.limit === null && plan.offset === 0n) return ordered;
  const range = new RowRange(plan.limit, plan.offset);
  const kept: number[] = [];
  const weights: number[] = [];
  let last = -1;
  for (let i = 0; i < ordered.length; i++) {
    const weight = ordered.weights[i] ?? 0;
    let taken = range.take(weight);
    if (taken < weight && range.done && ties !== null) {
      const tied = taken > 0 || (last >= 0 && ties(rows[last] ?? 0, rows[i] ?? 0) === 0);
      if (tied) taken = weight;
    }
    if (taken > 0) {
      kept.push(i);
      weights.push(taken);
      last = i;
    } else if (range.done) break;
  }
  return { ...takeRows(ordered, Int32Array.from(kept)), weights: Int32Array.from(weights) };
}

/** Counts rows through OFFSET and LIMIT. */
export class RowRange {
  #skip: bigint;
  #left: bigint | null;

  constructor(limit: bigint | null, offset: bigint) {
    this.#skip = offset;
    this.#left = limit;
  }

  /** How many of `weight` equal rows are in the range. */
  take(weight: number): number {
    let rest = BigInt(weight);
    const skipped = rest < this.#skip ? rest : this.#skip;
    this.#skip -= skipped;
    rest -= skipped;
    if (this.#left === null) return Number(rest);
    const taken = rest < this.#left ? rest : this.#left;
    this.#left -= taken;
    return Number(taken);
  }

  /** True when no further row can be in the range. */
  get done(): boolean { return this.#left === 0n; }

  /** The part of a batch in the range. */
  cut(batch: Batch): Batch {
    if (this.#left === null && this.#skip === 0n) return batch;
    const kept: number[] = [];
    const weights: number[] = [];
    for (let i = 0; i < batch.length && !this.done; i++) {
      const taken = this.take(batch.weights[i] ?? 0);
      if (taken === 0) continue;
      kept.push(i);
      weights.push(taken);
    }
    return { ...takeRows(batch, Int32Array.from(kept)), weights: Int32Array.from(weights) };
  }
}
