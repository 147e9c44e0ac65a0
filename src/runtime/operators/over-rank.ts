/**
 * Window functions without a frame: ranks, distributions, lag and lead.
 *
 * row_number, rank and dense_rank change from the first changed position on; percent_rank,
 * cume_dist and ntile everywhere, for they depend on the number of rows; lag and lead within their
 * reach.
 */
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import type { Value } from '../../common/values.ts';
import type { WindowFunction } from '../../planner/functions/entry.ts';
import type {
  OverCall, OverChange, OverPartition, ReadCell, Span, WriteValue,
} from './over-call.ts';

/** What the makers below get. */
export interface RankShape {
  readonly code: WindowFunction['code'];
  readonly args: readonly ReadCell[];
  readonly ignoreNulls: boolean;
  /** What is out of this call for a row. */
  readonly current: ReadCell;
}

/** The evaluator of a function without a frame. */
export function makeRankCall(shape: RankShape): OverCall {
  switch (shape.code) {
    case 'row_number': case 'rank': case 'dense_rank': return new RankCall(shape);
    case 'lag': case 'lead': return new OffsetCall(shape);
    default: return new DistributionCall(shape);
  }
}

/** Row numbers and ranks: running counts. */
class RankCall implements OverCall {
  readonly #shape: RankShape;
  #view: OverPartition | null = null;

  constructor(shape: RankShape) {
    this.#shape = shape;
  }

  open(view: OverPartition): void { this.#view = view; }

  note(): void { /* Values do not matter. */ }

  affected({ position }: OverChange): Span {
    return { from: position, to: must(this.#view, 'partition').length };
  }

  evaluate({ from, to }: Span, write: WriteValue): void {
    const view = must(this.#view, 'partition');
    view.load(Math.max(0, from - 1), to);
    const { code } = this.#shape;
    let number = from > 0 ? Number(this.#shape.current(view.slotAt(from - 1))) : 0;
    for (let at = from; at < to; at++) {
      const slot = view.slotAt(at);
      if (code === 'row_number') {
        number = at + 1;
      } else if (at === 0 || view.peerOrder(view.slotAt(at - 1), slot) !== 0) {
        number = code === 'rank' ? at + 1 : number + 1;
      }
      write(slot, BigInt(number));
    }
  }
}

/** percent_rank, cume_dist, ntile. */
class DistributionCall implements OverCall {
  readonly #shape: RankShape;
  #view: OverPartition | null = null;

  constructor(shape: RankShape) {
    this.#shape = shape;
  }

  open(view: OverPartition): void { this.#view = view; }

  note(): void { /* Values do not matter. */ }

  affected(): Span {
    return { from: 0, to: must(this.#view, 'partition').length };
  }

  evaluate({ from, to }: Span, write: WriteValue): void {
    const view = must(this.#view, 'partition');
    view.load(0, view.length);
    if (this.#shape.code === 'ntile') {
      this.#tiles({ from, to }, write);
      return;
    }
    const { length } = view;
    for (let start = 0; start < length;) {
      let end = start + 1;
      const first = view.slotAt(start);
      while (end < length && view.peerOrder(first, view.slotAt(end)) === 0) end++;
      const value = this.#shape.code === 'cume_dist' ? end / length
        : length <= 1 ? 0 : start / (length - 1);
      for (let at = start; at < end; at++) write(view.slotAt(at), value);
      start = end;
    }
  }

  /** The number of buckets is that of the first row. */
  #tiles({ from, to }: Span, write: WriteValue): void {
    const view = must(this.#view, 'partition');
    if (view.length === 0) return;
    const wanted = must(this.#shape.args[0], 'buckets')(view.slotAt(0));
    if (wanted !== null && Number(wanted) <= 0) {
      throw sqlError('22014', 'argument of ntile must be greater than zero');
    }
    const buckets = Number(wanted);
    const small = wanted === null ? 0 : Math.floor(view.length / buckets);
    const large = wanted === null ? 0 : view.length % buckets;
    for (let at = from; at < to; at++) {
      const inLarge = large * (small + 1);
      const bucket = at < inLarge ? Math.floor(at / (small + 1))
        : large + Math.floor((at - inLarge) / Math.max(small, 1));
      write(view.slotAt(at), wanted === null ? null : bucket + 1);
    }
  }
}

/** lag and lead. */
class OffsetCall implements OverCall {
  readonly #shape: RankShape;
  #view: OverPartition | null = null;
  /** The farthest any row has looked. */
  #reach = 1;

  constructor(shape: RankShape) {
    this.#shape = shape;
  }

  open(view: OverPartition): void { this.#view = view; }

  note(slot: number): void {
    const offset = this.#shape.args[1]?.(slot) ?? null;
    if (offset !== null) this.#reach = Math.max(this.#reach, Math.abs(Number(offset)));
  }

  affected({ position }: OverChange): Span {
    const { length } = must(this.#view, 'partition');
    if (this.#shape.ignoreNulls) {
      return { from: this.#passed(position, -1) + 1, to: this.#passed(position, 1) };
    }
    return {
      from: Math.max(0, position - this.#reach),
      to: Math.min(length, position + this.#reach + 1),
    };
  }

  /** Behind the rows in a direction that see a position: those up to the reach-th value. */
  #passed(position: number, step: 1 | -1): number {
    const view = must(this.#view, 'partition');
    const read = must(this.#shape.args[0], 'value');
    let left = this.#reach;
    let at = position;
    if (step < 0) at--;
    // The row at the position is the one that came, or the first behind one that went.
    else if (position < view.length && read(view.slotAt(position)) !== null) left++;
    for (; at >= 0 && at < view.length; at += step) {
      if (read(view.slotAt(at)) !== null && --left === 0) return at + step;
    }
    return at;
  }

  evaluate({ from, to }: Span, write: WriteValue): void {
    const view = must(this.#view, 'partition');
    view.load(Math.max(0, from - this.#reach), Math.min(view.length, to + this.#reach));
    const [value, offsetOf, otherwise] = this.#shape.args;
    const read = must(value, 'value');
    for (let at = from; at < to; at++) {
      const slot = view.slotAt(at);
      const offset = offsetOf === undefined ? 1 : offsetOf(slot);
      if (offset === null) {
        write(slot, null);
        continue;
      }
      const distance = this.#shape.code === 'lag' ? -Number(offset) : Number(offset);
      const target = this.#shape.ignoreNulls ? this.#skippingNulls(at, distance, read)
        : at + distance;
      write(slot, target >= 0 && target < view.length ? read(view.slotAt(target))
        : otherwise?.(slot) ?? null);
    }
  }

  /** The position of the n-th row with a value in a direction; -1 when there is none. */
  #skippingNulls(from: number, distance: number, read: (slot: number) => Value): number {
    const view = must(this.#view, 'partition');
    if (distance === 0) return from;
    const step = Math.sign(distance);
    let left = Math.abs(distance);
    for (let at = from + step; at >= 0 && at < view.length; at += step) {
      if (read(view.slotAt(at)) !== null && --left === 0) return at;
    }
    return -1;
  }
}
