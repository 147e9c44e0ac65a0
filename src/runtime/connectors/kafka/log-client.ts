/**
 * What a partitioned log (Kafka) is to the engine: offsets, fetches, records produced.
 *
 * Implementations: real/kafka/ over the network, one in memory for tests. A client answers what it
 * is asked, one fetch at a time, and keeps no position; decoding records is not its work.
 */

/** Where a log is and how it lets us in; plain data. */
export interface LogConfig {
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly tls: LogTls | null;
  readonly sasl: {
    readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
    readonly username: string;
    readonly password: string;
  } | null;
  readonly requestTimeoutMs: number;
  /** Of what is produced. */
  readonly compression: 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';
}

/** TLS as the user wants it; texts are PEM. */
export interface LogTls {
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
  /** False: the name in the certificate may be another one. */
  readonly checkName: boolean;
}

/** The next offset wanted of a partition. */
export interface FetchFrom {
  readonly partition: number;
  readonly offset: bigint;
}

/** What may be fetched at once. */
export interface FetchLimits {
  readonly maxWaitMs: number;
  readonly maxBytes: number;
  readonly committedOnly: boolean;
}

/** Whole record batches of one partition; or why there are none. */
export interface PartitionFetch {
  readonly partition: number;
  /** Kafka's name of an error, null when there was none. */
  readonly error: string | null;
  readonly logStart: bigint;
  readonly highWatermark: bigint;
  readonly batches: readonly LogBatch[];
}

/** A record batch with its records still encoded. */
export interface LogBatch {
  readonly baseOffset: bigint;
  /** Behind the last offset the batch stands for, whatever of it is left. */
  readonly nextOffset: bigint;
  /** Counts the leaders of the partition: another one may have lost what an older one had. */
  readonly leaderEpoch: number;
  /** CRC-32C as stored, found right. */
  readonly crc: number;
  /** Records; 0 for batches emptied by compaction, control batches and aborted ones. */
  readonly count: number;
  /** Milliseconds since 1970. */
  readonly baseTimestamp: number;
  readonly maxTimestamp: number;
  /** The broker set one time for all records: maxTimestamp. */
  readonly appendTime: boolean;
  /** The records, uncompressed. */
  readonly bytes: Uint8Array;
}

/** A record to be produced. */
export interface LogRecord {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: Readonly<Record<string, string>>;
  /** Null: the key decides. */
  readonly partition: number | null;
}

/** A transaction that is open; only its client knows what is in it. */
export interface LogTxn {
  readonly id: string;
}

/** A connection to a log. Errors are SqlErrors: 08xxx may pass, others will not. */
export interface LogClient {
  /** Partitions of a topic; 42704 when there is no such topic. */
  partitions(topic: string): Promise<readonly number[]>;
  /** Offsets at a moment: the first record at or after it for a time in milliseconds. */
  offsets(
    topic: string, at: 'earliest' | 'latest' | bigint,
  ): Promise<ReadonlyMap<number, bigint>>;
  fetch(
    topic: string, want: readonly FetchFrom[], limits: FetchLimits,
  ): Promise<readonly PartitionFetch[]>;
  /** Resolves when all replicas in sync have the records. */
  produce(topic: string, records: readonly LogRecord[], txn?: LogTxn): Promise<void>;
  /** Begins a transaction under an id and shuts out older owners of the id. */
  begin(transactionalId: string): Promise<LogTxn>;
  commit(txn: LogTxn): Promise<void>;
  abort(txn: LogTxn): Promise<void>;
  /** Tells monitoring tools how far a reader has come; nothing depends on it. */
  commitOffsets(
    group: string, topic: string, offsets: ReadonlyMap<number, bigint>,
  ): Promise<void>;
  close(): Promise<void>;
}

/** Opens clients; connections are made when first needed. */
export interface Logs {
  open(config: LogConfig): LogClient;
}
