/**
 * Names the shape of a batch of columns, under which a loop made for it is kept.
 *
 * A number as long as a double holds all digits; wide rows get a text. Called per batch.
 */

/** Digits of base 4 that a double holds exactly, with a few to spare. */
const DIGITS_MAX = 24;

/** The name of `digits` (0 to 3 each) behind `start`. */
export function shapeName(start: number, digits: Uint8Array): number | string {
  if (digits.length > DIGITS_MAX) return `${start}/${digits.join('')}`;
  let name = start;
  for (let at = 0; at < digits.length; at++) name = name * 4 + (digits[at] as number);
  return name;
}
