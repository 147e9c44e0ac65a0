/**
 * COPY: rows in bulk over the connection, in text, csv and binary.
 *
 * FROM STDIN collects records into batches and adds them to the transaction like INSERT does; an
 * error anywhere leaves nothing. TO STDOUT formats the rows of a table or query as they come.
 */
import { must } from '../../common/assert.ts';
import { SqlError, sqlError } from '../../common/errors.ts';
import { formatValue, parseValue } from '../../common/types/registry.ts';
import type { FormatSettings } from '../../common/types/settings.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { Value } from '../../common/values.ts';
import type { Copy } from '../../parser/ast-statements.ts';
import type { Option } from '../../parser/ast.ts';
import { planSelect, selectFrom } from '../../planner/planner.ts';
import type { PlanEnv } from '../../planner/bound.ts';
import type { ResultColumn } from '../../planner/plans.ts';
import { batchOf, cell } from '../batch.ts';
import type { Batch } from '../batch.ts';
import type { StoredRelation } from '../catalog-store-types.ts';
import {
  binaryCopyHeader, binaryCopyRow, BinaryCopyReader, binaryCopyTrailer,
} from './copy-binary.ts';
import { CopyReader, formatCopyRecord } from './copy-format.ts';
import type { CopyOptions, CopyRecord } from './copy-format.ts';
import { completeRows } from './column-defaults.ts';
import { insertRows } from './dml.ts';
import { RowCursor } from './result.ts';
import type { StatementResult } from './result.ts';
import type { StatementContext } from './statement-context.ts';
import { subscribe } from './subscribe.ts';

const ROWS_PER_BATCH = 4096;
const NOTHING = new Uint8Array(0);

/** COPY ... FROM STDIN or TO STDOUT. */
export async function runCopy(
  context: StatementContext, statement: Copy, env: PlanEnv,
): Promise<StatementResult> {
  if (!statement.stdio) {
    throw sqlError('0A000', 'COPY with a file on the server is not supported', {
      span: statement.span, hint: 'Use \\copy in psql, or COPY ... FROM STDIN.',
    });
  }
  const options = copyOptions(statement);
  if (statement.direction === 'from') return copyIn(context, statement, options);
  return copyOut(context, statement, { env, options });
}

function copyIn(
  context: StatementContext, statement: Copy, options: CopyOptions,
): StatementResult {
  if (statement.table === null) throw sqlError('42601', 'COPY FROM needs a table');
  if (statement.where !== null) {
    throw sqlError('0A000', 'COPY FROM ... WHERE is not supported', {
      span: statement.where.span, hint: 'Filter in a view over the table.',
    });
  }
  const table = context.resolve(statement.table);
  if (table.kind !== 'table' || table.connector !== null || table.belongsTo !== null) {
    throw sqlError('42809', `cannot copy to relation "${table.name}"`);
  }
  const columns = copiedColumns(table, statement);
  const consume = async (chunks: AsyncIterable<Uint8Array>): Promise<string> => {
    const job = new CopyJob(context, table, { columns, options });
    for await (const chunk of chunks) await job.push(chunk);
    return `COPY ${await job.finish()}`;
  };
  return { kind: 'copyIn', columns: columns.length, binary: options.format === 'binary', consume };
}

function copiedColumns(table: StoredRelation, statement: Copy): readonly number[] {
  if (statement.columns.length === 0) {
    return table.columns.flatMap((column, at) => column.generated === null ? [at] : []);
  }
  return statement.columns.map(({ name, span }) => {
    const at = table.columns.findIndex((column) => column.name === name);
    if (at >= 0) return at;
    throw sqlError('42703', `column "${name}" of relation "${table.name}" does not exist`,
      { span });
  });
}

/** One running COPY FROM STDIN. */
class CopyJob {
  readonly #context: StatementContext;
  readonly #table: StoredRelation;
  readonly #columns: readonly number[];
  readonly #types: readonly SqlType[];
  readonly #reader: CopyReader | BinaryCopyReader;
  readonly #settings: FormatSettings;
  #rows: Value[][] = [];
  #total = 0;
  #line = 0;

  constructor(
    context: StatementContext, table: StoredRelation,
    of: { readonly columns: readonly number[]; readonly options: CopyOptions },
  ) {
    this.#context = context;
    this.#table = table;
    this.#columns = of.columns;
    this.#types = of.columns.map((at) => must(table.columns[at], 'column').type);
    this.#reader = of.options.format === 'binary' ? new BinaryCopyReader(this.#types)
      : new CopyReader(of.options);
    this.#settings = context.scope.settings.format(context.transaction.now, context.names);
    this.#line = of.options.header ? 1 : 0;
  }

  async push(chunk: Uint8Array): Promise<void> {
    if (this.#reader instanceof CopyReader) {
      for (const record of this.#reader.push(chunk)) this.#add(record);
    } else {
      this.#rows.push(...this.#reader.push(chunk));
    }
    if (this.#rows.length >= ROWS_PER_BATCH) await this.#flush();
  }

  async finish(): Promise<number> {
    if (this.#reader instanceof CopyReader) {
      for (const record of this.#reader.finish()) this.#add(record);
    } else {
      this.#rows.push(...this.#reader.finish());
    }
    await this.#flush();
    return this.#total;
  }

  #add(record: CopyRecord): void {
    this.#line++;
    const where = `COPY ${this.#table.name}, line ${this.#line}`;
    if (record.length > this.#types.length) {
      throw sqlError('22P04', 'extra data after last expected column', { detail: where });
    }
    const row = this.#types.map((type, at) => {
      const text = record[at];
      const name = must(this.#table.columns[must(this.#columns[at], 'column')], 'column').name;
      if (text === undefined) {
        throw sqlError('22P04', `missing data for column "${name}"`, { detail: where });
      }
      if (text === null) return null;
      try {
        return parseValue(text, type, this.#settings);
      } catch (error) {
        if (error instanceof SqlError) {
          throw error.with({ detail: `${where}, column ${name}: "${text}"` });
        }
        throw error;
      }
    });
    this.#rows.push(row);
  }

  async #flush(): Promise<void> {
    if (this.#rows.length === 0) return;
    const rows = this.#rows;
    this.#rows = [];
    this.#total += rows.length;
    const given = batchOf(this.#types, rows);
    await insertRows(this.#context, this.#table,
      completeRows(this.#context, this.#table, this.#columns, given));
  }
}

async function copyOut(
  context: StatementContext, statement: Copy,
  of: { readonly env: PlanEnv; readonly options: CopyOptions },
): Promise<StatementResult> {
  const { query } = statement;
  if (query !== null && query.kind === 'subscribe') {
    const { columns, rows, live } = await subscribe(context, query);
    return copyRows(context, { columns, cursor: rows, live: live !== undefined }, of.options);
  }
  if (query !== null && query.kind !== 'query') {
    throw sqlError('0A000', `COPY (${query.kind.toUpperCase()}) is not supported`, {
      span: query.span, hint: 'Copy a SELECT or a table.',
    });
  }
  const plan = planSelect(query ?? selectFrom(must(statement.table, 'table of COPY'),
    statement.columns), of.env, []);
  const cursor = new RowCursor(context.run(plan));
  return copyRows(context, { columns: plan.columns, cursor, live: false }, of.options);
}

function copyRows(
  context: StatementContext,
  of: { readonly columns: readonly ResultColumn[]; readonly cursor: RowCursor;
    readonly live: boolean },
  options: CopyOptions,
): StatementResult {
  const { columns, cursor, live } = of;
  const settings = context.scope.settings.format(context.transaction.now, context.names);
  const types = columns.map((column) => column.type);
  const header = options.header ? columns.map((column) => column.name) : null;
  const format = { types, settings, header, options, live };
  const binary = options.format === 'binary';
  const chunks = binary ? binaryRows(cursor, format) : formatRows(cursor, format);
  return {
    kind: 'copyOut', columns: types.length, binary, chunks, tag: () => `COPY ${cursor.given}`,
  };
}

interface CopyOutFormat {
  readonly types: readonly SqlType[];
  readonly settings: FormatSettings;
  readonly header: readonly string[] | null;
  readonly options: CopyOptions;
  /** Rows are to be seen as they come. */
  readonly live: boolean;
}

async function* formatRows(
  cursor: RowCursor, format: CopyOutFormat,
): AsyncGenerator<Uint8Array | null> {
  const encoder = new TextEncoder();
  if (format.header !== null) yield encoder.encode(formatCopyRecord(format.header, format.options));
  try {
    if (format.live) yield null;
    for (;;) {
      const batch = await cursor.next(ROWS_PER_BATCH);
      if (batch === null) return;
      for (let row = 0; row < batch.length; row++) {
        yield encoder.encode(formatCopyRecord(recordOf(batch, row, format), format.options));
      }
      if (format.live) yield null;
    }
  } finally {
    await cursor.close();
  }
}

/** Clients expect the header in one message with the first row, and a row in each. */
async function* binaryRows(
  cursor: RowCursor, { types, live }: CopyOutFormat,
): AsyncGenerator<Uint8Array | null> {
  let head = binaryCopyHeader();
  try {
    for (;;) {
      const batch = await cursor.next(ROWS_PER_BATCH);
      if (batch === null) break;
      for (let row = 0; row < batch.length; row++) {
        const values = batch.columns.map((column) => cell(column, row));
        yield joined(head, binaryCopyRow(values, types));
        head = NOTHING;
      }
      if (live) yield null;
    }
    yield joined(head, binaryCopyTrailer());
  } finally {
    await cursor.close();
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length === 0) return b;
  const bytes = new Uint8Array(a.length + b.length);
  bytes.set(a);
  bytes.set(b, a.length);
  return bytes;
}

function recordOf(batch: Batch, row: number, format: CopyOutFormat): CopyRecord {
  return format.types.map((type, at) => {
    const value = cell(must(batch.columns[at], 'column'), row);
    return value === null ? null : formatValue(value, type, format.settings);
  });
}

function copyOptions(statement: Copy): CopyOptions {
  let format: CopyOptions['format'] = 'text';
  const given = new Map<string, string>();
  for (const option of statement.options) {
    const value = optionText(option);
    if ((option.name === 'csv' || option.name === 'binary') && value === null) format = option.name;
    else if (option.name === 'format') format = formatNamed(value ?? 'text', option);
    else given.set(option.name, value ?? 'true');
  }
  for (const name of given.keys()) {
    if (!['delimiter', 'null', 'header', 'quote', 'escape', 'encoding'].includes(name)) {
      throw sqlError('0A000', `COPY option "${name}" is not supported`, { span: statement.span });
    }
  }
  if (format === 'binary') refuseTextOptions(given);
  const quote = given.get('quote') ?? '"';
  return {
    format, quote, escape: given.get('escape') ?? quote,
    delimiter: given.get('delimiter') ?? (format === 'csv' ? ',' : '\t'),
    nullText: given.get('null') ?? (format === 'csv' ? '' : '\\N'),
    header: /^(true|on|1|match)$/i.test(given.get('header') ?? 'off'),
  };
}

function formatNamed(name: string, option: Option): CopyOptions['format'] {
  const format = name.toLowerCase();
  if (format === 'text' || format === 'csv' || format === 'binary') return format;
  throw sqlError('22023', `COPY format "${name}" not recognized`, {
    span: option.span, hint: 'Available formats: text, csv, binary.',
  });
}

function refuseTextOptions(given: ReadonlyMap<string, string>): void {
  for (const name of ['delimiter', 'null', 'header']) {
    if (!given.has(name)) continue;
    throw sqlError(name === 'header' ? '0A000' : '42601',
      `cannot specify ${name.toUpperCase()} in BINARY mode`);
  }
}

function optionText(option: Option): string | null {
  const { value } = option;
  if (value === null) return null;
  switch (value.kind) {
    case 'stringLiteral': return value.value;
    case 'integerLiteral': return value.text;
    case 'booleanLiteral': return value.value ? 'true' : 'false';
    default:
      throw sqlError('22023', `invalid value for COPY option "${option.name}"`, {
        span: option.span,
      });
  }
}
