/**
 * Incremental checkpoints: what changed in each store, and a rolling share of everything.
 *
 * A checkpoint has, per store, a delta of the dirty slots, and of all stores together at least as
 * many bytes of base slices, in turn; so deltas that bases have overtaken can go, and the whole
 * stays below about three times the state. Encoding is one column-wise copy and takes place between
 * two epochs; writing is done in pieces while epochs go on.
 */
import { must } from '../../common/assert.ts';
import type { RowStore } from '../state/row-store.ts';
import { encodeSlots, SLICE_SLOTS, sliceSlots } from './checkpoint-codec.ts';
import type { Storage } from './interfaces.ts';
import type { CheckpointPart, Recovered } from './records.ts';

/** Stores up to this many slots are written whole: a delta would save nothing. */
const WHOLE_SLOTS = 1024;

/** What is durable of one store. */
interface StoreProgress {
  readonly store: RowStore;
  /** Checkpoint of each slice's newest base, 0 for none. */
  readonly bases: number[];
  /** Checkpoints that wrote deltas and are still needed. */
  deltas: number[];
}

/** An encoded checkpoint, ready to be written. */
export interface EncodedCheckpoint {
  readonly epoch: bigint;
  readonly parts: readonly CheckpointPart[];
  readonly bytes: number;
}

/** Knows every store and what of it has been written. */
export class Checkpointer {
  readonly #storage: Storage;
  readonly #stores = new Map<string, StoreProgress>();
  readonly #dropped: string[] = [];
  #number = 0;
  #turn: StoreProgress[] = [];
  #turnSlice = 0;
  /** A checkpoint failed: what it held is in no other, so the next one holds everything. */
  #everything = false;

  constructor(storage: Storage, recovered: Recovered) {
    this.#storage = storage;
    for (const { checkpoint } of recovered.parts) {
      if (checkpoint !== undefined && checkpoint > this.#number) this.#number = checkpoint;
    }
  }

  /** Takes a store under care; `parts` are what recovery found of it. */
  add(store: RowStore, parts: readonly CheckpointPart[]): void {
    const bases: number[] = [];
    const deltas: number[] = [];
    for (const part of parts) {
      const checkpoint = must(part.checkpoint, 'checkpoint of a part');
      if (part.kind === 'base') bases[part.slice] = checkpoint;
      else deltas.push(checkpoint);
    }
    this.#stores.set(store.name, { store, bases, deltas });
    const at = this.#dropped.indexOf(store.name);
    if (at >= 0) this.#dropped.splice(at, 1);
  }

  /** Forgets a store; its parts go with the next checkpoint. */
  remove(name: string): void {
    if (!this.#stores.delete(name)) return;
    this.#dropped.push(name);
    this.#turn = this.#turn.filter((progress) => progress.store.name !== name);
  }

  /** Slots changed since the last checkpoint, over all stores. */
  dirtySlots(): number {
    let total = 0;
    for (const { store } of this.#stores.values()) total += store.dirtyCount;
    return total;
  }

  /** Encodes the state as it is now. Nothing may run between this and the end of an epoch. */
  encode(epoch: bigint, meta: Uint8Array, catalog: Uint8Array | null): EncodedCheckpoint {
    const number = ++this.#number;
    const parts: CheckpointPart[] = [{ kind: 'meta', store: '', slice: 0, body: meta }];
    if (catalog !== null) parts.push({ kind: 'catalog', store: '', slice: 0, body: catalog });
    let deltaBytes = 0;
    for (const progress of this.#stores.values()) {
      for (const part of this.#changed(progress, number)) {
        parts.push(part);
        if (part.kind === 'delta') deltaBytes += part.body.length;
      }
    }
    this.#rollBases(number, deltaBytes, parts);
    this.#everything = false;
    const bytes = parts.reduce((total, part) => total + part.body.length, 0);
    return { epoch, parts, bytes };
  }

  #changed(progress: StoreProgress, number: number): CheckpointPart[] {
    const { store, bases } = progress;
    if (store.dirtyCount === 0 && !this.#everything) return [];
    const slots = store.takeDirty();
    if (!this.#everything && store.top > WHOLE_SLOTS && slots.length * 2 < store.top) {
      progress.deltas.push(number);
      return [encodeSlots(store, 'delta', 0, slots)];
    }
    const parts: CheckpointPart[] = [];
    for (let slice = 0; slice * SLICE_SLOTS < store.top; slice++) {
      parts.push(encodeSlots(store, 'base', slice, sliceSlots(store, slice)));
      bases[slice] = number;
    }
    return parts;
  }

  /** Base slices in turn, until they weigh as much as the deltas of this checkpoint. */
  #rollBases(number: number, deltaBytes: number, parts: CheckpointPart[]): void {
    let written = 0;
    while (written < deltaBytes) {
      const progress = this.#nextInTurn();
      if (progress === null) return;
      const slice = this.#turnSlice++;
      if (progress.bases[slice] === number) continue;
      const part = encodeSlots(progress.store, 'base', slice, sliceSlots(progress.store, slice));
      progress.bases[slice] = number;
      written += part.body.length;
      parts.push(part);
    }
  }

  #nextInTurn(): StoreProgress | null {
    let refilled = false;
    for (;;) {
      const progress = this.#turn[0];
      if (progress === undefined) {
        if (refilled) return null;
        refilled = true;
        this.#turn = [...this.#stores.values()].filter((each) => each.deltas.length > 0);
        this.#turnSlice = 0;
        continue;
      }
      if (this.#turnSlice * SLICE_SLOTS < progress.store.top) return progress;
      this.#turn.shift();
      this.#turnSlice = 0;
    }
  }

  /** Writes an encoded checkpoint and makes it the newest. `breathe` is awaited between pieces. */
  async write(encoded: EncodedCheckpoint, breathe: () => Promise<void>): Promise<void> {
    const writer = this.#storage.beginCheckpoint(encoded.epoch);
    try {
      for (const part of encoded.parts) {
        await writer.write(part);
        await breathe();
      }
      for (const name of this.#dropped) writer.drop(name, null);
      for (const progress of this.#stores.values()) {
        const overtaken = overtakenDeltas(progress);
        if (overtaken === 0) continue;
        writer.drop(progress.store.name, overtaken);
        progress.deltas = progress.deltas.filter((checkpoint) => checkpoint > overtaken);
      }
      await writer.commit();
      this.#dropped.length = 0;
    } catch (error) {
      this.#everything = true;
      this.#number--;
      await writer.abort();
      throw error;
    }
  }
}

/** Newest checkpoint whose deltas every base has overtaken, 0 for none. */
function overtakenDeltas({ store, bases, deltas }: StoreProgress): number {
  if (deltas.length === 0) return 0;
  let oldest = Number.MAX_SAFE_INTEGER;
  for (let slice = 0; slice * SLICE_SLOTS < store.top; slice++) {
    oldest = Math.min(oldest, bases[slice] ?? 0);
  }
  return must(deltas[0], 'delta') <= oldest ? oldest : 0;
}
