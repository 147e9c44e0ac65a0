/**
 * Rows times the results of set-returning functions: input columns ++ columns of the calls.
 *
 * Several calls go in lockstep: the shorter ones are padded with NULLs. With `outer` a row without
 * results stays, padded. No state; weights pass.
 */
import { must } from '../../common/assert.ts';
import { SqlError } from '../../common/errors.ts';
import type { Value } from '../../common/values.ts';
import type { DataflowNode, DataflowTableCall } from '../../planner/dataflow.ts';
import type { EvaluationContext } from '../../planner/functions/entry.ts';
import { evaluatorOf, functionById } from '../../planner/functions/registry.ts';
import { cell } from '../batch.ts';
import type { Batch } from '../batch.ts';
import { BatchBuilder } from '../batch-builder.ts';
import type { Emit, Operator, OperatorContext } from '../operator.ts';
import { RowExprs } from './row-exprs.ts';
import { evaluationOf, stateless } from './stateless.ts';

type FlatMapNode = Extract<DataflowNode, { kind: 'flatMap' }>;
type Rows = readonly (readonly Value[])[];
type Produce = (context: EvaluationContext, args: readonly Value[]) => Rows;

/** A call, with where its arguments start. */
interface Call {
  readonly produce: Produce;
  readonly from: number;
  readonly args: number;
  readonly width: number;
  readonly ordinality: boolean;
}

/** The operator of a `flatMap` node. */
export function createFlatMap(
  node: FlatMapNode, inputs: readonly DataflowNode[], context: OperatorContext,
): Operator {
  const flatMap = new FlatMap(node, must(inputs[0], 'input'), context);
  return stateless((batch, emit) => flatMap.run(batch, emit));
}

class FlatMap {
  readonly #context: OperatorContext;
  readonly #calls: readonly Call[];
  readonly #exprs: RowExprs;
  readonly #outer: boolean;
  readonly #inputWidth: number;
  readonly #builder: BatchBuilder;

  constructor(node: FlatMapNode, input: DataflowNode, context: OperatorContext) {
    this.#context = context;
    this.#outer = node.outer;
    this.#inputWidth = input.columns.length;
    this.#builder = new BatchBuilder(node.columns.map(({ type }) => type));
    let from = 0;
    this.#calls = node.calls.map((call): Call => {
      const made = { produce: producer(call), from, args: call.args.length,
        width: call.columns.length, ordinality: call.ordinality };
      from += call.args.length;
      return made;
    });
    this.#exprs = new RowExprs(node.calls.flatMap(({ args }) => args),
      input.columns.map(({ type }) => type), context);
  }

  run(batch: Batch, emit: Emit): void {
    const values = this.#exprs.compute(batch);
    const context = evaluationOf(this.#context);
    for (let i = 0; i < values.count; i++) {
      const row = values.rows[i] as number;
      const args = values.columns.map((column) => cell(column, i));
      const results = this.#results(context, args, batch, row);
      if (results !== null) this.#append(batch, row, results);
      if (this.#builder.length >= this.#context.batchRows) this.#send(emit);
    }
    this.#send(emit);
  }

  #send(emit: Emit): void {
    const out = this.#builder.take();
    if (out !== null) emit(out);
  }

  #results(
    context: EvaluationContext, args: readonly Value[], batch: Batch, row: number,
  ): Rows[] | null {
    try {
      return this.#calls.map((call) =>
        call.produce(context, args.slice(call.from, call.from + call.args)));
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
      this.#context.rowError(error, batch, row);
      return null;
    }
  }

  #append(batch: Batch, row: number, results: readonly Rows[]): void {
    const most = results.reduce((length, rows) => Math.max(length, rows.length), 0);
    const rows = most === 0 && this.#outer ? 1 : most;
    const weight = batch.weights[row] as number;
    for (let place = 0; place < rows; place++) {
      this.#builder.copyAll(0, batch.columns, row, this.#inputWidth);
      let at = this.#inputWidth;
      this.#calls.forEach((call, which) => {
        const result = results[which]?.[place];
        const width = call.ordinality ? call.width - 1 : call.width;
        for (let column = 0; column < width; column++) {
          this.#builder.set(at++, result?.[column] ?? null);
        }
        const ordinal = result === undefined ? null : BigInt(place + 1);
        if (call.ordinality) this.#builder.set(at++, ordinal);
      });
      this.#builder.commit(weight);
    }
  }
}

/** The code of a call; a scalar function gives one row. */
function producer(call: DataflowTableCall): Produce {
  const entry = functionById(call.function);
  const propagates = 'nulls' in entry && entry.nulls === 'propagate';
  switch (entry.kind) {
    case 'table': return (context, args) => propagates && args.includes(null) ? []
      : [...entry.evaluate(context, ...args)];
    case 'scalar': {
      const code = evaluatorOf(entry, call.args.map(({ type }) => type),
        must(call.columns[0], 'result column').type);
      return (context, args) => [[propagates && args.includes(null) ? null
        : code(context, ...args)]];
    }
    case 'aggregate': case 'window':
      throw new Error(`${call.function} gives no rows`);
  }
}
