/**
 * The law of conservation is checked in every engine of the tests, and finds planted faults: a
 * filter of a view that lets too much or too little through.
 */
import { expect, it } from 'vitest';
import type { Dataflow, DataflowNode } from '../../src/planner/dataflow.ts';
import { encodePlan } from '../../src/planner/dataflow-json.ts';
import { mapChildren } from '../../src/planner/expr-tools.ts';
import type { ScalarExpr } from '../../src/planner/relation.ts';
import { batchOf } from '../../src/runtime/batch.ts';
import { conservation } from '../../src/runtime/conservation.ts';
import type { EngineCore } from '../../src/runtime/engine-core.ts';
import { RunningDataflow } from '../../src/runtime/graph.ts';
import type { OperatorContext } from '../../src/runtime/operator.ts';
import { buildOperator } from '../../src/runtime/operators/build.ts';
import { openEngine } from '../../src/runtime/session/open-engine.ts';
import { MemoryStorage } from '../../src/runtime/storage/memory-storage.ts';
import { TestClient } from '../support/client.ts';
import { simWorld } from '../support/sim-environment.ts';
import { TestContext } from '../operators/harness.ts';

const MINUTE = 60_000_000n;

/** The dataflow of a view as the engine has it. */
async function planned(): Promise<Dataflow> {
  let core: EngineCore | null = null;
  const engine = await openEngine(simWorld(new MemoryStorage()), {
    opened: (own) => { core = own; },
  });
  const client = await TestClient.connect(engine);
  await client.run('CREATE TABLE c (id int, ts timestamp, v int, WATERMARK FOR ts AS ts)');
  await client.run('CREATE MATERIALIZED VIEW v AS SELECT window_start, sum(v) AS s '
    + "FROM TUMBLE((SELECT * FROM c WHERE id > 0), ts, INTERVAL '1 minute') WHERE v > 3 "
    + 'GROUP BY window_start');
  const catalog = (core as EngineCore | null)?.catalog.state;
  const view = [...catalog?.relations.values() ?? []].find(({ name }) => name === 'v')?.view;
  await engine.close();
  if (view === undefined || view === null) throw new Error('no view');
  return view.dataflow;
}

/** Offers four rows: taken, filtered, late, late and filtered. */
function run(dataflow: Dataflow): number {
  const stores = new TestContext();
  const context: OperatorContext = {
    batchRows: 7, store: (name, columns) => stores.store(name, columns),
    rowError: () => undefined, lateDropped: () => undefined,
  };
  const flow = new RunningDataflow(dataflow, buildOperator, () => context);
  const check = conservation('v', dataflow, buildOperator, context);
  if (check === null) throw new Error('nothing to check');
  let checked = 0;
  flow.watch((out) => {
    check(out);
    checked++;
  });
  const types = [{ name: 'int4' }, { name: 'timestamp' }, { name: 'int4' }] as const;
  const batch = batchOf(types, [[1, MINUTE, 9], [2, MINUTE, 1], [3, 0n, 9], [0, 0n, 9]]);
  const arrival = { kind: 'i64', data: new BigInt64Array(4).fill(MINUTE), nulls: null } as const;
  const steps = flow.step({
    frontier: { epoch: 1n, now: 0n, watermark: () => null }, deltas: () => [{ batch, arrival }],
  });
  while (steps.next().done !== true) continue;
  return checked;
}

function withFilter(
  dataflow: Dataflow, change: (filter: ScalarExpr) => ScalarExpr,
): Dataflow {
  const nodes = dataflow.nodes.map((node): DataflowNode => node.kind !== 'map'
    || node.filter === null || !encodePlan(node.filter).includes('"not"') ? node
    : { ...node, filter: change(node.filter) });
  return { ...dataflow, nodes };
}

/** Windows of the filter are two minutes long: its rows are late a minute later. */
function later(expr: ScalarExpr): ScalarExpr {
  const changed = mapChildren(expr, later);
  return changed.kind === 'call' && changed.function.startsWith('$ended(')
    ? { ...changed, args: changed.args.map((arg, at) =>
      at === 3 && arg.kind === 'literal' ? { ...arg, value: 2n * MINUTE } : arg) } : changed;
}

/** The view takes one row less: its filter is stricter about the watermark. */
function earlier(expr: ScalarExpr): ScalarExpr {
  const changed = mapChildren(expr, earlier);
  return changed.kind === 'call' && changed.function.startsWith('$ended(')
    ? { ...changed, args: changed.args.map((arg, at) =>
      at === 3 && arg.kind === 'literal' ? { ...arg, value: -MINUTE } : arg) } : changed;
}

it('holds where nothing is planted', async () => {
  expect(run(await planned())).toBe(1);
});

it('finds rows that are taken although they are late', async () => {
  const dataflow = withFilter(await planned(), later);
  expect(() => run(dataflow)).toThrow('view "v": 4 rows were offered, but 2 taken, 2 filtered');
});

it('finds rows that are neither taken nor late', async () => {
  const dataflow = withFilter(await planned(), earlier);
  expect(() => run(dataflow)).toThrow('view "v": 4 rows were offered, but 0 taken, 2 filtered');
});
