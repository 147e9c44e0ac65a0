/**
 * Merging of projections, without computing anything twice.
 */
import { column, mapColumns, substitute } from '../expr-tools.ts';
import { isVolatile } from '../function-facts.ts';
import type { Relation, ScalarExpr } from '../relation.ts';

type Project = Relation & { kind: 'project' };

/** True when the projection passes all columns on, in order, under the same names. */
export function isIdentityProjection(node: Project): boolean {
  const inputs = node.input.columns;
  return node.exprs.length === inputs.length && node.exprs.every((expr, at) =>
    expr.kind === 'column' && expr.index === at && inputs[at]?.name === node.columns[at]?.name);
}

/** The projection over its input's input, where that repeats no computation. */
export function mergeProjections(node: Project): Project {
  if (node.input.kind !== 'project') return node;
  const { exprs } = node.input;
  const uses = new Map<number, number>();
  for (const expr of node.exprs) {
    mapColumns(expr, (index, type) => {
      uses.set(index, (uses.get(index) ?? 0) + 1);
      return column(index, type);
    });
  }
  const repeats = exprs.some((expr, at) => (uses.get(at) ?? 0) > 1 && !isCheap(expr));
  if (repeats || exprs.some(isVolatile)) return node;
  return {
    ...node, input: node.input.input, exprs: node.exprs.map((expr) => substitute(expr, exprs)),
  };
}

function isCheap(expr: ScalarExpr): boolean {
  return expr.kind === 'column' || expr.kind === 'literal';
}
