/**
 * SET, RESET, SET TRANSACTION and DISCARD.
 */
import { sqlError } from '../../common/errors.ts';
import { parseInterval } from '../../common/types/interval-parse.ts';
import type {
  Discard, ResetVariable, SetTransaction, SetVariable,
} from '../../parser/ast-statements.ts';
import type { Expr } from '../../parser/ast.ts';
import { quoteIdentifier } from '../../planner/functions/text-tools.ts';
import { command } from './result.ts';
import type { StatementResult } from './result.ts';
import type { SessionState } from './session-state.ts';
import type { StatementContext } from './statement-context.ts';
import { dropTemporary } from './temporary.ts';
import { applyModes } from './transaction-control.ts';

/** SET name TO value. */
export function setVariable(context: StatementContext, statement: SetVariable): StatementResult {
  const { name, values, local } = statement;
  const { settings } = context.scope;
  if (values === null) {
    settings.reset(name);
    return command('SET');
  }
  const texts = values.map((value) => valueText(name, value));
  if (local && !context.transaction.block) {
    context.notice('WARNING', '25P01', 'SET LOCAL can only be used in transaction blocks');
    return command('SET');
  }
  settings.set(name, name.toLowerCase() === 'search_path'
    ? texts.map(quoteIdentifier).join(', ') : texts.join(', '), local);
  return command('SET');
}

/** A value of SET as text: words and numbers as they are. */
export function valueText(name: string, value: Expr): string {
  switch (value.kind) {
    case 'stringLiteral': return value.value;
    case 'integerLiteral': case 'decimalLiteral': return value.text;
    case 'booleanLiteral': return value.value ? 'on' : 'off';
    case 'typedLiteral':
      return name.toLowerCase() === 'timezone' ? zoneHours(value.value) : value.value;
    case 'nullLiteral': return '';
    case 'columnRef': return value.parts.map((part) => part.name).join('.');
    case 'unary': return `${value.operator}${valueText(name, value.operand)}`;
    default: throw sqlError('22023', `invalid value for parameter "${name}"`, { span: value.span });
  }
}

/** INTERVAL '-08:00' HOUR TO MINUTE as a number of hours, the unit of a number alone. */
function zoneHours(text: string): string {
  if (/^\s*[+-]?\d+\s*$/.test(text)) return text;
  const { months, days, micros } = parseInterval(text);
  if (months === 0 && days === 0) return String(Number(micros) / 3_600_000_000);
  throw sqlError('22023', `invalid value for parameter "TimeZone": "${text}"`);
}

/** SET TRANSACTION and SET SESSION CHARACTERISTICS. */
export function setTransaction(
  context: StatementContext, statement: SetTransaction,
): StatementResult {
  const { modes } = statement;
  if (!statement.session) {
    applyModes(context, modes);
    return command('SET');
  }
  const { settings } = context.scope;
  if (modes.readOnly !== null) {
    settings.set('default_transaction_read_only', modes.readOnly ? 'on' : 'off', false);
  }
  if (modes.isolation !== null) {
    settings.set('default_transaction_isolation', modes.isolation, false);
  }
  return command('SET');
}

/** RESET name | ALL. */
export function resetVariable(
  context: StatementContext, statement: ResetVariable,
): StatementResult {
  if (statement.name === null) context.scope.settings.resetAll();
  else context.scope.settings.reset(statement.name);
  return command('RESET');
}

/** DISCARD ALL and its parts. */
export async function discard(
  session: SessionState, context: StatementContext, statement: Discard,
): Promise<StatementResult> {
  if (statement.what === 'all' && context.transaction.block) {
    throw sqlError('25001', 'DISCARD ALL cannot run inside a transaction block');
  }
  if (statement.what === 'all' || statement.what === 'plans') session.statements.clear();
  if (statement.what === 'all') {
    for (const name of session.portals.keys()) await session.closePortal(name);
    context.scope.settings.resetAll();
    context.scope.channels.unlisten(null);
  }
  if (statement.what === 'all' || statement.what === 'temp') {
    const { core, database, pid } = context.scope;
    await dropTemporary(core, database.id, pid);
  }
  return command(`DISCARD ${statement.what.toUpperCase()}`);
}
