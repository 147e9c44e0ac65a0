/**
 * EXECUTE UNIT TEST: a view on mock inputs, at chosen times, against the rows it should have.
 *
 * The view and all it reads are copied into an engine of their own, in memory and with a clock that
 * the test moves; so a test sees the real operators, leaves no trace, may run on a living server
 * and gives the same answer every time. Relations that are mocked or read from outside become
 * plain tables there, with their keys, watermarks and types.
 */
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import type { SqlError } from '../../common/errors.ts';
import { formatType } from '../../common/types/registry.ts';
import { sameType } from '../../common/types/sql-type.ts';
import type { Value } from '../../common/values.ts';
import type { ExecuteUnitTest, UnitTestRows } from '../../parser/ast-statements.ts';
import type { Expr } from '../../parser/ast.ts';
import { printIdentifier } from '../../parser/print-names.ts';
import { printQuery } from '../../parser/print.ts';
import { bindTypeName, constantArguments } from '../../planner/planner.ts';
import type { StoredRelation } from '../catalog-store-types.ts';
import type { EngineTestClock } from '../engine-test-clock.ts';
import type { ResultColumn } from '../../planner/plans.ts';
import { resultColumn, rowsResult } from './result.ts';
import type { StatementResult } from './result.ts';
import type { StatementContext } from './statement-context.ts';
import { copyForTest } from './unit-test-copy.ts';
import { ScratchClient } from './unit-test-scratch.ts';

/** When a test begins that names no time: 2000-01-01 00:00:00 UTC. */
const BEGINNING = 946_684_800_000_000n;

const TEXT = { name: 'text' } as const;

/** Columns of the result. */
export function unitTestColumns(): readonly ResultColumn[] {
  return [resultColumn('test', TEXT), resultColumn('status', TEXT), resultColumn('row', TEXT)];
}

/** Runs a test: one row `ok`, or a row per difference: `missing`, `unexpected`. */
export async function executeUnitTest(
  context: StatementContext, test: ExecuteUnitTest,
): Promise<StatementResult> {
  const view = context.resolve(test.relation);
  if (view.view === null && view.kind !== 'view') {
    throw sqlError('42809', `"${view.name}" is not a view`, { span: test.relation.span });
  }
  const mocked = test.mocks.map((mock) => ({ mock, relation: context.resolve(mock.relation) }));
  const times = mocked.map(({ mock }) => timeOf(context, mock.at));
  const end = timeOf(context, test.at);
  const { core, connect } = await context.scope.scratch();
  const clock = must(core.testClock, 'clock of a scratch engine');
  try {
    await clock.moveTo(times.find((at) => at !== null) ?? end ?? BEGINNING, () => false);
    const ids = new Set(mocked.map(({ relation }) => relation.id));
    const ddl = copyForTest(context.transaction.catalog, view, ids);
    for (const { mock, relation } of mocked) refuseUnread(ddl.copied, relation, mock.relation.span);
    core.catalog.reserve(context.core.catalog.nextOid);
    await core.commit([], ddl.changes);
    const scratch = new ScratchClient(await connect({
      user: context.scope.user, database: context.scope.database.name, settings: [], pid: 1,
      clientAddress: '',
    }));
    await scratch.begin(context);
    for (const [at, { mock, relation }] of mocked.entries()) {
      await moveTo(context, clock, times[at] ?? null);
      await scratch.run(insertText(context, relation, mock.rows));
    }
    await moveTo(context, clock, end);
    const differences = await compare(context, scratch, view, test.expected);
    const name = test.name.name;
    return rowsResult(unitTestColumns(), differences.length === 0 ? [[name, 'ok', null]]
      : differences.map(({ status, row }): readonly Value[] => [name, status, row]),
    () => 'EXECUTE UNIT TEST');
  } finally {
    await core.close();
  }
}

function timeOf(context: StatementContext, expr: Expr | null): bigint | null {
  if (expr === null) return null;
  const [time = null] = constantArguments([expr], [{ name: 'timestamptz' }], {
    env: context.planning, context: context.evaluation,
  });
  if (time === null) throw sqlError('22004', 'AT TIME must not be null', { span: expr.span });
  return time as bigint;
}

async function moveTo(
  context: StatementContext, clock: EngineTestClock, time: bigint | null,
): Promise<void> {
  if (time === null) return;
  if (time < clock.now()) throw sqlError('22023', 'times of a unit test must not go back');
  await clock.moveTo(time, context.scope.cancelled);
}

function refuseUnread(
  copied: ReadonlySet<number>, { id, name, kind }: StoredRelation, span: ExecuteUnitTest['span'],
): void {
  if (kind === 'view') {
    throw sqlError('0A000', `plain view "${name}" cannot be mocked`, {
      span, hint: 'Mock the tables it reads.',
    });
  }
  if (copied.has(id)) return;
  throw sqlError('42809', `the view does not read "${name}"`, { span });
}

/** INSERT INTO schema.table (columns) query. */
function insertText(
  context: StatementContext, relation: StoredRelation, rows: UnitTestRows,
): string {
  const names = rows.columns.map(({ name, type, span }) => {
    const column = relation.columns.find((each) => each.name === name.name);
    if (column === undefined) throw noColumn(relation, name.name, span);
    const given = type === null ? column.type : bindTypeName(type, context.planning);
    if (!sameType(given, column.type)) {
      throw sqlError('42804', `column "${name.name}" is of type ${formatType(column.type)} but `
        + `is mocked as ${formatType(given)}`, { span });
    }
    return printIdentifier(name);
  });
  return `INSERT INTO ${nameOf(relation)}${names.length === 0 ? '' : ` (${names.join(', ')})`} ${
    printQuery(rows.query)}`;
}

function noColumn(
  relation: StoredRelation, name: string, span: ExecuteUnitTest['span'],
): SqlError {
  return sqlError('42703', `column "${name}" of relation "${relation.name}" does not exist`, {
    span,
  });
}

function nameOf({ schema, name }: StoredRelation): string {
  return `${quoted(schema)}.${quoted(name)}`;
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

interface Difference {
  readonly status: 'missing' | 'unexpected';
  readonly row: string;
}

/** Both sides as rows of text, in order; what one has and the other has not. */
async function compare(
  context: StatementContext, scratch: ScratchClient, view: StoredRelation, expected: UnitTestRows,
): Promise<readonly Difference[]> {
  const columns = expected.columns.length === 0 ? view.columns
    : expected.columns.map(({ name, type, span }) => {
      const found = view.columns.find((column) => column.name === name.name);
      if (found === undefined) throw noColumn(view, name.name, span);
      return { name: found.name,
        type: type === null ? found.type : bindTypeName(type, context.planning) };
    });
  const names = columns.map(({ name }) => quoted(name));
  const got = await scratch.rows(`SELECT ${names.join(', ')} FROM ${nameOf(view)}`);
  const places = columns.map((_column, at) => `c${at}`);
  const wanted = await scratch.rows(`SELECT ${columns.map(({ type }, at) =>
    `CAST(c${at} AS ${formatType(type)})`).join(', ')} FROM (${printQuery(expected.query)}) AS e(${
    places.join(', ')})`);
  return [
    ...without(wanted, got).map((row) => ({ status: 'missing' as const, row })),
    ...without(got, wanted).map((row) => ({ status: 'unexpected' as const, row })),
  ];
}

/** The rows of `all` that `other` has not, with repeats, in order. */
function without(all: readonly string[], other: readonly string[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const row of other) counts.set(row, (counts.get(row) ?? 0) + 1);
  return all.filter((row) => {
    const left = counts.get(row) ?? 0;
    if (left > 0) counts.set(row, left - 1);
    return left === 0;
  }).toSorted();
}
