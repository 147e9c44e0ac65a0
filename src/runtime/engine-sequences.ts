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

  /** The next value; 2200H at the end. A sequence not committed yet counts from 1 by 1. */
  next(id: number): bigint {
    const data = this.#state.catalog.state.objects.get(id)?.data ?? {};
    const increment = bigintOf(data['increment'], 1n);
    const start = bigintOf(data['start'], 1n);
    const max = bigintOf(data['maxValue'], INT8_MAX);
    const last = this.#state.sequences.get(id);
    const value = last === undefined ? start : last + increment;
    if (value > max) {
      throw sqlError('2200H', `nextval: reached maximum value of sequence (${max})`);
    }
    this.#state.sequences.set(id, value);
    this.#changed.add(id);
    return value;
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

function bigintOf(value: unknown, otherwise: bigint): bigint {
  if (typeof value === 'bigint') return value;
  return typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : otherwise;
}
