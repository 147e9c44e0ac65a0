/**
 * Text input of date, time, timestamp and timestamptz: every usual form PostgreSQL reads.
 *
 * ISO forms take a fast path; the rest is cut into fields (datetime-fields.ts) and gathered here.
 * Ambiguous dates follow the order in DateStyle. Errors are 22007, 22008, 22009 and 22023.
 */
import { sqlError } from '../errors.ts';
import type { SqlError } from '../errors.ts';
import {
  DATE_INFINITY, DATE_NEGATIVE_INFINITY, DAY_MICROS, TIMESTAMP_INFINITY,
  TIMESTAMP_NEGATIVE_INFINITY, daysFromCivil, daysInMonth, isDateInRange, isTimestampInRange,
  joinTimestamp, splitTimestamp,
} from './calendar.ts';
import { dateOrder } from './datetime-format.ts';
import { FieldReader } from './datetime-fields.ts';
import type { DateTimeFields } from './datetime-fields.ts';
import { MICROS_PER_DAY } from './interval.ts';
import type { FormatSettings } from './settings.ts';
import { localToUtcAt, offsetMicrosAt, requireZone } from './time-zone.ts';
import type { Zone } from './time-zone.ts';

const PLACES: readonly number[] = [1e6, 1e5, 1e4, 1e3, 1e2, 10, 1];
const NOT_ISO = -1;

/** The two digits at a place, or NOT_ISO. */
function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - 48;
  const ones = text.charCodeAt(at + 1) - 48;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : NOT_ISO;
}

/** The day of `yyyy-mm-dd` at the start of a text, or null. */
function isoDay(text: string): number | null {
  if (text.charCodeAt(4) !== 45 || text.charCodeAt(7) !== 45) return null;
  const century = twoDigits(text, 0);
  const yearOfCentury = twoDigits(text, 2);
  const month = twoDigits(text, 5);
  const day = twoDigits(text, 8);
  if (century < 0 || yearOfCentury < 0) return null;
  const year = century * 100 + yearOfCentury;
  if (year === 0 || month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) {
    return null;
  }
  return daysFromCivil(year, month, day);
}

/**
 * Reads the forms nearly every program writes, a character at a time (4 times faster than a regular
 * expression); null sends the text down the long road.
 */
function parseIso(text: string): DateTimeFields | null {
  const { length } = text;
  const days = isoDay(text);
  if (days === null) return null;
  if (length === 10) return { special: null, days, micros: null, zone: null };
  const separator = text.charCodeAt(10);
  const hour = twoDigits(text, 11);
  const minute = twoDigits(text, 14);
  if ((separator !== 32 && separator !== 84) || text.charCodeAt(13) !== 58) return null;
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59) return null;
  let micros = (hour * 60 + minute) * 60_000_000;
  let at = 16;
  if (text.charCodeAt(16) === 58) {
    const second = twoDigits(text, 17);
    if (second < 0 || second > 59) return null;
    micros += second * 1_000_000;
    at = 19;
    if (text.charCodeAt(19) === 46) {
      at = fractionEnd(text);
      const digits = at - 20;
      if (digits < 1 || digits > 6) return null;
      micros += Number(text.slice(20, at)) * (PLACES[digits] ?? 1);
    }
  }
  if (at === length) return { special: null, days, micros, zone: null };
  const zone = isoZone(text.slice(at));
  return zone === null ? null : { special: null, days, micros, zone };
}

function fractionEnd(text: string): number {
  let at = 20;
  while (text.charCodeAt(at) >= 48 && text.charCodeAt(at) <= 57) at++;
  return at;
}

let lastZoneText = 'Z';
let lastZone: Zone = { kind: 'fixed', seconds: 0, abbreviation: null };

/** The zone of `Z`, `+05`, `+0530` or `+05:30`; null for anything else. */
function isoZone(text: string): Zone | null {
  if (text === lastZoneText) return lastZone;
  if (!/^(?:Z|[+-]\d\d(?::?\d\d)?)$/.test(text)) return null;
  const sign = text.startsWith('-') ? -1 : 1;
  const digits = text.replaceAll(/[^0-9]/g, '').padEnd(4, '0');
  const hours = Number(digits.slice(0, 2));
  const minutes = Number(digits.slice(2));
  if (hours > 15 || minutes > 59) return null;
  lastZone = { kind: 'fixed', seconds: sign * (hours * 60 + minutes) * 60 + 0, abbreviation: null };
  lastZoneText = text;
  return lastZone;
}

function readFields(text: string, typeName: string, settings: FormatSettings): DateTimeFields {
  return parseIso(text)
    ?? new FieldReader(text, typeName, dateOrder(settings.dateStyle)).read();
}

function invalid(text: string, typeName: string): SqlError {
  return sqlError('22007', `invalid input syntax for type ${typeName}: "${text}"`);
}

/** The start of the session's day, `shift` days on, as a day number. */
function localToday(settings: FormatSettings, shift: number): number {
  const now = settings.now();
  const local = now + offsetMicrosAt(requireZone(settings.timeZone), now);
  return splitTimestamp(local).days + shift;
}

function dayShift(special: DateTimeFields['special']): number | null {
  switch (special) {
    case 'today': return 0;
    case 'tomorrow': return 1;
    case 'yesterday': return -1;
    default: return null;
  }
}

/** The day of the fields, resolving today and its like; null when there is none. */
function dayOf(fields: DateTimeFields, settings: FormatSettings): number | null {
  const shift = dayShift(fields.special);
  return shift === null ? fields.days : localToday(settings, shift);
}

/** Reads a timestamp: local microseconds; a zone in the text is read and ignored. */
export function parseTimestamp(text: string, settings: FormatSettings): bigint {
  const fields = readFields(text, 'timestamp', settings);
  switch (fields.special) {
    case 'epoch': return 0n;
    case 'infinity': return TIMESTAMP_INFINITY;
    case '-infinity': return TIMESTAMP_NEGATIVE_INFINITY;
    case 'now': {
      const now = settings.now();
      return now + offsetMicrosAt(requireZone(settings.timeZone), now);
    }
    default: break;
  }
  const days = dayOf(fields, settings);
  if (days === null) throw invalid(text, 'timestamp');
  return inRange(joinTimestamp(days, fields.micros ?? 0), text);
}

function inRange(micros: bigint, text: string): bigint {
  if (isTimestampInRange(micros)) return micros;
  throw sqlError('22008', `timestamp out of range: "${text}"`);
}

/** Reads a timestamptz: microseconds UTC; without a zone in the text the session's counts. */
export function parseTimestamptz(text: string, settings: FormatSettings): bigint {
  const fields = readFields(text, 'timestamp with time zone', settings);
  switch (fields.special) {
    case 'epoch': return 0n;
    case 'infinity': return TIMESTAMP_INFINITY;
    case '-infinity': return TIMESTAMP_NEGATIVE_INFINITY;
    case 'now': return settings.now();
    default: break;
  }
  const days = dayOf(fields, settings);
  if (days === null) throw invalid(text, 'timestamp with time zone');
  const zone = fields.zone ?? requireZone(settings.timeZone);
  const local = joinTimestamp(days, fields.micros ?? 0);
  return inRange(localToUtcAt(zone, local), text);
}

/** Reads a date: days since 1970-01-01; a time in the text is read and ignored. */
export function parseDate(text: string, settings: FormatSettings): number {
  const fields = readFields(text, 'date', settings);
  switch (fields.special) {
    case 'epoch': return 0;
    case 'infinity': return DATE_INFINITY;
    case '-infinity': return DATE_NEGATIVE_INFINITY;
    case 'now': return localToday(settings, 0);
    default: break;
  }
  const days = dayOf(fields, settings);
  if (days === null) throw invalid(text, 'date');
  if (!isDateInRange(days)) throw sqlError('22008', `date out of range: "${text}"`);
  return days;
}

/** A time of day and the zone it was given with. */
export interface TimeAndZone {
  readonly micros: bigint;
  /** Offset east of UTC in seconds, or null when the text names none. */
  readonly offset: number | null;
}

/** Reads a time of day, with the zone if the text has one. */
export function parseTimeAndZone(
  text: string, typeName: string, settings: FormatSettings,
): TimeAndZone {
  const fields = readFields(text, typeName, settings);
  if (fields.special === 'now') {
    const now = settings.now();
    const offset = offsetMicrosAt(requireZone(settings.timeZone), now);
    const micros = BigInt(splitTimestamp(now + offset).micros);
    return { micros, offset: Number(offset / 1_000_000n) };
  }
  if (fields.special !== null || fields.micros === null) throw invalid(text, typeName);
  const { zone } = fields;
  if (zone === null) return { micros: BigInt(fields.micros), offset: null };
  // A zone with daylight saving time needs a date to be an offset.
  if (zone.kind === 'iana' && fields.days === null) throw invalid(text, typeName);
  const local = joinTimestamp(fields.days ?? 0, fields.micros);
  const offset = Number((local - localToUtcAt(zone, local)) / 1_000_000n);
  return { micros: BigInt(fields.micros), offset };
}

/** Reads a time; a zone in the text is read and ignored. */
export function parseTime(text: string, settings: FormatSettings): bigint {
  const fast = /^(\d\d):(\d\d):(\d\d)$/.exec(text);
  if (fast !== null) {
    const hour = Number(fast[1]);
    const minute = Number(fast[2]);
    const second = Number(fast[3]);
    if (hour < 24 && minute < 60 && second < 60) {
      return BigInt(((hour * 60 + minute) * 60 + second) * 1_000_000);
    }
  }
  const { micros } = parseTimeAndZone(text, 'time', settings);
  if (micros > MICROS_PER_DAY) throw fieldOverflow(text);
  return micros;
}

/** `date/time field value out of range: "x"`. */
export function fieldOverflow(text: string, hint?: string): SqlError {
  return sqlError('22008', `date/time field value out of range: "${text}"`, { hint });
}

/** Microseconds of a day from its parts, for callers that checked them. */
export function timeOfDay(hour: number, minute: number, second: number): number {
  return Math.min((hour * 60 + minute) * 60_000_000 + Math.round(second * 1_000_000), DAY_MICROS);
}
