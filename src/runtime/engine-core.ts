/**
 * The engine: one epoch after another, and reads at published epochs.
 *
 * Sessions, ingest and subscriptions stand on this. It knows relations, views, sources, the epoch
 * log and checkpoints, and nothing of SQL text, users or connections.
 */
import type { Value } from '../common/values.ts';
import type { QueryPlan } from '../planner/plans.ts';
import type { Batch } from './batch.ts';
import type { DdlChange } from './catalog-store-types.ts';
import type { CatalogStore } from './catalog-store.ts';
import type {
  CoreOptions, EngineInfo, EpochDeltas, IngestOutcome, Pin, RunOptions, SystemRelation,
  TableChange,
} from './engine-core-types.ts';
import type { Environment } from './storage/interfaces.ts';

/** The face of the engine core that sessions are written against. */
export interface EngineCoreFace {
  readonly catalog: CatalogStore;
  readonly info: EngineInfo;
  readonly environment: Environment;
  registerSystemRelation(relation: SystemRelation): number;
  commit(changes: readonly TableChange[], ddl: readonly DdlChange[]): Promise<bigint>;
  snapshot(relation: number, at: Pin | null): Iterable<Batch>;
  pin(): Pin;
  lookup(relation: number, columns: readonly number[], values: readonly Value[],
    at: Pin | null): Batch;
  runQuery(plan: QueryPlan, options: RunOptions): AsyncIterable<Batch>;
  settle(): Promise<void>;
  onEpoch(listener: (deltas: EpochDeltas) => void): () => void;
  ingest(relation: number, body: Uint8Array, idempotencyKey: string | null):
    Promise<IngestOutcome>;
  nextSequence(sequence: number): bigint;
  close(): Promise<void>;
}

/** How to open one: `EngineCore.open(options, environment)`. */
export type OpenEngineCore = (options: CoreOptions, environment: Environment) =>
  Promise<EngineCoreFace>;
