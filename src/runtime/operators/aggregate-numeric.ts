/**
 * sum and avg of numerics: exact, with PostgreSQL's display scale.
 *
 * The sum is an integer at the group's scale. The scale of the result is that of the widest value
 * in the group; while all values had one scale, that is known from one small column, and only
 * groups with mixed scales (or NaN and infinities) have counts per scale.
 */
import { assert } from '../../common/assert.ts';
import {
  makeNumeric, NUMERIC_INFINITY, NUMERIC_NAN, NUMERIC_NEGATIVE_INFINITY, pow10,
} from '../../common/types/numeric.ts';
import type { Numeric } from '../../common/types/numeric.ts';
import { finishAvgNumeric } from '../../planner/functions/finish.ts';
import { makeColumn } from '../batch.ts';
import type { Column } from '../batch.ts';
import type { StateSize } from '../operator.ts';
import type { RowStore, StoreColumn, StoreColumnData } from '../state/row-store.ts';
import { WideSum } from './aggregate-integer.ts';
import { countColumn, zeroFloats } from './aggregate-types.ts';
import type { Accumulator, AggregateInput, Groups } from './aggregate-types.ts';
import { GroupCounts } from './group-counts.ts';

/** Values of the `kind` column below the scales. */
const EMPTY = -1;
const MIXED = -2;
/** Codes of special values in the counts. */
const NAN = -1;
const PLUS = -2;
const MINUS = -3;

/** sum or avg over numeric. */
export class NumericTotal implements Accumulator {
  readonly columns: readonly StoreColumn[];
  readonly #average: boolean;
  readonly #sum: WideSum;
  readonly #counts: GroupCounts;
  #count: StoreColumnData | null = null;
  /** Scale of the sum. */
  #scale: StoreColumnData | null = null;
  /** The one scale all values have had, EMPTY or MIXED. */
  #kind: StoreColumnData | null = null;

  constructor(
    prefix: string, average: boolean,
    stores: { readonly counts: RowStore; readonly far: RowStore },
  ) {
    this.#average = average;
    this.#sum = new WideSum(prefix, stores.far);
    this.#counts = new GroupCounts(stores.counts);
    this.columns = [
      countColumn(`${prefix}count`),
      { name: `${prefix}scale`, type: { name: 'int4' }, nullable: false },
      { name: `${prefix}kind`, type: { name: 'int4' }, nullable: false },
      ...this.#sum.columns,
    ];
  }

  bind(_groups: Groups, columns: readonly StoreColumnData[]): void {
    this.#count = columns[0] ?? null;
    this.#scale = columns[1] ?? null;
    this.#kind = columns[2] ?? null;
    this.#sum.bind(columns.slice(3));
  }

  init(slots: Int32Array, count: number): void {
    zeroFloats(this.#count as StoreColumnData, slots, count);
    this.#sum.init(slots, count);
    const scales = (this.#scale as StoreColumnData).i32;
    const kinds = (this.#kind as StoreColumnData).i32;
    for (let i = 0; i < count; i++) {
      scales[slots[i] as number] = 0;
      kinds[slots[i] as number] = EMPTY;
    }
  }

  add({ args, rows, count, slots, weights }: AggregateInput): void {
    const data = args[0]?.data as Numeric[];
    const nulls = args[0]?.nulls ?? null;
    const counts = (this.#count as StoreColumnData).f64;
    const kinds = (this.#kind as StoreColumnData).i32;
    for (let i = 0; i < count; i++) {
      const row = rows === null ? i : rows[i] as number;
      if (nulls !== null && nulls[row] === 1) continue;
      const value = data[row] as Numeric;
      const slot = slots[i] as number;
      const weight = weights[i] as number;
      if (value.special === null && kinds[slot] === value.scale) {
        this.#sum.add(slot, weight === 1 ? value.coef : value.coef * BigInt(weight));
      } else {
        this.#addOther(slot, value, weight);
      }
      counts[slot] = (counts[slot] as number) + weight;
    }
    this.#counts.settle();
  }

  /** Adds a value whose scale is not the one all values of the group have. */
  #addOther(slot: number, value: Numeric, weight: number): void {
    const scales = (this.#scale as StoreColumnData).i32;
    const kinds = (this.#kind as StoreColumnData).i32;
    const kind = kinds[slot] as number;
    if (kind === EMPTY && value.special === null) {
      kinds[slot] = value.scale;
      scales[slot] = value.scale;
      this.#sum.add(slot, value.coef * BigInt(weight));
      return;
    }
    if (kind !== MIXED) {
      const before = (this.#count as StoreColumnData).f64[slot] as number;
      if (kind !== EMPTY && before !== 0) this.#counts.note(slot, kind, before);
      kinds[slot] = MIXED;
    }
    if (value.special !== null) {
      this.#counts.note(slot, value.special === 'NaN' ? NAN
        : value.special === 'Infinity' ? PLUS : MINUS, weight);
      return;
    }
    this.#counts.note(slot, value.scale, weight);
    const scale = scales[slot] as number;
    if (value.scale > scale) {
      this.#sum.scale(slot, pow10(value.scale - scale));
      scales[slot] = value.scale;
      this.#sum.add(slot, value.coef * BigInt(weight));
    } else {
      this.#sum.add(slot, value.coef * pow10(scale - value.scale) * BigInt(weight));
    }
  }

  output(slots: Int32Array, count: number): Column {
    const column = makeColumn('ref', count);
    const counts = (this.#count as StoreColumnData).f64;
    let nulls: Uint8Array | null = null;
    for (let i = 0; i < count; i++) {
      const slot = slots[i] as number;
      const values = counts[slot] as number;
      if (values <= 0) {
        (nulls ??= new Uint8Array(count))[i] = 1;
        continue;
      }
      const total = this.#total(slot);
      column.data[i] = this.#average ? finishAvgNumeric(total, BigInt(values)) : total;
    }
    return { ...column, nulls };
  }

  #total(slot: number): Numeric {
    const scale = (this.#scale as StoreColumnData).i32[slot] as number;
    const kind = (this.#kind as StoreColumnData).i32[slot] as number;
    const total = this.#sum.total(slot);
    if (kind !== MIXED) return makeNumeric(total, scale);
    const codes = this.#counts.codes(slot);
    const [plus, minus] = [codes.includes(PLUS), codes.includes(MINUS)];
    if (codes.includes(NAN) || (plus && minus)) return NUMERIC_NAN;
    if (plus) return NUMERIC_INFINITY;
    if (minus) return NUMERIC_NEGATIVE_INFINITY;
    const widest = codes.length === 0 ? scale : Math.max(...codes);
    const unit = pow10(scale - widest);
    assert(total % unit === 0n, 'a sum has no digits beyond its widest value');
    return makeNumeric(total / unit, widest);
  }

  previous(slots: Int32Array, count: number): Column { return this.output(slots, count); }

  drop(slots: Int32Array, count: number): void {
    this.#counts.drop(slots, count);
    this.#sum.far.drop(slots, count);
  }

  restore(): void {
    this.#counts.restore();
    this.#sum.far.restore();
  }


  size(): StateSize {
    const [counts, far] = [this.#counts.size(), this.#sum.far.size()];
    return { rows: counts.rows + far.rows, bytes: counts.bytes + far.bytes };
  }
}
