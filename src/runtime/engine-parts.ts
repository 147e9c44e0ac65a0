/**
 * Rows of a shared source on their way into one of its relations.
 *
 * What the stream did not repeat is taken from the rows that are stored, or from an earlier row of
 * the same batch; so it is a function of the log and the state alone, and a repetition agrees.
 */
import { must } from '../common/assert.ts';
import type { Batch, Column } from './batch.ts';
import { cell, setCell } from './batch.ts';
import type { SourceBatch, SourcePart, Unchanged } from './connectors/connector.ts';
import { concatBatches, negate, takeRows } from './engine-rows.ts';
import { readerKey } from './engine-readers.ts';
import type { ReaderState } from './engine-readers.ts';
import type { RelationRows } from './relations-rows.ts';

/** The batch without the parts of relations that are gone. */
export function livingParts(
  readers: ReadonlyMap<string, ReaderState>, source: SourceBatch,
): SourceBatch {
  const { parts } = source;
  if (parts === undefined) return source;
  const living = parts.filter(({ relation }) => readers.has(readerKey(relation, 0)));
  return living.length === parts.length ? source : { ...source, parts: living };
}

/** What a range says about the rows behind it. */
export function factsOf(source: SourceBatch): {
  readonly rows: number; readonly deadLetters: number; readonly hash: number;
} {
  let rows = source.batch.length;
  let deadLetters = source.deadLetters.length;
  let hash = source.checksum;
  for (const part of source.parts ?? []) {
    rows += part.batch.length;
    deadLetters += part.deadLetters.length;
    hash = (hash + Math.imul(part.checksum, 31) + part.relation) | 0;
  }
  return { rows, deadLetters, hash };
}

/** The rows of a part with everything filled in. */
export function filledPart(rows: RelationRows, part: SourcePart): Batch {
  const { batch, unchanged } = part;
  if (unchanged.length === 0 || rows.key === null) return batch;
  const columns = batch.columns.map((column, at): Column =>
    unchanged.some((each) => each.columns.includes(at)) ? writable(column) : column);
  const filled: Batch = { ...batch, columns };
  const earlier = new EarlierRows(rows.key, filled);
  for (const each of unchanged) {
    const from = each.here ? { batch: filled, row: each.from }
      : earlier.find(each) ?? storedRow(rows, filled, each.from, part.truncate);
    if (from !== null) copyCells(from, filled, each);
  }
  return filled;
}

/** All rows go, and what the batch leaves of itself comes. */
export function replacingAll(rows: RelationRows, changes: Batch): Batch {
  const types = rows.tracksArrival ? [...rows.types, { name: 'int8' } as const] : rows.types;
  const gone: Batch[] = [];
  const cursor = rows.cursor();
  for (let batch = cursor.next(); batch !== null; batch = cursor.next()) gone.push(negate(batch));
  return concatBatches(types, [...gone, changes]);
}

function writable(column: Column): Column {
  const nulls = column.nulls?.slice() ?? new Uint8Array(column.data.length);
  return { ...column, data: column.data.slice(), nulls } as Column;
}

function copyCells(
  from: { readonly batch: Batch; readonly row: number }, into: Batch, { row, columns }: Unchanged,
): void {
  for (const at of columns) {
    const value = cell(must(from.batch.columns[at], 'column'), from.row);
    const column = must(into.columns[at], 'column');
    must(column.nulls, 'mask')[row] = value === null ? 1 : 0;
    setCell(column, row, value);
  }
}

function storedRow(
  rows: RelationRows, batch: Batch, row: number, truncated: boolean,
): { readonly batch: Batch; readonly row: number } | null {
  if (truncated) return null;
  const wanted = takeRows(batch, Int32Array.of(row));
  const found = rows.storedByKey(wanted);
  return found === null || found.length === 0 ? null : { batch: found, row: 0 };
}

/** The newest row of each key, as far as a batch has been walked. */
class EarlierRows {
  readonly #key: readonly number[];
  readonly #batch: Batch;
  readonly #rows = new Map<string, number>();
  #walked = 0;

  constructor(key: readonly number[], batch: Batch) {
    this.#key = key;
    this.#batch = batch;
  }

  #text(row: number): string {
    return JSON.stringify(this.#key.map((at) => {
      const value = cell(must(this.#batch.columns[at], 'key column'), row);
      return typeof value === 'bigint' ? `${value}` : value;
    }), (_name, value: unknown) => typeof value === 'bigint' ? `${value}n` : value);
  }

  /** The row before this one that holds its values; null: none in the batch. */
  find({ row, from }: Unchanged): { readonly batch: Batch; readonly row: number } | null {
    const key = this.#text(from);
    // Of a key that changes, the row that takes the old one away comes just before.
    const end = from < row ? from : row;
    for (; this.#walked < end; this.#walked++) {
      this.#rows.set(this.#text(this.#walked), this.#walked);
    }
    const found = this.#rows.get(key);
    return found === undefined || (this.#batch.weights[found] ?? 0) < 0 ? null
      : { batch: this.#batch, row: found };
  }
}
