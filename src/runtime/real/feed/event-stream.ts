/**
 * The text of an event stream (text/event-stream) cut into events, however it arrives.
 */
import type { FeedMessage } from '../../connectors/feed/feed-client.ts';

const EVENT_MAX = 64 << 20;

/** Cuts a stream. */
export class EventCutter {
  readonly #decoder = new TextDecoder('utf-8');
  readonly #take: (event: FeedMessage) => void;
  #rest = '';
  #data: string[] = [];
  #size = 0;
  #id: string | null = null;

  constructor(take: (event: FeedMessage) => void) {
    this.#take = take;
  }

  push(chunk: Uint8Array): void {
    const text = this.#rest + this.#decoder.decode(chunk, { stream: true });
    // A carriage return at the end may be the first half of a line break.
    const whole = text.endsWith('\r') ? text.slice(0, -1) : text;
    const lines = whole.split(/\r\n|\n|\r/);
    this.#rest = (lines.pop() ?? '') + text.slice(whole.length);
    if (this.#rest.length + this.#size > EVENT_MAX) throw new Error('event is too long');
    for (const line of lines) this.#line(line);
  }

  #line(line: string): void {
    if (line === '') {
      if (this.#data.length > 0) this.#take({ text: this.#data.join('\n'), id: this.#id });
      this.#data = [];
      this.#size = 0;
      return;
    }
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'data') {
      this.#data.push(value);
      this.#size += value.length;
    } else if (field === 'id' && !value.includes('\0')) this.#id = value;
  }
}
