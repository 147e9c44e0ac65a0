/**
 * Text input of interval: postgres, verbose, SQL standard and ISO 8601 forms.
 *
 * `INTERVAL '5' MINUTE` comes through `parseIntervalWithFields`: the fields give a bare number its
 * unit and cut what is finer. Errors are 22007 and 22008.
 */
import { sqlError } from '../errors.ts';
import type { SqlError } from '../errors.ts';
import { roundHalfEven } from './calendar.ts';
import { makeInterval, negateInterval } from './interval.ts';
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

type Unit =
  | 'microsecond' | 'millisecond' | 'second' | 'minute' | 'hour' | 'day' | 'week' | 'month'
  | 'year' | 'decade' | 'century' | 'millennium';

const UNIT_WORDS: ReadonlyMap<string, Unit> = new Map(Object.entries({
  microsecond: 'microsecond us usec usecs usecond useconds microseconds microsecon',
  millisecond: 'millisecond ms msec msecs msecond mseconds milliseconds millisecon',
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
  words.split(' ').map((word): [string, Unit] => [word, unitOf(unit)])));

function unitOf(text: string): Unit {
  switch (text) {
    case 'microsecond': case 'millisecond': case 'second': case 'minute': case 'hour':
    case 'day': case 'week': case 'month': case 'year': case 'decade':
    case 'century': return text;
    default: return 'millennium';
  }
}

/** The canonical unit of a word such as `mins`, or null. */
export function intervalUnit(word: string): string | null {
  return UNIT_WORDS.get(word.toLowerCase()) ?? null;
}

type ClockUnit = 'microsecond' | 'millisecond' | 'second' | 'minute' | 'hour';
type MonthUnit = 'month' | 'year' | 'decade' | 'century' | 'millennium';

const MICROS: Readonly<Record<ClockUnit, bigint>> = {
  microsecond: 1n, millisecond: 1000n, second: 1_000_000n, minute: 60_000_000n,
  hour: 3_600_000_000n,
};
const MONTHS: Readonly<Record<MonthUnit, number>> = {
  month: 1, year: 12, decade: 120, century: 1200, millennium: 12000,
};

const TOKEN = new RegExp([
  '\\s*(?:([+-]?\\d+:\\d+(?::\\d+)?(?:\\.\\d*)?)',
  '([+-]?\\d+-\\d+)',
  '([+-]?(?:\\d+(?:\\.\\d*)?|\\.\\d+))',
  '([A-Za-z]+)',
  '(@))',
].join('|'), 'y');

/**
 * Reads an interval. Under IntervalStyle sql_standard a leading minus counts for all fields when
 * no other sign follows.
 */
export function parseInterval(text: string, style: string = 'postgres'): Interval {
  if (style.toLowerCase() === 'sql_standard' && /^\s*-[^+P-]*$/.test(text)) {
    return negateInterval(new IntervalReader(text.replace('-', ''), null).read());
  }
  return new IntervalReader(text, null).read();
}

/** Reads an interval qualified by fields, as in `INTERVAL '1 2:03' DAY TO MINUTE`. */
export function parseIntervalWithFields(text: string, fields: IntervalFields): Interval {
  const value = new IntervalReader(text, fields).read();
  return cutToFields(value, fields);
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

/** A number as text: sign, whole digits and fraction. */
interface Amount {
  readonly negative: boolean;
  readonly whole: bigint;
  /** 0 to below 1, without the sign. */
  readonly fraction: number;
}

function amountOf(text: string): Amount {
  const negative = text.startsWith('-');
  const [whole = '', fraction = ''] = text.replace(/^[+-]/, '').split('.');
  return {
    negative, whole: BigInt(whole === '' ? '0' : whole), fraction: Number(`0.${fraction || 0}`),
  };
}

class IntervalReader {
  readonly #text: string;
  readonly #fields: IntervalFields | null;
  #months = 0;
  #days = 0;
  #micros = 0n;
  #pending: string | null = null;
  #seen = 0;
  #ago = false;
  #units = new Set<string>();

  constructor(text: string, fields: IntervalFields | null) {
    this.#text = text;
    this.#fields = fields;
  }

  read(): Interval {
    const trimmed = this.#text.trim();
    if (/^[+-]?P/.test(trimmed)) return this.#iso(trimmed);
    const tokens = this.#tokens(trimmed);
    tokens.forEach(([kind, token], i) => {
      switch (kind) {
        case 'time': this.#flush(null, i); this.#clock(token); break;
        case 'months': this.#flush(null, i); this.#yearMonth(token); break;
        case 'number': this.#flush(null, i); this.#pending = token; break;
        case 'word': this.#word(token.toLowerCase()); break;
        case 'mark': if (i !== 0) throw this.#invalid(); break;
      }
    });
    this.#flush(null, -1);
    if (this.#seen === 0) throw this.#invalid();
    return this.#made(this.#ago ? -1 : 1);
  }

  #made(sign: number): Interval {
    return makeInterval(sign * this.#months, sign * this.#days, BigInt(sign) * this.#micros);
  }

  #invalid(): SqlError {
    return sqlError('22007', `invalid input syntax for type interval: "${this.#text}"`);
  }

  #overflow(): SqlError {
    return sqlError('22015', `interval field value out of range: "${this.#text}"`);
  }

  #tokens(text: string): (readonly ['time' | 'months' | 'number' | 'word' | 'mark', string])[] {
    const tokens: (readonly ['time' | 'months' | 'number' | 'word' | 'mark', string])[] = [];
    let at = 0;
    const source = text.replaceAll(/([+-])\s+(?=[\d.])/g, '$1').replaceAll(',', ' ').trimEnd();
    while (at < source.length) {
      TOKEN.lastIndex = at;
      const match = TOKEN.exec(source);
      if (match === null) throw this.#invalid();
      const [, time, months, number, word] = match;
      if (time !== undefined) tokens.push(['time', time]);
      else if (months !== undefined) tokens.push(['months', months]);
      else if (number !== undefined) tokens.push(['number', number]);
      else if (word !== undefined) tokens.push(['word', word]);
      else tokens.push(['mark', '@']);
      at = TOKEN.lastIndex;
    }
    return tokens;
  }

  /** A number without a unit: the qualifier's last field, days before a clock, else seconds. */
  #flush(unit: Unit | null, next: number): void {
    const pending = this.#pending;
    if (pending === null) {
      if (unit !== null) throw this.#invalid();
      return;
    }
    this.#pending = null;
    const implied = next >= 0 ? 'day' : this.#fields?.to ?? 'second';
    this.#add(amountOf(pending), unit ?? implied);
  }

  #word(word: string): void {
    if (word === 'ago') {
      this.#flush(null, -1);
      this.#ago = true;
      return;
    }
    const unit = UNIT_WORDS.get(word);
    if (unit === undefined) throw this.#invalid();
    this.#flush(unit, -1);
  }

  #once(unit: string): void {
    if (this.#units.has(unit)) throw this.#invalid();
    this.#units.add(unit);
  }

  #add(amount: Amount, unit: Unit): void {
    this.#seen++;
    this.#once(unit);
    switch (unit) {
      case 'microsecond': case 'millisecond': case 'second': case 'minute': case 'hour':
        this.#addMicros(amount, MICROS[unit]);
        return;
      case 'day': this.#addDays(amount, 1); return;
      case 'week': this.#addDays(amount, 7); return;
      case 'month': case 'year': case 'decade': case 'century': case 'millennium':
        this.#addMonths(amount, unit);
    }
  }

  #addMicros(amount: Amount, unit: bigint): void {
    if (amount.whole > 9223372036854775807n + (amount.negative ? 1n : 0n)) throw this.#overflow();
    const micros = amount.whole * unit + BigInt(roundHalfEven(amount.fraction * Number(unit)));
    this.#micros += amount.negative ? -micros : micros;
  }

  #addDays(amount: Amount, factor: number): void {
    const sign = amount.negative ? -1 : 1;
    if (amount.whole > (amount.negative ? 2147483648n : 2147483647n)) throw this.#overflow();
    this.#days += sign * Number(amount.whole) * factor;
    const rest = amount.fraction * factor;
    const days = Math.trunc(rest);
    this.#days += sign * days;
    this.#micros += BigInt(sign * Math.round((rest - days) * 86_400_000_000));
  }

  #addMonths(amount: Amount, unit: MonthUnit): void {
    const sign = amount.negative ? -1 : 1;
    if (amount.whole > (amount.negative ? 2147483648n : 2147483647n)) throw this.#overflow();
    this.#months += sign * Number(amount.whole) * MONTHS[unit];
    if (unit === 'month') {
      this.#addDays({ ...amount, whole: 0n, fraction: 0 }, 1);
      const rest = Math.round(amount.fraction * 30 * 1e9) / 1e9;
      const days = Math.trunc(rest);
      this.#days += sign * days;
      this.#micros += BigInt(sign * Math.round((rest - days) * 86_400_000_000));
      return;
    }
    this.#months += sign * Math.round(amount.fraction * MONTHS[unit]);
  }

  #clock(text: string): void {
    this.#seen++;
    this.#once('second');
    this.#once('minute');
    this.#once('hour');
    const negative = text.startsWith('-');
    const [clock = '', fraction] = text.replace(/^[+-]/, '').split('.');
    const parts = clock.split(':').map((part) => BigInt(part));
    const minuteToSecond = this.#fields?.from === 'minute' && this.#fields.to === 'second';
    const minuteFirst = parts.length === 2 && (fraction !== undefined || minuteToSecond);
    if (minuteFirst) parts.unshift(0n);
    const [hours = 0n, minutes = 0n, seconds = 0n] = parts;
    if (minutes > 59n || seconds > 60n) throw this.#overflow();
    const part = BigInt(roundHalfEven(Number(`0.${fraction || 0}`) * 1e6));
    const micros = ((hours * 60n + minutes) * 60n + seconds) * 1_000_000n + part;
    this.#micros += negative ? -micros : micros;
  }

  #yearMonth(text: string): void {
    this.#seen++;
    this.#once('year');
    this.#once('month');
    const match = /^([+-]?)(\d+)-(\d+)$/.exec(text);
    const months = Number(match?.[3]);
    if (months > 11) throw this.#overflow();
    const total = Number(match?.[2]) * 12 + months;
    this.#months += match?.[1] === '-' ? -total : total;
  }

  #iso(text: string): Interval {
    const body = text.replace(/^[+-]?P/, '');
    const [date = '', time, ...more] = body.split('T');
    const nothing = date === '' && time === undefined;
    if (text.startsWith('-') || more.length > 0 || nothing) throw this.#invalid();
    const extended = /^(-?\d+)-(\d+)(?:-(\d+))?$/.exec(date);
    const alternative = extended ?? /^(-?\d{4})(?:(\d{2})(\d{2}))?$/.exec(date);
    if (alternative !== null) {
      const sign = extended === null && date.startsWith('-') ? -1 : 1;
      this.#months = Number(alternative[1]) * 12 + sign * Number(alternative[2] ?? 0);
      this.#days = sign * Number(alternative[3] ?? 0);
    } else {
      this.#isoUnits(date, { Y: 'year', M: 'month', W: 'week', D: 'day' });
    }
    if (time === undefined) return this.#made(1);
    // The basic form has no fractions: PostgreSQL drops them.
    const basic = /^(-?\d{2})(\d{2})(\d{2})(?:\.\d*)?$/.exec(time);
    if (basic !== null) this.#clock(`${basic[1]}:${basic[2]}:${basic[3]}`);
    else if (/^-?\d+:/.test(time)) this.#clock(time);
    else this.#isoUnits(time, { H: 'hour', M: 'minute', S: 'second' });
    return this.#made(1);
  }

  #isoUnits(text: string, units: Readonly<Record<string, Unit>>): void {
    let at = 0;
    const part = /([+-]?(?:\d+(?:\.\d*)?|\.\d+))([A-Z])/y;
    while (at < text.length) {
      part.lastIndex = at;
      const match = part.exec(text);
      const unit = units[match?.[2] ?? ''];
      if (match === null || unit === undefined) throw this.#invalid();
      this.#add(amountOf(match[1] ?? ''), unit);
      at = part.lastIndex;
    }
  }
}
