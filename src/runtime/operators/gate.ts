/**
 * Holds rows back until the watermark reaches their time column, then emits their sum, once.
 *
 * Rows are kept net, by time. What comes for a time that has been let through passes at once with
 * `correct`, else it is dropped and counted. How far the gate has opened is durable, so a restart
 * neither repeats nor forgets anything. Rows whose time is NULL never pass and are not kept.
 */
import { must } from '../../common/assert.ts';
import { MICROS_PER_DAY } from '../../common/types/interval.ts';
import type { DataflowNode, WatermarkExpr } from '../../planner/dataflow.ts';
import type { Batch, Column } from '../batch.ts';
import type { Emit, Frontier, Operator, OperatorContext, StateSize } from '../operator.ts';
import { Arrangement, arrangementColumns } from '../state/arrangement.ts';
import { ExpiryQueue } from '../state/expiry-queue.ts';
import type { RowStore } from '../state/row-store.ts';
import { pickRows } from '../state/transfer.ts';
import { Instant } from './instant.ts';
import { oldestOf } from './touch-queue.ts';

type GateNode = Extract<DataflowNode, { kind: 'gate' }>;

/** The operator of a `gate` node. */
export function createGate(
  node: GateNode, inputs: readonly DataflowNode[], context: OperatorContext,
): Operator {
  return new Gate(node, must(inputs[0], 'input'), context);
}

class Gate implements Operator {
  readonly #context: OperatorContext;
  readonly #timeColumn: number;
  readonly #watermark: WatermarkExpr;
  readonly #correct: boolean;
  readonly #isDate: boolean;
  readonly #store: RowStore;
  readonly #rows: Arrangement;
  readonly #queue: ExpiryQueue;
  /** Times up to here have been let through. */
  readonly #opened: Instant;

  constructor(node: GateNode, input: DataflowNode, context: OperatorContext) {
    this.#context = context;
    this.#timeColumn = node.timeColumn;
    this.#watermark = node.watermark;
    this.#correct = node.correct;
    this.#isDate = must(input.columns[node.timeColumn], 'time column').type.name === 'date';
    this.#store = context.store('rows', arrangementColumns(input.columns));
    this.#rows = new Arrangement(this.#store, { key: input.key });
    this.#queue = new ExpiryQueue(this.#store, node.timeColumn);
    this.#rows.follow(this.#queue);
    this.#opened = new Instant(context, 'opened');
  }

  push(_port: number, batch: Batch, emit: Emit): void {
    const opened = this.#opened.value;
    const column = must(batch.columns[this.#timeColumn], 'time column');
    const early = new Int32Array(batch.length);
    const late = new Int32Array(batch.length);
    let [earlyCount, lateCount] = [0, 0];
    for (let i = 0; i < batch.length; i++) {
      if (column.nulls !== null && column.nulls[i] === 1) continue;
      if (opened === null || this.#time(column, i) > opened) early[earlyCount++] = i;
      else late[lateCount++] = i;
    }
    if (earlyCount > 0) {
      this.#rows.apply(earlyCount === batch.length ? batch : pickRows(batch, early, earlyCount));
    }
    if (lateCount === 0) return;
    const rows = pickRows(batch, late, lateCount);
    if (this.#correct) emit(rows);
    else this.#context.lateDropped(rows.weights.reduce((sum, weight) => sum + Math.abs(weight), 0));
  }

  #time(column: Column, row: number): bigint {
    const value = column.data[row];
    return this.#isDate ? BigInt(value as number) * MICROS_PER_DAY : value as bigint;
  }

  flush(frontier: Frontier, emit: Emit): void {
    const limit = frontier.watermark(this.#watermark);
    if (limit === null) return;
    const opened = this.#opened.value;
    if (opened !== null && limit <= opened) return;
    const due = this.#queue.takeUpTo(limit);
    if (due.length > 0) {
      emit(this.#rows.batchOfSlots(due, due.length));
      this.#rows.evict(due, due.length);
    }
    this.#opened.set(limit);
  }

  watermarks(): readonly WatermarkExpr[] { return [this.#watermark]; }
  dueAt(): bigint | null { return null; }

  restore(): void { this.#rows.restore(); }

  oldest(): bigint | null { return oldestOf(this.#store, this.#timeColumn); }

  size(): StateSize {
    return { rows: this.#store.rows, bytes: this.#rows.bytes() };
  }
}
