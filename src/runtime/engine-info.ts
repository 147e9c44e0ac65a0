/**
 * The engine as introspection sees it: figures, never rows.
 */
import type { SourceGap } from './engine-readers.ts';
import type {
  FollowedInfo,
  EngineInfo, EpochInfo, HistoryInfo, SharedArrangementInfo, SourceInfo,
  SystemRelation, ViewInfo, WatermarkInfo,
} from './engine-core-types.ts';
import type { EngineState } from './engine-state.ts';
import type { EventClock } from './engine-watermarks.ts';

/** What the state does not know. */
export interface FactSources {
  systemRelations(): readonly SystemRelation[];
  checkpointEpoch(): bigint;
  logBytes(): number;
  lastEpochMs(): number;
  storageStatus(): string;
}

/** Reads figures off the state. */
export class EngineFacts implements EngineInfo {
  readonly #state: EngineState;
  readonly #sources: FactSources;

  constructor(state: EngineState, sources: FactSources) {
    this.#state = state;
    this.#sources = sources;
  }

  watermarks(): readonly WatermarkInfo[] {
    const found: WatermarkInfo[] = [];
    for (const [id, { clock }] of this.#state.relations) {
      if (clock !== null) found.push(...describe(clock, id, 0));
    }
    for (const { relation, reader, clock } of this.#state.readers.values()) {
      if (clock !== null) found.push(...describe(clock, relation, reader));
    }
    return found;
  }

  views(): readonly ViewInfo[] {
    return this.#state.viewOrder().map((view) => ({
      relation: view.id, rows: view.rows.rows, ...view.counters,
      status: view.broken === null ? 'running' : `broken: ${view.broken}`,
      operators: view.flow.sizes(),
    }));
  }

  sources(): readonly SourceInfo[] {
    return [...this.#state.readers.values()].flatMap((reader) =>
      reader.partitions.map((partition, at) => ({
        relation: reader.relation, reader: reader.reader, connector: reader.connectorName,
        partition: at, position: partition.position, rows: partition.rows,
        deadLettered: partition.deadLetters,
        lag: reader.connector.lag?.(at, partition.position) ?? null,
        status: partition.ended ? 'finished'
          : reader.connector.status?.() ?? partition.status,
      })));
  }

  followedTables(): readonly FollowedInfo[] {
    return [...this.#state.readers.values()].flatMap(({ relation: source, connector }) =>
      (connector.tables?.() ?? []).map((table) => ({ ...table, source })));
  }

  gaps(): readonly SourceGap[] {
    return this.#state.gaps;
  }

  history(relation: number): HistoryInfo | null {
    const log = this.#state.changelogs.of(relation);
    return log === null ? null : {
      rows: log.rows, bytes: log.bytes(), floorEpoch: log.floor.epoch, floorAt: log.floor.at,
    };
  }

  epoch(): EpochInfo {
    const { epoch, now, epochsRun } = this.#state;
    return {
      epoch, now, epochsRun, checkpointEpoch: this.#sources.checkpointEpoch(),
      logBytes: this.#sources.logBytes(), storageStatus: this.#sources.storageStatus(),
      lastEpochMicros: BigInt(Math.round(this.#sources.lastEpochMs() * 1000)),
    };
  }

  knows(relation: number): boolean {
    return this.#state.relations.has(relation);
  }

  rowCount(relation: number): number {
    return this.#state.relations.get(relation)?.rows?.rows ?? 0;
  }

  lastOfSequence(id: number): bigint | null {
    return this.#state.sequences.get(id) ?? null;
  }

  storedBytes(relation: number): number {
    const view = this.#state.views.get(relation);
    const operators = view?.flow.sizes().reduce((total, { size }) => total + size.bytes, 0) ?? 0;
    return (this.#state.relations.get(relation)?.rows?.bytes() ?? 0) + operators;
  }

  sharedArrangements(relation: number): readonly SharedArrangementInfo[] {
    const state = this.#state.relations.get(relation);
    return (state?.rows?.arrangement.shared() ?? []).map(({ chain, users }) => ({
      users, keys: chain.keys, bytes: chain.bytes(),
      columns: chain.key.map((at) => state?.relation.columns[at]?.name ?? ''),
    }));
  }

  systemRelations(): readonly SystemRelation[] {
    return this.#sources.systemRelations();
  }
}

function describe(clock: EventClock, relation: number, reader: number): WatermarkInfo[] {
  return clock.describe().map((partition) => ({
    relation, reader, relationWatermark: clock.watermark, ...partition,
  }));
}
