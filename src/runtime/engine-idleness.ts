/**
 * Decisions by wall clock: partitions that have gone idle, watermarks in total silence.
 *
 * `watermark.idle_timeout` of a source: a partition silent for so long stops holding the minimum
 * back, until it speaks again. `watermark.fallback = 'now() - 10 minutes'`: when the whole relation
 * is silent its watermark follows the wall clock at that distance. What is decided here is logged
 * and carried out by EpochRun; a replay takes it from the log.
 */
import { sqlError } from '../common/errors.ts';
import { intervalTotalMicros } from '../common/types/interval.ts';
import { parseValue } from '../common/types/registry.ts';
import type { StoredRelation } from './catalog-store-types.ts';
import type { EngineState } from './engine-state.ts';
import type { EventClock } from './engine-watermarks.ts';
import type { LoggedDecision } from './storage/epoch-log.ts';

const FALLBACK_EVERY_MICROS = 1_000_000n;
const SILENCE_MICROS = 1_000_000n;

/** A partition that spoke in the epoch being gathered. */
export interface Spoke {
  readonly relation: number;
  readonly reader: number;
  readonly partition: number;
}

interface Watched {
  readonly relation: number;
  readonly reader: number;
  readonly clock: EventClock;
  readonly idleTimeout: bigint | null;
  readonly fallback: bigint | null;
}

/** Watches for silence. */
export class Idleness {
  readonly #state: EngineState;
  /** Wall-clock time of the last row, by relation, reader and partition. */
  readonly #spokeAt = new Map<string, bigint>();
  /** Partitions with rows in the epoch being decided on. */
  readonly #spoken = new Set<string>();
  readonly #raisedAt = new Map<string, bigint>();
  /** What the options of relations say. */
  readonly #silences = new Map<number, {
    readonly options: StoredRelation['options']; readonly silences: Silences;
  }>();

  constructor(state: EngineState) {
    this.#state = state;
  }

  /** Decisions due now; `spoke` are the partitions with rows in this epoch. */
  decide(now: bigint, spoke: readonly Spoke[]): LoggedDecision[] {
    this.#spoken.clear();
    for (const { relation, reader, partition } of spoke) {
      const key = `${relation}/${reader}/${partition}`;
      this.#spokeAt.set(key, now);
      this.#spoken.add(key);
    }
    const decisions: LoggedDecision[] = [];
    for (const watched of this.#watched()) {
      if (watched.idleTimeout !== null) this.#idle(watched, now, decisions);
      if (watched.fallback !== null) this.#fall(watched, now, decisions);
    }
    return decisions;
  }

  /** How long a partition has been silent; what was so before a restart counts from there. */
  #silence(watched: Watched, partition: number, now: bigint): bigint {
    const key = `${watched.relation}/${watched.reader}/${partition}`;
    const at = this.#spokeAt.get(key);
    // A clock that was set back starts the silence anew.
    if (at !== undefined && at <= now) return now - at;
    this.#spokeAt.set(key, now);
    return 0n;
  }

  #hasSpoken(watched: Watched, partition: number): boolean {
    return this.#spoken.has(`${watched.relation}/${watched.reader}/${partition}`);
  }

  #idle(watched: Watched, now: bigint, decisions: LoggedDecision[]): void {
    const { relation, reader, clock } = watched;
    for (const { partition, idle } of clock.describe()) {
      const silence = this.#silence(watched, partition, now);
      const silent = idle ? !this.#hasSpoken(watched, partition)
        : silence >= (watched.idleTimeout ?? 0n);
      if (silent === idle) continue;
      decisions.push({
        kind: silent ? 'idle' : 'active', relation, reader, partition, watermark: null,
      });
    }
  }

  #fall(watched: Watched, now: bigint, decisions: LoggedDecision[]): void {
    const { relation, reader, clock, fallback } = watched;
    const partitions = clock.describe();
    const quiet = watched.idleTimeout ?? SILENCE_MICROS;
    if (partitions.every(({ lastEvent }) => lastEvent === null)) return;
    if (partitions.some(({ partition }) => this.#silence(watched, partition, now) < quiet)) return;
    const key = `${relation}/${reader}`;
    if (now - (this.#raisedAt.get(key) ?? 0n) < FALLBACK_EVERY_MICROS) return;
    const watermark = now - (fallback ?? 0n);
    if (clock.watermark !== null && watermark <= clock.watermark) return;
    this.#raisedAt.set(key, now);
    decisions.push({ kind: 'fallback', relation, reader, partition: 0, watermark });
  }

  /** When to look again, or null: nothing is watched. */
  nextAt(now: bigint): bigint | null {
    let earliest: bigint | null = null;
    for (const { idleTimeout } of this.#watched()) {
      const at = now + (idleTimeout === null || idleTimeout > SILENCE_MICROS
        ? SILENCE_MICROS : idleTimeout);
      if (earliest === null || at < earliest) earliest = at;
    }
    return earliest;
  }

  *#watched(): Generator<Watched, void> {
    for (const [id, { relation, clock }] of this.#state.relations) {
      if (clock === null || relation.options.length === 0) continue;
      const silences = this.#silencesOf(relation);
      if (silences !== null) yield { relation: id, reader: 0, clock, ...silences };
    }
    for (const { relation: id, reader, clock } of this.#state.readers.values()) {
      const relation = this.#state.relations.get(id)?.relation;
      if (clock === null || relation === undefined || relation.options.length === 0) continue;
      const silences = this.#silencesOf(relation);
      if (silences !== null) yield { relation: id, reader, clock, ...silences };
    }
  }

  #silencesOf(relation: StoredRelation): Silences {
    const known = this.#silences.get(relation.id);
    if (known?.options === relation.options) return known.silences;
    const silences = silencesOf(relation);
    this.#silences.set(relation.id, { options: relation.options, silences });
    return silences;
  }
}

/** The watermark options of a relation, read once; null where it has none. */
type Silences = Pick<Watched, 'idleTimeout' | 'fallback'> | null;

function silencesOf(relation: StoredRelation): Silences {
  const idle = optionOf(relation, 'watermark.idle_timeout');
  const fallback = optionOf(relation, 'watermark.fallback');
  if (idle === null && fallback === null) return null;
  return {
    idleTimeout: idle === null ? null : intervalMicros(idle),
    fallback: fallback === null ? null : fallbackDistance(fallback),
  };
}

function optionOf(relation: StoredRelation, name: string): string | null {
  return relation.options.find(([key]) => key === name)?.[1] ?? null;
}

function intervalMicros(text: string): bigint {
  const value = parseValue(text, { name: 'interval' });
  if (value === null || typeof value !== 'object' || !('micros' in value)) {
    throw sqlError('22007', `invalid input syntax for type interval: "${text}"`);
  }
  return intervalTotalMicros(value);
}

/** Microseconds behind now() of `now() - INTERVAL '10 minutes'`, quotes and keyword optional. */
function fallbackDistance(text: string): bigint {
  const found = /^\s*now\(\)\s*-\s*(?:interval\s*)?'?([^']+)'?\s*$/i.exec(text);
  const distance = found?.[1];
  if (distance !== undefined) return intervalMicros(distance);
  if (/^\s*now\(\)\s*$/i.test(text)) return 0n;
  throw sqlError('22023', `invalid value for option "watermark.fallback": "${text}"`, {
    hint: "Write it as 'now() - 10 minutes'.",
  });
}

/** Refuses watermark options that make no sense; called when a relation is declared. */
export function checkWatermarkOptions(relation: Pick<StoredRelation, 'options'>): void {
  for (const [name, value] of relation.options) {
    if (name === 'watermark.idle_timeout') intervalMicros(value);
    if (name === 'watermark.fallback') fallbackDistance(value);
  }
}
