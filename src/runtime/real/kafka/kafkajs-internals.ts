/**
 * The parts of kafkajs that its public face hides: the cluster, requests, names of errors.
 *
 * kafkajs has no way to read partitions without a consumer group, so its cluster is used as it is.
 * Every name taken from its source is here; the package is pinned exactly for that.
 */
import { createRequire } from 'node:module';
import type { LogConfig } from '../../connectors/kafka/log-client.ts';

const load = createRequire(import.meta.url);

/** A request as kafkajs sends it. */
interface Protocol {
  readonly request: unknown;
  readonly response: {
    decode(raw: Uint8Array): Promise<unknown>;
    parse(decoded: unknown): Promise<unknown>;
  };
  readonly requestTimeout?: number;
}

/** A broker of the cluster. */
export interface KafkaBroker {
  readonly versions: Readonly<Record<number, { readonly minVersion: number;
    readonly maxVersion: number } | undefined>> | null;
  readonly connectionPool: { send(protocol: Protocol): Promise<unknown> };
  listOffsets(request: unknown): Promise<{ readonly responses: readonly {
    readonly partitions: readonly { readonly partition: number; readonly offset: string }[];
  }[] }>;
}

/** A partition in the cluster's metadata. */
export interface PartitionMetadata {
  readonly partitionId: number;
  readonly partitionErrorCode: number;
  readonly leader: number;
}

/** The cluster. */
export interface KafkaCluster {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  addTargetTopic(topic: string): Promise<void>;
  refreshMetadata(): Promise<void>;
  findTopicPartitionMetadata(topic: string): readonly PartitionMetadata[];
  findGroupCoordinator(of: { readonly groupId: string }): Promise<{
    offsetCommit(request: unknown): Promise<unknown>;
  }>;
  findBroker(of: { readonly nodeId: string }): Promise<KafkaBroker>;
}

/** Options kafkajs takes for a connection. */
export interface ConnectionOptions {
  readonly brokers: string[];
  readonly clientId: string;
  readonly ssl: object | boolean;
  readonly sasl?: { readonly mechanism: string; readonly username: string;
    readonly password: string };
  readonly connectionTimeout: number;
  readonly authenticationTimeout: number;
  readonly requestTimeout: number;
  readonly enforceRequestTimeout: boolean;
  readonly retry: { readonly retries: number; readonly initialRetryTime: number };
}

const CONNECT_TIMEOUT_MS = 3000;
const FETCH_API = 1;
const FETCH_MIN = 4;
const FETCH_MAX = 11;

/** What kafkajs is told of a log. */
export function connectionOptions(config: LogConfig): ConnectionOptions {
  const { tls, sasl } = config;
  return {
    brokers: [...config.brokers], clientId: config.clientId,
    ssl: tls === null ? false : {
      ...tls.ca === null ? {} : { ca: tls.ca }, ...tls.cert === null ? {} : { cert: tls.cert },
      ...tls.key === null ? {} : { key: tls.key },
      ...tls.checkName ? {} : { checkServerIdentity: () => undefined },
    },
    ...sasl === null ? {} : { sasl },
    connectionTimeout: CONNECT_TIMEOUT_MS, authenticationTimeout: CONNECT_TIMEOUT_MS,
    requestTimeout: config.requestTimeoutMs, enforceRequestTimeout: true,
    retry: { retries: 1, initialRetryTime: 100 },
  };
}

type ClusterClass = new (options: object) => KafkaCluster;
type MakeLogger = (options: object) => unknown;

/** A logger of kafkajs that says nothing: errors reach us as errors. */
export const silentLogger = (): (() => void) => () => undefined;

/** A cluster for reading. */
export function openCluster(config: LogConfig): KafkaCluster {
  const Cluster = load('kafkajs/src/cluster') as ClusterClass;
  const { createLogger, LEVELS } = load('kafkajs/src/loggers') as
    { createLogger: MakeLogger; LEVELS: { NOTHING: number } };
  const socketFactory = (load('kafkajs/src/network/socketFactory') as () => unknown)();
  return new Cluster({
    ...connectionOptions(config), socketFactory, allowAutoTopicCreation: false,
    metadataMaxAge: 300_000, maxInFlightRequests: null,
    logger: createLogger({ level: LEVELS.NOTHING, logCreator: silentLogger }),
  });
}

/** Kafka's name of an error code. */
export function errorName(code: number): string {
  const { createErrorFromCode } = load('kafkajs/src/protocol/error') as
    { createErrorFromCode: (code: number) => { readonly type?: string } };
  return createErrorFromCode(code).type ?? `ERROR_${code}`;
}

/** What a fetch asks for, in kafkajs's words. */
export interface FetchRequest {
  readonly replicaId: -1;
  readonly maxWaitTime: number;
  readonly minBytes: number;
  readonly maxBytes: number;
  readonly isolationLevel: 0 | 1;
  readonly topics: readonly { readonly topic: string; readonly partitions: readonly {
    readonly partition: number; readonly fetchOffset: string; readonly maxBytes: number;
  }[] }[];
}

/** Sends a fetch; the answer's bytes and the version they are in. */
export async function sendFetch(
  broker: KafkaBroker, request: FetchRequest,
): Promise<{ readonly version: number; readonly bytes: Uint8Array }> {
  const known = broker.versions?.[FETCH_API];
  const version = Math.min(FETCH_MAX, known?.maxVersion ?? FETCH_MIN);
  if (version < FETCH_MIN || version < (known?.minVersion ?? 0)) {
    throw new Error(`the broker speaks no version of Fetch from ${FETCH_MIN} to ${FETCH_MAX}`);
  }
  const encode = load(`kafkajs/src/protocol/requests/fetch/v${version}/request`) as
    (request: FetchRequest) => unknown;
  const bytes = await broker.connectionPool.send({
    request: encode(request), requestTimeout: request.maxWaitTime + 5000,
    response: { decode: (raw) => Promise.resolve(raw), parse: (raw) => Promise.resolve(raw) },
  });
  return { version, bytes: bytes as Uint8Array };
}
