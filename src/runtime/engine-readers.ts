/**
 * Readers of connectors: positions, counters and event time per partition.
 *
 * A TABLE with a connector has one reader (number 0); a SOURCE has one per view that reads it, each
 * from the earliest position on. Positions move only when an epoch that took the rows is run.
 */
import { must } from '../common/assert.ts';
import type { OpenConnector, SourceMark } from './connectors/connector.ts';
import type { ClockState, EventClock } from './engine-watermarks.ts';

/** What a checkpoint keeps of a reader. */
export interface ReaderSaved {
  readonly relation: number;
  readonly reader: number;
  readonly partitions: readonly PartitionSaved[];
  readonly clock: ClockState | null;
}

interface PartitionSaved {
  /** Why it stands still until it is told to go on, and where it then does. */
  readonly lost?: { readonly reason: string; readonly resumeAt: bigint };
  readonly position: bigint;
  readonly ended: boolean;
  readonly rows: bigint;
  readonly deadLetters: bigint;
  readonly mark?: SourceMark;
}

/** A partition as it is read. */
export interface PartitionState {
  position: bigint;
  ended: boolean;
  rows: bigint;
  deadLetters: bigint;
  /** running, caught_up, finished, stalled(reason), broken(reason) */
  status: string;
  /** Where a broken partition can go on, leaving out what is missing; null: nowhere. */
  resumeAt: bigint | null;
  /** What was read is gone: nothing is read until somebody says where to go on. */
  lost: boolean;
  /** The last record before the position, where the source can look for it again. */
  mark: SourceMark | null;
}

/** Stops a partition whose rows were lost. */
export function lose(state: PartitionState, status: string, resumeAt: bigint): void {
  Object.assign(state, { status, resumeAt, lost: true });
}

/** What a source went on behind: offsets nobody will ever see here. */
export interface SourceGap {
  readonly relation: number;
  readonly reader: number;
  readonly partition: number;
  /** The first position that is missing, and the one reading went on at. */
  readonly first: bigint;
  readonly next: bigint;
  readonly epoch: bigint;
  readonly at: bigint;
  readonly reason: string;
}

/** Identity of a reader. */
export function readerKey(relation: number, reader: number): string {
  return `${relation}/${reader}`;
}

/** A reader of a connector. */
export class ReaderState {
  readonly relation: number;
  readonly reader: number;
  readonly connectorName: string;
  /** ON ERROR STOP: a record that cannot be decoded ends the reading. */
  readonly stopsOnError: boolean;
  /** Its rows go into the log: the outside may not have them a second time. */
  readonly logsRows: boolean;
  readonly connector: OpenConnector;
  /** Event time of a SOURCE as this reader sees it; a TABLE's clock is the relation's. */
  readonly clock: EventClock | null;
  readonly partitions: PartitionState[];

  constructor(
    of: { readonly relation: number; readonly reader: number; readonly connectorName: string;
      readonly stopsOnError: boolean; readonly logsRows: boolean },
    connector: OpenConnector, clock: EventClock | null,
  ) {
    this.relation = of.relation;
    this.reader = of.reader;
    this.connectorName = of.connectorName;
    this.stopsOnError = of.stopsOnError;
    this.logsRows = of.logsRows;
    this.connector = connector;
    this.clock = clock;
    this.partitions = [];
    this.grow(connector.partitions);
  }

  /** Takes up partitions that have come into being. */
  grow(count: number): void {
    for (let at = this.partitions.length; at < count; at++) {
      this.partitions.push({
        position: this.connector.startOf?.(at) ?? 0n, ended: false, rows: 0n, deadLetters: 0n,
        status: 'running', resumeAt: null, lost: false, mark: null,
      });
    }
  }

  partition(at: number): PartitionState {
    this.grow(at + 1);
    return must(this.partitions[at], 'partition');
  }

  save(): ReaderSaved {
    return {
      relation: this.relation, reader: this.reader, clock: this.clock?.save() ?? null,
      partitions: this.partitions.map((state) => {
        const { position, ended, rows, deadLetters, status, resumeAt, lost, mark } = state;
        return {
          position, ended, rows, deadLetters,
          ...lost && resumeAt !== null ? { lost: { reason: status, resumeAt } } : {},
          ...mark === null ? {} : { mark },
        };
      }),
    };
  }

  load(saved: ReaderSaved): void {
    for (const [at, { lost, ...partition }] of saved.partitions.entries()) {
      const state = this.partition(at);
      Object.assign(state, { mark: null }, partition,
        { status: partition.ended ? 'finished' : 'running' });
      if (lost !== undefined) lose(state, lost.reason, lost.resumeAt);
    }
    if (saved.clock !== null) this.clock?.load(saved.clock);
  }
}
