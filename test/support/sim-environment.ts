/**
 * A simulated world for the engine: a clock that tests move, files in memory, and a disk with a
 * durable part and a tail that a crash may lose.
 */
import { sqlError } from '../../src/common/errors.ts';
import type {
  Cancel, CheckpointWriter, Environment, Files, Storage, TestClock,
} from '../../src/runtime/storage/interfaces.ts';
import { loadScriptHost } from '../../src/runtime/real/script-sandbox.ts';
import type { CheckpointPart, EpochRecord, Recovered } from '../../src/runtime/storage/records.ts';

/** A clock that stands still until a test moves it. */
export class SimClock implements TestClock {
  #now = 1_700_000_000_000_000n;
  #elapsed = 0;
  running = false;
  #timers: { readonly at: bigint; readonly fire: () => void }[] = [];

  nowMicros(): bigint { return this.#now; }

  get isSet(): boolean { return true; }

  /** SET tidemill.clock and ADVANCE CLOCK; there is no other clock to go back to. */
  set(now: bigint | null): void {
    if (now !== null) this.advance(now - this.#now);
  }

  /** With `running` set, slices end by the machine's time as well. */
  elapsedMs(): number {
    return this.running ? this.#elapsed + performance.now() : this.#elapsed;
  }

  timer(at: bigint, fire: () => void): Cancel {
    const timer = { at, fire };
    if (at <= this.#now) {
      setImmediate(fire);
      return () => undefined;
    }
    this.#timers.push(timer);
    return () => { this.#timers = this.#timers.filter((each) => each !== timer); };
  }

  /** Moves time on and fires what is due. */
  advance(micros: bigint): void {
    this.#now += micros;
    this.#elapsed += Math.max(0, Number(micros) / 1000);
    const due = this.#timers.filter((timer) => timer.at <= this.#now);
    this.#timers = this.#timers.filter((timer) => timer.at > this.#now);
    for (const timer of due) timer.fire();
  }
}

/** Files by path. */
export class SimFiles implements Files {
  readonly contents: Map<string, Uint8Array> = new Map();

  write(path: string, text: string): void {
    this.contents.set(path, new TextEncoder().encode(text));
  }

  size(path: string): Promise<number | null> {
    return Promise.resolve(this.contents.get(path)?.length ?? null);
  }

  read(path: string, position: number, length: number): Promise<Uint8Array> {
    const all = this.contents.get(path) ?? new Uint8Array(0);
    return Promise.resolve(all.slice(position, position + length));
  }
}

/** What is on the disk; it outlives the storages that write to it. */
export class SimDisk {
  records: EpochRecord[] = [];
  /** Records written but not synced: a crash keeps a prefix of them. */
  tail: EpochRecord[] = [];
  parts: CheckpointPart[] = [];
  checkpoint = 0;
  checkpointEpoch: bigint | null = null;
  /** Every write fails for lack of space. */
  full = false;
  /** Syncing hangs: what is appended stays in the tail and is never acknowledged. */
  stuck = false;

  /** A power cut: `keep` records of the tail survive. */
  crash(keep: number): void {
    this.records.push(...this.tail.slice(0, keep));
    this.tail = [];
    this.parts = this.parts.filter((part) => (part.checkpoint ?? 0) <= this.checkpoint);
  }
}

/** Storage on a SimDisk. */
export class SimStorage implements Storage {
  readonly keepsNothing = false;
  readonly #disk: SimDisk;
  /** The process is gone: whatever it still does never reaches the disk. */
  dead = false;

  constructor(disk: SimDisk) {
    this.#disk = disk;
  }

  open(): Promise<Recovered> {
    const { parts, records, checkpoint, checkpointEpoch } = this.#disk;
    const newest = new Map<string, CheckpointPart>();
    const visible = parts.filter((part) => (part.checkpoint ?? 0) <= checkpoint)
      .toSorted((a, b) => rank(a) - rank(b) || (a.checkpoint ?? 0) - (b.checkpoint ?? 0));
    for (const part of visible) {
      const of = part.kind === 'delta' ? part.checkpoint : 0;
      newest.set(`${part.kind}/${part.store}/${part.slice}/${of}`, part);
    }
    return Promise.resolve({
      checkpointEpoch, parts: [...newest.values()],
      records: records.filter(({ epoch }) => epoch > (checkpointEpoch ?? 0n)),
    });
  }

  appendEpoch(record: EpochRecord): Promise<void> {
    if (this.dead) return new Promise(() => undefined);
    if (this.#disk.full) return Promise.reject(diskFull());
    this.#disk.tail.push(record);
    if (this.#disk.stuck) return new Promise(() => undefined);
    this.#disk.records.push(...this.#disk.tail);
    this.#disk.tail = [];
    return Promise.resolve();
  }

  beginCheckpoint(epoch: bigint): CheckpointWriter {
    const disk = this.#disk;
    const number = disk.checkpoint + 1;
    const drops: (readonly [string, number | null])[] = [];
    return {
      number,
      write: (part) => {
        if (this.dead) return new Promise(() => undefined);
        if (disk.full) return Promise.reject(diskFull());
        disk.parts.push({ ...part, checkpoint: number });
        return Promise.resolve();
      },
      drop: (store, upTo) => { drops.push([store, upTo]); },
      commit: () => {
        if (this.dead) return new Promise(() => undefined);
        disk.checkpoint = number;
        disk.checkpointEpoch = epoch;
        disk.records = disk.records.filter((record) => record.epoch > epoch);
        for (const [store, upTo] of drops) {
          disk.parts = disk.parts.filter((part) => part.store !== store
            || (upTo !== null && (part.kind !== 'delta' || (part.checkpoint ?? 0) > upTo)));
        }
        return Promise.resolve();
      },
      abort: () => {
        disk.parts = disk.parts.filter((part) => part.checkpoint !== number);
        return Promise.resolve();
      },
    };
  }

  sizeBytes(): number {
    return this.#disk.parts.reduce((total, part) => total + part.body.length, 0);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function rank(part: CheckpointPart): number {
  return ['meta', 'catalog', 'base', 'delta'].indexOf(part.kind);
}

function diskFull(): Error {
  return sqlError('53100', 'could not write to the data directory: no space left on device');
}

/** A world around a disk. */
export interface SimWorld extends Environment {
  readonly clock: SimClock;
  readonly files: SimFiles;
  readonly lines: string[];
}

/** Makes an environment on a disk; clock and files may be those of an earlier one. */
export function simWorld(
  storage: Storage, from: { readonly clock?: SimClock; readonly files?: SimFiles } = {},
): SimWorld {
  const lines: string[] = [];
  const clock = from.clock ?? new SimClock();
  return {
    clock, testClock: clock, files: from.files ?? new SimFiles(), storage, lines,
    entropy: { u32: () => 1, bytes: (length) => new Uint8Array(length) },
    exec: { yield: () => new Promise((resolve) => { setImmediate(resolve); }) },
    scripts: loadScriptHost, checkLaws: true,
    log: (line) => { lines.push(line); },
  };
}
