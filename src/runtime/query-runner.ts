/**
 * One-shot queries: a dataflow fed with a snapshot, or a fast path that needs none.
 *
 * What is read is settled when the query begins: cursors are opened for every relation at once.
 * Work is done in slices; between them others have a turn and a cancel request is seen (57014).
 */
import { must } from '../common/assert.ts';
import { sqlError } from '../common/errors.ts';
import type { SqlType } from '../common/types/sql-type.ts';
import type { Value } from '../common/values.ts';
import type { EvaluationContext } from '../planner/functions/entry.ts';
import type { FastPath, QueryPlan } from '../planner/plans.ts';
import type { ScalarExpr } from '../planner/relation.ts';
import type { Batch } from './batch.ts';
import type { Changelog } from './changelog.ts';
import type { OpenConnector, PollLimits } from './connectors/connector.ts';
import { batchOf, cell } from './batch.ts';
import type { RunOptions, SystemRelation } from './engine-core-types.ts';
import {
  concatBatches, consolidate, emptyBatch, hasRetraction, sliceBatch, takeRows,
} from './engine-rows.ts';
import { WATERMARK_END } from './engine-watermarks.ts';
import type { BuildOperator, Delta } from './graph.ts';
import { RunningDataflow } from './graph.ts';
import { makeFrontier } from './graph-view.ts';
import { compileMap } from './kernels/map.ts';
import { equalValues } from '../common/types/registry.ts';
import type { OperatorContext } from './operator.ts';
import { createQueryJoin, joinsOnce } from './operators/query-join.ts';
import { inWindowOrder } from './operators/query-over.ts';
import { orderRows, RowRange, visible } from './query-order.ts';
import { epochOfMoment, rowsAtEpoch } from './past-rows.ts';
import type { RelationState } from './relations.ts';
import { RowStore } from './state/row-store.ts';
import type { Environment } from './storage/interfaces.ts';

/** How long a query runs before others have a turn. */
const SLICE_MS = 5;
const SYSTEM_ROWS = 1024;
/** What a query takes of a SOURCE at once. */
const SOURCE_ROWS = 8192;
const SOURCE_BYTES = 1 << 20;

/** What queries need of the engine. */
export interface QuerySurroundings {
  /** A relation that can be read; throws SqlError otherwise. */
  relation(id: number): RelationState;
  system(id: number): SystemRelation | null;
  /** The connector of a SOURCE, opened anew; null for other relations. */
  source(id: number): OpenConnector | null;
  isSource(id: number): boolean;
  publishedEpoch(): bigint;
  changelog(id: number): Changelog | null;
  readonly build: BuildOperator;
  readonly environment: Environment;
  readonly batchRows: number;
}

/** Stored rows whose columns equal the values, at an epoch; user columns. */
export function lookupRows(
  state: RelationState,
  by: { readonly columns: readonly number[]; readonly values: readonly Value[] }, epoch: bigint,
): Batch {
  const rows = must(state.rows, 'stored rows');
  const found = rows.lookup(by.columns, by.values);
  const corrections = state.since(epoch);
  if (found !== null && corrections.length === 0) return found;
  const batches = found === null ? [...state.at(epoch)] : [found, ...corrections];
  const matching = batches.map((batch) => matchingRows(batch, state.types, by));
  const all = concatBatches(state.types, matching);
  return corrections.length > 0 ? consolidate(all) : all;
}

function matchingRows(
  batch: Batch, types: readonly SqlType[],
  { columns, values }: { readonly columns: readonly number[]; readonly values: readonly Value[] },
): Batch {
  const rows: number[] = [];
  for (let row = 0; row < batch.length; row++) {
    const same = columns.every((at, i) => {
      const stored = cell(must(batch.columns[at], 'column'), row);
      const wanted = values[i] ?? null;
      return stored !== null && wanted !== null
        && equalValues(stored, wanted, must(types[at], 'type'));
    });
    if (same) rows.push(row);
  }
  return takeRows(batch, Int32Array.from(rows));
}

/** Runs one-shot queries. */
export class QueryRunner {
  readonly #engine: QuerySurroundings;
  /** When others last had a turn. */
  #yieldedAt = 0;

  constructor(engine: QuerySurroundings) {
    this.#engine = engine;
  }

  /** The visible columns of the result, in order. */
  async *run(plan: QueryPlan, given: RunOptions): AsyncGenerator<Batch, void> {
    const options = await this.#withSources(plan, given);
    if (plan.fastPath !== null) {
      yield* this.#fast(plan, plan.fastPath, options);
      return;
    }
    const rows = await this.#runDataflow(plan, options);
    yield* this.#deliver(plan, orderRows(rows, plan), options);
  }

  async *#deliver(plan: QueryPlan, rows: Batch, options: RunOptions): AsyncGenerator<Batch, void> {
    const { batchRows } = this.#engine;
    const shown = visible(rows, plan.columns.length);
    for (let from = 0; from < shown.length; from += batchRows) {
      if (this.#mustYield()) await this.#yield();
      if (options.cancelled()) throw cancelled();
      yield sliceBatch(shown, from, Math.min(shown.length, from + batchRows));
    }
  }

  /** Sources are read to where they are now; their rows are then like uncommitted ones. */
  async #withSources(plan: QueryPlan, options: RunOptions): Promise<RunOptions> {
    let overlay: Map<number, readonly Batch[]> | null = null;
    for (const id of plan.reads) {
      const connector = this.#engine.source(id);
      if (connector === null) continue;
      overlay ??= new Map(options.overlay);
      overlay.set(id, await this.#readSource(connector, options));
    }
    return overlay === null ? options : { ...options, overlay };
  }

  async #readSource(connector: OpenConnector, options: RunOptions): Promise<Batch[]> {
    const { clock } = this.#engine.environment;
    const batches: Batch[] = [];
    const limits = { rows: SOURCE_ROWS, bytes: SOURCE_BYTES, now: clock.nowMicros() };
    try {
      for (let partition = 0; partition < connector.partitions; partition++) {
        await this.#readPartition(connector, partition, limits, options, batches);
      }
    } finally {
      connector.close?.();
    }
    return batches;
  }

  async #readPartition(
    ...[connector, partition, limits, options, batches]:
      [OpenConnector, number, PollLimits, RunOptions, Batch[]]
  ): Promise<void> {
    let from = connector.startOf?.(partition) ?? 0n;
    for (;;) {
      if (options.cancelled()) throw cancelled();
      connector.hurry?.();
      const source = await connector.poll(partition, from, limits);
      if (source.batch.length > 0) batches.push(source.batch);
      if (source.ended || source.caughtUp || source.next === from) return;
      from = source.next;
      if (this.#mustYield()) await this.#yield();
    }
  }

  // ------------------------------------------------------------------------------- fast paths

  async *#fast(
    plan: QueryPlan, path: FastPath, options: RunOptions,
  ): AsyncGenerator<Batch, void> {
    const types = this.#types(path.relation, options);
    const project = compileMap({ filter: path.filter, exprs: path.exprs, inputTypes: types });
    const fail = (error: Error): never => { throw error; };
    const turn = (batch: Batch): Batch | null => project(batch, options.context, fail);
    const source = path.kind === 'lookup' ? [this.#lookup(path, options)]
      : this.#read(path.relation, options, true);
    if (plan.orderBy.length === 0) {
      yield* this.#stream(plan, source, turn, options);
      return;
    }
    const kept: Batch[] = [];
    for await (const batch of this.#sliced(source, options)) {
      const out = turn(batch);
      if (out !== null) kept.push(out);
    }
    const all = concatBatches(path.exprs.map(({ type }) => type), kept);
    yield* this.#deliver(plan, orderRows(all, plan), options);
  }

  /** Rows as they come, until LIMIT is reached. */
  async *#stream(
    plan: QueryPlan, source: Iterable<Batch>, turn: (batch: Batch) => Batch | null,
    options: RunOptions,
  ): AsyncGenerator<Batch, void> {
    const range = new RowRange(plan.limit, plan.offset);
    for await (const batch of this.#sliced(source, options)) {
      if (range.done) return;
      const out = turn(batch);
      if (out === null || out.length === 0) continue;
      const cut = range.cut(out);
      if (cut.length > 0) yield visible(cut, plan.columns.length);
    }
  }

  async *#sliced(source: Iterable<Batch>, options: RunOptions): AsyncGenerator<Batch, void> {
    for (const batch of source) {
      if (options.cancelled()) throw cancelled();
      yield batch;
      if (this.#mustYield()) await this.#yield();
    }
    if (this.#mustYield()) await this.#yield();
  }

  /** Time is shared by all queries: many short ones are as long as one long one. */
  #mustYield(): boolean {
    return this.#engine.environment.clock.elapsedMs() - this.#yieldedAt >= SLICE_MS;
  }

  async #yield(): Promise<void> {
    await this.#engine.environment.exec.yield();
    this.#yieldedAt = this.#engine.environment.clock.elapsedMs();
  }

  #lookup(path: Extract<FastPath, { kind: 'lookup' }>, options: RunOptions): Batch {
    const values = literals(path.values, options.context);
    const by = { columns: path.columns, values };
    const types = this.#types(path.relation, options);
    const overlay = options.overlay.get(path.relation) ?? [];
    const kept = options.rewritten?.has(path.relation) !== true;
    const stored = kept && options.system.engine.knows(path.relation)
      ? lookupRows(this.#engine.relation(path.relation), by, this.#epoch(options))
      : concatBatches(types, [...this.#read(path.relation, { ...options, overlay: NO_OVERLAY },
        true)].map((batch) => matchingRows(batch, types, by)));
    if (overlay.length === 0) return stored;
    return consolidate(concatBatches(types,
      [stored, ...overlay.map((batch) => matchingRows(batch, types, by))]));
  }

  // --------------------------------------------------------------------------------- reading

  #epoch(options: RunOptions): bigint {
    return options.pin?.epoch ?? this.#engine.publishedEpoch();
  }

  #types(id: number, options: RunOptions): readonly SqlType[] {
    const relation = must(options.system.catalog.relation(id), 'relation of a plan');
    return relation.columns.map(({ type }) => type);
  }

  /** All rows of a relation as the query sees it. `net`: without retractions. */
  #read(id: number, options: RunOptions, net: boolean): Iterable<Batch> {
    const system = this.#engine.system(id);
    if (system !== null) return systemRows(system, options);
    const overlay = options.overlay.get(id) ?? [];
    if (this.#engine.isSource(id)) return overlay;
    const rewritten = options.rewritten?.get(id);
    if (rewritten !== undefined) {
      return [consolidate(concatBatches(this.#types(id, options), [...rewritten, ...overlay]))];
    }
    if (!options.system.engine.knows(id)) {
      return [consolidate(concatBatches(this.#types(id, options), overlay))];
    }
    const state = this.#engine.relation(id);
    const epoch = this.#epoch(options);
    const changed = overlay.length > 0 || state.since(epoch).length > 0;
    const rows = state.at(epoch);
    if (!changed) return rows;
    if (net) return [consolidate(concatBatches(state.types, [...rows, ...overlay]))];
    return chain(rows, overlay);
  }

  /** All rows of a relation at an earlier moment. */
  #past(id: number, asOf: ScalarExpr, options: RunOptions): Iterable<Batch> {
    if (this.#engine.system(id) !== null || this.#engine.source(id) !== null) {
      throw sqlError('0A000', 'AS OF reads tables and materialized views only');
    }
    const state = this.#engine.relation(id);
    const [value] = literals([asOf], options.context);
    if (typeof value !== 'bigint') throw sqlError('22004', 'AS OF must not be NULL');
    const { name, kind } = state.relation;
    const past = { name, kind, changelog: this.#engine.changelog(id), types: state.types };
    const newest = { epoch: this.#epoch(options), now: options.pin?.now ?? options.now };
    const epoch = epochOfMoment(past, asOf.type.name === 'int8' ? { kind: 'epoch', epoch: value }
      : { kind: 'time', micros: value }, newest);
    return [rowsAtEpoch(past, epoch, { epoch: newest.epoch, rows: state.at(newest.epoch) })];
  }

  // -------------------------------------------------------------------------------- dataflows

  async #runDataflow(plan: QueryPlan, options: RunOptions): Promise<Batch> {
    const { build, batchRows } = this.#engine;
    const stores: RowStore[] = [];
    const context: OperatorContext = {
      batchRows, evaluation: () => options.context,
      store: (name, columns) => {
        const store = new RowStore(name, columns);
        stores.push(store);
        return store;
      },
      rowError: (error) => { throw error; },
      lateDropped: () => undefined,
    };
    const flow = new RunningDataflow(plan.dataflow, inPlainOrder(build, plan), () => context);
    const inputs = this.#openInputs(plan, options);
    const steps = flow.step({
      frontier: makeFrontier(this.#epoch(options), options.now, () => WATERMARK_END),
      deltas: (relation) => inputs.get(relation)?.shift() ?? null,
    });
    try {
      for (;;) {
        if (this.#mustYield()) await this.#yield();
        if (options.cancelled()) throw cancelled();
        const step = steps.next();
        if (step.done === true) {
          const node = must(plan.dataflow.nodes[plan.dataflow.output], 'output');
          return netRows(node.columns.map(({ type }) => type), step.value.rows);
        }
      }
    } finally {
      for (const store of stores) store.release();
    }
  }

  /** One opened input per source node, in node order. */
  #openInputs(plan: QueryPlan, options: RunOptions): Map<number, Iterable<Delta>[]> {
    const inputs = new Map<number, Iterable<Delta>[]>();
    for (const node of plan.dataflow.nodes) {
      if (node.kind !== 'source') continue;
      const list = inputs.get(node.relation) ?? [];
      list.push(asDeltas(node.asOf === undefined ? this.#read(node.relation, options, false)
        : this.#past(node.relation, node.asOf, options)));
      inputs.set(node.relation, list);
    }
    return inputs;
  }
}

const NO_OVERLAY: ReadonlyMap<number, readonly Batch[]> = new Map();

function* asDeltas(batches: Iterable<Batch>): Generator<Delta, void> {
  for (const batch of batches) yield { batch, arrival: null };
}

function* chain(...parts: readonly Iterable<Batch>[]): Generator<Batch, void> {
  for (const part of parts) yield* part;
}

function netRows(types: readonly SqlType[], batches: readonly Batch[]): Batch {
  if (batches.length === 0) return emptyBatch(types);
  const all = concatBatches(types, batches);
  return batches.some(hasRetraction) ? consolidate(all) : all;
}

/** Values of expressions without columns. */
function literals(exprs: readonly ScalarExpr[], context: EvaluationContext): Value[] {
  if (exprs.every((expr) => expr.kind === 'literal')) return exprs.map(({ value }) => value);
  const one: Batch = { length: 1, columns: [], weights: new Int32Array([1]) };
  const out = compileMap({ filter: null, exprs, inputTypes: [] })(one, context, (error) => {
    throw error;
  });
  return exprs.map((_expr, at) => cell(must(must(out, 'values').columns[at], 'value'), 0));
}

function* systemRows(relation: SystemRelation, options: RunOptions): Generator<Batch, void> {
  const types = relation.columns.map(({ type }) => type);
  let rows: (readonly Value[])[] = [];
  for (const row of relation.rows(options.system)) {
    rows.push(row);
    if (rows.length < SYSTEM_ROWS) continue;
    yield batchOf(types, rows);
    rows = [];
  }
  if (rows.length > 0) yield batchOf(types, rows);
}

function cancelled(): Error {
  return sqlError('57014', 'canceling statement due to user request');
}

/** Operators whose rows come in the order in which somebody reading along would find them. */
function inPlainOrder(build: BuildOperator, { orderBy }: QueryPlan): BuildOperator {
  return (node, inputs, context) => {
    if (joinsOnce(node)) return createQueryJoin(node, inputs, context);
    const operator = build(node, inputs, context);
    return node.kind === 'over' && orderBy.length === 0 ? inWindowOrder(node, operator) : operator;
  };
}
