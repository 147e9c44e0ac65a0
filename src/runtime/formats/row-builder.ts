/**
 * Collects decoded rows in columns; a row counts only when it is finished without an error.
 *
 * Decoders write cells by column number; what was not written is NULL. The arrays grow by doubling;
 * `take` hands them over and starts anew.
 */
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import type { SqlError } from '../../common/errors.ts';
import { formatType, parseValue } from '../../common/types/registry.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import { physicalOf } from '../../common/types/sql-type.ts';
import type { Value } from '../../common/values.ts';
import type { Batch, Column } from '../batch.ts';
import { makeColumn, setCell } from '../batch.ts';

const FIRST_CAPACITY = 256;
const CAPACITY_KEPT_MAX = 8192;
const INT4_MAX = 2147483647;
const INT2_MAX = 32767;

/** A column rows are decoded into. */
export interface TargetColumn {
  readonly name: string;
  readonly type: SqlType;
  readonly notNull: boolean;
}

/** The arrays of a column, for loops that write them. */
export interface RawColumn {
  readonly data: Column['data'];
  readonly nulls: Uint8Array;
  /** 64-bit integers as pairs of 32 bits, low one first. */
  readonly lanes: Int32Array | null;
}

interface Growing {
  column: Column;
  nulls: Uint8Array;
}

/** Rows being decoded. */
export class RowBuilder {
  readonly columns: readonly TargetColumn[];
  readonly #isInt8: readonly boolean[];
  readonly #isInt4: readonly boolean[];
  #data: Growing[];
  #capacity = FIRST_CAPACITY;
  #count = 0;

  constructor(columns: readonly TargetColumn[]) {
    this.columns = columns;
    this.#isInt8 = columns.map(({ type }) => type.name === 'int8');
    this.#isInt4 = columns.map(({ type }) => type.name === 'int4');
    this.#data = this.#fresh();
  }

  #fresh(): Growing[] {
    return this.columns.map(({ type }) => ({
      column: makeColumn(physicalOf(type), this.#capacity),
      nulls: new Uint8Array(this.#capacity).fill(1),
    }));
  }

  get count(): number { return this.#count; }

  /** Begins a row: all its cells are NULL. */
  begin(): void {
    if (this.#count === this.#capacity) this.#grow();
    for (const { nulls } of this.#data) nulls[this.#count] = 1;
  }

  #grow(): void {
    this.#capacity *= 2;
    const bigger = this.#fresh();
    for (const [at, { column, nulls }] of this.#data.entries()) {
      const into = must(bigger[at], 'column');
      into.nulls.set(nulls);
      if (column.kind === 'ref' && into.column.kind === 'ref') {
        for (let i = 0; i < column.data.length; i++) into.column.data[i] = column.data[i] ?? null;
      } else {
        (into.column.data as Int32Array).set(column.data as Int32Array);
      }
    }
    this.#data = bigger;
  }

  /** Room for rows that are written into the arrays themselves. */
  reserve(rows: number): void {
    while (this.#count + rows > this.#capacity) this.#grow();
  }

  /** The arrays, valid until the next `reserve`, `begin` or `take`. */
  raw(): readonly RawColumn[] {
    return this.#data.map(({ column: { kind, data }, nulls }) => ({
      data, nulls, lanes: kind === 'i64' ? new Int32Array(data.buffer) : null,
    }));
  }

  /** Makes a row the running one: those before it were written into the arrays. */
  seek(row: number): void {
    this.#count = row;
  }

  /** True when the cell of the running row was written. */
  has(at: number): boolean {
    return this.#data[at]?.nulls[this.#count] === 0;
  }

  /** Writes a value of the column's type. */
  set(at: number, value: Value): void {
    const { column, nulls } = must(this.#data[at], 'column');
    if (value === null) return;
    nulls[this.#count] = 0;
    setCell(column, this.#count, value);
  }

  /** Writes the value of a text, read as the type's input function does. */
  setText(at: number, text: string): void {
    const { column, nulls } = must(this.#data[at], 'column');
    const { type } = must(this.columns[at], 'column');
    if (column.kind === 'ref' && (type.name === 'text' || type.name === 'json')) {
      column.data[this.#count] = type.name === 'json' ? parseValue(text, type) : text;
    } else {
      setCell(column, this.#count, parseValue(text, type));
    }
    nulls[this.#count] = 0;
  }

  /** Writes an integer of at most 15 digits; false when the column is of another kind. */
  setInteger(at: number, value: number): boolean {
    const growing = this.#data[at];
    if (growing === undefined) return false;
    const { column, nulls } = growing;
    const row = this.#count;
    if (column.kind === 'i64' && this.#isInt8[at] === true) column.data[row] = BigInt(value);
    else if (column.kind === 'i32' && this.#isInt4[at] === true
      && value <= INT4_MAX && value >= -INT4_MAX - 1) column.data[row] = value;
    else return false;
    nulls[row] = 0;
    return true;
  }

  /** Writes a number given by its digits, exactly. */
  setNumber(at: number, digits: string): void {
    const { column, nulls } = must(this.#data[at], 'column');
    const { type } = must(this.columns[at], 'column');
    const row = this.#count;
    switch (type.name) {
      case 'int2': case 'int4': {
        const value = Number(digits);
        const max = type.name === 'int2' ? INT2_MAX : INT4_MAX;
        if (!Number.isInteger(value)) throw notInteger(digits, type);
        if (value > max || value < -max - 1) throw outOfRange(digits, type);
        (column.data as Int32Array)[row] = value;
        break;
      }
      case 'int8': (column.data as BigInt64Array)[row] = exactInt8(digits, type); break;
      case 'float8': (column.data as Float64Array)[row] = Number(digits); break;
      case 'float4': case 'numeric': case 'text': case 'varchar': case 'bpchar': case 'json':
      case 'jsonb': this.setText(at, digits); break;
      default: throw wrongKind('number', type);
    }
    nulls[row] = 0;
  }

  setBoolean(at: number, value: boolean): void {
    const { type } = must(this.columns[at], 'column');
    if (type.name === 'boolean') return this.set(at, value);
    if (!isTextual(type)) throw wrongKind('boolean', type);
    return this.setText(at, value ? 'true' : 'false');
  }

  /** Number of the first column that must not be NULL and is, or -1. */
  missing(): number {
    return this.columns.findIndex(({ notNull }, at) => notNull && !this.has(at));
  }

  /** Gives the running row up; its cells are NULL again. */
  abandon(): void {
    for (const { column, nulls } of this.#data) {
      nulls[this.#count] = 1;
      if (column.kind === 'ref') column.data[this.#count] = null;
    }
  }

  /** Text of a cell of the last finished row, for columns of text; null for NULL. */
  lastText(at: number): string | null {
    const { column, nulls } = must(this.#data[at], 'column');
    const row = this.#count - 1;
    const value = nulls[row] === 0 && column.kind === 'ref' ? column.data[row] : null;
    return typeof value === 'string' ? value : null;
  }

  /** Takes the last finished row back. */
  dropLast(): void {
    this.#count--;
    this.abandon();
  }

  /** Forgets all rows; the arrays stay. */
  clear(): void {
    this.#count = 0;
  }

  /** Ends the row: it counts. */
  finish(): void {
    this.#count++;
  }

  /** The finished rows; the builder starts over. */
  take(): Batch {
    const length = this.#count;
    const columns = this.#data.map(({ column, nulls }): Column => ({
      ...column, nulls: nulls.subarray(0, length).includes(1) ? nulls : null,
    }));
    this.#count = 0;
    // The next batch is most likely as long.
    this.#capacity = Math.max(FIRST_CAPACITY, Math.min(length, CAPACITY_KEPT_MAX));
    this.#data = this.#fresh();
    return { length, columns, weights: new Int32Array(length).fill(1) };
  }
}

function isTextual({ name }: SqlType): boolean {
  return name === 'text' || name === 'varchar' || name === 'bpchar' || name === 'json'
    || name === 'jsonb';
}

function exactInt8(digits: string, type: SqlType): bigint {
  if (digits.length < 16) {
    const value = Number(digits);
    if (Number.isInteger(value) && Math.abs(value) < 1e15) return BigInt(value);
    if (Number.isFinite(value) && Math.abs(value) < 1e15) throw notInteger(digits, type);
  }
  const value = parseValue(digits, { name: 'numeric' });
  if (value === null || typeof value !== 'object' || !('coef' in value)) {
    throw notInteger(digits, type);
  }
  const unit = 10n ** BigInt(value.scale);
  if (value.coef % unit !== 0n) throw notInteger(digits, type);
  const whole = value.coef / unit;
  if (BigInt.asIntN(64, whole) !== whole) throw outOfRange(digits, type);
  return whole;
}

function notInteger(digits: string, type: SqlType): SqlError {
  return sqlError('22P02', `invalid input syntax for type ${formatType(type)}: "${digits}"`);
}

function outOfRange(digits: string, type: SqlType): SqlError {
  return sqlError('22003', `value "${digits}" is out of range for type ${formatType(type)}`);
}

/** A JSON value of a kind the type cannot be read from. */
export function wrongKind(kind: string, type: SqlType): SqlError {
  return sqlError('42804', `cannot read type ${formatType(type)} from a JSON ${kind}`);
}

/** A NULL where none may be. */
export function notNullViolated(column: TargetColumn): SqlError {
  return sqlError('23502', `null value in column "${column.name}" violates not-null constraint`,
    { column: column.name });
}
