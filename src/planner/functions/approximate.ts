/**
 * Approximate aggregates: distinct counts, percentiles, most frequent values.
 *
 * All three give the same result for the same rows in any order and any batching. Distinct counts:
 * HyperLogLog with 2^14 registers, standard error 0.81 %, only where rows never go; else exact.
 * Percentiles: counts in logarithmic buckets, relative error 1 %, also under retraction. Most
 * frequent values: exact.
 */
import { ByteReader, ByteWriter } from '../../common/bytes.ts';
import { hashBytes, hashInt32, hashInt64Lanes, hashString } from '../../common/hash.ts';
import { sqlError } from '../../common/errors.ts';
import { formatNumeric, trimScaleNumeric } from '../../common/types/numeric.ts';
import type { Numeric } from '../../common/types/numeric.ts';
import { compareValues, hashValue } from '../../common/types/registry.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import { asArray, asNumber } from '../../common/types/values-of.ts';
import { sqlArray } from '../../common/values.ts';
import type { Value } from '../../common/values.ts';
import { over } from './aggregates.ts';
import { aggregate } from './builder.ts';
import type { AggregateFunction, Summary, SummaryMaker } from './entry.ts';
import { checkFraction } from './statistics.ts';
import { retractable, summarised } from './summaries.ts';

const REGISTER_BITS = 14;
const REGISTERS = 1 << REGISTER_BITS;
/** The largest rank: leading zeros of the other 50 bits of a hash, plus one. */
const RANK_MAX = 64 - REGISTER_BITS + 1;
const WORDS = new Int32Array(2);
const FLOATS = new Float64Array(WORDS.buffer);
const BIGINTS = new BigInt64Array(WORDS.buffer);

/** Leaves 64 bits of hash of a value in `HASH`. Equal values have equal hashes. */
const HASH = new Int32Array(2);
function hash64(value: Value, type: SqlType): void {
  switch (typeof value) {
    case 'number': FLOATS[0] = Number.isNaN(value) ? NaN : value + 0; break;
    case 'bigint': BIGINTS[0] = value; break;
    case 'boolean': WORDS[0] = value ? 1 : 0; WORDS[1] = 0; break;
    case 'string': hashText(type.name === 'bpchar' ? value.trimEnd() : value); return;
    default:
      if (type.name === 'numeric') {
        hashText(formatNumeric(trimScaleNumeric(value as Numeric)));
        return;
      }
      WORDS[0] = value === null ? 0 : hashValue(value, type);
      WORDS[1] = value instanceof Uint8Array ? hashInt32(hashBytes(value) + 1) : 0;
  }
  const [low = 0, high = 0] = WORDS;
  HASH[0] = hashInt64Lanes(low, high);
  HASH[1] = hashInt64Lanes(high ^ 0x5bf03635, hashInt32(low + 0x7f4a7c15));
}

function hashText(text: string): void {
  let h = 0x1b873593 ^ text.length;
  for (let at = 0; at < text.length; at++) {
    h = Math.imul((h << 13) | (h >>> 19), 5) + Math.imul(text.charCodeAt(at), 0xcc9e2d51);
    h ^= h >>> 16;
  }
  HASH[0] = hashString(text);
  HASH[1] = hashInt32(h);
}

/** HyperLogLog; takes nothing out. Stored with six bits a register: 12 KB. */
class DistinctCount implements Summary {
  readonly #type: SqlType;
  readonly #ranks = new Uint8Array(REGISTERS);

  constructor(type: SqlType) {
    this.#type = type;
  }

  add(args: readonly Value[]): void {
    hash64(args[0] ?? null, this.#type);
    const [low = 0, high = 0] = HASH;
    const register = low & (REGISTERS - 1);
    const rest = low >>> REGISTER_BITS;
    const zeros = high !== 0 ? Math.clz32(high)
      : 32 + Math.min(Math.clz32(rest) - REGISTER_BITS, 32 - REGISTER_BITS);
    const rank = Math.min(zeros + 1, RANK_MAX);
    if (rank > (this.#ranks[register] ?? 0)) this.#ranks[register] = rank;
  }

  /** Ertl's estimator: without bias over the whole range, without tables. */
  result(): Value {
    const counts = new Float64Array(RANK_MAX + 1);
    for (const rank of this.#ranks) counts[rank] = (counts[rank] ?? 0) + 1;
    let z = REGISTERS * tau(1 - (counts[RANK_MAX] ?? 0) / REGISTERS);
    for (let rank = RANK_MAX - 1; rank >= 1; rank--) z = 0.5 * (z + (counts[rank] ?? 0));
    z += REGISTERS * sigma((counts[0] ?? 0) / REGISTERS);
    return BigInt(Math.round((REGISTERS * REGISTERS) / (2 * Math.LN2 * z)));
  }

  save(): Uint8Array {
    const packed = new Uint8Array((REGISTERS * 6) / 8);
    for (let at = 0, out = 0; at < REGISTERS; at += 4, out += 3) {
      const [a = 0, b = 0, c = 0, d = 0] = this.#ranks.subarray(at, at + 4);
      packed[out] = a | (b << 6);
      packed[out + 1] = (b >> 2) | (c << 4);
      packed[out + 2] = (c >> 4) | (d << 2);
    }
    return packed;
  }

  load(packed: Uint8Array): void {
    for (let at = 0, out = 0; at < REGISTERS; at += 4, out += 3) {
      const [x = 0, y = 0, z = 0] = packed.subarray(out, out + 3);
      this.#ranks[at] = x & 63;
      this.#ranks[at + 1] = ((x >> 6) | (y << 2)) & 63;
      this.#ranks[at + 2] = ((y >> 4) | (z << 4)) & 63;
      this.#ranks[at + 3] = z >> 2;
    }
  }
}

function sigma(from: number): number {
  if (from === 1) return Infinity;
  let x = from;
  let y = 1;
  let z = x;
  for (let before = -1; z !== before;) {
    x *= x;
    before = z;
    z += x * y;
    y += y;
  }
  return z;
}

function tau(from: number): number {
  if (from === 0 || from === 1) return 0;
  let x = from;
  let y = 1;
  let z = 1 - x;
  for (let before = -1; z !== before;) {
    x = Math.sqrt(x);
    before = z;
    y *= 0.5;
    z -= (1 - x) * (1 - x) * y;
  }
  return z / 3;
}

const DISTINCT_SUMMARY: SummaryMaker = {
  retracts: () => false,
  make: (types) => new DistinctCount(types[0] ?? { name: 'text' }),
  load: (bytes, types) => {
    const made = new DistinctCount(types[0] ?? { name: 'text' });
    made.load(bytes);
    return made;
  },
};

/** The width of buckets: each ends this many times higher than it begins. */
const RELATIVE_ERROR = 0.01;
const GROWTH = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR);
const LOG_GROWTH = Math.log(GROWTH);
/** Values nearer to zero are zero. */
const SMALLEST = 1e-300;
const BUCKETS_MAX = 200_000;

/** Counts in buckets that grow by 2 %: one for each power of GROWTH, signs and zero apart. */
class Buckets implements Summary {
  /** How many rows ask for each fraction, as JSON: usually there is one; the least counts. */
  readonly #fractions = new Map<string, number>();
  readonly #counts = new Map<number, number>();
  #count = 0;

  add(args: readonly Value[], weight: number): void {
    const [value = null, fraction = null] = args;
    if (value === null) return;
    const key = fractionKey(fraction);
    const asking = (this.#fractions.get(key) ?? 0) + weight;
    if (asking === 0) this.#fractions.delete(key);
    else this.#fractions.set(key, asking);
    const bucket = bucketOf(asNumber(value));
    const count = (this.#counts.get(bucket) ?? 0) + weight;
    if (count === 0) this.#counts.delete(bucket);
    else this.#counts.set(bucket, count);
    this.#count += weight;
  }

  result(): Value {
    const [key] = [...this.#fractions.keys()].sort();
    const fraction = key === undefined ? null : fractionOf(key);
    if (fraction === null || this.#count === 0) return null;
    const sorted = [...this.#counts].sort((a, b) => a[0] - b[0]);
    if (typeof fraction === 'number') return this.#at(sorted, checkFraction(fraction));
    const fractions = asArray(fraction);
    return { ...fractions, elements: fractions.elements.map((each) =>
      (each === null ? null : this.#at(sorted, checkFraction(asNumber(each))))) };
  }

  /** The middle of the bucket with the value that percentile_disc would give. */
  #at(sorted: readonly (readonly [number, number])[], fraction: number): number {
    let left = Math.max(1, Math.ceil(fraction * this.#count));
    for (const [bucket, count] of sorted) {
      left -= count;
      if (left <= 0) return middleOf(bucket);
    }
    return NaN;
  }

  save(): Uint8Array {
    const to = new ByteWriter();
    to.string(JSON.stringify([...this.#fractions].sort(([x], [y]) => (x < y ? -1 : 1))));
    to.varuint(this.#counts.size);
    for (const [bucket, count] of [...this.#counts].sort((a, b) => a[0] - b[0])) {
      to.varint(bucket);
      to.varint(count);
    }
    return to.finish();
  }

  load(from: ByteReader): void {
    for (const [key, asking] of JSON.parse(from.string()) as [string, number][]) {
      this.#fractions.set(key, asking);
    }
    for (let left = from.varuint(); left > 0; left--) {
      const bucket = from.varint();
      const count = from.varint();
      this.#counts.set(bucket, count);
      this.#count += count;
    }
  }
}

function fractionKey(fraction: Value): string {
  return JSON.stringify(typeof fraction === 'object' && fraction !== null
    ? asArray(fraction).elements : fraction);
}

function fractionOf(key: string): Value {
  const fraction = JSON.parse(key) as number | null | (number | null)[];
  return Array.isArray(fraction) ? sqlArray(fraction) : fraction;
}

/** Ordered as values: negative ones, 0, positive ones; infinities and NaN at the ends. */
function bucketOf(value: number): number {
  if (Number.isNaN(value)) return BUCKETS_MAX + 1;
  if (!Number.isFinite(value)) return value > 0 ? BUCKETS_MAX : -BUCKETS_MAX;
  const size = Math.abs(value);
  if (size < SMALLEST) return 0;
  const power = Math.ceil(Math.log(size) / LOG_GROWTH) + BUCKETS_MAX / 2;
  return value > 0 ? power : -power;
}

function middleOf(bucket: number): number {
  if (bucket === BUCKETS_MAX + 1) return NaN;
  if (Math.abs(bucket) === BUCKETS_MAX) return bucket > 0 ? Infinity : -Infinity;
  if (bucket === 0) return 0;
  const power = Math.abs(bucket) - BUCKETS_MAX / 2;
  const size = (2 * Math.exp(power * LOG_GROWTH)) / (1 + GROWTH);
  return bucket > 0 ? size : -size;
}

const BUCKET_SUMMARY: SummaryMaker = retractable(() => new Buckets());

/** The k most frequent values; of equally frequent ones the smaller first. */
function mostFrequent(
  rows: readonly (readonly Value[])[], types: readonly SqlType[],
): Value {
  const type = types[0] ?? { name: 'text' };
  const k = rows[0]?.[1] ?? null;
  if (k === null) return null;
  if (asNumber(k) < 1) throw sqlError('22023', 'k of approx_top_k must be at least 1');
  const runs: { readonly value: Value; count: number }[] = [];
  for (const [value = null] of rows.toSorted((a, b) =>
    compareValues(a[0] ?? null, b[0] ?? null, type))) {
    const last = runs.at(-1);
    if (last !== undefined && compareValues(last.value, value, type) === 0) last.count++;
    else runs.push({ value, count: 1 });
  }
  runs.sort((a, b) => b.count - a.count || compareValues(a.value, b.value, type));
  return sqlArray(runs.slice(0, asNumber(k)).map(({ value }) => value));
}

/** The approximate aggregates. */
export const APPROXIMATE: readonly AggregateFunction[] = [
  aggregate({
    signature: 'approx_count_distinct(any) -> int8',
    doc: 'The number of distinct non-NULL values, within 2 % (standard error 0.81 %) in 12 KB per '
      + 'group over append-only input; exact, from all values, over input that changes.',
    examples: [[over('approx_count_distinct(x)', '1, 1, 2'), '2']], empty: 0n,
    strategy: summarised(DISTINCT_SUMMARY),
  }),
  ...(['float8', 'float8[]'] as const).map((fraction) => aggregate({
    signature: `approx_percentile(float8,${fraction}) -> ${fraction}`,
    doc: fraction === 'float8' ? 'The value at a fraction of the ordered values, within 1 % of it.'
      : 'The values at fractions of the ordered values, each within 1 % of it.',
    examples: [[fraction === 'float8' ? over('round(approx_percentile(x, 0.5))', '1, 50, 1000')
      : over('array_length(approx_percentile(x, ARRAY[0.5, 0.9]), 1)', '1, 50, 1000'),
    fraction === 'float8' ? '50' : '2']],
    strategy: summarised(BUCKET_SUMMARY),
  })),
  aggregate({
    signature: 'approx_top_k(anyelement,int4) -> anyarray',
    doc: 'The k most frequent non-NULL values, the most frequent first, of equals the smaller; '
      + 'exact.',
    examples: [[over('approx_top_k(x, 2)', `'a', 'b', 'b', 'c'`), '{b,a}']],
    strategy: { kind: 'collect', finish: mostFrequent },
  }),
];
