/**
 * Tools over columns of enclosing queries (`outer` expressions) in relations.
 *
 * A level is counted where a subquery expression or the right side of a lateral join begins. Works
 * on relations before and after decorrelation.
 */
import type { SqlType } from '../../common/types/sql-type.ts';
import { column, replaceExpr, walkExpr } from '../expr-tools.ts';
import type { Relation, ScalarExpr } from '../relation.ts';
import { exprsOf, mapExprs, mapInputs } from '../relation-tools.ts';

/** Changes an outer column found `levels` levels below the relation that was asked about. */
export type OuterChange = (
  node: ScalarExpr & { kind: 'outer' }, levels: number,
) => ScalarExpr;

/** Changes all outer columns in an expression, those in its subqueries included. */
export function mapOuterInExpr(
  expr: ScalarExpr, levels: number, change: OuterChange,
): ScalarExpr {
  return replaceExpr(expr, (node) => {
    if (node.kind === 'outer') return change(node, levels);
    if (node.kind !== 'subquery') return null;
    const relation = mapOuter(node.relation, levels + 1, change);
    const { mode } = node;
    return {
      ...node, relation,
      mode: mode.kind === 'quantified' ? {
        ...mode, left: mode.left.map((each) => mapOuterInExpr(each, levels, change)),
        compare: mapOuterInExpr(mode.compare, levels, change),
      } : mode,
    };
  });
}

/** Changes all outer columns in a relation. */
export function mapOuter(relation: Relation, levels: number, change: OuterChange): Relation {
  const done = new Map<string, Map<Relation, Relation>>();
  const visit = (node: Relation, at: number): Relation => {
    const known = done.get(String(at))?.get(node);
    if (known !== undefined) return known;
    const inputs = node.kind === 'join' && node.lateral
      ? { ...node, left: visit(node.left, at), right: visit(node.right, at + 1) }
      : mapInputs(node, (input) => visit(input, at));
    const result = mapExprs(inputs, (expr) => mapOuterInExpr(expr, at, change));
    const memo = done.get(String(at)) ?? new Map<Relation, Relation>();
    memo.set(node, result);
    done.set(String(at), memo);
    return result;
  };
  return visit(relation, levels);
}

/** Outer columns one level up, by number; of a relation without subqueries and laterals. */
export function outerColumns(relation: Relation): ReadonlyMap<number, SqlType> {
  const found = new Map<number, SqlType>();
  mapOuter(relation, 0, (node) => {
    if (node.depth === 1) found.set(node.index, node.type);
    return node;
  });
  return found;
}

/** Outer columns one level up in an expression without subqueries. */
export function outerColumnsOf(expr: ScalarExpr): ReadonlyMap<number, SqlType> {
  const found = new Map<number, SqlType>();
  walkExpr(expr, (node) => {
    if (node.kind === 'outer' && node.depth === 1) found.set(node.index, node.type);
  });
  return found;
}

/** How often an outer column one level up is read. */
export function countOuter(relation: Relation, index: number): number {
  let count = 0;
  mapOuter(relation, 0, (node) => {
    if (node.depth === 1 && node.index === index) count++;
    return node;
  });
  return count;
}

/** The relation one level further out: nothing of the level just left may be read. */
export function raised(relation: Relation): Relation {
  return mapOuter(relation, 0, (node) => ({ ...node, depth: node.depth - 1 }));
}

/** The expression where its outer columns one level up are columns of the same input. */
export function raisedExpr(
  expr: ScalarExpr, inner: (index: number, type: SqlType) => ScalarExpr,
): ScalarExpr {
  return replaceExpr(expr, (node) => {
    if (node.kind === 'column') return inner(node.index, node.type);
    if (node.kind !== 'outer') return null;
    return node.depth === 1 ? column(node.index, node.type) : { ...node, depth: node.depth - 1 };
  });
}

/** True when some expression of the relation itself (not below) reads one level up. */
export function readsOuter(relation: Relation): boolean {
  return exprsOf(relation).some((expr) => outerColumnsOf(expr).size > 0);
}
