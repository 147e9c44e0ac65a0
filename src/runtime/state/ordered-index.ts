/**
 * OrderedIndex: many ordered sets of slots of one RowStore, as treaps pooled in typed arrays.
 *
 * A set is an integer, its root (0: empty); the caller keeps one per group and stores what the
 * operations return. A node is slot + 1. Order is that of the keys, then of `tieBreak` columns, then
 * of slots. Priorities come from the slot, so the shape is the same after every restart. With
 * `weights` a node counts as many times as its int32 weight (0 or less: not at all), for ranks
 * and positions; call `reweigh` after a weight has changed. 180-820 ns an operation from 10 to
 * 100,000 rows a set. Rebuilt by its owner, who knows which slot belongs to which set.
 */
import { assert, must } from '../../common/assert.ts';
import { hashInt32 } from '../../common/hash.ts';
import type { Column } from '../batch.ts';
import { orderMaker } from '../kernels/order.ts';
import type { OrderColumn, OrderKey, RowOrder } from '../kernels/order.ts';
import type { RowStore } from './row-store.ts';

/** A store column to order by. */
export interface IndexKey {
  readonly column: number;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

/** Options of an index. */
export interface OrderedIndexOptions {
  /** Columns, ascending with NULLS LAST, that decide between rows with equal keys. */
  readonly tieBreak?: readonly number[];
  /** An int32 column with multiplicities. */
  readonly weights?: number;
}

/** The index; see the head of the file. */
export class OrderedIndex {
  readonly store: RowStore;
  readonly #keys: readonly IndexKey[];
  readonly #probeLength: number;
  readonly #weights: number | null;
  readonly #makeOrder: (left: readonly OrderColumn[], right: readonly OrderColumn[]) => RowOrder;
  readonly #makeProbe: (left: readonly OrderColumn[], right: readonly OrderColumn[]) => RowOrder;
  #left: Int32Array = new Int32Array(0);
  #right: Int32Array = new Int32Array(0);
  #size: Int32Array = new Int32Array(0);
  #order: RowOrder = () => 0;
  #probe: RowOrder = () => 0;
  #probeColumns: readonly OrderColumn[] = [];
  #boundCapacity = -1;
  readonly #path: number[] = [];

  constructor(
    store: RowStore, keys: readonly IndexKey[], options: OrderedIndexOptions = {},
  ) {
    this.store = store;
    this.#probeLength = keys.length;
    this.#keys = [...keys, ...(options.tieBreak ?? []).map((column) =>
      ({ column, descending: false, nullsFirst: false }))];
    this.#weights = options.weights ?? null;
    const orderKeys = this.#keys.map((key): OrderKey => ({
      type: store.column(key.column).column.type, descending: key.descending,
      nullsFirst: key.nullsFirst,
    }));
    this.#makeOrder = orderMaker(orderKeys);
    this.#makeProbe = orderMaker(orderKeys.slice(0, keys.length));
  }

  /** Compares two slots: keys, tie-break columns, slot number. */
  compare(a: number, b: number): number {
    if (this.#boundCapacity !== this.store.capacity) this.#bind();
    const order = this.#order(a, b);
    return order !== 0 ? order : a - b;
  }

  /** True when two slots are equal in the keys (tie-break columns aside). */
  peers(a: number, b: number): boolean {
    if (this.#boundCapacity !== this.store.capacity) this.#bind();
    return this.#samePeers(a, b) === 0;
  }
  #samePeers: RowOrder = () => 0;

  /** Rows of the set, counted by weight. */
  count(root: number): number { return this.#size[root] ?? 0; }

  /** Adds a slot; gives the new root. */
  insert(root: number, slot: number): number {
    this.#ensure();
    const node = slot + 1;
    const weight = this.#weight(slot);
    this.#left[node] = 0;
    this.#right[node] = 0;
    this.#size[node] = weight;
    const priority = hashInt32(slot);
    let parent = 0;
    let wentLeft = false;
    let at = root;
    while (at !== 0 && hashInt32(at - 1) >= priority) {
      this.#size[at] = (this.#size[at] as number) + weight;
      parent = at;
      wentLeft = this.compare(slot, at - 1) < 0;
      at = (wentLeft ? this.#left[at] : this.#right[at]) as number;
    }
    if (at !== 0) this.#splitInto(at, node);
    if (parent === 0) return node;
    if (wentLeft) this.#left[parent] = node;
    else this.#right[parent] = node;
    return root;
  }

  /** Takes a slot out, before its cells or weight are changed; gives the new root. */
  remove(root: number, slot: number): number {
    const weight = this.#weight(slot);
    let parent = 0;
    let wentLeft = false;
    let at = root;
    while (at !== slot + 1) {
      assert(at !== 0, 'slot is not in its ordered index');
      this.#size[at] = (this.#size[at] as number) - weight;
      parent = at;
      wentLeft = this.compare(slot, at - 1) < 0;
      at = (wentLeft ? this.#left[at] : this.#right[at]) as number;
    }
    const merged = this.#merge(this.#left[at] as number, this.#right[at] as number);
    if (parent === 0) return merged;
    if (wentLeft) this.#left[parent] = merged;
    else this.#right[parent] = merged;
    return root;
  }

  /** Tells the set that the weight of a slot in it has changed from `before`. */
  reweigh(root: number, slot: number, before: number): void {
    const change = this.#weight(slot) - Math.max(0, before);
    if (change === 0) return;
    let at = root;
    while (at !== slot + 1) {
      assert(at !== 0, 'slot is not in its ordered index');
      this.#size[at] = (this.#size[at] as number) + change;
      at = (this.compare(slot, at - 1) < 0 ? this.#left[at] : this.#right[at]) as number;
    }
    this.#size[at] = (this.#size[at] as number) + change;
  }

  /** The first slot in order, or -1. */
  first(root: number): number {
    let at = root;
    if (at === 0) return -1;
    while (this.#left[at] !== 0) at = this.#left[at] as number;
    return at - 1;
  }

  /** The last slot in order, or -1. */
  last(root: number): number {
    let at = root;
    if (at === 0) return -1;
    while (this.#right[at] !== 0) at = this.#right[at] as number;
    return at - 1;
  }

  /** The slot that covers position `k` (from 0, by weight), or -1. */
  kth(root: number, k: number): number {
    if (k < 0 || k >= this.count(root)) return -1;
    let at = root;
    let rest = k;
    for (;;) {
      const left = this.#left[at] as number;
      const before = this.#size[left] as number;
      if (rest < before) {
        at = left;
        continue;
      }
      rest -= before;
      const own = this.#weight(at - 1);
      if (rest < own) return at - 1;
      rest -= own;
      at = this.#right[at] as number;
    }
  }

  /** Rows before a slot that is in the set, by weight. */
  rank(root: number, slot: number): number {
    let at = root;
    let before = 0;
    while (at !== slot + 1) {
      assert(at !== 0, 'slot is not in its ordered index');
      if (this.compare(slot, at - 1) < 0) {
        at = this.#left[at] as number;
      } else {
        before += (this.#size[this.#left[at] as number] as number) + this.#weight(at - 1);
        at = this.#right[at] as number;
      }
    }
    return before + (this.#size[this.#left[at] as number] as number);
  }

  /** The next slot in order after one that is (or would be) in the set, or -1. */
  successor(root: number, slot: number): number {
    let at = root;
    let found = -1;
    while (at !== 0) {
      if (this.compare(slot, at - 1) < 0) {
        found = at - 1;
        at = this.#left[at] as number;
      } else {
        at = this.#right[at] as number;
      }
    }
    return found;
  }

  /** The slot before one that is (or would be) in the set, or -1. */
  predecessor(root: number, slot: number): number {
    let at = root;
    let found = -1;
    while (at !== 0) {
      if (this.compare(slot, at - 1) > 0) {
        found = at - 1;
        at = this.#right[at] as number;
      } else {
        at = this.#left[at] as number;
      }
    }
    return found;
  }

  /** Names the columns whose rows the bounds below are asked for: one per key, in order. */
  bindProbe(columns: readonly (Column | OrderColumn)[]): void {
    assert(columns.length === this.#probeLength, 'a probe needs all keys');
    this.#probeColumns = columns;
    this.#boundCapacity = -1;
  }

  /** The first slot whose keys are not below those of probe row `row`, or -1. */
  lowerBound(root: number, row: number): number { return this.#bound(root, row, 0); }

  /** The first slot whose keys are above those of probe row `row`, or -1. */
  upperBound(root: number, row: number): number { return this.#bound(root, row, 1); }

  /** The last slot whose keys are below those of probe row `row`, or -1. */
  below(root: number, row: number): number { return this.#boundBefore(root, row, 0); }

  /** The last slot whose keys are not above those of probe row `row`, or -1. */
  atMost(root: number, row: number): number { return this.#boundBefore(root, row, 1); }

  /** Compares the keys of a slot with those of probe row `row`. */
  compareProbe(slot: number, row: number): number {
    if (this.#boundCapacity !== this.store.capacity) this.#bind();
    return this.#probe(slot, row);
  }

  /** Rows, by weight, whose keys are below those of probe row `row`. */
  rankOf(root: number, row: number): number {
    if (this.#boundCapacity !== this.store.capacity) this.#bind();
    let at = root;
    let before = 0;
    while (at !== 0) {
      if (this.#probe(at - 1, row) >= 0) {
        at = this.#left[at] as number;
      } else {
        before += (this.#size[this.#left[at] as number] as number) + this.#weight(at - 1);
        at = this.#right[at] as number;
      }
    }
    return before;
  }

  /**
   * Writes up to `most` slots in order into `out`, from `from` on (-1: from the first); gives how
   * many. `out` must have room.
   */
  range(root: number, from: number, most: number, out: Int32Array): number {
    const path = this.#path;
    path.length = 0;
    let at = root;
    while (at !== 0) {
      if (from < 0 || this.compare(from, at - 1) <= 0) {
        path.push(at);
        at = this.#left[at] as number;
      } else {
        at = this.#right[at] as number;
      }
    }
    let count = 0;
    while (count < most && path.length > 0) {
      const node = must(path.pop(), 'node');
      out[count++] = node - 1;
      at = this.#right[node] as number;
      while (at !== 0) {
        path.push(at);
        at = this.#left[at] as number;
      }
    }
    return count;
  }

  /** Forgets all sets: before a rebuild. */
  clear(): void {
    this.#left = new Int32Array(0);
    this.#right = new Int32Array(0);
    this.#size = new Int32Array(0);
    this.#boundCapacity = -1;
  }

  /** Bytes of the nodes. */
  bytes(): number { return this.#left.byteLength * 3; }

  #weight(slot: number): number {
    if (this.#weights === null) return 1;
    return Math.max(0, this.store.column(this.#weights).i32[slot] as number);
  }

  #bound(root: number, row: number, above: number): number {
    if (this.#boundCapacity !== this.store.capacity) this.#bind();
    let at = root;
    let found = -1;
    while (at !== 0) {
      if (this.#probe(at - 1, row) >= above) {
        found = at - 1;
        at = this.#left[at] as number;
      } else {
        at = this.#right[at] as number;
      }
    }
    return found;
  }

  #boundBefore(root: number, row: number, below: number): number {
    if (this.#boundCapacity !== this.store.capacity) this.#bind();
    let at = root;
    let found = -1;
    while (at !== 0) {
      if (this.#probe(at - 1, row) < below) {
        found = at - 1;
        at = this.#right[at] as number;
      } else {
        at = this.#left[at] as number;
      }
    }
    return found;
  }

  /** Takes the arrays of the store again: they are replaced when it grows. */
  #bind(): void {
    const columns = this.#keys.map((key) => this.store.column(key.column)) as OrderColumn[];
    const keys = columns.slice(0, this.#probeLength);
    this.#order = this.#makeOrder(columns, columns);
    this.#samePeers = this.#makeProbe(keys, keys);
    if (this.#probeColumns.length === this.#probeLength) {
      this.#probe = this.#makeProbe(keys, this.#probeColumns);
    }
    this.#boundCapacity = this.store.capacity;
  }

  #ensure(): void {
    const wanted = this.store.capacity + 1;
    if (this.#left.length >= wanted) return;
    this.#left = grown(this.#left, wanted);
    this.#right = grown(this.#right, wanted);
    this.#size = grown(this.#size, wanted);
  }

  /** Splits the tree at `root` around the slot of `node` into its two subtrees. */
  #splitInto(root: number, node: number): void {
    const path = this.#path;
    path.length = 0;
    const slot = node - 1;
    let at = root;
    let leftHook = node;
    let rightHook = node;
    while (at !== 0) {
      path.push(at);
      if (this.compare(at - 1, slot) < 0) {
        if (leftHook === node) this.#left[node] = at;
        else this.#right[leftHook] = at;
        leftHook = at;
        at = this.#right[at] as number;
      } else {
        if (rightHook === node) this.#right[node] = at;
        else this.#left[rightHook] = at;
        rightHook = at;
        at = this.#left[at] as number;
      }
    }
    if (leftHook !== node) this.#right[leftHook] = 0;
    if (rightHook !== node) this.#left[rightHook] = 0;
    for (let i = path.length - 1; i >= 0; i--) this.#resize(path[i] as number);
    this.#resize(node);
  }

  #resize(node: number): void {
    this.#size[node] = (this.#size[this.#left[node] as number] as number)
      + (this.#size[this.#right[node] as number] as number) + this.#weight(node - 1);
  }

  /** Joins two trees, all of `a` before all of `b`. */
  #merge(a: number, b: number): number {
    if (a === 0) return b;
    if (b === 0) return a;
    if (hashInt32(a - 1) >= hashInt32(b - 1)) {
      this.#right[a] = this.#merge(this.#right[a] as number, b);
      this.#resize(a);
      return a;
    }
    this.#left[b] = this.#merge(a, this.#left[b] as number);
    this.#resize(b);
    return b;
  }
}

function grown(array: Int32Array, length: number): Int32Array {
  const bigger = new Int32Array(length);
  bigger.set(array);
  return bigger;
}
