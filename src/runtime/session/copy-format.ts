/**
 * The text and csv formats of COPY, both ways.
 *
 * Reading is incremental: bytes in any chunks, records out. NULL and empty strings are told apart
 * as PostgreSQL does (csv: an unquoted null string is NULL). Values stay text here.
 */
import { sqlError } from '../../common/errors.ts';
import { must } from '../../common/assert.ts';

/** Options of COPY, with the format's defaults filled in. */
export interface CopyOptions {
  readonly format: 'text' | 'csv' | 'binary';
  readonly delimiter: string;
  readonly nullText: string;
  readonly header: boolean;
  readonly quote: string;
  readonly escape: string;
}

/** One record: texts, null for NULL. */
export type CopyRecord = readonly (string | null)[];

/** Splits COPY data into records. */
export class CopyReader {
  readonly #options: CopyOptions;
  readonly #decoder = new TextDecoder('utf-8', { fatal: true });
  #rest = '';
  #ended = false;
  #headerSeen: boolean;
  #lines = 0;

  constructor(options: CopyOptions) {
    this.#options = options;
    this.#headerSeen = !options.header;
  }

  /** Lines read so far, for error contexts. */
  get lines(): number { return this.#lines; }

  /** The records completed by these bytes. */
  push(bytes: Uint8Array): CopyRecord[] {
    return this.#drain(this.#decode(bytes), false);
  }

  /** The records left at the end of the data. */
  finish(): CopyRecord[] {
    return this.#drain(this.#decode(null), true);
  }

  #decode(bytes: Uint8Array | null): string {
    try {
      if (bytes === null) return this.#decoder.decode();
      return this.#decoder.decode(bytes, { stream: true });
    } catch {
      throw sqlError('22021', 'invalid byte sequence for encoding "UTF8"');
    }
  }

  #drain(text: string, last: boolean): CopyRecord[] {
    this.#rest += text;
    const records: CopyRecord[] = [];
    let from = 0;
    while (!this.#ended && from < this.#rest.length) {
      const end = this.#endOfRecord(from);
      if (end < 0 && !last) break;
      const stop = end < 0 ? this.#rest.length : end;
      const record = this.#record(this.#rest.slice(from, stop));
      from = stop + 1;
      if (record !== null) records.push(record);
    }
    this.#rest = this.#rest.slice(from);
    return records;
  }

  /** Place of the newline that ends the record at `from`, or -1. */
  #endOfRecord(from: number): number {
    if (this.#options.format === 'text') return this.#rest.indexOf('\n', from);
    const { quote, escape } = this.#options;
    let quoted = false;
    for (let at = from; at < this.#rest.length; at++) {
      const char = this.#rest[at];
      if (quoted && char === escape && escape !== quote) at++;
      else if (char === quote) quoted = !quoted;
      else if (char === '\n' && !quoted) return at;
    }
    return -1;
  }

  #record(raw: string): CopyRecord | null {
    this.#lines++;
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
    if (line === '\\.') {
      this.#ended = true;
      return null;
    }
    if (!this.#headerSeen) {
      this.#headerSeen = true;
      return null;
    }
    return this.#options.format === 'text' ? this.#textFields(line) : this.#csvFields(line);
  }

  #textFields(line: string): CopyRecord {
    const { delimiter, nullText } = this.#options;
    if (!line.includes('\\')) {
      return line.split(delimiter).map((field) => field === nullText ? null : field);
    }
    const fields: string[] = [];
    let field = '';
    for (let at = 0; at < line.length; at++) {
      const char = must(line[at], 'character');
      if (char === delimiter) {
        fields.push(field);
        field = '';
      } else if (char === '\\' && at + 1 < line.length) {
        field += char + must(line[++at], 'character');
      } else {
        field += char;
      }
    }
    fields.push(field);
    return fields.map((part) => part === nullText ? null : unescapeText(part));
  }

  #csvFields(line: string): CopyRecord {
    const { delimiter, nullText, quote, escape } = this.#options;
    const fields: (string | null)[] = [];
    let field = '';
    let wasQuoted = false;
    let quoted = false;
    const push = (): void => {
      fields.push(!wasQuoted && field === nullText ? null : field);
      field = '';
      wasQuoted = false;
    };
    for (let at = 0; at < line.length; at++) {
      const char = must(line[at], 'character');
      const following = line[at + 1];
      if (quoted && char === escape && (following === quote || following === escape)) {
        field += following;
        at++;
      } else if (char === quote) {
        quoted = !quoted;
        wasQuoted = true;
      } else if (char === delimiter && !quoted) {
        push();
      } else {
        field += char;
      }
    }
    if (quoted) throw sqlError('22P04', 'unterminated CSV quoted field');
    push();
    return fields;
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v',
};

function unescapeText(field: string): string {
  if (!field.includes('\\')) return field;
  return field.replaceAll(/\\(x[0-9a-fA-F]{1,2}|[0-7]{1,3}|[\s\S])/g, (_all, code: string) => {
    if (/^x[0-9a-fA-F]/.test(code)) return String.fromCharCode(parseInt(code.slice(1), 16));
    if (/^[0-7]/.test(code)) return String.fromCharCode(parseInt(code, 8));
    return ESCAPES[code] ?? code;
  });
}

/** One record as a line, newline included. */
export function formatCopyRecord(record: CopyRecord, options: CopyOptions): string {
  const write = options.format === 'text' ? textField : csvField;
  return `${record.map((field) => write(field, options)).join(options.delimiter)}\n`;
}

function textField(field: string | null, options: CopyOptions): string {
  if (field === null) return options.nullText;
  const escaped = field.replaceAll(/[\\\n\r\t\b\f\v]/g, (char) => {
    const letter = Object.keys(ESCAPES).find((key) => ESCAPES[key] === char);
    return letter === undefined ? '\\\\' : `\\${letter}`;
  });
  if (options.delimiter === '\t') return escaped;
  return escaped.replaceAll(options.delimiter, `\\${options.delimiter}`);
}

function csvField(field: string | null, options: CopyOptions): string {
  if (field === null) return options.nullText;
  const { quote, escape, delimiter, nullText } = options;
  const special = field === nullText || field === '\\.' || field.includes(quote)
    || field.includes(delimiter) || field.includes('\n') || field.includes('\r');
  if (!special) return field;
  const body = field.replaceAll(escape, escape + escape);
  return quote + (escape === quote ? body : body.replaceAll(quote, escape + quote)) + quote;
}
