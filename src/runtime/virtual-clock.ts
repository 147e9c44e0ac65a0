/**
 * A clock that follows another one until a session sets it; then it stands still until moved.
 *
 * For test mode. Timers count the time of this clock: they fire when it is moved past them, and
 * also after as much machine time as they were set for, so that a statement's time limit ends it
 * even while time stands still. Measuring (`elapsedMs`) is always machine time.
 */
import type { Cancel, Clock, TestClock } from './storage/interfaces.ts';

interface Timer {
  readonly at: bigint;
  readonly fire: () => void;
}

/** The clock; see the head of the file. */
export class VirtualClock implements TestClock {
  readonly #machine: Clock;
  #now: bigint | null = null;
  #timers: Timer[] = [];

  constructor(machine: Clock) {
    this.#machine = machine;
  }

  get isSet(): boolean { return this.#now !== null; }

  nowMicros(): bigint { return this.#now ?? this.#machine.nowMicros(); }

  elapsedMs(): number { return this.#machine.elapsedMs(); }

  timer(at: bigint, fire: () => void): Cancel {
    const wait = at - this.nowMicros();
    const timer: Timer = { at, fire: () => {
      cancel();
      fire();
    } };
    const stop = this.#machine.timer(this.#machine.nowMicros() + wait, () => timer.fire());
    const cancel = (): void => {
      stop();
      this.#timers = this.#timers.filter((each) => each !== timer);
    };
    this.#timers.push(timer);
    return cancel;
  }

  set(now: bigint | null): void {
    this.#now = now;
    const at = this.nowMicros();
    const due = this.#timers.filter((timer) => timer.at <= at)
      .sort((a, b) => a.at < b.at ? -1 : a.at > b.at ? 1 : 0);
    for (const timer of due) timer.fire();
  }
}
