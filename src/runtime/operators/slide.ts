/**
 * HOP whose windows are only seen when they close: one group per key that slides along.
 *
 * Changes of slices are added up until the first window with them closes: then they enter the
 * group, and leave it when the last one has. Each window that closes is the groups as they are
 * then, so its cost is the slices that came and went and one row per key, however many slides a
 * window has. A row too late for its slice enters by itself, with the first window that was open
 * when it came. No window with a row in it is skipped.
 */
import { must } from '../../common/assert.ts';
import type { DataflowColumn, DataflowNode, WatermarkExpr } from '../../planner/dataflow.ts';
import type { Batch, Column } from '../batch.ts';
import type { Emit, Frontier, Operator, OperatorContext, StateSize } from '../operator.ts';
import { Arrangement, arrangementColumns } from '../state/arrangement.ts';
import { ExpiryQueue } from '../state/expiry-queue.ts';
import type { RowStore } from '../state/row-store.ts';
import { pickRows } from '../state/transfer.ts';
import { createGroupTable } from './aggregate.ts';
import type { GroupTable } from './aggregate.ts';
import { Instant } from './instant.ts';
import { oldestOf } from './touch-queue.ts';

type SlideNode = Extract<DataflowNode, { kind: 'slide' }>;

/** The operator of a `slide` node. */
export function createSlide(
  node: SlideNode, inputs: readonly DataflowNode[], context: OperatorContext,
): Operator {
  return new Slide(node, must(inputs[0], 'slices'), context);
}

/** Rows by the time in their first column. */
class RowsByTime {
  readonly store: RowStore;
  readonly rows: Arrangement;
  readonly #queue: ExpiryQueue;

  constructor(
    { name, columns, key }: { readonly name: string; readonly columns: readonly DataflowColumn[];
      /** Columns that nearly tell rows apart; null: none is ever taken back. */
      readonly key: readonly number[] | null },
    context: OperatorContext,
  ) {
    this.store = context.store(name, arrangementColumns(columns));
    this.rows = new Arrangement(this.store, { appendOnly: key === null, key });
    this.#queue = new ExpiryQueue(this.store, 0);
    this.rows.follow(this.#queue);
  }

  /** Takes the rows out whose time has come, with their weights times `sign`; null: none. */
  takeUpTo(limit: bigint, sign: 1 | -1): Batch | null {
    const slots = this.#queue.takeUpTo(limit);
    if (slots.length === 0) return null;
    const batch = this.rows.batchOfSlots(slots, slots.length, sign);
    this.rows.evict(slots, slots.length);
    return batch;
  }
}

/** Keys and parts, without the times in front. */
const behind = (batch: Batch, columns: number): Batch =>
  ({ ...batch, columns: batch.columns.slice(columns) });

class Slide implements Operator {
  readonly #node: SlideNode;
  /** Rows by the window with which they enter, and by the one without which they leave. */
  readonly #waiting: RowsByTime;
  readonly #inside: RowsByTime;
  /** The groups as of the last window that closed. */
  readonly #groups: GroupTable;
  /** The end of the last window that closed. */
  readonly #closed: Instant;

  constructor(node: SlideNode, slices: DataflowNode, context: OperatorContext) {
    this.#node = node;
    const time = (name: string): DataflowColumn => ({ name, type: { name: 'int8' } });
    const rest = slices.columns.slice(1);
    const keys = rest.slice(0, node.keys).map((_column, at) => at);
    this.#waiting = new RowsByTime({
      name: 'waiting', columns: [time('$enters'), time('$leaves'), ...rest],
      key: [1, ...keys.map((at) => at + 2)],
    }, context);
    this.#inside = new RowsByTime({
      name: 'inside', columns: [time('$leaves'), ...rest], key: null,
    }, context);
    const columns = node.columns.slice(0, -2);
    const base = { columns, key: keys, appendOnly: false, bound: 'window' as const };
    this.#groups = createGroupTable({
      ...base, kind: 'aggregate', inputs: [0], groupBy: keys, aggregates: node.aggregates,
      global: false, evict: null,
    }, { ...base, columns: rest, key: null, kind: 'union', inputs: [] }, {
      ...context, store: (name, each) => context.store(`groups.${name}`, each),
    });
    this.#closed = new Instant(context, 'closed');
  }

  push(port: number, batch: Batch): void {
    const { slice, slide, size, offset, grace } = this.#node;
    const { length } = batch;
    const times = must(batch.columns[0], 'time').data as BigInt64Array;
    const arrivals = port === 0 ? null : must(batch.columns[1], 'arrival');
    const enters = new BigInt64Array(length);
    const leaves = new BigInt64Array(length);
    const from = offset + size;
    for (let i = 0; i < length; i++) {
      const start = floorTo(times[i] as bigint, slice, offset);
      let enter = from + ceilTo(start + slice - from, slide);
      if (arrivals !== null && arrivals.nulls?.[i] !== 1) {
        const open = from + ceilTo((arrivals.data[i] as bigint) - grace + 1n - from, slide);
        if (open > enter) enter = open;
      }
      enters[i] = enter;
      leaves[i] = from + ceilTo(start + size + 1n - from, slide);
    }
    const column = (data: BigInt64Array): Column => ({ kind: 'i64', data, nulls: null });
    this.#waiting.rows.apply(inSomeWindow({
      ...batch, columns: [column(enters), column(leaves), ...batch.columns.slice(port + 1)],
    }));
  }

  flush(frontier: Frontier, emit: Emit): void {
    const limit = frontier.watermark(this.#node.watermark);
    if (limit === null) return;
    for (let end = this.#nextEnd(); end !== null && end <= limit; end = this.#nextEnd()) {
      this.#move(end);
      this.#show(end, emit);
      this.#closed.set(end);
    }
  }

  /** The end of the next window with a row in it, or null. */
  #nextEnd(): bigint | null {
    const { slide } = this.#node;
    const closed = this.#closed.value;
    if (this.#inside.store.rows > 0 && closed !== null) return closed + slide;
    const first = oldestOf(this.#waiting.store, 0);
    return first === null ? null : closed !== null && first <= closed ? closed + slide : first;
  }

  /** Lets rows in and out for the window with this end. */
  #move(end: bigint): void {
    const ignore: Emit = () => undefined;
    const left = this.#inside.takeUpTo(end, -1);
    if (left !== null) this.#groups.push(0, behind(left, 1), ignore);
    const entered = this.#waiting.takeUpTo(end, 1);
    if (entered !== null) {
      this.#inside.rows.apply(behind(entered, 1));
      this.#groups.push(0, behind(entered, 2), ignore);
    }
    this.#groups.settle();
  }

  /** The groups as the window with this end. */
  #show(end: bigint, emit: Emit): void {
    const start = end - this.#node.size;
    this.#groups.rowsNow((rows) => {
      const time = (value: bigint): Column =>
        ({ kind: 'i64', data: new BigInt64Array(rows.length).fill(value), nulls: null });
      emit({ ...rows, columns: [...rows.columns, time(start), time(end)] });
    });
  }

  watermarks(): readonly WatermarkExpr[] { return [this.#node.watermark]; }

  dueAt(): bigint | null { return null; }

  restore(): void {
    this.#waiting.rows.restore();
    this.#inside.rows.restore();
    this.#groups.restore();
  }

  oldest(): bigint | null { return oldestOf(this.#inside.store, 0); }

  size(): StateSize {
    const groups = this.#groups.size();
    return {
      rows: this.#waiting.store.rows + this.#inside.store.rows + groups.rows,
      bytes: this.#waiting.rows.bytes() + this.#inside.rows.bytes() + groups.bytes,
    };
  }
}

/** The rows that enter before they leave: the others are too late for all their windows. */
function inSomeWindow(batch: Batch): Batch {
  const enters = must(batch.columns[0], 'enters').data as BigInt64Array;
  const leaves = must(batch.columns[1], 'leaves').data as BigInt64Array;
  const rows = new Int32Array(batch.length);
  let count = 0;
  for (let i = 0; i < batch.length; i++) {
    if ((enters[i] as bigint) < (leaves[i] as bigint)) rows[count++] = i;
  }
  return count === batch.length ? batch : pickRows(batch, rows, count);
}

/** Down to `offset` plus a multiple of `step`. */
function floorTo(value: bigint, step: bigint, offset: bigint): bigint {
  const rest = (value - offset) % step;
  return value - (rest < 0n ? rest + step : rest);
}

/** Up to a multiple of `step`. */
function ceilTo(value: bigint, step: bigint): bigint {
  return -floorTo(-value, step, 0n);
}
