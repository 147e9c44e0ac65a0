/**
 * A growing byte buffer and its reader: little-endian numbers, blocks, texts, tagged values.
 *
 * The binary form of everything in storage. Values keep what JSON and SQLite bindings lose: int64,
 * NaN, -0, numeric digits. Readers check bounds and fail with XX001 (data corrupted).
 */
import { sqlError } from '../../common/errors.ts';
import type { SqlError } from '../../common/errors.ts';
import { assertNever } from '../../common/assert.ts';
import type { Jsonb } from '../../common/types/jsonb.ts';
import type { Numeric, NumericSpecial } from '../../common/types/numeric.ts';
import type { Value } from '../../common/values.ts';

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true });
const FIRST_CAPACITY = 1024;

/** Stored bytes that make no sense. */
export function dataCorrupted(detail: string): SqlError {
  return sqlError('XX001', 'stored data is corrupted', { detail });
}

/** Writes into one buffer that doubles. */
export class ByteWriter {
  #bytes: Uint8Array = new Uint8Array(FIRST_CAPACITY);
  #view: DataView = new DataView(this.#bytes.buffer);
  #length = 0;

  get length(): number { return this.#length; }

  #room(more: number): void {
    const wanted = this.#length + more;
    if (wanted <= this.#bytes.length) return;
    let capacity = this.#bytes.length * 2;
    while (capacity < wanted) capacity *= 2;
    const bigger = new Uint8Array(capacity);
    bigger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = bigger;
    this.#view = new DataView(bigger.buffer);
  }

  u8(value: number): void {
    this.#room(1);
    this.#bytes[this.#length++] = value;
  }

  u32(value: number): void {
    this.#room(4);
    this.#view.setUint32(this.#length, value, true);
    this.#length += 4;
  }

  f64(value: number): void {
    this.#room(8);
    this.#view.setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  i64(value: bigint): void {
    this.#room(8);
    this.#view.setBigInt64(this.#length, value, true);
    this.#length += 8;
  }

  /** Bytes as they are; the reader must know how many. */
  raw(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Length, then bytes. */
  block(bytes: Uint8Array): void {
    this.u32(bytes.length);
    this.raw(bytes);
  }

  text(value: string): void {
    this.#room(4 + value.length * 3);
    const into = this.#bytes.subarray(this.#length + 4);
    const { written } = ENCODER.encodeInto(value, into);
    this.#view.setUint32(this.#length, written, true);
    this.#length += 4 + written;
  }

  /** A value with its tag; see `ByteReader.value`. */
  value(value: Value): void {
    if (value === null) return this.u8(TAG.null);
    switch (typeof value) {
      case 'boolean': return this.u8(value ? TAG.true : TAG.false);
      case 'number': this.u8(TAG.number); return this.f64(value);
      case 'string': this.u8(TAG.text); return this.text(value);
      case 'bigint': return this.#big(value);
      default: return this.#object(value);
    }
  }

  #big(value: bigint): void {
    if (BigInt.asIntN(64, value) === value) {
      this.u8(TAG.int);
      this.i64(value);
    } else {
      this.u8(TAG.bigint);
      this.text(value.toString());
    }
  }

  #object(value: Exclude<Value, null | boolean | number | bigint | string>): void {
    if (value instanceof Uint8Array) {
      this.u8(TAG.bytes);
      return this.block(value);
    }
    switch (value.kind) {
      case 'numeric': this.u8(TAG.numeric); return this.#numeric(value);
      case 'interval':
        this.u8(TAG.interval);
        this.u32(value.months);
        this.u32(value.days);
        return this.i64(value.micros);
      case 'array':
        this.u8(TAG.array);
        this.u8(value.dims.length);
        for (const dim of value.dims) this.u32(dim);
        for (const bound of value.lowerBounds) this.u32(bound);
        return this.#values(value.elements);
      case 'record': this.u8(TAG.record); return this.#values(value.values);
      default: return this.#jsonb(value);
    }
  }

  #values(values: readonly Value[]): void {
    this.u32(values.length);
    for (const value of values) this.value(value);
  }

  #numeric(value: Numeric): void {
    this.u8(SPECIALS.indexOf(value.special));
    this.u32(value.scale);
    this.#big(value.coef);
  }

  #jsonb(value: Jsonb): void {
    switch (value.kind) {
      case 'json-null': return this.u8(TAG.jsonNull);
      case 'json-boolean': return this.u8(value.value ? TAG.jsonTrue : TAG.jsonFalse);
      case 'json-number': this.u8(TAG.jsonNumber); return this.#numeric(value.value);
      case 'json-string': this.u8(TAG.jsonString); return this.text(value.value);
      case 'json-array':
        this.u8(TAG.jsonArray);
        this.u32(value.items.length);
        for (const item of value.items) this.#jsonb(item);
        return;
      case 'json-object':
        this.u8(TAG.jsonObject);
        this.u32(value.keys.length);
        for (const key of value.keys) this.text(key);
        for (const item of value.values) this.#jsonb(item);
        return;
      default: assertNever(value);
    }
  }

  /** What was written so far, as bytes of their own. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }
}

const TAG = {
  null: 0, false: 1, true: 2, number: 3, int: 4, bigint: 5, text: 6, bytes: 7, numeric: 8,
  interval: 9, array: 10, record: 11, jsonNull: 20, jsonFalse: 21, jsonTrue: 22, jsonNumber: 23,
  jsonString: 24, jsonArray: 25, jsonObject: 26,
} as const;

const SPECIALS: readonly (NumericSpecial | null)[] = [null, 'NaN', 'Infinity', '-Infinity'];

/** Reads what ByteWriter wrote. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    // A view of its own: slice() of a Node Buffer would share memory.
    this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get atEnd(): boolean { return this.#at >= this.#bytes.length; }

  #take(length: number): number {
    const at = this.#at;
    if (length < 0 || at + length > this.#bytes.length) throw dataCorrupted('record too short');
    this.#at = at + length;
    return at;
  }

  u8(): number { return this.#view.getUint8(this.#take(1)); }
  u32(): number { return this.#view.getUint32(this.#take(4), true); }
  i32(): number { return this.#view.getInt32(this.#take(4), true); }
  f64(): number { return this.#view.getFloat64(this.#take(8), true); }
  i64(): bigint { return this.#view.getBigInt64(this.#take(8), true); }

  /** A copy of the next bytes: aligned, and no larger buffer stays alive. */
  raw(length: number): Uint8Array {
    const at = this.#take(length);
    return this.#bytes.slice(at, at + length);
  }

  block(): Uint8Array { return this.raw(this.u32()); }

  text(): string {
    const length = this.u32();
    const at = this.#take(length);
    return DECODER.decode(this.#bytes.subarray(at, at + length));
  }

  value(): Value {
    const tag = this.u8();
    switch (tag) {
      case TAG.null: return null;
      case TAG.false: return false;
      case TAG.true: return true;
      case TAG.number: return this.f64();
      case TAG.text: return this.text();
      case TAG.int: return this.i64();
      case TAG.bigint: return BigInt(this.text());
      case TAG.bytes: return this.block();
      case TAG.numeric: return this.#numeric();
      case TAG.interval:
        return { kind: 'interval', months: this.i32(), days: this.i32(), micros: this.i64() };
      case TAG.array: return this.#array();
      case TAG.record: return { kind: 'record', values: this.#values() };
      default: return this.#jsonb(tag);
    }
  }

  #array(): Value {
    const count = this.u8();
    const dims = Array.from({ length: count }, () => this.i32());
    const lowerBounds = Array.from({ length: count }, () => this.i32());
    return { kind: 'array', dims, lowerBounds, elements: this.#values() };
  }

  #values(): Value[] {
    const count = this.u32();
    const values: Value[] = [];
    for (let i = 0; i < count; i++) values.push(this.value());
    return values;
  }

  #numeric(): Numeric {
    const special = SPECIALS[this.u8()] ?? null;
    const scale = this.u32();
    const coef = this.value();
    if (typeof coef !== 'bigint') throw dataCorrupted('numeric without digits');
    return { kind: 'numeric', coef, scale, special };
  }

  #jsonb(tag: number): Jsonb {
    switch (tag) {
      case TAG.jsonNull: return { kind: 'json-null' };
      case TAG.jsonFalse: return { kind: 'json-boolean', value: false };
      case TAG.jsonTrue: return { kind: 'json-boolean', value: true };
      case TAG.jsonNumber: return { kind: 'json-number', value: this.#numeric() };
      case TAG.jsonString: return { kind: 'json-string', value: this.text() };
      case TAG.jsonArray: {
        const count = this.u32();
        const items: Jsonb[] = [];
        for (let i = 0; i < count; i++) items.push(this.#jsonb(this.u8()));
        return { kind: 'json-array', items };
      }
      case TAG.jsonObject: {
        const count = this.u32();
        const keys: string[] = [];
        for (let i = 0; i < count; i++) keys.push(this.text());
        return { kind: 'json-object', keys, values: keys.map(() => this.#jsonb(this.u8())) };
      }
      default: throw dataCorrupted(`unknown tag ${tag}`);
    }
  }
}
