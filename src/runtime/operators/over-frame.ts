/**
 * Where the frame of a row begins and ends, as positions in its partition.
 *
 * Positions of frames never go back as the row goes forward, in every mode; `firstReaching` and
 * `lastReached` use that to find, by binary search, the rows whose frame a changed position
 * touches.
 * Bounds of RANGE and GROUPS frames are the same for all peers and are remembered per group.
 */
import { must } from '../../common/assert.ts';
import { compareValues } from '../../common/types/registry.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { Value } from '../../common/values.ts';
import type { Frame, FrameBound, SortKey } from '../../planner/relation.ts';
import { rangeKey } from './over-range.ts';
import type { RangeKey } from './over-range.ts';

/** The rows of one partition, in order. */
export interface OverView {
  readonly length: number;
  slotAt(position: number): number;
  /** How many slots at the front satisfy a condition that holds for a prefix. */
  countWhile(before: (slot: number) => boolean): number;
  /** Order by the sort keys alone; 0 for peers. */
  peerOrder(a: number, b: number): number;
}

/** What a finder must know of the sort column of a RANGE with offsets. */
export interface FrameKey {
  readonly key: SortKey;
  readonly type: SqlType;
  readonly value: (slot: number) => Value;
}

/** Finds frames; see the head of the file. */
export class FrameFinder {
  readonly frame: Frame;
  readonly #key: FrameKey | null;
  readonly #range: RangeKey | null;
  #view: OverView | null = null;
  #groupStart = 0;
  #groupEnd = 0;
  #start = 0;
  #end = 0;

  constructor(frame: Frame, key: FrameKey | null) {
    this.frame = frame;
    this.#key = key;
    const offset = [frame.start, frame.end].find((bound) => 'offset' in bound);
    this.#range = frame.mode === 'range' && key !== null && offset !== undefined
      ? rangeKey(key.type) : null;
  }

  /** Takes up a partition, or the same one after changes. */
  open(view: OverView): void {
    this.#view = view;
    this.#groupStart = 0;
    this.#groupEnd = 0;
  }

  /** First position of the frame of the row at a position. */
  start(position: number): number {
    const { kind } = this.frame.start;
    if (kind === 'unboundedPreceding') return 0;
    if (this.frame.mode === 'rows') return this.#rowsBound(position, this.frame.start, 0);
    this.#locate(position);
    return this.#start;
  }

  /** Position behind the frame of the row at a position. */
  end(position: number): number {
    const { kind } = this.frame.end;
    if (kind === 'unboundedFollowing') return this.#rows.length;
    if (this.frame.mode === 'rows') return this.#rowsBound(position, this.frame.end, 1);
    this.#locate(position);
    return this.#end;
  }

  /** First position of the peers of a position. */
  groupStart(position: number): number {
    this.#locate(position);
    return this.#groupStart;
  }

  /** Position behind the peers of a position. */
  groupEnd(position: number): number {
    this.#locate(position);
    return this.#groupEnd;
  }

  /** The first row whose frame ends behind `position`, or at it when `touching`. */
  firstReaching(position: number, touching: boolean): number {
    return this.#search((at) => {
      const end = this.end(at);
      return touching ? end >= position : end > position;
    });
  }

  /** Behind the last row whose frame starts at or before `position`. */
  lastReached(position: number): number {
    return this.#search((at) => this.start(at) > position);
  }

  get #rows(): OverView { return must(this.#view, 'an open partition'); }

  /** The first position for which `holds`, which then holds for all behind it. */
  #search(holds: (position: number) => boolean): number {
    let low = 0;
    let high = this.#rows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (holds(middle)) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #rowsBound(position: number, bound: FrameBound, behind: number): number {
    const offset = 'offset' in bound ? rowOffset(bound) : 0;
    const at = bound.kind === 'preceding' ? position - offset : position + offset;
    return Math.max(0, Math.min(this.#rows.length, at + behind));
  }

  /** Finds the group of a position and its frame, unless they are at hand. */
  #locate(position: number): void {
    if (position >= this.#groupStart && position < this.#groupEnd) return;
    const view = this.#rows;
    const slot = view.slotAt(position);
    this.#groupStart = this.#startOf(slot, position);
    this.#groupEnd = this.#endOf(slot, position);
    if (this.frame.mode === 'rows') return;
    this.#start = this.#boundStart(slot);
    this.#end = this.#boundEnd(slot);
  }

  /** The start of a slot's group: near by in most cases, else by search. */
  #startOf(slot: number, position: number): number {
    const view = this.#rows;
    if (position === 0 || view.peerOrder(view.slotAt(position - 1), slot) < 0) return position;
    return view.countWhile((other) => view.peerOrder(other, slot) < 0);
  }

  #endOf(slot: number, position: number): number {
    const view = this.#rows;
    if (position + 1 >= view.length) return view.length;
    if (view.peerOrder(slot, view.slotAt(position + 1)) < 0) return position + 1;
    return view.countWhile((other) => view.peerOrder(other, slot) <= 0);
  }

  #boundStart(slot: number): number {
    const bound = this.frame.start;
    switch (bound.kind) {
      case 'unboundedPreceding': return 0;
      case 'unboundedFollowing': return this.#rows.length;
      case 'currentRow': return this.#groupStart;
      case 'preceding':
        return this.frame.mode === 'groups' ? this.#groupsBack(rowOffset(bound))
          : this.#rangeBound(slot, bound, false);
      case 'following':
        return this.frame.mode === 'groups'
          ? this.#groupsOn(this.#groupStart, rowOffset(bound))
          : this.#rangeBound(slot, bound, false);
    }
  }

  #boundEnd(slot: number): number {
    const bound = this.frame.end;
    switch (bound.kind) {
      case 'unboundedPreceding': return 0;
      case 'unboundedFollowing': return this.#rows.length;
      case 'currentRow': return this.#groupEnd;
      case 'preceding': {
        if (this.frame.mode === 'range') return this.#rangeBound(slot, bound, true);
        const offset = rowOffset(bound);
        return offset === 0 ? this.#groupEnd : this.#groupsBack(offset - 1);
      }
      case 'following':
        return this.frame.mode === 'groups' ? this.#groupsOn(this.#groupEnd, rowOffset(bound))
          : this.#rangeBound(slot, bound, true);
    }
  }

  /** The start of the group so many groups before this one. */
  #groupsBack(groups: number): number {
    let at = this.#groupStart;
    for (let i = 0; i < groups && at > 0; i++) {
      at = this.#startOf(this.#rows.slotAt(at - 1), at - 1);
    }
    return at;
  }

  /** The position so many groups behind a group's boundary. */
  #groupsOn(from: number, groups: number): number {
    let at = from;
    for (let i = 0; i < groups && at < this.#rows.length; i++) {
      at = this.#endOf(this.#rows.slotAt(at), at);
    }
    return at;
  }

  /** RANGE with an offset: the first row at (or, for an end, behind) the shifted sort value. */
  #rangeBound(
    slot: number, bound: Extract<FrameBound, { kind: 'preceding' | 'following' }>, end: boolean,
  ): number {
    const { key, type, value } = must(this.#key, 'sort column');
    const range = must(this.#range, 'range arithmetic');
    const base = value(slot);
    if (base === null) return end ? this.#groupEnd : this.#groupStart;
    const back = bound.kind === 'preceding';
    const target = range.shift(base, offsetValue(bound), back !== key.descending ? -1 : 1);
    const sign = key.descending ? -1 : 1;
    const limit = end ? 1 : 0;
    return this.#rows.countWhile((other) => {
      const each = value(other);
      if (each === null) return key.nullsFirst;
      return sign * compareValues(range.comparable(each), target, range.comparedType ?? type)
        < limit;
    });
  }
}

function offsetValue(bound: Extract<FrameBound, { kind: 'preceding' | 'following' }>): Value {
  return bound.offset.kind === 'literal' ? bound.offset.value : must(null, 'constant frame offset');
}

function rowOffset(bound: Extract<FrameBound, { kind: 'preceding' | 'following' }>): number {
  return Number(offsetValue(bound));
}
