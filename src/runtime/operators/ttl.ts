/**
 * Forgets rows that have not been touched for some time, as if they had been deleted.
 *
 * With `groupBy` the rows of a group live together: any change of one touches all. Without, each
 * row is touched by being added. Age is counted in logical time, so a replay forgets the same rows
 * in the same epochs. What is due goes first, then the epoch's net changes come in; a retraction of
 * a row that was forgotten is swallowed. Keeps the rows that live.
 */
import { must } from '../../common/assert.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { DataflowNode } from '../../planner/dataflow.ts';
import type { Batch, Column } from '../batch.ts';
import { concatBatches, consolidate, hasRetraction } from '../engine-rows.ts';
import type { Emit, Frontier, Operator, OperatorContext, StateSize } from '../operator.ts';
import { Arrangement, arrangementColumns } from '../state/arrangement.ts';
import type { ChainIndex } from '../state/chain-index.ts';
import { HashIndex } from '../state/hash-index.ts';
import { pickRows } from '../state/transfer.ts';
import { TOUCHED_COLUMN, TouchQueue } from './touch-queue.ts';

type TtlNode = Extract<DataflowNode, { kind: 'ttl' }>;

/** The operator of a `ttl` node. */
export function createTtl(
  node: TtlNode, inputs: readonly DataflowNode[], context: OperatorContext,
): Operator {
  return new Ttl(node, must(inputs[0], 'input'), context);
}

class Ttl implements Operator {
  readonly #types: readonly SqlType[];
  readonly #key: readonly number[] | null;
  readonly #rows: Arrangement;
  readonly #ages: RowAges | GroupAges;
  #pending: Batch[] = [];

  constructor(node: TtlNode, input: DataflowNode, context: OperatorContext) {
    this.#types = input.columns.map(({ type }) => type);
    this.#key = input.key;
    const columns = arrangementColumns(input.columns);
    const store = context.store('rows',
      node.groupBy === null ? [...columns, TOUCHED_COLUMN] : columns);
    this.#rows = new Arrangement(store, {
      key: input.key === null || input.key.length === 0 ? null : input.key,
      extra: node.groupBy === null ? 1 : 0,
    });
    this.#ages = node.groupBy === null ? new RowAges(this.#rows, node.micros)
      : new GroupAges(this.#rows, node, context);
  }

  push(_port: number, batch: Batch): void { this.#pending.push(batch); }

  flush({ now }: Frontier, emit: Emit): void {
    const due = this.#ages.takeDue(now);
    if (due.length > 0) {
      emit(this.#rows.batchOfSlots(due, due.length, -1));
      this.#rows.evict(due, due.length);
    }
    if (this.#pending.length === 0) return;
    const all = concatBatches(this.#types, this.#pending);
    this.#pending = [];
    const net = hasRetraction(all) ? consolidate(all, all.columns.length, this.#key) : all;
    this.#remove(net, now, emit);
    this.#add(net, now, emit);
  }

  /** Retractions of rows that are still known. */
  #remove(net: Batch, now: bigint, emit: Emit): void {
    const [rows, count] = rowsOfSign(net, -1);
    if (count === 0) return;
    const gone = pickRows(net, rows, count);
    const slots = new Int32Array(count);
    this.#rows.findRows(gone.columns, count, slots);
    const kept = new Int32Array(count);
    const weights = new Int32Array(count);
    let known = 0;
    for (let i = 0; i < count; i++) {
      const slot = slots[i] as number;
      if (slot < 0) continue;
      weights[known] = Math.max(gone.weights[i] as number,
        -(this.#rows.weights[slot] as number));
      kept[known++] = i;
    }
    if (known === 0) return;
    const batch = { ...pickRows(gone, kept, known), weights: weights.subarray(0, known) };
    this.#ages.beforeRemoval(batch, slots, now);
    this.#rows.apply(batch);
    emit(batch);
  }

  #add(net: Batch, now: bigint, emit: Emit): void {
    const [rows, count] = rowsOfSign(net, 1);
    if (count === 0) return;
    const added = count === net.length ? net : pickRows(net, rows, count);
    const slots = this.#rows.apply(added);
    this.#ages.touch(added, slots, now);
    emit(added);
  }

  watermarks(): readonly never[] { return []; }

  dueAt(): bigint | null { return this.#ages.dueAt(); }

  restore(): void {
    this.#rows.restore();
    this.#ages.restore();
    this.#pending = [];
  }

  size(): StateSize {
    return { rows: this.#rows.rows, bytes: this.#rows.bytes() + this.#ages.bytes() };
  }

  oldest(): bigint | null { return this.#ages.oldest(); }
}

/** Rows of a batch whose weight has a sign. */
function rowsOfSign(batch: Batch, sign: number): readonly [Int32Array, number] {
  const rows = new Int32Array(batch.length);
  let count = 0;
  for (let i = 0; i < batch.length; i++) {
    if ((batch.weights[i] as number) * sign > 0) rows[count++] = i;
  }
  return [rows, count];
}

/** Each row has its own age, in a column behind the weight. */
class RowAges {
  readonly #rows: Arrangement;
  readonly #queue: TouchQueue;

  constructor(rows: Arrangement, micros: bigint) {
    this.#rows = rows;
    this.#queue = new TouchQueue(rows.store, rows.width + 1, micros);
  }

  takeDue(now: bigint): Int32Array { return this.#queue.takeDue(now); }

  /** Rows that go for good leave the queue. */
  beforeRemoval(batch: Batch, found: Int32Array): void {
    const { weights } = this.#rows;
    const leaving = found.filter((slot) => slot >= 0);
    const gone = leaving.filter((slot, i) =>
      (weights[slot] as number) + (batch.weights[i] as number) === 0);
    this.#queue.remove(gone, gone.length);
  }

  touch(batch: Batch, slots: Int32Array, now: bigint): void {
    this.#queue.touch(slots, batch.length, now);
  }

  dueAt(): bigint | null { return this.#queue.dueAt(); }
  oldest(): bigint | null { return this.#queue.oldest(); }
  restore(): void { this.#queue.restore(); }
  bytes(): number { return this.#queue.bytes(); }
}

/** The rows of a group have one age, kept with the group. */
class GroupAges {
  readonly #chain: ChainIndex;
  readonly #groupBy: readonly number[];
  readonly #index: HashIndex;
  readonly #queue: TouchQueue;
  #slots: Int32Array = new Int32Array(0);

  constructor(rows: Arrangement, node: TtlNode, context: OperatorContext) {
    this.#groupBy = must(node.groupBy, 'group columns');
    this.#chain = rows.chain(this.#groupBy, true);
    const keys = this.#groupBy.map((at, i) => ({
      name: `g${i}`, type: must(node.columns[at], 'group column').type, nullable: true,
    }));
    const store = context.store('groups', [...keys, TOUCHED_COLUMN]);
    this.#index = new HashIndex(store, keys.map((_key, at) => at));
    this.#queue = new TouchQueue(store, keys.length, node.micros);
  }

  /** The rows of the groups that are due; the groups themselves are forgotten here. */
  takeDue(now: bigint): Int32Array {
    const groups = this.#queue.takeDue(now);
    if (groups.length === 0) return groups;
    const { store } = this.#index;
    const heads = new Int32Array(groups.length);
    this.#chain.lookupStore(this.#index.key.map((at) => store.column(at)), groups, groups.length,
      heads);
    const found: number[] = [];
    for (const head of heads) {
      for (let at = head; at >= 0; at = this.#chain.next[at] as number) found.push(at);
    }
    this.#index.removeSlots(groups, groups.length);
    for (const group of groups) store.free(group);
    return Int32Array.from(found);
  }

  beforeRemoval(batch: Batch, found: Int32Array, now: bigint): void {
    this.touch(batch, found, now);
  }

  touch(batch: Batch, _slots: Int32Array, now: bigint): void {
    const { length } = batch;
    if (this.#slots.length < length) this.#slots = new Int32Array(length * 2);
    const keys = this.#groupBy.map((at): Column => must(batch.columns[at], 'group column'));
    const index = this.#index;
    index.findOrInsert(keys, length, index.hash(keys, length), this.#slots);
    this.#queue.touch(this.#slots, length, now);
  }

  dueAt(): bigint | null { return this.#queue.dueAt(); }
  oldest(): bigint | null { return this.#queue.oldest(); }

  restore(): void {
    this.#index.rebuild();
    this.#queue.restore();
  }

  bytes(): number {
    return this.#index.store.bytes() + this.#index.bytes() + this.#queue.bytes();
  }
}
