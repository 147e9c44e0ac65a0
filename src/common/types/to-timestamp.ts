/**
 * to_timestamp(text, template) and to_date(text, template).
 *
 * Templates are parsed in format-pattern.ts. Separators are lenient as in PostgreSQL: one in the
 * template matches any one in the text, or none. Errors are 22007 and 22008.
 */
import { sqlError } from '../errors.ts';
import type { SqlError } from '../errors.ts';
import {
  UNIX_EPOCH_JULIAN, checkTimestamp, dateOutOfRange, daysFromCivil, daysInMonth,
  isDateInRange, isoWeekStart, joinTimestamp,
} from './calendar.ts';
import { DAY_NAMES, DAY_SHORT, MONTH_NAMES, MONTH_SHORT } from './datetime-words.ts';
import { parsePattern } from './format-pattern.ts';
import type { PatternPart } from './format-pattern.ts';
import { localToUtc } from './time-zone.ts';

const ZONE_HOURS_MAX = 15;

/** to_timestamp(text, template): an instant, local to the zone unless the text has an offset. */
export function timestampFromText(text: string, template: string, timeZone: string): bigint {
  const fields = new TextReader(text, template).read();
  const local = joinTimestamp(daysOf(fields, text), microsOf(fields, text));
  if (fields.has('TZH')) {
    if (fields.get('TZH') > ZONE_HOURS_MAX || fields.get('TZM') > 59) {
      throw sqlError('22009', `time zone displacement out of range: "${text}"`);
    }
    const offset = fields.sign * (fields.get('TZH') * 60 + fields.get('TZM'));
    return checkTimestamp(local - BigInt(offset) * 60_000_000n);
  }
  return checkTimestamp(localToUtc(timeZone, local));
}

/** to_date(text, template): a day number. */
export function dateFromText(text: string, template: string): number {
  const fields = new TextReader(text, template).read();
  const days = daysOf(fields, text);
  microsOf(fields, text);
  if (!isDateInRange(days)) throw dateOutOfRange();
  return days;
}

function outOfRange(text: string): SqlError {
  return sqlError('22008', `date/time field value out of range: "${text}"`);
}

/** The values read, by field. */
class Fields {
  readonly #values = new Map<string, number>();
  /** Digits the year was written with: what two digits mean. */
  yearDigits = 4;
  beforeChrist = false;
  meridiem: 'am' | 'pm' | null = null;
  twelveHours = false;
  sign = 1;

  has(field: string): boolean {
    return this.#values.has(field);
  }

  get(field: string, missing: number = 0): number {
    return this.#values.get(field) ?? missing;
  }

  set(field: string, value: number, written: string): void {
    const known = this.#values.get(field);
    if (known !== undefined && known !== value) {
      throw sqlError('22007', `conflicting values for "${written}" field in formatting string`, {
        detail: 'This value contradicts a previous setting for the same field type.',
      });
    }
    this.#values.set(field, value);
  }
}

function yearOf(fields: Fields): number {
  if (!fields.has('YEAR')) return fields.has('CC') ? centuryStart(fields, 0) : 0;
  const year = fields.get('YEAR');
  if (fields.has('CC') && fields.yearDigits <= 2) return centuryStart(fields, year);
  const whole = fields.yearDigits >= 4 ? year : completeYear(year, fields.yearDigits);
  return fields.beforeChrist && whole > 0 ? 1 - whole : whole < 0 ? whole + 1 : whole;
}

/** The year of a century; year 0 of it belongs to its end. */
function centuryStart(fields: Fields, year: number): number {
  const century = fields.get('CC') * (fields.beforeChrist ? -1 : 1);
  if (century < 0) return year === 0 ? (century * 100) + 1 : (century + 1) * 100 - year + 1;
  return year === 0 ? (fields.has('YEAR') ? century * 100 : (century - 1) * 100 + 1)
    : (century - 1) * 100 + year;
}

/** Fills in the missing digits so that the year is near 2020. */
function completeYear(year: number, digits: number): number {
  if (digits === 3) return year < 520 ? year + 2000 : year < 1000 ? year + 1000 : year;
  return year < 70 ? year + 2000 : year < 100 ? year + 1900 : year;
}

function daysOf(fields: Fields, text: string): number {
  if (fields.has('J')) return fields.get('J') - UNIX_EPOCH_JULIAN;
  const year = yearOf(fields);
  if (fields.has('IYEAR')) return isoDaysOf(fields, text);
  if (fields.has('DDD') && !fields.has('MM')) {
    const day = fields.get('DDD');
    const length = daysFromCivil(year + 1, 1, 1) - daysFromCivil(year, 1, 1);
    if (day < 1 || day > length) throw outOfRange(text);
    return daysFromCivil(year, 1, 1) + day - 1;
  }
  if (fields.has('WW') && !fields.has('MM')) {
    return daysFromCivil(year, 1, 1) + (fields.get('WW') - 1) * 7;
  }
  const month = fields.get('MM', 1);
  const day = fields.has('W') ? (fields.get('W') - 1) * 7 + 1 : fields.get('DD', 1);
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) throw outOfRange(text);
  return daysFromCivil(year, month, day);
}

function isoDaysOf(fields: Fields, text: string): number {
  const year = fields.yearDigits >= 4
    ? fields.get('IYEAR') : completeYear(fields.get('IYEAR'), fields.yearDigits);
  if (fields.has('IDDD')) return isoWeekStart(year, 1) + fields.get('IDDD') - 1;
  const week = fields.get('IW', 1);
  if (week < 1 || week > 53) throw outOfRange(text);
  return isoWeekStart(year, week) + (fields.has('ID') ? fields.get('ID') - 1 : 0);
}

function microsOf(fields: Fields, text: string): number {
  const fraction = fields.get('MS') * 1000 + fields.get('US');
  if (fields.has('SSSS')) {
    const seconds = fields.get('SSSS');
    if (seconds >= 86400) throw outOfRange(text);
    return seconds * 1_000_000 + fraction;
  }
  let hour = fields.get('HH');
  if (fields.twelveHours && (hour < 1 || hour > 12)) {
    if (!fields.has('HH')) hour = 12;
    else {
      throw sqlError('22007', `hour "${hour}" is invalid for the 12-hour clock`, {
        hint: 'Use the 24-hour clock, or give an hour between 1 and 12.',
      });
    }
  }
  if (fields.meridiem === 'pm' && hour < 12) hour += 12;
  else if (fields.meridiem === 'am' && hour === 12) hour = 0;
  const minute = fields.get('MI');
  const second = fields.get('SS');
  if (hour > 23 || minute > 59 || second > 59 || hour < 0) throw outOfRange(text);
  return ((hour * 60 + minute) * 60 + second) * 1_000_000 + fraction;
}

type FieldPart = PatternPart & { readonly kind: 'field' };

/** Fields of digits: what they set, and how many digits they take when more digits follow. */
const NUMBERS: Readonly<Record<string, readonly [string, number]>> = {
  HH24: ['HH', 2], HH12: ['HH', 2], HH: ['HH', 2], MI: ['MI', 2], SS: ['SS', 2],
  SSSS: ['SSSS', 5], SSSSS: ['SSSS', 5], MM: ['MM', 2], DD: ['DD', 2], DDD: ['DDD', 3],
  IDDD: ['IDDD', 3], D: ['D', 1], ID: ['ID', 1], WW: ['WW', 2], W: ['W', 1], IW: ['IW', 2],
  CC: ['CC', 2], J: ['J', 7], Q: ['Q', 1], YYYY: ['YEAR', 4], YYY: ['YEAR', 3], YY: ['YEAR', 2],
  Y: ['YEAR', 1], IYYY: ['IYEAR', 4], IYY: ['IYEAR', 3], IY: ['IYEAR', 2], I: ['IYEAR', 1],
  TZM: ['TZM', 2],
};

const FRACTIONS: Readonly<Record<string, number>> = {
  MS: 3, US: 6, FF1: 1, FF2: 2, FF3: 3, FF4: 4, FF5: 5, FF6: 6,
};

class TextReader {
  readonly #text: string;
  readonly #parts: readonly PatternPart[];
  readonly #fields = new Fields();
  #at = 0;

  constructor(text: string, template: string) {
    this.#text = text;
    this.#parts = parsePattern(template);
  }

  read(): Fields {
    for (let i = 0; i < this.#parts.length && this.#at < this.#text.length; i++) {
      const part = this.#parts[i];
      if (part === undefined) break;
      if (part.kind === 'text') this.#skipText(part.text, part.quoted);
      else this.#field(part, this.#isDigits(this.#parts[i + 1]));
    }
    return this.#fields;
  }

  /** True when the next part takes digits, so that this one must not take them all. */
  #isDigits(next: PatternPart | undefined): boolean {
    if (next === undefined) return false;
    if (next.kind === 'text') return /^\d/.test(next.text);
    return next.field in NUMBERS || next.field in FRACTIONS || next.field === 'Y,YYY';
  }

  #skipBlanks(): void {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at++;
  }

  #skipText(text: string, quoted: boolean): void {
    if (quoted || /[A-Za-z0-9]/.test(text)) {
      this.#at += text.length;
      return;
    }
    const start = this.#at;
    this.#skipBlanks();
    const next = this.#text[this.#at] ?? '';
    // Behind a blank that matched a blank, a sign belongs to the number.
    const signOfNext = this.#at > start && (next === '+' || next === '-') && /\s/.test(text);
    if (next !== '' && !/[A-Za-z0-9]/.test(next) && !signOfNext) this.#at++;
  }

  #field(part: FieldPart, digitsFollow: boolean): void {
    this.#skipBlanks();
    while (/[^A-Za-z0-9+\-\s]/.test(this.#text[this.#at] ?? '')) this.#at++;
    const number = NUMBERS[part.field];
    const fraction = FRACTIONS[part.field];
    if (number !== undefined) this.#number(part, number, digitsFollow);
    else if (fraction !== undefined) this.#fraction(part, fraction, digitsFollow);
    else this.#word(part);
    if (part.ordinal !== '') this.#at += 2;
  }

  #digits(part: FieldPart, width: number): string {
    const shape = width === Infinity ? /[+-]?\d+/y : new RegExp(`[+-]?\\d{1,${width}}`, 'y');
    shape.lastIndex = this.#at;
    const digits = shape.exec(this.#text)?.[0];
    if (digits === undefined) {
      const shown = this.#text.slice(this.#at, this.#at + (width === Infinity ? 4 : width));
      throw sqlError('22007', `invalid value "${shown}" for "${part.written}"`, {
        detail: 'Value must be an integer.',
      });
    }
    this.#at += digits.length;
    return digits;
  }

  #number(part: FieldPart, number: readonly [string, number], digitsFollow: boolean): void {
    const [name, width] = number;
    const digits = this.#digits(part, digitsFollow && !part.fill ? width : Infinity);
    const value = Number(digits);
    if (name === 'YEAR' || name === 'IYEAR') {
      const length = digits.replace(/^[+-]/, '').length;
      this.#fields.yearDigits = width >= 4 ? 4 : Math.max(width, length);
    }
    if (part.field === 'HH' || part.field === 'HH12') this.#fields.twelveHours = true;
    this.#fields.set(name, value, part.written);
  }

  #fraction(part: FieldPart, width: number, digitsFollow: boolean): void {
    const digits = this.#digits(part, digitsFollow ? width : Infinity);
    const micros = Math.round(Number(`0.${digits}`) * 1_000_000);
    this.#fields.set('US', micros, part.written);
  }

  #word(part: FieldPart): void {
    switch (part.field) {
      case 'MONTH': case 'MON': {
        const full = this.#oneOf(MONTH_NAMES);
        const index = full >= 0 ? full : this.#oneOf(MONTH_SHORT);
        if (index < 0) throw this.#invalidWord(part);
        this.#fields.set('MM', index + 1, part.written);
        return;
      }
      case 'DAY': case 'DY':
        if (this.#oneOf(DAY_NAMES) < 0 && this.#oneOf(DAY_SHORT) < 0) throw this.#invalidWord(part);
        return;
      case 'AM': case 'PM': case 'A.M.': case 'P.M.': {
        const index = this.#oneOf(['A.M.', 'P.M.', 'AM', 'PM']);
        if (index < 0) throw this.#invalidWord(part);
        this.#fields.meridiem = index % 2 === 0 ? 'am' : 'pm';
        this.#fields.twelveHours = true;
        return;
      }
      case 'AD': case 'BC': case 'A.D.': case 'B.C.': {
        const index = this.#oneOf(['A.D.', 'B.C.', 'AD', 'BC']);
        if (index < 0) throw this.#invalidWord(part);
        this.#fields.beforeChrist = index % 2 === 1;
        return;
      }
      case 'RM': this.#roman(part); return;
      case 'Y,YYY': this.#commaYear(part); return;
      case 'TZH': this.#zoneHours(part); return;
      default:
        throw sqlError('0A000', `formatting field "${part.written}" is only supported in to_char`);
    }
  }

  #roman(part: FieldPart): void {
    const index = this.#oneOf(
      ['VIII', 'VII', 'III', 'XII', 'IV', 'VI', 'IX', 'XI', 'II', 'I', 'V', 'X']);
    const month = [8, 7, 3, 12, 4, 6, 9, 11, 2, 1, 5, 10][index];
    if (month === undefined) throw this.#invalidWord(part);
    this.#fields.set('MM', month, part.written);
  }

  #commaYear(part: FieldPart): void {
    const match = /^(\d+),(\d{3})/.exec(this.#text.slice(this.#at));
    if (match === null) {
      throw sqlError('22007', 'invalid input string for "Y,YYY"');
    }
    this.#at += match[0].length;
    this.#fields.yearDigits = 4;
    this.#fields.set('YEAR', Number(match[1]) * 1000 + Number(match[2]), part.written);
  }

  #zoneHours(part: FieldPart): void {
    const sign = this.#text[this.#at];
    if (sign === '-' || sign === '+') this.#at++;
    this.#fields.sign = sign === '-' ? -1 : 1;
    this.#fields.set('TZH', Number(this.#digits(part, 2)), part.written);
  }

  /** Place of the first word the text goes on with, in any case of letters; -1 without. */
  #oneOf(words: readonly string[]): number {
    const index = words.findIndex((word) =>
      this.#text.slice(this.#at, this.#at + word.length).toLowerCase() === word.toLowerCase());
    this.#at += words[index]?.length ?? 0;
    return index;
  }

  #invalidWord(part: FieldPart): SqlError {
    const shown = /^\S*/.exec(this.#text.slice(this.#at))?.[0] ?? '';
    return sqlError('22007', `invalid value "${shown}" for "${part.written}"`, {
      detail: 'The given value did not match any of the allowed values for this field.',
    });
  }
}
