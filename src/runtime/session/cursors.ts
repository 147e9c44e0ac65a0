/**
 * DECLARE, FETCH, MOVE and CLOSE. A cursor is a portal with a name; it reads forward only.
 */
import { sqlError } from '../../common/errors.ts';
import type { CloseCursor, DeclareCursor, FetchCursor } from '../../parser/ast-statements.ts';
import type { Batch } from '../batch.ts';
import { RowCursor, command } from './result.ts';
import type { StatementResult } from './result.ts';
import type { SessionState } from './session-state.ts';
import type { StatementContext } from './statement-context.ts';

/** DECLARE name CURSOR FOR query. */
export async function declareCursor(
  session: SessionState, context: StatementContext, statement: DeclareCursor,
): Promise<StatementResult> {
  const { name, span } = statement.name;
  if (statement.query === null || statement.query.kind !== 'query') {
    throw sqlError('0A000', 'cursors over subscriptions are not supported', {
      span, hint: 'Declare the cursor for a SELECT over the view.',
    });
  }
  if (statement.scroll === true) {
    throw sqlError('0A000', 'SCROLL cursors are not supported', {
      span, hint: 'Declare the cursor with NO SCROLL and read it forward.',
    });
  }
  if (!context.transaction.block && !statement.hold) {
    throw sqlError('25P01', 'DECLARE CURSOR can only be used in transaction blocks');
  }
  if (session.portals.has(name)) {
    throw sqlError('42P03', `cursor "${name}" already exists`, { span });
  }
  const result = await session.run(context, {
    statement: statement.query, parameters: [], parameterTypes: [],
  });
  session.portals.set(name, {
    name, parsed: { statement: statement.query, span: statement.span, text: context.text },
    parameters: [], parameterTypes: [], result,
    columns: result.kind === 'rows' ? result.columns : null,
    hold: statement.hold, cursor: true, finished: false,
  });
  return command('DECLARE CURSOR');
}

/** FETCH and MOVE. */
export async function fetchCursor(
  session: SessionState, statement: FetchCursor,
): Promise<StatementResult> {
  const portal = session.portal(statement.name.name);
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
  if (statement.options.length > 0) {
    throw sqlError('0A000', 'FETCH ... WITH (timeout) is for subscriptions only');
  }
  const batches: Batch[] = [];
  const total = await take(result.rows, countOf(statement), batches);
  if (statement.move) return command(`MOVE ${total}`);
  return {
    kind: 'rows', columns: result.columns, rows: RowCursor.of(batches),
    tag: (rows) => `FETCH ${rows}`,
  };
}

/** Rows to read; 0 for all. */
function countOf(statement: FetchCursor): number | null {
  switch (statement.direction) {
    case 'next': return 1;
    case 'forward': return statement.count;
    case 'relative':
      if (statement.count !== null && statement.count >= 0) return statement.count;
      break;
    default: break;
  }
  throw sqlError('55000', 'cursor can only scan forward', {
    hint: 'Declare it with SCROLL option to enable backward scan.',
  });
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
