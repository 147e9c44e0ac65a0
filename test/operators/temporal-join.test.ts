/**
 * Temporal joins: versions by event time against the whole log, current rows by processing time.
 */
import { describe, expect, it } from 'vitest';
import type { Value } from '../../src/common/values.ts';
import { call, column } from '../../src/planner/expr-tools.ts';
import { createTemporalJoin } from '../../src/runtime/operators/temporal-join.ts';
import type { TemporalJoinNode } from '../../src/runtime/operators/temporal-join.ts';
import { Bag, columnsOf, random, Run, sourceNode, T, WATERMARK } from './harness.ts';
import type { Change, Row } from './harness.ts';

const LEFT = [T('int4'), T('timestamp'), T('int4')];
const RIGHT = [T('int4'), T('timestamp'), T('int4')];
const BOTH = [...LEFT, ...RIGHT];

function node(more: Partial<TemporalJoinNode> = {}): TemporalJoinNode {
  return {
    kind: 'temporalJoin', type: 'left', leftKey: [0], rightKey: [0], leftTime: 1, rightTime: 1,
    residual: null, watermark: WATERMARK, inputs: [0, 1], columns: columnsOf(BOTH), key: null,
    appendOnly: true, bound: 'watermark', ...more,
  };
}

function start(of: TemporalJoinNode, appendOnly: boolean): Run {
  return new Run((context) => createTemporalJoin(of,
    [sourceNode(LEFT, { appendOnly }), sourceNode(RIGHT, { key: [0] })], context),
  [LEFT, RIGHT], BOTH);
}

const left = (row: Row, weight: number = 1): Change => ({ port: 0, row, weight });
const right = (row: Row, weight: number = 1): Change => ({ port: 1, row, weight });

/** The changes by which a row takes the place of its key's current one, if it is newer. */
function replacing(
  current: Map<Value | undefined, Row>, row: Row, versions: Row[],
): Change[] {
  const old = current.get(row[0]);
  if (old !== undefined && (old[1] as bigint) >= (row[1] as bigint)) return [];
  current.set(row[0], row);
  versions.push(row);
  return old === undefined ? [right(row)] : [right(old, -1), right(row)];
}

describe('by event time', () => {
  it('equals a look-up in all versions, however the watermark moves', () => {
    for (let seed = 1; seed <= 12; seed++) {
      const next = random(seed);
      const type = seed % 2 === 0 ? 'left' : 'inner';
      const run = start(node({ type }), true);
      const lefts: Row[] = [];
      const versions: Row[] = [];
      const current = new Map<Value | undefined, Row>();
      let watermark = 0;
      let value = 0;
      for (let epoch = 0; epoch < 40; epoch++) {
        const changes: Change[] = [];
        for (let i = next(5); i > 0; i--) {
          const row: Row = [next(9) === 0 ? null : next(3), BigInt(watermark + next(30)), value++];
          lefts.push(row);
          changes.push(left(row));
        }
        for (let i = next(4); i > 0; i--) {
          const row: Row = [next(3), BigInt(watermark + 1 + next(30)), value++];
          changes.push(...replacing(current, row, versions));
        }
        run.step(changes, [1, 2, 1000][seed % 3] ?? 1, BigInt(watermark));
        if (next(3) === 0) watermark += next(15);
        if (next(5) === 0) run.restart();
      }
      run.step([], 1, 10_000n);
      const expected = new Bag();
      for (const row of lefts) {
        const valid = versions.filter((each) => each[0] === row[0]
          && (each[1] as bigint) <= (row[1] as bigint))
          .toSorted((a, b) => Number((a[1] as bigint) - (b[1] as bigint)));
        const match = valid[valid.length - 1];
        if (match !== undefined) expected.add([...row, ...match], 1, BOTH);
        else if (type === 'left') expected.add([...row, null, null, null], 1, BOTH);
      }
      expect(run.output.text(), `seed ${seed}`).toEqual(expected.text());
      expect(run.context.late).toBe(0);
      // One version of each key remains.
      expect(run.operator.size().rows).toBeLessThanOrEqual(3);
    }
  });

  it('waits until the watermark has passed the time, and never touches it again', () => {
    const run = start(node(), true);
    run.step([right([1, 10n, 100]), left([1, 15n, 0])], 1000, 15n);
    expect(run.output.text()).toEqual([]);
    run.step([], 1000, 16n);
    const [only] = run.output.text();
    expect(only).toContain('| 100');
    run.step([right([1, 10n, 100], -1), right([1, 20n, 200])], 1, 21n);
    expect(run.output.text()).toEqual([only]);
  });

  it('a deleted row matches nothing any more', () => {
    const run = start(node({ type: 'inner' }), true);
    run.step([right([1, 10n, 100])], 1, 11n);
    run.step([right([1, 10n, 100], -1)], 1, 12n);
    run.restart();
    run.step([left([1, 20n, 0])], 1, 30n);
    expect(run.output.text()).toEqual([]);
    run.step([right([1, 40n, 300]), left([1, 45n, 1])], 1, 50n);
    expect(run.output.text().length).toBe(1);
  });

  it('takes back what it put out for a left row', () => {
    const run = start(node(), false);
    run.step([right([1, 10n, 100]), left([1, 15n, 0], 2), left([2, 15n, 0])], 1000, 20n);
    run.step([right([1, 10n, 100], -1), right([1, 30n, 200])], 1000, 40n);
    run.restart();
    run.step([left([1, 15n, 0], -1), left([2, 15n, 0], -1)], 1000, 41n);
    expect(run.output.text().length).toBe(1);
    expect(run.output.text()[0]).toMatch(/^1 1 .* 100$/);
    run.step([left([1, 15n, 0], -1)], 1000, 42n);
    expect(run.output.text()).toEqual([]);
  });
});

describe('by processing time', () => {
  const processing = node({
    leftTime: null, rightTime: null, watermark: null,
    residual: call('<(int4,int4)', [column(2, T('int4')), column(5, T('int4'))], T('boolean')),
  });

  it('joins with the row that is current when the left row comes', () => {
    for (const appendOnly of [true, false]) {
      const run = start(processing, appendOnly);
      run.step([left([1, 0n, 5]), left([2, 0n, 5]), right([1, 0n, 10])], 1);
      run.step([right([1, 0n, 10], -1), right([1, 0n, 20]), left([1, 1n, 5]), left([1, 2n, 50])], 1);
      const values = run.output.text().map((text) => text.split(' | ').slice(2).join(' '));
      expect(values).toEqual(['5 1 1970-01-01 00:00:00 10', '5 1 1970-01-01 00:00:00 20',
        '50 NULL NULL NULL', '5 NULL NULL NULL']);
    }
  });

  it('takes back what it put out', () => {
    const run = start(processing, false);
    run.step([left([1, 0n, 5]), right([1, 0n, 10])], 1);
    run.step([right([1, 0n, 10], -1), right([1, 0n, 20])], 1);
    run.restart();
    run.step([left([1, 0n, 5])], 1);
    expect(run.output.text().length).toBe(2);
    run.step([left([1, 0n, 5], -2)], 1);
    expect(run.output.text()).toEqual([]);
    expect(run.operator.size().rows).toBe(1);
  });
});
