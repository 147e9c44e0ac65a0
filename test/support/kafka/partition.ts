/**
 * A partition of the test broker: stored batches, transactions, and everything that may befall
 * them: retention, truncation, compaction, damage.
 */
import type { TestRecord, BatchOptions } from './batches.ts';
import { controlBatch, factsOf, makeBatch } from './batches.ts';

interface Aborted {
  readonly producerId: bigint;
  readonly firstOffset: bigint;
  readonly lastOffset: bigint;
}

/** A partition. */
export class TestPartition {
  batches: Buffer[] = [];
  logStart = 0n;
  leaderEpoch = 0;
  /** First offsets of open transactions, by producer. */
  readonly #open = new Map<bigint, bigint>();
  readonly aborted: Aborted[] = [];
  readonly #sequences = new Map<bigint, { epoch: number; next: number; offset: bigint }>();
  #next = 0n;

  get next(): bigint { return this.#next; }

  /** Up to here every transaction is decided. */
  get lastStable(): bigint {
    let least = this.#next;
    for (const first of this.#open.values()) if (first < least) least = first;
    return least;
  }

  /** Stores records as one batch; gives the offset of the first. */
  append(records: readonly TestRecord[], options: BatchOptions = {}): bigint {
    return this.#store(makeBatch(this.#next, records, options));
  }

  #store(batch: Buffer): bigint {
    batch.writeInt32BE(this.leaderEpoch, 12);
    const { base, next, transactional, control, producerId } = factsOf(batch);
    this.batches.push(batch);
    this.#next = next;
    if (transactional && !control && !this.#open.has(producerId)) {
      this.#open.set(producerId, base);
    }
    return base;
  }

  /** Stores what a producer sent; a repeated sequence is acknowledged and not stored again. */
  produce(bytes: Buffer): { readonly error: number; readonly base: bigint } {
    let first: bigint | null = null;
    for (let at = 0; at < bytes.length;) {
      const end = at + 12 + bytes.readInt32BE(at + 8);
      const batch = Buffer.from(bytes.subarray(at, end));
      at = end;
      const { producerId, producerEpoch, sequence } = factsOf(batch);
      const known = this.#sequences.get(producerId);
      if (producerId >= 0n && known !== undefined && known.epoch === producerEpoch) {
        if (sequence < known.next) return { error: 0, base: known.offset };
        if (sequence > known.next) return { error: 45, base: -1n };
      }
      batch.writeBigInt64BE(this.#next, 0);
      const base = this.#store(batch);
      first ??= base;
      if (producerId >= 0n) {
        this.#sequences.set(producerId, {
          epoch: producerEpoch, next: sequence + Number(factsOf(batch).next - base), offset: base,
        });
      }
    }
    return { error: 0, base: first ?? this.#next };
  }

  /** Ends a producer's transaction here. */
  endTransaction(producerId: bigint, commit: boolean): void {
    const firstOffset = this.#open.get(producerId);
    if (firstOffset === undefined) return;
    this.#open.delete(producerId);
    if (!commit) this.aborted.push({ producerId, firstOffset, lastOffset: this.#next });
    this.#store(controlBatch(this.#next, producerId, commit));
  }

  /** Offset of the first record at or after a time; -1 when there is none. */
  offsetAt(timestamp: number): bigint {
    const found = this.batches.find((batch) => factsOf(batch).maxTimestamp >= timestamp);
    return found === undefined ? -1n : factsOf(found).base;
  }

  /** Whole batches from the one that holds an offset on. */
  read(offset: bigint, maxBytes: number, committedOnly: boolean): Buffer {
    const limit = committedOnly ? this.lastStable : this.#next;
    const found: Buffer[] = [];
    let bytes = 0;
    for (const batch of this.batches) {
      const { base, next } = factsOf(batch);
      if (next <= offset) continue;
      if (base >= limit || (bytes > 0 && bytes + batch.length > maxBytes)) break;
      found.push(batch);
      bytes += batch.length;
    }
    return Buffer.concat(found);
  }

  // ------------------------------------------------------------------------------ misfortunes

  /** Retention: what lies before an offset goes, whole batches. */
  retain(from: bigint): void {
    this.batches = this.batches.filter((batch) => factsOf(batch).next > from);
    this.logStart = from;
  }

  /** An unclean leader: what lies behind an offset is lost. */
  truncate(next: bigint): void {
    this.batches = this.batches.filter((batch) => factsOf(batch).next <= next);
    const last = this.batches.at(-1);
    this.#next = last === undefined ? this.logStart : factsOf(last).next;
    this.#sequences.clear();
    this.leaderEpoch++;
  }

  /** Compaction that leaves a batch without records. */
  empty(at: number): void {
    const batch = this.batches[at];
    if (batch === undefined) return;
    const { base, next } = factsOf(batch);
    this.batches[at] = makeBatch(base, [], { lastDelta: Number(next - base) - 1 });
    this.batches[at]?.writeInt32BE(batch.readInt32BE(12), 12);
  }

  /** Flips a bit in the records of a batch; gives the way back. */
  damage(at: number): () => void {
    const batch = this.batches[at];
    if (batch === undefined) return () => undefined;
    const where = batch.length - 3;
    const flip = (): void => { batch[where] = (batch[where] ?? 0) ^ 1; };
    flip();
    return flip;
  }
}
