/**
 * Turns generated source into functions; the only place that calls `new Function`.
 *
 * Relies on its callers for the rule that source holds slot numbers, integers and operator text
 * only: literals, names and functions arrive as arguments, so the text carries nothing a user
 * wrote. Compiled functions are cached by their text, least recently used out first.
 */

/** Most kernels kept compiled; beyond it the one unused for longest is compiled again on need. */
const KERNELS_CACHED_MAX = 2000;

const CACHE = new Map<string, unknown>();

/** The function with these parameters and this body, strict, compiled at most once. */
export function compileKernel<F>(parameters: readonly string[], body: string): F {
  const key = `${parameters.join(',')}|${body}`;
  let made = CACHE.get(key);
  if (made === undefined) {
    made = new Function(...parameters, `"use strict";\n${body}`);
    if (CACHE.size >= KERNELS_CACHED_MAX) {
      for (const oldest of CACHE.keys()) {
        CACHE.delete(oldest);
        break;
      }
    }
  } else {
    CACHE.delete(key);
  }
  CACHE.set(key, made);
  return made as F;
}
