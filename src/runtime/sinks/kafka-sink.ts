/**
 * Changes into a Kafka topic: keyed upserts, Debezium envelopes, or plain appends.
 *
 * By default an epoch may come twice after a crash, with the same records. `transactional` writes
 * a group of epochs and a marker with the last of them in one transaction, and begins behind the
 * marker: readers of committed records see each epoch once.
 */
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import type { LogBatch, LogClient, LogRecord } from '../connectors/kafka/log-client.ts';
import {
  CONNECTION_OPTIONS, KAFKA_SPELLINGS, logConfig, topicOf,
} from '../connectors/kafka/options.ts';
import { RecordWalk } from '../connectors/kafka/record-batch.ts';
import { badOption, option, optionMap } from '../connectors/options.ts';
import type { OptionMap } from '../connectors/options.ts';
import { changesOf, RowWriter } from './rows-json.ts';
import type { RowChange } from './rows-json.ts';
import type { OpenSink, SinkContext, SinkEpoch, SinkKind, SinkSpec } from './sink.ts';

const CHUNK_RECORDS = 1000;
const CHUNK_BYTES = 512 << 10;
const MARKER_TOPIC = '__tidemill_sinks';
const FETCH_BYTES = 8 << 20;
const FETCH_WAIT_MS = 100;
const MICROS_PER_MILLI = 1000n;
const ENCODER = new TextEncoder();

/** The sink `kafka`. */
export const KAFKA_SINK: SinkKind = {
  name: 'kafka',
  envelopes: ['plain', 'upsert', 'debezium'],
  options: [
    ...CONNECTION_OPTIONS,
    ['properties.compression.type', 'none (default), gzip, snappy, lz4 or zstd.'],
    ['transactional', 'true: each epoch once for readers of committed records.'],
    ['transactional.topic', `Topic of the markers; ${MARKER_TOPIC} by default.`],
  ],
  knowsOption: (name) => KAFKA_SPELLINGS.includes(name),
  check(spec: SinkSpec): void {
    const options = optionMap(spec.options);
    topicOf(options);
    logConfig(options);
    isTransactional(options);
    if (spec.encode !== 'json') {
      throw sqlError('0A000', `ENCODE ${spec.encode.toUpperCase()} is not supported for sinks`, {
        hint: 'Use ENCODE JSON.',
      });
    }
    if (spec.keyEncode !== null && !['json', 'text'].includes(spec.keyEncode)) {
      throw badOption('key.format', spec.keyEncode, 'json or text');
    }
    if (spec.keyEncode === 'text' && spec.key?.length !== 1) {
      throw sqlError('42P16', 'KEY ENCODE TEXT needs a key of one column');
    }
  },
  async prepare(context: SinkContext): Promise<void> {
    const sink = new KafkaSink(context);
    try {
      await sink.meet();
    } finally {
      sink.close();
    }
  },
  open: (context) => new KafkaSink(context),
};

function isTransactional(options: OptionMap): boolean {
  const value = option(options, 'transactional') ?? 'false';
  if (value !== 'true' && value !== 'false') throw badOption('transactional', value, 'true, false');
  return value === 'true';
}

class KafkaSink implements OpenSink {
  readonly #spec: SinkSpec;
  readonly #topic: string;
  readonly #markers: string | null;
  readonly #client: LogClient;
  readonly #writer: RowWriter;

  constructor({ spec, outside }: SinkContext) {
    const options = optionMap(spec.options);
    this.#spec = spec;
    this.#topic = topicOf(options);
    this.#markers = isTransactional(options)
      ? option(options, 'transactional.topic') ?? MARKER_TOPIC : null;
    if (outside.logs === undefined) {
      throw sqlError('0A000', 'connector "kafka" needs a network, and this engine has none');
    }
    this.#client = outside.logs.open(logConfig(options));
    this.#writer = new RowWriter(spec.columns);
  }

  /** Fails when the brokers or a topic are not there. */
  async meet(): Promise<void> {
    await this.#client.partitions(this.#topic);
    if (this.#markers !== null) await this.#client.partitions(this.#markers);
  }

  async lastEpoch(): Promise<bigint | null> {
    if (this.#markers === null) return null;
    // Shuts out an older owner: what it had not committed is gone before the markers are read.
    await this.#client.abort(await this.#client.begin(this.#spec.id));
    let last: bigint | null = null;
    const ends = await this.#client.offsets(this.#markers, 'latest');
    const starts = await this.#client.offsets(this.#markers, 'earliest');
    for (const [partition, end] of ends) {
      const from = starts.get(partition) ?? 0n;
      const found = await this.#lastMarker(this.#markers, partition, [from, end]);
      if (found !== null && (last === null || found > last)) last = found;
    }
    return last;
  }

  async #lastMarker(
    topic: string, partition: number, [from, end]: readonly [bigint, bigint],
  ): Promise<bigint | null> {
    let last: bigint | null = null;
    for (let offset = from; offset < end;) {
      const [answer] = await this.#client.fetch(topic, [{ partition, offset }],
        { maxWaitMs: FETCH_WAIT_MS, maxBytes: FETCH_BYTES, committedOnly: true });
      if (answer === undefined || answer.error !== null) {
        throw sqlError('08006', `Kafka: ${answer?.error ?? 'no answer'}`);
      }
      if (answer.batches.length === 0) return last;
      for (const batch of answer.batches) {
        last = markerIn(batch, this.#spec.id) ?? last;
        offset = batch.nextOffset;
      }
    }
    return last;
  }

  async deliver(epochs: readonly SinkEpoch[]): Promise<void> {
    if (this.#markers === null) {
      for (const chunk of this.#chunks(epochs)) await this.#client.produce(this.#topic, chunk);
      return;
    }
    const txn = await this.#client.begin(this.#spec.id);
    try {
      for (const chunk of this.#chunks(epochs)) {
        await this.#client.produce(this.#topic, chunk, txn);
      }
      const last = must(epochs.at(-1), 'epoch').epoch;
      await this.#client.produce(this.#markers, [{
        key: ENCODER.encode(this.#spec.id), value: ENCODER.encode(last.toString()), headers: {},
        partition: null,
      }], txn);
    } catch (error) {
      await this.#client.abort(txn).catch(() => undefined);
      throw error;
    }
    await this.#client.commit(txn);
  }

  *#chunks(epochs: readonly SinkEpoch[]): Generator<LogRecord[], void> {
    let chunk: LogRecord[] = [];
    let bytes = 0;
    for (const record of this.#records(epochs)) {
      chunk.push(record);
      bytes += (record.key?.length ?? 0) + (record.value?.length ?? 0);
      if (chunk.length < CHUNK_RECORDS && bytes < CHUNK_BYTES) continue;
      yield chunk;
      chunk = [];
      bytes = 0;
    }
    if (chunk.length > 0) yield chunk;
  }

  *#records(epochs: readonly SinkEpoch[]): Generator<LogRecord, void> {
    for (const epoch of epochs) {
      let seq = 0;
      for (const change of changesOf(epoch.delta, this.#spec.key, this.#writer)) {
        const value = this.#value(epoch, change);
        if (value === undefined) continue;
        yield {
          key: this.#key(epoch, change), value: value === null ? null : ENCODER.encode(value),
          headers: {
            'tidemill-sink': this.#spec.name, 'tidemill-epoch': epoch.epoch.toString(),
            'tidemill-seq': String(seq++),
          },
          partition: null,
        };
      }
    }
  }

  #key({ delta }: SinkEpoch, { key, before, after }: RowChange): Uint8Array | null {
    if (key === null) return null;
    const [column] = this.#spec.key ?? [];
    if (this.#spec.keyEncode !== 'text' || column === undefined) return ENCODER.encode(key);
    const text = this.#writer.value(delta, after >= 0 ? after : before, column);
    return ENCODER.encode(text.startsWith('"') ? String(JSON.parse(text)) : text);
  }

  /** The record's value: null for a deletion, undefined when there is nothing to say. */
  #value({ delta, at }: SinkEpoch, { before, after }: RowChange): string | null | undefined {
    const row = (number: number): string => number < 0 ? 'null'
      : this.#writer.object(delta, number);
    switch (this.#spec.envelope) {
      case 'plain': return after < 0 ? undefined : row(after);
      case 'upsert': return after < 0 ? null : row(after);
      case 'debezium': {
        const op = before < 0 ? 'c' : after < 0 ? 'd' : 'u';
        const source = `{"connector":"tidemill","name":${JSON.stringify(this.#spec.name)}}`;
        return `{"before":${row(before)},"after":${row(after)},"op":"${op}",`
          + `"ts_ms":${at / MICROS_PER_MILLI},"source":${source}}`;
      }
    }
  }

  close(): void {
    this.#client.close().catch(() => undefined);
  }
}

/** The last epoch a batch of markers holds for a sink, or null. */
function markerIn(batch: LogBatch, id: string): bigint | null {
  const walk = new RecordWalk();
  const decoder = new TextDecoder();
  let last: bigint | null = null;
  walk.walk(batch);
  for (let record = 0; record < walk.count; record++) {
    const value = walk.value(record);
    if (value === null || decoder.decode(walk.key(record) ?? undefined) !== id) continue;
    last = BigInt(decoder.decode(value));
  }
  return last;
}
