/**
 * Small tools over scalar expressions: building, walking, renumbering columns.
 *
 * Used by rewrites, properties and lowering. Pure; knows no function of the registry but boolean
 * connectives, which are variants of their own. Subqueries are walked only where a name says so.
 */
import { assertNever, must } from '../common/assert.ts';
import type { SqlType } from '../common/types/sql-type.ts';
import type { Value } from '../common/values.ts';
import type { ScalarExpr } from './relation.ts';
import { BOOLEAN } from './scalar.ts';

/** A column reference. */
export function column(index: number, type: SqlType): ScalarExpr {
  return { kind: 'column', index, type };
}

/** A literal. */
export function literal(value: Value, type: SqlType): ScalarExpr {
  return { kind: 'literal', value, type };
}

/** The literal TRUE. */
export const TRUE: ScalarExpr = { kind: 'literal', value: true, type: BOOLEAN };
/** The literal FALSE. */
export const FALSE: ScalarExpr = { kind: 'literal', value: false, type: BOOLEAN };

/** A typed NULL. */
export function nullOf(type: SqlType): ScalarExpr {
  return { kind: 'literal', value: null, type };
}

/** NOT arg. */
export function not(arg: ScalarExpr): ScalarExpr {
  return { kind: 'not', arg, type: BOOLEAN };
}

/** arg IS NULL. */
export function isNull(arg: ScalarExpr): ScalarExpr {
  return { kind: 'isNull', arg, type: BOOLEAN };
}

/** arg IS NOT NULL. */
export function isNotNull(arg: ScalarExpr): ScalarExpr {
  return not(isNull(arg));
}

/** left IS NOT DISTINCT FROM right. */
export function notDistinct(left: ScalarExpr, right: ScalarExpr): ScalarExpr {
  return { kind: 'notDistinct', left, right, type: BOOLEAN };
}

/** A call of a registry function by its id. */
export function call(id: string, args: readonly ScalarExpr[], type: SqlType): ScalarExpr {
  return { kind: 'call', function: id, args, type };
}

/** True for the literal TRUE. */
export function isTrue(expr: ScalarExpr): boolean {
  return expr.kind === 'literal' && expr.value === true;
}

/** True for a literal FALSE or NULL: no row passes such a filter. */
export function isNeverTrue(expr: ScalarExpr): boolean {
  return expr.kind === 'literal' && expr.value !== true;
}

/** The operands of an AND, flattened; [] for TRUE. */
export function conjuncts(expr: ScalarExpr): readonly ScalarExpr[] {
  if (expr.kind === 'and') return expr.args.flatMap(conjuncts);
  return isTrue(expr) ? [] : [expr];
}

/** The operands of an OR, flattened. */
export function disjuncts(expr: ScalarExpr): readonly ScalarExpr[] {
  return expr.kind === 'or' ? expr.args.flatMap(disjuncts) : [expr];
}

/** AND over any number of expressions. */
export function andAll(exprs: readonly ScalarExpr[]): ScalarExpr {
  const args = exprs.flatMap(conjuncts);
  if (args.length === 0) return TRUE;
  return args.length === 1 ? must(args[0], 'conjunct') : { kind: 'and', args, type: BOOLEAN };
}

/** OR over one or more expressions. */
export function orAll(exprs: readonly ScalarExpr[]): ScalarExpr {
  return exprs.length === 1 ? must(exprs[0], 'operand')
    : { kind: 'or', args: exprs, type: BOOLEAN };
}

/** The direct operands (of a quantified subquery: its left side). */
export function childrenOf(expr: ScalarExpr): readonly ScalarExpr[] {
  switch (expr.kind) {
    case 'column': case 'outer': case 'literal': case 'param': case 'now': return [];
    case 'call': case 'and': case 'or': case 'coalesce': return expr.args;
    case 'cast': case 'not': case 'isNull': case 'isTruth': case 'field': return [expr.arg];
    case 'notDistinct': return [expr.left, expr.right];
    case 'case': return [...expr.whens.flatMap((arm) => [arm.when, arm.then]), expr.otherwise];
    case 'array': return expr.elements;
    case 'record': return expr.fields;
    case 'arrayCompare': return [expr.left, expr.array];
    case 'subquery': return expr.mode.kind === 'quantified' ? expr.mode.left : [];
    default: return assertNever(expr);
  }
}

/** The same node over other operands, given by a function; the node itself when none changed. */
export function mapChildren(
  expr: ScalarExpr, change: (child: ScalarExpr) => ScalarExpr,
): ScalarExpr {
  const list = (exprs: readonly ScalarExpr[]): readonly ScalarExpr[] => mapList(exprs, change);
  switch (expr.kind) {
    case 'column': case 'outer': case 'literal': case 'param': case 'now': return expr;
    case 'call': case 'and': case 'or': case 'coalesce': {
      const args = list(expr.args);
      return args === expr.args ? expr : { ...expr, args };
    }
    case 'cast': case 'not': case 'isNull': case 'isTruth': case 'field': {
      const arg = change(expr.arg);
      return arg === expr.arg ? expr : { ...expr, arg };
    }
    case 'notDistinct': return { ...expr, left: change(expr.left), right: change(expr.right) };
    case 'case': return {
      ...expr, otherwise: change(expr.otherwise),
      whens: expr.whens.map((arm) => ({ when: change(arm.when), then: change(arm.then) })),
    };
    case 'array': return { ...expr, elements: list(expr.elements) };
    case 'record': return { ...expr, fields: list(expr.fields) };
    case 'arrayCompare': return { ...expr, left: change(expr.left), array: change(expr.array) };
    case 'subquery': return expr.mode.kind === 'quantified'
      ? { ...expr, mode: { ...expr.mode, left: list(expr.mode.left) } } : expr;
    default: return assertNever(expr);
  }
}

/** Maps a list; the list itself when nothing changed. */
export function mapList<T>(items: readonly T[], change: (item: T) => T): readonly T[] {
  let changed = false;
  const result = items.map((item) => {
    const next = change(item);
    if (next !== item) changed = true;
    return next;
  });
  return changed ? result : items;
}

/** Replaces nodes from the top down: where `replace` answers, its answer stands as it is. */
export function replaceExpr(
  expr: ScalarExpr, replace: (node: ScalarExpr) => ScalarExpr | null,
): ScalarExpr {
  const next = replace(expr);
  return next ?? mapChildren(expr, (child) => replaceExpr(child, replace));
}

/** Renumbers or replaces column references. */
export function mapColumns(
  expr: ScalarExpr, change: (index: number, type: SqlType) => ScalarExpr,
): ScalarExpr {
  return replaceExpr(expr, (node) =>
    node.kind === 'column' ? change(node.index, node.type) : null);
}

/** Adds `by` to all column numbers. */
export function shiftColumns(expr: ScalarExpr, by: number): ScalarExpr {
  return by === 0 ? expr : mapColumns(expr, (index, type) => column(index + by, type));
}

/** Replaces column i by exprs[i]. */
export function substitute(expr: ScalarExpr, exprs: readonly ScalarExpr[]): ScalarExpr {
  return mapColumns(expr, (index) => must(exprs[index], 'substituted column'));
}

/** Calls `visit` for the node and all below it, subqueries' relations aside. */
export function walkExpr(expr: ScalarExpr, visit: (node: ScalarExpr) => void): void {
  visit(expr);
  for (const child of childrenOf(expr)) walkExpr(child, visit);
}

/** True when some node satisfies the test. */
export function someExpr(expr: ScalarExpr, test: (node: ScalarExpr) => boolean): boolean {
  return test(expr) || childrenOf(expr).some((child) => someExpr(child, test));
}

/** Adds the column numbers an expression reads to a set. */
export function addColumns(expr: ScalarExpr, to: Set<number>): void {
  walkExpr(expr, (node) => {
    if (node.kind === 'column') to.add(node.index);
  });
}

/** The column numbers an expression reads. */
export function columnsUsed(expr: ScalarExpr): ReadonlySet<number> {
  const used = new Set<number>();
  addColumns(expr, used);
  return used;
}

/** True when all columns read lie in [from, to). */
export function usesOnly(expr: ScalarExpr, from: number, to: number): boolean {
  for (const index of columnsUsed(expr)) if (index < from || index >= to) return false;
  return true;
}

/** True when there is a subquery in the expression. */
export function hasSubquery(expr: ScalarExpr): boolean {
  return someExpr(expr, (node) => node.kind === 'subquery');
}
