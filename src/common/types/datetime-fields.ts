/**
 * Cuts date and time text into fields and gathers them: the long road of datetime-parse.ts.
 *
 * Follows PostgreSQL's rules for which number is the year, month or day; the text decides, then
 * the order in DateStyle.
 */
import { sqlError } from '../errors.ts';
import type { SqlError } from '../errors.ts';
import { UNIX_EPOCH_JULIAN, daysFromCivil, daysInMonth, roundHalfEven } from './calendar.ts';
import type { DateOrder } from './datetime-format.ts';
import { DAY_WORDS, MONTH_WORDS, ZONE_ABBREVIATIONS } from './datetime-words.ts';
import { resolveZone } from './time-zone.ts';
import type { Zone } from './time-zone.ts';

/** Words that stand for an instant or a day. */
export type SpecialDate =
  | 'epoch' | 'infinity' | '-infinity' | 'now' | 'today' | 'tomorrow' | 'yesterday';

/** What a text said: a day or a special word, a time of day, a zone. */
export interface DateTimeFields {
  readonly special: SpecialDate | null;
  readonly days: number | null;
  /** Microseconds of the day, up to and including 24:00. */
  readonly micros: number | null;
  readonly zone: Zone | null;
}

const SPECIALS: ReadonlyMap<string, SpecialDate> = new Map([
  ['epoch', 'epoch'], ['infinity', 'infinity'],
  ['-infinity', '-infinity'], ['now', 'now'], ['today', 'today'], ['tomorrow', 'tomorrow'],
  ['yesterday', 'yesterday'],
]);
const NOISE = new Set(['at', 'on']);
const TOKEN = new RegExp([
  '(?<time>\\d+:\\d*(?::\\d*)?(?:\\.\\d*)?)',
  '(?<date>\\d+[-/](?:\\d+|[A-Za-z]+)[-/](?:\\d+|[A-Za-z]+)|\\d+\\.\\d+\\.\\d+|\\d+[-/][A-Za-z0-9]+'
    + '|[A-Za-z]+-\\d+-\\d+)',
  '(?<number>\\d+(?:\\.\\d*)?)',
  '(?<zone>[+-]\\s*\\d+(?::\\d+)*)',
  '(?<signed>[+-]\\s*[A-Za-z]+)',
  '(?<name>[A-Za-z]+[/_+-][A-Za-z0-9/_+:-]*|[A-Za-z]{3,}\\d[A-Za-z0-9/_+-]*)',
  '(?<word>[A-Za-z]+)',
  '(?<noise>[^A-Za-z0-9+./-]+)',
  '(?<mark>[-/.])',
].join('|'), 'y');

const MONTH_HINT = 'Perhaps you need a different "datestyle" setting.';

/** Reads one text; use once. */
export class FieldReader {
  readonly #text: string;
  readonly #typeName: string;
  readonly #order: DateOrder;
  #special: SpecialDate | null = null;
  #year: number | null = null;
  #month: number | null = null;
  #day: number | null = null;
  #dayOfYear: number | null = null;
  #julian: number | null = null;
  #micros: number | null = null;
  #zone: Zone | null = null;
  #textMonth = false;
  #twoDigitYear = false;
  #beforeChrist = false;
  #meridiem: 'am' | 'pm' | null = null;
  #timeNext = false;
  readonly #timeOnly: boolean;

  constructor(text: string, typeName: string, order: DateOrder) {
    this.#text = text;
    this.#typeName = typeName;
    this.#order = order;
    this.#timeOnly = typeName === 'time' || typeName === 'time with time zone';
  }

  /** Gathers all fields of the text. */
  read(): DateTimeFields {
    // The T of 2020-01-01T10:00 parts date from time.
    const text = this.#text.replace(/(\d)[Tt](?=\d)/, '$1 T ');
    TOKEN.lastIndex = 0;
    let at = 0;
    while (at < text.length) {
      TOKEN.lastIndex = at;
      const match = TOKEN.exec(text);
      if (match?.groups === undefined) throw this.#invalid();
      this.#token(match.groups);
      at = TOKEN.lastIndex;
    }
    return this.#finish();
  }

  #invalid(): SqlError {
    return sqlError('22007', `invalid input syntax for type ${this.#typeName}: "${this.#text}"`);
  }

  #overflow(hint?: string): SqlError {
    return sqlError('22008', `date/time field value out of range: "${this.#text}"`, { hint });
  }

  #token(groups: Readonly<Record<string, string | undefined>>): void {
    const { time, date, number, zone, signed, name, word } = groups;
    if (time !== undefined) this.#time(time);
    else if (date !== undefined) this.#date(date);
    else if (number !== undefined) this.#number(number);
    else if (zone !== undefined) this.#offset(zone.replaceAll(/\s/g, ''));
    else if (signed !== undefined) this.#word(signed.replaceAll(/\s/g, '').toLowerCase());
    else if (name !== undefined) this.#name(name);
    else if (word !== undefined) this.#word(word.toLowerCase());
    else if (groups['mark'] !== undefined && groups['mark'] !== '-') throw this.#invalid();
  }

  #time(text: string): void {
    if (this.#micros !== null) throw this.#invalid();
    const [clock = '', fraction = ''] = text.split('.');
    const parts = clock.split(':').map(Number);
    // mm:ss.sss when only two parts come with a fraction.
    if (parts.length === 2 && text.includes('.')) parts.unshift(0);
    const [hour = 0, minute = 0, second = 0] = parts;
    this.#setTime([hour, minute, second], fraction);
  }

  #setTime(parts: readonly [number, number, number], fraction: string): void {
    const [hour, minute, second] = parts;
    const part = fraction === '' ? 0 : roundHalfEven(Number(`0.${fraction}`) * 1e6);
    const micros = ((hour * 60 + minute) * 60 + second) * 1_000_000 + part;
    if (hour > 24 || minute > 59 || second > 60 || micros > 86_400_000_000) {
      throw this.#overflow();
    }
    this.#micros = micros;
    this.#timeNext = false;
  }

  #hasDate(): boolean {
    return (this.#year !== null && this.#month !== null && this.#day !== null)
      || this.#julian !== null || this.#dayOfYear !== null || this.#special !== null;
  }

  #date(text: string): void {
    const fields = text.split(/[-/.]/);
    // A day and a month alone are no date; a year may stand before them, a day of the year behind.
    const alone = this.#year === null && /^\d+[-/]\d{1,2}$/.test(text);
    if (alone || this.#hasDate()) throw this.#invalid();
    const months = fields.map((field) => MONTH_WORDS.get(field.toLowerCase()));
    const named = months.findIndex((month) => month !== undefined);
    if (named >= 0) {
      this.#month = months[named] ?? null;
      this.#textMonth = true;
    }
    fields.forEach((field, i) => {
      if (i === named) return;
      if (!/^\d+$/.test(field)) throw this.#invalid();
      this.#dateNumber(field);
    });
  }

  #number(text: string): void {
    const [digits = '', fraction] = text.split('.');
    if (this.#timeNext || (this.#timeOnly && this.#micros === null && digits.length >= 4)) {
      this.#packedTime(digits, fraction ?? '');
    } else if (fraction !== undefined && digits.length === 4 && fraction.length === 3) {
      this.#dateNumber(digits);
      this.#dateNumber(fraction);
    } else if (fraction === undefined && digits.length >= 6 && !this.#hasDate()) {
      this.#packedDate(digits);
    } else if (digits.length >= 4 && this.#hasDate() && this.#micros === null) {
      this.#packedTime(digits, fraction ?? '');
    } else if (fraction === undefined) {
      this.#dateNumber(digits);
    } else {
      throw this.#invalid();
    }
  }

  #packedDate(digits: string): void {
    const year = digits.slice(0, -4);
    this.#year = Number(year);
    this.#twoDigitYear = year.length === 2;
    this.#month = Number(digits.slice(-4, -2));
    this.#day = Number(digits.slice(-2));
  }

  #packedTime(digits: string, fraction: string): void {
    if (this.#micros !== null || (digits.length !== 4 && digits.length !== 6)) {
      throw this.#invalid();
    }
    const parts = [0, 2, 4].map((at) => Number(digits.slice(at, at + 2) || 0));
    const [hour = 0, minute = 0, second = 0] = parts;
    this.#setTime([hour, minute, second], fraction);
  }

  /** Decides what part of a date a number is. */
  #dateNumber(digits: string): void {
    const value = Number(digits);
    const has = `${this.#year === null ? '' : 'Y'}${this.#month === null ? '' : 'M'}`
      + (this.#day === null ? '' : 'D');
    if (digits.length === 3 && has === 'Y') {
      this.#dayOfYear = value;
      return;
    }
    switch (has) {
      case '':
        if (digits.length >= 3 || this.#order === 'YMD') this.#setYear(digits);
        else if (this.#order === 'DMY') this.#day = value;
        else this.#month = value;
        return;
      case 'Y': case 'D': case 'YD': this.#month = value; return;
      case 'M':
        if (this.#textMonth && (digits.length >= 3 || this.#order === 'YMD')) this.#setYear(digits);
        else this.#day = value;
        return;
      case 'YM':
        if (this.#textMonth && digits.length >= 3 && this.#twoDigitYear) {
          this.#day = this.#year;
          this.#setYear(digits);
        } else {
          this.#day = value;
        }
        return;
      case 'MD': this.#setYear(digits); return;
      default: throw this.#invalid();
    }
  }

  #setYear(digits: string): void {
    this.#year = Number(digits);
    this.#twoDigitYear = digits.length <= 2;
  }

  #offset(text: string): void {
    if (this.#zone !== null && this.#zone.kind === 'iana') throw this.#invalid();
    if (this.#micros === null && !this.#hasDate()) throw this.#invalid();
    const sign = text.startsWith('-') ? -1 : 1;
    const [first = '', second, third] = text.slice(1).split(':');
    let [hours, minutes, seconds] = [first, second ?? '0', third ?? '0'];
    if (second === undefined && first.length > 2) {
      hours = first.slice(0, -2);
      minutes = first.slice(-2);
      if (first.length > 4) [hours, minutes, seconds] = splitSix(first);
    }
    if (Number(hours) > 15 || Number(minutes) > 59 || Number(seconds) > 59) {
      throw sqlError('22009', `time zone displacement out of range: "${this.#text}"`);
    }
    const total = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
    this.#zone = { kind: 'fixed', seconds: sign * total + 0, abbreviation: null };
  }

  #name(text: string): void {
    const month = /^([A-Za-z]+)-?(\d+)$/.exec(text);
    if (month !== null && MONTH_WORDS.has((month[1] ?? '').toLowerCase())) {
      this.#word((month[1] ?? '').toLowerCase());
      this.#dateNumber(month[2] ?? '');
      return;
    }
    // Z-05:00 and EST-5 are names of zones, not arithmetic.
    if (this.#zone !== null) throw this.#invalid();
    const zone = resolveZone(text);
    if (zone === null) throw sqlError('22023', `time zone "${text.toLowerCase()}" not recognized`);
    this.#zone = zone;
  }

  #word(word: string): void {
    const special = SPECIALS.get(word);
    const month = MONTH_WORDS.get(word);
    if (special !== undefined) {
      if (this.#hasDate()) throw this.#invalid();
      this.#special = special;
    } else if (month !== undefined) {
      this.#monthWord(month);
    } else if (word === 't') {
      if (this.#timeNext) throw this.#invalid();
      this.#timeNext = true;
    } else if (word === 'am' || word === 'pm') {
      this.#meridiem = word;
    } else if (word === 'ad' || word === 'bc') {
      this.#beforeChrist = word === 'bc';
    } else if (word === 'allballs') {
      this.#micros = 0;
      this.#zone = { kind: 'fixed', seconds: 0, abbreviation: null };
    } else if (word === 'j' || word === 'jd' || word === 'julian') {
      this.#julianNext();
    } else if (!DAY_WORDS.has(word) && !NOISE.has(word)) {
      this.#zoneWord(word);
    }
  }

  #monthWord(month: number): void {
    // 08 Jan 1999: what was taken for the month was the day.
    const dayFirst = !this.#textMonth && this.#day === null;
    if (this.#month !== null && dayFirst && this.#month >= 1 && this.#month <= 31) {
      this.#day = this.#month;
    } else if (this.#month !== null) throw this.#invalid();
    this.#month = month;
    this.#textMonth = true;
  }

  #julianNext(): void {
    const digits = /(?:^|\s)(?:j|jd|julian)\s*(\d+)/i.exec(this.#text)?.[1];
    if (digits === undefined) throw this.#invalid();
    this.#julian = Number(digits) - UNIX_EPOCH_JULIAN;
    TOKEN.lastIndex += /^\s*\d+/.exec(this.#text.slice(TOKEN.lastIndex))?.[0].length ?? 0;
  }

  #zoneWord(word: string): void {
    if (word === 'dst' && this.#zone?.kind === 'fixed') {
      this.#zone = { ...this.#zone, seconds: this.#zone.seconds + 3600 };
      return;
    }
    if (this.#zone !== null) throw this.#invalid();
    const seconds = ZONE_ABBREVIATIONS.get(word);
    if (seconds !== undefined) {
      this.#zone = { kind: 'fixed', seconds, abbreviation: word.toUpperCase() };
      return;
    }
    const zone = resolveZone(word);
    if (zone === null) throw this.#invalid();
    this.#zone = zone;
  }

  #finish(): DateTimeFields {
    const days = this.#resolveDays();
    const micros = this.#resolveTime();
    const special = this.#special;
    // A T waits for its time.
    if (this.#timeNext) throw this.#invalid();
    if (days === null && micros === null && special === null) throw this.#invalid();
    const fixed = special === 'epoch' || special === 'infinity' || special === '-infinity';
    if (fixed && (micros !== null || this.#zone !== null)) throw this.#invalid();
    return { special, days, micros, zone: this.#zone };
  }

  #resolveTime(): number | null {
    const micros = this.#micros;
    if (this.#meridiem === null) return micros;
    if (micros === null) throw this.#invalid();
    const hour = Math.floor(micros / 3_600_000_000);
    if (hour > 12) throw this.#overflow();
    const base = hour === 12 ? micros - 12 * 3_600_000_000 : micros;
    return this.#meridiem === 'pm' ? base + 12 * 3_600_000_000 : base;
  }

  #resolveDays(): number | null {
    if (this.#julian !== null) return this.#julian;
    const year = this.#resolveYear();
    if (this.#dayOfYear !== null) {
      if (this.#dayOfYear < 1 || this.#dayOfYear > 366) throw this.#overflow(MONTH_HINT);
      return daysFromCivil(year ?? 0, 1, 1) + this.#dayOfYear - 1;
    }
    const month = this.#month;
    const day = this.#day;
    if (year === null && month === null && day === null) return null;
    if (month !== null && (month < 1 || month > 12)) throw this.#overflow(MONTH_HINT);
    if (day !== null && (day < 1 || day > 31)) throw this.#overflow(MONTH_HINT);
    if (year === null || month === null || day === null) throw this.#invalid();
    if (day > daysInMonth(year, month)) throw this.#overflow();
    return daysFromCivil(year, month, day);
  }

  #resolveYear(): number | null {
    const year = this.#year;
    if (year === null) return null;
    if (this.#beforeChrist) {
      if (year <= 0) throw this.#overflow();
      return 1 - year;
    }
    if (this.#twoDigitYear) return year < 70 ? year + 2000 : year + 1900;
    if (year <= 0) throw this.#overflow();
    return year;
  }
}

function splitSix(digits: string): [string, string, string] {
  return [digits.slice(0, -4), digits.slice(-4, -2), digits.slice(-2)];
}
