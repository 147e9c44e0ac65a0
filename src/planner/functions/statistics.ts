/**
 * Variance, deviation, correlation and regression, as PostgreSQL computes them.
 *
 * Over integers and numeric exact, over floats by the Youngs-Cramer recurrences. Inputs are the
 * collected non-NULL values; results over too few rows are NULL.
 */
import { sqlError } from '../../common/errors.ts';
import {
  coefAt, divNumeric, makeNumeric, NUMERIC_NAN, NUMERIC_ZERO,
} from '../../common/types/numeric.ts';
import type { Numeric } from '../../common/types/numeric.ts';
import { sqrtNumeric } from '../../common/types/numeric-math.ts';
import { floatOverflow } from './number-checks.ts';

/** Which of the four: of the sample or the population, variance or its root. */
export interface Spread {
  readonly sample: boolean;
  readonly root: boolean;
}

/** Variance or deviation over exact numbers. */
export function numericSpread(values: readonly Numeric[], spread: Spread): Numeric | null {
  const count = values.length;
  if (count < (spread.sample ? 2 : 1)) return null;
  if (values.some((value) => value.special !== null)) return NUMERIC_NAN;
  // Plain bigints: squares may pass the range of numeric where the variance does not.
  const scale = Math.max(...values.map((value) => value.scale));
  let sum = 0n;
  let squares = 0n;
  for (const value of values) {
    const coefficient = coefAt(value, scale);
    sum += coefficient;
    squares += coefficient * coefficient;
  }
  const n = BigInt(count);
  const numerator = n * squares - sum * sum;
  if (numerator <= 0n) return NUMERIC_ZERO;
  const divisor = n * BigInt(spread.sample ? count - 1 : count);
  const variance = divNumeric(makeNumeric(numerator, 2 * scale), makeNumeric(divisor, 0));
  // The root keeps the scale of the variance, as in PostgreSQL.
  return spread.root ? sqrtNumeric(variance, variance.scale) : variance;
}

/** Variance or deviation over floats. */
export function floatSpread(values: readonly number[], spread: Spread): number | null {
  const count = values.length;
  if (count < (spread.sample ? 2 : 1)) return null;
  let n = 0;
  let sum = 0;
  let squares = 0;
  for (const value of values) {
    const before = n;
    const oldSum = sum;
    n++;
    sum += value;
    if (before > 0) {
      const difference = value * n - sum;
      squares += (difference * difference) / (n * before);
      const fits = Number.isFinite(sum) && Number.isFinite(squares);
      if (!fits && Number.isFinite(oldSum) && Number.isFinite(value)) throw floatOverflow();
      if (!fits) squares = NaN;
    } else if (!Number.isFinite(value)) squares = NaN;
  }
  const variance = squares / (spread.sample ? count - 1 : count);
  return spread.root ? Math.sqrt(variance) : variance;
}

/** The sums that regression is made of. */
export interface Moments {
  readonly n: number;
  readonly sx: number;
  readonly sxx: number;
  readonly sy: number;
  readonly syy: number;
  readonly sxy: number;
}

/** Accumulates pairs (y, x), in SQL's argument order. */
export function moments(pairs: readonly (readonly [number, number])[]): Moments {
  let n = 0;
  let sx = 0;
  let sxx = 0;
  let sy = 0;
  let syy = 0;
  let sxy = 0;
  for (const [y, x] of pairs) {
    const before = n;
    n++;
    sx += x;
    sy += y;
    if (before === 0) {
      if (!Number.isFinite(x)) sxx = sxy = NaN;
      if (!Number.isFinite(y)) syy = sxy = NaN;
      continue;
    }
    const dx = x * n - sx;
    const dy = y * n - sy;
    const scale = 1 / (n * before);
    sxx += dx * dx * scale;
    syy += dy * dy * scale;
    sxy += dx * dy * scale;
  }
  checkMoments(pairs, [sx, sxx, sy, syy, sxy]);
  return { n, sx, sxx, sy, syy, sxy };
}

/** Infinite sums of finite inputs are an overflow. */
function checkMoments(
  pairs: readonly (readonly [number, number])[], sums: readonly number[],
): void {
  if (sums.every((sum) => Number.isFinite(sum))) return;
  if (pairs.every(([y, x]) => Number.isFinite(x) && Number.isFinite(y))) throw floatOverflow();
}

/** The names of the two-argument statistics. */
export type RegressionName =
  | 'corr' | 'covar_pop' | 'covar_samp' | 'regr_avgx' | 'regr_avgy' | 'regr_intercept'
  | 'regr_r2' | 'regr_slope' | 'regr_sxx' | 'regr_sxy' | 'regr_syy';

/** One of the two-argument statistics; NULL where undefined. */
export function regression(name: RegressionName, m: Moments): number | null {
  if (m.n < 1) return null;
  switch (name) {
    case 'covar_pop': return m.sxy / m.n;
    case 'covar_samp': return m.n < 2 ? null : m.sxy / (m.n - 1);
    case 'regr_avgx': return m.sx / m.n;
    case 'regr_avgy': return m.sy / m.n;
    case 'regr_sxx': return m.sxx;
    case 'regr_sxy': return m.sxy;
    case 'regr_syy': return m.syy;
    case 'corr': return m.sxx === 0 || m.syy === 0 ? null : m.sxy / Math.sqrt(m.sxx * m.syy);
    case 'regr_r2':
      if (m.sxx === 0) return null;
      return m.syy === 0 ? 1 : (m.sxy * m.sxy) / (m.sxx * m.syy);
    case 'regr_slope': return m.sxx === 0 ? null : m.sxy / m.sxx;
    case 'regr_intercept':
      return m.sxx === 0 ? null : (m.sy - (m.sx * m.sxy) / m.sxx) / m.n;
  }
}

/** The error of a percentile outside 0 to 1. */
export function checkFraction(fraction: number): number {
  if (fraction >= 0 && fraction <= 1) return fraction;
  throw sqlError('22003', `percentile value ${fraction} is not between 0 and 1`);
}
