/**
 * Group columns ++ aggregates: one row per group, kept as a slot of the group store.
 *
 * A batch is brought to group slots in one pass, then each aggregate runs its own loop over it.
 * The first time an epoch touches a group, the group's output row is put aside; flush compares it
 * with the new one and emits both only where they differ. A group without rows leaves the state.
 * Over rows that are only added, without aggregates, a group's one row goes out as it is made.
 * With `evict`, groups whose column has been passed by the watermark leave silently, or are emitted
 * then and only then (`whenEvicted`); with `ttl`, groups to which no row came for so long are taken
 * back, before the rows of the epoch come in.
 */
import { assert, must } from '../../common/assert.ts';
import type { SqlError } from '../../common/errors.ts';
import type {
  DataflowAggregate, DataflowNode, Eviction, WatermarkExpr,
} from '../../planner/dataflow.ts';
import type { Batch, Column } from '../batch.ts';
import type { Emit, Frontier, Operator, OperatorContext, StateSize } from '../operator.ts';
import { grown } from '../state/grow.ts';
import { ExpiryQueue } from '../state/expiry-queue.ts';
import { forLiveSlots, HashIndex } from '../state/hash-index.ts';
import type { RowStore, StoreColumn, StoreColumnData } from '../state/row-store.ts';
import { gather, gatherSlots, hasNull, pickRows, scatter } from '../state/transfer.ts';
import { createAccumulator } from './aggregate-build.ts';
import { markChanges, stackColumns } from './aggregate-output.ts';
import type { Accumulator, AggregateInput } from './aggregate-types.ts';
import { oldestOf, TOUCHED_COLUMN, TouchQueue } from './touch-queue.ts';

type AggregateNode = Extract<DataflowNode, { kind: 'aggregate' }>;

/** Groups first touched by one batch of the epoch, with the rows they had put out before. */
interface Touched {
  readonly slots: Int32Array;
  readonly old: readonly Column[];
  /** 0 where there was no output row before. */
  readonly existed: Uint8Array;
}

/** The operator of an `aggregate` node. */
export function createAggregate(
  node: AggregateNode, inputs: readonly DataflowNode[], context: OperatorContext,
): Operator {
  return new Aggregate(node, must(inputs[0], 'input'), context);
}

/** Groups that are asked for all their rows, and not for what has changed. */
export interface GroupTable extends Operator {
  /** Ends a step without output: groups without rows leave. */
  settle(): void;
  /** The rows of all groups, with weight 1. */
  rowsNow(emit: Emit): void;
}

/** The groups of an `aggregate` node on their own. */
export function createGroupTable(
  node: AggregateNode, input: DataflowNode, context: OperatorContext,
): GroupTable {
  return new Aggregate(node, input, context, true);
}

class Aggregate implements GroupTable {
  readonly #context: OperatorContext;
  readonly #calls: readonly DataflowAggregate[];
  readonly #groupBy: readonly number[];
  readonly #global: boolean;
  readonly #evict: Eviction | null;
  readonly #store: RowStore;
  readonly #index: HashIndex;
  /** Group columns that are hashed; the others follow from them. */
  readonly #hashed: readonly number[];
  readonly #rows: StoreColumnData;
  readonly #accumulators: readonly Accumulator[];
  readonly #expiry: ExpiryQueue | null;
  /** Forgets groups by age, or null. */
  readonly #ages: TouchQueue | null;
  /** Batches that wait until what is due has gone. */
  #pending: Batch[] = [];
  #slots: Int32Array = new Int32Array(0);
  #list: Int32Array = new Int32Array(0);
  #mark: Uint8Array = new Uint8Array(64);
  #touched: Touched[] = [];
  /** The aggregate whose value evicts the group, where that is no group column. */
  readonly #evictResult: number | null;
  /** True once the row of a global aggregate is out. */
  #started = false;

  /** Nobody asks what has changed. */
  readonly #quiet: boolean;
  /** Groups come and never change: nothing is put aside and compared. */
  readonly #onlyMakes: boolean;
  /** Rows of groups that the epoch has made, where that is all that happens. */
  #made: Batch[] = [];
  /** A group is emitted when it is evicted. */
  readonly #whenEvicted: boolean;

  constructor(
    node: AggregateNode, input: DataflowNode, context: OperatorContext, quiet: boolean = false,
  ) {
    this.#whenEvicted = node.whenEvicted === true;
    this.#quiet = quiet || this.#whenEvicted;
    this.#context = context;
    this.#calls = node.aggregates;
    this.#groupBy = node.groupBy;
    this.#global = node.global;
    this.#evict = node.evict;
    this.#onlyMakes = node.aggregates.length === 0 && input.appendOnly && !this.#quiet
      && node.ttl === undefined && !this.#isGlobal();
    const inputTypes = input.columns.map(({ type }) => type);
    this.#accumulators = node.aggregates.map((call, at) => createAccumulator(call, {
      context, prefix: `a${at}.`, appendOnly: input.appendOnly, inputTypes,
      evicts: node.evict !== null || node.ttl !== undefined,
    }));
    const keys = node.groupBy.map((column, at): StoreColumn => ({
      name: `g${at}`, type: must(inputTypes[column], 'group column'), nullable: true,
    }));
    this.#store = context.store('groups', [
      ...keys, { name: '$rows', type: { name: 'float8' }, nullable: false },
      ...this.#accumulators.flatMap(({ columns }) => columns),
      ...evictsByResult(node) ? [EVICT_COLUMN] : [],
      ...node.ttl === undefined ? [] : [TOUCHED_COLUMN],
    ]);
    this.#ages = node.ttl === undefined ? null
      : new TouchQueue(this.#store, this.#store.columns.length - 1, node.ttl);
    this.#rows = this.#store.column(keys.length);
    this.#hashed = hashedColumns(node);
    this.#index = new HashIndex(this.#store, keys.map((_key, at) => at), { hashed: this.#hashed });
    this.#bind(keys.length + 1);
    this.#evictResult = evictsByResult(node) && node.evict !== null
      ? node.evict.column - keys.length : null;
    assert(this.#evictResult === null || node.ttl === undefined, 'eviction or ttl');
    assert(!this.#whenEvicted || (this.#evict !== null && this.#evictResult === null),
      'a group column says when groups are emitted');
    this.#expiry = node.evict === null ? null
      : new ExpiryQueue(this.#store, this.#evictColumn(node.evict));
  }

  #bind(first: number): void {
    let at = first;
    for (const accumulator of this.#accumulators) {
      const width = accumulator.columns.length;
      accumulator.bind({ store: this.#store, rows: this.#rows },
        this.#store.columns.slice(at, at + width));
      at += width;
    }
  }

  push(_port: number, batch: Batch): void {
    if (this.#ages === null) this.#take(batch);
    else this.#pending.push(batch);
  }

  #take(batch: Batch): void {
    const { length } = batch;
    if (length === 0) return;
    const slots = this.#findGroups(batch);
    if (this.#onlyMakes) {
      if (this.#index.insertedCount > 0) this.#made.push(this.#madeBy(batch));
      return;
    }
    this.#touch(slots, length);
    addWeights(this.#rows.f64, slots, batch.weights, length);
    this.#accumulators.forEach((accumulator, at) => {
      accumulator.add(inputOf(must(this.#calls[at], 'call'), batch, slots));
    });
  }

  /** The group slot of each row; new groups are made over no rows. */
  #findGroups(batch: Batch): Int32Array {
    const { length } = batch;
    this.#reserve(length);
    const keys = this.#groupBy.map((at): Column => {
      const column = must(batch.columns[at], 'group column');
      return hasNull(column.nulls, length) ? column : { ...column, nulls: null };
    });
    const index = this.#index;
    const hashes = index.hash(this.#hashed.map((at) => must(keys[at], 'hashed column')), length);
    index.findOrInsert(keys, length, hashes, this.#slots);
    if (index.insertedCount > 0) this.#initGroups(index.inserted, index.insertedCount);
    return this.#slots;
  }

  /** The group columns of the rows that made a group, the first of each. */
  #madeBy(batch: Batch): Batch {
    const { inserted, insertedCount } = this.#index;
    const columns = this.#groupBy.map((at) => must(batch.columns[at], 'group column'));
    const weights = new Int32Array(insertedCount).fill(1);
    if (insertedCount === batch.length) return { length: insertedCount, columns, weights };
    const rows = firstOf(inserted, insertedCount, this.#slots);
    return {
      length: insertedCount, weights,
      columns: columns.map((column) => gather(column, rows, insertedCount)),
    };
  }

  #reserve(length: number): void {
    if (this.#slots.length >= length) return;
    this.#slots = new Int32Array(length * 2);
    this.#list = new Int32Array(length * 2);
  }

  #initGroups(slots: Int32Array, count: number): void {
    const rows = this.#rows.f64;
    const first = this.#onlyMakes ? 1 : 0;
    for (let i = 0; i < count; i++) rows[slots[i] as number] = first;
    for (const accumulator of this.#accumulators) accumulator.init(slots, count);
    if (this.#evictResult !== null) {
      const column = must(this.#store.columns.at(-1), 'eviction column');
      for (let i = 0; i < count; i++) (column.nulls as Uint8Array)[slots[i] as number] = 1;
    }
    this.#expiry?.insertSlots(slots, count);
  }

  /** Puts aside the output rows of groups that the epoch has not touched yet. */
  #touch(slots: Int32Array, length: number): void {
    if (this.#mark.length < this.#store.capacity) {
      this.#mark = grown(this.#mark, this.#store.capacity);
    }
    const list = this.#list;
    const count = unmarked(slots, length, this.#mark, list);
    if (count === 0) return;
    const touched = list.slice(0, count);
    const rows = this.#rows.f64;
    const existed = new Uint8Array(count);
    for (let i = 0; i < count; i++) {
      const slot = touched[i] as number;
      this.#store.touch(slot);
      if ((rows[slot] as number) > 0) existed[i] = 1;
    }
    // The one group of a global aggregate has its row even when it is empty.
    if (this.#isGlobal() && this.#started) existed.fill(1);
    const old = existed.includes(1) && !this.#quiet ? this.#accumulators.map((accumulator) =>
      accumulator.previous(touched, count, (at) => { existed[at] = 0; })) : [];
    this.#touched.push({ slots: touched, old, existed });
  }

  #isGlobal(): boolean { return this.#global && this.#groupBy.length === 0; }

  flush(frontier: Frontier, emit: Emit): void {
    if (this.#whenEvicted) {
      this.settle();
      this.#evictUpTo(frontier, (due) => {
        const rows = this.#rows.f64;
        const slots = due.filter((slot) => (rows[slot] as number) > 0);
        if (slots.length > 0) this.#emitGroups(slots, emit);
      });
      return;
    }
    if (this.#ages !== null) this.#age(this.#ages, frontier.now, emit);
    if (this.#isGlobal() && !this.#started) this.#startGlobal();
    for (const batch of this.#made.splice(0)) emit(batch);
    for (const touched of this.#touched) this.#emitChanges(touched, emit);
    const all = this.#touched;
    this.#touched = [];
    this.#started = true;
    for (const { slots } of all) {
      for (let i = 0; i < slots.length; i++) this.#mark[slots[i] as number] = 0;
      this.#ages?.touch(slots, slots.length, frontier.now);
      if (!this.#isGlobal()) this.#removeEmpty(slots);
    }
    this.#evictUpTo(frontier, () => undefined);
  }

  settle(): void {
    const all = this.#touched;
    this.#touched = [];
    for (const { slots } of all) {
      for (let i = 0; i < slots.length; i++) this.#mark[slots[i] as number] = 0;
      this.#removeEmpty(slots);
    }
  }

  rowsNow(emit: Emit): void {
    forLiveSlots(this.#store, this.#context.batchRows, (list, count) => {
      this.#emitGroups(list.slice(0, count), emit);
    });
  }

  /** The rows of groups as they are, with weight 1. */
  #emitGroups(slots: Int32Array, emit: Emit): void {
    const count = slots.length;
    const errors: { readonly at: number; readonly error: SqlError }[] = [];
    const results = this.#accumulators.map((accumulator) =>
      accumulator.output(slots, count, (at, error) => { errors.push({ at, error }); }));
    if (errors.length > 0) this.#report(errors, slots);
    const keys = gatherSlots(this.#store, this.#groupBy.map((_column, at) => at), slots, count);
    const batch = {
      length: count, columns: [...keys, ...results], weights: new Int32Array(count).fill(1),
    };
    if (errors.length === 0) {
      emit(batch);
      return;
    }
    const failed = new Set(errors.map(({ at }) => at));
    const rows = Int32Array.from(slots.keys()).filter((at) => !failed.has(at));
    if (rows.length > 0) emit(pickRows(batch, rows, rows.length));
  }

  /** Takes back the groups whose time is up, then lets the epoch's rows in. */
  #age(ages: TouchQueue, now: bigint, emit: Emit): void {
    const due = ages.takeDue(now);
    if (due.length > 0) {
      const existed = new Uint8Array(due.length).fill(1);
      const old = this.#accumulators.map((accumulator) =>
        accumulator.previous(due, due.length, (at) => { existed[at] = 0; }));
      const before = Int32Array.from(due.keys()).filter((at) => existed[at] === 1);
      if (before.length > 0) {
        emit(this.#output(due, old, old, { before, after: new Int32Array(0) }));
      }
      this.#free(due);
    }
    const pending = this.#pending;
    this.#pending = [];
    for (const batch of pending) this.#take(batch);
  }

  /** Makes the one group of a global aggregate, should no row have done so. */
  #startGlobal(): void {
    if (this.#store.rows > 0) return;
    this.#reserve(1);
    this.#index.findOrInsert([], 1, this.#index.hash([], 1), this.#slots);
    this.#initGroups(this.#index.inserted, 1);
    this.#touch(this.#slots, 1);
  }

  #emitChanges({ slots, old, existed }: Touched, emit: Emit): void {
    const count = slots.length;
    const rows = this.#rows.f64;
    const exists = new Uint8Array(count);
    for (let i = 0; i < count; i++) {
      exists[i] = (rows[slots[i] as number] as number) > 0 || this.#isGlobal() ? 1 : 0;
    }
    const errors: { readonly at: number; readonly error: SqlError }[] = [];
    const results = this.#accumulators.map((accumulator) =>
      accumulator.output(slots, count, (at, error) => {
        if (exists[at] === 1) errors.push({ at, error });
        exists[at] = 0;
      }));
    if (errors.length > 0) this.#report(errors, slots);
    if (this.#evictResult !== null) {
      this.#requeue(slots, must(results[this.#evictResult], 'result'));
    }
    const changed = new Uint8Array(count);
    if (old.length > 0) {
      results.forEach((column, at) => markChanges(must(old[at], 'old'), column, count, changed));
    }
    const [before, after] = [new Int32Array(count), new Int32Array(count)];
    let [gone, made] = [0, 0];
    for (let i = 0; i < count; i++) {
      const differs = changed[i] === 1 || existed[i] !== exists[i];
      if (existed[i] === 1 && differs) before[gone++] = i;
      if (exists[i] === 1 && differs) after[made++] = i;
    }
    if (gone + made === 0) return;
    const changes = { before: before.subarray(0, gone), after: after.subarray(0, made) };
    emit(this.#output(slots, old.length > 0 ? old : results, results, changes));
  }

  /** Retractions of the rows `before`, then the rows `after`. */
  #output(
    slots: Int32Array, old: readonly Column[], results: readonly Column[],
    { before, after }: { readonly before: Int32Array; readonly after: Int32Array },
  ): Batch {
    const [oldSlots, newSlots] = [pick(slots, before), pick(slots, after)];
    const keys = this.#groupBy.map((_column, at) => {
      const column = this.#store.column(at);
      return stackColumns(column, oldSlots, column, newSlots);
    });
    const values = results.map((column, at) =>
      stackColumns(must(old[at], 'old column'), before, column, after));
    const length = before.length + after.length;
    const weights = new Int32Array(length).fill(-1, 0, before.length).fill(1, before.length);
    return { length, columns: [...keys, ...values], weights };
  }

  /** Reports groups whose result cannot be given, as rows of their keys. */
  #report(
    errors: readonly { readonly at: number; readonly error: SqlError }[], slots: Int32Array,
  ): void {
    const columns = gatherSlots(
      this.#store, this.#groupBy.map((_column, at) => at), slots, slots.length);
    const batch: Batch = {
      length: slots.length, columns, weights: new Int32Array(slots.length).fill(1),
    };
    for (const { at, error } of errors) this.#context.rowError(error, batch, at);
  }

  #removeEmpty(slots: Int32Array): void {
    const rows = this.#rows.f64;
    let count = 0;
    for (let i = 0; i < slots.length; i++) if (rows[slots[i] as number] === 0) count++;
    if (count === 0) return;
    const empty = slots.filter((slot) => rows[slot] === 0);
    this.#expiry?.removeSlots(empty, empty.length);
    this.#ages?.remove(empty, empty.length);
    this.#free(empty);
  }

  #free(slots: Int32Array): void {
    for (const accumulator of this.#accumulators) accumulator.drop(slots, slots.length);
    this.#index.removeSlots(slots, slots.length);
    for (const slot of slots) this.#store.free(slot);
  }

  /** Queues groups by the value that evicts them, which has become another one. */
  #requeue(slots: Int32Array, values: Column): void {
    const column = must(this.#store.columns.at(-1), 'eviction column');
    const expiry = must(this.#expiry, 'eviction');
    expiry.removeSlots(slots, slots.length);
    scatter(values, null, column, { slots, count: slots.length });
    expiry.insertSlots(slots, slots.length);
  }

  #evictUpTo(frontier: Frontier, leaving: (due: Int32Array) => void): void {
    if (this.#evict === null || this.#expiry === null) return;
    const limit = frontier.watermark(this.#evict.watermark);
    if (limit === null) return;
    const due = this.#expiry.takeUpTo(limit);
    if (due.length === 0) return;
    leaving(due);
    this.#free(due);
  }

  watermarks(): readonly WatermarkExpr[] {
    return this.#evict === null ? [] : [this.#evict.watermark];
  }

  dueAt(): bigint | null { return this.#ages?.dueAt() ?? null; }

  /** The column of the store that says when a group goes. */
  #evictColumn({ column }: Eviction): number {
    return this.#evictResult === null ? column : this.#store.columns.length - 1;
  }

  oldest(): bigint | null {
    if (this.#evict !== null) return oldestOf(this.#store, this.#evictColumn(this.#evict));
    return this.#ages?.oldest() ?? null;
  }

  restore(): void {
    this.#index.rebuild();
    this.#expiry?.rebuild();
    this.#ages?.restore();
    this.#pending = [];
    for (const accumulator of this.#accumulators) accumulator.restore();
    this.#touched = [];
    this.#made = [];
    this.#mark = new Uint8Array(this.#store.capacity);
    this.#started = this.#store.rows > 0;
  }

  size(): StateSize {
    let rows = this.#store.rows;
    let bytes = this.#store.bytes() + this.#index.bytes() + (this.#expiry?.bytes() ?? 0)
      + (this.#ages?.bytes() ?? 0);
    for (const accumulator of this.#accumulators) {
      const inner = accumulator.size();
      rows += inner.rows;
      bytes += inner.bytes;
    }
    return { rows, bytes };
  }
}

// The loops over a batch stand alone: V8 drops the optimised code of a loop that is entered once a
// batch whenever what follows it is new, which took ten times as long as the loop.

function addWeights(
  rows: Float64Array, slots: Int32Array, weights: Int32Array, length: number,
): void {
  for (let i = 0; i < length; i++) {
    const slot = slots[i] as number;
    rows[slot] = (rows[slot] as number) + (weights[i] as number);
  }
}

/** Marks the slots that are not marked and lists them. */
function unmarked(
  slots: Int32Array, length: number, mark: Uint8Array, list: Int32Array,
): number {
  let count = 0;
  for (let i = 0; i < length; i++) {
    const slot = slots[i] as number;
    if (mark[slot] === 1) continue;
    mark[slot] = 1;
    list[count++] = slot;
  }
  return count;
}

/** The first row of each of the `made` groups, which are in the order of those rows. */
function firstOf(made: Int32Array, count: number, slots: Int32Array): Int32Array {
  const rows = new Int32Array(count);
  for (let at = 0, row = 0; at < count; row++) if (slots[row] === made[at]) rows[at++] = row;
  return rows;
}

/** window_end follows from window_start: where the key is known to be smaller, that is hashed. */
function hashedColumns({ key, groupBy }: AggregateNode): readonly number[] {
  const isPart = key !== null && key.length > 0 && key.every((at) => at < groupBy.length);
  return isPart ? key : groupBy.map((_column, at) => at);
}

const EVICT_COLUMN: StoreColumn = { name: '$evict', type: { name: 'int8' }, nullable: true };

/** True when a group is evicted by the value of one of its aggregates. */
function evictsByResult({ evict, groupBy }: AggregateNode): boolean {
  return evict !== null && evict.column >= groupBy.length;
}

function pick(slots: Int32Array, places: Int32Array): Int32Array {
  const picked = new Int32Array(places.length);
  for (let i = 0; i < picked.length; i++) picked[i] = slots[places[i] as number] as number;
  return picked;
}

/** What a call gets of a batch: the rows its FILTER lets through. */
function inputOf(call: DataflowAggregate, batch: Batch, slots: Int32Array): AggregateInput {
  const args = call.args.map((at) => must(batch.columns[at], 'argument column'));
  const order = call.orderBy.map(({ column }) => must(batch.columns[column], 'order column'));
  const { length, weights } = batch;
  if (call.filter === null) return { args, order, rows: null, count: length, slots, weights };
  const filter = must(batch.columns[call.filter], 'filter column');
  const passes = filter.data as Uint8Array;
  const kept = { rows: new Int32Array(length), slots: new Int32Array(length),
    weights: new Int32Array(length) };
  let count = 0;
  for (let i = 0; i < length; i++) {
    if (passes[i] !== 1 || (filter.nulls !== null && filter.nulls[i] === 1)) continue;
    kept.rows[count] = i;
    kept.slots[count] = slots[i] as number;
    kept.weights[count++] = weights[i] as number;
  }
  return { args, order, ...kept, count };
}
