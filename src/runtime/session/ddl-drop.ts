/**
 * DROP of every kind of object, with CASCADE, RESTRICT and PostgreSQL's dependency errors.
 */
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import type { QualifiedName } from '../../parser/ast-leaves.ts';
import type { Drop } from '../../parser/ast-definitions.ts';
import { signatureText } from '../../planner/functions/user-function.ts';
import { allUserFunctions } from '../catalog-functions.ts';
import { typesHere } from '../catalog-types.ts';
import type { StoredRelation } from '../catalog-store-types.ts';
import type { Reference } from '../catalog-store.ts';
import { dependantLabel, dropAll, hidden, objectLabel } from './drop-dependants.ts';
import { droppedFunction } from './ddl-drop-function.ts';
import { dropKey } from './ddl-keys.ts';
import { dropRoles } from './ddl-role.ts';
import { dropSink, findSink } from './named-sink.ts';
import { findSubscription } from './named-subscription.ts';
import { referenceLabel } from './ddl-references.ts';
import { droppedSequence } from './ddl-drop-sequence.ts';
import { dropType } from './ddl-drop-type.ts';
import { KIND_NAME, relationLabel } from './relation-label.ts';
import { command } from './result.ts';
import type { StatementResult } from './result.ts';
import type { StatementContext } from './statement-context.ts';
import { nameText } from './statement-context.ts';

const KIND_OF: Readonly<Record<string, StoredRelation['kind']>> = {
  table: 'table', source: 'source', view: 'view', 'materialized view': 'materializedView',
};

/** DROP kind names [CASCADE]. */
export function dropObjects(context: StatementContext, statement: Drop): StatementResult {
  const tag = `DROP ${statement.object.toUpperCase()}`;
  if (statement.object === 'role') {
    dropRoles(context, statement);
    return command(tag);
  }
  const together = new Set(statement.names.flatMap((name) => context.find(name)?.id ?? []));
  for (const [at, name] of statement.names.entries()) {
    switch (statement.object) {
      case 'table': case 'source': case 'view': case 'materialized view':
        dropRelation(context, statement, name, together); break;
      case 'index': dropIndex(context, statement, name); break;
      case 'function': case 'aggregate': dropFunction(context, statement, at); break;
      case 'schema': dropSchema(context, statement, name); break;
      case 'database': dropDatabase(context, statement, name); break;
      case 'sequence': dropSequence(context, statement, name); break;
      case 'type': case 'domain': dropNamedType(context, statement, name); break;
      case 'subscription': dropSubscription(context, statement, name); break;
      case 'sink': {
        const sink = findSink(context, name);
        if (sink !== null) dropSink(context, sink);
        else missing(context, statement, `sink "${nameText(name)}"`, '42704');
        break;
      }
      default: missing(context, statement, `${statement.object} "${nameText(name)}"`, '42704');
    }
  }
  return command(tag);
}

function dropSubscription(context: StatementContext, statement: Drop, name: QualifiedName): void {
  const found = findSubscription(context, name);
  if (found !== null) context.transaction.define({ kind: 'dropObject', id: found.id });
  else missing(context, statement, `subscription "${nameText(name)}"`, '42704');
}

function dropNamedType(context: StatementContext, statement: Drop, name: QualifiedName): void {
  const dropped = dropType(context, {
    object: statement.object, name, cascade: statement.cascade,
    dropDependants: (oid) => dropAll(context, context.transaction.catalog.allDependants(oid)),
  });
  if (!dropped) missing(context, statement, `type "${nameText(name)}"`, '42704');
}

function dropSequence(context: StatementContext, statement: Drop, name: QualifiedName): void {
  const found = droppedSequence(context, name, statement.cascade);
  if (found !== null) context.transaction.define({ kind: 'dropObject', id: found.id });
  else missing(context, statement, `sequence "${nameText(name)}"`, '42P01');
}

/** The object is not there: an error, or a notice with IF EXISTS. */
function missing(
  context: StatementContext, statement: Drop, what: string, sqlState: string,
): void {
  if (!statement.ifExists) throw sqlError(sqlState, `${what} does not exist`);
  context.notice('NOTICE', '00000', `${what} does not exist, skipping`);
}

function dropFunction(context: StatementContext, statement: Drop, at: number): void {
  const of = droppedFunction(context, statement, at);
  if (of === null) return;
  if (!statement.cascade) refuseDependants(context, `function ${signatureText(of)}`, of.oid);
  dropAll(context, context.transaction.catalog.allDependants(of.oid));
  context.transaction.define({ kind: 'dropObject', id: of.oid });
}

function dropRelation(
  context: StatementContext, statement: Drop, name: QualifiedName, together: ReadonlySet<number>,
): void {
  const relation = context.find(name);
  // A view that went with another of the names is gone as wished.
  if (relation !== null && context.transaction.catalog.relation(relation.id) === null) return;
  if (relation === null) {
    const schema = name.parts.length > 1 ? must(name.parts.at(-2), 'schema').name : null;
    if (schema !== null && !context.catalog.schemaExists(schema)) {
      missing(context, statement, `schema "${schema}"`, '3F000');
    } else {
      missing(context, statement, `${statement.object} "${nameText(name)}"`, '42P01');
    }
    return;
  }
  refuseWrongKind(statement, relation);
  refuseSystem(relation);
  const { catalog } = context.transaction;
  const dependants = catalog.allDependants(relation.id);
  if (!statement.cascade) refuseDependants(context, relationLabel(relation), relation.id, together);
  dropAll(context, dependants, together);
  for (const reference of referencesFromOthers(context, relation.id)) {
    if (together.has(reference.relation.id)) continue;
    context.notice('NOTICE', '00000', `drop cascades to ${referenceLabel(reference)}`);
  }
  context.transaction.define({ kind: 'dropRelation', id: relation.id });
}

function refuseWrongKind(statement: Drop, relation: StoredRelation): void {
  if (KIND_OF[statement.object] === relation.kind) return;
  const article = statement.object.startsWith('i') ? 'an' : 'a';
  throw sqlError('42809', `"${relation.name}" is not ${article} ${statement.object}`, {
    hint: `Use DROP ${KIND_NAME[relation.kind].toUpperCase()} to remove `
      + `a ${KIND_NAME[relation.kind]}.`,
  });
}

/** Relations of the system cannot be changed by users. */
export function refuseSystem(relation: StoredRelation): void {
  if (relation.kind === 'system') {
    throw sqlError('42501', `permission denied: "${relation.name}" is a system catalog`);
  }
  if (relation.belongsTo !== null) {
    throw sqlError('2BP01', `cannot change ${relation.schema}.${relation.name} by itself`, {
      hint: 'It comes and goes with the relation it belongs to.',
    });
  }
}

/** 2BP01 with the list of what depends on an object. */
export function refuseDependants(
  context: StatementContext, label: string, id: number,
  together: ReadonlySet<number> = new Set(),
): void {
  const { catalog } = context.transaction;
  const dependants = catalog.allDependants(id).filter((dependant) =>
    !hidden(context, dependant) && !together.has(dependant.id));
  const lines = referencesFromOthers(context, id)
    .filter(({ relation }) => !together.has(relation.id))
    .map((reference) => `${referenceLabel(reference)} depends on ${label}`);
  if (dependants.length === 0 && lines.length === 0) return;
  for (const dependant of dependants) {
    const direct = catalog.dependants(id).some((entry) => entry.id === dependant.id);
    lines.push(`${dependantLabel(context, dependant)} depends on ${direct ? label
      : 'one of these'}`);
  }
  throw sqlError('2BP01', `cannot drop ${label} because other objects depend on it`, {
    detail: lines.join('\n'),
    hint: 'Use DROP ... CASCADE to drop the dependent objects too.',
  });
}

/** Foreign keys that go with a table. */
function referencesFromOthers(context: StatementContext, id: number): readonly Reference[] {
  return context.transaction.catalog.referencesTo(id).filter(({ relation }) => relation.id !== id);
}

function dropIndex(context: StatementContext, statement: Drop, name: QualifiedName): void {
  const { catalog } = context.transaction;
  const index = findIndex(context, name);
  if (index === null) {
    missing(context, statement, `index "${nameText(name)}"`, '42704');
    return;
  }
  if (index.constraint !== null) {
    const table = must(catalog.relation(index.relation), 'table of an index');
    throw sqlError('2BP01', `cannot drop index ${index.name} because constraint ${index.name} `
      + `on table ${table.name} requires it`, {
      hint: `You can drop constraint ${index.name} on table ${table.name} instead.`,
    });
  }
  const owner = must(catalog.relation(index.relation), 'relation of an index');
  if (index.unique && owner.kind === 'table') dropKey(context, owner, index);
  else context.transaction.define({ kind: 'dropIndex', id: index.id });
}

/** The index of a name, or null. */
export function findIndex(
  context: StatementContext, name: QualifiedName,
): import('../catalog-store-types.ts').StoredIndex | null {
  const parts = name.parts.map((part) => part.name);
  const schemas = parts.length > 1 ? parts.slice(-2, -1) : context.catalog.searchPath;
  for (const candidate of schemas) {
    const schema = context.catalog.schemaByName(candidate);
    const index = schema === null ? null : context.transaction.catalog.indexByName(
      context.scope.database.id, schema.id, must(parts.at(-1), 'name'));
    if (index !== null) return index;
  }
  return null;
}

function dropSchema(context: StatementContext, statement: Drop, name: QualifiedName): void {
  const schemaName = must(name.parts.at(-1), 'name').name;
  const schema = context.catalog.schemaByName(schemaName);
  if (schema === null) {
    missing(context, statement, `schema "${schemaName}"`, '3F000');
    return;
  }
  if (schema.database === 0) {
    throw sqlError('2BP01', `cannot drop schema ${schemaName} because it is required by the `
      + 'database system');
  }
  const inside = [...context.transaction.catalog.relations.values()]
    .filter((relation) => relation.schemaId === schema.id);
  const { catalog } = context.transaction;
  const objects = [...catalog.objects.values()].filter((object) => object.schemaId === schema.id
    && ['subscription', 'function', 'sink', 'type'].includes(object.kind));
  if (inside.length + objects.length > 0 && !statement.cascade) {
    throw sqlError('2BP01', `cannot drop schema ${schemaName} because other objects depend on it`, {
      detail: [...inside.map(relationLabel), ...objects.map(objectLabel)]
        .map((label) => `${label} depends on schema ${schemaName}`).join('\n'),
      hint: 'Use DROP ... CASCADE to drop the dependent objects too.',
    });
  }
  dropRelations(context, inside);
  for (const { id } of objects) {
    if (!context.transaction.catalog.objects.has(id)) continue;
    dropAll(context, context.transaction.catalog.allDependants(id));
    context.transaction.define({ kind: 'dropObject', id });
  }
  context.transaction.define({ kind: 'dropSchema', id: schema.id });
}

/** Drops relations and all that depends on them. */
function dropRelations(context: StatementContext, relations: readonly StoredRelation[]): void {
  for (const relation of relations) {
    const { catalog } = context.transaction;
    if (catalog.relation(relation.id) === null) continue;
    dropAll(context, catalog.allDependants(relation.id)
      .filter((dependant) => catalog.relation(dependant.id) !== null
        || dependant.kind !== 'relation'));
    context.transaction.define({ kind: 'dropRelation', id: relation.id });
  }
}

function dropDatabase(context: StatementContext, statement: Drop, name: QualifiedName): void {
  const { catalog } = context.transaction;
  const databaseName = must(name.parts.at(-1), 'name').name;
  const database = catalog.databaseByName(databaseName);
  if (database === null) {
    missing(context, statement, `database "${databaseName}"`, '3D000');
    return;
  }
  if (database.id === context.scope.database.id) {
    throw sqlError('55006', 'cannot drop the currently open database');
  }
  if (context.transaction.block) {
    throw sqlError('25001', 'DROP DATABASE cannot run inside a transaction block');
  }
  dropRelations(context, [...catalog.relations.values()]
    .filter((relation) => relation.database === database.id && relation.belongsTo === null));
  for (const object of [...allUserFunctions(catalog, database.id),
    ...typesHere(catalog, database.id)]) {
    context.transaction.define({ kind: 'dropObject', id: object.id });
  }
  for (const schema of catalog.schemas.values()) {
    if (schema.database === database.id) {
      context.transaction.define({ kind: 'dropSchema', id: schema.id });
    }
  }
  context.transaction.define({ kind: 'dropDatabase', id: database.id });
}
