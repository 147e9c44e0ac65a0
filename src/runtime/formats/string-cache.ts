/**
 * Strings by their bytes: a value that comes again and again is made once.
 *
 * A table with two places per hash; equality is on all bytes. Short ASCII strings only. A column
 * whose values hardly repeat turns it off.
 */
import type { ByteScanner } from './json-bytes.ts';

const SLOTS = 4096;
const WORDS = 8;
const BYTES_MAX = WORDS * 4;
/** After so many look-ups it is seen whether they are worth it. */
const TRIAL = 8192;
const MASKS: Int32Array = Int32Array.of(0, 0xff, 0xffff, 0xffffff);

/** Makes strings of one column. */
export class StringCache {
  readonly #words: Int32Array = new Int32Array(SLOTS * WORDS);
  readonly #lengths: Uint8Array = new Uint8Array(SLOTS).fill(255);
  readonly #strings: string[] = Array.from({ length: SLOTS }, () => '');
  #asked = 0;
  #missed = 0;
  /** Which of two taken places is given up. */
  #turn = false;
  #off = false;

  /** The string of ASCII bytes [start, end) with this hash of them. */
  find(scan: ByteScanner, hash: number, start: number, end: number): string {
    const length = end - start;
    if (length > BYTES_MAX || this.#off) return scan.ascii(start, end);
    const slot = (hash ^ (hash >>> 15)) & (SLOTS - 1);
    const other = slot ^ 1;
    this.#asked++;
    if (this.#lengths[slot] === length && this.#same(scan.view, slot * WORDS, start, length)) {
      return this.#strings[slot] as string;
    }
    if (this.#lengths[other] === length && this.#same(scan.view, other * WORDS, start, length)) {
      return this.#strings[other] as string;
    }
    this.#turn = !this.#turn;
    return this.#miss(scan, this.#lengths[slot] === 255 || this.#turn ? slot : other,
      [start, length]);
  }

  #same(view: DataView, first: number, start: number, length: number): boolean {
    const words = this.#words;
    const whole = length >> 2;
    for (let i = 0; i < whole; i++) {
      if (words[first + i] !== view.getInt32(start + i * 4, true)) return false;
    }
    const rest = length & 3;
    return rest === 0 || words[first + whole]
      === (view.getInt32(start + whole * 4, true) & (MASKS[rest] as number));
  }

  #miss(
    scan: ByteScanner, slot: number, [start, length]: readonly [number, number],
  ): string {
    const text = scan.ascii(start, start + length);
    const first = slot * WORDS;
    for (let i = 0; i * 4 < length; i++) {
      const left = length - i * 4;
      const word = scan.view.getInt32(start + i * 4, true);
      this.#words[first + i] = left >= 4 ? word : word & (MASKS[left] as number);
    }
    this.#lengths[slot] = length;
    this.#strings[slot] = text;
    this.#missed++;
    if (this.#asked >= TRIAL) {
      this.#off = this.#missed * 2 > this.#asked;
      this.#asked = 0;
      this.#missed = 0;
    }
    return text;
  }
}
