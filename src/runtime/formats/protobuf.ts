/**
 * Protobuf messages to rows: framed with the number of a registered schema, or by a given one.
 *
 * Columns are found by the names of fields (`orderId`, `orderid` and `order_id` are one name). What
 * a writer's schema lacks is NULL, what it has more is passed over; a field whose type no longer
 * fits makes a dead letter. Enums are their names, Timestamps times, other messages jsonb.
 */
import { must } from '../../common/assert.ts';
import { bytesToBase64 } from '../../common/base64.ts';
import { SqlError, sqlError } from '../../common/errors.ts';
import { formatType, formatValue, parseValue } from '../../common/types/registry.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import { sqlArray } from '../../common/values.ts';
import type { RecordError } from './json.ts';
import { parseProto } from './proto-schema.ts';
import type { ProtoField, ProtoMessage, ProtoSchema, ProtoType } from './proto-schema.ts';
import { DELIMITED, WireReader, wireOf } from './proto-wire.ts';
import type { ProtoScalar } from './proto-wire.ts';
import { notNullViolated, RowBuilder } from './row-builder.ts';
import type { TargetColumn } from './row-builder.ts';
import { FRAME_BYTES, schemaIdOf } from './schema-registry.ts';
import type { RegisteredSchema, WriterSchemas } from './schema-registry.ts';

const DEPTH_MAX = 64;
const NANOS_PER_MICRO = 1000n;
const MICROS_PER_SECOND = 1_000_000n;

/** A schema written in the declaration. */
export interface ProtobufText {
  /** The .proto text; null: a registry has it. */
  readonly schema: string | null;
  /** Name of the message; null: the first, or what the framing says. */
  readonly message: string | null;
}

/** A decoded message: its values by field. */
interface ProtoRecord {
  readonly message: ProtoMessage;
  readonly values: ReadonlyMap<ProtoField, ProtoValue>;
}

type ProtoValue = ProtoScalar | ProtoRecord | readonly ProtoValue[]
  | ReadonlyMap<string, ProtoValue>;

/** Decodes Protobuf values. */
export interface ProtobufDecoder {
  readonly kind: 'bytes';
  readonly rows: RowBuilder;
  /** Reads a value; null when it has become a row. */
  decode(bytes: Uint8Array): RecordError | null;
}

/** A decoder into columns; throws for a schema that cannot be read. */
export function protobufDecoder(
  columns: readonly TargetColumn[], schemas: WriterSchemas | null, given: ProtobufText | null,
): ProtobufDecoder {
  const rows = new RowBuilder(columns);
  const parsed = new Map<number, ProtoSchema>();
  const own = given?.schema == null ? null : parseProto(given.schema);
  const message = given?.message ?? null;
  if (own !== null) messageNamed(own, message);
  const read = (bytes: Uint8Array): Located => {
    if (own !== null) {
      return { schema: own, message: messageNamed(own, message), body: new WireReader(bytes) };
    }
    const id = schemaIdOf(bytes);
    if (id === null) {
      throw sqlError('22P03', 'not a Protobuf message with the number of its schema');
    }
    const schema = parsed.get(id) ?? schemaOf(id, schemas?.get(id) ?? null);
    parsed.set(id, schema);
    return framed(schema, bytes, message);
  };
  return { kind: 'bytes', rows, decode: (bytes) => decodeValue(rows, read, bytes) };
}

interface Located {
  readonly schema: ProtoSchema;
  readonly message: ProtoMessage;
  readonly body: WireReader;
}

function schemaOf(id: number, registered: RegisteredSchema | null): ProtoSchema {
  if (registered?.kind === 'PROTOBUF') return parseProto(registered.text, registered.imports);
  throw sqlError('22P03', `Protobuf schema ${id} is not in the registry`);
}

/** A message by its name, with or without its package; the first one for null. */
export function messageNamed(schema: ProtoSchema, name: string | null): ProtoMessage {
  const wanted = name ?? schema.tree[0]?.name ?? '';
  const found = schema.messages.get(wanted)
    ?? [...schema.messages.values()].find((each) => each.name.endsWith(`.${wanted}`));
  if (found !== undefined) return found;
  throw sqlError('42704', name === null ? 'the Protobuf schema has no message'
    : `the Protobuf schema has no message "${name}"`);
}

/** Behind the schema's number: the path to the message, then its bytes. */
function framed(schema: ProtoSchema, bytes: Uint8Array, name: string | null): Located {
  const body = new WireReader(bytes, FRAME_BYTES);
  const path = [];
  for (let left = body.zigzag(); left > 0; left--) path.push(body.zigzag());
  let nodes = schema.tree;
  let found = null;
  for (const index of path.length === 0 ? [0] : path) {
    found = nodes[index];
    if (found === undefined) throw sqlError('22P03', 'the schema has no message of this index');
    nodes = found.inner;
  }
  const message = messageNamed(schema, must(found, 'message').name);
  if (name !== null && message !== messageNamed(schema, name)) {
    throw sqlError('22P03', `a message "${message.name}", not "${name}"`);
  }
  return { schema, message, body };
}

function decodeValue(
  rows: RowBuilder, read: (bytes: Uint8Array) => Located, bytes: Uint8Array,
): RecordError | null {
  const { columns } = rows;
  let column: TargetColumn | undefined;
  try {
    const { schema, message, body } = read(bytes);
    const wanted = columns.map(({ name }) => fieldOf(message, name));
    const record = readMessage(message, body, { schema, depth: 0, wanted: new Set(wanted) });
    rows.begin();
    for (let at = 0; at < columns.length; at++) {
      column = columns[at];
      const field = wanted[at] ?? null;
      const value = field === null ? null : record.values.get(field) ?? null;
      if (column === undefined || field === null || value === null) continue;
      writeCell(rows, at, { schema, type: field.type, value });
    }
    column = columns[rows.missing()];
    if (column !== undefined) throw notNullViolated(column);
    rows.finish();
    return null;
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    rows.abandon();
    return { sqlState: error.sqlState, reason: error.message, column: column?.name ?? null };
  }
}

function fieldOf(message: ProtoMessage, column: string): ProtoField | null {
  const plain = (name: string): string => name.replaceAll('_', '').toLowerCase();
  return message.fields.find(({ name }) => name === column)
    ?? message.fields.find(({ name }) => plain(name) === plain(column)) ?? null;
}

interface Reading {
  readonly schema: ProtoSchema;
  readonly depth: number;
  /** Fields to be kept; null: all. */
  readonly wanted: ReadonlySet<ProtoField | null> | null;
}

function readMessage(message: ProtoMessage, body: WireReader, reading: Reading): ProtoRecord {
  const { schema, depth, wanted } = reading;
  if (depth > DEPTH_MAX) {
    throw sqlError('54001', `Protobuf is nested deeper than ${DEPTH_MAX} levels`);
  }
  const values = new Map<ProtoField, ProtoValue>();
  while (!body.done) {
    const tag = body.number();
    const field = message.byNumber.get(Math.floor(tag / 8));
    const wire = tag % 8;
    if (tag < 8) throw sqlError('22P03', 'not a Protobuf message: a field has the number 0');
    if (field === undefined || (wanted !== null && !wanted.has(field))) body.skip(wire);
    else readField(field, wire, { body, values, schema, depth });
  }
  for (const field of message.fields) {
    if (values.has(field) || (wanted !== null && !wanted.has(field))) continue;
    if (field.required) {
      throw sqlError('22P03', `not a message "${message.name}": "${field.name}" is missing`);
    }
    const zero = zeroOf(schema, field);
    if (zero !== null) values.set(field, zero);
  }
  return { message, values };
}

interface FieldReading extends Omit<Reading, 'wanted'> {
  readonly body: WireReader;
  readonly values: Map<ProtoField, ProtoValue>;
}

function readField(field: ProtoField, wire: number, reading: FieldReading): void {
  const { body, values } = reading;
  const packed = wire === DELIMITED && field.repeated && wireOf(field.type) !== DELIMITED;
  if (field.key !== null) {
    const map = new Map(values.get(field) as ReadonlyMap<string, ProtoValue> | undefined);
    const [key, value] = readEntry(field, reading);
    values.set(field, map.set(key, value));
  } else if (packed) {
    const inner = new WireReader(body.delimited());
    const list = [...values.get(field) as readonly ProtoValue[] | undefined ?? []];
    while (!inner.done) list.push(readValue(field.type, inner, reading));
    values.set(field, list);
  } else if (wire !== wireOf(field.type)) {
    throw sqlError('22P03', `field "${field.name}" is written in another way than its schema says`);
  } else {
    const value = readValue(field.type, body, reading);
    const before = values.get(field) as readonly ProtoValue[] | undefined;
    values.set(field, field.repeated ? [...before ?? [], value] : value);
  }
}

function readEntry(field: ProtoField, reading: FieldReading): [string, ProtoValue] {
  const entry = new WireReader(reading.body.delimited());
  const keyType: ProtoType = { kind: 'scalar', name: must(field.key, 'key type') };
  let key: ProtoValue | null = null;
  let value: ProtoValue | null = null;
  while (!entry.done) {
    const tag = entry.number();
    if (tag === 8 + wireOf(keyType)) key = readValue(keyType, entry, reading);
    else if (tag === 16 + wireOf(field.type)) value = readValue(field.type, entry, reading);
    else entry.skip(tag % 8);
  }
  const zero = zeroOf(reading.schema, { ...field, key: null, repeated: false, presence: false });
  return [plainText(key ?? zeroScalar(keyType.name), { name: 'text' }), value ?? zero ?? ''];
}

function readValue(
  type: ProtoType, body: WireReader, { schema, depth }: Omit<Reading, 'wanted'>,
): ProtoValue {
  switch (type.kind) {
    case 'scalar': return body.scalar(type.name);
    case 'enum': return enumText(schema, type, Number(body.scalar('int32')));
    case 'message': return readMessage(must(schema.messages.get(type.name), 'message'),
      new WireReader(body.delimited()), { schema, depth: depth + 1, wanted: null });
  }
}

function enumText(schema: ProtoSchema, type: ProtoType, value: number): string | number {
  return schema.enums.get(type.name)?.get(value) ?? value;
}

function zeroScalar(name: string): ProtoScalar {
  switch (name) {
    case 'string': return '';
    case 'bytes': return new Uint8Array(0);
    case 'bool': return false;
    case 'int64': case 'uint64': case 'sint64': case 'fixed64': case 'sfixed64': return 0n;
    default: return 0;
  }
}

/** What an absent field stands for; null for NULL. */
function zeroOf(schema: ProtoSchema, field: ProtoField): ProtoValue | null {
  if (field.key !== null) return new Map();
  if (field.repeated) return [];
  if (field.presence || field.type.kind === 'message') return null;
  return field.type.kind === 'enum' ? enumText(schema, field.type, 0)
    : zeroScalar(field.type.name);
}

interface CellValue {
  readonly schema: ProtoSchema;
  readonly type: ProtoType;
  readonly value: ProtoValue;
}

function isRecord(value: ProtoValue): value is ProtoRecord {
  return typeof value === 'object' && 'message' in value;
}

/** The only value of a wrapper, `undefined` for other messages. */
function unwrapped({ message, values }: ProtoRecord): ProtoValue | undefined {
  return /^google\.protobuf\.\w+Value$/.test(message.name)
    ? [...values.values()][0] : undefined;
}

function writeCell(rows: RowBuilder, at: number, { schema, type, value }: CellValue): void {
  const target = must(rows.columns[at], 'column').type;
  if (isRecord(value)) {
    const inner = unwrapped(value);
    if (inner !== undefined) return writeCell(rows, at, { schema, type, value: inner });
  }
  if (target.name === 'json' || target.name === 'jsonb') return rows.setText(at, jsonText(value));
  if (isRecord(value)) return writeMessage(rows, at, value);
  if (target.name === 'array') {
    if (!Array.isArray(value)) throw unfit(target);
    const element = must(target.element, 'element type');
    const list = value as readonly ProtoValue[];
    return rows.set(at, sqlArray(list.map((each) => element.name === 'bytea'
      && each instanceof Uint8Array ? each : parseValue(plainText(each, element), element))));
  }
  switch (typeof value) {
    case 'boolean': return rows.setBoolean(at, value);
    case 'string': return rows.setText(at, value);
    case 'bigint': return rows.setNumber(at, value.toString());
    case 'number':
      if (target.name === 'float8' || target.name === 'float4') return rows.set(at, value);
      return Number.isFinite(value) ? rows.setNumber(at, String(value))
        : rows.setText(at, String(value));
    default: break;
  }
  if (value instanceof Uint8Array && target.name === 'bytea') return rows.set(at, value);
  throw unfit(target);
}

function writeMessage(rows: RowBuilder, at: number, record: ProtoRecord): void {
  const target = must(rows.columns[at], 'column').type;
  const micros = microsOf(record);
  if (record.message.name === 'google.protobuf.Timestamp') {
    if (target.name === 'timestamp' || target.name === 'timestamptz') return rows.set(at, micros);
    if (target.name === 'text') return rows.setText(at, jsonText(record).slice(1, -1));
  }
  if (record.message.name === 'google.protobuf.Duration' && target.name === 'interval') {
    return rows.setText(at, `${secondsText(micros)} seconds`);
  }
  throw unfit(target);
}

/** Seconds and nanoseconds of a Timestamp or Duration. */
function microsOf({ values }: ProtoRecord): bigint {
  const [seconds, nanos] = [...values.values()];
  return BigInt(typeof seconds === 'bigint' ? seconds : 0n) * MICROS_PER_SECOND
    + BigInt(typeof nanos === 'number' ? nanos : 0) / NANOS_PER_MICRO;
}

function secondsText(micros: bigint): string {
  const size = micros < 0n ? -micros : micros;
  const fraction = (size % MICROS_PER_SECOND).toString().padStart(6, '0');
  return `${micros < 0n ? '-' : ''}${size / MICROS_PER_SECOND}.${fraction}`;
}

function plainText(value: ProtoValue, type: SqlType): string {
  switch (typeof value) {
    case 'bigint': case 'number': case 'boolean': return String(value);
    case 'string': return value;
    default: break;
  }
  if (type.name === 'json' || type.name === 'jsonb') return jsonText(value);
  if (isRecord(value) && value.message.name === 'google.protobuf.Timestamp') {
    return jsonText(value).slice(1, -1);
  }
  throw unfit(type);
}

/** A value as JSON; integers keep all their digits. */
function jsonText(value: ProtoValue): string {
  switch (typeof value) {
    case 'bigint': return value.toString();
    case 'number': return Number.isFinite(value) ? String(value) : `"${value}"`;
    case 'boolean': return String(value);
    case 'string': return JSON.stringify(value);
    default: break;
  }
  if (value instanceof Uint8Array) return `"${bytesToBase64(value)}"`;
  if (value instanceof Map) {
    const entries = [...value as ReadonlyMap<string, ProtoValue>];
    return `{${entries.map(([key, each]) => `${JSON.stringify(key)}:${jsonText(each)}`)
      .join(',')}}`;
  }
  if (!isRecord(value)) {
    return `[${(value as readonly ProtoValue[]).map((each) => jsonText(each)).join(',')}]`;
  }
  const inner = unwrapped(value);
  if (inner !== undefined) return jsonText(inner);
  if (value.message.name === 'google.protobuf.Timestamp') {
    const text = formatValue(microsOf(value), { name: 'timestamp' }) ?? '';
    return `"${text.replace(' ', 'T')}Z"`;
  }
  if (value.message.name === 'google.protobuf.Duration') {
    return `"${secondsText(microsOf(value))}s"`;
  }
  return `{${[...value.values].map(([{ name }, each]) =>
    `${JSON.stringify(name)}:${jsonText(each)}`).join(',')}}`;
}

function unfit(type: SqlType): SqlError {
  return sqlError('42804', `cannot read type ${formatType(type)} from this Protobuf field`);
}
