/**
 * The columns of a batch as the hand-written loops take them: lanes, words and references.
 */
import type { Batch, Column } from '../../src/runtime/batch.ts';
import { columnAt } from '../nexmark/events.ts';
import type { EpochEvents } from '../nexmark/events.ts';
import type { NexmarkKind } from '../../src/runtime/connectors/nexmark/generator.ts';

const TWO_32 = 4294967296;

function columnOf(events: EpochEvents, kind: NexmarkKind, name: string): Column {
  const batch: Batch = events[kind];
  const column = batch.columns[columnAt(kind, name)];
  if (column === undefined) throw new Error(`no column ${name}`);
  return column;
}

/** A column of 64-bit integers. */
export function words(events: EpochEvents, kind: NexmarkKind, name: string): BigInt64Array {
  const column = columnOf(events, kind, name);
  if (column.kind !== 'i64') throw new Error(`${name} is no integer`);
  return column.data.length === events[kind].length ? column.data
    : column.data.subarray(0, events[kind].length);
}

/** A column of 64-bit integers as pairs of 32-bit halves, low half first. */
export function lanes(events: EpochEvents, kind: NexmarkKind, name: string): Int32Array {
  const data = words(events, kind, name);
  return new Int32Array(data.buffer, data.byteOffset, data.length * 2);
}

/** A column of texts. */
export function texts(events: EpochEvents, kind: NexmarkKind, name: string): string[] {
  const column = columnOf(events, kind, name);
  if (column.kind !== 'ref') throw new Error(`${name} is no text`);
  return column.data as string[];
}

/** Value `at` of a column of lanes as a double; exact below 2^53. */
export function wide(halves: Int32Array, at: number): number {
  return (halves[2 * at + 1] as number) * TWO_32 + ((halves[2 * at] as number) >>> 0);
}
