/**
 * Evaluates bound expressions over batches at the session's edge: RETURNING, CHECK, ON CONFLICT.
 *
 * Uses the same generated kernels as the dataflows; errors end the statement.
 */
import { must } from '../../common/assert.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { EvaluationContext } from '../../planner/functions/entry.ts';
import type { ScalarExpr } from '../../planner/relation.ts';
import type { Batch } from '../batch.ts';
import { batchOf } from '../batch.ts';
import { compileMap } from '../kernels/map.ts';

/** Evaluates expressions over rows of fixed types. */
export class RowEvaluator {
  readonly #types: readonly SqlType[];
  readonly context: EvaluationContext;

  constructor(types: readonly SqlType[], context: EvaluationContext) {
    this.#types = types;
    this.context = context;
  }

  /** One output column per expression, one row per input row (fewer with a filter). */
  evaluate(exprs: readonly ScalarExpr[], batch: Batch, filter: ScalarExpr | null = null): Batch {
    const kernel = compileMap({ filter, exprs, inputTypes: this.#types });
    const result = kernel(batch, this.context, (error) => { throw error; });
    return result ?? batchOf(exprs.map((expr) => must(expr, 'expression').type), []);
  }
}
