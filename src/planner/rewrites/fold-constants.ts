/**
 * Rewrite `fold-constants`: constant subexpressions become literals, logic over literals goes away.
 *
 * Folds through the functions' own `evaluate`. Never folds what is stable or volatile. Errors stay
 * lazy: a subtree whose folding throws is left as it is and raises when (and if) it is evaluated.
 */
import { must } from '../../common/assert.ts';
import {
  andAll, childrenOf, conjuncts, disjuncts, FALSE, isTrue, literal, mapChildren, nullOf, orAll,
  TRUE,
} from '../expr-tools.ts';
import { evaluateConstant } from '../fold.ts';
import { isImmutable } from '../function-facts.ts';
import type { EvaluationContext } from '../functions/entry.ts';
import { functionById } from '../functions/registry.ts';
import type { Relation, ScalarExpr } from '../relation.ts';
import { exprKey } from '../scalar.ts';
import { emptyRelation, mapExprs, rewriteBottomUp } from '../relation-tools.ts';
import type { RewriteContext } from './context.ts';

/** Largest array or text (in elements, characters) that folding may put into a plan. */
const FOLDED_SIZE_MAX = 10_000;

/** Folds all expressions of a plan. */
export function foldConstants(relation: Relation, context: RewriteContext): Relation {
  const fold = (expr: ScalarExpr): ScalarExpr => foldExpr(expr, context.evaluation);
  return rewriteBottomUp(relation, (node) => simplified(mapExprs(node, fold)));
}

/** An expression with its constant parts folded. */
export function foldExpr(expr: ScalarExpr, context: EvaluationContext): ScalarExpr {
  const folded = mapChildren(expr, (child) => foldExpr(child, context));
  switch (folded.kind) {
    case 'and': return foldAnd(folded.args, folded);
    case 'or': return foldOr(folded.args, folded);
    case 'case': return foldCase(folded);
    case 'coalesce': return foldCoalesce(folded);
    case 'column': case 'outer': case 'literal': case 'param': case 'now': case 'subquery':
      return folded;
    default: return foldStrict(folded, context);
  }
}

function foldStrict(expr: ScalarExpr, context: EvaluationContext): ScalarExpr {
  const children = childrenOf(expr);
  if (isNullCall(expr, children)) return nullOf(expr.type);
  if (!children.every((child) => child.kind === 'literal') || !isImmutable(expr)) return expr;
  try {
    const value = evaluateConstant(expr, context);
    const size = typeof value === 'string' ? value.length
      : typeof value === 'object' && value !== null && 'elements' in value ? value.elements.length
        : 0;
    return size > FOLDED_SIZE_MAX ? expr : literal(value, expr.type);
  } catch {
    return expr;
  }
}

/** f(..., NULL, ...) of a function that propagates NULL. */
function isNullCall(expr: ScalarExpr, children: readonly ScalarExpr[]): boolean {
  if (expr.kind !== 'call' || !children.some(isNullLiteral)) return false;
  const entry = functionById(expr.function);
  return entry.kind === 'scalar' && entry.nulls === 'propagate' && entry.volatility === 'immutable'
    && children.every((child) => child.kind === 'literal' || child.kind === 'column');
}

function isNullLiteral(expr: ScalarExpr): boolean {
  return expr.kind === 'literal' && expr.value === null;
}

function foldAnd(args: readonly ScalarExpr[], expr: ScalarExpr): ScalarExpr {
  const kept: ScalarExpr[] = [];
  for (const arg of args) {
    if (isTrue(arg)) continue;
    if (arg.kind === 'literal' && arg.value === false) {
      return kept.length === 0 ? FALSE : { kind: 'and', args: [...kept, FALSE], type: expr.type };
    }
    kept.push(arg);
  }
  return kept.length === args.length ? expr : andAll(kept);
}

function foldOr(args: readonly ScalarExpr[], expr: ScalarExpr): ScalarExpr {
  const kept: ScalarExpr[] = [];
  for (const arg of args) {
    if (arg.kind === 'literal' && arg.value === false) continue;
    if (isTrue(arg)) {
      return kept.length === 0 ? TRUE : { kind: 'or', args: [...kept, TRUE], type: expr.type };
    }
    kept.push(arg);
  }
  if (kept.length === 0) return FALSE;
  const [only] = kept;
  if (kept.length === 1 && only !== undefined) return only;
  return factored(kept.length === args.length ? expr : { kind: 'or', args: kept, type: expr.type });
}

/** (a AND b) OR (a AND c): a AND (b OR c), so that a can be pushed down or be a join key. */
function factored(expr: ScalarExpr): ScalarExpr {
  const arms = disjuncts(expr).map((arm) => conjuncts(arm));
  const [first, ...others] = arms;
  if (first === undefined || others.length === 0) return expr;
  const inAll = new Set(first.map(exprKey));
  for (const arm of others) {
    const keys = new Set(arm.map(exprKey));
    for (const key of inAll) if (!keys.has(key)) inAll.delete(key);
  }
  if (inAll.size === 0) return expr;
  const common = first.filter((each) => inAll.has(exprKey(each)));
  const rests = arms.map((arm) => andAll(arm.filter((each) => !inAll.has(exprKey(each)))));
  return rests.some(isTrue) ? andAll(common) : andAll([...common, orAll(rests)]);
}

function foldCase(expr: ScalarExpr & { kind: 'case' }): ScalarExpr {
  const whens = [];
  for (const arm of expr.whens) {
    if (isTrue(arm.when)) {
      return whens.length === 0 ? arm.then : { ...expr, whens, otherwise: arm.then };
    }
    if (arm.when.kind !== 'literal') whens.push(arm);
  }
  if (whens.length === expr.whens.length) return expr;
  return whens.length === 0 ? expr.otherwise : { ...expr, whens };
}

function foldCoalesce(expr: ScalarExpr & { kind: 'coalesce' }): ScalarExpr {
  const args: ScalarExpr[] = [];
  for (const arg of expr.args) {
    if (isNullLiteral(arg)) continue;
    args.push(arg);
    if (arg.kind === 'literal') break;
  }
  if (args.length === expr.args.length) return expr;
  if (args.length === 0) return nullOf(expr.type);
  return args.length === 1 ? must(args[0], 'argument') : { ...expr, args };
}

/** Filters that are always or never true, and what has no rows. */
function simplified(node: Relation): Relation {
  switch (node.kind) {
    case 'filter': {
      if (isTrue(node.predicate)) return node.input;
      const never = node.predicate.kind === 'literal';
      return never || isEmpty(node.input) ? emptyRelation(node.columns) : node;
    }
    case 'project': case 'flatMap': case 'window': case 'distinct': case 'topN': case 'over':
    case 'temporalFilter':
      return isEmpty(node.input) ? emptyRelation(node.columns) : node;
    case 'join': {
      const none = node.type === 'inner' ? isEmpty(node.left) || isEmpty(node.right)
        : (node.type === 'left' || node.type === 'semi' || node.type === 'anti')
          && isEmpty(node.left);
      return none ? emptyRelation(node.columns) : node;
    }
    case 'union': {
      const inputs = node.inputs.filter((input) => !isEmpty(input));
      if (inputs.length === node.inputs.length) return node;
      return inputs.length === 0 ? emptyRelation(node.columns) : { ...node, inputs };
    }
    default: return node;
  }
}

function isEmpty(relation: Relation): boolean {
  return relation.kind === 'values' && relation.rows.length === 0;
}
