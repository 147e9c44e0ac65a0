/**
 * DECLARE, FETCH, MOVE and CLOSE. A cursor is a portal with a name; with SCROLL it can go back.
 */
import { sqlError } from '../../common/errors.ts';
import type { CloseCursor, DeclareCursor, FetchCursor } from '../../parser/ast-statements.ts';
import type { Batch } from '../batch.ts';
import type { Execution } from './session-state.ts';
import { countOf } from './fetch-count.ts';
import { RowCursor, command } from './result.ts';
import type { StatementResult } from './result.ts';
import { ScrollRows } from './scroll-rows.ts';
import type { SessionState } from './session-state.ts';
import type { StatementContext } from './statement-context.ts';
import { fetchTimeout } from './subscribe.ts';
import { declareSubscriptionCursor, fetchChanges } from './subscription-fetch.ts';

/** DECLARE name CURSOR FOR query. */
export async function declareCursor(
  session: SessionState, context: StatementContext,
  of: Execution & { readonly statement: DeclareCursor },
): Promise<StatementResult> {
  const { statement, parameters, parameterTypes } = of;
  const { name, span } = statement.name;
  if (statement.query === null) {
    return declareSubscriptionCursor(session, context, statement);
  }
  if (statement.hold && statement.query.kind === 'subscribe') {
    throw sqlError('0A000', 'a cursor WITH HOLD for SUBSCRIBE is not supported', {
      span, hint: 'Keep the transaction open while you read it.',
    });
  }
  if (!context.transaction.block && !statement.hold) {
    throw sqlError('25P01', 'DECLARE CURSOR can only be used in transaction blocks');
  }
  if (session.portals.has(name)) {
    throw sqlError('42P03', `cursor "${name}" already exists`, { span });
  }
  const result = await session.run(context, {
    statement: statement.query, parameters, parameterTypes,
  });
  session.portals.set(name, {
    name, parsed: { statement: statement.query, span: statement.span, text: context.text },
    parameters: [], parameterTypes: [], result,
    columns: result.kind === 'rows' ? result.columns : null,
    hold: statement.hold, cursor: true, finished: false,
    ...(statement.scroll === true && result.kind === 'rows' && result.live === undefined
      ? { scroll: new ScrollRows(result.rows) } : {}),
  });
  return command('DECLARE CURSOR');
}

/** FETCH and MOVE. */
export async function fetchCursor(
  session: SessionState, context: StatementContext, statement: FetchCursor,
): Promise<StatementResult> {
  const portal = session.portal(statement.name.name);
  if (portal.subscription !== undefined) {
    return fetchChanges(context, statement, portal.subscription);
  }
  if (portal.result === null && portal.parsed !== null) {
    portal.result = await session.run(session.context(portal.parsed.text), {
      statement: portal.parsed.statement, parameters: portal.parameters,
      parameterTypes: portal.parameterTypes,
    });
  }
  const { result } = portal;
  if (result === null || result.kind !== 'rows') {
    throw sqlError('55000', `cursor "${portal.name}" has no rows to fetch`);
  }
  if (portal.scroll !== undefined) {
    const found = await portal.scroll.fetch(statement);
    if (statement.move) return command(`MOVE ${found.length}`);
    return {
      kind: 'rows', columns: result.columns, rows: RowCursor.of(found),
      tag: (rows) => `FETCH ${rows}`,
    };
  }
  const batches: Batch[] = [];
  const count = countOf(statement);
  const timeout = fetchTimeout(context, statement);
  const total = result.live === undefined ? await take(result.rows, count, batches)
    : await takeLive(context, result, { count, timeout, into: batches });
  if (statement.move) return command(`MOVE ${total}`);
  return {
    kind: 'rows', columns: result.columns, rows: RowCursor.of(batches),
    tag: (rows) => `FETCH ${rows}`,
  };
}

async function take(rows: RowCursor, count: number | null, into: Batch[]): Promise<number> {
  let total = 0;
  while (count === null || total < count) {
    const batch = await rows.next(count === null ? 0 : count - total);
    if (batch === null) break;
    into.push(batch);
    total += batch.length;
  }
  return total;
}

/** What a subscription has; waits for the first row when there is a timeout. */
async function takeLive(
  { scope, core }: StatementContext, result: StatementResult & { kind: 'rows' },
  of: { readonly count: number | null; readonly timeout: bigint | null; readonly into: Batch[] },
): Promise<number> {
  const { rows, live } = result;
  const ready = (): boolean => rows.buffered || live?.ready === true || scope.cancelled();
  if (of.timeout !== null && !ready() && of.count !== 0) {
    scope.untimed();
    await live?.wait(core.environment.clock.nowMicros() + of.timeout);
  }
  let total = 0;
  while ((of.count === null || total < of.count) && ready()) {
    const batch = await rows.next(of.count === null ? 0 : of.count - total);
    if (batch === null) break;
    of.into.push(batch);
    total += batch.length;
  }
  return total;
}

/** CLOSE name | ALL. */
export async function closeCursor(
  session: SessionState, statement: CloseCursor,
): Promise<StatementResult> {
  if (statement.name === null) {
    for (const [name, portal] of session.portals) {
      if (portal.cursor) await session.closePortal(name);
    }
    return command('CLOSE CURSOR ALL');
  }
  session.portal(statement.name.name);
  await session.closePortal(statement.name.name);
  return command('CLOSE CURSOR');
}
