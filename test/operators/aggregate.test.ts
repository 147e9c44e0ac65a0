/**
 * Aggregates: random epochs of inserts and deletes against a recomputation, for every kind of
 * accumulator; exactness, eviction, empty and global groups by hand.
 */
import { describe, expect, it } from 'vitest';
import { ExactSum } from '../../src/common/exact-sum.ts';
import { NumericSum } from '../../src/common/numeric-sum.ts';
import { compareValues } from '../../src/common/types/registry.ts';
import { divNumeric, makeNumeric, numericFromBigint, parseNumeric }
  from '../../src/common/types/numeric.ts';
import type { Numeric } from '../../src/common/types/numeric.ts';
import type { SqlType } from '../../src/common/types/sql-type.ts';
import type { Value } from '../../src/common/values.ts';
import type { DataflowAggregate, DataflowNode } from '../../src/planner/dataflow.ts';
import { functionById } from '../../src/planner/functions/registry.ts';
import type { Batch } from '../../src/runtime/batch.ts';
import { createAggregate } from '../../src/runtime/operators/aggregate.ts';
import { runDeltas, showDeltas, sourceOf } from '../support/deltas.ts';
import { compareRandom, frontierAt, sourceNode, T, TestContext, WATERMARK } from './harness.ts';
import type { Random, Row } from './harness.ts';

const INPUT = [T('int4'), T('int4'), T('int8'), T('numeric'), T('float8'), T('text'), T('boolean'),
  T('timestamp')];

interface Call {
  readonly call: DataflowAggregate;
  readonly model: (rows: readonly Row[]) => Value;
}

function call(id: string, args: readonly number[], type: SqlType,
  more: Partial<DataflowAggregate> = {}): DataflowAggregate {
  return { function: id, args, argTypes: args.map((at) => INPUT[at] as SqlType), distinct: false,
    filter: null, orderBy: [], type, ...more };
}

function values(rows: readonly Row[], at: number): Value[] {
  return rows.map((row) => row[at] ?? null).filter((value) => value !== null);
}

function extreme(rows: readonly Row[], at: number, sign: number): Value {
  const type = INPUT[at] as SqlType;
  return values(rows, at).reduce<Value>((best, value) => best === null
    || compareValues(value, best, type) * sign > 0 ? value : best, null);
}

function sumBig(rows: readonly Row[], at: number): bigint | null {
  const list = values(rows, at);
  return list.length === 0 ? null : list.reduce<bigint>((sum, value) =>
    sum + BigInt(value as number), 0n);
}

function sumNumeric(rows: readonly Row[]): Numeric | null {
  const sum = new NumericSum();
  const list = values(rows, 3) as Numeric[];
  for (const value of list) sum.add(value, 1);
  return list.length === 0 ? null : sum.value();
}

function sumFloat(rows: readonly Row[]): number | null {
  const sum = new ExactSum();
  const list = values(rows, 4) as number[];
  for (const value of list) sum.add(value);
  return list.length === 0 ? null : sum.value();
}

const BIG = (value: bigint | null): Value => value === null ? null : makeNumeric(value, 0);
const average = (sum: Numeric | null, count: number): Value =>
  sum === null ? null : divNumeric(sum, numericFromBigint(BigInt(count)));

const CALLS: Readonly<Record<string, Call>> = {
  'count(*)': { call: call('count()', [], T('int8')), model: (rows) => BigInt(rows.length) },
  'count(t)': { call: call('count(any)', [5], T('int8')),
    model: (rows) => BigInt(values(rows, 5).length) },
  'count filter': { call: call('count()', [], T('int8'), { filter: 6 }),
    model: (rows) => BigInt(rows.filter((row) => row[6] === true).length) },
  'sum(i)': { call: call('sum(int4)', [1], T('int8')), model: (rows) => sumBig(rows, 1) },
  'sum(i) filter': { call: call('sum(int4)', [1], T('int8'), { filter: 6 }),
    model: (rows) => sumBig(rows.filter((row) => row[6] === true), 1) },
  'sum(b)': { call: call('sum(int8)', [2], T('numeric')), model: (rows) => BIG(sumBig(rows, 2)) },
  'avg(b)': { call: call('avg(int8)', [2], T('numeric')), model: (rows) =>
    average(BIG(sumBig(rows, 2)) as Numeric | null, values(rows, 2).length) },
  'sum(n)': { call: call('sum(numeric)', [3], T('numeric')), model: sumNumeric },
  'avg(n)': { call: call('avg(numeric)', [3], T('numeric')), model: (rows) =>
    average(sumNumeric(rows), values(rows, 3).length) },
  'sum(f)': { call: call('sum(float8)', [4], T('float8')), model: sumFloat },
  'avg(f)': { call: call('avg(float8)', [4], T('float8')), model: (rows) => {
    const sum = sumFloat(rows);
    return sum === null ? null : sum / values(rows, 4).length;
  } },
  'bool_and': { call: call('bool_and(boolean)', [6], T('boolean')), model: (rows) =>
    values(rows, 6).length === 0 ? null : values(rows, 6).every((value) => value === true) },
  'bool_or': { call: call('bool_or(boolean)', [6], T('boolean')), model: (rows) =>
    values(rows, 6).length === 0 ? null : values(rows, 6).includes(true) },
  'count(distinct t)': { call: call('count(any)', [5], T('int8'), { distinct: true }),
    model: (rows) => BigInt(new Set(values(rows, 5)).size) },
  'sum(distinct i)': { call: call('sum(int4)', [1], T('int8'), { distinct: true, filter: 6 }),
    model: (rows) => sumBig([...new Set(values(rows.filter((row) => row[6] === true), 1))]
      .map((value) => [null, value]), 1) },
  'array_agg': { call: call('array_agg(anynonarray)', [5], { name: 'array', element: T('text') },
    { orderBy: [{ column: 1, descending: true, nullsFirst: true }] }), model: (rows) => {
    const sorted = rows.toSorted((a, b) => rank(a) - rank(b) || text(a) - text(b)
      || ((a[5] as string) < (b[5] as string) ? -1 : 1));
    const entry = functionById(ARRAY_AGG);
    if (entry.kind !== 'aggregate' || entry.strategy.kind !== 'collect') throw new Error('collect');
    return rows.length === 0 ? null : entry.strategy.finish(sorted.map((row) => [row[5] ?? null]),
      [T('text')]);
  } },
};

const rank = (row: Row): number => row[1] === null ? -Infinity : -(row[1] as number);
const text = (row: Row): number => row[5] === null ? 1 : 0;
const ARRAY_AGG = ['array_agg(anynonarray)', 'array_agg(anyelement)'].find((id) => {
  try {
    return functionById(id) !== undefined;
  } catch {
    return false;
  }
}) ?? '';

function extremes(): Record<string, Call> {
  const all: Record<string, Call> = {};
  for (const at of [1, 2, 3, 4, 5, 7]) {
    const type = INPUT[at] as SqlType;
    for (const name of ['min', 'max']) {
      all[`${name}(${type.name})`] = { call: call(`${name}(${type.name})`, [at], type),
        model: (rows) => extreme(rows, at, name === 'max' ? 1 : -1) };
    }
  }
  return all;
}

function randomRow(next: Random): Row {
  const maybe = (value: Value): Value => next(6) === 0 ? null : value;
  const pick = <X>(list: readonly X[]): X => list[next(list.length)] as X;
  return [
    next(8) === 0 ? null : next(4), maybe(next(7) - 3),
    maybe(pick([1n, -5n, 2n ** 62n, -(2n ** 62n), 2n ** 63n - 1n, -(2n ** 63n)])),
    maybe(parseNumeric(pick(['1', '1.5', '-2.25', '1e20', '0.001', 'NaN', 'Infinity', '3']))),
    maybe(pick([0.1, 0.2, -0.3, 1e18, 1e-9, 3, NaN, Infinity, 1e300])),
    maybe(pick(['a', 'b', 'ccc', ''])), maybe(next(2) === 0),
    maybe(pick([0n, 5n, -7n, 1_700_000_000_000_000n])),
  ];
}

function node(calls: readonly DataflowAggregate[], more: Partial<DataflowNode> = {}):
Extract<DataflowNode, { kind: 'aggregate' }> {
  return {
    kind: 'aggregate', groupBy: [0], aggregates: calls, global: false, evict: null, inputs: [0],
    columns: [{ name: 'k', type: T('int4') }, ...calls.map(({ type }, at) =>
      ({ name: `a${at}`, type }))], key: [0], appendOnly: false, bound: 'keys', ...more,
  } as Extract<DataflowNode, { kind: 'aggregate' }>;
}

function scenario(entries: readonly Call[], options: { global: boolean; deletes: number }):
Parameters<typeof compareRandom>[0] {
  const calls = entries.map((entry) => entry.call.function === 'array_agg(anynonarray)'
    ? { ...entry.call, function: ARRAY_AGG } : entry.call);
  const made = node(calls, options.global ? { groupBy: [], global: true } as never : {});
  const input = sourceNode(INPUT, { appendOnly: options.deletes === 0 });
  return {
    inputs: [INPUT], deletes: options.deletes,
    output: [...options.global ? [] : [T('int4')], ...calls.map(({ type }) => type)],
    make: (context) => createAggregate(made, [input], context),
    row: (_port, next) => randomRow(next),
    model: ([rows = []]) => {
      if (options.global) return [entries.map(({ model }) => model(rows))];
      const groups = new Map<Value, Row[]>();
      for (const row of rows) {
        groups.set(row[0] ?? null, [...groups.get(row[0] ?? null) ?? [], row]);
      }
      return [...groups].map(([key, group]) => [key, ...entries.map(({ model }) => model(group))]);
    },
  };
}

const ALL = { ...CALLS, ...extremes() };

describe('aggregates equal a recomputation', () => {
  it.each(Object.keys(ALL))('%s', (name) => {
    const entry = ALL[name] as Call;
    for (let seed = 1; seed <= 4; seed++) {
      for (const size of [1, 2, 1000]) {
        compareRandom(scenario([entry], { global: seed % 3 === 0, deletes: seed % 4 === 0 ? 0 : 5 }),
          seed, size);
      }
    }
    expect(entry.call.type).toBeDefined();
  });

  it('all together', () => {
    for (let seed = 1; seed <= 6; seed++) {
      compareRandom(scenario(Object.values(ALL), { global: false, deletes: 5 }), seed, 3);
    }
    expect(Object.keys(ALL).length).toBeGreaterThan(25);
  });
});

describe('aggregate by hand', () => {
  const source = sourceOf('k:int4 v:int8');
  const count = call('count()', [], T('int8'));
  const total = { ...call('sum(int8)', [1], T('numeric')), argTypes: [T('int8')] };
  const two = (more: Partial<DataflowNode> = {}): DataflowNode => node([count, total], more);

  it('emits what changed and nothing else', () => {
    expect(runDeltas(two(), [source], [
      { inputs: ['+ 1 10\n+ 1 20\n+ 2 5'] },
      { inputs: ['- 2 5\n+ 1 0\n- 1 0'] },
      { inputs: ['- 1 10\n+ 3 1\n- 3 1'] },
    ])).toMatchObject({ rows: 1, epochs: [
      ['+ 1 2 30', '+ 2 1 5'],
      ['- 2 1 5'],
      ['+ 1 1 20', '- 1 2 30'],
    ] });
  });

  it('keeps one row for a global aggregate', () => {
    const global = two({ groupBy: [], global: true, columns: [
      { name: 'n', type: T('int8') }, { name: 's', type: T('numeric') }] } as never);
    expect(runDeltas(global, [source], [
      {}, { inputs: ['+ 1 10'] }, { inputs: ['- 1 10'] }, {},
    ]).epochs).toEqual([['+ 0 null'], ['- 0 null', '+ 1 10'], ['+ 0 null', '- 1 10'], []]);
  });

  it('evicts silently and forgets', () => {
    const evicting = two({ evict: { column: 0, watermark: WATERMARK } } as never);
    const timed = sourceOf('k:timestamp v:int8');
    const made = { ...evicting, columns: [{ name: 'k', type: T('timestamp') },
      ...evicting.columns.slice(1)] };
    const run = runDeltas(made, [timed], [
      { inputs: [`+ '1970-01-01 00:00:01' 1\n+ '1970-01-01 00:00:02' 2`] },
      { watermark: 1_000_000n },
      { inputs: [`+ '1970-01-01 00:00:02' 3`], watermark: 1_500_000n },
      { watermark: 9_000_000n },
    ]);
    expect(run.epochs[1]).toEqual([]);
    expect(run.epochs[2]).toEqual([`- '1970-01-01 00:00:02' 1 2`, `+ '1970-01-01 00:00:02' 2 5`]);
    expect(run.rows).toBe(0);
  });

  it('leaves a group whose result is out of range out, and reports it', () => {
    const sums = node([{ ...call('sum(float8)', [1], T('float8')), argTypes: [T('float8')] }]);
    const run = runDeltas(sums, [sourceOf('k:int4 v:float8')], [
      { inputs: ['+ 1 1e308\n+ 2 1'] }, { inputs: ['+ 1 1e308'] }, { inputs: ['- 1 1e308'] },
    ]);
    expect(run.epochs).toEqual([['+ 1 1e+308', '+ 2 1'], ['- 1 1e+308'], ['+ 1 1e+308']]);
    expect(run.errors).toEqual(['value out of range: overflow']);
  });

  it('does not take back a row that failed to come', () => {
    const agg = node([{ ...call('percentile_cont(float8,float8)', [2, 1], T('float8')),
      argTypes: [T('float8'), T('float8')],
      orderBy: [{ column: 1, descending: false, nullsFirst: false }] }]);
    const run = runDeltas(agg, [sourceOf('k:int4 v:float8 f:float8')], [
      { inputs: ['+ 1 5 2'] }, { inputs: ['+ 1 7 2'] }, { inputs: ['-1 1 5 2\n- 1 7 2\n+ 1 3 1'] },
    ]);
    expect(run.epochs).toEqual([[], [], ['+ 1 3']]);
    expect(run.errors.length).toBe(2);
  });

  it('collects 1.0 and 1.00 as two values', () => {
    const agg = node([{ ...call(ARRAY_AGG, [1], { name: 'array', element: T('numeric') }),
      argTypes: [T('numeric')] }]);
    expect(runDeltas(agg, [sourceOf('k:int4 n:numeric')], [
      { inputs: ['+ 1 1.0\n+ 1 1.00\n+ 1 1.0'] }, { inputs: ['-2 1 1.0'] },
    ]).epochs).toEqual([['+ 1 {1.0,1.0,1.00}'], ['- 1 {1.0,1.0,1.00}', '+ 1 {1.00}']]);
  });

  it('sums floats without residue', () => {
    const sums = node([{ ...call('sum(float8)', [1], T('float8')), argTypes: [T('float8')] }]);
    const run = runDeltas(sums, [sourceOf('k:int4 v:float8')], [
      { inputs: ['+ 1 0.1\n+ 1 1e20\n+ 1 0.2'] }, { inputs: ['- 1 1e20'] }, { inputs: ['- 1 0.2'] },
    ]);
    expect(run.epochs[1]).toEqual(['+ 1 0.30000000000000004', '- 1 1e+20']);
    expect(run.epochs[2]?.[0]).toBe('+ 1 0.1');
  });

  it('tells apart 300,000 distinct values in one group', () => {
    const distinct = { ...count, function: 'count(any)', args: [1], argTypes: [T('int8')],
      distinct: true };
    const context = new TestContext(1000);
    const operator = createAggregate(node([distinct]), [sourceNode([T('int4'), T('int8')])], context);
    const length = 300_000;
    operator.push(0, { length, weights: new Int32Array(length).fill(1), columns: [
      { kind: 'i32', data: new Int32Array(length), nulls: null },
      { kind: 'i64', data: BigInt64Array.from({ length }, (_x, i) => (BigInt(i) << 32n) + 7n),
        nulls: null }] }, () => undefined);
    const out: Batch[] = [];
    operator.flush(frontierAt(1, null), (batch) => out.push(batch));
    expect(showDeltas(out, [T('int4'), T('int8')])).toEqual(['+ 0 300000']);
  });
});
