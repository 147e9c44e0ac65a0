/**
 * The binary format of COPY, both ways: signature, rows of counted fields, trailer.
 *
 * Reading is incremental: bytes in any chunks, rows out. Fields are in the wire's binary forms.
 */
import { sqlError } from '../../common/errors.ts';
import type { SqlError } from '../../common/errors.ts';
import { must } from '../../common/assert.ts';
import { typeDefinition } from '../../common/types/registry.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import { applyTypmod } from '../../common/types/typmod.ts';
import type { Value } from '../../common/values.ts';

const SIGNATURE = Uint8Array.of(0x50, 0x47, 0x43, 0x4f, 0x50, 0x59, 0x0a, 0xff, 0x0d, 0x0a, 0);
/** Signature, flags, length of the header's extension. */
const HEADER = SIGNATURE.length + 8;
/** Flags whose meaning a reader must know. */
const CRITICAL_FLAGS = 0xffff0000;

/** The signature and the flags: what COPY data begins with. */
export function binaryCopyHeader(): Uint8Array {
  const bytes = new Uint8Array(HEADER);
  bytes.set(SIGNATURE);
  return bytes;
}

/** What COPY data ends with. */
export function binaryCopyTrailer(): Uint8Array {
  return Uint8Array.of(0xff, 0xff);
}

/** One row. */
export function binaryCopyRow(values: readonly Value[], types: readonly SqlType[]): Uint8Array {
  const fields = values.map((value, at) => {
    const type = must(types[at], 'type');
    return value === null ? null : typeDefinition(type).encodeBinary(value, type);
  });
  const size = fields.reduce((total, field) => total + 4 + (field?.length ?? 0), 2);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setInt16(0, fields.length);
  let at = 2;
  for (const field of fields) {
    view.setInt32(at, field === null ? -1 : field.length);
    at += 4;
    if (field === null) continue;
    bytes.set(field, at);
    at += field.length;
  }
  return bytes;
}

/** Splits binary COPY data into rows of values. */
export class BinaryCopyReader {
  readonly #types: readonly SqlType[];
  #rest: Uint8Array = new Uint8Array(0);
  #started = false;
  #ended = false;

  constructor(types: readonly SqlType[]) {
    this.#types = types;
  }

  /** The rows completed by these bytes. */
  push(bytes: Uint8Array): Value[][] {
    if (this.#ended && bytes.length > 0) throw broken('received copy data after EOF marker');
    const joined = new Uint8Array(this.#rest.length + bytes.length);
    joined.set(this.#rest);
    joined.set(bytes, this.#rest.length);
    this.#rest = joined;
    if (!this.#started && !this.#begin()) return [];
    const rows: Value[][] = [];
    let from = 0;
    for (;;) {
      const end = this.#endOfRow(from);
      if (end === null) break;
      if (end > from + 2 || this.#types.length === 0) rows.push(this.#row(from));
      from = end;
      if (this.#ended) break;
    }
    this.#rest = this.#rest.subarray(from);
    if (this.#ended && this.#rest.length > 0) throw broken('received copy data after EOF marker');
    return rows;
  }

  /** Refuses data that stopped in the middle. */
  finish(): Value[][] {
    if (!this.#started) throw broken('COPY file signature not recognized');
    if (this.#rest.length > 0) throw broken('unexpected EOF in COPY data');
    return [];
  }

  /** Reads the header; false: there is more of it to come. */
  #begin(): boolean {
    const known = Math.min(SIGNATURE.length, this.#rest.length);
    for (let at = 0; at < known; at++) {
      if (this.#rest[at] !== SIGNATURE[at]) throw broken('COPY file signature not recognized');
    }
    if (this.#rest.length < HEADER) return false;
    const view = this.#view();
    if ((view.getUint32(SIGNATURE.length) & CRITICAL_FLAGS) !== 0) {
      throw broken('unrecognized critical flags in COPY file header');
    }
    const extension = view.getInt32(SIGNATURE.length + 4);
    if (extension < 0) throw broken('invalid COPY file header (missing length)');
    if (this.#rest.length < HEADER + extension) return false;
    this.#rest = this.#rest.subarray(HEADER + extension);
    this.#started = true;
    return true;
  }

  #view(): DataView {
    return new DataView(this.#rest.buffer, this.#rest.byteOffset, this.#rest.byteLength);
  }

  /** Where the row that begins at `from` ends; null when it has not come as a whole. */
  #endOfRow(from: number): number | null {
    const view = this.#view();
    if (from + 2 > view.byteLength) return null;
    const fields = view.getInt16(from);
    if (fields === -1) {
      this.#ended = true;
      return from + 2;
    }
    if (fields !== this.#types.length) {
      throw broken(`row field count is ${fields}, expected ${this.#types.length}`);
    }
    let at = from + 2;
    for (let field = 0; field < fields; field++) {
      if (at + 4 > view.byteLength) return null;
      const length = view.getInt32(at);
      if (length < -1) throw broken('invalid field size');
      at += 4 + Math.max(length, 0);
    }
    return at > view.byteLength ? null : at;
  }

  #row(from: number): Value[] {
    const view = this.#view();
    let at = from + 2;
    return this.#types.map((type) => {
      const length = view.getInt32(at);
      at += 4;
      if (length < 0) return null;
      const field = this.#rest.subarray(at, at + length);
      at += length;
      return applyTypmod(typeDefinition(type).decodeBinary(field, type), type, false);
    });
  }
}


function broken(message: string): SqlError {
  return sqlError('22P04', message);
}
