/**
 * From the calls of an `over` node to their evaluators.
 */
import { assert } from '../../common/assert.ts';
import type { Value } from '../../common/values.ts';
import type { DataflowNode, DataflowOverCall } from '../../planner/dataflow.ts';
import { functionById } from '../../planner/functions/registry.ts';
import type { RowStore, StoreColumnData } from '../state/row-store.ts';
import type { OverCall, ReadCell } from './over-call.ts';
import type { FrameKey } from './over-frame.ts';
import { AggregateCall, PickCall } from './over-framed.ts';
import { makeRankCall } from './over-rank.ts';
import type { OverNode } from './over-rows.ts';

/** The evaluators of a node's calls over a store of its rows. */
export function makeCalls(node: OverNode, input: DataflowNode, store: RowStore): OverCall[] {
  const [first] = node.orderBy;
  const key: FrameKey | null = first === undefined ? null : {
    key: first, type: store.column(first.column).column.type,
    value: readCell(store.column(first.column)),
  };
  const width = input.columns.length;
  return node.calls.map((call, at) => makeCall(call, {
    key, store, call: at, current: readCell(store.column(width + at)),
  }));
}

interface Surroundings {
  readonly key: FrameKey | null;
  readonly store: RowStore;
  readonly call: number;
  readonly current: ReadCell;
}

function makeCall(of: DataflowOverCall, around: Surroundings): OverCall {
  const entry = functionById(of.function);
  const args = of.args.map((at) => readCell(around.store.column(at)));
  const framed = { frame: of.frame, key: around.key, args, call: around.call };
  if (entry.kind === 'aggregate') {
    return new AggregateCall({
      ...framed, aggregate: { entry, argTypes: of.argTypes, type: of.type },
      filter: of.filter === null ? null : readCell(around.store.column(of.filter)),
    });
  }
  assert(entry.kind === 'window', `${of.function} is a window function`);
  switch (entry.code) {
    case 'first_value': case 'last_value': case 'nth_value':
      return new PickCall({ ...framed, code: entry.code, ignoreNulls: of.ignoreNulls });
    default:
      return makeRankCall({
        code: entry.code, args, ignoreNulls: of.ignoreNulls, current: around.current,
      });
  }
}

/** Reads cells of a store column as plain values; follows the store's growth. */
export function readCell(column: StoreColumnData): ReadCell {
  if (column.kind === 'bool') {
    return (slot) => column.nulls !== null && column.nulls[slot] === 1 ? null
      : column.bool[slot] === 1;
  }
  return (slot) => column.nulls !== null && column.nulls[slot] === 1 ? null
    : column.data[slot] as Value;
}
