/**
 * Incremental checkpoints: what changed in each store, and a rolling share of everything.
 *
 * A checkpoint has, per store, a delta of the dirty slots, and of all stores together at least as
 * many slots in base slices, in turn; so deltas that bases have overtaken can go, and the whole
 * stays below about three times the state. What is to be written is copied column by column between
 * two epochs; encoding (texts are most of it) and writing are done in pieces while epochs go on.
 */
import { must } from '../../common/assert.ts';
import type { RowStore } from '../state/row-store.ts';
import { captureSlice, captureSlots, encodeSlots, SLICE_SLOTS } from './checkpoint-codec.ts';
import type { CapturedSlots } from './checkpoint-codec.ts';
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

/** The state at an epoch, copied and not yet encoded. */
export interface CapturedCheckpoint {
  readonly epoch: bigint;
  readonly meta: readonly CheckpointPart[];
  readonly slots: readonly CapturedSlots[];
  /** Stores that were gone by then; those dropped later are still needed to replay the log. */
  readonly dropped: readonly string[];
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

  /** Copies what changed, as it is now, between two epochs. */
  capture(epoch: bigint, meta: Uint8Array, catalog: Uint8Array | null): CapturedCheckpoint {
    const number = ++this.#number;
    const first: CheckpointPart[] = [{ kind: 'meta', store: '', slice: 0, body: meta }];
    if (catalog !== null) first.push({ kind: 'catalog', store: '', slice: 0, body: catalog });
    const slots: CapturedSlots[] = [];
    let changed = 0;
    for (const progress of this.#stores.values()) {
      for (const captured of this.#changed(progress, number)) {
        slots.push(captured);
        if (captured.kind === 'delta') changed += captured.slots.length;
      }
    }
    this.#rollBases(number, changed, slots);
    this.#everything = false;
    return { epoch, meta: first, slots, dropped: this.#dropped.splice(0) };
  }

  #changed(progress: StoreProgress, number: number): CapturedSlots[] {
    const { store, bases } = progress;
    if (store.dirtyCount === 0 && !this.#everything) return [];
    const slots = store.takeDirty();
    if (!this.#everything && store.top > WHOLE_SLOTS && slots.length * 2 < store.top) {
      progress.deltas.push(number);
      return inPieces(store, slots);
    }
    const captured: CapturedSlots[] = [];
    for (let slice = 0; slice * SLICE_SLOTS < store.top; slice++) {
      captured.push(captureSlice(store, slice));
      bases[slice] = number;
    }
    return captured;
  }

  /** Base slices in turn, until they hold as many slots as the deltas of this checkpoint. */
  #rollBases(number: number, changed: number, captured: CapturedSlots[]): void {
    for (let rolled = 0; rolled < changed;) {
      const progress = this.#nextInTurn();
      if (progress === null) return;
      const slice = this.#turnSlice++;
      if (progress.bases[slice] === number) continue;
      const base = captureSlice(progress.store, slice);
      progress.bases[slice] = number;
      rolled += base.slots.length;
      captured.push(base);
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

  /** Encodes and writes a checkpoint and makes it the newest; breathes between pieces. */
  async write(captured: CapturedCheckpoint, breathe: () => Promise<void>): Promise<void> {
    const writer = this.#storage.beginCheckpoint(captured.epoch);
    try {
      for (const part of captured.meta) await writer.write(part);
      for (const slots of captured.slots) {
        await writer.write(encodeSlots(slots));
        await breathe();
      }
      for (const name of captured.dropped) writer.drop(name, null);
      for (const progress of this.#stores.values()) {
        const overtaken = overtakenDeltas(progress);
        if (overtaken === 0) continue;
        writer.drop(progress.store.name, overtaken);
        progress.deltas = progress.deltas.filter((checkpoint) => checkpoint > overtaken);
      }
      await writer.commit();
    } catch (error) {
      this.#everything = true;
      this.#number--;
      this.#dropped.push(...captured.dropped);
      await writer.abort();
      throw error;
    }
  }
}

/** Changed slots in pieces that are encoded and written in a few milliseconds each. */
function inPieces(store: RowStore, slots: Int32Array): CapturedSlots[] {
  const pieces: CapturedSlots[] = [];
  for (let from = 0; from < slots.length; from += SLICE_SLOTS) {
    pieces.push(captureSlots(store, pieces.length, slots.slice(from, from + SLICE_SLOTS)));
  }
  return pieces;
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
