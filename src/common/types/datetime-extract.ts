/**
 * extract(field from value): numeric results with PostgreSQL's scales; date_part is the same as
 * float8.
 *
 * Epoch and seconds carry six digits after the point, milliseconds three, all else none.
 */
import { sqlError } from '../errors.ts';
import type { SqlError } from '../errors.ts';
import {
  DATE_INFINITY, TIMESTAMP_INFINITY, UNIX_EPOCH_JULIAN, civilFromDays, dayOfWeek, dayOfYear,
  isInfiniteDate, isInfiniteTimestamp, isoWeek, splitTimestamp,
} from './calendar.ts';
import { canonicalUnit } from './datetime-arithmetic.ts';
import type { Interval } from './interval.ts';
import {
  NUMERIC_INFINITY, NUMERIC_NEGATIVE_INFINITY, divNumeric, makeNumeric, addNumeric,
} from './numeric.ts';
import type { Numeric } from './numeric.ts';
import { offsetMicrosAt, requireZone } from './time-zone.ts';

function whole(value: number): Numeric {
  return makeNumeric(BigInt(value), 0);
}

function notSupported(unit: string, typeName: string): SqlError {
  return sqlError('0A000', `unit "${unit}" not supported for type ${typeName}`);
}

function notRecognized(unit: string, typeName: string): SqlError {
  return sqlError('22023', `unit "${unit}" not recognized for type ${typeName}`);
}

const FIELDS = new Set(['microsecond', 'millisecond', 'second', 'minute', 'hour', 'day', 'week',
  'month', 'quarter', 'year', 'decade', 'century', 'millennium', 'isoyear', 'dow', 'isodow', 'doy',
  'epoch', 'julian', 'timezone', 'timezone_hour', 'timezone_minute']);

/** Fields that grow without end: of an infinite value they are infinite, the others NULL. */
const MONOTONIC = new Set([
  'year', 'decade', 'century', 'millennium', 'isoyear', 'julian', 'epoch',
]);

/** The name of a field in canonical spelling. */
function fieldOf(unit: string): string {
  const lower = canonicalUnit(unit);
  switch (lower) {
    case 'timezone_h': return 'timezone_hour';
    case 'timezone_m': return 'timezone_minute';
    case 'j': case 'jd': return 'julian';
    default: return lower;
  }
}

/** The fields of a date; null when the field is none of a date. */
function dateField(field: string, days: number): Numeric | null {
  const { year, month, day } = civilFromDays(days);
  switch (field) {
    case 'day': return whole(day);
    case 'month': return whole(month);
    case 'quarter': return whole(Math.floor((month - 1) / 3) + 1);
    case 'week': return whole(isoWeek(days).week);
    case 'year': return whole(year > 0 ? year : year - 1);
    case 'isoyear': {
      const isoYear = isoWeek(days).year;
      return whole(isoYear > 0 ? isoYear : isoYear - 1);
    }
    case 'decade': return whole(Math.floor(year / 10));
    case 'century': return whole(century(year, 100));
    case 'millennium': return whole(century(year, 1000));
    case 'dow': return whole(dayOfWeek(days));
    case 'isodow': return whole(dayOfWeek(days) || 7);
    case 'doy': return whole(dayOfYear(days));
    default: return null;
  }
}

function century(year: number, span: number): number {
  return year > 0 ? Math.floor((year + span - 1) / span) : -Math.floor((span - year) / span);
}

/** The fields of a time of day in microseconds; null when the field is none. */
function clockField(field: string, micros: number): Numeric | null {
  switch (field) {
    case 'microsecond': return whole(micros % 60_000_000);
    case 'millisecond': return makeNumeric(BigInt(micros % 60_000_000), 3);
    case 'second': return makeNumeric(BigInt(micros % 60_000_000), 6);
    case 'minute': return whole(Math.floor(micros / 60_000_000) % 60);
    case 'hour': return whole(Math.floor(micros / 3_600_000_000));
    default: return null;
  }
}

function julian(days: number, micros: number): Numeric {
  const day = whole(days + UNIX_EPOCH_JULIAN);
  if (micros === 0) return addNumeric(day, divNumeric(whole(0), whole(86_400_000_000)));
  return addNumeric(day, divNumeric(whole(micros), whole(86_400_000_000)));
}

function infiniteField(field: string, unit: string, of: InfiniteOf): Numeric | null {
  if (!FIELDS.has(field)) throw notRecognized(unit, of.typeName);
  if (!MONOTONIC.has(field)) return null;
  return of.positive ? NUMERIC_INFINITY : NUMERIC_NEGATIVE_INFINITY;
}

interface InfiniteOf {
  readonly positive: boolean;
  readonly typeName: string;
}

/** extract(unit from timestamp); null for fields an infinite timestamp does not have. */
export function extractTimestamp(unit: string, micros: bigint): Numeric | null {
  const typeName = 'timestamp without time zone';
  const field = fieldOf(unit);
  if (isInfiniteTimestamp(micros)) {
    return infiniteField(field, unit, { positive: micros === TIMESTAMP_INFINITY, typeName });
  }
  if (field === 'epoch') return makeNumeric(micros, 6);
  return localField(field, micros) ?? refuse(field, unit, typeName);
}

function localField(field: string, micros: bigint): Numeric | null {
  const split = splitTimestamp(micros);
  if (field === 'julian') return julian(split.days, split.micros);
  return dateField(field, split.days) ?? clockField(field, split.micros);
}

function refuse(field: string, unit: string, typeName: string): never {
  throw FIELDS.has(field) ? notSupported(unit, typeName) : notRecognized(unit, typeName);
}

/** extract(unit from timestamptz) in a zone. */
export function extractTimestamptz(unit: string, micros: bigint, timeZone: string): Numeric | null {
  const typeName = 'timestamp with time zone';
  const field = fieldOf(unit);
  if (isInfiniteTimestamp(micros)) {
    return infiniteField(field, unit, { positive: micros === TIMESTAMP_INFINITY, typeName });
  }
  if (field === 'epoch') return makeNumeric(micros, 6);
  const offset = offsetMicrosAt(requireZone(timeZone), micros);
  return zoneField(field, Number(offset / 1_000_000n)) ?? localField(field, micros + offset)
    ?? refuse(field, unit, typeName);
}

function zoneField(field: string, seconds: number): Numeric | null {
  switch (field) {
    case 'timezone': return whole(seconds);
    case 'timezone_hour': return whole(Math.trunc(seconds / 3600) + 0);
    case 'timezone_minute': return whole((Math.trunc(seconds / 60) % 60) + 0);
    default: return null;
  }
}

/** extract(unit from date). */
export function extractDate(unit: string, days: number): Numeric | null {
  const field = fieldOf(unit);
  if (isInfiniteDate(days)) {
    if (clockField(field, 0) !== null || field.startsWith('timezone')) {
      throw notSupported(unit, 'date');
    }
    return infiniteField(field, unit, { positive: days === DATE_INFINITY, typeName: 'date' });
  }
  if (field === 'epoch') return makeNumeric(BigInt(days) * 86400n, 0);
  if (field === 'julian') return whole(days + UNIX_EPOCH_JULIAN);
  return dateField(field, days) ?? refuse(field, unit, 'date');
}

/** extract(unit from time). */
export function extractTime(unit: string, micros: bigint): Numeric {
  const field = fieldOf(unit);
  if (field === 'epoch') return makeNumeric(micros, 6);
  return clockField(field, Number(micros)) ?? refuse(field, unit, 'time without time zone');
}

/** extract(unit from timetz), of a local time and its offset in seconds. */
export function extractTimetz(
  unit: string, time: { readonly micros: bigint; readonly offset: number },
): Numeric {
  const field = fieldOf(unit);
  switch (field) {
    case 'epoch': return makeNumeric(time.micros - BigInt(time.offset) * 1_000_000n, 6);
    case 'timezone': return whole(time.offset);
    case 'timezone_hour': return whole(Math.trunc(time.offset / 3600) + 0);
    case 'timezone_minute': return whole((Math.trunc(time.offset / 60) % 60) + 0);
    default:
      return clockField(field, Number(time.micros)) ?? refuse(field, unit, 'time with time zone');
  }
}

/** extract(unit from interval). */
export function extractInterval(unit: string, value: Interval): Numeric {
  const field = fieldOf(unit);
  const years = Math.trunc(value.months / 12);
  const minute = value.micros % 60_000_000n;
  switch (field) {
    case 'microsecond': return makeNumeric(minute, 0);
    case 'millisecond': return makeNumeric(minute, 3);
    case 'second': return makeNumeric(minute, 6);
    case 'minute': return makeNumeric((value.micros / 60_000_000n) % 60n, 0);
    case 'hour': return makeNumeric(value.micros / 3_600_000_000n, 0);
    case 'day': return whole(value.days);
    case 'month': return whole((value.months % 12) + 0);
    case 'quarter': return whole(Math.trunc((value.months % 12) / 3) + 1);
    case 'year': return whole(years + 0);
    case 'decade': return whole(Math.trunc(years / 10) + 0);
    case 'century': return whole(Math.trunc(years / 100) + 0);
    case 'millennium': return whole(Math.trunc(years / 1000) + 0);
    case 'epoch': {
      // A year counts 365.25 days here, a month 30.
      const seconds = BigInt(years) * 31_557_600n
        + BigInt(value.months % 12) * 2_592_000n + BigInt(value.days) * 86400n;
      return makeNumeric(seconds * 1_000_000n + value.micros, 6);
    }
    default: return refuse(field, unit, 'interval');
  }
}
