/**
 * The rows of a table or a materialized view: an arrangement, read in slices and found by key.
 *
 * Stored columns are the user's, `$arrival` for tables with a watermark (W_p as the row met it)
 * or a TTL (when the row was written), and the arrangement's weight. Mutations happen between
 * slices of open cursors: a cursor copies what it has not read yet before anything changes. Tables
 * refuse taken keys and missing rows; views take what their operators say.
 */
import { must } from '../common/assert.ts';
import type { SqlType } from '../common/types/sql-type.ts';
import type { Value } from '../common/values.ts';
import type { Batch } from './batch.ts';
import { batchOf } from './batch.ts';
import { consolidate, hasRetraction, negate, sliceBatch, takeRows } from './engine-rows.ts';
import { Arrangement, arrangementColumns } from './state/arrangement.ts';
import type { ChainIndex } from './state/chain-index.ts';
import type { RowStore, StoreColumn } from './state/row-store.ts';

/** Rows in a slice of a scan. */
export const SCAN_ROWS = 4096;
/** Rows that are applied at once. */
const APPLY_ROWS = 65536;
const ARRIVAL = { name: '$arrival', type: { name: 'int8' } } as const;

/** Columns of the store behind a relation. */
export function relationStoreColumns(
  columns: readonly { readonly name: string; readonly type: SqlType }[], tracksArrival: boolean,
): StoreColumn[] {
  return arrangementColumns(tracksArrival ? [...columns, ARRIVAL] : columns);
}

/** Deletes rows that are too old; see row-ttl.ts. */
export interface RowAging {
  /** True when rows go as logical time passes. */
  readonly followsClock: boolean;
  /** When an epoch is necessary to delete rows, or null. */
  dueAt(): bigint | null;
  /** Deletes what is too old; gives it as retractions with the hidden column, or null. */
  deleteDue(now: bigint, watermark: bigint | null): Batch | null;
}

/** How rows of a relation are told apart. */
export interface RowsOptions {
  readonly key: readonly number[] | null;
  readonly tracksArrival: boolean;
  /** No retraction will come: no row is looked for. */
  readonly appendOnly: boolean;
}

/** Why a change of a table was refused. `row` is in the batch the caller gave. */
export type Refusal =
  | { readonly kind: 'duplicate'; readonly batch: Batch; readonly row: number }
  | { readonly kind: 'missing'; readonly batch: Batch; readonly row: number };

/** What a transaction changed. */
export interface Applied {
  readonly net: Batch;
  readonly undo: () => void;
}

/** Reads rows slice by slice, as they were when it was opened. */
export interface RowCursor {
  /** The next rows: user columns, `$arrival` if kept; null at the end. */
  next(): Batch | null;
  close(): void;
}

interface OpenCursor {
  at: number;
  rest: Batch[] | null;
}

/** The rows of a stored relation. */
export class RelationRows {
  readonly types: readonly SqlType[];
  readonly key: readonly number[] | null;
  readonly tracksArrival: boolean;
  readonly arrangement: Arrangement;
  /** Deletes rows by age, where the table says so. */
  ttl: RowAging | null = null;
  readonly #cursors = new Set<OpenCursor>();
  readonly #indexes = new Map<number, readonly number[]>();

  constructor(types: readonly SqlType[], store: RowStore, options: RowsOptions) {
    this.types = types;
    this.key = options.key === null || options.key.length === 0 ? null : options.key;
    this.tracksArrival = options.tracksArrival;
    this.arrangement = new Arrangement(store, {
      key: this.key, appendOnly: options.appendOnly && this.key === null,
    });
  }

  get rows(): number { return this.arrangement.rows; }
  get storeName(): string { return this.arrangement.store.name; }

  bytes(): number { return this.arrangement.bytes(); }

  /** Applies what a view's operators put out; retractions and additions in any order. */
  applyDelta(batch: Batch): void {
    this.#settleCursors();
    for (let from = 0; from < batch.length; from += APPLY_ROWS) {
      this.arrangement.apply(sliceBatch(batch, from, Math.min(batch.length, from + APPLY_ROWS)));
    }
  }

  /**
   * Applies a transaction's changes of a table: user columns, and with arrivals kept the W_p before
   * each change. Gives the net change and its undoing; null when refused: nothing is changed then.
   */
  applyChecked(changes: Batch, refuse: (refusal: Refusal) => void): Applied | null {
    this.#settleCursors();
    if (!hasRetraction(changes)) {
      const undo = this.#addChecked(changes, refuse);
      return undo === null ? null : { net: changes, undo };
    }
    const net = consolidate(changes, this.types.length);
    const [removed, added] = splitBySign(net);
    const taken = this.#removeChecked(removed, refuse);
    if (taken === null) return null;
    const undo = this.#addChecked(added, refuse);
    if (undo === null) {
      this.arrangement.apply(negate(taken));
      return null;
    }
    return {
      net,
      undo: () => {
        undo();
        this.applyDelta(negate(taken));
      },
    };
  }

  /** Adds rows; gives the undoing, or null when a key is taken. */
  #addChecked(batch: Batch, refuse: (refusal: Refusal) => void): (() => void) | null {
    if (batch.length === 0) return () => undefined;
    if (this.key !== null && !this.#keysFree(this.key, batch, refuse)) return null;
    const slots = this.arrangement.apply(batch).slice(0, batch.length);
    const undo = (): void => this.#takeBack(batch, slots);
    if (this.key === null) return undo;
    const twice = this.#firstDouble(this.key, batch, slots);
    if (twice < 0) return undo;
    undo();
    refuse({ kind: 'duplicate', batch, row: twice });
    return null;
  }

  #takeBack(batch: Batch, slots: Int32Array): void {
    this.#settleCursors();
    if (this.arrangement.identity === null) this.arrangement.evict(slots, slots.length);
    else this.arrangement.apply(negate(batch));
  }

  #keysFree(
    key: readonly number[], batch: Batch, refuse: (refusal: Refusal) => void,
  ): boolean {
    const found = this.#findKeys(key, batch);
    const row = found.findIndex((slot) => slot >= 0);
    if (row >= 0) refuse({ kind: 'duplicate', batch, row });
    return row < 0;
  }

  /** A row of an applied batch whose key another row of it has, or -1. */
  #firstDouble(key: readonly number[], batch: Batch, slots: Int32Array): number {
    const found = this.#findKeys(key, batch);
    const { weights } = this.arrangement;
    return slots.findIndex((slot, row) => found[row] !== slot || weights[slot] !== 1);
  }

  #findKeys(key: readonly number[], batch: Batch): Int32Array {
    const found = new Int32Array(batch.length);
    const columns = key.map((at) => must(batch.columns[at], 'key column'));
    this.arrangement.findKeys(columns, batch.length, found);
    return found;
  }

  /** Removes rows (weights < 0); gives what was removed as stored, null when some is missing. */
  #removeChecked(batch: Batch, refuse: (refusal: Refusal) => void): Batch | null {
    if (batch.length === 0) return batch;
    const whole = this.tracksArrival ? this.#oldestArrivals(withoutLast(batch), refuse) : batch;
    if (whole === null) return null;
    const found = new Int32Array(whole.length);
    this.arrangement.findRows(whole.columns, whole.length, found);
    const { weights } = this.arrangement;
    for (let row = 0; row < whole.length; row++) {
      const slot = found[row] ?? -1;
      if (slot >= 0 && (weights[slot] ?? 0) + (whole.weights[row] ?? 0) >= 0) continue;
      refuse({ kind: 'missing', batch, row });
      return null;
    }
    this.arrangement.apply(whole);
    return whole;
  }

  /** The rows with the arrivals they are stored with, earliest first; needs a chain per row. */
  #oldestArrivals(batch: Batch, refuse: (refusal: Refusal) => void): Batch | null {
    const chain = this.#userChain();
    const heads = new Int32Array(batch.length);
    chain.lookup(batch.columns, batch.length, chain.hash(batch.columns, batch.length), heads);
    const rows: number[] = [];
    const slots: number[] = [];
    const weights: number[] = [];
    for (let row = 0; row < batch.length; row++) {
      let left = -(batch.weights[row] ?? 0);
      for (const slot of this.#byArrival(chain, heads[row] ?? -1)) {
        if (left === 0) break;
        const taken = Math.min(left, this.arrangement.weights[slot] ?? 0);
        rows.push(row);
        slots.push(slot);
        weights.push(-taken);
        left -= taken;
      }
      if (left === 0) continue;
      refuse({ kind: 'missing', batch, row });
      return null;
    }
    const stored = this.arrangement.batchOfSlots(Int32Array.from(slots), slots.length);
    return { ...stored, weights: Int32Array.from(weights) };
  }

  #userChain(): ChainIndex {
    return this.arrangement.chain(this.types.map((_type, at) => at), true);
  }

  #byArrival(chain: ChainIndex, head: number): number[] {
    const slots: number[] = [];
    for (let slot = head; slot >= 0; slot = chain.next[slot] ?? -1) slots.push(slot);
    if (slots.length < 2) return slots;
    const arrivals = this.arrangement.store.column(this.types.length);
    const of = (slot: number): bigint | null =>
      arrivals.nulls?.[slot] === 1 ? null : arrivals.i64[slot] ?? null;
    return slots.sort((a, b) => compareArrivals(of(a), of(b)));
  }

  /** Numbers of rows whose key is not stored; of equal keys the first. */
  freeRows(key: readonly number[], batch: Batch): Int32Array {
    const found = this.#findKeys(key, batch);
    const numbers = Int32Array.from(found.keys());
    const keys = key.map((at) => must(batch.columns[at], 'key column'));
    const numbered = { kind: 'i32', data: numbers, nulls: null } as const;
    const firsts = consolidate({ ...batch, columns: [...keys, numbered] }, key.length);
    const rows = must(firsts.columns.at(-1), 'row numbers').data as Int32Array;
    return rows.slice(0, firsts.length).filter((row) => (found[row] ?? -1) < 0);
  }

  /** The stored rows that have the keys of the given rows: user columns. */
  storedByKey(batch: Batch): Batch | null {
    if (this.key === null) return null;
    const slots = this.#findKeys(this.key, batch).filter((slot) => slot >= 0);
    return this.#userColumns(this.arrangement.batchOfSlots(slots, slots.length));
  }

  /** Appends rows that are unlike any other; gives their slots. */
  append(batch: Batch): Int32Array {
    this.#settleCursors();
    return this.arrangement.apply(batch);
  }

  /** Drops rows by slot; gives them as retractions. */
  evict(slots: Int32Array): Batch {
    this.#settleCursors();
    const gone = this.arrangement.batchOfSlots(slots, slots.length, -1);
    this.arrangement.evict(slots, slots.length);
    return gone;
  }

  /** All slots in order of `$arrival`, and the highest arrival. */
  slotsByArrival(): {
    readonly slots: number[]; readonly times: bigint[]; readonly last: bigint | null;
  } {
    const { store } = this.arrangement;
    const arrivals = store.column(this.types.length).i64;
    const slots: number[] = [];
    for (let slot = 0; slot < store.top; slot++) if (store.live[slot] === 1) slots.push(slot);
    slots.sort((a, b) => compareArrivals(arrivals[a] ?? 0n, arrivals[b] ?? 0n));
    const newest = slots.at(-1);
    const times = slots.map((slot) => arrivals[slot] ?? 0n);
    return { slots, times, last: newest === undefined ? null : arrivals[newest] ?? null };
  }

  /** Adds an index; look-ups on its columns use it. */
  addIndex(id: number, columns: readonly number[]): void {
    this.#indexes.set(id, columns);
    this.arrangement.chain(columns);
  }

  dropIndex(id: number): void {
    this.#indexes.delete(id);
  }

  /** Rebuilds the indexes after the store was loaded. */
  restore(): void {
    this.arrangement.restore();
  }

  /** Opens a cursor over all rows. */
  cursor(): RowCursor {
    const cursor: OpenCursor = { at: 0, rest: null };
    this.#cursors.add(cursor);
    return {
      next: () => this.#advance(cursor),
      close: () => { this.#cursors.delete(cursor); },
    };
  }

  #advance(cursor: OpenCursor): Batch | null {
    if (cursor.rest !== null) return cursor.rest.shift() ?? null;
    const { store } = this.arrangement;
    while (cursor.at < store.top) {
      const to = Math.min(store.top, cursor.at + SCAN_ROWS);
      const slots = new Int32Array(to - cursor.at);
      let count = 0;
      for (let slot = cursor.at; slot < to; slot++) {
        if (store.live[slot] === 1) slots[count++] = slot;
      }
      cursor.at = to;
      if (count > 0) return this.arrangement.batchOfSlots(slots, count);
    }
    this.#cursors.delete(cursor);
    return null;
  }

  /** Before a change: open cursors copy what they have not read. */
  #settleCursors(): void {
    if (this.#cursors.size === 0) return;
    for (const cursor of this.#cursors) {
      const rest: Batch[] = [];
      for (let batch = this.#advance(cursor); batch !== null; batch = this.#advance(cursor)) {
        rest.push(batch);
      }
      cursor.rest = rest;
    }
    this.#cursors.clear();
  }

  /** Rows whose columns equal the values; null when no index has these columns. */
  lookup(columns: readonly number[], values: readonly Value[]): Batch | null {
    const ordered = this.#indexOn(columns);
    if (ordered === null) return null;
    if (values.includes(null)) return this.#userColumns(this.arrangement.batchOfSlots(NONE, 0));
    const row = ordered.map((at) => values[columns.indexOf(at)] ?? null);
    const keys = batchOf(ordered.map((at) => must(this.types[at], 'type')), [row]).columns;
    const chain = this.arrangement.chain(ordered);
    const out = new Int32Array(1);
    chain.lookup(keys, 1, chain.hash(keys, 1), out);
    const slots: number[] = [];
    for (let slot = out[0] ?? -1; slot >= 0; slot = chain.next[slot] ?? -1) slots.push(slot);
    return this.#userColumns(this.arrangement.batchOfSlots(Int32Array.from(slots), slots.length));
  }

  /** The columns of an index over exactly these columns, in its order. */
  #indexOn(columns: readonly number[]): readonly number[] | null {
    const same = (other: readonly number[]): boolean => other.length === columns.length
      && other.every((at) => columns.includes(at));
    if (this.key !== null && same(this.key)) return this.key;
    for (const index of this.#indexes.values()) if (same(index)) return index;
    return null;
  }

  #userColumns(batch: Batch): Batch {
    return this.tracksArrival ? withoutLast(batch) : batch;
  }
}

const NONE = new Int32Array(0);

function compareArrivals(a: bigint | null, b: bigint | null): number {
  if (a === b) return 0;
  if (a === null) return -1;
  if (b === null) return 1;
  return a < b ? -1 : 1;
}

/** The batch without its last column. */
export function withoutLast(batch: Batch): Batch {
  return { ...batch, columns: batch.columns.slice(0, -1) };
}

/** Retractions and additions apart, each in order. */
function splitBySign(batch: Batch): readonly [Batch, Batch] {
  const negative: number[] = [];
  const positive: number[] = [];
  for (let i = 0; i < batch.length; i++) {
    ((batch.weights[i] ?? 0) < 0 ? negative : positive).push(i);
  }
  return [takeRows(batch, Int32Array.from(negative)), takeRows(batch, Int32Array.from(positive))];
}
