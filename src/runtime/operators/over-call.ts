/**
 * What one window function of an `over` node does: which rows a change may affect, and their
 * values.
 *
 * Ranges are of positions in the partition as it is after the change. An evaluator asks the view
 * for rows and hands each value to `write`; the operator compares it with what is out.
 */
import type { Value } from '../../common/values.ts';
import type { OverView } from './over-frame.ts';

/** Positions [from, to). */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** A change of a partition: a row now at `position`, or one that stood before it and is gone. */
export interface OverChange {
  readonly position: number;
  readonly inserted: boolean;
}

/** Takes the value of a row. */
export type WriteValue = (slot: number, value: Value) => void;

/** One window function; made once per call of a node. */
export interface OverCall {
  /** Takes up a partition whose leaves from `changedLeaf` on have changed. */
  open(view: OverPartition): void;
  /** A row that is new; for functions whose reach depends on its values. */
  note(slot: number): void;
  /** The rows whose value may change. */
  affected(change: OverChange): Span;
  /** Computes the values of a span. */
  evaluate(span: Span, write: WriteValue): void;
}

/** A partition as calls see it: its rows, and running results they left behind. */
export interface OverPartition extends OverView {
  /** Reads the slots of a span at once, so that `slotAt` is cheap within it. */
  load(from: number, to: number): void;
  /** Boundaries at which running results are kept: number and position of each. */
  readonly leafCount: number;
  leafStart(leaf: number): number;
  leafOf(position: number): number;
  /** Running results of call `call` by leaf; entries from a changed leaf on are gone. */
  running(call: number): unknown[];
}

/** How calls read cells. */
export type ReadCell = (slot: number) => Value;
