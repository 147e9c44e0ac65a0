/**
 * Open addressing from hashes to slots: the bare table under hash-index.ts and chain-index.ts.
 *
 * An entry is a pair of 32-bit integers, slot + 1 and hash, in one Int32Array, so that a probe
 * touches one cache line. Load stays at or below one half. From 32,768 entries on there are 64
 * partitions that grow one at a time, at staggered loads: growing one table of 1 M entries stops
 * the engine for 270-400 ms, one partition for under 10 ms. Before, a table grows to four times its
 * length: most are made new, and every step is memory touched for the first time. Knows nothing of
 * keys.
 */
import { assert } from '../../common/assert.ts';

const FIRST_LENGTH = 128;
const FIRST_GROWTH = 4;
const SPLIT_AT = 32768;
const PARTITIONS = 64;

/** The table. The generated loops of kernels/probe.ts read `tables` and `partitionMask`. */
export class HashTable {
  tables: Int32Array[] = [new Int32Array(FIRST_LENGTH)];
  partitionMask = 0;
  #counts: Int32Array = new Int32Array(1);
  #limits: Int32Array = Int32Array.of(FIRST_LENGTH / 4);
  #entries = 0;

  /** Entries in the table. */
  get entries(): number { return this.#entries; }

  /** Forgets all entries. */
  clear(): void {
    this.tables = [new Int32Array(FIRST_LENGTH)];
    this.partitionMask = 0;
    this.#counts = new Int32Array(1);
    this.#limits = Int32Array.of(FIRST_LENGTH / 4);
    this.#entries = 0;
  }

  /** Puts an entry at a position known to be empty and the right one; may grow the partition. */
  put(hash: number, slot: number, partition: number, position: number): void {
    const table = this.tables[partition] as Int32Array;
    table[position] = slot + 1;
    table[position + 1] = hash;
    this.#entries++;
    const count = (this.#counts[partition] as number) + 1;
    this.#counts[partition] = count;
    if (count >= (this.#limits[partition] as number)) this.#grow(partition);
  }

  /** Adds an entry without looking for an equal key. */
  insert(hash: number, slot: number): void {
    const partition = (hash >>> 26) & this.partitionMask;
    const table = this.tables[partition] as Int32Array;
    const wrap = table.length - 2;
    let at = (hash << 1) & wrap;
    while (table[at] !== 0) at = (at + 2) & wrap;
    this.put(hash, slot, partition, at);
  }

  /** Takes the entry of a slot out; entries behind it move up, so there are no tombstones. */
  remove(hash: number, slot: number): void {
    const partition = (hash >>> 26) & this.partitionMask;
    const table = this.tables[partition] as Int32Array;
    const wrap = table.length - 2;
    let hole = this.#position(table, hash, slot);
    for (let at = (hole + 2) & wrap; table[at] !== 0; at = (at + 2) & wrap) {
      const home = ((table[at + 1] as number) << 1) & wrap;
      if (((at - home) & wrap) >= ((at - hole) & wrap)) {
        table[hole] = table[at] as number;
        table[hole + 1] = table[at + 1] as number;
        hole = at;
      }
    }
    table[hole] = 0;
    this.#entries--;
    this.#counts[partition] = (this.#counts[partition] as number) - 1;
  }

  /** Lets the entry of a slot point to another slot of the same key. */
  replace(hash: number, slot: number, by: number): void {
    const table = this.tables[(hash >>> 26) & this.partitionMask] as Int32Array;
    table[this.#position(table, hash, slot)] = by + 1;
  }

  /** Bytes of the tables. */
  bytes(): number {
    let total = 0;
    for (const table of this.tables) total += table.byteLength;
    return total;
  }

  #position(table: Int32Array, hash: number, slot: number): number {
    const wrap = table.length - 2;
    let at = (hash << 1) & wrap;
    while (table[at] !== slot + 1) {
      assert(table[at] !== 0, 'slot is not in its hash table');
      at = (at + 2) & wrap;
    }
    return at;
  }

  #grow(partition: number): void {
    const old = this.tables[partition] as Int32Array;
    if (this.partitionMask === 0 && this.#entries >= SPLIT_AT) {
      this.#split(old);
      return;
    }
    const table = new Int32Array(old.length * (this.partitionMask === 0 ? FIRST_GROWTH : 2));
    this.tables[partition] = table;
    this.#limits[partition] = limit(table.length, partition, this.tables.length);
    const wrap = table.length - 2;
    for (let from = 0; from < old.length; from += 2) {
      const entry = old[from] as number;
      if (entry === 0) continue;
      const hash = old[from + 1] as number;
      let at = (hash << 1) & wrap;
      while (table[at] !== 0) at = (at + 2) & wrap;
      table[at] = entry;
      table[at + 1] = hash;
    }
  }

  #split(old: Int32Array): void {
    const length = old.length * 4 / PARTITIONS;
    this.tables = [];
    this.#counts = new Int32Array(PARTITIONS);
    this.#limits = new Int32Array(PARTITIONS);
    this.partitionMask = PARTITIONS - 1;
    this.#entries = 0;
    for (let partition = 0; partition < PARTITIONS; partition++) {
      this.tables.push(new Int32Array(length));
      this.#limits[partition] = limit(length, partition, PARTITIONS);
    }
    for (let from = 0; from < old.length; from += 2) {
      const entry = old[from] as number;
      if (entry !== 0) this.insert(old[from + 1] as number, entry - 1);
    }
  }
}

/** Entries at which a partition grows: spread over loads of 0.3 to 0.5, so few grow together. */
function limit(length: number, partition: number, partitions: number): number {
  if (partitions === 1) return length / 4;
  return Math.floor((length / 2) * (0.3 + 0.2 * (partition + 1) / partitions));
}
