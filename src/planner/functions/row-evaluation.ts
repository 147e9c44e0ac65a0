/**
 * How code of functions evaluates an expression over a row: a function that the planner hands in.
 *
 * Expressions call functions and functions of domains evaluate expressions; this file stands
 * between the two, so that their files need not import each other.
 */
import type { Value } from '../../common/values.ts';
import type { ScalarExpr } from '../relation.ts';
import type { EvaluationContext } from './entry.ts';

type Evaluate = (expr: ScalarExpr, row: readonly Value[], context: EvaluationContext) => Value;

let evaluate: Evaluate | null = null;

/** Tells how expressions are evaluated. */
export function useEvaluation(how: Evaluate): void {
  evaluate = how;
}

/** The value of an expression over a row. */
export function evaluateRow(
  expr: ScalarExpr, row: readonly Value[], context: EvaluationContext,
): Value {
  if (evaluate === null) throw new Error('no evaluation of expressions is installed');
  return evaluate(expr, row, context);
}
