/**
 * Generates the loop that reads JSON objects of one shape from bytes straight into columns.
 *
 * A shape is what the objects of a topic have in common: the bytes between their values. They are
 * compared four at a time; values are read by the kind of their column. The loop stops at the first
 * record that is not exactly so. Source holds positions, lengths and bytes as numbers only.
 */
import { compileKernel } from './compile.ts';

/** How the cell of a column is read; everything but these kinds is `other`. */
export type JsonCell =
  | { readonly kind: 'skip' | 'text' | 'int4' | 'int8' | 'float8' | 'boolean' | 'date' | 'other' }
  | { readonly kind: 'timestamp'; readonly digits: number; readonly zoned: boolean };

/** A field of a shape. */
export interface JsonField {
  /** Bytes between the value before (or the beginning) and this value. */
  readonly before: Uint8Array;
  readonly cell: JsonCell;
  /** Column it goes to; -1 for none. */
  readonly column: number;
  readonly notNull: boolean;
}

/** Objects that differ in their values only. */
export interface JsonShape {
  readonly fields: readonly JsonField[];
  /** Bytes behind the last value. */
  readonly after: Uint8Array;
  /** Columns that are NULL in all of these objects. */
  readonly absent: readonly number[];
}

/** What the loop reads from; kept structural, so that kernels know nothing of formats. */
export interface ShapeSource {
  readonly scan: object;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** Per column: values, NULLs and, of 64-bit integers, lanes. */
  readonly columns: readonly ShapeColumn[];
  /** Per column: its strings. */
  readonly caches: readonly object[];
  /** Reads any cell: (column, row, position, end); behind it `scan.at`. */
  readonly cell: (column: number, row: number, at: number, end: number) => boolean;
}

/** The arrays of a column. */
export interface ShapeColumn {
  readonly data: unknown;
  readonly nulls: Uint8Array;
  readonly lanes: Int32Array | null;
}

/** Reads records [from, to) into rows from `row` on; gives the record it stopped at. */
export type ShapeKernel = (source: ShapeSource, from: number, to: number, row: number) => number;

const NULL_WORD = 0x6c6c756e;
const TRUE_WORD = 0x65757274;
const ALSE_WORD = 0x65736c61;
const INT4_MAX = 2147483647;

/** The loop of a shape. */
export function shapeKernel(shape: JsonShape): ShapeKernel {
  const lines: string[] = [
    'const s = source.scan, starts = source.starts, ends = source.ends, cell = source.cell;',
    'const b = s.bytes, v = s.view;', 'let r = from;',
    'let p = 0, q = 0, c = 0, d = 0, x = 0, w = 0, t = 0, u = 0, f = 0, h = 0, k = 0;',
  ];
  for (const { column } of shape.fields) {
    if (column < 0) continue;
    lines.push(`const D${column} = source.columns[${column}].data, `
      + `N${column} = source.columns[${column}].nulls, `
      + `L${column} = source.columns[${column}].lanes, C${column} = source.caches[${column}];`);
  }
  for (const column of shape.absent) {
    lines.push(`const N${column} = source.columns[${column}].nulls;`);
  }
  lines.push('rows: for (; r < to; r++, row++) {', 'p = starts[r]; const e = ends[r];');
  for (const field of shape.fields) {
    lines.push(...literal(field.before), 'c = b[p];', ...value(field));
  }
  lines.push(...literal(shape.after), 'if (p !== e) break rows;');
  for (const column of shape.absent) lines.push(`N${column}[row] = 1;`);
  lines.push('}', 'return r;');
  return compileKernel<ShapeKernel>(['source', 'from', 'to', 'row'], lines.join('\n'));
}

/** Compares the bytes at `p`, four at a time. */
function literal(bytes: Uint8Array): string[] {
  const tests: string[] = [`p + ${bytes.length} > e`];
  let at = 0;
  for (; at + 4 <= bytes.length; at += 4) {
    tests.push(`v.getInt32(p + ${at}, true) !== ${word(bytes, at)}`);
  }
  for (; at < bytes.length; at++) tests.push(`b[p + ${at}] !== ${bytes[at] ?? 0}`);
  return [`if (${tests.join(' || ')}) break rows;`, `p += ${bytes.length};`];
}

function word(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getInt32(at, true);
}

function value(field: JsonField): string[] {
  const { cell, column, notNull } = field;
  if (cell.kind === 'skip') return skipped(field);
  const isNull = notNull ? [] : [
    `else if (c === 110 && v.getInt32(p, true) === ${NULL_WORD}) { N${column}[row] = 1; p += 4; }`,
  ];
  return [...read(cell, column), ...isNull,
    `else { if (!cell(${column}, row, p, e)) break rows; p = s.at; }`];
}

/** The first branch of a value: the usual form. */
function read(cell: JsonCell, column: number): string[] {
  const written = `N${column}[row] = 0;`;
  switch (cell.kind) {
    case 'text': return ['if (c === 34) {', 'q = p + 1;', ...stringEnd(true),
      'if (b[p] === 34) {', `D${column}[row] = C${column}.find(s, h, q, p); p++;`,
      `} else { if (!s.string(q - 1, e)) break rows; D${column}[row] = s.text; p = s.at; }`,
      written, '}'];
    case 'int4': return ['if (c === 45 || (c >= 48 && c <= 57)) {', ...integer(),
      `if (x > ${INT4_MAX}) break rows;`,
      `D${column}[row] = c === 45 ? -x : x;`, written, '}'];
    case 'int8': return ['if (c === 45 || (c >= 48 && c <= 57)) {', ...integer(),
      'if (c === 45) x = -x;', 'h = Math.floor(x / 4294967296);',
      `L${column}[row * 2] = x - h * 4294967296; L${column}[row * 2 + 1] = h;`, written, '}'];
    case 'float8': return ['if (c === 45 || (c >= 48 && c <= 57)) {', ...integer(),
      ...fraction(), `D${column}[row] = c === 45 ? -x : x;`, written, '}'];
    case 'boolean': return [
      `if (c === 116 && v.getInt32(p, true) === ${TRUE_WORD}) { `
        + `D${column}[row] = 1; p += 4; ${written} }`,
      `else if (c === 102 && v.getInt32(p + 1, true) === ${ALSE_WORD}) { `
        + `D${column}[row] = 0; p += 5; ${written} }`];
    case 'timestamp': return [
      `if (c === 34 && s.timestamp(p + 1, ${cell.digits}, ${String(cell.zoned)})) {`,
      `L${column}[row * 2] = s.low; L${column}[row * 2 + 1] = s.high; p = s.at;`, written, '}'];
    case 'date': return ['if (c === 34 && s.date(p + 1)) {',
      `D${column}[row] = s.low; p = s.at;`, written, '}'];
    case 'skip': case 'other': return ['if (false) {}'];
  }
}

/** A value nobody reads: it must be one all the same. */
function skipped({ column, notNull }: JsonField): string[] {
  return [
    'if (c === 34) {', 'q = p + 1;', ...stringEnd(false),
    'if (b[p] === 34) p++;', 'else { if (!s.skip(q - 1, e, 1)) break rows; p = s.at; }',
    `} else { if (${notNull ? 'c === 110 || ' : ''}!s.skip(p, e, 1)) break rows; p = s.at; }`,
    ...column < 0 ? [] : [`N${column}[row] = 1;`],
  ];
}

/**
 * Moves `p` from `q` to the first byte that is a quote, a backslash, a control character or no
 * ASCII; four bytes at a time. `h` becomes the hash of the bytes passed.
 */
function stringEnd(hashed: boolean): string[] {
  return [
    'p = q;', ...hashed ? ['h = 0;'] : [],
    'for (;;) {', 'w = v.getInt32(p, true); t = w ^ 0x22222222; u = w ^ 0x5c5c5c5c;',
    'f = (((t - 0x01010101) & ~t) | ((u - 0x01010101) & ~u) | (w - 0x20202020) | w) & 0x80808080;',
    'if (f !== 0) break;',
    ...hashed ? ['h = Math.imul(h ^ w, 0x5bd1e995); h ^= h >>> 15;'] : [],
    'p += 4; if (p >= e) break rows;', '}',
    'k = (31 - Math.clz32(f & -f)) >> 3;',
    ...hashed ? ['h = Math.imul(h ^ (w & ((1 << (k << 3)) - 1)), 0x5bd1e995);'] : [],
    'p += k; if (p >= e) break rows;',
  ];
}

/** Up to 15 digits into `x`; `c` is the first byte, a minus or a digit. */
function integer(): string[] {
  return [
    'q = c === 45 ? p + 1 : p; d = b[q] - 48;', 'if (!(d >= 0 && d <= 9)) break rows;',
    'x = d; p = q + 1;',
    'if (d !== 0) { for (; (d = b[p] - 48) >= 0 && d <= 9; p++) x = x * 10 + d; }',
    'if (p - q > 15) break rows;',
  ];
}

/** Digits behind a point: at most 15 in all, so that one division rounds exactly. */
function fraction(): string[] {
  return [
    'if (b[p] === 46) {', 'k = ++p;',
    'for (; (d = b[p] - 48) >= 0 && d <= 9; p++) x = x * 10 + d;',
    'if (p === k || p - q > 16) break rows;', 'x /= s.powers[p - k];', '}',
  ];
}
