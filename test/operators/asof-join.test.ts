/**
 * ASOF joins against looking at every pair, under random inserts and deletes on both sides.
 */
import { describe, expect, it } from 'vitest';
import { createAsofJoin } from '../../src/runtime/operators/asof-join.ts';
import type { AsofJoinNode } from '../../src/runtime/operators/asof-join.ts';
import { columnsOf, compareRandom, Run, sourceNode, T } from './harness.ts';
import type { Row } from './harness.ts';

const LEFT = [T('int4'), T('timestamp'), T('int4')];
const RIGHT = [T('int4'), T('timestamp'), T('int4')];
const SIZES = [1, 2, 1000];

function node(type: 'inner' | 'left', op: AsofJoinNode['op']): AsofJoinNode {
  return {
    kind: 'asofJoin', type, op, leftKey: [0], rightKey: [0], leftTime: 1, rightTime: 1,
    inputs: [0, 1], columns: columnsOf([...LEFT, ...RIGHT]), key: null, appendOnly: false,
    bound: 'nothing',
  };
}

function holds(op: AsofJoinNode['op'], a: bigint, b: bigint): boolean {
  switch (op) {
    case '>=': return a >= b;
    case '>': return a > b;
    case '<=': return a <= b;
    case '<': return a < b;
  }
}

function model(of: AsofJoinNode, left: readonly Row[], right: readonly Row[]): Row[] {
  const back = of.op === '>=' || of.op === '>';
  const sorted = right.filter((row) => row[0] !== null && row[1] !== null).toSorted((a, b) =>
    Number((a[1] as bigint) - (b[1] as bigint)) || Number(a[2]) - Number(b[2]));
  return left.flatMap((row) => {
    const found = sorted.filter((other) => row[0] === other[0] && row[1] !== null
      && holds(of.op, row[1] as bigint, other[1] as bigint));
    // Of equal times the first row, whichever way one looks.
    const time = (back ? found[found.length - 1] : found[0])?.[1];
    const match = found.find((other) => other[1] === time);
    if (match !== undefined) return [[...row, ...match]];
    return of.type === 'left' ? [[...row, null, null, null]] : [];
  });
}

describe('ASOF join equals all pairs', () => {
  const nodes = (['inner', 'left'] as const).flatMap((type) =>
    (['>=', '>', '<=', '<'] as const).map((op) => node(type, op)));
  it.each(nodes)('$type $op', (of) => {
    for (let seed = 1; seed <= 6; seed++) {
      expect(compareRandom({
        inputs: [LEFT, RIGHT], output: [...LEFT, ...RIGHT], epochs: 40,
        make: (context) => createAsofJoin(of, [sourceNode(LEFT), sourceNode(RIGHT)], context),
        row: (_port, next) => [next(8) === 0 ? null : next(2),
          next(10) === 0 ? null : BigInt(next(20)), next(3)],
        model: ([left = [], right = []]) => model(of, left, right),
      }, seed, SIZES[seed % 3] ?? 1)).toBe(40);
    }
  });

  it('a right row concerns only the left rows up to its neighbour', () => {
    const run = new Run((context) => createAsofJoin(node('left', '>='),
      [sourceNode(LEFT), sourceNode(RIGHT)], context), [LEFT, RIGHT], [...LEFT, ...RIGHT], 1000);
    run.step(Array.from({ length: 1000 }, (_row, i) => [
      { port: 0, row: [1, BigInt(i), i], weight: 1 },
      { port: 1, row: [1, BigInt(i - (i % 10)), 0], weight: i % 10 === 0 ? 1 : 0 },
    ]).flat().filter(({ weight }) => weight !== 0), 1000);
    run.step([{ port: 1, row: [1, 505n, 7], weight: 1 }], 1);
    expect(run.emitted).toBe(10);
  });
});
