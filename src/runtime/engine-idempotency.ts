/**
 * Idempotency keys that have been seen: a bounded table, durable like any other store.
 */
import { must } from '../common/assert.ts';
import type { RowStore, StoreColumn } from './state/row-store.ts';

/** Keys kept; older ones are forgotten. */
const KEYS_MAX = 100_000;

/** Columns of the store behind the keys. */
export const IDEMPOTENCY_COLUMNS: readonly StoreColumn[] = [
  { name: 'key', type: { name: 'text' }, nullable: false },
  { name: 'table', type: { name: 'int4' }, nullable: false },
  { name: 'epoch', type: { name: 'int8' }, nullable: false },
  { name: 'accepted', type: { name: 'int4' }, nullable: false },
  { name: 'number', type: { name: 'int8' }, nullable: false },
];

/** What is remembered of a key. */
export interface SeenKey {
  readonly epoch: bigint;
  readonly accepted: number;
}

/** The table of keys. */
export class IdempotencyKeys {
  readonly #store: RowStore;
  /** Slots by table and key, oldest first. */
  readonly #slots = new Map<string, number>();
  #next = 0n;

  constructor(store: RowStore) {
    this.#store = store;
    const numbers = store.column(4).i64;
    const slots: number[] = [];
    for (let slot = 0; slot < store.top; slot++) if (store.live[slot] === 1) slots.push(slot);
    slots.sort((a, b) => (numbers[a] ?? 0n) < (numbers[b] ?? 0n) ? -1 : 1);
    for (const slot of slots) {
      const key = textAt(store, slot);
      this.#slots.set(mapKey(store.column(1).i32[slot] ?? 0, key), slot);
      this.#next = (numbers[slot] ?? 0n) + 1n;
    }
  }

  find(table: number, key: string): SeenKey | null {
    const slot = this.#slots.get(mapKey(table, key));
    if (slot === undefined) return null;
    return {
      epoch: this.#store.column(2).i64[slot] ?? 0n,
      accepted: this.#store.column(3).i32[slot] ?? 0,
    };
  }

  remember(table: number, key: string, seen: SeenKey): void {
    const store = this.#store;
    const name = mapKey(table, key);
    const slot = this.#slots.get(name) ?? store.alloc();
    this.#slots.delete(name);
    this.#slots.set(name, slot);
    store.column(0).ref[slot] = key;
    store.column(1).i32[slot] = table;
    store.column(2).i64[slot] = seen.epoch;
    store.column(3).i32[slot] = seen.accepted;
    store.column(4).i64[slot] = this.#next++;
    store.touch(slot);
    if (this.#slots.size <= KEYS_MAX) return;
    const [oldest, oldSlot] = must(this.#slots.entries().next().value, 'oldest key');
    this.#slots.delete(oldest);
    store.free(oldSlot);
  }
}

function textAt(store: RowStore, slot: number): string {
  const key = store.column(0).ref[slot];
  return typeof key === 'string' ? key : '';
}

function mapKey(table: number, key: string): string {
  return `${table}/${key}`;
}
