/**
 * Record batches out of fetched bytes: checksum, codec, control and aborted batches.
 *
 * A last batch that is cut off is left out. Batches without records stay: their offsets must be
 * passed over. What a transaction aborted loses its records here.
 */
import { sqlError } from '../../../common/errors.ts';
import type { SqlError } from '../../../common/errors.ts';
import { crc32c } from './crc32c.ts';
import type { LogBatch } from './log-client.ts';

const HEADER_BYTES = 61;
const LENGTH_END = 12;
const CRC_END = 21;
const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];
const TRANSACTIONAL = 16;
const CONTROL = 32;
const APPEND_TIME = 8;
const NOTHING = new Uint8Array(0);

/** Unpacks the records of a batch; throws for what it cannot read. */
export type Unpack = (codec: string, bytes: Uint8Array) => Uint8Array;

/** A transaction that was aborted, from its first offset in the partition on. */
export interface AbortedTransaction {
  readonly producerId: bigint;
  readonly firstOffset: bigint;
}

/** 08P01 for a wrong checksum: worth one more try. */
export const DAMAGED_STATE = '08P01';

/** The whole batches in `bytes`. */
export function readRecordSet(
  bytes: Uint8Array, aborted: readonly AbortedTransaction[], unpack: Unpack,
): LogBatch[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const filter = new AbortFilter(aborted);
  const batches: LogBatch[] = [];
  for (let at = 0; at + HEADER_BYTES <= bytes.length;) {
    const end = at + LENGTH_END + view.getInt32(at + 8);
    if (end > bytes.length) break;
    batches.push(readBatch(view, { at, end }, filter, unpack));
    at = end;
  }
  return batches;
}

function readBatch(
  view: DataView, { at, end }: { readonly at: number; readonly end: number },
  filter: AbortFilter, unpack: Unpack,
): LogBatch {
  const magic = view.getInt8(at + 16);
  if (magic !== 2) {
    throw sqlError('0A000', `record batches of format ${magic} are not supported`, {
      hint: 'Let a broker of version 4 rewrite the topic.',
    });
  }
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  const baseOffset = view.getBigInt64(at);
  const crc = view.getUint32(at + 17);
  if (crc32c(bytes, at + CRC_END, end) !== crc) throw damaged(baseOffset);
  const attributes = view.getInt16(at + CRC_END);
  const lastDelta = view.getInt32(at + 23);
  const last = baseOffset + BigInt(lastDelta);
  const skipped = filter.skips({
    producerId: view.getBigInt64(at + 43), last, control: (attributes & CONTROL) !== 0,
    transactional: (attributes & TRANSACTIONAL) !== 0,
    controlType: () => controlType(bytes.subarray(at + HEADER_BYTES, end)),
  });
  const count = skipped ? 0 : view.getInt32(at + 57);
  const codec = CODECS[attributes & 7] ?? `number ${attributes & 7}`;
  const body = bytes.subarray(at + HEADER_BYTES, end);
  return {
    baseOffset, nextOffset: last + 1n, crc, count, leaderEpoch: view.getInt32(at + LENGTH_END),
    baseTimestamp: Number(view.getBigInt64(at + 27)),
    maxTimestamp: Number(view.getBigInt64(at + 35)),
    appendTime: (attributes & APPEND_TIME) !== 0,
    bytes: count === 0 ? NOTHING : codec === 'none' ? body : unpack(codec, body),
  };
}

/** 0: abort, 1: commit. A control record is short: its key is version and type, two bytes each. */
function controlType(records: Uint8Array): number {
  let at = 0;
  const skipVarint = (): void => { while ((records[at++] ?? 0) >= 128) continue; };
  skipVarint();
  at++;
  skipVarint();
  skipVarint();
  skipVarint();
  return records[at + 3] ?? 0;
}

interface BatchFacts {
  readonly producerId: bigint;
  readonly last: bigint;
  readonly control: boolean;
  readonly transactional: boolean;
  readonly controlType: () => number;
}

/** Follows aborted transactions through a partition. */
class AbortFilter {
  readonly #coming: AbortedTransaction[];
  readonly #open = new Set<bigint>();

  constructor(aborted: readonly AbortedTransaction[]) {
    this.#coming = aborted.toSorted((a, b) => a.firstOffset < b.firstOffset ? -1 : 1);
  }

  skips(batch: BatchFacts): boolean {
    for (let next = this.#coming[0]; next !== undefined && next.firstOffset <= batch.last;
      next = this.#coming[0]) {
      this.#open.add(next.producerId);
      this.#coming.shift();
    }
    if (batch.control) {
      if (batch.controlType() === 0) this.#open.delete(batch.producerId);
      return true;
    }
    return batch.transactional && this.#open.has(batch.producerId);
  }
}

function damaged(offset: bigint): SqlError {
  return sqlError(DAMAGED_STATE, `record batch at offset ${offset} has a wrong checksum`);
}
