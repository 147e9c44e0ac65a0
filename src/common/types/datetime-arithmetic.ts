/**
 * Arithmetic of dates and timestamps: adding intervals, differences, age, truncation, bins,
 * makers.
 *
 * Months are added by the calendar (the day is clamped to the month's last), days by the calendar
 * of the zone, the rest by the clock. Extraction of fields is in datetime-extract.ts.
 */
import { sqlError } from '../errors.ts';
import type { SqlError } from '../errors.ts';
import {
  TIMESTAMP_INFINITY, TIMESTAMP_NEGATIVE_INFINITY, checkTimestamp, civilFromDays, dateOutOfRange,
  daysFromCivil, daysInMonth, isDateInRange, isInfiniteDate, isInfiniteTimestamp,
  joinTimestamp, splitTimestamp, dayOfWeek, timestampOutOfRange,
} from './calendar.ts';
import { formatFloat8 } from './floats.ts';
import { MICROS_PER_DAY, intervalOutOfRange, makeInterval, negateInterval } from './interval.ts';
import type { Interval } from './interval.ts';
import { localToUtcAt, offsetMicrosAt, requireZone } from './time-zone.ts';
import type { Zone } from './time-zone.ts';

/** The local timestamp `months` on, its day clamped to the month's last day. */
function addMonths(micros: bigint, months: number): bigint {
  const split = splitTimestamp(micros);
  const { year, month, day } = civilFromDays(split.days);
  const total = year * 12 + month - 1 + months;
  const newYear = Math.floor(total / 12);
  const newMonth = total - newYear * 12 + 1;
  if (newYear > 294276 || newYear < -4713) throw timestampOutOfRange();
  const newDay = Math.min(day, daysInMonth(newYear, newMonth));
  return joinTimestamp(daysFromCivil(newYear, newMonth, newDay), split.micros);
}

/** timestamp + interval. */
export function addToTimestamp(micros: bigint, interval: Interval): bigint {
  if (isInfiniteTimestamp(micros)) return micros;
  let result = micros;
  if (interval.months !== 0) result = checkTimestamp(addMonths(result, interval.months));
  return checkTimestamp(result + BigInt(interval.days) * MICROS_PER_DAY + interval.micros);
}

/** timestamp - interval. */
export function subFromTimestamp(micros: bigint, interval: Interval): bigint {
  return addToTimestamp(micros, negateInterval(interval));
}

/** timestamptz + interval: months and days by the zone's calendar, the rest by the clock. */
export function addToTimestamptz(micros: bigint, interval: Interval, timeZone: string): bigint {
  if (isInfiniteTimestamp(micros)) return micros;
  let result = micros;
  if (interval.months !== 0 || interval.days !== 0) {
    const zone = requireZone(timeZone);
    if (interval.months !== 0) {
      const local = result + offsetMicrosAt(zone, result);
      result = localToUtcAt(zone, addMonths(local, interval.months));
    }
    if (interval.days !== 0) {
      const local = result + offsetMicrosAt(zone, result);
      result = localToUtcAt(zone, local + BigInt(interval.days) * MICROS_PER_DAY);
    }
  }
  return checkTimestamp(result + interval.micros);
}

/** timestamptz - interval. */
export function subFromTimestamptz(micros: bigint, interval: Interval, timeZone: string): bigint {
  return addToTimestamptz(micros, negateInterval(interval), timeZone);
}

/** date + integer; infinities stay. */
export function addToDate(days: number, count: number): number {
  if (isInfiniteDate(days)) return days;
  const result = days + count;
  if (!isDateInRange(result)) throw dateOutOfRange();
  return result;
}

/** date - date in days. */
export function subDates(a: number, b: number): number {
  if (isInfiniteDate(a) || isInfiniteDate(b)) {
    throw sqlError('22008', 'cannot subtract infinite dates');
  }
  return a - b;
}

/** timestamp - timestamp: days and time, no months. */
export function subTimestamps(a: bigint, b: bigint): Interval {
  if (isInfiniteTimestamp(a) || isInfiniteTimestamp(b)) {
    throw sqlError('22008', 'cannot subtract infinite timestamps');
  }
  const difference = a - b;
  return makeInterval(0, Number(difference / MICROS_PER_DAY), difference % MICROS_PER_DAY);
}

/** time + interval, wrapping at midnight. */
export function addToTime(micros: bigint, interval: Interval): bigint {
  const result = (micros + interval.micros) % MICROS_PER_DAY;
  return result < 0n ? result + MICROS_PER_DAY : result;
}

/** age(a, b) in years, months, days and time, of local timestamps. */
export function age(a: bigint, b: bigint): Interval {
  if (isInfiniteTimestamp(a) || isInfiniteTimestamp(b)) throw timestampOutOfRange();
  if (a < b) return negateInterval(age(b, a));
  const first = splitTimestamp(a);
  const second = splitTimestamp(b);
  const from = civilFromDays(second.days);
  const to = civilFromDays(first.days);
  let micros = first.micros - second.micros;
  let days = to.day - from.day;
  let months = (to.year - from.year) * 12 + to.month - from.month;
  if (micros < 0) {
    micros += Number(MICROS_PER_DAY);
    days--;
  }
  if (days < 0) {
    days += daysInMonth(from.year, from.month);
    months--;
  }
  return makeInterval(months, days, BigInt(micros));
}

/** age(a, b) of instants: as seen on the zone's clocks. */
export function ageInZone(a: bigint, b: bigint, timeZone: string): Interval {
  if (isInfiniteTimestamp(a) || isInfiniteTimestamp(b)) throw timestampOutOfRange();
  const zone = requireZone(timeZone);
  return age(a + offsetMicrosAt(zone, a), b + offsetMicrosAt(zone, b));
}

/** Fields that can be extracted but not truncated to. */
const NOT_TRUNCATED = new Set(['timezone', 'timezone_hour', 'timezone_minute', 'timezone_h',
  'timezone_m']);

function unknownUnit(unit: string, typeName: string): SqlError {
  if (NOT_TRUNCATED.has(unit.toLowerCase())) {
    return sqlError('0A000', `unit "${unit}" not supported for type ${typeName}`);
  }
  return sqlError('22023', `unit "${unit}" not recognized for type ${typeName}`);
}

/** Whole microseconds of the units of fixed length that date_trunc knows. */
const CLOCK_UNITS: ReadonlyMap<string, bigint> = new Map([
  ['microsecond', 1n], ['millisecond', 1000n], ['second', 1_000_000n], ['minute', 60_000_000n],
  ['hour', 3_600_000_000n],
]);

const UNIT_ALIASES: ReadonlyMap<string, string> = new Map(Object.entries({
  microsecond: 'microseconds us usec usecs usecond useconds',
  millisecond: 'milliseconds ms msec msecs msecond mseconds',
  second: 'seconds s sec secs', minute: 'minutes m min mins', hour: 'hours h hr hrs',
  day: 'days d', week: 'weeks w', month: 'months mon mons', quarter: 'qtr', year: 'years y yr yrs',
  decade: 'decades dec decs', century: 'centuries c cent', millennium: 'millennia mil mils',
}).flatMap(([unit, words]) => words.split(' ').map((word): [string, string] => [word, unit])));

/** The canonical spelling of a unit, `hours` becoming `hour`; other words in lower case. */
export function canonicalUnit(unit: string): string {
  const lower = unit.toLowerCase();
  return UNIT_ALIASES.get(lower) ?? lower;
}

/** The first day of the calendar unit a day lies in; null when the unit is none. */
function truncDays(unit: string, days: number): number | null {
  const { year, month } = civilFromDays(days);
  switch (unit) {
    case 'day': return days;
    case 'week': return days - ((dayOfWeek(days) + 6) % 7);
    case 'month': return daysFromCivil(year, month, 1);
    case 'quarter': return daysFromCivil(year, month - ((month - 1) % 3), 1);
    case 'year': return daysFromCivil(year, 1, 1);
    case 'decade': return daysFromCivil(Math.floor(year / 10) * 10, 1, 1);
    case 'century': return daysFromCivil(yearsFrom(year, 100), 1, 1);
    case 'millennium': return daysFromCivil(yearsFrom(year, 1000), 1, 1);
    default: return null;
  }
}

/** First year of the century or millennium; they begin with year 1, or end with 1 BC. */
function yearsFrom(year: number, span: number): number {
  return Math.floor((year - 1) / span) * span + 1;
}

/** date_trunc(unit, timestamp). */
export function truncTimestamp(unit: string, micros: bigint): bigint {
  return truncAs(unit, micros, 'timestamp without time zone');
}

function truncAs(unit: string, micros: bigint, typeName: string): bigint {
  const canonical = canonicalUnit(unit);
  const clock = CLOCK_UNITS.get(canonical);
  if (isInfiniteTimestamp(micros)) return micros;
  if (clock !== undefined) {
    const rest = micros % clock;
    return rest < 0n ? micros - rest - clock : micros - rest;
  }
  const days = truncDays(canonical, splitTimestamp(micros).days);
  if (days === null) throw unknownUnit(unit, typeName);
  return checkTimestamp(BigInt(days) * MICROS_PER_DAY);
}

/** date_trunc(unit, timestamptz, zone): by the zone's calendar. */
export function truncTimestamptz(unit: string, micros: bigint, timeZone: string): bigint {
  const typeName = 'timestamp with time zone';
  const zone = requireZone(timeZone);
  if (isInfiniteTimestamp(micros)) return truncAs(unit, micros, typeName);
  const offset = offsetMicrosAt(zone, micros);
  const local = truncAs(unit, micros + offset, typeName);
  // Below the day the offset stays, so that a repeated hour is not moved to the other one.
  return CLOCK_UNITS.has(canonicalUnit(unit)) ? local - offset : localToUtcAt(zone, local);
}

/** date_trunc(unit, interval). */
export function truncInterval(unit: string, value: Interval): Interval {
  const canonical = canonicalUnit(unit);
  const clock = CLOCK_UNITS.get(canonical);
  if (clock !== undefined) {
    return makeInterval(value.months, value.days, (value.micros / clock) * clock);
  }
  const whole = (span: number): Interval =>
    makeInterval(Math.trunc(value.months / span) * span, 0, 0n);
  switch (canonical) {
    case 'day': return makeInterval(value.months, value.days, 0n);
    case 'week':
      throw sqlError('0A000', `unit "${unit}" not supported for type interval`, {
        detail: 'Months usually have fractional weeks.',
      });
    case 'month': return whole(1);
    case 'quarter': return whole(3);
    case 'year': return whole(12);
    case 'decade': return whole(120);
    case 'century': return whole(1200);
    case 'millennium': return whole(12000);
    default: throw unknownUnit(unit, 'interval');
  }
}

/** date_bin(stride, timestamp, origin). */
export function binTimestamp(stride: Interval, micros: bigint, origin: bigint): bigint {
  if (isInfiniteTimestamp(micros)) return micros;
  if (isInfiniteTimestamp(origin)) throw sqlError('22008', 'origin out of range');
  if (stride.months !== 0) {
    throw sqlError('0A000',
      'timestamps cannot be binned into intervals containing months or years');
  }
  const width = BigInt(stride.days) * MICROS_PER_DAY + stride.micros;
  if (width <= 0n) throw sqlError('22008', 'stride must be greater than zero');
  if (BigInt.asIntN(64, width) !== width) throw intervalOutOfRange();
  const distance = micros - origin;
  const rest = distance % width;
  return checkTimestamp(micros - rest - (rest < 0n ? width : 0n));
}

/** make_date(year, month, day); negative years are BC. */
export function makeDate(year: number, month: number, day: number): number {
  const text = `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
  const astronomical = year < 0 ? year + 1 : year;
  if (year === 0 || month < 1 || month > 12 || day < 1 || day > daysInMonth(astronomical, month)) {
    throw sqlError('22008', `date field value out of range: ${text}`);
  }
  const days = daysFromCivil(astronomical, month, day);
  if (!isDateInRange(days)) throw sqlError('22008', `date out of range: ${text}`);
  return days;
}

/** make_time(hour, minute, second). */
export function makeTime(hour: number, minute: number, second: number): bigint {
  const micros = (hour * 60 + minute) * 60_000_000 + Math.round(second * 1_000_000);
  const valid = hour >= 0 && minute >= 0 && minute < 60 && second >= 0 && second <= 60
    && micros <= Number(MICROS_PER_DAY);
  if (!valid) {
    const shown = [hour, minute].map((part) => String(part).padStart(2, '0')).join(':');
    throw sqlError('22008', `time field value out of range: ${shown}:${secondText(second)}`);
  }
  return BigInt(micros);
}

function secondText(second: number): string {
  const text = String(second);
  return text.indexOf('.') === 1 || text.length === 1 ? `0${text}` : text;
}

/** make_timestamp(date, time of day). */
export function makeTimestamp(days: number, time: bigint): bigint {
  return checkTimestamp(BigInt(days) * MICROS_PER_DAY + time);
}

/** to_timestamp(seconds since 1970). */
export function timestampOfSeconds(seconds: number): bigint {
  if (Number.isNaN(seconds)) throw sqlError('22008', 'timestamp cannot be NaN');
  if (seconds === Infinity) return TIMESTAMP_INFINITY;
  if (seconds === -Infinity) return TIMESTAMP_NEGATIVE_INFINITY;
  const micros = Math.round(seconds * 1_000_000);
  if (Math.abs(seconds) > 1e13) {
    throw sqlError('22008', `timestamp out of range: "${formatFloat8(seconds, -9)}"`);
  }
  return checkTimestamp(BigInt(micros));
}

/** timestamp AT TIME ZONE zone: the instant of a local time. */
export function timestampAtZone(local: bigint, zone: Zone): bigint {
  return isInfiniteTimestamp(local) ? local : checkTimestamp(localToUtcAt(zone, local));
}

/** timestamptz AT TIME ZONE zone: the local time of an instant. */
export function timestamptzAtZone(micros: bigint, zone: Zone): bigint {
  if (isInfiniteTimestamp(micros)) return micros;
  return checkTimestamp(micros + offsetMicrosAt(zone, micros));
}
