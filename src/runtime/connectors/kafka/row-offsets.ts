/**
 * The offset of each decoded row.
 *
 * Rows whose offsets follow one another cost nothing; only holes and rows that share an offset make
 * a list.
 */
import type { RecordWalk } from './record-batch.ts';

/** Offsets of rows, in order. */
export class RowOffsets {
  #first = -1;
  #length = 0;
  /** Null while the offsets follow one another. */
  #list: number[] | null = null;

  get length(): number { return this.#length; }

  add(offset: number): void {
    if (this.#length === 0) this.#first = offset;
    if (this.#list === null && offset !== this.#first + this.#length) {
      this.#list = Array.from({ length: this.#length }, (_each, at) => this.#first + at);
    }
    this.#list?.push(offset);
    this.#length++;
  }

  /** The offsets of records [from, to). */
  addAll(walk: RecordWalk, from: number, to: number): void {
    if (from === to) return;
    const first = this.#length === 0 ? walk.offsetNumber(from) : this.#first;
    const follows = this.#list === null
      && walk.offsetNumber(from) === first + this.#length && walk.isDense(from, to);
    if (follows) {
      this.#first = first;
      this.#length += to - from;
      return;
    }
    for (let record = from; record < to; record++) this.add(walk.offsetNumber(record));
  }

  /** Hands the offsets over; undefined when they are those behind `first`, one by one. */
  take(first: bigint): BigInt64Array | undefined {
    const length = this.#length;
    const list = this.#list;
    this.#length = 0;
    this.#list = null;
    if (list === null && (length === 0 || BigInt(this.#first) === first)) return undefined;
    const offsets = new BigInt64Array(length);
    for (let at = 0; at < length; at++) {
      offsets[at] = BigInt(list === null ? this.#first + at : list[at] ?? 0);
    }
    return offsets;
  }
}
