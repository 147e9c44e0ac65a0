/**
 * Records to rows: the envelope (plain, upsert, Debezium) around a value format.
 *
 * A record gives its rows or one dead letter, never both. In keyed envelopes a row of weight -1
 * holds the key of what is to go; the engine looks up the rest.
 */
import { must } from '../../../common/assert.ts';
import { SqlError } from '../../../common/errors.ts';
import type { Column } from '../../batch.ts';
import { JsonDecoder } from '../../formats/json.ts';
import type { RecordError } from '../../formats/json.ts';
import type { ShapeDecoder } from '../../formats/json-shapes.ts';
import type { RowBuilder, TargetColumn } from '../../formats/row-builder.ts';
import type { TextValueDecoder, ValueDecoder } from '../../formats/value-decoder.ts';
import type { DeadLetter, SourceBatch } from '../connector.ts';
import { conversionsOf, EnvelopeReader } from './debezium.ts';
import { headersText, MetadataRows, textOf } from './metadata.ts';
import type { MetadataColumn } from './metadata.ts';
import type { RecordWalk } from './record-batch.ts';
import { RowOffsets } from './row-offsets.ts';

/** How changes are written. */
export type Envelope = 'plain' | 'upsert' | 'debezium';

/** What a decoder is made for. */
export interface DecoderPlan {
  readonly topic: string;
  readonly columns: readonly TargetColumn[];
  readonly metadata: readonly MetadataColumn[];
  readonly envelope: Envelope;
  readonly keyFormat: 'json' | 'text';
  readonly primaryKey: readonly number[];
  /** Columns somebody reads; null: all. */
  readonly needed: ReadonlySet<number> | null;
  /** Makes the decoder of values for the columns that are not metadata. */
  readonly value: (columns: readonly TargetColumn[], needed: ReadonlySet<number> | null)
    => ValueDecoder;
}

const NO_VALUE: RecordError = { sqlState: '22004', column: null, reason: 'record has no value' };
const NO_KEY: RecordError = { sqlState: '22004', column: null, reason: 'record has no key' };
/** So many unusual records, and half of a batch, say that shapes do not fit a topic. */
const MANY = 16;
const SHAPELESS_BATCHES = 32;
const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** Decodes the records of one topic, a partition at a time. */
export class RecordDecoder {
  readonly #plan: DecoderPlan;
  readonly #value: ValueDecoder;
  /** The JSON decoder of keyed envelopes; it writes into the rows `take` hands over. */
  readonly #json: JsonDecoder;
  readonly #rows: RowBuilder;
  readonly #meta: MetadataRows;
  readonly #envelopes = new EnvelopeReader();
  /** Key columns that come with the value, by their place among the data columns. */
  readonly #keyColumns: readonly number[];
  readonly #dataColumns: readonly number[];
  #partition = 0;
  /** Batches to be read without shapes: they do not fit. */
  #shapeless = 0;
  #weights: number[] = [];
  readonly #offsets = new RowOffsets();
  #deadLetters: DeadLetter[] = [];
  #schema: string | null | undefined;

  constructor(plan: DecoderPlan) {
    this.#plan = plan;
    const isMetadata = new Set(plan.metadata.map(({ column }) => column));
    this.#dataColumns = plan.columns.flatMap((_column, at) => isMetadata.has(at) ? [] : [at]);
    const data = this.#dataColumns.map((at) => must(plan.columns[at], 'column'));
    const { needed } = plan;
    this.#value = plan.value(data, needed === null ? null
      : new Set(this.#dataColumns.flatMap((at, from) => needed.has(at) ? [from] : [])));
    this.#json = new JsonDecoder(data);
    this.#rows = plan.envelope === 'plain' ? this.#value.rows : this.#json.rows;
    this.#meta = new MetadataRows(plan.metadata, plan.columns,
      { topic: plan.topic, partition: () => this.#partition });
    this.#keyColumns = plan.primaryKey.filter((at) => !isMetadata.has(at))
      .map((at) => this.#dataColumns.indexOf(at));
  }

  /** Rows decoded and not yet taken. */
  get count(): number { return this.#rows.count; }

  /** Decodes the records of a batch from one of them on. */
  decode(walk: RecordWalk, from: number, partition: number): void {
    this.#partition = partition;
    const value = this.#value;
    if (this.#plan.envelope === 'plain' && value.kind === 'text') {
      const { shapes } = value;
      if (shapes === undefined || this.#meta.any || this.#shapeless > 0) {
        this.#shapeless--;
        this.#decodeTexts(walk, from, value);
      } else this.#decodeShapes(walk, from, { value, shapes });
      return;
    }
    for (let record = from; record < walk.count; record++) {
      const error = this.#decodeOne(walk, record);
      if (error !== null) this.#bury(walk, record, error);
      while (this.#offsets.length < this.count) this.#offsets.add(walk.offsetNumber(record));
    }
  }

  /** Usual records go straight from bytes to columns; the others one by one. */
  #decodeShapes(
    walk: RecordWalk, from: number,
    { value, shapes }: { readonly value: TextValueDecoder; readonly shapes: ShapeDecoder },
  ): void {
    let unusual = 0;
    for (let record = from; record < walk.count; record++) {
      const next = shapes.run(walk, record, walk.count);
      this.#offsets.addAll(walk, record, next);
      record = next;
      if (record >= walk.count) break;
      unusual++;
      const error = this.#decodeText(walk, record, value);
      if (error !== null) this.#bury(walk, record, error);
      else {
        this.#offsets.add(walk.offsetNumber(record));
        shapes.learn(walk, record);
      }
    }
    if (unusual > MANY && unusual * 2 > walk.count - from) this.#shapeless = SHAPELESS_BATCHES;
  }

  #decodeText(walk: RecordWalk, record: number, value: TextValueDecoder): RecordError | null {
    const bytes = walk.value(record);
    if (bytes === null || bytes.length === 0) return NO_VALUE;
    return this.#guarded(walk, record, () => {
      const text = textOf(bytes);
      return value.decode(text, 0, text.length);
    });
  }

  /** Plain text values: the texts of a whole batch are made at once where they are ASCII. */
  #decodeTexts(
    walk: RecordWalk, from: number, value: TextValueDecoder,
  ): void {
    const whole = asciiValues(walk, from);
    let at = 0;
    for (let record = from; record < walk.count; record++) {
      const length = (walk.valueEnd[record] ?? 0) - (walk.valueStart[record] ?? 0);
      if (length <= 0) {
        this.#bury(walk, record, NO_VALUE);
        continue;
      }
      const start = at;
      at += length;
      const error = whole === null || this.#meta.any
        ? this.#guarded(walk, record, () => {
          const text = whole?.slice(start, start + length)
            ?? textOf(must(walk.value(record), 'value'));
          return value.decode(text, 0, text.length);
        })
        : value.decode(whole, start, at);
      if (error !== null) this.#bury(walk, record, error);
      else this.#offsets.add(walk.offsetNumber(record));
    }
  }

  /** Metadata first, then the value; both or neither. */
  #guarded(
    walk: RecordWalk, record: number, decode: () => RecordError | null,
  ): RecordError | null {
    try {
      if (this.#meta.any) this.#meta.write(walk, record);
      const before = this.#rows.count;
      const error = decode();
      if (this.#meta.any && this.#rows.count > before) this.#meta.rows.finish();
      return error;
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
      this.#meta.rows.abandon();
      return { sqlState: error.sqlState, reason: error.message, column: null };
    }
  }

  #decodeOne(walk: RecordWalk, record: number): RecordError | null {
    switch (this.#plan.envelope) {
      case 'plain': return this.#plain(walk, record);
      case 'upsert': return this.#upsert(walk, record);
      case 'debezium': return this.#guarded(walk, record, () => this.#debezium(walk, record));
    }
  }

  #plain(walk: RecordWalk, record: number): RecordError | null {
    const bytes = walk.value(record);
    const value = this.#value;
    if (bytes === null || value.kind !== 'bytes') return NO_VALUE;
    return this.#guarded(walk, record, () => value.decode(bytes));
  }

  #upsert(walk: RecordWalk, record: number): RecordError | null {
    const key = walk.key(record);
    if (key === null) return NO_KEY;
    const value = walk.value(record);
    const gone = value === null || value.length === 0;
    return this.#guarded(walk, record, () => {
      const parts = this.#keyColumns.length === 0 ? [] : [this.#keyPart(textOf(key))];
      const error = this.#json.decodeParts(gone ? parts : [...parts, textOf(value)],
        gone ? this.#keyColumns : null);
      if (error === null) this.#weights.push(gone ? -1 : 1);
      return error;
    });
  }

  /** The key as a part of a row: an object, or the text of its only column. */
  #keyPart(text: string): string | (() => void) {
    const [column, second] = this.#keyColumns;
    if (/^\s*\{/.test(text) || column === undefined || second !== undefined) return text;
    if (this.#plan.keyFormat === 'json' && text.startsWith('"')) {
      return () => this.#json.rows.setText(column, String(JSON.parse(text)));
    }
    return () => this.#json.rows.setText(column, text);
  }

  #debezium(walk: RecordWalk, record: number): RecordError | null {
    const value = walk.value(record);
    // The tombstone behind a delete says nothing new.
    if (value === null || value.length === 0) return null;
    const change = this.#envelopes.read(textOf(value));
    if ('reason' in change) return change;
    if (change.schema !== this.#schema) {
      this.#schema = change.schema;
      const data = this.#dataColumns.map((at) => must(this.#plan.columns[at], 'column'));
      this.#json.convert(conversionsOf(change.schema, data));
    }
    const { op, before, after } = change;
    switch (op) {
      case 'c': case 'r': return this.#changed(walk, record, [null, after]);
      case 'u': return this.#changed(walk, record, [before, after]);
      case 'd': return this.#changed(walk, record, [before, null]);
      case 'm': return null;
      default:
        return { sqlState: '0A000', column: null, reason: `Debezium operation "${op}" is not `
          + 'supported' };
    }
  }

  #changed(
    walk: RecordWalk, record: number, [before, after]: readonly [string | null, string | null],
  ): RecordError | null {
    if (before === null && after === null) return NO_VALUE;
    if (before !== null) {
      const error = this.#json.decodeParts([before], this.#keyColumns);
      if (error !== null) return error;
      this.#weights.push(-1);
    }
    if (after === null) return null;
    const error = this.#json.decodeParts([after], null);
    if (error === null) {
      if (before !== null && this.#meta.any) this.#secondRow(walk, record);
      this.#weights.push(1);
    } else if (before !== null) {
      this.#json.rows.dropLast();
      this.#weights.pop();
    }
    return error;
  }

  /** Two rows of one record: metadata stands in both. */
  #secondRow(walk: RecordWalk, record: number): void {
    this.#meta.rows.finish();
    this.#meta.write(walk, record);
  }

  #bury(walk: RecordWalk, record: number, error: RecordError): void {
    this.#meta.rows.abandon();
    const headers = headersText(walk, record);
    this.#deadLetters.push({
      position: walk.offset(record), reason: error.reason, sqlState: error.sqlState,
      column: error.column, payload: walk.value(record)?.slice() ?? new Uint8Array(0),
      key: walk.key(record)?.slice() ?? null, headers: headers === '{}' ? null : headers,
    });
  }

  /** Hands over what was decoded; `first`: where the range began. */
  take(first: bigint): Pick<SourceBatch, 'batch' | 'deadLetters' | 'offsets'> {
    const data = this.#rows.take();
    const columns: Column[] = [];
    for (const [from, at] of this.#dataColumns.entries()) {
      columns[at] = must(data.columns[from], 'data column');
    }
    if (this.#meta.any) {
      const { columns: filled } = this.#meta.rows.take();
      for (const [from, { column }] of this.#meta.columns.entries()) {
        columns[column] = must(filled[from], 'metadata column');
      }
    }
    const weights = this.#weights.length === 0 ? data.weights : Int32Array.from(this.#weights);
    const deadLetters = this.#deadLetters;
    const offsets = this.#offsets.take(first);
    this.#weights = [];
    this.#deadLetters = [];
    return { batch: { length: data.length, columns, weights }, deadLetters, offsets };
  }
}

/** The values of a batch in one text, a character a byte; null when they are not ASCII. */
function asciiValues(walk: RecordWalk, from: number): string | null {
  const bytes = new Uint8Array(walk.bytes);
  let at = 0;
  for (let record = from; record < walk.count; record++) {
    const start = walk.valueStart[record] as number;
    const end = walk.valueEnd[record] as number;
    if (end <= start) continue;
    bytes.copyWithin(at, start, end);
    at += end - start;
  }
  const text = UTF8.decode(bytes.subarray(0, at));
  return text.length === at && !text.includes('\ufffd') ? text : null;
}
