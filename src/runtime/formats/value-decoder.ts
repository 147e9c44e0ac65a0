/**
 * Decoders of record values by format: JSON, CSV, one column of text or bytes.
 *
 * A decoder writes rows into its RowBuilder and answers with what is wrong with a record. Formats
 * with envelopes are built on these (connectors/kafka/decoder.ts).
 */
import { sqlError, SqlError } from '../../common/errors.ts';
import { formatType } from '../../common/types/registry.ts';
import { avroDecoder } from './avro.ts';
import { CsvDecoder } from './csv.ts';
import { JsonDecoder } from './json.ts';
import { ShapeDecoder } from './json-shapes.ts';
import type { RecordError } from './json.ts';
import { protobufDecoder } from './protobuf.ts';
import type { ProtobufText } from './protobuf.ts';
import { notNullViolated, RowBuilder } from './row-builder.ts';
import type { TargetColumn } from './row-builder.ts';
import type { WriterSchemas } from './schema-registry.ts';

/** Decodes values that are text. */
export interface TextValueDecoder {
  readonly kind: 'text';
  readonly rows: RowBuilder;
  /** Reads text[start, end); null when it has become a row. */
  decode(text: string, start: number, end: number): RecordError | null;
  /** Reads usual records from bytes into the same rows. */
  readonly shapes?: ShapeDecoder;
}

/** Decodes values that are bytes. */
export interface BytesValueDecoder {
  readonly kind: 'bytes';
  readonly rows: RowBuilder;
  decode(bytes: Uint8Array): RecordError | null;
}

/** Decodes values. */
export type ValueDecoder = TextValueDecoder | BytesValueDecoder;

/** What a format is told. */
export interface FormatOptions {
  readonly columns: readonly TargetColumn[];
  readonly separator: string;
  /** Writer schemas of Avro and Protobuf values; null: columns are checked only. */
  readonly schemas: WriterSchemas | null;
  /** Protobuf without a registry, and which message it is. */
  readonly protobuf?: ProtobufText | null;
  /** Columns somebody reads; null or left out: all. */
  readonly needed?: ReadonlySet<number> | null;
}

const FORMATS = ['json', 'csv', 'text', 'bytes', 'avro', 'protobuf'];

/** A decoder for a format; 0A000 with the formats there are. */
export function valueDecoder(format: string, options: FormatOptions): ValueDecoder {
  const { columns, separator } = options;
  switch (format.toLowerCase()) {
    case 'json': {
      const json = new JsonDecoder(columns);
      return {
        kind: 'text', rows: json.rows,
        decode: (text, start, end) => json.decode(text, start, end),
        shapes: new ShapeDecoder(json.rows, options.needed ?? null),
      };
    }
    case 'csv': {
      const csv = new CsvDecoder(columns, separator);
      csv.useColumnOrder();
      return {
        kind: 'text', rows: csv.rows,
        decode: (text, start, end) => csv.decode(text, start, end),
      };
    }
    case 'text': return oneText(columns);
    case 'avro': case 'avro-confluent': return avroDecoder(columns, options.schemas);
    case 'protobuf': case 'protobuf-confluent':
      return protobufDecoder(columns, options.schemas, options.protobuf ?? null);
    case 'raw': case 'bytes': return oneBytes(columns);
    default:
      throw sqlError('0A000', `format "${format}" is not supported`, {
        hint: `Supported formats: ${FORMATS.join(', ')}.`,
      });
  }
}

function onlyColumn(columns: readonly TargetColumn[], format: string): TargetColumn {
  const [column, second] = columns;
  if (column === undefined || second !== undefined) {
    throw sqlError('42P16', `format "${format}" fills one column`, {
      hint: 'Declare one column for the value, and INCLUDE what else is wanted.',
    });
  }
  return column;
}

function oneText(columns: readonly TargetColumn[]): ValueDecoder {
  const column = onlyColumn(columns, 'text');
  const rows = new RowBuilder(columns);
  return {
    kind: 'text', rows,
    decode: (text, start, end) => oneCell(rows, column, () => {
      rows.setText(0, text.slice(start, end));
    }),
  };
}

function oneBytes(columns: readonly TargetColumn[]): ValueDecoder {
  const column = onlyColumn(columns, 'bytes');
  if (column.type.name !== 'bytea') {
    throw sqlError('42804', `format "bytes" fills a column of type bytea, not `
      + formatType(column.type), { hint: 'Use ENCODE TEXT for text.' });
  }
  const rows = new RowBuilder(columns);
  return {
    kind: 'bytes', rows,
    decode: (bytes) => oneCell(rows, column, () => { rows.set(0, bytes.slice()); }),
  };
}

function oneCell(
  rows: RowBuilder, column: TargetColumn, write: () => void,
): RecordError | null {
  try {
    rows.begin();
    write();
    if (rows.missing() >= 0) throw notNullViolated(column);
    rows.finish();
    return null;
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    rows.abandon();
    return { sqlState: error.sqlState, reason: error.message, column: column.name };
  }
}
