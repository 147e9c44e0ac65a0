/**
 * A map by name that takes only so many entries: prepared statements and portals of a session.
 *
 * Clients make up the names and decide when they go, so nothing else keeps a session's memory
 * bounded. Entry number `most + 1` is 54000; replacing an entry is always possible.
 */
import { sqlError } from '../../common/errors.ts';

/** Prepared statements, and cursors, of a session at a time. */
export const NAMED_MAX = 1000;

/** The map; see the head of the file. */
export class BoundedMap<V> extends Map<string, V> {
  readonly #what: string;
  readonly #hint: string;

  constructor(what: string, hint: string) {
    super();
    this.#what = what;
    this.#hint = hint;
  }

  override set(name: string, value: V): this {
    if (this.size >= NAMED_MAX && !this.has(name)) {
      throw sqlError('54000', `too many ${this.#what}: a session keeps at most ${NAMED_MAX}`, {
        hint: this.#hint,
      });
    }
    return super.set(name, value);
  }
}
