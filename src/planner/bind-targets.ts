/**
 * The select list: stars expanded, names found as PostgreSQL finds them, literals settled.
 */
import { must } from '../common/assert.ts';
import type { SqlType } from '../common/types/sql-type.ts';
import type { Expr, Query, SelectItem } from '../parser/ast.ts';
import type { Binder } from './bind-context.ts';
import { expandStar } from './bind-stars.ts';
import { settle, tryCoerce } from './coerce.ts';
import type { ScalarExpr } from './relation.ts';

/** An output column. */
export interface Target {
  readonly name: string;
  readonly expr: ScalarExpr;
}

/** What becomes of bare literals in a select list. */
export interface LiteralRule {
  /** Types they take (INSERT ... SELECT). */
  readonly targets?: readonly (SqlType | null)[] | undefined;
  /** They stay of unknown type (a branch of a set operation). */
  readonly branch?: boolean | undefined;
}

/** Binds the select list. */
export function bindTargets(
  binder: Binder, items: readonly SelectItem[], rule: LiteralRule,
): Target[] {
  const found: Target[] = [];
  for (const item of items) {
    if (item.expr.kind === 'star' || item.expr.kind === 'fieldStar') {
      found.push(...expandStar(binder, item.expr));
      continue;
    }
    const bound = binder.bind(item.expr);
    const wanted = rule.targets?.[found.length] ?? null;
    const typed = wanted !== null && bound.type.name === 'unknown'
      ? tryCoerce(binder.state, bound, wanted, 'assignment') : null;
    found.push({
      name: item.alias?.name ?? figureName(item.expr) ?? queryColumn(bound) ?? '?column?',
      expr: typed ?? (rule.branch === true && bound.kind === 'literal' ? bound
        : settle(binder.state, bound)),
    });
  }
  return found;
}

/** The name of a subquery's column, where it stands for itself. */
function queryColumn(bound: ScalarExpr): string | null {
  return bound.kind === 'subquery' && bound.mode.kind === 'scalar'
    ? bound.relation.columns[0]?.name ?? null : null;
}

/** The name PostgreSQL gives an output column without an alias. */
export function columnName(expr: Expr): string {
  return figureName(expr) ?? '?column?';
}

function figureName(expr: Expr): string | null {
  switch (expr.kind) {
    case 'columnRef': return must(expr.parts.at(-1), 'column name').name;
    case 'fieldAccess': return expr.field.name;
    case 'functionCall': return expr.name.parts.at(-1)?.name ?? null;
    case 'cast': return figureStrong(expr.operand) ?? typeLabel(expr.type.name.parts.at(-1)?.name);
    case 'typedLiteral': return typeLabel(expr.type.name.parts.at(-1)?.name);
    case 'case': return (expr.otherwise === null ? null : figureStrong(expr.otherwise)) ?? 'case';
    case 'coalesce': return 'coalesce';
    case 'nullIf': return 'nullif';
    case 'minMax': return expr.function;
    case 'array': case 'arraySubquery': return 'array';
    case 'row': return 'row';
    case 'exists': return 'exists';
    case 'scalarSubquery': return subqueryName(expr.query);
    case 'subscript': case 'slice': return figureName(expr.operand);
    case 'collate': return figureName(expr.operand);
    case 'atTimeZone': return 'timezone';
    case 'sqlValueFunction': return expr.function;
    default: return null;
  }
}

/** Names that win over a cast's type name: columns and functions, not literals. */
function figureStrong(expr: Expr): string | null {
  switch (expr.kind) {
    case 'typedLiteral': case 'case': return null;
    case 'cast': return figureStrong(expr.operand);
    default: return figureName(expr);
  }
}

function typeLabel(name: string | undefined): string | null {
  return name ?? null;
}

function subqueryName(query: Query): string | null {
  let body = query.body;
  while (body.kind === 'query') ({ body } = body);
  if (body.kind !== 'select') return null;
  const first = body.items[0];
  if (first === undefined) return null;
  return first.alias?.name ?? figureName(first.expr);
}
