/**
 * Which neighbours in time belong to one session, where rows know the watermark they met.
 *
 * Two rows nearer than the gap belong together unless the earlier one's [ts, ts + gap) plus
 * lateness had ended when the later one came; sessions are what hangs together. This depends on
 * times and arrival watermarks alone, so not on the order in which partitions were read. A row
 * between two that belong together belongs to both, so sessions are runs of neighbours: a row that
 * does not go on the session before it is marked.
 */
import type { OrderedPartitions } from './ordered-partitions.ts';

/** What the links are made of. */
export interface SessionLinkOptions {
  readonly rows: OrderedPartitions;
  readonly time: (slot: number) => bigint;
  /** Column of the arrival watermark. */
  readonly arrival: number;
  readonly gap: bigint;
  readonly lateness: bigint;
  /** The owner's int4 column of marks. */
  readonly cut: number;
}

/** Keeps the marks of rows that begin a session although the row before is near. */
export class SessionLinks {
  readonly #of: SessionLinkOptions;
  /** Marked rows; while there are none, nothing has to be looked for. */
  #cuts = 0;

  constructor(of: SessionLinkOptions) {
    this.#of = of;
  }

  #isNear(earlier: number, later: number): boolean {
    return this.#of.time(later) - this.#of.time(earlier) < this.#of.gap;
  }

  /** The earlier row's reach had not ended when the later one came. */
  #reaches(earlier: number, later: number): boolean {
    const { rows, time, arrival, gap, lateness } = this.#of;
    const column = rows.store.column(arrival);
    if (column.nulls !== null && column.nulls[later] === 1) return true;
    return time(earlier) + gap + lateness > (column.i64[later] as bigint);
  }

  /** True when no row from `after` on belongs together with `before`, though some are near. */
  #isApart(root: number, before: number, after: number, without: number): boolean {
    const { index } = this.#of.rows;
    let near = false;
    for (let at = after; at >= 0 && this.#isNear(before, at); at = index.successor(root, at)) {
      if (at === without) continue;
      if (this.#reaches(before, at)) return false;
      near = true;
    }
    return near;
  }

  #mark(slot: number, apart: boolean): boolean {
    const cut = this.#of.rows.extra(this.#of.cut);
    if ((cut[slot] === 1) === apart) return false;
    cut[slot] = apart ? 1 : 0;
    this.#cuts += apart ? 1 : -1;
    this.#of.rows.store.touch(slot);
    return true;
  }

  /**
   * A row has come into the set of its partition. Gives a row of an earlier session that it
   * brings together with a later one, or -1.
   */
  joined(root: number, slot: number): number {
    const { index } = this.#of.rows;
    const before = index.predecessor(root, slot);
    const after = index.successor(root, slot);
    if (before >= 0) this.#mark(slot, this.#isApart(root, before, slot, -1));
    if (after >= 0) this.#mark(after, this.#isApart(root, slot, after, -1));
    let merged = -1;
    let next = slot;
    for (let at = before; this.#cuts > 0 && at >= 0 && this.#isNear(at, slot);) {
      if (this.#reaches(at, slot) && this.#mark(next, false)) merged = at;
      next = at;
      at = index.predecessor(root, at);
    }
    return merged;
  }

  /** A row is about to leave; gives the rows around which sessions come apart. */
  leaving(root: number, slot: number): number[] {
    const { index } = this.#of.rows;
    const changed: number[] = [];
    this.#mark(slot, false);
    let next = index.successor(root, slot);
    for (let at = index.predecessor(root, slot); at >= 0 && this.#isNear(at, slot);) {
      if (next >= 0 && this.#mark(next, this.#isApart(root, at, next, slot))) {
        changed.push(at, next);
      }
      next = at;
      at = index.predecessor(root, at);
    }
    return changed;
  }

  /** A row leaves with its whole session. */
  evicted(slot: number): void {
    this.#mark(slot, false);
  }

  /** Counts the marks of stored rows. */
  recount(): void {
    const { store } = this.#of.rows;
    const cut = this.#of.rows.extra(this.#of.cut);
    this.#cuts = 0;
    for (let slot = 0; slot < store.top; slot++) {
      if (store.live[slot] === 1 && cut[slot] === 1) this.#cuts++;
    }
  }
}
