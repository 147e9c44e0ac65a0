/**
 * Everything a statement needs while it runs: its transaction, catalog, settings and engine.
 *
 * Made anew for each statement, so that it sees the definitions of the ones before it.
 */
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import type { Notice } from '../../common/errors.ts';
import type { NameLookup } from '../../common/types/settings.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { Value } from '../../common/values.ts';
import type { QualifiedName } from '../../parser/ast-leaves.ts';
import type { CatalogRelation } from '../../planner/catalog.ts';
import type { EvaluationContext } from '../../planner/functions/entry.ts';
import type { PlanEnv } from '../../planner/bound.ts';
import type { QueryPlan } from '../../planner/plans.ts';
import { hasSubquery } from '../../planner/expr-tools.ts';
import { planRows } from '../../planner/row-query.ts';
import type { RowQuestion } from '../../planner/row-query.ts';
import type { Batch } from '../batch.ts';
import { batchOf } from '../batch.ts';
import type { StoredRelation } from '../catalog-store-types.ts';
import type { EngineCoreFace } from '../engine-core.ts';
import { concatBatches, consolidate, hasRetraction } from '../engine-rows.ts';
import { sequenceOf } from '../engine-sequences.ts';
import type { RunOptions, SessionsInfo, SystemContext } from '../engine-core-types.ts';
import { SystemLookup } from '../pg-catalog/lookup.ts';
import { rowValues } from './key-text.ts';
import type { AuditEntry } from './audit.ts';
import type { SessionChannels } from './channels.ts';
import { refuseShared, requireCalling, requireReading } from './reading.ts';
import { RowEvaluator } from './row-evaluator.ts';
import { SessionCatalog } from './session-catalog.ts';
import type { Scratch } from './session-registry.ts';
import type { SequenceUse } from './sequence-use.ts';
import type { SessionSettings } from './session-settings.ts';
import { TableKeys } from './table-keys.ts';
import { TEMPORARY_ALIAS, temporarySchemaName } from './temporary-names.ts';
import type { Transaction } from './transaction.ts';

/** How long pg_sleep waits before it looks for a cancel request. */
const SLEEP_SLICE_MS = 20;

/** Something that waits for changes. */
export interface LiveReader {
  /** Looks again: a cancel request may have come. */
  wake(): void;
  end(): Promise<void>;
}

/** What stays the same for all statements of a session. */
export interface SessionScope {
  readonly core: EngineCoreFace;
  readonly settings: SessionSettings;
  readonly database: { readonly id: number; readonly name: string };
  /** Whose rights count: changed by SET ROLE. */
  readonly user: string;
  readonly pid: number;
  readonly clientAddress: string;
  readonly channels: SessionChannels;
  readonly sequences: SequenceUse;
  /** Notes something for tidemill.audit. */
  readonly audit: (event: AuditEntry['event'], detail: string) => void;
  readonly notice: (notice: Notice) => void;
  readonly cancelled: () => boolean;
  readonly sessions: SessionsInfo;
  /** Subscriptions that run, woken by a cancel request and ended with the session. */
  readonly subscriptions: Set<LiveReader>;
  /** statement_timeout does not apply to the running statement. */
  readonly untimed: () => void;
  /** Stops another session's statement, or the session. */
  readonly signal: (pid: number, terminate: boolean) => boolean;
  /** Opens an engine of its own for a unit test. */
  readonly scratch: () => Promise<Scratch>;
}

/** The surroundings of one statement. */
export class StatementContext {
  readonly scope: SessionScope;
  readonly transaction: Transaction;
  readonly text: string;
  readonly catalog: SessionCatalog;
  readonly evaluation: EvaluationContext;
  readonly #systemContext: SystemContext;
  readonly #lookup: SystemLookup;
  #sleepMs = 0;
  /** The target of a data change that reads nothing of it. */
  writing: number | null = null;
  /** Uncommitted rows as they were when the statement began to change some. */
  #before: ReadonlyMap<number, readonly Batch[]> | null = null;
  /** Rows the statement has removed so far, by table and text: a data change in WITH. */
  readonly removed: Map<number, Map<string, number>> = new Map();

  constructor(scope: SessionScope, transaction: Transaction, text: string) {
    this.scope = scope;
    this.transaction = transaction;
    this.text = text;
    const { settings, database, user } = scope;
    const state = transaction.catalog;
    // A user named like a system schema does not get that schema as "$user".
    const searchPath = settings.searchPath(user).filter((name) => {
      if (name === TEMPORARY_ALIAS) return true;
      const schema = state.schemaByName(database.id, name);
      return schema !== null && (name !== user || schema.database !== 0);
    });
    this.catalog = new SessionCatalog({
      state, database: database.id, searchPath, temporary: temporarySchemaName(scope.pid),
      facts: {
        user, database: database.name, timeZone: settings.get('timezone'),
        setting: (name) => (name === 'tidemill.backend_pid' ? String(scope.pid)
          : settings.find(name)),
      },
      uncommitted: (relation) => transaction.isUncommitted(relation),
      reading: (relation, through) => {
        const allowed = relation === this.writing ? null
          : requireReading(state, user, { relation, through });
        refuseShared(state.relation(relation));
        return allowed;
      },
      calling: (oid) => requireCalling(state, user, oid),
      names: () => this.#lookup,
    });
    this.#systemContext = {
      engine: scope.core.info, catalog: state, database: database.id, user,
      searchPath: this.catalog.searchPath, timeZone: settings.get('timezone'),
      setting: (name) => settings.find(name), sessions: scope.sessions,
    };
    this.#lookup = new SystemLookup(this.#systemContext, {
      setSetting: (name, value, local) => {
        settings.set(name, value, local);
        return settings.get(name);
      },
      sleep: (seconds) => { this.#sleepMs += seconds * 1000; },
      signal: scope.signal,
      sequences: {
        next: (oid) => scope.sequences.next(transaction.catalog, oid),
        current: (oid) => scope.sequences.current(transaction.catalog, oid),
        set: (oid, value, called) => scope.sequences.set(transaction.catalog, oid, value, called),
        last: () => scope.sequences.last(),
      },
      notify: (channel, payload) => scope.channels.notify({ pid: scope.pid, channel, payload }),
    });
    this.evaluation = { ...settings.evaluation(transaction.now), catalog: this.#lookup };
  }

  /** What reg* types show and are read from. */
  get names(): NameLookup { return this.#lookup; }

  get core(): EngineCoreFace { return this.scope.core; }

  /** What the planner works with. */
  get planning(): PlanEnv {
    return { catalog: this.catalog, text: this.text };
  }

  table(id: number): StoredRelation {
    return must(this.transaction.catalog.relation(id), 'planned table');
  }

  /** A relation by the name written, or 42P01. */
  resolve(name: QualifiedName): StoredRelation {
    const found = this.find(name);
    if (found !== null) return found;
    throw sqlError('42P01', `relation "${nameText(name)}" does not exist`, { span: name.span });
  }

  find(name: QualifiedName): StoredRelation | null {
    const parts = name.parts.map((part) => part.name);
    return this.catalog.findStored(parts.at(-2) ?? null, must(parts.at(-1), 'name'));
  }

  /** Rows of a query as they come, at the transaction's epoch. */
  async *run(plan: QueryPlan): AsyncGenerator<Batch, void> {
    for await (const batch of this.core.runQuery(plan, this.#runOptions())) {
      if (this.#sleepMs > 0) await this.#sleep();
      yield batch;
    }
    if (this.#sleepMs > 0) await this.#sleep();
  }

  /** Waits as long as pg_sleep was called for; a cancel request ends it. */
  async #sleep(): Promise<void> {
    const { clock } = this.core.environment;
    while (this.#sleepMs > 0) {
      if (this.scope.cancelled()) {
        throw sqlError('57014', 'canceling statement due to user request');
      }
      const ms = Math.min(this.#sleepMs, SLEEP_SLICE_MS);
      this.#sleepMs -= ms;
      const until = clock.nowMicros() + BigInt(Math.ceil(ms * 1000));
      await new Promise<void>((resolve) => { clock.timer(until, resolve); });
    }
  }

  /** All rows of a query. */
  async runToEnd(plan: QueryPlan): Promise<Batch[]> {
    const batches: Batch[] = [];
    for await (const batch of this.run(plan)) batches.push(batch);
    return batches;
  }

  /** Stored rows of a table with the transaction's changes; none that the transaction took away. */
  *snapshot(relation: number): Iterable<Batch> {
    const changes = this.transaction.overlay.get(relation) ?? [];
    if (!changes.some(hasRetraction)) {
      yield* this.#storedRows(relation);
      yield* changes;
      return;
    }
    const { columns } = must(this.transaction.catalog.relation(relation), 'table');
    const types = columns.map(({ type }) => type);
    yield consolidate(concatBatches(types, [...this.#storedRows(relation), ...changes]));
  }

  *#storedRows(relation: number): Iterable<Batch> {
    const rewritten = this.transaction.rewritten().get(relation);
    if (rewritten !== undefined) yield* rewritten;
    else if (!this.transaction.isUncommitted(relation)) {
      yield* this.core.snapshot(relation, this.transaction.pin());
    }
  }

  keys(table: CatalogRelation, key: readonly number[]): TableKeys {
    const rewritten = this.transaction.rewritten().get(table.id);
    const uncommitted = [...rewritten ?? [], ...this.transaction.overlay.get(table.id) ?? []];
    const stored = rewritten === undefined && !this.transaction.isUncommitted(table.id);
    return new TableKeys({ core: this.core, table, key, stored, uncommitted });
  }

  /** From here on the statement's queries do not see what it changes. */
  freeze(): void {
    this.#before ??= new Map([...this.transaction.overlay]
      .map(([table, batches]) => [table, [...batches]]));
  }

  /** True when the statement has several parts that change rows. */
  get frozen(): boolean { return this.#before !== null; }

  /** Expressions over rows, subqueries included: one row each, fewer with `where`. */
  async answer(question: Omit<RowQuestion, 'rows'>, batch: Batch): Promise<Batch> {
    const { types, exprs, where } = question;
    const all = where === null ? exprs : [...exprs, where];
    if (!all.some(hasSubquery)) return this.evaluator(types).evaluate(exprs, batch, where);
    const rows = Array.from({ length: batch.length }, (_row, at) => rowValues(batch, at));
    const plan = planRows({ ...question, rows }, this.planning);
    const found = await this.runToEnd(plan);
    return batchOf(exprs.map(({ type }) => type),
      found.flatMap((part) => Array.from({ length: part.length }, (_row, at) =>
        rowValues(part, at))));
  }

  /** The next value of a sequence, as the transaction has defined it. */
  nextValue(sequence: number): bigint {
    const data = this.transaction.catalog.objects.get(sequence)?.data;
    return this.core.nextSequence(sequence, sequenceOf(data ?? {}));
  }

  evaluator(types: readonly SqlType[]): RowEvaluator {
    return new RowEvaluator(types, this.evaluation);
  }

  notice(severity: Notice['severity'], sqlState: string, message: string): void {
    this.scope.notice({ severity, sqlState, message });
  }

  #runOptions(): RunOptions {
    return {
      pin: this.transaction.pin(), overlay: this.#before ?? this.transaction.overlay,
      rewritten: this.transaction.rewritten(),
      now: this.transaction.now,
      context: this.evaluation, cancelled: this.scope.cancelled, system: this.#systemContext,
    };
  }
}

/** A name as written, for messages. */
export function nameText(name: QualifiedName): string {
  return name.parts.map((part) => part.name).join('.');
}

/** Parameters of a statement: values in order. */
export type Parameters = readonly Value[];
