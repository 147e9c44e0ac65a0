/**
 * A Postgres client that costs next to nothing: simple queries over a socket, rows as texts.
 *
 * With 500 of them in one process the bench must not measure its own driver.
 */
import { connect } from 'node:net';
import type { Socket } from 'node:net';

/** Where a server listens. */
export interface Address {
  readonly port: number;
  readonly user: string;
  readonly database: string;
}

/** Takes the fields of a row; a NULL is null. */
export type TakeRow = (fields: readonly (string | null)[]) => void;

const HEAD = 5;
const READY = 'Z'.charCodeAt(0);
const ROW = 'D'.charCodeAt(0);
const FAULT = 'E'.charCodeAt(0);
const NO_ROW: TakeRow = () => undefined;

/** One connection. */
export class RawClient {
  readonly #socket: Socket;
  #rest: Buffer = Buffer.alloc(0);
  #take: TakeRow = NO_ROW;
  #done: ((error: Error | null) => void) | null = null;
  #error: Error | null = null;
  /** Bytes received. */
  bytes = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#received(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () =>
      this.#finish(this.#error ?? new Error('the connection is closed')));
  }

  /** Connects and logs in, without a password. */
  static async open({ port, user, database }: Address): Promise<RawClient> {
    const client = new RawClient(connect(port, '127.0.0.1').setNoDelay(true));
    const text = Buffer.from(`\0\x03\0\0user\0${user}\0database\0${database}\0\0`, 'latin1');
    await client.#send(Buffer.concat([size(text.length + 4), text]), NO_ROW);
    return client;
  }

  /** Runs a query string; resolves at its end. */
  query(text: string, take: TakeRow = NO_ROW): Promise<void> {
    const body = Buffer.from(`${text}\0`);
    return this.#send(Buffer.concat([Buffer.from('Q'), size(body.length + 4), body]), take);
  }

  /** The first field of the first row. */
  async value(text: string): Promise<string | null> {
    let value: string | null = null;
    await this.query(text, (fields) => { value ??= fields[0] ?? null; });
    return value;
  }

  /** Goes without a word. */
  kill(): void {
    this.#take = NO_ROW;
    this.#socket.destroy();
  }

  #send(bytes: Buffer, take: TakeRow): Promise<void> {
    this.#take = take;
    this.#error = null;
    return new Promise((resolve, reject) => {
      this.#done = (error) => { if (error === null) resolve(); else reject(error); };
      this.#socket.write(bytes);
    });
  }

  #received(chunk: Buffer): void {
    this.bytes += chunk.length;
    const all = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (all.length - at >= HEAD) {
      const end = at + 1 + all.readInt32BE(at + 1);
      if (end > all.length) break;
      this.#message(all[at] ?? 0, all, at + HEAD, end);
      at = end;
    }
    this.#rest = all.subarray(at);
  }

  #message(type: number, bytes: Buffer, from: number, end: number): void {
    if (type === ROW) {
      if (this.#take !== NO_ROW) this.#take(fieldsOf(bytes, from));
    } else if (type === FAULT) {
      this.#error = new Error(bytes.toString('utf8', from, end).replaceAll('\0', ' '));
    } else if (type === READY) this.#finish(this.#error);
  }

  #finish(error: Error | null): void {
    const done = this.#done;
    this.#done = null;
    done?.(error);
  }
}

function size(length: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(length);
  return bytes;
}

function fieldsOf(bytes: Buffer, from: number): (string | null)[] {
  const fields: (string | null)[] = [];
  let at = from + 2;
  for (let left = bytes.readInt16BE(from); left > 0; left--) {
    const length = bytes.readInt32BE(at);
    at += 4;
    fields.push(length < 0 ? null : bytes.toString('utf8', at, at + length));
    at += Math.max(0, length);
  }
  return fields;
}
