/**
 * Nexmark events, made once and kept in columns: what the engine, the limits and the peers are fed.
 *
 * An epoch's events are one batch per kind. Columns that no query of the run reads are left NULL.
 */
import type { Batch } from '../../src/runtime/batch.ts';
import {
  NEXMARK_COLUMNS, NexmarkGenerator,
} from '../../src/runtime/connectors/nexmark/generator.ts';
import type { NexmarkKind } from '../../src/runtime/connectors/nexmark/generator.ts';

/** Events of one epoch. */
export interface EpochEvents {
  readonly person: Batch;
  readonly auction: Batch;
  readonly bid: Batch;
}

/** Everything a run is fed. */
export interface Events {
  /** Events that are measured. */
  readonly total: number;
  readonly perEpoch: number;
  /** The first epochs warm up: they are fed and checked like the rest, but not measured. */
  readonly warmEpochs: number;
  readonly epochs: readonly EpochEvents[];
}

/** Columns to make, by kind. */
export type Needed = Readonly<Record<NexmarkKind, readonly string[]>>;

/** Event time moves on by 100 microseconds an event: no two events have the same time. */
export const EVENTS_PER_SECOND = 10_000;
/** 2024-01-01 00:00 UTC. */
export const START: bigint = 1_704_067_200_000_000n;
const SEED = 42;
/** About what the compiler needs to get there. */
const WARM_EVENTS = 400_000;

/** The kinds, in the order in which they are fed. */
export const KINDS: readonly NexmarkKind[] = ['person', 'auction', 'bid'];

/** Place of a column of a kind. */
export function columnAt(kind: NexmarkKind, name: string): number {
  const at = NEXMARK_COLUMNS[kind].findIndex((column) => column.name === name);
  if (at < 0) throw new Error(`nexmark ${kind} has no column ${name}`);
  return at;
}

/** Epochs that warm up before `total` measured events. */
function warmEpochsOf(total: number, perEpoch: number): number {
  return Math.ceil(Math.min(total, WARM_EVENTS) / perEpoch);
}

/** Makes `total` events in epochs of `perEpoch`, and those that warm up before them. */
export function makeEvents(total: number, perEpoch: number, needed: Needed): Events {
  const warmEpochs = warmEpochsOf(total, perEpoch);
  const last = warmEpochs * perEpoch + total;
  const generator = new NexmarkGenerator({
    seed: SEED, start: START, perSecond: EVENTS_PER_SECOND,
  });
  const wanted = (kind: NexmarkKind): Set<number> =>
    new Set(needed[kind].map((name) => columnAt(kind, name)));
  const sets = { person: wanted('person'), auction: wanted('auction'), bid: wanted('bid') };
  const epochs: EpochEvents[] = [];
  for (let from = 0; from < last; from += perEpoch) {
    const to = Math.min(last, from + perEpoch);
    epochs.push({
      person: generator.batch('person', from, to, sets.person),
      auction: generator.batch('auction', from, to, sets.auction),
      bid: generator.batch('bid', from, to, sets.bid),
    });
  }
  return { total, perEpoch, warmEpochs, epochs };
}

/** The same beginning with fewer events to measure. */
export function firstEvents(events: Events, most: number): Events {
  const { perEpoch } = events;
  const total = Math.min(events.total, most);
  const warmEpochs = warmEpochsOf(total, perEpoch);
  const epochs = events.epochs.slice(0, warmEpochs + Math.ceil(total / perEpoch));
  return { total, perEpoch, warmEpochs, epochs };
}
