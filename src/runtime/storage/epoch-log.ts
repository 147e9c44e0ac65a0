/**
 * The content of an epoch record and its binary form.
 *
 * A record holds everything an epoch depends on beside the state before it: logical time, rows that
 * cannot be read again, ranges of sources that can, catalog changes, decisions made by wall clock.
 * Running it again gives the same epoch; `previousHash` proves that for the epoch before.
 */
import type { Batch } from '../batch.ts';
import type { DdlChange } from '../catalog-store-types.ts';
import type { DeadLetter, SourceMark, SourcePart } from '../connectors/connector.ts';
import type { KeptSchemas } from '../formats/schema-registry.ts';
import { ByteReader, ByteWriter, dataCorrupted } from './bytes.ts';
import { readBatch, writeBatch } from './column-codec.ts';
import { fromPlainJson, toPlainJson } from './plain-json.ts';
import type { EpochRecord } from './records.ts';

/** Version of the record format; a newer one is refused. */
export const EPOCH_FORMAT = 2;
/** Ranges had no marks. */
const FORMAT_BEFORE = 1;

/** What happens to a row of a change whose key is taken: 23505, nothing, or it replaces the row. */
export type OnTaken = 'refuse' | 'skip' | 'replace';

/** Rows of one table by one transaction, in order. */
export interface LoggedChange {
  readonly relation: number;
  readonly batch: Batch;
  readonly idempotencyKey: string | null;
  readonly onTaken: OnTaken;
}

const ON_TAKEN: readonly OnTaken[] = ['refuse', 'skip', 'replace'];

/** What a reader of a source took in this epoch. */
export interface LoggedRange {
  readonly relation: number;
  /** View that reads the SOURCE by itself, 0 for a table. */
  readonly reader: number;
  readonly partition: number;
  readonly first: bigint;
  /** Position behind the last record; `first` when nothing but `ended` is new. */
  readonly next: bigint;
  /** Good rows and dead letters in the range; a re-read must give as many. */
  readonly rows: number;
  readonly deadLetters: number;
  /** Hash of the bytes read; a re-read must give the same. */
  readonly hash: number;
  /** The partition has ended: its watermark goes to +infinity. */
  readonly ended: boolean;
  /** What was read, for sources that may not give it a second time; else it is read again. */
  readonly inline?: LoggedRows | undefined;
  /** The last record of the range. */
  readonly mark?: SourceMark | undefined;
}

/** Rows of a source in the log itself. */
export interface LoggedRows {
  readonly batch: Batch;
  readonly offsets: BigInt64Array | null;
  readonly deadLetters: readonly DeadLetter[];
  /** Rows for several relations. */
  readonly parts?: readonly SourcePart[] | undefined;
}

/**
 * A decision made from outside the data. `watermark`: the new floor of a fallback; for `resume` the
 * position behind a gap; of `stop` the bytes that were too many of the view `relation`. `replay`:
 * the dead letters of a relation are decoded again.
 */
export interface LoggedDecision {
  readonly kind: 'idle' | 'active' | 'fallback' | 'stop' | 'resume' | 'replay';
  readonly relation: number;
  readonly reader: number;
  readonly partition: number;
  readonly watermark: bigint | null;
  /** Of `resume`: why the source had stopped. */
  readonly reason?: string;
  /** Of `replay`: what decoding needs that the outside may no longer have. */
  readonly schemas?: KeptSchemas;
}

/** The content of an epoch record. */
export interface EpochContent {
  readonly epoch: bigint;
  readonly now: bigint;
  readonly build: string;
  /** Hash of the deltas the epoch before published. */
  readonly previousHash: bigint;
  readonly changes: readonly LoggedChange[];
  readonly ddl: readonly DdlChange[];
  readonly ranges: readonly LoggedRange[];
  readonly decisions: readonly LoggedDecision[];
  readonly sequences: readonly { readonly id: number; readonly last: bigint }[];
  /** Oids below were given out. */
  readonly nextOid: number;
}

/** The binary form of an epoch's content. */
export function encodeEpoch(content: EpochContent): EpochRecord {
  const writer = new ByteWriter();
  writer.u8(EPOCH_FORMAT);
  writer.i64(content.epoch);
  writer.i64(content.now);
  writer.i64(content.previousHash);
  writer.text(content.build);
  writer.u32(content.nextOid);
  writer.u32(content.changes.length);
  for (const change of content.changes) {
    writer.u32(change.relation);
    writer.value(change.idempotencyKey);
    writer.u8(ON_TAKEN.indexOf(change.onTaken));
    writeBatch(writer, change.batch);
  }
  writer.u32(content.ranges.length);
  for (const range of content.ranges) writeRange(writer, range);
  const { ddl, decisions, sequences } = content;
  const plain = ddl.length + decisions.length + sequences.length > 0;
  writer.text(plain ? toPlainJson({ ddl, decisions, sequences }) : '');
  return { epoch: content.epoch, body: writer.finish() };
}

function writeRange(writer: ByteWriter, range: LoggedRange): void {
  writer.u32(range.relation);
  writer.u32(range.reader);
  writer.u32(range.partition);
  writer.i64(range.first);
  writer.i64(range.next);
  writer.u32(range.rows);
  writer.u32(range.deadLetters);
  writer.u32(range.hash);
  writer.u8((range.ended ? ENDED : 0) | (range.inline === undefined ? 0 : INLINE)
    | (range.inline?.parts === undefined ? 0 : PARTS) | (range.mark === undefined ? 0 : MARK));
  if (range.mark !== undefined) {
    writer.i64(range.mark.position);
    writer.i64(range.mark.time);
    writer.u32(range.mark.checksum);
  }
  if (range.inline === undefined) return;
  const { batch, offsets, deadLetters, parts } = range.inline;
  writeBatch(writer, batch);
  writer.u32(offsets?.length ?? 0);
  for (const offset of offsets ?? []) writer.i64(offset);
  writer.text(deadLetters.length === 0 ? '' : toPlainJson(deadLetters));
  if (parts !== undefined) writeParts(writer, parts);
}

function writeParts(writer: ByteWriter, parts: readonly SourcePart[]): void {
  writer.u32(parts.length);
  for (const { batch, ...facts } of parts) {
    writeBatch(writer, batch);
    writer.text(toPlainJson(facts));
  }
}

const ENDED = 1;
const INLINE = 2;
const PARTS = 4;
const MARK = 8;

interface PlainPart {
  readonly ddl: readonly DdlChange[];
  readonly decisions: readonly LoggedDecision[];
  readonly sequences: EpochContent['sequences'];
}

/** Reads an epoch's content; XX001 when the bytes make no sense. */
export function decodeEpoch(record: EpochRecord): EpochContent {
  const reader = new ByteReader(record.body);
  const format = reader.u8();
  if (format !== EPOCH_FORMAT && format !== FORMAT_BEFORE) {
    throw dataCorrupted('epoch record of an unknown format');
  }
  const epoch = reader.i64();
  if (epoch !== record.epoch) throw dataCorrupted(`epoch record ${record.epoch} says ${epoch}`);
  const now = reader.i64();
  const previousHash = reader.i64();
  const build = reader.text();
  const nextOid = reader.u32();
  const changes = repeat(reader.u32(), (): LoggedChange => {
    const relation = reader.u32();
    const key = reader.value();
    const onTaken = ON_TAKEN[reader.u8()];
    if (onTaken === undefined) throw dataCorrupted('change of an unknown kind');
    return {
      relation, onTaken, idempotencyKey: typeof key === 'string' ? key : null,
      batch: readBatch(reader),
    };
  });
  const ranges = repeat(reader.u32(), () => readRange(reader));
  const text = reader.text();
  const plain = text === '' ? NOTHING : fromPlainJson(text) as PlainPart;
  return { epoch, now, previousHash, build, nextOid, changes, ranges, ...plain };
}

const NOTHING: PlainPart = { ddl: [], decisions: [], sequences: [] };

function readRange(reader: ByteReader): LoggedRange {
  const range = {
    relation: reader.u32(), reader: reader.u32(), partition: reader.u32(), first: reader.i64(),
    next: reader.i64(), rows: reader.u32(), deadLetters: reader.u32(), hash: reader.i32(),
  };
  const flags = reader.u8();
  const ended = (flags & ENDED) !== 0;
  const mark = (flags & MARK) === 0 ? {}
    : { mark: { position: reader.i64(), time: reader.i64(), checksum: reader.i32() } };
  return (flags & INLINE) === 0 ? { ...range, ...mark, ended }
    : { ...range, ...mark, ended, inline: readInline(reader, (flags & PARTS) !== 0) };
}

function readInline(reader: ByteReader, hasParts: boolean): LoggedRows {
  const batch = readBatch(reader);
  const count = reader.u32();
  const offsets = count === 0 ? null : new BigInt64Array(count);
  for (let i = 0; offsets !== null && i < count; i++) offsets[i] = reader.i64();
  const text = reader.text();
  const deadLetters = text === '' ? [] : fromPlainJson(text) as readonly DeadLetter[];
  if (!hasParts) return { batch, offsets, deadLetters };
  const parts = repeat(reader.u32(), (): SourcePart => {
    const part = readBatch(reader);
    return { ...fromPlainJson(reader.text()) as Omit<SourcePart, 'batch'>, batch: part };
  });
  return { batch, offsets, deadLetters, parts };
}

function repeat<T>(count: number, read: () => T): T[] {
  const list: T[] = [];
  for (let i = 0; i < count; i++) list.push(read());
  return list;
}
