/**
 * What each kind of statement does: one exhaustive switch, one function per kind.
 *
 * Queries and data changes go through the planner; definitions to ddl-*.ts; everything about the
 * session itself (settings, transactions, cursors, prepared statements) to its own file.
 */
import { assertNever } from '../../common/assert.ts';
import { SqlError, sqlError } from '../../common/errors.ts';
import type { Value } from '../../common/values.ts';
import type { Statement } from '../../parser/ast-statements.ts';
import type { DataChange, Query } from '../../parser/ast.ts';
import { changesOf, planSelect } from '../../planner/planner.ts';
import type { QualifiedName } from '../../parser/ast-leaves.ts';
import type { StoredRelation } from '../catalog-store-types.ts';
import type { PlanEnv } from '../../planner/bound.ts';
import { advanceClock, isClock, resetClock, setClock } from './clock.ts';
import { authorize } from './authorize.ts';
import { runCopy } from './copy.ts';
import { closeCursor, declareCursor, fetchCursor } from './cursors.ts';
import { alterObject } from './ddl-alter.ts';
import { commentOn } from './ddl-comment.ts';
import { createElements, createSchema, createDatabase } from './ddl-create.ts';
import { createIndex } from './ddl-index.ts';
import { dropObjects } from './ddl-drop.ts';
import { createSink } from './ddl-sink.ts';
import { createFunction } from './ddl-function.ts';
import { acknowledge, createSubscription } from './ddl-subscription.ts';
import { createRole } from './ddl-role.ts';
import { createSequence } from './ddl-sequence.ts';
import { createTable, selectInto } from './ddl-table.ts';
import { createType } from './ddl-type.ts';
import { createView } from './ddl-view.ts';
import { truncateTables } from './dml.ts';
import { runChange, runChangesOfWith } from './dml-with.ts';
import { runExplain } from './explain.ts';
import { runMerge } from './merge.ts';
import { runPrivileges } from './privileges.ts';
import { deallocate, executePrepared, prepare } from './prepared.ts';
import type { StatementResult } from './result.ts';
import { RowCursor, command } from './result.ts';
import type { Execution, SessionState } from './session-state.ts';
import { discard, resetVariable, setTransaction, setVariable } from './set.ts';
import { showVariable } from './show.ts';
import type { StatementContext } from './statement-context.ts';
import { subscribe } from './subscribe.ts';
import { executeUnitTest } from './unit-test.ts';
import {
  beginBlock, commitBlock, releaseSavepoint, rollbackBlock, setSavepoint,
} from './transaction-control.ts';

/** Runs a statement as far as its first row. */
export async function executeStatement(
  session: SessionState, context: StatementContext, execution: Execution,
): Promise<StatementResult> {
  const { statement } = execution;
  try {
    authorize(context, statement);
    const result = await runStatement(session, context, execution);
    if (AUDITED.has(statement.kind)) context.scope.audit('statement', textOf(context, statement));
    return result;
  } catch (error) {
    if (error instanceof SqlError && error.sqlState === '42501') {
      context.scope.audit('statement refused', `${error.message}: ${textOf(context, statement)}`);
    }
    throw error;
  }
}

/** Definitions are noted in tidemill.audit. */
const AUDITED: ReadonlySet<string> = new Set(['createTable', 'createView', 'createIndex',
  'createSchema', 'createDatabase', 'createFunction', 'createSubscription', 'createSink',
  'createConnection', 'createSecret', 'createRole', 'drop', 'alter', 'privileges']);

function textOf({ text }: StatementContext, { span }: Statement): string {
  return text.slice(span.start, span.end);
}

async function runStatement(
  session: SessionState, context: StatementContext, execution: Execution,
): Promise<StatementResult> {
  const { statement, parameters } = execution;
  const env: PlanEnv = { ...context.planning, parameterTypes: execution.parameterTypes };
  switch (statement.kind) {
    case 'query': case 'insert': case 'update': case 'delete':
      return runQueryOrChange(context, statement, env, parameters);
    case 'truncate': {
      refuseReadOnly(context, 'TRUNCATE TABLE');
      await truncateTables(context, statement.tables.map((name) => truncated(context, name)),
        statement.cascade);
      return command('TRUNCATE TABLE');
    }
    case 'merge':
      refuseReadOnly(context, 'MERGE');
      return runMerge(context, statement, env, parameters);
    case 'copy': return runCopy(context, statement, env);
    case 'subscribe': return await subscribe(context, statement);
    case 'explain': return runExplain(session, context, statement);
    case 'createTable': return createTable(context, statement);
    case 'createView': return createView(context, statement);
    case 'createIndex': return createIndex(context, statement);
    case 'createSchema': {
      const result = createSchema(context, statement);
      await createElements(context, statement, (inner, element) =>
        runStatement(session, inner, { ...execution, statement: element }));
      return result;
    }
    case 'createDatabase': return createDatabase(context, statement);
    case 'createFunction': return createFunction(context, statement);
    case 'drop': return dropObjects(context, statement);
    case 'alter': return alterObject(context, statement);
    case 'comment': return commentOn(context, statement);
    case 'createSink': return await createSink(context, statement);
    case 'createSubscription': return createSubscription(context, statement);
    case 'acknowledge': return acknowledge(context, statement);
    case 'createRole': return createRole(context, statement);
    case 'privileges': return runPrivileges(context, statement);
    default: return executeCommand(session, context, { ...execution, statement });
  }
}

function truncated(context: StatementContext, name: QualifiedName): StoredRelation {
  const relation = context.resolve(name);
  if (relation.kind === 'table') return relation;
  throw sqlError('42809', `"${relation.name}" is not a table`, { span: name.span });
}

async function runQueryOrChange(
  context: StatementContext, statement: Query | DataChange, env: PlanEnv,
  parameters: readonly Value[],
): Promise<StatementResult> {
  for (const change of [...changesOf(statement).map(({ query }) => query), statement]) {
    if (change.kind !== 'query') refuseReadOnly(context, change.kind.toUpperCase());
  }
  const into = statement.kind === 'query' ? selectInto(statement) : null;
  if (into !== null) return createTable(context, into);
  const withRows = await runChangesOfWith(context, statement, env, parameters);
  return statement.kind === 'query' ? runSelect(context, statement, withRows, parameters)
    : runChange(context, statement, withRows, parameters);
}

type Rest = Exclude<Statement, { kind: 'query' | 'insert' | 'update' | 'delete' | 'truncate'
  | 'copy' | 'merge'
  | 'subscribe' | 'explain' | 'createTable' | 'createView' | 'createIndex' | 'createSchema'
  | 'createDatabase' | 'createFunction' | 'drop' | 'alter' | 'comment' | 'createSubscription'
  | 'createSink' | 'acknowledge' | 'createRole' | 'privileges' }>;

async function executeCommand(
  session: SessionState, context: StatementContext, of: Execution & { readonly statement: Rest },
): Promise<StatementResult> {
  const { statement } = of;
  switch (statement.kind) {
    case 'begin': return beginBlock(session, context, statement);
    case 'commit': return commitBlock(session, context, statement);
    case 'rollback': return rollbackBlock(session, context, statement);
    case 'savepoint': return setSavepoint(context, statement);
    case 'releaseSavepoint': return releaseSavepoint(context, statement);
    case 'setVariable': return isClock(statement.name) ? setClock(session, context, statement)
      : setVariable(context, statement);
    case 'advanceClock': return advanceClock(session, context, statement);
    case 'setTransaction': return setTransaction(context, statement);
    case 'resetVariable': return isClock(statement.name) ? resetClock(session, context)
      : resetVariable(context, statement);
    case 'show': return showVariable(session, context, statement);
    case 'discard': return discard(session, context, statement);
    case 'prepare': return prepare(session, context, statement);
    case 'execute': return executePrepared(session, context, statement);
    case 'executeUnitTest': return executeUnitTest(context, statement);
    case 'deallocate': return deallocate(session, statement);
    case 'declareCursor': return declareCursor(session, context, { ...of, statement });
    case 'fetchCursor': return fetchCursor(session, context, statement);
    case 'closeCursor': return closeCursor(session, statement);
    case 'flush': case 'wait':
      await context.core.settle();
      return command(statement.kind.toUpperCase());
    case 'createSequence': return createSequence(context, statement);
    case 'createType': return createType(context, statement);
    case 'lockTable':
      for (const name of statement.tables) {
        await context.transaction.lock(context.resolve(name).id, 'change');
      }
      return command('LOCK TABLE');
    case 'listen':
      context.scope.channels.listen(statement.channel.name);
      return command('LISTEN');
    case 'unlisten':
      context.scope.channels.unlisten(statement.channel?.name ?? null);
      return command('UNLISTEN');
    case 'notify':
      context.scope.channels.notify({ pid: context.scope.pid, channel: statement.channel.name,
        payload: statement.payload ?? '' });
      return command('NOTIFY');
    case 'maintenance':
      for (const name of statement.names) context.resolve(name);
      return command(statement.command === 'refresh' ? 'REFRESH MATERIALIZED VIEW'
        : statement.command.toUpperCase());
    default: return refuse(statement);
  }
}

type Refused = Exclude<Rest, { kind: 'begin' | 'commit' | 'rollback' | 'savepoint'
  | 'releaseSavepoint' | 'setVariable' | 'setTransaction' | 'resetVariable' | 'show' | 'discard'
  | 'prepare' | 'execute' | 'executeUnitTest' | 'deallocate' | 'declareCursor' | 'fetchCursor'
  | 'createSequence' | 'createType' | 'closeCursor' | 'flush' | 'wait' | 'lockTable' | 'maintenance'
  | 'advanceClock' | 'listen'
  | 'unlisten' | 'notify' }>;

function refuse(statement: Refused): never {
  switch (statement.kind) {
    case 'createConnection': throw notSupported('CREATE CONNECTION',
      'Write the options in the WITH clause of the source.');
    case 'createSecret': throw notSupported('CREATE SECRET',
      'Write the option in the WITH clause of the source.');
    case 'kill': throw notSupported('KILL', 'Send a cancel request.');
    case 'unsupported': throw notSupported(statement.feature, null);
    default: return assertNever(statement);
  }
}

/** The error of a form that is parsed but not there. */
export function notSupported(what: string, instead: string | null): Error {
  return sqlError('0A000', `${what} is not supported`, { hint: instead ?? undefined });
}

async function runSelect(
  context: StatementContext, query: Query, env: PlanEnv, parameters: readonly Value[],
): Promise<StatementResult> {
  const plan = planSelect(query, env, parameters);
  if (query.locking.length > 0) await lockRead(context, query, plan.reads);
  return {
    kind: 'rows', columns: plan.columns, rows: new RowCursor(context.run(plan)),
    tag: (rows) => `SELECT ${rows}`,
  };
}

/** FOR UPDATE, FOR SHARE: the tables read are the transaction's own until it ends. */
async function lockRead(
  context: StatementContext, query: Query, reads: readonly number[],
): Promise<void> {
  for (const { strength, wait, of } of query.locking) {
    refuseReadOnly(context, `SELECT FOR ${strength.toUpperCase()}`);
    for (const id of reads) {
      const { kind, name } = context.table(id);
      if (kind === 'materializedView' && of.length === 0) {
        throw sqlError('42809', `cannot lock rows in materialized view "${name}"`);
      }
      if (kind !== 'table') continue;
      if (wait === 'nowait' && !context.transaction.mayLock(id, 'change')) {
        throw sqlError('55P03', `could not obtain lock on row in relation "${name}"`);
      }
      await context.transaction.lock(id, 'change');
    }
  }
}

function refuseReadOnly(context: StatementContext, what: string): void {
  if (!context.transaction.readOnly) return;
  throw sqlError('25006', `cannot execute ${what} in a read-only transaction`);
}

/** Statements a failed block accepts: those that end it. */
export function mayRunInFailedBlock(statement: Statement): boolean {
  return statement.kind === 'commit' || statement.kind === 'rollback';
}
