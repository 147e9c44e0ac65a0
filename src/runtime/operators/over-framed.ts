/**
 * Window functions over frames: first_value, last_value, nth_value and all aggregates.
 *
 * A change affects the rows whose frame holds its position. Aggregates slide: rows enter at the end
 * of the frame and, where the aggregate can take rows out, leave at its start; running results of
 * frames from the partition's start are kept at leaf boundaries, so that appending to a partition
 * of 100,000 rows adds up a few hundred. min and max keep the rows that can still become the best.
 */
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import type { Value } from '../../common/values.ts';
import type { AggregateStrategy } from '../../planner/functions/entry.ts';
import type { Frame } from '../../planner/relation.ts';
import { makeAccumulator } from './over-aggregates.ts';
import type { AggregateShape, FrameAccumulator } from './over-aggregates.ts';
import type {
  OverCall, OverChange, OverPartition, ReadCell, Span, WriteValue,
} from './over-call.ts';
import { FrameFinder } from './over-frame.ts';
import type { FrameKey } from './over-frame.ts';

/** What both kinds of calls get. */
export interface FramedShape {
  readonly frame: Frame;
  readonly key: FrameKey | null;
  readonly args: readonly ReadCell[];
  /** Number of the call in its node. */
  readonly call: number;
}

/** first_value, last_value or nth_value. */
export interface PickShape extends FramedShape {
  readonly code: 'first_value' | 'last_value' | 'nth_value';
  readonly ignoreNulls: boolean;
}

/** An aggregate. */
export interface AggregateCallShape extends FramedShape {
  readonly aggregate: AggregateShape;
  readonly filter: ReadCell | null;
}

/** Frames and the rows a change affects: common to both. */
class Frames {
  readonly finder: FrameFinder;
  #view: OverPartition | null = null;

  constructor({ frame, key }: FramedShape) {
    this.finder = new FrameFinder(frame, key);
  }

  get view(): OverPartition { return must(this.#view, 'partition'); }

  open(view: OverPartition): void {
    this.#view = view;
    this.finder.open(view);
  }

  affected({ position, inserted }: OverChange): Span {
    const { finder, view } = this;
    const { frame } = finder;
    const first = frame.end.kind === 'unboundedFollowing' ? 0
      : frame.end.kind === 'currentRow' ? this.#firstOfPeers(inserted ? position : position - 1)
      : finder.firstReaching(position, !inserted);
    const last = frame.start.kind === 'unboundedPreceding' ? view.length
      : finder.lastReached(position);
    const own = inserted ? 1 : 0;
    return {
      from: Math.min(first, position), to: Math.min(view.length, Math.max(last, position + own)),
    };
  }

  /** The first row whose frame, ending with the current row, reaches a position. */
  #firstOfPeers(position: number): number {
    if (position < 0) return 0;
    return this.finder.frame.mode === 'rows' ? position : this.finder.groupStart(position);
  }

  /** Reads in the rows that the frames of a span reach. */
  load({ from, to }: Span): void {
    if (from >= to) return;
    const { finder, view } = this;
    view.load(Math.min(from, finder.start(from)), Math.max(to, finder.end(to - 1)));
  }

  /** The parts of a row's frame that EXCLUDE takes out, in order. */
  excluded(position: number): Span[] {
    const { finder } = this;
    const from = finder.start(position);
    const to = finder.end(position);
    const within = (start: number, end: number): Span =>
      ({ from: Math.max(from, start), to: Math.min(to, end) });
    switch (finder.frame.exclude) {
      case 'none': return [];
      case 'currentRow': return [within(position, position + 1)];
      case 'group': return [within(finder.groupStart(position), finder.groupEnd(position))];
      case 'ties': return [
        within(finder.groupStart(position), position),
        within(position + 1, finder.groupEnd(position)),
      ];
    }
  }

  /** The parts of a row's frame that EXCLUDE leaves, in order. */
  parts(position: number): Span[] {
    const { finder } = this;
    const parts: Span[] = [];
    let at = finder.start(position);
    for (const { from, to } of this.excluded(position)) {
      if (from >= to) continue;
      parts.push({ from: at, to: from });
      at = to;
    }
    parts.push({ from: at, to: finder.end(position) });
    return parts;
  }
}

/** The evaluator of first_value, last_value or nth_value. */
export class PickCall implements OverCall {
  readonly #shape: PickShape;
  readonly #frames: Frames;

  constructor(shape: PickShape) {
    this.#shape = shape;
    this.#frames = new Frames(shape);
  }

  open(view: OverPartition): void { this.#frames.open(view); }

  note(): void { /* The frame decides. */ }

  affected(change: OverChange): Span { return this.#frames.affected(change); }

  evaluate(span: Span, write: WriteValue): void {
    const { view, finder: { frame } } = this.#frames;
    // Of a frame without bound only few rows are looked at.
    const reachesFar = frame.start.kind === 'unboundedPreceding'
      || frame.end.kind === 'unboundedFollowing';
    if (reachesFar) view.load(span.from, span.to);
    else this.#frames.load(span);
    for (let at = span.from; at < span.to; at++) write(view.slotAt(at), this.#pick(at));
  }

  #pick(position: number): Value {
    const { code, args } = this.#shape;
    let left = 1;
    if (code === 'nth_value') {
      const nth = must(args[1], 'n')(this.#frames.view.slotAt(position));
      if (nth === null) return null;
      left = Number(nth);
      if (left <= 0) {
        throw sqlError('22016', 'argument of nth_value must be greater than zero');
      }
    }
    const parts = this.#frames.parts(position);
    if (code === 'last_value') parts.reverse();
    for (const part of parts) {
      const found = this.#within(part, left);
      if (found.slot >= 0) return must(args[0], 'value')(found.slot);
      left = found.left;
    }
    return null;
  }

  /** The `left`-th row of a part from its start (last_value: its end). */
  #within({ from, to }: Span, left: number): { readonly slot: number; readonly left: number } {
    const { view } = this.#frames;
    const back = this.#shape.code === 'last_value';
    if (from >= to) return { slot: -1, left };
    if (!this.#shape.ignoreNulls) {
      if (left > to - from) return { slot: -1, left: left - (to - from) };
      return { slot: view.slotAt(back ? to - left : from + left - 1), left: 0 };
    }
    const read = must(this.#shape.args[0], 'value');
    let rest = left;
    for (let i = 0; i < to - from; i++) {
      const slot = view.slotAt(back ? to - 1 - i : from + i);
      if (read(slot) !== null && --rest === 0) return { slot, left: 0 };
    }
    return { slot: -1, left: rest };
  }
}

/** True for aggregates that hold all rows of a frame. */
function isList(strategy: AggregateStrategy): boolean {
  return strategy.kind === 'collect' && strategy.summary?.retracts() !== true;
}

/** The rows [0, to) in an accumulator: kept per leaf, and under number 0 behind the last row. */
interface Running {
  readonly accumulator: FrameAccumulator;
  readonly to: number;
}

/** The evaluator of an aggregate. */
export class AggregateCall implements OverCall {
  readonly #shape: AggregateCallShape;
  readonly #frames: Frames;
  readonly #args: Value[];
  readonly #keepsRunning: boolean;
  /** No row leaves the accumulator by itself. */
  readonly #growsOnly: boolean;
  /** Rows [#from, #to) are in the accumulator. */
  #accumulator: FrameAccumulator;
  #from = 0;
  #to = 0;
  /** The calls of `affected` have dropped the result behind the last row if it is not good. */
  #isTailKnown = false;

  constructor(shape: AggregateCallShape) {
    this.#shape = shape;
    this.#frames = new Frames(shape);
    this.#args = shape.args.map(() => null);
    this.#growsOnly = shape.frame.start.kind === 'unboundedPreceding' || this.#runsBackward();
    this.#accumulator = makeAccumulator(shape.aggregate, this.#growsOnly);
    // A running list of all rows is as long as the rows: not worth keeping.
    this.#keepsRunning = shape.frame.start.kind === 'unboundedPreceding'
      && !isList(shape.aggregate.entry.strategy);
  }

  open(view: OverPartition): void {
    this.#frames.open(view);
    this.#isTailKnown = false;
  }

  note(): void { /* The frame decides. */ }

  affected(change: OverChange): Span {
    if (this.#keepsRunning) {
      const running = this.#running();
      const tail = running[0];
      if (tail !== undefined && tail.to > change.position) running[0] = undefined;
      this.#isTailKnown = true;
    }
    return this.#frames.affected(change);
  }

  evaluate(span: Span, write: WriteValue): void {
    const { finder } = this.#frames;
    if (span.from >= span.to) return;
    this.#clear();
    // Without word of what has changed nothing of the last result can be trusted.
    if (this.#keepsRunning && !this.#isTailKnown) this.#running()[0] = undefined;
    this.#isTailKnown = true;
    this.#compute(span, write);
    if (this.#keepsRunning && finder.frame.exclude === 'none' && this.#from === 0) {
      this.#running()[0] = { accumulator: this.#accumulator, to: this.#to };
    }
  }

  #running(): (Running | undefined)[] {
    return this.#frames.view.running(this.#shape.call) as (Running | undefined)[];
  }

  #compute(span: Span, write: WriteValue): void {
    const { view, finder } = this.#frames;
    if (!this.#keepsRunning) this.#frames.load(span);
    if (this.#runsBackward()) {
      this.#backward(span, write);
      return;
    }
    if (this.#keepsRunning) {
      this.#slide(finder.start(span.from), finder.end(span.from));
      view.load(Math.min(this.#to, span.from), Math.max(span.to, finder.end(span.to - 1)));
    }
    for (let at = span.from; at < span.to; at++) {
      if (finder.frame.exclude === 'none') {
        this.#slide(finder.start(at), finder.end(at));
        write(view.slotAt(at), this.#accumulator.result());
      } else if (this.#accumulator.isLinear) {
        this.#slide(finder.start(at), finder.end(at));
        const left = this.#frames.excluded(at);
        this.#applyAll(left, false);
        write(view.slotAt(at), this.#accumulator.result());
        this.#applyAll(left, true);
      } else {
        this.#clear();
        this.#applyAll(this.#frames.parts(at), true);
        write(view.slotAt(at), this.#accumulator.result());
      }
    }
  }

  #applyAll(spans: readonly Span[], add: boolean): void {
    for (const { from, to } of spans) {
      for (let at = from; at < to; at++) this.#apply(at, add);
    }
  }

  /** An empty accumulator that holds no frame yet: the next one is looked for from the start. */
  #clear(): void {
    this.#accumulator = makeAccumulator(this.#shape.aggregate, this.#growsOnly);
    this.#from = 0;
    this.#to = -1;
  }

  /** Lets the accumulator hold the rows [from, to). */
  #slide(from: number, to: number): void {
    const end = Math.max(from, to);
    const usable = from >= this.#from && from <= this.#to && end >= this.#to;
    if (!usable) this.#rebuild(from, end);
    for (; this.#from < from; this.#from++) this.#apply(this.#from, false);
    this.#addUpTo(end);
  }

  /** Starts over, from a running result where there is one. */
  #rebuild(from: number, to: number): void {
    this.#clear();
    this.#from = from;
    this.#to = from;
    const { view } = this.#frames;
    if (from !== 0 || !this.#keepsRunning || to === 0) return;
    const running = this.#running();
    const tail = running[0];
    if (tail !== undefined && tail.to <= to) {
      // Taken over, not copied: it is put back when the span is done.
      running[0] = undefined;
      this.#accumulator = tail.accumulator;
      this.#to = tail.to;
    }
    for (let leaf = Math.min(view.leafOf(to - 1), running.length - 1); leaf > 0; leaf--) {
      const kept = running[leaf];
      if (kept === undefined) continue;
      if (kept.to > this.#to) {
        this.#accumulator = kept.accumulator.copy();
        this.#to = kept.to;
      }
      break;
    }
    view.load(this.#to, to);
  }

  #addUpTo(end: number): void {
    if (!this.#keepsRunning || this.#from !== 0) {
      for (; this.#to < end; this.#to++) this.#apply(this.#to, true);
      return;
    }
    const { view } = this.#frames;
    const running = this.#running();
    while (this.#to < end) {
      const leaf = view.leafOf(this.#to);
      if (view.leafStart(leaf) === this.#to && leaf > 0) {
        running[leaf] ??= { accumulator: this.#accumulator.copy(), to: this.#to };
      }
      const stop = Math.min(end, view.leafStart(leaf + 1));
      for (; this.#to < stop; this.#to++) this.#apply(this.#to, true);
    }
  }

  #apply(position: number, add: boolean): void {
    const slot = this.#frames.view.slotAt(position);
    const { filter, args } = this.#shape;
    if (filter !== null && filter(slot) !== true) return;
    const values = this.#args;
    for (let i = 0; i < args.length; i++) values[i] = (args[i] as ReadCell)(slot);
    if (add) this.#accumulator.add(values);
    else this.#accumulator.remove(values);
  }

  /** min and max over frames that end with the partition: rows are added from its end. */
  #runsBackward(): boolean {
    const { frame } = this.#shape;
    return this.#shape.aggregate.entry.strategy.kind === 'extreme' && frame.exclude === 'none'
      && frame.end.kind === 'unboundedFollowing' && frame.start.kind !== 'unboundedPreceding';
  }

  #backward({ from, to }: Span, write: WriteValue): void {
    const { view, finder } = this.#frames;
    let added = view.length;
    for (let at = to - 1; at >= from; at--) {
      const start = finder.start(at);
      while (added > start) this.#apply(--added, true);
      write(view.slotAt(at), this.#accumulator.result());
    }
  }
}
