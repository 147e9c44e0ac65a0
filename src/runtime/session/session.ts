/**
 * A connection's session: protocol calls in, events out.
 *
 * Keeps prepared statements, portals (cursors are the same thing), settings and the transaction.
 * What a statement does is decided in execute.ts; here is what the protocol demands: one implicit
 * transaction per message, 25P02 in a failed block, errors as events.
 */
import { AssertionError, must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import type { Notice } from '../../common/errors.ts';
import { parseValue } from '../../common/types/registry.ts';
import { DEFAULT_SETTINGS } from '../../common/types/settings.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { Value } from '../../common/values.ts';
import { parseStatements } from '../../parser/parse.ts';
import type { ParsedStatement } from '../../parser/parse.ts';
import type { ResultColumn } from '../../planner/plans.ts';
import type { Batch } from '../batch.ts';
import type { EngineCoreFace } from '../engine-core.ts';
import type { SessionActivity } from '../engine-core-types.ts';
import type {
  Binding, ConnectOptions, SessionEvent, SessionHooks, SqlSession,
  StatementDescription, TransactionStatus,
} from '../session-api.ts';
import { BoundedMap, CURSORS_HELD, PREPARED_HELD } from './bounded-map.ts';
import { ByteQueue } from './byte-queue.ts';
import { withoutSecrets } from './audit.ts';
import { describeStatement } from './describe.ts';
import { errorMessage } from './error-message.ts';
import type { ColumnTexts } from './named-columns.ts';
import { textsOf } from './named-columns.ts';
import { executeStatement, mayRunInFailedBlock } from './execute.ts';
import { IDLE_TOO_LONG, TERMINATED } from './farewells.ts';
import { PointReader } from './point-reader.ts';
import type { StatementResult } from './result.ts';
import type { SessionRegistry } from './session-registry.ts';
import { makeScope } from './session-scope.ts';
import type { Execution, Portal, PreparedStatement, SessionState } from './session-state.ts';
import { StatementContext } from './statement-context.ts';
import type { SessionScope } from './statement-context.ts';
import type { TableLocks } from './table-locks.ts';
import { checkPostponed } from './table-changes.ts';
import { applyOnCommit, dropTemporary } from './temporary.ts';
import { Transaction } from './transaction.ts';

const ROWS_EVENT = 1024;

const NO_HOOKS: SessionHooks = { notified: () => undefined, ended: () => undefined };

/** What a session shares with others, and whom it tells. */
export interface SessionSurroundings {
  readonly locks: TableLocks;
  readonly sessions: SessionRegistry;
  readonly hooks?: SessionHooks | undefined;
}

/** The SqlSession of an engine core. */
export class Session implements SqlSession, SessionState {
  readonly scope: SessionScope;
  readonly statements: Map<string, PreparedStatement> = new BoundedMap(PREPARED_HELD);
  readonly portals: Map<string, Portal> = new BoundedMap(CURSORS_HELD);
  readonly #locks: TableLocks;
  readonly #events: SessionEvent[] = [];
  #transaction: Transaction | null = null;
  #cancelled = false;
  #running = false;
  #copy: ByteQueue | null = null;
  #stopTimer: (() => void) | null = null;
  readonly #sessions: SessionRegistry;
  readonly #hooks: SessionHooks;
  readonly #points: PointReader;
  #stopIdle: (() => void) | null = null;
  readonly #clientAddress: string;
  readonly #startedAt: bigint;
  #query: { readonly text: string; readonly at: bigint } | null = null;
  #terminated = false;

  constructor(
    core: EngineCoreFace, options: ConnectOptions,
    { locks, sessions, hooks = NO_HOOKS }: SessionSurroundings,
  ) {
    this.#locks = locks;
    this.#hooks = hooks;
    this.#sessions = sessions;
    this.#clientAddress = options.clientAddress;
    this.#startedAt = core.environment.clock.nowMicros();
    this.scope = makeScope({
      core, options, hooks, sessions, portals: this.portals, statements: this.statements,
      report: (name, value, reported) => {
        this.#events.push({ kind: 'parameter', name, value, reported });
      },
      notice: (notice) => this.#notice(notice), cancelled: () => this.#cancelled,
      untimed: () => this.#stopTiming(),
    });
    this.#points = new PointReader(this);
    this.scope.audit('login', `database ${options.database}`);
    sessions.add(options.pid, {
      activity: () => this.#activity(), cancel: () => this.cancel(),
      terminate: () => {
        this.#terminated = true;
        this.cancel();
        hooks.ended(TERMINATED);
      },
    });
  }

  #activity(): SessionActivity {
    const { settings, database, user, pid } = this.scope;
    const transaction = this.#transaction;
    return {
      pid, user, database: database.id, clientAddress: this.#clientAddress,
      applicationName: settings.get('application_name'), startedAt: this.#startedAt,
      transactionAt: transaction?.now ?? null, queryAt: this.#query?.at ?? null,
      query: this.#query?.text ?? '',
      state: this.#running ? 'active' : transaction?.block !== true ? 'idle'
        : transaction.failed ? 'idle in transaction (aborted)' : 'idle in transaction',
    };
  }

  get transaction(): Transaction | null { return this.#transaction; }

  /** Starts a block (or turns the implicit transaction into one). */
  begin(): Transaction {
    const transaction = this.#current();
    transaction.block = true;
    return transaction;
  }

  /** Ends the transaction; later statements get a new one. */
  async finish(commit: boolean): Promise<void> {
    const transaction = this.#transaction;
    this.#transaction = null;
    let committed = false;
    try {
      if (commit && transaction !== null && !transaction.failed) {
        if (transaction.postponed.size > 0) {
          checkPostponed(new StatementContext(this.scope, transaction, ''));
        }
        await this.#holdCursors();
        applyOnCommit(this.scope.core, transaction, this.scope.pid);
        await transaction.commit();
        committed = true;
      }
    } finally {
      transaction?.end();
      this.scope.settings.endTransaction(committed);
      this.scope.channels.settle(committed);
      await this.#dropPortals(committed);
    }
  }

  parameters(): Promise<readonly (readonly [string, string])[]> {
    return Promise.resolve(this.scope.settings.reported());
  }

  async *query(text: string): AsyncIterable<SessionEvent> {
    this.#start(text);
    try {
      const found = this.#points.ofText(text);
      if (found !== null) {
        yield* this.#allRows(found);
        yield { kind: 'complete', tag: tagOf(found) };
        return;
      }
      const parsed = parsedWhole(text);
      if (parsed.length === 0) yield { kind: 'empty' };
      for (const [at, statement] of parsed.entries()) {
        yield* this.#runSimple(statement, at === parsed.length - 1);
      }
      if (this.#transaction?.block !== true) await this.finish(true);
    } catch (error) {
      await this.#fail();
      yield* this.#drain();
      yield { kind: 'error', error: errorMessage(error, text) };
    } finally {
      this.#stop();
      this.statements.delete('');
      this.portals.delete('');
    }
    yield* this.#drain();
  }

  parse(
    name: string, text: string, parameterTypes: readonly (SqlType | null)[],
  ): Promise<StatementDescription> {
    return this.#guarded(text, () => {
      if (name !== '' && this.statements.has(name)) {
        throw sqlError('42P05', `prepared statement "${name}" already exists`);
      }
      const parsed = parsedWhole(text);
      if (parsed.length > 1) {
        throw sqlError('42601', 'cannot insert multiple commands into a prepared statement');
      }
      this.#refuseInFailedBlock(parsed[0] ?? null);
      const statement: PreparedStatement = {
        name, parsed: parsed[0] ?? null, parameterTypes, fromSql: false,
      };
      const description = this.#describe(statement);
      this.statements.set(name, statement);
      return description;
    });
  }

  describeStatement(name: string): Promise<StatementDescription> {
    const statement = this.#statement(name);
    return this.#guarded(statement.parsed?.text ?? '', () => this.#describe(statement));
  }

  /** Describes a statement, again only when the catalog has changed. */
  #describe(statement: PreparedStatement): StatementDescription {
    if (statement.parsed === null) return { parameters: [], columns: null };
    if (this.#transaction?.failed === true) return { parameters: [], columns: null };
    const { catalog } = this.#current();
    if (statement.described?.catalog === catalog) return statement.described.description;
    const description = describeStatement(this, this.context(statement.parsed.text), {
      statement: statement.parsed.statement, parameterTypes: statement.parameterTypes,
    });
    statement.described = { catalog, description };
    return description;
  }

  bind(portal: string, statement: string, parameters: readonly Value[]): Promise<void> {
    return this.#guarded('', () => {
      const prepared = this.#statement(statement);
      const { parsed, parameterTypes } = prepared;
      if (portal !== '' && this.portals.has(portal)) {
        throw sqlError('42P03', `cursor "${portal}" already exists`);
      }
      this.#refuseInFailedBlock(parsed);
      this.portals.set(portal, {
        name: portal, parsed, parameters: this.#named(prepared, parameters), parameterTypes,
        result: null, columns: null, hold: false, cursor: false, finished: false, prepared,
      });
    });
  }

  async describePortal(name: string): Promise<readonly ResultColumn[] | null> {
    const portal = this.portal(name);
    if (portal.parsed === null) return null;
    if (portal.result !== null) return portal.result.kind === 'rows' ? portal.result.columns : null;
    const { text, statement } = portal.parsed;
    const description = await this.#guarded(text, () =>
      describeStatement(this, this.context(text), {
        statement, parameterTypes: portal.parameterTypes, parameters: portal.parameters,
      }));
    portal.columns = description.columns;
    return description.columns;
  }

  async *execute(
    name: string, maxRows: number, sync = false, bind?: Binding,
  ): AsyncIterable<SessionEvent> {
    if (bind !== undefined) await this.bind(name, bind.statement, bind.parameters);
    yield* this.#execute(name, maxRows);
    if (sync) await this.sync();
  }

  async *#execute(name: string, maxRows: number): AsyncIterable<SessionEvent> {
    this.#start(this.portals.get(name)?.parsed?.text ?? '');
    let text = '';
    try {
      const portal = this.portal(name);
      text = portal.parsed?.text ?? '';
      if (portal.parsed === null) yield { kind: 'empty' };
      else yield* this.#runPortal(portal, maxRows);
    } catch (error) {
      await this.#fail();
      yield* this.#drain();
      yield { kind: 'error', error: errorMessage(error, text) };
    } finally {
      this.#stop();
    }
  }

  closeStatement(name: string): Promise<void> {
    this.statements.delete(name);
    return Promise.resolve();
  }

  async closePortal(name: string): Promise<void> {
    const portal = this.portals.get(name);
    this.portals.delete(name);
    if (portal?.result?.kind === 'rows') await portal.result.rows.close();
  }

  async sync(): Promise<TransactionStatus> {
    if (this.#transaction?.block !== true) await this.finish(true);
    return this.status();
  }

  status(): Promise<TransactionStatus> {
    const transaction = this.#transaction;
    if (transaction?.block !== true) return Promise.resolve('I');
    return Promise.resolve(transaction.failed ? 'E' : 'T');
  }

  async copyData(data: Uint8Array): Promise<void> {
    await this.#copy?.push(data);
  }

  copyDone(): Promise<void> {
    this.#copy?.end();
    return Promise.resolve();
  }

  copyFail(message: string): Promise<void> {
    this.#copy?.fail(sqlError('57014', `COPY from stdin failed: ${message}`));
    return Promise.resolve();
  }

  cancel(): void {
    if (this.#running) {
      this.#cancelled = true;
      for (const subscription of this.scope.subscriptions) subscription.wake();
    }
    this.#copy?.fail(sqlError('57014', 'canceling statement due to user request'));
  }

  async close(): Promise<void> {
    this.cancel();
    this.#sessions.remove(this.scope.pid);
    this.#stopIdle?.();
    this.scope.channels.close();
    await this.finish(false);
    for (const name of this.portals.keys()) await this.closePortal(name);
    for (const subscription of this.scope.subscriptions) await subscription.end();
    this.statements.clear();
    const { core, database, pid } = this.scope;
    await dropTemporary(core, database.id, pid);
  }

  /** The surroundings of a statement in the current transaction. */
  context(text: string): StatementContext {
    return new StatementContext(this.scope, this.#current(), text);
  }

  run(context: StatementContext, execution: Execution): Promise<StatementResult> {
    return executeStatement(this, context, execution);
  }

  /** A portal or cursor by name; 34000. */
  portal(name: string): Portal {
    const portal = this.portals.get(name);
    if (portal !== undefined) return portal;
    throw sqlError('34000', name === '' ? 'portal "" does not exist'
      : `cursor "${name}" does not exist`);
  }

  /** Parameters of reg* types come as text, for only here their names are known. */
  #named(prepared: PreparedStatement, parameters: readonly Value[]): readonly Value[] {
    if (!parameters.some((value) => typeof value === 'string')) return parameters;
    const types = this.#describe(prepared).parameters;
    return parameters.map((value, at) => {
      const type = types[at];
      const named = type !== undefined && (type.element?.name ?? type.name).startsWith('reg');
      if (!named || typeof value !== 'string') return value;
      return parseValue(value, type, { ...DEFAULT_SETTINGS, names: this.context('').names });
    });
  }

  #statement(name: string): PreparedStatement {
    const statement = this.statements.get(name);
    if (statement !== undefined) return statement;
    throw sqlError('26000', name === '' ? 'unnamed prepared statement does not exist'
      : `prepared statement "${name}" does not exist`);
  }

  async *#runSimple(parsed: ParsedStatement, last: boolean): AsyncIterable<SessionEvent> {
    const result = await this.#run(parsed, []);
    if (result.kind === 'rows') this.#points.learnText(parsed, result.columns);
    switch (result.kind) {
      case 'rows': yield* this.#allRows(result); break;
      case 'command': break;
      case 'copyIn': case 'copyOut': break;
    }
    const tag = result.kind === 'copyIn' || result.kind === 'copyOut'
      ? yield* this.#copyThrough(result) : tagOf(result);
    if (last && this.#transaction?.block !== true) await this.finish(true);
    yield* this.#drain();
    yield { kind: 'complete', tag };
  }

  /** Names of reg* values, which the server cannot look up. */
  #texts(result: StatementResult & { kind: 'rows' }, batch: Batch): ColumnTexts | null {
    return textsOf(result.columns, batch, () => this.context('').names);
  }

  async *#allRows(result: StatementResult & { kind: 'rows' }): AsyncIterable<SessionEvent> {
    yield* this.#drain();
    yield { kind: 'columns', columns: result.columns };
    const live = result.live !== undefined;
    try {
      if (live) yield { kind: 'flush' };
      for (;;) {
        const batch = await result.rows.next(ROWS_EVENT);
        if (batch === null) return;
        yield { kind: 'rows', batch, texts: this.#texts(result, batch) };
        if (live) yield { kind: 'flush' };
      }
    } finally {
      if (live) await result.rows.close();
    }
  }

  async *#runPortal(portal: Portal, maxRows: number): AsyncIterable<SessionEvent> {
    const parsed = must(portal.parsed, 'statement of a portal');
    if (portal.result === null) {
      portal.result = this.#points.ofPortal(portal) ?? await this.#runBound(parsed, portal);
    }
    const result = portal.result;
    yield* this.#drain();
    if (result.kind === 'copyIn' || result.kind === 'copyOut') {
      yield { kind: 'complete', tag: yield* this.#copyThrough(result) };
      return;
    }
    if (result.kind === 'command') {
      yield* this.#drain();
      yield { kind: 'complete', tag: result.tag };
      return;
    }
    yield* this.#someRows(result, maxRows);
  }

  async *#someRows(
    result: StatementResult & { kind: 'rows' }, maxRows: number,
  ): AsyncIterable<SessionEvent> {
    const before = result.rows.given;
    const { live, rows } = result;
    yield { kind: 'columns', columns: result.columns };
    if (live !== undefined) {
      this.#stopTiming();
      yield { kind: 'flush' };
    }
    for (;;) {
      const left = maxRows === 0 ? ROWS_EVENT : maxRows - (rows.given - before);
      // A subscription gives what there is rather than wait for the limit.
      const paused = live !== undefined && maxRows > 0 && rows.given > before
        && !rows.buffered && !live.ready;
      if (left === 0 || paused) {
        yield* this.#drain();
        yield { kind: 'suspended' };
        return;
      }
      const batch = await result.rows.next(Math.min(left, ROWS_EVENT));
      if (batch === null) break;
      yield { kind: 'rows', batch, texts: this.#texts(result, batch) };
      if (live !== undefined) yield { kind: 'flush' };
    }
    yield* this.#drain();
    yield { kind: 'complete', tag: result.tag(result.rows.given - before) };
  }

  async *#copyThrough(
    result: StatementResult & { kind: 'copyIn' | 'copyOut' },
  ): AsyncGenerator<SessionEvent, string> {
    if (result.kind === 'copyOut') {
      yield { kind: 'copyOut', columns: result.columns, binary: result.binary };
      for await (const data of result.chunks) {
        yield data === null ? { kind: 'flush' } : { kind: 'copyData', data };
      }
      yield { kind: 'copyDone' };
      return result.tag();
    }
    const queue = new ByteQueue();
    this.#copy = queue;
    try {
      yield { kind: 'copyIn', columns: result.columns, binary: result.binary };
      return await result.consume(queue);
    } finally {
      queue.abandon();
      this.#copy = null;
    }
  }

  async #run(
    parsed: ParsedStatement, parameters: readonly Value[],
    parameterTypes: readonly (SqlType | null)[] = [],
  ): Promise<StatementResult> {
    this.#refuseInFailedBlock(parsed);
    const context = this.context(parsed.text);
    return await executeStatement(this, context, {
      statement: parsed.statement, parameters, parameterTypes,
    });
  }

  async #runBound(parsed: ParsedStatement, portal: Portal): Promise<StatementResult> {
    const result = await this.#run(parsed, portal.parameters, portal.parameterTypes);
    const { prepared } = portal;
    if (prepared !== undefined && result.kind === 'rows') {
      this.#points.learnPrepared(prepared, this.#describe(prepared));
    }
    return result;
  }

  #refuseInFailedBlock(parsed: ParsedStatement | null): void {
    if (this.#transaction?.failed !== true || parsed === null) return;
    if (mayRunInFailedBlock(parsed.statement)) return;
    throw sqlError('25P02', 'current transaction is aborted, commands ignored until end of '
      + 'transaction block');
  }

  #current(): Transaction {
    this.#transaction ??= new Transaction(this.scope.core, this.#locks, false);
    return this.#transaction;
  }

  async #fail(): Promise<void> {
    const transaction = this.#transaction;
    if (transaction?.block === true) {
      transaction.failed = true;
      return;
    }
    await this.finish(false);
  }

  async #holdCursors(): Promise<void> {
    for (const portal of this.portals.values()) {
      if (!portal.hold || portal.finished || portal.result?.kind !== 'rows') continue;
      await portal.result.rows.materialize();
      portal.finished = true;
    }
  }

  async #dropPortals(committed: boolean): Promise<void> {
    for (const [name, portal] of this.portals) {
      if (portal.subscription !== undefined || (portal.hold && committed)) continue;
      if (portal.finished) continue;
      await this.closePortal(name);
    }
  }

  async #guarded<T>(text: string, work: () => T | Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      await this.#fail();
      const { sqlState, message, fields } = errorMessage(error, text);
      throw sqlError(sqlState, message, fields);
    }
  }

  #start(text: string): void {
    this.#stopIdle?.();
    this.#stopIdle = null;
    this.#query = { text: withoutSecrets(text),
      at: this.scope.core.environment.clock.nowMicros() };
    this.#cancelled = this.#terminated;
    this.#running = true;
    const ms = this.scope.settings.statementTimeoutMs();
    if (ms === null) return;
    const { clock } = this.scope.core.environment;
    this.#stopTimer = clock.timer(clock.nowMicros() + BigInt(ms) * 1000n, () => this.cancel());
  }

  #stop(): void {
    this.#running = false;
    this.#stopTiming();
    const ms = this.#transaction?.block === true ? this.scope.settings.idleInTransactionMs() : null;
    if (ms === null) return;
    const { clock } = this.scope.core.environment;
    this.#stopIdle = clock.timer(clock.nowMicros() + BigInt(ms) * 1000n, () => {
      this.#terminated = true;
      void this.finish(false);
      this.#hooks.ended(IDLE_TOO_LONG);
    });
  }

  #stopTiming(): void {
    this.#stopTimer?.();
    this.#stopTimer = null;
  }

  *#drain(): Iterable<SessionEvent> {
    yield* this.#events.splice(0);
  }

  #notice(notice: Notice): void {
    const least = this.scope.settings.get('client_min_messages');
    if (least === 'error') return;
    if (least === 'warning' && notice.severity !== 'WARNING') return;
    this.#events.push({ kind: 'notice', notice });
  }
}

/** Statements whose `text` is the whole text, which their spans count in. */
function parsedWhole(text: string): readonly ParsedStatement[] {
  return parseStatements(text).map((statement) => ({ ...statement, text }));
}

function tagOf(result: StatementResult): string {
  switch (result.kind) {
    case 'rows': return result.tag(result.rows.given);
    case 'command': return result.tag;
    default: throw new AssertionError('a COPY has no tag before it ends');
  }
}
