/**
 * A retractable sum of numerics with PostgreSQL's scale: that of the widest value still in it.
 *
 * Keeps the exact coefficient at the largest scale seen and how many values have each scale, so
 * that taking out the only 1.000 brings `sum` back from 3.000 to 3. NaN and infinities are counted
 * apart. Serialisable as plain data.
 */
import {
  makeNumeric, NUMERIC_INFINITY, NUMERIC_NAN, NUMERIC_NEGATIVE_INFINITY, pow10,
} from './types/numeric.ts';
import type { Numeric } from './types/numeric.ts';

/** State of a NumericSum as plain JSON-able data. */
export interface NumericSumState {
  readonly coefficient: string;
  readonly scale: number;
  readonly counts: readonly number[];
  readonly nans: number;
  readonly positives: number;
  readonly negatives: number;
}

/** An exact, retractable accumulator of numeric values. */
export class NumericSum {
  #coefficient = 0n;
  /** The scale of #coefficient; not below that of any value in the sum. */
  #scale = 0;
  /** How many values of each scale are in the sum. */
  #counts: number[] = [];
  #nans = 0;
  #positives = 0;
  #negatives = 0;

  /** Adds a value times an integer weight (negative: takes it out). */
  add(value: Numeric, weight: number): void {
    switch (value.special) {
      case null: break;
      case 'NaN': this.#nans += weight; return;
      case 'Infinity': this.#positives += weight; return;
      case '-Infinity': this.#negatives += weight; return;
    }
    if (value.scale > this.#scale) {
      this.#coefficient *= pow10(value.scale - this.#scale);
      this.#scale = value.scale;
    }
    const term = value.scale === this.#scale ? value.coef
      : value.coef * pow10(this.#scale - value.scale);
    this.#coefficient += weight === 1 ? term : term * BigInt(weight);
    while (this.#counts.length <= value.scale) this.#counts.push(0);
    this.#counts[value.scale] = (this.#counts[value.scale] ?? 0) + weight;
  }

  /** Adds another sum. */
  merge(other: NumericSum): void {
    this.add(makeNumeric(other.#coefficient, other.#scale), 1);
    this.#counts[other.#scale] = (this.#counts[other.#scale] ?? 0) - 1;
    other.#counts.forEach((count, scale) => {
      this.#counts[scale] = (this.#counts[scale] ?? 0) + count;
    });
    this.#nans += other.#nans;
    this.#positives += other.#positives;
    this.#negatives += other.#negatives;
  }

  /** The sum at the largest scale among the values in it. */
  value(): Numeric {
    if (this.#nans > 0 || (this.#positives > 0 && this.#negatives > 0)) return NUMERIC_NAN;
    if (this.#positives > 0) return NUMERIC_INFINITY;
    if (this.#negatives > 0) return NUMERIC_NEGATIVE_INFINITY;
    let scale = this.#counts.length - 1;
    while (scale > 0 && (this.#counts[scale] ?? 0) === 0) scale--;
    scale = Math.max(scale, 0);
    // All values in the sum have this scale or less, so the division leaves no rest.
    if (scale >= this.#scale) return makeNumeric(this.#coefficient, this.#scale);
    return makeNumeric(this.#coefficient / pow10(this.#scale - scale), scale);
  }

  /** The state as data. */
  save(): NumericSumState {
    return {
      coefficient: this.#coefficient.toString(), scale: this.#scale, counts: [...this.#counts],
      nans: this.#nans, positives: this.#positives, negatives: this.#negatives,
    };
  }

  /** A sum from saved state. */
  static load(state: NumericSumState): NumericSum {
    const sum = new NumericSum();
    sum.#coefficient = BigInt(state.coefficient);
    sum.#scale = state.scale;
    sum.#counts = [...state.counts];
    sum.#nans = state.nans;
    sum.#positives = state.positives;
    sum.#negatives = state.negatives;
    return sum;
  }
}
