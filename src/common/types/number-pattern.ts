/**
 * Templates of to_char and to_number for numbers: text to a list of parts and what they imply.
 */
import { sqlError } from '../errors.ts';
import type { SqlError } from '../errors.ts';

/** A part of a number template. */
export type NumberPart =
  | {
    readonly kind:
      | 'nine' | 'zero' | 'point' | 'group' | 'locale-point' | 'locale-group' | 'currency'
      | 'sign' | 'minus' | 'plus' | 'plus-minus' | 'ordinal' | 'roman' | 'exponent';
    readonly written: string;
  }
  | { readonly kind: 'text'; readonly text: string };

/** A parsed template. */
export interface NumberPattern {
  readonly parts: readonly NumberPart[];
  /** Digits before the point. */
  readonly before: number;
  /** Digits behind the point. */
  readonly after: number;
  /** Places of V: digits the number is shifted left by. */
  readonly shift: number;
  readonly fill: boolean;
  /** Place among the digits before the point from which zeros are shown; Infinity without. */
  readonly zeroFrom: number;
  /** Digits up to and including the last 0; those are shown even under FM. */
  readonly lastZero: number;
  readonly hasPoint: boolean;
  /** S in front or behind. */
  readonly sign: 'before' | 'after' | null;
  readonly brackets: boolean;
  readonly blankZero: boolean;
  readonly roman: boolean;
  readonly exponent: boolean;
  /** MI, PL or SG, which show the sign themselves. */
  readonly ownSign: boolean;
  readonly hasMinus: boolean;
}

const KEYWORDS: readonly (readonly [string, string])[] = [
  ['EEEE', 'EEEE'], ['FM', 'FM'], ['MI', 'MI'], ['PL', 'PL'], ['PR', 'PR'], ['RN', 'RN'],
  ['rn', 'RN'], ['SG', 'SG'], ['SP', 'SP'], ['TH', 'TH'], ['th', 'TH'], ['fm', 'FM'], ['mi', 'MI'],
  ['pl', 'PL'], ['pr', 'PR'], ['sg', 'SG'], ['sp', 'SP'], ['eeee', 'EEEE'], [',', ','], ['.', '.'],
  ['0', '0'], ['9', '9'], ['B', 'B'], ['b', 'B'], ['C', 'C'], ['c', 'C'], ['D', 'D'], ['d', 'D'],
  ['G', 'G'], ['g', 'G'], ['L', 'L'], ['l', 'L'], ['S', 'S'], ['s', 'S'], ['V', 'V'], ['v', 'V'],
];

function wrong(message: string, hint?: string): SqlError {
  return sqlError('42601', message, { hint });
}

const CACHE = new Map<string, NumberPattern>();
const CACHE_MAX = 200;

/** Parses a template; 42601 for combinations that make no sense. */
export function parseNumberPattern(template: string): NumberPattern {
  const known = CACHE.get(template);
  if (known !== undefined) return known;
  const pattern = new NumberPatternReader(template).read();
  if (CACHE.size >= CACHE_MAX) CACHE.clear();
  CACHE.set(template, pattern);
  return pattern;
}

class NumberPatternReader {
  readonly #template: string;
  readonly #parts: NumberPart[] = [];
  #before = 0;
  #after = 0;
  #shift = 0;
  #fill = false;
  #zeroFrom = Infinity;
  #point = false;
  #multiply = false;
  #sign: 'before' | 'after' | null = null;
  #brackets = false;
  #blankZero = false;
  #roman = false;
  #exponent = false;
  #ownSign = false;
  #hasMinus = false;
  #signAt = 0;
  #lastZero = 0;

  constructor(template: string) {
    this.#template = template;
  }

  read(): NumberPattern {
    let at = 0;
    while (at < this.#template.length) {
      const keyword = KEYWORDS.find(([word]) => this.#template.startsWith(word, at));
      if (keyword === undefined) {
        at = this.#text(at);
      } else {
        at += keyword[0].length;
        this.#keyword(keyword[1], keyword[0]);
      }
    }
    return {
      parts: this.#parts, before: this.#before, after: this.#after, shift: this.#shift,
      lastZero: this.#lastZero, fill: this.#fill, zeroFrom: this.#zeroFrom,
      hasPoint: this.#point, sign: this.#signPlace(),
      brackets: this.#brackets, blankZero: this.#blankZero, roman: this.#roman,
      exponent: this.#exponent, ownSign: this.#ownSign, hasMinus: this.#hasMinus,
    };
  }

  /** S behind all digits before the point, or behind the point, shows the sign at the end. */
  #signPlace(): 'before' | 'after' | null {
    if (this.#sign === null) return null;
    return this.#signAt < 0 || this.#signAt === this.#before ? 'after' : 'before';
  }

  #text(start: number): number {
    const first = this.#template[start] ?? '';
    if (first !== '"') {
      const escaped = first === '\\' && this.#template[start + 1] === '"';
      this.#parts.push({ kind: 'text', text: escaped ? '"' : first });
      return start + (escaped ? 2 : 1);
    }
    let at = start + 1;
    let text = '';
    while (at < this.#template.length && this.#template[at] !== '"') {
      if (this.#template[at] === '\\' && at + 1 < this.#template.length) at++;
      text += this.#template[at++] ?? '';
    }
    this.#parts.push({ kind: 'text', text });
    return at + 1;
  }

  #keyword(word: string, written: string): void {
    if (this.#exponent && word !== 'EEEE') throw wrong('"EEEE" must be the last pattern used');
    switch (word) {
      case '9': this.#nine(written); return;
      case '0': this.#zero(written); return;
      case '.': case 'D': this.#decimalPoint(word, written); return;
      case ',': this.#parts.push({ kind: 'group', written }); return;
      case 'G': this.#parts.push({ kind: 'locale-group', written }); return;
      case 'L': this.#parts.push({ kind: 'currency', written }); return;
      case 'C': case 'SP': return;
      case 'FM': this.#fill = true; return;
      case 'B': this.#blankZero = true; return;
      case 'TH': this.#parts.push({ kind: 'ordinal', written }); return;
      case 'RN': this.#roman = true; this.#parts.push({ kind: 'roman', written }); return;
      case 'V':
        if (this.#point) throw wrong('cannot use "V" and decimal point together');
        this.#multiply = true;
        return;
      case 'EEEE': this.#scientific(written); return;
      default: this.#signWord(word, written);
    }
  }

  #nine(written: string): void {
    if (this.#brackets) throw wrong('"9" must be ahead of "PR"');
    if (this.#multiply) this.#shift++;
    else if (this.#point) this.#after++;
    else this.#before++;
    this.#parts.push({ kind: 'nine', written });
  }

  #zero(written: string): void {
    if (this.#brackets) throw wrong('"0" must be ahead of "PR"');
    if (!this.#multiply && !this.#point && this.#zeroFrom === Infinity) {
      this.#zeroFrom = this.#before;
    }
    if (this.#multiply) this.#shift++;
    else if (this.#point) this.#after++;
    else this.#before++;
    this.#lastZero = this.#before + this.#after;
    this.#parts.push({ kind: 'zero', written });
  }

  #decimalPoint(word: string, written: string): void {
    if (this.#point) throw wrong('multiple decimal points');
    if (this.#multiply) throw wrong('cannot use "V" and decimal point together');
    this.#point = true;
    this.#parts.push({ kind: word === 'D' ? 'locale-point' : 'point', written });
  }

  #scientific(written: string): void {
    if (this.#exponent) throw wrong('cannot use "EEEE" twice');
    if (this.#fill || this.#sign !== null || this.#brackets || this.#ownSign || this.#roman
      || this.#multiply || this.#blankZero) {
      throw wrong('"EEEE" is incompatible with other formats',
        '"EEEE" may only be used together with digit and decimal point patterns.');
    }
    this.#exponent = true;
    this.#parts.push({ kind: 'exponent', written });
  }

  #signWord(word: string, written: string): void {
    switch (word) {
      case 'S':
        if (this.#sign !== null) throw wrong('cannot use "S" twice');
        if (this.#ownSign || this.#brackets) {
          throw wrong('cannot use "S" and "PL"/"MI"/"SG"/"PR" together');
        }
        this.#signAt = this.#point ? -1 : this.#before;
        this.#sign = 'before';
        this.#parts.push({ kind: 'sign', written });
        return;
      case 'PR':
        if (this.#sign !== null || this.#ownSign) {
          throw wrong('cannot use "PR" and "S"/"PL"/"MI"/"SG" together');
        }
        this.#brackets = true;
        return;
      default: break;
    }
    if (this.#sign !== null) throw wrong(`cannot use "S" and "${word}" together`);
    this.#ownSign = true;
    if (word !== 'PL') this.#hasMinus = true;
    const kind = word === 'MI' ? 'minus' : word === 'PL' ? 'plus' : 'plus-minus';
    this.#parts.push({ kind, written });
  }
}
