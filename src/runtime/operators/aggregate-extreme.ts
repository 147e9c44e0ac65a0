/**
 * min and max: a value per group when nothing is ever taken back, else the values in order.
 *
 * With retractions each different value of a group is a row (group, value, weight) of a store of
 * its own, and the rows of a group form one ordered set, so the next best value is at hand when the
 * best one goes.
 */
import type { SqlType } from '../../common/types/sql-type.ts';
import type { Value } from '../../common/values.ts';
import type { Column } from '../batch.ts';
import { keyKindOf, orderOf } from '../kernels/key-kind.ts';
import type { StateSize } from '../operator.ts';
import { grown } from '../state/grow.ts';
import { OrderedIndex } from '../state/ordered-index.ts';
import type { RowStore, StoreColumn, StoreColumnData } from '../state/row-store.ts';
import { gather, zeroCell } from '../state/transfer.ts';
import { NO_SIZE } from './aggregate-types.ts';
import type { Accumulator, AggregateInput, Groups } from './aggregate-types.ts';

/** min or max over rows that are never retracted. */
export class InlineExtreme implements Accumulator {
  readonly columns: readonly StoreColumn[];
  readonly #type: SqlType;
  /** 1 for max, -1 for min. */
  readonly #sign: number;
  readonly #order: (a: Value, b: Value) => number;
  #best: StoreColumnData | null = null;

  constructor(prefix: string, type: SqlType, max: boolean) {
    this.#type = type;
    this.#sign = max ? 1 : -1;
    this.#order = orderOf(type);
    this.columns = [{ name: `${prefix}best`, type, nullable: true }];
  }

  bind(_groups: Groups, columns: readonly StoreColumnData[]): void {
    this.#best = columns[0] ?? null;
  }

  init(slots: Int32Array, count: number): void {
    const best = this.#best as StoreColumnData;
    const nulls = best.nulls as Uint8Array;
    for (let i = 0; i < count; i++) {
      nulls[slots[i] as number] = 1;
      zeroCell(best, slots[i] as number);
    }
  }

  add(input: AggregateInput): void {
    const best = this.#best as StoreColumnData;
    const data = (input.args[0] as Column).data;
    switch (keyKindOf(this.#type)) {
      case 'bool': case 'i32': this.#addSmall(data as Int32Array, best.i32, input); return;
      case 'u32': this.#addSmall(data as Int32Array, best.i32, input, 0x80000000); return;
      case 'i64': this.#addBig(data as BigInt64Array, best.i64, input); return;
      case 'f64': this.#addFloats(data as Float64Array, best.f64, input); return;
      case 'text': case 'ref': this.#addRefs(data as Value[], best.ref, input); return;
    }
  }

  /** `flip` turns unsigned order into signed order. */
  #addSmall(
    data: Int32Array, best: Int32Array, { args, rows, count, slots }: AggregateInput,
    flip: number = 0,
  ): void {
    const nulls = args[0]?.nulls ?? null;
    const empty = (this.#best as StoreColumnData).nulls as Uint8Array;
    const sign = this.#sign;
    for (let i = 0; i < count; i++) {
      const row = rows === null ? i : rows[i] as number;
      if (nulls !== null && nulls[row] === 1) continue;
      const slot = slots[i] as number;
      const value = data[row] as number;
      if (empty[slot] === 1 || ((value ^ flip) - ((best[slot] as number) ^ flip)) * sign > 0) {
        best[slot] = value;
        empty[slot] = 0;
      }
    }
  }

  #addBig(
    data: BigInt64Array, best: BigInt64Array, { args, rows, count, slots }: AggregateInput,
  ): void {
    const nulls = args[0]?.nulls ?? null;
    const empty = (this.#best as StoreColumnData).nulls as Uint8Array;
    const max = this.#sign > 0;
    for (let i = 0; i < count; i++) {
      const row = rows === null ? i : rows[i] as number;
      if (nulls !== null && nulls[row] === 1) continue;
      const slot = slots[i] as number;
      const value = data[row] as bigint;
      const old = best[slot] as bigint;
      if (empty[slot] === 1 || (max ? value > old : value < old)) {
        best[slot] = value;
        empty[slot] = 0;
      }
    }
  }

  #addFloats(
    data: Float64Array, best: Float64Array, { args, rows, count, slots }: AggregateInput,
  ): void {
    const nulls = args[0]?.nulls ?? null;
    const empty = (this.#best as StoreColumnData).nulls as Uint8Array;
    const max = this.#sign > 0;
    for (let i = 0; i < count; i++) {
      const row = rows === null ? i : rows[i] as number;
      if (nulls !== null && nulls[row] === 1) continue;
      const slot = slots[i] as number;
      const value = data[row] as number;
      const old = best[slot] as number;
      // NaN is above everything.
      const better = max ? value > old || (value !== value && old === old)
        : value < old || (old !== old && value === value);
      if (empty[slot] === 1 || better) {
        best[slot] = value;
        empty[slot] = 0;
      }
    }
  }

  #addRefs(data: Value[], best: Value[], { args, rows, count, slots }: AggregateInput): void {
    const nulls = args[0]?.nulls ?? null;
    const empty = (this.#best as StoreColumnData).nulls as Uint8Array;
    for (let i = 0; i < count; i++) {
      const row = rows === null ? i : rows[i] as number;
      if (nulls !== null && nulls[row] === 1) continue;
      const slot = slots[i] as number;
      const value = data[row] as Value;
      if (empty[slot] === 1 || this.#order(value, best[slot] as Value) * this.#sign > 0) {
        best[slot] = value;
        empty[slot] = 0;
      }
    }
  }

  output(slots: Int32Array, count: number): Column {
    return gather(this.#best as StoreColumnData, slots, count);
  }

  previous(slots: Int32Array, count: number): Column { return this.output(slots, count); }
  drop(): void { /* Nothing beside the group store. */ }
  restore(): void { /* Nothing beside the group store. */ }
  size(): StateSize { return NO_SIZE; }
}

/** The columns of the store of an OrderedExtreme. */
export function extremeColumns(type: SqlType): StoreColumn[] {
  return [
    { name: '$group', type: { name: 'int4' }, nullable: false },
    { name: '$value', type, nullable: false },
    { name: '$weight', type: { name: 'int4' }, nullable: false },
  ];
}

/** min or max over rows that may be retracted. */
export class OrderedExtreme implements Accumulator {
  readonly columns: readonly StoreColumn[] = [];
  readonly #store: RowStore;
  readonly #sets: GroupSets;
  readonly #max: boolean;

  constructor(store: RowStore, max: boolean) {
    this.#store = store;
    this.#max = max;
    this.#sets = new GroupSets(store, new OrderedIndex(store,
      [{ column: 1, descending: false, nullsFirst: false }]));
  }

  bind(groups: Groups): void { this.#sets.groups = groups.store; }
  init(): void { /* A group without values has an empty set. */ }

  add({ args, rows, count, slots, weights }: AggregateInput): void {
    const column = args[0] as Column;
    const { nulls } = column;
    const store = this.#store;
    const { index } = this.#sets;
    index.bindProbe([column]);
    for (let i = 0; i < count; i++) {
      const row = rows === null ? i : rows[i] as number;
      if (nulls !== null && nulls[row] === 1) continue;
      const group = slots[i] as number;
      const weight = weights[i] as number;
      const root = this.#sets.root(group);
      const found = index.equal(root, row);
      if (found < 0) {
        const slot = store.alloc();
        store.column(0).i32[slot] = group;
        store.column(1).data[slot] = column.data[row] as never;
        store.column(2).i32[slot] = weight;
        this.#sets.setRoot(group, index.insert(root, slot));
        continue;
      }
      const after = (store.column(2).i32[found] as number) + weight;
      store.column(2).i32[found] = after;
      store.touch(found);
      if (after === 0) {
        this.#sets.setRoot(group, index.remove(root, found));
        store.free(found);
      }
    }
  }

  output(slots: Int32Array, count: number): Column {
    const best = new Int32Array(count);
    const { index } = this.#sets;
    for (let i = 0; i < count; i++) {
      const root = this.#sets.root(slots[i] as number);
      best[i] = this.#max ? index.last(root) : index.first(root);
    }
    return gather(this.#store.column(1), best, count);
  }

  previous(slots: Int32Array, count: number): Column { return this.output(slots, count); }
  drop(slots: Int32Array, count: number): void { this.#sets.drop(slots, count); }
  restore(): void { this.#sets.rebuild(); }
  size(): StateSize { return this.#sets.size(); }
}

/** One ordered set of rows of a store per group; the group's number is in column 0. */
export class GroupSets {
  readonly index: OrderedIndex;
  readonly #store: RowStore;
  #roots: Int32Array = new Int32Array(64);
  #list: Int32Array = new Int32Array(64);
  groups: RowStore | null = null;

  constructor(store: RowStore, index: OrderedIndex) {
    this.#store = store;
    this.index = index;
  }

  root(group: number): number { return this.#roots[group] ?? 0; }

  setRoot(group: number, root: number): void {
    if (group >= this.#roots.length) {
      this.#roots = grown(this.#roots, Math.max(group + 1, this.#roots.length * 2));
    }
    this.#roots[group] = root;
  }

  /** The rows of a group in order, and how many there are. */
  slots(group: number, most: number): { readonly list: Int32Array; readonly count: number } {
    if (this.#list.length < most) this.#list = new Int32Array(most * 2);
    return { list: this.#list, count: this.index.range(this.root(group), -1, most, this.#list) };
  }

  /** Frees the rows of groups. */
  drop(groups: Int32Array, count: number): void {
    for (let i = 0; i < count; i++) {
      const group = groups[i] as number;
      if (this.root(group) === 0) continue;
      const { list, count: length } = this.slots(group, this.#store.rows);
      this.setRoot(group, 0);
      for (let at = 0; at < length; at++) this.#store.free(list[at] as number);
    }
  }

  /** Makes the sets anew from the store. */
  rebuild(): void {
    this.index.clear();
    this.#roots = new Int32Array(64);
    const store = this.#store;
    for (let slot = 0; slot < store.top; slot++) {
      if (store.live[slot] !== 1) continue;
      const group = store.column(0).i32[slot] as number;
      this.setRoot(group, this.index.insert(this.root(group), slot));
    }
  }

  size(): StateSize {
    return { rows: this.#store.rows, bytes: this.#store.bytes() + this.index.bytes() };
  }
}
