/**
 * Table locks of writing transactions.
 *
 * INSERTs without ON CONFLICT share a table (`append`); everything that reads what it changes takes
 * it alone (`change`). Locks are held to the end of the transaction, so a delta computed from the
 * newest epoch is still right when it is committed. A wait that closes a cycle is 40P01. Readers
 * never lock.
 */
import { sqlError } from '../../common/errors.ts';

/** How a transaction uses a table. */
export type LockMode = 'append' | 'change';

/** Identity of a transaction; compared by reference. */
export interface LockOwner {
  /** The table this owner waits for, if it waits. */
  waitsFor: number | null;
}

interface Waiter {
  readonly owner: LockOwner;
  readonly mode: LockMode;
  readonly resume: () => void;
}

interface TableLock {
  readonly holders: Map<LockOwner, LockMode>;
  readonly waiters: Waiter[];
}

/** All table locks of an engine. */
export class TableLocks {
  readonly #tables = new Map<number, TableLock>();

  /** Resolves when the owner holds the table in this mode (or a stronger one). */
  async acquire(table: number, owner: LockOwner, mode: LockMode): Promise<void> {
    const lock = this.#lockOf(table);
    const held = lock.holders.get(owner);
    if (held === 'change' || held === mode) return;
    const upgrade = held !== undefined;
    if (compatible(lock, owner, mode) && (upgrade || lock.waiters.length === 0)) {
      lock.holders.set(owner, mode);
      return;
    }
    this.#refuseDeadlock(table, owner);
    owner.waitsFor = table;
    await new Promise<void>((resolve) => {
      const waiter = { owner, mode, resume: resolve };
      if (upgrade) lock.waiters.unshift(waiter);
      else lock.waiters.push(waiter);
    });
    owner.waitsFor = null;
  }

  /** True when the owner could have the table in this mode at once. */
  isFree(table: number, owner: LockOwner, mode: LockMode): boolean {
    const lock = this.#tables.get(table);
    return lock === undefined || compatible(lock, owner, mode);
  }

  /** Gives back everything the owner holds. */
  release(owner: LockOwner): void {
    for (const [table, lock] of this.#tables) {
      if (!lock.holders.delete(owner)) continue;
      admit(lock);
      if (lock.holders.size === 0 && lock.waiters.length === 0) this.#tables.delete(table);
    }
  }

  #lockOf(table: number): TableLock {
    let lock = this.#tables.get(table);
    if (lock === undefined) {
      lock = { holders: new Map(), waiters: [] };
      this.#tables.set(table, lock);
    }
    return lock;
  }

  /** Follows waits-for edges from the holders of `table`; reaching `owner` is a deadlock. */
  #refuseDeadlock(table: number, owner: LockOwner): void {
    const seen = new Set<number>();
    const next = [table];
    for (let at = next.pop(); at !== undefined; at = next.pop()) {
      if (seen.has(at)) continue;
      seen.add(at);
      for (const holder of this.#tables.get(at)?.holders.keys() ?? []) {
        if (holder === owner || holder.waitsFor === null) continue;
        if (this.#tables.get(holder.waitsFor)?.holders.has(owner) === true) {
          throw sqlError('40P01', 'deadlock detected', {
            hint: 'Take the tables in the same order in every transaction, then try again.',
          });
        }
        next.push(holder.waitsFor);
      }
    }
  }
}

function compatible(lock: TableLock, owner: LockOwner, mode: LockMode): boolean {
  for (const [holder, held] of lock.holders) {
    if (holder !== owner && (held === 'change' || mode === 'change')) return false;
  }
  return true;
}

function admit(lock: TableLock): void {
  for (let first = lock.waiters[0]; first !== undefined; first = lock.waiters[0]) {
    if (!compatible(lock, first.owner, first.mode)) return;
    lock.waiters.shift();
    lock.holders.set(first.owner, first.mode);
    first.resume();
  }
}
