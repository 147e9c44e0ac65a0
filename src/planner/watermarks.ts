/**
 * Arithmetic on watermark expressions, and what is known of the time columns of a relation.
 *
 * `columnFacts` walks down from a column to where its watermark comes from. A watermark is `exact`
 * when no row below it can come any more; otherwise late rows may still pass (they are counted
 * where a window drops them). Relies on the catalog alone.
 */
import { encodePlan } from './dataflow-json.ts';
import type { WatermarkExpr } from './dataflow.ts';
import type { WindowSpec } from './relation.ts';

/** A column's watermark. */
export interface WatermarkFact {
  readonly watermark: WatermarkExpr;
  readonly exact: boolean;
}

/** A column that is the start, end or time of a window. */
export interface WindowFact {
  /** Tells windows of different window nodes apart. */
  readonly id: string;
  readonly role: 'start' | 'end' | 'time';
  readonly window: WindowSpec;
  /** Watermark of the time column the window is over, or null: it never closes. */
  readonly base: WatermarkFact | null;
  readonly graceMicros: bigint;
  readonly allowedMicros: bigint;
}

/** `of` moved by microseconds. */
export function shiftWatermark(of: WatermarkExpr, micros: bigint): WatermarkExpr {
  if (micros === 0n) return of;
  if (of.kind === 'shift') return shiftWatermark(of.of, of.micros + micros);
  return { kind: 'shift', of, micros };
}

/** `of` rounded down to a multiple of `step` from `offset`. */
export function floorWatermark(of: WatermarkExpr, step: bigint, offset: bigint): WatermarkExpr {
  return { kind: 'floor', of, step, offset };
}

/** The least of several. */
export function minWatermark(of: readonly WatermarkExpr[]): WatermarkExpr {
  const flat = of.flatMap((each) => each.kind === 'min' ? each.of : [each]);
  const byText = new Map(flat.map((each) => [encodePlan(each), each]));
  const distinct = [...byText.values()];
  const only = distinct[0];
  return distinct.length === 1 && only !== undefined ? only : { kind: 'min', of: distinct };
}

/** The lesser of two facts. */
export function minFact(a: WatermarkFact, b: WatermarkFact): WatermarkFact {
  return { watermark: minWatermark([a.watermark, b.watermark]), exact: a.exact && b.exact };
}

/** A fact moved by microseconds. */
export function shiftFact(fact: WatermarkFact, micros: bigint): WatermarkFact {
  return { watermark: shiftWatermark(fact.watermark, micros), exact: fact.exact };
}

/** Watermarks of window_start, window_end and window_time over rows not late. */
export interface WindowWatermarks {
  readonly start: WatermarkExpr | null;
  readonly end: WatermarkExpr;
  readonly time: WatermarkExpr;
}

/**
 * From now on only windows with window_end > base - lateness change. Starts and ends are aligned,
 * so the next ones are known exactly and windows cascade without a step of delay.
 *
 *   base - lateness          10:07
 *   tumble 5 min     end >=  10:10,  start >= 10:05
 */
export function windowWatermarks(
  window: WindowSpec, base: WatermarkExpr, lateness: bigint,
): WindowWatermarks {
  const bound = shiftWatermark(base, -lateness);
  const ends = nextEnds(window, bound);
  return { ...ends, time: shiftWatermark(ends.end, -1n) };
}

function nextEnds(
  window: WindowSpec, bound: WatermarkExpr,
): { readonly start: WatermarkExpr | null; readonly end: WatermarkExpr } {
  switch (window.kind) {
    case 'tumble': {
      const start = floorWatermark(bound, window.size, window.offset);
      return { start, end: shiftWatermark(start, window.size) };
    }
    case 'hop': {
      const before = floorWatermark(
        shiftWatermark(bound, -window.size), window.slide, window.offset);
      const start = shiftWatermark(before, window.slide);
      return { start, end: shiftWatermark(start, window.size) };
    }
    case 'cumulate': {
      const before = floorWatermark(bound, window.step, window.offset);
      return {
        start: floorWatermark(bound, window.size, window.offset),
        end: shiftWatermark(before, window.step),
      };
    }
    case 'zoned': return {
      start: window.shape === 'hop' ? null : { kind: 'zoneFloor', of: bound, window },
      end: shiftWatermark(bound, 1n),
    };
    case 'session': return { start: null, end: bound };
  }
}

/** Microseconds from window_start to window_end where that is constant, else null. */
export function windowLength(window: WindowSpec): bigint | null {
  return window.kind === 'tumble' || window.kind === 'hop' ? window.size : null;
}

/**
 * The watermark which reaches a window column's value exactly when the window closes (its end
 * plus the grace period), or null when that cannot be said of this column.
 */
export function closingWatermark(fact: WindowFact): WatermarkExpr | null {
  return reached(fact, fact.graceMicros);
}

/** As `closingWatermark`, so much later. */
function reached(fact: WindowFact, later: bigint): WatermarkExpr | null {
  if (fact.base === null) return null;
  const closed = shiftWatermark(fact.base.watermark, -later);
  switch (fact.role) {
    case 'end': return closed;
    case 'time': return shiftWatermark(closed, -1n);
    case 'start': {
      if (fact.window.kind === 'zoned' && fact.window.shape === 'tumble') {
        return shiftWatermark({ kind: 'zoneFloor', of: closed, window: fact.window }, -1n);
      }
      const length = windowLength(fact.window);
      return length === null ? null : shiftWatermark(closed, -length);
    }
  }
}

/** As `closingWatermark`, after allowed lateness: the state may go. */
export function forgettingWatermark(fact: WindowFact): WatermarkExpr | null {
  return reached(fact, fact.graceMicros + fact.allowedMicros);
}
