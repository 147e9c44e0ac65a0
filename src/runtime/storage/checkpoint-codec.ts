/**
 * Parts of checkpoints that hold slots of a RowStore, and their loading.
 *
 * Slots are cut into slices of SLICE_SLOTS. A `base` part holds all slots of a slice; a `delta`
 * part holds the slots that changed since the checkpoint before. A slot's newest state is in the
 * base of its slice or in a delta written after that base.
 */
import { must } from '../../common/assert.ts';
import type { Column } from '../batch.ts';
import type { RowStore } from '../state/row-store.ts';
import { ByteReader, ByteWriter, dataCorrupted } from './bytes.ts';
import {
  copyRange, gatherSlots, readColumn, scatterSlots, writeColumn,
} from './column-codec.ts';
import type { CheckpointPart } from './records.ts';

/** Slots in a base part. */
export const SLICE_SLOTS = 8192;

/** Slots of a store as they were at some moment: copied quickly, encoded later. */
export interface CapturedSlots {
  readonly kind: 'base' | 'delta';
  readonly store: string;
  readonly slice: number;
  readonly top: number;
  readonly slots: Int32Array;
  readonly live: Uint8Array;
  readonly columns: readonly Column[];
}

/** Copies the given slots (ascending). */
export function captureSlots(store: RowStore, slice: number, slots: Int32Array): CapturedSlots {
  const live = new Uint8Array(slots.length);
  for (let i = 0; i < slots.length; i++) live[i] = store.live[slots[i] ?? 0] ?? 0;
  return {
    kind: 'delta', store: store.name, slice, top: store.top, slots, live,
    columns: store.columns.map((column) => gatherSlots(column, slots)),
  };
}

/** Copies a whole slice, up to the store's top. */
export function captureSlice(store: RowStore, slice: number): CapturedSlots {
  const from = slice * SLICE_SLOTS;
  const to = Math.max(from, Math.min(from + SLICE_SLOTS, store.top));
  const slots = new Int32Array(to - from);
  for (let i = 0; i < slots.length; i++) slots[i] = from + i;
  return {
    kind: 'base', store: store.name, slice, top: store.top, slots,
    live: store.live.slice(from, to),
    columns: store.columns.map((column) => copyRange(column, from, to)),
  };
}

/** The binary form of captured slots. */
export function encodeSlots(captured: CapturedSlots): CheckpointPart {
  const { slots, columns, kind, store, slice } = captured;
  const writer = new ByteWriter();
  writer.u32(captured.top);
  writer.u32(slots.length);
  writer.raw(new Uint8Array(slots.buffer, slots.byteOffset, slots.byteLength));
  writer.raw(captured.live);
  writer.u32(columns.length);
  for (const column of columns) writeColumn(writer, column, slots.length);
  return { kind, store, slice, body: writer.finish() };
}

/** Fills an empty store from its parts: bases, then deltas in order. */
export function loadStore(store: RowStore, parts: readonly CheckpointPart[]): void {
  const baseAt = new Map<number, number>();
  let top = 0;
  for (const part of parts) {
    const reader = new ByteReader(part.body);
    const partTop = reader.u32();
    const slots = new Int32Array(reader.raw(reader.u32() * 4).buffer);
    const live = reader.raw(slots.length);
    const checkpoint = must(part.checkpoint, 'checkpoint of a part');
    if (part.kind === 'base') baseAt.set(part.slice, checkpoint);
    if (partTop > top) top = partTop;
    if (top > store.top) store.reserve(top - store.top);
    const skip = staleSlots(slots, part, baseAt);
    loadColumns(store, reader, slots, skip);
    for (let i = 0; i < slots.length; i++) {
      if (skip === null || skip[i] === 0) store.live[slots[i] ?? 0] = live[i] ?? 0;
    }
  }
  store.finishRestore(top);
}

/** Marks slots of a delta that is older than the base of their slice; null when none is. */
function staleSlots(
  slots: Int32Array, part: CheckpointPart, baseAt: ReadonlyMap<number, number>,
): Uint8Array | null {
  if (part.kind === 'base') return null;
  const checkpoint = must(part.checkpoint, 'checkpoint of a part');
  let skip: Uint8Array | null = null;
  for (let i = 0; i < slots.length; i++) {
    const base = baseAt.get(Math.floor((slots[i] ?? 0) / SLICE_SLOTS));
    if (base === undefined || base <= checkpoint) continue;
    skip ??= new Uint8Array(slots.length);
    skip[i] = 1;
  }
  return skip;
}

function loadColumns(
  store: RowStore, reader: ByteReader, slots: Int32Array, skip: Uint8Array | null,
): void {
  const count = reader.u32();
  if (count !== store.columns.length) {
    throw dataCorrupted(`store ${store.name} has ${count} columns, not ${store.columns.length}`);
  }
  for (const into of store.columns) {
    const column = readColumn(reader, slots.length);
    if (skip === null) {
      scatterSlots(into, column, slots);
      continue;
    }
    for (let i = 0; i < slots.length; i++) {
      if (skip[i] === 1) continue;
      const slot = slots[i] ?? 0;
      into.data[slot] = column.data[i] as never;
      if (into.nulls !== null) into.nulls[slot] = column.nulls?.[i] ?? 0;
    }
  }
}
