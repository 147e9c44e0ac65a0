/**
 * Faults that the window oracle must find: a place in the compiled engine, and what it becomes.
 */

/** A fault to plant. */
export interface PlantedBug {
  readonly name: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** The six of the plan. */
export const PLANTED_BUGS: readonly PlantedBug[] = [
  {
    name: 'off by one at the boundary', file: 'runtime/operators/window.js',
    from: 'const moved = time - offset;', to: 'const moved = time - offset - 1;',
  },
  {
    name: 'late by the watermark of all partitions', file: 'runtime/engine-watermarks.js',
    from: 'let before = this.partitionWatermark(partition);', to: 'let before = this.#current;',
  },
  {
    name: 'a merge loses a session', file: 'runtime/operators/session-ids.js',
    from: 'this.#merge(left, right);', to: 'this.#fresh();',
  },
  {
    name: 'a slice counted twice', file: 'planner/lower-slices.js',
    from: 'const rows = ended === null ? window.input', to: 'const rows = true ? window.input',
  },
  {
    name: 'an idle partition never returns', file: 'runtime/engine-idleness.js',
    from: 'if (silent === idle)', to: 'if (silent === idle || idle)',
  },
  {
    name: 'eviction one window early', file: 'planner/watermarks.js',
    from: 'reached(fact, fact.graceMicros + fact.allowedMicros)',
    to: 'reached(fact, fact.graceMicros - (windowLength(fact.window) ?? 0n))',
  },
];
