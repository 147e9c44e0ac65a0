/**
 * Operators without state: what they have in common, and the surroundings of expressions.
 */
import type { EvaluationContext } from '../../planner/functions/entry.ts';
import type { Batch } from '../batch.ts';
import type { Emit, Operator, OperatorContext } from '../operator.ts';

const PLAIN: EvaluationContext = {
  timeZone: 'UTC', dateStyle: 'ISO, MDY', intervalStyle: 'postgres', extraFloatDigits: 1, now: 0n,
};

/** What expressions may ask for now. */
export function evaluationOf(context: OperatorContext): EvaluationContext {
  return context.evaluation?.() ?? PLAIN;
}

/** An operator that handles each batch by itself. */
export function stateless(push: (batch: Batch, emit: Emit) => void): Operator {
  return {
    push: (_port, batch, emit) => push(batch, emit),
    flush: () => undefined,
    watermarks: () => [],
    dueAt: () => null,
    restore: () => undefined,
    size: () => ({ rows: 0, bytes: 0 }),
  };
}
