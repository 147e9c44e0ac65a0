/**
 * Window functions: input columns ++ one column per call, kept up to date.
 *
 * A flush puts rows into their partitions and takes rows out, then asks each call which positions
 * the changes may affect and computes those alone. A row whose values did not change is not
 * emitted.
 * A value that cannot be computed (an overflow, a bad argument) is reported and is NULL in a view.
 */
import { SqlError } from '../../common/errors.ts';
import { must } from '../../common/assert.ts';
import type { DataflowNode, WatermarkExpr } from '../../planner/dataflow.ts';
import type { Batch } from '../batch.ts';
import type { Emit, Frontier, Operator, OperatorContext, StateSize } from '../operator.ts';
import { gatherSlots } from '../state/transfer.ts';
import type { OverCall, OverChange, Span, WriteValue } from './over-call.ts';
import { makeCalls } from './over-make.ts';
import { OverOutput } from './over-output.ts';
import { OverRows } from './over-rows.ts';
import type { OverNode, PartitionChange } from './over-rows.ts';
import { oldestOf } from './touch-queue.ts';

/** Builds the operator of a node of window functions. */
export function createOver(
  node: OverNode, inputNodes: readonly DataflowNode[], context: OperatorContext,
): Operator {
  return new Over(node, must(inputNodes[0], 'input'), context);
}

class Over implements Operator {
  readonly #node: OverNode;
  readonly #context: OperatorContext;
  readonly #rows: OverRows;
  readonly #calls: readonly OverCall[];
  readonly #output: OverOutput;
  readonly #writers: readonly WriteValue[];
  readonly #pending: Batch[] = [];

  constructor(node: OverNode, input: DataflowNode, context: OperatorContext) {
    this.#node = node;
    this.#context = context;
    this.#rows = new OverRows(node, input, context);
    this.#calls = makeCalls(node, input, this.#rows.store);
    this.#output = new OverOutput(this.#rows, context.batchRows);
    this.#writers = this.#calls.map((_call, at) => this.#output.writer(at));
  }

  push(_port: number, batch: Batch, _emit: Emit): void {
    this.#pending.push(batch);
  }

  flush(frontier: Frontier, emit: Emit): void {
    if (this.#pending.length > 0) {
      for (const batch of this.#pending) {
        for (const slot of this.#rows.insert(batch)) this.#note(slot);
      }
      for (const batch of this.#pending) this.#rows.remove(batch);
      this.#pending.length = 0;
      this.#output.start();
      for (const change of this.#rows.changes()) this.#change(change);
      this.#output.finish(emit);
      this.#rows.settle();
    }
    const { evict } = this.#node;
    const watermark = evict === null ? null : frontier.watermark(evict.watermark);
    if (watermark !== null) this.#rows.evict(watermark);
  }

  #note(slot: number): void {
    for (const call of this.#calls) call.note(slot);
  }

  /** Computes what the changes of a partition may have affected. */
  #change({ partition, inserted, removed }: PartitionChange): void {
    partition.refresh();
    const positions: OverChange[] = [
      ...inserted.map((slot) =>
        ({ position: this.#rows.position(partition, slot), inserted: true })),
      ...removed.map((slot) =>
        ({ position: this.#rows.position(partition, slot), inserted: false })),
    ];
    this.#calls.forEach((call, at) => {
      call.open(partition);
      const write = must(this.#writers[at], 'writer');
      for (const span of affectedSpans(call, positions, partition.length)) {
        this.#evaluate(call, span, write);
      }
    });
  }

  #evaluate(call: OverCall, span: Span, write: WriteValue): void {
    try {
      call.evaluate(span, write);
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
      if (span.to - span.from > 1) {
        // Row by row, so that only the rows at fault are.
        for (let at = span.from; at < span.to; at++) {
          this.#evaluate(call, { from: at, to: at + 1 }, write);
        }
        return;
      }
      const slot = this.#rows.current.slotAt(span.from);
      const columns = gatherSlots(this.#rows.store, this.#rows.inputColumns,
        Int32Array.of(slot), 1);
      this.#context.rowError(error, { length: 1, columns, weights: Int32Array.of(1) }, 0);
      write(slot, null);
    }
  }

  watermarks(): readonly WatermarkExpr[] {
    return this.#node.evict === null ? [] : [this.#node.evict.watermark];
  }

  dueAt(): bigint | null { return null; }

  restore(): void {
    this.#rows.restore();
    const { store } = this.#rows;
    for (let slot = 0; slot < store.top; slot++) if (store.live[slot] === 1) this.#note(slot);
  }

  oldest(): bigint | null {
    const { evict } = this.#node;
    return evict === null ? null : oldestOf(this.#rows.store, evict.column);
  }

  size(): StateSize {
    return { rows: this.#rows.store.rows, bytes: this.#rows.bytes() };
  }
}

/** The spans a call must compute, in order and without overlap. */
function affectedSpans(
  call: OverCall, changes: readonly OverChange[], length: number,
): readonly Span[] {
  // With many changes the search for spans costs more than computing everything.
  if (changes.length * 8 >= length) return length === 0 ? [] : [{ from: 0, to: length }];
  const spans = changes.map((change) => call.affected(change))
    .filter(({ from, to }) => from < to).sort((a, b) => a.from - b.from);
  const merged: Span[] = [];
  for (const span of spans) {
    const last = merged[merged.length - 1];
    if (last !== undefined && span.from <= last.to) {
      merged[merged.length - 1] = { from: last.from, to: Math.max(last.to, span.to) };
    } else {
      merged.push(span);
    }
  }
  return merged;
}
