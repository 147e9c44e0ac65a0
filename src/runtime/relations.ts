/**
 * What the engine keeps of each relation at run time, and its most recent deltas.
 *
 * A RelationState exists for tables, materialized views, sources, late and dead letter relations.
 * Deltas newer than the oldest pin are kept, so that a pinned reader sees its epoch: what is stored
 * now minus what changed since. That also hides an epoch that is not published yet.
 */
import { sqlError } from '../common/errors.ts';
import type { SqlError } from '../common/errors.ts';
import type { StoredRelation } from './catalog-store-types.ts';
import type { SqlType } from '../common/types/sql-type.ts';
import type { Batch } from './batch.ts';
import { negate } from './engine-rows.ts';
import type { EventClock } from './engine-watermarks.ts';
import type { LogRetention } from './relations-log.ts';
import type { RelationRows, RowCursor } from './relations-rows.ts';
import { withoutLast } from './relations-rows.ts';

interface RecentDelta {
  readonly epoch: bigint;
  readonly batches: readonly Batch[];
}

/** A relation at run time. */
export class RelationState {
  relation: StoredRelation;
  /** Null for SOURCE. */
  rows: RelationRows | null;
  /** Event time of a table with a watermark; sources have one per reader. */
  clock: EventClock | null;
  /** For late and dead letter relations: keeps the newest rows only. */
  readonly retention: LogRetention | null;
  #recent: RecentDelta[] = [];
  /** The newest epoch whose delta is gone: what was before it cannot be read any more. */
  #forgotten = 0n;
  #recentRows = 0;

  constructor(
    relation: StoredRelation, rows: RelationRows | null, clock: EventClock | null,
    retention: LogRetention | null,
  ) {
    this.relation = relation;
    this.rows = rows;
    this.clock = clock;
    this.retention = retention;
  }

  get id(): number { return this.relation.id; }

  get types(): readonly SqlType[] {
    return this.relation.columns.map(({ type }) => type);
  }

  /** Remembers what an epoch changed (user columns). */
  remember(epoch: bigint, batches: readonly Batch[]): void {
    if (batches.length === 0) return;
    this.#recent.push({ epoch, batches });
    this.#recentRows += rowsIn(batches);
  }

  /** Forgets deltas up to an epoch: no reader is older, or it has waited too long. */
  forgetUpTo(epoch: bigint): void {
    if (this.#recent.length === 0) return;
    for (const delta of this.#recent) {
      if (delta.epoch <= epoch && delta.epoch > this.#forgotten) this.#forgotten = delta.epoch;
    }
    this.#keep((delta) => delta.epoch > epoch);
  }

  /** Changed rows that are kept for readers of older epochs. */
  get recentRows(): number { return this.#recentRows; }

  /** Forgets the deltas of an epoch that was taken back. */
  forgetFrom(epoch: bigint): void {
    this.#keep((delta) => delta.epoch < epoch);
  }

  #keep(wanted: (delta: RecentDelta) => boolean): void {
    const kept = this.#recent.filter(wanted);
    if (kept.length === this.#recent.length) return;
    this.#recent = kept;
    this.#recentRows = kept.reduce((total, { batches }) => total + rowsIn(batches), 0);
  }

  /** What takes the stored rows back to an epoch: [] when nothing changed since. */
  since(epoch: bigint): Batch[] {
    if (epoch < this.#forgotten) throw snapshotTooOld();
    const batches: Batch[] = [];
    for (const delta of this.#recent) {
      if (delta.epoch > epoch) for (const batch of delta.batches) batches.push(negate(batch));
    }
    return batches;
  }

  /**
   * User columns of all rows at an epoch, in slices; weights may need consolidation. What is read
   * is settled by this call, however late the slices are fetched.
   */
  at(epoch: bigint): IterableIterator<Batch, void> {
    if (this.rows === null) return [][Symbol.iterator]();
    return slices(this.rows.cursor(), this.since(epoch), this.rows.tracksArrival);
  }
}

function rowsIn(batches: readonly Batch[]): number {
  return batches.reduce((total, { length }) => total + length, 0);
}

function snapshotTooOld(): SqlError {
  return sqlError('72000', 'snapshot too old', {
    detail: 'Too many rows have changed since the transaction began to read.',
    hint: 'End the transaction and read again.',
  });
}

function* slices(
  cursor: RowCursor, corrections: readonly Batch[], strip: boolean,
): Generator<Batch, void> {
  try {
    for (let batch = cursor.next(); batch !== null; batch = cursor.next()) {
      yield strip ? withoutLast(batch) : batch;
    }
    yield* corrections;
  } finally {
    cursor.close();
  }
}
