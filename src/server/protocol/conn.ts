/**
 * A byte stream to one client, as the protocol code sees it.
 *
 * The real one wraps a socket (real/listener.ts); tests and simulation bring their own.
 */

/** One connection. */
export interface Conn {
  /** The next bytes, or null when the client has gone. Bytes are the caller's to keep. */
  read(): Promise<Uint8Array | null>;
  /** False when the buffer is full: wait for `drained`. The bytes must not be changed after. */
  write(bytes: Uint8Array): boolean;
  drained(): Promise<void>;
  close(): void;
  readonly remoteAddress: string;
  /** Goes on under TLS; rejects when bytes came before. Absent: TLS is not offered. */
  readonly startTls?: (() => Promise<void>) | undefined;
  /** Under TLS the hash of the server's certificate (tls-server-end-point), else null. */
  readonly channelBinding?: Uint8Array | null;
  /** Called once when the client has gone, also while nobody reads. */
  onClose(listener: () => void): void;
}
