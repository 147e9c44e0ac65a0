/**
 * Counts the rows of a recursion, iteration by iteration, until there are enough.
 */
import type { DataflowColumn } from '../../planner/dataflow.ts';
import type { EnoughRows } from '../../planner/relation.ts';
import type { Batch } from '../batch.ts';
import { compileMap } from '../kernels/map.ts';
import type { OperatorContext } from '../operator.ts';

/** Rows of which no more than a number are wanted. */
export class EnoughCount {
  readonly #rows: bigint;
  readonly #select: ((batch: Batch) => Batch | null) | null;
  #count = 0;

  constructor(
    { rows, filter }: EnoughRows, columns: readonly DataflowColumn[], context: OperatorContext,
  ) {
    this.#rows = rows;
    const evaluation = context.evaluation?.();
    if (filter === null || evaluation === undefined) {
      this.#select = filter === null ? (batch) => batch : null;
      return;
    }
    const kernel = compileMap({ filter, exprs: [], inputTypes: columns.map(({ type }) => type) });
    this.#select = (batch) => kernel(batch, evaluation, (error) => { throw error; });
  }

  /** Adds the rows of an iteration; true when there are enough. */
  reached(found: readonly Batch[]): boolean {
    if (this.#select === null) return false;
    for (const batch of found) {
      const kept = this.#select(batch);
      if (kept === null) continue;
      for (let row = 0; row < kept.length; row++) this.#count += kept.weights[row] ?? 0;
    }
    return BigInt(this.#count) >= this.#rows;
  }
}
