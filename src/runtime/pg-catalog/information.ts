/**
 * information_schema: schemata, tables, columns, views, routines, privileges, character sets.
 *
 * Materialized views are listed as VIEW where the session's setting `matview_visibility` says so:
 * `auto` hides them from Metabase, which reads pg_matviews as well and would show columns twice.
 */
import { must } from '../../common/assert.ts';
import { formatType, typeDefinition, typeOid } from '../../common/types/registry.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { SystemContext } from '../engine-core-types.ts';
import type { StoredRelation } from '../catalog-store-types.ts';
import { isMember } from '../catalog-roles.ts';
import { sequenceOf } from '../engine-sequences.ts';
import { relationKind, sequencesHere } from './classes.ts';
import { DOMAINS, SHAPES } from './columns.ts';
import type { CatalogRow, Contents } from './content.ts';
import { defaultText, isSerial, resultText, viewText } from './definitions.ts';
import { relationsHere, roleNames, schemasHere, userRelations } from './oids.ts';
import { procedures } from './procedures.ts';
import { userProcedures } from './user-routines.ts';
import { typeFact } from './types.ts';
import { domainChecks, domainDefaultText, userTypes } from './user-types.ts';

const SHAPE_BY_OID = new Map(SHAPES.map((shape) => [shape.oid, shape]));

/** True when information_schema lists materialized views to this session. */
export function showsMaterializedViews(context: SystemContext): boolean {
  const wanted = context.setting('matview_visibility') ?? 'auto';
  if (wanted !== 'auto') return wanted === 'always';
  return !(context.setting('application_name') ?? '').startsWith('Metabase');
}

function databaseName(context: SystemContext): string {
  return must(context.catalog.databases.get(context.database), 'database').name;
}

/** Relations information_schema lists, with the database's name. */
function listed(context: SystemContext): readonly StoredRelation[] {
  const materialized = showsMaterializedViews(context);
  return relationsHere(context).filter((relation) =>
    relation.kind !== 'materializedView' || materialized);
}

function tableType(relation: StoredRelation): string {
  switch (relationKind(relation)) {
    case 'r': return 'BASE TABLE';
    case 'f': return 'FOREIGN';
    default: return 'VIEW';
  }
}

function yesNo(value: boolean): string {
  return value ? 'YES' : 'NO';
}

function* schemata(context: SystemContext): Generator<CatalogRow, void> {
  const catalog = databaseName(context);
  for (const { name, owner } of schemasHere(context)) {
    yield { catalog_name: catalog, schema_name: name, schema_owner: owner };
  }
}

function* tables(context: SystemContext): Generator<CatalogRow, void> {
  const catalog = databaseName(context);
  for (const relation of listed(context)) {
    yield {
      table_catalog: catalog, table_schema: relation.schema, table_name: relation.name,
      table_type: tableType(relation), is_insertable_into: yesNo(relation.kind === 'table'),
      is_typed: 'NO',
    };
  }
}

function* views(context: SystemContext): Generator<CatalogRow, void> {
  const catalog = databaseName(context);
  for (const relation of listed(context)) {
    if (tableType(relation) !== 'VIEW') continue;
    yield {
      table_catalog: catalog, table_schema: relation.schema, table_name: relation.name,
      view_definition: relation.kind === 'system' ? null : viewText(relation),
      check_option: relation.options.find(([name]) => name === 'check_option')?.[1].toUpperCase()
        ?? 'NONE',
      is_updatable: 'NO', is_insertable_into: 'NO',
      is_trigger_updatable: 'NO', is_trigger_deletable: 'NO', is_trigger_insertable_into: 'NO',
    };
  }
}

interface NumberFacts {
  readonly precision: number | null;
  readonly radix: number | null;
  readonly scale: number | null;
}

/** Digits of numeric types. */
function numberFacts(type: SqlType): NumberFacts {
  const binary = (precision: number, scale: number | null): NumberFacts =>
    ({ precision, radix: 2, scale });
  switch (type.name) {
    case 'int2': return binary(16, 0);
    case 'int4': return binary(32, 0);
    case 'int8': return binary(64, 0);
    case 'float4': return binary(24, null);
    case 'float8': return binary(53, null);
    case 'numeric': return {
      precision: type.mods?.[0] ?? null, radix: 10,
      scale: type.mods === undefined ? null : type.mods[1] ?? 0,
    };
    default: return { precision: null, radix: null, scale: null };
  }
}

function timePrecision(type: SqlType): number | null {
  switch (type.name) {
    case 'date': return 0;
    case 'time': case 'timetz': case 'timestamp': case 'timestamptz': case 'interval':
      return type.mods?.[0] ?? 6;
    default: return null;
  }
}

/** pg_type.typname of a type; of a domain that of its base. */
function udtName(type: SqlType): string {
  if (type.user !== undefined) return type.user.name;
  const element = type.element?.domain ?? type.element?.user;
  if (element !== undefined) return `_${element.name}`;
  return typeFact(typeOid(type))?.name ?? typeDefinition(type).name;
}

/** domain_catalog and its like, for columns of a domain. */
function domainColumns({ domain }: SqlType, catalog: string): CatalogRow {
  return domain === undefined ? {}
    : { domain_catalog: catalog, domain_schema: domain.schema, domain_name: domain.name };
}

/** The type's columns that `columns`, `domains` and `element_types` share. */
function typeColumns(type: SqlType, catalog: string): CatalogRow {
  const { precision, radix, scale } = numberFacts(type);
  const text = type.name === 'varchar' || type.name === 'bpchar' || type.name === 'text';
  const length = type.name === 'varchar' || type.name === 'bpchar' ? type.mods?.[0] ?? null : null;
  return {
    data_type: type.name === 'array' ? 'ARRAY' : type.user === undefined
      ? formatType({ name: type.name }) : 'USER-DEFINED',
    character_maximum_length: length,
    character_octet_length: text ? Math.min((length ?? 1073741824) * (length === null ? 1 : 4),
      1073741824) : null,
    numeric_precision: precision, numeric_precision_radix: radix, numeric_scale: scale,
    datetime_precision: timePrecision(type), udt_catalog: catalog,
    udt_schema: (type.element ?? type).user?.schema ?? 'pg_catalog', udt_name: udtName(type),
  };
}

/** Column rows of a relation, for as long as its definition is the same. */
const columnRows = new WeakMap<StoredRelation, Map<string, readonly CatalogRow[]>>();

function columnsOf(
  context: SystemContext, relation: StoredRelation, catalog: string,
): readonly CatalogRow[] {
  const byCatalog = columnRows.get(relation) ?? new Map<string, readonly CatalogRow[]>();
  columnRows.set(relation, byCatalog);
  const known = byCatalog.get(catalog);
  if (known !== undefined) return known;
  const rows = relation.columns.map((_column, at) => columnRow(context, relation, at));
  byCatalog.set(catalog, rows);
  return rows;
}

function columnRow(context: SystemContext, relation: StoredRelation, at: number): CatalogRow {
  const catalog = databaseName(context);
  const column = must(relation.columns[at], 'column');
  const table = relation.kind === 'table';
  const notNull = SHAPE_BY_OID.get(relation.id)?.columns[at]?.notNull
    ?? (column.notNull || (table && relation.primaryKey?.includes(at) === true));
  const text = defaultText(context.catalog, relation, at);
  const { generated } = column;
  const identity = isSerial(relation, at) ? null : column.identity;
  return Object.freeze({
    table_catalog: catalog, table_schema: relation.schema, table_name: relation.name,
    column_name: column.name, ordinal_position: at + 1,
    column_default: identity === null && generated === null ? text : null,
    is_nullable: yesNo(!notNull), ...typeColumns(column.type, catalog),
    ...domainColumns(column.type, catalog),
    dtd_identifier: String(at + 1), is_self_referencing: 'NO',
    is_identity: yesNo(identity !== null),
    identity_generation: identity === null ? null : identity === 'always' ? 'ALWAYS'
      : 'BY DEFAULT',
    identity_start: identity === null ? null : '1',
    identity_increment: identity === null ? null : '1', identity_cycle: 'NO',
    is_generated: generated === null ? 'NEVER' : 'ALWAYS',
    generation_expression: generated === null ? null : text, is_updatable: yesNo(table),
  });
}

function* columns(context: SystemContext): Generator<CatalogRow, void> {
  const catalog = databaseName(context);
  for (const relation of listed(context)) yield* columnsOf(context, relation, catalog);
}

function* elementTypes(context: SystemContext): Generator<CatalogRow, void> {
  const catalog = databaseName(context);
  for (const relation of listed(context)) {
    for (const [at, { type }] of relation.columns.entries()) {
      if (type.element === undefined) continue;
      yield {
        object_catalog: catalog, object_schema: relation.schema, object_name: relation.name,
        object_type: tableType(relation) === 'BASE TABLE' ? 'TABLE' : tableType(relation),
        collection_type_identifier: String(at + 1), ...withoutNumbers(typeColumns(type.element,
          catalog)), dtd_identifier: `a${at + 1}`,
      };
    }
  }
}

/** element_types tells nothing of lengths. */
function withoutNumbers(row: CatalogRow): CatalogRow {
  const { data_type, udt_catalog, udt_schema, udt_name } = row;
  return { data_type: data_type ?? null, udt_catalog: udt_catalog ?? null,
    udt_schema: udt_schema ?? null, udt_name: udt_name ?? null };
}

function* domains(context: SystemContext): Generator<CatalogRow, void> {
  const catalog = databaseName(context);
  for (const [name, type] of DOMAINS) {
    yield { domain_catalog: catalog, domain_schema: 'information_schema', domain_name: name,
      ...typeColumns(type, catalog), dtd_identifier: '1' };
  }
  for (const { type } of userTypes(context)) {
    if (type.domain === undefined) continue;
    yield { ...domainColumns(type, catalog), ...typeColumns(type, catalog), dtd_identifier: '1',
      domain_default: domainDefaultText(type.domain) };
  }
}

function* domainConstraints(context: SystemContext): Generator<CatalogRow, void> {
  const catalog = databaseName(context);
  for (const { object, check } of domainChecks(context)) {
    const schema = context.catalog.schemas.get(object.schemaId)?.name ?? '';
    yield { constraint_catalog: catalog, constraint_schema: schema, constraint_name: check.name,
      domain_catalog: catalog, domain_schema: schema, domain_name: object.name,
      is_deferrable: 'NO', initially_deferred: 'NO' };
  }
}

/** Composite types and their attributes. */
function* userDefinedTypes(context: SystemContext): Generator<CatalogRow, void> {
  const catalog = databaseName(context);
  for (const { type } of userTypes(context)) {
    const { user, domain } = type;
    if (user === undefined || user.labels !== undefined || domain !== undefined) continue;
    yield { user_defined_type_catalog: catalog, user_defined_type_schema: user.schema,
      user_defined_type_name: user.name, user_defined_type_category: 'STRUCTURED',
      is_instantiable: 'YES' };
  }
}

function* attributes(context: SystemContext): Generator<CatalogRow, void> {
  const catalog = databaseName(context);
  for (const { type } of userTypes(context)) {
    const { user, domain } = type;
    if (user === undefined || domain !== undefined) continue;
    for (const [at, field] of (type.fields ?? []).entries()) {
      const row = typeColumns(field.type, catalog);
      yield { udt_catalog: catalog, udt_schema: user.schema, udt_name: user.name,
        attribute_name: field.name, ordinal_position: at + 1, is_nullable: 'YES',
        data_type: row['data_type'] ?? null,
        character_maximum_length: row['character_maximum_length'] ?? null,
        attribute_udt_catalog: catalog, attribute_udt_schema: row['udt_schema'] ?? null,
        attribute_udt_name: row['udt_name'] ?? null, dtd_identifier: String(at + 1),
        is_derived_reference_attribute: 'NO' };
    }
  }
}

function* routines(context: SystemContext): Generator<CatalogRow, void> {
  const catalog = databaseName(context);
  for (const { oid, name, entry } of procedures()) {
    if (entry === null || entry.kind === 'aggregate' || entry.kind === 'window') continue;
    yield {
      specific_catalog: catalog, specific_schema: 'pg_catalog', specific_name: `${name}_${oid}`,
      routine_catalog: catalog, routine_schema: 'pg_catalog', routine_name: name,
      routine_type: 'FUNCTION', data_type: resultText(entry).replace('SETOF ', ''),
      routine_body: 'EXTERNAL', external_name: name, external_language: 'INTERNAL',
      parameter_style: 'GENERAL', is_deterministic: yesNo(entry.volatility === 'immutable'),
      sql_data_access: 'MODIFIES', is_null_call: yesNo(entry.nulls === 'propagate'),
      security_type: 'INVOKER', dtd_identifier: '0',
    };
  }
  for (const { oid, name, entry } of userProcedures(context)) {
    const { user } = entry ?? {};
    if (user === undefined || user.shape === 'aggregate') continue;
    yield {
      specific_catalog: catalog, specific_schema: user.schema, specific_name: `${name}_${oid}`,
      routine_catalog: catalog, routine_schema: user.schema, routine_name: name,
      routine_type: 'FUNCTION', data_type: user.result.name === 'record' ? 'record'
        : formatType(user.result),
      routine_body: user.language === 'sql' ? 'SQL' : 'EXTERNAL', routine_definition: user.body,
      external_language: user.language.toUpperCase(), parameter_style: 'GENERAL',
      is_deterministic: yesNo(user.volatility === 'immutable'), sql_data_access: 'MODIFIES',
      is_null_call: yesNo(user.strict), security_type: 'INVOKER', dtd_identifier: '0',
    };
  }
}

function* characterSets(context: SystemContext): Generator<CatalogRow, void> {
  yield { character_set_name: 'UTF8', character_repertoire: 'UCS', form_of_use: 'UTF8',
    default_collate_catalog: databaseName(context), default_collate_schema: 'pg_catalog',
    default_collate_name: 'C' };
}

function* catalogName(context: SystemContext): Generator<CatalogRow, void> {
  yield { catalog_name: databaseName(context) };
}

function* enabledRoles(context: SystemContext): Generator<CatalogRow, void> {
  for (const name of roleNames(context)) {
    if (isMember(context.catalog, context.user, name, true)) yield { role_name: name };
  }
}

function* collations(context: SystemContext): Generator<CatalogRow, void> {
  const catalog = databaseName(context);
  for (const name of ['default', 'C', 'POSIX', 'ucs_basic']) {
    yield { collation_catalog: catalog, collation_schema: 'pg_catalog', collation_name: name,
      pad_attribute: 'NO PAD' };
  }
}

function* sequences(context: SystemContext): Generator<CatalogRow, void> {
  const catalog = databaseName(context);
  const identities = new Set(userRelations(context).flatMap((relation) =>
    (relation.sequences ?? []).filter(({ column }) => !isSerial(relation, column))
      .map(({ sequence }) => sequence)));
  for (const { id, name, schemaId, data } of sequencesHere(context)) {
    if (identities.has(id)) continue;
    const { start, increment, min, max, cycle, type } = sequenceOf(data);
    const { precision, radix, scale } = numberFacts({ name: type });
    yield { sequence_catalog: catalog, sequence_name: name,
      sequence_schema: context.catalog.schemas.get(schemaId)?.name ?? '',
      data_type: formatType({ name: type }), numeric_precision: precision,
      numeric_precision_radix: radix, numeric_scale: scale, start_value: String(start),
      minimum_value: String(min), maximum_value: String(max), increment: String(increment),
      cycle_option: yesNo(cycle) };
  }
}

function* parameters(context: SystemContext): Generator<CatalogRow, void> {
  const catalog = databaseName(context);
  for (const { oid, name, entry } of userProcedures(context)) {
    for (const [at, type] of (entry?.user?.args ?? []).entries()) {
      const named = entry?.user?.argNames[at] ?? '';
      yield { specific_catalog: catalog, specific_schema: entry?.user?.schema ?? '',
        specific_name: `${name}_${oid}`, ordinal_position: at + 1, parameter_mode: 'IN',
        is_result: 'NO', as_locator: 'NO', parameter_name: named === '' ? null : named,
        ...withoutNumbers(typeColumns(type, catalog)), dtd_identifier: String(at + 1) };
    }
  }
}

/** The relations a view names. */
function* viewTables(context: SystemContext): Generator<CatalogRow, void> {
  const catalog = databaseName(context);
  for (const view of userRelations(context)) {
    if (view.kind !== 'view') continue;
    for (const id of new Set(view.dependsOn)) {
      const table = context.catalog.relation(id);
      if (table === null || table.kind === 'system') continue;
      yield { view_catalog: catalog, view_schema: view.schema, view_name: view.name,
        table_catalog: catalog, table_schema: table.schema, table_name: table.name };
    }
  }
}

/** Contents of the relations named above. */
export const INFORMATION: Contents = {
  schemata, tables, views, columns, element_types: elementTypes, domains, routines,
  attributes,
  domain_constraints: domainConstraints, user_defined_types: userDefinedTypes,
  character_sets: characterSets,
  information_schema_catalog_name: catalogName, enabled_roles: enabledRoles,
  collations, sequences, parameters, view_table_usage: viewTables,
  applicable_roles: () => [],
};
