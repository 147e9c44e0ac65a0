/**
 * Databases, schemas, roles, settings, comments and sessions: what stands around relations.
 */
import { parseValue } from '../../common/types/registry.ts';
import { sqlArray } from '../../common/values.ts';
import { findRole, rolesIn } from '../catalog-roles.ts';
import type { SystemContext } from '../engine-core-types.ts';
import { SETTINGS } from '../session/settings.ts';
import type { Setting } from '../session/settings.ts';
import { aclOf } from './acl.ts';
import type { CatalogRow, Contents } from './content.ts';
import {
  CLASS_OIDS, DEFAULT_TABLESPACE, roleNames, roleOid, roleOids, schemasHere,
} from './oids.ts';
import { typeOidOf } from './types.ts';

function* databases(context: SystemContext): Generator<CatalogRow, void> {
  for (const { id, name, owner } of context.catalog.databases.values()) {
    yield {
      oid: id, datname: name, datdba: roleOid(context, owner), encoding: 6, datlocprovider: 'c',
      datallowconn: true, datconnlimit: -1, dattablespace: DEFAULT_TABLESPACE, datcollate: 'C',
      datctype: 'C.UTF-8', datminmxid: 1, datfrozenxid: 1,
      datacl: aclOf(context, { id, owner, kind: 'database', system: false }),
    };
  }
}

function* namespaces(context: SystemContext): Generator<CatalogRow, void> {
  const owner = roleOids(context);
  for (const schema of schemasHere(context)) {
    yield { oid: schema.id, nspname: schema.name, nspowner: owner(schema.owner),
      nspacl: aclOf(context, { id: schema.id, owner: schema.owner, kind: 'schema',
        system: schema.database === 0 }) };
  }
}

function* authids(context: SystemContext): Generator<CatalogRow, void> {
  for (const name of roleNames(context)) {
    const role = findRole(context.catalog, name);
    const superuser = role?.superuser ?? false;
    yield {
      oid: roleOid(context, name), rolname: name, rolsuper: superuser,
      rolinherit: role?.inherit ?? true, rolcreaterole: superuser || (role?.createRole ?? false),
      rolcreatedb: superuser || (role?.createDb ?? false), rolcanlogin: role?.login ?? false,
      rolreplication: superuser, rolbypassrls: superuser,
      rolconnlimit: role?.connectionLimit ?? -1, rolvaliduntil: role?.validUntil ?? null,
    };
  }
}

function* roles(context: SystemContext): Generator<CatalogRow, void> {
  for (const row of authids(context)) yield { ...row, rolpassword: '********' };
}

/** Who is in which role. */
function* memberships(context: SystemContext): Generator<CatalogRow, void> {
  for (const member of rolesIn(context.catalog)) {
    for (const { role, admin } of member.memberOf) {
      yield { roleid: role, member: member.id, grantor: 10, admin_option: admin };
    }
  }
}

function* users(context: SystemContext): Generator<CatalogRow, void> {
  for (const name of roleNames(context)) {
    const role = findRole(context.catalog, name);
    if (role?.login !== true) continue;
    yield { usename: name, usesysid: roleOid(context, name), usesuper: role.superuser,
      usecreatedb: role.superuser || role.createDb,
      userepl: false, usebypassrls: false, passwd: '********' };
  }
}

function tablespaces(): readonly CatalogRow[] {
  return [{ oid: DEFAULT_TABLESPACE, spcname: 'pg_default', spcowner: 10 },
    { oid: 1664, spcname: 'pg_global', spcowner: 10 }];
}

function typeOfSetting(setting: Setting, value: string): string {
  if (/^(on|off)$/.test(setting.initial)) return 'bool';
  return /^-?\d+$/.test(value) && /^-?\d+$/.test(setting.initial) ? 'integer' : 'string';
}

/** Settings in milliseconds. */
const UNITS: ReadonlyMap<string, string> = new Map(['statement_timeout', 'lock_timeout',
  'idle_in_transaction_session_timeout', 'idle_session_timeout'].map((name) => [name, 'ms']));

function* settings(context: SystemContext): Generator<CatalogRow, void> {
  for (const setting of [...SETTINGS].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const value = context.setting(setting.name) ?? setting.initial;
    yield {
      name: setting.shown, setting: value, category: setting.inert ? 'Kept for clients'
        : setting.readOnly ? 'Preset Options' : 'Client Connection Defaults',
      short_desc: setting.doc, context: setting.readOnly ? 'internal' : 'user',
      unit: UNITS.get(setting.name) ?? null,
      vartype: typeOfSetting(setting, value),
      source: value === setting.initial ? 'default' : 'session', boot_val: setting.initial,
      reset_val: setting.initial, pending_restart: false,
    };
  }
}

/** The catalog an object is listed in. */
export function classOf(context: SystemContext, id: number): number | null {
  const { catalog } = context;
  if (catalog.relations.has(id) || catalog.indexes.has(id)) return CLASS_OIDS.pg_class;
  if (catalog.schemas.has(id)) return CLASS_OIDS.pg_namespace;
  const object = catalog.objects.get(id);
  if (object === undefined) return null;
  return object.kind === 'function' ? CLASS_OIDS.pg_proc
    : object.kind === 'type' ? CLASS_OIDS.pg_type : CLASS_OIDS.pg_class;
}

function* descriptions(context: SystemContext): Generator<CatalogRow, void> {
  for (const [id, column, text] of context.catalog.comments()) {
    const found = classOf(context, id);
    if (found !== null) {
      yield { objoid: id, classoid: found, objsubid: column, description: text };
    }
  }
}

function* sharedDescriptions(context: SystemContext): Generator<CatalogRow, void> {
  for (const [id, , text] of context.catalog.comments()) {
    if (!context.catalog.databases.has(id)) continue;
    yield { objoid: id, classoid: CLASS_OIDS.pg_database, description: text };
  }
}

function* activity(context: SystemContext): Generator<CatalogRow, void> {
  for (const session of context.sessions?.activity() ?? []) {
    const { database, transactionAt, queryAt } = session;
    const active = session.state === 'active';
    yield {
      datid: database, datname: context.catalog.databases.get(database)?.name ?? null,
      pid: session.pid, usesysid: roleOid(context, session.user), usename: session.user,
      application_name: session.applicationName,
      client_addr: session.clientAddress === '' ? null : session.clientAddress,
      client_port: -1, backend_start: session.startedAt, xact_start: transactionAt,
      query_start: queryAt, state_change: queryAt, state: session.state, query: session.query,
      wait_event_type: active ? null : 'Client', wait_event: active ? null : 'ClientRead',
      backend_type: 'client backend',
    };
  }
}

function* perSession(context: SystemContext): Generator<CatalogRow, void> {
  for (const { pid } of context.sessions?.activity() ?? []) {
    yield { pid, gss_authenticated: false, encrypted: false };
  }
}

function* sslSessions(context: SystemContext): Generator<CatalogRow, void> {
  for (const { pid } of context.sessions?.activity() ?? []) yield { pid, ssl: false };
}

function* cursors(context: SystemContext): Generator<CatalogRow, void> {
  for (const cursor of context.sessions?.cursors() ?? []) {
    yield { name: cursor.name, statement: cursor.text, is_holdable: cursor.hold,
      is_binary: false, is_scrollable: false };
  }
}

function* preparedStatements(context: SystemContext): Generator<CatalogRow, void> {
  for (const { name, text, fromSql, parameterTypes } of context.sessions?.statements() ?? []) {
    yield { name, statement: text, from_sql: fromSql,
      parameter_types: sqlArray(parameterTypes.map((type) => typeOidOf(type) ?? 0)),
      generic_plans: 0n, custom_plans: 0n };
  }
}

function* zones(): Generator<CatalogRow, void> {
  for (const name of ['GMT', 'UTC']) {
    yield { name, abbrev: name, utc_offset: parseValue('0', { name: 'interval' }), is_dst: false };
  }
}

/** The connectors stand behind sources as a foreign server each. */
function* foreignServers(context: SystemContext): Generator<CatalogRow, void> {
  const seen = new Set<string>();
  for (const { connector } of context.catalog.relations.values()) {
    if (connector === null || seen.has(connector.connector)) continue;
    seen.add(connector.connector);
    yield { oid: serverOid(connector.connector), srvname: connector.connector, srvowner: 10,
      srvfdw: FOREIGN_WRAPPER };
  }
}

const FOREIGN_WRAPPER = 13010;
/** Options whose values are nobody's business. */
const SECRET = /password|secret|jaas|key\.pem/;
const CONNECTORS = ['file', 'datagen', 'nexmark', 'kafka', 'redis', 'postgres', 'http'];

function serverOid(connector: string): number {
  const at = CONNECTORS.indexOf(connector);
  return 13020 + (at < 0 ? CONNECTORS.length : at);
}

function* foreignTables(context: SystemContext): Generator<CatalogRow, void> {
  for (const { id, kind, connector } of context.catalog.relations.values()) {
    if (kind !== 'source' || connector === null) continue;
    yield { ftrelid: id, ftserver: serverOid(connector.connector),
      ftoptions: sqlArray(connector.options.map(([name, value]) =>
        `${name}=${SECRET.test(name) ? '********' : value}`)) };
  }
}

function foreignWrappers(): readonly CatalogRow[] {
  return [{ oid: FOREIGN_WRAPPER, fdwname: 'tidemill', fdwowner: 10 }];
}

/** Contents of the relations named above. */
export const CLUSTER: Contents = {
  pg_database: databases, pg_namespace: namespaces, pg_authid: authids, pg_roles: roles,
  pg_auth_members: memberships, pg_user: users, pg_shadow: users,
  pg_tablespace: tablespaces, pg_settings: settings,
  pg_description: descriptions, pg_shdescription: sharedDescriptions,
  pg_stat_activity: activity, pg_stat_gssapi: perSession, pg_stat_ssl: sslSessions,
  pg_cursors: cursors, pg_prepared_statements: preparedStatements, pg_timezone_names: zones,
  pg_foreign_server: foreignServers, pg_foreign_table: foreignTables,
  pg_foreign_data_wrapper: foreignWrappers,
};
