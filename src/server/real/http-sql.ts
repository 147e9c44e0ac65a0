/**
 * POST /sql and GET /view: statements in, rows as JSON out.
 *
 * Numbers that JavaScript holds exactly are JSON numbers; int8, numeric and the rest are texts as
 * psql shows them; json and jsonb are what they are.
 */
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import { formatValue } from '../../common/types/registry.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { Value } from '../../common/values.ts';
import type { ResultColumn } from '../../planner/plans.ts';
import { cell } from '../../runtime/batch.ts';
import type { Engine, SessionEvent, SqlSession } from '../../runtime/session-api.ts';
import type { Caller } from './http-auth.ts';

/** Most rows of an answer. */
const ROWS_MAX = 100_000;

/** A value as JSON. */
export type Json =
  | string | number | boolean | null | readonly Json[] | { readonly [k: string]: Json };

/** Rows of one event as objects. */
export function jsonRows(
  columns: readonly ResultColumn[], event: SessionEvent & { kind: 'rows' },
): { readonly [column: string]: Json }[] {
  const rows: { [column: string]: Json }[] = [];
  for (let row = 0; row < event.batch.length; row++) {
    const object: { [column: string]: Json } = {};
    for (const [at, { name, type }] of columns.entries()) {
      const text = event.texts?.[at]?.[row];
      object[name] = text ?? jsonOf(cell(must(event.batch.columns[at], 'column'), row), type);
    }
    rows.push(object);
  }
  return rows;
}

function jsonOf(value: Value, type: SqlType): Json {
  if (value === null) return null;
  if (typeof value === 'boolean') return value;
  if (['int2', 'int4', 'oid', 'float4', 'float8'].includes(type.name)) {
    return typeof value === 'number' && Number.isFinite(value) ? value : formatValue(value, type);
  }
  const text = formatValue(value, type) ?? '';
  return type.name === 'json' || type.name === 'jsonb' ? JSON.parse(text) as Json : text;
}

/** A session for one request. */
export async function withSession<T>(
  engine: Engine, caller: Caller, database: string, work: (session: SqlSession) => Promise<T>,
): Promise<T> {
  const session = await engine.connect({
    user: caller.user, database, settings: [['application_name', 'http']], pid: httpPid(),
    clientAddress: caller.address,
  });
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}

let lastPid = 1_000_000;

/** HTTP sessions have numbers of their own, above those of connections. */
function httpPid(): number {
  lastPid = lastPid >= 2_000_000_000 ? 1_000_000 : lastPid + 1;
  return lastPid;
}

interface SqlRequest {
  readonly query: string;
  readonly database: string;
  readonly parameters: readonly Value[];
}

function requestOf(body: string, json: boolean): SqlRequest {
  if (!json) return { query: body, database: 'tidemill', parameters: [] };
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    throw sqlError('22P02', 'the body is no JSON');
  }
  const { query, database, parameters } = (parsed ?? {}) as Record<string, unknown>;
  if (typeof query !== 'string') {
    throw sqlError('22023', 'the body needs a "query"', {
      hint: 'Send {"query": "SELECT 1", "parameters": []}, or the statement as text/plain.',
    });
  }
  return {
    query, database: typeof database === 'string' ? database : 'tidemill',
    parameters: Array.isArray(parameters) ? parameters as Value[] : [],
  };
}

interface StatementAnswer {
  readonly command: string;
  readonly columns?: readonly { readonly name: string; readonly type: string }[];
  readonly rows?: readonly object[];
}

/** Runs statements in a session of their own: one transaction unless they say otherwise. */
export async function runSql(
  engine: Engine, caller: Caller, body: string, json: boolean,
): Promise<object> {
  const { query, database, parameters } = requestOf(body, json);
  return await withSession(engine, caller, database, async (session) => {
    if (parameters.length === 0) return { results: await collect(session.query(query)) };
    return { results: await collect(await bound(session, query, parameters)) };
  });
}

async function bound(
  session: SqlSession, query: string, parameters: readonly Value[],
): Promise<AsyncIterable<SessionEvent>> {
  const { parseValue } = await import('../../common/types/registry.ts');
  const { parameters: types } = await session.parse('', query, []);
  if (types.length !== parameters.length) {
    throw sqlError('08P01', `${parameters.length} parameters given, ${types.length} needed`);
  }
  const values = parameters.map((value, at): Value => {
    if (value === null) return null;
    const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
    return parseValue(text, must(types[at], 'parameter type'));
  });
  await session.bind('', '', values);
  return settled(session);
}

async function* settled(session: SqlSession): AsyncIterable<SessionEvent> {
  const { columns } = await session.describeStatement('');
  if (columns !== null) yield { kind: 'columns', columns };
  for await (const event of session.execute('', 0)) if (event.kind !== 'columns') yield event;
  await session.sync();
}

async function collect(events: AsyncIterable<SessionEvent>): Promise<readonly StatementAnswer[]> {
  const answers: StatementAnswer[] = [];
  let columns: readonly ResultColumn[] | null = null;
  let rows: object[] = [];
  for await (const event of events) {
    if (event.kind === 'columns') columns = event.columns;
    else if (event.kind === 'rows') {
      rows.push(...jsonRows(columns ?? [], event));
      if (rows.length > ROWS_MAX) {
        throw sqlError('54000', `the answer has more than ${ROWS_MAX} rows`, {
          hint: 'Use LIMIT, or read it over the Postgres protocol.',
        });
      }
    } else if (event.kind === 'flush') {
      throw sqlError('0A000', 'a subscription does not end', { hint: 'GET /subscribe/<name>.' });
    } else if (event.kind === 'copyIn' || event.kind === 'copyOut') {
      throw sqlError('0A000', 'COPY does not work over HTTP', { hint: 'POST /ingest/<table>.' });
    } else if (event.kind === 'error') {
      throw sqlError(event.error.sqlState, event.error.message, event.error.fields);
    } else if (event.kind === 'complete') {
      answers.push(columns === null ? { command: event.tag } : {
        command: event.tag, rows,
        columns: columns.map(({ name, type }) => ({ name, type: type.name })),
      });
      columns = null;
      rows = [];
    }
  }
  return answers;
}

/** `GET /view/<name>?column=value&limit=10`: the rows whose columns have these values. */
export async function viewRows(
  engine: Engine, caller: Caller, name: string, parameters: URLSearchParams,
): Promise<object> {
  const conditions: string[] = [];
  const values: string[] = [];
  let limit = ROWS_MAX;
  for (const [column, value] of parameters) {
    if (column === 'limit') {
      limit = Number(value);
      if (!Number.isInteger(limit) || limit < 0) throw sqlError('22023', 'limit is a number');
      continue;
    }
    if (column === 'key') {
      values.push(value);
      conditions.push('key');
      continue;
    }
    values.push(value);
    conditions.push(quoted(column));
  }
  return await withSession(engine, caller, 'tidemill', async (session) => {
    const columns = await conditionColumns(session, name, conditions);
    const where = columns.map((column, at) => `${column} = $${at + 1}`).join(' AND ');
    const text = `SELECT * FROM ${quotedName(name)}${where === '' ? '' : ` WHERE ${where}`}`
      + ` LIMIT ${Math.min(limit, ROWS_MAX)}`;
    const [answer] = await collect(values.length === 0 ? session.query(text)
      : await bound(session, text, values));
    return { view: name, rows: answer?.rows ?? [] };
  });
}

/** `?key=` stands for the first column. */
async function conditionColumns(
  session: SqlSession, name: string, conditions: readonly string[],
): Promise<readonly string[]> {
  if (!conditions.includes('key')) return conditions;
  const { columns } = await session.parse('', `SELECT * FROM ${quotedName(name)}`, []);
  const first = must(columns?.[0], 'first column').name;
  const hasKey = columns?.some((column) => column.name === 'key') === true;
  return conditions.map((column) => (column === 'key' ? hasKey ? quoted('key') : quoted(first)
    : column));
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** `view` or `schema.view`, quoted. */
export function quotedName(name: string): string {
  return name.split('.').map(quoted).join('.');
}
