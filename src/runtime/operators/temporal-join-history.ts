/**
 * Versions of keyed rows by time: what was valid when.
 *
 * A row that comes is a version from its time on; its retraction beside a newer version of the key
 * in the same epoch only says that it is no longer the current one, so it stays as history. A row
 * retracted without one leaves a version that says "nothing" (`$deleted`). A version with the time
 * of an older one takes its place. Versions before the last one at or below the watermark are
 * dropped: no row still to come can ask for them (`$dropped` marks that there were some).
 */
import { must } from '../../common/assert.ts';
import { MICROS_PER_DAY } from '../../common/types/interval.ts';
import type { DataflowNode } from '../../planner/dataflow.ts';
import type { Batch, Column } from '../batch.ts';
import type { OperatorContext } from '../operator.ts';
import { ExpiryQueue } from '../state/expiry-queue.ts';
import { pickRows } from '../state/transfer.ts';
import { OrderedPartitions } from './ordered-partitions.ts';

/** No version is valid; or it cannot be known any more. */
export const NO_VERSION: number = -1;
/** The versions of that time have been dropped. */
export const VERSION_GONE: number = -2;

const DELETED = 0;
const DROPPED = 1;

/** The versions; see the head of the file. */
export class VersionHistory {
  readonly rows: OrderedPartitions;
  readonly #time: number;
  readonly #key: readonly number[];
  readonly #expiry: ExpiryQueue;
  #retracted: Batch[] = [];

  constructor(
    input: DataflowNode, key: readonly number[], time: number, context: OperatorContext,
  ) {
    this.#key = key;
    this.#time = time;
    this.rows = new OrderedPartitions({
      name: 'versions', columns: input.columns, partitionBy: key, key: null, appendOnly: false,
      order: [{ column: time, descending: false, nullsFirst: false }],
      tieBreak: input.columns.map((_column, at) => at)
        .filter((at) => at !== time && !key.includes(at)),
      extra: ['$deleted', '$dropped'],
    }, context);
    this.#expiry = new ExpiryQueue(this.rows.store, time);
  }

  /** Takes in changes of the keyed rows; those without key or time are no versions. */
  stage(batch: Batch): void {
    const come = new Int32Array(batch.length);
    const gone = new Int32Array(batch.length);
    let comeCount = 0;
    let goneCount = 0;
    const masks = [...this.#key, this.#time].map((at) => must(batch.columns[at], 'key').nulls);
    for (let row = 0; row < batch.length; row++) {
      if (masks.some((mask) => mask !== null && mask[row] === 1)) continue;
      if ((batch.weights[row] as number) > 0) come[comeCount++] = row;
      else gone[goneCount++] = row;
    }
    if (comeCount > 0) this.rows.stage(pickRows(batch, come, comeCount));
    if (goneCount > 0) this.#retracted.push(pickRows(batch, gone, goneCount));
  }

  /** Brings the versions up to date with everything staged. */
  settle(): void {
    const { rows } = this;
    const come = new Set<number>();
    const slots: number[] = [];
    rows.settle({
      inserted: (slot, partition) => {
        slots.push(slot);
        come.add(partition);
      },
      reweighed: (slot, partition) => {
        rows.extra(DELETED)[slot] = 0;
        come.add(partition);
      },
      removing: () => { /* Versions are never staged with negative weight. */ },
    });
    this.#expiry.insertSlots(Int32Array.from(slots), slots.length);
    for (const batch of this.#retracted) this.#retract(batch, come);
    this.#retracted = [];
    rows.release();
  }

  #retract(batch: Batch, come: ReadonlySet<number>): void {
    const { rows } = this;
    const slots = new Int32Array(batch.length);
    rows.findRows(batch, slots);
    for (const slot of slots) {
      if (slot < 0 || (rows.weights[slot] as number) <= 0) continue;
      const partition = rows.partitionOf(slot);
      if (!come.has(partition)) {
        rows.extra(DELETED)[slot] = 1;
        rows.store.touch(slot);
      } else if (this.#isReplaced(slot, rows.roots[partition] as number)) {
        this.#expiry.removeSlots(Int32Array.of(slot), 1);
        rows.evict(slot);
      }
    }
  }

  /** Another version of the same time is there. */
  #isReplaced(slot: number, root: number): boolean {
    const { index } = this.rows;
    const [before, after] = [index.predecessor(root, slot), index.successor(root, slot)];
    return (before >= 0 && index.peers(before, slot)) || (after >= 0 && index.peers(after, slot));
  }

  /** Writes for each key and time the slot of the version that was valid. */
  find(keys: readonly Column[], time: Column, count: number, out: Int32Array): void {
    const { rows } = this;
    const { index } = rows;
    const deleted = rows.extra(DELETED);
    const dropped = rows.extra(DROPPED);
    rows.findPartitions(keys, count, out);
    index.bindProbe([time]);
    for (let i = 0; i < count; i++) {
      const partition = out[i] as number;
      const isKnown = partition >= 0 && !keys.some(({ nulls }) => nulls?.[i] === 1)
        && time.nulls?.[i] !== 1;
      const root = isKnown ? rows.roots[partition] as number : 0;
      if (root === 0) {
        out[i] = NO_VERSION;
        continue;
      }
      const slot = index.atMost(root, i);
      if (slot < 0) out[i] = dropped[index.first(root)] === 1 ? VERSION_GONE : NO_VERSION;
      else out[i] = deleted[slot] === 1 ? NO_VERSION : slot;
    }
  }

  /** Drops versions that no row at or after the watermark can ask for. */
  prune(watermark: bigint): void {
    const { rows } = this;
    const { index } = rows;
    const dropped = rows.extra(DROPPED);
    for (const slot of this.#expiry.takeUpTo(watermark)) {
      const partition = rows.partitionOf(slot);
      if (rows.weights[slot] === 0) continue;
      const after = index.successor(rows.roots[partition] as number, slot);
      // A version that comes below the watermark, behind one that rules it out, goes at once.
      if (after >= 0 && this.#timeOf(after) <= watermark) {
        dropped[after] = 1;
        rows.store.touch(after);
        rows.evict(slot);
        continue;
      }
      for (;;) {
        const before = index.predecessor(rows.roots[partition] as number, slot);
        if (before < 0) break;
        dropped[slot] = 1;
        rows.store.touch(slot);
        rows.evict(before);
      }
    }
    rows.release();
  }

  #timeOf(slot: number): bigint {
    const column = this.rows.store.column(this.#time);
    return column.kind === 'i64' ? column.i64[slot] as bigint
      : BigInt(column.i32[slot] as number) * MICROS_PER_DAY;
  }

  /** Rebuilds from the store. */
  restore(): void {
    this.rows.restore();
    this.#expiry.rebuild();
  }
}
