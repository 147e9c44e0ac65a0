/**
 * Work of window functions: a change in a large partition reads as many rows as its frames reach,
 * not as many as the partition has. Counted, for every class of functions and frame.
 */
import { describe, expect, it } from 'vitest';
import type { SqlType } from '../../src/common/types/sql-type.ts';
import { literal } from '../../src/planner/expr-tools.ts';
import type { DataflowOverCall } from '../../src/planner/dataflow.ts';
import type { Frame, FrameBound } from '../../src/planner/relation.ts';
import { makeInterval } from '../../src/common/types/interval.ts';
import { createOver } from '../../src/runtime/operators/over.ts';
import { OVER_WORK } from '../../src/runtime/operators/over-partition.ts';
import type { OverNode } from '../../src/runtime/operators/over-rows.ts';
import { columnsOf, Run, sourceNode, T } from './harness.ts';
import type { Row } from './harness.ts';

// Partition, time, number, flag, text.
const TYPES = [T('int4'), T('timestamp'), T('int4'), T('boolean'), T('text')];
const SECOND = 1_000_000n;

interface Call { readonly id: string; readonly args: readonly number[]; readonly type: SqlType }

const AGGREGATES: readonly Call[] = [
  { id: 'count()', args: [], type: T('int8') }, { id: 'sum(int4)', args: [2], type: T('int8') },
  { id: 'avg(int4)', args: [2], type: T('numeric') },
  { id: 'min(int4)', args: [2], type: T('int4') }, { id: 'max(text)', args: [4], type: T('text') },
  { id: 'stddev(int4)', args: [2], type: T('numeric') },
  { id: 'bit_or(int4)', args: [2], type: T('int4') },
  { id: 'bool_and(boolean)', args: [3], type: T('boolean') },
  { id: 'array_agg(anyelement)', args: [2], type: { name: 'array', element: T('int4') } },
];
const PICKS: readonly Call[] = [
  { id: 'first_value(anyelement)', args: [2], type: T('int4') },
  { id: 'last_value(anyelement)', args: [2], type: T('int4') },
];

function callOf({ id, args, type }: Call, frame: Frame): DataflowOverCall {
  return {
    function: id, args, argTypes: args.map((at) => TYPES[at] ?? T('int4')), filter: null,
    ignoreNulls: false, frame, type,
  };
}

function rowAt(time: number, number: number): Row {
  return [1, BigInt(time) * SECOND, number, number % 3 !== 0, `t${number % 10}`];
}

/** Rows read for one change in the middle (or at the end) of a partition of so many rows. */
function workOf(call: DataflowOverCall, length: number, place: number): number {
  const node: OverNode = {
    kind: 'over', partitionBy: [0], orderBy: [{ column: 1, descending: false, nullsFirst: false }],
    calls: [call], evict: null, inputs: [0], key: null, appendOnly: false, bound: 'nothing',
    columns: columnsOf([...TYPES, call.type]),
  };
  const run = new Run((context) => createOver(node, [sourceNode(TYPES)], context), [TYPES],
    [...TYPES, call.type], 100_000);
  run.step(Array.from({ length }, (_row, at) =>
    ({ port: 0, row: rowAt(at * 2, (at * 7919) % 1000), weight: 1 })), length);
  const time = Math.floor(length * place) * 2;
  const before = OVER_WORK.rows;
  run.step([{ port: 0, row: rowAt(time + 1, 5), weight: 1 }], 1);
  run.step([{ port: 0, row: rowAt(time + 1, 5), weight: -1 }], 1);
  return OVER_WORK.rows - before;
}

const SMALL = 2000;
const LARGE = 20_000;

/** Ten times the rows: a few steps more for searches, nothing else. */
function verdict(call: DataflowOverCall, place: number): string {
  const small = workOf(call, SMALL, place);
  const large = workOf(call, LARGE, place);
  return large < 1.3 * small + 50 && large < LARGE / 2 ? 'bounded' : `${small} -> ${large} rows`;
}

const bound = (kind: 'preceding' | 'following', offset: FrameBound & object | number,
  mode: Frame['mode']): FrameBound => ({
  kind, offset: mode === 'range'
    ? literal(makeInterval(0, 0, BigInt(Number(offset)) * 2n * SECOND), T('interval'))
    : literal(BigInt(Number(offset)), T('int8')),
});

const FRAMES: readonly (readonly [string, Frame])[] = (['rows', 'range', 'groups'] as const)
  .flatMap((mode) => [
    ...(['none', 'currentRow', 'group', 'ties'] as const).map((exclude) =>
      [`${mode} 20 preceding, 5 following, exclude ${exclude}`, {
        mode, start: bound('preceding', 20, mode), end: bound('following', 5, mode), exclude,
      }] as const),
    [`${mode} 9 preceding, 3 preceding`, {
      mode, start: bound('preceding', 9, mode), end: bound('preceding', 3, mode), exclude: 'none',
    }] as const,
    [`${mode} current row, 8 following`, {
      mode, start: { kind: 'currentRow' }, end: bound('following', 8, mode), exclude: 'none',
    }] as const,
  ]);

describe.each(FRAMES)('%s', (_name, frame) => {
  it.each([...AGGREGATES, ...PICKS].map((call) => [call.id, call] as const))('%s', (_id, call) => {
    expect(verdict(callOf(call, frame), 0.5)).toBe('bounded');
  });
});

const DEFAULT: Frame = {
  mode: 'range', start: { kind: 'unboundedPreceding' }, end: { kind: 'currentRow' },
  exclude: 'none',
};

describe('a row at the end', () => {
  const all: readonly Call[] = [
    ...AGGREGATES.filter(({ id }) => id !== 'array_agg(anyelement)'), ...PICKS,
    { id: 'row_number()', args: [], type: T('int8') }, { id: 'rank()', args: [], type: T('int8') },
    { id: 'dense_rank()', args: [], type: T('int8') },
  ];
  it.each(all.map((call) => [call.id, call] as const))('%s', (_id, call) => {
    expect(verdict(callOf(call, DEFAULT), 1)).toBe('bounded');
  });
});

describe('in the middle', () => {
  const all: readonly Call[] = [
    { id: 'lag(anyelement)', args: [2], type: T('int4') },
    { id: 'lead(anyelement)', args: [2], type: T('int4') },
  ];
  it.each(all.map((call) => [call.id, call] as const))('%s', (_id, call) => {
    expect(verdict(callOf(call, DEFAULT), 0.5)).toBe('bounded');
    expect(verdict({ ...callOf(call, DEFAULT), ignoreNulls: true }, 0.5)).toBe('bounded');
  });
});
