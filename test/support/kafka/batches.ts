/**
 * Makes record batches: encoded, compressed, with their checksum; control batches too.
 */
import { crc32c } from '../../../src/runtime/connectors/kafka/crc32c.ts';
import { pack } from '../../../src/runtime/real/kafka/codecs.ts';

/** A record to be stored. */
export interface TestRecord {
  readonly key?: string | Uint8Array | null;
  readonly value: string | Uint8Array | null;
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds since 1970. */
  readonly timestamp?: number;
  /** Place in its batch; the next one by default. */
  readonly delta?: number;
}

/** How a batch is made. */
export interface BatchOptions {
  readonly codec?: 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';
  readonly producerId?: bigint;
  readonly transactional?: boolean;
  readonly control?: boolean;
  readonly lastDelta?: number;
  readonly appendTime?: number;
}

const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];

const ZSTD_BLOCK = 100_000;

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, (BigInt(value) << 1n) ^ (BigInt(value) >> 63n));
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

function field(value: string | Uint8Array | null): Buffer {
  if (value === null) return varint(-1);
  const bytes = Buffer.from(value);
  return Buffer.concat([varint(bytes.length), bytes]);
}

function encodeRecord(record: TestRecord, delta: number, base: number): Buffer {
  const headers = Object.entries(record.headers ?? {});
  const body = Buffer.concat([
    Buffer.from([0]), varint((record.timestamp ?? base) - base), varint(delta),
    field(record.key ?? null), field(record.value), varint(headers.length),
    ...headers.flatMap(([name, value]) => [field(name), field(value)]),
  ]);
  return Buffer.concat([varint(body.length), body]);
}

/** A frame of blocks that are stored as they are: any Node can make it. */
function zstdFrame(plain: Buffer): Buffer<ArrayBuffer> {
  const head = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0, 0]);
  head.writeUInt32LE(plain.length, 5);
  const parts: Buffer[] = [head];
  for (let at = 0; at < plain.length; at += ZSTD_BLOCK) {
    const block = plain.subarray(at, at + ZSTD_BLOCK);
    const size = Buffer.alloc(3);
    size.writeUIntLE(block.length * 8 + (at + ZSTD_BLOCK >= plain.length ? 1 : 0), 0, 3);
    parts.push(size, block);
  }
  return Buffer.concat(parts);
}

/** A batch at an offset. */
export function makeBatch(
  baseOffset: bigint, records: readonly TestRecord[], options: BatchOptions = {},
): Buffer {
  const codec = options.codec ?? 'none';
  const base = records[0]?.timestamp ?? 0;
  const deltas = records.map(({ delta }, at) => delta ?? at);
  const plain = Buffer.concat(records.map((record, at) =>
    encodeRecord(record, deltas[at] ?? 0, base)));
  const body = codec === 'none' || records.length === 0 ? plain
    : codec === 'zstd' ? zstdFrame(plain) : Buffer.from(pack(codec, plain));
  const batch = Buffer.alloc(61 + body.length);
  batch.writeBigInt64BE(baseOffset, 0);
  batch.writeInt32BE(batch.length - 12, 8);
  batch.writeInt8(2, 16);
  batch.writeInt16BE(CODECS.indexOf(codec) | (options.appendTime === undefined ? 0 : 8)
    | (options.transactional === true ? 16 : 0) | (options.control === true ? 32 : 0), 21);
  batch.writeInt32BE(options.lastDelta ?? deltas.at(-1) ?? 0, 23);
  batch.writeBigInt64BE(BigInt(base), 27);
  batch.writeBigInt64BE(BigInt(options.appendTime
    ?? Math.max(base, ...records.map(({ timestamp }) => timestamp ?? base))), 35);
  batch.writeBigInt64BE(options.producerId ?? -1n, 43);
  batch.writeInt16BE(options.producerId === undefined ? -1 : 0, 51);
  batch.writeInt32BE(-1, 53);
  batch.writeInt32BE(records.length, 57);
  body.copy(batch, 61);
  batch.writeUInt32BE(crc32c(batch, 21), 17);
  return batch;
}

/** The mark that ends a transaction in a partition. */
export function controlBatch(offset: bigint, producerId: bigint, commit: boolean): Buffer {
  const key = Buffer.from([0, 0, 0, commit ? 1 : 0]);
  const record = { key, value: Buffer.alloc(6) };
  return makeBatch(offset, [record], { producerId, transactional: true, control: true });
}

/** What a stored batch says of itself. */
export interface BatchFacts {
  readonly base: bigint;
  readonly next: bigint;
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly sequence: number;
  readonly maxTimestamp: number;
  readonly control: boolean;
  readonly transactional: boolean;
}

/** Reads the header of a batch. */
export function factsOf(batch: Buffer): BatchFacts {
  const base = batch.readBigInt64BE(0);
  const attributes = batch.readInt16BE(21);
  return {
    base, next: base + BigInt(batch.readInt32BE(23)) + 1n, producerId: batch.readBigInt64BE(43),
    producerEpoch: batch.readInt16BE(51), sequence: batch.readInt32BE(53),
    maxTimestamp: Number(batch.readBigInt64BE(35)), control: (attributes & 32) !== 0,
    transactional: (attributes & 16) !== 0,
  };
}
