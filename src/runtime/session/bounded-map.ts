/**
 * A map by name that takes only so many entries: prepared statements and portals of a session.
 *
 * Clients make up the names and decide when they go, so nothing else keeps a session's memory
 * bounded. Entry number `most + 1` is 54000; replacing an entry is always possible.
 */
import { sqlError } from '../../common/errors.ts';

/** Prepared statements, and cursors, of a session at a time. */
export const NAMED_MAX = 1000;

/** What a map holds, and how to make room. */
export interface Held {
  readonly what: string;
  readonly hint: string;
}

/** Prepared statements. */
export const PREPARED_HELD: Held = {
  what: 'prepared statements',
  hint: 'DEALLOCATE those that are not needed any more, or DISCARD ALL.',
};

/** Cursors and portals. */
export const CURSORS_HELD: Held = {
  what: 'cursors', hint: 'CLOSE those that are not needed any more.',
};

/** The map; see the head of the file. */
export class BoundedMap<V> extends Map<string, V> {
  readonly #held: Held;

  constructor(held: Held) {
    super();
    this.#held = held;
  }

  override set(name: string, value: V): this {
    if (this.size >= NAMED_MAX && !this.has(name)) {
      const { what, hint } = this.#held;
      throw sqlError('54000', `too many ${what}: a session keeps at most ${NAMED_MAX}`, { hint });
    }
    return super.set(name, value);
  }
}
