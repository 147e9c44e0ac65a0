/**
 * Bugs planted around the engine: in what it gets back from storage and files, in what it believes
 * to be durable, and in its operators. The simulation must find each of them.
 */
import { sqlError } from '../../src/common/errors.ts';
import type { Batch } from '../../src/runtime/batch.ts';
import { buildOperator } from '../../src/runtime/operators/build.ts';
import type { BuildOperator } from '../../src/runtime/graph.ts';
import type { Operator } from '../../src/runtime/operator.ts';
import type { CheckpointWriter, Storage } from '../../src/runtime/storage/interfaces.ts';
import type { EpochRecord, Recovered } from '../../src/runtime/storage/records.ts';
import type { SimDisk } from '../support/sim-environment.ts';

type WrapStorage = (real: Storage, disk: SimDisk) => Storage;

/** A planted bug: what it wraps. */
export interface PlantedBug {
  readonly name: string;
  readonly storage?: WrapStorage;
  readonly build?: BuildOperator;
  /** The old process goes on writing after a crash. */
  readonly zombie?: boolean;
  /** Files read back other bytes than before. */
  readonly files?: (bytes: Uint8Array, reads: number) => Uint8Array;
  /** An idempotency key is not sent again. */
  readonly freshKeys?: boolean;
}

/** A storage whose methods are those of another one, some of them replaced. */
function wrapped(real: Storage, changes: Partial<Storage>): Storage {
  return {
    keepsNothing: real.keepsNothing,
    open: () => real.open(),
    appendEpoch: (record) => real.appendEpoch(record),
    beginCheckpoint: (epoch) => real.beginCheckpoint(epoch),
    sizeBytes: () => real.sizeBytes(),
    close: () => real.close(),
    ...changes,
  };
}

/** Changes what recovery finds. */
function recovering(change: (found: Recovered) => Recovered): WrapStorage {
  return (real) => wrapped(real, { open: async () => change(await real.open()) });
}

/** Changes how epoch records are written. */
function appending(
  append: (real: Storage, record: EpochRecord, disk: SimDisk, count: number) => Promise<void>,
): WrapStorage {
  return (real, disk) => {
    let count = 0;
    return wrapped(real, {
      appendEpoch: (record) => append(real, record, disk, ++count),
    });
  };
}

/** Changes how checkpoints are written. */
function checkpointing(change: (writer: CheckpointWriter, count: number) => CheckpointWriter):
WrapStorage {
  return (real) => {
    let count = 0;
    return wrapped(real, { beginCheckpoint: (epoch) => change(real.beginCheckpoint(epoch), ++count) });
  };
}

/** Wraps the operators of a kind: `push` gets the number of the push. */
function operators(
  kinds: readonly string[], push: (real: Operator, args: Parameters<Operator['push']>, count: number) => void,
): BuildOperator {
  return (node, inputs, context) => {
    const real = buildOperator(node, inputs, context);
    if (!kinds.includes(node.kind)) return real;
    let count = 0;
    return new Proxy(real, {
      get(target, name): unknown {
        if (name === 'push') {
          return (...args: Parameters<Operator['push']>) => push(target, args, ++count);
        }
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? (value as (...rest: unknown[]) => unknown).bind(target) : value;
      },
    });
  };
}

function flipped(batch: Batch): Batch {
  return { ...batch, weights: batch.weights.map((weight) => -weight) };
}

let machineTicks = 0;

/** The bugs. */
export const PLANTED: readonly PlantedBug[] = [
  {
    name: 'acknowledged before the record is synced',
    storage: appending((_real, record, disk) => {
      disk.tail.push(record);
      return Promise.resolve();
    }),
  },
  {
    name: 'a record is forgotten now and then',
    storage: appending((real, record, _disk, count) =>
      count % 9 === 0 ? Promise.resolve() : real.appendEpoch(record)),
  },
  {
    name: 'a write on a full disk is kept although it was refused',
    storage: appending((real, record, disk) => {
      if (!disk.full) return real.appendEpoch(record);
      disk.records.push(record);
      return Promise.reject(sqlError('53100', 'no space left on device'));
    }),
  },
  {
    name: 'the last record is read twice',
    storage: recovering((found) => {
      const last = found.records.at(-1);
      return last === undefined ? found
        : { ...found, records: [...found.records, { ...last, epoch: last.epoch + 1n }] };
    }),
  },
  {
    name: 'the log is cut off by one record',
    storage: recovering((found) => ({ ...found, records: found.records.slice(0, -1) })),
  },
  {
    name: 'a checkpoint says it is of an older epoch than its state',
    storage: recovering((found) => found.checkpointEpoch === null || found.records.length === 0 ? found
      : { ...found, records: found.records.slice(1).map((record, at) =>
        ({ ...record, epoch: (found.checkpointEpoch ?? 0n) + 1n + BigInt(at) })) }),
  },
  {
    name: 'a checkpoint misses a dirty part',
    storage: checkpointing((writer, count) => ({
      ...writer, number: writer.number,
      write: (part) => part.kind === 'base' && count % 2 === 0 ? Promise.resolve() : writer.write(part),
    })),
  },
  {
    name: 'a checkpoint keeps old meta: positions and watermarks',
    storage: checkpointing((writer, count) => ({
      ...writer, number: writer.number,
      write: (part) => part.kind === 'meta' && count > 1 ? Promise.resolve() : writer.write(part),
    })),
  },
  { name: 'a dead process goes on writing', zombie: true },
  {
    name: 'a file reads back other bytes',
    files: (bytes, reads) => {
      const copy = bytes.slice();
      const at = copy.indexOf(0x37);
      if (reads % 7 === 0 && at >= 0) copy[at] = 0x38;
      return copy;
    },
  },
  {
    name: 'a batch into an aggregate is lost',
    build: operators(['aggregate'], (real, args, count) => {
      if (count % 6 !== 0) real.push(...args);
    }),
  },
  {
    name: 'a batch into a join comes twice',
    build: operators(['join'], (real, args, count) => {
      real.push(...args);
      if (count % 6 === 0) real.push(...args);
    }),
  },
  {
    name: 'a retraction is taken for an insertion',
    build: operators(['aggregate', 'distinct'], (real, [port, batch, emit], count) => {
      const first = batch.weights[0] ?? 1;
      real.push(port, count % 10 === 0 && first < 0 ? flipped(batch) : batch, emit);
    }),
  },
  {
    name: 'an operator looks at the machine\'s clock',
    build: operators(['topN', 'aggregate'], (real, [port, batch, emit]) => {
      machineTicks++;
      if (machineTicks % 61 !== 0) real.push(port, batch, emit);
    }),
  },
  { name: 'a retried request gets a new key', freshKeys: true },
];
