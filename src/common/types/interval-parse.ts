/**
 * Text input of interval: postgres, verbose, SQL standard and ISO 8601 forms.
 *
 * `INTERVAL '5' MINUTE` comes through `parseIntervalWithFields`: the fields give a bare number its
 * unit and cut what is finer. Text is read from its end, so that a unit stands before its number.
 * Errors are 22007, 22015 (a field does not fit) and 22008 (the whole does not).
 */
import { sqlError } from '../errors.ts';
import { IntervalParts, badForm } from './interval-parts.ts';
import type { IntervalUnit } from './interval-parts.ts';
import { readIsoInterval } from './interval-iso.ts';
import { makeInterval } from './interval.ts';
import type { Interval } from './interval.ts';

/** Units a field qualifier can name, coarse to fine. */
export type IntervalField = 'year' | 'month' | 'day' | 'hour' | 'minute' | 'second';

/** The qualifier of `INTERVAL '..' DAY TO SECOND(3)`: its fields, and digits of the second. */
export interface IntervalFields {
  readonly from: IntervalField;
  /** The last field; the same as `from` for a single field. */
  readonly to: IntervalField;
  readonly precision?: number | undefined;
}

/** Of longer words only the beginning counts. */
const LONGEST_WORD = 10;

const UNIT_WORDS: ReadonlyMap<string, IntervalUnit> = new Map(Object.entries({
  microsecond: 'us usec usecs useconds microsecon',
  millisecond: 'ms msec msecs msecond mseconds millisecon',
  second: 's sec secs second seconds',
  minute: 'm min mins minute minutes',
  hour: 'h hr hrs hour hours',
  day: 'd day days',
  week: 'w week weeks',
  month: 'mon mons month months',
  year: 'y yr yrs year years',
  decade: 'dec decs decade decades',
  century: 'c cent century centuries',
  millennium: 'mil mils millennia millennium',
}).flatMap(([unit, words]) =>
  words.split(' ').map((word): [string, IntervalUnit] => [word, unitOf(unit)])));

function unitOf(text: string): IntervalUnit {
  switch (text) {
    case 'microsecond': case 'millisecond': case 'second': case 'minute': case 'hour':
    case 'day': case 'week': case 'month': case 'year': case 'decade':
    case 'century': return text;
    default: return 'millennium';
  }
}

/** The canonical unit of a word such as `mins`, or null. */
export function intervalUnit(word: string): string | null {
  return UNIT_WORDS.get(word.toLowerCase().slice(0, LONGEST_WORD)) ?? null;
}

/**
 * Reads an interval. Under IntervalStyle sql_standard a leading minus counts for all fields when
 * no other sign follows.
 */
export function parseInterval(text: string, style: string = 'postgres'): Interval {
  return readInterval(text, null, style.toLowerCase() === 'sql_standard');
}

/** Reads an interval qualified by fields, as in `INTERVAL '1 2:03' DAY TO MINUTE`. */
export function parseIntervalWithFields(text: string, fields: IntervalFields): Interval {
  return cutToFields(readInterval(text, fields, false), fields);
}

/** Drops what is finer than the last field and rounds seconds: a cast to `interval <fields>`. */
export function cutToFields(value: Interval, fields: IntervalFields): Interval {
  const { to } = fields;
  switch (to) {
    case 'year': return makeInterval(Math.trunc(value.months / 12) * 12, 0, 0n);
    case 'month': return makeInterval(value.months, 0, 0n);
    case 'day': return makeInterval(value.months, value.days, 0n);
    case 'hour': return cutMicros(value, 3_600_000_000n);
    case 'minute': return cutMicros(value, 60_000_000n);
    case 'second': return roundInterval(value, fields.precision ?? 6);
  }
}

function cutMicros(value: Interval, unit: bigint): Interval {
  return makeInterval(value.months, value.days, (value.micros / unit) * unit);
}

/** Rounds the seconds of an interval to 0-6 digits, half away from zero. */
export function roundInterval(value: Interval, digits: number): Interval {
  if (digits >= 6) return value;
  const unit = 10n ** BigInt(6 - digits);
  const half = unit / 2n;
  const { micros } = value;
  const rounded = micros >= 0n
    ? ((micros + half) / unit) * unit : -(((half - micros) / unit) * unit);
  return makeInterval(value.months, value.days, rounded);
}

/** A piece of the text: a clock time, something with a sign, a number, or a word. */
interface Piece {
  readonly kind: 'clock' | 'signed' | 'number' | 'word';
  readonly text: string;
}

const SPACE = /\s*/y;
const SIGNED = /[+-]\s*([\d.][\d:.-]*)/y;
const CLOCK = /\d+:[\d:.]*/y;
const NUMBER = /\d+(?:-\d+(?:-[\d-]*)?|\/\d+(?:\/[\d/]*)?|\.\d+(?:\.[\d.]*)?|[-/.])?|\.\d*/y;
const WORD = /[A-Za-z]+/y;

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

/** Cuts the text into pieces; punctuation that means nothing is skipped. */
function piecesOf(text: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  for (;;) {
    at += matchAt(SPACE, text, at)?.[0].length ?? 0;
    if (at >= text.length) return pieces;
    const signed = matchAt(SIGNED, text, at);
    const clock = matchAt(CLOCK, text, at);
    const number = matchAt(NUMBER, text, at);
    const word = matchAt(WORD, text, at);
    const found = signed ?? clock ?? number ?? word;
    if (found === null && !/[!-/:-@[-`{-~]/.test(text.charAt(at))) badForm();
    if (found === null && /[+-]/.test(text.charAt(at))) badForm();
    at += found?.[0].length ?? 1;
    if (signed !== null) {
      pieces.push({ kind: 'signed', text: signed[0].charAt(0) + (signed[1] ?? '') });
    } else if (clock !== null) pieces.push({ kind: 'clock', text: clock[0] });
    else if (number !== null) pieces.push({ kind: 'number', text: number[0] });
    else if (word !== null) pieces.push({ kind: 'word', text: word[0].toLowerCase() });
  }
}

/** The unit of a last number without one. */
function lastUnit(fields: IntervalFields | null): IntervalUnit {
  return fields?.to ?? 'second';
}

/** Reads an interval; a text that is no interval in PostgreSQL's form may be one of ISO 8601. */
function readInterval(
  text: string, fields: IntervalFields | null, standard: boolean,
): Interval {
  const words = new IntervalParts(text);
  if (words.attempt(() => { readPieces(words, fields, standard); })) return words.made();
  const iso = new IntervalParts(text);
  if (iso.attempt(() => { readIsoInterval(text.trim(), iso); })) return iso.made();
  throw sqlError('22007', `invalid input syntax for type interval: "${text}"`);
}

/** True when a leading minus is meant for all fields (IntervalStyle sql_standard). */
function allNegative(pieces: readonly Piece[]): boolean {
  return pieces[0]?.text.startsWith('-') === true
    && pieces.slice(1).every((piece) => piece.kind !== 'signed');
}

function readPieces(parts: IntervalParts, fields: IntervalFields | null, standard: boolean): void {
  const pieces = piecesOf(parts.text);
  const negative = standard && allNegative(pieces);
  const minuteFirst = fields?.from === 'minute' && fields.to === 'second';
  let unit: IntervalUnit | null = null;
  let ago = false;
  for (const piece of pieces.toReversed()) {
    if (piece.kind === 'word') {
      const named = UNIT_WORDS.get(piece.text.slice(0, LONGEST_WORD));
      if (named === undefined && piece.text !== 'ago') badForm();
      if (named === undefined) ago = true;
      unit = named ?? null;
    } else if (isClock(piece)) {
      parts.addClock(piece.text, minuteFirst, negative);
      unit = 'day';
    } else {
      unit = parts.addNumber(piece.text, unit ?? lastUnit(fields), negative);
    }
  }
  if (parts.isEmpty()) badForm();
  if (ago) parts.negate();
}

function isClock(piece: Piece): boolean {
  return piece.kind === 'clock'
    || (piece.kind === 'signed' && /^[+-]\d+:\d*(?::\d*)?(?:\.\d*)?$/.test(piece.text));
}
