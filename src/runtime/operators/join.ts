/**
 * The join: inner, left, right, full, semi and anti, over two arrangements by key.
 *
 * A change of one side meets the other side's rows of its key and nothing else. Inner joins run as
 * batches arrive; the others wait for flush and take one side after the other, so that each padded
 * (or semi, or anti) row is emitted or retracted once: first the side whose rows are only looked
 * up, then the side that is preserved. A preserved row is present or absent by whether it is
 * matched: by its key's chain on the other side (empty or not), or, with a residual condition or
 * eviction, by a count kept with the row. Between epochs all weights are positive, so a chain that
 * is not empty is a match.
 */
import { must } from '../../common/assert.ts';
import type { DataflowNode, WatermarkExpr } from '../../planner/dataflow.ts';
import type { Batch } from '../batch.ts';
import type { Emit, Frontier, Operator, OperatorContext, StateSize } from '../operator.ts';
import { grown } from '../state/grow.ts';
import { gatherSlots, pickRows } from '../state/transfer.ts';
import { concatBatches, JoinOutput } from './join-output.ts';
import type { Pairs } from './join-output.ts';
import { makeResidual } from './join-residual.ts';
import type { Residual } from './join-residual.ts';
import { JoinSide } from './join-side.ts';
import { oldestOf } from './touch-queue.ts';

/** A join node. */
export type JoinNode = Extract<DataflowNode, { kind: 'join' }>;

/** Builds the operator of a join node. */
export function createJoin(
  node: JoinNode, inputNodes: readonly DataflowNode[], context: OperatorContext,
): Operator {
  return new Join(node, inputNodes, context);
}

class Join implements Operator {
  readonly #context: OperatorContext;
  readonly #sides: readonly [JoinSide, JoinSide];
  readonly #output: JoinOutput;
  readonly #residual: Residual | null;
  /** Whose rows appear when they are unmatched (semi: matched). */
  readonly #preserved: readonly [boolean, boolean];
  /** Whose unmatched rows appear only when they leave. */
  readonly #held: readonly [boolean, boolean];
  readonly #semi: boolean;
  readonly #emitsPairs: boolean;
  readonly #immediate: boolean;
  readonly #order: readonly [number, number];
  readonly #pending: readonly [Batch[], Batch[]] = [[], []];
  readonly #pairRows: Int32Array;
  readonly #pairSlots: Int32Array;
  #heads: Int32Array = new Int32Array(0);
  /** Slots of the other side whose matches changed in this step, and what they were. */
  #touched: number[] = [];
  #before: number[] = [];
  #touchedMark: Uint8Array = new Uint8Array(0);

  constructor(
    node: JoinNode, inputNodes: readonly DataflowNode[], context: OperatorContext,
  ) {
    const { type } = node;
    this.#context = context;
    this.#preserved = [type !== 'inner' && type !== 'right', type === 'right' || type === 'full'];
    this.#held = [
      node.holdNulls && type !== 'semi' && this.#preserved[0] && node.leftEvict !== null,
      node.holdNulls && this.#preserved[1] && node.rightEvict !== null,
    ];
    this.#semi = type === 'semi';
    this.#emitsPairs = type !== 'semi' && type !== 'anti';
    this.#immediate = type === 'inner';
    this.#order = type === 'right' ? [0, 1] : [1, 0];
    this.#sides = [
      this.#makeSide(0, node, must(inputNodes[0], 'left input')),
      this.#makeSide(1, node, must(inputNodes[1], 'right input')),
    ];
    const [left, right] = this.#sides;
    this.#output = new JoinOutput(left.types, right.types, {
      leftOnly: !this.#emitsPairs, needed: context.neededColumns ?? null,
    });
    this.#residual = node.residual === null ? null
      : makeResidual(node.residual, left.types, right.types, context);
    this.#pairRows = new Int32Array(context.batchRows);
    this.#pairSlots = new Int32Array(context.batchRows);
  }

  #makeSide(port: 0 | 1, node: JoinNode, input: DataflowNode): JoinSide {
    const otherEvict = port === 0 ? node.rightEvict : node.leftEvict;
    return new JoinSide({
      name: port === 0 ? 'left' : 'right', input,
      key: port === 0 ? node.leftKey : node.rightKey, nullsEqual: node.nullsEqual,
      evict: port === 0 ? node.leftEvict : node.rightEvict,
      countMatches: this.#preserved[port]
        && (node.residual !== null || otherEvict !== null || this.#held[port]),
      keepNullKeys: this.#held[port],
    }, this.#context);
  }

  push(port: number, batch: Batch, emit: Emit): void {
    if (this.#immediate) this.#step(port, batch, emit);
    else must(this.#pending[port], 'port').push(batch);
  }

  flush(frontier: Frontier, emit: Emit): void {
    for (const port of this.#order) {
      const pending = must(this.#pending[port], 'port');
      if (pending.length === 0) continue;
      // What a change does to the other side's rows must be net; else batches need not be one.
      const batches = this.#preserved[1 - port] === true ? [concatBatches(pending)] : [...pending];
      pending.length = 0;
      for (const batch of batches) this.#step(port, batch, emit);
    }
    for (let port = 0; port < 2; port++) this.#expire(port, frontier, emit);
  }

  /** Joins a change of one side with the other side, then adds it to its own. */
  #step(port: number, arrived: Batch, emit: Emit): void {
    const { staying, passing } = must(this.#sides[port], 'port').divide(arrived);
    if (staying.length > 0) this.#process(port, staying, true, emit);
    if (passing !== null) this.#process(port, passing, false, emit);
  }

  /** One change; `stays` is false for rows whose time is over: they meet what is there and go. */
  #process(port: number, batch: Batch, stays: boolean, emit: Emit): void {
    const own = must(this.#sides[port], 'port');
    const other = must(this.#sides[1 - port], 'port');
    const { length } = batch;
    const keys = own.keyColumns(batch);
    if (this.#heads.length < length) this.#heads = new Int32Array(length * 2);
    const heads = this.#heads;
    const hashes = other.chain.hash(keys, length);
    other.chain.lookup(keys, length, hashes, heads);
    const met = own.countsMatches ? new Int32Array(length) : null;
    if (this.#emitsPairs || met !== null || other.countsMatches) {
      this.#join(port, batch, { heads, met, emit, stays });
    }
    if (this.#preserved[port]) this.#emitOwn(port, batch, { heads, met, emit, stays });
    const byKey = this.#preserved[1 - port] === true && !other.countsMatches;
    const before = byKey ? chainHeads(own, batch) : null;
    const slots = stays ? own.apply(batch, own.hashesLike(other) ? hashes : null) : null;
    if (met !== null && slots !== null) {
      const { matches } = own;
      for (let i = 0; i < length; i++) {
        const slot = slots[i] as number;
        if (slot >= 0) matches[slot] = met[i] as number;
      }
    }
    if (before !== null) this.#changeByKey(port, batch, before, emit);
    else if (other.countsMatches) this.#changeByCount(1 - port, emit);
  }

  /**
   * Every row meets exactly one row and nothing is left to decide, as in a join with a dimension:
   * the columns of the batch go through as they are. False, and nothing done, when it is not so.
   */
  #joinOneToOne(port: number, batch: Batch, step: Step): boolean {
    const other = must(this.#sides[1 - port], 'port');
    const { length } = batch;
    if (this.#residual !== null || step.met !== null || other.countsMatches
      || length > this.#context.batchRows) return false;
    const { next } = other.chain;
    const { heads } = step;
    for (let row = 0; row < length; row++) {
      const slot = heads[row] as number;
      if (slot < 0 || next[slot] !== -1) return false;
    }
    const { weights } = other.arrangement;
    const out = new Int32Array(length);
    for (let row = 0; row < length; row++) {
      out[row] = Math.imul(batch.weights[row] as number, weights[heads[row] as number] as number);
    }
    step.emit(this.#output.wholeBatch(port, batch, heads, {
      store: other.arrangement.store.columns, weights: out,
    }));
    return true;
  }

  /** Meets every candidate pair, as many at a time as fit a batch. */
  #join(port: number, batch: Batch, step: Step): void {
    if (this.#emitsPairs && this.#joinOneToOne(port, batch, step)) return;
    const other = must(this.#sides[1 - port], 'port');
    const { next } = other.chain;
    const rows = this.#pairRows;
    const slots = this.#pairSlots;
    const { heads } = step;
    const pairs: Pairs = { port, batch, rows, slots, store: other.arrangement.store.columns };
    const most = rows.length;
    let count = 0;
    for (let row = 0; row < batch.length; row++) {
      for (let slot = heads[row] as number; slot >= 0; slot = next[slot] as number) {
        rows[count] = row;
        slots[count] = slot;
        if (++count < most) continue;
        this.#meet(pairs, count, step);
        count = 0;
      }
    }
    if (count > 0) this.#meet(pairs, count, step);
  }

  #meet(pairs: Pairs, candidates: number, step: Step): void {
    const other = must(this.#sides[1 - pairs.port], 'port');
    const { weights } = other.arrangement;
    let count = candidates;
    if (this.#residual !== null) {
      count = this.#residual.keep(pairs, candidates, this.#output);
      if (count === 0) return;
    }
    const { rows, slots, batch } = pairs;
    if (step.met !== null) {
      const { met } = step;
      for (let i = 0; i < count; i++) {
        const row = rows[i] as number;
        met[row] = (met[row] as number) + (weights[slots[i] as number] as number);
      }
    }
    if (other.countsMatches) this.#countMatches(other, pairs, count);
    if (!this.#emitsPairs) return;
    const out = new Int32Array(count);
    for (let i = 0; i < count; i++) {
      out[i] = Math.imul(
        batch.weights[rows[i] as number] as number, weights[slots[i] as number] as number);
    }
    step.emit(this.#output.pairs(pairs, count, out, this.#output.needed));
  }

  #countMatches(other: JoinSide, { rows, slots, batch }: Pairs, count: number): void {
    const { matches } = other;
    const { store } = other.arrangement;
    if (this.#touchedMark.length < store.capacity) {
      this.#touchedMark = grown(this.#touchedMark, store.capacity);
    }
    const marks = this.#touchedMark;
    for (let i = 0; i < count; i++) {
      const slot = slots[i] as number;
      const before = matches[slot] as number;
      if (marks[slot] === 0) {
        marks[slot] = 1;
        this.#touched.push(slot);
        this.#before.push(before);
        store.touch(slot);
      }
      matches[slot] = before + (batch.weights[rows[i] as number] as number);
    }
  }

  /** The arriving rows of a preserved side that are present from the start. */
  #emitOwn(port: number, batch: Batch, { heads, met, emit, stays }: Step): void {
    const { evict } = must(this.#sides[port], 'port');
    // A held row shows when it leaves; without a time it never leaves, and nothing matches it.
    const untimed = this.#held[port] === true && evict !== null && stays
      ? batch.columns[evict.column]?.nulls ?? NONE : null;
    const rows = new Int32Array(batch.length);
    let count = 0;
    for (let row = 0; row < batch.length; row++) {
      const matched = met === null ? (heads[row] as number) >= 0 : (met[row] as number) > 0;
      if (matched !== this.#semi) continue;
      if (untimed !== null && untimed[row] !== 1) continue;
      rows[count++] = row;
    }
    const { batchRows } = this.#context;
    for (let from = 0; from < count; from += batchRows) {
      const part = pickRows(batch, rows.subarray(from), Math.min(batchRows, count - from));
      emit(this.#output.padded(port, part.columns, part.weights, part.length));
    }
  }

  /** Rows of the other side whose key has got its first or lost its last partner. */
  #changeByKey(port: number, batch: Batch, before: Int32Array, emit: Emit): void {
    const own = must(this.#sides[port], 'port');
    const other = must(this.#sides[1 - port], 'port');
    const after = chainHeads(own, batch);
    const changed = new Int32Array(batch.length);
    // Equal keys share a chain: its first slot, old or new, says whether a key was seen.
    const seen = new Set<number>();
    let count = 0;
    for (let row = 0; row < batch.length; row++) {
      const was = before[row] as number;
      const is = after[row] as number;
      if ((was < 0) === (is < 0)) continue;
      const mark = was < 0 ? is : -1 - was;
      if (seen.has(mark)) continue;
      seen.add(mark);
      changed[count++] = row;
    }
    if (count === 0) return;
    const heads = chainHeads(other, pickRows(batch, changed, count), own);
    const list = new SlotList(this.#context.batchRows, (slots, signs, length) =>
      this.#emitSlots(1 - port, slots, signs, length, emit));
    const { next } = other.chain;
    for (let i = 0; i < count; i++) {
      const matched = (after[changed[i] as number] as number) >= 0;
      const sign = matched === this.#semi ? 1 : -1;
      for (let slot = heads[i] as number; slot >= 0; slot = next[slot] as number) {
        list.add(slot, sign);
      }
    }
    list.finish();
  }

  /** Rows of a side whose count of partners has left or reached 0. */
  #changeByCount(port: number, emit: Emit): void {
    if (this.#touched.length === 0) return;
    const { matches } = must(this.#sides[port], 'port');
    const list = new SlotList(this.#context.batchRows, (slots, signs, length) =>
      this.#emitSlots(port, slots, signs, length, emit));
    for (let i = 0; i < this.#touched.length; i++) {
      const slot = this.#touched[i] as number;
      this.#touchedMark[slot] = 0;
      const matched = (matches[slot] as number) > 0;
      if (matched === (this.#before[i] as number) > 0) continue;
      if (this.#preserved[port] === true && this.#held[port] !== true) {
        list.add(slot, matched === this.#semi ? 1 : -1);
      }
    }
    this.#touched.length = 0;
    this.#before.length = 0;
    list.finish();
  }

  #emitSlots(
    port: number, slots: Int32Array, signs: Int32Array, ...[count, emit]: [number, Emit]
  ): void {
    const { arrangement, types } = must(this.#sides[port], 'port');
    const { weights } = arrangement;
    const out = new Int32Array(count);
    for (let i = 0; i < count; i++) {
      out[i] = (signs[i] as number) * (weights[slots[i] as number] as number);
    }
    const columns = gatherSlots(arrangement.store, types.map((_type, at) => at), slots, count);
    emit(this.#output.padded(port, columns, out, count));
  }

  /** Lets go of rows no partner can come for; held rows that met none appear now. */
  #expire(port: number, frontier: Frontier, emit: Emit): void {
    const side = must(this.#sides[port], 'port');
    const slots = side.takeExpired(frontier);
    if (slots.length === 0) return;
    if (this.#held[port] === true) {
      const { matches } = side;
      const list = new SlotList(this.#context.batchRows, (some, signs, length) =>
        this.#emitSlots(port, some, signs, length, emit));
      for (const slot of slots) if ((matches[slot] as number) <= 0) list.add(slot, 1);
      list.finish();
    }
    side.arrangement.evict(slots, slots.length);
  }

  watermarks(): readonly WatermarkExpr[] {
    return this.#sides.flatMap((side) => side.watermarks());
  }

  dueAt(): bigint | null { return null; }

  restore(): void {
    for (const side of this.#sides) side.restore();
  }

  oldest(): bigint | null {
    let oldest: bigint | null = null;
    for (const { evict, arrangement } of this.#sides) {
      const at = evict === null ? null : oldestOf(arrangement.store, evict.column);
      if (at !== null && (oldest === null || at < oldest)) oldest = at;
    }
    return oldest;
  }

  size(): StateSize {
    const [left, right] = this.#sides;
    return {
      rows: left.arrangement.rows + right.arrangement.rows,
      bytes: left.arrangement.bytes() + right.arrangement.bytes(),
    };
  }
}

/** What a step knows of its batch: per row the chain it meets and how many partners it met. */
interface Step {
  readonly heads: Int32Array;
  readonly met: Int32Array | null;
  readonly emit: Emit;
  readonly stays: boolean;
}

const NONE: Uint8Array = new Uint8Array(0);

/** The first slot of each row's key in a side; `of` names the side the rows belong to. */
function chainHeads(side: JoinSide, batch: Batch, of: JoinSide = side): Int32Array {
  const out = new Int32Array(batch.length);
  const keys = of.keyColumns(batch);
  side.chain.lookup(keys, batch.length, side.chain.hash(keys, batch.length), out);
  return out;
}

/** Slots with signs, handed on in batches. */
class SlotList {
  readonly #slots: Int32Array;
  readonly #signs: Int32Array;
  readonly #full: (slots: Int32Array, signs: Int32Array, count: number) => void;
  #count = 0;

  constructor(
    most: number, full: (slots: Int32Array, signs: Int32Array, count: number) => void,
  ) {
    this.#slots = new Int32Array(most);
    this.#signs = new Int32Array(most);
    this.#full = full;
  }

  add(slot: number, sign: number): void {
    this.#slots[this.#count] = slot;
    this.#signs[this.#count] = sign;
    if (++this.#count === this.#slots.length) this.finish();
  }

  finish(): void {
    if (this.#count > 0) this.#full(this.#slots, this.#signs, this.#count);
    this.#count = 0;
  }
}
