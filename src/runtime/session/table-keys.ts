/**
 * Who has which key in a table, as the current transaction sees it.
 *
 * Combines the newest stored rows with the transaction's uncommitted changes. Made for one
 * statement; only rows that statement touches are looked at.
 */
import { must } from '../../common/assert.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { Value } from '../../common/values.ts';
import type { CatalogRelation } from '../../planner/catalog.ts';
import type { Batch } from '../batch.ts';
import type { EngineCoreFace } from '../engine-core.ts';
import { keyText, rowValues, valuesAt } from './key-text.ts';

/** What a TableKeys looks at. */
export interface TableKeysOptions {
  readonly core: EngineCoreFace;
  readonly table: CatalogRelation;
  readonly key: readonly number[];
  /** False for a table the transaction itself has made: nothing is stored yet. */
  readonly stored: boolean;
  readonly uncommitted: readonly Batch[];
}

/** The rows of one table by one of its keys, with this transaction's changes applied. */
export class TableKeys {
  readonly #options: TableKeysOptions;
  readonly #key: readonly number[];
  readonly #types: readonly SqlType[];
  /** Rows the transaction knows better than the store: a row, or null for "gone". */
  readonly #changed = new Map<string, readonly Value[] | null>();

  constructor(options: TableKeysOptions) {
    this.#options = options;
    this.#key = options.key;
    const { columns } = options.table;
    this.#types = this.#key.map((at) => must(columns[at], 'key column').type);
    for (const batch of options.uncommitted) this.apply(batch);
  }

  /** Follows a change: retractions first, so that an update within a batch ends as the new row. */
  apply(batch: Batch): void {
    for (const sign of [-1, 1]) {
      for (let row = 0; row < batch.length; row++) {
        const weight = must(batch.weights[row], 'weight');
        if (Math.sign(weight) !== sign) continue;
        const text = keyText(valuesAt(batch, row, this.#key), this.#types);
        if (text !== null) this.#changed.set(text, sign > 0 ? rowValues(batch, row) : null);
      }
    }
  }

  /** The text of a row's key; null when a part is NULL. */
  textOf(row: readonly Value[]): string | null {
    return keyText(this.keyOf(row), this.#types);
  }

  keyOf(row: readonly Value[]): Value[] {
    return this.#key.map((at) => row[at] ?? null);
  }

  /** The row that has the key of this row, or null. */
  find(row: readonly Value[]): readonly Value[] | null {
    const text = this.textOf(row);
    if (text === null) return null;
    const changed = this.#changed.get(text);
    if (changed !== undefined) return changed;
    const { core, table, stored: has } = this.#options;
    if (!has) return null;
    const stored = core.lookup(table.id, this.#key, this.keyOf(row), null);
    return stored.length === 0 ? null : rowValues(stored, 0);
  }

  /** Notes that a key now belongs to this row (or to none). */
  set(row: readonly Value[], present: boolean): void {
    const text = this.textOf(row);
    if (text !== null) this.#changed.set(text, present ? row : null);
  }
}
