/**
 * Forgetting by age: the ttl node, and aggregates and top-N that forget by themselves.
 */
import { expect, it } from 'vitest';
import type { DataflowNode } from '../../src/planner/dataflow.ts';
import { runDeltas, sourceOf } from '../support/deltas.ts';

function ttl(header: string, groupBy: readonly number[] | null): DataflowNode {
  const { columns } = sourceOf(header);
  return {
    kind: 'ttl', inputs: [0], columns, key: null, appendOnly: false, bound: 'ttl', micros: 10n,
    groupBy,
  };
}

it('forgets each row ten after it came, and swallows its retraction', () => {
  const header = 'k:int4 v:text';
  const run = runDeltas(ttl(header, null), [sourceOf(header)], [
    { now: 0n, inputs: ['+ 1 a\n+ 2 b\n+2 3 c\n+ 4 null'] },
    { now: 5n, inputs: ['+ 1 a\n- 2 b\n- 3 c'] },
    { now: 9n },
    { now: 10n, inputs: ['- 3 c\n+ 4 d\n- 4 null'] },
    { now: 14n },
    { now: 15n, inputs: ['- 1 a\n+ 1 e'] },
    { now: 40n, inputs: ['- 1 e\n- 4 d\n- 9 x'] },
  ]);
  expect(run.epochs).toEqual([
    ['+ 1 a', '+ 2 b', '+2 3 c', '+ 4 null'],
    ['+ 1 a', '- 2 b', '- 3 c'],
    [],
    ['- 3 c', '+ 4 d', '- 4 null'],
    [],
    ['-2 1 a', '+ 1 e'],
    ['- 1 e', '- 4 d'],
  ]);
  expect(run.rows).toBe(0);
});

it('keeps the rows of a group while one of them changes', () => {
  const header = 'g:text v:int4';
  const run = runDeltas(ttl(header, [0]), [sourceOf(header)], [
    { now: 0n, inputs: ['+ a 1\n+ b 2\n+ null 3'] },
    { now: 8n, inputs: ['+ a 4'] },
    { now: 12n, inputs: ['- b 2\n+ b 5'] },
    { now: 17n, inputs: ['- a 1'] },
    { now: 22n },
    { now: 27n, inputs: ['- a 4\n+ a 6'] },
  ]);
  expect(run.epochs).toEqual([
    ['+ a 1', '+ b 2', '+ null 3'], ['+ a 4'], ['- b 2', '+ b 5', '- null 3'], ['- a 1'],
    ['- b 5'], ['- a 4', '+ a 6'],
  ]);
  expect(run.rows).toBe(2);
});

it('takes groups of an aggregate back', () => {
  const input = sourceOf('g:int4 v:int4', { appendOnly: true });
  const node: DataflowNode = {
    kind: 'aggregate', inputs: [0], groupBy: [0], global: false, evict: null, ttl: 10n,
    columns: [...input.columns.slice(0, 1), { name: 'n', type: { name: 'int8' } },
      { name: 'd', type: { name: 'int8' } }],
    key: [0], appendOnly: false, bound: 'ttl',
    aggregates: [
      { function: 'count()', args: [], argTypes: [], distinct: false, filter: null, orderBy: [],
        type: { name: 'int8' } },
      { function: 'count(any)', args: [1], argTypes: [{ name: 'int4' }], distinct: true,
        filter: null, orderBy: [], type: { name: 'int8' } },
    ],
  };
  const run = runDeltas(node, [input], [
    { now: 0n, inputs: ['+ 1 7\n+ 2 7\n+ 1 7'] },
    { now: 6n, inputs: ['+ 1 8'] },
    { now: 10n, inputs: ['+ 2 9'] },
    { now: 15n },
    { now: 16n },
    { now: 30n, inputs: ['+ 1 7'] },
  ]);
  expect(run.epochs).toEqual([
    ['+ 1 2 1', '+ 2 1 1'], ['- 1 2 1', '+ 1 3 2'], [], [], ['- 1 3 2'], ['+ 1 1 1', '- 2 1 1'],
  ]);
  expect(run.rows).toBe(2);
});

it('takes partitions of a small top-N back', () => {
  const input = sourceOf('g:int4 v:int4', { appendOnly: true });
  const node: DataflowNode = {
    kind: 'topN', inputs: [0], partitionBy: [0], limit: 2n, offset: 0n, withTies: false,
    orderBy: [{ column: 1, descending: false, nullsFirst: false }], rank: 'none', evict: null,
    ttl: 10n, columns: input.columns, key: null, appendOnly: false, bound: 'ttl',
  };
  const run = runDeltas(node, [input], [
    { now: 0n, inputs: ['+ 1 5\n+ 1 6\n+ 1 7\n+ 2 1'] },
    { now: 6n, inputs: ['+ 1 9'] },
    { now: 10n },
    { now: 12n, inputs: ['+ 1 4'] },
    { now: 22n, inputs: ['+ 1 9'] },
  ]);
  expect(run.epochs).toEqual([
    ['+ 1 5', '+ 1 6', '+ 2 1'], [], ['- 2 1'], ['+ 1 4', '- 1 6'], ['- 1 4', '- 1 5', '+ 1 9'],
  ]);
  expect(run.rows).toBe(1);
});
