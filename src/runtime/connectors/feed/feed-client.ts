/**
 * Streams of messages that somebody else sends: server-sent events and WebSockets, pulled.
 *
 * Implemented over sockets in real/feed/. Errors are SqlErrors of class 08.
 */

/** Where a stream is. */
export interface FeedConfig {
  readonly kind: 'sse' | 'websocket';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Sent once the WebSocket is open. */
  readonly hello: string | null;
  /** The last event that was taken, for servers that can go on behind it. */
  readonly lastEventId: string | null;
}

/** A message. */
export interface FeedMessage {
  readonly text: string;
  readonly id: string | null;
}

/** An open stream, read ahead within a bound of bytes. */
export interface Feed {
  /** Up to `count` messages that have come, or come within `waitMs`. */
  read(count: number, waitMs: number): Promise<readonly FeedMessage[]>;
  close(): void;
}

/** Opens streams. */
export interface Feeds {
  open(config: FeedConfig): Promise<Feed>;
}
