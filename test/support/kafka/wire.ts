/**
 * Numbers, strings and arrays of the Kafka protocol, read and written; non-flexible versions only.
 */

/** Reads a request. */
export class WireReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) { this.#bytes = bytes; }

  i8(): number { return this.#bytes.readInt8(this.#at++); }
  i16(): number { return this.#bytes.readInt16BE((this.#at += 2) - 2); }
  i32(): number { return this.#bytes.readInt32BE((this.#at += 4) - 4); }
  i64(): bigint { return this.#bytes.readBigInt64BE((this.#at += 8) - 8); }

  text(): string | null {
    const length = this.i16();
    return length < 0 ? null : this.#bytes.toString('utf8', this.#at, this.#at += length);
  }

  bytes(): Buffer {
    const length = this.i32();
    return this.#bytes.subarray(this.#at, this.#at += Math.max(0, length));
  }

  list<T>(read: () => T): T[] {
    const found: T[] = [];
    for (let left = this.i32(); left > 0; left--) found.push(read());
    return found;
  }
}

/** Writes an answer. */
export class WireWriter {
  readonly #parts: Buffer[] = [];

  i8(value: number): this { return this.#number(1, (part) => part.writeInt8(value)); }
  i16(value: number): this { return this.#number(2, (part) => part.writeInt16BE(value)); }
  i32(value: number): this { return this.#number(4, (part) => part.writeInt32BE(value)); }
  i64(value: bigint): this { return this.#number(8, (part) => part.writeBigInt64BE(value)); }

  #number(size: number, write: (part: Buffer) => void): this {
    const part = Buffer.alloc(size);
    write(part);
    this.#parts.push(part);
    return this;
  }

  text(value: string | null): this {
    if (value === null) return this.i16(-1);
    const bytes = Buffer.from(value);
    this.i16(bytes.length);
    return this.raw(bytes);
  }

  bytes(value: Uint8Array): this {
    this.i32(value.length);
    return this.raw(value);
  }

  raw(value: Uint8Array): this {
    this.#parts.push(Buffer.from(value.buffer, value.byteOffset, value.byteLength));
    return this;
  }

  list<T>(items: readonly T[], write: (item: T) => void): this {
    this.i32(items.length);
    for (const item of items) write(item);
    return this;
  }

  finish(): Buffer { return Buffer.concat(this.#parts); }
}
