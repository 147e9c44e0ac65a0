/**
 * SET tidemill.clock, RESET tidemill.clock and ADVANCE CLOCK: the time of an engine in test mode.
 *
 * The clock belongs to the engine, not to the session. Every statement returns when all that was
 * due on the way has been done and published.
 */
import { sqlError } from '../../common/errors.ts';
import type { SqlError } from '../../common/errors.ts';
import { addToTimestamptz } from '../../common/types/datetime-arithmetic.ts';
import type { Interval } from '../../common/types/interval.ts';
import { formatValue, parseValue } from '../../common/types/registry.ts';
import type { AdvanceClock, SetVariable } from '../../parser/ast-statements.ts';
import { constantArguments } from '../../planner/planner.ts';
import type { EngineTestClock } from '../engine-test-clock.ts';
import { command } from './result.ts';
import type { StatementResult } from './result.ts';
import type { SessionState } from './session-state.ts';
import { valueText } from './set.ts';
import type { StatementContext } from './statement-context.ts';

const CLOCK = 'tidemill.clock';

/** True for the name of the setting that is the clock. */
export function isClock(name: string | null): boolean {
  return name !== null && name.toLowerCase() === CLOCK;
}

/** SET tidemill.clock = '2026-01-01 00:00:00+00' | DEFAULT. */
export async function setClock(
  session: SessionState, context: StatementContext, { values, local, span }: SetVariable,
): Promise<StatementResult> {
  if (values === null) return await resetClock(session, context);
  const clock = testClock(context, 'SET tidemill.clock');
  if (local) throw sqlError('0A000', 'SET LOCAL tidemill.clock is not supported', { span });
  const text = values.map((value) => valueText(CLOCK, value)).join(', ');
  const to = parseValue(text, { name: 'timestamptz' }, formatting(context));
  await move(session, context, () => clock.moveTo(to as bigint, context.scope.cancelled));
  return command('SET');
}

/** RESET tidemill.clock: the machine's time again. */
export async function resetClock(
  session: SessionState, context: StatementContext,
): Promise<StatementResult> {
  const clock = testClock(context, 'RESET tidemill.clock');
  await move(session, context, () => clock.release());
  return command('RESET');
}

/** ADVANCE CLOCK BY interval | TO time. */
export async function advanceClock(
  session: SessionState, context: StatementContext, { to, value, span }: AdvanceClock,
): Promise<StatementResult> {
  const clock = testClock(context, 'ADVANCE CLOCK');
  const [amount = null] = constantArguments([value], [{ name: to ? 'timestamptz' : 'interval' }], {
    env: context.planning, context: context.evaluation,
  });
  if (amount === null) {
    throw sqlError('22004', 'ADVANCE CLOCK needs a time that is not null', { span: value.span });
  }
  await move(session, context, async () => {
    const now = clock.now();
    const goal = to ? amount as bigint
      : addToTimestamptz(now, amount as Interval, context.scope.settings.get('timezone'));
    if (goal < now) throw sqlError('22023', 'ADVANCE CLOCK cannot go back', { span });
    await clock.moveTo(goal, context.scope.cancelled);
  });
  return command('ADVANCE CLOCK');
}

/** What was said before in the same message happens before; what comes after sees the new time. */
async function move(
  session: SessionState, context: StatementContext, go: () => Promise<void>,
): Promise<void> {
  // Moving the clock would meet the statement's own time limit.
  context.scope.untimed();
  await session.finish(true);
  await go();
}

/** The clock's time as SHOW prints it. */
export function clockText(context: StatementContext): string {
  const { testClock: clock, environment } = context.core;
  const now = clock?.now() ?? environment.clock.nowMicros();
  return formatValue(now, { name: 'timestamptz' }, formatting(context)) ?? '';
}

function formatting(context: StatementContext): ReturnType<typeof context.scope.settings.format> {
  return context.scope.settings.format(context.transaction.now);
}

function testClock(context: StatementContext, what: string): EngineTestClock {
  if (context.transaction.block) {
    throw sqlError('25001', `${what} cannot run inside a transaction block`);
  }
  const clock = context.core.testClock;
  if (clock === null) throw notInTestMode(what);
  return clock;
}

function notInTestMode(what: string): SqlError {
  return sqlError('55000', `${what} is possible in test mode only`, {
    hint: 'Start the server with --data-dir :memory: or with --clock test.',
  });
}
