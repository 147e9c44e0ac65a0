/**
 * Random numbers that are a function of seed and position: what was generated once can be generated
 * again from any position on.
 */
import { hashInt32 } from '../../common/hash.ts';

const RANGE = 4294967296;

/** 32 random bits for a seed, a stream within it and a position. */
export function randomBits(seed: number, stream: number, position: number): number {
  const high = Math.floor(position / RANGE);
  const mixed = hashInt32((position | 0) ^ Math.imul(stream + 1, 0x9e3779b9))
    ^ hashInt32(high ^ seed);
  return hashInt32(mixed + Math.imul(seed, 0x85ebca6b)) >>> 0;
}

/** A random number in [0, 1). */
export function randomUnit(seed: number, stream: number, position: number): number {
  return randomBits(seed, stream, position) / RANGE;
}

/** A random whole number in [0, bound). */
export function randomBelow(
  seed: number, stream: number, position: number, bound: number,
): number {
  return Math.floor(randomUnit(seed, stream, position) * bound);
}
