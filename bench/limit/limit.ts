/**
 * The limit: one hand-written loop per query over the same columns, in memory, nothing taken back.
 *
 * What a good programmer would write for this one query and this one stream, and no more: no
 * retractions, no NULLs, no late rows, no publication, no restart.
 */
import type { AnswerCell } from '../nexmark/answer.ts';
import type { EpochEvents } from '../nexmark/events.ts';

/** A hand-written query. */
export interface Limit {
  feed(events: EpochEvents): void;
  rows(): Iterable<readonly AnswerCell[]>;
}
