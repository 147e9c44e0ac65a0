/**
 * Debezium's change envelope in JSON: op, before, after; with or without its schema.
 *
 * With a schema, times and decimals are read as it says; without one, times as the column's type
 * and the number's size suggest and decimals as text.
 */
import { sqlError } from '../../../common/errors.ts';
import { makeNumeric } from '../../../common/types/numeric.ts';
import { parseValue } from '../../../common/types/registry.ts';
import type { SqlType } from '../../../common/types/sql-type.ts';
import type { Value } from '../../../common/values.ts';
import { JsonDecoder } from '../../formats/json.ts';
import type { CellReader, RecordError } from '../../formats/json.ts';
import type { TargetColumn } from '../../formats/row-builder.ts';

/** A change: what the row was and what it is; texts of JSON objects. */
export interface Change {
  readonly op: string;
  readonly before: string | null;
  readonly after: string | null;
  /** Text of the schema, null without one. */
  readonly schema: string | null;
}

const PARTS = ['schema', 'payload', 'op', 'before', 'after'];
const SCHEMA = 0;
const PAYLOAD = 1;
const OP = 2;
const BEFORE = 3;
const AFTER = 4;
/** Numbers of milliseconds stay below, numbers of microseconds since 1973 are above. */
const MILLIS_MAX = 100_000_000_000_000n;
const MICROS_PER_DAY = 86_400_000_000n;

/** Takes envelopes apart. */
export class EnvelopeReader {
  readonly #json = new JsonDecoder(PARTS.map((name) =>
    ({ name, type: { name: 'text' }, notNull: false })));

  /** The change in a record's value, or what is wrong with it. */
  read(text: string): Change | RecordError {
    const outer = this.#parts(text);
    if ('reason' in outer) return outer;
    const payload = outer[PAYLOAD] ?? null;
    const parts = payload === null ? outer : this.#parts(payload);
    if ('reason' in parts) return parts;
    const op = parts[OP] ?? null;
    if (op === null) {
      return { sqlState: '22P02', column: null, reason: 'not a Debezium envelope: it has no "op"' };
    }
    return {
      op, before: parts[BEFORE] ?? null, after: parts[AFTER] ?? null,
      schema: payload === null ? null : outer[SCHEMA] ?? null,
    };
  }

  #parts(text: string): (string | null)[] | RecordError {
    const error = this.#json.decode(text, 0, text.length);
    if (error !== null) return error;
    const parts = PARTS.map((_name, at) => this.#json.rows.lastText(at));
    this.#json.rows.clear();
    return parts;
  }
}

interface FieldSchema {
  readonly field?: string;
  readonly type?: string;
  readonly name?: string;
  readonly parameters?: { readonly scale?: string };
  readonly fields?: readonly FieldSchema[];
}

/** How the columns of a table are written, by the schema's text (null: no schema). */
export function conversionsOf(
  schema: string | null, columns: readonly TargetColumn[],
): (CellReader | null)[] {
  if (schema === null) return columns.map(({ type }) => guessed(type));
  const fields = rowFields(JSON.parse(schema) as FieldSchema);
  return columns.map(({ name, type }) => {
    const field = fields.find((each) => each.field === name);
    return field?.name === undefined ? guessed(type) : named(field, type) ?? guessed(type);
  });
}

function rowFields(envelope: FieldSchema): readonly FieldSchema[] {
  const row = envelope.fields?.find(({ field }) => field === 'after' || field === 'before');
  return row?.fields ?? envelope.fields ?? [];
}

function isTime({ name }: SqlType): boolean {
  return name === 'timestamp' || name === 'timestamptz';
}

/** Numbers where the type has none: days, milliseconds, microseconds. */
function guessed(type: SqlType): CellReader | null {
  if (type.name === 'date') {
    return (text) => whole(text) === null ? parseValue(text, type) : Number(text);
  }
  if (isTime(type)) {
    return (text) => {
      const number = whole(text);
      if (number === null) return parseValue(text, type);
      return number < MILLIS_MAX && number > -MILLIS_MAX ? number * 1000n : number;
    };
  }
  if (type.name === 'time') {
    return (text) => {
      const number = whole(text);
      if (number === null) return parseValue(text, type);
      return number < MICROS_PER_DAY / 1000n ? number * 1000n : number;
    };
  }
  return null;
}

function named(field: FieldSchema, type: SqlType): CellReader | null {
  const name = field.name ?? '';
  const scaled = (factor: bigint, divisor: bigint): CellReader | null =>
    isTime(type) || type.name === 'time' ? (text) => exact(text) * factor / divisor : null;
  switch (name.slice(name.lastIndexOf('.') + 1)) {
    case 'Timestamp': case 'Time': return scaled(1000n, 1n);
    case 'MicroTimestamp': case 'MicroTime': return scaled(1n, 1n);
    case 'NanoTimestamp': case 'NanoTime': return scaled(1n, 1000n);
    case 'Date': return type.name === 'date' ? (text) => Number(exact(text))
      : isTime(type) ? (text) => exact(text) * MICROS_PER_DAY : null;
    case 'Decimal': {
      const scale = Number(field.parameters?.scale ?? 0);
      return (text) => decimal(text, scale, type);
    }
    default: return null;
  }
}

function whole(text: string): bigint | null {
  return /^-?\d+$/.test(text) ? BigInt(text) : null;
}

function exact(text: string): bigint {
  const number = whole(text);
  if (number !== null) return number;
  throw sqlError('22P02', `invalid input syntax for a time: "${text}"`);
}

/** A decimal as Connect writes it: the unscaled integer, big-endian, in base64. */
function decimal(text: string, scale: number, type: SqlType): Value {
  let unscaled = 0n;
  let bits = 0n;
  for (const byte of base64Bytes(text)) {
    unscaled = (unscaled << 8n) | BigInt(byte);
    bits += 8n;
  }
  const value = bits === 0n ? 0n : BigInt.asIntN(Number(bits), unscaled);
  const number = makeNumeric(value, scale);
  if (type.name === 'numeric' && type.mods === undefined) return number;
  const digits = value < 0n ? (-value).toString() : value.toString();
  const padded = digits.padStart(scale + 1, '0');
  const point = padded.length - scale;
  const plain = scale === 0 ? padded : `${padded.slice(0, point)}.${padded.slice(point)}`;
  return parseValue(value < 0n ? `-${plain}` : plain, type);
}

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

function base64Bytes(text: string): number[] {
  const bytes: number[] = [];
  let bits = 0;
  let held = 0;
  for (const letter of text.replace(/=+$/, '')) {
    const digit = BASE64.indexOf(letter);
    if (digit < 0) throw sqlError('22P02', `invalid base64 decimal "${text}"`);
    held = (held << 6) | digit;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((held >> bits) & 255);
    }
  }
  return bytes;
}
