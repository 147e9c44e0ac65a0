/**
 * Changes as HTTP requests: batches of JSON under a key that stays the same when they come again.
 *
 * A request that fails is tried again, ever later; after `retry.max` tries, or at once when the
 * answer says that trying again is no use, its batch goes to the sink's dead letters.
 */
import { sqlError } from '../../common/errors.ts';
import {
  badOption, integerOption, missingOption, option, optionMap,
} from '../connectors/options.ts';
import type { OptionMap } from '../connectors/options.ts';
import type { HttpAnswer, HttpClient } from './http-client.ts';
import { changesOf, RowWriter } from './rows-json.ts';
import type {
  OpenSink, SinkContext, SinkEpoch, SinkKind, SinkLetter, SinkSpec,
} from './sink.ts';

const NAME = 'webhook';
const HEADER = 'header.';
const BATCH_ROWS = 100n;
const RETRY_MAX = 10n;
const BACKOFF_MS = 500n;
const BACKOFF_MAX_MS = 60_000;
const TIMEOUT_MS = 10_000n;
const TOO_MANY = 429;
const MICROS_PER_MILLI = 1000n;
const ENCODER = new TextEncoder();

/** The sink `webhook`. */
export const WEBHOOK_SINK: SinkKind = {
  name: NAME,
  envelopes: ['plain', 'upsert', 'debezium'],
  keepsLetters: true,
  options: [
    ['url', 'Where to POST to.'],
    ['batch.rows', 'Rows in a request; 100.'],
    ['rate.limit', 'Requests a second at most; no limit by default.'],
    ['retry.max', 'Tries of a request before its rows are dead letters; 10.'],
    ['retry.backoff.ms', 'Wait before the second try, doubled each time; 500.'],
    ['timeout.ms', 'How long an answer may take; 10000.'],
    ['allow.private', 'true: addresses of private networks may be used.'],
    ['header.<name>', 'A header of every request.'],
  ],
  knowsOption: (name) => name.startsWith(HEADER),
  check(spec: SinkSpec): void {
    void configOf(spec);
    if (spec.encode !== 'json') {
      throw sqlError('0A000', `ENCODE ${spec.encode.toUpperCase()} is not supported for sinks`, {
        hint: 'Use ENCODE JSON.',
      });
    }
  },
  prepare({ outside }: SinkContext): Promise<void> {
    void clientOf(outside);
    return Promise.resolve();
  },
  open: (context) => new WebhookSink(context),
};

interface Config {
  readonly url: string;
  readonly rows: number;
  /** Time between two requests at least. */
  readonly gapMs: number;
  readonly tries: number;
  readonly backoffMs: number;
  readonly timeoutMs: number;
  readonly allowPrivate: boolean;
  readonly headers: Readonly<Record<string, string>>;
}

function configOf(spec: SinkSpec): Config {
  const options = optionMap(spec.options);
  const url = option(options, 'url');
  if (url === null) throw missingOption(NAME, 'url');
  if (!/^https?:\/\/[^\s@]+$/.test(url)) throw badOption('url', url, 'http://... or https://...');
  const number = (name: string, usual: bigint): number =>
    Number(integerOption(options, [name], 1n) ?? usual);
  const rate = integerOption(options, ['rate.limit'], 1n);
  return {
    url, rows: number('batch.rows', BATCH_ROWS), gapMs: rate === null ? 0 : 1000 / Number(rate),
    tries: number('retry.max', RETRY_MAX), backoffMs: number('retry.backoff.ms', BACKOFF_MS),
    timeoutMs: number('timeout.ms', TIMEOUT_MS), allowPrivate: allowsPrivate(options),
    headers: Object.fromEntries(spec.options.filter(([name]) => name.startsWith(HEADER))
      .map(([name, value]) => [name.slice(HEADER.length), value])),
  };
}

function allowsPrivate(options: OptionMap): boolean {
  const text = option(options, 'allow.private') ?? 'false';
  if (text !== 'true' && text !== 'false') throw badOption('allow.private', text, 'true or false');
  return text === 'true';
}

function clientOf(outside: SinkContext['outside']): HttpClient {
  if (outside.http !== undefined) return outside.http;
  throw sqlError('0A000', `sink "${NAME}" needs a network, and this engine has none`);
}

class WebhookSink implements OpenSink {
  readonly #context: SinkContext;
  readonly #spec: SinkSpec;
  readonly #config: Config;
  readonly #client: HttpClient;
  readonly #writer: RowWriter;
  #sentAtMs = 0;

  constructor(context: SinkContext) {
    this.#context = context;
    this.#spec = context.spec;
    this.#config = configOf(context.spec);
    this.#client = clientOf(context.outside);
    this.#writer = new RowWriter(context.spec.columns);
  }

  lastEpoch(): Promise<null> {
    return Promise.resolve(null);
  }

  async deliver(epochs: readonly SinkEpoch[]): Promise<readonly SinkLetter[]> {
    const letters: SinkLetter[] = [];
    for (const epoch of epochs) {
      let seq = 0;
      for (const rows of this.#batches(epoch)) {
        const letter = await this.#send(epoch.epoch, seq++, `[${rows.join(',')}]`);
        if (letter !== null) letters.push(letter);
      }
    }
    return letters;
  }

  *#batches(epoch: SinkEpoch): Generator<readonly string[], void> {
    let rows: string[] = [];
    for (const change of changesOf(epoch.delta, this.#spec.key, this.#writer)) {
      const row = this.#row(epoch, change);
      if (row === null) continue;
      rows.push(row);
      if (rows.length < this.#config.rows) continue;
      yield rows;
      rows = [];
    }
    if (rows.length > 0) yield rows;
  }

  #row(
    { delta, at }: SinkEpoch,
    { key, before, after }: ReturnType<typeof changesOf>[number],
  ): string | null {
    const row = (number: number): string => number < 0 ? 'null'
      : this.#writer.object(delta, number);
    switch (this.#spec.envelope) {
      case 'plain': return after < 0 ? null : row(after);
      case 'upsert': return `{"key":${key ?? 'null'},"value":${row(after)}}`;
      case 'debezium': {
        const op = before < 0 ? 'c' : after < 0 ? 'd' : 'u';
        return `{"before":${row(before)},"after":${row(after)},"op":"${op}",`
          + `"ts_ms":${at / MICROS_PER_MILLI}}`;
      }
    }
  }

  /** Sends a batch until it is taken; a dead letter when it will not be. */
  async #send(epoch: bigint, seq: number, body: string): Promise<SinkLetter | null> {
    const { tries, backoffMs } = this.#config;
    let reason = '';
    for (let tried = 1; tried <= tries; tried++) {
      const answer = await this.#try(`${this.#spec.id}:${epoch}:${seq}`, body);
      if (typeof answer !== 'string' && answer.status >= 200 && answer.status < 300) return null;
      reason = typeof answer === 'string' ? answer
        : `status ${answer.status}: ${answer.text}`.slice(0, 500);
      if (typeof answer !== 'string' && isFinal(answer.status)) break;
      if (tried === tries) break;
      this.#context.stalled(`try ${tried} of ${tries}: ${reason}`);
      const told = typeof answer === 'string' ? null : answer.retryAfter;
      await this.#sleep(told === null ? Math.min(backoffMs * 2 ** (tried - 1), BACKOFF_MAX_MS)
        : Math.min(told * 1000, BACKOFF_MAX_MS));
    }
    return { epoch, seq, reason, payload: ENCODER.encode(body) };
  }

  async #try(key: string, body: string): Promise<HttpAnswer | string> {
    const { url, headers, timeoutMs, allowPrivate, gapMs } = this.#config;
    const { clock } = this.#context;
    await this.#sleep(this.#sentAtMs + gapMs - clock.elapsedMs());
    this.#sentAtMs = clock.elapsedMs();
    try {
      return await this.#client.send({
        url, method: 'POST', timeoutMs, allowPrivate, body: ENCODER.encode(body),
        headers: { 'content-type': 'application/json', ...headers, 'idempotency-key': key },
      });
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  async #sleep(ms: number): Promise<void> {
    const { clock } = this.#context;
    const until = clock.elapsedMs() + ms;
    for (let left = ms; left > 0; left = until - clock.elapsedMs()) {
      if (this.#context.stopped()) throw sqlError('08006', 'the sink was stopped');
      await new Promise<void>((resolve) => {
        const step = BigInt(Math.ceil(Math.min(left, SLICE_MS))) * MICROS_PER_MILLI;
        clock.timer(clock.nowMicros() + step, resolve);
      });
    }
  }

  close(): void {
    // Nothing is kept open between requests.
  }
}

/** How long a wait goes on after the sink was stopped, at most. */
const SLICE_MS = 100;

/** True for answers that will be the same the next time. */
function isFinal(status: number): boolean {
  return status >= 300 && status < 500 && status !== TOO_MANY && status !== 408 && status !== 425;
}
