/**
 * Messages between a socket and whoever pulls them: bounded, the socket waits when it is full.
 */
import type { Socket } from 'node:net';
import { sqlError } from '../../../common/errors.ts';
import type { Feed, FeedMessage } from '../../connectors/feed/feed-client.ts';

const CHARACTERS_MAX = 8 << 20;

/** The messages of one socket. */
export class FeedQueue implements Feed {
  readonly #socket: Socket;
  #messages: FeedMessage[] = [];
  #characters = 0;
  #error: Error | null = null;
  #wake: (() => void) | null = null;

  constructor(socket: Socket, name: string) {
    this.#socket = socket;
    socket.on('error', (error) => this.fail(`${name}: ${error.message}`));
    socket.on('close', () => this.fail(`${name} closed the stream`));
  }

  push(message: FeedMessage): void {
    this.#messages.push(message);
    this.#characters += message.text.length;
    if (this.#characters > CHARACTERS_MAX) this.#socket.pause();
    this.#wake?.();
  }

  fail(reason: string): void {
    this.#error ??= sqlError('08006', reason);
    this.#wake?.();
  }

  async read(count: number, waitMs: number): Promise<readonly FeedMessage[]> {
    if (this.#messages.length === 0 && this.#error === null) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, waitMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = null;
    }
    if (this.#messages.length === 0 && this.#error !== null) throw this.#error;
    const taken = this.#messages.splice(0, count);
    for (const { text } of taken) this.#characters -= text.length;
    if (this.#characters <= CHARACTERS_MAX && this.#socket.isPaused()) this.#socket.resume();
    return taken;
  }

  close(): void {
    this.#socket.destroy();
  }
}
