/**
 * The delay of a watermark as learned from how far out of order rows come: PERCENTILE(0.99).
 *
 * Each row of a partition is behind the latest event time by some lag, 0 for one in order. Counts
 * of lags by size (8 steps per doubling) give the least delay that would have been enough for the
 * wanted part of the rows. It is learned anew at numbers of rows, never by time or by batch, so
 * the same log gives the same watermarks however it is put into epochs. Old rows weigh less:
 * beyond ROWS_KEPT all counts are halved.
 */

/** What `WATERMARK FOR ts AS PERCENTILE(fraction [, max])` asks for. */
export interface LearnedRule {
  readonly fraction: number;
  /** The delay never exceeds this, and is this before anything was learned; null: no such bound. */
  readonly max: bigint | null;
}

/** What a partition has learned; plain data, part of checkpoints. */
export interface LearnedDelay {
  /** Rows by the size of their lag. */
  counts: number[];
  rows: number;
  /** Learns again at this number of rows. */
  next: number;
  /** Null before the first `FIRST_ROWS` rows. */
  delay: bigint | null;
}

const FIRST_ROWS = 64;
const EVERY_ROWS = 512;
const ROWS_KEPT = 8192;
const STEPS = 8;

/** Nothing learned yet. */
export function unlearned(): LearnedDelay {
  return { counts: [], rows: 0, next: FIRST_ROWS, delay: null };
}

/** A copy that later rows do not change. */
export function copyLearned(of: LearnedDelay): LearnedDelay {
  return { ...of, counts: [...of.counts] };
}

/** Takes a row's lag in; true when the delay was learned anew. */
export function noteLag(of: LearnedDelay, lag: bigint, rule: LearnedRule): boolean {
  const at = bucketOf(lag);
  while (of.counts.length <= at) of.counts.push(0);
  of.counts[at] = (of.counts[at] ?? 0) + 1;
  of.rows++;
  if (of.rows < of.next) return false;
  const delay = percentile(of, rule.fraction);
  of.delay = rule.max !== null && delay > rule.max ? rule.max : delay;
  if (of.rows >= ROWS_KEPT) {
    of.counts = of.counts.map((count) => Math.floor(count / 2));
    of.rows = of.counts.reduce((a, b) => a + b, 0);
  }
  of.next = of.rows + Math.min(of.rows, EVERY_ROWS);
  return true;
}

/** The least bound of a step that `fraction` of the rows do not exceed. */
function percentile({ counts, rows }: LearnedDelay, fraction: number): bigint {
  const wanted = Math.ceil(fraction * rows);
  let seen = 0;
  for (const [at, count] of counts.entries()) {
    seen += count;
    if (seen >= wanted) return upperBound(at);
  }
  return upperBound(counts.length - 1);
}

/** 0 for no lag, else 1 + its place among steps of an eighth of a power of two. */
function bucketOf(lag: bigint): number {
  if (lag <= 0n) return 0;
  const size = Number(lag);
  const high = Math.floor(size / 2 ** 32);
  const power = high > 0 ? 63 - Math.clz32(high) : 31 - Math.clz32(size);
  return 1 + power * STEPS + Math.floor((size / 2 ** power - 1) * STEPS);
}

/** The greatest lag of a step. */
function upperBound(bucket: number): bigint {
  if (bucket <= 0) return 0n;
  const power = Math.floor((bucket - 1) / STEPS);
  const step = (bucket - 1) % STEPS;
  return BigInt(Math.ceil(2 ** power * (1 + (step + 1) / STEPS))) - 1n;
}
