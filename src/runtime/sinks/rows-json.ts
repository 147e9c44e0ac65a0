/**
 * Rows as JSON text, and the changes of an epoch by key: what goes out for each of them.
 */
import { must } from '../../common/assert.ts';
import { toJsonText } from '../../planner/functions/json-convert.ts';
import type { Batch } from '../batch.ts';
import { cell } from '../batch.ts';
import type { SinkColumn } from './sink.ts';

/** Writes rows of fixed columns. */
export class RowWriter {
  readonly #columns: readonly SinkColumn[];
  readonly #names: readonly string[];

  constructor(columns: readonly SinkColumn[]) {
    this.#columns = columns;
    this.#names = columns.map(({ name }) => `${JSON.stringify(name)}:`);
  }

  /** A row as a JSON object: all columns, or those listed. */
  object(batch: Batch, row: number, only: readonly number[] | null = null): string {
    let text = '';
    const count = only?.length ?? this.#columns.length;
    for (let i = 0; i < count; i++) {
      const at = only === null ? i : must(only[i], 'column');
      text += `${i === 0 ? '' : ','}${this.#names[at] ?? ''}${this.value(batch, row, at)}`;
    }
    return `{${text}}`;
  }

  /** One value as JSON. */
  value(batch: Batch, row: number, at: number): string {
    const { type } = must(this.#columns[at], 'column');
    return toJsonText(cell(must(batch.columns[at], 'column'), row), type);
  }
}

/** What became of a row: before and after are row numbers, -1 for none. */
export interface RowChange {
  readonly key: string | null;
  before: number;
  after: number;
}

/** Changes by key, in order of first appearance; without a key each row is a change of its own. */
export function changesOf(
  batch: Batch, key: readonly number[] | null, writer: RowWriter,
): RowChange[] {
  const changes: RowChange[] = [];
  if (key === null) {
    for (let row = 0; row < batch.length; row++) {
      const weight = batch.weights[row] ?? 0;
      for (let n = Math.abs(weight); n > 0; n--) {
        changes.push(weight < 0 ? { key: null, before: row, after: -1 }
          : { key: null, before: -1, after: row });
      }
    }
    return changes;
  }
  const found = new Map<string, RowChange>();
  for (let row = 0; row < batch.length; row++) {
    const text = writer.object(batch, row, key);
    let change = found.get(text);
    if (change === undefined) {
      change = { key: text, before: -1, after: -1 };
      found.set(text, change);
      changes.push(change);
    }
    if ((batch.weights[row] ?? 0) < 0) change.before = row;
    else change.after = row;
  }
  return changes;
}
