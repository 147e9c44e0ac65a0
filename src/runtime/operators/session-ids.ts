/**
 * Numbers of sessions that stay when a session grows: rows of one session share a number.
 *
 * For aggregates over sessions: a row at the end of a long session changes that row alone, not the
 * windows of all. When sessions merge or one splits, the smaller side is given another number, so
 * a row is renumbered at most log(n) times on its way into a session of n. Rows with one number
 * stand together in time order, at any time; only edges around changed rows are looked at.
 */
import type { Instant } from './instant.ts';
import type { OrderedPartitions } from './ordered-partitions.ts';

/** What the numbers are made over. */
export interface SessionIdOptions {
  readonly rows: OrderedPartitions;
  /** True when a row goes on the session of the row before it. */
  readonly follows: (slot: number, before: number) => boolean;
  /** The number of each slot's session; 0 for a row that has none yet. */
  readonly ids: () => BigInt64Array;
  /** Copies of each slot that are out. */
  readonly emitted: () => Int32Array;
  /** Lets `copies` of a row be out with a number. */
  readonly set: (slot: number, copies: number, id: bigint) => void;
  readonly last: Instant;
}

/** The rows of a session on one side of an edge. */
interface Side {
  readonly slots: number[];
  /** The row beyond, or -1. */
  readonly beyond: number;
}

/** Keeps the numbers; see the head of the file. */
export class SessionIds {
  readonly #of: SessionIdOptions;

  constructor(of: SessionIdOptions) {
    this.#of = of;
  }

  /** Brings the numbers around changed rows up to date; dead slots among them are passed over. */
  update(touched: readonly number[]): void {
    const { store, weights } = this.#of.rows;
    const live = [...new Set(touched)].filter((slot) => slot >= 0 && store.live[slot] === 1
      && (weights[slot] as number) > 0);
    for (const slot of live) this.#join(slot);
    for (const slot of live) {
      this.#edge(this.#before(slot), slot);
      this.#edge(slot, this.#after(slot));
    }
    for (const slot of live) {
      const copies = weights[slot] as number;
      if (this.#of.emitted()[slot] !== copies) this.#of.set(slot, copies, this.#id(slot));
    }
  }

  #id(slot: number): bigint { return this.#of.ids()[slot] as bigint; }

  #root(slot: number): number {
    const { rows } = this.#of;
    return rows.roots[rows.partitionOf(slot)] as number;
  }

  #before(slot: number): number {
    return this.#of.rows.index.predecessor(this.#root(slot), slot);
  }

  #after(slot: number): number {
    return this.#of.rows.index.successor(this.#root(slot), slot);
  }

  #fresh(): bigint {
    const next = (this.#of.last.value ?? 0n) + 1n;
    this.#of.last.set(next);
    return next;
  }

  /** A new row takes a neighbour's number, be it of its session or not: edges are next. */
  #join(slot: number): void {
    if (this.#id(slot) !== 0n) return;
    const chain = [slot];
    let left = this.#before(slot);
    for (; left >= 0 && this.#id(left) === 0n; left = this.#before(left)) chain.push(left);
    let right = this.#after(slot);
    for (; right >= 0 && this.#id(right) === 0n; right = this.#after(right)) chain.push(right);
    const id = left >= 0 ? this.#id(left) : right >= 0 ? this.#id(right) : this.#fresh();
    for (const each of chain) this.#of.ids()[each] = id;
  }

  #edge(left: number, right: number): void {
    if (left < 0 || right < 0) return;
    const same = this.#id(left) === this.#id(right);
    if (this.#of.follows(right, left) === same) return;
    if (same) this.#split(left, right);
    else this.#merge(left, right);
  }

  #merge(left: number, right: number): void {
    const [smaller, keptId] = this.#smaller(left, right);
    this.#number(smaller.side.slots, keptId);
  }

  /** Two rows of one number that do not belong together; there may be more such edges beyond. */
  #split(from: number, to: number): void {
    const old = this.#id(from);
    let [left, right] = [from, to];
    for (;;) {
      const [{ side, isLeft }] = this.#smaller(left, right);
      this.#number(side.slots, this.#fresh());
      const { beyond } = side;
      if (beyond < 0 || this.#id(beyond) !== old) return;
      if (isLeft) left = beyond;
      else right = beyond;
    }
  }

  /** The smaller of the runs that end at the two rows, and the number of the other one. */
  #smaller(
    left: number, right: number,
  ): readonly [{ readonly side: Side; readonly isLeft: boolean }, bigint] {
    const [leftId, rightId] = [this.#id(left), this.#id(right)];
    const lefts = [left];
    const rights = [right];
    for (;;) {
      const last = lefts[lefts.length - 1] as number;
      const before = this.#before(last);
      if (before < 0 || this.#id(before) !== leftId || !this.#of.follows(last, before)) {
        return [{ side: { slots: lefts, beyond: before }, isLeft: true }, rightId];
      }
      lefts.push(before);
      const end = rights[rights.length - 1] as number;
      const after = this.#after(end);
      if (after < 0 || this.#id(after) !== rightId || !this.#of.follows(after, end)) {
        return [{ side: { slots: rights, beyond: after }, isLeft: false }, leftId];
      }
      rights.push(after);
    }
  }

  #number(slots: readonly number[], id: bigint): void {
    for (const slot of slots) {
      const copies = this.#of.emitted()[slot] as number;
      if (copies === 0) this.#of.ids()[slot] = id;
      else this.#of.set(slot, copies, id);
    }
  }
}
