/**
 * CREATE TABLE t FROM source TABLE 'schema.name': a table that a shared source fills; and columns
 * that a connector finds out when a declaration has none.
 */
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import type { CreateTable } from '../../parser/ast-definitions.ts';
import { parseStatements } from '../../parser/parse.ts';
import type { StoredConnector, StoredRelation } from '../catalog-store-types.ts';
import { discoverColumns, isSharedSource } from '../connectors/registry.ts';
import { connectorOf } from './ddl-connector.ts';
import type { StatementContext } from './statement-context.ts';

/** The connector of a declaration: its own, or that of the source it names. */
export function withShared(
  context: StatementContext, statement: CreateTable, own: StoredConnector | null,
): StoredConnector | null {
  const { fromSource } = statement;
  if (fromSource === null) return own;
  if (own !== null || statement.object === 'source') {
    throw sqlError('42601', 'FROM source belongs to CREATE TABLE without a connector', {
      span: statement.span,
    });
  }
  const source = sharedSource(context, fromSource.source);
  const { connector, options } = must(source.connector, 'connector of a source');
  return {
    connector, format: null, metadata: [], shared: source.id,
    options: [...options.filter(([name]) => name !== 'table.name' && name !== 'table'),
      ['table.name', fromSource.table]],
  };
}

function sharedSource(
  context: StatementContext, name: NonNullable<CreateTable['fromSource']>['source'],
): StoredRelation {
  const source = context.resolve(name);
  if (isSharedSource(source)) return source;
  throw sqlError('42809', `"${source.name}" is not a source that tables are declared from`, {
    span: name.span, hint: "Create one WITH (connector = 'postgres-cdc', ...), without columns.",
  });
}

/** The statement with the columns its connector found, where it has none itself. */
export async function withSource(
  context: StatementContext, statement: CreateTable,
): Promise<CreateTable> {
  if (statement.columns.length + statement.likes.length > 0) return statement;
  const connector = withShared(context, statement, connectorOf(statement));
  if (connector === null || isSharedSource({ stored: statement.object === 'table', connector })) {
    return statement;
  }
  const { outside = {} } = context.core.environment;
  const columns = await discoverColumns(connector, outside);
  if (columns === null) return statement;
  const [parsed] = parseStatements(`CREATE TABLE t (${columns})`);
  const found = must(parsed, 'statement').statement;
  if (found.kind !== 'createTable') return statement;
  const hasKey = statement.constraints.some((entry) => entry.kind === 'keyConstraint');
  return {
    ...statement, columns: found.columns,
    constraints: [...statement.constraints, ...hasKey ? [] : found.constraints],
  };
}
