/**
 * INTERSECT and EXCEPT against counting rows on both sides.
 */
import { describe, expect, it } from 'vitest';
import { createSetOp } from '../../src/runtime/operators/set-op.ts';
import type { SetOpNode } from '../../src/runtime/operators/set-op.ts';
import { Bag, columnsOf, compareRandom, sourceNode, T } from './harness.ts';
import type { Row } from './harness.ts';

const TYPES = [T('int4'), T('text')];
const SIZES = [1, 2, 1000];

function node(op: 'intersect' | 'except', all: boolean): SetOpNode {
  return {
    kind: 'setOp', op, all, inputs: [0, 1], columns: columnsOf(TYPES), key: null,
    appendOnly: false, bound: 'nothing',
  };
}

function model({ op, all }: SetOpNode, left: readonly Row[], right: readonly Row[]): Row[] {
  const [a, b] = [new Bag(), new Bag()];
  for (const row of left) a.add(row, 1, TYPES);
  for (const row of right) b.add(row, 1, TYPES);
  return [...a.rows].flatMap(([text, { row, count }]) => {
    const other = b.rows.get(text)?.count ?? 0;
    const copies = op === 'intersect'
      ? (all ? Math.min(count, other) : Math.min(1, other))
      : (all ? Math.max(0, count - other) : Number(other === 0));
    return Array.from({ length: copies }, () => row);
  });
}

describe('set operations equal counting', () => {
  it.each([
    node('intersect', false), node('intersect', true), node('except', false), node('except', true),
  ])('$op all=$all', (of) => {
    for (let seed = 1; seed <= 6; seed++) {
      expect(compareRandom({
        inputs: [TYPES, TYPES], output: TYPES, epochs: 40,
        make: (context) => createSetOp(of, [sourceNode(TYPES), sourceNode(TYPES)], context),
        row: (_port, next) => [next(5) === 0 ? null : next(3), next(3) === 0 ? null : 'x'],
        model: ([left = [], right = []]) => model(of, left, right),
      }, seed, SIZES[seed % 3] ?? 1)).toBe(40);
    }
  });
});
