/**
 * Window functions against a model that sorts every partition and looks at every frame anew.
 */
import { describe, expect, it } from 'vitest';
import { makeInterval } from '../../src/common/types/interval.ts';
import type { Interval } from '../../src/common/types/interval.ts';
import { parseNumeric } from '../../src/common/types/numeric.ts';
import type { Numeric } from '../../src/common/types/numeric.ts';
import { compareValues } from '../../src/common/types/registry.ts';
import type { SqlType } from '../../src/common/types/sql-type.ts';
import type { Value } from '../../src/common/values.ts';
import type { DataflowOverCall } from '../../src/planner/dataflow.ts';
import { literal } from '../../src/planner/expr-tools.ts';
import type { Frame, FrameBound, SortKey } from '../../src/planner/relation.ts';
import { createOver } from '../../src/runtime/operators/over.ts';
import type { OverNode } from '../../src/runtime/operators/over-rows.ts';
import { columnsOf, compareRandom, Run, sourceNode, T, WATERMARK } from './harness.ts';
import type { Row } from './harness.ts';

// Partition, sort value, value, filter, small number.
const TYPES = [T('text'), T('int4'), T('int4'), T('boolean'), T('int4')];
const SIZES = [1, 2, 1000];
const ORDER: readonly SortKey[] = [{ column: 1, descending: false, nullsFirst: false }];
const DEFAULT: Frame = {
  mode: 'range', start: { kind: 'unboundedPreceding' }, end: { kind: 'currentRow' },
  exclude: 'none',
};

function by(kind: 'preceding' | 'following', offset: Value, type: SqlType = T('int8')): FrameBound {
  return { kind, offset: literal(offset, type) };
}

function over(
  name: string, args: readonly number[], type: SqlType, more: Partial<DataflowOverCall> = {},
): DataflowOverCall {
  return {
    function: name, args, argTypes: args.map((at) => TYPES[at] ?? T('int4')), filter: null,
    ignoreNulls: false, frame: DEFAULT, type, ...more,
  };
}

function node(
  calls: readonly DataflowOverCall[], orderBy: readonly SortKey[], types = TYPES,
): OverNode {
  return {
    kind: 'over', partitionBy: [0], orderBy, calls, evict: null, inputs: [0], key: null,
    appendOnly: false, bound: 'nothing', columns: columnsOf([...types, ...calls.map((c) => c.type)]),
  };
}

// ---------------------------------------------------------------------------------- the model

class Model {
  readonly rows: readonly Row[];
  readonly types: readonly SqlType[];
  readonly keys: readonly SortKey[];
  /** Number of the group of peers of each row. */
  readonly groups: readonly number[];
  readonly frames: Map<string, readonly number[]> = new Map();

  constructor(rows: readonly Row[], keys: readonly SortKey[], types: readonly SqlType[]) {
    this.types = types;
    this.keys = keys;
    const rest = types.map((_type, column) => ({ column, descending: false, nullsFirst: false }));
    this.rows = rows.toSorted((a, b) => this.compare(a, b, keys) || this.compare(a, b, rest));
    let group = 0;
    this.groups = this.rows.map((row, at) => {
      const before = this.rows[at - 1];
      return before === undefined || this.compare(before, row, keys) === 0 ? group : ++group;
    });
  }

  compare(a: Row, b: Row, keys: readonly SortKey[]): number {
    for (const { column, descending, nullsFirst } of keys) {
      const [x = null, y = null] = [a[column], b[column]];
      if (x === null && y === null) continue;
      if (x === null || y === null) return (x === null) === nullsFirst ? -1 : 1;
      const order = compareValues(x, y, this.types[column] ?? T('int4'));
      if (order !== 0) return descending ? -order : order;
    }
    return 0;
  }

  peers(i: number, j: number): boolean {
    return this.groups[i] === this.groups[j];
  }

  group(at: number): number {
    return this.groups[at] ?? -1;
  }

  /** Whether row `other` is inside of one bound of the frame of row `at`. */
  inside([at, other]: readonly [number, number], frame: Frame, start: boolean): boolean {
    const bound = start ? frame.start : frame.end;
    if (bound.kind === 'unboundedPreceding' || bound.kind === 'unboundedFollowing') return true;
    const side = start ? 1 : -1;
    if (bound.kind === 'currentRow') {
      const same = frame.mode === 'rows' ? at === other : this.peers(at, other);
      return same || side * (other - at) > 0;
    }
    const value = 'offset' in bound && bound.offset.kind === 'literal' ? bound.offset.value : null;
    if (frame.mode === 'range') return this.insideRange(bound.kind, value, [at, other], start);
    const distance = frame.mode === 'rows' ? other - at : this.group(other) - this.group(at);
    const offset = bound.kind === 'preceding' ? -Number(value) : Number(value);
    return side * (distance - offset) >= 0;
  }

  insideRange(
    kind: 'preceding' | 'following', offset: Value, [at, other]: [number, number], start: boolean,
  ): boolean {
    const key = this.keys[0] ?? { column: 0, descending: false, nullsFirst: false };
    const [x = null, y = null] = [this.rows[at]?.[key.column], this.rows[other]?.[key.column]];
    if (x === null) return y === null || (start === (other > at));
    if (y === null) return start === (other > at);
    const sign = key.descending ? -1 : 1;
    const back = kind === 'preceding' ? -1 : 1;
    const distance = sign * (units(y) - units(x)) - back * units(offset);
    return (start ? 1 : -1) * distance >= 0;
  }

  frame(at: number, frame: Frame): readonly number[] {
    const known = this.frames.get(`${at}`);
    if (known !== undefined) return known;
    const found = this.computeFrame(at, frame);
    this.frames.set(`${at}`, found);
    return found;
  }

  computeFrame(at: number, frame: Frame): readonly number[] {
    const found: number[] = [];
    for (let i = 0; i < this.rows.length; i++) {
      if (!this.inside([at, i], frame, true) || !this.inside([at, i], frame, false)) continue;
      const excluded = frame.exclude === 'currentRow' ? i === at
        : frame.exclude === 'group' ? this.peers(i, at)
        : frame.exclude === 'ties' ? i !== at && this.peers(i, at) : false;
      if (!excluded) found.push(i);
    }
    return found;
  }

  value(at: number, call: DataflowOverCall): Value {
    const n = this.rows.length;
    const name = call.function.slice(0, call.function.indexOf('('));
    const arg = (row: number, i: number): Value => this.rows[row]?.[call.args[i] ?? -1] ?? null;
    let first = at;
    while (first > 0 && this.peers(first - 1, at)) first--;
    let end = at;
    while (end < n && this.peers(end, at)) end++;
    switch (name) {
      case 'row_number': return BigInt(at + 1);
      case 'rank': return BigInt(first + 1);
      case 'dense_rank': return BigInt(this.group(at) + 1);
      case 'percent_rank': return n <= 1 ? 0 : first / (n - 1);
      case 'cume_dist': return end / n;
      case 'ntile': {
        const buckets = Number(arg(0, 0));
        const sizes = Array.from({ length: buckets }, (_b, i) =>
          Math.floor(n / buckets) + (i < n % buckets ? 1 : 0));
        let rest = at;
        return sizes.findIndex((size) => (rest -= size) < 0) + 1;
      }
      case 'lag': case 'lead': return this.offset(at, call, name === 'lag' ? -1 : 1);
      default: return this.framed(name, at, call);
    }
  }

  offset(at: number, call: DataflowOverCall, sign: number): Value {
    const arg = (row: number, i: number): Value => this.rows[row]?.[call.args[i] ?? -1] ?? null;
    const distance = call.args.length > 1 ? arg(at, 1) : 1;
    if (distance === null) return null;
    let target = at + sign * Number(distance);
    if (call.ignoreNulls && Number(distance) !== 0) {
      const step = Math.sign(sign * Number(distance));
      let left = Math.abs(Number(distance));
      target = at;
      while (left > 0 && target >= 0 && target < this.rows.length) {
        target += step;
        if (arg(target, 0) !== null) left--;
      }
    }
    if (target >= 0 && target < this.rows.length) return arg(target, 0);
    return call.args.length > 2 ? arg(at, 2) : null;
  }

  framed(name: string, at: number, call: DataflowOverCall): Value {
    const arg = (row: number, i: number): Value => this.rows[row]?.[call.args[i] ?? -1] ?? null;
    let rows = this.frame(at, call.frame);
    if (call.filter !== null) rows = rows.filter((i) => this.rows[i]?.[call.filter ?? -1] === true);
    if (call.ignoreNulls) rows = rows.filter((i) => arg(i, 0) !== null);
    const values = rows.map((i) => arg(i, 0)).filter((value) => value !== null).map(Number);
    switch (name) {
      case 'first_value': return rows.length === 0 ? null : arg(rows[0] ?? -1, 0);
      case 'last_value': return rows.length === 0 ? null : arg(rows[rows.length - 1] ?? -1, 0);
      case 'nth_value': return arg(rows[Number(arg(at, 1)) - 1] ?? -1, 0);
      case 'count': return BigInt(call.args.length === 0 ? rows.length : values.length);
      case 'sum': return values.length === 0 ? null : BigInt(values.reduce((a, b) => a + b, 0));
      case 'min': return values.length === 0 ? null : Math.min(...values);
      case 'max': return values.length === 0 ? null : Math.max(...values);
      case 'array_agg': return rows.length === 0 ? null : {
        kind: 'array', dims: [rows.length], lowerBounds: [1], elements: rows.map((i) => arg(i, 0)),
      };
      default: throw new Error(name);
    }
  }
}

function units(value: Value): number {
  if (typeof value === 'number' || typeof value === 'bigint') return Number(value);
  const object = value as Numeric | Interval;
  return object.kind === 'interval' ? Number(object.micros) + object.days * 86_400_000_000
    : Number(object.coef) / 10 ** object.scale;
}

function model(
  rows: readonly Row[], calls: readonly DataflowOverCall[], keys: readonly SortKey[], types = TYPES,
): Row[] {
  return [...new Set(rows.map((row) => row[0]))].flatMap((key) => {
    const part = new Model(rows.filter((row) => row[0] === key), keys, types);
    return part.rows.map((row, at) => {
      let frame: Frame | null = null;
      return [...row, ...calls.map((call) => {
        if (call.frame !== frame) part.frames.clear();
        ({ frame } = call);
        return part.value(at, call);
      })];
    });
  });
}

// ---------------------------------------------------------------------------------- the tests

const INT8 = T('int8');
const INT4 = T('int4');
const RANKS = [
  over('row_number()', [], INT8), over('rank()', [], INT8), over('dense_rank()', [], INT8),
];
const SHARES = [
  over('percent_rank()', [], T('float8')), over('cume_dist()', [], T('float8')),
  over('ntile(int4)', [4], INT4),
];
const OFFSETS = [
  over('lag(anyelement)', [2], INT4), over('lead(anyelement,int4)', [2, 4], INT4),
  over('lag(anycompatible,int4,anycompatible)', [2, 4, 4], INT4),
  over('lag(anyelement)', [2], INT4, { ignoreNulls: true }),
  over('lead(anyelement,int4)', [2, 4], INT4, { ignoreNulls: true }),
];

function framedCalls(frame: Frame): DataflowOverCall[] {
  const more = { frame };
  return [
    over('first_value(anyelement)', [2], INT4, more), over('last_value(anyelement)', [2], INT4, more),
    over('nth_value(anyelement,int4)', [2, 4], INT4, more),
    over('last_value(anyelement)', [2], INT4, { frame, ignoreNulls: true }),
    over('count()', [], INT8, more), over('sum(int4)', [2], INT8, more),
    over('min(int4)', [2], INT4, more), over('max(int4)', [2], INT4, { frame, filter: 3 }),
    over('count(any)', [2], INT8, { frame, filter: 3 }),
  ];
}

const START: readonly FrameBound[] = [
  { kind: 'unboundedPreceding' }, by('preceding', 2n), { kind: 'currentRow' }, by('following', 1n),
];
const END: readonly FrameBound[] = [
  by('preceding', 1n), { kind: 'currentRow' }, by('following', 2n), { kind: 'unboundedFollowing' },
];

const FRAMES: readonly Frame[] = (['rows', 'range', 'groups'] as const).flatMap((mode) =>
  START.flatMap((start, i) => END.flatMap((end, j) => {
    const backwards = (i >= 2 && j === 0) || (i === 3 && j === 1);
    return backwards ? [] : [{ mode, start, end, exclude: 'none' as const }];
  })));

function row(next: (below: number) => number): Row {
  return [`p${next(2)}`, next(7) === 0 ? null : next(8), next(4) === 0 ? null : next(100),
    next(2) === 0, 1 + next(3)];
}

function compare(
  calls: readonly DataflowOverCall[], orderBy: readonly SortKey[], seeds: number,
): number {
  let epochs = 0;
  for (let seed = 1; seed <= seeds; seed++) {
    epochs += compareRandom({
      inputs: [TYPES], output: [...TYPES, ...calls.map(({ type }) => type)], epochs: 20,
      changes: seed % 2 === 0 ? 2 : 9, deletes: seed % 3 === 0 ? 4 : 3,
      make: (context) => createOver(node(calls, orderBy), [sourceNode(TYPES)], context),
      row: (_port, next) => row(next), model: ([rows = []]) => model(rows, calls, orderBy),
    }, seed, SIZES[seed % 3] ?? 1);
  }
  return epochs;
}

const DOWN: readonly SortKey[] = [{ column: 1, descending: true, nullsFirst: true }];

describe('window functions equal the model', () => {
  it('ranks', () => {
    expect(compare(RANKS, ORDER, 6)).toBe(120);
    expect(compare(RANKS, DOWN, 6)).toBe(120);
    expect(compare(RANKS, [], 3)).toBe(60);
  });

  it('shares of the partition', () => { expect(compare(SHARES, ORDER, 6)).toBe(120); });

  it('offsets', () => {
    expect(compare(OFFSETS, ORDER, 6)).toBe(120);
    expect(compare(OFFSETS, DOWN, 6)).toBe(120);
  });

  it.each(FRAMES.map((frame) => [frame.mode, frame.start.kind, frame.end.kind, frame] as const))(
    '%s between %s and %s', (_mode, _start, _end, frame) => {
      const typed = frame.mode === 'range' ? {
        ...frame, start: retyped(frame.start), end: retyped(frame.end),
      } : frame;
      expect(compare(framedCalls(typed), ORDER, 2)).toBe(40);
      expect(compare(framedCalls(typed), DOWN, 1)).toBe(20);
    });

  it.each(['currentRow', 'group', 'ties'] as const)('exclude %s', (exclude) => {
    for (const frame of FRAMES.filter(({ mode }) => mode !== 'range')) {
      expect(compare(framedCalls({ ...frame, exclude }), ORDER, 1)).toBe(20);
    }
  });

  it('collecting aggregates see the frame in order', () => {
    const type: SqlType = { name: 'array', element: INT4 };
    const calls = [
      over('array_agg(anyelement)', [2], type),
      over('array_agg(anyelement)', [2], type, {
        frame: { mode: 'rows', start: by('preceding', 1n), end: by('following', 1n), exclude: 'none' },
      }),
    ];
    expect(compare(calls, ORDER, 4)).toBe(80);
  });
});

function retyped(bound: FrameBound): FrameBound {
  return 'offset' in bound && bound.offset.kind === 'literal'
    ? by(bound.kind, Number(bound.offset.value), INT4) : bound;
}

describe('RANGE over other types', () => {
  const kinds: readonly (readonly [SqlType, SqlType, (n: number) => Value, Value])[] = [
    [T('int8'), INT8, (n) => BigInt(n), 3n],
    [T('float8'), T('float8'), (n) => n / 2, 1.5],
    [T('numeric'), T('numeric'), (n) => parseNumeric(`${n}.5`), parseNumeric('2')],
    [T('timestamp'), T('interval'), (n) => BigInt(n) * 1_000_000n, makeInterval(0, 0, 3_000_000n)],
    [T('interval'), T('interval'), (n) => makeInterval(0, n, 0n), makeInterval(0, 2, 0n)],
  ];
  it.each(kinds.map(([type, offsetType, make, offset]) =>
    ({ name: type.name, type, offsetType, make, offset })))('$name', (kind) => {
    const types = [TYPES[0] ?? INT4, kind.type, ...TYPES.slice(2)];
    const frame: Frame = {
      mode: 'range', start: by('preceding', kind.offset, kind.offsetType),
      end: by('following', kind.offset, kind.offsetType), exclude: 'none',
    };
    const calls = framedCalls(frame);
    for (const keys of [ORDER, DOWN]) {
      expect(compareRandom({
        inputs: [types], output: [...types, ...calls.map(({ type }) => type)], epochs: 30,
        make: (context) => createOver(node(calls, keys, types), [sourceNode(types)], context),
        row: (_port, next) => {
          const [part = null, sort = null, ...rest] = row(next);
          return [part, sort === null ? null : kind.make(Number(sort)), ...rest];
        },
        model: ([rows = []]) => model(rows, calls, keys, types),
      }, 5, 2)).toBe(30);
    }
  });
});

describe('window functions touch little', () => {
  const big = (calls: readonly DataflowOverCall[], more: Partial<OverNode> = {}): Run => {
    const run = new Run((context) => createOver({ ...node(calls, ORDER), ...more },
      [sourceNode(TYPES)], context), [TYPES],
    [...TYPES, ...calls.map(({ type }) => type)], 1000);
    run.step(Array.from({ length: 3000 }, (_row, i) =>
      ({ port: 0, row: ['p', i * 2, i, true, 1], weight: 1 })), 1000);
    return run;
  };

  it('a neighbour changes for lag and lead only', () => {
    const run = big([over('lag(anyelement)', [2], INT4), over('lead(anyelement)', [2], INT4)]);
    run.step([{ port: 0, row: ['p', 3001, -1, true, 1], weight: 1 }], 1);
    expect(run.emitted).toBe(5);
  });

  it('a row at the end changes no running sum before it', () => {
    const run = big([over('sum(int4)', [2], INT8), over('row_number()', [], INT8)]);
    run.step([{ port: 0, row: ['p', 9000, 5, true, 1], weight: 1 }], 1);
    expect(run.emitted).toBe(1);
    expect(run.output.text()).toContain(`1 p | 9000 | 5 | t | 1 | ${2999 * 1500 + 5} | 3001`);
  });

  it('forgets evicted rows and leaves their output alone', () => {
    const types = [T('int8'), T('int4')];
    const calls = [over('row_number()', [], INT8)];
    const run = new Run((context) => createOver({
      ...node(calls, ORDER, types), evict: { column: 0, watermark: WATERMARK },
    }, [sourceNode(types)], context), [types], [...types, INT8]);
    run.step([{ port: 0, row: [10n, 1], weight: 2 }, { port: 0, row: [20n, 1], weight: 1 }], 1, 5n);
    run.step([], 1, 10n);
    expect(run.operator.size().rows).toBe(1);
    run.restart();
    run.step([{ port: 0, row: [20n, 0], weight: 1 }], 1, 11n);
    expect(run.output.text()).toEqual(['1 10 | 1 | 1', '1 10 | 1 | 2', '1 20 | 0 | 1', '1 20 | 1 | 2']);
  });
});
