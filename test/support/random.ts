/**
 * A small seeded generator (xorshift32), the same on every machine.
 */

/** Numbers from 0 to below their bound. */
export type Random = (bound: number) => number;

/** The generator of a seed. */
export function randomFrom(seed: number): Random {
  let state = (seed * 2_654_435_761) >>> 0 || 1;
  return (bound) => {
    state ^= state << 13; state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5; state >>>= 0;
    return state % bound;
  };
}

/** One of several. */
export function oneOf<T>(random: Random, several: readonly [T, ...T[]]): T {
  return several[random(several.length)] ?? several[0];
}
