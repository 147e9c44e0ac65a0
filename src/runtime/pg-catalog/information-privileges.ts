/**
 * information_schema's views of privileges: on tables, columns, functions and sequences.
 *
 * As in PostgreSQL each lists what the asking user has granted or may use, the role_* ones without
 * what everybody may.
 */
import { must } from '../../common/assert.ts';
import { isMember } from '../catalog-roles.ts';
import type { Protected } from '../catalog-roles.ts';
import type { StoredRelation } from '../catalog-store-types.ts';
import type { SystemContext } from '../engine-core-types.ts';
import type { Privilege } from './acl.ts';
import { columnPrivilegesOn, privilegesOn } from './acl.ts';
import { sequencesHere } from './classes.ts';
import type { CatalogRow, Contents } from './content.ts';
import { showsMaterializedViews } from './information.ts';
import { userRelations } from './oids.ts';
import { userProcedures } from './user-routines.ts';

type Rows = (context: SystemContext) => Generator<CatalogRow, void>;

function databaseName(context: SystemContext): string {
  return must(context.catalog.databases.get(context.database), 'database').name;
}

function* told(
  context: SystemContext, owner: string, all: readonly Privilege[], everybody: boolean,
): Generator<CatalogRow & { readonly grantee: string }, void> {
  const { catalog, user } = context;
  const owns = isMember(catalog, user, owner, true);
  for (const { grantee, name, grantable } of all) {
    if (grantee === null && !everybody) continue;
    if (!owns && grantee !== null && !isMember(catalog, user, grantee, true)) continue;
    yield { grantor: owner, grantee: grantee ?? 'PUBLIC', privilege_type: name,
      is_grantable: grantable || grantee === owner ? 'YES' : 'NO' };
  }
}

function listed(context: SystemContext): readonly StoredRelation[] {
  const materialized = showsMaterializedViews(context);
  return userRelations(context).filter((relation) =>
    relation.kind !== 'materializedView' || materialized);
}

function targetOf({ id, owner }: StoredRelation): Protected {
  return { id, owner, kind: 'relation', system: false };
}

function tables(everybody: boolean): Rows {
  return function* rows(context) {
    const catalog = databaseName(context);
    for (const relation of listed(context)) {
      const all = privilegesOn(context, targetOf(relation));
      for (const row of told(context, relation.owner, all, everybody)) {
        yield { ...row, table_catalog: catalog, table_schema: relation.schema,
          table_name: relation.name,
          with_hierarchy: row['privilege_type'] === 'SELECT' ? 'YES' : 'NO' };
      }
    }
  };
}

const ON_COLUMNS: ReadonlySet<string> = new Set(['SELECT', 'INSERT', 'UPDATE', 'REFERENCES']);

function columns(everybody: boolean): Rows {
  return function* rows(context) {
    const catalog = databaseName(context);
    for (const relation of listed(context)) {
      const whole = privilegesOn(context, targetOf(relation))
        .filter(({ name }) => ON_COLUMNS.has(name));
      const single = columnPrivilegesOn(context, targetOf(relation));
      for (const { name } of relation.columns) {
        const all = [...whole, ...single.filter(({ column }) => column === name)];
        for (const row of told(context, relation.owner, all, everybody)) {
          yield { ...row, table_catalog: catalog, table_schema: relation.schema,
            table_name: relation.name, column_name: name };
        }
      }
    }
  };
}

function routines(everybody: boolean): Rows {
  return function* rows(context) {
    const catalog = databaseName(context);
    for (const { oid, name, entry } of userProcedures(context)) {
      const owner = context.catalog.objects.get(oid)?.owner ?? '';
      const schema = entry?.user?.schema ?? '';
      const all = privilegesOn(context, { id: oid, owner, kind: 'function', system: false });
      for (const row of told(context, owner, all, everybody)) {
        yield { ...row, specific_catalog: catalog, specific_schema: schema,
          specific_name: `${name}_${oid}`, routine_catalog: catalog, routine_schema: schema,
          routine_name: name };
      }
    }
  };
}

function usage(everybody: boolean): Rows {
  return function* rows(context) {
    const catalog = databaseName(context);
    for (const { id, name, owner, schemaId } of sequencesHere(context)) {
      const all = privilegesOn(context, { id, owner, kind: 'sequence', system: false })
        .filter((each) => each.name === 'USAGE');
      for (const row of told(context, owner, all, everybody)) {
        yield { ...row, object_catalog: catalog, object_name: name, object_type: 'SEQUENCE',
          object_schema: context.catalog.schemas.get(schemaId)?.name ?? '' };
      }
    }
  };
}

/** Contents of the relations named above. */
export const INFORMATION_PRIVILEGES: Contents = {
  table_privileges: tables(true), role_table_grants: tables(false),
  column_privileges: columns(true), role_column_grants: columns(false),
  routine_privileges: routines(true), role_routine_grants: routines(false),
  usage_privileges: usage(true), role_usage_grants: usage(false),
};
