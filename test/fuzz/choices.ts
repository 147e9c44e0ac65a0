/**
 * Random choices that can be replayed: a generator asks for one choice after the other, they are
 * recorded, and a shorter or smaller record gives a smaller thing of the same grammar. That is all
 * the shrinker needs to know. When a record ends, every further choice is the first alternative, so
 * generators put the simplest one first.
 */

/** How often each production was taken, over a whole run. */
export class Coverage {
  readonly counts: Map<string, number> = new Map();

  /** Makes a production known, so that one never taken is seen in the report. */
  know(label: string): void {
    if (!this.counts.has(label)) this.counts.set(label, 0);
  }

  count(label: string): void {
    this.counts.set(label, (this.counts.get(label) ?? 0) + 1);
  }
}

/** Alternatives by name; the name is the production that the report counts. */
export type Alternatives<T> = Readonly<Record<string, () => T>>;

/** One stream of choices. */
export class Choices {
  #state: number;
  readonly #replay: readonly number[] | null;
  readonly #coverage: Coverage;
  readonly taken: number[] = [];

  constructor(from: number | readonly number[], coverage: Coverage) {
    this.#replay = typeof from === 'number' ? null : from;
    this.#state = typeof from === 'number' ? (Math.imul(from, 0x9e3779b9) ^ 0x5bd1e995) >>> 0 : 1;
    if (this.#state === 0) this.#state = 1;
    this.#coverage = coverage;
    for (let warm = 0; warm < 4; warm++) this.#next();
  }

  #next(): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return this.#state >>> 0;
  }

  /** A number below the limit. */
  below(limit: number): number {
    const number = this.#replay === null ? this.#next() % limit
      : (this.#replay[this.taken.length] ?? 0) % limit;
    this.taken.push(number);
    return number;
  }

  /** True with this chance; the first alternative is false. */
  chance(percent: number): boolean {
    return this.below(100) >= 100 - percent;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  /** Takes one of several productions; those named `3*name` three times as often. */
  choose<T>(group: string, alternatives: Alternatives<T>): T {
    const all = Object.entries(alternatives).flatMap(([name, make]) => {
      const weighted = /^(\d+)\*(.*)$/.exec(name);
      const label = `${group}: ${weighted?.[2] ?? name}`;
      this.#coverage.know(label);
      return Array.from({ length: Number(weighted?.[1] ?? 1) }, () => ({ label, make }));
    });
    const { label, make } = this.pick(all);
    this.#coverage.count(label);
    return make();
  }

  /** Counts a production that is no choice of its own. */
  count(label: string): void {
    this.#coverage.count(label);
  }
}
