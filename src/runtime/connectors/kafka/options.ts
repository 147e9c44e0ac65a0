/**
 * Options of the Kafka connector, in both spellings: where the brokers are, how to log in, where
 * to begin, how records are written. Used by source and sink.
 */
import { must } from '../../../common/assert.ts';
import { sqlError } from '../../../common/errors.ts';
import type { StoredConnector } from '../../catalog-store-types.ts';
import { badOption, integerOption, missingOption, option, optionMap } from '../options.ts';
import type { OptionMap } from '../options.ts';
import type { ProtobufText } from '../../formats/protobuf.ts';
import type { RegistryConfig } from '../../formats/schema-registry.ts';
import type { LogConfig, LogTls } from './log-client.ts';

const REQUEST_TIMEOUT_MS = 10_000n;

/** Options of the connection, each with a sentence. */
export const CONNECTION_OPTIONS: readonly (readonly [string, string])[] = [
  ['topic', 'The topic.'],
  ['properties.bootstrap.servers', 'Brokers, host:port, separated by commas.'],
  ['properties.client.id', 'Name of this client; tidemill by default.'],
  ['properties.request.timeout.ms', 'How long an answer may take; 10000.'],
  ['properties.security.protocol', 'PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL.'],
  ['properties.sasl.mechanism', 'PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512.'],
  ['properties.sasl.username', 'User name.'],
  ['properties.sasl.password', 'Password.'],
  ['properties.sasl.jaas.config', 'User name and password as Java clients write them.'],
  ['properties.ssl.ca.pem', 'Certificates of the authority, as PEM.'],
  ['properties.ssl.certificate.pem', 'Certificate of this client, as PEM.'],
  ['properties.ssl.key.pem', 'Key of this client, as PEM.'],
  ['properties.ssl.endpoint.identification.algorithm',
    'Empty or none: the certificate may be for another name.'],
];

const SERVERS = ['properties.bootstrap.servers', 'bootstrap.servers', 'brokers'];

/** Spellings that mean the same as an option of the lists. */
export const KAFKA_SPELLINGS: readonly string[] = [
  'bootstrap.servers', 'brokers', 'scan.startup.timestamp.millis', 'scan.startup.specific_offsets',
  'schema.registry', 'avro-confluent.url', 'value.avro-confluent.url', 'avro-confluent.subject',
  'protobuf-confluent.url', 'value.protobuf.schema', 'value.protobuf.message',
  'protobuf.message-class-name', 'message', 'schema',
];

/** The topic. */
export function topicOf(options: OptionMap): string {
  const topic = option(options, 'topic');
  if (topic === null || topic.trim() === '') throw missingOption('kafka', 'topic');
  return topic.trim();
}

/** How to reach the brokers; throws for options that make no sense. */
export function logConfig(options: OptionMap): LogConfig {
  const servers = option(options, ...SERVERS);
  if (servers === null || servers.trim() === '') {
    throw missingOption('kafka', 'properties.bootstrap.servers');
  }
  const brokers = servers.split(',').map((each) => each.trim()).filter((each) => each !== '');
  for (const broker of brokers) {
    if (!/^\S+:\d+$/.test(broker)) {
      throw badOption('properties.bootstrap.servers', servers, 'host:port, separated by commas');
    }
  }
  const protocol = (option(options, 'properties.security.protocol')
    ?? (option(options, 'properties.sasl.mechanism') === null ? 'PLAINTEXT' : 'SASL_PLAINTEXT'))
    .toUpperCase();
  if (!['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'].includes(protocol)) {
    throw badOption('properties.security.protocol', protocol,
      'PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL');
  }
  return {
    brokers, clientId: option(options, 'properties.client.id') ?? 'tidemill',
    tls: protocol.endsWith('SSL') ? tlsOf(options) : null,
    sasl: protocol.startsWith('SASL') ? saslOf(options) : null,
    requestTimeoutMs: Number(integerOption(options, ['properties.request.timeout.ms'], 100n)
      ?? REQUEST_TIMEOUT_MS),
    compression: compressionOf(options),
  };
}

function tlsOf(options: OptionMap): LogTls {
  const check = option(options, 'properties.ssl.endpoint.identification.algorithm') ?? 'https';
  return {
    ca: option(options, 'properties.ssl.ca.pem'),
    cert: option(options, 'properties.ssl.certificate.pem'),
    key: option(options, 'properties.ssl.key.pem'),
    checkName: check !== '' && check.toLowerCase() !== 'none',
  };
}

function saslOf(options: OptionMap): LogConfig['sasl'] {
  const mechanism = (option(options, 'properties.sasl.mechanism') ?? 'PLAIN').toLowerCase();
  if (mechanism !== 'plain' && mechanism !== 'scram-sha-256' && mechanism !== 'scram-sha-512') {
    throw badOption('properties.sasl.mechanism', mechanism,
      'PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512');
  }
  const jaas = option(options, 'properties.sasl.jaas.config') ?? '';
  const inJaas = (name: string): string | null =>
    new RegExp(`${name}\\s*=\\s*"([^"]*)"`).exec(jaas)?.[1] ?? null;
  const username = option(options, 'properties.sasl.username') ?? inJaas('username');
  const password = option(options, 'properties.sasl.password') ?? inJaas('password');
  if (username === null) throw missingOption('kafka', 'properties.sasl.username');
  if (password === null) throw missingOption('kafka', 'properties.sasl.password');
  return { mechanism, username, password };
}

function compressionOf(options: OptionMap): LogConfig['compression'] {
  const name = (option(options, 'properties.compression.type') ?? 'none').toLowerCase();
  switch (name) {
    case 'none': case 'gzip': case 'snappy': case 'lz4': case 'zstd': return name;
    default: throw badOption('properties.compression.type', name, 'none, gzip, snappy, lz4, zstd');
  }
}

/** Where new readers begin. */
export type StartMode =
  | { readonly kind: 'earliest' | 'latest' }
  | { readonly kind: 'timestamp'; readonly millis: bigint }
  | { readonly kind: 'offsets'; readonly offsets: ReadonlyMap<number, bigint> };

/** Where new readers begin: the earliest offset unless told otherwise. */
export function startModeOf(options: OptionMap): StartMode {
  const mode = (option(options, 'scan.startup.mode') ?? 'earliest').toLowerCase();
  switch (mode) {
    case 'earliest': case 'earliest-offset': return { kind: 'earliest' };
    case 'latest': case 'latest-offset': return { kind: 'latest' };
    case 'timestamp': {
      const millis = integerOption(options,
        ['scan.startup.timestamp-millis', 'scan.startup.timestamp.millis'], 0n);
      if (millis === null) throw missingOption('kafka', 'scan.startup.timestamp-millis');
      return { kind: 'timestamp', millis };
    }
    case 'specific-offsets': return { kind: 'offsets', offsets: offsetsOf(options) };
    default:
      throw badOption('scan.startup.mode', mode,
        'earliest-offset, latest-offset, timestamp or specific-offsets');
  }
}

/** `partition:0,offset:42;partition:1,offset:300` or `0:42,1:300`. */
function offsetsOf(options: OptionMap): ReadonlyMap<number, bigint> {
  const text = option(options, 'scan.startup.specific-offsets', 'scan.startup.specific_offsets');
  if (text === null) throw missingOption('kafka', 'scan.startup.specific-offsets');
  const plain = text.replace(/partition:(\d+),offset:(\d+)/g, '$1:$2').replaceAll(';', ',');
  const found = new Map<number, bigint>();
  for (const part of plain.split(',')) {
    const pair = /^\s*(\d+)\s*:\s*(\d+)\s*$/.exec(part);
    if (pair === null) {
      throw badOption('scan.startup.specific-offsets', text, 'partition:0,offset:42;...');
    }
    found.set(Number(pair[1]), BigInt(must(pair[2], 'offset')));
  }
  return found;
}

/** Value format, key format and envelope of a declaration. */
export interface KafkaFormat {
  readonly value: string;
  readonly key: 'json' | 'text';
  readonly envelope: 'plain' | 'upsert' | 'debezium';
}

/** The formats, from FORMAT ... ENCODE or the options. */
export function formatsOf(spec: StoredConnector): KafkaFormat {
  const options = optionMap(spec.options);
  const declared = spec.format?.encode.toLowerCase() ?? option(options, 'value.format');
  const envelope = spec.format?.format.toLowerCase() ?? 'plain';
  if (declared === null) {
    throw sqlError('42601', 'connector "kafka" needs a format', {
      hint: "Add FORMAT PLAIN ENCODE JSON, or 'format' = 'json' to the options.",
    });
  }
  const key = (spec.format?.keyEncode ?? option(options, 'key.format') ?? 'json').toLowerCase();
  if (!['json', 'text', 'raw', 'bytes', 'csv'].includes(key)) {
    throw badOption('key.format', key, 'json, text or bytes');
  }
  const short: Readonly<Record<string, readonly [string, KafkaFormat['envelope']]>> = {
    'debezium-json': ['json', 'debezium'], 'upsert-json': ['json', 'upsert'],
  };
  const [value, wrapped] = short[declared] ?? [declared, null];
  return {
    value, key: key === 'json' ? 'json' : 'text',
    envelope: wrapped ?? (envelope === 'upsert' || envelope === 'debezium' ? envelope : 'plain'),
  };
}

function registryOptions(spec: StoredConnector): OptionMap {
  return optionMap([...spec.options, ...spec.format?.options ?? []]);
}

/** The .proto text and the message of Protobuf values, as far as they are given. */
export function protobufText(spec: StoredConnector): ProtobufText {
  const options = registryOptions(spec);
  return {
    schema: option(options, 'protobuf.schema', 'schema', 'value.protobuf.schema'),
    message: option(options, 'protobuf.message', 'message', 'value.protobuf.message',
      'protobuf.message-class-name'),
  };
}

/** The registry's name of what the values are. */
export function subjectOf(spec: StoredConnector): string {
  const options = registryOptions(spec);
  return option(options, 'schema.registry.subject', 'avro-confluent.subject')
    ?? `${topicOf(options)}-value`;
}

/** Where the schema registry of Avro and Protobuf values is; null where none is needed. */
export function registryConfig(spec: StoredConnector): RegistryConfig | null {
  const { value } = formatsOf(spec);
  const isProtobuf = value === 'protobuf' || value === 'protobuf-confluent';
  if (!isProtobuf && value !== 'avro' && value !== 'avro-confluent') return null;
  if (isProtobuf && protobufText(spec).schema !== null) return null;
  const options = registryOptions(spec);
  const url = option(options, 'schema.registry.url', 'schema.registry', 'avro-confluent.url',
    'value.avro-confluent.url', 'protobuf-confluent.url');
  if (url === null) throw missingOption('kafka', 'schema.registry.url');
  if (!/^https?:\/\/\S+$/.test(url)) {
    throw badOption('schema.registry.url', url, 'http://host:port');
  }
  return {
    url, username: option(options, 'schema.registry.username'),
    password: option(options, 'schema.registry.password'),
  };
}
