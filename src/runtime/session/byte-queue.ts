/**
 * A bounded queue of byte chunks from the wire to a running COPY FROM STDIN.
 *
 * `push` resolves when more is wanted: at most one chunk waits while another is worked on.
 */

/** Chunks with back-pressure; iterate it once. */
export class ByteQueue implements AsyncIterable<Uint8Array> {
  readonly #chunks: Uint8Array[] = [];
  #ended = false;
  #abandoned = false;
  #error: Error | null = null;
  #wakeReader: (() => void) | null = null;
  readonly #wakeWriters: (() => void)[] = [];

  /** Adds a chunk; resolves when the next one may come. */
  async push(chunk: Uint8Array): Promise<void> {
    if (this.#ended || this.#abandoned) return;
    this.#chunks.push(chunk);
    this.#wakeReader?.();
    if (this.#chunks.length > 1) {
      await new Promise<void>((resolve) => { this.#wakeWriters.push(resolve); });
    }
  }

  end(): void {
    this.#ended = true;
    this.#wakeReader?.();
  }

  /** Ends the stream with an error for the reader. */
  fail(error: Error): void {
    this.#error = error;
    this.end();
  }

  /** The reader is gone: whatever still comes is dropped. */
  abandon(): void {
    this.#abandoned = true;
    this.#chunks.length = 0;
    for (const wake of this.#wakeWriters.splice(0)) wake();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    for (;;) {
      if (this.#error !== null) throw this.#error;
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        this.#wakeWriters.shift()?.();
        yield chunk;
        continue;
      }
      if (this.#ended) return;
      await new Promise<void>((resolve) => { this.#wakeReader = resolve; });
      this.#wakeReader = null;
    }
  }
}
