/**
 * The changelog of a relation: what each epoch changed, kept as long as someone asked for.
 *
 * Rows live in a RowStore, so checkpoints save them and recovery makes the same ones again; the
 * list of epochs is rebuilt from them. Age is measured in logical time. Nothing here depends on
 * who reads: a reader that is too slow finds that the floor has passed it.
 */
import { must } from '../common/assert.ts';
import type { SqlType } from '../common/types/sql-type.ts';
import type { Batch, Column } from './batch.ts';
import type { ColumnMapping } from './catalog-store-types.ts';
import { mappedColumns } from './column-mapping.ts';
import type { RowStore, StoreColumn } from './state/row-store.ts';
import { gatherSlots, scatterSlots } from './storage/column-codec.ts';

/** How long changes are kept; both limits hold. */
export interface Retention {
  readonly micros: bigint;
  readonly rows: number;
  /** Epochs after this one are wanted whatever their age; null: nobody waits for any. */
  readonly held: bigint | null;
}

/** The changes of one epoch. */
export interface LoggedDelta {
  readonly epoch: bigint;
  /** Logical time of the epoch, microseconds since 1970 UTC. */
  readonly at: bigint;
  readonly delta: Batch;
}

/** Where a changelog begins: every change after this epoch is there. */
export interface Floor {
  readonly epoch: bigint;
  readonly at: bigint;
}

interface Entry {
  readonly epoch: bigint;
  readonly at: bigint;
  readonly slots: Int32Array;
}

const NUMBER = 0;
const EPOCH = 1;
const AT = 2;
const WEIGHT = 3;
const FIRST = 4;
const INT8: SqlType = { name: 'int8' };
const INT4: SqlType = { name: 'int4' };

/** Columns of the store of a changelog. */
export function changelogColumns(types: readonly SqlType[]): StoreColumn[] {
  const plain = (name: string, type: SqlType): StoreColumn => ({ name, type, nullable: false });
  return [
    plain('$number', INT8), plain('$epoch', INT8), plain('$at', INT8), plain('$weight', INT4),
    ...types.map((type, at) => ({ name: `c${at}`, type, nullable: true })),
  ];
}

/** The kept changes of one relation. */
export class Changelog {
  readonly types: readonly SqlType[];
  readonly #store: RowStore;
  /** In order of epochs, from `#first` on. */
  #entries: Entry[] = [];
  #first = 0;
  #next = 0n;
  #floor: Floor;
  retention: Retention;

  constructor(
    types: readonly SqlType[], store: RowStore,
    of: { readonly floor: Floor; readonly retention: Retention },
  ) {
    this.types = types;
    this.#store = store;
    this.#floor = of.floor;
    this.retention = of.retention;
    if (store.rows > 0) this.#restore();
  }

  get floor(): Floor { return this.#floor; }
  get rows(): number { return this.#store.rows; }
  bytes(): number { return this.#store.bytes(); }

  /** Adds an epoch's consolidated change. */
  append(epoch: bigint, at: bigint, delta: Batch): void {
    const { length } = delta;
    if (length === 0) return;
    const slots = new Int32Array(length);
    this.#store.allocMany(length, slots);
    const numbers = new BigInt64Array(length);
    for (let i = 0; i < length; i++) numbers[i] = this.#next++;
    const weights = delta.weights.slice(0, length);
    const columns: readonly Column[] = [
      { kind: 'i64', data: numbers, nulls: null },
      { kind: 'i64', data: new BigInt64Array(length).fill(epoch), nulls: null },
      { kind: 'i64', data: new BigInt64Array(length).fill(at), nulls: null },
      { kind: 'i32', data: weights, nulls: null }, ...delta.columns,
    ];
    for (const [i, column] of columns.entries()) scatterSlots(this.#store.column(i), column, slots);
    this.#entries.push({ epoch, at, slots });
  }

  /** Forgets everything: who resumes has to begin with a snapshot. */
  cut(at: Floor): void {
    for (const { slots } of this.#entries.slice(this.#first)) {
      for (const slot of slots) this.#store.free(slot);
    }
    this.#entries = [];
    this.#first = 0;
    this.#floor = at;
  }

  /** Forgets what is older or more than was asked for. */
  evict(now: bigint): void {
    const oldest = now - this.retention.micros;
    for (;;) {
      const entry = this.#entries[this.#first];
      if (entry === undefined) break;
      if (this.retention.held !== null && entry.epoch > this.retention.held) break;
      if (entry.at >= oldest && this.#store.rows <= this.retention.rows) break;
      for (const slot of entry.slots) this.#store.free(slot);
      this.#floor = { epoch: entry.epoch, at: entry.at };
      this.#first++;
    }
    if (this.#first > 64 && this.#first * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#first);
      this.#first = 0;
    }
  }

  /** Changes of the epochs after this one, in order. */
  *after(epoch: bigint): Generator<LoggedDelta, void> {
    for (let at = this.#search(epoch); at < this.#entries.length; at++) {
      const entry = must(this.#entries[at], 'entry of a changelog');
      yield { epoch: entry.epoch, at: entry.at, delta: this.#batch(entry) };
    }
  }

  /** True when an epoch after this one changed something. */
  hasAfter(epoch: bigint): boolean {
    return this.#search(epoch) < this.#entries.length;
  }

  /** The first epoch that changed something after this moment, or null. */
  epochAfter(at: bigint): bigint | null {
    let low = this.#first;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (must(this.#entries[middle], 'entry').at > at) high = middle;
      else low = middle + 1;
    }
    return this.#entries[low]?.epoch ?? null;
  }

  /** The same changes in a store of other columns. */
  copyInto(to: Changelog, columns: readonly ColumnMapping[]): void {
    for (const { epoch, at, delta } of this.after(-1n)) {
      const mapped = mappedColumns(columns, delta, { from: this.types, to: to.types });
      to.append(epoch, at, { length: delta.length, columns: mapped, weights: delta.weights });
    }
  }

  /** Number of the first entry after an epoch. */
  #search(epoch: bigint): number {
    let low = this.#first;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (must(this.#entries[middle], 'entry').epoch > epoch) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #batch({ slots }: Entry): Batch {
    const weights = Int32Array.from(slots, (slot) => this.#store.column(WEIGHT).i32[slot] ?? 0);
    const columns = this.#store.columns.slice(FIRST).map((column) => gatherSlots(column, slots));
    return { length: slots.length, columns, weights };
  }

  /** Finds the epochs again in the rows of a checkpoint. */
  #restore(): void {
    const store = this.#store;
    const numbers = store.column(NUMBER).i64;
    const slots: number[] = [];
    for (let slot = 0; slot < store.top; slot++) if (store.live[slot] === 1) slots.push(slot);
    slots.sort((a, b) => Number((numbers[a] ?? 0n) - (numbers[b] ?? 0n)));
    const epochs = store.column(EPOCH).i64;
    const times = store.column(AT).i64;
    for (let from = 0; from < slots.length;) {
      const epoch = epochs[must(slots[from], 'slot')] ?? 0n;
      let to = from + 1;
      while (to < slots.length && epochs[must(slots[to], 'slot')] === epoch) to++;
      const at = times[must(slots[from], 'slot')] ?? 0n;
      this.#entries.push({ epoch, at, slots: Int32Array.from(slots.slice(from, to)) });
      from = to;
    }
    const last = slots.at(-1);
    this.#next = last === undefined ? 0n : (numbers[last] ?? 0n) + 1n;
  }
}
