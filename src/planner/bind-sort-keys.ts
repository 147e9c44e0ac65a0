/**
 * ORDER BY and DISTINCT ON of a SELECT: output names, ordinals and expressions.
 */
import { sqlError } from '../common/errors.ts';
import type { Expr, Select, SortItem } from '../parser/ast.ts';
import type { Binder } from './bind-context.ts';
import { sortsDescending, sortsNullsFirst } from './bind-sorting.ts';
import type { Target } from './bind-targets.ts';
import { settle } from './coerce.ts';
import type { ScalarExpr } from './relation.ts';
import { exprKey } from './scalar.ts';

/** A sort key; `target` is the number of the output column it equals, or null. */
export interface SortTarget {
  readonly expr: ScalarExpr;
  readonly target: number | null;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

/** Binds ORDER BY over the outputs and names of a SELECT. */
export function bindSortKeys(
  binder: Binder, items: readonly SortItem[], targets: readonly Target[], select: Select,
): readonly SortTarget[] {
  const keys: SortTarget[] = [];
  const seen = new Set<string>();
  for (const item of items) {
    const found = resolveSort(binder, item.expr, targets, 'ORDER BY');
    if (found.target === null && select.distinct && select.distinctOn.length === 0) {
      throw sqlError('42P10',
        'for SELECT DISTINCT, ORDER BY expressions must appear in select list',
        { span: item.span });
    }
    const key = exprKey(found.expr);
    if (seen.has(key)) continue;
    seen.add(key);
    keys.push({
      ...found, descending: sortsDescending(item), nullsFirst: sortsNullsFirst(item),
    });
  }
  return keys;
}

interface Resolved {
  readonly expr: ScalarExpr;
  readonly target: number | null;
}

/** An ordinal, an output's name, or an expression over FROM. */
export function resolveSort(
  binder: Binder, expr: Expr, targets: readonly Target[], clause: string,
): Resolved {
  if (expr.kind === 'integerLiteral') {
    if (Math.abs(Number(expr.text)) > 0x7fff_ffff) throw nonInteger(expr, clause);
    const index = Number(expr.text) - 1;
    const target = targets[index];
    if (target === undefined) {
      throw sqlError('42P10', `${clause} position ${expr.text} is not in select list`, {
        span: expr.span,
      });
    }
    return { expr: target.expr, target: index };
  }
  if (expr.kind === 'columnRef' && expr.parts.length === 1) {
    const named = outputNamed(expr.parts[0]?.name ?? '', targets, expr);
    if (named !== null) return named;
  }
  if (isOtherConstant(expr)) throw nonInteger(expr, clause);
  const bound = settle(binder.state, binder.bind(expr));
  const key = exprKey(bound);
  const same = targets.findIndex((target) => exprKey(target.expr) === key);
  return { expr: bound, target: same < 0 ? null : same };
}

/** True for constants that ORDER BY, GROUP BY and DISTINCT ON cannot mean anything by. */
export function isOtherConstant(expr: Expr): boolean {
  return CONSTANTS.has(expr.kind);
}

const CONSTANTS: ReadonlySet<Expr['kind']> = new Set<Expr['kind']>([
  'stringLiteral', 'decimalLiteral', 'booleanLiteral', 'nullLiteral',
]);

function nonInteger(expr: Expr, clause: string): Error {
  return sqlError('42601', `non-integer constant in ${clause}`, { span: expr.span });
}

function outputNamed(
  name: string, targets: readonly Target[], expr: Expr,
): Resolved | null {
  const found = targets.flatMap((target, at) => (target.name === name ? [at] : []));
  const first = found[0];
  if (first === undefined) return null;
  const keys = new Set(found.map((at) => exprKey(targets[at]?.expr ?? NOTHING)));
  if (keys.size > 1) {
    throw sqlError('42702', `ORDER BY "${name}" is ambiguous`, { span: expr.span });
  }
  return { expr: targets[first]?.expr ?? NOTHING, target: first };
}

const NOTHING: ScalarExpr = { kind: 'literal', value: null, type: { name: 'text' } };

/** DISTINCT ON expressions; they must be the first of ORDER BY, in any order. */
export function bindDistinctOn(
  binder: Binder, select: Select, targets: readonly Target[], sorts: readonly SortTarget[],
): readonly ScalarExpr[] {
  if (select.distinctOn.length === 0) return [];
  const exprs = select.distinctOn.map((each) => {
    const found = resolveSort(binder, each, targets, 'DISTINCT ON');
    return found.target === null ? found.expr : targets[found.target]?.expr ?? found.expr;
  });
  const keys = new Set(exprs.map(exprKey));
  const matched = new Set<string>();
  let stopped = false;
  for (const sort of sorts) {
    const key = exprKey(sort.expr);
    if (!keys.has(key)) {
      stopped = true;
    } else if (stopped) {
      throw initialOrder(select);
    } else {
      matched.add(key);
    }
  }
  if (stopped && matched.size < keys.size) throw initialOrder(select);
  return exprs;
}

function initialOrder(select: Select): Error {
  return sqlError('42P10',
    'SELECT DISTINCT ON expressions must match initial ORDER BY expressions',
    { span: select.distinctOn[0]?.span ?? select.span });
}
