/**
 * The inner join of which at least one input is a stored relation, looked up where it is stored.
 *
 * Stored rows are those after the epoch's changes, so, with L and R before and dL and dR changed:
 *   one shared (R'):   dR meets L, then dL meets R', then L takes dL
 *   both shared:       dL meets R', dR meets L', less dR meets dL, which was counted twice
 * The last two are brought together before they are emitted, so that rows which only come give
 * pairs that only come. In the first step a delta is all there is, so one side meets the other and
 * that is all.
 */
import { must } from '../../common/assert.ts';
import type {
  DataflowNode, RowEviction, SharedInputs, WatermarkExpr,
} from '../../planner/dataflow.ts';
import type { Batch } from '../batch.ts';
import { consolidate } from '../engine-rows.ts';
import type { Emit, Frontier, Operator, OperatorContext, StateSize } from '../operator.ts';
import { Arrangement, arrangementColumns } from '../state/arrangement.ts';
import { RowStore } from '../state/row-store.ts';
import { concatBatches, JoinOutput } from './join-output.ts';
import { JoinPairs } from './join-pairs.ts';
import type { LookedInto } from './join-pairs.ts';
import { makeResidual } from './join-residual.ts';
import { JoinSide } from './join-side.ts';
import { SharedSide } from './shared-side.ts';

type JoinNode = Extract<DataflowNode, { kind: 'join' }>;
type Port = 0 | 1;

/** Builds the operator of an inner join with a shared input. */
export function createSharedJoin(
  node: JoinNode, shared: SharedInputs, inputs: readonly DataflowNode[], context: OperatorContext,
): Operator {
  return new SharedJoin(node, shared, inputs, context);
}

class SharedJoin implements Operator {
  readonly #inputs: readonly [DataflowNode, DataflowNode];
  readonly #keys: readonly [readonly number[], readonly number[]];
  readonly #nullsEqual: boolean;
  readonly #shared: readonly [SharedSide | null, SharedSide | null];
  /** The input that keeps its own rows. */
  readonly #own: { readonly port: Port; readonly side: JoinSide } | null;
  readonly #pairs: JoinPairs;
  readonly #pending: readonly [Batch[], Batch[]] = [[], []];
  #first = false;

  constructor(
    node: JoinNode, shared: SharedInputs, inputs: readonly DataflowNode[],
    context: OperatorContext,
  ) {
    const [left, right] = [must(inputs[0], 'left input'), must(inputs[1], 'right input')];
    this.#inputs = [left, right];
    this.#keys = [node.leftKey, node.rightKey];
    this.#nullsEqual = node.nullsEqual;
    this.#shared = [
      shared.left ? new SharedSide(0, node.leftKey, node.nullsEqual, context) : null,
      shared.right ? new SharedSide(1, node.rightKey, node.nullsEqual, context) : null,
    ];
    this.#own = shared.left && shared.right ? null : shared.left
      ? { port: 1, side: this.#makeSide(1, node.rightEvict, context) }
      : { port: 0, side: this.#makeSide(0, node.leftEvict, context) };
    const types = (of: DataflowNode) => of.columns.map(({ type }) => type);
    this.#pairs = new JoinPairs(
      new JoinOutput(types(left), types(right), {
        leftOnly: false, needed: context.neededColumns ?? null,
      }),
      node.residual === null ? null
        : makeResidual(node.residual, types(left), types(right), context), context.batchRows);
  }

  #makeSide(port: Port, evict: RowEviction | null, context: OperatorContext): JoinSide {
    return new JoinSide({
      name: port === 0 ? 'left' : 'right', input: this.#inputs[port], key: this.#keys[port],
      nullsEqual: this.#nullsEqual, evict, countMatches: false, keepNullKeys: false,
    }, context);
  }

  begin(): void {
    this.#first = true;
  }

  push(port: number, batch: Batch, emit: Emit): void {
    if (!this.#first) must(this.#pending[port], 'port').push(batch);
    else if (this.#own === null) {
      if (port === 0) this.#meet(0, batch, this.#look(1), emit);
    } else if (port === this.#own.port) this.#take(this.#own, batch, emit);
  }

  flush(frontier: Frontier, emit: Emit): void {
    const [left, right] = this.#pending;
    if (this.#own === null) this.#meetBoth(emit);
    else {
      const { port, side } = this.#own;
      const chain = { chain: side.chain, columns: side.arrangement.store.columns };
      for (const batch of port === 0 ? right : left) {
        this.#meet(otherOf(port), batch, { ...chain, weights: side.arrangement.weights }, emit);
      }
      for (const batch of port === 0 ? left : right) this.#take(this.#own, batch, emit);
      const expired = side.takeExpired(frontier);
      side.arrangement.evict(expired, expired.length);
    }
    left.length = 0;
    right.length = 0;
    // Indexes are made with the view, not by the first change of a table.
    if (this.#first) for (const side of this.#shared) side?.look();
    this.#first = false;
  }

  /** Rows of the input that keeps its own. */
  #take({ port, side }: { port: Port; side: JoinSide }, batch: Batch, emit: Emit): void {
    const { staying, passing } = side.divide(batch);
    const other = this.#look(otherOf(port));
    this.#meet(port, staying, other, emit);
    if (staying.length > 0) side.apply(staying);
    if (passing !== null) this.#meet(port, passing, other, emit);
  }

  #meetBoth(emit: Emit): void {
    const [left, right] = this.#pending;
    for (const batch of left) this.#meet(0, batch, this.#look(1), emit);
    if (left.length === 0 || right.length === 0) {
      for (const batch of right) this.#meet(1, batch, this.#look(0), emit);
      return;
    }
    const found: Batch[] = [];
    const put = (batch: Batch): void => { found.push(batch); };
    const twice = this.#negated(left);
    for (const batch of right) {
      this.#meet(1, batch, this.#look(0), put);
      this.#meet(1, batch, twice, put);
    }
    if (found.length === 0) return;
    const all = concatBatches(found);
    const net = consolidate(all, all.columns.length);
    if (net.length > 0) emit(net);
  }

  /** Batches of the left side, with opposite weights, to be looked into. */
  #negated(batches: readonly Batch[]): LookedInto {
    const store = new RowStore('', arrangementColumns(this.#inputs[0].columns));
    const arrangement = new Arrangement(store, { appendOnly: true });
    const chain = arrangement.chain(this.#keys[0], this.#nullsEqual);
    for (const batch of batches) {
      arrangement.apply({ ...batch, weights: batch.weights.map((weight) => -weight) });
    }
    return { chain, columns: store.columns, weights: arrangement.weights };
  }

  #look(port: Port): LookedInto {
    return must(this.#shared[port], 'shared input').look();
  }

  #meet(port: Port, batch: Batch, other: LookedInto, emit: Emit): void {
    this.#pairs.join(port, batch, this.#keys[port], other, emit);
  }

  close(): void {
    for (const side of this.#shared) side?.close();
  }

  watermarks(): readonly WatermarkExpr[] { return this.#own?.side.watermarks() ?? []; }

  dueAt(): bigint | null { return null; }

  restore(): void {
    this.#own?.side.restore();
    for (const side of this.#shared) side?.look();
  }

  size(): StateSize {
    const own = this.#own?.side.arrangement;
    return own === undefined ? { rows: 0, bytes: 0 } : { rows: own.rows, bytes: own.bytes() };
  }
}

function otherOf(port: Port): Port {
  return port === 0 ? 1 : 0;
}
