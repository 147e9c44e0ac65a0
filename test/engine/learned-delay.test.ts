/**
 * Watermarks whose delay is learned: the same W_p for each row however rows are put into batches
 * and whenever the state is saved; never back; enough for the wanted part of the rows.
 */
import { describe, expect, it } from 'vitest';
import type { WatermarkRule } from '../../src/planner/catalog.ts';
import { batchOf } from '../../src/runtime/batch.ts';
import { EventClock } from '../../src/runtime/engine-watermarks.ts';
import { random } from '../window-oracle/cases.ts';

const RULE: WatermarkRule = { column: 0, delayMicros: 0n, learned: { fraction: 0.99, max: null } };
const TYPES = [{ name: 'timestamp' }] as const;

/** Event times a second apart, some behind by up to a minute, now and then by much more. */
function times(seed: number, count: number): bigint[] {
  const below = random(seed);
  return Array.from({ length: count }, (_each, at) => {
    const late = below(200) === 0 ? below(36_000_000) : below(3) === 0 ? below(60_000_000) : 0;
    return BigInt(at) * 1_000_000n - BigInt(late);
  });
}

function arrivals(
  rows: readonly bigint[], size: number, saving: boolean, rule: WatermarkRule = RULE,
): (bigint | null)[] {
  let clock = new EventClock(rule, 1);
  const found: (bigint | null)[] = [];
  for (let from = 0; from < rows.length; from += size) {
    const part = rows.slice(from, from + size);
    const column = clock.arrivals(batchOf(TYPES, part.map((time) => [time])), 0);
    if (column.kind !== 'i64') throw new Error('not int8');
    for (const at of part.keys()) {
      found.push(column.nulls?.[at] === 1 ? null : column.data[at] ?? null);
    }
    if (!saving) continue;
    const next = new EventClock(rule, 1);
    next.load(clock.save());
    clock = next;
  }
  return found;
}

describe('a learned delay', () => {
  it.each([1, 2, 3])('depends on the rows alone (seed %i)', (seed) => {
    const rows = times(seed, 20_000);
    const whole = arrivals(rows, rows.length, false);
    for (const size of [1, 7, 1000]) {
      expect(arrivals(rows, size, true)).toEqual(whole);
    }
  });

  it.each([4, 5, 6])('never goes back, and is late for few (seed %i)', (seed) => {
    const rows = times(seed, 20_000);
    const marks = arrivals(rows, 100, false);
    const known = marks.flatMap((mark) => mark === null ? [] : [mark]);
    expect(marks.indexOf(known[0] ?? 0n)).toBe(64);
    for (const [at, mark] of known.entries()) {
      expect(mark >= (known[at - 1] ?? mark)).toBe(true);
    }
    const late = rows.filter((time, at) => time < (marks[at] ?? time)).length;
    expect(late / rows.length).toBeLessThan(0.02);
    expect((rows.at(-1) ?? 0n) - (marks.at(-1) ?? 0n)).toBeLessThan(90_000_000n);
  });

  it('keeps what a saved state holds when rows come later', () => {
    const clock = new EventClock(RULE, 1);
    const rows = times(7, 200);
    clock.arrivals(batchOf(TYPES, rows.slice(0, 100).map((time) => [time])), 0);
    const saved = clock.save();
    const before = JSON.stringify(saved, (_k, v: unknown) => typeof v === 'bigint' ? `${v}` : v);
    clock.arrivals(batchOf(TYPES, rows.slice(100).map((time) => [time])), 0);
    expect(JSON.stringify(saved, (_k, v: unknown) => typeof v === 'bigint' ? `${v}` : v))
      .toBe(before);
  });

  it('stays within the stated bound', () => {
    const rule: WatermarkRule = { ...RULE, learned: { fraction: 1, max: 5_000_000n } };
    const rows = times(8, 5000);
    const marks = arrivals(rows, 500, false, rule);
    let latest = rows[0] ?? 0n;
    let furthest = 0n;
    for (const [at, time] of rows.entries()) {
      const behind = at === 0 ? 0n : latest - (marks[at] ?? 0n);
      if (behind > furthest) furthest = behind;
      if (time > latest) latest = time;
    }
    expect(furthest).toBe(5_000_000n);
  });
});
