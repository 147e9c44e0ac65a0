/**
 * A connection without a socket: bytes in pieces of random size, everything written is kept.
 */
import type { Conn } from '../../src/server/protocol/conn.ts';
import type { Random } from '../support/random.ts';

/** Longest piece handed to the reader at once. */
const PIECE_MAX = 64;

/** Feeds `input` and then hangs up. */
export class FakeConn implements Conn {
  readonly remoteAddress = '127.0.0.1';
  readonly written: Uint8Array[] = [];
  readonly #input: Uint8Array;
  readonly #random: Random;
  readonly #onClose: (() => void)[] = [];
  #at = 0;
  closed = false;

  constructor(input: Uint8Array, random: Random) {
    this.#input = input;
    this.#random = random;
  }

  read(): Promise<Uint8Array | null> {
    if (this.closed || this.#at >= this.#input.length) {
      this.close();
      return Promise.resolve(null);
    }
    const from = this.#at;
    this.#at = Math.min(this.#input.length, from + 1 + this.#random(PIECE_MAX));
    return Promise.resolve(this.#input.slice(from, this.#at));
  }

  write(bytes: Uint8Array): boolean {
    this.written.push(bytes.slice());
    return true;
  }

  drained(): Promise<void> { return Promise.resolve(); }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const listener of this.#onClose) listener();
  }

  onClose(listener: () => void): void { this.#onClose.push(listener); }
}

/** Types of the messages in what a server wrote; null when it is not a row of whole messages. */
export function replyTypes(pieces: readonly Uint8Array[]): string | null {
  const bytes = Buffer.concat(pieces);
  let types = '';
  for (let at = 0; at < bytes.length;) {
    if (at + 5 > bytes.length) return null;
    const length = bytes.readInt32BE(at + 1);
    if (length < 4 || at + 1 + length > bytes.length) return null;
    types += String.fromCharCode(bytes.readUInt8(at));
    at += 1 + length;
  }
  return types;
}
