/**
 * From accumulators to results: the last step of sums and averages, as PostgreSQL computes it.
 *
 * Pure functions over plain values; the runtime keeps the accumulators (sum and count of the
 * non-NULL rows) and calls these once per changed group. A count of 0 is the caller's: NULL.
 */
import { sqlError } from '../../common/errors.ts';
import { divInterval, makeInterval } from '../../common/types/interval.ts';
import type { Interval } from '../../common/types/interval.ts';
import { divNumeric, makeNumeric, numericFromBigint } from '../../common/types/numeric.ts';
import type { Numeric } from '../../common/types/numeric.ts';
import { floatOverflow } from './number-checks.ts';

/** sum(int2), sum(int4) -> int8: refuses sums out of range. */
export function finishSumInt8(sum: bigint): bigint {
  if (BigInt.asIntN(64, sum) !== sum) throw sqlError('22003', 'bigint out of range');
  return sum;
}

/** sum(int8) -> numeric. */
export function finishSumNumeric(sum: bigint): Numeric {
  return makeNumeric(sum, 0);
}

/** sum(float4) -> float4 from an exact sum; 22003 when it overflows. */
export function finishSumFloat4(sum: number, hasInfinity: boolean): number {
  const result = Math.fround(sum);
  if (!hasInfinity && !Number.isFinite(result) && !Number.isNaN(result)) throw floatOverflow();
  return result;
}

/** sum(float8) -> float8 from an exact sum; 22003 when it overflows. */
export function finishSumFloat8(sum: number, hasInfinity: boolean): number {
  if (!hasInfinity && !Number.isFinite(sum) && !Number.isNaN(sum)) throw floatOverflow();
  return sum;
}

/** avg over integers -> numeric. */
export function finishAvgInt(sum: bigint, count: bigint): Numeric {
  return divNumeric(numericFromBigint(sum), numericFromBigint(count));
}

/** avg(numeric) -> numeric, from the sum at its display scale. */
export function finishAvgNumeric(sum: Numeric, count: bigint): Numeric {
  return divNumeric(sum, numericFromBigint(count));
}

/** avg over floats -> float8, from the exact sum. */
export function finishAvgFloat(sum: number, count: bigint): number {
  return sum / Number(count);
}

/** sum(interval) from the sums of its parts. */
export function finishSumInterval(months: bigint, days: bigint, micros: bigint): Interval {
  return makeInterval(Number(months), Number(days), micros);
}

/** avg(interval) from the sum and the count. */
export function finishAvgInterval(sum: Interval, count: bigint): Interval {
  return divInterval(sum, Number(count));
}
