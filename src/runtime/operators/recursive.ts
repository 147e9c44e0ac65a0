/**
 * Recursion: the least fixpoint of mutually recursive bindings, kept up to date.
 *
 * The bindings start empty; each iteration runs the body on what changed in the one before, until
 * nothing does. The body's operators are incremental, so an iteration costs what it adds
 * (semi-naive).
 * How a change of the inputs is taken in depends on the body:
 *  - linear (no set semantics, each join with one recursive side): go on from where we are;
 *  - monotone and the change only adds rows: go on from where we are;
 *  - else: from scratch, because rows may have held each other up; the result's difference is
 *    emitted. For that, inputs and result are kept.
 * The body of WITH RECURSIVE reads the rows of the last iteration alone (recursive-working.ts); a
 * linear one cannot tell the difference.
 */
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import type { SqlError } from '../../common/errors.ts';
import type { Dataflow, DataflowNode, WatermarkExpr } from '../../planner/dataflow.ts';
import type { Batch } from '../batch.ts';
import type { Emit, Frontier, Operator, OperatorContext, StateSize } from '../operator.ts';
import type { RowStore } from '../state/row-store.ts';
import { EnoughCount } from './enough-count.ts';
import { RecursiveBody } from './recursive-body.ts';
import type { OperatorFactory } from './recursive-body.ts';
import { ChangingRows } from './recursive-rows.ts';
import { WorkingTable } from './recursive-working.ts';

/** A node of recursive bindings. */
export type RecursiveNode = Extract<DataflowNode, { kind: 'recursive' }>;

const ITERATIONS_MAX = 1_000_000;

/** Builds the operator of a recursion; `build` makes the operators of its body. */
export function createRecursive(
  node: RecursiveNode, inputNodes: readonly DataflowNode[], context: OperatorContext,
  build: OperatorFactory,
): Operator {
  return new Recursive(node, inputNodes, context, build);
}

function tooDeep(): SqlError {
  return sqlError('54001', `recursive query did not end within ${ITERATIONS_MAX} iterations`, {
    hint: 'Use UNION instead of UNION ALL, or bound the recursion with a condition.',
  });
}

type Kind = 'linear' | 'monotone' | 'general';

class Recursive implements Operator {
  readonly #node: RecursiveNode;
  readonly #context: OperatorContext;
  readonly #kind: Kind;
  readonly #body: RecursiveBody;
  readonly #bindings: readonly ChangingRows[];
  /** All input rows and the result, for a computation from scratch; unused when linear. */
  readonly #inputs: readonly ChangingRows[];
  readonly #result: ChangingRows;
  /** One row once the first flush was done. */
  readonly #started: RowStore;
  /** The rows of the last iteration, where the body must not see more; else null. */
  readonly #working: WorkingTable | null;
  readonly #pending: readonly Batch[][];
  readonly #enough: EnoughCount | null;
  /** A pending row goes away. */
  #retracts = false;

  constructor(
    node: RecursiveNode, inputNodes: readonly DataflowNode[], context: OperatorContext,
    build: OperatorFactory,
  ) {
    this.#node = node;
    this.#context = context;
    const working = readsLastIteration(node);
    this.#kind = working ? 'general' : kindOf(node);
    this.#body = new RecursiveBody(node.body, build, context);
    this.#bindings = node.bindings.map((binding, at) => new ChangingRows(
      `binding${at}`, must(node.body.nodes[binding.node], 'binding').columns, binding.distinct,
      context));
    this.#inputs = this.#kind === 'linear' ? [] : inputNodes.map((input, at) =>
      new ChangingRows(`input${at}`, input.columns, false, context));
    this.#result = new ChangingRows('result', node.columns, false, context);
    this.#started = context.store('started', [
      { name: 'started', type: { name: 'int4' }, nullable: false },
    ]);
    this.#working = !working ? null : new WorkingTable({
      body: this.#body, binding: must(node.bindings[0], 'binding').node,
      seen: must(this.#bindings[0], 'binding'), result: this.#result, context,
      columns: must(node.body.nodes[must(node.bindings[0], 'binding').node], 'binding').columns,
      distinct: must(node.bindings[0], 'binding').distinct,
    });
    this.#pending = inputNodes.map(() => []);
    this.#enough = node.enough === undefined ? null
      : new EnoughCount(node.enough, node.columns, context);
  }

  push(port: number, batch: Batch, _emit: Emit): void {
    must(this.#pending[port], 'port').push(batch);
    if (this.#retracts) return;
    for (let row = 0; row < batch.length; row++) {
      if ((batch.weights[row] as number) < 0) {
        this.#retracts = true;
        return;
      }
    }
  }

  flush(frontier: Frontier, emit: Emit): void {
    for (const _slice of this.flushInSlices(frontier, emit)) continue;
  }

  *flushInSlices(frontier: Frontier, emit: Emit): Generator<void, void> {
    const first = this.#started.rows === 0;
    if (first) this.#started.column(0).i32[this.#started.alloc()] = 1;
    const changed = this.#pending.some((batches) => batches.length > 0);
    this.#inputs.forEach((input, port) => {
      for (const batch of must(this.#pending[port], 'port')) input.apply(batch);
    });
    const changes = this.#pending.map((batches) => batches.splice(0));
    const fromScratch = !first && changed && (this.#kind === 'general'
      || (this.#kind === 'monotone' && this.#retracts));
    this.#retracts = false;
    if (fromScratch) this.#restart(changes);
    if (this.#working === null) yield* this.#iterate(changes, frontier);
    else if (first || changed) yield* this.#workOff(this.#working, changes, frontier);
    for (const input of this.#inputs) input.take();
    const out = this.#result.take();
    if (out !== null) this.#emit(out, emit);
  }

  /** Empties everything; the inputs as a whole take the place of their changes. */
  #restart(changes: Batch[][]): void {
    this.#body.restart();
    for (const binding of this.#bindings) {
      binding.reset();
      binding.take();
    }
    this.#result.reset();
    this.#inputs.forEach((input, port) => {
      input.take();
      changes[port] = [...input.batches(this.#context.batchRows)];
    });
  }

  *#iterate(
    changes: readonly (readonly Batch[])[], frontier: Frontier,
  ): Generator<void, void> {
    const { bindings, body } = this.#node;
    let deltas: readonly (Batch | null)[] = bindings.map(() => null);
    const place = new Map(bindings.map(({ name }, at) => [name, at]));
    for (let iteration = 0; ; iteration++) {
      if (iteration > ITERATIONS_MAX) throw tooDeep();
      const out = this.#body.pass((node) => {
        if (node.input !== null) return iteration === 0 ? must(changes[node.input], 'input') : [];
        const delta = deltas[must(place.get(must(node.binding, 'binding')), 'binding')] ?? null;
        return delta === null ? [] : [delta];
      }, frontier);
      const found = must(out[body.output], 'output');
      for (const batch of found) this.#result.apply(batch);
      if (this.#enough?.reached(found) === true) return;
      deltas = bindings.map(({ node }, at) => {
        const rows = must(this.#bindings[at], 'binding');
        for (const batch of must(out[node], 'binding')) rows.apply(batch);
        return rows.take();
      });
      if (deltas.every((delta) => delta === null)) return;
      yield;
    }
  }

  *#workOff(
    working: WorkingTable, changes: readonly (readonly Batch[])[], frontier: Frontier,
  ): Generator<void, void> {
    working.begin(changes, frontier);
    for (let iteration = 0; working.any; iteration++) {
      if (iteration > ITERATIONS_MAX) throw tooDeep();
      if (this.#enough?.reached(working.rows) === true) return;
      yield;
      working.step(frontier);
    }
  }

  #emit(out: Batch, emit: Emit): void {
    const { batchRows } = this.#context;
    for (let from = 0; from < out.length; from += batchRows) {
      emit(sliceBatch(out, from, Math.min(out.length, from + batchRows)));
    }
  }

  watermarks(): readonly WatermarkExpr[] { return this.#body.watermarks(); }

  dueAt(): bigint | null { return this.#body.dueAt(); }

  restore(): void {
    this.#body.restore(this.#started.rows > 0);
    for (const rows of [...this.#bindings, ...this.#inputs, this.#result]) rows.restore();
  }

  size(): StateSize {
    const inner = this.#body.size();
    let { rows, bytes } = inner;
    for (const each of [...this.#bindings, ...this.#inputs, this.#result]) {
      rows += each.store.rows;
      bytes += each.bytes();
    }
    return { rows, bytes };
  }
}

function sliceBatch(batch: Batch, from: number, to: number): Batch {
  if (from === 0 && to === batch.length) return batch;
  return {
    length: to - from, weights: batch.weights.slice(from, to),
    columns: batch.columns.map((column) => ({
      ...column, data: column.data.slice(from, to),
      nulls: column.nulls === null ? null : column.nulls.slice(from, to),
    }) as Batch['columns'][number]),
  };
}

/** True when a body of WITH RECURSIVE could tell the last iteration's rows from all so far. */
function readsLastIteration(node: RecursiveNode): boolean {
  const [binding] = node.bindings;
  if (binding?.working !== true || node.bindings.length > 1) return false;
  if (must(node.body.nodes[node.body.output], 'output').kind !== 'recursiveInput') return false;
  return kindOf({ ...node, bindings: [{ ...binding, distinct: false }] }) !== 'linear';
}

/** What the nodes that depend on a binding allow. */
function kindOf({ body, bindings }: RecursiveNode): Kind {
  const recursive = recursiveNodes(body);
  let kind: Kind = bindings.some(({ distinct }) => distinct) ? 'monotone' : 'linear';
  for (const [id, node] of body.nodes.entries()) {
    if (recursive[id] !== true) continue;
    switch (node.kind) {
      case 'recursiveInput': case 'map': case 'flatMap': case 'union': case 'window': break;
      case 'distinct': kind = 'monotone'; break;
      case 'join': {
        if (node.type === 'semi') kind = 'monotone';
        else if (node.type !== 'inner') return 'general';
        if (node.inputs.every((input) => recursive[input] === true)) kind = 'monotone';
        break;
      }
      default: return 'general';
    }
  }
  return kind;
}

/** Which nodes read a binding, directly or not. */
function recursiveNodes({ nodes }: Dataflow): boolean[] {
  const found: boolean[] = [];
  for (const node of nodes) {
    found.push(node.kind === 'recursiveInput' ? node.binding !== null
      : node.inputs.some((input) => found[input] === true));
  }
  return found;
}
