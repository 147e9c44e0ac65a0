/**
 * What a temporal join has put out for left rows that may be retracted.
 *
 * A left row that came once was joined once, with what was valid then; when it is retracted the
 * same output must be taken back. Outputs of one arrival share a number (`$arrival`); of equal left
 * rows the last arrival goes first. Not used for append-only input.
 */
import { must } from '../../common/assert.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { Batch } from '../batch.ts';
import type { Emit, OperatorContext } from '../operator.ts';
import { ChainIndex } from '../state/chain-index.ts';
import type { RowStore } from '../state/row-store.ts';
import { gatherSlots, pickRows, scatter } from '../state/transfer.ts';

/** The outputs; see the head of the file. */
export class EmittedRows {
  readonly store: RowStore;
  readonly #chain: ChainIndex;
  readonly #width: number;
  readonly #columns: readonly number[];
  #arrivals = 0n;

  constructor(left: readonly SqlType[], right: readonly SqlType[], context: OperatorContext) {
    const types = [...left, ...right];
    this.#width = types.length;
    this.#columns = types.map((_type, at) => at);
    this.store = context.store('emitted', [
      ...types.map((type, at) => ({ name: `c${at}`, type, nullable: true })),
      { name: '$weight', type: { name: 'int4' }, nullable: false },
      { name: '$copies', type: { name: 'int4' }, nullable: false },
      { name: '$arrival', type: { name: 'int8' }, nullable: false },
    ]);
    this.#chain = new ChainIndex(this.store, left.map((_type, at) => at), true);
  }

  /** Numbers the arrivals of so many left rows; gives the first. */
  arrive(rows: number): bigint {
    const first = this.#arrivals;
    this.#arrivals += BigInt(rows);
    return first;
  }

  /** Remembers output rows: `rows[i]` is the left row it came from, arrival `first + rows[i]`. */
  add(output: Batch, rows: Int32Array, copies: Int32Array, first: bigint): void {
    const { length } = output;
    const { store } = this;
    store.reserve(length);
    const slots = new Int32Array(length);
    for (let i = 0; i < length; i++) slots[i] = store.alloc();
    for (const at of this.#columns) {
      scatter(must(output.columns[at], 'column'), null, store.column(at), { slots, count: length });
    }
    const weights = store.column(this.#width).i32;
    const copy = store.column(this.#width + 1).i32;
    const arrivals = store.column(this.#width + 2).i64;
    for (let i = 0; i < length; i++) {
      const slot = slots[i] as number;
      weights[slot] = output.weights[i] as number;
      copy[slot] = copies[rows[i] as number] as number;
      arrivals[slot] = first + BigInt(rows[i] as number);
    }
    this.#chain.insertSlots(slots, length);
  }

  /** Takes back what was put out for left rows; weights are negative. */
  retract(left: Batch, emit: Emit): void {
    const head = new Int32Array(1);
    for (let row = 0; row < left.length; row++) {
      const { columns } = pickRows(left, Int32Array.of(row), 1);
      for (let missing = -(left.weights[row] as number); missing > 0;) {
        this.#chain.lookup(columns, 1, this.#chain.hash(columns, 1), head);
        const taken = this.#takeLast(head[0] as number, missing, emit);
        if (taken === 0) break;
        missing -= taken;
      }
    }
  }

  /** Takes back the last arrival of a chain, at most `most` copies; gives how many. */
  #takeLast(head: number, most: number, emit: Emit): number {
    const { next } = this.#chain;
    const weights = this.store.column(this.#width).i32;
    const copies = this.store.column(this.#width + 1).i32;
    const arrivals = this.store.column(this.#width + 2).i64;
    let last = -1n;
    for (let slot = head; slot >= 0; slot = next[slot] as number) {
      if ((arrivals[slot] as bigint) > last) last = arrivals[slot] as bigint;
    }
    const slots: number[] = [];
    for (let slot = head; slot >= 0; slot = next[slot] as number) {
      if (arrivals[slot] === last) slots.push(slot);
    }
    if (slots.length === 0) return 0;
    const had = copies[slots[0] as number] as number;
    const taken = Math.min(most, had);
    const list = Int32Array.from(slots);
    emit({
      length: list.length, columns: gatherSlots(this.store, this.#columns, list, list.length),
      weights: list.map((slot) => -((weights[slot] as number) / had) * taken),
    });
    if (taken === had) {
      this.#chain.removeSlots(list, list.length);
      for (const slot of list) this.store.free(slot);
    } else {
      for (const slot of list) {
        weights[slot] = ((weights[slot] as number) / had) * (had - taken);
        copies[slot] = had - taken;
        this.store.touch(slot);
      }
    }
    return taken;
  }

  /** Rebuilds from the store. */
  restore(): void {
    this.#chain.rebuild();
    const arrivals = this.store.column(this.#width + 2).i64;
    this.#arrivals = 0n;
    for (let slot = 0; slot < this.store.top; slot++) {
      const arrival = arrivals[slot] as bigint;
      if (this.store.live[slot] === 1 && arrival >= this.#arrivals) this.#arrivals = arrival + 1n;
    }
  }
}
