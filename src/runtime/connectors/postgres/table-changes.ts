/**
 * Rows of one table, decoded from PostgreSQL's text form: changes of the stream, lines of a COPY.
 *
 * A change that cannot be read leaves no row and one dead letter. Values the stream leaves out
 * (unchanged and stored out of line) are noted; the engine fills them in from its own rows.
 */
import { must } from '../../../common/assert.ts';
import { SqlError } from '../../../common/errors.ts';
import { RowBuilder } from '../../formats/row-builder.ts';
import type { ConnectorColumn, DeadLetter, SourcePart, Unchanged } from '../connector.ts';
import type { PgTable } from './options.ts';

const NULL_CELL = 0x6e;
const UNCHANGED_CELL = 0x75;
const MINUS = 0x2d;
const ZERO = 0x30;
const DIGITS_MAX = 15;

const GENERIC = 0;
const INTEGER = 1;
const TEXT = 2;

/** A relation of ours and the table it follows. */
export interface Target {
  readonly relation: number;
  readonly table: PgTable;
  readonly columns: readonly ConnectorColumn[];
  readonly primaryKey: readonly number[];
  /** Its changes count from here on; 0: it has not been copied. */
  readonly hydratedAt: bigint;
}

/** Where the cells of a tuple go: by place in the tuple, -1 for columns nobody asked for. */
export type Layout = Int32Array;

/** Collects the rows of one relation. */
export class TableChanges {
  readonly target: Target;
  readonly #rows: RowBuilder;
  readonly #kinds: Uint8Array;
  readonly #inKey: Uint8Array;
  #weights: number[] = [];
  #unchanged: Unchanged[] = [];
  #deadLetters: DeadLetter[] = [];
  #truncate = false;
  #checksum = 0;
  #column = -1;
  /** Columns of the running row whose value was left out. */
  #left: number[] = [];

  constructor(target: Target) {
    this.target = target;
    this.#rows = new RowBuilder(target.columns);
    this.#kinds = Uint8Array.from(target.columns, ({ type }) =>
      type.name === 'int4' || type.name === 'int8' ? INTEGER
        : type.name === 'text' ? TEXT : GENERIC);
    this.#inKey = new Uint8Array(target.columns.length);
    for (const at of target.primaryKey) this.#inKey[at] = 1;
  }

  get count(): number { return this.#rows.count; }

  get isEmpty(): boolean {
    return this.#rows.count === 0 && !this.#truncate && this.#deadLetters.length === 0;
  }

  /** Counts a message in; re-reading must give the same sum. */
  sum(bytes: Buffer, start: number, end: number): void {
    let hash = this.#checksum ^ (end - start);
    let at = start;
    for (; at + 4 <= end; at += 4) {
      hash = Math.imul(hash ^ ((bytes[at] as number) | ((bytes[at + 1] as number) << 8)
        | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24)), 0x5bd1e995);
      hash ^= hash >>> 15;
    }
    for (; at < end; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x5bd1e995);
    this.#checksum = hash | 0;
  }

  /** A row that is new, or the new form of one. */
  insert(bytes: Buffer, at: number, layout: Layout, letter: LetterAt): void {
    this.#guarded(bytes, letter, () => {
      this.#tuple(bytes, at, layout, false);
      this.#added(this.#rows.count, false);
    });
  }

  /** A row that goes: its key, or all of it. */
  delete(bytes: Buffer, at: number, layout: Layout, letter: LetterAt): void {
    this.#guarded(bytes, letter, () => {
      this.#tuple(bytes, at, layout, true);
      this.#removed();
    });
  }

  /** A row that takes another key, or whose old form is given whole (`whole`). */
  replace(
    bytes: Buffer, at: number, layout: Layout, letter: LetterAt & { readonly whole: boolean },
  ): void {
    const before = this.#rows.count;
    const problem = this.#guarded(bytes, letter, () => {
      const next = this.#tuple(bytes, at, layout, !letter.whole);
      this.#removed();
      this.#tuple(bytes, next + 1, layout, false);
      this.#added(before, letter.whole);
    });
    if (!problem || this.#rows.count === before) return;
    this.#rows.dropLast();
    this.#weights.pop();
  }

  #added(from: number, here: boolean): void {
    if (this.#left.length > 0) {
      this.#unchanged.push({ row: this.#rows.count, columns: this.#left, from, here });
    }
    this.#weights.push(1);
    this.#rows.finish();
  }

  #removed(): void {
    this.#weights.push(-1);
    this.#rows.finish();
  }

  /** All rows go, those of this batch included. */
  truncate(): void {
    this.#rows.clear();
    this.#weights = [];
    this.#unchanged = [];
    this.#truncate = true;
  }

  /** A line of COPY: cells as text. */
  line(cells: readonly (string | null)[], raw: () => Uint8Array): void {
    try {
      this.#rows.begin();
      for (let at = 0; at < cells.length; at++) {
        const cell = cells[at] ?? null;
        this.#column = at;
        if (cell === null) continue;
        if (this.#kinds[at] === TEXT) this.#rows.set(at, cell);
        else this.#rows.setText(at, cell);
      }
      this.#weights.push(1);
      this.#rows.finish();
    } catch (error) {
      this.#bury(error, raw(), 0n);
    }
  }

  /** Runs what makes rows; true when it failed and left a dead letter. */
  #guarded(bytes: Buffer, letter: LetterAt, make: () => void): boolean {
    try {
      make();
      return false;
    } catch (error) {
      this.#bury(error, bytes.subarray(letter.start, letter.end).slice(), letter.position);
      return true;
    }
  }

  #bury(error: unknown, payload: Uint8Array, position: bigint): void {
    if (!(error instanceof SqlError)) throw error;
    this.#rows.abandon();
    this.#deadLetters.push({
      position, reason: error.message, sqlState: error.sqlState, payload,
      column: this.target.columns[this.#column]?.name ?? null,
    });
  }

  /** Reads a tuple into the running row; gives where it ends. */
  #tuple(bytes: Buffer, from: number, layout: Layout, keyOnly: boolean): number {
    const cells = bytes.readInt16BE(from);
    let at = from + 2;
    this.#rows.begin();
    this.#left = [];
    for (let cell = 0; cell < cells; cell++) {
      const kind = bytes[at++];
      const column = layout[cell] as number;
      if (kind === NULL_CELL) continue;
      if (kind === UNCHANGED_CELL) {
        if (column >= 0) this.#left.push(column);
        continue;
      }
      const end = at + 4 + bytes.readInt32BE(at);
      if (column >= 0 && (!keyOnly || this.#inKey[column] === 1)) {
        this.#column = column;
        this.#cell(bytes, at + 4, end, column);
      }
      at = end;
    }
    return at;
  }

  #cell(bytes: Buffer, start: number, end: number, column: number): void {
    const kind = this.#kinds[column];
    if (kind === INTEGER && end - start <= DIGITS_MAX) {
      if (this.#rows.setInteger(column, digits(bytes, start, end))) return;
    }
    const text = bytes.toString('utf8', start, end);
    if (kind === TEXT) this.#rows.set(column, text);
    else this.#rows.setText(column, text);
  }

  /** Hands over what was collected. */
  take(position: bigint | null): SourcePart {
    const batch = this.#rows.take();
    const part: SourcePart = {
      relation: this.target.relation, truncate: this.#truncate, unchanged: this.#unchanged,
      deadLetters: this.#deadLetters, position, checksum: this.#checksum,
      batch: { ...batch, weights: Int32Array.from(this.#weights) },
    };
    this.#weights = [];
    this.#unchanged = [];
    this.#deadLetters = [];
    this.#truncate = false;
    this.#checksum = 0;
    return part;
  }

  /** The key columns' names. */
  keyNames(): readonly string[] {
    return this.target.primaryKey.map((at) => must(this.target.columns[at], 'column').name);
  }
}

/** Where a message lies, for its dead letter. */
export interface LetterAt {
  readonly start: number;
  readonly end: number;
  readonly position: bigint;
}

function digits(bytes: Buffer, start: number, end: number): number {
  const negative = bytes[start] === MINUS;
  let value = 0;
  for (let at = negative ? start + 1 : start; at < end; at++) {
    value = value * 10 + ((bytes[at] as number) - ZERO);
  }
  return negative ? -value : value;
}
