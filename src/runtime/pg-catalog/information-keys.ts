/**
 * information_schema of constraints: keys, checks and their columns.
 */
import { must } from '../../common/assert.ts';
import { sameColumns } from '../catalog-store.ts';
import type { StoredForeignKey } from '../catalog-store-types.ts';
import type { SystemContext } from '../engine-core-types.ts';
import { indexesHere } from './classes.ts';
import type { CatalogRow, Contents } from './content.ts';
import { checkText } from './definitions.ts';
import { columnsUsed } from '../../planner/expr-tools.ts';
import { userRelations } from './oids.ts';
import { domainChecks, domainCheckText } from './user-types.ts';

interface Constraint {
  readonly schema: string;
  readonly table: string;
  readonly name: string;
  readonly type: 'PRIMARY KEY' | 'UNIQUE' | 'CHECK' | 'FOREIGN KEY';
  readonly columns: readonly string[];
  readonly check: string | null;
  /** The columns a CHECK looks at. */
  readonly checked?: readonly string[];
  readonly reference: StoredForeignKey | null;
}

function* constraints(context: SystemContext): Generator<Constraint, void> {
  for (const { index, relation } of indexesHere(context)) {
    if (index.constraint === null) continue;
    yield {
      schema: relation.schema, table: relation.name, name: index.name, check: null,
      reference: null,
      type: index.constraint === 'primary' ? 'PRIMARY KEY' : 'UNIQUE',
      columns: index.columns.map((at) => must(relation.columns[at], 'key column').name),
    };
  }
  for (const relation of userRelations(context)) {
    for (const [at, check] of relation.checks.entries()) {
      yield { schema: relation.schema, table: relation.name, name: check.name, type: 'CHECK',
        columns: [], checked: [...columnsUsed(check.expr)].map((column) =>
          must(relation.columns[column], 'checked column').name),
        check: checkText(relation, at, false), reference: null };
    }
    for (const key of relation.foreignKeys ?? []) {
      yield { schema: relation.schema, table: relation.name, name: key.name, check: null,
        type: 'FOREIGN KEY', reference: key,
        columns: key.columns.map((at) => must(relation.columns[at], 'key column').name) };
    }
  }
}

function databaseName(context: SystemContext): string {
  return must(context.catalog.databases.get(context.database), 'database').name;
}

function* tableConstraints(context: SystemContext): Generator<CatalogRow, void> {
  const catalog = databaseName(context);
  for (const { schema, table, name, type, reference } of constraints(context)) {
    yield {
      constraint_catalog: catalog, constraint_schema: schema, constraint_name: name,
      table_catalog: catalog, table_schema: schema, table_name: table, constraint_type: type,
      is_deferrable: reference?.deferrable === true ? 'YES' : 'NO',
      initially_deferred: reference?.deferred === true ? 'YES' : 'NO', enforced: 'YES',
      nulls_distinct: type === 'UNIQUE' ? 'YES' : null,
    };
  }
}

function* keyColumns(context: SystemContext): Generator<CatalogRow, void> {
  const catalog = databaseName(context);
  for (const { schema, table, name, columns, reference } of constraints(context)) {
    for (const [at, column] of columns.entries()) {
      yield {
        constraint_catalog: catalog, constraint_schema: schema, constraint_name: name,
        table_catalog: catalog, table_schema: schema, table_name: table, column_name: column,
        ordinal_position: at + 1,
        position_in_unique_constraint: reference === null ? null : at + 1,
      };
    }
  }
}

/** The table and columns a constraint is about: for a foreign key those it refers to. */
function used(
  context: SystemContext, { schema, table, columns, checked, reference }: Constraint,
): Pick<Constraint, 'schema' | 'table' | 'columns'> {
  const target = reference === null ? null : context.catalog.relation(reference.target);
  if (reference === null || target === null) return { schema, table, columns: checked ?? columns };
  return {
    schema: target.schema, table: target.name,
    columns: reference.targetColumns.map((at) => must(target.columns[at], 'key column').name),
  };
}

function* constraintColumns(context: SystemContext): Generator<CatalogRow, void> {
  const catalog = databaseName(context);
  for (const constraint of constraints(context)) {
    const { schema, table, columns } = used(context, constraint);
    for (const column of columns) {
      yield {
        table_catalog: catalog, table_schema: schema, table_name: table, column_name: column,
        constraint_catalog: catalog, constraint_schema: constraint.schema,
        constraint_name: constraint.name,
      };
    }
  }
}

function* constraintTables(context: SystemContext): Generator<CatalogRow, void> {
  const catalog = databaseName(context);
  for (const constraint of constraints(context)) {
    if (constraint.type === 'CHECK') continue;
    const { schema, table } = used(context, constraint);
    yield {
      table_catalog: catalog, table_schema: schema, table_name: table,
      constraint_catalog: catalog, constraint_schema: constraint.schema,
      constraint_name: constraint.name,
    };
  }
}

function* references(context: SystemContext): Generator<CatalogRow, void> {
  const catalog = databaseName(context);
  for (const { schema, name, reference } of constraints(context)) {
    if (reference === null) continue;
    const key = context.catalog.indexesOf(reference.target).find((index) =>
      index.constraint !== null && sameColumns(index.columns, reference.targetColumns));
    yield {
      constraint_catalog: catalog, constraint_schema: schema, constraint_name: name,
      unique_constraint_catalog: catalog,
      unique_constraint_schema: context.catalog.relation(reference.target)?.schema ?? null,
      unique_constraint_name: key?.name ?? null,
      match_option: reference.matchFull ? 'FULL' : 'NONE',
      update_rule: reference.onUpdate.toUpperCase(), delete_rule: reference.onDelete.toUpperCase(),
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
  for (const { object, check } of domainChecks(context)) {
    yield { constraint_catalog: catalog, constraint_name: check.name,
      constraint_schema: context.catalog.schemas.get(object.schemaId)?.name ?? null,
      check_clause: domainCheckText(check, false).slice('CHECK '.length) };
  }
}

/** Contents of the relations named above. */
export const INFORMATION_KEYS: Contents = {
  table_constraints: tableConstraints, key_column_usage: keyColumns,
  constraint_column_usage: constraintColumns, constraint_table_usage: constraintTables,
  check_constraints: checks, referential_constraints: references,
};
