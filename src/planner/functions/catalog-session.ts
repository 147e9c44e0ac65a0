/**
 * Functions that act on sessions or ask about the server: pg_sleep, set_config, pg_cancel_backend.
 *
 * Without a session they do nothing or answer NULL; all are stable or volatile.
 */
import { sqlError } from '../../common/errors.ts';
import { intervalTotalMicros } from '../../common/types/interval.ts';
import type { Interval } from '../../common/types/interval.ts';
import { sqlArray } from '../../common/values.ts';
import type { Value } from '../../common/values.ts';
import { scalar } from './builder.ts';
import type { EvaluationContext, ScalarFunction } from './entry.ts';

function sleep(context: EvaluationContext, seconds: number): Value {
  if (seconds > 0) context.catalog?.sleep(seconds);
  return '';
}

const SLEEPS: readonly ScalarFunction[] = [
  scalar({
    signature: 'pg_sleep(float8) -> void', doc: 'Waits that many seconds.', volatility: 'volatile',
    examples: [['pg_sleep(0)', '']], evaluateIn: sleep,
  }),
  scalar({
    signature: 'pg_sleep_for(interval) -> void', doc: 'Waits for the interval.',
    volatility: 'volatile', examples: [[`pg_sleep_for('0')`, '']],
    evaluateIn: (context, time: Interval) =>
      sleep(context, Number(intervalTotalMicros(time)) / 1e6),
  }),
  scalar({
    signature: 'pg_sleep_until(timestamptz) -> void', doc: 'Waits until the moment.',
    volatility: 'volatile', examples: [[`pg_sleep_until('2000-01-01')`, '']],
    evaluateIn: (context, until: bigint) => sleep(context, Number(until - context.now) / 1e6),
  }),
];

function unknownSetting(name: string): Error {
  return sqlError('42704', `unrecognized configuration parameter "${name}"`);
}

const SETTINGS: readonly ScalarFunction[] = [
  scalar({
    signature: 'current_setting(text) -> text', doc: 'The value of a setting.',
    volatility: 'stable', examples: [[`current_setting(NULL)`, null]],
    evaluateIn: (context, name: string) => {
      const value = context.catalog?.setting(name.toLowerCase()) ?? null;
      if (value === null) throw unknownSetting(name);
      return value;
    },
  }),
  scalar({
    signature: 'current_setting(text,boolean) -> text',
    doc: 'The value of a setting; NULL when it is unknown and the second argument is true.',
    volatility: 'stable', examples: [[`current_setting('no.such', true)`, null]],
    evaluateIn: (context, name: string, missingOk: boolean) => {
      const value = context.catalog?.setting(name.toLowerCase()) ?? null;
      if (value === null && !missingOk) throw unknownSetting(name);
      return value;
    },
  }),
  scalar({
    signature: 'set_config(text,text,boolean) -> text', nulls: 'called',
    doc: 'Changes a setting, for the transaction only if the third argument is true.',
    volatility: 'volatile', examples: [[`set_config('a.b', 'c', false)`, 'c']],
    evaluateIn: (context, name: string | null, value: string | null, local: boolean | null) => {
      if (name === null) throw sqlError('22004', 'SET requires parameter name');
      return context.catalog?.setSetting(name, value ?? '', local === true) ?? value;
    },
  }),
];

const SIGNALS: readonly ScalarFunction[] = [
  scalar({
    signature: 'pg_notify(text,text) -> void', nulls: 'called', volatility: 'volatile',
    doc: 'Tells those that LISTEN to a channel, after the commit.',
    examples: [[`pg_notify('channel', 'payload')`, '']],
    evaluateIn: (context, channel: string | null, payload: string | null) => {
      context.catalog?.notify(channel ?? '', payload ?? '');
      return '';
    },
  }),
  scalar({
    signature: 'pg_cancel_backend(int4) -> boolean', doc: 'Stops what a session is running.',
    volatility: 'volatile', examples: [['pg_cancel_backend(0)', 'false']],
    evaluateIn: (context, pid: number) => context.catalog?.signal(pid, false) ?? false,
  }),
  scalar({
    signature: 'pg_terminate_backend(int4) -> boolean', doc: 'Ends a session.',
    volatility: 'volatile', examples: [['pg_terminate_backend(0)', 'false']],
    evaluateIn: (context, pid: number) => context.catalog?.signal(pid, true) ?? false,
  }),
  scalar({
    signature: 'pg_terminate_backend(int4,int8) -> boolean',
    doc: 'Ends a session; the time to wait is not needed.', volatility: 'volatile',
    examples: [['pg_terminate_backend(0, 0)', 'false']],
    evaluateIn: (context, pid: number) => context.catalog?.signal(pid, true) ?? false,
  }),
  scalar({
    signature: 'pg_blocking_pids(int4) -> int4[]', doc: 'Sessions another one waits for: none.',
    volatility: 'volatile', examples: [['pg_blocking_pids(0)', '{}']],
    evaluate: () => sqlArray([]),
  }),
  scalar({
    signature: 'pg_advisory_unlock_all() -> void',
    doc: 'Releases advisory locks; none can be held.', volatility: 'volatile',
    examples: [['pg_advisory_unlock_all()', '']], evaluate: () => '',
  }),
];

function epochOf(context: EvaluationContext): bigint {
  return context.catalog?.epoch() ?? 0n;
}

const SERVER: readonly ScalarFunction[] = [
  scalar({
    signature: 'getdatabaseencoding() -> name', doc: 'The encoding of the database.',
    volatility: 'stable', examples: [['getdatabaseencoding()', 'UTF8']], evaluate: () => 'UTF8',
  }),
  scalar({
    signature: 'pg_client_encoding() -> name', doc: 'The encoding of the client.',
    volatility: 'stable', examples: [['pg_client_encoding()', 'UTF8']], evaluate: () => 'UTF8',
  }),
  scalar({
    signature: 'pg_postmaster_start_time() -> timestamptz', doc: 'When the server was started.',
    volatility: 'stable', examples: [['pg_postmaster_start_time()', null]],
    evaluateIn: (context) => context.catalog?.startedAt() ?? null,
  }),
  scalar({
    signature: 'pg_conf_load_time() -> timestamptz', doc: 'When the settings were read.',
    volatility: 'stable', examples: [['pg_conf_load_time()', null]],
    evaluateIn: (context) => context.catalog?.startedAt() ?? null,
  }),
  scalar({
    signature: 'txid_current() -> int8', doc: 'The epoch the transaction reads.',
    volatility: 'stable', examples: [['txid_current()', '0']], evaluateIn: epochOf,
  }),
  scalar({
    signature: 'txid_current_if_assigned() -> int8',
    doc: 'The number of the transaction if it has one; it gets it when it commits.',
    volatility: 'stable', examples: [['txid_current_if_assigned()', null]], evaluate: () => null,
  }),
  scalar({
    signature: 'age(xid) -> int4', doc: 'Transactions since; row versions have no age.',
    volatility: 'stable', examples: [[`age('1'::xid)`, '0']], evaluate: () => 0,
  }),
  ...['inet_server_addr', 'inet_client_addr'].map((name) => scalar({
    signature: `${name}() -> inet`, doc: 'The address of the connection; not known.',
    volatility: 'stable', examples: [[`${name}()`, null]], evaluate: () => null,
  })),
  ...['inet_server_port', 'inet_client_port'].map((name) => scalar({
    signature: `${name}() -> int4`, doc: 'The port of the connection; not known.',
    volatility: 'stable', examples: [[`${name}()`, null]], evaluate: () => null,
  })),
  ...['oid', 'name'].map((type) => scalar({
    signature: `pg_database_size(${type}) -> int8`, doc: 'The bytes a database takes.',
    volatility: 'stable', examples: [[`pg_database_size(NULL::${type})`, null]],
    evaluateIn: (context, which: number | string) => {
      if (typeof which === 'string') context.catalog?.requireObject('database', which);
      return context.catalog?.size('database', 0) ?? 0n;
    },
  })),
  ...['oid', 'name'].map((type) => scalar({
    signature: `pg_tablespace_size(${type}) -> int8`, doc: 'The bytes a tablespace takes.',
    volatility: 'stable', examples: [[`pg_tablespace_size(NULL::${type})`, null]],
    evaluateIn: (context) => context.catalog?.size('database', 0) ?? 0n,
  })),
];

/** Functions about sessions and the server. */
export const CATALOG_SESSION: readonly ScalarFunction[] = [
  ...SLEEPS, ...SETTINGS, ...SIGNALS, ...SERVER,
];
