/**
 * Meets the rows of a batch with the rows that have their key on the other side of an inner join.
 *
 * Knows a side only by its chains, columns and weights, wherever they are kept. Emits at most a
 * batch of pairs at a time; where every row meets exactly one row, the columns of the batch go
 * through as they are.
 */
import type { Batch } from '../batch.ts';
import type { Emit } from '../operator.ts';
import type { ChainIndex } from '../state/chain-index.ts';
import type { StoreColumnData } from '../state/row-store.ts';
import type { JoinOutput } from './join-output.ts';
import type { Residual } from './join-residual.ts';

/** A side as it is looked into. */
export interface LookedInto {
  readonly chain: ChainIndex;
  /** The side's columns. */
  readonly columns: readonly StoreColumnData[];
  readonly weights: Int32Array;
}

/** Makes pairs; see the head of the file. */
export class JoinPairs {
  readonly #output: JoinOutput;
  readonly #residual: Residual | null;
  readonly #rows: Int32Array;
  readonly #slots: Int32Array;
  #heads: Int32Array = new Int32Array(0);

  constructor(output: JoinOutput, residual: Residual | null, batchRows: number) {
    this.#output = output;
    this.#residual = residual;
    this.#rows = new Int32Array(batchRows);
    this.#slots = new Int32Array(batchRows);
  }

  /** The pairs of a batch of side `port`, whose key columns are `key`, with the other side. */
  join(
    port: 0 | 1, batch: Batch, key: readonly number[],
    ...[other, emit]: [LookedInto, Emit]
  ): void {
    const { length } = batch;
    if (length === 0) return;
    const { chain } = other;
    const columns = key.flatMap((at) => batch.columns[at] ?? []);
    if (this.#heads.length < length) this.#heads = new Int32Array(length * 2);
    const heads = this.#heads;
    chain.lookup(columns, length, chain.hash(columns, length), heads);
    if (this.#residual === null && length <= this.#rows.length
      && eachMeetsOne(heads, chain.next, length)) {
      const weights = products(batch.weights, null, other.weights, heads, length);
      emit(this.#output.wholeBatch(port, batch, heads, { store: other.columns, weights }));
      return;
    }
    const { next } = chain;
    const rows = this.#rows;
    const slots = this.#slots;
    let count = 0;
    for (let row = 0; row < length; row++) {
      for (let slot = heads[row] as number; slot >= 0; slot = next[slot] as number) {
        rows[count] = row;
        slots[count] = slot;
        if (++count < rows.length) continue;
        this.#meet(port, batch, count, other, emit);
        count = 0;
      }
    }
    if (count > 0) this.#meet(port, batch, count, other, emit);
  }

  #meet(
    port: 0 | 1, batch: Batch, candidates: number, ...[other, emit]: [LookedInto, Emit]
  ): void {
    const pairs = { port, batch, rows: this.#rows, slots: this.#slots, store: other.columns };
    const count = this.#residual === null ? candidates
      : this.#residual.keep(pairs, candidates, this.#output);
    if (count === 0) return;
    const weights = products(batch.weights, pairs.rows, other.weights, pairs.slots, count);
    emit(this.#output.pairs(pairs, count, weights, this.#output.needed));
  }
}

function eachMeetsOne(heads: Int32Array, next: Int32Array, length: number): boolean {
  for (let row = 0; row < length; row++) {
    const slot = heads[row] as number;
    if (slot < 0 || next[slot] !== -1) return false;
  }
  return true;
}

/** Weights of pairs; `rows` null: every row once, in order. */
function products(
  own: Int32Array, rows: Int32Array | null, others: Int32Array,
  ...[slots, count]: [Int32Array, number]
): Int32Array {
  const out = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    out[i] = Math.imul(own[rows === null ? i : rows[i] as number] as number,
      others[slots[i] as number] as number);
  }
  return out;
}
