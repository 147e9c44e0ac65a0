/**
 * DECLARE c SUBSCRIPTION CURSOR FOR s: the rows of a relation's changelog, one change per row.
 *
 * Keeps nothing but its place: what was not fetched yet is in the changelog. A row is the
 * relation's columns, `op` (Insert, Delete, UpdateDelete, UpdateInsert) and `rw_timestamp`
 * (milliseconds since 1970; NULL for rows that were there before). Within an epoch rows come in
 * order of the key.
 */
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import { compareValues } from '../../common/types/registry.ts';
import { sameType } from '../../common/types/sql-type.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { Value } from '../../common/values.ts';
import type { ResultColumn } from '../../planner/plans.ts';
import type { Batch, Column } from '../batch.ts';
import { cell, nullRefs } from '../batch.ts';
import type { StoredRelation } from '../catalog-store-types.ts';
import type { Changelog } from '../changelog.ts';
import type { EngineCoreFace } from '../engine-core.ts';
import { concatBatches, consolidate } from '../engine-rows.ts';
import { subscriptionFacts } from './named-subscription.ts';
import { pickRows, resultColumn, sliceBatch } from './result.ts';
import type { LiveReader } from './statement-context.ts';

/** Where a cursor begins. */
export type CursorStart =
  /** With all rows. */
  | { readonly kind: 'full' }
  /** Behind an epoch. */
  | { readonly kind: 'after'; readonly epoch: bigint };

const MILLI = 1000n;

/** The place of a cursor in a changelog. */
export class SubscriptionCursor {
  readonly subscription: number;
  readonly #core: EngineCoreFace;
  readonly #relation: number;
  #columns: readonly ResultColumn[];
  /** Everything up to this epoch was given out or is in `#pending`. */
  #epoch: bigint;
  #pending: Batch | null = null;
  #offset = 0;

  constructor(
    core: EngineCoreFace,
    of: { readonly subscription: number; readonly relation: StoredRelation;
      readonly start: CursorStart },
  ) {
    this.#core = core;
    this.subscription = of.subscription;
    this.#relation = of.relation.id;
    this.#columns = columnsOf(of.relation);
    if (of.start.kind === 'after') {
      this.#epoch = of.start.epoch;
      return;
    }
    const pin = core.pin();
    try {
      this.#epoch = pin.epoch;
      const types = of.relation.columns.map(({ type }) => type);
      const all = consolidate(concatBatches(types, [...core.snapshot(of.relation.id, pin)]));
      this.#pending = changeRows(all, of.relation, null);
    } finally {
      pin.release();
    }
  }

  get columns(): readonly ResultColumn[] { return this.#columns; }
  /** Everything up to this epoch has been given out. */
  get epoch(): bigint { return this.#pending === null ? this.#epoch : this.#epoch - 1n; }

  /** The next rows, at most `limit` (null: all there are); null when nothing is there. */
  next(limit: number | null): Batch | null {
    const rows = this.#fill();
    if (rows === null) return null;
    const left = rows.length - this.#offset;
    const count = limit === null ? left : Math.min(left, limit);
    const part = sliceBatch(rows, this.#offset, count);
    this.#offset += count;
    if (this.#offset >= rows.length) this.#pending = null;
    return part;
  }

  /** True when there is something to fetch. */
  get ready(): boolean {
    return this.#pending !== null || this.#log().hasAfter(this.#epoch);
  }

  /** Waits for something to fetch. */
  reader(cancelled: () => boolean): LiveReader & { wait(at: bigint): Promise<void> } {
    let wake = (): void => undefined;
    return {
      wake: () => wake(),
      end: async () => wake(),
      wait: (at) => new Promise<void>((resolve) => {
        const core = this.#core;
        let stop: (() => void)[] = [];
        const done = (): void => {
          for (const each of stop) each();
          stop = [];
          resolve();
        };
        wake = (): void => { if (cancelled() || this.#isReady()) done(); };
        stop = [core.onEpoch(() => wake()), core.environment.clock.timer(at, done)];
        wake();
      }),
    };
  }

  /** True also when a fetch would fail. */
  #isReady(): boolean {
    try {
      return this.ready;
    } catch {
      return true;
    }
  }

  /**
   * The columns of the relation have changed since the last fetch: the rows that are left are of
   * the new shape. True once per change.
   */
  reshaped(): boolean {
    if (this.#pending !== null) return false;
    const relation = this.#core.catalog.state.relation(this.#relation);
    if (relation === null) return false;
    const now = columnsOf(relation);
    const same = now.length === this.#columns.length && now.every((column, at) => {
      const before = must(this.#columns[at], 'column');
      return column.name === before.name && sameType(column.type, before.type);
    });
    if (same) return false;
    this.#columns = now;
    return true;
  }

  #log(): Changelog {
    const { state } = this.#core.catalog;
    const object = state.objects.get(this.subscription);
    const log = this.#core.changelog(this.#relation);
    if (object === undefined || log === null) {
      throw sqlError('55000', 'the subscription of this cursor has been dropped');
    }
    if (this.#epoch < log.floor.epoch) {
      throw sqlError('55000', 'changes this cursor has not read are no longer kept', {
        detail: `Changes up to epoch ${log.floor.epoch} have been forgotten; the cursor has read `
          + `up to epoch ${this.#epoch}.`,
        hint: 'Declare a new cursor with FULL, or give the subscription a longer retention.',
      });
    }
    return log;
  }

  #fill(): Batch | null {
    if (this.#pending !== null && this.#offset < this.#pending.length) return this.#pending;
    this.#pending = null;
    this.#offset = 0;
    for (const { epoch, at, delta } of this.#log().after(this.#epoch)) {
      const relation = must(this.#core.catalog.state.relation(this.#relation), 'relation');
      this.#epoch = epoch;
      this.#pending = changeRows(delta, relation, at);
      if (this.#pending.length > 0) return this.#pending;
    }
    this.#pending = null;
    return null;
  }
}

/** Columns of a cursor over a relation. */
function columnsOf(relation: StoredRelation): readonly ResultColumn[] {
  return [
    ...relation.columns.map(({ name, type }) => resultColumn(name, type)),
    resultColumn('op', { name: 'varchar' }), resultColumn('rw_timestamp', { name: 'int8' }),
  ];
}

/** A consolidated delta as rows, each of weight 1. */
function changeRows(delta: Batch, relation: StoredRelation, at: bigint | null): Batch {
  const key = relation.view?.key ?? relation.primaryKey;
  const types = relation.columns.map(({ type }) => type);
  const { rows, ops } = key !== null && key.length > 0 ? keyedChanges(delta, key, types)
    : plainChanges(delta);
  const taken = pickRows(delta, Int32Array.from(rows));
  const times: Column = {
    kind: 'i64', data: new BigInt64Array(rows.length).fill((at ?? 0n) / MILLI),
    nulls: at === null ? new Uint8Array(rows.length).fill(1) : null,
  };
  const names = nullRefs(rows.length);
  for (const [i, op] of ops.entries()) names[i] = op;
  return {
    ...taken, columns: [...taken.columns, { kind: 'ref', data: names, nulls: null }, times],
  };
}

interface Changes {
  readonly rows: number[];
  readonly ops: Value[];
}

/** Rows in order of their keys, what is taken back before what takes its place. */
function keyedChanges(
  delta: Batch, key: readonly number[], types: readonly SqlType[],
): Changes {
  const compare = (a: number, b: number): number => {
    for (const at of key) {
      const column = must(delta.columns[at], 'key column');
      const type = must(types[at], 'type');
      const order = compareCells(cell(column, a), cell(column, b), type);
      if (order !== 0) return order;
    }
    return 0;
  };
  const order = Array.from({ length: delta.length }, (_row, at) => at);
  order.sort((a, b) => compare(a, b) || Math.sign(delta.weights[a] ?? 0)
    - Math.sign(delta.weights[b] ?? 0) || a - b);
  const found: Changes = { rows: [], ops: [] };
  for (let from = 0; from < order.length;) {
    const first = must(order[from], 'row');
    let to = from + 1;
    while (to < order.length && compare(first, must(order[to], 'row')) === 0) to++;
    const group = order.slice(from, to);
    const update = group.length === 2 && (delta.weights[first] ?? 0) === -1
      && delta.weights[must(group[1], 'row')] === 1;
    for (const row of group) push(found, row, delta.weights[row] ?? 0, update);
    from = to;
  }
  return found;
}

/** Without a key the n-th row taken back and the n-th row added are an update. */
function plainChanges(delta: Batch): Changes {
  const removed: number[] = [];
  const added: number[] = [];
  for (let row = 0; row < delta.length; row++) {
    const weight = delta.weights[row] ?? 0;
    for (let n = Math.abs(weight); n > 0; n--) (weight < 0 ? removed : added).push(row);
  }
  const found: Changes = { rows: [], ops: [] };
  const updates = Math.min(removed.length, added.length);
  for (let i = 0; i < Math.max(removed.length, added.length); i++) {
    const before = removed[i];
    const after = added[i];
    if (before !== undefined) push(found, before, -1, i < updates);
    if (after !== undefined) push(found, after, 1, i < updates);
  }
  return found;
}

function push({ rows, ops }: Changes, row: number, weight: number, update: boolean): void {
  const op = weight < 0 ? update ? 'UpdateDelete' : 'Delete' : update ? 'UpdateInsert' : 'Insert';
  for (let n = Math.abs(weight); n > 0; n--) {
    rows.push(row);
    ops.push(op);
  }
}

/** NULLs come last, as in ORDER BY. */
function compareCells(a: Value, b: Value, type: SqlType): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  return compareValues(a, b, type);
}

/** Where a cursor may begin in a changelog: behind the epoch before a moment. */
export function startAt(log: Changelog, micros: bigint, newest: bigint): bigint {
  if (micros < log.floor.at) {
    throw sqlError('22023', 'the changes of this moment are not kept', {
      detail: `They are kept since ${log.floor.at / MILLI} (milliseconds since 1970).`,
      hint: 'Use SINCE begin() for everything that is kept.',
    });
  }
  const first = log.epochAfter(micros - 1n);
  return first === null ? newest : first - 1n;
}

/** Where a consumer left off, or null. */
export function acknowledgedEpoch(core: EngineCoreFace, subscription: number): bigint | null {
  const object = core.catalog.state.objects.get(subscription);
  return object === undefined ? null : subscriptionFacts(object).acknowledged;
}
