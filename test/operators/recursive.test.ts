/**
 * Recursion against breadth-first search: reachability, paths, shortest distances.
 */
import { describe, expect, it } from 'vitest';
import type { SqlType } from '../../src/common/types/sql-type.ts';
import type { Value } from '../../src/common/values.ts';
import type { Dataflow, DataflowNode } from '../../src/planner/dataflow.ts';
import { call, column, literal } from '../../src/planner/expr-tools.ts';
import { buildOperator } from '../../src/runtime/operators/build.ts';
import { createRecursive } from '../../src/runtime/operators/recursive.ts';
import type { RecursiveNode } from '../../src/runtime/operators/recursive.ts';
import { columnsOf, compareRandom, rowText, Run, sourceNode, T } from './harness.ts';
import type { Row } from './harness.ts';

const INT4 = T('int4');
const PAIR = [INT4, INT4];
const SIZES = [1, 2, 1000];
const BASE = { key: null, appendOnly: false, bound: 'nothing' } as const;

function inputOf(binding: string | null, input: number | null, types: readonly SqlType[]): DataflowNode {
  return { ...BASE, kind: 'recursiveInput', binding, input, inputs: [], columns: columnsOf(types) };
}

function join(inputs: readonly [number, number], leftKey: number, rightKey: number): DataflowNode {
  return {
    ...BASE, kind: 'join', type: 'inner', inputs, leftKey: [leftKey], rightKey: [rightKey],
    nullsEqual: false, residual: null, leftEvict: null, rightEvict: null, holdNulls: false,
    columns: columnsOf([...PAIR, ...PAIR]),
  };
}

function recursive(nodes: readonly DataflowNode[], node: number, distinct: boolean): RecursiveNode {
  const body: Dataflow = { version: 1, nodes, output: 0, late: null };
  return {
    ...BASE, kind: 'recursive', inputs: [0], columns: columnsOf(PAIR), body,
    bindings: [{ name: 'x', node, distinct }],
  };
}

/** x(a, c) = edges(a, c) + x(a, b) joined with edges(b, c); the result is x. */
function closure(distinct: boolean): RecursiveNode {
  return recursive([
    inputOf('x', null, PAIR), inputOf(null, 0, PAIR), join([0, 1], 1, 0),
    {
      ...BASE, kind: 'map', inputs: [2], filter: null, columns: columnsOf(PAIR),
      exprs: [column(0, INT4), column(3, INT4)],
    },
    { ...BASE, kind: 'union', inputs: [1, 3], columns: columnsOf(PAIR) },
  ], 4, distinct);
}

/** dist(n, min d) over the start (0, 0) and dist(b) + 1 along edges. */
const DISTANCE: RecursiveNode = recursive([
  inputOf('x', null, PAIR), inputOf(null, 0, PAIR), join([0, 1], 0, 0),
  {
    ...BASE, kind: 'map', inputs: [2], filter: null, columns: columnsOf(PAIR),
    exprs: [column(3, INT4), call('+(int4,int4)', [column(1, INT4), literal(1, INT4)], INT4)],
  },
  { ...BASE, kind: 'constant', inputs: [], rows: [[0, 0]], columns: columnsOf(PAIR) },
  { ...BASE, kind: 'union', inputs: [3, 4], columns: columnsOf(PAIR) },
  {
    ...BASE, kind: 'aggregate', inputs: [5], groupBy: [0], global: false, evict: null,
    columns: columnsOf(PAIR), aggregates: [{
      function: 'min(int4)', args: [1], argTypes: [INT4], distinct: false, filter: null,
      orderBy: [], type: INT4,
    }],
  },
], 6, false);

/** All paths by bag semantics, or reachable pairs. */
function paths(edges: readonly Row[], distinct: boolean): Row[] {
  const out: Row[] = [];
  const seen = new Set<string>();
  const queue = [...edges];
  for (let row = queue.pop(); row !== undefined; row = queue.pop()) {
    const text = rowText(row, PAIR);
    if (distinct && seen.has(text)) continue;
    seen.add(text);
    out.push(row);
    for (const [from, to] of edges) if (from === row[1]) queue.push([row[0] ?? null, to ?? null]);
  }
  return out;
}

function distances(edges: readonly Row[]): Row[] {
  const found = new Map<Value, number>([[0, 0]]);
  for (let d = 0, grew = true; grew; d++) {
    grew = false;
    for (const [from = null, to = null] of edges) {
      if (found.get(from) !== d || found.has(to)) continue;
      found.set(to, d + 1);
      grew = true;
    }
  }
  return [...found];
}

function compare(
  of: RecursiveNode, row: (next: (below: number) => number) => Row,
  model: (edges: readonly Row[]) => Row[], deletes: number,
): number {
  let epochs = 0;
  for (let seed = 1; seed <= 3; seed++) {
    epochs += compareRandom({
      inputs: [PAIR], output: PAIR, epochs: 20, changes: 6, deletes,
      make: (context) => createRecursive(of, [sourceNode(PAIR)], context, buildOperator),
      row: (_port, next) => row(next), model: ([edges = []]) => model(edges),
    }, seed, SIZES[seed % 3] ?? 1);
  }
  return epochs;
}

describe('recursion equals search', () => {
  const anyEdge = (next: (below: number) => number): Row => [next(7), next(7)];
  const upward = (next: (below: number) => number): Row => {
    const from = next(6);
    return [from, from + 1 + next(2)];
  };

  it('reachability with cycles, inserts only', () => {
    expect(compare(closure(true), anyEdge, (edges) => paths(edges, true), 0)).toBe(60);
  });

  it('reachability with cycles, inserts and deletes', () => {
    expect(compare(closure(true), anyEdge, (edges) => paths(edges, true), 4)).toBe(60);
  });

  it('all paths of a graph without cycles', () => {
    expect(compare(closure(false), upward, (edges) => paths(edges, false), 5)).toBe(60);
  });

  it('shortest distances, where later rows take the place of earlier ones', () => {
    expect(compare(DISTANCE, anyEdge, distances, 4)).toBe(60);
  });
});

describe('recursion by steps', () => {
  it('a new edge costs what it adds', () => {
    const run = new Run((context) => createRecursive(closure(true), [sourceNode(PAIR)], context,
      buildOperator), [PAIR], PAIR, 1000);
    run.step(Array.from({ length: 200 }, (_row, i) => ({ port: 0, row: [i, i + 1], weight: 1 })),
      1000);
    expect(run.emitted).toBe(20100);
    run.step([{ port: 0, row: [200, 201], weight: 1 }], 1);
    expect(run.emitted).toBe(201);
  });
});
