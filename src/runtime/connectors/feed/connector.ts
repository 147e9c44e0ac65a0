/**
 * The connectors `sse` and `websocket`: JSON messages of a stream that cannot be read twice.
 *
 * Rows go into the log. What is sent while nobody listens is lost, unless the server of an event
 * stream goes on behind the last event id it is told, as it is while this process lives.
 */
import { sqlError } from '../../../common/errors.ts';
import type { StoredConnector } from '../../catalog-store-types.ts';
import { JsonDecoder } from '../../formats/json.ts';
import type { Outside } from '../../storage/interfaces.ts';
import type {
  Connector, ConnectorContext, DeadLetter, OpenConnector, PollLimits, SourceBatch,
} from '../connector.ts';
import { badOption, missingOption, option, optionMap } from '../options.ts';
import type { Feed, FeedConfig, Feeds } from './feed-client.ts';

const HEADER = 'header.';
const WAIT_MS = 100;
const IDLE_MICROS = 1000n;
const ENCODER = new TextEncoder();

/** Server-sent events. */
export const SSE: Connector = feedConnector('sse', [
  ['url', 'Address of the event stream: http:// or https://.'],
  ['header.<name>', 'A header of the request.'],
]);

/** Messages of a WebSocket. */
export const WEBSOCKET: Connector = feedConnector('websocket', [
  ['url', 'Address of the WebSocket: ws:// or wss://.'],
  ['subscribe.message', 'A text sent once the socket is open.'],
  ['header.<name>', 'A header of the request.'],
]);

function feedConnector(kind: FeedConfig['kind'], options: Connector['options']): Connector {
  return {
    name: kind,
    options,
    knowsOption: (name) => name.startsWith(HEADER),
    defaultColumns: () => null,
    check(spec: StoredConnector): void {
      void configOf(kind, spec);
      const encode = spec.format?.encode.toLowerCase() ?? 'json';
      if (encode !== 'json') {
        throw sqlError('0A000', `ENCODE ${encode.toUpperCase()} is not supported for "${kind}"`, {
          hint: 'Use ENCODE JSON.',
        });
      }
    },
    async prepare(spec: StoredConnector, outside: Outside): Promise<StoredConnector> {
      const feed = await feedsOf(kind, outside).open(configOf(kind, spec));
      feed.close();
      return spec;
    },
    open: (context) => new FeedSource(kind, context),
  };
}

function configOf(kind: FeedConfig['kind'], spec: StoredConnector): FeedConfig {
  const options = optionMap(spec.options);
  const url = option(options, 'url');
  if (url === null) throw missingOption(kind, 'url');
  const [pattern, wanted] = kind === 'sse' ? [/^https?:\/\/[^\s@]+$/, 'http://... or https://...']
    : [/^wss?:\/\/[^\s@]+$/, 'ws://... or wss://...'];
  if (!pattern.test(url)) throw badOption('url', url, wanted);
  return {
    kind, url, hello: option(options, 'subscribe.message'), lastEventId: null,
    headers: Object.fromEntries(spec.options.filter(([name]) => name.startsWith(HEADER))
      .map(([name, value]) => [name.slice(HEADER.length), value])),
  };
}

function feedsOf(kind: string, outside: Outside): Feeds {
  if (outside.feeds !== undefined) return outside.feeds;
  throw sqlError('0A000', `connector "${kind}" needs a network, and this engine has none`);
}

class FeedSource implements OpenConnector {
  readonly partitions = 1;
  readonly #config: FeedConfig;
  readonly #feeds: Feeds;
  readonly #decoder: JsonDecoder;
  #feed: Feed | null = null;
  #lastEventId: string | null = null;
  #closed = false;

  constructor(kind: FeedConfig['kind'], { spec, outside, columns }: ConnectorContext) {
    this.#config = configOf(kind, spec);
    this.#feeds = feedsOf(kind, outside);
    this.#decoder = new JsonDecoder(columns);
  }

  nextPollAt(_partition: number, _from: bigint, now: bigint): bigint {
    return now + IDLE_MICROS;
  }

  async poll(_partition: number, from: bigint, limits: PollLimits): Promise<SourceBatch> {
    try {
      this.#feed ??= await this.#feeds.open({ ...this.#config, lastEventId: this.#lastEventId });
      if (this.#closed) this.close();
      const messages = await this.#feed?.read(limits.rows, WAIT_MS) ?? [];
      const deadLetters: DeadLetter[] = [];
      const offsets: bigint[] = [];
      for (const [at, { text, id }] of messages.entries()) {
        const position = from + BigInt(at);
        const error = this.#decoder.decode(text, 0, text.length);
        if (error !== null) {
          deadLetters.push({ ...error, position, payload: ENCODER.encode(text) });
        }
        while (offsets.length < this.#decoder.rows.count) offsets.push(position);
        this.#lastEventId = id ?? this.#lastEventId;
      }
      return {
        batch: this.#decoder.rows.take(), deadLetters, next: from + BigInt(messages.length),
        offsets: BigInt64Array.from(offsets), ended: false, caughtUp: messages.length === 0,
        checksum: 0, inline: true,
      };
    } catch (error) {
      this.#feed?.close();
      this.#feed = null;
      throw error;
    }
  }

  reread(): Promise<never> {
    throw sqlError('XX001', 'a stream of messages cannot be read again');
  }

  redecode(_partition: number, letter: DeadLetter): Pick<SourceBatch, 'batch' | 'deadLetters'> {
    const text = new TextDecoder().decode(letter.payload);
    const error = this.#decoder.decode(text, 0, text.length);
    return {
      batch: this.#decoder.rows.take(),
      deadLetters: error === null ? [] : [{ ...letter, ...error }],
    };
  }

  close(): void {
    this.#closed = true;
    this.#feed?.close();
    this.#feed = null;
  }
}
