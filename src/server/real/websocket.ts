/**
 * WebSockets (RFC 6455), the server's half: enough to send texts and to see the client go.
 *
 * What the client sends is read and, but for ping and close, dropped. Bounded: a frame above
 * FRAME_BYTES_MAX ends the connection.
 */
import { createHash } from 'node:crypto';
import type http from 'node:http';
import type { Duplex } from 'node:stream';

const MAGIC = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
/** Longest frame a client may send. */
const FRAME_BYTES_MAX = 64 * 1024;
const TEXT = 0x1;
const CLOSE = 0x8;
const PING = 0x9;
const PONG = 0xa;

/** A client on the other end. */
export interface SocketClient {
  /** Resolves when the client takes more. */
  send(text: string): Promise<void>;
  close(code: number, reason: string): void;
  onClose(listener: () => void): void;
}

/** Answers the handshake; null when the request is none. */
export function acceptSocket(
  request: http.IncomingMessage, socket: Duplex,
): SocketClient | null {
  const key = request.headers['sec-websocket-key'];
  if (request.headers.upgrade?.toLowerCase() !== 'websocket' || typeof key !== 'string'
    || request.headers['sec-websocket-version'] !== '13') return null;
  const accept = createHash('sha1').update(key + MAGIC).digest('base64');
  socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n'
    + `Connection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
  return new Client(socket);
}

class Client implements SocketClient {
  readonly #socket: Duplex;
  readonly #listeners: (() => void)[] = [];
  #received: Buffer = Buffer.alloc(0);
  #closed = false;

  constructor(socket: Duplex) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('error', () => this.#gone());
    socket.on('end', () => this.#gone());
    socket.on('close', () => this.#gone());
  }

  async send(text: string): Promise<void> {
    if (this.#closed) return;
    if (this.#socket.write(frame(TEXT, Buffer.from(text, 'utf8')))) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#socket.off('drain', done);
        this.#socket.off('close', done);
        resolve();
      };
      this.#socket.on('drain', done);
      this.#socket.on('close', done);
    });
  }

  close(code: number, reason: string): void {
    if (this.#closed) return;
    const body = Buffer.alloc(2 + Buffer.byteLength(reason.slice(0, 100)));
    body.writeUInt16BE(code);
    body.write(reason.slice(0, 100), 2);
    this.#socket.end(frame(CLOSE, body));
    this.#gone();
  }

  onClose(listener: () => void): void {
    if (this.#closed) listener();
    else this.#listeners.push(listener);
  }

  #gone(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const listener of this.#listeners) listener();
  }

  #take(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk]);
    for (;;) {
      const frameAt = parseFrame(this.#received);
      if (frameAt === null) return;
      if (frameAt === 'invalid') {
        this.#socket.destroy();
        return this.#gone();
      }
      this.#received = this.#received.subarray(frameAt.bytes);
      if (frameAt.opcode === CLOSE) return this.close(1000, '');
      if (frameAt.opcode === PING && !this.#closed) {
        this.#socket.write(frame(PONG, frameAt.body));
      }
    }
  }
}

interface Frame {
  readonly opcode: number;
  readonly body: Buffer;
  /** Bytes it took. */
  readonly bytes: number;
}

/** The first frame, null when it is not whole yet. Clients mask what they send. */
function parseFrame(bytes: Buffer): Frame | null | 'invalid' {
  if (bytes.length < 2) return null;
  const second = bytes.readUInt8(1);
  if ((second & 0x80) === 0) return 'invalid';
  let length = second & 0x7f;
  let at = 2;
  if (length === 127) return 'invalid';
  if (length === 126) {
    if (bytes.length < 4) return null;
    length = bytes.readUInt16BE(2);
    at = 4;
  }
  if (length > FRAME_BYTES_MAX) return 'invalid';
  if (bytes.length < at + 4 + length) return null;
  const mask = bytes.subarray(at, at + 4);
  const body = Buffer.from(bytes.subarray(at + 4, at + 4 + length));
  for (let i = 0; i < length; i++) body[i] = (body[i] ?? 0) ^ (mask[i & 3] ?? 0);
  return { opcode: bytes.readUInt8(0) & 0x0f, body, bytes: at + 4 + length };
}

function frame(opcode: number, body: Buffer): Buffer {
  const { length } = body;
  const head = Buffer.alloc(length < 126 ? 2 : length < 65536 ? 4 : 10);
  head[0] = 0x80 | opcode;
  if (length < 126) head[1] = length;
  else if (length < 65536) {
    head[1] = 126;
    head.writeUInt16BE(length, 2);
  } else {
    head[1] = 127;
    head.writeBigUInt64BE(BigInt(length), 2);
  }
  return Buffer.concat([head, body]);
}
