/**
 * The connector `kafka`: options, formats and metadata checked when a relation is declared.
 *
 * `prepare` meets the brokers, so that a declaration with a wrong address, login or topic fails at
 * once; it fixes where reading begins. kafka/source.ts reads.
 */
import { must } from '../../../common/assert.ts';
import { sqlError } from '../../../common/errors.ts';
import { formatType } from '../../../common/types/registry.ts';
import { printName } from '../../../parser/print-names.ts';
import { columnsOfSchema } from '../../formats/infer-columns.ts';
import { WriterSchemas } from '../../formats/schema-registry.ts';
import type { SchemaRegistry } from '../../formats/schema-registry.ts';
import { valueDecoder } from '../../formats/value-decoder.ts';
import type { StoredConnector } from '../../catalog-store-types.ts';
import type { Outside } from '../../storage/interfaces.ts';
import type {
  Connector, ConnectorColumn, ConnectorContext, DeclaredRelation, OpenConnector,
} from '../connector.ts';
import { badOption, integerOption, option, optionMap } from '../options.ts';
import type { OptionMap } from '../options.ts';
import { RecordDecoder } from './decoder.ts';
import type { DecoderPlan } from './decoder.ts';
import type { LogClient, Logs } from './log-client.ts';
import { checkMetadata, metadataType } from './metadata.ts';
import {
  CONNECTION_OPTIONS, formatsOf, KAFKA_SPELLINGS, logConfig, protobufText, registryConfig,
  startModeOf, subjectOf, topicOf,
} from './options.ts';
import { EARLIEST, KafkaSource } from './source.ts';

const MAX_WAIT_MS = 100n;
const DISCOVERY_MS = 10_000n;

/** The connector `kafka`. */
export const KAFKA: Connector = {
  name: 'kafka',
  envelopes: ['upsert', 'debezium'],
  options: [
    ...CONNECTION_OPTIONS,
    ['properties.group.id', 'Group under which progress is shown to monitoring tools.'],
    ['properties.isolation.level', 'read_committed (default) or read_uncommitted.'],
    ['properties.fetch.max.wait.ms', 'How long a broker may wait for records; 100.'],
    ['properties.topic.metadata.refresh.interval.ms', 'How often to look for new partitions.'],
    ['scan.startup.mode', 'earliest-offset (default), latest-offset, timestamp, specific-offsets.'],
    ['scan.startup.timestamp-millis', 'Begin with records of this time.'],
    ['scan.startup.specific-offsets', 'Begin at these offsets: partition:0,offset:42;...'],
    ['value.format', 'Format of values: json, avro, protobuf, csv, text, bytes.'],
    ['key.format', 'Format of keys: json, text, bytes.'],
    ['schema.registry.url', 'Schema registry of Avro and Protobuf values.'],
    ['schema.registry.subject', 'Its name of the values; <topic>-value.'],
    ['schema.registry.username', 'User name for the registry.'],
    ['schema.registry.password', 'Password for the registry.'],
    ['protobuf.schema', 'The .proto text of Protobuf values, without a registry.'],
    ['protobuf.message', 'The message, where the schema has several.'],
    ['csv.separator', 'Separator of CSV fields, a comma by default.'],
  ],
  knowsOption: (name) => KAFKA_SPELLINGS.includes(name),
  defaultColumns: () => null,
  metadataType,
  check,
  prepare,
  discover,
  open: openSource,
};

function check(
  spec: StoredConnector, columns: readonly ConnectorColumn[], relation: DeclaredRelation,
): void {
  const options = optionMap(spec.options);
  topicOf(options);
  logConfig(options);
  startModeOf(options);
  committedOnly(options);
  for (const { column, what } of spec.metadata) {
    checkMetadata(what, must(columns[column], 'metadata column').type);
  }
  const { envelope, value } = formatsOf(spec);
  if (envelope !== 'plain') {
    checkKeyed(envelope, value, relation);
  }
  registryConfig(spec);
  void new RecordDecoder(planOf(spec, columns, relation.primaryKey));
}

function checkKeyed(envelope: string, value: string, relation: DeclaredRelation): void {
  const name = `FORMAT ${envelope.toUpperCase()}`;
  if (value !== 'json') {
    throw sqlError('0A000', `${name} ENCODE ${value.toUpperCase()} is not supported`, {
      hint: 'Use ENCODE JSON.',
    });
  }
  if (!relation.stored) {
    throw sqlError('0A000', `${name} needs a table: a source does not keep what a change replaces`,
      { hint: 'Use CREATE TABLE with the same clauses.' });
  }
  if (relation.primaryKey.length === 0) {
    throw sqlError('42P16', `${name} needs a primary key`, {
      hint: 'Declare PRIMARY KEY (columns), for instance of INCLUDE KEY AS k.',
    });
  }
}

function committedOnly(options: OptionMap): boolean {
  const level = option(options, 'properties.isolation.level') ?? 'read_committed';
  if (level !== 'read_committed' && level !== 'read_uncommitted') {
    throw badOption('properties.isolation.level', level, 'read_committed or read_uncommitted');
  }
  return level === 'read_committed';
}

function separatorOf(spec: StoredConnector, options: OptionMap): string {
  const format = optionMap(spec.format?.options ?? []);
  const text = option(format, 'delimiter', 'separator')
    ?? option(options, 'csv.separator', 'csv.field-delimiter') ?? ',';
  if (text === '\\t' || text === 'tab') return '\t';
  if (text.length === 1) return text;
  throw badOption('csv.separator', text, 'one character');
}

function planOf(
  spec: StoredConnector, columns: readonly ConnectorColumn[], primaryKey: readonly number[],
  schemas: WriterSchemas | null = null,
): DecoderPlan {
  const options = optionMap(spec.options);
  const formats = formatsOf(spec);
  const separator = separatorOf(spec, options);
  const protobuf = protobufText(spec);
  return {
    topic: topicOf(options), columns, metadata: spec.metadata, envelope: formats.envelope,
    keyFormat: formats.key, primaryKey, needed: null,
    value: (data, read) =>
      valueDecoder(formats.value, { columns: data, separator, schemas, protobuf,
        needed: read }),
  };
}

function logsOf(outside: Outside): Logs {
  if (outside.logs !== undefined) return outside.logs;
  throw sqlError('0A000', 'connector "kafka" needs a network, and this engine has none');
}

/** The schema registry of the values; null where none is needed. */
function registryOf(spec: StoredConnector, outside: Outside): SchemaRegistry | null {
  const config = registryConfig(spec);
  if (config === null) return null;
  if (outside.registries !== undefined) return outside.registries(config);
  throw sqlError('0A000', 'the format needs a schema registry, and this engine has no network');
}

/** The columns of the newest schema of the topic's values; null for formats without a registry. */
async function discover(spec: StoredConnector, outside: Outside): Promise<string | null> {
  const registry = registryOf(spec, outside);
  const { schema: text, message } = protobufText(spec);
  if (registry === null) {
    return text === null ? null
      : listed(columnsOfSchema({ kind: 'PROTOBUF', text, imports: [] }, message));
  }
  const subject = subjectOf(spec);
  const schema = await registry.latest(subject);
  if (schema !== null) return listed(columnsOfSchema(schema, message));
  throw sqlError('42704', `the schema registry has no subject "${subject}"`, {
    hint: 'Declare the columns, or set schema.registry.subject.',
  });
}

/** Columns as CREATE TABLE lists them. */
function listed(columns: readonly ConnectorColumn[]): string {
  return columns.map(({ name, type }) => `${printName(name)} ${formatType(type)}`).join(', ');
}

/** Meets the brokers and fixes where each partition begins. */
async function prepare(spec: StoredConnector, outside: Outside): Promise<StoredConnector> {
  const options = optionMap(spec.options);
  const topic = topicOf(options);
  await registryOf(spec, outside)?.meet();
  const client = logsOf(outside).open(logConfig(options));
  try {
    return { ...spec, start: await startPositions(client, topic, options) };
  } finally {
    await client.close();
  }
}

async function startPositions(
  client: LogClient, topic: string, options: OptionMap,
): Promise<readonly bigint[]> {
  const partitions = await client.partitions(topic);
  const mode = startModeOf(options);
  switch (mode.kind) {
    case 'earliest': {
      await client.offsets(topic, 'earliest');
      return partitions.map(() => EARLIEST);
    }
    case 'latest': {
      const latest = await client.offsets(topic, 'latest');
      return partitions.map((partition) => latest.get(partition) ?? 0n);
    }
    case 'timestamp': {
      const [found, latest] = [await client.offsets(topic, mode.millis),
        await client.offsets(topic, 'latest')];
      return partitions.map((partition) => {
        const at = found.get(partition) ?? -1n;
        return at >= 0n ? at : latest.get(partition) ?? 0n;
      });
    }
    case 'offsets': {
      for (const partition of mode.offsets.keys()) {
        if (!partitions.includes(partition)) {
          throw sqlError('22023', `topic "${topic}" has no partition ${partition}`);
        }
      }
      return partitions.map((partition) => mode.offsets.get(partition) ?? EARLIEST);
    }
  }
}

function openSource(context: ConnectorContext): OpenConnector {
  const { spec, columns, primaryKey, outside } = context;
  const options = optionMap(spec.options);
  const wait = integerOption(options, ['properties.fetch.max.wait.ms'], 1n) ?? MAX_WAIT_MS;
  const discovery = integerOption(options, ['properties.topic.metadata.refresh.interval.ms'], 1n)
    ?? DISCOVERY_MS;
  const registry = registryOf(spec, outside);
  const schemas = registry === null ? null : new WriterSchemas(registry);
  const plan = { ...planOf(spec, columns, primaryKey, schemas), needed: context.needed };
  return new KafkaSource({
    schemas,
    topic: plan.topic, start: spec.start ?? [EARLIEST], maxWaitMs: Number(wait),
    committedOnly: committedOnly(options), discoveryMicros: discovery * 1000n,
    group: option(options, 'properties.group.id'),
    decoder: () => new RecordDecoder(plan),
    connect: () => logsOf(outside).open(logConfig(options)),
  });
}
