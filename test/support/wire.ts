/**
 * A raw protocol client: bytes out, messages in, decoded by pg-protocol as an independent judge.
 */
import net from 'node:net';
import { PassThrough } from 'node:stream';
import { parse, serialize } from 'pg-protocol';
import type { BackendMessage } from 'pg-protocol/dist/messages.js';

/** One raw connection. */
export class WireClient {
  readonly #socket: net.Socket;
  readonly #messages: BackendMessage[] = [];
  #wake: (() => void) | null = null;
  closed = false;

  constructor(port: number) {
    this.#socket = net.connect(port, '127.0.0.1');
    const feed = new PassThrough();
    this.#socket.pipe(feed);
    void parse(feed, (message) => {
      this.#messages.push(message);
      this.#wake?.();
    });
    this.#socket.on('close', () => {
      this.closed = true;
      this.#wake?.();
    });
    this.#socket.on('error', () => undefined);
  }

  /** Connects and logs in. */
  static async login(port: number): Promise<WireClient> {
    const client = new WireClient(port);
    client.send(serialize.startup({ user: 'tidemill', database: 'tidemill' }));
    await client.until('readyForQuery');
    return client;
  }

  send(...parts: readonly Uint8Array[]): void {
    for (const part of parts) this.#socket.write(part);
  }

  /** The messages up to and including the next one of this name, or to the end. */
  async until(name: string): Promise<readonly BackendMessage[]> {
    for (;;) {
      const at = this.#messages.findIndex((message) => message.name === name);
      if (at >= 0) return this.#messages.splice(0, at + 1);
      if (this.closed) return this.#messages.splice(0);
      await new Promise<void>((resolve) => { this.#wake = resolve; });
    }
  }

  /** Names of the messages up to ReadyForQuery, of a simple query. */
  async query(text: string): Promise<readonly BackendMessage[]> {
    this.send(serialize.query(text));
    return this.until('readyForQuery');
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** Names of messages, repeated ones counted: `dataRow*3`. */
export function names(messages: readonly BackendMessage[]): string {
  const parts: string[] = [];
  let last = '';
  let count = 0;
  for (const { name } of [...messages, { name: '' }]) {
    if (name === last) {
      count++;
      continue;
    }
    if (last !== '') parts.push(count === 1 ? last : `${last}*${count}`);
    last = name;
    count = 1;
  }
  return parts.join(' ');
}
