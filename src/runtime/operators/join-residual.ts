/**
 * The condition of a join beyond equal keys, over candidate pairs a batch at a time.
 *
 * Only the columns the condition reads are gathered. Pairs that fail the condition are squeezed out
 * of the lists in place, so the caller goes on with the rest.
 */
import type { SqlType } from '../../common/types/sql-type.ts';
import { columnsUsed } from '../../planner/expr-tools.ts';
import type { EvaluationContext } from '../../planner/functions/entry.ts';
import type { ScalarExpr } from '../../planner/relation.ts';
import { compilePredicate } from '../kernels/map.ts';
import type { OperatorContext } from '../operator.ts';
import { Scratch } from './join-output.ts';
import type { JoinOutput, Pairs } from './join-output.ts';

/** A compiled condition. */
export interface Residual {
  /** Keeps the pairs for which the condition is true, at the front of the lists; gives how many. */
  keep(pairs: Pairs, count: number, output: JoinOutput): number;
}

/** The session-independent settings of views, where the context brings none. */
const VIEW_CONTEXT: EvaluationContext = {
  timeZone: 'UTC', dateStyle: 'ISO, MDY', intervalStyle: 'postgres', extraFloatDigits: 1, now: 0n,
};

/** Compiles a condition over left ++ right. */
export function makeResidual(
  expr: ScalarExpr, left: readonly SqlType[], right: readonly SqlType[], context: OperatorContext,
): Residual {
  const kernel = compilePredicate(expr, [...left, ...right]);
  const used = columnsUsed(expr);
  let selected = new Int32Array(0);
  let weights = new Int32Array(0);
  const scratch = new Scratch();
  return {
    keep(pairs, count, output) {
      if (selected.length < count) {
        selected = new Int32Array(pairs.rows.length);
        weights = new Int32Array(pairs.rows.length).fill(1);
      }
      const batch = output.pairs(pairs, count, weights, used, scratch);
      const evaluation = context.evaluation?.() ?? VIEW_CONTEXT;
      const kept = kernel(batch, evaluation, (error, row) => {
        context.rowError(error, output.pairs(pairs, count, weights, null), row);
      }, selected);
      const { rows, slots } = pairs;
      for (let i = 0; i < kept; i++) {
        const from = selected[i] as number;
        rows[i] = rows[from] as number;
        slots[i] = slots[from] as number;
      }
      return kept;
    },
  };
}
