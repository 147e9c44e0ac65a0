/**
 * Reads JSON records from bytes by the shapes that were seen before: the fast road into columns.
 *
 * A record of a known shape goes through a generated loop (kernels/json-shape.ts); for any other
 * the caller asks formats/json.ts, and shows it here to be learnt. Rows and errors are the same
 * either way: what is not quite usual is left alone.
 */
import { must } from '../../common/assert.ts';
import { SqlError } from '../../common/errors.ts';
import type {
  JsonCell, JsonField, JsonShape, ShapeKernel, ShapeSource,
} from '../kernels/json-shape.ts';
import { shapeKernel } from '../kernels/json-shape.ts';
import { ByteScanner } from './json-bytes.ts';
import type { RowBuilder, TargetColumn } from './row-builder.ts';
import { StringCache } from './string-cache.ts';

/** Shapes tried on a record. */
const SHAPES_MAX = 4;
/** Shapes learnt in all: a topic without any order is not worth more. */
const LEARNT_MAX = 64;
const FIELDS_MAX = 200;
const SHAPE_BYTES_MAX = 8192;
/** A reading loop may look so far behind a record. */
const LOOK_AHEAD = 8;
const QUOTE = 34;

/** Where records lie in bytes; an end at or before its start is no record. */
export interface RecordPlaces {
  readonly bytes: Uint8Array;
  readonly valueStart: Int32Array;
  readonly valueEnd: Int32Array;
}

/** Reads records of known shapes; see the head of the file. */
export class ShapeDecoder {
  readonly #rows: RowBuilder;
  readonly #cells: readonly JsonCell[];
  readonly #scan = new ByteScanner();
  readonly #caches: readonly StringCache[];
  readonly #readCell: ShapeSource['cell'];
  #kernels: ShapeKernel[] = [];
  #learnt = 0;

  /** `needed`: column numbers somebody reads; texts of the others are left NULL. Null: all. */
  constructor(rows: RowBuilder, needed: ReadonlySet<number> | null) {
    this.#rows = rows;
    this.#cells = rows.columns.map((column, at) =>
      cellOf(column, needed === null || needed.has(at)));
    this.#caches = rows.columns.map(() => new StringCache());
    this.#readCell = (column, row, at, end) => this.#cell(column, row, at, end);
  }

  /** Reads records from `from` on as long as their shape is known; gives the first that is left. */
  run(places: RecordPlaces, from: number, to: number): number {
    if (this.#kernels.length === 0) return from;
    const { valueStart: starts, valueEnd: ends } = places;
    const reach = this.#scan.hold(places.bytes) - LOOK_AHEAD;
    let limit = to;
    while (limit > from && (ends[limit - 1] as number) > reach) limit--;
    this.#rows.reserve(limit - from);
    const source: ShapeSource = {
      scan: this.#scan, starts, ends, columns: this.#rows.raw(), caches: this.#caches,
      cell: this.#readCell,
    };
    let at = from;
    for (let tried = 0; at < limit && tried < this.#kernels.length; tried++) {
      const kernel = must(this.#kernels[tried], 'kernel');
      const row = this.#rows.count;
      const next = kernel(source, at, limit, row);
      this.#rows.seek(row + next - at);
      if (next < limit) this.#rows.abandon();
      if (next === at) continue;
      at = next;
      this.#kernels.splice(tried, 1);
      this.#kernels.unshift(kernel);
      tried = -1;
    }
    return at;
  }

  /** Takes in the shape of a record that has become a row. */
  learn(places: RecordPlaces, record: number): void {
    if (this.#learnt >= LEARNT_MAX) return;
    const start = must(places.valueStart[record], 'start');
    const end = must(places.valueEnd[record], 'end');
    if (this.#scan.hold(places.bytes) - LOOK_AHEAD < end) return;
    const shape = this.#shapeOf(start, end);
    if (shape === null) return;
    this.#learnt++;
    const kernel = shapeKernel(shape);
    this.#kernels = [kernel, ...this.#kernels.filter((each) => each !== kernel)];
    if (this.#kernels.length > SHAPES_MAX) this.#kernels.pop();
  }

  #shapeOf(start: number, end: number): JsonShape | null {
    const scan = this.#scan;
    const { columns } = this.#rows;
    const fields: JsonField[] = [];
    const seen = new Set<number>();
    let from = start;
    scan.space(start, end);
    let open = 123;
    for (;;) {
      if (scan.bytes[scan.at] !== open) break;
      open = 44;
      scan.space(scan.at + 1, end);
      const name = this.#key(end);
      if (name === null) return null;
      const column = columns.findIndex((each) => each.name === name);
      if (seen.has(column) || fields.length === FIELDS_MAX) return null;
      if (column >= 0) seen.add(column);
      fields.push({
        before: scan.bytes.slice(from, scan.at), column,
        cell: column < 0 ? { kind: 'skip' } : must(this.#cells[column], 'cell'),
        notNull: columns[column]?.notNull ?? false,
      });
      if (!scan.skip(scan.at, end, 1)) return null;
      from = scan.at;
      scan.space(scan.at, end);
    }
    const absent = columns.flatMap((_column, at) => seen.has(at) ? [] : [at]);
    const size = fields.reduce((sum, { before }) => sum + before.length, 0);
    return fields.length === 0 || size > SHAPE_BYTES_MAX || scan.bytes[scan.at] !== 125
      || absent.some((at) => columns[at]?.notNull === true) ? null
      : { fields, after: scan.bytes.slice(from, end), absent };
  }

  /** A key and what stands between it and its value; null for unusual ones. */
  #key(end: number): string | null {
    const scan = this.#scan;
    if (scan.bytes[scan.at] !== QUOTE || !scan.string(scan.at, end)) return null;
    scan.space(scan.at, end);
    if (scan.bytes[scan.at] !== 58) return null;
    scan.space(scan.at + 1, end);
    return scan.text;
  }

  /** Reads a cell of any kind and type; false leaves the record to others. */
  #cell(at: number, row: number, start: number, end: number): boolean {
    const scan = this.#scan;
    const rows = this.#rows;
    const { type } = must(rows.columns[at], 'column');
    const code = scan.bytes[start] ?? 0;
    const whole = type.name === 'json' || type.name === 'jsonb';
    if (type.name === 'array') return false;
    rows.seek(row);
    try {
      if (code === QUOTE && !whole) {
        if (!scan.string(start, end)) return false;
        rows.setText(at, scan.text);
        return true;
      }
      if (code === 110 || !scan.skip(start, end, 1)) return false;
      if (code === 116 || code === 102) rows.setBoolean(at, code === 116);
      else if (code === QUOTE || code === 123 || code === 91) {
        if (!whole && type.name !== 'text') return false;
        const text = scan.utf8(start, scan.at);
        if (text === null) return false;
        rows.setText(at, text);
      } else rows.setNumber(at, scan.ascii(start, scan.at));
      return true;
    } catch (error) {
      if (error instanceof SqlError) return false;
      throw error;
    }
  }
}

function cellOf({ type }: TargetColumn, needed: boolean): JsonCell {
  const plain = type.mods === undefined;
  switch (type.name) {
    case 'text': return { kind: needed ? 'text' : 'skip' };
    case 'int4': case 'int8': case 'float8': case 'boolean': case 'date':
      return { kind: type.name };
    case 'timestamp': case 'timestamptz':
      return { kind: 'timestamp', digits: plain ? 6 : type.mods?.[0] ?? 6,
        zoned: type.name === 'timestamptz' };
    default: return { kind: 'other' };
  }
}
