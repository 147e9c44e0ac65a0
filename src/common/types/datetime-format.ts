/**
 * Text output of date, time, timestamp and timestamptz in the styles of DateStyle.
 *
 * The ISO style of timestamps is a hot path: the day's text is remembered between calls.
 */
import {
  DATE_INFINITY, DATE_NEGATIVE_INFINITY, TIMESTAMP_INFINITY, TIMESTAMP_NEGATIVE_INFINITY,
  civilFromDays, dayOfWeek, splitTimestamp,
} from './calendar.ts';
import type { CivilDate } from './calendar.ts';
import { DAY_SHORT, MONTH_SHORT } from './datetime-words.ts';
import type { FormatSettings } from './settings.ts';
import { offsetMicrosAt, requireZone, secondsOf, zoneAbbreviation } from './time-zone.ts';
import type { Zone } from './time-zone.ts';

const TWO: readonly string[] = Array.from({ length: 100 }, (_, i) => String(i).padStart(2, '0'));

function two(value: number): string {
  return TWO[value] ?? String(value);
}

function yearText(year: number): string {
  const shown = year > 0 ? year : 1 - year;
  return shown >= 1000 ? String(shown) : String(shown).padStart(4, '0');
}

/** The output style of a DateStyle setting. */
export type DateStyle = 'iso' | 'sql' | 'postgres' | 'german';

/** The style named first in a DateStyle setting such as `ISO, MDY`. */
export function outputStyle(dateStyle: string): DateStyle {
  if (dateStyle.startsWith('ISO')) return 'iso';
  const lower = dateStyle.toLowerCase();
  if (lower.includes('sql')) return 'sql';
  if (lower.includes('postgres')) return 'postgres';
  return lower.includes('german') ? 'german' : 'iso';
}

/** The order of day, month and year in ambiguous dates. */
export type DateOrder = 'MDY' | 'DMY' | 'YMD';

/** The order named in a DateStyle setting. */
export function dateOrder(dateStyle: string): DateOrder {
  if (dateStyle.endsWith('MDY')) return 'MDY';
  const upper = dateStyle.toUpperCase();
  if (/DMY|EURO/.test(upper)) return 'DMY';
  return upper.includes('YMD') ? 'YMD' : 'MDY';
}

let lastDay = Number.NaN;
let lastDayText = '';
let lastDayBc = false;

/** Sets lastDayText to the ISO text of a day, without BC. */
function rememberDay(days: number): void {
  const { year, month, day } = civilFromDays(days);
  lastDayText = `${yearText(year)}-${two(month)}-${two(day)}`;
  lastDayBc = year <= 0;
  lastDay = days;
}

function dateBody(date: CivilDate, settings: FormatSettings): string {
  const year = yearText(date.year);
  const month = two(date.month);
  const day = two(date.day);
  const dayFirst = dateOrder(settings.dateStyle) === 'DMY';
  switch (outputStyle(settings.dateStyle)) {
    case 'iso': return `${year}-${month}-${day}`;
    case 'sql': return dayFirst ? `${day}/${month}/${year}` : `${month}/${day}/${year}`;
    case 'german': return `${day}.${month}.${year}`;
    case 'postgres': return dayFirst ? `${day}-${month}-${year}` : `${month}-${day}-${year}`;
  }
}

/** Writes a date. */
export function formatDate(days: number, settings: FormatSettings): string {
  if (days === DATE_INFINITY) return 'infinity';
  if (days === DATE_NEGATIVE_INFINITY) return '-infinity';
  if (outputStyle(settings.dateStyle) === 'iso') {
    if (days !== lastDay) rememberDay(days);
    return lastDayBc ? `${lastDayText} BC` : lastDayText;
  }
  const date = civilFromDays(days);
  return dateBody(date, settings) + (date.year <= 0 ? ' BC' : '');
}

/** Writes microseconds of a day as hh:mm:ss with as many fractional digits as needed. */
export function formatTimeOfDay(micros: number): string {
  const seconds = Math.floor(micros / 1_000_000);
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const text = `${two(hours)}:${two(minutes - hours * 60)}:${two(seconds - minutes * 60)}`;
  const fraction = micros - seconds * 1_000_000;
  return fraction === 0 ? text : text + fractionText(fraction);
}

/** `.5` for 500000: six digits without trailing zeros. */
export function fractionText(fraction: number): string {
  let digits = String(fraction + 1_000_000).slice(1);
  let end = 6;
  while (digits.charCodeAt(end - 1) === 48) end--;
  digits = digits.slice(0, end);
  return `.${digits}`;
}

/** An offset east of UTC as `+05:30`: minutes and seconds only when not 0. */
export function formatOffset(seconds: number): string {
  const sign = seconds < 0 ? '-' : '+';
  const magnitude = Math.abs(seconds);
  const minutes = Math.floor(magnitude / 60) % 60;
  const rest = magnitude % 60;
  let text = sign + two(Math.floor(magnitude / 3600));
  if (minutes !== 0 || rest !== 0) text += `:${two(minutes)}`;
  return rest === 0 ? text : `${text}:${two(rest)}`;
}

function infinityText(micros: bigint): string | null {
  if (micros === TIMESTAMP_INFINITY) return 'infinity';
  return micros === TIMESTAMP_NEGATIVE_INFINITY ? '-infinity' : null;
}

/** Writes a timestamp. */
export function formatTimestamp(micros: bigint, settings: FormatSettings): string {
  const infinite = infinityText(micros);
  if (infinite !== null) return infinite;
  if (outputStyle(settings.dateStyle) === 'iso') return isoTimestamp(micros, '');
  return styledTimestamp(micros, settings, '');
}

function isoTimestamp(micros: bigint, zone: string): string {
  const split = splitTimestamp(micros);
  if (split.days !== lastDay) rememberDay(split.days);
  const text = `${lastDayText} ${formatTimeOfDay(split.micros)}${zone}`;
  return lastDayBc ? `${text} BC` : text;
}

function styledTimestamp(micros: bigint, settings: FormatSettings, zone: string): string {
  const split = splitTimestamp(micros);
  const date = civilFromDays(split.days);
  const time = formatTimeOfDay(split.micros);
  const era = date.year <= 0 ? ' BC' : '';
  if (outputStyle(settings.dateStyle) !== 'postgres') {
    return `${dateBody(date, settings)} ${time}${zone}${era}`;
  }
  const weekday = DAY_SHORT[dayOfWeek(split.days)] ?? '';
  const month = MONTH_SHORT[date.month - 1] ?? '';
  const dayMonth = dateOrder(settings.dateStyle) === 'DMY'
    ? `${two(date.day)} ${month}` : `${month} ${two(date.day)}`;
  const offset = zone === '' || zone.startsWith(' ') ? zone : ` ${zone}`;
  return `${weekday} ${dayMonth} ${time} ${yearText(date.year)}${offset}${era}`;
}

/** Writes a timestamptz in the session's zone. */
export function formatTimestamptz(micros: bigint, settings: FormatSettings): string {
  const infinite = infinityText(micros);
  if (infinite !== null) return infinite;
  const zone = requireZone(settings.timeZone);
  const offset = offsetMicrosAt(zone, micros);
  const seconds = Number(offset / 1_000_000n);
  const local = micros + offset;
  if (outputStyle(settings.dateStyle) === 'iso') {
    return isoTimestamp(local, seconds === 0 ? '+00' : formatOffset(seconds));
  }
  return styledTimestamp(local, settings, styledZone(zone, micros, seconds));
}

function styledZone(zone: Zone, micros: bigint, seconds: number): string {
  const abbreviation = zoneAbbreviation(zone, secondsOf(micros));
  return abbreviation === null ? formatOffset(seconds) : ` ${abbreviation}`;
}

/** Writes a time. */
export function formatTime(micros: bigint): string {
  return formatTimeOfDay(Number(micros));
}
