/**
 * Metadata columns: INCLUDE KEY, PARTITION, OFFSET ..., `c type METADATA FROM 'offset'`.
 *
 * What a record carries beside its value, written into columns of the types declared.
 */
import { assertNever } from '../../../common/assert.ts';
import { sqlError } from '../../../common/errors.ts';
import { formatType } from '../../../common/types/registry.ts';
import type { SqlType, TypeName } from '../../../common/types/sql-type.ts';
import { RowBuilder } from '../../formats/row-builder.ts';
import type { TargetColumn } from '../../formats/row-builder.ts';
import type { RecordWalk } from './record-batch.ts';

/** A metadata column as it was declared: its place in the row and what it shows. */
export interface MetadataColumn {
  readonly column: number;
  readonly what: string;
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const TEXTS: readonly TypeName[] = ['text', 'varchar', 'bpchar'];
const TIMES: readonly TypeName[] = ['timestamp', 'timestamptz'];
const WHOLES: readonly TypeName[] = ['int4', 'int8'];

type What =
  | { readonly kind: 'key' | 'payload' | 'partition' | 'offset' | 'timestamp' | 'topic'
      | 'headers' }
  | { readonly kind: 'header'; readonly name: string };

/** What a name means; 42704 for names that mean nothing. */
function whatOf(name: string): What {
  const word = name.toLowerCase();
  if (word.startsWith('header:')) return { kind: 'header', name: name.slice('header:'.length) };
  switch (word) {
    case 'key': case 'payload': case 'partition': case 'offset': case 'timestamp': case 'topic':
    case 'headers':
      return { kind: word };
    default:
      throw sqlError('42704', `unknown metadata "${name}" of connector "kafka"`, {
        hint: 'Known: key, partition, offset, timestamp, headers, header, payload, topic.',
      });
  }
}

/** The type of an INCLUDE column. */
export function metadataType(name: string, keyEncode: string | null): SqlType {
  const what = whatOf(name);
  switch (what.kind) {
    case 'key': return { name: keyEncode === 'text' ? 'text'
      : keyEncode === 'json' ? 'jsonb' : 'bytea' };
    case 'payload': case 'header': return { name: 'bytea' };
    case 'partition': return { name: 'int4' };
    case 'offset': return { name: 'int8' };
    case 'timestamp': return { name: 'timestamptz' };
    case 'topic': return { name: 'text' };
    case 'headers': return { name: 'jsonb' };
    default: return assertNever(what);
  }
}

/** Refuses metadata that does not fit its column; 42804. */
export function checkMetadata(name: string, type: SqlType): void {
  const { kind } = whatOf(name);
  const fits = kind === 'timestamp' ? [...TIMES, 'int8'].includes(type.name)
    : kind === 'partition' || kind === 'offset' ? WHOLES.includes(type.name)
    : kind === 'topic' ? TEXTS.includes(type.name)
    : kind === 'headers' ? ['json', 'jsonb', 'text'].includes(type.name) : true;
  if (fits) return;
  throw sqlError('42804', `metadata "${name}" does not fit type ${formatType(type)}`, {
    hint: `Declare the column ${formatType(metadataType(name, null))}.`,
  });
}

type Write = (rows: RowBuilder, walk: RecordWalk, record: number) => void;

/** Fills metadata columns, a row for each record. */
export class MetadataRows {
  readonly rows: RowBuilder;
  readonly columns: readonly MetadataColumn[];
  readonly #writes: readonly Write[];

  constructor(
    metadata: readonly MetadataColumn[], columns: readonly TargetColumn[],
    of: { readonly topic: string; readonly partition: () => number },
  ) {
    this.columns = metadata;
    const targets = metadata.flatMap(({ column }) => columns[column] ?? []);
    this.rows = new RowBuilder(targets);
    this.#writes = metadata.map(({ what }, at) => writeOf(whatOf(what), at, targets, of));
  }

  get any(): boolean { return this.#writes.length > 0; }

  /** Begins a row and fills it; throws SqlError for what cannot be read. `finish` ends it. */
  write(walk: RecordWalk, record: number): void {
    this.rows.begin();
    for (const write of this.#writes) write(this.rows, walk, record);
  }
}

function writeOf(
  what: What, at: number, targets: readonly TargetColumn[],
  of: { readonly topic: string; readonly partition: () => number },
): Write {
  const type = targets[at]?.type.name;
  switch (what.kind) {
    case 'partition': return (rows) => rows.setNumber(at, String(of.partition()));
    case 'offset': return (rows, walk, record) =>
      rows.setNumber(at, walk.offset(record).toString());
    case 'topic': return (rows) => rows.setText(at, of.topic);
    case 'timestamp': return (rows, walk, record) => {
      const millis = BigInt(walk.timestamp(record));
      if (millis >= 0n) rows.set(at, type === 'int8' ? millis : millis * 1000n);
    };
    case 'key': return (rows, walk, record) => bytes(rows, at, walk.key(record));
    case 'payload': return (rows, walk, record) => bytes(rows, at, walk.value(record));
    case 'header': return (rows, walk, record) => bytes(rows, at, walk.headers(record)
      .findLast(({ name }) => name === what.name)?.value ?? null);
    case 'headers': return (rows, walk, record) => rows.setText(at, headersText(walk, record));
    default: return assertNever(what);
  }
}

function bytes(rows: RowBuilder, at: number, value: Uint8Array | null): void {
  if (value === null) return;
  if (rows.columns[at]?.type.name === 'bytea') rows.set(at, value.slice());
  else rows.setText(at, textOf(value));
}

/** The text of bytes; 22021 when they are not UTF-8. */
export function textOf(value: Uint8Array): string {
  try {
    return UTF8.decode(value);
  } catch {
    throw sqlError('22021', 'invalid byte sequence for encoding "UTF8"');
  }
}

/** Headers as a JSON object; of repeated names the last counts, as in jsonb. */
export function headersText(walk: RecordWalk, record: number): string {
  const lenient = new TextDecoder();
  const parts = walk.headers(record).map(({ name, value }) =>
    `${JSON.stringify(name)}: ${value === null ? 'null' : JSON.stringify(lenient.decode(value))}`);
  return `{${parts.join(', ')}}`;
}
