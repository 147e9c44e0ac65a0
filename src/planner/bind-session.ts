/**
 * Functions whose answer is the session's or the clock's: now() and its kin become `now`, names of
 * users, schemas and settings become literals when the statement is planned.
 */
import { sqlError } from '../common/errors.ts';
import { catalogTypeOid } from '../common/types/registry.ts';
import { sameType } from '../common/types/sql-type.ts';
import type { SqlType } from '../common/types/sql-type.ts';
import { asString } from '../common/types/values-of.ts';
import { sqlArray } from '../common/values.ts';
import type { FunctionCall } from '../parser/ast.ts';
import type { SqlValueFunction } from '../parser/ast-leaves.ts';
import type { Binder } from './bind-context.ts';
import { INT4, TEXT, TIMESTAMPTZ } from './bind-types.ts';
import { coerce, literalOf } from './coerce.ts';
import type { CatalogReader } from './catalog.ts';
import { not } from './expr-tools.ts';
import type { ScalarExpr } from './relation.ts';
import { BOOLEAN } from './scalar.ts';

const NAME: SqlType = { name: 'name' };

/** The logical time of the epoch or the statement. */
export const NOW: ScalarExpr = { kind: 'now', type: TIMESTAMPTZ };

function nowAs(type: SqlType): ScalarExpr {
  if (sameType(type, TIMESTAMPTZ) && type.mods === undefined) return NOW;
  return { kind: 'cast', arg: NOW, type, context: 'explicit' };
}

function timeType(name: SqlType['name'], precision: number | null): SqlType {
  return precision === null ? { name } : { name, mods: [Math.min(precision, 6)] };
}

/** CURRENT_DATE, CURRENT_USER and the like. */
export function bindSqlValue(binder: Binder, expr: SqlValueFunction): ScalarExpr {
  const { catalog } = binder.state;
  const { session } = catalog;
  switch (expr.function) {
    case 'current_date': return nowAs({ name: 'date' });
    case 'current_timestamp': return nowAs(timeType('timestamptz', expr.precision));
    case 'localtimestamp': return nowAs(timeType('timestamp', expr.precision));
    case 'current_time': return nowAs(timeType('timetz', expr.precision));
    case 'localtime': return nowAs(timeType('time', expr.precision));
    case 'current_catalog': return literalOf(session.database, NAME);
    case 'current_schema': return literalOf(namedSchemas(catalog)[0] ?? null, NAME);
    case 'session_user':
      return literalOf(session.setting('session_authorization') ?? session.user, NAME);
    default: return literalOf(session.user, NAME);
  }
}

const CLOCKS = new Set(['now', 'transaction_timestamp', 'statement_timestamp', 'clock_timestamp',
  'mz_now', 'proctime', 'mz_logical_timestamp']);

/** A call of a session function; null when the name is none. */
export function bindSessionCall(
  binder: Binder, name: string, expr: FunctionCall,
): ScalarExpr | null {
  const { catalog } = binder.state;
  if (expr.args.length === 0 && CLOCKS.has(name)) return NOW;
  switch (name) {
    case 'current_database': return literalOf(catalog.session.database, NAME);
    case 'current_schema': return literalOf(namedSchemas(catalog)[0] ?? null, NAME);
    case 'current_schemas': return currentSchemas(binder, expr);
    case 'current_setting': return currentSetting(binder, expr);
    case 'pg_typeof': return typeOf(binder, expr);
    case 'pg_backend_pid':
      return literalOf(Number(catalog.session.setting('tidemill.backend_pid') ?? '0'), INT4);
    case 'version': {
      const version = catalog.session.setting('server_version') ?? '15.0';
      return literalOf(`PostgreSQL ${version} (Tidemill)`, TEXT);
    }
    default: return null;
  }
}

/** The schemas of the path that were named: pg_catalog only where search_path has it. */
function namedSchemas({ searchPath, session }: CatalogReader): readonly string[] {
  const system = /\bpg_catalog\b/.test(session.setting('search_path') ?? '');
  return searchPath.filter((schema) =>
    (system || schema !== 'pg_catalog') && !isTemporary(schema));
}

/** current_schemas(implicit): the path as it was written, or with what is searched unasked. */
function currentSchemas(binder: Binder, expr: FunctionCall): ScalarExpr | null {
  const { catalog } = binder.state;
  const [given] = expr.args;
  if (given === undefined || expr.args.length !== 1) return null;
  const implicit = coerce(binder.state, binder.bind(given.value), BOOLEAN, 'implicit');
  const type: SqlType = { name: 'array', element: NAME };
  const all = literalOf(sqlArray(catalog.searchPath), type);
  const named = literalOf(sqlArray(namedSchemas(catalog)), type);
  if (implicit.kind === 'literal') {
    return implicit.value === null ? literalOf(null, type) : implicit.value === true ? all : named;
  }
  return {
    kind: 'case', type, otherwise: literalOf(null, type), whens: [
      { when: implicit, then: all }, { when: not(implicit), then: named },
    ],
  };
}

/** A session's schema of temporary things, which is searched without being named. */
function isTemporary(schema: string): boolean {
  return schema.startsWith('pg_temp_');
}

function currentSetting(binder: Binder, expr: FunctionCall): ScalarExpr | null {
  const { state } = binder;
  const [name, missing] = expr.args.map((arg) => binder.bind(arg.value));
  if (name === undefined) return null;
  const literal = coerce(state, name, TEXT, 'implicit');
  if (literal.kind !== 'literal') return null;
  if (literal.value === null) return literalOf(null, TEXT);
  const wanted = asString(literal.value);
  const value = state.catalog.session.setting(wanted.toLowerCase());
  const allowed = missing === undefined ? null
    : coerce(state, missing, BOOLEAN, 'implicit');
  const missingOk = allowed?.kind === 'literal' && allowed.value === true;
  if (value === null && !missingOk) {
    throw sqlError('42704',
      `unrecognized configuration parameter "${wanted}"`, { span: expr.span });
  }
  return literalOf(value, TEXT);
}

function typeOf(binder: Binder, expr: FunctionCall): ScalarExpr | null {
  const [arg] = expr.args;
  if (arg === undefined || expr.args.length !== 1) return null;
  return literalOf(catalogTypeOid(binder.bind(arg.value).type), { name: 'regtype' });
}
