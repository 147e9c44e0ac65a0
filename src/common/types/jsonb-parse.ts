/**
 * Reads JSON text: into a Jsonb tree, or only to check it for the json type.
 *
 * Errors are PostgreSQL's: 22P02 "invalid input syntax for type json" with a DETAIL naming the
 * token. Nesting is bounded (54001) because the parser recurses.
 */
import { sqlError } from '../errors.ts';
import type { SqlError } from '../errors.ts';
import { JSON_FALSE, JSON_NULL, JSON_TRUE, jsonArray, jsonObject } from './jsonb.ts';
import type { Jsonb } from './jsonb.ts';
import { makeNumeric, parseNumeric } from './numeric.ts';

const DEPTH_MAX = 3000;

/** Reads a jsonb value from text. */
export function parseJsonb(text: string): Jsonb {
  const parser = new JsonParser(text);
  return parser.document();
}

/** Checks that a text is JSON and returns it unchanged: input of the json type. */
export function validateJson(text: string): string {
  try {
    JSON.parse(text);
    return text;
  } catch {
    // The engine's parser accepts the same grammar; ours knows PostgreSQL's words for the error.
    new JsonParser(text, true).document();
    return text;
  }
}

function invalidJson(detail: string): SqlError {
  return sqlError('22P02', 'invalid input syntax for type json', { detail });
}

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t',
};
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /-?\d*(?:(?<=\d)\.\d*)?(?:(?<=\d\.?)[eE][+-]?\d*)?[A-Za-z0-9_\u0080-\uffff]*/y;

class JsonParser {
  readonly #text: string;
  readonly #textOnly: boolean;
  #at = 0;
  #depth = 0;

  constructor(text: string, textOnly: boolean = false) {
    this.#text = text;
    this.#textOnly = textOnly;
  }

  document(): Jsonb {
    const value = this.#value();
    this.#space();
    if (this.#at < this.#text.length) {
      throw this.#unexpected((token) => `Expected end of input, but found "${token}".`);
    }
    return value;
  }

  #space(): void {
    for (;;) {
      const unit = this.#text.charCodeAt(this.#at);
      if (unit !== 32 && unit !== 10 && unit !== 13 && unit !== 9) return;
      this.#at++;
    }
  }

  #value(): Jsonb {
    this.#space();
    const first = this.#text[this.#at];
    switch (first) {
      case '{': return this.#nested(() => this.#object());
      case '[': return this.#nested(() => this.#array());
      case '"': return { kind: 'json-string', value: this.#string() };
      case 't': return this.#word('true', JSON_TRUE);
      case 'f': return this.#word('false', JSON_FALSE);
      case 'n': return this.#word('null', JSON_NULL);
      default: break;
    }
    if (first !== undefined && (first === '-' || (first >= '0' && first <= '9'))) {
      return this.#number();
    }
    throw this.#unexpected((token) => `Expected JSON value, but found "${token}".`);
  }

  #nested(read: () => Jsonb): Jsonb {
    if (++this.#depth > DEPTH_MAX) {
      throw sqlError('54001', 'stack depth limit exceeded', {
        hint: `JSON values may be nested up to ${DEPTH_MAX} levels deep.`,
      });
    }
    const value = read();
    this.#depth--;
    return value;
  }

  #word(word: string, value: Jsonb): Jsonb {
    const token = this.#token();
    if (token !== word) throw invalidJson(`Token "${token}" is invalid.`);
    this.#at += word.length;
    return value;
  }

  #number(): Jsonb {
    NUMBER.lastIndex = this.#at;
    const digits = NUMBER.exec(this.#text)?.[0];
    const token = this.#token();
    if (digits === undefined || token !== digits) {
      throw invalidJson(`Token "${token}" is invalid.`);
    }
    this.#at += digits.length;
    const small = digits.length < 16 ? Number(digits) : NaN;
    const value = Number.isInteger(small) && !/[.eE]/.test(digits)
      ? makeNumeric(BigInt(small), 0)
      : this.#textOnly ? makeNumeric(0n, 0) : parseNumeric(digits);
    return { kind: 'json-number', value };
  }

  #array(): Jsonb {
    this.#at++;
    this.#space();
    const items: Jsonb[] = [];
    if (this.#text[this.#at] === ']') {
      this.#at++;
      return jsonArray(items);
    }
    for (;;) {
      items.push(this.#value());
      this.#space();
      const next = this.#text[this.#at];
      if (next !== ',' && next !== ']') {
        throw this.#unexpected((token) => `Expected "," or "]", but found "${token}".`);
      }
      this.#at++;
      if (next === ']') return jsonArray(items);
    }
  }

  #object(): Jsonb {
    this.#at++;
    this.#space();
    const keys: string[] = [];
    const values: Jsonb[] = [];
    if (this.#text[this.#at] === '}') {
      this.#at++;
      return jsonObject(keys, values);
    }
    for (;;) {
      keys.push(this.#key(keys.length === 0));
      values.push(this.#value());
      this.#space();
      const next = this.#text[this.#at];
      if (next !== ',' && next !== '}') {
        throw this.#unexpected((token) => `Expected "," or "}", but found "${token}".`);
      }
      this.#at++;
      if (next === '}') return jsonObject(keys, values);
    }
  }

  #key(first: boolean): string {
    this.#space();
    if (this.#text[this.#at] !== '"') {
      throw this.#unexpected((token) => first
        ? `Expected string or "}", but found "${token}".`
        : `Expected string, but found "${token}".`);
    }
    const key = this.#string();
    this.#space();
    if (this.#text[this.#at] !== ':') {
      throw this.#unexpected((token) => `Expected ":", but found "${token}".`);
    }
    this.#at++;
    return key;
  }

  #string(): string {
    const text = this.#text;
    const open = this.#at++;
    let start = this.#at;
    let result = '';
    for (;;) {
      const unit = text.charCodeAt(this.#at);
      if (unit === 34) {
        result += text.slice(start, this.#at++);
        return result;
      }
      if (Number.isNaN(unit)) {
        throw invalidJson(`Token "${text.slice(open)}" is invalid.`);
      }
      if (unit < 32) {
        const code = unit.toString(16).padStart(2, '0');
        throw invalidJson(`Character with value 0x${code} must be escaped.`);
      }
      if (unit !== 92) {
        this.#at++;
        continue;
      }
      result += text.slice(start, this.#at) + this.#escape(open);
      start = this.#at;
    }
  }

  #escape(open: number): string {
    const letter = this.#text[this.#at + 1];
    if (letter === undefined) {
      throw invalidJson(`Token "${this.#text.slice(open)}" is invalid.`);
    }
    if (letter === 'u') return this.#unicode();
    const plain = ESCAPES[letter];
    if (plain === undefined) {
      const shown = String.fromCodePoint(this.#text.codePointAt(this.#at + 1) ?? 0);
      throw invalidJson(`Escape sequence "\\${shown}" is invalid.`);
    }
    this.#at += 2;
    return plain;
  }

  #unicode(): string {
    const unit = this.#hex();
    if (this.#textOnly) return '';
    if (unit === 0) {
      throw sqlError('22P05', 'unsupported Unicode escape sequence', {
        detail: '\\u0000 cannot be converted to text.',
      });
    }
    if (unit >= 0xdc00 && unit <= 0xdfff) {
      throw invalidJson('Unicode low surrogate must follow a high surrogate.');
    }
    if (unit < 0xd800 || unit > 0xdbff) return String.fromCharCode(unit);
    if (this.#text[this.#at] !== '\\' || this.#text[this.#at + 1] !== 'u') {
      throw invalidJson('Unicode low surrogate must follow a high surrogate.');
    }
    const low = this.#hex();
    if (low >= 0xd800 && low <= 0xdbff) {
      throw invalidJson('Unicode high surrogate must not follow a high surrogate.');
    }
    if (low < 0xdc00 || low > 0xdfff) {
      throw invalidJson('Unicode low surrogate must follow a high surrogate.');
    }
    return String.fromCharCode(unit, low);
  }

  #hex(): number {
    const digits = this.#text.slice(this.#at + 2, this.#at + 6);
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) {
      throw invalidJson('"\\u" must be followed by four hexadecimal digits.');
    }
    this.#at += 6;
    return Number.parseInt(digits, 16);
  }

  /** The token here, as PostgreSQL shows it in errors. */
  #token(): string {
    WORD.lastIndex = this.#at;
    const word = WORD.exec(this.#text)?.[0];
    if (word !== undefined && word !== '') return word;
    return String.fromCodePoint(this.#text.codePointAt(this.#at) ?? 32);
  }

  #unexpected(detail: (token: string) => string): SqlError {
    if (this.#at >= this.#text.length) return invalidJson('The input string ended unexpectedly.');
    const first = this.#text[this.#at] ?? '';
    if (first === '"') {
      const open = this.#at;
      this.#string();
      return invalidJson(detail(this.#text.slice(open, this.#at)));
    }
    const token = this.#token();
    const known = /^(?:[{}[\],:]|true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)$/;
    return invalidJson(known.test(token) ? detail(token) : `Token "${token}" is invalid.`);
  }
}
