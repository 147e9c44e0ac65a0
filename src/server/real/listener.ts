/**
 * TCP sockets as Conns: the only place where the server meets the network for Postgres clients.
 */
import net from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Conn } from '../protocol/conn.ts';
import type { Certificate } from './certificate.ts';

/** Most bytes waiting to be read before the socket is paused. */
const READ_AHEAD_BYTES = 1 << 20;

/** First byte of a TLS connection. */
const TLS_HANDSHAKE = 0x16;

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
  address: ListenAddress, serve: (conn: Conn) => Promise<void>, certificate?: Certificate,
): Promise<Listener> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    void serve(new SocketConn(socket, certificate ?? null));
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
  readonly startTls: (() => Promise<void>) | undefined;
  channelBinding: Uint8Array | null = null;
  #socket: net.Socket;
  readonly #chunks: Uint8Array[] = [];
  #waiting = 0;
  #ended = false;
  #wake: (() => void) | null = null;
  readonly #closeListeners: (() => void)[] = [];
  /** The first bytes may be a TLS handshake. */
  #first: boolean;
  readonly #certificate: Certificate | null;
  readonly #onData = (chunk: Uint8Array): void => this.#received(chunk);
  readonly #onEnd = (): void => this.#finish();
  readonly #onClose = (): void => {
    this.#finish();
    for (const listener of this.#closeListeners) listener();
  };

  constructor(socket: net.Socket, certificate: Certificate | null) {
    this.#socket = socket;
    this.#certificate = certificate;
    this.#first = certificate !== null;
    this.remoteAddress = socket.remoteAddress ?? '';
    this.startTls = certificate === null ? undefined : () => this.#secure(certificate, null);
    socket.setNoDelay(true);
    this.#attach(socket);
  }

  #attach(socket: net.Socket): void {
    socket.on('data', this.#onData);
    socket.on('error', this.#onEnd);
    socket.on('end', this.#onEnd);
    socket.on('close', this.#onClose);
  }

  /** Puts TLS on the socket; `hello` are bytes of the handshake that were read already. */
  #secure(certificate: Certificate, hello: Uint8Array | null): Promise<void> {
    const raw = this.#socket;
    if (this.#waiting > 0) {
      raw.destroy();
      return Promise.reject(new Error('bytes came before the TLS handshake'));
    }
    raw.off('data', this.#onData);
    raw.off('end', this.#onEnd);
    raw.off('close', this.#onClose);
    if (hello !== null) raw.unshift(hello);
    const secure = new TLSSocket(raw, {
      isServer: true, secureContext: certificate.context, ALPNProtocols: ['postgresql'],
    });
    this.#socket = secure;
    return new Promise((resolve, reject) => {
      secure.once('secure', () => {
        if (hello !== null && secure.alpnProtocol !== 'postgresql') secure.destroy();
        this.channelBinding = certificate.hash;
        resolve();
      });
      secure.once('error', reject);
      this.#attach(secure);
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
    if (this.#first) {
      this.#first = false;
      if (chunk[0] === TLS_HANDSHAKE && this.#certificate !== null) {
        this.#secure(this.#certificate, chunk).catch(() => this.#finish());
        return;
      }
    }
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
