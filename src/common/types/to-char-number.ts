/**
 * to_char of numbers and to_number.
 *
 * The layout follows PostgreSQL in the C locale: point `.`, groups `,`, no currency. A number too
 * large for its template shows as `#`.
 */
import { sqlError } from '../errors.ts';
import { parseNumberPattern } from './number-pattern.ts';
import type { NumberPart, NumberPattern } from './number-pattern.ts';
import {
  absNumeric, exponentialHalfEven, formatNumeric, makeNumeric, mulNumeric, numericFromFloat8,
  numericSignum, numericToBigint, parseNumeric, pow10, roundNumeric,
} from './numeric.ts';
import type { Numeric } from './numeric.ts';

const ROMAN_WIDTH = 15;
const FLOAT_DIGITS = 15;

/** to_char(numeric, template); integers come as numeric of scale 0. */
export function numericToChar(value: Numeric, template: string): string {
  const pattern = parseNumberPattern(template);
  if (pattern.roman) return roman(value, pattern);
  if (pattern.exponent) return scientific(value, pattern);
  const shifted = pattern.shift === 0 ? value
    : mulNumeric(value, makeNumeric(pow10(pattern.shift), 0));
  return layOut(shifted, pattern, { after: pattern.after, negative: null });
}

/** to_char of a float: at most so many significant digits are shown, 15 of float8. */
export function floatToChar(
  value: number, template: string, most: number = FLOAT_DIGITS,
): string {
  const pattern = parseNumberPattern(template);
  const exact = numericFromFloat8(value);
  if (pattern.exponent && exact.special === null) {
    const text = exponentialHalfEven(value, pattern.after + 1);
    const [mantissa = '', exponent = '0'] = text.split('e');
    const digits = exponent.slice(1).padStart(2, '0');
    return `${value < 0 ? '' : ' '}${mantissa}e${exponent[0] ?? '+'}${digits}`;
  }
  if (pattern.roman || exact.special !== null) {
    return numericToChar(exact, template);
  }
  const shifted = value * 10 ** pattern.shift;
  const wholeDigits = Math.abs(shifted).toFixed(0).length;
  const after = wholeDigits >= most ? 0 : Math.min(pattern.after, most - wholeDigits);
  const decimal = parseNumeric(plainDecimal(shifted, after));
  return layOut(decimal, pattern, { after, negative: value < 0 });
}

function plainDecimal(value: number, digits: number): string {
  if (Math.abs(value) >= 1e21) return BigInt(value).toString();
  const rounded = value.toFixed(digits);
  // An exact tie goes to the even digit, as C's printf has it.
  const exact = value.toFixed(Math.min(100, digits + 30));
  const cut = digits === 0 ? exact.indexOf('.') : exact.indexOf('.') + 1 + digits;
  const rest = exact.slice(cut).replace('.', '');
  const kept = exact.slice(0, cut);
  return /^50*$/.test(rest) && /[02468]$/.test(kept) ? kept : rounded;
}

function scientific(value: Numeric, pattern: NumberPattern): string {
  if (value.special !== null) {
    // One # for every digit, with the point and the exponent's four places.
    const tail = pattern.after === 0 ? '' : `.${'#'.repeat(pattern.after)}`;
    return ` ${'#'.repeat(Math.max(pattern.before, 1))}${tail}${'#'.repeat(4)}`;
  }
  const magnitude = absNumeric(value);
  const digits = magnitude.coef.toString();
  let exponent = magnitude.coef === 0n ? 0 : digits.length - 1 - magnitude.scale;
  const scaled = makeNumeric(magnitude.coef, magnitude.coef === 0n ? 0 : digits.length - 1);
  let mantissa = roundNumeric(scaled, pattern.after);
  if (mantissa.coef >= pow10(pattern.after + 1)) {
    exponent++;
    mantissa = makeNumeric(mantissa.coef / 10n, pattern.after);
  }
  const sign = numericSignum(value) < 0 ? '-' : ' ';
  const exponentText = String(Math.abs(exponent)).padStart(2, '0');
  return `${sign}${formatNumeric(mantissa)}e${exponent < 0 ? '-' : '+'}${exponentText}`;
}

const ROMAN_DIGITS: readonly (readonly [number, string])[] = [
  [1000, 'M'], [900, 'CM'], [500, 'D'], [400, 'CD'], [100, 'C'], [90, 'XC'], [50, 'L'],
  [40, 'XL'], [10, 'X'], [9, 'IX'], [5, 'V'], [4, 'IV'], [1, 'I'],
];

function roman(value: Numeric, pattern: NumberPattern): string {
  const number = value.special === null ? Number(numericToBigint(value)) : 0;
  if (number < 1 || number > 3999) return '#'.repeat(ROMAN_WIDTH);
  let text = '';
  let rest = number;
  for (const [amount, letters] of ROMAN_DIGITS) {
    while (rest >= amount) {
      text += letters;
      rest -= amount;
    }
  }
  const lower = pattern.parts.some((part) => part.kind === 'roman' && part.written === 'rn');
  const shown = lower ? text.toLowerCase() : text;
  return pattern.fill ? shown : shown.padStart(ROMAN_WIDTH);
}

interface LayOutOptions {
  /** Digits behind the point, at most those of the pattern. */
  readonly after: number;
  /** The sign to show; a float may round to -0. */
  readonly negative: boolean | null;
}

function layOut(value: Numeric, pattern: NumberPattern, options: LayOutOptions): string {
  const { after } = options;
  const rounded = value.special === null ? roundNumeric(value, after) : value;
  const digits = formatNumeric(rounded).replace(/^-/, '');
  const [whole = '', fraction] = digits.split('.');
  const room = pattern.before + pattern.shift;
  const negative = options.negative ?? numericSignum(rounded) < 0;
  if (whole.length <= room) {
    const number = fraction === undefined ? whole : `${whole}.${fraction}`;
    return new NumberWriter(pattern, number, { negative, spaces: room - whole.length }).write();
  }
  const tail = pattern.hasPoint ? `.${'#'.repeat(after)}` : '';
  return new NumberWriter(pattern, '#'.repeat(room) + tail, { negative, spaces: 0 }).write();
}

interface Sign {
  readonly negative: boolean;
  /** Places before the first digit. */
  readonly spaces: number;
}

/** Writes one number into its template, left to right. */
class NumberWriter {
  readonly #pattern: NumberPattern;
  readonly #number: string;
  readonly #negative: boolean;
  readonly #spaces: number;
  /** Under FM: the last character of the number to show. */
  readonly #last: number;
  readonly #brackets: boolean;
  readonly #count: number;
  #signWritten: boolean;
  #place = 0;
  #at = 0;
  #inNumber = false;
  #result = '';

  constructor(pattern: NumberPattern, number: string, sign: Sign) {
    this.#pattern = pattern;
    this.#number = number;
    this.#negative = sign.negative;
    this.#spaces = sign.spaces;
    this.#brackets = pattern.brackets && (sign.negative || !pattern.fill);
    this.#signWritten = pattern.ownSign
      ? pattern.hasMinus
      : !sign.negative && pattern.fill && pattern.sign === null;
    this.#last = this.#lastShown();
    const digits = pattern.before + pattern.shift + pattern.after - 1;
    this.#count = digits + (!this.#signWritten && sign.spaces === 0 ? 1 : 0);
  }

  #lastShown(): number {
    const point = this.#number.indexOf('.');
    if (!this.#pattern.fill || !this.#pattern.hasPoint || point < 0) return -1;
    let last = point;
    for (let i = point + 1; i < this.#number.length; i++) if (this.#number[i] !== '0') last = i;
    const { lastZero } = this.#pattern;
    if (lastZero <= this.#spaces) return last;
    return Math.max(last, Math.min(this.#number.length - 1, lastZero - this.#spaces));
  }

  write(): string {
    for (const part of this.#pattern.parts) this.#part(part);
    return this.#result;
  }

  #blank(width: number): void {
    if (!this.#pattern.fill) this.#result += ' '.repeat(width);
  }

  #part(part: NumberPart): void {
    switch (part.kind) {
      case 'nine': case 'zero': case 'point': case 'locale-point': this.#digit(part.kind); return;
      case 'group': case 'locale-group':
        if (this.#inNumber) this.#result += ',';
        else this.#blank(1);
        return;
      case 'currency': this.#result += ' '; return;
      case 'minus': this.#ownSign(this.#negative, '-'); return;
      case 'plus': this.#ownSign(!this.#negative, '+'); return;
      case 'plus-minus': this.#result += this.#negative ? '-' : '+'; return;
      case 'ordinal': this.#ordinal(part.written); return;
      case 'text': this.#result += part.text; return;
      case 'sign': case 'roman': case 'exponent': return;
    }
  }

  #ownSign(shown: boolean, sign: string): void {
    if (shown) this.#result += sign;
    else this.#blank(1);
  }

  #ordinal(written: string): void {
    if (this.#negative || this.#number.startsWith('#') || this.#pattern.hasPoint) return;
    const lastTwo = Number(this.#number.slice(-2));
    const suffix = lastTwo >= 11 && lastTwo <= 13 ? 'th'
      : ['th', 'st', 'nd', 'rd'][lastTwo % 10] ?? 'th';
    this.#result += written === 'TH' ? suffix.toUpperCase() : suffix;
  }

  /** `9.9` shows 0.1 as ` .1`: a zero before the point is a blank. */
  #isBlankZero(): boolean {
    return this.#pattern.zeroFrom === Infinity && this.#at === 0 && this.#number.startsWith('0')
      && this.#pattern.after !== 0;
  }

  #atPointOnly(): boolean {
    return this.#last >= 0 && this.#number[this.#last] === '.';
  }

  #writeSign(): void {
    const { sign, zeroFrom } = this.#pattern;
    const reached = this.#place >= this.#spaces || zeroFrom === this.#place;
    if (this.#signWritten || !reached || (this.#isBlankZero() && !this.#atPointOnly())) return;
    if (sign !== null) {
      if (sign === 'before') {
        this.#result += this.#negative ? '-' : '+';
        this.#signWritten = true;
      }
      return;
    }
    if (this.#brackets) this.#result += this.#negative ? '<' : ' ';
    else if (this.#negative) this.#result += '-';
    else this.#blank(1);
    this.#signWritten = true;
  }

  #digit(kind: 'nine' | 'zero' | 'point' | 'locale-point'): void {
    this.#writeSign();
    const { zeroFrom } = this.#pattern;
    if (this.#place < this.#spaces) {
      if (zeroFrom > this.#place) {
        this.#blank(1);
      } else {
        this.#result += '0';
        this.#inNumber = true;
      }
    } else {
      this.#numberCharacter(kind);
      if (this.#at < this.#number.length) this.#at++;
    }
    this.#closeSign();
    this.#place++;
  }

  #numberCharacter(kind: 'nine' | 'zero' | 'point' | 'locale-point'): void {
    const character = this.#number[this.#at];
    if (character === '.') {
      if (!this.#atPointOnly() || this.#pattern.fill) this.#result += '.';
    } else if (this.#last >= 0 && this.#at > this.#last && kind !== 'zero') {
      return;
    } else if (this.#isBlankZero()) {
      if (!this.#pattern.fill) this.#result += ' ';
      else if (this.#atPointOnly()) this.#result += '0';
    } else if (character !== undefined) {
      this.#result += character;
      this.#inNumber = true;
    }
  }

  #closeSign(): void {
    const { hasPoint, sign } = this.#pattern;
    let end = this.#count + (this.#spaces > 0 ? 1 : 0) + (hasPoint ? 1 : 0);
    if (this.#last >= 0 && this.#last === this.#at) end = this.#place;
    if (this.#place + 1 !== end) return;
    if (this.#signWritten && this.#brackets) this.#result += this.#negative ? '>' : ' ';
    else if (sign === 'after') this.#result += this.#negative ? '-' : '+';
  }
}

/** to_number(text, template); 22P02 when no number is there. */
export function numberFromText(text: string, template: string): Numeric {
  const pattern = parseNumberPattern(template);
  if (pattern.roman) throw sqlError('0A000', '"RN" not supported for input');
  if (pattern.exponent) throw sqlError('0A000', '"EEEE" not supported for input');
  const digits = new NumberTextReader(text).read(pattern);
  const value = parseNumeric(digits);
  if (pattern.shift === 0) return value;
  const divided = makeNumeric(value.coef, value.scale + pattern.shift);
  return divided;
}

class NumberTextReader {
  readonly #text: string;
  #at = 0;
  #negative = false;
  #digits = '';
  #point = false;

  constructor(text: string) {
    this.#text = text;
  }

  read(pattern: NumberPattern): string {
    for (const part of pattern.parts) {
      if (this.#at >= this.#text.length) break;
      this.#part(part);
    }
    const rest = this.#text.slice(this.#at).trim();
    if (rest.startsWith('-') || rest.startsWith('>')) this.#negative = true;
    return (this.#negative ? '-' : '') + this.#digits;
  }

  #sign(): void {
    while (this.#text[this.#at] === ' ') this.#at++;
    const next = this.#text[this.#at];
    if (next === '-' || next === '<') this.#negative = true;
    if (next === '-' || next === '+' || next === '<') this.#at++;
  }

  #part(part: NumberPart): void {
    switch (part.kind) {
      case 'nine': case 'zero': this.#digit(); return;
      case 'point': case 'locale-point':
        this.#sign();
        if (this.#text[this.#at] !== '.' || this.#point) return;
        this.#digits += '.';
        this.#point = true;
        this.#at++;
        return;
      case 'group': case 'locale-group':
        if (this.#text[this.#at] === ',') this.#at++;
        return;
      case 'currency':
        if (/[^\d.,+-]/.test(this.#text[this.#at] ?? '')) this.#at++;
        return;
      case 'sign': case 'minus': case 'plus': case 'plus-minus': this.#sign(); return;
      case 'ordinal': this.#at += 2; return;
      case 'text':
        if (!/[\d.,+-]/.test(this.#text[this.#at] ?? '')) this.#at += part.text.length;
        return;
      case 'roman': case 'exponent': return;
    }
  }

  #digit(): void {
    if (this.#digits === '') this.#sign();
    const next = this.#text[this.#at] ?? '';
    if (next >= '0' && next <= '9') {
      this.#digits += next;
      this.#at++;
    } else if (next === '.' && !this.#point) {
      this.#digits += '.';
      this.#point = true;
      this.#at++;
      this.#digit();
    }
  }
}
