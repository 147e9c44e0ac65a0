/**
 * Writes backend messages into chunks of 64 KiB.
 *
 * A message is begun, filled and ended; its length is patched in. Chunks go out when full and at
 * `flush`; rows stop being produced while the client does not read (back-pressure).
 */
import type { Conn } from './conn.ts';

const CHUNK_BYTES = 64 * 1024;
/** Up to here what is sent is copied and the chunk used again: a new one costs more. */
const COPIED_BYTES = 8 * 1024;
const ENCODER = new TextEncoder();

/** The sending side of one connection. */
export class MessageWriter {
  readonly #conn: Conn;
  #bytes: Uint8Array = new Uint8Array(CHUNK_BYTES);
  #view: DataView = new DataView(this.#bytes.buffer);
  #at = 0;
  #start = 0;
  #blocked = false;

  constructor(conn: Conn) {
    this.#conn = conn;
  }

  /** Bytes waiting to be sent. */
  get pending(): number { return this.#at; }
  /** True when a chunk's worth is waiting or the client is slow: flush before more rows. */
  get full(): boolean { return this.#blocked || this.#at >= CHUNK_BYTES - 4096; }

  begin(type: string): this {
    this.#room(5);
    this.#bytes[this.#at] = type.charCodeAt(0);
    this.#start = this.#at + 1;
    this.#at += 5;
    return this;
  }

  end(): this {
    this.#view.setInt32(this.#start, this.#at - this.#start);
    return this;
  }

  /** A message without a body. */
  empty(type: string): this {
    return this.begin(type).end();
  }

  byte(value: number): this {
    this.#room(1);
    this.#bytes[this.#at++] = value;
    return this;
  }

  int16(value: number): this {
    this.#room(2);
    this.#view.setInt16(this.#at, value);
    this.#at += 2;
    return this;
  }

  int32(value: number): this {
    this.#room(4);
    this.#view.setInt32(this.#at, value);
    this.#at += 4;
    return this;
  }

  raw(bytes: Uint8Array): this {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
    return this;
  }

  /** A text and a zero byte; zero bytes inside would end it early and are replaced. */
  text(value: string): this {
    const clean = value.includes('\0') ? value.replaceAll('\0', '\u2400') : value;
    return this.raw(ENCODER.encode(clean)).byte(0);
  }

  /** A value with its length before it, as in DataRow. Short ASCII is copied by hand. */
  value(text: string): this {
    const { length } = text;
    this.#room(length * 3 + 4);
    const bytes = this.#bytes;
    const from = this.#at + 4;
    if (length < 64) {
      let i = 0;
      for (; i < length; i++) {
        const unit = text.charCodeAt(i);
        if (unit > 127) break;
        bytes[from + i] = unit;
      }
      if (i === length) return this.#sized(length);
    }
    const { written } = ENCODER.encodeInto(text, bytes.subarray(from));
    return this.#sized(written);
  }

  /** Sends what is there; resolves when the client takes more. */
  async flush(): Promise<void> {
    this.send();
    if (!this.#blocked) return;
    await this.#conn.drained();
    this.#blocked = false;
  }

  /** Sends what is there without waiting. */
  send(): void {
    if (this.#at === 0) return;
    const small = this.#at <= COPIED_BYTES;
    const sent = small ? this.#bytes.slice(0, this.#at) : this.#bytes.subarray(0, this.#at);
    if (!small) {
      this.#bytes = new Uint8Array(CHUNK_BYTES);
      this.#view = new DataView(this.#bytes.buffer);
    }
    this.#at = 0;
    if (!this.#conn.write(sent)) this.#blocked = true;
  }

  #sized(length: number): this {
    this.#view.setInt32(this.#at, length);
    this.#at += 4 + length;
    return this;
  }

  #room(count: number): void {
    if (this.#at + count <= this.#bytes.length) return;
    let size = this.#bytes.length * 2;
    while (size < this.#at + count) size *= 2;
    const bigger = new Uint8Array(size);
    bigger.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = bigger;
    this.#view = new DataView(bigger.buffer);
  }
}
