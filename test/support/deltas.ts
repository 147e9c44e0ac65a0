/**
 * Deltas as text: `+ 1 4` adds a row, `- 7 5` takes one back, `+2 1 4` adds it twice.
 *
 * The first line names the columns as name:type; values are separated by blanks, quoted with '...'
 * when they hold some, and NULL is written `null`. `showDeltas` prints the consolidated sum,
 * sorted. `runDeltas` runs an operator over epochs of such text with batches of 1, 2 and 1,000
 * rows, straight and restarted after every epoch, and gives the output of each epoch, which must be
 * the same.
 */
import { expect } from 'vitest';
import { formatValue, parseValue } from '../../src/common/types/registry.ts';
import { DEFAULT_SETTINGS } from '../../src/common/types/settings.ts';
import type { SqlType } from '../../src/common/types/sql-type.ts';
import type { Value } from '../../src/common/values.ts';
import { typeNamed } from '../../src/planner/functions/builder.ts';
import type { DataflowNode } from '../../src/planner/dataflow.ts';
import { batchOf, cell } from '../../src/runtime/batch.ts';
import type { Batch } from '../../src/runtime/batch.ts';
import type { Frontier, Operator, OperatorContext } from '../../src/runtime/operator.ts';
import { buildOperator } from '../../src/runtime/operators/build.ts';
import { RowStore } from '../../src/runtime/state/row-store.ts';

/** Rows with weights. */
export interface Deltas {
  readonly types: readonly SqlType[];
  readonly rows: readonly (readonly Value[])[];
  readonly weights: readonly number[];
}

/** The columns of a header line such as `k:int4 v:text`. */
export function headerColumns(header: string): { name: string; type: SqlType }[] {
  return header.trim().split(/\s+/).map((part) => {
    const [name = '', type = 'int4'] = part.split(':');
    return { name, type: typeNamed(type) };
  });
}

/** Reads rows of known types. */
export function parseDeltas(types: readonly SqlType[], text: string): Deltas {
  const rows: Value[][] = [];
  const weights: number[] = [];
  for (const line of text.split('\n').map((each) => each.trim()).filter((each) => each !== '')) {
    const parts = line.match(/'(?:[^']|'')*'|\S+/g) ?? [];
    const sign = /^([+-])(\d*)$/.exec(parts[0] ?? '');
    if (sign === null) throw new Error(`not a delta: ${line}`);
    weights.push((sign[1] === '-' ? -1 : 1) * Number(sign[2] === '' ? 1 : sign[2]));
    rows.push(types.map((type, at) => {
      const word = parts[at + 1];
      if (word === undefined) throw new Error(`too few values: ${line}`);
      const quoted = word.startsWith(`'`);
      if (word === 'null') return null;
      return parseValue(quoted ? word.slice(1, -1).replaceAll(`''`, `'`) : word, type,
        DEFAULT_SETTINGS);
    }));
  }
  return { types, rows, weights };
}

/** Prints the sum of batches: one sorted line per row with its sign and, beyond 1, its weight. */
export function showDeltas(batches: readonly Batch[], types: readonly SqlType[]): string[] {
  const sums = new Map<string, number>();
  for (const batch of batches) {
    expect(batch.columns.map(({ kind }) => kind)).toEqual(batchOf(types, []).columns
      .map(({ kind }) => kind));
    for (let i = 0; i < batch.length; i++) {
      const text = types.map((type, at) => {
        const value = cell(batch.columns[at] as Batch['columns'][0], i);
        const shown = formatValue(value, type, DEFAULT_SETTINGS) ?? 'null';
        return shown === '' || /\s/.test(shown) ? `'${shown}'` : shown;
      }).join(' ');
      sums.set(text, (sums.get(text) ?? 0) + (batch.weights[i] ?? 0));
    }
  }
  return [...sums].filter(([, weight]) => weight !== 0)
    .map(([text, weight]) => `${weight < 0 ? '-' : '+'}${Math.abs(weight) === 1 ? ''
      : Math.abs(weight)} ${text}`)
    .toSorted((a, b) => a.slice(a.indexOf(' ')) < b.slice(b.indexOf(' ')) ? -1
      : a.slice(a.indexOf(' ')) > b.slice(b.indexOf(' ')) ? 1 : a < b ? 1 : -1);
}

/** One epoch of a run. */
export interface EpochText {
  /** Deltas per port. */
  readonly inputs?: readonly string[];
  readonly watermark?: bigint | null;
  readonly now?: bigint;
}

/** What a run gives. */
export interface DeltaRun {
  readonly epochs: readonly (readonly string[])[];
  readonly late: number;
  readonly errors: readonly string[];
  readonly rows: number;
}

/** A source node with these columns. */
export function sourceOf(header: string, facts: Partial<DataflowNode> = {}): DataflowNode {
  const columns = headerColumns(header);
  return {
    kind: 'source', relation: 0, sourceColumns: columns.map((_column, at) => at), inputs: [],
    columns, key: null, appendOnly: false, bound: 'stateless', ...facts,
  } as DataflowNode;
}

/** Runs a node over epochs; see the head of the file. */
export function runDeltas(
  node: DataflowNode, inputs: readonly DataflowNode[], epochs: readonly EpochText[],
): DeltaRun {
  let first: DeltaRun | null = null;
  for (const batchSize of [1000, 1, 2]) {
    for (const restart of [false, true]) {
      const run = runOnce(node, inputs, epochs, { batchSize, restart });
      if (first === null) first = run;
      else expect(run, `batch size ${batchSize}, restart ${restart}`).toEqual(first);
    }
  }
  return first as DeltaRun;
}

function runOnce(
  node: DataflowNode, inputs: readonly DataflowNode[], epochs: readonly EpochText[],
  { batchSize, restart }: { readonly batchSize: number; readonly restart: boolean },
): DeltaRun {
  const stores = new Map<string, RowStore>();
  let late = 0;
  const errors: string[] = [];
  const context: OperatorContext = {
    store: (name, columns) => {
      const store = stores.get(name) ?? new RowStore(name, columns);
      stores.set(name, store);
      return store;
    },
    rowError: (error) => errors.push(error.message),
    lateDropped: (count) => { late += count; },
    batchRows: 1000,
  };
  let operator: Operator = buildOperator(node, inputs, context);
  const output = node.columns.map(({ type }) => type);
  let watermark: bigint | null = null;
  const shown = epochs.map((epoch, number) => {
    watermark = epoch.watermark ?? watermark;
    const frontier: Frontier = {
      epoch: BigInt(number + 1), now: epoch.now ?? BigInt(number + 1), watermark: () => watermark,
    };
    const out: Batch[] = [];
    (epoch.inputs ?? []).forEach((text, port) => {
      const types = inputs[port]?.columns.map(({ type }) => type) ?? [];
      const { rows, weights } = parseDeltas(types, text);
      for (let from = 0; from < rows.length; from += batchSize) {
        operator.push(port, batchOf(types, rows.slice(from, from + batchSize),
          weights.slice(from, from + batchSize)), (batch) => out.push(batch));
      }
    });
    operator.flush(frontier, (batch) => out.push(batch));
    if (restart) {
      operator = buildOperator(node, inputs, context);
      for (const store of stores.values()) store.finishRestore(store.top);
      operator.restore();
    }
    return showDeltas(out, output);
  });
  let rows = 0;
  for (const store of stores.values()) rows += store.rows;
  return { epochs: shown, late, errors, rows };
}
