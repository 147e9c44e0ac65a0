/**
 * The changes an `over` node emits: old rows out, new rows in, only where a value is another one.
 *
 * Values computed for rows that are out already are held back until the old rows have been emitted
 * from the store; then they are written and the new rows emitted.
 */
import { assertNever } from '../../common/assert.ts';
import type { Value } from '../../common/values.ts';
import type { Emit } from '../operator.ts';
import type { StoreColumnData } from '../state/row-store.ts';
import { gatherSlots } from '../state/transfer.ts';
import type { WriteValue } from './over-call.ts';
import { readCell } from './over-make.ts';
import type { OverRows } from './over-rows.ts';

/** The output of one flush at a time; see the head of the file. */
export class OverOutput {
  readonly #rows: OverRows;
  readonly #batchRows: number;
  readonly #columns: readonly number[];
  /** Values to write: call, slot, value. */
  readonly #calls: number[] = [];
  readonly #slots: number[] = [];
  readonly #values: Value[] = [];
  readonly #changed: number[] = [];
  #isChanged: Uint8Array = new Uint8Array(0);

  constructor(rows: OverRows, batchRows: number) {
    this.#rows = rows;
    this.#batchRows = batchRows;
    this.#columns = rows.store.columns.map((_column, at) => at);
  }

  /** Takes the values of a call. */
  writer(call: number): WriteValue {
    const column = this.#rows.store.column(this.#rows.inputColumns.length + call);
    const read = readCell(column);
    return (slot, value) => {
      if (this.#rows.isFresh(slot)) {
        writeCell(column, slot, value);
        return;
      }
      if (isSame(read(slot), value)) return;
      this.#calls.push(call);
      this.#slots.push(slot);
      this.#values.push(value);
      if (this.#isChanged[slot] === 1) return;
      this.#isChanged[slot] = 1;
      this.#changed.push(slot);
    };
  }

  /** Makes ready for a flush: the store does not grow until `finish`. */
  start(): void {
    if (this.#isChanged.length < this.#rows.store.capacity) {
      this.#isChanged = new Uint8Array(this.#rows.store.capacity);
    }
  }

  /** Emits everything that changed and writes the new values. */
  finish(emit: Emit): void {
    const removed: number[] = [];
    const inserted: number[] = [];
    for (const change of this.#rows.changes()) {
      for (const slot of change.removed) removed.push(slot);
      for (const slot of change.inserted) inserted.push(slot);
    }
    this.#emit([...removed, ...this.#changed], -1, emit);
    const { store, inputColumns } = this.#rows;
    for (let i = 0; i < this.#slots.length; i++) {
      const slot = this.#slots[i] as number;
      writeCell(store.column(inputColumns.length + (this.#calls[i] as number)), slot,
        this.#values[i] as Value);
      store.touch(slot);
    }
    this.#emit([...inserted, ...this.#changed], 1, emit);
    for (const slot of this.#changed) this.#isChanged[slot] = 0;
    this.#changed.length = 0;
    this.#calls.length = 0;
    this.#slots.length = 0;
    this.#values.length = 0;
  }

  #emit(slots: readonly number[], weight: number, emit: Emit): void {
    for (let from = 0; from < slots.length; from += this.#batchRows) {
      const part = Int32Array.from(slots.slice(from, from + this.#batchRows));
      const { length } = part;
      emit({
        length, weights: new Int32Array(length).fill(weight),
        columns: gatherSlots(this.#rows.store, this.#columns, part, length),
      });
    }
  }
}

/** Writes a value into a cell of a store. */
function writeCell(column: StoreColumnData, slot: number, value: Value): void {
  if (column.nulls !== null) column.nulls[slot] = value === null ? 1 : 0;
  switch (column.kind) {
    case 'bool': column.bool[slot] = value === true ? 1 : 0; return;
    case 'i32': column.i32[slot] = typeof value === 'number' ? value : 0; return;
    case 'i64': column.i64[slot] = typeof value === 'bigint' ? value : 0n; return;
    case 'f64': column.f64[slot] = typeof value === 'number' ? value : 0; return;
    case 'ref': column.ref[slot] = value; return;
    default: assertNever(column.kind);
  }
}

/** True when two values are the same down to what they show as: 1.0 is not 1.00. */
function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (ArrayBuffer.isView(a) || ArrayBuffer.isView(b)) {
    return a instanceof Uint8Array && b instanceof Uint8Array && a.length === b.length
      && a.every((byte, at) => byte === b[at]);
  }
  const [left, right] = [Object.entries(a), Object.entries(b)];
  return left.length === right.length
    && left.every(([name, value], at) => right[at]?.[0] === name && isSame(value, right[at][1]));
}
