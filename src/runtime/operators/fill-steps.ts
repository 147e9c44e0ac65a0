/**
 * From a window to its neighbours: where the windows are that FILL may add.
 *
 * Windows of fixed length are a distance apart. Those of whole days in a time zone are so many
 * local days apart, which have 23, 24 or 25 hours. A window is known by one of its bounds (a start,
 * an end, or the last moment before the end), as a column gives it.
 */
import { must } from '../../common/assert.ts';
import { MICROS_PER_DAY } from '../../common/types/interval.ts';
import { dayStart, dayOf } from '../../common/types/zoned-windows.ts';
import type { FillRule } from '../../planner/relation.ts';

type Role = FillRule['windows'][number]['role'];

/** The windows of a FILL, by the values of their first column. */
export interface FillSteps {
  /** The window so many steps behind one. */
  plus(time: bigint, steps: bigint): bigint;
  /** Steps from one window to another. */
  between(from: bigint, to: bigint): bigint;
  /** The first window behind a time that is whole steps away from `start`. */
  after(start: bigint, time: bigint): bigint;
  /** Another column of the window. */
  place(time: bigint, role: Role): bigint;
}

/** The windows of a rule. */
export function fillSteps(rule: FillRule): FillSteps {
  return rule.zone === undefined ? new EvenSteps(rule) : new DaySteps(rule, rule.zone);
}

class EvenSteps implements FillSteps {
  readonly #step: bigint;
  readonly #size: bigint;
  readonly #role: Role;

  constructor(rule: FillRule) {
    this.#step = rule.step;
    this.#size = rule.size;
    this.#role = must(rule.windows[0], 'window column').role;
  }

  plus(time: bigint, steps: bigint): bigint { return time + steps * this.#step; }

  between(from: bigint, to: bigint): bigint { return (to - from) / this.#step; }

  after(start: bigint, time: bigint): bigint {
    return time < start ? start : start + ((time - start) / this.#step + 1n) * this.#step;
  }

  place(time: bigint, role: Role): bigint {
    return time + this.#from(role) - this.#from(this.#role);
  }

  #from(role: Role): bigint {
    return role === 'start' ? 0n : role === 'end' ? this.#size : this.#size - 1n;
  }
}

class DaySteps implements FillSteps {
  readonly #zone: string;
  /** Days of a step, and of a window. */
  readonly #step: bigint;
  readonly #size: bigint;
  readonly #role: Role;

  constructor(rule: FillRule, zone: string) {
    this.#zone = zone;
    this.#step = rule.step / MICROS_PER_DAY;
    this.#size = rule.size / MICROS_PER_DAY;
    this.#role = must(rule.windows[0], 'window column').role;
  }

  plus(time: bigint, steps: bigint): bigint {
    return this.#at(this.#day(time) + steps * this.#step, this.#role);
  }

  between(from: bigint, to: bigint): bigint {
    return (this.#day(to) - this.#day(from)) / this.#step;
  }

  after(start: bigint, time: bigint): bigint {
    if (time < start) return start;
    return this.plus(start, (this.#day(time) - this.#day(start)) / this.#step + 1n);
  }

  place(time: bigint, role: Role): bigint {
    const start = this.#role === 'start' ? this.#day(time) : this.#day(time) - this.#size;
    return this.#at(role === 'start' ? start : start + this.#size, role);
  }

  /** The local day that begins with a bound, or the one it is in. */
  #day(time: bigint): bigint {
    return dayOf(this.#zone, this.#role === 'time' ? time + 1n : time);
  }

  #at(day: bigint, role: Role): bigint {
    const first = dayStart(this.#zone, day);
    return role === 'time' ? first - 1n : first;
  }
}
