/**
 * Batches of Nexmark's shapes whose columns are made one by one, for runs without the generator.
 */
import type { Batch, Column } from '../../src/runtime/batch.ts';
import { makeColumn } from '../../src/runtime/batch.ts';
import { physicalOf } from '../../src/common/types/sql-type.ts';
import { NEXMARK_COLUMNS } from '../../src/runtime/connectors/nexmark/generator.ts';
import type { NexmarkKind } from '../../src/runtime/connectors/nexmark/generator.ts';
import { columnAt } from './events.ts';

const SHARED = new Map<string, Column>();

/** A batch whose columns are all NULL and shared, until they are filled. */
export function empty(kind: NexmarkKind, length: number): Batch {
  const columns = NEXMARK_COLUMNS[kind].map(({ type }): Column => {
    const physical = physicalOf(type);
    const key = `${physical}/${length}`;
    const made = SHARED.get(key) ?? {
      ...makeColumn(physical, length), nulls: new Uint8Array(length).fill(1),
    };
    SHARED.set(key, made);
    return made;
  });
  return { length, columns, weights: new Int32Array(length).fill(1) };
}

/** Fills a column of a batch of bids. */
export function fill(batch: Batch, name: string, value: (row: number) => number | bigint): void {
  const data = new BigInt64Array(batch.length);
  for (let row = 0; row < batch.length; row++) data[row] = BigInt(value(row));
  (batch.columns as Column[])[columnAt('bid', name)] = { kind: 'i64', data, nulls: null };
}
