/**
 * Hashes of plain values: 32-bit integers, well mixed in all bits.
 *
 * Used by hash indexes, partitioning and the registry. The functions are part of no stored format
 * but must agree within a process: what two places hash alike must be equal in both.
 */

/** Mixes a 32-bit integer (the finalizer of MurmurHash3). */
export function hashInt32(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** Hashes a 64-bit integer given as its low and high 32 bits. */
export function hashInt64Lanes(lo: number, hi: number): number {
  return hashInt32(Math.imul(lo ^ 0x9e3779b9, 0x2c1b3c6d) ^ hashInt32(hi));
}

/** Hashes the low 64 bits of a bigint as `hashInt64Lanes` does. */
export function hashBigint64(value: bigint): number {
  BIGINT_LANE[0] = value;
  return hashInt64Lanes(BIGINT_WORDS[0] ?? 0, BIGINT_WORDS[1] ?? 0);
}

const BIGINT_LANE = new BigInt64Array(1);
const BIGINT_WORDS = new Int32Array(BIGINT_LANE.buffer);
const FLOAT_LANE = new Float64Array(1);
const FLOAT_WORDS = new Int32Array(FLOAT_LANE.buffer);
const NAN_HASH = 0x7ff80000;

/** Hashes a double; -0 hashes as 0 and all NaN alike. */
export function hashFloat64(value: number): number {
  if (value !== value) return NAN_HASH;
  FLOAT_LANE[0] = value + 0;
  return hashInt64Lanes(FLOAT_WORDS[0] ?? 0, FLOAT_WORDS[1] ?? 0);
}

/** Hashes a string by its UTF-16 units. */
export function hashString(text: string): number {
  let h = 0x811c9dc5 ^ text.length;
  for (let at = 0; at < text.length; at++) {
    h = Math.imul(h ^ text.charCodeAt(at), 0x5bd1e995);
    h ^= h >>> 15;
  }
  return hashInt32(h);
}

/** Hashes bytes. */
export function hashBytes(bytes: Uint8Array): number {
  let h = 0x811c9dc5 ^ bytes.length;
  for (let at = 0; at < bytes.length; at++) {
    h = Math.imul(h ^ (bytes[at] ?? 0), 0x5bd1e995);
    h ^= h >>> 15;
  }
  return hashInt32(h);
}

/** Folds the hash of the next column into the hash of the columns before it; order counts. */
export function combineHash(seed: number, next: number): number {
  const h = Math.imul(seed ^ (seed >>> 15), 0x2c1b3c6d) + Math.imul(next, 0x297a2d39);
  return (h ^ (h >>> 13)) | 0;
}

/** What NULL hashes to. */
export const NULL_HASH = 0x3c6ef372;
