/**
 * Joins of every type against nested loops, under random inserts and deletes.
 */
import { describe, expect, it } from 'vitest';
import { compareValues } from '../../src/common/types/registry.ts';
import type { Value } from '../../src/common/values.ts';
import type { RowEviction } from '../../src/planner/dataflow.ts';
import { call, column } from '../../src/planner/expr-tools.ts';
import type { JoinType, ScalarExpr } from '../../src/planner/relation.ts';
import type { Operator, OperatorContext } from '../../src/runtime/operator.ts';
import { createJoin } from '../../src/runtime/operators/join.ts';
import type { JoinNode } from '../../src/runtime/operators/join.ts';
import { columnsOf, compareRandom, Run, sourceNode, T, WATERMARK } from './harness.ts';
import type { Row } from './harness.ts';

const SIZES = [1, 2, 1000];
const TYPES: readonly JoinType[] = ['inner', 'left', 'right', 'full', 'semi', 'anti'];
const LEFT = [T('int8'), T('int4'), T('text')];
const RIGHT = [T('int8'), T('int4')];

/** left.c1 < right.c1 */
const RESIDUAL: ScalarExpr =
  call('<(int4,int4)', [column(1, T('int4')), column(4, T('int4'))], T('boolean'));

interface Shape {
  readonly type: JoinType;
  readonly keyed: boolean;
  readonly nullsEqual: boolean;
  readonly residual: boolean;
}

function node(shape: Shape, more: Partial<JoinNode> = {}): JoinNode {
  const narrow = shape.type === 'semi' || shape.type === 'anti';
  return {
    kind: 'join', type: shape.type, inputs: [0, 1], key: null, appendOnly: false,
    bound: 'nothing', columns: columnsOf(narrow ? LEFT : [...LEFT, ...RIGHT]),
    leftKey: shape.keyed ? [0] : [], rightKey: shape.keyed ? [0] : [],
    nullsEqual: shape.nullsEqual, residual: shape.residual ? RESIDUAL : null,
    leftEvict: null, rightEvict: null, holdNulls: false, ...more,
  };
}

function matches(shape: Shape, left: Row, right: Row): boolean {
  const [a = null, b = null] = [left[0], right[0]];
  if (shape.keyed && (a === null || b === null)
    && !(shape.nullsEqual && a === null && b === null)) return false;
  if (shape.keyed && compareValues(a, b, T('int8')) !== 0) return false;
  if (!shape.residual) return true;
  const [x = null, y = null]: (Value | undefined)[] = [left[1], right[1]];
  return x !== null && y !== null && Number(x) < Number(y);
}

function model(shape: Shape, left: readonly Row[], right: readonly Row[]): Row[] {
  const out: Row[] = [];
  const met = new Set<number>();
  for (const row of left) {
    const partners = right.flatMap((other, at) => matches(shape, row, other) ? [at] : []);
    for (const at of partners) met.add(at);
    if (shape.type === 'semi' || shape.type === 'anti') {
      if (partners.length > 0 === (shape.type === 'semi')) out.push(row);
      continue;
    }
    for (const at of partners) out.push([...row, ...(right[at] ?? [])]);
    if (partners.length === 0 && (shape.type === 'left' || shape.type === 'full')) {
      out.push([...row, null, null]);
    }
  }
  if (shape.type === 'right' || shape.type === 'full') {
    right.forEach((row, at) => { if (!met.has(at)) out.push([null, null, null, ...row]); });
  }
  return out;
}

function outputTypes(type: JoinType): readonly ReturnType<typeof T>[] {
  return type === 'semi' || type === 'anti' ? LEFT : [...LEFT, ...RIGHT];
}

describe('join equals nested loops', () => {
  const shapes = TYPES.flatMap((type) => [
    { type, keyed: true, nullsEqual: false, residual: false },
    { type, keyed: true, nullsEqual: true, residual: false },
    { type, keyed: true, nullsEqual: false, residual: true },
    { type, keyed: false, nullsEqual: false, residual: true },
    { type, keyed: false, nullsEqual: false, residual: false },
  ]);
  it.each(shapes)('$type keyed=$keyed nullsEqual=$nullsEqual residual=$residual', (shape) => {
    for (let seed = 1; seed <= 3; seed++) {
      expect(compareRandom({
        inputs: [LEFT, RIGHT], output: outputTypes(shape.type),
        make: (context) => createJoin(node(shape), [sourceNode(LEFT), sourceNode(RIGHT)], context),
        row: (port, next) => {
          const key = next(6) === 0 ? null : BigInt(next(4)) << 40n;
          return port === 0 ? [key, next(5), next(2) === 0 ? null : 'x'] : [key, next(5)];
        },
        model: ([left = [], right = []]) => model(shape, left, right),
      }, seed, SIZES[seed % 3] ?? 1)).toBe(30);
    }
  });

  it('append-only inputs and unique keys give the same', () => {
    const shape: Shape = { type: 'left', keyed: true, nullsEqual: false, residual: false };
    let unique = 0n;
    for (let seed = 1; seed <= 3; seed++) {
      expect(compareRandom({
        inputs: [LEFT, RIGHT], output: outputTypes('left'), deletes: 0,
        make: (context) => createJoin(node(shape), [
          sourceNode(LEFT, { appendOnly: true }), sourceNode(RIGHT, { key: [0] }),
        ], context),
        row: (port, next) => port === 0 ? [BigInt(next(60)), next(5), 'y'] : [unique++, next(5)],
        model: ([left = [], right = []]) => model(shape, left, right),
      }, seed, SIZES[seed % 3] ?? 1)).toBe(30);
    }
  });
});

describe('eviction', () => {
  const TIMED = [T('int8'), T('timestamp')];
  const evict = (columnAt: number, offsetMicros: bigint): RowEviction =>
    ({ column: columnAt, offsetMicros, watermark: WATERMARK });
  // right.ts between left.ts and left.ts + 10
  const within: ScalarExpr = {
    kind: 'and', type: T('boolean'), args: [
      call('>=(timestamp,timestamp)', [column(3, T('timestamp')), column(1, T('timestamp'))],
        T('boolean')),
    ],
  };
  const interval = (type: JoinType) => (context: OperatorContext): Operator => createJoin({
    kind: 'join', type, inputs: [0, 1], key: null, appendOnly: true, bound: 'interval',
    columns: columnsOf([...TIMED, ...TIMED]), leftKey: [0], rightKey: [0], nullsEqual: false,
    residual: within, leftEvict: evict(1, 10n), rightEvict: evict(1, 0n), holdNulls: true,
  }, [sourceNode(TIMED, { appendOnly: true }), sourceNode(TIMED, { appendOnly: true })], context);

  it('emits the NULL row of an unmatched row once, when the watermark has passed', () => {
    const run = new Run(interval('left'), [TIMED, TIMED], [...TIMED, ...TIMED]);
    const at = (time: bigint): string => `1970-01-01 00:00:00.0000${String(time).padStart(2, '0')}`;
    run.step([{ port: 0, row: [1n, 20n], weight: 1 }, { port: 0, row: [2n, 20n], weight: 1 }],
      1000, 15n);
    expect(run.output.text()).toEqual([]);
    run.step([{ port: 1, row: [1n, 25n], weight: 1 }], 1000, 30n);
    const pair = `1 1 | ${at(20n).replace(/0$/, '')} | 1 | ${at(25n)}`;
    expect(run.output.text()).toEqual([pair]);
    run.restart();
    run.step([], 1000, 31n);
    expect(run.output.text()).toEqual([pair, `1 2 | ${at(20n).replace(/0$/, '')} | NULL | NULL`]);
    expect(run.operator.size().rows).toBe(0);
    // A row whose time is over meets what is there, shows at once, and is not kept (which rows are
    // late was decided before the join).
    run.restart();
    run.step([{ port: 0, row: [3n, 20n], weight: 1 }], 1000, 31n);
    expect(run.output.text()).toContain(`1 3 | ${at(20n).replace(/0$/, '')} | NULL | NULL`);
    expect(run.context.late).toBe(0);
    expect(run.operator.size().rows).toBe(0);
  });

  it('keeps only what can still match', () => {
    const run = new Run(interval('full'), [TIMED, TIMED], [...TIMED, ...TIMED]);
    for (let i = 0n; i < 200n; i++) {
      run.step([
        { port: 0, row: [i % 3n, i], weight: 1 }, { port: 1, row: [i % 2n, i], weight: 1 },
      ], 1, i - 5n);
      expect(run.operator.size().rows).toBeLessThan(30);
    }
    run.step([], 1, 1000n);
    expect(run.operator.size().rows).toBe(0);
    expect(run.context.late).toBe(0);
    expect(run.output.text().filter((text) => text.includes('NULL')).length).toBe(66);
  });
});
