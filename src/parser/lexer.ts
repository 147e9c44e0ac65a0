/**
 * Cuts SQL text into tokens, as PostgreSQL's scanner does: longest operator without a trailing
 * sign, nested comments, dollar quotes, E'' and U&'' strings, literals continued on other lines.
 *
 * Written by hand because none of this is a regular expression; it also measures several million
 * tokens a second. A few keywords get another type by the word that follows (NOT before IN, WITH
 * before TIME, COALESCE without a parenthesis), so that the grammar needs one token of look-ahead.
 */
import type { TokenType } from 'chevrotain';
import { bitsOf, decodeEscapes, decodeUnicode } from './string-literals.ts';
import { lexicalError, syntaxError, tooManyTokens } from './syntax-errors.ts';
import { retag, RETAGGED } from './retag.ts';
import * as T from './tokens.ts';
import type { SqlToken } from './tokens.ts';

/** Tokens of a text: 250 bytes of memory each while it is parsed. */
export const TOKENS_MAX = 5_000_000;

const SPACE = 1;
const DIGIT = 2;
const WORD = 4; // may start a name
const OPERATOR = 8;

const classes = new Uint8Array(128);
for (const c of ' \t\n\r\f\v') classes[c.charCodeAt(0)] = SPACE;
for (let c = 48; c < 58; c++) classes[c] = DIGIT;
for (let c = 65; c < 91; c++) classes[c] = classes[c + 32] = WORD;
classes[95] = WORD;
for (const c of '~!@#^&|`?+-*/%<>=') classes[c.charCodeAt(0)] = OPERATOR;

const punctuation: ReadonlyMap<string, TokenType> = new Map([
  ['(', T.LParen],
  [')', T.RParen],
  ['[', T.LBracket],
  [']', T.RBracket],
  [',', T.Comma],
  [';', T.Semicolon],
]);

const operators: ReadonlyMap<string, TokenType> = new Map([
  ['=', T.Equals],
  ['<', T.Less],
  ['>', T.Greater],
  ['<=', T.OtherComparison],
  ['>=', T.OtherComparison],
  ['<>', T.OtherComparison],
  ['+', T.Plus],
  ['-', T.Minus],
  ['*', T.Asterisk],
  ['/', T.Divide],
  ['%', T.Divide],
  ['^', T.Power],
  ['=>', T.Arrow],
]);

function classOf(code: number): number {
  return code < 128 ? (classes[code] ?? 0) : WORD;
}

/** All tokens of a text; throws SqlError for what is no token. */
export function tokenize(text: string): SqlToken[] {
  return new Lexer(text).run();
}

class Lexer {
  readonly #text: string;
  #at = 0;
  readonly #tokens: SqlToken[] = [];
  readonly #retagged: number[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  run(): SqlToken[] {
    const text = this.#text;
    while (this.#at < text.length) {
      const code = text.charCodeAt(this.#at);
      switch (classOf(code)) {
        case SPACE:
          this.#at++;
          break;
        case WORD:
          this.#word(code);
          break;
        case DIGIT:
          this.#number();
          break;
        case OPERATOR:
          this.#operator();
          break;
        default:
          this.#other(code);
      }
    }
    for (let i = this.#retagged.length - 1; i >= 0; i--) {
      retag(this.#tokens, this.#retagged[i] ?? 0);
    }
    return this.#tokens;
  }

  #push(type: TokenType, start: number, payload: string): void {
    if (this.#tokens.length >= TOKENS_MAX) {
      throw tooManyTokens(TOKENS_MAX, { start, end: this.#at });
    }
    this.#tokens.push({
      image: payload,
      startOffset: start,
      endOffset: this.#at - 1,
      tokenTypeIdx: type.tokenTypeIdx as number,
      tokenType: type,
      payload,
    });
  }

  #word(code: number): void {
    const text = this.#text;
    const start = this.#at;
    if (text.charCodeAt(start + 1) === 39 && this.#prefixedString(code | 32)) return;
    if ((code | 32) === 117 && text[start + 1] === '&' && this.#unicode()) return;
    let at = start;
    let plain = true; // lower-case ASCII: needs no folding
    for (; at < text.length; at++) {
      const c = text.charCodeAt(at);
      if ((classOf(c) & (WORD | DIGIT)) === 0 && c !== 36) break;
      if ((c > 64 && c < 91) || c > 127) plain = false;
    }
    this.#at = at;
    const raw = text.slice(start, at);
    const name = plain ? raw : raw.replace(/[A-Z]+/g, (upper) => upper.toLowerCase());
    const keyword = T.KEYWORD_BY_TEXT.get(name);
    if (keyword === undefined) return this.#push(T.Ident, start, name);
    if (RETAGGED.has(keyword)) this.#retagged.push(this.#tokens.length);
    return this.#push(keyword, start, name);
  }

  /** E'', B'', X'', N''; false when the letter is a plain word. */
  #prefixedString(letter: number): boolean {
    const start = this.#at;
    if (letter === 101) {
      this.#at += 2;
      const body = this.#quoted(start, 39, true);
      this.#push(T.StringToken, start, decodeEscapes(body, { start, end: this.#at }));
      return true;
    }
    if (letter === 98 || letter === 120) {
      this.#at += 2;
      const digits = this.#quoted(start, 39, false);
      const bits = bitsOf(digits, letter === 120);
      const span = { start, end: this.#at };
      if (bits === null) throw syntaxError(this.#text, span, 'Expected binary digits.');
      this.#push(T.BitToken, start, bits);
      return true;
    }
    if (letter !== 110) return false;
    this.#at += 1;
    this.#string();
    return true;
  }

  /** U&'...' and U&"..." with an optional UESCAPE; false when it is the name u. */
  #unicode(): boolean {
    const start = this.#at;
    const quote = this.#text.charCodeAt(start + 2);
    if (quote !== 39 && quote !== 34) return false;
    this.#at += 3;
    const body = this.#quoted(start, quote, false);
    const uescape = /\s*uescape\s*'([^'])'/iy;
    uescape.lastIndex = this.#at;
    const escape = uescape.exec(this.#text);
    if (escape !== null) this.#at = uescape.lastIndex;
    if (escape !== null && /[0-9a-fA-F+'"\s]/.test(escape[1] ?? '')) {
      throw lexicalError('invalid Unicode escape character', this.#text, {
        start: this.#at - 3, end: this.#at,
      });
    }
    const value = decodeUnicode(body, escape?.[1] ?? '\\', { start, end: this.#at });
    this.#push(quote === 39 ? T.StringToken : T.Ident, start, value);
    return true;
  }

  #string(): void {
    const start = this.#at;
    this.#at++;
    this.#push(T.StringToken, start, this.#quoted(start, 39, false));
  }

  /** The text up to the closing quote, doubled quotes undone; continued literals are joined. */
  #quoted(start: number, quote: number, backslashes: boolean): string {
    const text = this.#text;
    let from = this.#at;
    let value = '';
    for (;;) {
      const c = text.charCodeAt(this.#at);
      if (this.#at >= text.length) {
        const what = quote === 39 ? 'quoted string' : 'quoted identifier';
        throw lexicalError(`unterminated ${what}`, text, { start, end: text.length });
      }
      if (backslashes && c === 92) {
        this.#at += 2;
      } else if (c !== quote) {
        this.#at++;
      } else if (text.charCodeAt(this.#at + 1) === quote) {
        value += text.slice(from, this.#at + 1);
        this.#at += 2;
        from = this.#at;
      } else {
        value += text.slice(from, this.#at);
        this.#at++;
        if (quote !== 39 || !this.#continued()) return value;
        from = this.#at;
      }
    }
  }

  /** A literal goes on after white space with a line's end and another quote. */
  #continued(): boolean {
    const next = this.#text.charCodeAt(this.#at);
    if (next > 32 && next !== 45) return false;
    const pattern = /[ \t\f\v]*(?:--[^\r\n]*)?[\r\n](?:\s|--[^\r\n]*[\r\n])*'/y;
    pattern.lastIndex = this.#at;
    if (!pattern.test(this.#text)) return false;
    this.#at = pattern.lastIndex;
    return true;
  }

  #number(): void {
    const start = this.#at;
    const radix = /0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+/y;
    const decimal = /(?:\d[\d_]*(?:\.(?!\.)[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d+)?/y;
    radix.lastIndex = decimal.lastIndex = start;
    const raw = (radix.exec(this.#text) ?? decimal.exec(this.#text))?.[0] ?? '';
    this.#at = start + raw.length;
    if (this.#at < this.#text.length && classOf(this.#text.charCodeAt(this.#at)) === WORD) {
      const span = { start, end: this.#at + 1 };
      throw lexicalError('trailing junk after numeric literal', this.#text, span);
    }
    const digits = raw.includes('_') ? raw.replaceAll('_', '') : raw;
    if (/^0[xob]/i.test(digits)) {
      this.#push(T.IntegerToken, start, BigInt(digits).toString());
    } else if (/[.e]/i.test(digits)) {
      this.#push(T.DecimalToken, start, digits);
    } else {
      this.#push(T.IntegerToken, start, digits);
    }
  }

  #operator(): void {
    const text = this.#text;
    const start = this.#at;
    let end = start;
    while (end < text.length && classOf(text.charCodeAt(end)) === OPERATOR) {
      const pair = text.slice(end, end + 2);
      if (pair === '--' || pair === '/*') break;
      end++;
    }
    if (end === start) return this.#comment();
    // A sign ends an operator only if it holds one of the characters no SQL operator has.
    while (end > start + 1 && /[+-]/.test(text.charAt(end - 1))) {
      if (/[~!@#^&|`?%]/.test(text.slice(start, end - 1))) break;
      end--;
    }
    this.#at = end;
    const symbol = text.slice(start, end);
    const name = symbol === '!=' ? '<>' : symbol;
    return this.#push(operators.get(name) ?? T.Operator, start, name);
  }

  #comment(): void {
    const text = this.#text;
    const start = this.#at;
    if (text[start] === '-') {
      while (this.#at < text.length && !/[\r\n]/.test(text.charAt(this.#at))) this.#at++;
      return;
    }
    const marks = /\/\*|\*\//g;
    marks.lastIndex = start;
    let depth = 0;
    do {
      const mark = marks.exec(text);
      if (mark === null) {
        throw lexicalError('unterminated /* comment', text, { start, end: text.length });
      }
      depth += mark[0] === '/*' ? 1 : -1;
    } while (depth > 0);
    this.#at = marks.lastIndex;
  }

  #other(code: number): void {
    const text = this.#text;
    const start = this.#at;
    const type = punctuation.get(text.charAt(start));
    if (type !== undefined) {
      this.#at++;
      return this.#push(type, start, text.charAt(start));
    }
    if (code === 39) return this.#string();
    if (code === 34) return this.#quotedName();
    if (code === 36) return this.#dollar();
    if (code === 46) {
      if (classOf(text.charCodeAt(start + 1)) === DIGIT) return this.#number();
      this.#at++;
      return this.#push(T.Dot, start, '.');
    }
    if (code === 58) {
      const next = text[start + 1];
      this.#at += next === ':' || next === '=' ? 2 : 1;
      const types = { ':': T.TypeCast, '=': T.ColonEquals };
      return this.#push(
        next === ':' || next === '=' ? types[next] : T.Colon,
        start,
        text.slice(start, this.#at),
      );
    }
    throw syntaxError(text, { start, end: start + 1 });
  }

  #quotedName(): void {
    const start = this.#at;
    this.#at++;
    const name = this.#quoted(start, 34, false);
    if (name === '') {
      const span = { start, end: this.#at };
      throw lexicalError('zero-length delimited identifier', this.#text, span);
    }
    this.#push(T.Ident, start, name);
  }

  /** $1, $$text$$, $tag$text$tag$ */
  #dollar(): void {
    const text = this.#text;
    const start = this.#at;
    const opening = /\$(?:(\d+)|([A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$)/y;
    opening.lastIndex = start;
    const match = opening.exec(text);
    if (match === null) throw syntaxError(text, { start, end: start + 1 });
    this.#at = opening.lastIndex;
    if (match[1] !== undefined) return this.#push(T.ParameterToken, start, match[1]);
    const close = text.indexOf(match[0], this.#at);
    if (close < 0) {
      const span = { start, end: text.length };
      throw lexicalError('unterminated dollar-quoted string', text, span);
    }
    const body = text.slice(this.#at, close);
    this.#at = close + match[0].length;
    return this.#push(T.StringToken, start, body);
  }
}
