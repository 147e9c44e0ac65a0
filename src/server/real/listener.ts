/**
 * TCP sockets as Conns: the only place where the server meets the network for Postgres clients.
 */
import net from 'node:net';
import type { Conn } from '../protocol/conn.ts';

/** Most bytes waiting to be read before the socket is paused. */
const READ_AHEAD_BYTES = 1 << 20;

/** A running listener. */
export interface Listener {
  readonly port: number;
  close(): Promise<void>;
}

/** Where to listen. Port 0 takes a free one. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** Listens and hands every connection to `serve`. Rejects with the system's error (EADDRINUSE). */
export function listen(
  address: ListenAddress, serve: (conn: Conn) => Promise<void>,
): Promise<Listener> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    void serve(new SocketConn(socket));
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(address.port, address.host, () => {
      const bound = server.address();
      const port = typeof bound === 'object' && bound !== null ? bound.port : address.port;
      resolve({ port, close: () => closeAll(server, sockets) });
    });
  });
}

function closeAll(server: net.Server, sockets: ReadonlySet<net.Socket>): Promise<void> {
  for (const socket of sockets) socket.destroy();
  return new Promise((resolve) => { server.close(() => resolve()); });
}

class SocketConn implements Conn {
  readonly remoteAddress: string;
  readonly #socket: net.Socket;
  readonly #chunks: Uint8Array[] = [];
  #waiting = 0;
  #ended = false;
  #wake: (() => void) | null = null;
  readonly #closeListeners: (() => void)[] = [];

  constructor(socket: net.Socket) {
    this.#socket = socket;
    this.remoteAddress = socket.remoteAddress ?? '';
    socket.setNoDelay(true);
    socket.on('data', (chunk: Uint8Array) => this.#received(chunk));
    socket.on('error', () => this.#finish());
    socket.on('end', () => this.#finish());
    socket.on('close', () => {
      this.#finish();
      for (const listener of this.#closeListeners) listener();
    });
  }

  async read(): Promise<Uint8Array | null> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        this.#waiting -= chunk.length;
        if (this.#socket.isPaused() && this.#waiting < READ_AHEAD_BYTES) this.#socket.resume();
        return chunk;
      }
      if (this.#ended) return null;
      await new Promise<void>((resolve) => { this.#wake = resolve; });
    }
  }

  write(bytes: Uint8Array): boolean {
    if (this.#socket.destroyed) return true;
    return this.#socket.write(bytes);
  }

  drained(): Promise<void> {
    if (this.#socket.destroyed || !this.#socket.writableNeedDrain) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        this.#socket.off('drain', done);
        this.#socket.off('close', done);
        resolve();
      };
      this.#socket.on('drain', done);
      this.#socket.on('close', done);
    });
  }

  close(): void {
    this.#socket.end();
  }

  onClose(listener: () => void): void {
    this.#closeListeners.push(listener);
  }

  #received(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#waiting += chunk.length;
    if (this.#waiting >= READ_AHEAD_BYTES) this.#socket.pause();
    this.#wakeUp();
  }

  #finish(): void {
    this.#ended = true;
    this.#wakeUp();
  }

  #wakeUp(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }
}
