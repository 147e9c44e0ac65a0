/**
 * A LogClient over kafkajs: its cluster for reading, its producers for writing.
 *
 * A fetch that never comes back makes the client drop its connections and begin anew with the
 * next call; positions are the caller's. Only real/kafka/ imports kafkajs.
 */
import { createRequire } from 'node:module';
import type { Kafka, Message, Producer, Transaction } from 'kafkajs';
import { must } from '../../../common/assert.ts';
import { sqlError } from '../../../common/errors.ts';
import type {
  FetchFrom, FetchLimits, LogClient, LogConfig, LogRecord, Logs, LogTxn, PartitionFetch,
} from '../../connectors/kafka/log-client.ts';
import { pack } from './codecs.ts';
import { readFetchAnswer } from './fetch-answer.ts';
import type { KafkaCluster } from './kafkajs-internals.ts';
import {
  connectionOptions, errorName, openCluster, sendFetch, silentLogger,
} from './kafkajs-internals.ts';
import { logError } from './log-errors.ts';

const load = createRequire(import.meta.url);
/** Loaded when the first client is opened: most engines never need it. */
const kafkajs = (): typeof import('kafkajs') => load('kafkajs') as typeof import('kafkajs');
const PARTITION_BYTES = 1 << 20;
const WATCHDOG_WAITS = 5;
const STALE_LEADER: ReadonlySet<string> = new Set([
  'NOT_LEADER_FOR_PARTITION', 'LEADER_NOT_AVAILABLE', 'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH', 'REPLICA_NOT_AVAILABLE', 'UNKNOWN_TOPIC_OR_PARTITION',
]);

const COMPRESSION = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 } as const;

/** Logs over the network. */
export const kafkaLogs: Logs = { open: (config) => new KafkaClient(config) };

interface OpenTransaction {
  readonly producer: Producer;
  readonly transaction: Transaction;
}

class KafkaClient implements LogClient {
  readonly #config: LogConfig;
  readonly #kafka: Kafka;
  #cluster: KafkaCluster | null = null;
  #connecting: Promise<KafkaCluster> | null = null;
  #producer: Promise<Producer> | null = null;
  readonly #transactional = new Map<string, Promise<Producer>>();
  readonly #transactions = new Map<LogTxn, OpenTransaction>();

  constructor(config: LogConfig) {
    this.#config = config;
    const { CompressionCodecs, CompressionTypes, logLevel, Kafka: KafkaClass } = kafkajs();
    CompressionCodecs[CompressionTypes.Snappy] = codec('snappy');
    CompressionCodecs[CompressionTypes.LZ4] = codec('lz4');
    CompressionCodecs[CompressionTypes.ZSTD] = codec('zstd');
    this.#kafka = new KafkaClass({
      ...connectionOptions(config) as object, brokers: [...config.brokers],
      logLevel: logLevel.NOTHING, logCreator: silentLogger,
    });
  }

  async #open(topic: string): Promise<KafkaCluster> {
    this.#connecting ??= this.#connect();
    try {
      const cluster = await this.#connecting;
      await cluster.addTargetTopic(topic);
      return cluster;
    } catch (error) {
      this.#drop();
      throw logError(error, topic);
    }
  }

  async #connect(): Promise<KafkaCluster> {
    const cluster = openCluster(this.#config);
    this.#cluster = cluster;
    await cluster.connect();
    return cluster;
  }

  /** Forgets the connections; the next call makes new ones. */
  #drop(): void {
    const old = this.#cluster;
    this.#cluster = null;
    this.#connecting = null;
    old?.disconnect().catch(() => undefined);
  }

  async partitions(topic: string): Promise<readonly number[]> {
    const cluster = await this.#open(topic);
    try {
      await cluster.refreshMetadata();
    } catch (error) {
      this.#drop();
      throw logError(error, topic);
    }
    const found = cluster.findTopicPartitionMetadata(topic);
    if (found.length === 0) throw sqlError('42704', `topic "${topic}" does not exist`);
    return found.map(({ partitionId }) => partitionId).toSorted((a, b) => a - b);
  }

  async offsets(
    topic: string, at: 'earliest' | 'latest' | bigint,
  ): Promise<ReadonlyMap<number, bigint>> {
    const cluster = await this.#open(topic);
    const timestamp = at === 'earliest' ? '-2' : at === 'latest' ? '-1' : String(at);
    const partitions = cluster.findTopicPartitionMetadata(topic);
    const found = new Map<number, bigint>();
    try {
      for (const [leader, ids] of byLeader(partitions, (id) => id)) {
        const broker = await cluster.findBroker({ nodeId: leader });
        const { responses } = await broker.listOffsets({
          replicaId: -1, isolationLevel: 1,
          topics: [{ topic, partitions: ids.map((partition) => ({ partition, timestamp })) }],
        });
        for (const { partition, offset } of responses[0]?.partitions ?? []) {
          found.set(partition, BigInt(offset));
        }
      }
    } catch (error) {
      this.#drop();
      throw logError(error, topic);
    }
    return found;
  }

  async fetch(
    topic: string, want: readonly FetchFrom[], limits: FetchLimits,
  ): Promise<readonly PartitionFetch[]> {
    const patience = WATCHDOG_WAITS * limits.maxWaitMs + this.#config.requestTimeoutMs;
    let timer: NodeJS.Timeout | null = null;
    const watchdog = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer in ${patience} ms`)), patience);
    });
    try {
      return await Promise.race([this.#fetch(topic, want, limits), watchdog]);
    } catch (error) {
      this.#drop();
      throw logError(error, topic);
    } finally {
      if (timer !== null) clearTimeout(timer);
    }
  }

  async #fetch(
    topic: string, want: readonly FetchFrom[], limits: FetchLimits,
  ): Promise<readonly PartitionFetch[]> {
    const cluster = await this.#open(topic);
    const known = cluster.findTopicPartitionMetadata(topic);
    const wanted = new Map(want.map(({ partition, offset }) => [partition, offset]));
    const leaders = byLeader(known.filter(({ partitionId }) => wanted.has(partitionId)),
      (partition): FetchFrom => ({
        partition, offset: must(wanted.get(partition), 'wanted offset'),
      }));
    const answers = await Promise.all([...leaders].map(async ([leader, from]) => {
      const broker = await cluster.findBroker({ nodeId: leader });
      const { bytes, version } = await sendFetch(broker, {
        replicaId: -1, maxWaitTime: limits.maxWaitMs, minBytes: 1, maxBytes: limits.maxBytes,
        isolationLevel: limits.committedOnly ? 1 : 0,
        topics: [{ topic, partitions: from.map(({ partition, offset }) => ({
          partition, fetchOffset: offset.toString(), maxBytes: PARTITION_BYTES,
        })) }],
      });
      return readFetchAnswer(bytes, version);
    }));
    const all = answers.flat();
    if (all.some(({ error }) => error !== null && STALE_LEADER.has(error))) {
      await cluster.refreshMetadata();
    }
    return all;
  }

  async produce(topic: string, records: readonly LogRecord[], txn?: LogTxn): Promise<void> {
    const messages = records.map(messageOf);
    const compression = COMPRESSION[this.#config.compression];
    try {
      if (txn !== undefined) {
        const { transaction } = must(this.#transactions.get(txn), 'open transaction');
        await transaction.send({ topic, messages, acks: -1, compression });
        return;
      }
      this.#producer ??= this.#connectProducer({ idempotent: true });
      await (await this.#producer).send({ topic, messages, acks: -1, compression });
    } catch (error) {
      if (txn === undefined) this.#dropProducer();
      throw logError(error, topic);
    }
  }

  #dropProducer(): void {
    const old = this.#producer;
    this.#producer = null;
    old?.then((producer) => producer.disconnect()).catch(() => undefined);
  }

  async #connectProducer(
    options: { readonly idempotent: boolean; readonly transactionalId?: string },
  ): Promise<Producer> {
    const producer = this.#kafka.producer({
      ...options, maxInFlightRequests: 1, allowAutoTopicCreation: false,
      createPartitioner: kafkajs().Partitioners.DefaultPartitioner,
      retry: { retries: 5, initialRetryTime: 100 },
    });
    await producer.connect();
    return producer;
  }

  async begin(transactionalId: string): Promise<LogTxn> {
    const txn: LogTxn = { id: transactionalId };
    try {
      let producer = this.#transactional.get(transactionalId);
      if (producer === undefined) {
        producer = this.#connectProducer({ idempotent: true, transactionalId });
        this.#transactional.set(transactionalId, producer);
      }
      const connected = await producer;
      this.#transactions.set(txn,
        { producer: connected, transaction: await connected.transaction() });
      return txn;
    } catch (error) {
      this.#transactional.delete(transactionalId);
      throw logError(error, transactionalId);
    }
  }

  commit(txn: LogTxn): Promise<void> {
    return this.#end(txn, (transaction) => transaction.commit());
  }

  abort(txn: LogTxn): Promise<void> {
    return this.#end(txn, (transaction) => transaction.abort());
  }

  async #end(txn: LogTxn, how: (transaction: Transaction) => Promise<void>): Promise<void> {
    const { producer, transaction } = must(this.#transactions.get(txn), 'open transaction');
    this.#transactions.delete(txn);
    try {
      await how(transaction);
    } catch (error) {
      this.#transactional.delete(txn.id);
      producer.disconnect().catch(() => undefined);
      throw logError(error, txn.id);
    }
  }

  async commitOffsets(
    group: string, topic: string, offsets: ReadonlyMap<number, bigint>,
  ): Promise<void> {
    try {
      const cluster = await this.#open(topic);
      const coordinator = await cluster.findGroupCoordinator({ groupId: group });
      await coordinator.offsetCommit({
        groupId: group, groupGenerationId: -1, memberId: '',
        topics: [{ topic, partitions: [...offsets].map(([partition, offset]) =>
          ({ partition, offset: offset.toString() })) }],
      });
    } catch (error) {
      throw logError(error, topic);
    }
  }

  async close(): Promise<void> {
    this.#drop();
    const open = [this.#producer, ...this.#transactional.values()];
    await Promise.all(open.map(async (each) => {
      await each?.then((client) => client.disconnect()).catch(() => undefined);
    }));
  }
}

/** Partitions by the node that leads them. */
function byLeader<T>(
  partitions: readonly { readonly partitionId: number; readonly leader: number;
    readonly partitionErrorCode: number }[],
  make: (partition: number) => T,
): Map<string, T[]> {
  const leaders = new Map<string, T[]>();
  for (const { partitionId, leader, partitionErrorCode } of partitions) {
    if (leader < 0) throw new Error(errorName(partitionErrorCode));
    const list = leaders.get(String(leader)) ?? [];
    list.push(make(partitionId));
    leaders.set(String(leader), list);
  }
  return leaders;
}

function messageOf({ key, value, headers, partition }: LogRecord): Message {
  return {
    key: key === null ? null : asBuffer(key), value: value === null ? null : asBuffer(value),
    headers: { ...headers }, ...partition === null ? {} : { partition },
  };
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function codec(name: string): () => { compress(encoder: { buffer: Buffer }): Promise<Buffer>;
  decompress(buffer: Buffer): Promise<Buffer> } {
  return () => ({
    compress: async ({ buffer }) => Buffer.from(pack(name, buffer)),
    decompress: () => Promise.reject(new Error('records are unpacked elsewhere')),
  });
}
