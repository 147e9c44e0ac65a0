/**
 * Answers as multisets of rows, brought to one form so that they can be compared.
 *
 * A row's cells become text; numeric values are compared to twelve digits, which is exact for all
 * of the bench's. The digest adds up two 32-bit hashes of every row, so order does not matter and
 * a million rows need no sorting.
 */
import type { SqlType } from '../../src/common/types/sql-type.ts';
import { formatValue } from '../../src/common/types/registry.ts';
import { cell } from '../../src/runtime/batch.ts';
import type { Batch } from '../../src/runtime/batch.ts';

/** A cell of an answer. Numbers that are not whole stand for numeric values. */
export type AnswerCell = string | number | bigint | null;

/** How many rows, and a hash of them. */
export interface Digest {
  readonly rows: number;
  readonly hash: string;
}

const DIGITS = 12;

/** A numeric value as it is compared. */
export function numericText(value: number): string {
  return Number(value.toPrecision(DIGITS)).toString();
}

/** The digest of rows, each as often as its weight says. */
export class Digester {
  #rows = 0;
  #low = 0;
  #high = 0;

  add(cells: readonly AnswerCell[], weight: number = 1): void {
    let low = 0x811c9dc5;
    let high = 0x9e3779b9;
    const text = cells.join('\u0001');
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      low = Math.imul(low ^ unit, 0x01000193);
      high = Math.imul(high ^ unit, 0x85ebca6b) ^ (high >>> 15);
    }
    this.#low = (this.#low + Math.imul(low ^ (low >>> 13), weight)) | 0;
    this.#high = (this.#high + Math.imul(high ^ (high >>> 16), weight)) | 0;
    this.#rows += weight;
  }

  finish(): Digest {
    const part = (value: number): string => (value >>> 0).toString(16).padStart(8, '0');
    return { rows: this.#rows, hash: part(this.#high) + part(this.#low) };
  }
}

/** The digest of rows. */
export function digestOf(rows: Iterable<readonly AnswerCell[]>): Digest {
  const digester = new Digester();
  for (const row of rows) digester.add(row);
  return digester.finish();
}

/** The digest of a view. */
export function digestOfBatches(batches: Iterable<Batch>, types: readonly SqlType[]): Digest {
  const digester = new Digester();
  for (const batch of batches) {
    for (let row = 0; row < batch.length; row++) {
      const cells = batch.columns.map((column, at): AnswerCell => {
        const value = cell(column, row);
        if (typeof value === 'string' || typeof value === 'bigint' || value === null) return value;
        const type = types[at] ?? { name: 'text' };
        return numericText(Number(formatValue(value, type)));
      });
      digester.add(cells, batch.weights[row]);
    }
  }
  return digester.finish();
}
