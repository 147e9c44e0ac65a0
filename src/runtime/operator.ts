/**
 * CONTRACT. The operator: a pure function of (input deltas, its state, frontier).
 *
 * In an epoch the graph calls, in topological order, `push` for every batch that arrived at each
 * port (port 0 first, then port 1, ...), then `flush` once. Operators emit batches, never a row at
 * a time. No clock, no randomness, no I/O, no waiting. Rules that hold for every operator:
 *  - The sum of what was emitted so far equals the operator applied to the sum of what was pushed.
 *  - Input deltas need not be consolidated; an operator that needs net changes waits for flush.
 *  - A retraction is never emitted for a row whose emitted weight would become negative at flush.
 *  - All durable state lives in RowStores made by `context.store(...)`; indexes are rebuilt from
 *    them by `restore()`. State touched in an epoch is marked dirty by the store itself.
 *  - Operators whose inputs did not change and whose `dueAt` has not come are not called at all,
 *    except that `flush` is called when a watermark they named in `watermarks()` has advanced.
 */
import type { EvaluationContext } from '../planner/functions/entry.ts';
import type { DataflowNode, WatermarkExpr } from '../planner/dataflow.ts';
import type { Batch } from './batch.ts';
import type { Arrangement } from './state/arrangement.ts';
import type { RowStore, StoreColumn } from './state/row-store.ts';

/** What an epoch carries beside deltas. */
export interface Frontier {
  readonly epoch: bigint;
  /** Logical time of the epoch, microseconds since 1970 UTC. */
  readonly now: bigint;
  /** Current value of a watermark expression, or null while a source has seen no row. */
  watermark(expr: WatermarkExpr): bigint | null;
}

/** Where an operator puts its output. Batches must not be changed afterwards. */
export type Emit = (batch: Batch) => void;

/** A running operator. */
export interface Operator {
  push(port: number, batch: Batch, emit: Emit): void;
  flush(frontier: Frontier, emit: Emit): void;
  /**
   * The same as `flush`, in pieces: for operators whose flush may be long (recursion), so that
   * whoever drives the graph can give way, or give up, between two of them.
   */
  flushInSlices?(frontier: Frontier, emit: Emit): Generator<void, void>;
  /** The next step is the first and brings all rows of the inputs, from nothing. */
  begin?(): void;
  /** The operator is not used any more: what it holds of others' it gives back. */
  close?(): void;
  /** Watermarks whose advance makes a flush necessary without input. */
  watermarks(): readonly WatermarkExpr[];
  /** Logical time at which flush is necessary without input, or null. */
  dueAt(): bigint | null;
  /** Rebuilds indexes and caches after the stores were loaded from a checkpoint. */
  restore(): void;
  /** Rows and approximate bytes kept, for tidemill.state. */
  size(): StateSize;
  /** Oldest of the times by which rows leave (event time, or when last touched), if any. */
  oldest?(): bigint | null;
}

/** What an operator keeps. */
export interface StateSize {
  readonly rows: number;
  readonly bytes: number;
}

/** What an operator is built with. */
export interface OperatorContext {
  /** A durable store; `name` is unique within the operator and stable across versions. */
  store(name: string, columns: readonly StoreColumn[]): RowStore;
  /**
   * Called for a row whose expression failed (division by zero ...) in a view; the row is left out
   * of the output. In a one-shot query it throws the error, which ends the query.
   */
  rowError(error: Error, batch: Batch, row: number): void;
  /** Rows dropped because they came after their window was final; counted per view. */
  lateDropped(count: number): void;
  readonly batchRows: number;
  /**
   * What expressions may ask of their surroundings, `now` being that of the epoch being run; the
   * same object or a new one each epoch. Absent: UTC and time 0.
   */
  readonly evaluation?: () => EvaluationContext;
  /**
   * The output columns that the readers of the node look at; an operator may put NULLs into the
   * others. Absent: all.
   */
  readonly neededColumns?: ReadonlySet<number>;
  /**
   * The stored rows of a relation, this epoch's changes of it included; another object after the
   * relation was rewritten. Absent outside of views.
   */
  readonly arrangementOf?: (relation: number) => Arrangement;
  /** The node at a port: its source columns have other numbers after a table was altered. */
  readonly inputNode?: (port: number) => DataflowNode;
}
