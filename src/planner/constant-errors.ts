/**
 * Errors of constant expressions, found when a statement is planned as in PostgreSQL: 1/0 is an
 * error even where no row would ask for it. What a constant condition leaves out is not looked at.
 */
import { TRUE, childrenOf, literal, mapChildren } from './expr-tools.ts';
import { evaluateConstant } from './fold.ts';
import { isImmutable } from './function-facts.ts';
import type { EvaluationContext } from './functions/entry.ts';
import type { Relation, ScalarExpr } from './relation.ts';
import { exprsOf, walkRelation } from './relation-tools.ts';

/** Throws the error of the first constant expression that has no value. */
export function raiseConstantErrors(relation: Relation, context: EvaluationContext): void {
  walkRelation(relation, (node) => {
    // Rows of VALUES are computed in any case.
    if (node.kind === 'values') return;
    for (const expr of exprsOf(node)) folded(expr, context);
  });
}

/** EXISTS does not look at the columns of its query. */
function rowsOf({ mode, relation }: ScalarExpr & { kind: 'subquery' }): Relation {
  return mode.kind === 'exists' && relation.kind === 'project' ? relation.input : relation;
}

function isConstant(expr: ScalarExpr, value: unknown): boolean {
  return expr.kind === 'literal' && expr.value === value;
}

/** The expression as far as it is constant. */
function folded(expr: ScalarExpr, context: EvaluationContext): ScalarExpr {
  switch (expr.kind) {
    case 'column': case 'outer': case 'literal': case 'param': case 'now': return expr;
    case 'subquery': raiseConstantErrors(rowsOf(expr), context); return expr;
    case 'and': case 'or': return foldedChain(expr.args, expr.kind === 'or', expr, context);
    case 'case': return foldedCase(expr, context);
    case 'coalesce': {
      for (const arg of expr.args) {
        const value = folded(arg, context);
        if (value.kind === 'literal' && value.value !== null) return expr;
      }
      return expr;
    }
    default: {
      const result = mapChildren(expr, (child) => folded(child, context));
      const constant = childrenOf(result).every((child) => child.kind === 'literal')
        && isImmutable(result);
      return constant ? literal(evaluateConstant(result, context), result.type) : result;
    }
  }
}

/** AND and OR stop at the first argument that decides. */
function foldedChain(
  args: readonly ScalarExpr[], decides: boolean, expr: ScalarExpr, context: EvaluationContext,
): ScalarExpr {
  for (const arg of args) {
    if (isConstant(folded(arg, context), decides)) return { ...TRUE, value: decides } as ScalarExpr;
  }
  return expr;
}

function foldedCase(
  expr: ScalarExpr & { kind: 'case' }, context: EvaluationContext,
): ScalarExpr {
  let only: ScalarExpr | null = null;
  for (const arm of expr.whens) {
    const when = folded(arm.when, context);
    if (isConstant(when, false) || isConstant(when, null)) continue;
    const then = folded(arm.then, context);
    if (isConstant(when, true)) return only === null ? then : expr;
    only = then;
  }
  const otherwise = folded(expr.otherwise, context);
  return only === null ? otherwise : expr;
}
