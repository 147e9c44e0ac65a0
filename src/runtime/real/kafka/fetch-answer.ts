/**
 * Reads a Fetch answer of versions 4 to 11, with our own record decoder.
 */
import { DAMAGED_STATE, readRecordSet } from '../../connectors/kafka/record-set.ts';
import type { AbortedTransaction } from '../../connectors/kafka/record-set.ts';
import type { PartitionFetch } from '../../connectors/kafka/log-client.ts';
import { SqlError } from '../../../common/errors.ts';
import { unpack } from './codecs.ts';
import { errorName } from './kafkajs-internals.ts';

/** Name given to a record batch with a wrong checksum; `message` has the offset. */
export const CORRUPT = 'CORRUPT_BATCH';

/** The partitions of a Fetch answer. */
export function readFetchAnswer(bytes: Uint8Array, version: number): PartitionFetch[] {
  const raw = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const reader = new Reader(raw);
  reader.i32();
  if (version >= 7) {
    const code = reader.i16();
    reader.i32();
    if (code !== 0) throw new Error(errorName(code));
  }
  const found: PartitionFetch[] = [];
  for (let topics = reader.i32(); topics > 0; topics--) {
    reader.skip(reader.i16());
    for (let partitions = reader.i32(); partitions > 0; partitions--) {
      found.push(readPartition(reader, version));
    }
  }
  return found;
}

function readPartition(reader: Reader, version: number): PartitionFetch {
  const partition = reader.i32();
  const code = reader.i16();
  const highWatermark = reader.i64();
  reader.i64();
  const logStart = version >= 5 ? reader.i64() : 0n;
  const aborted: AbortedTransaction[] = [];
  for (let left = reader.i32(); left > 0; left--) {
    aborted.push({ producerId: reader.i64(), firstOffset: reader.i64() });
  }
  if (version >= 11) reader.i32();
  const records = reader.bytes(Math.max(0, reader.i32()));
  const facts = { partition, highWatermark, logStart };
  if (code !== 0) return { ...facts, error: errorName(code), batches: [] };
  try {
    return { ...facts, error: null, batches: readRecordSet(records, aborted, unpack) };
  } catch (error) {
    if (!(error instanceof SqlError) || error.sqlState !== DAMAGED_STATE) throw error;
    return { ...facts, error: `${CORRUPT}: ${error.message}`, batches: [] };
  }
}

class Reader {
  readonly #raw: Buffer;
  #at = 0;

  constructor(raw: Buffer) {
    this.#raw = raw;
  }

  skip(count: number): void { this.#at += Math.max(0, count); }
  i16(): number { return this.#raw.readInt16BE((this.#at += 2) - 2); }
  i32(): number { return this.#raw.readInt32BE((this.#at += 4) - 4); }
  i64(): bigint { return this.#raw.readBigInt64BE((this.#at += 8) - 8); }
  bytes(count: number): Uint8Array { return this.#raw.subarray(this.#at, this.#at += count); }
}
