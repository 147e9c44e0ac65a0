/**
 * CONTRACT. RowStore: the one durable state structure. Typed columns by slot, with a free list.
 *
 * Operators keep everything that must survive a restart in RowStores; hash indexes, chains and
 * ordered indexes (hash-index.ts, ordered-index.ts) point at slots and are rebuilt by `restore`.
 * Arrays are replaced when the store grows (grow.ts): call `reserve(n)` before a loop, then take
 * `data` from the columns, then loop. Slots are dense; a freed slot is used again first. The
 * checkpoint (storage/) writes dirty slots as delta blobs and ranges of slots as base blobs.
 */
import { assert, must } from '../../common/assert.ts';
import type { Physical, SqlType } from '../../common/types/sql-type.ts';
import { physicalOf } from '../../common/types/sql-type.ts';
import type { Value } from '../../common/values.ts';
import { nullRefs } from '../batch.ts';
import { announceRelease, grown, reservedBytes } from './grow.ts';
import type { Growable } from './grow.ts';

/** A column of a store. `type` names the codec of `ref` columns. */
export interface StoreColumn {
  readonly name: string;
  readonly type: SqlType;
  readonly nullable: boolean;
}

/** Typed array (or references) of a store column, `capacity` long. */
export type StoreData = Uint8Array | Int32Array | BigInt64Array | Float64Array | Value[];

const FIRST_CAPACITY = 64;
/** Stores grow to four times their size below this, to twice above. */
const SLOW_FROM = 16_384;

/** One column of a RowStore; `data` and `nulls` change identity when the store grows. */
export class StoreColumnData {
  readonly column: StoreColumn;
  readonly kind: Physical;
  data: StoreData;
  nulls: Uint8Array | null;
  #lanes: Int32Array | null = null;

  constructor(column: StoreColumn, capacity: number) {
    this.column = column;
    this.kind = physicalOf(column.type);
    this.data = makeData(this.kind, capacity);
    this.nulls = column.nullable ? new Uint8Array(capacity) : null;
  }

  get i32(): Int32Array { return this.data as Int32Array; }
  get i64(): BigInt64Array { return this.data as BigInt64Array; }
  /** 64-bit integers as pairs of 32-bit lanes, low first. */
  get lanes(): Int32Array {
    const data = this.i64;
    const known = this.#lanes;
    if (known !== null && known.buffer === data.buffer && known.length === data.length * 2) {
      return known;
    }
    return this.#lanes = new Int32Array(data.buffer, data.byteOffset, data.length * 2);
  }
  get f64(): Float64Array { return this.data as Float64Array; }
  get bool(): Uint8Array { return this.data as Uint8Array; }
  get ref(): Value[] { return this.data as Value[]; }

  /** Grows to `capacity`, keeping what is there. */
  grow(capacity: number): void {
    if (this.kind === 'ref') {
      // Cells beyond are written before they are read; filling them costs more than the rest.
      this.ref.length = capacity;
    } else {
      this.data = grown(this.data as Growable, capacity);
    }
    if (this.nulls !== null) this.nulls = grown(this.nulls, capacity);
  }
}

function makeData(kind: Physical, capacity: number): StoreData {
  switch (kind) {
    case 'bool': return new Uint8Array(capacity);
    case 'i32': return new Int32Array(capacity);
    case 'i64': return new BigInt64Array(capacity);
    case 'f64': return new Float64Array(capacity);
    case 'ref': return nullRefs(capacity);
  }
}

/** Rows by slot. */
export class RowStore {
  readonly name: string;
  readonly columns: readonly StoreColumnData[];
  /** 1 for slots in use. */
  live: Uint8Array = new Uint8Array(FIRST_CAPACITY);
  /** 1 for slots changed since the last checkpoint; those from `#fresh` on all are, unmarked. */
  #dirty: Uint8Array = new Uint8Array(FIRST_CAPACITY);
  /** Top at the last checkpoint. */
  #fresh = 0;
  #free: Int32Array = new Int32Array(FIRST_CAPACITY);
  #freeCount = 0;
  #top = 0;
  #rows = 0;
  #dirtySlots: Int32Array = new Int32Array(FIRST_CAPACITY);
  #dirtyCount = 0;

  constructor(name: string, columns: readonly StoreColumn[]) {
    this.name = name;
    this.columns = columns.map((column) => new StoreColumnData(column, FIRST_CAPACITY));
  }

  /** Rows in use. */
  get rows(): number { return this.#rows; }
  /** Slots ever used: live slots are below this. */
  get top(): number { return this.#top; }
  get capacity(): number { return this.live.length; }
  get dirtyCount(): number { return this.#dirtyCount + this.#top - this.#fresh; }

  column(at: number): StoreColumnData {
    return must(this.columns[at], 'store column');
  }

  /** Makes room for `more` allocations without growth. */
  reserve(more: number): void {
    const wanted = this.#top + Math.max(0, more - this.#freeCount);
    if (wanted <= this.capacity) return;
    let capacity = this.capacity;
    while (capacity < wanted) capacity *= capacity < SLOW_FROM ? 4 : 2;
    for (const column of this.columns) column.grow(capacity);
    this.live = grown(this.live, capacity);
    this.#dirty = grown(this.#dirty, capacity);
  }

  /** A slot for a new row, marked dirty. Its cells hold leftovers: write every column. */
  alloc(): number {
    let slot: number;
    if (this.#freeCount > 0) {
      slot = must(this.#free[--this.#freeCount], 'free slot');
    } else {
      if (this.#top === this.capacity) this.reserve(1);
      slot = this.#top++;
    }
    this.live[slot] = 1;
    this.#rows++;
    this.touch(slot);
    return slot;
  }

  /**
   * Slots for `count` new rows, as `alloc` gives them one by one, written to `out`. Gives the first
   * when all are consecutive and were never used before (their masks are 0), so that columns can be
   * copied whole; else -1.
   */
  allocMany(count: number, out: Int32Array): number {
    this.reserve(count);
    const reused = Math.min(count, this.#freeCount);
    for (let i = 0; i < reused; i++) out[i] = this.alloc();
    const fresh = count - reused;
    if (fresh === 0) return -1;
    const first = this.#top;
    this.#top += fresh;
    this.#rows += fresh;
    this.live.fill(1, first, this.#top);
    for (let i = 0; i < fresh; i++) out[reused + i] = first + i;
    return reused === 0 ? first : -1;
  }

  /** Gives a slot back; references in it are dropped. */
  free(slot: number): void {
    assert(this.live[slot] === 1, 'free of a slot that is not live');
    this.live[slot] = 0;
    this.#rows--;
    for (const column of this.columns) if (column.kind === 'ref') column.ref[slot] = null;
    if (this.#freeCount === this.#free.length) {
      this.#free = grown(this.#free, this.#free.length * 2);
    }
    this.#free[this.#freeCount++] = slot;
    this.touch(slot);
  }

  /** Marks a slot as changed since the last checkpoint. */
  touch(slot: number): void {
    if (slot >= this.#fresh || this.#dirty[slot] === 1) return;
    this.#dirty[slot] = 1;
    if (this.#dirtyCount === this.#dirtySlots.length) {
      this.#dirtySlots = grown(this.#dirtySlots, this.#dirtySlots.length * 2);
    }
    this.#dirtySlots[this.#dirtyCount++] = slot;
  }

  /** The dirty slots, in ascending order; forgets them. For the checkpoint. */
  takeDirty(): Int32Array {
    const marked = this.#dirtySlots.subarray(0, this.#dirtyCount).sort();
    const slots = new Int32Array(this.dirtyCount);
    slots.set(marked);
    for (let at = marked.length; at < slots.length; at++) {
      slots[at] = this.#fresh + at - marked.length;
    }
    for (const slot of marked) this.#dirty[slot] = 0;
    this.#dirtyCount = 0;
    this.#fresh = this.#top;
    return slots;
  }

  /** Starts over with `top` slots after columns and `live` were filled by a restore. */
  finishRestore(top: number): void {
    this.#top = top;
    this.#rows = 0;
    this.#freeCount = 0;
    this.#free = new Int32Array(Math.max(FIRST_CAPACITY, top));
    for (let slot = top - 1; slot >= 0; slot--) {
      if (this.live[slot] === 1) this.#rows++;
      else this.#free[this.#freeCount++] = slot;
    }
    this.#dirty.fill(0);
    this.#dirtyCount = 0;
    this.#fresh = top;
  }

  /** Tells the collector, when the store is let go, of the bytes it does not know about. */
  release(): void {
    const columns = this.columns.flatMap(({ kind, data, nulls }) => [
      ...kind === 'ref' ? [] : [data as Growable], ...nulls === null ? [] : [nulls],
    ]);
    announceRelease(reservedBytes([
      ...columns, this.live, this.#dirty, this.#free, this.#dirtySlots,
    ]));
  }

  /** Approximate bytes of the columns (references count 16 each). */
  bytes(): number {
    let total = this.capacity * 2 + this.#free.byteLength + this.#dirtySlots.byteLength;
    for (const { kind, data, nulls } of this.columns) {
      total += kind === 'ref' ? this.capacity * 16 : (data as Uint8Array).byteLength;
      total += nulls?.byteLength ?? 0;
    }
    return total;
  }
}
