/**
 * What the PostgreSQL server says about a table: columns, replica identity, size; and the
 * publication a slot reads.
 *
 * Asked when a table is declared, so that what cannot be followed fails at once with the reason.
 */
import { must } from '../../../common/assert.ts';
import { sqlError } from '../../../common/errors.ts';
import { formatType } from '../../../common/types/registry.ts';
import type { SqlType } from '../../../common/types/sql-type.ts';
import type { ConnectorColumn } from '../connector.ts';
import { literal, quoted, tableText } from './options.ts';
import type { PgTable } from './options.ts';
import type { PgLink } from './pg-link.ts';

/** A column as the server has it. */
export interface UpstreamColumn {
  readonly name: string;
  /** As format_type writes it. */
  readonly type: string;
  readonly notNull: boolean;
  /** Part of the replica identity. */
  readonly identity: boolean;
  readonly primary: boolean;
}

/** A table as the server has it. */
export interface UpstreamTable {
  readonly table: PgTable;
  readonly columns: readonly UpstreamColumn[];
  /** d(efault), n(othing), f(ull), i(ndex) */
  readonly identity: string;
  /** The planner's estimate; negative when it has none. */
  readonly rows: number;
}

/** Describes a table; 42P01 when there is none. */
export async function describe(link: PgLink, table: PgTable): Promise<UpstreamTable> {
  const { rows } = await link.run(`
    SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull,
      c.relreplident, c.reltuples::pg_catalog.int8,
      EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indisprimary
        AND a.attnum = ANY (i.indkey)),
      EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indisreplident
        AND a.attnum = ANY (i.indkey))
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      AND a.attgenerated = ''
    WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p') ORDER BY a.attnum`,
  [table.schema, table.name]);
  const [first] = rows;
  if (first === undefined) {
    throw sqlError('42P01', `PostgreSQL has no table "${table.schema}.${table.name}"`);
  }
  const identity = first[3] ?? 'd';
  return {
    table, identity, rows: Number(first[4]),
    columns: rows.map(([name, type, notNull, , , primary, index]) => ({
      name: name ?? '', type: type ?? '', notNull: notNull === 't', primary: primary === 't',
      identity: identity === 'i' ? index === 't' : identity === 'd' && primary === 't',
    })),
  };
}

/** 0A000 when changes of the table cannot be followed by the declared key. */
export function checkIdentity(upstream: UpstreamTable, key: readonly string[]): void {
  const name = `${upstream.table.schema}.${upstream.table.name}`;
  const hint = `ALTER TABLE ${tableText(upstream.table)} REPLICA IDENTITY FULL in PostgreSQL, `
    + 'or give the table a primary key.';
  if (upstream.identity === 'f') return;
  const columns = upstream.columns.filter(({ identity }) => identity).map((each) => each.name);
  if (upstream.identity === 'n' || columns.length === 0) {
    throw sqlError('0A000', `table "${name}" has no replica identity: PostgreSQL would not say `
      + 'which row an UPDATE or DELETE is about', { hint });
  }
  const same = columns.length === key.length && columns.every((each) => key.includes(each));
  if (same) return;
  throw sqlError('42P16', `the primary key must be the replica identity of table "${name}": `
    + `(${columns.join(', ')})`, { hint });
}

/** Types that hold every value of another. */
const WIDER: Readonly<Record<string, readonly string[]>> = {
  int2: ['int4', 'int8', 'numeric'], int4: ['int8', 'numeric'], int8: ['numeric'],
  float4: ['float8'], json: ['jsonb'], date: ['timestamp'],
};
const NAMES: Readonly<Record<string, string>> = {
  smallint: 'int2', integer: 'int4', bigint: 'int8', real: 'float4', 'double precision': 'float8',
};

/** 42703 or 42804 when a declared column is not in the table or of a type that does not fit. */
export function checkColumns(upstream: UpstreamTable, columns: readonly ConnectorColumn[]): void {
  for (const { name, type } of columns) {
    const found = upstream.columns.find((each) => each.name === name);
    if (found === undefined) {
      throw sqlError('42703', `table "${upstream.table.name}" of PostgreSQL has no column `
        + `"${name}"`);
    }
    if (fits(found.type, type)) continue;
    throw sqlError('42804', `column "${name}" is of type ${found.type} in PostgreSQL, not `
      + formatType(type), { hint: 'Declare it so, or as text.' });
  }
}

/** True when every value of a type of PostgreSQL can be read as a type of ours. */
export function fits(theirs: string, ours: SqlType): boolean {
  if (ours.name === 'text' || formatType(ours) === theirs) return true;
  const base = theirs.replace(/\(.*?\)/, '');
  if (formatType(ours) === base) return true;
  const short = NAMES[base] ?? base;
  return ours.name === short || WIDER[short]?.includes(ours.name) === true;
}

/** The columns and key of a table as a list for CREATE TABLE; what we do not know is text. */
export function declarationOf(
  upstream: UpstreamTable, known: (type: string) => boolean,
): string {
  const columns = upstream.columns.map(({ name, type, notNull }) =>
    `${quoted(name)} ${known(type) ? type : 'text'}${notNull ? ' NOT NULL' : ''}`);
  const primary = upstream.columns.filter((each) => each.primary);
  const key = primary.length > 0 ? primary : upstream.columns.filter((each) => each.identity);
  const names = key.map(({ name }) => quoted(name)).join(', ');
  return [...columns, ...key.length === 0 ? [] : [`PRIMARY KEY (${names})`]].join(', ');
}

/** Checks that the server decodes its log and lets us read it. */
export async function checkServer(link: PgLink): Promise<void> {
  const { rows: [row] } = await link.query(`SELECT
    pg_catalog.current_setting('wal_level'), r.rolreplication OR r.rolsuper
    FROM pg_catalog.pg_roles r WHERE r.rolname = current_user`);
  const [level, replication] = must(row, 'row about the server');
  if (level !== 'logical') {
    throw sqlError('55000', `PostgreSQL runs with wal_level ${level}, and logical is needed`, {
      hint: "ALTER SYSTEM SET wal_level = 'logical' in PostgreSQL, and restart it.",
    });
  }
  if (replication !== 't') {
    throw sqlError('42501', 'the role in PostgreSQL may not replicate', {
      hint: 'ALTER ROLE ... REPLICATION in PostgreSQL.',
    });
  }
}

/** Makes the publication there is not yet, and puts a table into it. */
export async function publish(
  link: PgLink, publication: string, table: PgTable | null,
): Promise<void> {
  const { rows } = await link.run(`SELECT p.puballtables, EXISTS (
      SELECT FROM pg_catalog.pg_publication_tables t WHERE t.pubname = p.pubname
        AND t.schemaname = $2 AND t.tablename = $3)
    FROM pg_catalog.pg_publication p WHERE p.pubname = $1`,
  [publication, table?.schema ?? '', table?.name ?? '']);
  const [found] = rows;
  if (found === undefined) {
    const which = table === null ? '' : ` FOR TABLE ${tableText(table)}`;
    await link.query(`CREATE PUBLICATION ${quoted(publication)}${which} `
      + 'WITH (publish_via_partition_root = true)');
  } else if (table !== null && found[0] !== 't' && found[1] !== 't') {
    await link.query(`ALTER PUBLICATION ${quoted(publication)} ADD TABLE ${tableText(table)}`);
  }
}

/** A slot as the server has it; null: none. */
export async function slotOf(link: PgLink, slot: string): Promise<{
  readonly confirmed: string | null; readonly status: string | null; readonly active: boolean;
} | null> {
  const { rows: [row] } = await link.query(`SELECT confirmed_flush_lsn, wal_status, active
    FROM pg_catalog.pg_replication_slots WHERE slot_name = ${literal(slot)}`);
  return row === undefined ? null
    : { confirmed: row[0] ?? null, status: row[1] ?? null, active: row[2] === 't' };
}
