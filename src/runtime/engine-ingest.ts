/**
 * HTTP ingest: JSON or NDJSON records as rows of a table.
 *
 * A request counts as a whole: the first record that is no row refuses it, naming the record, so
 * that nothing is lost between sender and table. Defaults, generated columns and CHECK constraints
 * hold as they do for INSERT.
 */
import { must } from '../common/assert.ts';
import { sqlError } from '../common/errors.ts';
import type { SqlError } from '../common/errors.ts';
import { physicalOf } from '../common/types/sql-type.ts';
import { defaultExprOf } from '../planner/functions/domain.ts';
import type { EvaluationContext } from '../planner/functions/entry.ts';
import type { Batch, Column } from './batch.ts';
import { batchOf, makeColumn, setCell } from './batch.ts';
import type { StoredRelation } from './catalog-store-types.ts';
import { checkDomainColumns } from './domain-columns.ts';
import { JsonDecoder } from './formats/json.ts';
import type { RecordError } from './formats/json.ts';
import { compileMap } from './kernels/map.ts';
import type { OnTaken } from './storage/epoch-log.ts';

/** What ingest needs of its surroundings. */
export interface IngestContext {
  readonly evaluation: EvaluationContext;
  nextSequence(sequence: number): bigint;
}

/** What ingest does with rows whose key is taken: as the table's ON CONFLICT says. */
export function onTakenOf({ onConflict, name }: StoredRelation): OnTaken {
  if (onConflict === null) return 'refuse';
  if (onConflict.kind === 'nothing') return 'skip';
  if (onConflict.kind === 'overwrite' && onConflict.versionColumn === null) return 'replace';
  throw sqlError('0A000', `table "${name}" has an ON CONFLICT clause that ingest does not know`, {
    hint: 'Use INSERT, or declare ON CONFLICT DO NOTHING or OVERWRITE.',
  });
}

/** Decodes a request; throws for the first record that is no row of the table. */
export function decodeIngest(
  table: StoredRelation, body: Uint8Array, context: IngestContext,
): Batch {
  const given = table.columns.map((column, at) => ({ ...column, at }))
    .filter((column) => column.generated === null);
  const decoder = new JsonDecoder(given.map(({ name, type }) => ({ name, type, notNull: false })));
  const text = decodeText(body);
  let record = 0;
  for (const [start, end] of decoder.records(text)) {
    record++;
    const error = decoder.decode(text, start, end);
    if (error !== null) throw badRecord(record, error);
  }
  const decoded = decoder.rows.take();
  const all = complete(table, given.map(({ at }) => at), decoded, context);
  checkRows(table, all, context.evaluation);
  return all;
}

function decodeText(body: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    throw sqlError('22021', 'invalid byte sequence for encoding "UTF8"');
  }
}

function badRecord(record: number, error: RecordError): SqlError {
  return sqlError(error.sqlState, error.reason, {
    detail: `Record ${record} of the request.`, column: error.column ?? undefined,
  });
}

/** Fills in defaults, identity values and generated columns. */
function complete(
  table: StoredRelation, given: readonly number[], decoded: Batch, context: IngestContext,
): Batch {
  const { length, weights } = decoded;
  const columns = table.columns.map((column, at): Column => {
    const from = given.indexOf(at);
    if (from < 0) {
      return { ...makeColumn(physicalOf(column.type), length),
        nulls: new Uint8Array(length).fill(1) };
    }
    return withDefaults(table, at, must(decoded.columns[from], 'column'), length, context);
  });
  const generated = table.columns.flatMap((column, at) =>
    column.generated === null ? [] : [{ at, expr: column.generated }]);
  if (generated.length === 0) return { length, weights, columns };
  const values = evaluate(generated.map(({ expr }) => expr), { length, weights, columns },
    table, context.evaluation);
  for (const [n, { at }] of generated.entries()) {
    columns[at] = must(values.columns[n], 'generated column');
  }
  return { length, weights, columns };
}

/** Fields that were missing take the column's default; a null that was given takes it too. */
function withDefaults(
  ...[table, at, column, length, context]:
    [StoredRelation, number, Column, number, IngestContext]
): Column {
  if (column.nulls === null) return column;
  const sequence = table.sequences?.find((entry) => entry.column === at)?.sequence;
  const declared = must(table.columns[at], 'column');
  const { type } = declared;
  const defaultExpr = defaultExprOf(declared);
  if (sequence === undefined && defaultExpr === null) return column;
  const nulls = column.nulls.slice(0, length);
  const one: Batch = { length: 1, columns: [], weights: new Int32Array([1]) };
  const constant = defaultExpr === null ? null
    : evaluate([defaultExpr], one, { ...table, columns: [] }, context.evaluation).columns[0];
  for (let row = 0; row < length; row++) {
    if (nulls[row] === 0) continue;
    if (sequence !== undefined) {
      const value = context.nextSequence(sequence);
      setCell(column, row, type.name === 'int8' ? value : Number(value));
      nulls[row] = 0;
    } else if (constant != null && constant.nulls?.[0] !== 1) {
      column.data[row] = constant.data[0] as never;
      nulls[row] = 0;
    }
  }
  return { ...column, nulls: nulls.includes(1) ? nulls : null };
}

function evaluate(
  exprs: Parameters<typeof compileMap>[0]['exprs'], batch: Batch, table: StoredRelation,
  context: EvaluationContext,
): Batch {
  const kernel = compileMap({
    filter: null, exprs, inputTypes: table.columns.map(({ type }) => type),
  });
  const out = kernel(batch, context, (error) => { throw error; });
  return out ?? batchOf(exprs.map(({ type }) => type), []);
}

function checkRows(table: StoredRelation, batch: Batch, context: EvaluationContext): void {
  if (batch.length === 0) return;
  for (const [at, { name, notNull }] of table.columns.entries()) {
    const mustBeSet = notNull || table.primaryKey?.includes(at) === true;
    if (!mustBeSet || batch.columns[at]?.nulls?.includes(1) !== true) continue;
    throw sqlError('23502',
      `null value in column "${name}" of relation "${table.name}" violates not-null constraint`,
      { schema: table.schema, table: table.name, column: name });
  }
  checkDomainColumns(table, batch, context);
  if (table.checks.length === 0) return;
  const values = evaluate(table.checks.map(({ expr }) => expr), batch, table, context);
  for (const [at, { name }] of table.checks.entries()) {
    const column = must(values.columns[at], 'check');
    for (let row = 0; row < batch.length; row++) {
      if (column.data[row] === 1 || column.nulls?.[row] === 1) continue;
      throw sqlError('23514',
        `new row for relation "${table.name}" violates check constraint "${name}"`,
        { schema: table.schema, table: table.name, constraint: name });
    }
  }
}
