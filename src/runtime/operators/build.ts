/**
 * Builds the operator of a dataflow node: the one place where kinds of nodes meet their code.
 *
 * `source` and `constant` nodes are read by the graph itself, `recursiveInput` by the recursive
 * operator that runs their body.
 */
import { assertNever, must } from '../../common/assert.ts';
import type { DataflowNode } from '../../planner/dataflow.ts';
import type { Operator, OperatorContext } from '../operator.ts';
import { createArrivalNumber } from './arrival-number.ts';
import { createAggregate } from './aggregate.ts';
import { createAsofJoin } from './asof-join.ts';
import { createConstant } from './constant.ts';
import { createDistinct } from './distinct.ts';
import { createExtremeJoin } from './extreme-join.ts';
import { createFill } from './fill.ts';
import { createFlatMap } from './flat-map.ts';
import { createGate } from './gate.ts';
import { createJoin } from './join.ts';
import { createMap } from './map.ts';
import { createOver } from './over.ts';
import { createPanes } from './panes.ts';
import { createRecursive } from './recursive.ts';
import { createSession } from './session.ts';
import { createSetOp } from './set-op.ts';
import { createSharedJoin } from './shared-join.ts';
import { createSlide } from './slide.ts';
import { stateless } from './stateless.ts';
import { createTemporalFilter } from './temporal-filter.ts';
import { createTemporalJoin } from './temporal-join.ts';
import { createThresholdJoin, readsLeftOnly } from './threshold-join.ts';
import { createThrottle } from './throttle.ts';
import { createTopN } from './top-n.ts';
import { createTtl } from './ttl.ts';
import { createUnion } from './union.ts';
import { createWindow } from './window.ts';

/** The operator of a node over these input nodes. */
export function buildOperator(
  node: DataflowNode, inputs: readonly DataflowNode[], context: OperatorContext,
): Operator {
  switch (node.kind) {
    case 'source': case 'recursiveInput': return stateless((batch, emit) => emit(batch));
    case 'constant': return createConstant(node, context);
    case 'map': return createMap(node, inputs, context);
    case 'flatMap': return createFlatMap(node, inputs, context);
    case 'window': return createWindow(node, context);
    case 'session': return createSession(node, inputs, context);
    case 'aggregate': return createAggregate(node, inputs, context);
    case 'slide': return createSlide(node, inputs, context);
    case 'distinct': return createDistinct(node, inputs, context);
    case 'join': return buildJoin(node, inputs, context);
    case 'union': return createUnion(node);
    case 'setOp': return createSetOp(node, inputs, context);
    case 'topN': return createTopN(node, inputs, context);
    case 'over': return node.arrival === true
      ? createArrivalNumber(must(inputs[0], 'input')) : createOver(node, inputs, context);
    case 'temporalFilter': return createTemporalFilter(node, inputs, context);
    case 'gate': return createGate(node, inputs, context);
    case 'fill': return createFill(node, inputs, context);
    case 'panes': return createPanes(node, inputs, context);
    case 'ttl': return createTtl(node, inputs, context);
    case 'throttle': return createThrottle(node, inputs, context);
    case 'asofJoin': return createAsofJoin(node, inputs, context);
    case 'temporalJoin': return createTemporalJoin(node, inputs, context);
    case 'recursive': return createRecursive(node, inputs, context, buildOperator);
    default: return assertNever(node);
  }
}

function buildJoin(
  node: DataflowNode & { kind: 'join' }, inputs: readonly DataflowNode[],
  context: OperatorContext,
): Operator {
  if (node.extreme !== undefined) return createExtremeJoin(node, node.extreme, inputs, context);
  if (node.threshold !== undefined && readsLeftOnly(inputs, context)) {
    return createThresholdJoin(node, node.threshold, inputs, context);
  }
  return node.shared !== undefined && context.arrangementOf !== undefined
    ? createSharedJoin(node, node.shared, inputs, context) : createJoin(node, inputs, context);
}
