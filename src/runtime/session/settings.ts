/**
 * The settings registry: every parameter SET, SHOW, RESET and the startup packet know.
 *
 * One list drives SET, SHOW, pg_settings and ParameterStatus. A setting marked `inert` is kept and
 * shown but changes nothing (clients send them unasked); that list is part of the documentation.
 * Values are kept as the text SHOW prints.
 */
import { sqlError } from '../../common/errors.ts';
import { must } from '../../common/assert.ts';
import { isKnownZone } from '../../common/real/zones.ts';
import { isZoneName } from '../../common/types/time-zone.ts';
import { checkedPath } from './search-path.ts';

/** A parameter: its default, documentation and how a new value is checked and normalised. */
export interface Setting {
  readonly name: string;
  /** Spelling SHOW ALL and ParameterStatus use (`DateStyle`, `TimeZone`). */
  readonly shown: string;
  readonly initial: string;
  readonly doc: string;
  /** Clients are told of changes by ParameterStatus. */
  readonly reported: boolean;
  readonly inert: boolean;
  readonly readOnly: boolean;
  normalise(value: string): string;
}

const same = (value: string): string => value;

function invalid(name: string, value: string, hint?: string): never {
  throw sqlError('22023', `invalid value for parameter "${name}": "${value}"`, { hint });
}

function oneOf(name: string, ...values: string[]): (value: string) => string {
  return (value) => {
    const found = values.find((candidate) => candidate === value.toLowerCase());
    return found ?? invalid(name, value, `Available values: ${values.join(', ')}.`);
  };
}

const TRUE_WORDS = new Set(['on', 'true', 't', 'yes', 'y', '1']);
const FALSE_WORDS = new Set(['off', 'false', 'f', 'no', 'n', '0']);

function flag(name: string): (value: string) => string {
  return (value) => {
    const word = value.toLowerCase();
    if (TRUE_WORDS.has(word)) return 'on';
    if (FALSE_WORDS.has(word)) return 'off';
    throw sqlError('22023', `parameter "${name}" requires a Boolean value`);
  };
}

const UNIT_MS: Readonly<Record<string, number>> = {
  '': 1, us: 0.001, ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000,
};

/** Milliseconds of a duration such as `30s`, `500`, `2min`. */
export function durationMs(name: string, value: string): number {
  const match = /^\s*(\d+(?:\.\d+)?)\s*(us|ms|s|min|h|d|)\s*$/.exec(value);
  if (match === null) return invalid(name, value);
  return Math.round(Number(match[1]) * must(UNIT_MS[match[2] ?? ''], 'unit'));
}

function shownMs(ms: number): string {
  if (ms === 0) return '0';
  for (const unit of ['d', 'h', 'min', 's']) {
    const size = must(UNIT_MS[unit], 'unit');
    if (ms % size === 0) return `${ms / size}${unit}`;
  }
  return `${ms}ms`;
}

function duration(name: string): (value: string) => string {
  return (value) => shownMs(durationMs(name, value));
}

function integer(name: string, low: number, high: number): (value: string) => string {
  return (value) => {
    if (!/^\s*[+-]?\d+\s*$/.test(value)) return invalid(name, value);
    const number = Number(value);
    if (number < low || number > high) {
      throw sqlError('22023',
        `${number} is outside the valid range for parameter "${name}" (${low} .. ${high})`);
    }
    return String(number);
  };
}

function timeZone(value: string): string {
  const zone = value.trim();
  if (/^(utc|gmt|z|zulu)$/i.test(zone)) return zone.toLowerCase() === 'gmt' ? 'GMT' : 'UTC';
  if (/^(local|default)$/i.test(zone)) return 'UTC';
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)$/.test(zone)) return hoursEast(Number(zone));
  if (isKnownZone(zone) || isZoneName(zone)) return zone;
  return invalid('TimeZone', value);
}

/** A number of hours east of Greenwich as a zone's name: -5 is `<-05>+05`. */
function hoursEast(hours: number): string {
  const seconds = Math.trunc(Math.abs(hours) * 3600);
  if (seconds > 167 * 3600) {
    throw sqlError('22023', `invalid value for parameter "TimeZone": "${hours}"`, {
      detail: 'UTC timezone offset is out of range.',
    });
  }
  const parts = [seconds / 3600, seconds / 60 % 60, seconds % 60].map((part) =>
    String(Math.floor(part)).padStart(2, '0'));
  while (parts.length > 1 && parts.at(-1) === '00') parts.pop();
  const text = parts.join(':');
  return hours < 0 ? `<-${text}>+${text}` : `<+${text}>-${text}`;
}

function dateStyle(value: string): string {
  let style = 'ISO';
  let order = 'MDY';
  for (const part of value.split(',').map((word) => word.trim().toLowerCase())) {
    if (part === 'iso') style = 'ISO';
    else if (part === 'postgres' || part === 'postgresql') style = 'Postgres';
    else if (part === 'sql') style = 'SQL';
    else if (part === 'german') style = 'German';
    else if (part === 'mdy' || part === 'us' || part.startsWith('noneuro')) order = 'MDY';
    else if (part === 'dmy' || part.startsWith('euro')) order = 'DMY';
    else if (part === 'ymd') order = 'YMD';
    else if (part !== 'default') return invalid('DateStyle', value);
  }
  return `${style}, ${order}`;
}

function clientEncoding(value: string): string {
  const name = value.replaceAll(/[^A-Za-z0-9]/g, '').toUpperCase();
  if (name === 'UTF8' || name === 'UNICODE') return 'UTF8';
  if (name === 'SQLASCII') return 'SQL_ASCII';
  throw sqlError('22023', `invalid value for parameter "client_encoding": "${value}"`, {
    hint: 'Tidemill speaks UTF8 only.',
  });
}

type Flags = 'reported' | 'inert' | 'readOnly';

function setting(
  shown: string, initial: string, doc: string,
  more: { normalise?: (value: string) => string; flags?: readonly Flags[] } = {},
): Setting {
  const flags = more.flags ?? [];
  return {
    name: shown.toLowerCase(), shown, initial, doc,
    reported: flags.includes('reported'), inert: flags.includes('inert'),
    readOnly: flags.includes('readOnly'), normalise: more.normalise ?? same,
  };
}

const INERT: readonly Flags[] = ['inert'];
const isolation = oneOf('transaction_isolation', 'serializable', 'repeatable read',
  'read committed', 'read uncommitted');

/** PostgreSQL's switches of its planner and executor: kept and shown, without effect. */
const PLANNER_SWITCHES = 'enable_async_append enable_bitmapscan enable_gathermerge enable_hashagg '
  + 'enable_hashjoin enable_incremental_sort enable_indexonlyscan enable_indexscan '
  + 'enable_material enable_memoize enable_mergejoin enable_nestloop enable_parallel_append '
  + 'enable_parallel_hash enable_partition_pruning enable_partitionwise_aggregate- '
  + 'enable_partitionwise_join- enable_seqscan enable_sort enable_tidscan geqo jit- '
  + 'jit_expressions jit_tuple_deforming parallel_leader_participation synchronize_seqscans '
  + 'escape_string_warning backslash_quote=safe_encoding array_nulls quote_all_identifiers- '
  + 'default_toast_compression=pglz constraint_exclusion=partition debug_parallel_query- '
  + 'plan_cache_mode=auto check_function_bodies '
  + 'transform_null_equals- debug_print_plan- debug_print_parse- log_statement=none '
  + 'log_min_messages=warning log_min_duration_statement=-1 track_activities track_counts '
  + 'track_functions=none default_statistics_target=100 commit_delay=0 commit_siblings=5 '
  + 'cursor_tuple_fraction=0.1 seq_page_cost=1 random_page_cost=4 cpu_tuple_cost=0.01 '
  + 'cpu_index_tuple_cost=0.005 cpu_operator_cost=0.0025 parallel_setup_cost=1000 '
  + 'parallel_tuple_cost=0.1 jit_above_cost=100000 jit_inline_above_cost=500000 '
  + 'jit_optimize_above_cost=500000 min_parallel_table_scan_size=8MB '
  + 'min_parallel_index_scan_size=512kB effective_cache_size=4GB effective_io_concurrency=1 '
  + 'maintenance_work_mem=64MB logical_decoding_work_mem=64MB work_mem=4MB temp_buffers=8MB '
  + 'hash_mem_multiplier=2 max_parallel_workers=8 max_parallel_workers_per_gather=2 '
  + 'max_parallel_maintenance_workers=2 max_stack_depth=2MB from_collapse_limit=8 '
  + 'join_collapse_limit=8 geqo_threshold=12 geqo_effort=5 geqo_pool_size=0 '
  + 'geqo_generations=0 geqo_selection_bias=2 geqo_seed=0 gin_fuzzy_search_limit=0 '
  + 'gin_pending_list_limit=4MB recursive_worktable_factor=10 stats_fetch_consistency=cache '
  + 'default_text_search_config=pg_catalog.simple temp_tablespaces= vacuum_cost_delay=0 '
  + 'vacuum_freeze_min_age=50000000 vacuum_freeze_table_age=150000000 deadlock_timeout=1s '
  + 'session_replication_role=origin';

/** One setting of the list above: `name`, `name-` (off) or `name=initial`. */
function plannerSetting(text: string): Setting {
  const [name = '', initial] = text.replace(/-$/, '=off').split('=');
  const doc = 'Kept for clients.';
  if (initial === undefined || initial === 'off') {
    return setting(name, initial ?? 'on', doc, { normalise: flag(name), flags: INERT });
  }
  return setting(name, initial, doc, { normalise: likeInitial(name, initial), flags: INERT });
}

/** What a number without meaning here accepts: numbers, with a unit where the initial one has. */
function likeInitial(name: string, initial: string): (value: string) => string {
  if (!/^-?[0-9]/.test(initial)) return same;
  return (value) => (/^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*[A-Za-z]*\s*$/.test(value)
    ? value.trim() : invalid(name, value));
}

const PLANNER_SETTINGS: readonly Setting[] = PLANNER_SWITCHES.split(' ').map(plannerSetting);

/** Every setting, by group. */
export const SETTINGS: readonly Setting[] = [
  setting('application_name', '', 'Name of the application, for statistics.',
    { flags: ['reported'] }),
  setting('client_encoding', 'UTF8', 'Encoding of the client.',
    { normalise: clientEncoding, flags: ['reported'] }),
  setting('DateStyle', 'ISO, MDY', 'Display and reading order of dates.',
    { normalise: dateStyle, flags: ['reported'] }),
  setting('IntervalStyle', 'postgres', 'Display of intervals.', { flags: ['reported'],
    normalise: oneOf('IntervalStyle', 'postgres', 'postgres_verbose', 'sql_standard',
      'iso_8601') }),
  setting('TimeZone', 'UTC', 'Time zone of timestamptz values on input and output.',
    { normalise: timeZone, flags: ['reported'] }),
  setting('default_transaction_read_only', 'off', 'New transactions are read-only.',
    { normalise: flag('default_transaction_read_only'), flags: ['reported', 'inert'] }),
  setting('in_hot_standby', 'off', 'Always off.', { flags: ['reported', 'readOnly'] }),
  setting('integer_datetimes', 'on', 'Always on.', { flags: ['reported', 'readOnly'] }),
  setting('is_superuser', 'on', 'The user may do everything.',
    { flags: ['reported', 'readOnly'] }),
  setting('server_encoding', 'UTF8', 'Always UTF8.', { flags: ['reported', 'readOnly'] }),
  setting('server_version', '15.18', 'PostgreSQL version whose behaviour is followed.',
    { flags: ['reported', 'readOnly'] }),
  setting('server_version_num', '150018', 'The same as a number.', { flags: ['readOnly'] }),
  setting('session_authorization', 'tidemill', 'User of the session.', { flags: ['reported'] }),
  setting('standard_conforming_strings', 'on', 'Backslashes in plain strings are literal.',
    { flags: ['reported'], normalise: flag('standard_conforming_strings') }),
  setting('search_path', '"$user", public', 'Schemas that unqualified names are looked up in.',
    { normalise: checkedPath }),
  setting('matview_visibility', 'auto',
    'Whether information_schema lists materialized views: auto hides them from Metabase only.',
    { normalise: oneOf('matview_visibility', 'auto', 'always', 'never') }),
  setting('statement_timeout', '0', 'Longest time a statement may run; 0 is no limit.',
    { normalise: duration('statement_timeout') }),
  setting('bytea_output', 'hex', 'Display of bytea.',
    { normalise: oneOf('bytea_output', 'hex', 'escape') }),
  setting('extra_float_digits', '1', 'Digits of floating-point output.',
    { normalise: integer('extra_float_digits', -15, 3) }),
  setting('client_min_messages', 'notice', 'Least severity of messages sent.', {
    normalise: oneOf('client_min_messages', 'debug5', 'debug4', 'debug3', 'debug2', 'debug1',
      'debug', 'log', 'info', 'notice', 'warning', 'error') }),
  setting('transaction_isolation', 'read committed', 'Isolation of the transaction.',
    { normalise: isolation, flags: INERT }),
  setting('default_transaction_isolation', 'read committed', 'Isolation of new transactions.',
    { normalise: isolation, flags: INERT }),
  setting('transaction_read_only', 'off', 'The transaction is read-only.',
    { normalise: flag('transaction_read_only') }),
  setting('require_bounded_state', 'off',
    'CREATE MATERIALIZED VIEW fails when nothing bounds its state.',
    { normalise: flag('require_bounded_state') }),
  setting('tidemill.clock', '', 'Time of the engine; in test mode it can be set.'),
  setting('role', 'none', 'Role of the session; none is the user that logged in.'),
  setting('default_transaction_deferrable', 'off', 'Kept for clients.',
    { normalise: flag('default_transaction_deferrable'), flags: INERT }),
  setting('transaction_deferrable', 'off', 'Kept for clients.',
    { normalise: flag('transaction_deferrable'), flags: INERT }),
  setting('lock_timeout', '0', 'Kept for clients.',
    { normalise: duration('lock_timeout'), flags: INERT }),
  setting('idle_in_transaction_session_timeout', '0',
    'Longest time a transaction block may wait for its client; 0 is no limit.',
    { normalise: duration('idle_in_transaction_session_timeout') }),
  setting('idle_session_timeout', '0', 'Kept for clients.',
    { normalise: duration('idle_session_timeout'), flags: INERT }),
  setting('row_security', 'on', 'Kept for clients.',
    { normalise: flag('row_security'), flags: INERT }),
  setting('synchronous_commit', 'on', 'Kept for clients; every commit is synchronous.',
    { flags: INERT }),
  setting('default_tablespace', '', 'Kept for clients.', { flags: INERT }),
  setting('default_table_access_method', 'heap', 'Kept for clients.', { flags: INERT }),
  setting('password_encryption', 'scram-sha-256', 'How passwords are kept.',
    { flags: ['readOnly'] }),
  setting('xmloption', 'content', 'Kept for clients.', { flags: INERT }),
  setting('max_identifier_length', '63', 'Longest identifier in bytes.',
    { flags: ['readOnly'] }),
  setting('max_index_keys', '32', 'Most key columns of an index.', { flags: ['readOnly'] }),
  setting('max_connections', '100', 'Most connections at a time.', { flags: ['readOnly'] }),
  setting('superuser_reserved_connections', '3',
    'Connections beyond max_connections, for superusers.', { flags: ['readOnly'] }),
  setting('block_size', '8192', 'Kept for clients.', { flags: ['readOnly'] }),
  setting('lc_collate', 'C', 'Text is ordered by code point.', { flags: ['readOnly'] }),
  setting('lc_ctype', 'C.UTF-8', 'Character classes follow Unicode.', { flags: ['readOnly'] }),
  setting('lc_messages', 'C', 'Kept for clients.', { flags: INERT }),
  setting('lc_monetary', 'C', 'Kept for clients.', { flags: INERT }),
  setting('lc_numeric', 'C', 'Kept for clients.', { flags: INERT }),
  setting('lc_time', 'C', 'Kept for clients.', { flags: INERT }),
  setting('ssl', 'off', 'Whether TLS is on.', { flags: ['readOnly'] }),
  ...PLANNER_SETTINGS,
  setting('rw_implicit_flush', 'off', 'Kept for clients of RisingWave; every write is visible '
    + 'when it returns.', { normalise: flag('rw_implicit_flush'), flags: INERT }),
];

const BY_NAME = new Map(SETTINGS.map((entry) => [entry.name, entry]));

/** Looks a setting up; names with a dot are free and get a setting of their own. */
export function findSetting(name: string): Setting {
  const found = BY_NAME.get(name.toLowerCase());
  if (found !== undefined) return found;
  if (name.includes('.')) return setting(name, '', 'A custom setting.');
  throw sqlError('42704', `unrecognized configuration parameter "${name}"`);
}
