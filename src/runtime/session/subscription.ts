/**
 * A live subscription: the rows of a relation at one epoch, then what each later epoch changes.
 *
 * The snapshot is settled and the listener attached in one step, so nothing is missed or told
 * twice.
 * What the client has not read waits in a queue with a maximum; equal rows cancel out in it, and
 * beyond the maximum the subscription ends with 53200. Reads nothing but published epochs.
 */
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import { sameType } from '../../common/types/sql-type.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { Batch } from '../batch.ts';
import { cell } from '../batch.ts';
import type { StoredRelation } from '../catalog-store-types.ts';
import type { Changelog } from '../changelog.ts';
import type { EngineCoreFace } from '../engine-core.ts';
import type { EpochDeltas, Pin } from '../engine-core-types.ts';
import { concatBatches, consolidate } from '../engine-rows.ts';
import { changelogFrom, rowsAtEpoch } from '../past-rows.ts';
import type { SubscriptionRows } from './subscription-rows.ts';

/** Changed rows that may wait for a slow reader, after equal rows have cancelled out. */
export const QUEUE_ROWS_MAX = 100_000;

/** Timestamp of rows that can never change: no later epoch exists. */
const END_OF_TIME = 18_446_744_073_709_551_615n;

/** A relation to follow, and the one that keeps the rows its query could not compute. */
export interface Followed {
  readonly relation: number;
  readonly errors: number | null;
}

/** What a subscription is about. */
export interface SubscriptionOptions {
  readonly core: EngineCoreFace;
  readonly rows: SubscriptionRows;
  readonly columns: readonly { readonly name: string; readonly type: SqlType }[];
  /** The relation to follow; or, for a query that reads nothing, its only rows. */
  readonly source: Followed | { readonly constant: readonly Batch[] };
  readonly snapshot: boolean;
  readonly progress: boolean;
  /** The epoch to begin with, when its relation keeps its changes; null: the newest. */
  readonly asOf: bigint | null;
  /** The first epoch that is not wanted any more. */
  readonly upTo: bigint | null;
  /** True when the client has asked to stop what runs. */
  readonly cancelled: () => boolean;
  /** Called once, at the end. */
  readonly ended: (subscription: Subscription) => Promise<void>;
}

interface Waiting {
  readonly epoch: bigint;
  readonly delta: Batch;
}

/** The stream; see the head of the file. */
export class Subscription implements AsyncIterableIterator<Batch> {
  readonly #options: SubscriptionOptions;
  readonly #types: readonly SqlType[];
  #epoch = END_OF_TIME;
  #snapshot: Iterator<Batch, void> | null = null;
  /** One slice ahead: fetching it settles what the snapshot reads. */
  #slice: Batch | null = null;
  /** Where changes are read from, when the relation keeps them: nothing waits in the queue. */
  #log: { readonly relation: StoredRelation; read: bigint } | null = null;
  #queue: Waiting[] = [];
  #queuedRows = 0;
  /** Everything before this epoch is in the queue; what the client has been told. */
  #progress = 0n;
  #told = 0n;
  #complete = false;
  #over = false;
  #failure: Error | null = null;
  #detach: (() => void) | null = null;
  readonly #wakers = new Set<() => void>();

  constructor(options: SubscriptionOptions) {
    this.#options = options;
    this.#types = options.columns.map(({ type }) => type);
    const { source } = options;
    if ('constant' in source) this.#start(source.constant, END_OF_TIME);
    else this.#follow(source);
    if (!options.snapshot) {
      this.#slice = null;
      this.#snapshot?.return?.();
      this.#snapshot = null;
    }
  }

  /** True when `next` will not have to wait. */
  get ready(): boolean {
    return this.#slice !== null || this.#queue.length > 0 || this.#logged() || this.#complete
      || this.#over || this.#failure !== null
      || (this.#options.progress && this.#progress > this.#told);
  }

  #follow(source: Followed): void {
    const { core } = this.#options;
    const { relation, errors } = source;
    const pin = core.pin();
    try {
      const failed = errors === null ? null : rowErrorIn(core.snapshot(errors, pin));
      if (failed !== null) throw failed;
      const stored = core.catalog.state.relation(relation);
      const { asOf } = this.#options;
      const from = asOf ?? pin.epoch;
      if (stored !== null && core.changelog(relation) !== null) {
        this.#log = { relation: stored, read: from };
      }
      this.#start(asOf === null || stored === null ? core.snapshot(relation, pin)
        : this.#past(stored, asOf, pin), from);
      this.#progress = pin.epoch + 1n;
      if (this.#reachesEnd(pin.epoch)) this.#complete = true;
      else this.#detach = core.onEpoch((deltas) => this.#published(source, deltas));
    } finally {
      pin.release();
    }
  }

  /** The rows of an epoch that has passed; none when the snapshot is not wanted. */
  #past(relation: StoredRelation, epoch: bigint, pin: Pin): readonly Batch[] {
    const { core, snapshot } = this.#options;
    const { name, kind, id } = relation;
    const past = { name, kind, changelog: core.changelog(id), types: this.#types };
    if (snapshot) {
      return [rowsAtEpoch(past, epoch, { epoch: pin.epoch, rows: core.snapshot(id, pin) })];
    }
    changelogFrom(past, epoch);
    return [];
  }

  /** True when the changelog has something that was not read yet. */
  #logged(): boolean {
    const log = this.#log;
    if (log === null) return false;
    const next = this.#options.core.changelog(log.relation.id)?.hasAfter(log.read) ?? true;
    return next && !this.#reachesEnd(log.read);
  }

  /** The next rows of the changelog, or null. */
  #nextLogged(): Batch | null {
    const log = this.#log;
    if (log === null || this.#reachesEnd(log.read)) return null;
    const { upTo, rows } = this.#options;
    for (const { epoch, delta } of this.#changelog(log.relation, log.read).after(log.read)) {
      if (upTo !== null && epoch >= upTo) return null;
      log.read = epoch;
      const changes = rows.changes(epoch, delta);
      if (changes !== null) return changes;
    }
    return null;
  }

  /** 53200 when the reader was so slow that changes have been forgotten. */
  #changelog(relation: StoredRelation, read: bigint): Changelog {
    const log = this.#options.core.changelog(relation.id);
    if (log !== null && read >= log.floor.epoch) return log;
    throw sqlError('53200', 'changes the subscriber has not read are no longer kept', {
      detail: `It has read up to epoch ${read}.`,
      hint: 'Subscribe again to start from the current rows, and keep changes for longer.',
    });
  }

  #start(rows: Iterable<Batch>, epoch: bigint): void {
    this.#epoch = epoch;
    if (epoch === END_OF_TIME) this.#complete = true;
    const { upTo } = this.#options;
    if (upTo !== null && upTo <= epoch) return;
    const slices = this.#options.rows.grouped ? [concatBatches(this.#types, [...rows])] : rows;
    this.#snapshot = (slices[Symbol.iterator] as () => Iterator<Batch, void>).call(slices);
    this.#nextSlice();
  }

  #nextSlice(): void {
    for (;;) {
      const step = this.#snapshot?.next();
      this.#slice = step === undefined || step.done === true ? null : consolidate(step.value);
      if (this.#slice === null) this.#snapshot = null;
      if (this.#slice === null || this.#slice.length > 0) return;
    }
  }

  /** True when nothing after this epoch is wanted. */
  #reachesEnd(epoch: bigint): boolean {
    const { upTo } = this.#options;
    return upTo !== null && epoch + 1n >= upTo;
  }

  #published({ relation, errors }: Followed, { epoch, deltas }: EpochDeltas): void {
    const { upTo } = this.#options;
    if (upTo === null || epoch < upTo) {
      this.#failure = this.#problem(relation)
        ?? (errors === null ? null : rowErrorIn(deltas.get(errors) ?? []));
      if (this.#failure === null && this.#log === null) {
        this.#enqueue(epoch, deltas.get(relation) ?? []);
      }
      this.#progress = epoch + 1n;
    }
    if (this.#reachesEnd(epoch)) this.#complete = true;
    // What is left in the changelog has the relation's new columns.
    if (this.#failure !== null) this.#log = null;
    if (this.#complete || this.#failure !== null) this.#stopListening();
    this.wake();
  }

  /** Why the relation cannot be followed any more. */
  #problem(id: number): Error | null {
    const { core, columns } = this.#options;
    const relation = core.catalog.state.relation(id);
    if (relation === null) {
      return sqlError('55000', 'the relation subscribed to has been dropped');
    }
    const same = relation.columns.length === columns.length && relation.columns.every((now, at) =>
      sameType(now.type, must(columns[at], 'column').type));
    if (!same) {
      return sqlError('55000', `columns of "${relation.name}" have changed`, {
        hint: 'Subscribe again to see the new columns.',
      });
    }
    return core.readProblem(id);
  }

  #enqueue(epoch: bigint, batches: readonly Batch[]): void {
    if (batches.length === 0) return;
    const delta = consolidate(concatBatches(this.#types, batches));
    if (delta.length === 0) return;
    this.#queue.push({ epoch, delta });
    this.#queuedRows += delta.length;
    // Twice the maximum before equal rows are sought: that keeps the cost per row constant.
    if (this.#queuedRows > QUEUE_ROWS_MAX * 2) this.#coalesce(epoch);
  }

  #coalesce(epoch: bigint): void {
    const delta = consolidate(concatBatches(this.#types, this.#queue.map((each) => each.delta)));
    this.#queue = delta.length === 0 ? [] : [{ epoch, delta }];
    this.#queuedRows = delta.length;
    if (delta.length <= QUEUE_ROWS_MAX) return;
    this.#forget();
    this.#failure = sqlError('53200', 'too many changes wait for the subscriber', {
      detail: `More than ${QUEUE_ROWS_MAX} changed rows are waiting.`,
      hint: 'Subscribe again to start from the current rows; with CREATE SUBSCRIPTION changes are '
        + 'kept, and SUBSCRIBE ... AS OF goes on where it ended.',
    });
  }

  async next(): Promise<IteratorResult<Batch, undefined>> {
    for (;;) {
      if (!this.#over && this.#options.cancelled()) {
        await this.end();
        throw sqlError('57014', 'canceling statement due to user request');
      }
      const rows = this.#over ? null : await this.#takeOrEnd();
      if (rows !== null) return { done: false, value: rows };
      const failure = this.#failure;
      if (failure !== null || this.#complete) await this.end();
      if (failure !== null) throw failure;
      if (this.#over) return { done: true, value: undefined };
      await this.wait(null);
    }
  }

  async #takeOrEnd(): Promise<Batch | null> {
    try {
      return this.#take();
    } catch (error) {
      await this.end();
      throw error;
    }
  }

  /** What there is for the client, in order; null when it has to wait. */
  #take(): Batch | null {
    const { rows, progress } = this.#options;
    if (this.#slice !== null) {
      const slice = this.#slice;
      this.#nextSlice();
      return rows.changes(this.#epoch, slice);
    }
    const first = this.#queue.shift();
    if (first !== undefined) {
      this.#queuedRows -= first.delta.length;
      return rows.changes(first.epoch, first.delta);
    }
    const logged = this.#nextLogged();
    if (logged !== null) return logged;
    if (!progress || this.#progress <= this.#told) return null;
    this.#told = this.#progress;
    return rows.progress(this.#progress);
  }

  /** Waits for something to read, at most until `at` (microseconds since 1970 UTC), or a wake. */
  async wait(at: bigint | null): Promise<void> {
    const { core, cancelled } = this.#options;
    if (this.ready || cancelled()) return;
    await new Promise<void>((resolve) => {
      let cancel: (() => void) | null = null;
      const wake = (): void => {
        this.#wakers.delete(wake);
        cancel?.();
        resolve();
      };
      this.#wakers.add(wake);
      if (at !== null) cancel = core.environment.clock.timer(at, wake);
    });
  }

  /** Lets those that wait look again. */
  wake(): void {
    for (const wake of this.#wakers) wake();
  }

  /** Ends the stream at once; nothing is kept. */
  async end(): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    this.#stopListening();
    this.#forget();
    this.wake();
    await this.#options.ended(this);
  }

  #stopListening(): void {
    this.#detach?.();
    this.#detach = null;
  }

  #forget(): void {
    this.#queue = [];
    this.#queuedRows = 0;
    this.#log = null;
    this.#slice = null;
    this.#snapshot?.return?.();
    this.#snapshot = null;
  }

  async return(): Promise<IteratorResult<Batch, undefined>> {
    await this.end();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this { return this; }
}

const REASON = 3;
const SQL_STATE = 4;

/** A row that could not be computed ends the subscription: it would be missing silently. */
function rowErrorIn(batches: Iterable<Batch>): Error | null {
  const [batch] = batches;
  if (batch === undefined || batch.length === 0) return null;
  const reason = cell(must(batch.columns[REASON], 'reason'), 0);
  const state = cell(must(batch.columns[SQL_STATE], 'state'), 0);
  return sqlError(typeof state === 'string' ? state : 'XX000',
    'a row of the query subscribed to could not be computed', {
    detail: typeof reason === 'string' ? reason : undefined,
    hint: 'Change the query so that it has an answer for every row.',
  });
}
