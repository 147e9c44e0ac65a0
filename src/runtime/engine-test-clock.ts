/**
 * Moves the clock of an engine in test mode, one due moment after the other.
 *
 * Between two moments the engine comes to rest, so what is due happens in order and each at its own
 * logical time, as it would have in life: timers of operators, idle partitions, fallbacks. Readers
 * of connectors are polled at most once per second of this time. What happens is logged like any
 * other epoch.
 */
import { sqlError } from '../common/errors.ts';
import type { SqlError } from '../common/errors.ts';
import type { TestClock } from './storage/interfaces.ts';

/** What the mover asks of the engine. */
export interface TestClockHooks {
  /** The next moment after `now` at which something is due, or null. */
  nextAt(now: bigint): bigint | null;
  settle(): Promise<void>;
  /** Number of the newest epoch. */
  epoch(): bigint;
  /** Logical time of the newest epoch. */
  logicalNow(): bigint;
  /** Takes logical time back; false when something there depends on the time that has passed. */
  rewind(now: bigint): boolean;
}

/** A session's hold on the clock of its engine. */
export class EngineTestClock {
  readonly #clock: TestClock;
  readonly #hooks: TestClockHooks;
  #moving: Promise<void> = Promise.resolve();

  constructor(clock: TestClock, hooks: TestClockHooks) {
    this.#clock = clock;
    this.#hooks = hooks;
  }

  /** True while the clock stands still. */
  get isSet(): boolean { return this.#clock.isSet; }

  /** The time it shows, never before that of the newest epoch. */
  now(): bigint {
    const now = this.#clock.nowMicros();
    const logical = this.#hooks.logicalNow();
    return now > logical ? now : logical;
  }

  /** Goes to a moment; `stopped` may end it on the way. Two that move at once take turns. */
  moveTo(to: bigint, stopped: () => boolean): Promise<void> {
    const moving = this.#moving.then(() => this.#moveTo(to, stopped));
    this.#moving = moving.catch(() => undefined);
    return moving;
  }

  /** The machine's time again. */
  async release(): Promise<void> {
    this.#clock.set(null);
    await this.#hooks.settle();
  }

  async #moveTo(to: bigint, stopped: () => boolean): Promise<void> {
    const logical = this.#hooks.logicalNow();
    if (to < logical && !this.#hooks.rewind(to)) throw cannotGoBack();
    if (to < this.#clock.nowMicros()) {
      if (this.#clock.isSet && to >= logical && !this.#hooks.rewind(to)) throw cannotGoBack();
      this.#clock.set(logical > 0n && logical < to ? logical : to);
    }
    await this.#step(to, stopped);
    this.#clock.set(to);
    await this.#hooks.settle();
  }

  async #step(to: bigint, stopped: () => boolean): Promise<void> {
    await this.#hooks.settle();
    for (;;) {
      if (stopped()) throw sqlError('57014', 'canceling statement due to user request');
      const now = this.#clock.nowMicros();
      const next = this.#hooks.nextAt(now);
      if (next === null || next > to) return;
      const epoch = this.#hooks.epoch();
      if (next > now) this.#clock.set(next);
      await this.#hooks.settle();
      if (next <= now && this.#hooks.epoch() === epoch) return;
    }
  }
}

function cannotGoBack(): SqlError {
  return sqlError('22023', 'the clock cannot go back while views or sources depend on it', {
    hint: 'Set it before they are created.',
  });
}
