/**
 * information_schema of constraints: keys, checks and their columns.
 */
import { must } from '../../common/assert.ts';
import type { SystemContext } from '../engine-core-types.ts';
import { indexesHere } from './classes.ts';
import type { CatalogRow, Contents } from './content.ts';
import { checkText } from './definitions.ts';
import { userRelations } from './oids.ts';

interface Constraint {
  readonly schema: string;
  readonly table: string;
  readonly name: string;
  readonly type: 'PRIMARY KEY' | 'UNIQUE' | 'CHECK';
  readonly columns: readonly string[];
  readonly check: string | null;
}

function* constraints(context: SystemContext): Generator<Constraint, void> {
  for (const { index, relation } of indexesHere(context)) {
    if (index.constraint === null) continue;
    yield {
      schema: relation.schema, table: relation.name, name: index.name, check: null,
      type: index.constraint === 'primary' ? 'PRIMARY KEY' : 'UNIQUE',
      columns: index.columns.map((at) => must(relation.columns[at], 'key column').name),
    };
  }
  for (const relation of userRelations(context)) {
    for (const [at, check] of relation.checks.entries()) {
      yield { schema: relation.schema, table: relation.name, name: check.name, type: 'CHECK',
        columns: [], check: checkText(relation, at, false) };
    }
  }
}

function databaseName(context: SystemContext): string {
  return must(context.catalog.databases.get(context.database), 'database').name;
}

function* tableConstraints(context: SystemContext): Generator<CatalogRow, void> {
  const catalog = databaseName(context);
  for (const { schema, table, name, type } of constraints(context)) {
    yield {
      constraint_catalog: catalog, constraint_schema: schema, constraint_name: name,
      table_catalog: catalog, table_schema: schema, table_name: table, constraint_type: type,
      is_deferrable: 'NO', initially_deferred: 'NO', enforced: 'YES',
    };
  }
}

function* keyColumns(context: SystemContext): Generator<CatalogRow, void> {
  const catalog = databaseName(context);
  for (const { schema, table, name, columns } of constraints(context)) {
    for (const [at, column] of columns.entries()) {
      yield {
        constraint_catalog: catalog, constraint_schema: schema, constraint_name: name,
        table_catalog: catalog, table_schema: schema, table_name: table, column_name: column,
        ordinal_position: at + 1,
      };
    }
  }
}

function* constraintColumns(context: SystemContext): Generator<CatalogRow, void> {
  const catalog = databaseName(context);
  for (const { schema, table, name, columns } of constraints(context)) {
    for (const column of columns) {
      yield {
        table_catalog: catalog, table_schema: schema, table_name: table, column_name: column,
        constraint_catalog: catalog, constraint_schema: schema, constraint_name: name,
      };
    }
  }
}

function* constraintTables(context: SystemContext): Generator<CatalogRow, void> {
  const catalog = databaseName(context);
  for (const { schema, table, name, type } of constraints(context)) {
    if (type === 'CHECK') continue;
    yield {
      table_catalog: catalog, table_schema: schema, table_name: table,
      constraint_catalog: catalog, constraint_schema: schema, constraint_name: name,
    };
  }
}

function* checks(context: SystemContext): Generator<CatalogRow, void> {
  const catalog = databaseName(context);
  for (const { schema, name, check } of constraints(context)) {
    if (check === null) continue;
    yield { constraint_catalog: catalog, constraint_schema: schema, constraint_name: name,
      check_clause: check.slice('CHECK '.length) };
  }
}

/** Contents of the relations named above. */
export const INFORMATION_KEYS: Contents = {
  table_constraints: tableConstraints, key_column_usage: keyColumns,
  constraint_column_usage: constraintColumns, constraint_table_usage: constraintTables,
  check_constraints: checks,
};
