/**
 * Who may run which statement: everything but reading, which the planner reports relation by
 * relation (session-catalog.ts). Superusers, and everybody while no role has been made, pass.
 *
 * Owners may do everything with what is theirs. What is refused is 42501 in PostgreSQL's words.
 */
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import type { Alter, CommentOn, CreateTable, Drop } from '../../parser/ast-definitions.ts';
import type { QualifiedName } from '../../parser/ast-leaves.ts';
import type { Copy, Explain, Statement } from '../../parser/ast-statements.ts';
import type { DataChange, FromItem, Query } from '../../parser/ast.ts';
import { changesOf } from '../../planner/planner.ts';
import type { Protected } from '../catalog-roles.ts';
import { columnsAllowed, findRole, isSuperuser, mayUse, ownedBy } from '../catalog-roles.ts';
import type { StoredObject, StoredRelation, StoredSchema } from '../catalog-store-types.ts';
import { findSubscription, subscriptionFacts } from './named-subscription.ts';
import { stepsOf } from './merge.ts';
import { KIND_NAME } from './relation-label.ts';
import type { StatementContext } from './statement-context.ts';

const RELATIONS: readonly string[] = ['table', 'view', 'materialized view', 'source'];

/** Refuses a statement the user has no right to. */
export function authorize(context: StatementContext, statement: Statement): void {
  const { catalog } = context.transaction;
  if (isSuperuser(catalog, context.scope.user)) return;
  switch (statement.kind) {
    case 'query': case 'insert': case 'update': case 'delete':
      for (const each of [...changesOf(statement).map(({ query }) => query), statement]) {
        if (each.kind !== 'query') change(context, each);
        else if (each.locking.length > 0) locks(context, each);
      }
      return;
    case 'merge':
      for (const each of stepsOf(context, statement).changes) change(context, each);
      return;
    case 'truncate':
      for (const name of statement.tables) needs(context, name, 'D');
      return;
    case 'copy': copy(context, statement); return;
    case 'subscribe':
      if (statement.name !== null) reads(context, statement.name);
      return;
    case 'explain': explain(context, statement); return;
    case 'lockTable':
      for (const name of statement.tables) {
        needs(context, name, statement.mode === 'access share' ? 'rwdD' : 'wdD');
      }
      return;
    case 'maintenance':
      for (const name of statement.names) owns(context, context.resolve(name));
      return;
    default: definition(context, statement);
  }
}

function definition(context: StatementContext, statement: Statement): void {
  switch (statement.kind) {
    case 'createIndex': {
      const table = context.resolve(statement.table);
      owns(context, table);
      requireCreateBeside(context, table);
      return;
    }
    case 'createSubscription': needs(context, statement.from, 'r'); return;
    case 'createSchema': createsIn(context); return;
    case 'createDatabase':
      if (findRole(context.transaction.catalog, context.scope.user)?.createDb === true) return;
      throw sqlError('42501', 'permission denied to create database');
    case 'drop': drop(context, statement); return;
    case 'alter': alter(context, statement); return;
    case 'comment': comment(context, statement); return;
    case 'acknowledge': ownsObject(context, findSubscription(context, statement.name)); return;
    case 'declareCursor':
      if (statement.subscription !== null) reads(context, statement.subscription.name);
      else if (statement.query?.kind === 'subscribe') authorize(context, statement.query);
      return;
    case 'createSink':
      if (statement.from !== null) reads(context, statement.from);
      if (statement.into !== null) needs(context, statement.into, 'a');
      return;
    case 'createTable':
      connects(statement);
      if (statement.fromSource !== null) {
        owns(context, context.resolve(statement.fromSource.source));
      }
      references(context, statement);
      return;
    case 'createConnection': case 'createSecret': {
      const schema = context.catalog.creationSchema();
      if (schema !== null) requireCreate(context, schema);
      return;
    }
    case 'kill': case 'advanceClock':
      throw sqlError('42501', `permission denied: ${statement.kind === 'kill' ? 'KILL'
        : 'ADVANCE CLOCK'} is for superusers`);
    default:
  }
}

/** A relation as something with privileges. */
export function relationTarget(relation: StoredRelation): Protected {
  const { id, owner, kind } = relation;
  return { id, owner, kind: 'relation', system: kind === 'system' };
}

/** A schema as something with privileges. */
export function schemaTarget({ id, owner, database }: StoredSchema): Protected {
  return { id, owner, kind: 'schema', system: database === 0 };
}

/** 42501 for an object by its kind and name. */
export function denied(kind: string, name: string): Error {
  return sqlError('42501', `permission denied for ${kind} ${name}`);
}

/** Refuses to make something in a schema. */
export function requireCreate(context: StatementContext, schema: StoredSchema): void {
  const { catalog } = context.transaction;
  if (mayUse(catalog, context.scope.user, schemaTarget(schema), { any: 'C' })) return;
  throw denied('schema', schema.name);
}

/** Refuses to make something, or a new name, in the schema of a relation. */
function requireCreateBeside(context: StatementContext, { schemaId }: StoredRelation): void {
  const schema = context.transaction.catalog.schemas.get(schemaId);
  if (schema !== undefined) requireCreate(context, schema);
}

/** Refuses what only the owner may do. */
export function owns(context: StatementContext, relation: StoredRelation): void {
  if (ownedBy(context.transaction.catalog, context.scope.user, relation.owner)) return;
  throw sqlError('42501', `must be owner of ${KIND_NAME[relation.kind]} ${relation.name}`);
}

function ownsObject(context: StatementContext, object: StoredObject | null): void {
  if (object === null) return;
  if (ownedBy(context.transaction.catalog, context.scope.user, object.owner)) return;
  throw sqlError('42501', `must be owner of ${object.kind} ${object.name}`);
}

/** Refuses without one of the privileges (letters) on a relation. */
function needs(context: StatementContext, name: QualifiedName, any: string): void {
  const relation = context.find(name);
  if (relation !== null) requireOn(context, relation, any);
}

/** Refuses to look into the schema of a relation. */
export function requireUsage(context: StatementContext, { schemaId }: StoredRelation): void {
  const { catalog } = context.transaction;
  const schema = catalog.schemas.get(schemaId);
  if (schema === undefined
    || mayUse(catalog, context.scope.user, schemaTarget(schema), { any: 'U' })) return;
  throw denied('schema', schema.name);
}

function requireOn(context: StatementContext, relation: StoredRelation, any: string): void {
  requireUsage(context, relation);
  const { catalog } = context.transaction;
  const { user } = context.scope;
  if (mayUse(catalog, user, relationTarget(relation), { any })) return;
  throw denied(KIND_NAME[relation.kind], relation.name);
}

/** FOR UPDATE and its like need the right to change something in each relation named. */
function locks(context: StatementContext, query: Query): void {
  if (query.body.kind !== 'select') return;
  const { catalog } = context.transaction;
  const own = new Set(query.with?.ctes.map(({ name }) => name.name));
  for (const name of query.body.from.flatMap(namesIn)) {
    if (name.parts.length === 1 && own.has(must(name.parts[0], 'name').name)) continue;
    const relation = context.find(name);
    if (relation === null) continue;
    const parts = columnsAllowed(catalog, context.scope.user, relationTarget(relation),
      { any: 'w' });
    if (parts.size === 0) requireOn(context, relation, 'w');
  }
}

/** The relations an entry of FROM names. */
function namesIn(item: FromItem): readonly QualifiedName[] {
  switch (item.kind) {
    case 'tableRef': return [item.name];
    case 'join': return [...namesIn(item.left), ...namesIn(item.right)];
    case 'windowTable': return namesIn(item.source);
    default: return [];
  }
}

function change(context: StatementContext, statement: DataChange): void {
  const letter = { insert: 'a', update: 'w', delete: 'd' }[statement.kind];
  const relation = context.find(statement.kind === 'insert' ? statement.table
    : statement.table.name);
  if (relation === null) return;
  requireColumns(context, relation, letter, writtenColumns(statement, relation));
  if (readsNothing(statement)) context.writing = relation.id;
  if (statement.kind === 'insert') {
    // What RETURNING names is looked at by the planner.
    if (statement.onConflict === null) return;
    if (statement.onConflict.action !== 'nothing') requireOn(context, relation, 'w');
    if (statement.onConflict.target.length > 0) requireOn(context, relation, 'r');
  }
}

/** The columns an INSERT or UPDATE gives values to; null: the privilege is one of the whole. */
function writtenColumns(
  statement: DataChange, relation: StoredRelation,
): readonly string[] | null {
  switch (statement.kind) {
    case 'insert':
      return statement.columns.length === 0 ? relation.columns.map(({ name }) => name)
        : statement.columns.map(({ name }) => name.name);
    case 'update': return statement.set.flatMap(({ columns }) =>
      columns.map(({ name }) => name.name));
    case 'delete': return null;
  }
}

/** Refuses without the privilege on the relation, or on each of the columns. */
function requireColumns(
  context: StatementContext, relation: StoredRelation, letter: string,
  columns: readonly string[] | null,
): void {
  if (columns !== null && columns.length > 0) {
    const { catalog } = context.transaction;
    const allowed = columnsAllowed(catalog, context.scope.user, relationTarget(relation),
      { any: letter });
    const schema = catalog.schemas.get(relation.schemaId);
    const reached = schema === undefined
      || mayUse(catalog, context.scope.user, schemaTarget(schema), { any: 'U' });
    if (reached && columns.every((name) => allowed.has(name))) return;
  }
  requireOn(context, relation, letter);
}

/** True for an UPDATE or DELETE that looks at no column: it needs no right to SELECT. */
function readsNothing(statement: DataChange): boolean {
  if (statement.kind === 'insert' || statement.with !== null) return false;
  if (statement.where !== null || statement.returning.length > 0) return false;
  return statement.kind === 'delete' ? statement.using.length === 0
    : statement.from.length === 0 && !mentionsColumn(statement.set.map(({ value }) => value));
}

function mentionsColumn(node: unknown): boolean {
  if (Array.isArray(node)) return node.some(mentionsColumn);
  if (typeof node !== 'object' || node === null) return false;
  if ('kind' in node && (node.kind === 'columnRef' || node.kind === 'query')) return true;
  return Object.values(node).some(mentionsColumn);
}

function copy(context: StatementContext, statement: Copy): void {
  if (!statement.stdio) {
    throw sqlError('42501', 'permission denied to COPY to or from a file', {
      detail: 'Only superusers may read and write files of the server.',
      hint: "Anyone can COPY to stdout or from stdin. psql's \\copy command also works for anyone.",
    });
  }
  if (statement.table !== null) {
    // COPY TO is planned as a query, which looks at each column it reads.
    if (statement.direction === 'to') return;
    const table = context.find(statement.table);
    if (table !== null) {
      requireColumns(context, table, 'a', statement.columns.length === 0 ? null
        : statement.columns.map(({ name }) => name));
    }
  } else if (statement.query !== null) authorize(context, statement.query);
}

function explain(context: StatementContext, statement: Explain): void {
  if (statement.statement !== null) authorize(context, statement.statement);
  else if (statement.view !== null) needs(context, statement.view, 'r');
}

/** A subscription is read by whom its relation may be read by. */
function reads(context: StatementContext, name: QualifiedName): void {
  const relation = context.find(name);
  const subscription = relation === null ? findSubscription(context, name) : null;
  const found = relation ?? (subscription === null ? null
    : context.transaction.catalog.relation(subscriptionFacts(subscription).relation));
  if (found !== null) requireOn(context, found, 'r');
}

/** Foreign keys need REFERENCES on the tables they name. */
/** What the server reads with its own rights is for superusers. */
function connects({ options, name }: CreateTable): void {
  const connector = options.find((option) => option.name === 'connector')?.value;
  if (connector?.kind !== 'stringLiteral' || connector.value.toLowerCase() !== 'file') return;
  throw sqlError('42501', `permission denied to create source "${name.parts.at(-1)?.name ?? ''}"`, {
    detail: 'Only superusers may read files of the server.',
    hint: 'Anyone can COPY from stdin.',
  });
}

function references(context: StatementContext, { columns, constraints }: CreateTable): void {
  for (const each of [...constraints, ...columns.flatMap((column) => column.constraints)]) {
    if (each.kind === 'referencesConstraint') needs(context, each.table, 'x');
  }
}

/** CREATE SCHEMA needs CREATE on the database. */
function createsIn(context: StatementContext): void {
  const { catalog } = context.transaction;
  const { id, name } = context.scope.database;
  const owner = catalog.databases.get(id)?.owner ?? '';
  const database: Protected = { id, owner, kind: 'database', system: false };
  if (!mayUse(catalog, context.scope.user, database, { any: 'C' })) throw denied('database', name);
}

function drop(context: StatementContext, statement: Drop): void {
  for (const name of statement.names) ownsNamed(context, statement.object, name);
}

function alter(context: StatementContext, statement: Alter): void {
  if (statement.object === 'role') return;
  ownsNamed(context, statement.object, statement.name);
  const { catalog } = context.transaction;
  for (const action of statement.actions) {
    if (action.kind === 'owner'
      && !ownedBy(catalog, context.scope.user, action.role.name)) {
      throw sqlError('42501', `must be member of role "${action.role.name}"`);
    }
    if (action.kind === 'rename' && RELATIONS.includes(statement.object)) {
      const relation = context.find(statement.name);
      if (relation !== null) requireCreateBeside(context, relation);
    }
    if (action.kind === 'setSchema') {
      const schema = context.catalog.schemaByName(action.schema.name);
      if (schema !== null) requireCreate(context, schema);
    }
  }
}

function comment(context: StatementContext, statement: CommentOn): void {
  const { object, name } = statement;
  if (object !== 'column') return ownsNamed(context, object, name);
  const relation = context.find({ ...name, parts: name.parts.slice(0, -1) });
  if (relation !== null) owns(context, relation);
}

/** Refuses without ownership of what a name stands for; other files say that it is not there. */
function ownsNamed(context: StatementContext, object: string, name: QualifiedName): void {
  const own = must(name.parts.at(-1), 'name').name;
  const { catalog } = context.transaction;
  const { user } = context.scope;
  switch (object) {
    case 'role': return;
    case 'table': case 'view': case 'materialized view': case 'source': {
      const relation = context.find(name);
      if (relation !== null) owns(context, relation);
      return;
    }
    case 'index': {
      const index = [...catalog.indexes.values()].find((each) => each.name === own);
      const relation = index === undefined ? null : catalog.relation(index.relation);
      if (relation !== null) owns(context, relation);
      return;
    }
    case 'schema': {
      const schema = context.catalog.schemaByName(own);
      if (schema === null || ownedBy(catalog, user, schema.owner)) return;
      throw sqlError('42501', `must be owner of schema ${own}`);
    }
    case 'database': {
      const database = catalog.databaseByName(own);
      if (database === null || ownedBy(catalog, user, database.owner)) return;
      throw sqlError('42501', `must be owner of database ${own}`);
    }
    default:
      for (const each of catalog.objects.values()) {
        if (each.name === own && each.kind !== 'acl' && each.kind !== 'role') {
          ownsObject(context, each);
        }
      }
  }
}
