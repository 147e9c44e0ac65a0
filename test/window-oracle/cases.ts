/**
 * Random cases of the window oracle: a log with disorder, partitions, silence, and windows on it.
 *
 * Everything follows from the seed. Times crowd around boundaries, repeat, lie before 1970 and
 * around days on which clocks are changed; disorder is uniform or Pareto; partitions fall silent
 * and speak again; in the end a jump of time may close everything.
 *
 * A log is several streams, one behind the other, each with its own start, disorder and silence:
 * so views are planned once for all of them, and see what earlier streams have left behind.
 */
import type { Log, LogRow, LogStep, Spec } from './model.ts';

/** A log and the windows laid over it. */
export interface Case {
  readonly seed: number;
  readonly log: Log;
  readonly specs: readonly Spec[];
  /** Times are timestamptz. */
  readonly zoned: boolean;
  /** How many streams the log has. */
  readonly streams: number;
}

/** Streams of a log. */
const STREAMS = 12;
/** Streams with silence in a case with restarts, which begin to count silence anew. */
const SILENT_STREAMS = 3;

/** A number below a bound. */
export type Below = (bound: number) => number;

/** A generator with a seed (xorshift after a mix). */
export function random(seed: number): Below {
  let state = (Math.imul(seed, 0x9e3779b9) ^ 0x85ebca6b) >>> 0 || 1;
  const next = (): number => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
  for (let i = 0; i < 8; i++) next();
  return (bound) => next() % bound;
}

const SECOND = 1_000_000n;
const HOUR = 3600n * SECOND;
/** Berlin's change to summer time 2024, New York's to winter time, Lord Howe's half an hour. */
const CHANGES = [1_711_846_800n, 1_730_613_600n, 1_728_142_200n];
const ZONES = ['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kolkata', 'UTC'];
const BASES = [0n, -3600n * 24n * 400n, 1_714_564_800n, -7n];

class Maker {
  readonly below: Below;
  readonly #base: bigint;
  /** One step of the log's clock. */
  readonly #unit: bigint;
  readonly partitions: number;
  readonly delay: bigint;
  #pareto: boolean;
  readonly #keys: number;
  readonly #clock: bigint[];
  #id = 0;
  #last: bigint;
  readonly zoned: boolean;

  constructor(seed: number) {
    const below = random(seed);
    this.below = below;
    this.zoned = below(4) === 0;
    this.#unit = this.zoned ? HOUR : SECOND;
    const bases = this.zoned ? [...BASES, ...CHANGES, ...CHANGES] : BASES;
    this.#base = this.#pick(bases) * SECOND;
    this.partitions = [1, 1, 2, 3, 4][below(5)] ?? 1;
    this.delay = BigInt([0, 0, 1, 5, 10][below(5)] ?? 0) * this.#unit;
    this.#pareto = below(2) === 0;
    this.#keys = 1 + below(3);
    this.#clock = Array.from({ length: this.partitions }, () => this.#base);
    this.#last = this.#base;
  }

  #pick<T>(of: readonly T[]): T {
    const found = of[this.below(of.length)];
    if (found === undefined) throw new Error('nothing to pick from');
    return found;
  }

  /** How much earlier than the partition's clock a row is. */
  #disorder(): bigint {
    if (this.below(3) === 0) return 0n;
    if (!this.#pareto) return BigInt(this.below(20)) * this.#unit;
    const u = (this.below(1000) + 1) / 1001;
    return BigInt(Math.floor(Math.min(200, u ** -1.2 - 1))) * this.#unit;
  }

  #time(partition: number): bigint | null {
    const dice = this.below(40);
    if (dice === 0) return null;
    if (dice < 4) return this.#last;
    const jump = this.below(25) === 0 ? 60 : 4;
    const clock = (this.#clock[partition] ?? 0n) + BigInt(this.below(jump)) * this.#unit;
    this.#clock[partition] = clock;
    const ts = clock - this.#disorder();
    if (dice < 18) return ts - ts % (5n * this.#unit) - BigInt(dice % 2);
    return dice < 24 ? ts + BigInt(this.below(3) - 1) : ts;
  }

  row(partition: number): LogRow {
    const ts = this.#time(partition);
    if (ts !== null) this.#last = ts;
    return { id: this.#id++, key: `k${this.below(this.#keys)}`, ts, v: this.below(100) - 50 };
  }

  rows(partition: number, count: number): LogStep {
    return {
      kind: 'rows', partition, rows: Array.from({ length: count }, () => this.row(partition)),
    };
  }

  /** Some partitions fall silent; the others speak in between. */
  silence(): LogStep[] {
    const all = this.#clock.map((_each, at) => at);
    const silent = all.filter(() => this.below(2) === 0);
    const rest = (): LogStep[] => all.filter((at) => !silent.includes(at))
      .map((at) => this.rows(at, 1));
    return silent.length === 0 ? []
      : [{ kind: 'pause' }, ...rest(), { kind: 'idle', partitions: silent }, ...rest()];
  }

  /** The next stream begins somewhere behind the last one. */
  next(): void {
    const top = this.#clock.reduce((a, b) => (a > b ? a : b), this.#base);
    const changes = CHANGES.map((each) => each * SECOND).filter((each) => each > top);
    const far = BigInt(this.below(2) === 0 ? this.below(30) : 100 + this.below(2000));
    const start = this.zoned && changes.length > 0 && this.below(3) === 0 ? this.#pick(changes)
      : top + far * this.#unit;
    this.#clock.fill(start);
    this.#last = start;
    this.#pareto = this.below(2) === 0;
  }

  steps(silences: boolean): LogStep[] {
    const found: LogStep[] = [];
    const count = 3 + this.below(12);
    for (let i = 0; i < count; i++) {
      if (this.below(8) === 0 && silences) found.push(...this.silence());
      else found.push(this.rows(this.below(this.partitions), 1 + this.below(8)));
    }
    if (this.below(2) === 0) {
      for (let at = 0; at < this.partitions; at++) {
        this.#clock[at] = (this.#clock[at] ?? 0n) + 500n * this.#unit;
        found.push(this.rows(at, 1));
      }
    }
    return found;
  }

  #span(from: number, choices: number): bigint {
    return BigInt(from + this.below(choices)) * this.#unit;
  }

  spec(): Spec {
    const lateness = this.below(3) === 0 ? this.#span(1, 20) : 0n;
    const offset = this.below(3) === 0 ? this.#span(-7, 15) : 0n;
    switch (this.below(this.zoned ? 6 : 5)) {
      case 0: return { kind: 'tumble', size: 5n * this.#span(1, 4), offset, lateness };
      case 1: return { kind: 'hop', slide: this.#span(1, 7), size: this.#span(1, 30), offset,
        lateness };
      case 2: return { kind: 'hop', slide: this.#span(2, 2), size: this.#span(12, 30), offset,
        lateness };
      case 3: {
        const step = this.#span(1, 5);
        return { kind: 'cumulate', step, size: step * BigInt(1 + this.below(6)), offset,
          lateness };
      }
      case 4: {
        const gap = this.#span(1, 12);
        return this.below(2) === 0 ? { kind: 'session', gap, lateness }
          : { kind: 'session', gap, longest: gap + this.#span(0, 12), lateness };
      }
      default: return { kind: 'day', days: BigInt(1 + this.below(2)), zone: this.#pick(ZONES),
        lateness };
    }
  }
}

/** The case of a seed. */
export function makeCase(seed: number): Case {
  const maker = new Maker(seed);
  const specs = Array.from({ length: 2 + maker.below(4) }, () => maker.spec());
  const steps = maker.steps(true);
  for (let stream = 1; stream < STREAMS; stream++) {
    maker.next();
    steps.push(...maker.steps(!restarts(seed) || stream < SILENT_STREAMS));
  }
  return {
    seed, specs, zoned: maker.zoned, streams: STREAMS,
    log: { partitions: maker.partitions, delay: maker.delay, steps },
  };
}

/** Whether a case is run with restarts. */
export function restarts(seed: number): boolean {
  return seed % 8 === 0;
}
