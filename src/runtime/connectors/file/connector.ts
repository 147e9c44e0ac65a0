/**
 * Reads a file: CSV with a header or JSON lines, to its end or for as long as it grows.
 *
 * Positions are byte offsets of record beginnings. A bounded file ends (its watermark goes to
 * infinity) at the end that a poll finds; a followed one waits for more, and takes a last line only
 * when its line break is there.
 */
import { must } from '../../../common/assert.ts';
import { sqlError } from '../../../common/errors.ts';
import type { StoredConnector } from '../../catalog-store-types.ts';
import { CsvDecoder, csvRecordEnd } from '../../formats/csv.ts';
import { JsonDecoder } from '../../formats/json.ts';
import type { RecordError } from '../../formats/json.ts';
import { RowBuilder } from '../../formats/row-builder.ts';
import type { Files, Outside } from '../../storage/interfaces.ts';
import type {
  Connector, ConnectorColumn, ConnectorContext, DeadLetter, OpenConnector, PollLimits, SourceBatch,
} from '../connector.ts';
import { badOption, missingOption, option, optionMap } from '../options.ts';
import type { OptionMap } from '../options.ts';

const FOLLOW_POLL_MICROS = 200_000n;
const RECORD_BYTES_MAX = 64 << 20;
const HEADER_BYTES = 1 << 16;
const NEWLINE = 10;
const BLANKS: ReadonlySet<number> = new Set([9, 10, 13, 32]);
const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** The connector `file`. */
export const FILE: Connector = {
  name: 'file',
  options: [
    ['path', 'File to read; several, separated by commas, are partitions; * and ? stand for '
      + 'the files there are now.'],
    ['mode', 'bounded (default): to the end; follow: wait for more.'],
    ['format', 'csv or json; without it the name decides.'],
    ['csv.header', 'true (default): the first record names the columns.'],
    ['csv.separator', 'Separator of CSV fields, a comma by default.'],
  ],
  defaultColumns: () => null,
  check(spec: StoredConnector): void {
    const options = optionMap(spec.options);
    pathsOf(options);
    encodingOf(spec, options);
    followOf(options);
    separatorOf(options);
  },
  prepare: expanded,
  open: (context) => new FileSource(context),
};

/** The declaration with patterns replaced by the files there are. */
async function expanded(spec: StoredConnector, outside: Outside): Promise<StoredConnector> {
  const paths = pathsOf(optionMap(spec.options));
  if (!paths.some((path) => /[*?]/.test(path))) return spec;
  const found: string[] = [];
  for (const path of paths) found.push(...await matching(path, outside));
  return { ...spec, options: [
    ...spec.options.filter(([name]) => name !== 'path'), ['path', found.join(',')],
  ] };
}

async function matching(path: string, outside: Outside): Promise<readonly string[]> {
  if (!/[*?]/.test(path)) return [path];
  const slash = path.lastIndexOf('/');
  const folder = slash < 0 ? '.' : path.slice(0, Math.max(1, slash));
  if (/[*?]/.test(folder) || outside.fileWriter === undefined) {
    throw badOption('path', path, 'patterns in the names of files only');
  }
  const pattern = new RegExp(`^${path.slice(slash + 1).replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*').replaceAll('?', '.')}$`, 's');
  const names = (await outside.fileWriter.list(folder)).filter((name) =>
    pattern.test(name) && !name.startsWith('.') && !name.includes(',')).toSorted();
  if (names.length > 0) return names.map((name) => slash < 0 ? name : `${folder}/${name}`);
  throw sqlError('58P01', `no file matches "${path}"`);
}

function pathsOf(options: OptionMap): string[] {
  const path = option(options, 'path');
  if (path === null || path.trim() === '') throw missingOption('file', 'path');
  return path.split(',').map((each) => each.trim());
}

function followOf(options: OptionMap): boolean {
  const mode = option(options, 'mode') ?? 'bounded';
  if (mode !== 'bounded' && mode !== 'follow') throw badOption('mode', mode, 'bounded or follow');
  return mode === 'follow';
}

function separatorOf(options: OptionMap): string {
  const separator = option(options, 'csv.separator', 'csv.delimiter') ?? ',';
  if (separator === '\\t' || separator === 'tab') return '\t';
  if (separator.length === 1) return separator;
  throw badOption('csv.separator', separator, 'one character');
}

function encodingOf(spec: StoredConnector, options: OptionMap): 'csv' | 'json' {
  const name = spec.format?.encode ?? option(options, 'format')
    ?? (/\.csv$/i.test(pathsOf(options)[0] ?? '') ? 'csv' : 'json');
  switch (name.toLowerCase()) {
    case 'csv': return 'csv';
    case 'json': case 'jsonl': case 'ndjson': return 'json';
    default: throw badOption('format', name, 'csv or json');
  }
}

/** Decodes one record of a file. */
interface RecordDecoder {
  readonly rows: RowBuilder;
  decode(text: string, start: number, end: number): RecordError | null;
}

class FileSource implements OpenConnector {
  readonly #files: Files;
  readonly #paths: readonly string[];
  readonly #columns: readonly ConnectorColumn[];
  readonly #csv: boolean;
  readonly #header: boolean;
  readonly #separator: string;
  readonly #follow: boolean;
  readonly #decoders: (RecordDecoder | null)[];
  /** Offset of the first record behind the header, per file. */
  readonly #dataAt: number[] = [];

  constructor({ spec, files, columns }: ConnectorContext) {
    const options = optionMap(spec.options);
    this.#files = files;
    this.#paths = pathsOf(options);
    this.#columns = columns;
    this.#csv = encodingOf(spec, options) === 'csv';
    this.#header = (option(options, 'csv.header') ?? 'true') !== 'false';
    this.#separator = separatorOf(options);
    this.#follow = followOf(options);
    this.#decoders = this.#paths.map(() => null);
  }

  get partitions(): number { return this.#paths.length; }

  nextPollAt(_partition: number, _from: bigint, now: bigint): bigint {
    return now + FOLLOW_POLL_MICROS;
  }

  async poll(partition: number, from: bigint, limits: PollLimits): Promise<SourceBatch> {
    const path = must(this.#paths[partition], 'path');
    const size = await this.#files.size(path);
    if (size === null) throw sqlError('58P01', `could not open file "${path}": no such file`);
    const start = Number(from);
    if (size < start) {
      throw sqlError('58030', `file "${path}" is shorter than what was read of it`);
    }
    for (let wanted = limits.bytes; ; wanted *= 4) {
      const bytes = await this.#files.read(path, start, Math.min(wanted, size - start));
      const atEnd = start + bytes.length >= size;
      const taken = await this.#decode(partition, start, bytes, {
        rows: limits.rows, partial: atEnd && !this.#follow,
      });
      if (taken.consumed === 0 && !atEnd && wanted < RECORD_BYTES_MAX) continue;
      const next = start + taken.consumed;
      const caughtUp = atEnd && (next >= size || taken.consumed === 0);
      return {
        batch: taken.rows.take(), deadLetters: taken.deadLetters, next: BigInt(next), caughtUp,
        offsets: taken.offsets,
        ended: !this.#follow && next >= size,
        checksum: checksumOf(bytes.subarray(0, taken.consumed)),
      };
    }
  }

  async reread(partition: number, first: bigint, next: bigint): Promise<SourceBatch> {
    const path = must(this.#paths[partition], 'path');
    const bytes = await this.#files.read(path, Number(first), Number(next - first));
    const taken = await this.#decode(partition, Number(first), bytes,
      { rows: Number.MAX_SAFE_INTEGER, partial: true });
    return {
      batch: taken.rows.take(), deadLetters: taken.deadLetters, next, caughtUp: false,
      offsets: taken.offsets,
      ended: false, checksum: checksumOf(bytes),
    };
  }

  /** Decodes the records that begin in `bytes`, which lie at `start` of the file. */
  async #decode(partition: number, start: number, bytes: Uint8Array, limits: {
    readonly rows: number; readonly partial: boolean;
  }): Promise<{
    rows: RowBuilder; deadLetters: DeadLetter[]; offsets: BigInt64Array; consumed: number;
  }> {
    const decoder = await this.#decoder(partition);
    const deadLetters: DeadLetter[] = [];
    const offsets: number[] = [];
    const whole = asciiText(bytes);
    let at = Math.min(bytes.length, Math.max(0, (this.#dataAt[partition] ?? 0) - start));
    for (let records = 0; records < limits.rows && at < bytes.length; records++) {
      const bounds = this.#recordEnd(bytes, at)
        ?? (limits.partial ? { end: bytes.length, next: bytes.length } : null);
      if (bounds === null) break;
      const error = isBlank(bytes, at, bounds.end) ? null
        : decodeRecord(decoder, whole, bytes, { start: at, end: bounds.end });
      if (error !== null) {
        deadLetters.push({
          position: BigInt(start + at), reason: error.reason, sqlState: error.sqlState,
          column: error.column, payload: bytes.slice(at, bounds.end),
        });
      }
      if (decoder.rows.count > offsets.length) offsets.push(start + at);
      at = bounds.next;
    }
    return {
      rows: decoder.rows, deadLetters, offsets: BigInt64Array.from(offsets, BigInt), consumed: at,
    };
  }

  redecode(partition: number, letter: DeadLetter): Pick<SourceBatch, 'batch' | 'deadLetters'> {
    const decoder = this.#decoders[partition]
      ?? (this.#csv ? null : new JsonDecoder(this.#columns));
    const { payload } = letter;
    if (decoder === null) {
      return { batch: new RowBuilder(this.#columns).take(), deadLetters: [letter] };
    }
    const error = decodeRecord(decoder, null, payload, { start: 0, end: payload.length });
    const deadLetters = error === null ? [] : [{
      ...letter, reason: error.reason, sqlState: error.sqlState, column: error.column,
    }];
    return { batch: decoder.rows.take(), deadLetters };
  }

  #recordEnd(
    bytes: Uint8Array, at: number,
  ): { readonly end: number; readonly next: number } | null {
    if (this.#csv) return csvRecordEnd(bytes, at);
    const newline = bytes.indexOf(NEWLINE, at);
    return newline < 0 ? null : { end: newline, next: newline + 1 };
  }

  async #decoder(partition: number): Promise<RecordDecoder> {
    const known = this.#decoders[partition];
    if (known != null) return known;
    const made = this.#csv ? await this.#csvDecoder(partition) : new JsonDecoder(this.#columns);
    this.#decoders[partition] = made;
    return made;
  }

  async #csvDecoder(partition: number): Promise<CsvDecoder> {
    const decoder = new CsvDecoder(this.#columns, this.#separator);
    if (!this.#header) {
      decoder.useColumnOrder();
      return decoder;
    }
    const path = must(this.#paths[partition], 'path');
    const bytes = await this.#files.read(path, 0, HEADER_BYTES);
    const bounds = csvRecordEnd(bytes, 0) ?? { end: bytes.length, next: bytes.length };
    decoder.header(new TextDecoder().decode(bytes.subarray(0, bounds.end)));
    this.#dataAt[partition] = bounds.next;
    return decoder;
  }
}

function decodeRecord(
  decoder: RecordDecoder, whole: string | null, bytes: Uint8Array,
  { start, end }: { readonly start: number; readonly end: number },
): RecordError | null {
  if (whole !== null) return decoder.decode(whole, start, end);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(start, end));
  } catch {
    return {
      sqlState: '22021', reason: 'invalid byte sequence for encoding "UTF8"', column: null,
    };
  }
  return decoder.decode(text, 0, text.length);
}

/** The text of bytes where each is a character of its own, else null. */
function asciiText(bytes: Uint8Array): string | null {
  const text = UTF8.decode(bytes);
  return text.length === bytes.length && !text.includes('\ufffd') ? text : null;
}

/** A hash of four bytes at a time: a file is read once more at recovery, and compared by it. */
function checksumOf(bytes: Uint8Array): number {
  const copy = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  const words = new Int32Array(copy.buffer, copy.byteOffset, copy.length >> 2);
  let hash = bytes.length;
  for (let i = 0; i < words.length; i++) {
    hash = Math.imul(hash ^ (words[i] ?? 0), 0x5bd1e995);
    hash ^= hash >>> 15;
  }
  for (let i = words.length << 2; i < bytes.length; i++) {
    hash = Math.imul(hash ^ (bytes[i] ?? 0), 0x5bd1e995);
  }
  return hash;
}

function isBlank(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (!BLANKS.has(bytes[i] ?? 0)) return false;
  return true;
}
