/**
 * ALTER of tables, views, sources and schemas: rename, move, columns, defaults, options.
 *
 * What only renames passes while views read a relation, because they know columns by number.
 */
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import { formatType } from '../../common/types/registry.ts';
import type {
  Alter, AlterAction, AlterColumn, AlterDropConstraint, AlterResetOptions,
} from '../../parser/ast-definitions.ts';
import type { Option } from '../../parser/ast.ts';
import type { CatalogColumn } from '../../planner/catalog.ts';
import type { StoredRelation } from '../catalog-store-types.ts';
import { moveColumnGrants } from './column-grants.ts';
import { nameIsFree } from './ddl-create.ts';
import { refuseSystem } from './ddl-drop.ts';
import { alterSubscription } from './ddl-subscription.ts';
import { alterRole } from './ddl-role.ts';
import { alterType } from './ddl-alter-named-type.ts';
import { columnParts } from './ddl-columns.ts';
import { alterSink } from './named-sink.ts';
import { isStorageParameter, optionText } from './ddl-connector.ts';
import { addConstraint, dropConstraint } from './ddl-keys.ts';
import { addColumn, columnNumber, dropColumn, requireTable } from './ddl-alter-columns.ts';
import { alterIdentity, alterSequence } from './ddl-sequence.ts';
import { renameConstraint } from './ddl-rename-constraint.ts';
import { durationOf } from './duration.ts';
import { changeType } from './ddl-alter-type.ts';
import { command } from './result.ts';
import type { StatementResult } from './result.ts';
import type { StatementContext } from './statement-context.ts';
import { nameText } from './statement-context.ts';

/** ALTER kind name action, ... */
export async function alterObject(
  context: StatementContext, statement: Alter,
): Promise<StatementResult> {
  const tag = `ALTER ${statement.object.toUpperCase()}`;
  if (statement.object === 'schema') {
    renameSchema(context, statement);
    return command(tag);
  }
  if (statement.object === 'type' || statement.object === 'domain') {
    return alterType(context, statement);
  }
  if (statement.object === 'sequence') return alterSequence(context, statement);
  if (statement.object === 'role') return await alterRole(context, statement);
  if (statement.object === 'subscription') return alterSubscription(context, statement);
  if (statement.object === 'sink') return alterSink(context, statement);
  if (!['table', 'view', 'materialized view', 'source', 'index'].includes(statement.object)) {
    throw sqlError('0A000', `${tag} is not supported`, { span: statement.span });
  }
  if (statement.object === 'index') return renameIndex(context, statement, tag);
  const relation = context.find(statement.name);
  if (relation === null) {
    if (!statement.ifExists) {
      throw sqlError('42P01', `relation "${nameText(statement.name)}" does not exist`,
        { span: statement.name.span });
    }
    context.notice('NOTICE', '00000',
      `relation "${nameText(statement.name)}" does not exist, skipping`);
    return command(tag);
  }
  refuseSystem(relation);
  if ((statement.object === 'view' || statement.object === 'materialized view')
    && relation.kind === 'table') {
    throw sqlError('42809', `"${relation.name}" is not a ${statement.object}`, {
      span: statement.name.span,
    });
  }
  for (const action of statement.actions) {
    const current = must(context.transaction.catalog.relation(relation.id), 'altered relation');
    await alterRelation(context, current, action);
  }
  return command(tag);
}

async function alterRelation(
  context: StatementContext, relation: StoredRelation, action: AlterAction,
): Promise<void> {
  switch (action.kind) {
    case 'rename': return rename(context, relation, action.to.name);
    case 'renameColumn':
      return (action.constraint ? renameConstraint : renameColumn)(context, relation,
        { from: action.from.name, to: action.to.name });
    case 'setSchema': return moveTo(context, relation, action.schema.name);
    case 'owner': return put(context, { ...relation, owner: action.role.name });
    case 'addColumn': return addColumn(context, relation, action);
    case 'dropColumn': return dropColumn(context, relation, action);
    case 'alterColumn': return alterColumn(context, relation, action);
    case 'alterIdentity':
      requireTable(relation, 'ALTER COLUMN');
      return alterIdentity(context, relation, action);
    case 'addConstraint':
      requireTable(relation, 'ADD CONSTRAINT');
      return addConstraint(context, relation, action.constraint);
    case 'replayDeadLetters':
      requireConnector(relation);
      return context.core.replayDeadLetters(relation.id);
    case 'pause':
      if (!action.resume || !action.afterGap) break;
      requireConnector(relation);
      if (await context.core.resumeSource(relation.id) > 0) return;
      throw sqlError('55000', `${relation.kind} "${relation.name}" has not stopped at a gap`);
    case 'dropConstraint': return removeConstraint(context, relation, action);
    case 'setOptions': return setOptions(context, relation, action.options);
    case 'resetOptions': return resetOptions(context, relation, action);
    default: break;
  }
  throw sqlError('0A000', 'this form of ALTER is not supported', {
    span: action.span,
    hint: 'Supported: RENAME, RENAME COLUMN, SET SCHEMA, OWNER TO, ADD COLUMN, DROP COLUMN, '
      + 'ALTER COLUMN SET/DROP DEFAULT and SET/DROP NOT NULL, ADD and DROP CONSTRAINT, '
      + 'SET and RESET (retain_history), REPLAY DEAD LETTERS, RESUME AFTER GAP.',
  });
}

function requireConnector(relation: StoredRelation): void {
  if (relation.connector !== null) return;
  throw sqlError('42809', `${relation.kind} "${relation.name}" has no connector`);
}

/** SET (retain_history = '1 hour'). */
function setOptions(
  context: StatementContext, relation: StoredRelation, options: readonly Option[],
): void {
  let kept = relation.options;
  for (const option of options) {
    if (isStorageParameter(option.name)) {
      kept = [...kept.filter(([name]) => name !== option.name), [option.name, optionText(option)]];
      continue;
    }
    if (option.name !== 'retain_history' && option.name !== 'retain history') {
      throw sqlError('0A000', `option "${option.name}" cannot be changed`, {
        span: option.span, hint: 'Options that can be changed: retain_history.',
      });
    }
    const micros = durationOf(context, option, 'option');
    kept = [...kept.filter(([name]) => name !== 'retain_history'),
      ['retain_history', micros.toString()]];
  }
  put(context, { ...relation, options: kept });
}

function resetOptions(
  context: StatementContext, relation: StoredRelation, action: AlterResetOptions,
): void {
  const { names } = action;
  const other = names.find((name) => name !== 'retain_history' && !isStorageParameter(name));
  if (other !== undefined) {
    throw sqlError('0A000', `option "${other}" cannot be reset`, { span: action.span });
  }
  put(context, {
    ...relation, options: relation.options.filter(([name]) => !names.includes(name)),
  });
}

function removeConstraint(
  context: StatementContext, relation: StoredRelation, action: AlterDropConstraint,
): void {
  requireTable(relation, 'DROP CONSTRAINT');
  const { name } = action.name;
  if (dropConstraint(context, relation, name)) return;
  const message = `constraint "${name}" of relation "${relation.name}" does not exist`;
  if (!action.ifExists) throw sqlError('42704', message);
  context.notice('NOTICE', '00000', `${message}, skipping`);
}

function put(context: StatementContext, relation: StoredRelation): void {
  context.transaction.define({ kind: 'alterRelation', relation });
}

function rename(context: StatementContext, relation: StoredRelation, name: string): void {
  const schema = must(context.transaction.catalog.schemas.get(relation.schemaId), 'schema');
  nameIsFree(context, { schema, name }, false);
  put(context, { ...relation, name });
}

function moveTo(context: StatementContext, relation: StoredRelation, name: string): void {
  const schema = context.catalog.schemaByName(name);
  if (schema === null) throw sqlError('3F000', `schema "${name}" does not exist`);
  if (schema.id === relation.schemaId) return;
  nameIsFree(context, { schema, name: relation.name }, false);
  put(context, { ...relation, schema: schema.name, schemaId: schema.id });
}

function renameColumn(
  context: StatementContext, relation: StoredRelation,
  names: { readonly from: string; readonly to: string },
): void {
  const at = columnNumber(relation, names.from);
  if (relation.columns.some((column) => column.name === names.to)) {
    throw sqlError('42701', `column "${names.to}" of relation "${relation.name}" already exists`);
  }
  const columns = relation.columns.with(at, {
    ...must(relation.columns[at], 'column'), name: names.to,
  });
  put(context, { ...relation, columns });
  moveColumnGrants(context, relation.id, names);
}

function alterColumn(
  context: StatementContext, relation: StoredRelation, action: AlterColumn,
): void {
  // What a connector may bring can be widened; its rows are there already.
  if (action.change !== 'dropNotNull' || relation.connector === null) {
    requireTable(relation, 'ALTER COLUMN');
  }
  const at = columnNumber(relation, action.name.name);
  const column = must(relation.columns[at], 'column');
  if (action.change === 'setType') return changeType(context, relation, action, at);
  const changed = changedColumn(context, relation, action, column);
  put(context, { ...relation, columns: relation.columns.with(at, changed) });
}

function changedColumn(
  context: StatementContext, relation: StoredRelation, action: AlterColumn, column: CatalogColumn,
): CatalogColumn {
  switch (action.change) {
    case 'dropDefault': return { ...column, defaultExpr: null };
    case 'dropNotNull': return nullable(relation, column);
    case 'dropExpression':
      if (column.generated !== null) return { ...column, generated: null };
      throw sqlError('55000', `column "${column.name}" of relation "${relation.name}" is not a `
        + 'stored generated column');
    case 'setNotNull': {
      const at = relation.columns.findIndex((candidate) => candidate.name === column.name);
      for (const batch of context.snapshot(relation.id)) {
        const nulls = batch.columns[at]?.nulls ?? null;
        if (nulls !== null && nulls.subarray(0, batch.length).includes(1)) {
          throw sqlError('23502', `column "${column.name}" of relation "${relation.name}" `
            + 'contains null values');
        }
      }
      return { ...column, notNull: true };
    }
    case 'setDefault': {
      const parts = columnParts(context, {
        kind: 'columnDef', span: action.span, name: action.name, type: null, collation: null,
        constraints: [{
          kind: 'defaultConstraint', span: action.span, name: null,
          value: must(action.value, 'default'),
        }],
      }, { table: relation.name, columns: relation.columns }, column.type);
      return { ...column, defaultExpr: parts.column.defaultExpr };
    }
    case 'setStorage': return { ...column, storage: storageOf(action, column) };
    case 'setStatistics': {
      const { value } = action;
      const target = value?.kind === 'integerLiteral' ? Number(value.text) : -1;
      return { ...column, statistics: Math.max(-1, Math.min(target, 10_000)) };
    }
    case 'setType': return column;
  }
}

/** DROP NOT NULL; keys and identities need it. */
function nullable(relation: StoredRelation, column: CatalogColumn): CatalogColumn {
  const at = relation.columns.indexOf(column);
  if (column.identity !== null && column.serial !== true) {
    throw sqlError('42601',
      `column "${column.name}" of relation "${relation.name}" is an identity column`);
  }
  if (relation.primaryKey?.includes(at) === true) {
    throw sqlError('42P16', `column "${column.name}" is in a primary key`);
  }
  return { ...column, notNull: false };
}

const STORAGE = ['plain', 'external', 'extended', 'main'];
const FIXED_SIZE = new Set(['boolean', 'int2', 'int4', 'int8', 'float4', 'float8', 'date', 'time',
  'timestamp', 'timestamptz', 'timetz', 'interval', 'uuid', 'oid', 'name', 'char']);

/** The letter of SET STORAGE. */
function storageOf(action: AlterColumn, column: CatalogColumn): string {
  const word = action.value?.kind === 'stringLiteral' ? action.value.value : '';
  if (!STORAGE.includes(word)) {
    throw sqlError('22023', `invalid storage type "${word}"`, { span: action.span });
  }
  if (FIXED_SIZE.has(column.type.name) && word !== 'plain') {
    throw sqlError('0A000',
      `column data type ${formatType(column.type)} can only have storage PLAIN`);
  }
  return word === 'extended' ? 'x' : word.charAt(0);
}

function renameSchema(context: StatementContext, statement: Alter): void {
  const name = nameText(statement.name);
  const schema = context.catalog.schemaByName(name);
  if (schema === null) throw sqlError('3F000', `schema "${name}" does not exist`);
  if (schema.database === 0) {
    throw sqlError('42501', `permission denied: "${name}" is a system schema`);
  }
  for (const action of statement.actions) {
    if (action.kind === 'rename') {
      if (context.catalog.schemaExists(action.to.name)) {
        throw sqlError('42P06', `schema "${action.to.name}" already exists`);
      }
      context.transaction.define({
        kind: 'putSchema', schema: { ...schema, name: action.to.name },
      });
    } else if (action.kind === 'owner') {
      context.transaction.define({
        kind: 'putSchema', schema: { ...schema, owner: action.role.name },
      });
    } else {
      throw sqlError('0A000', 'this form of ALTER SCHEMA is not supported', { span: action.span });
    }
  }
}

function renameIndex(
  context: StatementContext, statement: Alter, tag: string,
): StatementResult {
  const { catalog } = context.transaction;
  const schema = context.catalog.creationSchema();
  const name = must(statement.name.parts.at(-1), 'name').name;
  const index = schema === null ? null
    : catalog.indexByName(context.scope.database.id, schema.id, name);
  const [action] = statement.actions;
  if (index === null) throw sqlError('42P01', `relation "${name}" does not exist`);
  if (action?.kind !== 'rename') {
    throw sqlError('0A000', 'this form of ALTER INDEX is not supported', { span: statement.span });
  }
  context.transaction.define({ kind: 'putIndex', index: { ...index, name: action.to.name } });
  return command(tag);
}
