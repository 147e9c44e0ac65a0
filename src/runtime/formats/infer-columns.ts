/**
 * Columns for a registered schema: what CREATE SOURCE ... FROM REGISTRY declares.
 *
 * Every column may be NULL: an older or newer writer need not have it. What has no type of its own
 * in SQL (records, maps, unions) becomes jsonb.
 */
import { sqlError } from '../../common/errors.ts';
import type { SqlType, TypeName } from '../../common/types/sql-type.ts';
import { messageNamed } from './protobuf.ts';
import type { ProtoField } from './proto-schema.ts';
import { parseProto } from './proto-schema.ts';
import type { TargetColumn } from './row-builder.ts';
import type { RegisteredSchema } from './schema-registry.ts';

/** The columns; `message` names the message of a Protobuf schema with several. */
export function columnsOfSchema(
  { kind, text, imports }: RegisteredSchema, message: string | null,
): TargetColumn[] {
  switch (kind) {
    case 'AVRO': return avroColumns(text);
    case 'PROTOBUF': return messageNamed(parseProto(text, imports), message).fields
      .map((field) => ({ name: field.name, type: protoType(field), notNull: false }));
    case 'JSON':
      throw sqlError('0A000', 'columns cannot be taken from a JSON Schema', {
        hint: 'Declare the columns.',
      });
  }
}

const PROTO_SCALARS: Readonly<Record<string, TypeName>> = {
  double: 'float8', float: 'float4', int32: 'int4', sint32: 'int4', sfixed32: 'int4',
  uint32: 'int8', fixed32: 'int8', int64: 'int8', sint64: 'int8', sfixed64: 'int8',
  uint64: 'numeric', fixed64: 'numeric', bool: 'boolean', string: 'text', bytes: 'bytea',
  'google.protobuf.Timestamp': 'timestamptz', 'google.protobuf.Duration': 'interval',
  'google.protobuf.DoubleValue': 'float8', 'google.protobuf.FloatValue': 'float4',
  'google.protobuf.Int32Value': 'int4', 'google.protobuf.UInt32Value': 'int8',
  'google.protobuf.Int64Value': 'int8', 'google.protobuf.UInt64Value': 'numeric',
  'google.protobuf.BoolValue': 'boolean', 'google.protobuf.StringValue': 'text',
  'google.protobuf.BytesValue': 'bytea',
};

function protoType({ type, key, repeated }: ProtoField): SqlType {
  const element: TypeName = type.kind === 'enum' ? 'text' : PROTO_SCALARS[type.name] ?? 'jsonb';
  if (key !== null) return { name: 'jsonb' };
  if (!repeated) return { name: element };
  return type.kind === 'message' ? { name: 'jsonb' }
    : { name: 'array', element: { name: element } };
}

interface AvroSchema {
  readonly type?: unknown;
  readonly logicalType?: string;
  readonly precision?: number;
  readonly scale?: number;
  readonly fields?: readonly { readonly name: string; readonly type: unknown }[];
}

function avroColumns(text: string): TargetColumn[] {
  const { fields } = JSON.parse(text) as AvroSchema;
  if (fields === undefined) throw sqlError('42P16', 'the Avro schema is no record');
  return fields.map(({ name, type }) => ({ name, type: avroType(type), notNull: false }));
}

const AVRO_LOGICAL: Readonly<Record<string, TypeName>> = {
  date: 'date', 'time-millis': 'time', 'time-micros': 'time', 'timestamp-millis': 'timestamptz',
  'timestamp-micros': 'timestamptz', 'local-timestamp-millis': 'timestamp',
  'local-timestamp-micros': 'timestamp', uuid: 'uuid',
};
const AVRO_PLAIN: Readonly<Record<string, TypeName>> = {
  boolean: 'boolean', int: 'int4', long: 'int8', float: 'float4', double: 'float8',
  string: 'text', enum: 'text', bytes: 'bytea', fixed: 'bytea',
};

function avroType(type: unknown): SqlType {
  if (Array.isArray(type)) {
    const [only, second] = (type as readonly unknown[]).filter((each) => each !== 'null');
    return only === undefined || second !== undefined ? { name: 'jsonb' } : avroType(only);
  }
  if (typeof type === 'string') return { name: AVRO_PLAIN[type] ?? 'jsonb' };
  const { type: inner, logicalType, precision, scale } = type as AvroSchema;
  if (logicalType === 'decimal' && precision !== undefined) {
    return { name: 'numeric', mods: [precision, scale ?? 0] };
  }
  const logical = logicalType === undefined ? undefined : AVRO_LOGICAL[logicalType];
  if (logical !== undefined) return { name: logical };
  return typeof inner === 'string' ? { name: AVRO_PLAIN[inner] ?? 'jsonb' } : avroType(inner);
}
