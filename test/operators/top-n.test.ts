/**
 * Top-N against sorting everything, under random inserts and deletes, and how much it touches.
 */
import { describe, expect, it } from 'vitest';
import { compareValues, formatValue } from '../../src/common/types/registry.ts';
import type { SqlType } from '../../src/common/types/sql-type.ts';
import type { SortKey } from '../../src/planner/relation.ts';
import { createTopN } from '../../src/runtime/operators/top-n.ts';
import type { TopNNode } from '../../src/runtime/operators/top-n.ts';
import { columnsOf, compareRandom, Run, sourceNode, T, WATERMARK } from './harness.ts';
import type { Row } from './harness.ts';

const TYPES = [T('text'), T('int4'), T('float8')];
const SIZES = [1, 2, 1000];

type Shape = Pick<TopNNode, 'partitionBy' | 'orderBy' | 'limit' | 'offset' | 'withTies' | 'rank'>;

const ORDER: readonly SortKey[] = [{ column: 1, descending: true, nullsFirst: true }];

function shape(more: Partial<Shape>): Shape {
  return {
    partitionBy: [0], orderBy: ORDER, limit: 3n, offset: 0n, withTies: false, rank: 'none', ...more,
  };
}

function outputTypes({ rank }: Shape): readonly SqlType[] {
  return rank === 'none' ? TYPES : [...TYPES, T('int8')];
}

function node(of: Shape, more: Partial<TopNNode> = {}): TopNNode {
  return {
    kind: 'topN', inputs: [0], columns: columnsOf(outputTypes(of)), key: null, appendOnly: false,
    bound: 'nothing', evict: null, ...of, ...more,
  };
}

function compareKeys(a: Row, b: Row, keys: readonly SortKey[]): number {
  for (const { column, descending, nullsFirst } of keys) {
    const [x = null, y = null] = [a[column], b[column]];
    if (x === null && y === null) continue;
    if (x === null || y === null) return (x === null) === nullsFirst ? -1 : 1;
    const order = compareValues(x, y, TYPES[column] ?? T('int4'));
    if (order !== 0) return descending ? -order : order;
  }
  return 0;
}

function model(of: Shape, rows: readonly Row[]): Row[] {
  const partitions = new Map<string, Row[]>();
  for (const row of rows) {
    const key = of.partitionBy.map((at) =>
      formatValue(row[at] ?? null, TYPES[at] ?? T('text')) ?? '\0').join('|');
    partitions.set(key, [...partitions.get(key) ?? [], row]);
  }
  return [...partitions.values()].flatMap((each) => ofPartition(of, each));
}

function ofPartition(of: Shape, rows: readonly Row[]): Row[] {
  const rest = TYPES.map((_type, column) => ({ column, descending: false, nullsFirst: false }));
  const sorted = rows.toSorted((a, b) =>
    compareKeys(a, b, of.orderBy) || compareKeys(a, b, rest));
  const same = (i: number, j: number): boolean =>
    compareKeys(sorted[i] ?? [], sorted[j] ?? [], of.orderBy) === 0;
  const out: Row[] = [];
  const [offset, limit] = [Number(of.offset), of.limit === null ? Infinity : Number(of.limit)];
  let rank = 0;
  let dense = 0;
  sorted.forEach((row, at) => {
    if (at === 0 || !same(at, at - 1)) {
      rank = at + 1;
      dense++;
    }
    const number = of.rank === 'rank' ? rank : of.rank === 'dense_rank' ? dense : at + 1;
    const tied = of.withTies && limit > 0 && offset + limit <= at
      && same(at, offset + limit - 1);
    if (number > offset && (number <= offset + limit || tied)) {
      out.push(of.rank === 'none' ? row : [...row, BigInt(number)]);
    }
  });
  return out;
}

const SHAPES: readonly Shape[] = [
  shape({}), shape({ limit: 1n }), shape({ limit: 0n }), shape({ offset: 2n }),
  shape({ limit: null, offset: 3n }), shape({ withTies: true }),
  shape({ withTies: true, offset: 1n, limit: 1n }), shape({ partitionBy: [] }),
  shape({ orderBy: [] }), shape({ orderBy: [...ORDER,
    { column: 2, descending: false, nullsFirst: false }] }),
  ...(['row_number', 'rank', 'dense_rank'] as const).flatMap((rank) => [
    shape({ rank }), shape({ rank, limit: null }), shape({ rank, limit: 2n, offset: 1n }),
    shape({ rank, limit: 1n, partitionBy: [] }),
  ]),
];

describe('top-N equals sorting', () => {
  const named = SHAPES.map((of, at) => ({ name: `${at}: ${of.rank} ${of.limit}+${of.offset}`, of }));
  it.each(named)('$name', ({ of }) => {
    for (let seed = 1; seed <= 6; seed++) {
      expect(compareRandom({
        inputs: [TYPES], output: outputTypes(of), epochs: 40, changes: 10,
        make: (context) => createTopN(node(of), [sourceNode(TYPES)], context),
        row: (_port, next) => [next(4) === 0 ? null : `p${next(2)}`,
          next(9) === 0 ? null : next(5), next(3) === 0 ? NaN : next(3) / 2],
        model: ([rows = []]) => model(of, rows),
      }, seed, SIZES[seed % 3] ?? 1)).toBe(40);
    }
  });

  it.each(named)('append-only $name', ({ of }) => {
    for (let seed = 1; seed <= 3; seed++) {
      expect(compareRandom({
        inputs: [TYPES], output: outputTypes(of), epochs: 40, changes: 10, deletes: 0,
        make: (context) => createTopN(node(of), [sourceNode(TYPES, { appendOnly: true })], context),
        row: (_port, next) => [`p${next(2)}`, next(12), next(3) / 2],
        model: ([rows = []]) => model(of, rows),
      }, seed, SIZES[seed % 3] ?? 1)).toBe(40);
    }
  });
});

describe('top-N touches little', () => {
  const rowAt = (i: number): Row => ['p', i, 0];
  const fill = (run: Run): void => run.step(
    Array.from({ length: 5000 }, (_row, i) => ({ port: 0, row: rowAt(i * 2), weight: 1 })), 1000);

  it('emits only the row that enters and the row that leaves', () => {
    const run = new Run((context) =>
      createTopN(node(shape({ limit: 10n })), [sourceNode(TYPES)], context), [TYPES], TYPES, 1000);
    fill(run);
    run.step([{ port: 0, row: rowAt(9999), weight: 1 }], 1);
    expect(run.emitted).toBe(2);
    run.step([{ port: 0, row: rowAt(1), weight: 1 }], 1);
    expect(run.emitted).toBe(0);
    run.step([{ port: 0, row: rowAt(9998), weight: -1 }], 1);
    expect(run.emitted).toBe(2);
  });

  it('keeps no more than the limit of append-only rows', () => {
    const run = new Run((context) => createTopN(node(shape({ limit: 10n, offset: 5n })),
      [sourceNode(TYPES, { appendOnly: true })], context), [TYPES], TYPES, 1000);
    fill(run);
    expect(run.operator.size().rows).toBe(15);
    run.step([{ port: 0, row: rowAt(0), weight: 1 }], 1);
    expect(run.operator.size().rows).toBe(15);
  });

  it.each([[false], [true]])('forgets final rows and leaves their output alone: %s', (appendOnly) => {
    const types = [T('int8'), T('int4')];
    const evicting = node(shape({ limit: 1n }), {
      columns: columnsOf(types), evict: { column: 0, watermark: WATERMARK },
    });
    const run = new Run((context) => createTopN(evicting,
      [sourceNode(types, { appendOnly })], context),
      [types], types);
    run.step([{ port: 0, row: [10n, 1], weight: 1 }, { port: 0, row: [20n, 2], weight: 1 }], 1, 5n);
    run.step([], 1, 10n);
    expect(run.operator.size().rows).toBe(1);
    run.restart();
    run.step([{ port: 0, row: [20n, 7], weight: 1 }], 1, 11n);
    expect(run.output.text()).toEqual(['1 10 | 1', '1 20 | 7']);
  });
});
