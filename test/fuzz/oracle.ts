/**
 * PostgreSQL's side of a case: the whole case is one message, views are plain views, and each is
 * asked through a function whose plan is kept and which turns errors into answers.
 */
import type pg from 'pg';
import { createView } from './case.ts';
import type { Case } from './case.ts';
import { ROW_END } from './rows.ts';
import { createTable } from './schema.ts';

/** Rows, or the SQLSTATE of the error. */
export type Answer =
  | { readonly kind: 'rows'; readonly rows: readonly string[] }
  | { readonly kind: 'error'; readonly sqlState: string; readonly message: string };

/** What PostgreSQL says of a case. */
export interface Verdict {
  /** By view: the error CREATE gave, or null. */
  readonly created: readonly (Answer & { kind: 'error' } | null)[];
  /** By epoch (the first is before any change), then by view. */
  readonly answers: readonly (readonly Answer[])[];
}

const SETUP = `
  SET statement_timeout = '2s';
  CREATE OR REPLACE FUNCTION fuzz_make(command text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN
    EXECUTE command;
    RETURN NULL;
  EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE || SQLERRM;
  END $$`;

function quoted(text: string): string {
  return `$fuzz$${text}$fuzz$`;
}

function askFunction(name: string): string {
  return `CREATE FUNCTION pg_temp.ask_${name}() RETURNS text LANGUAGE plpgsql AS ${quoted(`
    #variable_conflict use_column
    DECLARE fuzz_answer text;
    BEGIN
      SELECT '+' || coalesce(string_agg(fuzz_row::text || E'\\x01end of row\\x01', ''), '')
        INTO fuzz_answer
        FROM ${name} AS fuzz_row;
      RETURN fuzz_answer;
    EXCEPTION WHEN QUERY_CANCELED OR OTHERS THEN RETURN '-' || SQLSTATE || SQLERRM;
    END`)}`;
}

function answerOf(text: string): Answer {
  if (text.startsWith('-')) {
    return { kind: 'error', sqlState: text.slice(1, 6), message: text.slice(6) };
  }
  return { kind: 'rows', rows: text.slice(1).split(ROW_END).slice(0, -1) };
}

/** The script of a case: statements, and which of them answer what. */
function script(one: Case): { readonly text: string; readonly heads: number } {
  const ask = one.views.map(({ name }) => `pg_temp.ask_${name}()`).join(', ');
  const lines = [
    'BEGIN', ...one.tables.map((table) => createTable(table, true)), ...one.initial,
    ...one.views.map((view) => `SELECT fuzz_make(${quoted(createView(view, 'TEMP'))})`),
    ...one.views.map(({ name }) => askFunction(name)),
    `SELECT ${ask}`,
    ...one.epochs.flatMap(({ statements }) => [...statements, `SELECT ${ask}`]), 'ROLLBACK',
  ];
  return { text: lines.filter((line) => line !== '').join(';\n'), heads: one.views.length };
}

/** Prepares a connection. */
export async function prepareOracle(client: pg.Client): Promise<void> {
  await client.query(SETUP);
}

/** Runs a case on PostgreSQL. */
export async function askPostgres(client: pg.Client, one: Case): Promise<Verdict> {
  if (one.views.length === 0) return { created: [], answers: [] };
  const { text, heads } = script(one);
  let results: readonly pg.QueryArrayResult<(string | null)[]>[];
  try {
    const all: unknown = await client.query({ text, rowMode: 'array' });
    results = all as readonly pg.QueryArrayResult<(string | null)[]>[];
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
  const selected = results.filter(({ command }) => command === 'SELECT').map(({ rows }) =>
    rows[0] ?? []);
  const created = selected.slice(0, heads).map(([text]) => text === null || text === undefined
    ? null : { kind: 'error' as const, sqlState: text.slice(0, 5), message: text.slice(5) });
  const answers = selected.slice(heads).map((row) => row.map((each) => answerOf(each ?? '-')));
  return { created, answers };
}
