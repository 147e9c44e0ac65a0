/**
 * BEGIN, COMMIT, ROLLBACK and savepoints, with PostgreSQL's warnings and tags.
 */
import { sqlError } from '../../common/errors.ts';
import type {
  Begin, Commit, ReleaseSavepoint, Rollback, Savepoint, TransactionModes,
} from '../../parser/ast-statements.ts';
import { command } from './result.ts';
import type { StatementResult } from './result.ts';
import type { SessionState } from './session-state.ts';
import type { StatementContext } from './statement-context.ts';

/** BEGIN or START TRANSACTION. */
export function beginBlock(
  session: SessionState, context: StatementContext, statement: Begin,
): StatementResult {
  if (context.transaction.block) {
    context.notice('WARNING', '25001', 'there is already a transaction in progress');
  }
  session.begin();
  applyModes(context, statement.modes);
  return command(statement.start ? 'START TRANSACTION' : 'BEGIN');
}

/** Sets what BEGIN and SET TRANSACTION ask for. */
export function applyModes(context: StatementContext, modes: TransactionModes): void {
  if (modes.readOnly !== null) context.transaction.readOnly = modes.readOnly;
  if (modes.isolation !== null) {
    context.scope.settings.set('transaction_isolation', modes.isolation, true);
  }
}

/** COMMIT; in a failed block it rolls back and says so. */
export async function commitBlock(
  session: SessionState, context: StatementContext, statement: Commit,
): Promise<StatementResult> {
  const { block, failed } = context.transaction;
  if (!block) context.notice('WARNING', '25P01', 'there is no transaction in progress');
  await session.finish(true);
  if (statement.chain) session.begin();
  return command(failed ? 'ROLLBACK' : 'COMMIT');
}

/** ROLLBACK, or ROLLBACK TO a savepoint. */
export async function rollbackBlock(
  session: SessionState, context: StatementContext, statement: Rollback,
): Promise<StatementResult> {
  const { transaction } = context;
  if (statement.savepoint !== null) {
    requireBlock(context, 'ROLLBACK TO SAVEPOINT');
    const { name, span } = statement.savepoint;
    if (!transaction.rollbackTo(name)) {
      throw sqlError('3B001', `savepoint "${name}" does not exist`, { span });
    }
    return command('ROLLBACK');
  }
  if (!transaction.block) {
    context.notice('WARNING', '25P01', 'there is no transaction in progress');
  }
  await session.finish(false);
  if (statement.chain) session.begin();
  return command('ROLLBACK');
}

/** SAVEPOINT. */
export function setSavepoint(context: StatementContext, statement: Savepoint): StatementResult {
  requireBlock(context, 'SAVEPOINT');
  context.transaction.savepoint(statement.name.name);
  return command('SAVEPOINT');
}

/** RELEASE SAVEPOINT. */
export function releaseSavepoint(
  context: StatementContext, statement: ReleaseSavepoint,
): StatementResult {
  requireBlock(context, 'RELEASE SAVEPOINT');
  const { name, span } = statement.name;
  if (!context.transaction.release(name)) {
    throw sqlError('3B001', `savepoint "${name}" does not exist`, { span });
  }
  return command('RELEASE');
}

function requireBlock(context: StatementContext, what: string): void {
  if (context.transaction.block) return;
  throw sqlError('25P01', `${what} can only be used in transaction blocks`);
}
