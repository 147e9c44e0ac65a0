/**
 * HTTP as sinks see it: one request, no redirects, addresses checked before they are used.
 *
 * Implemented in real/http/.
 */

/** A request with a body. */
export interface HttpRequest {
  readonly url: string;
  readonly method: 'POST' | 'PUT';
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly timeoutMs: number;
  /** Addresses of private networks and of this machine may be used. */
  readonly allowPrivate: boolean;
}

/** What came back; 08006 is thrown when nothing did. */
export interface HttpAnswer {
  readonly status: number;
  /** Retry-After in seconds, where the server said so. */
  readonly retryAfter: number | null;
  /** The beginning of the body. */
  readonly text: string;
}

/** Sends requests. */
export interface HttpClient {
  send(request: HttpRequest): Promise<HttpAnswer>;
}
