/**
 * Runs one operator over random epochs and compares what it emitted with a naive recomputation.
 *
 * Inputs are kept as bags of rows; an epoch inserts and deletes rows (a delete takes a row that is
 * there), in batches of a given size. The emitted sum must equal the model after every epoch, and
 * with `restart` a new operator takes over the stores between epochs.
 */
import { strict as assert } from 'node:assert';
import { formatValue } from '../../src/common/types/registry.ts';
import type { SqlType, TypeName } from '../../src/common/types/sql-type.ts';
import type { Value } from '../../src/common/values.ts';
import type { DataflowNode, WatermarkExpr } from '../../src/planner/dataflow.ts';
import { batchOf, cell } from '../../src/runtime/batch.ts';
import type { Batch } from '../../src/runtime/batch.ts';
import type { Frontier, Operator, OperatorContext } from '../../src/runtime/operator.ts';
import { RowStore } from '../../src/runtime/state/row-store.ts';

/** A row of plain values. */
export type Row = readonly Value[];

/** A type by name. */
export const T = (name: TypeName): SqlType => ({ name });

/** A pseudo-random number below a bound. */
export type Random = (below: number) => number;

/** A generator with a seed. */
export function random(seed: number): Random {
  let state = (Math.imul(seed, 0x9e3779b9) ^ 0x5bd1e995) >>> 0;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** Stores that outlive an operator. */
export class TestContext implements OperatorContext {
  readonly stores: Map<string, RowStore> = new Map();
  readonly batchRows: number;
  late: number = 0;
  errors: number = 0;

  constructor(batchRows: number = 7) {
    this.batchRows = batchRows;
  }

  store(name: string, columns: ConstructorParameters<typeof RowStore>[1]): RowStore {
    const known = this.stores.get(name);
    if (known !== undefined) return known;
    const store = new RowStore(name, columns);
    this.stores.set(name, store);
    return store;
  }

  rowError(): void { this.errors++; }

  lateDropped(count: number): void { this.late += count; }
}

/** A frontier with one watermark for every expression. */
export function frontierAt(epoch: number, watermark: bigint | null): Frontier {
  return { epoch: BigInt(epoch), now: BigInt(epoch), watermark: () => watermark };
}

/** The watermark expression tests use. */
export const WATERMARK: WatermarkExpr = { kind: 'relation', relation: 0 };

/** A source node with these column types. */
export function sourceNode(
  types: readonly SqlType[], facts: Partial<Pick<DataflowNode, 'key' | 'appendOnly'>> = {},
): DataflowNode {
  return {
    kind: 'source', relation: 0, sourceColumns: types.map((_type, at) => at), inputs: [],
    columns: types.map((type, at) => ({ name: `c${at}`, type })), key: null, appendOnly: false,
    bound: 'stateless', ...facts,
  };
}

/** Output columns for nodes under test. */
export function columnsOf(types: readonly SqlType[]): DataflowNode['columns'] {
  return types.map((type, at) => ({ name: `o${at}`, type }));
}

/** A bag of rows: text of the row to row and count. */
export class Bag {
  readonly rows: Map<string, { readonly row: Row; count: number }> = new Map();

  add(row: Row, count: number, types: readonly SqlType[]): void {
    const text = rowText(row, types);
    const known = this.rows.get(text);
    if (known === undefined) this.rows.set(text, { row, count });
    else if (known.count + count === 0) this.rows.delete(text);
    else known.count += count;
  }

  list(): Row[] {
    return [...this.rows.values()].flatMap(({ row, count }) =>
      Array.from({ length: count }, () => row));
  }

  text(): string[] {
    return [...this.rows].map(([text, { count }]) => `${count} ${text}`).toSorted();
  }
}

/** A row as text. */
export function rowText(row: Row, types: readonly SqlType[]): string {
  return types.map((type, at) => formatValue(row[at] ?? null, type) ?? 'NULL').join(' | ');
}

/** Adds the rows of a batch to a bag. */
export function addBatch(bag: Bag, batch: Batch, types: readonly SqlType[]): void {
  assert.equal(batch.columns.length, types.length, 'columns of a batch');
  for (let i = 0; i < batch.length; i++) {
    assert.notEqual(batch.weights[i], 0, 'weight of an emitted row');
    bag.add(batch.columns.map((column) => cell(column, i)), batch.weights[i] ?? 0, types);
  }
}

/** A change: port, row, weight. */
export interface Change {
  readonly port: number;
  readonly row: Row;
  readonly weight: number;
}

/** One running operator and all it has emitted. */
export class Run {
  readonly context: TestContext;
  readonly output: Bag = new Bag();
  operator: Operator;
  epoch: number = 0;
  /** Rows emitted in the last epoch, by absolute weight. */
  emitted: number = 0;
  readonly #make: (context: OperatorContext) => Operator;
  readonly #inputs: readonly (readonly SqlType[])[];
  readonly #types: readonly SqlType[];

  constructor(
    make: (context: OperatorContext) => Operator, inputs: readonly (readonly SqlType[])[],
    types: readonly SqlType[], batchRows?: number,
  ) {
    this.context = new TestContext(batchRows);
    this.#make = make;
    this.#inputs = inputs;
    this.#types = types;
    this.operator = make(this.context);
  }

  /** Runs an epoch; changes go in batches of `batchSize`, port by port. */
  step(changes: readonly Change[], batchSize: number, watermark: bigint | null = null): void {
    this.emitted = 0;
    const emit = (batch: Batch): void => {
      addBatch(this.output, batch, this.#types);
      for (let i = 0; i < batch.length; i++) this.emitted += Math.abs(batch.weights[i] ?? 0);
      assert.ok(batch.length <= Math.max(this.context.batchRows, batchSize), 'size of a batch');
    };
    for (let port = 0; port < this.#inputs.length; port++) {
      const own = changes.filter((change) => change.port === port);
      for (let from = 0; from < own.length; from += batchSize) {
        const part = own.slice(from, from + batchSize);
        this.operator.push(port, batchOf(this.#inputs[port] ?? [], part.map(({ row }) => row),
          part.map(({ weight }) => weight)), emit);
      }
    }
    this.operator.flush(frontierAt(++this.epoch, watermark), emit);
    for (const { count } of this.output.rows.values()) assert.ok(count > 0, 'emitted weight');
  }

  /** A new operator over the same stores. */
  restart(): void {
    // A restore fills the stores of an operator that was just built.
    for (const store of this.context.stores.values()) store.takeDirty();
    this.operator = this.#make(this.context);
    for (const store of this.context.stores.values()) store.finishRestore(store.top);
    this.operator.restore();
  }
}

/** What a random comparison needs. */
export interface Scenario {
  readonly inputs: readonly (readonly SqlType[])[];
  readonly output: readonly SqlType[];
  readonly make: (context: OperatorContext) => Operator;
  readonly row: (port: number, next: Random) => Row;
  readonly model: (inputs: readonly Row[][]) => readonly Row[];
  readonly epochs?: number;
  /** Most changes in an epoch. */
  readonly changes?: number;
  /** Of 10 changes, how many delete. */
  readonly deletes?: number;
}

/**
 * Compares the operator with the model after each of many random epochs; throws where they differ.
 * Gives how many epochs were compared.
 */
export function compareRandom(scenario: Scenario, seed: number, batchSize: number): number {
  const next = random(seed);
  const run = new Run(scenario.make, scenario.inputs, scenario.output);
  const bags = scenario.inputs.map(() => new Bag());
  const label = `seed ${seed}, batch size ${batchSize}`;
  for (let epoch = 0; epoch < (scenario.epochs ?? 30); epoch++) {
    const changes = randomChanges(scenario, bags, next);
    run.step(changes, batchSize);
    const expected = new Bag();
    for (const row of scenario.model(bags.map((bag) => bag.list()))) {
      expected.add(row, 1, scenario.output);
    }
    assert.deepEqual(run.output.text(), expected.text(), `${label}, epoch ${epoch}`);
    if (next(5) === 0) run.restart();
  }
  return run.epoch;
}

function randomChanges(scenario: Scenario, bags: readonly Bag[], next: Random): Change[] {
  const changes: Change[] = [];
  const count = next(scenario.changes ?? 12);
  for (let i = 0; i < count; i++) {
    const port = next(bags.length);
    const bag = bags[port] as Bag;
    const types = scenario.inputs[port] ?? [];
    const deletes = next(10) < (scenario.deletes ?? 4);
    if (!deletes) {
      const row = scenario.row(port, next);
      const weight = 1 + (scenario.deletes !== 0 && next(8) === 0 ? 1 : 0);
      changes.push({ port, row, weight });
      bag.add(row, weight, types);
    } else if (bag.rows.size > 0) {
      const picked = [...bag.rows.values()][next(bag.rows.size)];
      if (picked === undefined) continue;
      changes.push({ port, row: picked.row, weight: -1 });
      bag.add(picked.row, -1, types);
    }
  }
  // Within an epoch the changes of a port come in any order.
  for (let i = changes.length - 1; i > 0; i--) {
    const other = next(i + 1);
    [changes[i], changes[other]] = [changes[other] as Change, changes[i] as Change];
  }
  return changes;
}
