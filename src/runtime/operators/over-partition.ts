/**
 * A partition of an `over` node: its slots in order and the running results of its calls.
 *
 * A span of slots is read at once into a buffer shared by all partitions (one is worked on at a
 * time); positions outside of it are found one by one.
 */
import type { OverPartition } from './over-call.ts';
import { SlotSequence } from './over-sequence.ts';

/** Slots read in, shared by the partitions of an operator. */
export interface SlotBuffer {
  slots: Int32Array;
}

/** Rows read by position so far, in all partitions: what tests of work look at. */
export const OVER_WORK: { rows: number } = { rows: 0 };

/** The rows of one partition; see the head of the file. */
export class PartitionRows implements OverPartition {
  readonly sequence: SlotSequence = new SlotSequence();
  readonly #buffer: SlotBuffer;
  readonly #order: (a: number, b: number) => number;
  readonly #running: unknown[][] = [];
  #from = 0;
  #to = 0;

  constructor(buffer: SlotBuffer, order: (a: number, b: number) => number) {
    this.#buffer = buffer;
    this.#order = order;
  }

  get length(): number { return this.sequence.length; }

  get leafCount(): number { return this.sequence.leafCount; }

  leafStart(leaf: number): number { return this.sequence.leafStart(leaf); }

  leafOf(position: number): number { return this.sequence.leafOf(position); }

  /** Forgets what was read in and the running results behind changed rows. */
  refresh(): void {
    this.#from = 0;
    this.#to = 0;
    const changed = this.sequence.takeChangedLeaf();
    for (const running of this.#running) {
      if (running.length > changed + 1) running.length = changed + 1;
    }
  }

  /** Forgets all running results: rows have gone unnoticed. */
  forget(): void {
    this.#running.length = 0;
  }

  load(from: number, to: number): void {
    if (from >= this.#from && to <= this.#to) return;
    const count = to - from;
    OVER_WORK.rows += count;
    if (this.#buffer.slots.length < count) this.#buffer.slots = new Int32Array(count * 2);
    this.sequence.copy(from, to, this.#buffer.slots);
    this.#from = from;
    this.#to = to;
  }

  slotAt(position: number): number {
    OVER_WORK.rows++;
    return position >= this.#from && position < this.#to
      ? this.#buffer.slots[position - this.#from] as number : this.sequence.at(position);
  }

  countWhile(before: (slot: number) => boolean): number { return this.sequence.lowerBound(before); }

  peerOrder(a: number, b: number): number { return this.#order(a, b); }

  running(call: number): unknown[] {
    while (this.#running.length <= call) this.#running.push([]);
    return this.#running[call] as unknown[];
  }
}
