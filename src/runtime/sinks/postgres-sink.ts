/**
 * Changes into a table of a PostgreSQL server: upserts and deletions by key, or plain inserts.
 *
 * Each delivery is one transaction there, and writes down its last epoch beside the rows: what is
 * delivered again after a crash is recognised and left out.
 */
import { must } from '../../common/assert.ts';
import { SqlError, sqlError } from '../../common/errors.ts';
import { missingOption, optionMap } from '../connectors/options.ts';
import {
  PG_CONNECTION_OPTIONS, PG_SPELLINGS, pgConfig, pgLinks, pgTable, quoted, tableText,
} from '../connectors/postgres/options.ts';
import type { PgTable } from '../connectors/postgres/options.ts';
import type { PgLink } from '../connectors/postgres/pg-link.ts';
import { describe } from '../connectors/postgres/upstream.ts';
import { changesOf, RowWriter } from './rows-json.ts';
import type { OpenSink, SinkContext, SinkEpoch, SinkKind, SinkSpec } from './sink.ts';

const NAME = 'postgres';
const CHUNK_ROWS = 2000;
const PROGRESS = 'tidemill_progress';
/** Conflicts with others there, and a server that has no room at the moment. */
const PASSING = /^(40|53|55P03|57)/;

/** The sink `postgres`. */
export const POSTGRES_SINK: SinkKind = {
  name: NAME,
  envelopes: ['plain', 'upsert'],
  options: PG_CONNECTION_OPTIONS,
  knowsOption: (name) => PG_SPELLINGS.includes(name),
  check(spec: SinkSpec): void {
    const options = optionMap(spec.options);
    pgConfig(NAME, options);
    tableOf(spec);
    if (spec.encode !== 'json') {
      throw sqlError('0A000', `sink "${NAME}" takes no ENCODE`, { hint: 'Leave it out.' });
    }
  },
  async prepare(context: SinkContext): Promise<void> {
    const sink = new PostgresSink(context);
    try {
      await sink.meet();
    } finally {
      sink.close();
    }
  },
  open: (context) => new PostgresSink(context),
};

function tableOf(spec: SinkSpec): PgTable {
  const table = pgTable(optionMap(spec.options));
  if (table === null) throw missingOption(NAME, 'table.name');
  return table;
}

class PostgresSink implements OpenSink {
  readonly #spec: SinkSpec;
  readonly #context: SinkContext;
  readonly #table: PgTable;
  readonly #writer: RowWriter;
  #link: PgLink | null = null;

  constructor(context: SinkContext) {
    this.#context = context;
    this.#spec = context.spec;
    this.#table = tableOf(context.spec);
    this.#writer = new RowWriter(context.spec.columns);
  }

  async #connected(): Promise<PgLink> {
    this.#link ??= await pgLinks(NAME, this.#context.outside)
      .open(pgConfig(NAME, optionMap(this.#spec.options)), 'plain');
    return this.#link;
  }

  get #progress(): string {
    return tableText({ schema: this.#table.schema, name: PROGRESS });
  }

  /** Finds the table, its columns and its key there; makes the table of progress. */
  async meet(): Promise<void> {
    const link = await this.#connected();
    const upstream = await describe(link, this.#table);
    for (const { name } of this.#spec.columns) {
      if (upstream.columns.some((column) => column.name === name)) continue;
      throw sqlError('42703', `table "${this.#table.name}" of PostgreSQL has no column "${name}"`);
    }
    if (this.#spec.envelope === 'upsert') await this.#checkKey(link);
    await link.query(`CREATE TABLE IF NOT EXISTS ${this.#progress} `
      + '(sink text PRIMARY KEY, epoch bigint NOT NULL)');
    // A sink that is declared begins at its beginning, whatever had its name before.
    await link.run(`DELETE FROM ${this.#progress} WHERE sink = $1`, [this.#spec.id]);
  }

  async #checkKey(link: PgLink): Promise<void> {
    const names = this.#keyNames();
    const { rows } = await link.run(`SELECT FROM pg_catalog.pg_index i WHERE i.indisunique
      AND i.indpred IS NULL AND i.indrelid = $1::pg_catalog.regclass
      AND (SELECT pg_catalog.array_agg(a.attname::text ORDER BY a.attname::text COLLATE "C")
        FROM pg_catalog.pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey))
      = (SELECT pg_catalog.array_agg(n ORDER BY n COLLATE "C")
        FROM pg_catalog.json_array_elements_text($2::json) n)`,
    [tableText(this.#table), JSON.stringify(names)]);
    if (rows.length > 0) return;
    throw sqlError('42P10', `table "${this.#table.name}" of PostgreSQL has no unique index on `
      + `(${names.join(', ')})`, { hint: 'Add a primary key there, or name another key.' });
  }

  #keyNames(): readonly string[] {
    return (this.#spec.key ?? []).map((at) => must(this.#spec.columns[at], 'key column').name);
  }

  async lastEpoch(): Promise<bigint | null> {
    const link = await this.#connected();
    const { rows: [row] } = await link.run(
      `SELECT epoch FROM ${this.#progress} WHERE sink = $1`, [this.#spec.id]);
    return row?.[0] == null ? null : BigInt(row[0]);
  }

  async deliver(epochs: readonly SinkEpoch[]): Promise<void> {
    try {
      await this.#transaction(epochs);
    } catch (error) {
      this.close();
      if (error instanceof SqlError && PASSING.test(error.sqlState)) {
        throw sqlError('08006', error.message);
      }
      throw error;
    }
  }

  async #transaction(epochs: readonly SinkEpoch[]): Promise<void> {
    const link = await this.#connected();
    await link.query('BEGIN');
    const { rows: [row] } = await link.run(
      `SELECT epoch FROM ${this.#progress} WHERE sink = $1 FOR UPDATE`, [this.#spec.id]);
    const done = row?.[0] == null ? null : BigInt(row[0]);
    const fresh = done === null ? epochs : epochs.filter(({ epoch }) => epoch > done);
    const last = fresh.at(-1);
    if (last === undefined) {
      await link.query('ROLLBACK');
      return;
    }
    if (this.#spec.envelope === 'plain') await this.#insert(link, fresh);
    else await this.#upsert(link, fresh);
    await link.run(`INSERT INTO ${this.#progress} AS p VALUES ($1, $2) ON CONFLICT (sink) `
      + 'DO UPDATE SET epoch = EXCLUDED.epoch', [this.#spec.id, String(last.epoch)]);
    await link.query('COMMIT');
  }

  async #insert(link: PgLink, epochs: readonly SinkEpoch[]): Promise<void> {
    const rows: string[] = [];
    for (const { delta } of epochs) {
      for (const { after } of changesOf(delta, null, this.#writer)) {
        if (after >= 0) rows.push(this.#writer.object(delta, after));
      }
    }
    await this.#chunks(link, `INSERT INTO ${tableText(this.#table)} (${this.#names()}) `
      + `SELECT ${this.#names()} FROM ${this.#recordset()}`, rows);
  }

  /** The last form of each key. */
  async #upsert(link: PgLink, epochs: readonly SinkEpoch[]): Promise<void> {
    const latest = new Map<string, string | null>();
    for (const { delta } of epochs) {
      for (const { key, after } of changesOf(delta, this.#spec.key, this.#writer)) {
        latest.set(must(key, 'key'), after < 0 ? null : this.#writer.object(delta, after));
      }
    }
    const gone = [...latest].flatMap(([key, row]) => row === null ? [key] : []);
    const here = [...latest.values()].filter((row) => row !== null);
    const keys = this.#keyNames();
    const others = this.#spec.columns.filter(({ name }) => !keys.includes(name))
      .map(({ name }) => `${quoted(name)} = EXCLUDED.${quoted(name)}`);
    const table = tableText(this.#table);
    await this.#chunks(link, `DELETE FROM ${table} t USING ${this.#recordset()} AS d WHERE `
      + keys.map((name) => `t.${quoted(name)} = d.${quoted(name)}`).join(' AND '), gone);
    await this.#chunks(link, `INSERT INTO ${table} (${this.#names()}) SELECT ${this.#names()} FROM `
      + `${this.#recordset()} ON CONFLICT (${keys.map(quoted).join(', ')}) DO `
      + (others.length === 0 ? 'NOTHING' : `UPDATE SET ${others.join(', ')}`), here);
  }

  #names(): string {
    return this.#spec.columns.map(({ name }) => quoted(name)).join(', ');
  }

  #recordset(): string {
    return `pg_catalog.json_populate_recordset(NULL::${tableText(this.#table)}, $1)`;
  }

  async #chunks(link: PgLink, sql: string, rows: readonly string[]): Promise<void> {
    for (let from = 0; from < rows.length; from += CHUNK_ROWS) {
      await link.run(sql, [`[${rows.slice(from, from + CHUNK_ROWS).join(',')}]`]);
    }
  }

  close(): void {
    this.#link?.close();
    this.#link = null;
  }
}
