/**
 * CREATE SCHEMA and CREATE DATABASE; and where a new object's name goes.
 */
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import type { CreateDatabase, CreateSchema, Definition } from '../../parser/ast-definitions.ts';
import type { QualifiedName } from '../../parser/ast-leaves.ts';
import type { StoredSchema } from '../catalog-store-types.ts';
import { requireCreate } from './authorize.ts';
import { command } from './result.ts';
import type { StatementResult } from './result.ts';
import { StatementContext } from './statement-context.ts';
import { isOwnTemporary, temporarySchema } from './temporary.ts';

/** Where a new relation goes and what it is called. */
export interface Target {
  readonly schema: StoredSchema;
  readonly name: string;
}

/** Resolves the name of a new relation: 3F000 where there is no schema for it. */
export function targetOf(
  context: StatementContext, name: QualifiedName, temporary = false,
): Target {
  const parts = name.parts.map((part) => part.name);
  const own = must(parts.at(-1), 'name');
  const schemaName = parts.at(-2);
  if (isOwnTemporary(context, schemaName)
    || (schemaName === undefined && (temporary || context.catalog.createsTemporary))) {
    return { schema: temporarySchema(context), name: own };
  }
  if (temporary) {
    throw sqlError('42P16', 'cannot create temporary relation in non-temporary schema', {
      span: name.span,
    });
  }
  const schema = schemaName === undefined ? context.catalog.creationSchema()
    : context.catalog.schemaByName(schemaName);
  if (schema === null) {
    throw sqlError('3F000', schemaName === undefined ? 'no schema has been selected to create in'
      : `schema "${schemaName}" does not exist`, { span: name.span });
  }
  if (schema.database === 0) {
    throw sqlError('42501', `permission denied for schema ${schema.name}`, { span: name.span });
  }
  requireCreate(context, schema);
  return { schema, name: own };
}

/** True when the name is free; false (with a notice) when it is taken and IF NOT EXISTS is set. */
export function nameIsFree(
  context: StatementContext, target: Target, ifNotExists: boolean,
): boolean {
  const { catalog } = context.transaction;
  if (!catalog.nameTaken(context.scope.database.id, target.schema.id, target.name)) return true;
  if (!ifNotExists) throw sqlError('42P07', `relation "${target.name}" already exists`);
  context.notice('NOTICE', '42P07', `relation "${target.name}" already exists, skipping`);
  return false;
}

/** CREATE SCHEMA. */
export function createSchema(context: StatementContext, statement: CreateSchema): StatementResult {
  const { name, span } = must(statement.name.parts.at(-1), 'name');
  if (name.startsWith('pg_')) {
    throw sqlError('42939', `unacceptable schema name "${name}"`, {
      span, detail: 'The prefix "pg_" is reserved for system schemas.',
    });
  }
  if (context.catalog.schemaExists(name)) {
    if (!statement.ifNotExists) throw sqlError('42P06', `schema "${name}" already exists`);
    context.notice('NOTICE', '42P06', `schema "${name}" already exists, skipping`);
    return command('CREATE SCHEMA');
  }
  context.transaction.define({ kind: 'putSchema', schema: {
    id: context.core.catalog.allocate(), database: context.scope.database.id, name,
    owner: context.scope.user,
  } });
  return command('CREATE SCHEMA');
}

/** What stands in CREATE SCHEMA, made with the schema first on the search path. */
export async function createElements(
  context: StatementContext, { name, elements, ifNotExists, span }: CreateSchema,
  run: (inner: StatementContext, element: Definition) => Promise<unknown>,
): Promise<void> {
  if (elements.length === 0) return;
  if (ifNotExists) {
    throw sqlError('0A000', 'CREATE SCHEMA IF NOT EXISTS cannot include schema elements', { span });
  }
  const { settings } = context.scope;
  const own = must(name.parts.at(-1), 'name').name;
  const before = settings.get('search_path');
  settings.set('search_path', `"${own.replaceAll('"', '""')}", ${before}`, true);
  try {
    for (const element of elements) {
      const inner = new StatementContext(context.scope, context.transaction, context.text);
      await run(inner, inSchema(element, own));
    }
  } finally {
    settings.set('search_path', before, true);
  }
}

/** An element under the schema's name; 42P15 when it names another schema. */
function inSchema(element: Definition, schema: string): Definition {
  if (element.kind !== 'createTable' && element.kind !== 'createView'
    && element.kind !== 'createSequence') return element;
  const given = element.name.parts.at(-2);
  if (given !== undefined && given.name !== schema) {
    throw sqlError('42P15', `CREATE specifies a schema (${given.name}) different from the one `
      + `being created (${schema})`);
  }
  const last = must(element.name.parts.at(-1), 'name');
  return { ...element, name: { ...element.name, parts: [{ ...last, name: schema }, last] } };
}

/** CREATE DATABASE: a name space of its own, with a schema public. */
export function createDatabase(
  context: StatementContext, statement: CreateDatabase,
): StatementResult {
  const { name } = statement.name;
  if (context.transaction.block) {
    throw sqlError('25001', 'CREATE DATABASE cannot run inside a transaction block');
  }
  if (context.transaction.catalog.databaseByName(name) !== null) {
    if (!statement.ifNotExists) throw sqlError('42P04', `database "${name}" already exists`);
    context.notice('NOTICE', '42P04', `database "${name}" already exists, skipping`);
    return command('CREATE DATABASE');
  }
  const owner = context.scope.user;
  const id = context.core.catalog.allocate();
  context.transaction.define(
    { kind: 'putDatabase', database: { id, name, owner } },
    { kind: 'putSchema', schema: {
      id: context.core.catalog.allocate(), database: id, name: 'public', owner,
    } },
  );
  return command('CREATE DATABASE');
}
