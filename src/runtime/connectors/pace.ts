/**
 * How many events a generator has due: by rate since its relation was made, up to a number.
 */
const MICROS_PER_SECOND = 1_000_000;

/** A generator's pace. */
export interface Pace {
  /** Events a second; null: as fast as they are taken. */
  readonly perSecond: number | null;
  /** Events in all; null: no end. */
  readonly total: bigint | null;
  readonly createdAt: bigint;
}

/** Events before this number may be taken now; null: any number. */
export function dueBefore(pace: Pace, now: bigint): bigint | null {
  if (pace.perSecond === null) return pace.total;
  const elapsed = Number(now - pace.createdAt);
  const due = BigInt(Math.max(0, Math.floor(elapsed * pace.perSecond / MICROS_PER_SECOND)));
  return pace.total !== null && due > pace.total ? pace.total : due;
}

/** When the event after `from` is due. */
export function nextDue(pace: Pace, from: bigint, now: bigint): bigint {
  if (pace.perSecond === null) return now;
  const wait = Math.ceil(Number(from + 1n) * MICROS_PER_SECOND / pace.perSecond);
  const at = pace.createdAt + BigInt(wait);
  // At most 200 wake-ups a second, however high the rate.
  const soonest = now + 5000n;
  return at > soonest ? at : soonest;
}
