/**
 * Temporal join: each left row, once, with the version of the right row that was valid for it.
 *
 * By event time: left rows wait until the watermark has passed their time (strictly), then meet the
 * newest version at or before it; the right side keeps versions by key (temporal-join-history.ts).
 * By processing time (no left time): left rows meet the right rows that are current at the end of
 * their epoch. In both, later changes of the right side do not touch what is out. A left row that
 * is retracted takes back what was put out for it.
 */
import { must } from '../../common/assert.ts';
import type { DataflowNode, WatermarkExpr } from '../../planner/dataflow.ts';
import type { Batch, Column } from '../batch.ts';
import type { Emit, Frontier, Operator, OperatorContext, StateSize } from '../operator.ts';
import { Arrangement, arrangementColumns } from '../state/arrangement.ts';
import type { ChainIndex } from '../state/chain-index.ts';
import { pickRows } from '../state/transfer.ts';
import { splitNulls } from './asof-join.ts';
import { RowTimes } from './join-expiry.ts';
import { concatBatches, JoinOutput } from './join-output.ts';
import type { Pairs } from './join-output.ts';
import { makeResidual } from './join-residual.ts';
import type { Residual } from './join-residual.ts';
import { EmittedRows } from './temporal-join-emitted.ts';
import { VERSION_GONE, VersionHistory } from './temporal-join-history.ts';

/** A temporal join node. */
export type TemporalJoinNode = Extract<DataflowNode, { kind: 'temporalJoin' }>;

/** Builds the operator of a temporal join. */
export function createTemporalJoin(
  node: TemporalJoinNode, inputNodes: readonly DataflowNode[], context: OperatorContext,
): Operator {
  return new TemporalJoin(node, inputNodes, context);
}

/** Left rows until the watermark has passed their time. */
interface Waiting {
  readonly arrangement: Arrangement;
  readonly times: RowTimes;
}

/** The right rows that are current, by key. */
interface Current {
  readonly arrangement: Arrangement;
  readonly chain: ChainIndex;
}

class TemporalJoin implements Operator {
  readonly #node: TemporalJoinNode;
  readonly #context: OperatorContext;
  readonly #waiting: Waiting | null;
  readonly #current: Current | null;
  readonly #history: VersionHistory | null;
  readonly #emitted: EmittedRows | null;
  readonly #output: JoinOutput;
  readonly #residual: Residual | null;
  #pending: Batch[] = [];

  constructor(
    node: TemporalJoinNode, inputNodes: readonly DataflowNode[], context: OperatorContext,
  ) {
    this.#node = node;
    this.#context = context;
    const left = must(inputNodes[0], 'left input');
    const right = must(inputNodes[1], 'right input');
    const leftTypes = left.columns.map(({ type }) => type);
    const rightTypes = right.columns.map(({ type }) => type);
    const { leftTime, rightTime } = node;
    const timed = leftTime !== null && rightTime !== null;
    this.#waiting = timed && node.watermark !== null ? makeWaiting(left, leftTime, context) : null;
    this.#history = timed ? new VersionHistory(right, node.rightKey, rightTime, context) : null;
    this.#current = timed ? null : makeCurrent(right, node.rightKey, context);
    this.#emitted = left.appendOnly ? null : new EmittedRows(leftTypes, rightTypes, context);
    this.#output = new JoinOutput(leftTypes, rightTypes, { leftOnly: false, needed: null });
    this.#residual = node.residual === null ? null
      : makeResidual(node.residual, leftTypes, rightTypes, context);
  }

  push(port: number, batch: Batch, _emit: Emit): void {
    if (port === 0) this.#pending.push(batch);
    else if (this.#history !== null) this.#history.stage(batch);
    else must(this.#current, 'current rows').arrangement.apply(batch);
  }

  flush(frontier: Frontier, emit: Emit): void {
    this.#history?.settle();
    if (this.#pending.length > 0) {
      const batch = concatBatches(this.#pending);
      this.#pending = [];
      if (this.#waiting === null) this.#put(batch, emit);
      else this.#wait(batch, this.#waiting, emit);
    }
    const { watermark } = this.#node;
    const reached = watermark === null ? null : frontier.watermark(watermark);
    if (reached === null || this.#waiting === null) return;
    const { arrangement, times } = this.#waiting;
    const due = times.takeUpTo(reached - 1n);
    if (due.length > 0) {
      this.#put(arrangement.batchOfSlots(due, due.length), emit);
      arrangement.evict(due, due.length);
    }
    this.#history?.prune(reached);
  }

  /** Rows without a time have no version to wait for. */
  #wait(batch: Batch, { arrangement }: Waiting, emit: Emit): void {
    const { whole, holed } = splitNulls(batch, [must(this.#node.leftTime, 'left time')]);
    if (whole.length > 0) arrangement.apply(whole);
    if (holed.length > 0) this.#put(holed, emit);
  }

  /** Joins rows that come and takes back the output of rows that go. */
  #put(batch: Batch, emit: Emit): void {
    if (this.#emitted === null) {
      this.#join(batch, emit);
      return;
    }
    const come = rowsWithSign(batch, 1);
    const gone = rowsWithSign(batch, -1);
    if (come.length > 0) this.#join(come, emit);
    if (gone.length > 0) this.#emitted.retract(gone, emit);
  }

  #join(batch: Batch, emit: Emit): void {
    const { length } = batch;
    const most = this.#context.batchRows;
    const heads = new Int32Array(length);
    const isMatched = new Uint8Array(length);
    const first = this.#emitted?.arrive(length) ?? 0n;
    const keys = this.#node.leftKey.map((at) => must(batch.columns[at], 'key column'));
    this.#findHeads(batch, keys, heads);
    const store = this.#history?.rows.store
      ?? must(this.#current, 'current rows').arrangement.store;
    const next = this.#current?.chain.next ?? null;
    const pairs: Pairs = {
      port: 0, batch, store: store.columns, rows: new Int32Array(most),
      slots: new Int32Array(most),
    };
    let count = 0;
    let late = 0;
    const meet = (): void => {
      this.#meet(pairs, count, { isMatched, first, emit });
      count = 0;
    };
    for (let row = 0; row < length; row++) {
      if (heads[row] === VERSION_GONE) {
        late++;
        isMatched[row] = 1;
      }
      for (let slot = heads[row] as number; slot >= 0;
        slot = next === null ? -1 : next[slot] as number) {
        pairs.rows[count] = row;
        pairs.slots[count] = slot;
        if (++count === most) meet();
      }
    }
    if (count > 0) meet();
    if (late > 0) this.#context.lateDropped(late);
    if (this.#node.type === 'left') this.#pad(batch, { isMatched, first, emit });
  }

  /** The version of each left row, or the first of the current rows with its key. */
  #findHeads(batch: Batch, keys: readonly Column[], heads: Int32Array): void {
    if (this.#history !== null) {
      const time = must(batch.columns[must(this.#node.leftTime, 'left time')], 'time column');
      this.#history.find(keys, time, batch.length, heads);
    } else {
      const { chain } = must(this.#current, 'current rows');
      chain.lookup(keys, batch.length, chain.hash(keys, batch.length), heads);
    }
  }

  #meet(pairs: Pairs, candidates: number, { isMatched, first, emit }: Step): void {
    const count = this.#residual === null ? candidates
      : this.#residual.keep(pairs, candidates, this.#output);
    if (count === 0) return;
    const rightWeights = this.#current?.arrangement.weights ?? null;
    const weights = new Int32Array(count);
    for (let i = 0; i < count; i++) {
      const row = pairs.rows[i] as number;
      isMatched[row] = 1;
      const copies = rightWeights === null ? 1 : rightWeights[pairs.slots[i] as number] as number;
      weights[i] = Math.imul(pairs.batch.weights[row] as number, copies);
    }
    const out = this.#output.pairs(pairs, count, weights, null);
    this.#emitted?.add(out, pairs.rows, pairs.batch.weights, first);
    emit(out);
  }

  #pad(batch: Batch, { isMatched, first, emit }: Step): void {
    const rows = new Int32Array(batch.length);
    let count = 0;
    for (let row = 0; row < batch.length; row++) if (isMatched[row] === 0) rows[count++] = row;
    const most = this.#context.batchRows;
    for (let from = 0; from < count; from += most) {
      const some = rows.subarray(from, Math.min(from + most, count));
      const part = pickRows(batch, some, some.length);
      const out = this.#output.padded(0, part.columns, part.weights, part.length);
      this.#emitted?.add(out, some, batch.weights, first);
      emit(out);
    }
  }

  watermarks(): readonly WatermarkExpr[] {
    return this.#node.watermark === null ? [] : [this.#node.watermark];
  }

  dueAt(): bigint | null { return null; }

  restore(): void {
    this.#waiting?.arrangement.restore();
    this.#current?.arrangement.restore();
    this.#history?.restore();
    this.#emitted?.restore();
  }

  size(): StateSize {
    const kept = [this.#waiting?.arrangement, this.#current?.arrangement, this.#history?.rows];
    let rows = this.#emitted?.store.rows ?? 0;
    let bytes = this.#emitted?.store.bytes() ?? 0;
    for (const each of kept) {
      rows += each?.rows ?? 0;
      bytes += each?.bytes() ?? 0;
    }
    return { rows, bytes };
  }
}

interface Step {
  readonly isMatched: Uint8Array;
  readonly first: bigint;
  readonly emit: Emit;
}

function makeWaiting(left: DataflowNode, time: number, context: OperatorContext): Waiting {
  const arrangement = new Arrangement(
    context.store('left', arrangementColumns(left.columns)),
    { key: left.key, appendOnly: left.appendOnly });
  return { arrangement, times: new RowTimes(arrangement, time) };
}

function makeCurrent(
  right: DataflowNode, key: readonly number[], context: OperatorContext,
): Current {
  const arrangement = new Arrangement(
    context.store('right', arrangementColumns(right.columns)),
    { key: right.key, appendOnly: right.appendOnly });
  return { arrangement, chain: arrangement.chain(key) };
}

function rowsWithSign(batch: Batch, sign: 1 | -1): Batch {
  const rows = new Int32Array(batch.length);
  let count = 0;
  for (let row = 0; row < batch.length; row++) {
    if (Math.sign(batch.weights[row] as number) === sign) rows[count++] = row;
  }
  return count === batch.length ? batch : pickRows(batch, rows, count);
}
