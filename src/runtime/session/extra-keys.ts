/**
 * Unique keys that the stored rows have no index for: over expressions, over a part of the rows
 * (CREATE UNIQUE INDEX ... WHERE), or with NULLs that equal each other.
 *
 * Counts of the keys of committed rows are kept by text, made from the table when a key is first
 * asked for and followed epoch by epoch. Whoever asks holds the table alone.
 */
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import type { SqlError } from '../../common/errors.ts';
import type { EvaluationContext } from '../../planner/functions/entry.ts';
import type { ScalarExpr } from '../../planner/relation.ts';
import { TRUE } from '../../planner/expr-tools.ts';
import type { Batch } from '../batch.ts';
import { cell } from '../batch.ts';
import type { StoredKey, StoredRelation } from '../catalog-store-types.ts';
import type { EngineCoreFace } from '../engine-core.ts';
import { expressionText } from '../pg-catalog/definitions.ts';
import { formatKeyPart } from './constraints.ts';
import { keyText, rowText, rowValues } from './key-text.ts';
import { pickRows } from './result.ts';
import { RowEvaluator } from './row-evaluator.ts';
import type { StatementContext } from './statement-context.ts';

/** The keys of a table that no index of its rows stands for. */
export function extraKeysOf(table: StoredRelation): readonly StoredKey[] {
  return table.extraKeys ?? [];
}

/** The values of a key and their text, row by row; null for a row the key is not about. */
type RowKey = { readonly text: string; readonly values: readonly ReturnType<typeof cell>[] } | null;

function keysOfRows(
  table: StoredRelation, key: StoredKey, batch: Batch, context: EvaluationContext,
): RowKey[] {
  const found: RowKey[] = Array.from({ length: batch.length }, () => null);
  if (batch.length === 0) return found;
  const evaluator = new RowEvaluator(table.columns.map(({ type }) => type), context);
  const picked = rowsWithin(evaluator, key.where ?? TRUE, batch);
  const values = evaluator.evaluate(key.exprs, pickRows(batch, picked));
  const types = key.exprs.map(({ type }) => type);
  for (const [at, row] of picked.entries()) {
    const parts = rowValues(values, at);
    const text = key.nullsEqual ? rowText(parts, types) : keyText(parts, types);
    if (text !== null) found[row] = { text, values: parts };
  }
  return found;
}

function rowsWithin(evaluator: RowEvaluator, where: ScalarExpr, batch: Batch): Int32Array {
  const tests = must(evaluator.evaluate([where], batch).columns[0], 'condition');
  const rows: number[] = [];
  for (let row = 0; row < batch.length; row++) if (cell(tests, row) === true) rows.push(row);
  return Int32Array.from(rows);
}

interface Counted {
  readonly table: StoredRelation;
  readonly key: StoredKey;
  readonly counts: Map<string, number>;
}

/** How often committed rows have each key. */
class CommittedKeys {
  readonly #core: EngineCoreFace;
  readonly #byIndex = new Map<number, Counted>();
  readonly #context: EvaluationContext;

  constructor(core: EngineCoreFace, context: EvaluationContext) {
    this.#core = core;
    this.#context = context;
    core.onEpoch(({ deltas }) => {
      for (const [index, counted] of this.#byIndex) {
        const table = core.catalog.state.relation(counted.table.id);
        if (table === null || !extraKeysOf(table).includes(counted.key)) {
          this.#byIndex.delete(index);
          continue;
        }
        for (const batch of deltas.get(table.id) ?? []) this.#add(counted, batch);
      }
    });
  }

  #add({ table, key, counts }: Counted, batch: Batch): void {
    for (const [row, found] of keysOfRows(table, key, batch, this.#context).entries()) {
      if (found === null) continue;
      const count = (counts.get(found.text) ?? 0) + must(batch.weights[row], 'weight');
      if (count === 0) counts.delete(found.text);
      else counts.set(found.text, count);
    }
  }

  counts(table: StoredRelation, key: StoredKey): ReadonlyMap<string, number> {
    const known = this.#byIndex.get(key.index);
    if (known?.key === key) return known.counts;
    const fresh: Counted = { table, key, counts: new Map() };
    for (const batch of this.#core.snapshot(table.id, null)) this.#add(fresh, batch);
    // A key of a transaction that has not committed is counted for this statement alone.
    const committed = this.#core.catalog.state.relation(table.id);
    if (committed !== null && extraKeysOf(committed).includes(key)) {
      this.#byIndex.set(key.index, fresh);
    }
    return fresh.counts;
  }
}

const COMMITTED = new WeakMap<EngineCoreFace, CommittedKeys>();

function committedKeys(core: EngineCoreFace, context: EvaluationContext): CommittedKeys {
  const known = COMMITTED.get(core);
  if (known !== undefined) return known;
  const made = new CommittedKeys(core, context);
  COMMITTED.set(core, made);
  return made;
}

/** Where the rows of a table are looked at from. */
export interface ExtraKeySource {
  readonly core: EngineCoreFace;
  readonly evaluation: EvaluationContext;
  /** False: none of the rows is committed. */
  readonly stored: boolean;
  /** Rows that are not committed, with their weights. */
  readonly uncommitted: readonly Batch[];
}

/** The rows as a statement sees them. */
export function extraKeySource(context: StatementContext, table: StoredRelation): ExtraKeySource {
  const { core, evaluation, transaction } = context;
  const rewritten = transaction.rewritten().get(table.id);
  return {
    core, evaluation, stored: rewritten === undefined && !transaction.isUncommitted(table.id),
    uncommitted: [...rewritten ?? [], ...transaction.overlay.get(table.id) ?? []],
  };
}

/** The rows of one table by one of its extra keys. */
export class ExtraKeyRows {
  readonly #table: StoredRelation;
  readonly #key: StoredKey;
  readonly #source: ExtraKeySource;
  readonly #committed: ReadonlyMap<string, number>;
  readonly #own = new Map<string, number>();

  constructor(source: ExtraKeySource, table: StoredRelation, key: StoredKey) {
    this.#table = table;
    this.#key = key;
    this.#source = source;
    this.#committed = source.stored
      ? committedKeys(source.core, source.evaluation).counts(table, key) : new Map();
    for (const batch of source.uncommitted) this.apply(batch);
  }

  #rows(batch: Batch): readonly RowKey[] {
    return keysOfRows(this.#table, this.#key, batch, this.#source.evaluation);
  }

  #count(text: string): number {
    return (this.#committed.get(text) ?? 0) + (this.#own.get(text) ?? 0);
  }

  /** Follows a change without a check. */
  apply(batch: Batch): void {
    for (const [row, found] of this.#rows(batch).entries()) {
      if (found === null) continue;
      const weight = must(batch.weights[row], 'weight');
      this.#own.set(found.text, (this.#own.get(found.text) ?? 0) + weight);
    }
  }

  /** Takes the keys of new rows; 23505 where one is taken. */
  take(batch: Batch): void {
    for (const found of this.#rows(batch)) {
      if (found === null) continue;
      if (this.#count(found.text) > 0) throw this.#duplicate(found.values, 'already exists');
      this.#own.set(found.text, (this.#own.get(found.text) ?? 0) + 1);
    }
  }

  /** True when the key of some row is taken. */
  has(batch: Batch): boolean {
    return this.#rows(batch).some((found) => found !== null && this.#count(found.text) > 0);
  }

  /** Refuses a new key that rows there are share. */
  refuseDuplicates(batches: Iterable<Batch>): void {
    for (const batch of batches) {
      for (const found of this.#rows(batch)) {
        if (found !== null && this.#count(found.text) > 1) {
          throw this.#duplicate(found.values, 'is duplicated');
        }
      }
    }
  }

  #duplicate(values: readonly ReturnType<typeof cell>[], what: string): SqlError {
    const { name, exprs } = this.#key;
    const names = exprs.map((expr) => expressionText(this.#table, expr)).join(', ');
    const parts = values.map((value, at) => formatKeyPart(value, must(exprs[at], 'part').type));
    return sqlError('23505', what === 'is duplicated' ? `could not create unique index "${name}"`
      : `duplicate key value violates unique constraint "${name}"`, {
      detail: `Key (${names})=(${parts.join(', ')}) ${what}.`,
      schema: this.#table.schema, table: this.#table.name, constraint: name,
    });
  }
}

/** 23505 where new rows, in the place of the old ones, would share an extra key. */
export function refuseExtraKeys(
  context: StatementContext, table: StoredRelation,
  rows: { readonly old: readonly Batch[]; readonly fresh: readonly Batch[] },
): void {
  for (const key of extraKeysOf(table)) {
    const taken = new ExtraKeyRows(extraKeySource(context, table), table, key);
    for (const batch of rows.old) taken.apply(batch);
    for (const batch of rows.fresh) taken.take(batch);
  }
}
