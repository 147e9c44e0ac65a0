/**
 * CREATE TABLE and CREATE SOURCE, with or without a connector or AS query.
 */
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import type {
  ColumnConstraint, CreateTable, KeyConstraint, TableConstraint,
} from '../../parser/ast-definitions.ts';
import { formatType } from '../../common/types/registry.ts';
import type { Identifier } from '../../parser/ast-leaves.ts';
import type { OnConflict, Query } from '../../parser/ast.ts';
import { bindCheck, bindWatermark } from '../../planner/bind-definitions.ts';
import { bindTableConflict } from '../../planner/statements-conflict.ts';
import type { RowColumn } from '../../planner/bind-definitions.ts';
import { planSelect } from '../../planner/planner.ts';
import type { CatalogColumn } from '../../planner/catalog.ts';
import type { ConflictPlan } from '../../planner/plans.ts';
import type { ScalarExpr } from '../../planner/relation.ts';
import { logsRows, onErrorOf } from '../connectors/on-error.ts';
import { decodedPart } from '../connectors/generated.ts';
import { checkConnector, prepareConnector } from '../connectors/registry.ts';
import { checkWatermarkOptions } from '../engine-idleness.ts';
import { checkTtl, TTL } from '../row-ttl.ts';
import type { DdlChange, StoredConnector, StoredRelation } from '../catalog-store-types.ts';
import { functionsCalledIn } from '../catalog-functions.ts';
import { companionsOf } from './companions.ts';
import { columnParts, columnType } from './ddl-columns.ts';
import type { ColumnParts } from './ddl-columns.ts';
import { connectorOf, defaultColumns, includedColumns, tableOptions } from './ddl-connector.ts';
import { nameIsFree, targetOf } from './ddl-create.ts';
import { webhookOf } from './ddl-webhook.ts';
import { withShared, withSource } from './ddl-shared-source.ts';
import { identitySequence } from './identity-sequence.ts';
import { columnsInOrder, likeColumn, likeComments, likeKeys } from './ddl-like.ts';
import type { TableColumn } from './ddl-like.ts';
import type { Target } from './ddl-create.ts';
import { foreignKey, numbersOf as numbersOfReference } from './ddl-references.ts';
import { checkName, constraintName } from './constraints.ts';
import { equalNullsKey } from './ddl-keys.ts';
import { command } from './result.ts';
import type { StatementResult } from './result.ts';
import type { StatementContext } from './statement-context.ts';
import { expandWeights } from './result.ts';
import { isTemporary } from './temporary-names.ts';

/** CREATE TABLE or CREATE SOURCE. */
export async function createTable(
  context: StatementContext, statement: CreateTable,
): Promise<StatementResult> {
  const tag = statement.object === 'table' ? 'CREATE TABLE' : 'CREATE SOURCE';
  refuseForms(statement);
  const target = targetOf(context, statement.name, statement.temporary);
  if (statement.onCommit !== null && !isTemporary({ schema: target.schema.name })) {
    throw sqlError('42P16', 'ON COMMIT can only be used on temporary tables');
  }
  if (!nameIsFree(context, target, statement.ifNotExists)) return command(tag);
  if (statement.query !== null) return createTableAs(context, statement, target);
  const complete = await withSource(context, statement);
  const relation = await prepared(context, define(context, complete, target));
  context.transaction.define(...changesFor(context, statement, relation),
    ...likeComments(context, columnsInOrder(context, statement), relation.id));
  return command(tag);
}

/** Lets the connector look at the outside. */
async function prepared(
  context: StatementContext, relation: StoredRelation,
): Promise<StoredRelation> {
  if (relation.connector === null) return relation;
  const outside = context.core.environment.outside ?? {};
  const { columns, primaryKey } = decodedPart(relation);
  const declared = { columns, primaryKey, stored: relation.stored };
  return { ...relation, connector: await prepareConnector(relation.connector, outside, declared) };
}

function refuseForms(statement: CreateTable): void {
  const refuse = (what: string, hint: string): never => {
    throw sqlError('0A000', `${what} is not supported`, { span: statement.span, hint });
  };
  if (statement.orReplace) {
    refuse(`CREATE OR REPLACE ${statement.object.toUpperCase()}`, 'Drop it first.');
  }
  if (statement.temporary && statement.object === 'source') {
    refuse('CREATE TEMPORARY SOURCE', 'Drop the source when it is not needed any more.');
  }
}

/** UNIQUE NULLS NOT DISTINCT of columns and of the table, as keys and indexes. */
function equalNullsKeys(
  context: StatementContext, statement: CreateTable, relation: StoredRelation,
): readonly ReturnType<typeof equalNullsKey>[] {
  const wanted = [
    ...statement.columns.flatMap((column) => column.constraints.flatMap((each) =>
      (isKey(each) && each.nullsNotDistinct ? [{ each, columns: [column.name] }] : []))),
    ...statement.constraints.flatMap((each) =>
      (isKey(each) && each.nullsNotDistinct ? [{ each, columns: each.columns }] : [])),
  ];
  return wanted.map(({ each, columns }) => {
    const numbers = numbersOf(columns, relation.columns);
    const name = each.name?.name
      ?? `${relation.name}_${columns.map((column) => column.name).join('_')}_key`;
    return equalNullsKey(context, relation, numbers, name);
  });
}

function changesFor(
  context: StatementContext, statement: CreateTable, made: StoredRelation,
): DdlChange[] {
  const { catalog } = context.core;
  const extra = equalNullsKeys(context, statement, made);
  const equalNulls = extra.map(({ index }) => index);
  const relation = extra.length === 0 ? made
    : { ...made, extraKeys: extra.map(({ key }) => key) };
  const changes: DdlChange[] = [];
  for (const { sequence, column } of relation.sequences ?? []) {
    const { name, type } = must(relation.columns[column], 'identity column');
    const identity = statement.columns.find((each) => each.name.name === name)?.constraints
      .find((each) => each.kind === 'identityConstraint');
    changes.push(identitySequence(context, relation, {
      sequence, column: name, type, options: identity?.options ?? [],
    }));
  }
  changes.push({ kind: 'createRelation', relation });
  const keys = relation.primaryKey === null ? relation.uniqueKeys
    : [relation.primaryKey, ...relation.uniqueKeys];
  for (const [at, columns] of keys.entries()) {
    changes.push({ kind: 'putIndex', index: {
      id: catalog.allocate(), relation: relation.id, schemaId: relation.schemaId, columns,
      name: relation.keyNames?.[at] ?? constraintName(relation, columns), unique: true,
      constraint: at === 0 && relation.primaryKey !== null ? 'primary' : 'unique', sql: '',
    } });
  }
  for (const index of equalNulls) changes.push({ kind: 'putIndex', index });
  for (const companion of companionsOf(context, relation)) {
    changes.push({ kind: 'createRelation', relation: companion });
  }
  return changes;
}

function define(
  context: StatementContext, statement: CreateTable, target: Target,
): StoredRelation {
  const connector = withShared(context, statement, connectorOf(statement));
  const inOrder = columnsInOrder(context, statement);
  const included = includedColumns(statement, connector);
  const parts = [
    ...columnsOf(context, { name: target.name, connector }, inOrder, included), ...included,
  ];
  const columns = parts.map((part) => part.column);
  refuseDuplicates(columns);
  const keys = keysOf(statement, parts, likeKeys(inOrder));
  const notNull = columns.map((column, at) =>
    keys.primary?.includes(at) === true ? { ...column, notNull: true } : column);
  const shape = { table: target.name, columns };
  const [watermark, second] = statement.watermarks;
  if (second !== undefined) {
    throw sqlError('42P16', 'a table can have one watermark only', { span: second.span });
  }
  const checks = checksOf(context, statement, parts, shape);
  const options = withWatermarkTtl(tableOptions(statement, connector), watermark);
  checkWatermarkOptions({ options });
  onErrorOf({ options });
  logsRows({ options });
  const onConflict = conflictOf(context, statement, { columns: notNull, primary: keys.primary });
  const relation: StoredRelation = {
    id: context.core.catalog.allocate(), schema: target.schema.name, name: target.name,
    kind: statement.object, columns: notNull, primaryKey: keys.primary, uniqueKeys: keys.unique,
    checks, appendOnly: statement.appendOnly || statement.object === 'source',
    watermark: watermark === undefined ? null
      : bindWatermark(watermark, shape, context.planning),
    columnWatermarks: [], definition: null, stored: statement.object === 'table',
    database: context.scope.database.id, schemaId: target.schema.id, owner: context.scope.user,
    sql: context.text.slice(statement.span.start, statement.span.end), options, view: null,
    connector: connector === null ? null : { ...connector, metadata: metadataOf(parts) },
    onConflict, belongsTo: null,
    dependsOn: [...functionsCalledIn([notNull, checks, onConflict]),
      ...connector?.shared === undefined ? [] : [connector.shared]],
    keyNames: keys.names, ...extraOf(context, statement, notNull),
    sequences: columns.flatMap((column, at) => column.identity === null ? []
      : [{ column: at, sequence: context.core.catalog.allocate() }]),
  };
  checkTtl(relation);
  if (relation.connector !== null) {
    const { spec, columns: decoded, primaryKey } = decodedPart(relation);
    checkConnector(spec, decoded, { stored: relation.stored, primaryKey });
  }
  return withForeignKeys(context, statement, relation, parts);
}

/** WATERMARK ... WITH TTL: rows behind the watermark go, or later by what the option says. */
function withWatermarkTtl(
  options: StoredRelation['options'], watermark: CreateTable['watermarks'][number] | undefined,
): StoredRelation['options'] {
  return watermark?.ttl !== true || options.some(([name]) => name === TTL) ? options
    : [...options, [TTL, '0 seconds']];
}

/** The table with the foreign keys of its columns and of the list of constraints. */
function withForeignKeys(
  context: StatementContext, statement: CreateTable, table: StoredRelation,
  parts: readonly ColumnParts[],
): StoredRelation {
  const written = [
    ...parts.flatMap((part, at) => part.references.map((constraint) =>
      ({ constraint, columns: [at] }))),
    ...statement.constraints.flatMap((constraint) => constraint.kind !== 'referencesConstraint' ? []
      : [{ constraint, columns: numbersOfReference(table, constraint.columns) }]),
  ];
  return written.reduce<StoredRelation>((relation, each) => ({
    ...relation,
    foreignKeys: [...relation.foreignKeys ?? [], foreignKey(context, relation, each)],
  }), table);
}

/** What else a table remembers: how its webhook checks requests, or what COMMIT does to it. */
function extraOf(
  context: StatementContext, statement: CreateTable, columns: readonly CatalogColumn[],
): Pick<StoredRelation, 'extra'> {
  const webhook = webhookOf(context, statement, columns);
  return webhook === null ? onCommitOf(statement) : { extra: { webhook } };
}

/** ON COMMIT, as temporary.ts looks it up. */
function onCommitOf(statement: CreateTable): Pick<StoredRelation, 'extra'> {
  return statement.onCommit === null ? {} : { extra: { onCommit: statement.onCommit } };
}

/** CHECKs of columns and of the table, each under a name of its own. */
function checksOf(
  context: StatementContext, statement: CreateTable, parts: readonly ColumnParts[],
  shape: { readonly table: string; readonly columns: readonly CatalogColumn[] },
): StoredRelation['checks'] {
  const found: StoredRelation['checks'][number][] = [];
  const taken = new Set<string>();
  const add = (given: string | null, expr: ScalarExpr): void => {
    const name = given ?? checkName(shape.table, shape.columns, expr, taken);
    taken.add(name);
    found.push({ name, expr });
  };
  for (const part of parts) {
    for (const check of part.checks) add(check.name === '' ? null : check.name, check.expr);
  }
  for (const entry of statement.constraints) {
    if (entry.kind !== 'checkConstraint') continue;
    add(entry.name?.name ?? null, bindCheck(entry.condition, shape, context.planning));
  }
  return found;
}

function metadataOf(parts: readonly ColumnParts[]): StoredConnector['metadata'] {
  return parts.flatMap((part, column) => part.metadata === null ? []
    : [{ column, what: part.metadata }]);
}

/** The columns declared; `included` are those behind them. */
function columnsOf(
  context: StatementContext,
  { name: table, connector }: { readonly name: string; readonly connector: StoredConnector | null },
  columns: readonly TableColumn[], included: readonly ColumnParts[],
): readonly ColumnParts[] {
  if (columns.length === 0 && connector !== null) {
    return defaultColumns(connector).map(({ name, type, notNull }) => ({
      column: { name, type, notNull, defaultExpr: null, generated: null, identity: null },
      primaryKey: false, unique: false, checks: [], metadata: null, references: [],
    }));
  }
  const row: RowColumn[] = included.map(({ column }) => column);
  for (const column of columns) {
    if (column.kind === 'like') {
      row.push(must(column.like.relation.columns[column.at], 'column of LIKE'));
      continue;
    }
    const { type } = columnType(context, column.definition);
    if (type !== null) row.push({ name: column.definition.name.name, type });
  }
  return columns.map((column) => (column.kind === 'like' ? likeColumn(column.like, column.at)
    : columnParts(context, column.definition, { table, columns: row })));
}

function refuseDuplicates(columns: readonly CatalogColumn[]): void {
  const seen = new Set<string>();
  for (const { name } of columns) {
    if (seen.has(name)) throw sqlError('42701', `column "${name}" specified more than once`);
    seen.add(name);
  }
}

interface Keys {
  readonly primary: readonly number[] | null;
  readonly unique: readonly (readonly number[])[];
  /** Constraint names: primary key first. */
  readonly names: readonly string[];
}

function keysOf(
  statement: CreateTable, parts: readonly ColumnParts[], likes: ReturnType<typeof likeKeys>,
): Keys {
  const columns = parts.map((part) => part.column);
  const named = statement.constraints.filter(isKey);
  const primaries = [
    ...likes.primary,
    ...parts.flatMap((part, at) => part.primaryKey ? [[at]] : []),
    ...named.filter((key) => key.primary).map((key) => numbersOf(key.columns, columns)),
  ];
  const table = statement.name.parts.at(-1)?.name ?? '';
  if (primaries.length > 1) {
    throw sqlError('42P16', `multiple primary keys for table "${table}" are not allowed`);
  }
  const [primary = null] = primaries;
  const unique = [
    ...likes.unique,
    ...parts.flatMap((part, at) => part.unique ? [[at]] : []),
    ...named.filter((key) => !key.primary && !key.nullsNotDistinct)
      .map((key) => numbersOf(key.columns, columns)),
  ];
  const relation = { name: table, primaryKey: primary, columns };
  const keys = primary === null ? unique : [primary, ...unique];
  const inline = statement.columns.flatMap((column) => column.constraints.filter(isKey)
    .map((key) => ({ ...key, columns: [column.name] })));
  const names = keys.map((key) => nameOfKey([...named, ...inline], key, relation));
  return { primary, unique, names };
}

function isKey(entry: TableConstraint | ColumnConstraint): entry is KeyConstraint {
  return entry.kind === 'keyConstraint';
}

function nameOfKey(
  named: readonly KeyConstraint[], key: readonly number[],
  relation: { readonly name: string; readonly primaryKey: readonly number[] | null;
    readonly columns: readonly CatalogColumn[] },
): string {
  const given = named.find((entry) => entry.name !== null
    && numbersOf(entry.columns, relation.columns).join() === key.join());
  if (given?.name != null) return given.name.name;
  if (relation.primaryKey === key) return `${relation.name}_pkey`;
  const names = key.map((at) => must(relation.columns[at], 'key column').name);
  return `${relation.name}_${names.join('_')}_key`;
}

function numbersOf(
  names: readonly Identifier[], columns: readonly CatalogColumn[],
): readonly number[] {
  return names.map(({ name, span }) => {
    const at = columns.findIndex((column) => column.name === name);
    if (at >= 0) return at;
    throw sqlError('42703', `column "${name}" named in key does not exist`, { span });
  });
}

function sameNumbers(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((number) => b.includes(number));
}

/** ON CONFLICT of CREATE TABLE: what an INSERT without its own clause does. */
function conflictOf(
  context: StatementContext, statement: CreateTable,
  table: { readonly columns: readonly CatalogColumn[]; readonly primary: Keys['primary'] },
): ConflictPlan | null {
  const clause = statement.onConflict;
  if (clause === null) return null;
  const { columns, primary } = table;
  const refuse = (message: string, hint: string): Error =>
    sqlError('42P10', message, { span: clause.span, hint });
  if (primary === null) {
    throw refuse('ON CONFLICT needs a primary key', 'Declare PRIMARY KEY columns.');
  }
  const target = clause.target.map((expr) => expr.kind === 'columnRef'
    ? columns.findIndex((column) => column.name === expr.parts.at(-1)?.name) : -1);
  if (target.length > 0 && !sameNumbers(target, primary)) {
    throw refuse('ON CONFLICT must name the primary key', 'List all primary key columns.');
  }
  checkVersions(clause, columns);
  switch (clause.action) {
    case 'nothing': return { kind: 'nothing', key: primary };
    case 'overwrite': {
      const [versionColumn = null, more] = numbersOf(clause.versionColumns, columns);
      if (more !== undefined) {
        return bindTableConflict(clause, { columns, key: primary }, context.planning);
      }
      return { kind: 'overwrite', key: primary, versionColumn };
    }
    case 'overwriteNonNull':
      return bindTableConflict(clause, { columns, key: primary }, context.planning);
    case 'update':
      if (clause.set.length > 0) {
        throw refuse('DO UPDATE SET belongs to INSERT', 'Write ON CONFLICT (pk) DO UPDATE, or '
          + 'OVERWRITE, for the whole row.');
      }
      return { kind: 'overwrite', key: primary, versionColumn: null };
  }
}

/** Versions are compared as numbers, times or text; DO NOTHING has no use for them. */
function checkVersions(clause: OnConflict, columns: readonly CatalogColumn[]): void {
  for (const name of clause.versionColumns) {
    if (clause.action === 'nothing') {
      throw sqlError('42601', 'ON CONFLICT DO NOTHING takes no version column', {
        span: name.span, hint: 'Write OVERWRITE WITH VERSION COLUMN, or leave the column out.',
      });
    }
    const { type } = must(columns[numbersOf([name], columns)[0] ?? -1], 'version column');
    if (['boolean', 'json', 'jsonb', 'bytea', 'interval', 'array', 'record'].includes(type.name)) {
      throw sqlError('42804', `version column "${name.name}" must be a number, a time or text, not `
        + formatType(type), { span: name.span });
    }
  }
}

/** CREATE TABLE ... AS query: the table, with the rows of the query. */
async function createTableAs(
  context: StatementContext, statement: CreateTable, target: Target,
): Promise<StatementResult> {
  const query = must(statement.query, 'query of CREATE TABLE AS');
  if (statement.object === 'source') {
    throw sqlError('0A000', 'CREATE SOURCE ... AS is not supported', {
      span: statement.span, hint: 'Create a materialized view.',
    });
  }
  const plan = planSelect(query, context.planning, []);
  if (statement.columns.length > plan.columns.length) {
    throw sqlError('42601', 'too many column names were specified', {
      span: statement.columns[plan.columns.length]?.span,
    });
  }
  const columns = plan.columns.map(({ name, type }, at): CatalogColumn => ({
    name: statement.columns[at]?.name.name ?? name,
    type: type.name === 'unknown' ? { name: 'text' } : type,
    notNull: false, defaultExpr: null, generated: null, identity: null,
  }));
  refuseDuplicates(columns);
  const relation: StoredRelation = {
    id: context.core.catalog.allocate(), schema: target.schema.name, name: target.name,
    kind: 'table', columns, primaryKey: null, uniqueKeys: [], checks: [], appendOnly: false,
    watermark: null, columnWatermarks: [], definition: null, stored: true,
    database: context.scope.database.id, schemaId: target.schema.id, owner: context.scope.user,
    sql: context.text.slice(statement.span.start, statement.span.end), options: [], view: null,
    connector: null, onConflict: null, dependsOn: [], belongsTo: null, ...onCommitOf(statement),
  };
  context.transaction.define({ kind: 'createRelation', relation });
  let count = 0;
  if (!statement.withNoData) {
    for (const batch of await context.runToEnd(plan)) {
      const rows = expandWeights(batch);
      count += rows.length;
      context.transaction.change(relation.id, rows);
    }
  }
  return command(`SELECT ${count}`);
}

/** SELECT ... INTO table as the CREATE TABLE AS it stands for; null for a query without INTO. */
export function selectInto(query: Query): CreateTable | null {
  const { body, span } = query;
  if (body.kind !== 'select' || body.into === null) return null;
  return {
    kind: 'createTable', object: 'table', orReplace: false, temporary: body.intoTemporary,
    ifNotExists: false, name: body.into, columns: [], constraints: [], watermarks: [], likes: [],
    appendOnly: false, onConflict: null, options: [], includes: [], format: null,
    query: { ...query, body: { ...body, into: null } }, withNoData: false,
    fromSource: null, validate: null, onCommit: null, span,
  };
}
