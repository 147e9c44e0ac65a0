/**
 * The working table of WITH RECURSIVE: each iteration reads the rows of the one before, no others.
 *
 * The body is incremental, so it is fed the last iteration's rows and, negated, those before them;
 * what its binding then holds, apart from the rows of the non-recursive term, are the next rows.
 * Used only from scratch; between flushes the table is empty.
 */
import { must } from '../../common/assert.ts';
import type { DataflowColumn, NodeId } from '../../planner/dataflow.ts';
import type { Batch } from '../batch.ts';
import type { Frontier, OperatorContext } from '../operator.ts';
import { negate } from '../engine-rows.ts';
import type { RecursiveBody } from './recursive-body.ts';
import { ChangingRows } from './recursive-rows.ts';

/** What a WorkingTable is made of. */
export interface WorkingTableOptions {
  readonly body: RecursiveBody;
  /** Node of the binding within the body. */
  readonly binding: NodeId;
  readonly columns: readonly DataflowColumn[];
  /** UNION: a row counts once, in the iteration that finds it. */
  readonly distinct: boolean;
  /** For UNION: the rows found so far. */
  readonly seen: ChangingRows;
  readonly result: ChangingRows;
  readonly context: OperatorContext;
}

/** The rows of one iteration; see the head of the file. */
export class WorkingTable {
  readonly #options: WorkingTableOptions;
  /** What the recursive term gives for the rows it was fed. */
  readonly #found: ChangingRows;
  #rows: readonly Batch[] = [];
  #before: readonly Batch[] = [];

  constructor(options: WorkingTableOptions) {
    this.#options = options;
    this.#found = new ChangingRows('working', options.columns, false, options.context);
  }

  /** True when there are rows to go on with. */
  get any(): boolean { return this.#rows.length > 0; }

  /** The rows of the last iteration. */
  get rows(): readonly Batch[] { return this.#rows; }

  /** Takes in the inputs of the body: the rows of the non-recursive term are the first ones. */
  begin(inputs: readonly (readonly Batch[])[], frontier: Frontier): void {
    this.#before = [];
    const out = this.#options.body.pass((node) =>
      node.input === null ? [] : must(inputs[node.input], 'input'), frontier);
    this.#take(must(out[this.#options.binding], 'binding'));
    this.#found.reset();
    this.#found.take();
  }

  /** One iteration: the recursive term over the rows at hand. */
  step(frontier: Frontier): void {
    const fed = [...this.#rows, ...this.#before.map(negate)];
    this.#before = this.#rows;
    const out = this.#options.body.pass((node) => node.input === null ? fed : [], frontier);
    this.#take(must(out[this.#options.binding], 'binding'));
  }

  #take(changes: readonly Batch[]): void {
    const { distinct, seen, result, context } = this.#options;
    for (const batch of changes) this.#found.apply(batch);
    this.#found.take();
    const found = [...this.#found.batches(context.batchRows)];
    this.#rows = distinct ? fresh(seen, found) : found;
    for (const batch of this.#rows) result.apply(batch);
  }
}

/** The rows that were not seen before, once each. */
function fresh(seen: ChangingRows, found: readonly Batch[]): readonly Batch[] {
  for (const batch of found) seen.apply(batch);
  const rows = seen.take();
  return rows === null ? [] : [rows];
}
