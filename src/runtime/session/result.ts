/**
 * What executing a statement gives, before it becomes protocol events.
 *
 * Rows come as a stream of batches that is pulled; a RowCursor hands them out in counted portions,
 * which is what portals with row limits, FETCH and the simple protocol all need.
 */
import { must } from '../../common/assert.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { Value } from '../../common/values.ts';
import type { ResultColumn } from '../../planner/plans.ts';
import type { Batch, Column } from '../batch.ts';
import { batchOf } from '../batch.ts';
import type { Subscription } from './subscription.ts';

/** The outcome of one statement. */
export type StatementResult =
  | { readonly kind: 'rows'; readonly columns: readonly ResultColumn[]; readonly rows: RowCursor;
      /** Command tag for this many rows, e.g. `SELECT 3`. */
      readonly tag: (rows: number) => string;
      /** The source of the rows, when they go on for as long as the client listens. */
      readonly live?: Subscription }
  | { readonly kind: 'command'; readonly tag: string }
  | { readonly kind: 'copyIn'; readonly columns: number; readonly binary: boolean;
      readonly consume: (chunks: AsyncIterable<Uint8Array>) => Promise<string> }
  | { readonly kind: 'copyOut'; readonly columns: number; readonly binary: boolean;
      /** null: what came so far should reach the client now. */
      readonly chunks: AsyncIterable<Uint8Array | null>; readonly tag: () => string };

/** A command without rows. */
export function command(tag: string): StatementResult {
  return { kind: 'command', tag };
}

/** A result column that comes from no relation. */
export function resultColumn(name: string, type: SqlType): ResultColumn {
  return { name, type, relation: 0, attribute: 0 };
}

/** A result of rows known at once. */
export function rowsResult(
  columns: readonly ResultColumn[], rows: readonly (readonly Value[])[],
  tag: (rows: number) => string,
): StatementResult {
  const batch = batchOf(columns.map((column) => column.type), rows);
  return { kind: 'rows', columns, rows: RowCursor.of(rows.length === 0 ? [] : [batch]), tag };
}

/** Hands out the rows of a stream of batches in portions. */
export class RowCursor {
  #source: AsyncIterator<Batch>;
  #pending: Batch | null = null;
  #offset = 0;
  #done = false;
  #given = 0;

  constructor(source: AsyncIterable<Batch>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** A cursor over batches that are there already. */
  static of(batches: readonly Batch[]): RowCursor {
    return new RowCursor(eachOf(batches));
  }

  /** Rows handed out so far. */
  get given(): number { return this.#given; }

  /** True when the next rows are here already. */
  get buffered(): boolean { return this.#pending !== null && this.#offset < this.#pending.length; }

  /** The next rows, at most `limit` (0: as many as come); null at the end. */
  async next(limit: number): Promise<Batch | null> {
    const pending = await this.#fill();
    if (pending === null) return null;
    const left = pending.length - this.#offset;
    const count = limit === 0 ? left : Math.min(left, limit);
    const part = sliceBatch(pending, this.#offset, count);
    this.#offset += count;
    this.#given += count;
    return part;
  }

  /** True when no row is left; may pull one batch ahead. */
  async atEnd(): Promise<boolean> {
    return (await this.#fill()) === null;
  }

  /** Reads the rest into memory, so that the cursor outlives its transaction. */
  async materialize(): Promise<void> {
    const rest: Batch[] = [];
    for (let batch = await this.next(0); batch !== null; batch = await this.next(0)) {
      rest.push(batch);
    }
    this.#given -= rest.reduce((sum, batch) => sum + batch.length, 0);
    this.#source = eachOf(rest);
    this.#done = false;
  }

  /** Stops the stream early. */
  async close(): Promise<void> {
    if (this.#done) return;
    this.#done = true;
    this.#pending = null;
    await this.#source.return?.();
  }

  async #fill(): Promise<Batch | null> {
    while (this.#pending === null || this.#offset >= this.#pending.length) {
      if (this.#done) return null;
      const step = await this.#source.next();
      if (step.done === true) {
        this.#done = true;
        this.#pending = null;
        return null;
      }
      this.#pending = expandWeights(step.value);
      this.#offset = 0;
    }
    return this.#pending;
  }
}

async function* eachOf(batches: readonly Batch[]): AsyncGenerator<Batch> {
  for (const batch of batches) yield batch;
}

/** The same rows with every weight 1. */
export function expandWeights(batch: Batch): Batch {
  let total = 0;
  let plain = true;
  for (let i = 0; i < batch.length; i++) {
    const weight = must(batch.weights[i], 'weight');
    total += Math.max(weight, 0);
    if (weight !== 1) plain = false;
  }
  if (plain) return batch;
  const rows = new Int32Array(total);
  let at = 0;
  for (let i = 0; i < batch.length; i++) {
    for (let k = must(batch.weights[i], 'weight'); k > 0; k--) rows[at++] = i;
  }
  return pickRows(batch, rows);
}

/** A part of a batch; arrays are shared where they can be. */
export function sliceBatch(batch: Batch, from: number, count: number): Batch {
  if (from === 0 && count === batch.length) return batch;
  const columns = batch.columns.map((column) => sliceColumn(column, from, from + count));
  return { length: count, columns, weights: batch.weights.subarray(from, from + count) };
}

function sliceColumn(column: Column, from: number, to: number): Column {
  const nulls = column.nulls === null ? null : column.nulls.subarray(from, to);
  switch (column.kind) {
    case 'bool': return { kind: 'bool', data: column.data.subarray(from, to), nulls };
    case 'i32': return { kind: 'i32', data: column.data.subarray(from, to), nulls };
    case 'i64': return { kind: 'i64', data: column.data.subarray(from, to), nulls };
    case 'f64': return { kind: 'f64', data: column.data.subarray(from, to), nulls };
    case 'ref': return { kind: 'ref', data: column.data.slice(from, to), nulls };
  }
}

/** The rows of a batch with these numbers, each with weight 1. */
export function pickRows(batch: Batch, rows: Int32Array): Batch {
  const columns = batch.columns.map((column) => pickColumn(column, rows));
  return { length: rows.length, columns, weights: new Int32Array(rows.length).fill(1) };
}

function pickColumn(column: Column, rows: Int32Array): Column {
  const count = rows.length;
  let nulls: Uint8Array | null = null;
  if (column.nulls !== null) {
    nulls = new Uint8Array(count);
    for (let i = 0; i < count; i++) nulls[i] = column.nulls[rows[i] as number] as number;
  }
  if (column.kind === 'ref') {
    const data: Value[] = [];
    for (let i = 0; i < count; i++) data.push(column.data[rows[i] as number] ?? null);
    return { kind: 'ref', data, nulls };
  }
  if (column.kind === 'i64') {
    const data = new BigInt64Array(count);
    for (let i = 0; i < count; i++) data[i] = column.data[rows[i] as number] as bigint;
    return { kind: 'i64', data, nulls };
  }
  return pickNumbers(column, rows, nulls);
}

function pickNumbers(
  column: Exclude<Column, { kind: 'ref' } | { kind: 'i64' }>, rows: Int32Array,
  nulls: Uint8Array | null,
): Column {
  const count = rows.length;
  const from: Uint8Array | Int32Array | Float64Array = column.data;
  const data = column.kind === 'bool' ? new Uint8Array(count)
    : column.kind === 'i32' ? new Int32Array(count) : new Float64Array(count);
  for (let i = 0; i < count; i++) data[i] = from[rows[i] as number] as number;
  return { kind: column.kind, data, nulls } as Column;
}
