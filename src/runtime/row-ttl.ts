/**
 * Row TTL of tables: rows are deleted by age, at epochs.
 *
 * A table without a watermark keeps with each row the logical time it was written at (where tables
 * with a watermark keep arrivals): at now - ttl it goes. In a table with a watermark a row goes
 * when the watermark has passed its event time by the ttl. Both follow from the epoch log, so a
 * replay deletes the same rows in the same epochs; views see deletions like any other.
 */
import { must } from '../common/assert.ts';
import { sqlError } from '../common/errors.ts';
import { intervalTotalMicros } from '../common/types/interval.ts';
import { parseInterval } from '../common/types/interval-parse.ts';
import type { Batch } from './batch.ts';
import type { StoredRelation } from './catalog-store-types.ts';
import { ExpiryQueue } from './state/expiry-queue.ts';
import type { RelationRows, RowAging } from './relations-rows.ts';

/** Option of a table: how long rows stay. */
export const TTL = 'ttl';

/** Epochs that only delete rows come at most so often. */
const EVERY_MICROS = 1_000_000n;

/** The TTL of a table in microseconds, or null; throws when it is no positive interval. */
export function ttlOf(relation: Pick<StoredRelation, 'options' | 'view'>): bigint | null {
  const text = relation.options.find(([name]) => name === TTL)?.[1];
  if (text === undefined || relation.view !== null) return null;
  return intervalTotalMicros(parseInterval(text));
}

/** Refuses a TTL that makes no sense; called when a table is declared. */
export function checkTtl(relation: StoredRelation): void {
  const micros = ttlOf(relation);
  if (micros === null) return;
  if (micros < 0n || (micros === 0n && relation.watermark === null)) {
    throw sqlError('22023', 'option "ttl" must be positive');
  }
  if (!relation.stored) {
    throw sqlError('0A000', 'a source keeps no rows that a TTL could delete', {
      hint: "Write CREATE TABLE, or CREATE MATERIALIZED VIEW ... WITH (ttl = '1 day') over it.",
    });
  }
  if (relation.appendOnly) {
    throw sqlError('0A000', 'a table whose rows are deleted by age cannot be APPEND ONLY', {
      hint: 'Leave APPEND ONLY out.',
    });
  }
}

/** Finds and deletes the rows of a table that are too old. */
export class RowTtl implements RowAging {
  readonly #rows: RelationRows;
  readonly #queue: ExpiryQueue;
  readonly #micros: bigint;
  readonly #byWatermark: boolean;

  constructor(rows: RelationRows, micros: bigint, watermarkColumn: number | null) {
    this.#rows = rows;
    this.#micros = micros;
    this.#byWatermark = watermarkColumn !== null;
    this.#queue = new ExpiryQueue(rows.arrangement.store, watermarkColumn ?? rows.types.length);
    rows.arrangement.follow(this.#queue);
  }

  /** A watermark comes with an epoch of its own. */
  dueAt(): bigint | null {
    if (this.#byWatermark) return null;
    const earliest = this.#queue.earliest();
    if (earliest === null) return null;
    const at = earliest + this.#micros;
    const rest = at % EVERY_MICROS;
    return rest === 0n ? at : at + EVERY_MICROS - rest;
  }

  get followsClock(): boolean { return !this.#byWatermark; }

  deleteDue(now: bigint, watermark: bigint | null): Batch | null {
    if (this.#byWatermark && watermark === null) return null;
    const limit = this.#byWatermark ? must(watermark, 'watermark') - 1n : now;
    const slots = this.#queue.takeUpTo(limit - this.#micros).sort();
    return slots.length === 0 ? null : this.#rows.evict(slots);
  }
}
