/**
 * The state of one transaction: pinned epoch, uncommitted rows and definitions, savepoints.
 *
 * Uncommitted rows are Z-set deltas per table (the overlay), uncommitted definitions a list of
 * catalog changes applied to a state of its own. A read sees the pinned epoch plus the overlay. The
 * first write moves the pin to the newest epoch, under the table's lock. COMMIT is one epoch.
 */
import type { SqlType } from '../../common/types/sql-type.ts';
import type { Batch } from '../batch.ts';
import type { DdlChange } from '../catalog-store-types.ts';
import type { CatalogState } from '../catalog-store.ts';
import { mappedColumns } from '../column-mapping.ts';
import type { EngineCoreFace } from '../engine-core.ts';
import type { Pin, TableChange } from '../engine-core-types.ts';
import type { LockMode, LockOwner, TableLocks } from './table-locks.ts';

interface Savepoint {
  readonly name: string;
  /** Length of each table's list of changes when the savepoint was set. */
  readonly marks: ReadonlyMap<number, number>;
  /** The changes there were, of tables whose columns changed since. */
  readonly kept: Map<number, readonly Batch[]>;
  readonly ddl: number;
}

/** A transaction, explicit (BEGIN) or implicit (one message). */
export class Transaction implements LockOwner {
  waitsFor: number | null = null;
  /** True inside BEGIN ... COMMIT. */
  block: boolean;
  /** True after an error inside a block: 25P02 until it ends. */
  failed = false;
  readOnly = false;
  readonly overlay: Map<number, Batch[]> = new Map();
  /** Foreign keys to check when the transaction ends. */
  readonly postponed: Set<number> = new Set();
  /** Logical time of the transaction: now() of its statements. */
  readonly now: bigint;
  readonly #core: EngineCoreFace;
  readonly #locks: TableLocks;
  readonly #savepoints: Savepoint[] = [];
  readonly #ddl: DdlChange[] = [];
  #pin: Pin | null = null;
  #rewritten: ReadonlyMap<number, readonly Batch[]> | null = null;

  constructor(core: EngineCoreFace, locks: TableLocks, block: boolean) {
    this.#core = core;
    this.#locks = locks;
    this.block = block;
    this.now = core.environment.clock.nowMicros();
  }

  /** The catalog as this transaction sees it. */
  get catalog(): CatalogState {
    return this.#core.catalog.state.apply(this.#ddl);
  }

  /** True when the relation was made by this transaction and is not there yet for others. */
  isUncommitted(relation: number): boolean {
    return this.#ddl.length > 0 && this.#core.catalog.state.relation(relation) === null;
  }

  /** Tables whose columns this transaction has changed, with their rows as they will be. */
  rewritten(): ReadonlyMap<number, readonly Batch[]> {
    if (this.#rewritten !== null) return this.#rewritten;
    const found = new Map<number, readonly Batch[]>();
    const types = new Map<number, readonly SqlType[]>();
    for (const change of this.#ddl) {
      if (change.kind !== 'rewriteTable' || this.isUncommitted(change.relation.id)) continue;
      const { id, columns } = change.relation;
      const before = this.#core.catalog.state.relation(id)?.columns ?? [];
      const from = types.get(id) ?? before.map(({ type }) => type);
      const to = columns.map(({ type }) => type);
      const rows = found.get(id) ?? [...this.#core.snapshot(id, this.pin())];
      found.set(id, rows.map((batch) => ({
        ...batch, columns: mappedColumns(change.columns, batch, { from, to }),
      })));
      types.set(id, to);
    }
    this.#rewritten = found;
    return found;
  }

  /** The epoch reads see: pinned at the first read of a block. */
  pin(): Pin {
    this.#pin ??= this.#core.pin();
    return this.#pin;
  }

  /** Takes the table for writing and moves the transaction to the newest epoch. */
  async lock(table: number, mode: LockMode): Promise<void> {
    await this.#locks.acquire(table, this, mode);
    this.unpin();
  }

  /** True when the lock could be had without waiting. */
  mayLock(table: number, mode: LockMode): boolean {
    return this.#locks.isFree(table, this, mode);
  }

  /** Adds uncommitted changes of a table. */
  change(table: number, batch: Batch): void {
    if (batch.length === 0) return;
    const list = this.overlay.get(table);
    if (list === undefined) this.overlay.set(table, [batch]);
    else list.push(batch);
  }

  /** Adds catalog changes. */
  define(...changes: readonly DdlChange[]): void {
    for (const change of changes) {
      if (change.kind === 'rewriteTable') this.#moveChanges(change);
      this.#ddl.push(change);
    }
    this.#rewritten = null;
  }

  /** Uncommitted rows get the columns that their table has from now on. */
  #moveChanges({ relation, columns }: Extract<DdlChange, { kind: 'rewriteTable' }>): void {
    const changes = this.overlay.get(relation.id);
    if (changes === undefined) return;
    const types = {
      from: (this.catalog.relation(relation.id)?.columns ?? []).map(({ type }) => type),
      to: relation.columns.map(({ type }) => type),
    };
    const moved = changes.map((batch) =>
      ({ ...batch, columns: mappedColumns(columns, batch, types) }));
    for (const { marks, kept } of this.#savepoints) {
      if (!kept.has(relation.id)) {
        kept.set(relation.id, changes.slice(0, marks.get(relation.id) ?? 0));
      }
    }
    this.overlay.set(relation.id, moved);
  }

  get hasChanges(): boolean { return this.overlay.size > 0 || this.#ddl.length > 0; }

  /** Commits in one epoch; resolves when it is durable and published. */
  async commit(): Promise<void> {
    try {
      const changes: TableChange[] = [];
      for (const [relation, batches] of this.overlay) {
        for (const batch of batches) changes.push({ relation, batch });
      }
      if (this.hasChanges) await this.#core.commit(changes, this.#ddl);
    } finally {
      this.end();
    }
  }

  savepoint(name: string): void {
    const marks = new Map<number, number>();
    for (const [table, batches] of this.overlay) marks.set(table, batches.length);
    this.#savepoints.push({ name, marks, kept: new Map(), ddl: this.#ddl.length });
  }

  /** Takes the transaction back to a savepoint, which stays; false when there is none. */
  rollbackTo(name: string): boolean {
    const at = this.#savepoints.findLastIndex((savepoint) => savepoint.name === name);
    const found = this.#savepoints[at];
    if (found === undefined) return false;
    this.#savepoints.length = at + 1;
    for (const [table, batches] of this.overlay) {
      const length = found.marks.get(table) ?? 0;
      const kept = found.kept.get(table);
      if (length === 0) this.overlay.delete(table);
      else if (kept === undefined) batches.length = length;
      else this.overlay.set(table, [...kept]);
    }
    found.kept.clear();
    this.#ddl.length = found.ddl;
    this.#rewritten = null;
    this.failed = false;
    return true;
  }

  /** Forgets a savepoint and those after it; false when there is none. */
  release(name: string): boolean {
    const at = this.#savepoints.findLastIndex((savepoint) => savepoint.name === name);
    if (at < 0) return false;
    this.#savepoints.length = at;
    return true;
  }

  /** Lets the pinned epoch go; the next read sees the newest. */
  unpin(): void {
    this.#pin?.release();
    this.#pin = null;
    this.#rewritten = null;
  }

  /** Forgets everything (rollback, or after commit) and gives the locks back. */
  end(): void {
    this.overlay.clear();
    this.postponed.clear();
    this.#savepoints.length = 0;
    this.#ddl.length = 0;
    this.unpin();
    this.#locks.release(this);
  }
}
