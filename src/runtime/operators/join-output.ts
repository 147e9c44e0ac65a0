/**
 * The output batches of a join: pairs of rows and rows padded with NULLs, column by column.
 *
 * One side of a pair comes from the batch being joined, the other from the other side's store.
 * NULL columns are made once and shared by all batches, which are immutable.
 */
import { must } from '../../common/assert.ts';
import { physicalOf } from '../../common/types/sql-type.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import { makeColumn } from '../batch.ts';
import type { Batch, Column } from '../batch.ts';
import type { StoreColumnData } from '../state/row-store.ts';
import { gather, gatherInto, gatherNulls } from '../state/transfer.ts';

/** Candidate pairs: row `rows[i]` of a batch of side `port` with slot `slots[i]` of the other. */
export interface Pairs {
  readonly port: number;
  readonly batch: Batch;
  readonly store: readonly StoreColumnData[];
  readonly rows: Int32Array;
  readonly slots: Int32Array;
}

/** Columns that are filled again and again, by number. */
export class Scratch {
  readonly #columns = new Map<number, Column>();

  /** As `gather`; the column is overwritten by the next call for its number. */
  gather(at: number, from: Column | StoreColumnData, places: Int32Array, count: number): Column {
    if (from.kind === 'ref') return gather(from, places, count);
    let column = this.#columns.get(at);
    if (column === undefined || column.data.length < count) {
      column = makeColumn(from.kind, places.length);
      this.#columns.set(at, column);
    }
    gatherInto(from, { places, count }, column, 0);
    const nulls = gatherNulls(from.nulls, places, count);
    return nulls === null ? column : { ...column, nulls };
  }
}

/** Makes output batches; see the head of the file. */
export class JoinOutput {
  readonly #types: readonly [readonly SqlType[], readonly SqlType[]];
  /** Semi and anti joins give the left columns only. */
  readonly #leftOnly: boolean;
  /** The columns somebody reads; null: all. */
  readonly needed: ReadonlySet<number> | null;
  /** NULL columns of each side. */
  readonly #nulls: [readonly Column[], readonly Column[]] = [[], []];

  constructor(
    left: readonly SqlType[], right: readonly SqlType[],
    options: { readonly leftOnly: boolean; readonly needed: ReadonlySet<number> | null },
  ) {
    this.#types = [left, right];
    this.#leftOnly = options.leftOnly;
    this.needed = options.needed;
  }

  /**
   * The first `count` pairs as rows left ++ right. `used`: the columns that are filled, the others
   * are NULL; null: all. `scratch`: columns to fill instead of new ones, for a batch that nobody
   * keeps.
   */
  pairs(
    pairs: Pairs, count: number, weights: Int32Array,
    ...[used, scratch]: [ReadonlySet<number> | null, Scratch?]
  ): Batch {
    const leftWidth = this.#types[0].length;
    const columns: Column[] = [];
    for (let port = 0; port < 2; port++) {
      const own = port === pairs.port;
      const from = own ? pairs.batch.columns : pairs.store;
      const places = own ? pairs.rows : pairs.slots;
      const types = must(this.#types[port], 'side');
      for (let at = 0; at < types.length; at++) {
        const isUsed = used === null || used.has(port * leftWidth + at);
        columns.push(!isUsed ? must(this.#nullColumns(port, count)[at], 'column')
          : scratch === undefined ? gather(must(from[at], 'column'), places, count)
          : scratch.gather(port * leftWidth + at, must(from[at], 'column'), places, count));
      }
    }
    return { length: count, columns, weights };
  }

  /** A batch of side `port` as it is, each row with one slot of the other side. */
  wholeBatch(
    port: number, batch: Batch, slots: Int32Array,
    other: { readonly store: readonly StoreColumnData[]; readonly weights: Int32Array },
  ): Batch {
    const { length } = batch;
    const { needed } = this;
    const before = port === 0 ? this.#types[0].length : 0;
    const columns = must(this.#types[1 - port], 'side').map((_type, at) =>
      needed === null || needed.has(before + at)
        ? gather(must(other.store[at], 'column'), slots, length)
        : must(this.#nullColumns(1 - port, length)[at], 'column'));
    return {
      length, weights: other.weights,
      columns: port === 0 ? [...batch.columns, ...columns] : [...columns, ...batch.columns],
    };
  }

  /** Rows of side `port`, the other side's columns NULL. */
  padded(port: number, own: readonly Column[], weights: Int32Array, count: number): Batch {
    if (this.#leftOnly) return { length: count, columns: own, weights };
    const nulls = this.#nullColumns(1 - port, count);
    const columns = port === 0 ? [...own, ...nulls] : [...nulls, ...own];
    return { length: count, columns, weights };
  }

  #nullColumns(port: number, count: number): readonly Column[] {
    const known = must(this.#nulls[port], 'side');
    const length = known[0]?.data.length ?? 0;
    if (length >= count) return known;
    const capacity = Math.max(count, length * 2, 64);
    const made = must(this.#types[port], 'side').map((type): Column => ({
      ...makeColumn(physicalOf(type), capacity), nulls: new Uint8Array(capacity).fill(1),
    }));
    this.#nulls[port] = made;
    return made;
  }
}

/** Several batches of the same columns as one. */
export function concatBatches(batches: readonly Batch[]): Batch {
  const first = must(batches[0], 'batch');
  if (batches.length === 1) return first;
  let length = 0;
  for (const batch of batches) length += batch.length;
  const weights = new Int32Array(length);
  let offset = 0;
  for (const batch of batches) {
    weights.set(batch.weights.subarray(0, batch.length), offset);
    offset += batch.length;
  }
  const columns = first.columns.map((_column, at) =>
    concatColumns(batches.map((batch) => ({
      column: must(batch.columns[at], 'column'), length: batch.length,
    })), length));
  return { length, columns, weights };
}

function concatColumns(
  parts: readonly { readonly column: Column; readonly length: number }[], length: number,
): Column {
  const to = makeColumn(must(parts[0], 'part').column.kind, length);
  let nulls: Uint8Array | null = null;
  let offset = 0;
  for (const part of parts) {
    const { column } = part;
    if (column.nulls !== null) {
      nulls ??= new Uint8Array(length);
      nulls.set(column.nulls.subarray(0, part.length), offset);
    }
    if (to.kind === 'ref') {
      for (let i = 0; i < part.length; i++) to.data[offset + i] = column.data[i] as string;
    } else {
      (to.data as Int32Array).set((column.data as Int32Array).subarray(0, part.length), offset);
    }
    offset += part.length;
  }
  return nulls === null ? to : { ...to, nulls };
}
