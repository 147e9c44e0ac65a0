/**
 * The client's side of WebSocket frames (RFC 6455): messages out of frames, frames out of answers.
 */
import { randomBytes } from 'node:crypto';

const MESSAGE_MAX = 64 << 20;
const CONTINUATION = 0;
const TEXT = 1;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

/** What frames lead to. */
export interface FrameEvents {
  message(text: string): void;
  /** To be written to the socket. */
  answer(bytes: Buffer): void;
  closed(): void;
}

/** Reads the frames of a server. */
export class FrameReader {
  readonly #events: FrameEvents;
  #bytes: Buffer = Buffer.alloc(0);
  #parts: Buffer[] = [];
  #size = 0;

  constructor(events: FrameEvents) {
    this.#events = events;
  }

  push(chunk: Buffer): void {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    while (this.#frame()) continue;
  }

  /** Reads one frame; false when it is not whole yet. */
  #frame(): boolean {
    const bytes = this.#bytes;
    if (bytes.length < 2) return false;
    const short = (bytes[1] ?? 0) & 127;
    const head = short === 126 ? 4 : short === 127 ? 10 : 2;
    if (bytes.length < head) return false;
    const length = short === 126 ? bytes.readUInt16BE(2)
      : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short;
    if (((bytes[1] ?? 0) & 128) !== 0) throw new Error('frame of a server is masked');
    if (length + this.#size > MESSAGE_MAX) throw new Error('message is too long');
    if (bytes.length < head + length) return false;
    this.#bytes = bytes.subarray(head + length);
    this.#take(bytes[0] ?? 0, bytes.subarray(head, head + length));
    return true;
  }

  #take(first: number, content: Buffer): void {
    const kind = first & 15;
    if (kind === PING) return this.#events.answer(frame(PONG, content));
    if (kind === PONG) return;
    if (kind === CLOSE) {
      this.#events.answer(frame(CLOSE, content));
      return this.#events.closed();
    }
    if (kind !== CONTINUATION) {
      this.#parts = [];
      this.#size = 0;
    }
    this.#parts.push(content);
    this.#size += content.length;
    if ((first & 128) === 0) return;
    this.#events.message(Buffer.concat(this.#parts).toString('utf8'));
    this.#parts = [];
    this.#size = 0;
  }
}

/** A text as a frame of ours. */
export function textFrame(text: string): Buffer {
  return frame(TEXT, Buffer.from(text, 'utf8'));
}

/** Frames of clients are masked. */
function frame(kind: number, content: Buffer): Buffer {
  const { length } = content;
  const head = Buffer.alloc(length < 126 ? 2 : length < 65536 ? 4 : 10);
  head[0] = 128 | kind;
  head[1] = 128 | (length < 126 ? length : length < 65536 ? 126 : 127);
  if (head.length === 4) head.writeUInt16BE(length, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2);
  const mask = randomBytes(4);
  return Buffer.concat([head, mask, content.map((byte, at) => byte ^ (mask[at % 4] ?? 0))]);
}
