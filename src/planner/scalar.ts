/**
 * Small facts and comparisons of scalar expressions (relation.ts has the trees).
 */
import type { SqlType } from '../common/types/sql-type.ts';
import type { ScalarExpr } from './relation.ts';

/** The boolean type, used all over the planner. */
export const BOOLEAN: SqlType = { name: 'boolean' };

/** True when the two expressions are the same tree. */
export function sameExpr(a: ScalarExpr, b: ScalarExpr): boolean {
  return exprKey(a) === exprKey(b);
}

/** A text that is equal exactly for equal trees (planning only; never on a data path). */
export function exprKey(expr: ScalarExpr): string {
  return keyOf(expr);
}

/** The same of anything made of expressions, as calls are. */
export function keyOf(tree: object): string {
  return JSON.stringify(tree, (_name, value: unknown) =>
    typeof value === 'bigint' ? `${value}n`
    : typeof value === 'number' && !Number.isFinite(value) ? String(value)
    : Object.is(value, -0) ? '-0' : value);
}
