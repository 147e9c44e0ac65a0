/**
 * JSON objects to rows: a scanner that reads declared columns only and keeps every digit.
 *
 * Works on text; numbers are never parsed by JSON.parse (9007199254740993 would become ...992).
 * Columns are expected in the order of the object before, so that a key costs one comparison.
 * Unknown fields are skipped; of repeated keys the last counts; depth is at most 64.
 */
import { must } from '../../common/assert.ts';
import { SqlError, sqlError } from '../../common/errors.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import { parseValue } from '../../common/types/registry.ts';
import { sqlArray } from '../../common/values.ts';
import type { Value } from '../../common/values.ts';
import { notNullViolated, RowBuilder, wrongKind } from './row-builder.ts';
import type { TargetColumn } from './row-builder.ts';

const DEPTH_MAX = 64;
const FAST_DIGITS = 15;
/** Characters JSON strings must not hold, but for line breaks, which are between records. */
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u0009\u000b\u000c\u000e-\u001f]/;
const BREAK = /[\n\r]/;
const QUOTE = 34;
const BACKSLASH = 92;
const COMMA = 44;
const COLON = 58;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;
const OPEN_BRACKET = 91;
const CLOSE_BRACKET = 93;

/** Why a record became no row, and the column it was about. */
export interface RecordError {
  readonly sqlState: string;
  readonly reason: string;
  readonly column: string | null;
}

/** Reads a value from the text of a JSON string or number. */
export type CellReader = (text: string) => Value;

/** Decodes JSON objects into rows of fixed columns. */
export class JsonDecoder {
  readonly rows: RowBuilder;
  readonly #columns: readonly TargetColumn[];
  readonly #byName: ReadonlyMap<string, number>;
  /** Column that followed a column in the object before. */
  readonly #following: number[];
  /** Names that stand in JSON as they are: the guess compares texts. */
  readonly #plainNames: readonly boolean[];
  #text = '';
  /**
   * The text has no backslash and no control character in a line: strings end at the next quote.
   */
  #plain = false;
  /** It has line breaks; they are not for strings either. */
  #breaks = false;
  #at = 0;
  #end = 0;
  #column = -1;
  #conversions: readonly (CellReader | null)[] | null = null;

  constructor(columns: readonly TargetColumn[]) {
    this.rows = new RowBuilder(columns);
    this.#columns = columns;
    this.#byName = new Map(columns.map(({ name }, at) => [name, at]));
    this.#plainNames = columns.map(({ name }) => isPlain(name));
    this.#following = columns.map((_column, at) => at + 1);
    this.#following.push(0);
  }

  /** Reads the object in text[start, end); null when it has become a row. */
  decode(text: string, start: number, end: number): RecordError | null {
    this.#column = -1;
    try {
      this.rows.begin();
      this.#whole(text, start, end);
      this.#finish(null);
      return null;
    } catch (error) {
      return this.#refused(error);
    }
  }

  /**
   * Makes a row of several parts, later ones on top: objects, or functions that set cells. Only the
   * columns in `required` (null: those declared so) must be there.
   */
  decodeParts(
    parts: readonly (string | (() => void))[], required: readonly number[] | null,
  ): RecordError | null {
    this.#column = -1;
    try {
      this.rows.begin();
      for (const part of parts) {
        if (typeof part === 'string') this.#whole(part, 0, part.length);
        else part();
      }
      this.#finish(required);
      return null;
    } catch (error) {
      return this.#refused(error);
    }
  }

  /** Columns whose values are written in another way than JSON has for their type. */
  convert(conversions: readonly (CellReader | null)[]): void {
    this.#conversions = conversions;
  }

  #whole(text: string, start: number, end: number): void {
    this.#take(text);
    this.#at = start;
    this.#end = end;
    this.#space();
    this.#object();
    this.#space();
    if (this.#at < this.#end) throw this.#invalid();
  }

  #finish(required: readonly number[] | null): void {
    const missing = required === null ? this.rows.missing()
      : required.find((at) => !this.rows.has(at)) ?? -1;
    if (missing >= 0) {
      this.#column = missing;
      throw notNullViolated(must(this.#columns[missing], 'column'));
    }
    this.rows.finish();
  }

  #refused(error: unknown): RecordError {
    if (!(error instanceof SqlError)) throw error;
    this.rows.abandon();
    const column = this.#columns[this.#column]?.name ?? null;
    return { sqlState: error.sqlState, reason: error.message, column };
  }

  /** Records of one text come one after the other: what is known of it is found out once. */
  #take(text: string): void {
    if (text === this.#text) return;
    this.#text = text;
    this.#plain = !text.includes('\\') && !CONTROL.test(text);
    this.#breaks = BREAK.test(text);
  }

  /** Splits text into records: the elements of an array, or one record per line. */
  *records(text: string): Generator<readonly [number, number], void> {
    this.#take(text);
    this.#at = 0;
    this.#end = text.length;
    this.#space();
    if (text.charCodeAt(this.#at) !== OPEN_BRACKET) {
      yield* lines(text);
      return;
    }
    this.#at++;
    this.#space();
    while (this.#peek() !== CLOSE_BRACKET) {
      const start = this.#at;
      this.#skip(0);
      const end = this.#at;
      yield [start, end];
      this.#take(text);
      this.#at = end;
      this.#end = text.length;
      this.#space();
      if (this.#peek() === COMMA) {
        this.#at++;
        this.#space();
        if (this.#peek() === CLOSE_BRACKET) throw this.#invalid();
      } else if (this.#peek() !== CLOSE_BRACKET) throw this.#invalid();
    }
    this.#at++;
    this.#space();
    if (this.#at < text.length) throw this.#invalid();
  }

  #peek(): number {
    return this.#at < this.#end ? this.#text.charCodeAt(this.#at) : -1;
  }

  #space(): void {
    for (;;) {
      const code = this.#peek();
      if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return;
      this.#at++;
    }
  }

  #invalid(): SqlError {
    this.#column = -1;
    return sqlError('22P02', 'invalid input syntax for type json');
  }

  #object(): void {
    if (this.#peek() !== OPEN_BRACE) throw this.#invalid();
    this.#at++;
    this.#space();
    if (this.#peek() === CLOSE_BRACE) {
      this.#at++;
      return;
    }
    let before = this.#columns.length;
    for (;;) {
      const column = this.#key(before);
      this.#space();
      if (this.#peek() !== COLON) throw this.#invalid();
      this.#at++;
      this.#space();
      if (column < 0) this.#skip(1);
      else {
        this.#column = column;
        this.#cell(column);
        this.#column = -1;
        before = column;
      }
      this.#space();
      const code = this.#peek();
      this.#at++;
      if (code === CLOSE_BRACE) return;
      if (code !== COMMA) throw this.#invalid();
      this.#space();
    }
  }

  /** Reads a key; gives its column, -1 for an unknown one. */
  #key(before: number): number {
    if (this.#peek() !== QUOTE) throw this.#invalid();
    const guess = this.#following[before] ?? 0;
    const name = this.#columns[guess]?.name;
    const start = this.#at + 1;
    if (name !== undefined && this.#text.startsWith(name, start)
      && this.#text.charCodeAt(start + name.length) === QUOTE && this.#plainNames[guess] === true) {
      this.#at = start + name.length + 1;
      return guess;
    }
    const column = this.#byName.get(this.#string()) ?? -1;
    if (column >= 0) this.#following[before] = column;
    return column;
  }

  #cell(column: number): void {
    const code = this.#peek();
    const read = this.#conversions?.[column] ?? null;
    if (read !== null && code !== 110 && code !== OPEN_BRACE && code !== OPEN_BRACKET) {
      return this.rows.set(column, read(code === QUOTE ? this.#string() : this.#number()));
    }
    switch (code) {
      case QUOTE: {
        const { type } = must(this.#columns[column], 'column');
        if (type.name === 'jsonb' || type.name === 'json') {
          const start = this.#at;
          this.#string();
          return this.rows.setText(column, this.#text.slice(start, this.#at));
        }
        return this.rows.setText(column, this.#string());
      }
      case 116: this.#word('true'); return this.rows.setBoolean(column, true);
      case 102: this.#word('false'); return this.rows.setBoolean(column, false);
      case 110: return this.#null(column);
      case OPEN_BRACE: case OPEN_BRACKET: return this.#nested(column);
      default: return this.#numberCell(column);
    }
  }

  /** Integers of up to 15 digits are read in place; all others by their digits. */
  #numberCell(column: number): void {
    const text = this.#text;
    const negative = text.charCodeAt(this.#at) === 45;
    const first = negative ? this.#at + 1 : this.#at;
    let at = first;
    let value = 0;
    for (; at < this.#end && at - first < FAST_DIGITS; at++) {
      const digit = text.charCodeAt(at) - 48;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    const leadingZero = at - first > 1 && text.charCodeAt(first) === 48;
    if (at === first || leadingZero || (at < this.#end && isNumeric(text.charCodeAt(at)))
      || !this.rows.setInteger(column, negative ? -value : value)) {
      return this.rows.setNumber(column, this.#number());
    }
    this.#at = at;
  }

  #null(column: number): void {
    this.#word('null');
    this.rows.set(column, null);
  }

  #word(word: string): void {
    if (!this.#text.startsWith(word, this.#at) || this.#at + word.length > this.#end) {
      throw this.#invalid();
    }
    this.#at += word.length;
  }

  /** Digits of a number, as JSON allows them. */
  #number(): string {
    const start = this.#at;
    while (isNumeric(this.#peek())) this.#at++;
    const digits = this.#text.slice(start, this.#at);
    if (!/^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$/.test(digits)) throw this.#invalid();
    return digits;
  }

  #string(): string {
    const text = this.#text;
    const start = this.#at + 1;
    if (this.#plain) {
      const close = text.indexOf('"', start);
      if (close < 0 || close >= this.#end) throw this.#invalid();
      const value = text.slice(start, close);
      if (this.#breaks && BREAK.test(value)) throw this.#invalid();
      this.#at = close + 1;
      return value;
    }
    let escaped = false;
    for (let at = start; at < this.#end; at++) {
      const code = text.charCodeAt(at);
      if (code === QUOTE) {
        this.#at = at + 1;
        return escaped ? this.#unescape(start - 1, at + 1) : text.slice(start, at);
      }
      if (code === BACKSLASH) {
        escaped = true;
        at++;
      } else if (code < 32) break;
    }
    throw this.#invalid();
  }

  #unescape(start: number, end: number): string {
    let value: string;
    try {
      value = JSON.parse(this.#text.slice(start, end)) as string;
    } catch {
      throw this.#invalid();
    }
    if (value.includes('\u0000')) {
      throw sqlError('22P05', 'unsupported Unicode escape sequence: \\u0000 cannot be '
        + 'converted to text');
    }
    if (/\p{Surrogate}/u.test(value)) {
      throw sqlError('22P02', 'Unicode low surrogate must follow a high surrogate');
    }
    return value;
  }

  /** An object or array: whole for json, jsonb and text, element by element for arrays. */
  #nested(column: number): void {
    const { type } = must(this.#columns[column], 'column');
    if (type.name === 'array') {
      return this.rows.set(column, this.#array(must(type.element, 'element type'), 1));
    }
    const kind = this.#peek() === OPEN_BRACE ? 'object' : 'array';
    const start = this.#at;
    this.#skip(1);
    if (type.name !== 'json' && type.name !== 'jsonb' && type.name !== 'text') {
      throw wrongKind(kind, type);
    }
    this.rows.setText(column, this.#text.slice(start, this.#at));
  }

  #array(element: SqlType, depth: number): Value {
    if (this.#peek() !== OPEN_BRACKET) throw wrongKind('value', { name: 'array', element });
    if (depth > DEPTH_MAX) throw tooDeep();
    this.#at++;
    const values: Value[] = [];
    this.#space();
    while (this.#peek() !== CLOSE_BRACKET) {
      const text = this.#elementText();
      values.push(text === null ? null : parseValue(text, element));
      this.#space();
      if (this.#peek() === COMMA) {
        this.#at++;
        this.#space();
      } else if (this.#peek() !== CLOSE_BRACKET) throw this.#invalid();
    }
    this.#at++;
    return sqlArray(values);
  }

  #elementText(): string | null {
    if (this.#peek() === QUOTE) return this.#string();
    const start = this.#at;
    this.#skip(2);
    const text = this.#text.slice(start, this.#at);
    return text === 'null' ? null : text;
  }

  /** Moves behind a value, checking that it is one. */
  #skip(depth: number): void {
    if (depth > DEPTH_MAX) throw tooDeep();
    switch (this.#peek()) {
      case QUOTE: this.#string(); return;
      case 116: this.#word('true'); return;
      case 102: this.#word('false'); return;
      case 110: this.#word('null'); return;
      case OPEN_BRACE: this.#skipMembers(depth, CLOSE_BRACE); return;
      case OPEN_BRACKET: this.#skipMembers(depth, CLOSE_BRACKET); return;
      default: this.#number();
    }
  }

  #skipMembers(depth: number, close: number): void {
    this.#at++;
    this.#space();
    if (this.#peek() === close) {
      this.#at++;
      return;
    }
    for (;;) {
      if (close === CLOSE_BRACE) this.#skipKey();
      this.#skip(depth + 1);
      this.#space();
      const code = this.#peek();
      this.#at++;
      if (code === close) return;
      if (code !== COMMA) throw this.#invalid();
      this.#space();
    }
  }

  #skipKey(): void {
    if (this.#peek() !== QUOTE) throw this.#invalid();
    this.#string();
    this.#space();
    if (this.#peek() !== COLON) throw this.#invalid();
    this.#at++;
    this.#space();
  }
}

function tooDeep(): SqlError {
  return sqlError('54001', `JSON is nested deeper than ${DEPTH_MAX} levels`);
}

function isNumeric(code: number): boolean {
  return (code >= 48 && code <= 57) || code === 43 || code === 45 || code === 46
    || code === 69 || code === 101;
}

/** True when a name stands in JSON as it is: the guess compares texts. */
function isPlain(name: string): boolean {
  return !name.includes('\\') && !name.includes('"');
}

function* lines(text: string): Generator<readonly [number, number], void> {
  let start = 0;
  while (start < text.length) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    if (/\S/.test(text.slice(start, end))) yield [start, end];
    start = end + 1;
  }
}
