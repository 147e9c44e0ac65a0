/**
 * A dataflow with its operators: takes deltas of relations, runs every node once in order.
 *
 * The same for views in epochs, for hydration and for one-shot queries. Steps are generators that
 * yield between batches, so that whoever drives them may give way; an epoch just runs on. Operators
 * are called as operator.ts says: pushes port by port, then one flush if there is a reason for it.
 */
import { must } from '../common/assert.ts';
import type { Dataflow, DataflowNode, NodeId, StateBound } from '../planner/dataflow.ts';
import { SOURCE_ARRIVAL, SOURCE_OFFSET } from '../planner/dataflow.ts';
import { addColumns } from '../planner/expr-tools.ts';
import type { Batch, Column } from './batch.ts';
import { batchOf } from './batch.ts';
import type { Frontier, Operator, OperatorContext, StateSize } from './operator.ts';

/** Changed rows of a relation: user columns, and W_p before each change where that is kept. */
export interface Delta {
  readonly batch: Batch;
  readonly arrival: Column | null;
  /** Partition of all these rows, and their offsets in it, where they are known. */
  readonly partition?: number | null;
  readonly offsets?: Column | null;
}

/** Makes an operator; operators/build.ts in the engine, fakes in tests. */
export type BuildOperator = (
  node: DataflowNode, inputs: readonly DataflowNode[], context: OperatorContext,
) => Operator;

/** What a step is given. */
export interface StepInput {
  readonly frontier: Frontier;
  /** Deltas of a relation in this epoch, or null when it did not change. */
  deltas(relation: number): Iterable<Delta> | null;
}

/** What a step put out. */
export interface StepOutput {
  readonly rows: readonly Batch[];
  readonly late: readonly Batch[];
  /** Changed rows that were offered, counted once per relation however often it is read. */
  readonly offered: number;
}

/** What an operator keeps, for tidemill.state. */
export interface OperatorState {
  readonly node: number;
  readonly kind: string;
  readonly size: StateSize;
  readonly bound: StateBound;
  /** Looks through the state: for who asks, not for every epoch. */
  readonly oldest: () => bigint | null;
}

/** A dataflow that runs. */
export class RunningDataflow {
  #nodes: readonly DataflowNode[];
  readonly #output: NodeId;
  readonly #late: NodeId | null;
  readonly #operators: readonly (Operator | null)[];
  /** Watermark values at the last flush, per node. */
  readonly #seen: (bigint | null)[][];
  /** The last node that reads a node's output. */
  readonly #lastReader: readonly number[];
  readonly #reads: readonly number[];
  #started = false;
  #offered = 0;
  /** Told of what all nodes put out, after every step; for tests. */
  #watch: ((out: readonly (readonly Batch[])[]) => void) | null = null;

  constructor(
    dataflow: Dataflow, build: BuildOperator, context: (node: NodeId) => OperatorContext,
  ) {
    this.#nodes = dataflow.nodes;
    this.#reads = [...new Set(dataflow.nodes.flatMap((node) =>
      node.kind === 'source' ? [node.relation] : []))];
    this.#output = dataflow.output;
    this.#late = dataflow.late;
    const needed = neededColumns(dataflow);
    this.#operators = dataflow.nodes.map((node, id) => isInput(node) ? null
      : build(node, node.inputs.map((input) => must(dataflow.nodes[input], 'input')),
        withNeeded({ ...context(id), inputNode: (port) => this.#inputNode(id, port) },
          needed[id] ?? null)));
    this.#seen = this.#operators.map(() => []);
    this.#lastReader = lastReaders(dataflow);
  }

  /** Lets someone see what all nodes put out in each step. */
  watch(watch: (out: readonly (readonly Batch[])[]) => void): void {
    this.#watch = watch;
  }

  get started(): boolean { return this.#started; }

  #inputNode(id: NodeId, port: number): DataflowNode {
    const input = must(must(this.#nodes[id], 'node').inputs[port], 'input');
    return must(this.#nodes[input], 'input node');
  }

  /** The dataflow is not used any more. */
  close(): void {
    for (const operator of this.#operators) operator?.close?.();
  }

  /** Source nodes with other column numbers, after a table was altered; all else is the same. */
  replaceSources(dataflow: Dataflow): void {
    this.#nodes = dataflow.nodes;
  }

  /** Relations read. */
  reads(): readonly number[] {
    return this.#reads;
  }

  /** Columns read of a relation. */
  columnsRead(relation: number): readonly number[] {
    return this.#nodes.flatMap((node) =>
      node.kind === 'source' && node.relation === relation ? node.sourceColumns : []);
  }

  /** After a restart: stores are loaded, indexes are rebuilt, nothing is emitted. */
  restore(started: boolean, frontier: Frontier): void {
    this.#started = started;
    for (const [id, operator] of this.#operators.entries()) {
      if (operator === null) continue;
      operator.restore();
      if (started) this.#seen[id] = operator.watermarks().map((expr) => frontier.watermark(expr));
    }
  }

  /** True when a step is necessary although no input changed. */
  isDue(frontier: Frontier): boolean {
    if (!this.#started) return true;
    return this.#operators.some((operator, id) =>
      operator !== null && this.#mustFlush(operator, id, frontier));
  }

  /** Earliest logical time at which a step is necessary without input, or null. */
  dueAt(): bigint | null {
    let earliest: bigint | null = null;
    for (const operator of this.#operators) {
      const at = operator?.dueAt() ?? null;
      if (at !== null && (earliest === null || at < earliest)) earliest = at;
    }
    return earliest;
  }

  #mustFlush(operator: Operator, id: NodeId, frontier: Frontier): boolean {
    const due = operator.dueAt();
    if (due !== null && due <= frontier.now) return true;
    const seen = must(this.#seen[id], 'watermarks of a node');
    return operator.watermarks().some((expr, at) =>
      frontier.watermark(expr) !== (seen[at] ?? null));
  }

  /** Runs one epoch. Yields between batches. */
  *step(input: StepInput): Generator<void, StepOutput> {
    const first = !this.#started;
    this.#started = true;
    this.#offered = 0;
    if (first) for (const operator of this.#operators) operator?.begin?.();
    const out: Batch[][] = this.#nodes.map(() => []);
    for (const [id, node] of this.#nodes.entries()) {
      yield* this.#runNode(id, node, { input, out, first });
      for (const from of node.inputs) {
        if (this.#lastReader[from] === id && from !== this.#output && from !== this.#late
          && this.#watch === null) {
          out[from] = [];
        }
      }
    }
    this.#watch?.(out);
    return {
      rows: must(out[this.#output], 'output'), offered: this.#offered,
      late: this.#late === null ? [] : must(out[this.#late], 'late rows'),
    };
  }

  *#runNode(id: NodeId, node: DataflowNode, run: {
    readonly input: StepInput; readonly out: Batch[][]; readonly first: boolean;
  }): Generator<void, void> {
    const { input, out, first } = run;
    const results = must(out[id], 'results');
    const operator = this.#operators[id] ?? null;
    if (operator === null) {
      yield* this.#readInput(node, input, first, results);
      return;
    }
    const emit = (batch: Batch): void => { if (batch.length > 0) results.push(batch); };
    let touched = first;
    for (const [port, from] of node.inputs.entries()) {
      for (const batch of must(out[from], 'input')) {
        operator.push(port, batch, emit);
        touched = true;
        yield;
      }
    }
    if (!touched && !this.#mustFlush(operator, id, input.frontier)) return;
    if (operator.flushInSlices === undefined) operator.flush(input.frontier, emit);
    else yield* operator.flushInSlices(input.frontier, emit);
    this.#seen[id] = operator.watermarks().map((expr) => input.frontier.watermark(expr));
    yield;
  }

  *#readInput(
    node: DataflowNode, input: StepInput, first: boolean, results: Batch[],
  ): Generator<void, void> {
    if (node.kind === 'constant') {
      if (first) results.push(batchOf(node.columns.map(({ type }) => type), node.rows));
      return;
    }
    if (node.kind !== 'source') return;
    const counts = this.#nodes.findIndex((other) =>
      other.kind === 'source' && other.relation === node.relation);
    const counted = this.#nodes[counts] === node;
    for (const delta of input.deltas(node.relation) ?? []) {
      if (delta.batch.length === 0) continue;
      if (counted) this.#offered += changedRows(delta.batch);
      results.push(projectSource(delta, node.sourceColumns));
      yield;
    }
  }

  /** What each operator keeps. */
  sizes(): OperatorState[] {
    return this.#operators.flatMap((operator, node) => operator === null ? []
      : [{
        node, kind: must(this.#nodes[node], 'node').kind, size: operator.size(),
        bound: must(this.#nodes[node], 'node').bound,
        oldest: () => operator.oldest?.() ?? null,
      }]);
  }
}

function isInput(node: DataflowNode): boolean {
  return node.kind === 'source' || node.kind === 'constant';
}

function withNeeded(
  context: OperatorContext, needed: ReadonlySet<number> | null,
): OperatorContext {
  return needed === null ? context : { ...context, neededColumns: needed };
}

/** Per node the output columns its readers look at; null: all, for a reader that is no map. */
function neededColumns({ nodes, output, late }: Dataflow): (ReadonlySet<number> | null)[] {
  const needed: (Set<number> | null)[] = nodes.map((_node, id) =>
    id === output || id === late ? null : new Set());
  for (const node of nodes) {
    for (const input of node.inputs) {
      const known = needed[input] ?? null;
      if (known === null) continue;
      if (node.kind === 'aggregate') addRead(node, known);
      else if (node.kind === 'map') addComputedFrom(node, known);
      else needed[input] = null;
    }
  }
  return needed;
}

/** The input columns a map looks at. */
function addComputedFrom(
  node: Extract<DataflowNode, { kind: 'map' }>, columns: Set<number>,
): void {
  for (const expr of node.exprs) addColumns(expr, columns);
  if (node.filter !== null) addColumns(node.filter, columns);
}

/** The input columns an aggregate looks at. */
function addRead(
  node: Extract<DataflowNode, { kind: 'aggregate' }>, columns: Set<number>,
): void {
  for (const column of node.groupBy) columns.add(column);
  for (const { args, filter, orderBy } of node.aggregates) {
    for (const column of args) columns.add(column);
    if (filter !== null) columns.add(filter);
    for (const { column } of orderBy) columns.add(column);
  }
}

function lastReaders({ nodes }: Dataflow): number[] {
  const last = nodes.map(() => -1);
  for (const [id, node] of nodes.entries()) for (const input of node.inputs) last[input] = id;
  return last;
}

/** Rows of a batch, counted with their weights, whatever the sign. */
export function changedRows({ weights, length }: Batch): number {
  let total = 0;
  for (let i = 0; i < length; i++) {
    const weight = weights[i] as number;
    total += weight < 0 ? -weight : weight;
  }
  return total;
}

/** The columns a source node wants; below 0 are hidden ones, NULL where they are not known. */
function projectSource(delta: Delta, columns: readonly number[]): Batch {
  const { batch } = delta;
  return {
    length: batch.length, weights: batch.weights,
    columns: columns.map((at) => at >= 0 ? must(batch.columns[at], 'source column')
      : hiddenColumn(delta, at)),
  };
}

function hiddenColumn({ batch: { length }, arrival, partition, offsets }: Delta, at: number):
Column {
  if (at === SOURCE_ARRIVAL) return arrival ?? unknown(length);
  if (at === SOURCE_OFFSET) return offsets ?? unknown(length);
  return {
    kind: 'i32', data: new Int32Array(length).fill(partition ?? 0),
    nulls: partition === null || partition === undefined ? new Uint8Array(length).fill(1) : null,
  };
}

function unknown(length: number): Column {
  return { kind: 'i64', data: new BigInt64Array(length), nulls: new Uint8Array(length).fill(1) };
}
