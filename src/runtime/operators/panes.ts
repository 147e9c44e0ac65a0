/**
 * EMIT ON WINDOW CLOSE with early results: rows of open windows every so often, then, once, those
 * of windows that close, then corrections.
 *
 * What has been shown of open windows and what has not are kept apart, net. When a window closes
 * both together are its final rows. With a pane column a row is taken back with the pane it came
 * with, so rows that may still be corrected are kept with theirs until nothing can come any more.
 */
import { must } from '../../common/assert.ts';
import { MICROS_PER_DAY } from '../../common/types/interval.ts';
import type { DataflowColumn, DataflowNode, WatermarkExpr } from '../../planner/dataflow.ts';
import type { Batch, Column } from '../batch.ts';
import type { Emit, Frontier, Operator, OperatorContext, StateSize } from '../operator.ts';
import { Arrangement, arrangementColumns } from '../state/arrangement.ts';
import { ExpiryQueue } from '../state/expiry-queue.ts';
import { forLiveSlots } from '../state/hash-index.ts';
import type { RowStore } from '../state/row-store.ts';
import { pickRows } from '../state/transfer.ts';
import { Instant } from './instant.ts';
import { oldestOf } from './touch-queue.ts';

type PanesNode = Extract<DataflowNode, { kind: 'panes' }>;
type Pane = 'early' | 'on_time' | 'late';

/** Before all times: due at once. */
const AT_ONCE = -(2n ** 63n);

/** The operator of a `panes` node. */
export function createPanes(
  node: PanesNode, inputs: readonly DataflowNode[], context: OperatorContext,
): Operator {
  return new PanesOperator(node, must(inputs[0], 'input'), context);
}

/** Rows by time. */
class TimedRows {
  readonly store: RowStore;
  readonly rows: Arrangement;
  readonly #queue: ExpiryQueue;

  constructor(
    name: string, columns: readonly DataflowColumn[], timeColumn: number,
    context: OperatorContext,
  ) {
    this.store = context.store(name, arrangementColumns(columns));
    this.rows = new Arrangement(this.store);
    this.#queue = new ExpiryQueue(this.store, timeColumn);
    this.rows.follow(this.#queue);
  }

  /** Takes the rows out whose time is not behind the limit; null: there are none. */
  takeUpTo(limit: bigint): Batch | null {
    const slots = this.#queue.takeUpTo(limit);
    if (slots.length === 0) return null;
    const batch = this.rows.batchOfSlots(slots, slots.length);
    this.rows.evict(slots, slots.length);
    return batch;
  }

  /** Takes all rows out, those with negative weights first. */
  takeAll(batchRows: number, each: (batch: Batch) => void): void {
    const all: Int32Array[] = [];
    for (const sign of [-1, 1]) {
      forLiveSlots(this.store, batchRows, (slots, count) => {
        const { weights } = this.rows;
        const taken = slots.subarray(0, count)
          .filter((slot) => (weights[slot] as number) * sign > 0);
        if (taken.length === 0) return;
        each(this.rows.batchOfSlots(taken, taken.length));
        all.push(taken);
      });
    }
    for (const slots of all) this.rows.evict(slots, slots.length);
  }
}

class PanesOperator implements Operator {
  readonly #node: PanesNode;
  readonly #context: OperatorContext;
  readonly #isDate: boolean;
  /** Changes of open windows not shown yet, and rows of open windows that are shown. */
  readonly #pending: TimedRows;
  readonly #shown: TimedRows;
  /** With a pane column: rows of closed windows, with their pane; and changes of them. */
  readonly #closed: TimedRows;
  readonly #corrections: TimedRows;
  /** Times up to here have closed; when early rows were shown last. */
  readonly #opened: Instant;
  readonly #published: Instant;

  constructor(node: PanesNode, input: DataflowNode, context: OperatorContext) {
    this.#node = node;
    this.#context = context;
    const { columns } = input;
    const at = node.timeColumn;
    this.#isDate = must(columns[at], 'time column').type.name === 'date';
    this.#pending = new TimedRows('pending', columns, at, context);
    this.#shown = new TimedRows('shown', columns, at, context);
    this.#closed = new TimedRows('closed',
      [...columns, { name: 'pane', type: { name: 'text' } }], at, context);
    this.#corrections = new TimedRows('corrections', columns, at, context);
    this.#opened = new Instant(context, 'opened');
    this.#published = new Instant(context, 'published');
  }

  push(_port: number, batch: Batch, emit: Emit): void {
    const opened = this.#opened.value;
    const column = must(batch.columns[this.#node.timeColumn], 'time column');
    const open: number[] = [];
    const late: number[] = [];
    for (let i = 0; i < batch.length; i++) {
      if (column.nulls !== null && column.nulls[i] === 1) continue;
      (opened === null || this.#time(column, i) > opened ? open : late).push(i);
    }
    if (open.length > 0) this.#pending.rows.apply(pick(batch, open));
    if (late.length === 0) return;
    const rows = pick(batch, late);
    if (!this.#node.correct) {
      this.#context.lateDropped(rows.weights.reduce((sum, weight) => sum + Math.abs(weight), 0));
    } else if (this.#node.panes.column) this.#corrections.rows.apply(rows);
    else emit(rows);
  }

  #time(column: Column, row: number): bigint {
    const value = column.data[row];
    return this.#isDate ? BigInt(value as number) * MICROS_PER_DAY : value as bigint;
  }

  flush(frontier: Frontier, emit: Emit): void {
    this.#correct(emit);
    const limit = frontier.watermark(this.#node.watermark);
    const opened = this.#opened.value;
    if (limit !== null && (opened === null || limit > opened)) {
      this.#close(limit, emit);
      this.#opened.set(limit);
    }
    const due = this.dueAt();
    if (due !== null && due <= frontier.now) {
      this.#published.set(frontier.now);
      this.#pending.takeAll(this.#context.batchRows, (batch) => {
        emit(this.#withPane(batch, 'early'));
        this.#shown.rows.apply(batch);
      });
    }
    const { forgets } = this.#node;
    const forgotten = forgets === null ? null : frontier.watermark(forgets);
    if (forgotten !== null) this.#closed.takeUpTo(forgotten);
  }

  /** Windows that close: what was shown early goes, the final rows come. */
  #close(limit: bigint, emit: Emit): void {
    const early = this.#shown.takeUpTo(limit);
    if (early !== null && this.#node.panes.column) {
      emit(this.#withPane(negated(early), 'early'));
      this.#pending.rows.apply(early);
    }
    const rows = this.#pending.takeUpTo(limit);
    if (rows === null) return;
    const final = this.#withPane(rows, 'on_time');
    emit(final);
    if (this.#node.panes.column && this.#node.correct) this.#closed.rows.apply(final);
  }

  /** Rows of closed windows leave with the pane they have; new ones are late. */
  #correct(emit: Emit): void {
    this.#corrections.takeAll(this.#context.batchRows, (batch) => {
      const change = (batch.weights[0] ?? 0) < 0 ? this.#paned(batch)
        : [this.#withPane(batch, 'late')];
      for (const each of change) {
        emit(each);
        this.#closed.rows.apply(each);
      }
    });
  }

  /** Retractions, each with the pane of a row that is there. */
  #paned(batch: Batch): Batch[] {
    const onTime = this.#withPane(batch, 'on_time');
    const slots = new Int32Array(batch.length);
    this.#closed.rows.findRows(onTime.columns, batch.length, slots);
    const there: number[] = [];
    const other: number[] = [];
    for (let i = 0; i < batch.length; i++) ((slots[i] as number) >= 0 ? there : other).push(i);
    return [
      ...(there.length > 0 ? [pick(onTime, there)] : []),
      ...(other.length > 0 ? [pick(this.#withPane(batch, 'late'), other)] : []),
    ];
  }

  #withPane(batch: Batch, pane: Pane): Batch {
    if (!this.#node.panes.column) return batch;
    const data = Array.from({ length: batch.length }, () => pane);
    return { ...batch, columns: [...batch.columns, { kind: 'ref', data, nulls: null }] };
  }

  watermarks(): readonly WatermarkExpr[] {
    const { watermark, forgets } = this.#node;
    return forgets === null ? [watermark] : [watermark, forgets];
  }

  dueAt(): bigint | null {
    const { everyMicros } = this.#node.panes;
    if (everyMicros === null || this.#pending.store.rows === 0) return null;
    const last = this.#published.value;
    return last === null ? AT_ONCE : last + everyMicros;
  }

  restore(): void {
    for (const { rows } of this.#all()) rows.restore();
  }

  #all(): readonly TimedRows[] {
    return [this.#pending, this.#shown, this.#closed, this.#corrections];
  }

  oldest(): bigint | null {
    let oldest: bigint | null = null;
    for (const { store } of this.#all()) {
      const own = oldestOf(store, this.#node.timeColumn);
      if (own !== null && (oldest === null || own < oldest)) oldest = own;
    }
    return oldest;
  }

  size(): StateSize {
    const all = this.#all();
    return {
      rows: all.reduce((sum, { store }) => sum + store.rows, 0),
      bytes: all.reduce((sum, { rows }) => sum + rows.bytes(), 0),
    };
  }
}

function pick(batch: Batch, rows: readonly number[]): Batch {
  return rows.length === batch.length ? batch
    : pickRows(batch, Int32Array.from(rows), rows.length);
}

function negated(batch: Batch): Batch {
  return { ...batch, weights: batch.weights.map((weight) => -weight) };
}
