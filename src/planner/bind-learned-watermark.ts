/**
 * WATERMARK FOR ts AS PERCENTILE(0.99 [, max delay]): a delay learned from the rows.
 *
 * Only this clause knows PERCENTILE; how the delay is learned is the engine's part.
 */
import { sqlError } from '../common/errors.ts';
import { intervalTotalMicros } from '../common/types/interval.ts';
import type { Interval } from '../common/types/interval.ts';
import type { SqlType } from '../common/types/sql-type.ts';
import type { Expr } from '../parser/ast.ts';
import type { PlanEnv } from './bound.ts';
import type { WatermarkRule } from './catalog.ts';
import { evaluateConstant } from './fold.ts';
import type { ScalarExpr } from './relation.ts';
import { newStatement } from './bind-query.ts';

/** Binds a constant of the clause as a type. */
type BindConstant = (expr: Expr, type: SqlType, env: PlanEnv) => ScalarExpr;

/** What PERCENTILE(...) says, or null for any other expression. */
export function learnedWatermark(
  expr: Expr, env: PlanEnv, bindConstant: BindConstant,
): NonNullable<WatermarkRule['learned']> | null {
  if (expr.kind !== 'functionCall' || expr.name.parts.length !== 1
    || expr.name.parts[0]?.name !== 'percentile') return null;
  const [fraction, max, extra] = expr.args.map(({ value }) => value);
  if (fraction === undefined || extra !== undefined) {
    throw sqlError('42601', 'PERCENTILE takes a fraction and, if wanted, the longest delay', {
      span: expr.span, hint: "Write PERCENTILE(0.99, INTERVAL '10 minutes').",
    });
  }
  const { evaluation } = newStatement({ catalog: env.catalog, view: false });
  const part = evaluateConstant(bindConstant(fraction, { name: 'float8' }, env), evaluation);
  if (typeof part !== 'number' || !(part > 0 && part <= 1)) {
    throw sqlError('22023', 'the fraction of PERCENTILE must be above 0 and at most 1', {
      span: fraction.span,
    });
  }
  if (max === undefined) return { fraction: part, max: null };
  const longest = evaluateConstant(bindConstant(max, { name: 'interval' }, env), evaluation);
  const micros = longest === null ? -1n : intervalTotalMicros(longest as Interval);
  if (micros < 0n) {
    throw sqlError('22023', 'the longest delay of PERCENTILE must not be negative', {
      span: max.span,
    });
  }
  return { fraction: part, max: micros };
}
