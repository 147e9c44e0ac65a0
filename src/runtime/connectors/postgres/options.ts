/**
 * Options that name a PostgreSQL server, for the source and the sink alike.
 */
import { sqlError } from '../../../common/errors.ts';
import type { Outside } from '../../storage/interfaces.ts';
import { badOption, integerOption, missingOption, option } from '../options.ts';
import type { OptionMap } from '../options.ts';
import type { PgConfig, PgLinks, PgTls } from './pg-link.ts';

const PORT = 5432n;
const PORT_MAX = 65535n;
const TLS_MODES: readonly PgTls[] = ['disable', 'prefer', 'require', 'verify-full'];

/** Options of the connection. */
export const PG_CONNECTION_OPTIONS: readonly (readonly [string, string])[] = [
  ['hostname', 'Host of the PostgreSQL server, or the folder of its socket.'],
  ['port', 'Port; 5432.'],
  ['username', 'Role to log in as.'],
  ['password', 'Its password.'],
  ['database.name', 'Database to connect to.'],
  ['schema.name', 'Schema of the table; public.'],
  ['table.name', 'Table, with or without its schema.'],
  ['ssl.mode', 'disable, prefer (default), require or verify-full.'],
  ['ssl.ca.pem', 'Certificate of the authority behind verify-full.'],
];

/** Other spellings of connection options. */
export const PG_SPELLINGS: readonly string[] = ['host', 'user', 'database', 'schema', 'table'];

/** Where the server is. */
export function pgConfig(connector: string, options: OptionMap): PgConfig {
  const needed = (...names: readonly string[]): string => {
    const value = option(options, ...names);
    if (value === null || value === '') throw missingOption(connector, names[0] ?? '');
    return value;
  };
  const port = integerOption(options, ['port'], 1n) ?? PORT;
  if (port > PORT_MAX) throw badOption('port', String(port), 'a port number');
  const mode = option(options, 'ssl.mode', 'sslmode') ?? 'prefer';
  const tls = TLS_MODES.find((each) => each === mode);
  if (tls === undefined) throw badOption('ssl.mode', mode, TLS_MODES.join(', '));
  return {
    host: needed('hostname', 'host'), port: Number(port), user: needed('username', 'user'),
    password: option(options, 'password'), database: needed('database.name', 'database'), tls,
    ca: option(options, 'ssl.ca.pem'),
  };
}

/** A table of the server. */
export interface PgTable {
  readonly schema: string;
  readonly name: string;
}

/** The table an option names, or null. */
export function pgTable(options: OptionMap): PgTable | null {
  const name = option(options, 'table.name', 'table');
  if (name === null) return null;
  const schema = option(options, 'schema.name', 'schema');
  const dot = name.indexOf('.');
  return schema !== null || dot < 0 ? { schema: schema ?? 'public', name }
    : { schema: name.slice(0, dot), name: name.slice(dot + 1) };
}

/** Where connections come from. */
export function pgLinks(connector: string, outside: Outside): PgLinks {
  if (outside.postgres !== undefined) return outside.postgres;
  throw sqlError('0A000', `connector "${connector}" needs a network, and this engine has none`);
}

/** A name in double quotes. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A text in quotes. */
export function literal(text: string): string {
  return `${text.includes('\\') ? ' E' : ''}'${text.replaceAll('\\', '\\\\')
    .replaceAll("'", "''")}'`;
}

/** A table's name as SQL. */
export function tableText({ schema, name }: PgTable): string {
  return `${quoted(schema)}.${quoted(name)}`;
}

/** A log position as PostgreSQL writes it. */
export function lsnText(lsn: bigint): string {
  return `${(lsn >> 32n).toString(16)}/${(lsn & 0xffff_ffffn).toString(16)}`.toUpperCase();
}

/** A log position as a number. */
export function parseLsn(text: string): bigint {
  const [high = '0', low = '0'] = text.split('/');
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
}
