/**
 * What is written to storage: epoch records and parts of checkpoints, as plain data.
 *
 * Their binary form is in epoch-log.ts and checkpoint-codec.ts; storages see bytes only through
 * these. Nothing here does I/O.
 */

/** One record of the epoch log, encoded; `crc` covers `body`. */
export interface EpochRecord {
  readonly epoch: bigint;
  readonly body: Uint8Array;
}

/** What a part of a checkpoint holds. `base` and `delta` are slots of a store. */
export type PartKind = 'meta' | 'catalog' | 'base' | 'delta';

/**
 * A piece of a checkpoint. `base` parts replace the part of the same store and slice; `delta`
 * parts add to it; `meta` and `catalog` replace their predecessor. `store` is '' for these two.
 */
export interface CheckpointPart {
  readonly kind: PartKind;
  readonly store: string;
  /** Number of the slice of slots (base) or of the piece (delta), 0 otherwise. */
  readonly slice: number;
  readonly body: Uint8Array;
  /** Number of the checkpoint that wrote it; set by the storage. */
  readonly checkpoint?: number;
}

/** What a storage finds when it is opened. */
export interface Recovered {
  /** Epoch of the newest checkpoint, or null when there is none. */
  readonly checkpointEpoch: bigint | null;
  /** Parts of the newest state, base parts before delta parts, deltas in order of checkpoints. */
  readonly parts: readonly CheckpointPart[];
  /** Log records after the checkpoint, without gaps. */
  readonly records: readonly EpochRecord[];
}
