/**
 * Compression of record batches: gzip, snappy, lz4 and zstd, unpacked; and packed for producers.
 *
 * The only place that imports the codec packages. zstd is left to Node where
 * Node can (22.15); else fzstd unpacks it, and nothing packs it.
 */
import { createRequire } from 'node:module';
import * as zlib from 'node:zlib';
import { sqlError } from '../../../common/errors.ts';

interface Snappy {
  uncompress(bytes: Uint8Array): Uint8Array;
  compress(bytes: Uint8Array): Uint8Array;
}

interface Lz4 {
  decompress(bytes: Uint8Array, maxSize?: number): Uint8Array;
  compress(bytes: Uint8Array): Uint8Array;
}

interface Zstd {
  decompress(bytes: Uint8Array): Uint8Array;
}

type Unzip = (bytes: Uint8Array) => Uint8Array;

const load = createRequire(import.meta.url);
const snappy = (): Snappy => load('snappyjs') as Snappy;
const lz4 = (): Lz4 => load('lz4js') as Lz4;
const zstd = (): Zstd => load('fzstd') as Zstd;
/** Java producers write snappy in blocks behind this mark. */
const XERIAL = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0]);
const XERIAL_HEADER = 16;
const LZ4_FLAGS = 4;
const LZ4_INDEPENDENT = 0x20;

/** Unpacks the records of a batch. */
export function unpack(codec: string, bytes: Uint8Array): Uint8Array {
  const { buffer, byteOffset, byteLength } = unpackAny(codec, bytes);
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function unpackAny(codec: string, bytes: Uint8Array): Uint8Array {
  switch (codec) {
    case 'gzip': return zlib.gunzipSync(bytes);
    case 'snappy': return unpackSnappy(bytes);
    case 'lz4': return Uint8Array.from(lz4().decompress(bytes));
    case 'zstd': {
      const { zstdDecompressSync } = zlib as { zstdDecompressSync?: Unzip };
      return zstdDecompressSync?.(bytes) ?? zstd().decompress(bytes);
    }
    default:
      throw sqlError('0A000', `compression codec ${codec} is not supported`, {
        hint: 'Supported: gzip, snappy, lz4, zstd.',
      });
  }
}

function unpackSnappy(bytes: Uint8Array): Uint8Array {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!all.subarray(0, XERIAL.length).equals(XERIAL)) return snappy().uncompress(bytes);
  const parts: Uint8Array[] = [];
  for (let at = XERIAL_HEADER; at + 4 <= all.length;) {
    const length = all.readInt32BE(at);
    parts.push(snappy().uncompress(all.subarray(at + 4, at + 4 + length)));
    at += 4 + length;
  }
  return Buffer.concat(parts);
}

/** Packs the records of a batch; 0A000 for zstd on a Node without it. */
export function pack(codec: string, bytes: Uint8Array): Uint8Array {
  switch (codec) {
    case 'gzip': return zlib.gzipSync(bytes);
    case 'snappy': return snappy().compress(bytes);
    case 'lz4': return independentBlocks(lz4().compress(bytes));
    case 'zstd': {
      const { zstdCompressSync } = zlib as { zstdCompressSync?: (bytes: Uint8Array) => Uint8Array };
      if (zstdCompressSync !== undefined) return zstdCompressSync(bytes);
      throw sqlError('0A000', 'this Node cannot pack zstd', {
        hint: 'Use gzip, snappy or lz4, or Node 22.15 and later.',
      });
    }
    default: throw sqlError('0A000', `compression codec ${codec} is not supported`);
  }
}

/** Kafka wants frames that say that their blocks stand alone; ours have one block. */
function independentBlocks(frame: Uint8Array): Uint8Array {
  const xxh32 = load('lz4js/xxh32.js') as
    { hash(seed: number, bytes: Uint8Array, at: number, length: number): number };
  frame[LZ4_FLAGS] = (frame[LZ4_FLAGS] ?? 0) | LZ4_INDEPENDENT;
  frame[LZ4_FLAGS + 2] = (xxh32.hash(0, frame, LZ4_FLAGS, 2) >> 8) & 255;
  return frame;
}
