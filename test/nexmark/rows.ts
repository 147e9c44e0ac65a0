/**
 * Nexmark's events as INSERT statements.
 */
import { must } from '../../src/common/assert.ts';
import { formatValue } from '../../src/common/types/registry.ts';
import { cell } from '../../src/runtime/batch.ts';
import {
  NEXMARK_COLUMNS, NexmarkGenerator,
} from '../../src/runtime/connectors/nexmark/generator.ts';
import type { NexmarkKind } from '../../src/runtime/connectors/nexmark/generator.ts';

const KINDS: readonly NexmarkKind[] = ['person', 'auction', 'bid'];
/** 2015-07-15, the day of the usual samples. */
const START = 1_436_918_400_000_000n;

/** Makes statements for ranges of events. */
export class NexmarkRows {
  readonly #generator: NexmarkGenerator;

  constructor(seed: number, perSecond: number) {
    this.#generator = new NexmarkGenerator({ seed, start: START, perSecond });
  }

  /** INSERTs of the events from one number up to another. */
  events(from: number, to: number): string[] {
    return KINDS.flatMap((kind) => {
      const columns = NEXMARK_COLUMNS[kind];
      const batch = this.#generator.batch(kind, from, to, new Set(columns.keys()));
      if (batch.length === 0) return [];
      const rows = Array.from({ length: batch.length }, (_, row) =>
        `(${columns.map(({ type }, at) => {
          const value = cell(must(batch.columns[at], 'column'), row);
          const text = value === null ? null : formatValue(value, type);
          return text === null ? 'NULL' : `'${text.replaceAll("'", "''")}'`;
        }).join(', ')})`);
      return [`INSERT INTO ${kind} VALUES ${rows.join(', ')}`];
    });
  }
}
