/**
 * CSV (RFC 4180) to rows: quoted fields, doubled quotes, line breaks in quotes.
 *
 * Columns are found by the names in the header; an empty field without quotes is NULL, "" is the
 * empty text. A record with another number of fields than the header is a bad record.
 */
import { must } from '../../common/assert.ts';
import { SqlError, sqlError } from '../../common/errors.ts';
import type { RecordError } from './json.ts';
import { notNullViolated, RowBuilder } from './row-builder.ts';
import type { TargetColumn } from './row-builder.ts';

const QUOTE = 34;
const NEWLINE = 10;
const RETURN = 13;

/** A field: its text, null for an empty one without quotes. */
export type CsvField = string | null;

/** Splits one record; `end` is behind the record's last character, line break left out. */
export function csvFields(text: string, start: number, end: number, separator: string): CsvField[] {
  const fields: CsvField[] = [];
  const code = separator.charCodeAt(0);
  let at = start;
  for (;;) {
    if (text.charCodeAt(at) === QUOTE && at < end) {
      const close = closingQuote(text, at + 1, end);
      fields.push(text.slice(at + 1, close).replaceAll('""', '"'));
      at = close + 1;
      if (at < end && text.charCodeAt(at) !== code) {
        throw sqlError('22P04', 'unexpected data after a quoted CSV field');
      }
    } else {
      let to = at;
      while (to < end && text.charCodeAt(to) !== code) to++;
      fields.push(to === at ? null : text.slice(at, to));
      at = to;
    }
    if (at >= end) return fields;
    at++;
    if (at === end) {
      fields.push(null);
      return fields;
    }
  }
}

function closingQuote(text: string, from: number, end: number): number {
  for (let at = from; at < end; at++) {
    if (text.charCodeAt(at) !== QUOTE) continue;
    if (text.charCodeAt(at + 1) !== QUOTE || at + 1 >= end) return at;
    at++;
  }
  throw sqlError('22P04', 'unterminated CSV quoted field');
}

/**
 * Where the record that begins at `start` ends: before its line break, and where the next one
 * begins; null when the text ends before the record does.
 */
export function csvRecordEnd(
  bytes: Uint8Array, start: number,
): { readonly end: number; readonly next: number } | null {
  let quoted = false;
  for (let at = start; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) quoted = !quoted;
    else if (byte === NEWLINE && !quoted) {
      return { end: at > start && bytes[at - 1] === RETURN ? at - 1 : at, next: at + 1 };
    }
  }
  return null;
}

/** Decodes CSV records into rows of fixed columns. */
export class CsvDecoder {
  readonly rows: RowBuilder;
  readonly #columns: readonly TargetColumn[];
  readonly #separator: string;
  /** Column of each field, -1 for fields nobody asked for. */
  #layout: readonly number[] | null = null;

  constructor(columns: readonly TargetColumn[], separator: string) {
    this.rows = new RowBuilder(columns);
    this.#columns = columns;
    this.#separator = separator;
  }

  get hasHeader(): boolean { return this.#layout !== null; }

  /** Without a header fields are the columns in order. */
  useColumnOrder(): void {
    this.#layout = this.#columns.map((_column, at) => at);
  }

  /** Takes the header record. */
  header(text: string): void {
    const names = csvFields(text, 0, text.length, this.#separator)
      .map((name) => (name ?? '').trim().replace(/^\ufeff/, ''));
    const exact = names.map((name) => this.#columns.findIndex((column) => column.name === name));
    this.#layout = exact.map((at, field) => at >= 0 ? at
      : this.#columns.findIndex((column) =>
        column.name.toLowerCase() === must(names[field], 'name').toLowerCase()));
  }

  /** Reads the record in text[start, end); null when it has become a row. */
  decode(text: string, start: number, end: number): RecordError | null {
    let column = -1;
    try {
      const fields = csvFields(text, start, end, this.#separator);
      const layout = must(this.#layout, 'header');
      if (fields.length !== layout.length) {
        throw sqlError('22P04', `record has ${fields.length} fields, not ${layout.length}`);
      }
      this.rows.begin();
      for (const [field, value] of fields.entries()) {
        column = must(layout[field], 'column');
        if (column >= 0 && value !== null) this.rows.setText(column, value);
      }
      column = this.rows.missing();
      if (column >= 0) throw notNullViolated(must(this.#columns[column], 'column'));
      this.rows.finish();
      return null;
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
      this.rows.abandon();
      const name = this.#columns[column]?.name ?? null;
      return { sqlState: error.sqlState, reason: error.message, column: name };
    }
  }
}
