/**
 * WITH (...) of tables and sources: the connector and its options, in both spellings.
 */
import { sqlError } from '../../common/errors.ts';
import type { CreateTable } from '../../parser/ast-definitions.ts';
import type { Option } from '../../parser/ast.ts';
import type { StoredConnector, StoredRelation } from '../catalog-store-types.ts';
import type { ConnectorColumn } from '../connectors/connector.ts';
import { findConnector, metadataColumnType } from '../connectors/registry.ts';
import type { ColumnParts } from './ddl-columns.ts';
import { isWebhook, WEBHOOK, WEBHOOK_OPTIONS } from './webhook-options.ts';

/** Options of any table that are not the connector's. */
import { retainHistory } from './duration.ts';

const TABLE_OPTIONS = ['watermark.idle_timeout', 'watermark.fallback', 'on_error', 'log_rows',
  'appendonly', 'ttl'];

/** PostgreSQL's parameters of how a table is laid out: kept and shown, nothing here to set. */
export function isStorageParameter(name: string): boolean {
  return name === 'fillfactor' || name === 'parallel_workers' || name === 'user_catalog_table'
    || name === 'toast_tuple_target' || name === 'vacuum_index_cleanup'
    || name === 'vacuum_truncate' || name === 'log_autovacuum_min_duration'
    || name.startsWith('autovacuum_') || name.startsWith('toast.');
}

/** The connector of a declaration, or null for a plain table. */
export function connectorOf(statement: CreateTable): StoredConnector | null {
  const options = statement.options.map((option) => [option.name, optionText(option)] as const);
  const name = options.find(([key]) => key === 'connector')?.[1];
  if (name === WEBHOOK && statement.object === 'table') return null;
  if (name === undefined) {
    if (statement.object === 'source') {
      throw sqlError('42601', 'a source needs a connector', {
        span: statement.span, hint: "Add WITH (connector = 'file', ...), or create a table.",
      });
    }
    return null;
  }
  const own = options.filter(([key]) => key !== 'connector' && !TABLE_OPTIONS.includes(key)
    && key !== 'format');
  findConnector(name);
  return { connector: name, options: own, format: formatOf(statement, options), metadata: [] };
}

function formatOf(
  statement: CreateTable, options: readonly (readonly [string, string])[],
): StoredConnector['format'] {
  const clause = statement.format;
  if (clause !== null) {
    return {
      format: clause.format ?? 'plain', encode: clause.encode, keyEncode: clause.keyEncode,
      options: clause.options.map((option) => [option.name, optionText(option)] as const),
    };
  }
  const encode = options.find(([key]) => key === 'format')?.[1];
  return encode === undefined ? null : { format: 'plain', encode, options: [] };
}

/** Columns of INCLUDE clauses; they stand behind the others. */
export function includedColumns(
  statement: CreateTable, connector: StoredConnector | null,
): ColumnParts[] {
  return statement.includes.map(({ what, header, alias, span }) => {
    if (connector === null) {
      throw sqlError('42601', 'INCLUDE needs a connector', { span });
    }
    const metadata = header === null ? what : `${what}:${header}`;
    const type = metadataColumnType(connector.connector, metadata,
      connector.format?.keyEncode ?? null);
    const name = alias?.name ?? header ?? what;
    return {
      column: { name, type, notNull: false, defaultExpr: null, generated: null, identity: null },
      primaryKey: false, unique: false, checks: [], references: [], metadata,
    };
  });
}

/** Columns of a connector that brings its own. */
export function defaultColumns(connector: StoredConnector): readonly ConnectorColumn[] {
  const columns = findConnector(connector.connector).defaultColumns(new Map(connector.options));
  if (columns !== null) return columns;
  throw sqlError('42601', `connector "${connector.connector}" needs a list of columns`);
}

/** Options of the table itself; unknown ones of a plain table are refused. */
export function tableOptions(
  statement: CreateTable, connector: StoredConnector | null,
): StoredRelation['options'] {
  const kept: (readonly [string, string])[] = [];
  for (const option of statement.options) {
    if (option.name === 'retain_history' || option.name === 'retain history') {
      kept.push(retainHistory(optionText(option), option));
    } else if (isWebhook(statement) && WEBHOOK_OPTIONS.includes(option.name)) {
      // Kept by ddl-webhook.ts, out of sight.
    } else if (TABLE_OPTIONS.includes(option.name)
      || (connector === null && isStorageParameter(option.name))) {
      kept.push([option.name, optionText(option)]);
    } else if (connector === null) throw unknownOption(option);
  }
  return kept;
}

function unknownOption(option: Option): Error {
  return sqlError('22023', `unrecognized parameter "${option.name}"`, {
    span: option.span, hint: `Valid options: connector, ${TABLE_OPTIONS.join(', ')}, `
      + 'retain_history.',
  });
}

/** The text of an option's value. */
export function optionText(option: Option): string {
  const { value } = option;
  switch (value?.kind) {
    case 'stringLiteral': case 'typedLiteral': case 'integerLiteral': case 'decimalLiteral':
    case 'booleanLiteral': {
      const literal = value as { value?: string | boolean; text?: string };
      return String(literal.text ?? literal.value);
    }
    default:
      throw sqlError('22023', `option "${option.name}" needs a quoted value`, {
        span: option.span,
      });
  }
}
