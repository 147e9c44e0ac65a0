/**
 * What the hand-written loops share: open addressing on typed arrays, and growing columns.
 *
 * Keys are one or two doubles (identifiers and microseconds are exact in them). Slots are dense, in
 * order of arrival, so that what belongs to a key is a column indexed by slot.
 */

const FIRST_SLOTS = 1024;

function mix(hash: number): number {
  const spread = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (spread ^ (spread >>> 13)) >>> 0;
}

/** Slots by a pair of doubles (the second may be 0). */
export class PairTable {
  size = 0;
  first: Float64Array = new Float64Array(FIRST_SLOTS);
  second: Float64Array = new Float64Array(FIRST_SLOTS);
  #table: Int32Array = new Int32Array(FIRST_SLOTS * 2);

  /** The slot of a key, made if it is new (then it is `size - 1`). */
  slot(a: number, b: number): number {
    const mask = this.#table.length - 1;
    let at = hashOf(a, b) & mask;
    for (;;) {
      const found = this.#table[at] as number;
      if (found === 0) break;
      if (this.first[found - 1] === a && this.second[found - 1] === b) return found - 1;
      at = (at + 1) & mask;
    }
    if (this.size === this.first.length) {
      this.#grow();
      return this.slot(a, b);
    }
    this.first[this.size] = a;
    this.second[this.size] = b;
    this.#table[at] = ++this.size;
    return this.size - 1;
  }

  /** The slot of a key, or -1. */
  find(a: number, b: number): number {
    const mask = this.#table.length - 1;
    for (let at = hashOf(a, b) & mask; ; at = (at + 1) & mask) {
      const found = this.#table[at] as number;
      if (found === 0) return -1;
      if (this.first[found - 1] === a && this.second[found - 1] === b) return found - 1;
    }
  }

  #grow(): void {
    this.first = grown(this.first);
    this.second = grown(this.second);
    const table = new Int32Array(this.first.length * 2);
    const mask = table.length - 1;
    for (let slot = 0; slot < this.size; slot++) {
      let at = hashOf(this.first[slot] as number, this.second[slot] as number) & mask;
      while (table[at] !== 0) at = (at + 1) & mask;
      table[at] = slot + 1;
    }
    this.#table = table;
  }
}

function hashOf(a: number, b: number): number {
  return mix(Math.imul(a | 0, 0x9e3779b1) ^ Math.imul(b | 0, 0x27d4eb2f));
}

/** A column twice as long. */
export function grown(old: Float64Array): Float64Array {
  const more = new Float64Array(old.length * 2);
  more.set(old);
  return more;
}

/** A column with room for `slots`. */
export function fit(column: Float64Array, slots: number): Float64Array {
  let fitted = column;
  while (fitted.length < slots) fitted = grown(fitted);
  return fitted;
}

/** A growing column of 64-bit integers. */
export class BigColumn {
  length = 0;
  data: BigInt64Array = new BigInt64Array(FIRST_SLOTS);

  /** Makes room for `more` values. */
  reserve(more: number): void {
    if (this.length + more <= this.data.length) return;
    const bigger = new BigInt64Array(Math.max(this.data.length * 2, this.length + more));
    bigger.set(this.data);
    this.data = bigger;
  }

  append(values: BigInt64Array): void {
    this.reserve(values.length);
    this.data.set(values, this.length);
    this.length += values.length;
  }
}
