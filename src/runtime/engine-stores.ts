/**
 * Gives out durable stores and loads them from what recovery found.
 *
 * Every RowStore of the engine comes from here, so that checkpoints know them all. Names are
 * `<relation oid>.<generation>/...`: a rebuilt view gets a new generation and the old stores go.
 */
import { RowStore } from './state/row-store.ts';
import type { StoreColumn } from './state/row-store.ts';
import type { Checkpointer } from './storage/checkpoint.ts';
import { loadStore } from './storage/checkpoint-codec.ts';
import type { CheckpointPart, Recovered } from './storage/records.ts';

/** All durable stores. */
export class StoreProvider {
  readonly #checkpointer: Checkpointer;
  readonly #found = new Map<string, CheckpointPart[]>();
  readonly #stores = new Map<string, RowStore>();

  constructor(checkpointer: Checkpointer, recovered: Recovered) {
    this.#checkpointer = checkpointer;
    for (const part of recovered.parts) {
      if (part.kind !== 'base' && part.kind !== 'delta') continue;
      const parts = this.#found.get(part.store);
      if (parts === undefined) this.#found.set(part.store, [part]);
      else parts.push(part);
    }
  }

  /** A store by name: empty, or with what the checkpoint held. */
  open(name: string, columns: readonly StoreColumn[]): RowStore {
    const store = new RowStore(name, columns);
    const parts = this.#found.get(name) ?? [];
    if (parts.length > 0) loadStore(store, parts);
    this.#found.delete(name);
    this.#stores.set(name, store);
    this.#checkpointer.add(store, parts);
    return store;
  }

  /** Forgets all stores whose names begin so. */
  drop(prefix: string): void {
    for (const [name, store] of this.#stores) {
      if (!name.startsWith(prefix)) continue;
      this.#stores.delete(name);
      this.#checkpointer.remove(name);
      store.release();
    }
  }

  /** After recovery: what no one asked for belongs to nobody. */
  dropUnused(): void {
    for (const name of this.#found.keys()) {
      this.#checkpointer.add(new RowStore(name, []), []);
      this.#checkpointer.remove(name);
    }
    this.#found.clear();
  }
}
