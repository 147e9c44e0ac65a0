/**
 * DISTINCT inside an aggregate: feeds another accumulator each different argument row once.
 *
 * Keeps (group, arguments, weight) in a store of its own. A row counts while its weight is
 * positive, so only the steps from and to 0 are handed on, with weight 1 or -1.
 */
import type { SqlType } from '../../common/types/sql-type.ts';
import type { Column } from '../batch.ts';
import type { StateSize } from '../operator.ts';
import { ChainIndex } from '../state/chain-index.ts';
import { HashIndex } from '../state/hash-index.ts';
import type { RowStore, StoreColumn, StoreColumnData } from '../state/row-store.ts';
import { gather } from '../state/transfer.ts';
import type { Accumulator, AggregateInput, Groups, OutputFailure } from './aggregate-types.ts';

/** The columns of the store of a distinct aggregate. */
export function distinctColumns(types: readonly SqlType[]): StoreColumn[] {
  return [
    { name: '$group', type: { name: 'int4' }, nullable: false },
    ...types.map((type, at) => ({ name: `arg${at}`, type, nullable: true })),
    { name: '$weight', type: { name: 'int4' }, nullable: false },
  ];
}

/** The accumulator; see the head of the file. */
export class DistinctValues implements Accumulator {
  readonly columns: readonly StoreColumn[];
  readonly #inner: Accumulator;
  readonly #store: RowStore;
  readonly #index: HashIndex;
  /** Finds the rows of a group that is dropped; null when groups only go when empty. */
  readonly #chain: ChainIndex | null;
  readonly #skipsNull: boolean;
  readonly #head: Int32Array = new Int32Array(1);

  constructor(
    inner: Accumulator, store: RowStore,
    options: { readonly skipsNull: boolean; readonly evicts: boolean },
  ) {
    this.columns = inner.columns;
    this.#inner = inner;
    this.#store = store;
    this.#skipsNull = options.skipsNull;
    const width = store.columns.length - 1;
    this.#index = new HashIndex(store, Array.from({ length: width }, (_column, at) => at));
    this.#chain = options.evicts ? new ChainIndex(store, [0]) : null;
  }

  bind(groups: Groups, columns: readonly StoreColumnData[]): void {
    this.#inner.bind(groups, columns);
  }

  init(slots: Int32Array, count: number): void { this.#inner.init(slots, count); }

  add(input: AggregateInput): void {
    const taken = this.#skipsNull ? withoutNulls(input) : input;
    if (taken.count === 0) return;
    const { rows, count, slots: groups, weights } = taken;
    const args = rows === null ? taken.args
      : taken.args.map((column) => gather(column, rows, count));
    const keys: Column[] = [{ kind: 'i32', data: groups, nulls: null }, ...args];
    const slots = new Int32Array(count);
    this.#index.findOrInsert(keys, count, this.#index.hash(keys, count), slots);
    const { inserted, insertedCount } = this.#index;
    const data = this.#store.column(this.#store.columns.length - 1).i32;
    for (let i = 0; i < insertedCount; i++) data[inserted[i] as number] = 0;
    this.#chain?.insertSlots(inserted, insertedCount);
    const changes = { rows: new Int32Array(count), slots: new Int32Array(count),
      weights: new Int32Array(count) };
    let changed = 0;
    for (let i = 0; i < count; i++) {
      const slot = slots[i] as number;
      const before = data[slot] as number;
      const after = before + (weights[i] as number);
      data[slot] = after;
      this.#store.touch(slot);
      if ((before > 0) === (after > 0)) continue;
      changes.rows[changed] = rows === null ? i : rows[i] as number;
      changes.slots[changed] = groups[i] as number;
      changes.weights[changed++] = after > 0 ? 1 : -1;
    }
    if (changed > 0) this.#inner.add({ ...taken, ...changes, count: changed });
    this.#freeEmpty(slots, count, data);
  }

  #freeEmpty(slots: Int32Array, count: number, data: Int32Array): void {
    const list: number[] = [];
    for (let i = 0; i < count; i++) {
      const slot = slots[i] as number;
      if (data[slot] !== 0) continue;
      // A weight that cannot be, so that a slot is listed once.
      data[slot] = -1;
      list.push(slot);
    }
    this.#free(list);
  }

  #free(list: readonly number[]): void {
    if (list.length === 0) return;
    const slots = Int32Array.from(list);
    this.#index.removeSlots(slots, slots.length);
    this.#chain?.removeSlots(slots, slots.length);
    for (const slot of slots) this.#store.free(slot);
  }

  output(slots: Int32Array, count: number, onFailure: OutputFailure): Column {
    return this.#inner.output(slots, count, onFailure);
  }

  previous(slots: Int32Array, count: number, onFailure: OutputFailure): Column {
    return this.#inner.previous(slots, count, onFailure);
  }

  drop(slots: Int32Array, count: number): void {
    this.#inner.drop(slots, count);
    const chain = this.#chain;
    if (chain === null) return;
    const list: number[] = [];
    for (let i = 0; i < count; i++) {
      const key: Column[] = [{ kind: 'i32', data: slots.subarray(i, i + 1), nulls: null }];
      chain.lookup(key, 1, chain.hash(key, 1), this.#head);
      for (let at = this.#head[0] as number; at >= 0; at = chain.next[at] as number) list.push(at);
    }
    this.#free(list);
  }

  restore(): void {
    this.#index.rebuild();
    this.#chain?.rebuild();
    this.#inner.restore();
  }

  size(): StateSize {
    const inner = this.#inner.size();
    return {
      rows: inner.rows + this.#store.rows,
      bytes: inner.bytes + this.#store.bytes() + this.#index.bytes() + (this.#chain?.bytes() ?? 0),
    };
  }
}

/** The entries whose first argument is not NULL. */
function withoutNulls(input: AggregateInput): AggregateInput {
  const nulls = input.args[0]?.nulls ?? null;
  if (nulls === null) return input;
  const kept = { rows: new Int32Array(input.count), slots: new Int32Array(input.count),
    weights: new Int32Array(input.count) };
  let count = 0;
  for (let i = 0; i < input.count; i++) {
    const row = input.rows === null ? i : input.rows[i] as number;
    if (nulls[row] === 1) continue;
    kept.rows[count] = row;
    kept.slots[count] = input.slots[i] as number;
    kept.weights[count++] = input.weights[i] as number;
  }
  return { ...input, ...kept, count };
}
