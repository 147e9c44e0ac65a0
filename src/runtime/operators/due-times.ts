/**
 * Numbers that something is due for at a time: each has one time at most, the last one set.
 *
 * Not durable. Times are few (window bounds), numbers many; what was set again is found out when
 * its old time comes.
 */

/** See the head of the file. */
export class DueTimes {
  readonly #byTime = new Map<bigint, number[]>();
  readonly #timeOf = new Map<number, bigint>();

  /** From now on a number is due at a time, or not at all. */
  set(number: number, time: bigint | null): void {
    if (time === null) {
      this.#timeOf.delete(number);
      return;
    }
    if (this.#timeOf.get(number) === time) return;
    this.#timeOf.set(number, time);
    const list = this.#byTime.get(time);
    if (list === undefined) this.#byTime.set(time, [number]);
    else list.push(number);
  }

  /** Takes the numbers due by then, in order of time; each has no time any more. */
  takeUpTo(limit: bigint): { readonly numbers: readonly number[]; readonly times: bigint[] } {
    const due = [...this.#byTime.keys()].filter((time) => time <= limit);
    const numbers: number[] = [];
    const times: bigint[] = [];
    for (const time of due.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0))) {
      for (const number of this.#byTime.get(time) ?? []) {
        if (this.#timeOf.get(number) !== time) continue;
        this.#timeOf.delete(number);
        numbers.push(number);
        times.push(time);
      }
      this.#byTime.delete(time);
    }
    return { numbers, times };
  }

  /** Forgets everything. */
  clear(): void {
    this.#byTime.clear();
    this.#timeOf.clear();
  }
}
