/**
 * Sessions against sorting every partition anew, and what becomes of them at the watermark.
 */
import { describe, expect, it } from 'vitest';
import { createSession } from '../../src/runtime/operators/session.ts';
import type { SessionNode } from '../../src/runtime/operators/session.ts';
import { columnsOf, compareRandom, random, Run, sourceNode, T, WATERMARK } from './harness.ts';
import type { Change, Row } from './harness.ts';

const TYPES = [T('text'), T('timestamp'), T('int4')];
const OUTPUT = [...TYPES, T('int8'), T('int8'), T('int8')];
const SIZES = [1, 2, 1000];
const GAP = 10n;

function node(more: Partial<SessionNode> = {}): SessionNode {
  return {
    kind: 'session', gap: GAP, partitionBy: [0], timeColumn: 1, watermark: null, inputs: [0],
    columns: columnsOf(OUTPUT), key: null, appendOnly: false, bound: 'nothing', ...more,
  };
}

function model(partitioned: boolean, rows: readonly Row[], longest: bigint | null = null): Row[] {
  const out: Row[] = [];
  const timed = rows.filter((row) => row[1] !== null);
  for (const key of new Set(timed.map((row) => partitioned ? row[0] ?? null : null))) {
    const own = timed.filter((row) => !partitioned || row[0] === key)
      .toSorted((a, b) => Number((a[1] as bigint) - (b[1] as bigint)));
    let run: Row[] = [];
    const close = (): void => {
      const start = run[0]?.[1] as bigint;
      const reach = (run[run.length - 1]?.[1] as bigint) + GAP;
      const end = longest !== null && start + longest < reach ? start + longest : reach;
      for (const row of run) out.push([...row, start, end, end - 1n]);
      run = [];
    };
    for (const row of own) {
      const last = run[run.length - 1]?.[1] as bigint | undefined;
      const first = run[0]?.[1] as bigint | undefined;
      if (last !== undefined && (row[1] as bigint) - last >= GAP) close();
      else if (longest !== null && first !== undefined
        && (row[1] as bigint) - first >= longest) close();
      run.push(row);
    }
    if (run.length > 0) close();
  }
  return out;
}

describe('sessions equal runs of the sorted rows', () => {
  it.each([[true], [false]])('partitioned: %s', (partitioned) => {
    for (let seed = 1; seed <= 9; seed++) {
      expect(compareRandom({
        inputs: [TYPES], output: OUTPUT, epochs: 40, changes: seed % 2 === 0 ? 2 : 12,
        make: (context) => createSession(
          node(partitioned ? {} : { partitionBy: [] }), [sourceNode(TYPES)], context),
        row: (_port, next) => [next(5) === 0 ? null : `p${next(2)}`,
          next(10) === 0 ? null : BigInt(next(200)), next(3)],
        model: ([rows = []]) => model(partitioned, rows),
      }, seed, SIZES[seed % 3] ?? 1)).toBe(40);
    }
  });
});

describe('sessions with a longest duration equal a walk over the sorted rows', () => {
  it.each([[10n, false], [25n, false], [25n, true], [60n, true]])('%s', (longest, dense) => {
    for (let seed = 1; seed <= 9; seed++) {
      expect(compareRandom({
        inputs: [TYPES], output: OUTPUT, epochs: 40, changes: seed % 2 === 0 ? 2 : 12,
        make: (context) => createSession(node({ longest }), [sourceNode(TYPES)], context),
        row: (_port, next) => [`p${next(2)}`, BigInt(next(dense ? 100 : 200)), next(3)],
        model: ([rows = []]) => model(true, rows, longest),
      }, seed, SIZES[seed % 3] ?? 1)).toBe(40);
    }
  });
});

describe('sessions touch little', () => {
  const change = (time: bigint, weight: number = 1): Change =>
    ({ port: 0, row: ['p', time, 0], weight });
  const start = (more: Partial<SessionNode> = {}): Run =>
    new Run((context) => createSession(node(more), [sourceNode(TYPES)], context),
      [TYPES], OUTPUT, 1000);

  it('a row inside of a session moves no other', () => {
    const run = start();
    run.step(Array.from({ length: 500 }, (_row, i) => change(BigInt(i * 4))), 1000);
    expect(run.emitted).toBe(500);
    run.step([change(1001n)], 1);
    expect(run.emitted).toBe(1);
    run.step([change(1001n, -1)], 1);
    expect(run.emitted).toBe(1);
  });

  it('a row at exactly last + gap opens a new session; one below it merges', () => {
    const run = start();
    run.step([change(0n), change(10n)], 1);
    expect(run.output.text().map((text) => text.split(' | ').slice(3).join(' ')))
      .toEqual(['0 10 9', '10 20 19']);
    run.step([change(9n)], 1);
    expect(run.output.text().map((text) => text.split(' | ').slice(3).join(' ')))
      .toEqual(['0 20 19', '0 20 19', '0 20 19']);
  });

  it('final sessions leave the state and are never touched again', () => {
    const run = start({ watermark: WATERMARK });
    run.step([change(0n), change(5n), change(40n)], 1, 12n);
    expect(run.operator.size().rows).toBe(3);
    run.step([], 1, 15n);
    expect(run.operator.size().rows).toBe(1);
    run.restart();
    run.step([change(14n)], 1, 16n);
    expect(run.output.text().map((text) => text.split(' | ').slice(3).join(' ')))
      .toEqual(['0 15 14', '0 15 14', '14 24 23', '40 50 49']);
    run.step([], 1, 1000n);
    expect(run.operator.size().rows).toBe(0);
  });
});

describe('final sessions by arrival', () => {
  const TIMED = [T('timestamp'), T('int8')];
  const OUT = [...TIMED, T('int8'), T('int8'), T('int8')];

  /** Rows with the watermark each one met; late ones left out. */
  function log(next: (below: number) => number): { rows: Row[]; watermarks: bigint[] } {
    const rows: Row[] = [];
    const watermarks: bigint[] = [];
    let most = 0n;
    for (let i = 0; i < 120; i++) {
      const time = most + BigInt(next(16)) - 11n;
      const arrival = i === 0 ? null : most - 3n;
      if (arrival !== null && time + GAP <= arrival) continue;
      if (time > most) most = time;
      rows.push([time, arrival]);
      watermarks.push(most - 3n);
    }
    return { rows, watermarks };
  }

  it('do not depend on how rows are put into epochs', () => {
    for (let seed = 1; seed <= 35; seed += 2) {
      const { rows, watermarks } = log(random(seed));
      const results = [1, 3, 17, 1000].map((size) => {
        const run = new Run((context) => createSession(node({
          partitionBy: [], timeColumn: 0, watermark: WATERMARK, arrival: 1,
        }), [sourceNode(TIMED)], context), [TIMED], OUT);
        for (let from = 0; from < rows.length; from += size) {
          const part = rows.slice(from, from + size);
          run.step(part.map((row) => ({ port: 0, row, weight: 1 })), 1000,
            watermarks[from + part.length - 1] ?? null);
          if (size === 3) run.restart();
        }
        return run.output.text();
      });
      for (const result of results) expect(result, `seed ${seed}`).toEqual(results[0]);
    }
  });

  it('a retraction finds its row whatever watermark it carries', () => {
    const run = new Run((context) => createSession(node({
      partitionBy: [], timeColumn: 0, watermark: WATERMARK, arrival: 1,
    }), [sourceNode(TIMED)], context), [TIMED], OUT);
    run.step([{ port: 0, row: [5n, null], weight: 1 }, { port: 0, row: [9n, 2n], weight: 1 }], 1);
    run.step([{ port: 0, row: [9n, 7n], weight: -1 }], 1);
    expect(run.output.text().map((text) => text.split(' | ').slice(1).join(' ')))
      .toEqual(['NULL 5 15 14']);
  });
});
