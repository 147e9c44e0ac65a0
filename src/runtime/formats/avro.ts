/**
 * Avro values in the Confluent framing (a zero byte, the schema's number, the record) to rows.
 *
 * Columns are found by name in the writer's schema. Longs stay exact, decimals are numerics and
 * logical times times. Schemas are loaded before records are decoded; decoding itself waits for
 * nothing. The only place that imports avsc.
 */
import avro from 'avsc';
import { SqlError, sqlError } from '../../common/errors.ts';
import { formatType } from '../../common/types/registry.ts';
import { formatNumeric, makeNumeric } from '../../common/types/numeric.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { RecordError } from './json.ts';
import { notNullViolated, RowBuilder } from './row-builder.ts';
import type { TargetColumn } from './row-builder.ts';
import { FRAME_BYTES, schemaIdOf } from './schema-registry.ts';
import type { WriterSchemas } from './schema-registry.ts';

const MICROS_PER_MILLI = 1000n;

/** A logical value of Avro that is no plain number. */
class Logical {
  readonly kind: 'micros' | 'days' | 'decimal';
  readonly value: bigint;
  readonly scale: number;

  constructor(kind: Logical['kind'], value: bigint, scale: number = 0) {
    this.kind = kind;
    this.value = value;
    this.scale = scale;
  }

  toJSON(): string { return this.text(); }

  text(): string {
    return this.kind === 'decimal' ? formatNumeric(makeNumeric(this.value, this.scale))
      : this.value.toString();
  }
}

/** Longs as bigints: avsc's own refuse what a double does not hold. */
const LONG = avro.types.LongType.__with({
  fromBuffer: (bytes: Buffer): bigint => bytes.readBigInt64LE(),
  toBuffer: (value: bigint): Buffer => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(value);
    return bytes;
  },
  fromJSON: BigInt, toJSON: Number,
  isValid: (value: unknown): boolean => typeof value === 'bigint',
  compare: (a: bigint, b: bigint): number => (a === b ? 0 : a < b ? -1 : 1),
});

type Raw = bigint | number | Uint8Array;

function logical(convert: (value: Raw, schema: { scale?: number }) => Logical):
new (schema: avro.Schema) => avro.types.LogicalType {
  return class extends avro.types.LogicalType {
    readonly #schema: { scale?: number };

    constructor(schema: avro.Schema) {
      super(schema);
      this.#schema = schema as { scale?: number };
    }

    protected override _fromValue(value: Raw): Logical { return convert(value, this.#schema); }
    protected override _toValue(): never { throw new Error('values are only read'); }
  } as unknown as new (schema: avro.Schema) => avro.types.LogicalType;
}

function unscaled(bytes: Raw): bigint {
  if (!(bytes instanceof Uint8Array)) return BigInt(bytes);
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return bytes.length === 0 ? 0n : BigInt.asIntN(bytes.length * 8, value);
}

const millis = (value: Raw): Logical => new Logical('micros', unscaled(value) * MICROS_PER_MILLI);
const micros = (value: Raw): Logical => new Logical('micros', unscaled(value));
const LOGICAL_TYPES = {
  'timestamp-millis': logical(millis), 'timestamp-micros': logical(micros),
  'local-timestamp-millis': logical(millis), 'local-timestamp-micros': logical(micros),
  'time-millis': logical(millis), 'time-micros': logical(micros),
  date: logical((value) => new Logical('days', unscaled(value))),
  decimal: logical((value, { scale }) => new Logical('decimal', unscaled(value), scale ?? 0)),
};

/** Writer schemas as types, by number. */
class AvroTypes {
  readonly #schemas: WriterSchemas | null;
  readonly #types = new Map<number, avro.Type | null>();

  constructor(schemas: WriterSchemas | null) {
    this.#schemas = schemas;
  }

  /** Null: the registry does not know it, or it is no Avro schema. */
  get(id: number): avro.Type | null {
    let type = this.#types.get(id) ?? null;
    if (type !== null) return type;
    const schema = this.#schemas?.get(id) ?? null;
    type = schema === null ? null : parsed(schema.text);
    this.#types.set(id, type);
    return type;
  }
}

function parsed(text: string): avro.Type | null {
  try {
    return avro.Type.forSchema(JSON.parse(text) as avro.Schema, {
      logicalTypes: LOGICAL_TYPES, registry: { long: LONG },
    });
  } catch {
    return null;
  }
}

/** Decodes Avro values. */
export interface AvroDecoder {
  readonly kind: 'bytes';
  readonly rows: RowBuilder;
  /** Reads a value; null when it has become a row. */
  decode(bytes: Uint8Array): RecordError | null;
}

/** A decoder of framed values into columns; without schemas it only checks the columns. */
export function avroDecoder(
  columns: readonly TargetColumn[], schemas: WriterSchemas | null,
): AvroDecoder {
  const rows = new RowBuilder(columns);
  const types = new AvroTypes(schemas);
  return { kind: 'bytes', rows, decode: (bytes) => decodeValue(rows, types, bytes) };
}

function decodeValue(
  rows: RowBuilder, types: AvroTypes, bytes: Uint8Array,
): RecordError | null {
  const { columns } = rows;
  let column: TargetColumn | undefined;
  try {
    const record = recordOf(types, bytes);
    rows.begin();
    for (let at = 0; at < columns.length; at++) {
      column = columns[at];
      const value = column === undefined ? null : record[column.name] ?? null;
      if (column !== undefined && value !== null) writeCell(rows, at, column.type, value);
    }
    const missing = rows.missing();
    column = columns[missing];
    if (column !== undefined) throw notNullViolated(column);
    rows.finish();
    return null;
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    rows.abandon();
    return {
      sqlState: error.sqlState, reason: error.message, column: column?.name ?? null,
    };
  }
}

function recordOf(types: AvroTypes, bytes: Uint8Array): Record<string, unknown> {
  const id = schemaIdOf(bytes);
  if (id === null) throw sqlError('22P03', 'not an Avro record with the number of its schema');
  const type = types.get(id);
  if (type === null) throw sqlError('22P03', `Avro schema ${id} is not in the registry`);
  let record: unknown;
  try {
    record = type.fromBuffer(Buffer.from(bytes.buffer, bytes.byteOffset + FRAME_BYTES,
      bytes.length - FRAME_BYTES));
  } catch (error) {
    throw sqlError('22P03', `Avro record does not fit schema ${id}: `
      + (error instanceof Error ? error.message : String(error)));
  }
  if (record !== null && typeof record === 'object') return record as Record<string, unknown>;
  throw sqlError('22P03', `Avro schema ${id} is no record`);
}

function writeCell(rows: RowBuilder, at: number, type: SqlType, value: unknown): void {
  if (type.name === 'json' || type.name === 'jsonb') {
    rows.setText(at, JSON.stringify(value, (_key, each: unknown) =>
      typeof each === 'bigint' ? Number(each) : each));
    return;
  }
  if (value instanceof Logical) return writeLogical(rows, at, type, value);
  switch (typeof value) {
    case 'boolean': return rows.setBoolean(at, value);
    case 'string': return rows.setText(at, value);
    case 'bigint': case 'number':
      if (type.name === 'float8' || type.name === 'float4') return rows.set(at, Number(value));
      return rows.setNumber(at, String(value));
    default: break;
  }
  if (value instanceof Uint8Array && type.name === 'bytea') return rows.set(at, value.slice());
  const [inner, second] = Object.values(value as object) as unknown[];
  if (inner === undefined || second !== undefined) throw unfit(type);
  // A union of several types: avsc says which one it is.
  return writeCell(rows, at, type, inner);
}

function writeLogical(rows: RowBuilder, at: number, type: SqlType, value: Logical): void {
  const isTime = type.name === 'timestamp' || type.name === 'timestamptz' || type.name === 'time';
  if (value.kind === 'micros' && isTime) return rows.set(at, value.value);
  if (value.kind === 'days' && type.name === 'date') return rows.set(at, Number(value.value));
  if (value.kind === 'decimal') return rows.setNumber(at, value.text());
  throw unfit(type);
}

function unfit(type: SqlType): SqlError {
  return sqlError('42804', `cannot read type ${formatType(type)} from this Avro value`);
}
