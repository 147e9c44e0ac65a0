/**
 * SHOW: settings, and short lists of objects (TABLES, VIEWS, COLUMNS, CREATE ...).
 */
import { sqlError } from '../../common/errors.ts';
import { formatType, formatValue } from '../../common/types/registry.ts';
import { makeInterval } from '../../common/types/interval.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { Value } from '../../common/values.ts';
import type { Show } from '../../parser/ast-statements.ts';
import type { ResultColumn } from '../../planner/plans.ts';
import { withoutSecrets } from './audit.ts';
import { clockText, isClock } from './clock.ts';
import { subscriptionFacts } from './named-subscription.ts';
import { resultColumn, rowsResult } from './result.ts';
import type { StatementResult } from './result.ts';
import type { SessionState } from './session-state.ts';
import { findSetting } from './settings.ts';
import type { StatementContext } from './statement-context.ts';

const TEXT: SqlType = { name: 'text' };
const SHOW_TAG = (): string => 'SHOW';

/** Object lists: words after SHOW, and the kinds listed. */
const LISTS: Readonly<Record<string, readonly string[]>> = {
  tables: ['table'], views: ['view'], 'materialized views': ['materializedView'],
  sources: ['source'], objects: ['table', 'source', 'view', 'materializedView'],
};

const CURSOR_LISTS = ['cursors', 'subscription cursors'];

const SETTING_WORDS: Readonly<Record<string, string>> = {
  'time zone': 'timezone', 'transaction isolation level': 'transaction_isolation',
  'session authorization': 'session_authorization', names: 'client_encoding',
};

/** Result columns of a SHOW. */
export function showColumns(statement: Show): readonly ResultColumn[] {
  const { name } = statement;
  if (name === 'all') {
    return ['name', 'setting', 'description'].map((column) => resultColumn(column, TEXT));
  }
  if (name in LISTS || name === 'schemas' || name === 'databases' || name === 'indexes') {
    return [resultColumn('name', TEXT)];
  }
  if (name === 'subscriptions') {
    return ['name', 'relation', 'retention'].map((column) => resultColumn(column, TEXT));
  }
  if (CURSOR_LISTS.includes(name)) {
    return ['name', 'subscription'].map((column) => resultColumn(column, TEXT));
  }
  if (name === 'columns') {
    return [resultColumn('name', TEXT), resultColumn('type', TEXT),
      resultColumn('nullable', { name: 'boolean' })];
  }
  if (name.startsWith('create ')) {
    return [resultColumn('name', TEXT), resultColumn('create_sql', TEXT)];
  }
  return [resultColumn(settingName(name), TEXT)];
}

function settingName(words: string): string {
  return findSetting(SETTING_WORDS[words] ?? words).shown;
}

/** SHOW name, SHOW ALL, SHOW TABLES ... */
export function showVariable(
  session: SessionState, context: StatementContext, statement: Show,
): StatementResult {
  if (statement.where !== null) {
    throw sqlError('0A000', 'SHOW ... WHERE is not supported', {
      span: statement.span, hint: 'Select from information_schema.tables instead.',
    });
  }
  const rows = CURSOR_LISTS.includes(statement.name) ? cursorRows(session, statement.name)
    : rowsOf(context, statement);
  return rowsResult(showColumns(statement), rows, SHOW_TAG);
}

/** SHOW CURSORS lists all of the session, SHOW SUBSCRIPTION CURSORS those over subscriptions. */
function cursorRows(session: SessionState, list: string): readonly (readonly Value[])[] {
  return [...session.portals.values()].flatMap(({ cursor, name, subscription }) => {
    if (!cursor || (list !== 'cursors' && subscription === undefined)) return [];
    const object = subscription === undefined ? undefined
      : session.scope.core.catalog.state.objects.get(subscription.subscription);
    return [[name, object?.name ?? null]];
  });
}

function subscriptionRows(context: StatementContext): readonly (readonly Value[])[] {
  const { catalog } = context.transaction;
  return [...catalog.objects.values()].flatMap((object) => {
    if (object.kind !== 'subscription' || object.database !== context.scope.database.id) return [];
    const { relation, retentionMicros } = subscriptionFacts(object);
    const interval = makeInterval(0, 0, retentionMicros);
    return [[object.name, catalog.relation(relation)?.name ?? null,
      formatValue(interval, { name: 'interval' })]];
  });
}

function rowsOf(context: StatementContext, statement: Show): readonly (readonly Value[])[] {
  const { settings } = context.scope;
  const { name } = statement;
  if (name === 'all') {
    return settings.all().map(({ setting, value }) => [setting.shown, value, setting.doc]);
  }
  const kinds = LISTS[name];
  if (kinds !== undefined) return namesOf(context, statement, kinds);
  if (name === 'schemas') return schemaNames(context);
  if (name === 'subscriptions') return subscriptionRows(context);
  if (name === 'databases') {
    return [...context.transaction.catalog.databases.values()].map((entry) => [entry.name]);
  }
  if (name === 'indexes') {
    const on = statement.from === null ? null : context.resolve(statement.from);
    return [...context.transaction.catalog.indexes.values()]
      .filter((index) => on === null || index.relation === on.id).map((index) => [index.name]);
  }
  if (name === 'columns' || name.startsWith('create ')) return aboutRelation(context, statement);
  if (isClock(name)) return [[clockText(context)]];
  return [[settings.get(SETTING_WORDS[name] ?? name)]];
}

function aboutRelation(
  context: StatementContext, statement: Show,
): readonly (readonly Value[])[] {
  if (statement.from === null) {
    throw sqlError('42601', `SHOW ${statement.name.toUpperCase()} needs a name`);
  }
  const relation = context.resolve(statement.from);
  if (statement.name === 'columns') {
    return relation.columns.map(({ name, type, notNull }) => [name, formatType(type), !notNull]);
  }
  return [[relation.name, withoutSecrets(relation.sql)]];
}

function namesOf(
  context: StatementContext, statement: Show, kinds: readonly string[],
): readonly (readonly Value[])[] {
  const schema = statement.from === null ? context.catalog.creationSchema()
    : context.catalog.schemaByName(statement.from.parts.at(-1)?.name ?? '');
  const names: string[] = [];
  for (const relation of context.transaction.catalog.relations.values()) {
    const here = relation.database === context.scope.database.id || relation.database === 0;
    if (here && relation.schemaId === schema?.id && kinds.includes(relation.kind)) {
      names.push(relation.name);
    }
  }
  return names.sort().map((name) => [name]);
}

function schemaNames(context: StatementContext): readonly (readonly Value[])[] {
  const names: string[] = [];
  for (const schema of context.transaction.catalog.schemas.values()) {
    if (schema.database === context.scope.database.id || schema.database === 0) {
      names.push(schema.name);
    }
  }
  return names.sort().map((name) => [name]);
}
