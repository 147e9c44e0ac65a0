/**
 * Text input of intervals in the forms of ISO 8601: `P1Y2M3DT4H5M6S`, `P0001-02-03T04:05:06`.
 *
 * Numbers are read as doubles, exponents included, up to 1e15. The parts sum up in
 * interval-parts.ts.
 */
import { sqlError } from '../errors.ts';
import { badForm } from './interval-parts.ts';
import type { Amount, IntervalParts, IntervalUnit } from './interval-parts.ts';

const NUMBER = /-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y;
const DATE_UNITS: Readonly<Record<string, IntervalUnit>> = {
  Y: 'year', M: 'month', W: 'week', D: 'day',
};
const TIME_UNITS: Readonly<Record<string, IntervalUnit>> = { H: 'hour', M: 'minute', S: 'second' };

class IsoReader {
  readonly #text: string;
  readonly #parts: IntervalParts;
  #at = 1;
  /** How many digits the last number had before its point. */
  #width = 0;

  constructor(text: string, parts: IntervalParts) {
    this.#text = text;
    this.#parts = parts;
  }

  read(): void {
    if (this.#text.length < 2 || !this.#text.startsWith('P')) badForm();
    let inDate = true;
    let first = true;
    while (this.#at < this.#text.length) {
      if (this.#peek() === 'T') {
        this.#at++;
        inDate = false;
        first = true;
        continue;
      }
      const amount = this.#number();
      const unit = this.#peek();
      const named = (inDate ? DATE_UNITS : TIME_UNITS)[unit];
      if (named !== undefined) {
        this.#at++;
        this.#parts.add(amount, named);
        first = false;
      } else {
        if (!first) badForm();
        if (inDate) this.#dateWithoutUnits(amount);
        else this.#timeWithoutUnits(amount);
        first = true;
      }
      this.#parts.seen();
    }
  }

  #peek(): string {
    return this.#text.charAt(this.#at);
  }

  #number(): Amount {
    NUMBER.lastIndex = this.#at;
    const found = NUMBER.exec(this.#text);
    if (found === null) return badForm();
    this.#at = NUMBER.lastIndex;
    this.#width = /^-?(\d*)/.exec(found[0])?.[1]?.length ?? 0;
    const value = Number(found[0]);
    if (value < -1e15 || value > 1e15) {
      throw sqlError('22015', `interval field value out of range: "${this.#parts.text}"`);
    }
    const whole = Math.trunc(value);
    return { whole: BigInt(whole), fraction: value - whole };
  }

  /** After `P` or `T` only the end or another part may follow. */
  #isDone(): boolean {
    return this.#peek() === '' || this.#peek() === 'T';
  }

  /** `20040102` or `2004-01-02`, of which the end may be missing. */
  #dateWithoutUnits(amount: Amount): void {
    const { whole, fraction } = amount;
    if (this.#width === 8 && this.#isDone()) {
      this.#parts.add({ whole: whole / 10000n, fraction: 0 }, 'year');
      this.#parts.add({ whole: whole / 100n % 100n, fraction: 0 }, 'month');
      this.#parts.add({ whole: whole % 100n, fraction }, 'day');
      return;
    }
    this.#parts.add(amount, 'year');
    for (const unit of ['month', 'day'] as const) {
      if (this.#isDone()) return;
      if (this.#peek() !== '-') badForm();
      this.#at++;
      this.#parts.add(this.#number(), unit);
    }
    if (!this.#isDone()) badForm();
  }

  /** `040506` or `04:05:06`, of which the end may be missing. */
  #timeWithoutUnits(amount: Amount): void {
    const { whole, fraction } = amount;
    if (this.#width === 6 && this.#peek() === '') {
      this.#parts.add({ whole: whole / 10000n, fraction: 0 }, 'hour');
      this.#parts.add({ whole: whole / 100n % 100n, fraction: 0 }, 'minute');
      this.#parts.add({ whole: whole % 100n, fraction: 0 }, 'second');
      this.#parts.addPart(fraction, 1);
      return;
    }
    this.#parts.add(amount, 'hour');
    for (const unit of ['minute', 'second'] as const) {
      if (this.#peek() === '') return;
      if (this.#peek() !== ':') badForm();
      this.#at++;
      this.#parts.add(this.#number(), unit);
    }
    if (this.#peek() !== '') badForm();
  }
}

/** Reads an ISO 8601 interval into the parts. */
export function readIsoInterval(text: string, parts: IntervalParts): void {
  new IsoReader(text, parts).read();
}
