/**
 * Text forms of arrays and records: `{1,NULL,"a b"}`, `[0:1]={a,b}`, `(1,"a b",)`.
 *
 * Knows only structure; elements are read and written by callbacks. Errors are PostgreSQL's 22P02.
 */
import { sqlError } from '../errors.ts';
import type { SqlError } from '../errors.ts';
import type { SqlArray, Value } from '../values.ts';

/** Most dimensions of an array. */
export const ARRAY_DIMENSIONS_MAX = 6;

function malformedArray(text: string, detail: string): SqlError {
  return sqlError('22P02', `malformed array literal: "${text}"`, { detail });
}

/** Reads an array; `element` reads one element's text. */
export function parseArray(text: string, element: (text: string) => Value): SqlArray {
  return new ArrayReader(text, element).read();
}

const BOUNDS = /\s*\[\s*([+-]?\d+)\s*(?::\s*([+-]?\d+)\s*)?\]/y;

class ArrayReader {
  readonly #text: string;
  readonly #element: (text: string) => Value;
  readonly #elements: Value[] = [];
  readonly #dims: number[] = [];
  #at = 0;

  constructor(text: string, element: (text: string) => Value) {
    this.#text = text;
    this.#element = element;
  }

  read(): SqlArray {
    const bounds = this.#bounds();
    this.#space();
    if (this.#text[this.#at] !== '{') {
      throw malformedArray(this.#text, bounds === null
        ? 'Array value must start with "{" or dimension information.'
        : 'Array contents must start with "{".');
    }
    this.#list(0);
    this.#space();
    if (this.#at < this.#text.length) {
      throw malformedArray(this.#text, 'Junk after closing right brace.');
    }
    return this.#finish(bounds);
  }

  #finish(bounds: readonly (readonly [number, number])[] | null): SqlArray {
    const elements = this.#elements;
    const empty = elements.length === 0;
    const dims = empty ? [] : this.#dims;
    if (bounds === null) {
      return { kind: 'array', dims, lowerBounds: dims.map(() => 1), elements };
    }
    const sizes = bounds.map(([low, high]) => high - low + 1);
    if (sizes.length !== dims.length || sizes.some((size, i) => size !== dims[i])) {
      throw malformedArray(this.#text, 'Specified array dimensions do not match array contents.');
    }
    return { kind: 'array', dims, lowerBounds: bounds.map(([low]) => low), elements };
  }

  #bounds(): (readonly [number, number])[] | null {
    const bounds: (readonly [number, number])[] = [];
    for (;;) {
      BOUNDS.lastIndex = this.#at;
      const match = BOUNDS.exec(this.#text);
      if (match === null) break;
      this.#at = BOUNDS.lastIndex;
      const first = Number(match[1]);
      const pair: readonly [number, number] = match[2] === undefined
        ? [1, first] : [first, Number(match[2])];
      if (pair[1] < pair[0]) {
        throw sqlError('2202E', 'upper bound cannot be less than lower bound');
      }
      bounds.push(pair);
    }
    if (bounds.length === 0) return null;
    this.#space();
    if (this.#text[this.#at] !== '=') {
      throw malformedArray(this.#text, 'Missing "=" after array dimensions.');
    }
    this.#at++;
    return bounds;
  }

  #space(): void {
    while (/[ \t\n\r\v\f]/.test(this.#text[this.#at] ?? '')) this.#at++;
  }

  /** Reads a braced list at a depth and records or checks the dimension's length. */
  #list(depth: number): void {
    if (depth >= ARRAY_DIMENSIONS_MAX) {
      throw sqlError('54000', `number of array dimensions (${depth + 1}) exceeds the maximum `
        + `allowed (${ARRAY_DIMENSIONS_MAX})`);
    }
    this.#at++;
    let count = 0;
    this.#space();
    if (this.#text[this.#at] === '}' && depth === 0) {
      this.#at++;
      return;
    }
    for (;;) {
      this.#item(depth);
      count++;
      this.#space();
      const next = this.#text[this.#at++];
      if (next === '}') break;
      if (next === undefined) throw malformedArray(this.#text, 'Unexpected end of input.');
      if (next !== ',') throw malformedArray(this.#text, `Unexpected array element.`);
    }
    this.#close(depth, count);
  }

  #close(depth: number, count: number): void {
    const known = this.#dims[depth];
    if (known === undefined || known === -1) this.#dims[depth] = count;
    else if (known !== count) throw this.#ragged();
  }

  #ragged(): SqlError {
    return malformedArray(this.#text,
      'Multidimensional arrays must have sub-arrays with matching dimensions.');
  }

  #item(depth: number): void {
    this.#space();
    const first = this.#text[this.#at];
    if (first === '{') {
      if (this.#elements.length > 0 && this.#dims.length <= depth + 1) {
        throw malformedArray(this.#text, 'Unexpected "{" character.');
      }
      if (this.#dims.length <= depth) this.#dims[depth] = -1;
      this.#list(depth + 1);
      return;
    }
    if (first === undefined) throw malformedArray(this.#text, 'Unexpected end of input.');
    if (first === ',' || first === '}') {
      throw malformedArray(this.#text, `Unexpected "${first}" character.`);
    }
    if (this.#dims.length > depth + 1) {
      throw malformedArray(this.#text, 'Unexpected array element.');
    }
    if (first === '"') {
      this.#elements.push(this.#element(this.#quoted()));
      return;
    }
    const word = this.#bare();
    this.#elements.push(word === null ? null : this.#element(word));
  }

  #quoted(): string {
    let result = '';
    this.#at++;
    for (;;) {
      const unit = this.#text[this.#at++];
      if (unit === undefined) throw malformedArray(this.#text, 'Unexpected end of input.');
      if (unit === '"') break;
      result += unit === '\\' ? this.#text[this.#at++] ?? '' : unit;
    }
    this.#space();
    const next = this.#text[this.#at];
    if (next !== undefined && next !== ',' && next !== '}') {
      throw malformedArray(this.#text, 'Unexpected array element.');
    }
    return result;
  }

  /** An unquoted element; null for the word NULL. */
  #bare(): string | null {
    let result = '';
    let kept = 0;
    let escaped = false;
    for (;;) {
      const unit = this.#text[this.#at];
      if (unit === undefined) throw malformedArray(this.#text, 'Unexpected end of input.');
      if (unit === ',' || unit === '}') break;
      if (unit === '{') throw malformedArray(this.#text, 'Unexpected "{" character.');
      if (unit === '"') throw malformedArray(this.#text, 'Unexpected array element.');
      this.#at++;
      if (unit === '\\') {
        result += this.#text[this.#at++] ?? '';
        escaped = true;
        kept = result.length;
        continue;
      }
      result += unit;
      if (!/[ \t\n\r\v\f]/.test(unit)) kept = result.length;
    }
    const word = result.slice(0, kept);
    return !escaped && word.toLowerCase() === 'null' ? null : word;
  }
}

const ARRAY_QUOTE = /^$|^null$|["\\{},\s]/i;

/** Writes an array; `element` writes one element that is not NULL. */
export function formatArray(array: SqlArray, element: (value: Value) => string): string {
  const { dims, elements } = array;
  if (dims.length === 0) return '{}';
  const texts = elements.map((value) => {
    if (value === null) return 'NULL';
    const text = element(value);
    return ARRAY_QUOTE.test(text) ? `"${text.replace(/["\\]/g, '\\$&')}"` : text;
  });
  let body = texts;
  for (let depth = dims.length - 1; depth >= 0; depth--) {
    const size = dims[depth] ?? 1;
    const grouped: string[] = [];
    for (let i = 0; i < body.length; i += size) {
      grouped.push(`{${body.slice(i, i + size).join(',')}}`);
    }
    body = grouped;
  }
  const text = body[0] ?? '{}';
  if (array.lowerBounds.every((bound) => bound === 1)) return text;
  const bounds = dims.map((size, i) => {
    const low = array.lowerBounds[i] ?? 1;
    return `[${low}:${low + size - 1}]`;
  });
  return `${bounds.join('')}=${text}`;
}

function malformedRecord(text: string, detail: string): SqlError {
  return sqlError('22P02', `malformed record literal: "${text}"`, { detail });
}

/** Splits a record's text into its columns; null for an empty column. */
export function splitRecord(text: string): (string | null)[] {
  let at = 0;
  while (/\s/.test(text[at] ?? '')) at++;
  if (text[at] !== '(') throw malformedRecord(text, 'Missing left parenthesis.');
  const columns: (string | null)[] = [];
  do {
    const column = recordColumn(text, at + 1);
    columns.push(column.text);
    at = column.end;
  } while (text[at] === ',');
  if (text.slice(at + 1).trim() !== '') {
    throw malformedRecord(text, 'Junk after right parenthesis.');
  }
  return columns.length === 1 && columns[0] === null ? [] : columns;
}

interface RecordColumn {
  readonly text: string | null;
  readonly end: number;
}

function recordColumn(text: string, start: number): RecordColumn {
  let at = start;
  if (text[at] === ',' || text[at] === ')') return { text: null, end: at };
  let result = '';
  let quoted = false;
  while (quoted || (text[at] !== ',' && text[at] !== ')')) {
    const unit = text[at++];
    if (unit === undefined) throw malformedRecord(text, 'Unexpected end of input.');
    if (unit === '\\') {
      const next = text[at++];
      if (next === undefined) throw malformedRecord(text, 'Unexpected end of input.');
      result += next;
    } else if (unit !== '"') {
      result += unit;
    } else if (quoted && text[at] === '"') {
      result += '"';
      at++;
    } else {
      quoted = !quoted;
    }
  }
  return { text: result, end: at };
}

const RECORD_QUOTE = /^$|["\\(),\s]/;

/** Joins columns into a record's text; null stands for NULL. */
export function joinRecord(columns: readonly (string | null)[]): string {
  const texts = columns.map((text) => {
    if (text === null) return '';
    return RECORD_QUOTE.test(text) ? `"${text.replace(/["\\]/g, '$&$&')}"` : text;
  });
  return `(${texts.join(',')})`;
}
