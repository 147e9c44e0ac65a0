/**
 * Windows of whole days, or of equal parts of a day, in a time zone.
 *
 * A local day runs from its first moment to the first moment of the next, so days on which clocks
 * are changed have 23 or 25 hours and no moment is in two days. Windows below a day count elapsed
 * time from the day's first moment; the last of a day ends with it.
 */
import { MICROS_PER_DAY } from './interval.ts';
import { localToUtc, utcToLocal } from './time-zone.ts';

/** Sizes in microseconds; `step` is a hop's slide, a cumulate's step, a tumble's size. */
export interface ZonedWindow {
  readonly shape: 'tumble' | 'hop' | 'cumulate';
  readonly step: bigint;
  readonly size: bigint;
  readonly offset: bigint;
  readonly zone: string;
}

/** A window as [start, end). */
export type WindowBounds = readonly [start: bigint, end: bigint];

function floorDiv(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b !== 0n && (a < 0n) !== (b < 0n) ? quotient - 1n : quotient;
}

/** Days remembered per zone; rows are close together in time. */
const REMEMBERED = 1024;
const STARTS = new Map<string, Map<bigint, bigint>>();

/** The first moment of a local day. */
export function dayStart(zone: string, day: bigint): bigint {
  let known = STARTS.get(zone);
  if (known === undefined || known.size > REMEMBERED) {
    known = new Map();
    STARTS.set(zone, known);
  }
  const found = known.get(day) ?? firstMoment(zone, day * MICROS_PER_DAY);
  known.set(day, found);
  return found;
}

/** The first moment whose local time is not before midnight. */
function firstMoment(zone: string, midnight: bigint): bigint {
  const about = localToUtc(zone, midnight);
  let low = about - MICROS_PER_DAY / 2n;
  let high = about;
  for (const near of [low, about + MICROS_PER_DAY / 2n]) {
    const exact = midnight - (utcToLocal(zone, near) - near);
    if (exact < high && utcToLocal(zone, exact) >= midnight) high = exact;
  }
  if (utcToLocal(zone, high - 1n) < midnight) return high;
  while (high - low > 1n) {
    const middle = (low + high) / 2n;
    if (utcToLocal(zone, middle) < midnight) low = middle;
    else high = middle;
  }
  return high;
}

/** The local day a moment is in. */
export function dayOf(zone: string, time: bigint): bigint {
  const day = floorDiv(utcToLocal(zone, time), MICROS_PER_DAY);
  if (time < dayStart(zone, day)) return day - 1n;
  return time >= dayStart(zone, day + 1n) ? day + 1n : day;
}

/** The first day of the window of `step` days that a day is in. */
function alignedDay({ offset }: ZonedWindow, day: bigint, step: bigint): bigint {
  const first = offset / MICROS_PER_DAY;
  return floorDiv(day - first, step) * step + first;
}

/** The windows a moment is in; those of a cumulate by rising end, of a hop by falling start. */
export function zonedWindows(window: ZonedWindow, time: bigint): WindowBounds[] {
  const { zone, step, size } = window;
  const day = dayOf(zone, time);
  const days = size / MICROS_PER_DAY;
  switch (window.shape) {
    case 'tumble': return [size < MICROS_PER_DAY ? partOfDay(window, day, time)
      : daysFrom(zone, alignedDay(window, day, days), days)];
    case 'hop': {
      const slide = step / MICROS_PER_DAY;
      const found: WindowBounds[] = [];
      for (let at = alignedDay(window, day, slide); at + days > day; at -= slide) {
        found.push(daysFrom(zone, at, days));
      }
      return found;
    }
    case 'cumulate': return cumulated(window, alignedDay(window, day, days), time);
  }
}

function daysFrom(zone: string, day: bigint, days: bigint): WindowBounds {
  return [dayStart(zone, day), dayStart(zone, day + days)];
}

function partOfDay({ zone, size }: ZonedWindow, day: bigint, time: bigint): WindowBounds {
  const [first, next] = daysFrom(zone, day, 1n);
  const start = first + (time - first) / size * size;
  return [start, start + size < next ? start + size : next];
}

function cumulated(
  { zone, step, size }: ZonedWindow, first: bigint, time: bigint,
): WindowBounds[] {
  const found: WindowBounds[] = [];
  const start = dayStart(zone, first);
  const last = first + size / MICROS_PER_DAY;
  const leap = step < MICROS_PER_DAY ? 1n : step / MICROS_PER_DAY;
  for (let day = first; day < last; day += leap) {
    const [from, to] = daysFrom(zone, day, leap);
    if (to <= time) continue;
    const each = step < MICROS_PER_DAY ? step : to - from;
    for (let end = from + each; ; end += each) {
      if (end > to) end = to;
      if (end > time) found.push([start, end]);
      if (end === to) break;
    }
  }
  return found;
}

/** End of the last window a moment is in. */
export function lastZonedEnd(window: ZonedWindow, time: bigint): bigint {
  const { zone, size } = window;
  const day = dayOf(zone, time);
  if (size < MICROS_PER_DAY) return partOfDay(window, day, time)[1];
  const days = size / MICROS_PER_DAY;
  const step = window.shape === 'hop' ? window.step / MICROS_PER_DAY : days;
  return dayStart(zone, alignedDay(window, day, step) + days);
}

/** Start of the tumble window a moment is in. */
export function zonedFloor(window: ZonedWindow, time: bigint): bigint {
  const tumble: ZonedWindow = { ...window, shape: 'tumble', step: window.size };
  const found = zonedWindows(tumble, time)[0];
  return found === undefined ? time : found[0];
}
