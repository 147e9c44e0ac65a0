/**
 * A plain interpreter of expressions and dataflows over rows of values: the tests' oracle.
 *
 * Runs a dataflow once over whole tables, as bags of rows, with nested loops and no state. Knows
 * neither epochs nor watermarks: gates and throttles pass everything, nothing is ever late.
 */
import { addInterval } from '../../src/common/types/interval.ts';
import type { Interval } from '../../src/common/types/interval.ts';
import { ExactSum } from '../../src/common/exact-sum.ts';
import { NumericSum } from '../../src/common/numeric-sum.ts';
import { compareValues, equalValues, hashValue } from '../../src/common/types/registry.ts';
import type { SqlType } from '../../src/common/types/sql-type.ts';
import type { Value } from '../../src/common/values.ts';
import type { Dataflow, DataflowAggregate, DataflowNode } from '../../src/planner/dataflow.ts';
import { evaluateOver } from '../../src/planner/fold.ts';
import type { AggregateFunction, EvaluationContext } from '../../src/planner/functions/entry.ts';
import * as finish from '../../src/planner/functions/finish.ts';
import { functionById } from '../../src/planner/functions/registry.ts';
import type { ScalarExpr, SortKey } from '../../src/planner/relation.ts';

/** A row of plain values. */
export type Row = readonly Value[];

/** The value of an expression over a row. */
export const evaluate: (expr: ScalarExpr, row: Row, context: EvaluationContext) => Value =
  evaluateOver;

/** The context tests evaluate in. */
export const CONTEXT: EvaluationContext = {
  timeZone: 'UTC', dateStyle: 'ISO, MDY', intervalStyle: 'postgres', extraFloatDigits: 1,
  now: 1_700_000_000_000_000n,
};

type Types = readonly SqlType[];

/** Rows by key; equal keys are one, NULLs are equal. */
class Groups<T> {
  readonly #buckets = new Map<number, { key: Row; value: T }[]>();
  readonly #types: Types;
  readonly order: { key: Row; value: T }[] = [];

  constructor(types: Types) {
    this.#types = types;
  }

  #hash(key: Row): number {
    return key.reduce<number>((hash, value, at) =>
      (Math.imul(hash, 31) + hashValue(value, this.#types[at] as SqlType)) | 0, 7);
  }

  find(key: Row): T | undefined {
    return this.#buckets.get(this.#hash(key))?.find((each) => sameRow(each.key, key, this.#types))
      ?.value;
  }

  at(key: Row, make: () => T): T {
    const found = this.find(key);
    if (found !== undefined) return found;
    const entry = { key, value: make() };
    const hash = this.#hash(key);
    this.#buckets.set(hash, [...(this.#buckets.get(hash) ?? []), entry]);
    this.order.push(entry);
    return entry.value;
  }
}

function sameRow(a: Row, b: Row, types: Types): boolean {
  return a.every((value, at) => equalValues(value, b[at] ?? null, types[at] as SqlType));
}

/** Order by keys, ties by the whole row. */
export function compareRows(a: Row, b: Row, keys: readonly SortKey[], types: Types): number {
  for (const key of keys) {
    const x = a[key.column] ?? null;
    const y = b[key.column] ?? null;
    if (x === null && y === null) continue;
    if (x === null || y === null) return (x === null) === key.nullsFirst ? -1 : 1;
    const order = compareValues(x, y, types[key.column] as SqlType);
    if (order !== 0) return key.descending ? -order : order;
  }
  return 0;
}

function wholeRow(types: Types): SortKey[] {
  return types.map((_type, column) => ({ column, descending: false, nullsFirst: false }));
}

/** Rows a dataflow gives for the given tables. */
export function interpret(
  dataflow: Dataflow, table: (relation: number) => readonly Row[],
  context: EvaluationContext = CONTEXT,
): Row[] {
  const results: Row[][] = [];
  for (const node of dataflow.nodes) {
    const inputs = node.inputs.map((input) => results[input] as Row[]);
    const types = node.inputs.map((input) =>
      (dataflow.nodes[input] as DataflowNode).columns.map((each) => each.type));
    results.push(new NodeRun(node, inputs, types, { table, context }).rows());
  }
  return results[dataflow.output] as Row[];
}

interface Surroundings {
  readonly table: (relation: number) => readonly Row[];
  readonly context: EvaluationContext;
}

class NodeRun {
  readonly #node: DataflowNode;
  readonly #inputs: readonly Row[][];
  readonly #types: readonly Types[];
  readonly #around: Surroundings;

  constructor(node: DataflowNode, inputs: readonly Row[][], types: readonly Types[],
    around: Surroundings) {
    this.#node = node;
    this.#inputs = inputs;
    this.#types = types;
    this.#around = around;
  }

  get #input(): Row[] { return this.#inputs[0] as Row[]; }
  get #inputTypes(): Types { return this.#types[0] as Types; }

  #value(expr: ScalarExpr, row: Row): Value {
    return evaluateOver(expr, row, this.#around.context);
  }

  rows(): Row[] {
    const node = this.#node;
    switch (node.kind) {
      case 'source': return this.#around.table(node.relation).map((row) =>
        node.sourceColumns.map((at) => at < 0 ? null : row[at] ?? null));
      case 'constant': return [...node.rows];
      case 'map': return this.#input
        .filter((row) => node.filter === null || this.#value(node.filter, row) === true)
        .map((row) => node.exprs.map((expr) => this.#value(expr, row)));
      case 'flatMap': return this.#flatMap(node);
      case 'window': return this.#window(node);
      case 'aggregate': return this.#aggregate(node);
      case 'distinct': {
        const groups = new Groups<Row>(this.#inputTypes);
        for (const row of this.#input) groups.at(row, () => row);
        return groups.order.map((each) => each.value);
      }
      case 'join': return this.#join(node);
      case 'union': return this.#inputs.flat();
      case 'setOp': return this.#setOp(node);
      case 'topN': return this.#topN(node);
      case 'over': return this.#over(node);
      case 'temporalFilter': return this.#input.filter((row) => {
        const from = node.validFrom === null ? null : this.#value(node.validFrom, row);
        const to = node.validTo === null ? null : this.#value(node.validTo, row);
        const { now } = this.#around.context;
        return (node.validFrom === null || (from !== null && (from as bigint) <= now))
          && (node.validTo === null || (to !== null && now < (to as bigint)));
      });
      case 'gate': case 'throttle': return this.#input;
      default: throw new Error(`the interpreter does not know ${node.kind}`);
    }
  }

  #flatMap(node: DataflowNode & { kind: 'flatMap' }): Row[] {
    return this.#input.flatMap((row) => {
      const lists = node.calls.map((call) => {
        const entry = functionById(call.function);
        if (entry.kind !== 'table') throw new Error(`${call.function} is no table function`);
        const args = call.args.map((arg) => this.#value(arg, row));
        const rows = entry.nulls === 'propagate' && args.includes(null) ? []
          : [...entry.evaluate(this.#around.context, ...args)];
        return call.ordinality ? rows.map((each, at) => [...each, BigInt(at + 1)]) : rows;
      });
      const length = Math.max(...lists.map((list) => list.length), node.outer ? 1 : 0);
      return Array.from({ length }, (_each, i) => [...row, ...lists.flatMap((list, at) =>
        list[i] ?? (node.calls[at] as { columns: readonly unknown[] }).columns.map(() => null))]);
    });
  }

  #window(node: DataflowNode & { kind: 'window' }): Row[] {
    const { window } = node;
    return this.#input.flatMap((row) => {
      const time = row[node.timeColumn] as bigint | null;
      if (time === null) return [];
      const floor = (step: bigint): bigint => {
        const rest = (time - window.offset) % step;
        return time - (rest < 0n ? rest + step : rest);
      };
      const found: [bigint, bigint][] = [];
      if (window.kind === 'tumble') {
        const start = floor(window.size);
        found.push([start, start + window.size]);
      } else if (window.kind === 'hop') {
        for (let start = floor(window.slide); start > time - window.size; start -= window.slide) {
          found.push([start, start + window.size]);
        }
      } else {
        const start = floor(window.size);
        for (let end = start + window.step; end <= start + window.size; end += window.step) {
          if (end > time) found.push([start, end]);
        }
      }
      return found.map(([start, end]) => [...row, start, end, end - 1n]);
    });
  }

  #aggregate(node: DataflowNode & { kind: 'aggregate' }): Row[] {
    const types = node.groupBy.map((at) => this.#inputTypes[at] as SqlType);
    const groups = new Groups<Row[]>(types);
    if (node.global) groups.at([], () => []);
    for (const row of this.#input) {
      groups.at(node.groupBy.map((at) => row[at] ?? null), () => []).push(row);
    }
    return groups.order.map(({ key, value }) =>
      [...key, ...node.aggregates.map((call) => aggregateOf(call, value, this.#inputTypes))]);
  }

  #join(node: DataflowNode & { kind: 'join' }): Row[] {
    const [left, right] = this.#inputs as [Row[], Row[]];
    const [leftTypes, rightTypes] = this.#types as [Types, Types];
    const keyTypes = node.leftKey.map((at) => leftTypes[at] as SqlType);
    const index = new Groups<number[]>(keyTypes);
    for (const [at, row] of right.entries()) {
      index.at(node.rightKey.map((key) => row[key] ?? null), () => []).push(at);
    }
    const matched = new Set<number>();
    const result: Row[] = [];
    const nulls = (types: Types): Row => types.map(() => null);
    for (const row of left) {
      const key = node.leftKey.map((at) => row[at] ?? null);
      const candidates = !node.nullsEqual && key.includes(null) ? [] : index.find(key) ?? [];
      const partners = candidates.filter((at) => node.residual === null
        || this.#value(node.residual, [...row, ...right[at] as Row]) === true);
      for (const at of partners) matched.add(at);
      if (node.type === 'semi' || node.type === 'anti') {
        if ((partners.length > 0) === (node.type === 'semi')) result.push(row);
        continue;
      }
      for (const at of partners) result.push([...row, ...right[at] as Row]);
      if (partners.length === 0 && (node.type === 'left' || node.type === 'full')) {
        result.push([...row, ...nulls(rightTypes)]);
      }
    }
    if (node.type === 'right' || node.type === 'full') {
      for (const [at, row] of right.entries()) {
        if (!matched.has(at)) result.push([...nulls(leftTypes), ...row]);
      }
    }
    return result;
  }

  #setOp(node: DataflowNode & { kind: 'setOp' }): Row[] {
    const [left, right] = this.#inputs as [Row[], Row[]];
    const counts = new Groups<{ left: number; right: number; row: Row }>(this.#inputTypes);
    for (const row of left) counts.at(row, () => ({ left: 0, right: 0, row })).left++;
    for (const row of right) counts.at(row, () => ({ left: 0, right: 0, row })).right++;
    return counts.order.flatMap(({ value }) => {
      const { left: l, right: r, row } = value;
      const all = node.op === 'intersect' ? Math.min(l, r) : Math.max(0, l - r);
      const one = node.op === 'intersect' ? l > 0 && r > 0 : l > 0 && r === 0;
      return Array.from({ length: node.all ? all : Number(one) }, () => row);
    });
  }

  #partitions(by: readonly number[], order: readonly SortKey[]): Row[][] {
    const groups = new Groups<Row[]>(by.map((at) => this.#inputTypes[at] as SqlType));
    for (const row of this.#input) groups.at(by.map((at) => row[at] ?? null), () => []).push(row);
    const keys = [...order, ...wholeRow(this.#inputTypes)];
    return groups.order.map(({ value }) =>
      value.sort((a, b) => compareRows(a, b, keys, this.#inputTypes)));
  }

  #topN(node: DataflowNode & { kind: 'topN' }): Row[] {
    return this.#partitions(node.partitionBy, node.orderBy).flatMap((rows) => {
      const from = Number(node.offset);
      let to = node.limit === null ? rows.length : from + Number(node.limit);
      const last = rows[to - 1];
      while (node.withTies && last !== undefined && to < rows.length && compareRows(last,
        rows[to] as Row, node.orderBy, this.#inputTypes) === 0) to++;
      return rows.slice(from, to).map((row, at) => node.rank === 'none' ? row
        : [...row, node.rank === 'row_number' ? BigInt(from + at + 1)
          : BigInt(rows.findIndex((each) => compareRows(each, row, node.orderBy,
            this.#inputTypes) === 0) + 1)]);
    });
  }

  /** Ranks, and aggregates over the default frame or the whole partition. */
  #over(node: DataflowNode & { kind: 'over' }): Row[] {
    return this.#partitions(node.partitionBy, node.orderBy).flatMap((rows) =>
      rows.map((row, at) => [...row, ...this.#overValues(node, rows, at)]));
  }

  #overValues(node: DataflowNode & { kind: 'over' }, rows: readonly Row[], at: number): Row {
    const row = rows[at] as Row;
    const isPeer = (other: Row): boolean =>
      compareRows(other, row, node.orderBy, this.#inputTypes) === 0;
    const peersFrom = rows.findIndex(isPeer);
    let peersTo = at + 1;
    while (peersTo < rows.length && isPeer(rows[peersTo] as Row)) peersTo++;
    return node.calls.map((call) => {
      switch (call.function) {
        case 'row_number()': return BigInt(at + 1);
        case 'rank()': return BigInt(peersFrom + 1);
        default: {
          const end = call.frame.end.kind === 'unboundedFollowing' ? rows.length : peersTo;
          return aggregateOf({ ...call, distinct: false, orderBy: [] }, rows.slice(0, end),
            this.#inputTypes);
        }
      }
    });
  }
}

function aggregateOf(call: DataflowAggregate, rows: readonly Row[], types: Types): Value {
  const entry = functionById(call.function);
  if (entry.kind !== 'aggregate') throw new Error(`${call.function} is no aggregate`);
  const filtered = call.filter === null ? rows
    : rows.filter((row) => row[call.filter as number] === true);
  const keys = [...call.orderBy, ...wholeRow(types)];
  const sorted = [...filtered].sort((a, b) => compareRows(a, b, keys, types));
  let tuples = sorted.map((row) => call.args.map((at) => row[at] ?? null));
  if (call.distinct) {
    const seen = new Groups<Value[]>(call.argTypes);
    for (const tuple of tuples) seen.at(tuple, () => tuple);
    tuples = seen.order.map((each) => each.value);
  }
  return aggregateValue(entry, call.type, tuples, call.argTypes);
}

function aggregateValue(
  entry: AggregateFunction, result: SqlType, rows: readonly Row[], types: Types,
): Value {
  const kept = entry.skipsNull ? rows.filter((row) => row.length === 0 || row[0] !== null) : rows;
  if (kept.length === 0) return entry.empty;
  const { strategy } = entry;
  const firsts = kept.map((row) => row[0] ?? null);
  switch (strategy.kind) {
    case 'count': return BigInt(kept.length);
    case 'extreme': {
      const sign = strategy.direction === 'min' ? 1 : -1;
      return firsts.reduce((a, b) => compareValues(a, b, types[0] as SqlType) * sign <= 0 ? a : b);
    }
    case 'bool': return strategy.op === 'and' ? !firsts.includes(false) : firsts.includes(true);
    case 'collect': return strategy.finish(kept, types);
    case 'sum': return sumOf(strategy.of, firsts, result);
    case 'avg': return averageOf(strategy.of, firsts);
  }
}

function sumOf(of: 'int' | 'numeric' | 'float' | 'interval', values: Row, result: SqlType): Value {
  switch (of) {
    case 'int': {
      const sum = values.reduce<bigint>((a, b) => a + BigInt(b as number), 0n);
      return result.name === 'numeric' ? finish.finishSumNumeric(sum) : finish.finishSumInt8(sum);
    }
    case 'numeric': return numericSum(values).value();
    case 'float': {
      const sum = floatSum(values);
      return result.name === 'float4' ? finish.finishSumFloat4(sum.value(), sum.hasSpecial())
        : finish.finishSumFloat8(sum.value(), sum.hasSpecial());
    }
    case 'interval': return values.map((each) => each as Interval).reduce(addInterval);
  }
}

function averageOf(of: 'int' | 'numeric' | 'float' | 'interval', values: Row): Value {
  const n = BigInt(values.length);
  switch (of) {
    case 'int': return finish.finishAvgInt(
      values.reduce<bigint>((a, b) => a + BigInt(b as number), 0n), n);
    case 'numeric': return finish.finishAvgNumeric(numericSum(values).value(), n);
    case 'float': return finish.finishAvgFloat(floatSum(values).value(), n);
    case 'interval': return finish.finishAvgInterval(
      values.map((each) => each as Interval).reduce(addInterval), n);
  }
}

function numericSum(values: Row): NumericSum {
  const sum = new NumericSum();
  for (const value of values) sum.add(value as never, 1);
  return sum;
}

function floatSum(values: Row): ExactSum {
  const sum = new ExactSum();
  for (const value of values) sum.add(value as number);
  return sum;
}
