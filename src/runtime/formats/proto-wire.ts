/**
 * The wire format of protobuf: tags, varints, fixed and length-delimited fields, read from bytes.
 *
 * Whatever runs over the end or makes no sense is a SqlError (22P03); nothing is allocated for
 * fields that are passed over.
 */
import { sqlError } from '../../common/errors.ts';
import type { SqlError } from '../../common/errors.ts';
import type { ProtoType } from './proto-schema.ts';

/** How a field lies in the bytes. */
export const VARINT = 0;
const FIXED64 = 1;
/** A field with its length in front: texts, bytes, messages, packed numbers. */
export const DELIMITED = 2;
const FIXED32 = 5;
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const WORD = 4_294_967_296;

/** A scalar value. */
export type ProtoScalar = bigint | number | boolean | string | Uint8Array;

/** A cursor over the bytes of a message. */
export class WireReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #end: number;
  #at: number;
  #low = 0;
  #high = 0;

  constructor(bytes: Uint8Array, start: number = 0, end: number = bytes.length) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = start;
    this.#end = end;
  }

  get done(): boolean { return this.#at >= this.#end; }
  get at(): number { return this.#at; }

  /** Reads 64 bits into two halves. */
  #varint(): void {
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.#at >= this.#end) throw cutOff();
      const byte = this.#bytes[this.#at++] ?? 0;
      const bits = byte & 127;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high |= bits >>> 4;
      } else high |= bits << (shift - 32);
      if (byte < 128) {
        this.#low = low;
        this.#high = high;
        return;
      }
    }
    throw sqlError('22P03', 'not a Protobuf message: a number is too long');
  }

  /** An unsigned number; field numbers and lengths. */
  number(): number {
    this.#varint();
    return (this.#high >>> 0) * WORD + (this.#low >>> 0);
  }

  /** A number with its sign in the last bit, as Confluent writes message indexes. */
  zigzag(): number {
    const value = this.number();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  /** A view of a length-delimited field. */
  delimited(): Uint8Array {
    const length = this.number();
    const start = this.#take(length);
    return this.#bytes.subarray(start, start + length);
  }

  #take(length: number): number {
    const start = this.#at;
    if (length > this.#end - start) throw cutOff();
    this.#at += length;
    return start;
  }

  /** Passes over a field. */
  skip(wire: number): void {
    switch (wire) {
      case VARINT: this.#varint(); return;
      case FIXED64: this.#take(8); return;
      case DELIMITED: this.delimited(); return;
      case FIXED32: this.#take(4); return;
      default: throw sqlError('22P03', `not a Protobuf message: wire type ${wire}`);
    }
  }

  /** A scalar of a type. */
  scalar(name: string): ProtoScalar {
    switch (name) {
      case 'double': return this.#view.getFloat64(this.#take(8), true);
      case 'float': return this.#view.getFloat32(this.#take(4), true);
      case 'fixed32': return this.#view.getUint32(this.#take(4), true);
      case 'sfixed32': return this.#view.getInt32(this.#take(4), true);
      case 'fixed64': return this.#view.getBigUint64(this.#take(8), true);
      case 'sfixed64': return this.#view.getBigInt64(this.#take(8), true);
      case 'bytes': return this.delimited().slice();
      case 'string': return textOf(this.delimited());
      default: break;
    }
    this.#varint();
    const [low, high] = [this.#low, this.#high];
    switch (name) {
      case 'bool': return low !== 0 || high !== 0;
      case 'uint32': return low >>> 0;
      case 'sint32': return (low >>> 1) ^ -(low & 1);
      case 'int64': return BigInt.asIntN(64, wide(low, high));
      case 'uint64': return wide(low, high);
      case 'sint64': {
        const value = wide(low, high);
        return (value >> 1n) ^ -(value & 1n);
      }
      // int32 and enums.
      default: return low | 0;
    }
  }
}

function wide(low: number, high: number): bigint {
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}

function textOf(bytes: Uint8Array): string {
  let text: string;
  try {
    text = UTF8.decode(bytes);
  } catch {
    throw sqlError('22021', 'invalid byte sequence for encoding "UTF8"');
  }
  if (text.includes('\0')) throw sqlError('22021', 'text must not hold the character U+0000');
  return text;
}

function cutOff(): SqlError {
  return sqlError('22P03', 'not a Protobuf message: it ends in the middle of a field');
}

/** The wire type values of a type have. */
export function wireOf({ kind, name }: ProtoType): number {
  if (kind === 'message') return DELIMITED;
  if (kind === 'enum') return VARINT;
  switch (name) {
    case 'double': case 'fixed64': case 'sfixed64': return FIXED64;
    case 'float': case 'fixed32': case 'sfixed32': return FIXED32;
    case 'string': case 'bytes': return DELIMITED;
    default: return VARINT;
  }
}
