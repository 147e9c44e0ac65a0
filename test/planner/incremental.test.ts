/**
 * Views kept incrementally equal the same query recomputed: after every epoch of random inserts and
 * deletes the sum of a view's deltas is what the interpreter gives for the rows as they stand, and
 * no row's weight is ever negative; and so is the answer of the same query asked once. The queries
 * of lower-queries.ts and random ones; SEED=n chooses other rows and queries, RANDOM_QUERIES=n how
 * many.
 */
import { describe, expect, it } from 'vitest';
import { formatValue } from '../../src/common/types/registry.ts';
import type { SqlType } from '../../src/common/types/sql-type.ts';
import type { Value } from '../../src/common/values.ts';
import type { Dataflow } from '../../src/planner/dataflow.ts';
import { batchOf, cell } from '../../src/runtime/batch.ts';
import type { Batch } from '../../src/runtime/batch.ts';
import { RunningDataflow } from '../../src/runtime/graph.ts';
import type { OperatorContext } from '../../src/runtime/operator.ts';
import { buildOperator } from '../../src/runtime/operators/build.ts';
import { RowStore } from '../../src/runtime/state/row-store.ts';
import { interpret } from '../support/interpreter.ts';
import { QUERIES, TABLES } from './lower-queries.ts';
import { TestCatalog } from './plan-harness.ts';
import { below, RandomQueries } from './random-queries.ts';
import type { Below } from './random-queries.ts';

const EPOCHS = 10;
const SEED = Number(process.env['SEED'] ?? 1);
const RANDOM_QUERIES = Number(process.env['RANDOM_QUERIES'] ?? 60);
const NAMES = ['t', 'u', 'w', 'n', 'e'];
const KEYED = ['t', 'u'];

class Tables {
  readonly catalog: TestCatalog = new TestCatalog(...TABLES);
  readonly #random: Below;
  #ids = 0;

  constructor(seed: number) {
    this.#random = below(seed);
  }

  rows(id: number): Value[][] {
    const known = this.catalog.rows.get(id) ?? [];
    this.catalog.rows.set(id, known);
    return known;
  }

  #value(type: SqlType): Value {
    if (this.#random(6) === 0) return null;
    return type.name === 'text' ? 'xyzq'.charAt(this.#random(4)) : this.#random(4) * 3 + 1;
  }

  /** Random changes of a table: rows and weights; keys stay unique. */
  change(name: string): { readonly rows: Value[][]; readonly weights: number[] } {
    const found = this.catalog.findRelation(null, name);
    if (found === null) throw new Error(name);
    const all = this.rows(found.id);
    const rows: Value[][] = [];
    const weights: number[] = [];
    for (let i = this.#random(4); i > 0 && all.length > 0; i--) {
      rows.push(all.splice(this.#random(all.length), 1)[0] as Value[]);
      weights.push(-1);
    }
    for (let i = this.#random(5); i > 0; i--) {
      const row = found.columns.map((each) => this.#value(each.type));
      if (KEYED.includes(name)) row[0] = ++this.#ids;
      all.push(row);
      rows.push(row);
      weights.push(1);
    }
    return { rows, weights };
  }
}

function context(): OperatorContext {
  const stores = new Map<string, RowStore>();
  return {
    store: (name, columns) => {
      const known = stores.get(name) ?? new RowStore(name, columns);
      stores.set(name, known);
      return known;
    },
    rowError: (error) => { throw error; },
    lateDropped: () => undefined, batchRows: 16,
  };
}

/** A view that runs, and the sum of what it put out. */
class Kept {
  readonly #flow: RunningDataflow;
  readonly #types: readonly SqlType[];
  readonly sum: Map<string, number> = new Map();

  constructor(dataflow: Dataflow) {
    this.#flow = new RunningDataflow(dataflow, buildOperator, context);
    this.#types = (dataflow.nodes[dataflow.output]?.columns ?? []).map((each) => each.type);
  }

  step(epoch: number, deltas: ReadonlyMap<number, Batch>): void {
    const frontier = { epoch: BigInt(epoch), now: 0n, watermark: () => null };
    const steps = this.#flow.step({
      frontier,
      deltas: (relation) => {
        const batch = deltas.get(relation);
        return batch === undefined ? null : [{ batch, arrival: null }];
      },
    });
    let next = steps.next();
    while (next.done !== true) next = steps.next();
    for (const batch of next.value.rows) this.#add(batch);
  }

  #add(batch: Batch): void {
    for (let row = 0; row < batch.length; row++) {
      const text = shown(batch.columns.map((column) => cell(column, row)), this.#types);
      const weight = (this.sum.get(text) ?? 0) + (batch.weights[row] ?? 0);
      if (weight === 0) this.sum.delete(text);
      else this.sum.set(text, weight);
    }
  }

  rows(): string[] {
    return [...this.sum].flatMap(([text, weight]) => {
      if (weight < 0) throw new Error(`negative weight of ${text}`);
      return Array.from({ length: weight }, () => text);
    }).sort();
  }
}

function shown(values: readonly Value[], types: readonly SqlType[]): string {
  return values.map((value, at) =>
    formatValue(value, types[at] ?? { name: 'text' }) ?? 'NULL').join(' | ');
}

function recomputed(catalog: TestCatalog, dataflow: Dataflow): string[] {
  const types = (dataflow.nodes[dataflow.output]?.columns ?? []).map((each) => each.type);
  return interpret(dataflow, (id) => catalog.rows.get(id) ?? []).map((row) =>
    shown(row, types)).sort();
}

/** Subqueries that give more than one row for some tables: an error, as it must be. */
const RAISES = /FROM t\) FROM|SELECT c FROM u WHERE u.a = t.a\)|SELECT DISTINCT a FROM u/;

/** The same query run once over the rows as they stand. */
function askedOnce(tables: Tables, sql: string): string[] {
  const kept = new Kept(tables.catalog.query(sql).dataflow);
  const deltas = new Map<number, Batch>();
  for (const name of NAMES) {
    const found = tables.catalog.findRelation(null, name);
    if (found === null) continue;
    deltas.set(found.id, batchOf(found.columns.map((each) => each.type), tables.rows(found.id)));
  }
  kept.step(1, deltas);
  return kept.rows();
}

/** Runs a view through random epochs; answers what it gave and what it should have given. */
function follow(sql: string, seed: number): { readonly kept: string[]; readonly wanted: string[] } {
  const tables = new Tables(seed);
  const { dataflow } = tables.catalog.view(sql);
  const kept = new Kept(dataflow);
  for (let epoch = 1; epoch <= EPOCHS; epoch++) {
    const deltas = new Map<number, Batch>();
    for (const name of NAMES) {
      const found = tables.catalog.findRelation(null, name);
      if (found === null || name === 'e') continue;
      const { rows, weights } = tables.change(name);
      if (rows.length === 0) continue;
      deltas.set(found.id, batchOf(found.columns.map((each) => each.type), rows, weights));
    }
    kept.step(epoch, deltas);
    const wanted = recomputed(tables.catalog, dataflow);
    const rows = kept.rows();
    const once = epoch === EPOCHS ? askedOnce(tables, sql) : wanted;
    if (once.join() !== wanted.join()) return { kept: once, wanted };
    if (epoch === EPOCHS || rows.join() !== wanted.join()) return { kept: rows, wanted };
  }
  return { kept: [], wanted: [] };
}

describe(`views equal recomputation (seed ${SEED})`, () => {
  const queries = QUERIES.filter((sql) => !RAISES.test(sql));
  for (const [index, sql] of queries.entries()) {
    it(`${sql}`, () => {
      const { kept, wanted } = follow(sql, SEED * 1000 + index);
      expect(kept).toEqual(wanted);
    });
  }
  const random = new RandomQueries(below(SEED));
  for (let index = 0; index < RANDOM_QUERIES; index++) {
    const sql = random.next(2 + index % 2);
    it(`random: ${sql}`, () => {
      const { kept, wanted } = follow(sql, SEED * 5000 + index);
      expect(kept).toEqual(wanted);
    });
  }
});
