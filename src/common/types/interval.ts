/**
 * SQL interval: months, days and microseconds kept apart.
 *
 * Holds the value and its arithmetic as PostgreSQL has it (a month counts 30 days when intervals
 * are compared, multiplied or justified). Reading text is in interval-parse.ts, writing it in
 * interval-format.ts. Objects are immutable; make them with `makeInterval`.
 */
import { sqlError } from '../errors.ts';
import type { SqlError } from '../errors.ts';

/** A span of time; the three parts have signs of their own. */
export interface Interval {
  readonly kind: 'interval';
  readonly months: number;
  readonly days: number;
  readonly micros: bigint;
}

/** Microseconds in a second. */
export const MICROS_PER_SECOND = 1_000_000n;
/** Microseconds in a minute. */
export const MICROS_PER_MINUTE = 60_000_000n;
/** Microseconds in an hour. */
export const MICROS_PER_HOUR = 3_600_000_000n;
/** Microseconds in a day. */
export const MICROS_PER_DAY = 86_400_000_000n;
const DAYS_PER_MONTH = 30;
const INT32_MAX = 2147483647;
const INT32_MIN = -2147483648;

/** The error of a result that does not fit. */
export function intervalOutOfRange(): SqlError {
  return sqlError('22008', 'interval out of range');
}

/** Makes an interval; 22008 when a part does not fit. */
export function makeInterval(months: number, days: number, micros: bigint): Interval {
  if (months > INT32_MAX || months < INT32_MIN || days > INT32_MAX || days < INT32_MIN
    || BigInt.asIntN(64, micros) !== micros) throw intervalOutOfRange();
  return { kind: 'interval', months: months | 0, days: days | 0, micros };
}

/** The interval of nothing. */
export const ZERO_INTERVAL: Interval = makeInterval(0, 0, 0n);

/** a + b, part by part. */
export function addInterval(a: Interval, b: Interval): Interval {
  return makeInterval(a.months + b.months, a.days + b.days, a.micros + b.micros);
}

/** a - b, part by part. */
export function subInterval(a: Interval, b: Interval): Interval {
  return makeInterval(a.months - b.months, a.days - b.days, a.micros - b.micros);
}

/** -a. */
export function negateInterval(value: Interval): Interval {
  return makeInterval(-value.months, -value.days, -value.micros);
}

/** Rounds to 1e-6 half to even, away from the noise of the cascade. */
function cascadeRound(value: number): number {
  return roundEven(value * 1_000_000) / 1_000_000;
}

function roundEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** interval * float8: fractions of months go down to days, of days to time. */
export function mulInterval(value: Interval, factor: number): Interval {
  return scaleInterval(value, (part) => part * factor);
}

/** interval / float8; 22012 for 0. */
export function divInterval(value: Interval, divisor: number): Interval {
  if (divisor === 0) throw sqlError('22012', 'division by zero');
  return scaleInterval(value, (part) => part / divisor);
}

function scaleInterval(value: Interval, by: (part: number) => number): Interval {
  const months = by(value.months);
  const days = by(value.days);
  const wholeMonths = Math.trunc(months);
  let wholeDays = Math.trunc(days);
  const monthDays = cascadeRound((months - wholeMonths) * DAYS_PER_MONTH);
  let seconds = cascadeRound(
    (days - wholeDays + monthDays - Math.trunc(monthDays)) * 86400);
  if (Math.abs(seconds) >= 86400) {
    wholeDays += Math.trunc(seconds / 86400);
    seconds -= Math.trunc(seconds / 86400) * 86400;
  }
  wholeDays += Math.trunc(monthDays);
  const micros = roundEven(by(Number(value.micros)) + seconds * 1_000_000);
  if (!Number.isFinite(months) || !Number.isFinite(days) || !Number.isFinite(micros)) {
    throw intervalOutOfRange();
  }
  return makeInterval(wholeMonths, wholeDays, BigInt(micros));
}

/** justify_hours: 24 hours become a day. */
export function justifyHours(value: Interval): Interval {
  let days = value.days + Number(value.micros / MICROS_PER_DAY);
  let micros = value.micros % MICROS_PER_DAY;
  if (days > 0 && micros < 0n) {
    micros += MICROS_PER_DAY;
    days--;
  } else if (days < 0 && micros > 0n) {
    micros -= MICROS_PER_DAY;
    days++;
  }
  return makeInterval(value.months, days, micros);
}

/** justify_days: 30 days become a month. */
export function justifyDays(value: Interval): Interval {
  let months = value.months + Math.trunc(value.days / DAYS_PER_MONTH);
  let days = value.days % DAYS_PER_MONTH;
  if (months > 0 && days < 0) {
    days += DAYS_PER_MONTH;
    months--;
  } else if (months < 0 && days > 0) {
    days -= DAYS_PER_MONTH;
    months++;
  }
  return makeInterval(months, days, value.micros);
}

/** justify_interval: both of the above, with all signs alike. */
export function justifyInterval(value: Interval): Interval {
  let days = value.days + Number(value.micros / MICROS_PER_DAY);
  let micros = value.micros % MICROS_PER_DAY;
  let months = value.months + Math.trunc(days / DAYS_PER_MONTH);
  days %= DAYS_PER_MONTH;
  if (months > 0 && (days < 0 || (days === 0 && micros < 0n))) {
    days += DAYS_PER_MONTH;
    months--;
  } else if (months < 0 && (days > 0 || (days === 0 && micros > 0n))) {
    days -= DAYS_PER_MONTH;
    months++;
  }
  if (days > 0 && micros < 0n) {
    micros += MICROS_PER_DAY;
    days--;
  } else if (days < 0 && micros > 0n) {
    micros -= MICROS_PER_DAY;
    days++;
  }
  return makeInterval(months, days, micros);
}

/** Microseconds with 30-day months and 24-hour days: what comparison goes by. */
export function intervalTotalMicros(value: Interval): bigint {
  const days = value.months * DAYS_PER_MONTH + value.days;
  return BigInt(days) * MICROS_PER_DAY + value.micros;
}

/** Total order; 1 month equals 30 days, 1 day equals 24 hours. */
export function compareInterval(a: Interval, b: Interval): number {
  if (a.months === b.months && a.days === b.days) {
    return a.micros < b.micros ? -1 : a.micros > b.micros ? 1 : 0;
  }
  const first = intervalTotalMicros(a);
  const second = intervalTotalMicros(b);
  return first < second ? -1 : first > second ? 1 : 0;
}
