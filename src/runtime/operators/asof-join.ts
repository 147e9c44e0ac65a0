/**
 * ASOF join: each left row with the right row of its key whose time is nearest in one direction.
 *
 * Both sides are kept by key in time order, and each left row with the right row it goes with
 * (`$match`). A right row that comes or goes concerns only the left rows between its time and that
 * of its neighbour; a left row costs one descent. Of right rows with equal times the first by the
 * whole row is taken, whichever way one looks. Rows without key or time match nothing: right ones
 * are not kept, left ones pass at once, padded, or not at all.
 */
import { must } from '../../common/assert.ts';
import type { DataflowNode, WatermarkExpr } from '../../planner/dataflow.ts';
import type { Batch, Column } from '../batch.ts';
import type { Emit, Frontier, Operator, OperatorContext, StateSize } from '../operator.ts';
import { gather, gatherSlots, pickRows } from '../state/transfer.ts';
import { OrderedPartitions } from './ordered-partitions.ts';

/** An ASOF join node. */
export type AsofJoinNode = Extract<DataflowNode, { kind: 'asofJoin' }>;

/** Builds the operator of an ASOF join. */
export function createAsofJoin(
  node: AsofJoinNode, inputNodes: readonly DataflowNode[], context: OperatorContext,
): Operator {
  return new AsofJoin(node, inputNodes, context);
}

const EMITTED = 0;
const MATCH = 1;
const UNMATCHED = -1;

class AsofJoin implements Operator {
  readonly #node: AsofJoinNode;
  readonly #context: OperatorContext;
  readonly #left: OrderedPartitions;
  readonly #right: OrderedPartitions;
  /** Looks for right rows at or before the left row's time. */
  readonly #back: boolean;
  readonly #touched: number[] = [];
  /** Output: left slot, right slot (-1: none), weight. */
  readonly #outLeft: number[] = [];
  readonly #outRight: number[] = [];
  readonly #outWeights: number[] = [];

  constructor(
    node: AsofJoinNode, inputNodes: readonly DataflowNode[], context: OperatorContext,
  ) {
    this.#node = node;
    this.#context = context;
    this.#back = node.op === '>=' || node.op === '>';
    this.#left = makeSide('left', must(inputNodes[0], 'left input'), {
      key: node.leftKey, time: node.leftTime, extra: ['$emitted', '$match'], lastFirst: false,
    }, context);
    this.#right = makeSide('right', must(inputNodes[1], 'right input'), {
      key: node.rightKey, time: node.rightTime, extra: [], lastFirst: this.#back,
    }, context);
  }

  push(port: number, batch: Batch, emit: Emit): void {
    const { leftKey, leftTime, rightKey, rightTime } = this.#node;
    const needed = port === 0 ? [...leftKey, leftTime] : [...rightKey, rightTime];
    const { whole, holed } = splitNulls(batch, needed);
    if (whole.length > 0) (port === 0 ? this.#left : this.#right).stage(whole);
    if (port === 0 && holed.length > 0 && this.#node.type === 'left') this.#pad(holed, emit);
  }

  #pad(batch: Batch, emit: Emit): void {
    const none = new Int32Array(batch.length).fill(UNMATCHED);
    const columns = Array.from({ length: this.#right.width }, (_column, at) =>
      gather(this.#right.store.column(at), none, batch.length));
    emit({ ...batch, columns: [...batch.columns, ...columns] });
  }

  flush(_frontier: Frontier, emit: Emit): void {
    const changed: number[] = [];
    this.#right.settle({
      inserted: (slot) => { changed.push(slot); },
      reweighed: () => { /* One right row is taken, however often it is there. */ },
      removing: (slot) => { changed.push(slot); },
    });
    this.#left.settle({
      inserted: (slot) => { this.#touched.push(slot); },
      reweighed: (slot) => { this.#touched.push(slot); },
      removing: (slot) => { this.#set(slot, 0, UNMATCHED); },
    });
    this.#bindTimes();
    this.#touchAround(changed);
    this.#match();
    this.#emit(emit);
    this.#left.release();
    this.#right.release();
  }

  /** Each side's sets are asked for bounds by the other side's times. */
  #bindTimes(): void {
    const { leftTime, rightTime } = this.#node;
    this.#right.index.bindProbe([this.#left.store.column(leftTime)]);
    this.#left.index.bindProbe([this.#right.store.column(rightTime)]);
  }

  /** The left rows that a changed right row may be the nearest of, or was. */
  #touchAround(changed: readonly number[]): void {
    const partitions = this.#partitionsFor(changed, this.#right, this.#left, this.#node.rightKey);
    const { index } = this.#left;
    changed.forEach((slot, i) => {
      const partition = partitions[i] as number;
      if (partition < 0) return;
      const root = this.#left.roots[partition] as number;
      const end = this.#neighbour(slot);
      // Looking back: left rows from its time to the next right time; ahead: the other way round.
      let at = this.#back ? index.lowerBound(root, slot) : index.atMost(root, slot);
      while (at >= 0 && !this.#isBeyond(at, end)) {
        this.#touched.push(at);
        at = this.#back ? index.successor(root, at) : index.predecessor(root, at);
      }
    });
  }

  /**
   * The nearest right row with another time, away from which a changed one does not reach; or -1.
   */
  #neighbour(slot: number): number {
    const { index, roots } = this.#right;
    const root = roots[this.#right.partitionOf(slot)] as number;
    const next = (from: number): number =>
      this.#back ? index.successor(root, from) : index.predecessor(root, from);
    let at = next(slot);
    while (at >= 0 && index.peers(at, slot)) at = next(at);
    return at;
  }

  /**
   * True when a left row is strictly past the time of a right row, seen in the scan's direction.
   */
  #isBeyond(leftSlot: number, rightSlot: number): boolean {
    if (rightSlot < 0) return false;
    const order = this.#left.index.compareProbe(leftSlot, rightSlot);
    return this.#back ? order > 0 : order < 0;
  }

  /** Finds the right row of every touched left row. */
  #match(): void {
    const left = this.#left;
    const slots = this.#touched.filter((slot) =>
      left.store.live[slot] === 1 && (left.weights[slot] as number) > 0);
    this.#touched.length = 0;
    const partitions = this.#partitionsFor(slots, left, this.#right, this.#node.leftKey);
    slots.forEach((slot, i) => {
      const partition = partitions[i] as number;
      const root = partition < 0 ? 0 : this.#right.roots[partition] as number;
      const match = root === 0 ? UNMATCHED : this.#nearest(root, slot);
      const shown = match !== UNMATCHED || this.#node.type === 'left';
      this.#set(slot, shown ? left.weights[slot] as number : 0, match);
    });
  }

  #nearest(root: number, slot: number): number {
    const { index } = this.#right;
    switch (this.#node.op) {
      case '>=': return index.atMost(root, slot);
      case '>': return index.below(root, slot);
      case '<=': return index.lowerBound(root, slot);
      case '<': return index.upperBound(root, slot);
    }
  }

  /** The partitions of the other side with the keys of some slots. */
  #partitionsFor(
    slots: readonly number[], of: OrderedPartitions, other: OrderedPartitions,
    key: readonly number[],
  ): Int32Array {
    const list = Int32Array.from(slots);
    const out = new Int32Array(list.length);
    const keys: Column[] = gatherSlots(of.store, key, list, list.length);
    other.findPartitions(keys, list.length, out);
    return out;
  }

  /** Lets `copies` of a left row be out with a right row; notes the difference. */
  #set(slot: number, copies: number, match: number): void {
    const emitted = this.#left.extra(EMITTED);
    const matches = this.#left.extra(MATCH);
    const was = emitted[slot] as number;
    const before = matches[slot] as number;
    if (was === copies && (copies === 0 || before === match)) return;
    if (was > 0 && copies > 0 && before === match) {
      this.#out(slot, match, copies - was);
    } else {
      if (was > 0) this.#out(slot, before, -was);
      if (copies > 0) this.#out(slot, match, copies);
    }
    emitted[slot] = copies;
    matches[slot] = match;
    this.#left.store.touch(slot);
  }

  #out(left: number, right: number, weight: number): void {
    this.#outLeft.push(left);
    this.#outRight.push(right);
    this.#outWeights.push(weight);
  }

  #emit(emit: Emit): void {
    const { batchRows } = this.#context;
    for (let from = 0; from < this.#outLeft.length; from += batchRows) {
      const left = Int32Array.from(this.#outLeft.slice(from, from + batchRows));
      const right = Int32Array.from(this.#outRight.slice(from, from + batchRows));
      emit({
        length: left.length,
        weights: Int32Array.from(this.#outWeights.slice(from, from + batchRows)),
        columns: [...rowColumns(this.#left, left), ...rowColumns(this.#right, right)],
      });
    }
    this.#outLeft.length = 0;
    this.#outRight.length = 0;
    this.#outWeights.length = 0;
  }

  watermarks(): readonly WatermarkExpr[] { return []; }

  dueAt(): bigint | null { return null; }

  restore(): void {
    this.#left.restore();
    this.#right.restore();
  }

  size(): StateSize {
    return {
      rows: this.#left.rows + this.#right.rows, bytes: this.#left.bytes() + this.#right.bytes(),
    };
  }
}

interface SideShape {
  readonly key: readonly number[];
  readonly time: number;
  readonly extra: readonly string[];
  /** Of rows with equal times the last comes first: it is the first for who looks back. */
  readonly lastFirst: boolean;
}

function makeSide(
  name: string, input: DataflowNode, { key, time, extra, lastFirst }: SideShape,
  context: OperatorContext,
): OrderedPartitions {
  const rest = input.columns.map((_column, at) => at)
    .filter((at) => at !== time && !key.includes(at));
  return new OrderedPartitions({
    name, columns: input.columns, partitionBy: key, tieBreak: rest, key: input.key,
    order: [{ column: time, descending: false, nullsFirst: false }],
    appendOnly: input.appendOnly, extra, tieDescending: lastFirst,
  }, context);
}

/** The row columns of some slots; place -1 gives NULLs. */
function rowColumns({ store, width }: OrderedPartitions, slots: Int32Array): Column[] {
  return Array.from({ length: width }, (_column, at) =>
    gather(store.column(at), slots, slots.length));
}

/** The rows without a NULL in the needed columns, and the others. */
export function splitNulls(
  batch: Batch, needed: readonly number[],
): { readonly whole: Batch; readonly holed: Batch } {
  const masks = needed.flatMap((at) => {
    const { nulls } = must(batch.columns[at], 'column');
    return nulls === null ? [] : [nulls];
  });
  const whole = new Int32Array(batch.length);
  const holed = new Int32Array(batch.length);
  let wholeCount = 0;
  let holedCount = 0;
  for (let row = 0; row < batch.length; row++) {
    if (masks.some((mask) => mask[row] === 1)) holed[holedCount++] = row;
    else whole[wholeCount++] = row;
  }
  return {
    whole: holedCount === 0 ? batch : pickRows(batch, whole, wholeCount),
    holed: pickRows(batch, holed, holedCount),
  };
}
