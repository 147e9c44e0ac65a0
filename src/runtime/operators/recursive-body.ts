/**
 * The body of a recursion: its operators, run once per iteration on the changes of that iteration.
 *
 * Operators are made by a factory that is handed in (they may hold another recursion). `restart`
 * makes them anew over emptied stores, for a computation from scratch.
 */
import { must } from '../../common/assert.ts';
import type { Dataflow, DataflowNode, NodeId, WatermarkExpr } from '../../planner/dataflow.ts';
import { batchOf } from '../batch.ts';
import type { Batch } from '../batch.ts';
import type { Frontier, Operator, OperatorContext, StateSize } from '../operator.ts';
import type { RowStore } from '../state/row-store.ts';

/** Makes the operator of a node. */
export type OperatorFactory = (
  node: DataflowNode, inputs: readonly DataflowNode[], context: OperatorContext,
) => Operator;

/** The changes an iteration reads: of input `input`, or of a binding. */
export type Feed = (node: DataflowNode & { kind: 'recursiveInput' }) => readonly Batch[];

/** The operators of a body; see the head of the file. */
export class RecursiveBody {
  readonly #dataflow: Dataflow;
  readonly #build: OperatorFactory;
  readonly #context: OperatorContext;
  readonly #stores = new Map<string, RowStore>();
  #operators: readonly (Operator | null)[];
  /** No pass has been run over the stores as they are. */
  #fresh = true;

  constructor(dataflow: Dataflow, build: OperatorFactory, context: OperatorContext) {
    this.#dataflow = dataflow;
    this.#build = build;
    this.#context = context;
    this.#operators = this.#makeOperators();
  }

  #makeOperators(): (Operator | null)[] {
    const { nodes } = this.#dataflow;
    return nodes.map((node, id) => node.kind === 'recursiveInput' || node.kind === 'constant' ? null
      : this.#build(node, node.inputs.map((input) => must(nodes[input], 'input')),
        this.#contextOf(id)));
  }

  #contextOf(id: NodeId): OperatorContext {
    const outer = this.#context;
    const store: OperatorContext['store'] = (name, columns) => {
      const full = `body${id}/${name}`;
      const known = this.#stores.get(full) ?? outer.store(full, columns);
      this.#stores.set(full, known);
      return known;
    };
    return {
      store, batchRows: outer.batchRows,
      rowError: (error, batch, row) => outer.rowError(error, batch, row),
      lateDropped: (count) => outer.lateDropped(count),
      ...(outer.evaluation === undefined ? {} : { evaluation: outer.evaluation }),
    };
  }

  /** Empties all state. */
  restart(): void {
    for (const store of this.#stores.values()) {
      for (let slot = 0; slot < store.top; slot++) if (store.live[slot] === 1) store.free(slot);
    }
    this.#operators = this.#makeOperators();
    this.#fresh = true;
  }

  /** Runs every operator once; gives the output of each node. */
  pass(feed: Feed, frontier: Frontier): readonly (readonly Batch[])[] {
    const fresh = this.#fresh;
    this.#fresh = false;
    const out: Batch[][] = [];
    for (const [id, node] of this.#dataflow.nodes.entries()) {
      const results: Batch[] = [];
      out.push(results);
      if (node.kind === 'recursiveInput') {
        results.push(...feed(node));
        continue;
      }
      if (node.kind === 'constant') {
        if (fresh) results.push(batchOf(node.columns.map(({ type }) => type), node.rows));
        continue;
      }
      const operator = must(this.#operators[id], 'operator');
      const emit = (batch: Batch): void => { if (batch.length > 0) results.push(batch); };
      let touched = fresh || operator.watermarks().length > 0 || operator.dueAt() !== null;
      for (const [port, input] of node.inputs.entries()) {
        for (const batch of must(out[input], 'input')) {
          operator.push(port, batch, emit);
          touched = true;
        }
      }
      if (touched) operator.flush(frontier, emit);
    }
    return out;
  }

  watermarks(): readonly WatermarkExpr[] {
    return this.#operators.flatMap((operator) => operator?.watermarks() ?? []);
  }

  dueAt(): bigint | null {
    let earliest: bigint | null = null;
    for (const operator of this.#operators) {
      const at = operator?.dueAt() ?? null;
      if (at !== null && (earliest === null || at < earliest)) earliest = at;
    }
    return earliest;
  }

  /** Rebuilds the indexes of all operators; `started`: passes had been run before. */
  restore(started: boolean): void {
    this.#fresh = !started;
    for (const operator of this.#operators) operator?.restore();
  }

  size(): StateSize {
    let rows = 0;
    let bytes = 0;
    for (const operator of this.#operators) {
      const size = operator?.size();
      rows += size?.rows ?? 0;
      bytes += size?.bytes ?? 0;
    }
    return { rows, bytes };
  }
}
