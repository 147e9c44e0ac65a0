/**
 * Reads frontend messages out of chunks of bytes: incremental and bounded.
 *
 * Never allocates by an announced length: chunks are kept until the message is whole, and a length
 * beyond the limit ends the connection before that. Bodies are views, valid until the next call.
 */
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import type { SqlError } from '../../common/errors.ts';
import type { Conn } from './conn.ts';

/** Longest startup packet. */
export const STARTUP_BYTES_MAX = 10_000;
/** Longest message but those of COPY data. */
export const MESSAGE_BYTES_MAX: number = 16 * 1024 * 1024;
/** Longest message of COPY data. */
export const COPY_BYTES_MAX: number = 64 * 1024 * 1024;

/** A message: its type letter and its body. */
export interface FrontendMessage {
  readonly type: string;
  readonly body: Uint8Array;
}

/** An error after which the connection cannot go on. */
export function fatal(sqlState: string, message: string, hint?: string): SqlError {
  return sqlError(sqlState, message, { severity: 'FATAL', hint });
}

/** Splits a connection's bytes into messages. */
export class MessageReader {
  readonly #conn: Conn;
  readonly #chunks: Uint8Array[] = [];
  #buffered = 0;

  constructor(conn: Conn) {
    this.#conn = conn;
  }

  /** Bytes received and not yet asked for. */
  get buffered(): number { return this.#buffered; }

  /** True when the next message is here, and of this type. */
  nextIs(type: string): boolean {
    return this.#buffered >= 5 && this.#chunks[0]?.[0] === type.charCodeAt(0);
  }

  /** The untyped first packet (without its length), or null when the client has gone. */
  async startup(): Promise<Uint8Array | null> {
    if (!(await this.#fill(4))) return null;
    const length = lengthAt(this.#peek(4), 0);
    if (length < 8 || length > STARTUP_BYTES_MAX) return null;
    if (!(await this.#fill(length))) return null;
    return this.#take(length).subarray(4);
  }

  /** The next message, or null when the client has gone. */
  async next(): Promise<FrontendMessage | null> {
    if (!(await this.#fill(5)) || !(await this.#fill(this.#nextLength()))) return null;
    return this.here();
  }

  /** The next message if it is here as a whole, else null. */
  here(): FrontendMessage | null {
    if (this.#buffered < 5) return null;
    const length = this.#nextLength();
    if (this.#buffered < length) return null;
    const bytes = this.#take(length);
    return { type: String.fromCharCode(must(bytes[0], 'type')), body: bytes.subarray(5) };
  }

  /** Bytes of the next message, of which five are here. */
  #nextLength(): number {
    const head = this.#peek(5);
    const type = String.fromCharCode(must(head[0], 'type'));
    const length = lengthAt(head, 1);
    const most = type === 'd' ? COPY_BYTES_MAX : MESSAGE_BYTES_MAX;
    if (length < 4 || length > most) {
      throw fatal('08P01', `invalid message length for message type "${type}"`,
        length < 4 ? undefined : `A message of this type is at most ${most} bytes long.`);
    }
    return length + 1;
  }

  async #fill(wanted: number): Promise<boolean> {
    while (this.#buffered < wanted) {
      const chunk = await this.#conn.read();
      if (chunk === null) return false;
      if (chunk.length === 0) continue;
      this.#chunks.push(chunk);
      this.#buffered += chunk.length;
    }
    return true;
  }

  #peek(count: number): Uint8Array {
    this.#joinFirst(count);
    return must(this.#chunks[0], 'chunk').subarray(0, count);
  }

  #take(count: number): Uint8Array {
    this.#joinFirst(count);
    const first = must(this.#chunks[0], 'chunk');
    if (first.length === count) this.#chunks.shift();
    else this.#chunks[0] = first.subarray(count);
    this.#buffered -= count;
    return first.subarray(0, count);
  }

  /** Makes the first chunk at least `count` bytes long. */
  #joinFirst(count: number): void {
    const first = must(this.#chunks[0], 'chunk');
    if (first.length >= count) return;
    const joined = new Uint8Array(this.#buffered);
    let at = 0;
    for (const chunk of this.#chunks) {
      joined.set(chunk, at);
      at += chunk.length;
    }
    this.#chunks.length = 0;
    this.#chunks.push(joined);
  }
}

function lengthAt(bytes: Uint8Array, at: number): number {
  return (must(bytes[at], 'byte') << 24) | (must(bytes[at + 1], 'byte') << 16)
    | (must(bytes[at + 2], 'byte') << 8) | must(bytes[at + 3], 'byte');
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** Reads the fields of a message body; every step is checked against its end. */
export class BodyReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number { return this.#bytes.length - this.#at; }

  int16(): number {
    this.#need(2);
    const value = this.#view.getInt16(this.#at);
    this.#at += 2;
    return value;
  }

  int32(): number {
    this.#need(4);
    const value = this.#view.getInt32(this.#at);
    this.#at += 4;
    return value;
  }

  /** An unsigned 32-bit number (an oid). */
  oid(): number {
    return this.int32() >>> 0;
  }

  byte(): string {
    this.#need(1);
    return String.fromCharCode(must(this.#bytes[this.#at++], 'byte'));
  }

  bytes(count: number): Uint8Array {
    if (count < 0) throw protocolViolation();
    this.#need(count);
    const part = this.#bytes.subarray(this.#at, this.#at + count);
    this.#at += count;
    return part;
  }

  /** A text that ends with a zero byte. */
  text(): string {
    const end = this.#bytes.indexOf(0, this.#at);
    if (end < 0) throw sqlError('08P01', 'invalid string in message');
    const part = this.#bytes.subarray(this.#at, end);
    this.#at = end + 1;
    return decodeText(part);
  }

  /** Nothing may be left. */
  end(): void {
    if (this.left !== 0) throw sqlError('08P01', 'invalid message format');
  }

  #need(count: number): void {
    if (this.left < count) throw protocolViolation();
  }
}

function protocolViolation(): SqlError {
  return sqlError('08P01', 'insufficient data left in message');
}

/** UTF-8 to text; 22021 for bytes that are none. */
export function decodeText(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    throw sqlError('22021', 'invalid byte sequence for encoding "UTF8"');
  }
}
