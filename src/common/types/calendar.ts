/**
 * The proleptic Gregorian calendar over day numbers and microseconds since 1970-01-01.
 *
 * Pure integer arithmetic from 4713 BC on; timestamps end with int64, in January 294247 (those of
 * PostgreSQL, which counts from 2000, go on to the end of 294276). Years are
 * astronomical: year 0 is 1 BC. Time zones are in time-zone.ts.
 */
import { sqlError } from '../errors.ts';
import type { SqlError } from '../errors.ts';
import { MICROS_PER_DAY } from './interval.ts';

/** Microseconds in a day, as a double. */
export const DAY_MICROS = 86_400_000_000;
/** timestamp 'infinity'. */
export const TIMESTAMP_INFINITY = 9223372036854775807n;
/** timestamp '-infinity'. */
export const TIMESTAMP_NEGATIVE_INFINITY = -9223372036854775808n;
/** date 'infinity'. */
export const DATE_INFINITY = 2147483647;
/** date '-infinity'. */
export const DATE_NEGATIVE_INFINITY = -2147483648;
/** Days from 1970-01-01 to 2000-01-01, PostgreSQL's epoch on the wire. */
export const POSTGRES_EPOCH_DAYS = 10957;
/** Microseconds from 1970-01-01 to 2000-01-01. */
export const POSTGRES_EPOCH_MICROS = 946_684_800_000_000n;
/** Julian day number of 1970-01-01. */
export const UNIX_EPOCH_JULIAN = 2440588;

const TIMESTAMP_MIN = BigInt(-UNIX_EPOCH_JULIAN) * MICROS_PER_DAY;
const TIMESTAMP_END = TIMESTAMP_INFINITY;
const DATE_END = 2147483494 - UNIX_EPOCH_JULIAN;

/** A day of the calendar; month 1-12. */
export interface CivilDate {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

/** Days since 1970-01-01 of a date; month and day need not be normal. */
export function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100)
    + dayOfYear;
  return era * 146097 + dayOfEra - 719468;
}

/** The date of a day number. */
export function civilFromDays(days: number): CivilDate {
  const z = days + 719468;
  const era = Math.floor(z / 146097);
  const dayOfEra = z - era * 146097;
  const yearOfEra = Math.floor((dayOfEra - Math.floor(dayOfEra / 1460)
    + Math.floor(dayOfEra / 36524) - Math.floor(dayOfEra / 146096)) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4)
    - Math.floor(yearOfEra / 100));
  const monthIndex = Math.floor((5 * dayOfYear + 2) / 153);
  const month = monthIndex < 10 ? monthIndex + 3 : monthIndex - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * monthIndex + 2) / 5) + 1,
  };
}

/** True for years with a February 29. */
export function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

const MONTH_DAYS: readonly number[] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Number of days in a month. */
export function daysInMonth(year: number, month: number): number {
  return month === 2 && isLeapYear(year) ? 29 : MONTH_DAYS[month - 1] ?? 31;
}

/** 0 for Sunday to 6 for Saturday. */
export function dayOfWeek(days: number): number {
  const rest = (days + 4) % 7;
  return rest < 0 ? rest + 7 : rest;
}

/** 1 for January 1. */
export function dayOfYear(days: number): number {
  return days - daysFromCivil(civilFromDays(days).year, 1, 1) + 1;
}

/** The ISO 8601 week and the year it belongs to. */
export function isoWeek(days: number): { readonly year: number; readonly week: number } {
  const weekday = (dayOfWeek(days) + 6) % 7;
  const thursday = days - weekday + 3;
  const year = civilFromDays(thursday).year;
  return { year, week: Math.floor((thursday - daysFromCivil(year, 1, 1)) / 7) + 1 };
}

/** The day number of the Monday of an ISO week. */
export function isoWeekStart(year: number, week: number): number {
  const january4 = daysFromCivil(year, 1, 4);
  return january4 - ((dayOfWeek(january4) + 6) % 7) + (week - 1) * 7;
}

/** The whole days of a timestamp, rounding down. */
export function timestampDays(micros: bigint): number {
  const days = micros / MICROS_PER_DAY;
  return Number(micros < days * MICROS_PER_DAY ? days - 1n : days);
}

/** A timestamp split into its day and the microseconds of the day. */
export interface DayAndTime {
  readonly days: number;
  /** 0 to 86399999999. */
  readonly micros: number;
}

/** Splits a finite timestamp. */
export function splitTimestamp(micros: bigint): DayAndTime {
  // Doubles are exact to 2^53 microseconds: the years 1685 to 2255.
  const number = Number(micros);
  if (number < 9e15 && number > -9e15) {
    const days = Math.floor(number / DAY_MICROS);
    return { days, micros: number - days * DAY_MICROS };
  }
  const days = timestampDays(micros);
  return { days, micros: Number(micros - BigInt(days) * MICROS_PER_DAY) };
}

/** Joins a day and microseconds of it into a timestamp, unchecked. */
export function joinTimestamp(days: number, micros: number): bigint {
  const total = days * DAY_MICROS + micros;
  if (total < 9e15 && total > -9e15) return BigInt(total);
  return BigInt(days) * MICROS_PER_DAY + BigInt(micros);
}

/** True for the two infinities. */
export function isInfiniteTimestamp(micros: bigint): boolean {
  return micros === TIMESTAMP_INFINITY || micros === TIMESTAMP_NEGATIVE_INFINITY;
}

/** True for the two infinities. */
export function isInfiniteDate(days: number): boolean {
  return days === DATE_INFINITY || days === DATE_NEGATIVE_INFINITY;
}

/** True when a finite timestamp is in PostgreSQL's range. */
export function isTimestampInRange(micros: bigint): boolean {
  return micros >= TIMESTAMP_MIN && micros < TIMESTAMP_END;
}

/** True when a finite date is in PostgreSQL's range. */
export function isDateInRange(days: number): boolean {
  return days >= -UNIX_EPOCH_JULIAN && days < DATE_END;
}

/** The error of a computed timestamp out of range. */
export function timestampOutOfRange(): SqlError {
  return sqlError('22008', 'timestamp out of range');
}

/** The error of a computed date out of range. */
export function dateOutOfRange(): SqlError {
  return sqlError('22008', 'date out of range');
}

/** Returns a finite timestamp that is in range; 22008 otherwise. */
export function checkTimestamp(micros: bigint): bigint {
  if (!isTimestampInRange(micros)) throw timestampOutOfRange();
  return micros;
}

/** Casts date to timestamp: midnight; infinities stay. */
export function dateToTimestamp(days: number): bigint {
  if (days === DATE_INFINITY) return TIMESTAMP_INFINITY;
  if (days === DATE_NEGATIVE_INFINITY) return TIMESTAMP_NEGATIVE_INFINITY;
  const micros = BigInt(days) * MICROS_PER_DAY;
  if (isTimestampInRange(micros)) return micros;
  throw sqlError('22008', 'date out of range for timestamp');
}

/** Casts timestamp to date; infinities stay. */
export function timestampToDate(micros: bigint): number {
  if (micros === TIMESTAMP_INFINITY) return DATE_INFINITY;
  if (micros === TIMESTAMP_NEGATIVE_INFINITY) return DATE_NEGATIVE_INFINITY;
  return timestampDays(micros);
}

/** The microseconds of the day of a finite timestamp: cast to time. */
export function timestampToTime(micros: bigint): bigint {
  const rest = micros % MICROS_PER_DAY;
  return rest < 0n ? rest + MICROS_PER_DAY : rest;
}

/** Rounds microseconds to 0-6 fractional digits, half away from zero. */
export function roundMicros(micros: bigint, digits: number): bigint {
  if (digits >= 6) return micros;
  const unit = 10n ** BigInt(6 - digits);
  const half = unit / 2n;
  return micros >= 0n
    ? ((micros + half) / unit) * unit
    : -(((-micros + half) / unit) * unit);
}

/** Rounds a double to an integer, halves to even, as C's rint. */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
