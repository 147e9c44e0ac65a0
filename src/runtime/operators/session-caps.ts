/**
 * Sessions with a longest duration: which row is of which session, by time and arrival alone.
 *
 * Rows of a partition are walked in time order. A row goes to the first session that takes it: its
 * latest row is nearer than the gap, its start nearer than the longest duration, and (where rows
 * know the watermark they met) neither of the two had ended when the row came. A row that none
 * takes begins one. A session is known by its start. So the sessions depend on the set of rows,
 * not on their order; and a session that has ended takes no row and loses none.
 *
 *   rows    a  b  c  d  e         gap      from the latest row
 *           [a b c )[d e )        longest  from the first
 *
 * A change is walked from its row on until a gap's worth of rows has stayed where it was.
 */
import type { Column } from '../batch.ts';
import type { OrderedPartitions } from './ordered-partitions.ts';

/** What the sessions are made over. */
export interface CapOptions {
  readonly rows: OrderedPartitions;
  readonly time: (slot: number) => bigint;
  /** A time as a value of the time column, for look-ups. */
  readonly probe: (time: bigint) => Column;
  /** Column of the arrival watermark, or null. */
  readonly arrival: number | null;
  readonly gap: bigint;
  readonly longest: bigint;
  readonly lateness: bigint;
  /** The start of each slot's session; of use where copies of it are out. */
  readonly starts: () => BigInt64Array;
  readonly emitted: () => Int32Array;
  /** Lets `copies` of a row be out with a window; ends do not matter where `ends` is false. */
  readonly set: (slot: number, copies: number, start: bigint, end: bigint) => void;
  readonly ends: boolean;
}

/** A session that may take rows, at some point of the walk. */
interface Open {
  readonly start: bigint;
  last: bigint;
}

/** Keeps the sessions; see the head of the file. */
export class CappedSessions {
  readonly #of: CapOptions;
  /** Sessions by partition whose rows have changed in this flush. */
  #changed = new Map<number, Set<bigint>>();
  /** Starts of the sessions of rows that were walked, where they are new. */
  #assigned = new Map<number, bigint>();
  #touched = new Set<number>();

  constructor(of: CapOptions) {
    this.#of = of;
  }

  /** A row is about to leave. */
  leaving(slot: number): void {
    if (this.#of.emitted()[slot] !== 0) this.#note(slot, this.#of.starts()[slot] as bigint);
  }

  #note(slot: number, start: bigint): void {
    const partition = this.#of.rows.partitionOf(slot);
    const known = this.#changed.get(partition);
    if (known === undefined) this.#changed.set(partition, new Set([start]));
    else known.add(start);
  }

  /** Brings sessions around changed rows up to date; dead slots among them are passed over. */
  update(touched: readonly number[]): void {
    const { rows, time } = this.#of;
    const { store, weights } = rows;
    this.#touched = new Set(touched.filter((slot) => slot >= 0 && store.live[slot] === 1
      && (weights[slot] as number) > 0));
    const byPartition = new Map<number, number[]>();
    for (const slot of this.#touched) {
      const partition = rows.partitionOf(slot);
      const list = byPartition.get(partition);
      if (list === undefined) byPartition.set(partition, [slot]);
      else list.push(slot);
    }
    for (const [partition, slots] of byPartition) {
      slots.sort((a, b) => Number(time(a) - time(b)));
      let walked: bigint | null = null;
      for (const slot of slots) {
        if (walked === null || time(slot) > walked) {
          walked = this.#walk(rows.roots[partition] as number, slot);
        }
      }
    }
    this.#apply();
  }

  /** Walks on from a row; gives the time of the last row walked. */
  #walk(root: number, from: number): bigint {
    const { rows: { index }, time, gap, longest } = this.#of;
    let at = from;
    for (;;) {
      const before = index.predecessor(root, at);
      if (before < 0 || time(before) !== time(from)) break;
      at = before;
    }
    let open = this.#openBefore(root, at);
    let unchanged: bigint | null = null;
    for (;;) {
      const now = time(at);
      open = open.filter((each) => now - each.last < gap && now - each.start < longest);
      const peers = [at];
      let next = index.successor(root, at);
      for (; next >= 0 && time(next) === now; next = index.successor(root, next)) peers.push(next);
      if (this.#place(peers, now, open)) unchanged = null;
      else unchanged ??= now;
      if (next < 0) return now;
      if (unchanged !== null && time(next) - unchanged >= gap) return now;
      at = next;
    }
  }

  /** The sessions that rows before a row are of and that are near enough, oldest first. */
  #openBefore(root: number, slot: number): Open[] {
    const { rows: { index }, time, gap, arrival, starts } = this.#of;
    const found = new Map<bigint, Open>();
    const now = time(slot);
    for (let at = index.predecessor(root, slot); at >= 0 && now - time(at) < gap;
      at = index.predecessor(root, at)) {
      const start = this.#assigned.get(at) ?? starts()[at] as bigint;
      if (!found.has(start)) found.set(start, { start, last: time(at) });
      // Without arrivals sessions do not overlap.
      if (arrival === null) break;
    }
    return [...found.values()].sort((a, b) => Number(a.start - b.start));
  }

  /** Finds the sessions of rows of one time; true when one was touched or has moved. */
  #place(peers: number[], now: bigint, open: Open[]): boolean {
    const { emitted, starts } = this.#of;
    if (peers.length > 1) peers.sort((a, b) => this.#compareArrivals(a, b));
    let moved = false;
    for (const slot of peers) {
      let session = open.find((each) => this.#takes(each, slot));
      if (session === undefined) {
        session = { start: now, last: now };
        open.push(session);
      }
      session.last = now;
      const was = emitted()[slot] === 0 ? null : starts()[slot] as bigint;
      if (was !== session.start) {
        if (was !== null) this.#note(slot, was);
        this.#note(slot, session.start);
        this.#assigned.set(slot, session.start);
        moved = true;
      } else if (this.#touched.has(slot)) {
        this.#assigned.set(slot, session.start);
        moved = true;
      }
    }
    return moved;
  }

  /** A session near enough takes a row unless it had ended when the row came. */
  #takes(session: Open, slot: number): boolean {
    const met = this.#met(slot);
    if (met === null) return true;
    const { gap, longest, lateness } = this.#of;
    return session.last + gap + lateness > met && session.start + longest + lateness > met;
  }

  /** The watermark a row met. */
  #met(slot: number): bigint | null {
    const { arrival, rows: { store } } = this.#of;
    if (arrival === null) return null;
    const column = store.column(arrival);
    return column.nulls !== null && column.nulls[slot] === 1 ? null : column.i64[slot] as bigint;
  }

  #compareArrivals(a: number, b: number): number {
    const [metA, metB] = [this.#met(a), this.#met(b)];
    if (metA === metB) return 0;
    if (metA === null) return -1;
    return metB === null || metA > metB ? 1 : -1;
  }

  #apply(): void {
    const { rows, set, starts, ends } = this.#of;
    for (const [slot, start] of this.#assigned) {
      if (!ends) set(slot, rows.weights[slot] as number, start, 0n);
    }
    if (ends) {
      for (const [slot, start] of this.#assigned) {
        if (this.#of.emitted()[slot] !== 0 && starts()[slot] === start) this.#note(slot, start);
      }
      for (const [partition, changed] of this.#changed) {
        for (const start of changed) this.#applyWindow(rows.roots[partition] as number, start);
      }
    }
    this.#changed = new Map();
    this.#assigned = new Map();
    this.#touched = new Set();
  }

  /** Lets all rows of a session be out with its window. */
  #applyWindow(root: number, start: bigint): void {
    const { rows, time, gap, longest, set } = this.#of;
    const members = root === 0 ? [] : this.membersOf(root, start);
    const last = members.at(-1);
    if (last === undefined) return;
    const end = least(time(last) + gap, start + longest);
    for (const slot of members) set(slot, rows.weights[slot] as number, start, end);
  }

  /** The rows of a session in time order. */
  membersOf(root: number, start: bigint): number[] {
    const { rows: { index }, time, longest, starts, probe } = this.#of;
    const found: number[] = [];
    index.bindProbe([probe(start)]);
    let at = index.lowerBound(root, 0);
    for (; at >= 0 && time(at) - start < longest; at = index.successor(root, at)) {
      if ((this.#assigned.get(at) ?? starts()[at]) === start) found.push(at);
    }
    return found;
  }
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
