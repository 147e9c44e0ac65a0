/**
 * Levels of column references: which query level an expression belongs to, and walking expressions
 * together with the relations of their subqueries.
 *
 * Depth grows by one at each `subquery` and at the right side of each lateral join.
 */
import { mapChildren } from './expr-tools.ts';
import { mapExprs, mapInputs } from './relation-tools.ts';
import type { Relation, ScalarExpr } from './relation.ts';

/** Replaces an expression, or answers null to go on below it. `depth` 0 is where the walk began. */
export type DeepChange = (expr: ScalarExpr, depth: number) => ScalarExpr | null;

/** Rewrites an expression and the subqueries in it. */
export function mapDeep(expr: ScalarExpr, change: DeepChange, depth: number = 0): ScalarExpr {
  const replaced = change(expr, depth);
  if (replaced !== null) return replaced;
  const mapped = mapChildren(expr, (child) => mapDeep(child, change, depth));
  if (mapped.kind !== 'subquery') return mapped;
  const relation = mapRelationDeep(mapped.relation, change, depth + 1);
  return relation === mapped.relation ? mapped : { ...mapped, relation };
}

/** Rewrites all expressions of a relation, inputs and subqueries included. */
export function mapRelationDeep(
  relation: Relation, change: DeepChange, depth: number,
): Relation {
  const done = new Map<Relation, Relation>();
  const visit = (node: Relation): Relation => {
    const known = done.get(node);
    if (known !== undefined) return known;
    const inputs = node.kind === 'join' && node.lateral
      ? lateral(node, visit, (right) => mapRelationDeep(right, change, depth + 1))
      : mapInputs(node, visit);
    const result = keepSame(inputs, mapExprs(inputs, (expr) => mapDeep(expr, change, depth)));
    done.set(node, result);
    return result;
  };
  return visit(relation);
}

function lateral(
  node: Relation & { readonly kind: 'join' }, visitLeft: (input: Relation) => Relation,
  visitRight: (input: Relation) => Relation,
): Relation {
  const left = visitLeft(node.left);
  const right = visitRight(node.right);
  return left === node.left && right === node.right ? node : { ...node, left, right };
}

/** The old node when no expression of it changed, so that shared relations stay shared. */
function keepSame(before: Relation, after: Relation): Relation {
  const old: ScalarExpr[] = [];
  mapExprs(before, (expr) => {
    old.push(expr);
    return expr;
  });
  let at = 0;
  let changed = false;
  mapExprs(after, (expr) => {
    if (expr !== old[at++]) changed = true;
    return expr;
  });
  return changed ? after : before;
}

/**
 * The level an aggregate over these expressions belongs to: 0 when some column is of this level or
 * there is none at all, else the nearest outer level.
 */
export function levelOf(exprs: readonly ScalarExpr[]): number {
  let own = false;
  let nearest = Number.POSITIVE_INFINITY;
  for (const expr of exprs) {
    mapDeep(expr, (node, depth) => {
      if (node.kind === 'column' && depth === 0) own = true;
      if (node.kind === 'outer') {
        if (node.depth === depth) own = true;
        else if (node.depth > depth) nearest = Math.min(nearest, node.depth - depth);
      }
      return null;
    });
  }
  return own || nearest === Number.POSITIVE_INFINITY ? 0 : nearest;
}

/** An expression over outer columns as seen from `by` levels further out. */
export function lowerLevel(expr: ScalarExpr, by: number): ScalarExpr {
  return mapDeep(expr, (node, depth) => {
    if (node.kind !== 'outer' || node.depth <= depth) return null;
    if (node.depth - depth === by && depth === 0) {
      return { kind: 'column', index: node.index, type: node.type };
    }
    return node.depth - depth >= by ? { ...node, depth: node.depth - by } : null;
  });
}

/** A relation's references to levels around it, moved `by` levels out (it is used deeper down). */
export function deepenRelation(relation: Relation, by: number): Relation {
  if (by === 0) return relation;
  return mapRelationDeep(relation, (node, depth) =>
    (node.kind === 'outer' && node.depth > depth - 1 ? { ...node, depth: node.depth + by } : null),
  1);
}

/** True when a relation refers to levels around it. */
export function refersOutside(relation: Relation): boolean {
  let found = false;
  mapRelationDeep(relation, (node, depth) => {
    if (node.kind === 'outer' && node.depth >= depth) found = true;
    return null;
  }, 1);
  return found;
}
