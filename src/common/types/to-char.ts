/**
 * to_char of timestamps and intervals.
 *
 * Works on fields taken apart beforehand, so that timestamps, instants in a zone and intervals
 * share one road. Templates are parsed in format-pattern.ts; numbers are in to-char-number.ts.
 */
import { sqlError } from '../errors.ts';
import {
  UNIX_EPOCH_JULIAN, civilFromDays, dayOfWeek, dayOfYear, daysFromCivil, isInfiniteTimestamp,
  isoWeek, isoWeekStart, splitTimestamp,
} from './calendar.ts';
import { DAY_NAMES, DAY_SHORT, MONTH_NAMES, MONTH_SHORT } from './datetime-words.ts';
import { parsePattern } from './format-pattern.ts';
import type { PatternPart } from './format-pattern.ts';
import type { Interval } from './interval.ts';
import { offsetMicrosAt, requireZone, secondsOf, zoneAbbreviation } from './time-zone.ts';

/** What a template can show. */
interface Moment {
  readonly isInterval: boolean;
  readonly year: number;
  readonly month: number;
  readonly day: number;
  /** Day number since 1970-01-01; of intervals used for ISO years alone. */
  readonly days: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly fraction: number;
  readonly offset: number;
  readonly abbreviation: string;
}

const ROMAN: readonly string[] = [
  'I', 'II', 'III', 'IV', 'V', 'VI', 'VII', 'VIII', 'IX', 'X', 'XI', 'XII',
];

/** to_char(timestamp, template); null for infinite values. */
export function timestampToChar(micros: bigint, template: string): string | null {
  if (isInfiniteTimestamp(micros)) return null;
  return render(momentOf(micros, 0, ''), template);
}

/** to_char(timestamptz, template) in a zone; null for infinite values. */
export function timestamptzToChar(
  micros: bigint, template: string, timeZone: string,
): string | null {
  if (isInfiniteTimestamp(micros)) return null;
  const zone = requireZone(timeZone);
  const offset = offsetMicrosAt(zone, micros);
  const abbreviation = zoneAbbreviation(zone, secondsOf(micros)) ?? '';
  return render(momentOf(micros + offset, Number(offset / 1_000_000n), abbreviation), template);
}

/** to_char(interval, template). */
export function intervalToChar(value: Interval, template: string): string {
  const seconds = Number(value.micros / 1_000_000n);
  const year = Math.trunc(value.months / 12) + 0;
  const month = (value.months % 12) + 0;
  return render({
    isInterval: true, year, month, day: value.days,
    // ISO years are those of the date the fields would make.
    days: daysFromCivil(year, month, value.days), hour: Math.trunc(seconds / 3600) + 0,
    minute: (Math.trunc(seconds / 60) % 60) + 0, second: (seconds % 60) + 0,
    fraction: Number(value.micros % 1_000_000n), offset: 0, abbreviation: '',
  }, template);
}

function momentOf(local: bigint, offset: number, abbreviation: string): Moment {
  const split = splitTimestamp(local);
  const seconds = Math.floor(split.micros / 1_000_000);
  return {
    ...civilFromDays(split.days), isInterval: false, days: split.days,
    hour: Math.floor(seconds / 3600), minute: Math.floor(seconds / 60) % 60, second: seconds % 60,
    fraction: split.micros % 1_000_000, offset, abbreviation,
  };
}

function render(moment: Moment, template: string): string {
  let result = '';
  for (const part of parsePattern(template)) {
    if (part.kind === 'text') {
      result += part.text;
      continue;
    }
    const text = renderField(moment, part);
    result += part.ordinal === '' ? text : text + ordinal(text, part.ordinal);
  }
  return result;
}

type FieldPart = PatternPart & { readonly kind: 'field' };

function ordinal(digits: string, style: 'TH' | 'th'): string {
  const value = Number(digits.trim());
  const teen = Math.floor(Math.abs(value) / 10) % 10 === 1;
  const suffix = teen ? 'th' : ({ 1: 'st', 2: 'nd', 3: 'rd' } as Readonly<Record<number, string>>)[
    Math.abs(value) % 10] ?? 'th';
  return style === 'TH' ? suffix.toUpperCase() : suffix;
}

/** A number padded with zeros to a width, not counting the sign; FM leaves it bare. */
function padded(value: number, width: number, part: FieldPart): string {
  if (part.fill) return String(value);
  const digits = String(Math.abs(value)).padStart(width, '0');
  return value < 0 ? `-${digits}` : digits;
}

/** A number padded to a width that counts the sign. */
function paddedAll(value: number, width: number, part: FieldPart): string {
  return padded(value, value < 0 ? width - 1 : width, part);
}

function word(text: string, part: FieldPart, width: number): string {
  const first = part.written[0] ?? '';
  const second = part.written[1] ?? '';
  const shown = first === first.toLowerCase() ? text.toLowerCase()
    : second === second.toUpperCase() ? text.toUpperCase() : text;
  return part.fill ? shown : shown.padEnd(width);
}

function renderField(moment: Moment, part: FieldPart): string {
  return renderClock(moment, part) ?? renderYear(moment, part) ?? renderDate(moment, part)
    ?? renderWord(moment, part);
}

function renderClock(moment: Moment, part: FieldPart): string | null {
  const { hour, minute, second, fraction } = moment;
  switch (part.field) {
    case 'HH24': return padded(hour, 2, part);
    case 'HH': case 'HH12': {
      const twelve = hour % 12 === 0 ? 12 : hour % 12;
      return part.fill ? String(twelve) : fixed(twelve, hour < 0 ? 3 : 2);
    }
    case 'MI': return padded(minute, 2, part);
    case 'SS': return padded(second, 2, part);
    case 'MS': return fixed(Math.trunc(fraction / 1000), 3);
    case 'US': return fixed(fraction, 6);
    case 'FF1': case 'FF2': case 'FF3': case 'FF4': case 'FF5': case 'FF6': {
      const digits = Number(part.field[2]);
      return fixed(Math.trunc(fraction / 10 ** (6 - digits)), digits);
    }
    case 'SSSS': case 'SSSSS': return String(hour * 3600 + minute * 60 + second);
    case 'AM': case 'PM': return meridiem(hour, part, '');
    case 'A.M.': case 'P.M.': return meridiem(hour, part, '.');
    case 'TZH':
      refuseInterval(moment);
      return `${moment.offset < 0 ? '-' : '+'}${zoneHours(moment.offset)}`;
    case 'TZM':
      refuseInterval(moment);
      return zoneMinutes(moment.offset);
    case 'OF': {
      refuseInterval(moment);
      const minutes = zoneMinutes(moment.offset);
      const sign = moment.offset < 0 ? '-' : '+';
      return `${sign}${zoneHours(moment.offset)}${minutes === '00' ? '' : `:${minutes}`}`;
    }
    case 'TZ': {
      refuseInterval(moment);
      const { abbreviation } = moment;
      return part.written === 'tz' ? abbreviation.toLowerCase() : abbreviation;
    }
    default: return null;
  }
}

function fixed(value: number, width: number): string {
  const digits = String(Math.abs(value)).padStart(value < 0 ? width - 1 : width, '0');
  return value < 0 ? `-${digits}` : digits;
}

function meridiem(hour: number, part: FieldPart, dot: string): string {
  const half = hour % 24 >= 12 ? 'P' : 'A';
  const text = `${half}${dot}M${dot}`;
  return part.written === part.written.toLowerCase() ? text.toLowerCase() : text;
}

function zoneHours(offset: number): string {
  return String(Math.floor(Math.abs(offset) / 3600)).padStart(2, '0');
}

function zoneMinutes(offset: number): string {
  return String(Math.floor(Math.abs(offset) / 60) % 60).padStart(2, '0');
}

/** Years BC show as positive numbers; those of intervals as they are. */
function shownYear(year: number, isInterval: boolean): number {
  return year <= 0 && !isInterval ? 1 - year : year;
}

function renderYear(moment: Moment, part: FieldPart): string | null {
  const isoYear = part.field.startsWith('IY') || part.field === 'I';
  const year = shownYear(isoYear ? isoWeek(moment.days).year : moment.year, moment.isInterval);
  if (isoYear && moment.isInterval && !part.fill) return intervalIsoYear(moment, year, part);
  switch (part.field) {
    case 'Y,YYY': {
      const thousands = Math.trunc(year / 1000);
      return `${thousands},${String(Math.abs(year % 1000)).padStart(3, '0')}`;
    }
    case 'YYYY': case 'IYYY': return padded(year, 4, part);
    case 'YYY': case 'IYY': return padded(year % 1000, 3, part);
    case 'YY': case 'IY': return padded(year % 100, 2, part);
    case 'Y': case 'I': return padded(year % 10, 1, part);
    case 'CC': return padded(centuryOf(moment), 2, part);
    case 'BC': case 'AD': case 'B.C.': case 'A.D.': {
      refuseInterval(moment);
      const dot = part.field.includes('.') ? '.' : '';
      const text = moment.year <= 0 ? `B${dot}C${dot}` : `A${dot}D${dot}`;
      return part.written === part.written.toLowerCase() ? text.toLowerCase() : text;
    }
    default: return null;
  }
}

/** The last digits of an interval's ISO year; the sign has a place when the year is negative. */
function intervalIsoYear(moment: Moment, year: number, part: FieldPart): string {
  const width = part.field.length;
  const shown = width === 4 ? year : (year % 10 ** width) + 0;
  return fixed(shown, moment.year < 0 ? width + 1 : width);
}

function centuryOf(moment: Moment): number {
  const { year } = moment;
  if (moment.isInterval) return Math.trunc(year / 100);
  return year > 0 ? Math.floor((year - 1) / 100) + 1 : Math.trunc(year / 100) - 1;
}

function renderDate(moment: Moment, part: FieldPart): string | null {
  const { days, month, day } = moment;
  switch (part.field) {
    case 'MM': return padded(month, 2, part);
    case 'DD': return paddedAll(day, 2, part);
    case 'DDD': return paddedAll(yearDay(moment), 3, part);
    case 'IDDD': {
      const week = isoWeek(days);
      return padded(days - isoWeekStart(week.year, 1) + 1, 3, part);
    }
    case 'D':
      refuseInterval(moment);
      return String(dayOfWeek(days) + 1);
    case 'ID':
      refuseInterval(moment);
      return String(dayOfWeek(days) || 7);
    case 'WW': return padded(Math.floor((yearDay(moment) - 1) / 7) + 1, 2, part);
    case 'W': return String(Math.floor((day - 1) / 7) + 1);
    case 'IW': return padded(isoWeek(days).week, 2, part);
    case 'Q': return month === 0 ? '' : String(Math.floor((month - 1) / 3) + 1);
    case 'J': return String(days + UNIX_EPOCH_JULIAN);
    default: return null;
  }
}

function intervalDays(moment: Moment): number {
  return moment.year * 360 + moment.month * 30 + moment.day;
}

function yearDay(moment: Moment): number {
  return moment.isInterval ? intervalDays(moment) : dayOfYear(moment.days);
}

function renderWord(moment: Moment, part: FieldPart): string {
  if (part.field === 'RM') return roman(moment, part);
  refuseInterval(moment);
  const weekday = dayOfWeek(moment.days);
  switch (part.field) {
    case 'MONTH': return word(MONTH_NAMES[moment.month - 1] ?? '', part, 9);
    case 'MON': return word(MONTH_SHORT[moment.month - 1] ?? '', part, 3);
    case 'DAY': return word(DAY_NAMES[weekday] ?? '', part, 9);
    case 'DY': return word(DAY_SHORT[weekday] ?? '', part, 3);
    default: return part.written;
  }
}

function roman(moment: Moment, part: FieldPart): string {
  const { year, month } = moment;
  if (month === 0 && year === 0) return '';
  // Months of negative intervals count back from December; whole years end in December or January.
  const index = month > 0 ? month - 1 : month < 0 ? 12 + month : year >= 0 ? 11 : 0;
  const text = ROMAN[index] ?? '';
  const shown = part.written === 'rm' ? text.toLowerCase() : text;
  return part.fill ? shown : shown.padEnd(4);
}

function refuseInterval(moment: Moment): void {
  if (!moment.isInterval) return;
  throw sqlError('22007', 'invalid format specification for an interval value', {
    hint: 'Intervals are not tied to specific calendar dates.',
  });
}
