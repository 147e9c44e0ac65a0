/**
 * Storage for ':memory:': keeps nothing and is always empty when opened.
 */
import type { CheckpointWriter, Storage } from './interfaces.ts';
import type { Recovered } from './records.ts';

const NO_CHECKPOINT: CheckpointWriter = {
  number: 0,
  write: () => Promise.resolve(),
  drop: () => undefined,
  commit: () => Promise.resolve(),
  abort: () => Promise.resolve(),
};

/** Keeps nothing. */
export class MemoryStorage implements Storage {
  /** True: the engine need not encode what nobody will read. */
  readonly keepsNothing = true;

  open(): Promise<Recovered> {
    return Promise.resolve({ checkpointEpoch: null, parts: [], records: [] });
  }

  appendEpoch(): Promise<void> {
    return Promise.resolve();
  }

  beginCheckpoint(): CheckpointWriter {
    return NO_CHECKPOINT;
  }

  sizeBytes(): number {
    return 0;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
