/**
 * Variance, deviation, correlation and regression, as PostgreSQL computes them.
 *
 * The sums they are made of come from summaries.ts, exact in every case. Results over too few rows
 * are NULL.
 */
import { sqlError } from '../../common/errors.ts';
import {
  divNumeric, makeNumeric, NUMERIC_NAN, NUMERIC_ZERO,
} from '../../common/types/numeric.ts';
import type { Numeric } from '../../common/types/numeric.ts';
import { sqrtNumeric } from '../../common/types/numeric-math.ts';

/** Which of the four: of the sample or the population, variance or its root. */
export interface Spread {
  readonly sample: boolean;
  readonly root: boolean;
}

/** The sums that variance over exact numbers is made of: coefficients at a scale. */
export interface ExactMoments {
  readonly count: number;
  /** A NaN or an infinity is among the values. */
  readonly special: boolean;
  readonly scale: number;
  readonly sum: bigint;
  /** At twice the scale. */
  readonly squares: bigint;
}

/** Variance or deviation over exact numbers. */
export function exactNumericSpread(of: ExactMoments, spread: Spread): Numeric | null {
  const { count, scale, sum, squares } = of;
  if (count < (spread.sample ? 2 : 1)) return null;
  if (of.special) return NUMERIC_NAN;
  // Plain bigints: squares may pass the range of numeric where the variance does not.
  const n = BigInt(count);
  const numerator = n * squares - sum * sum;
  if (numerator <= 0n) return NUMERIC_ZERO;
  const divisor = n * BigInt(spread.sample ? count - 1 : count);
  const variance = divNumeric(makeNumeric(numerator, 2 * scale), makeNumeric(divisor, 0));
  // The root keeps the scale of the variance, as in PostgreSQL.
  return spread.root ? sqrtNumeric(variance, variance.scale) : variance;
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
