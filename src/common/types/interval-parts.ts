/**
 * The parts of an interval while its text is read: sums of years, months, days and microseconds.
 *
 * A unit may come once. A field that does not fit raises 22015; a text of another form is given up
 * with `badForm`, which `attempt` turns into false, so that the reader can try the next form.
 */
import { sqlError } from '../errors.ts';
import { makeInterval } from './interval.ts';
import type { Interval } from './interval.ts';

/** Units of the text form. */
export type IntervalUnit =
  | 'microsecond' | 'millisecond' | 'second' | 'minute' | 'hour' | 'day' | 'week' | 'month'
  | 'year' | 'decade' | 'century' | 'millennium';

class BadForm extends Error {}

/** Gives the text up: it is no interval of the form being read. */
export function badForm(): never {
  throw new BadForm('not an interval of this form');
}

const INT32_MAX = 2147483647;
const INT32_MIN = -2147483648;
const DAY = 86_400_000_000;

const MICROS: Readonly<Partial<Record<IntervalUnit, number>>> = {
  microsecond: 1, millisecond: 1000, second: 1_000_000, minute: 60_000_000, hour: 3_600_000_000,
};
const YEARS: Readonly<Partial<Record<IntervalUnit, number>>> = {
  year: 1, decade: 10, century: 100, millennium: 1000,
};

/** A number of the text: whole part and fraction, both with its sign. */
export interface Amount {
  readonly whole: bigint;
  readonly fraction: number;
}

function roundEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** Collects the fields of one text. */
export class IntervalParts {
  readonly text: string;
  #years = 0;
  #months = 0;
  #days = 0;
  #micros = 0n;
  readonly #units = new Set<IntervalUnit>();

  constructor(text: string) {
    this.text = text;
  }

  /** Runs a reader; false when it gave the text up. */
  attempt(read: () => void): boolean {
    try {
      read();
      return true;
    } catch (error) {
      if (error instanceof BadForm) return false;
      throw error;
    }
  }

  isEmpty(): boolean {
    return this.#units.size === 0;
  }

  made(): Interval {
    return makeInterval(this.#years * 12 + this.#months, this.#days, this.#micros);
  }

  /** `ago` */
  negate(): void {
    this.#years = this.#fits(-this.#years);
    this.#months = this.#fits(-this.#months);
    this.#days = this.#fits(-this.#days);
    this.#addExact(-2n * this.#micros);
  }

  #overflow(): never {
    throw sqlError('22015', `interval field value out of range: "${this.text}"`);
  }

  #fits(value: number): number {
    return value > INT32_MAX || value < INT32_MIN ? this.#overflow() : value;
  }

  #int32(value: bigint): number {
    return value > 2147483647n || value < -2147483648n ? this.#overflow() : Number(value);
  }

  #addExact(micros: bigint): void {
    const sum = this.#micros + micros;
    if (BigInt.asIntN(64, sum) !== sum) this.#overflow();
    this.#micros = sum;
  }

  /** Adds a fraction of a unit, rounded to microseconds. */
  addPart(fraction: number, unit: number): void {
    if (fraction === 0) return;
    const scaled = fraction * unit;
    const whole = Math.trunc(scaled);
    const rest = scaled - whole;
    this.#addExact(BigInt(whole + (rest > 0.5 ? 1 : rest < -0.5 ? -1 : 0)));
  }

  #addPartOfDays(fraction: number, days: number): void {
    const scaled = fraction * days;
    this.#days = this.#fits(this.#days + Math.trunc(scaled));
    this.addPart(scaled - Math.trunc(scaled), DAY);
  }

  #once(...units: readonly IntervalUnit[]): void {
    if (units.some((unit) => this.#units.has(unit))) badForm();
    for (const unit of units) this.#units.add(unit);
  }

  /** Adds a number of a unit, however often the unit came before. */
  add(amount: Amount, unit: IntervalUnit): void {
    const { whole, fraction } = amount;
    const micros = MICROS[unit];
    const years = YEARS[unit];
    if (micros !== undefined) {
      const product = whole * BigInt(micros);
      if (BigInt.asIntN(64, product) !== product) this.#overflow();
      this.#addExact(product);
      this.addPart(fraction, micros);
    } else if (years !== undefined) {
      this.#years = this.#fits(this.#years + this.#fits(this.#int32(whole) * years));
      this.#months = this.#fits(this.#months + roundEven(fraction * years * 12));
    } else if (unit === 'month') {
      this.#months = this.#fits(this.#months + this.#int32(whole));
      this.#addPartOfDays(fraction, 30);
    } else {
      const days = unit === 'week' ? 7 : 1;
      this.#days = this.#fits(this.#days + this.#fits(this.#int32(whole) * days));
      if (days === 1) this.addPart(fraction, DAY);
      else this.#addPartOfDays(fraction, days);
    }
  }

  /** Adds `12`, `-1.5` or `1-6` (years and months); returns the unit of what stands before it. */
  addNumber(text: string, unit: IntervalUnit, negative: boolean): IntervalUnit {
    const found = /^([+-]?)(\d*)(?:-(\d+)|(\.\d*))?$/.exec(text);
    if (found === null) return badForm();
    const [, sign, digits, months, decimals] = found;
    const below = sign === '-' || negative;
    const size = BigInt(digits === undefined || digits === '' ? '0' : digits);
    const whole = below ? -size : size;
    if (BigInt.asIntN(64, whole) !== whole) this.#overflow();
    if (months !== undefined) {
      if (Number(months) > 11) this.#overflow();
      this.#once('month');
      const total = size * 12n + BigInt(months);
      this.add({ whole: below ? -total : total, fraction: 0 }, 'month');
      return 'month';
    }
    const size2 = decimals === undefined || decimals === '.' ? 0 : Number(decimals);
    this.add({ whole, fraction: below ? -size2 : size2 }, unit);
    if (unit === 'second' && size2 !== 0) this.#once('second', 'millisecond', 'microsecond');
    else this.#once(unit);
    return unit === 'hour' ? 'day' : unit;
  }

  /** Adds `h:mm`, `h:mm:ss.ffffff` or `mm:ss.ffffff`. */
  addClock(text: string, minuteFirst: boolean, negative: boolean): void {
    const found = /^([+-]?)(\d+):(\d*)(?::(\d*))?(\.\d*)?$/.exec(text);
    if (found === null) return badForm();
    const [, sign, first = '0', second, third, decimals] = found;
    const short = third === undefined && (decimals !== undefined || minuteFirst);
    const hours = short ? 0n : BigInt(first);
    const minutes = short ? BigInt(first) : BigInt(second === '' ? 0 : second ?? 0);
    const seconds = BigInt((short ? second : third) ?? 0);
    if (BigInt.asIntN(64, BigInt(first)) !== BigInt(first)) this.#overflow();
    if (minutes > 59n || seconds > 60n) this.#overflow();
    const part = decimals === undefined || decimals === '.' ? 0 : Number(decimals);
    const micros = ((hours * 60n + minutes) * 60n + seconds) * 1_000_000n
      + BigInt(roundEven(part * 1e6));
    this.#addExact(sign === '-' || negative ? -micros : micros);
    this.#once('hour', 'minute', 'second', 'millisecond', 'microsecond');
  }

  /** Marks that something was read, for forms that name units without their words. */
  seen(): void {
    this.#units.add('day');
  }
}
