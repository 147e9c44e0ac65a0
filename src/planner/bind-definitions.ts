/**
 * Expressions of definitions: DEFAULT, CHECK, generated columns and WATERMARK clauses.
 *
 * Bound once when a table is declared and stored as trees. They see the columns of one row (or
 * none), no aggregates and no subqueries.
 */
import { must } from '../common/assert.ts';
import { sqlError } from '../common/errors.ts';
import type { SqlType } from '../common/types/sql-type.ts';
import type { WatermarkDef } from '../parser/ast-definitions.ts';
import type { Expr } from '../parser/ast.ts';
import type { Clause } from './bind-context.ts';
import { exprBinder } from './bind-expr.ts';
import { newStatement } from './bind-query.ts';
import { learnedWatermark } from './bind-learned-watermark.ts';
import { isTimestamp, typeText } from './bind-types.ts';
import type { PlanEnv } from './bound.ts';
import type { WatermarkRule } from './catalog.ts';
import { coerce, coerceBoolean, settle, tryCoerce } from './coerce.ts';
import { hasSubquery } from './expr-tools.ts';
import type { ScalarExpr } from './relation.ts';
import { NO_FACTS, Scope, itemOf } from './scope.ts';

/** A column expressions may refer to. */
export interface RowColumn {
  readonly name: string;
  readonly type: SqlType;
}

/** The row an expression of a definition sees. */
export interface RowShape {
  readonly table: string;
  readonly columns: readonly RowColumn[];
}

const NO_ROW: RowShape = { table: '', columns: [] };

function bindOver(expr: Expr, row: RowShape, clause: Clause, env: PlanEnv): {
  readonly bound: ScalarExpr; readonly state: ReturnType<typeof newStatement>;
} {
  const state = newStatement({ catalog: env.catalog, view: false });
  const scope = new Scope(null);
  if (row.columns.length > 0) {
    const facts = row.columns.map(() => NO_FACTS);
    scope.facts = facts;
    scope.items = [itemOf({
      name: row.table, schema: null, offset: 0,
      bound: {
        relation: { kind: 'values', columns: row.columns, rows: [] }, facts,
        visible: row.columns.length, order: [],
      },
    })];
  }
  const bound = exprBinder(state, { scope, withs: null, clause }).bind(expr);
  if (hasSubquery(bound)) {
    throw sqlError('0A000', `cannot use subquery in ${clause === 'check constraints'
      ? 'check constraint' : clause === 'DEFAULT expressions' ? 'DEFAULT expression'
      : 'column generation expression'}`, { span: expr.span });
  }
  return { bound, state };
}

/** An expression over a row: USING of a new type. */
export function bindRowExpr(expr: Expr, row: RowShape, env: PlanEnv): ScalarExpr {
  return bindOver(expr, row, 'column generation expressions', env).bound;
}

/** A key or the predicate of an index. */
export function bindIndexExpr(expr: Expr, row: RowShape, env: PlanEnv, what: string): ScalarExpr {
  const state = newStatement({ catalog: env.catalog, view: false });
  const { bound } = bindOver(expr, row, 'index expressions', env);
  if (hasSubquery(bound)) {
    throw sqlError('0A000', `cannot use subquery in ${what}`, { span: expr.span });
  }
  return settle(state, bound);
}

/** DEFAULT of a column, as its type. */
export function bindDefault(
  expr: Expr, column: RowColumn, env: PlanEnv,
): ScalarExpr {
  const { bound, state } = bindOver(expr, NO_ROW, 'DEFAULT expressions', env);
  return assigned(tryCoerce(state, bound, column.type, 'assignment'), bound, {
    column, what: 'default expression', expr,
  });
}

/** GENERATED ALWAYS AS (...) of a column, over the row. */
export function bindGenerated(
  expr: Expr, column: RowColumn, row: RowShape, env: PlanEnv,
): ScalarExpr {
  const { bound, state } = bindOver(expr, row, 'column generation expressions', env);
  return assigned(tryCoerce(state, bound, column.type, 'assignment'), bound, {
    column, what: 'generation expression', expr,
  });
}

/** The type of a column declared as `c AS expr` without one. */
export function typeOfGenerated(expr: Expr, row: RowShape, env: PlanEnv): SqlType {
  const { type } = bindOver(expr, row, 'column generation expressions', env).bound;
  return type.name === 'unknown' ? { name: 'text' } : type;
}

function assigned(
  coerced: ScalarExpr | null, bound: ScalarExpr,
  about: { readonly column: RowColumn; readonly what: string; readonly expr: Expr },
): ScalarExpr {
  if (coerced !== null) return coerced;
  const { column, what, expr } = about;
  throw sqlError('42804', `column "${column.name}" is of type ${typeText(column.type)} but `
    + `${what} is of type ${typeText(bound.type)}`, {
    span: expr.span, hint: 'You will need to rewrite or cast the expression.',
  });
}

/** CHECK (...) over the row. */
export function bindCheck(expr: Expr, row: RowShape, env: PlanEnv): ScalarExpr {
  const { bound, state } = bindOver(expr, row, 'check constraints', env);
  return coerceBoolean(state, bound, 'CHECK');
}

/** WATERMARK FOR column AS column [- interval] | PERCENTILE(fraction [, max]). */
export function bindWatermark(
  definition: WatermarkDef, row: RowShape, env: PlanEnv,
): WatermarkRule {
  const { name, span } = definition.column;
  const column = row.columns.findIndex((candidate) => candidate.name === name);
  if (column < 0) throw sqlError('42703', `column "${name}" does not exist`, { span });
  const { type } = must(row.columns[column], 'watermark column');
  if (!isTimestamp(type)) {
    throw sqlError('42804', `watermark column "${name}" must be of type timestamp or timestamp `
      + `with time zone, not ${typeText(type)}`, { span });
  }
  const learned = learnedWatermark(definition.value, env, bindConstant);
  if (learned !== null) return { column, delayMicros: learned.max ?? 0n, learned };
  const { bound } = bindOver(definition.value, row, 'column generation expressions', env);
  const delayMicros = delayOf(bound, column);
  if (delayMicros !== null) return { column, delayMicros };
  throw sqlError('0A000', 'a watermark must be the column itself, or the column minus an interval '
    + 'without months', {
    span: definition.value.span,
    hint: `Write WATERMARK FOR ${name} AS ${name} - INTERVAL '5 seconds', or AS PERCENTILE(0.99).`,
  });
}

const MICROS_PER_DAY = 86_400_000_000n;

/** Delay of `column - interval` in microseconds, 0 for the column alone, null for other forms. */
function delayOf(expr: ScalarExpr, column: number): bigint | null {
  if (expr.kind === 'column') return expr.index === column ? 0n : null;
  if (expr.kind === 'cast') return delayOf(expr.arg, column);
  if (expr.kind !== 'call' || !expr.function.startsWith('-(')) return null;
  const [left, right] = expr.args;
  if (left?.kind !== 'column' || left.index !== column || right?.kind !== 'literal') return null;
  const { value } = right;
  if (typeof value !== 'object' || value === null || !('kind' in value)
    || value.kind !== 'interval' || value.months !== 0) return null;
  const delay = BigInt(value.days) * MICROS_PER_DAY + value.micros;
  return delay < 0n ? null : delay;
}

/** An expression without columns as a type; for values of options. */
export function bindConstant(expr: Expr, type: SqlType, env: PlanEnv): ScalarExpr {
  const { bound, state } = bindOver(expr, NO_ROW, 'VALUES', env);
  return coerce(state, bound, type, 'assignment');
}
