/**
 * Values of sequences: given out at once, durable with the next epoch.
 *
 * A value that was given out and never committed may be given out again after a crash; a committed
 * one never is, because the epoch that commits it logs how far the sequence had come.
 */
import { sqlError } from '../common/errors.ts';
import type { EngineState } from './engine-state.ts';

const INT8_MAX = 0x7fff_ffff_ffff_ffffn;

/** Gives out values. */
export class SequenceValues {
  readonly #state: EngineState;
  readonly #changed = new Set<number>();

  constructor(state: EngineState) {
    this.#state = state;
  }

  /** The next value, by the rule given or the committed one; 2200H at the end. */
  next(id: number, uncommitted: SequenceRule | null = null): bigint {
    const object = this.#state.catalog.state.objects.get(id);
    const { increment, start, min, max, cycle } = uncommitted ?? sequenceOf(object?.data ?? {});
    const last = this.#state.sequences.get(id);
    let value = last === undefined ? start : last + increment;
    if (value > max || value < min) {
      if (!cycle) {
        const [what, end] = value > max ? ['maximum', max] : ['minimum', min];
        throw sqlError('2200H', `nextval: reached ${what} value of sequence "${
          object?.name ?? ''}" (${end})`);
      }
      value = value > max ? min : max;
    }
    this.set(id, value);
    return value;
  }

  /** Goes on behind a value. */
  set(id: number, last: bigint): void {
    this.#state.sequences.set(id, last);
    this.#changed.add(id);
  }

  /** What changed since the last call. */
  take(): { readonly id: number; readonly last: bigint }[] {
    const taken = [...this.#changed].flatMap((id) => {
      const last = this.#state.sequences.get(id);
      return last === undefined ? [] : [{ id, last }];
    });
    this.#changed.clear();
    return taken;
  }
}

/** What a sequence's definition says. */
export interface SequenceRule {
  readonly start: bigint;
  readonly increment: bigint;
  readonly min: bigint;
  readonly max: bigint;
  readonly cycle: boolean;
  readonly cache: bigint;
  /** The integer type its values are of. */
  readonly type: 'int2' | 'int4' | 'int8';
}

/** The rule in a sequence's data; from 1 by 1 where nothing is said. */
export function sequenceOf(data: Readonly<Record<string, unknown>>): SequenceRule {
  return {
    start: bigintOf(data['start'], 1n), increment: bigintOf(data['increment'], 1n),
    min: bigintOf(data['minValue'], 1n), max: bigintOf(data['maxValue'], INT8_MAX),
    cycle: data['cycle'] === true, cache: bigintOf(data['cache'], 1n),
    type: data['type'] === 'int2' || data['type'] === 'int4' ? data['type'] : 'int8',
  };
}

function bigintOf(value: unknown, otherwise: bigint): bigint {
  if (typeof value === 'bigint') return value;
  return typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : otherwise;
}
