/**
 * The join of a one-shot query: all rows of both inputs are there, and none comes after.
 *
 * The right side is kept by key, the left side passes by it in its own order. So rows come out in
 * the order of the left side, and those of one left row in the order of the right side, as from
 * nested loops; right rows that met none come last. Views use `join.ts`. Weights are positive: an
 * input with retractions is summed up first.
 */
import { must } from '../../common/assert.ts';
import type { DataflowNode } from '../../planner/dataflow.ts';
import type { Batch } from '../batch.ts';
import { consolidate, hasRetraction } from '../engine-rows.ts';
import type { Emit, Frontier, Operator, OperatorContext, StateSize } from '../operator.ts';
import { gatherSlots, pickRows } from '../state/transfer.ts';
import type { JoinNode } from './join.ts';
import { concatBatches, JoinOutput } from './join-output.ts';
import type { Pairs } from './join-output.ts';
import { makeResidual } from './join-residual.ts';
import type { Residual } from './join-residual.ts';
import { JoinSide } from './join-side.ts';

/** True for a join that this operator can run: nothing is decided by time or by a threshold. */
export function joinsOnce(node: DataflowNode): node is JoinNode {
  return node.kind === 'join' && node.extreme === undefined && node.threshold === undefined
    && node.leftEvict === null && node.rightEvict === null;
}

/** Builds the operator of a join node of a one-shot query. */
export function createQueryJoin(
  node: JoinNode, inputNodes: readonly DataflowNode[], context: OperatorContext,
): Operator {
  return new QueryJoin(node, inputNodes, context);
}

/** A left batch on its way. */
interface Passing {
  readonly batch: Batch;
  readonly heads: Int32Array;
  /** 1 for rows that met a partner. */
  readonly met: Uint8Array;
  /** Pairs by left row, held back until it is known which rows met none; null: put out at once. */
  readonly held: { readonly batches: Batch[]; readonly rows: number[] } | null;
  readonly emit: Emit;
}

class QueryJoin implements Operator {
  readonly #context: OperatorContext;
  readonly #type: JoinNode['type'];
  readonly #left: JoinSide;
  readonly #right: JoinSide;
  readonly #output: JoinOutput;
  readonly #residual: Residual | null;
  readonly #pending: readonly [Batch[], Batch[]] = [[], []];
  /** 1 for right slots that met a partner; null where nobody asks. */
  #rightMet: Uint8Array | null = null;

  constructor(node: JoinNode, inputs: readonly DataflowNode[], context: OperatorContext) {
    this.#context = context;
    this.#type = node.type;
    const side = (port: 0 | 1): JoinSide => new JoinSide({
      name: port === 0 ? 'left' : 'right',
      // Nothing is taken back: rows need not be found again.
      input: { ...must(inputs[port], 'input'), appendOnly: true },
      key: port === 0 ? node.leftKey : node.rightKey, nullsEqual: node.nullsEqual, evict: null,
      countMatches: false, keepNullKeys: port === 1 && this.#keepsRight,
    }, context);
    this.#left = side(0);
    this.#right = side(1);
    this.#output = new JoinOutput(this.#left.types, this.#right.types, {
      leftOnly: node.type === 'semi' || node.type === 'anti',
      needed: context.neededColumns ?? null,
    });
    this.#residual = node.residual === null ? null
      : makeResidual(node.residual, this.#left.types, this.#right.types, context);
  }

  get #keepsLeft(): boolean { return this.#type === 'left' || this.#type === 'full'; }

  get #keepsRight(): boolean { return this.#type === 'right' || this.#type === 'full'; }

  push(port: number, batch: Batch): void { must(this.#pending[port], 'port').push(batch); }

  flush(frontier: Frontier, emit: Emit): void {
    for (const _slice of this.flushInSlices(frontier, emit));
  }

  *flushInSlices(_frontier: Frontier, emit: Emit): Generator<void, void> {
    const [left, right] = this.#pending.map(positive) as [Batch[], Batch[]];
    // The newest row of a chain comes first: kept backwards, they come in order.
    for (const batch of right.toReversed()) {
      this.#right.apply(pickRows(batch, backwards(batch.length), batch.length));
      yield;
    }
    if (this.#keepsRight) {
      this.#rightMet = new Uint8Array(this.#right.arrangement.store.capacity);
    }
    for (const batch of left) {
      this.#pass(batch, emit);
      yield;
    }
    if (this.#rightMet !== null) this.#emitRest(this.#rightMet, emit);
  }

  /** A batch of the left side passes by the right side. */
  #pass(batch: Batch, emit: Emit): void {
    const { length } = batch;
    const keys = this.#left.keyColumns(batch);
    const { chain } = this.#right;
    const heads = new Int32Array(length);
    chain.lookup(keys, length, chain.hash(keys, length), heads);
    const passing: Passing = {
      batch, heads, met: new Uint8Array(length),
      held: this.#keepsLeft ? { batches: [], rows: [] } : null, emit,
    };
    const byKey = this.#residual === null && (this.#type === 'semi' || this.#type === 'anti');
    if (byKey) for (let row = 0; row < length; row++) passing.met[row] = heads[row] === -1 ? 0 : 1;
    else this.#meetAll(passing);
    if (this.#type === 'semi') this.#emitLeft(passing, 1);
    else if (this.#type === 'anti') this.#emitLeft(passing, 0);
    else if (passing.held !== null) this.#emitHeld(passing, passing.held);
  }

  /** Meets every candidate pair, as many at a time as fit a batch. */
  #meetAll(passing: Passing): void {
    const most = this.#context.batchRows;
    const { next } = this.#right.chain;
    const { batch, heads } = passing;
    const pairs: Pairs = {
      port: 0, batch, store: this.#right.arrangement.store.columns,
      rows: new Int32Array(most), slots: new Int32Array(most),
    };
    let count = 0;
    for (let row = 0; row < batch.length; row++) {
      for (let slot = heads[row] as number; slot >= 0; slot = next[slot] as number) {
        pairs.rows[count] = row;
        pairs.slots[count] = slot;
        if (++count < most) continue;
        this.#meet(pairs, count, passing);
        count = 0;
      }
    }
    if (count > 0) this.#meet(pairs, count, passing);
  }

  #meet(pairs: Pairs, candidates: number, { batch, met, held, emit }: Passing): void {
    const count = this.#residual === null ? candidates
      : this.#residual.keep(pairs, candidates, this.#output);
    const { weights } = this.#right.arrangement;
    const { rows, slots } = pairs;
    const out = new Int32Array(count);
    const rightMet = this.#rightMet;
    for (let i = 0; i < count; i++) {
      const row = rows[i] as number;
      const slot = slots[i] as number;
      met[row] = 1;
      if (rightMet !== null) rightMet[slot] = 1;
      out[i] = Math.imul(batch.weights[row] as number, weights[slot] as number);
    }
    if (count === 0 || this.#type === 'semi' || this.#type === 'anti') return;
    const made = this.#output.pairs(pairs, count, out, this.#output.needed);
    if (held === null) {
      emit(made);
      return;
    }
    held.batches.push(made);
    for (let i = 0; i < count; i++) held.rows.push(rows[i] as number);
  }

  /** Left rows that met a partner (1), or none (0). */
  #emitLeft({ batch, met, emit }: Passing, wanted: 0 | 1): void {
    const chosen = rowsWhere(met, wanted);
    if (chosen.length > 0) emit(pickRows(batch, chosen, chosen.length));
  }

  /** Pairs, and in their places the left rows that met none. */
  #emitHeld(
    { batch, met, emit }: Passing,
    held: { readonly batches: readonly Batch[]; readonly rows: readonly number[] },
  ): void {
    const lonely = rowsWhere(met, 0);
    if (lonely.length === 0) {
      for (const each of held.batches) emit(each);
      return;
    }
    const own = pickRows(batch, lonely, lonely.length);
    const padded = this.#output.padded(0, own.columns, own.weights, own.length);
    if (held.batches.length === 0) {
      emit(padded);
      return;
    }
    const all = concatBatches([...held.batches, padded]);
    const order = new Int32Array(all.length);
    let pair = 0;
    let count = 0;
    for (const [at, row] of lonely.entries()) {
      while (pair < held.rows.length && (held.rows[pair] as number) < row) order[count++] = pair++;
      order[count++] = held.rows.length + at;
    }
    while (pair < held.rows.length) order[count++] = pair++;
    emit(pickRows(all, order, count));
  }

  /** Right rows that met none. */
  #emitRest(met: Uint8Array, emit: Emit): void {
    const { arrangement, types } = this.#right;
    const { weights } = arrangement;
    const slots: number[] = [];
    for (let slot = Math.min(met.length, weights.length) - 1; slot >= 0; slot--) {
      if (met[slot] === 0 && (weights[slot] as number) > 0) slots.push(slot);
    }
    if (slots.length === 0) return;
    const places = Int32Array.from(slots);
    const columns = gatherSlots(arrangement.store, types.map((_type, at) => at), places,
      places.length);
    const out = places.map((slot) => weights[slot] as number);
    emit(this.#output.padded(1, columns, out, places.length));
  }

  watermarks(): readonly [] { return []; }

  dueAt(): null { return null; }

  restore(): void { /* A query is not restored. */ }

  size(): StateSize {
    const { rows, bytes } = { rows: this.#right.arrangement.rows,
      bytes: this.#right.arrangement.bytes() };
    return { rows, bytes };
  }
}

function positive(batches: readonly Batch[]): Batch[] {
  if (!batches.some(hasRetraction)) return [...batches];
  const net = consolidate(concatBatches(batches));
  return net.length === 0 ? [] : [net];
}

function backwards(length: number): Int32Array {
  const rows = new Int32Array(length);
  for (let row = 0; row < length; row++) rows[row] = length - 1 - row;
  return rows;
}

function rowsWhere(flags: Uint8Array, wanted: 0 | 1): Int32Array {
  const rows = new Int32Array(flags.length);
  let count = 0;
  for (let row = 0; row < flags.length; row++) if (flags[row] === wanted) rows[count++] = row;
  return rows.subarray(0, count);
}
