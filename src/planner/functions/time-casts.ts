/**
 * Conversions between date, timestamp and timestamptz that need a time zone.
 *
 * Infinities pass unchanged; results outside the range are 22008.
 */
import {
  checkTimestamp, dateToTimestamp as midnightOf, isInfiniteTimestamp,
} from '../../common/types/calendar.ts';
import { localToUtc, utcToLocal } from '../../common/types/time-zone.ts';

/** Midnight of a day; infinities stay. */
export function dateToTimestamp(days: number): bigint {
  return midnightOf(days);
}

/** Midnight of a day in a zone. */
export function dateToTimestamptz(days: number, timeZone: string): bigint {
  return timestampToTimestamptz(midnightOf(days), timeZone);
}

/** The instant of a local time in a zone. */
export function timestampToTimestamptz(local: bigint, timeZone: string): bigint {
  return isInfiniteTimestamp(local) ? local : checkTimestamp(localToUtc(timeZone, local));
}

/** The local time of an instant in a zone. */
export function timestamptzToTimestamp(instant: bigint, timeZone: string): bigint {
  return isInfiniteTimestamp(instant) ? instant : checkTimestamp(utcToLocal(timeZone, instant));
}
