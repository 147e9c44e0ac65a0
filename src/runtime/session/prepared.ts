/**
 * PREPARE, EXECUTE and DEALLOCATE: the SQL face of prepared statements, one name space with the
 * protocol's.
 */
import { sqlError } from '../../common/errors.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { Deallocate, Execute, Prepare } from '../../parser/ast-statements.ts';
import { bindTypeName, constantArguments } from '../../planner/planner.ts';
import { describeStatement } from './describe.ts';
import { command } from './result.ts';
import type { StatementResult } from './result.ts';
import type { SessionState } from './session-state.ts';
import type { StatementContext } from './statement-context.ts';

/** PREPARE name (types) AS statement. */
export function prepare(
  session: SessionState, context: StatementContext, statement: Prepare,
): StatementResult {
  const { name, span } = statement.name;
  if (session.statements.has(name)) {
    throw sqlError('42P05', `prepared statement "${name}" already exists`, { span });
  }
  const parameterTypes = statement.types.map((type) => bindTypeName(type, context.planning));
  describeStatement(session, context, { statement: statement.statement, parameterTypes });
  session.statements.set(name, {
    name, parameterTypes, fromSql: true,
    parsed: { statement: statement.statement, span: statement.span, text: context.text },
  });
  return command('PREPARE');
}

/** EXECUTE name (arguments). */
export function executePrepared(
  session: SessionState, context: StatementContext, statement: Execute,
): Promise<StatementResult> {
  const found = session.statements.get(statement.name.name);
  if (found === undefined || found.parsed === null) {
    throw sqlError('26000', `prepared statement "${statement.name.name}" does not exist`,
      { span: statement.name.span });
  }
  const inner = session.context(found.parsed.text);
  const types: readonly SqlType[] = describeStatement(session, inner, {
    statement: found.parsed.statement, parameterTypes: found.parameterTypes,
  }).parameters;
  if (types.length !== statement.args.length) {
    throw sqlError('42601', `wrong number of parameters for prepared statement "${found.name}"`, {
      detail: `Expected ${types.length} parameters but got ${statement.args.length}.`,
    });
  }
  const parameters = constantArguments(statement.args, types, {
    env: context.planning, context: context.evaluation,
  });
  return session.run(inner, {
    statement: found.parsed.statement, parameters, parameterTypes: types,
  });
}

/** DEALLOCATE name | ALL. */
export function deallocate(session: SessionState, statement: Deallocate): StatementResult {
  if (statement.name === null) {
    session.statements.clear();
    return command('DEALLOCATE ALL');
  }
  const { name, span } = statement.name;
  if (!session.statements.delete(name)) {
    throw sqlError('26000', `prepared statement "${name}" does not exist`, { span });
  }
  return command('DEALLOCATE');
}
