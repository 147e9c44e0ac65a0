/**
 * What catalog functions and reg* types ask, answered for one statement of one session.
 *
 * Sees the catalog as the statement does, its own uncommitted definitions included. Names without a
 * schema are looked up along the search path, which begins with pg_catalog.
 */
import { assertNever } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import type { SqlError } from '../../common/errors.ts';
import type { TypeName } from '../../common/types/sql-type.ts';
import type { Value } from '../../common/values.ts';
import type {
  CatalogLookup, DescribedObject, VisibleObject, FunctionEntry,
} from '../../planner/functions/entry.ts';
import { ownerOfSequence } from '../catalog-store.ts';
import { namedPart } from '../catalog-types.ts';
import type { StoredIndex, StoredObject, StoredRelation } from '../catalog-store-types.ts';
import type { SystemContext } from '../engine-core-types.ts';
import { classOf } from './cluster.ts';
import {
  argumentsText, checkText, indexText, keyText, qualifiedName, quoteName, referenceText, resultText,
  signatureText, viewText,
} from './definitions.ts';
import { CLASS_OIDS, checkOid, roleNames, roleOid, schemasHere, userRelations } from './oids.ts';
import { hasPrivilege } from './privileges.ts';
import type { PrivilegeQuestion } from './privileges.ts';
import { operators } from './procedures.ts';
import type { Procedure } from './procedures.ts';
import {
  procedureOf, proceduresHere, userArguments, userDefinition, userResult,
} from './user-routines.ts';
import { typeFact, typeNameOf, typeOidOf } from './types.ts';
import {
  domainChecks, domainCheckText, userTypeByOid, userTypeName, userTypeOidOf,
} from './user-types.ts';

/** What a session does on behalf of functions. */
export interface LookupActions {
  setSetting(name: string, value: string, local: boolean): string;
  sleep(seconds: number): void;
  signal(pid: number, terminate: boolean): boolean;
  notify(channel: string, payload: string): void;
  readonly sequences: NonNullable<CatalogLookup['sequences']>;
}

interface Named {
  readonly id: number;
  readonly name: string;
  readonly schemaId: number;
}

/** Parts of a name in a string: `"A b".c`. */
export function nameParts(text: string): readonly string[] {
  const parts: string[] = [];
  for (const match of text.matchAll(/"((?:[^"]|"")*)"|([^."\s]+)/g)) {
    parts.push(match[1]?.replaceAll('""', '"') ?? (match[2] ?? '').toLowerCase());
  }
  return parts;
}

/** The CatalogLookup over a system context. */
export class SystemLookup implements CatalogLookup {
  readonly #context: SystemContext;
  readonly #actions: LookupActions;
  #path: readonly number[] | null = null;

  constructor(context: SystemContext, actions: LookupActions) {
    this.#context = context;
    this.#actions = actions;
  }

  nameOf(type: TypeName, oid: number): string | null {
    switch (type) {
      case 'regclass': return this.#className(oid);
      case 'regtype': return typeNameOf(oid) ?? userTypeName(this.#context, oid);
      case 'regnamespace': {
        const schema = this.#context.catalog.schemas.get(oid);
        return schema === undefined ? null : quoteName(schema.name);
      }
      case 'regrole': {
        const role = this.#role(oid);
        return role === null ? null : quoteName(role);
      }
      case 'regproc': case 'regoper': return procedureOf(this.#context, oid)?.name ?? null;
      case 'regprocedure': case 'regoperator': {
        const found = procedureOf(this.#context, oid);
        if (found === null) return null;
        return `${found.name}(${found.entry === null ? '' : signatureText(found.entry)})`;
      }
      case 'regcollation': return COLLATIONS.get(oid) ?? null;
      default: return null;
    }
  }

  oidOf(type: TypeName, text: string): number {
    const found = this.find(type, text);
    if (found !== null) return found;
    throw notFound(type, text);
  }

  find(type: TypeName, text: string): number | null {
    if (/^\d+$/.test(text)) return Number(text);
    if (text === '-') return 0;
    switch (type) {
      case 'regclass': return this.#classOid(text);
      case 'regtype': {
        const found = typeOidOf(text)
          ?? userTypeOidOf(this.#context, nameParts(text), this.#schemaPath());
        if (found === null) this.#requireSchemaOf(text);
        return found;
      }
      case 'regnamespace': {
        const name = nameParts(text)[0];
        return schemasHere(this.#context).find((schema) => schema.name === name)?.id ?? null;
      }
      case 'regrole': {
        const name = nameParts(text)[0] ?? '';
        return roleNames(this.#context).includes(name) ? roleOid(this.#context, name) : null;
      }
      case 'regproc': {
        const wanted = procedureName(text);
        return callable(nearest(this.#procedures(proceduresHere(this.#context), wanted)), wanted);
      }
      case 'regprocedure': return withArguments(text, (name) =>
        this.#procedures(proceduresHere(this.#context), name));
      case 'regoper': {
        const wanted = procedureName(text);
        return callable(this.#procedures(operators(), wanted), wanted);
      }
      case 'regoperator':
        return withArguments(text, (name) => this.#procedures(operators(), name));
      case 'regcollation': {
        const name = nameParts(text).at(-1);
        return [...COLLATIONS].find(([, each]) => each.replaceAll('"', '') === name)?.[0] ?? null;
      }
      default: return null;
    }
  }

  describe(what: DescribedObject, oid: number, part: number): string | null {
    const { catalog } = this.#context;
    switch (what) {
      case 'role': return this.#role(oid) ?? `unknown (OID=${oid})`;
      case 'index': {
        const index = catalog.indexes.get(oid);
        return index === undefined ? null : indexText(catalog, index, part);
      }
      case 'constraint': return this.#constraint(oid, part === 1);
      case 'view': {
        const relation = catalog.relation(oid);
        const view = relation?.kind === 'view' || relation?.kind === 'materializedView';
        return relation === null || !view ? null : viewText(relation);
      }
      case 'rule': {
        const relation = catalog.relation(oid);
        return relation === null || relation.sql === '' ? null
          : `CREATE RULE "_RETURN" AS ON SELECT TO ${relation.name} DO INSTEAD `
            + viewText(relation);
      }
      case 'function': case 'function-result': case 'function-arguments':
        return describeFunction(what, procedureOf(this.#context, oid)?.entry ?? null);
      case 'trigger': case 'partition': case 'statistics': return null;
      default: return assertNever(what);
    }
  }

  visible(kind: VisibleObject, oid: number): boolean | null {
    switch (kind) {
      case 'relation': {
        const named = this.#named(oid);
        return named === null ? null : this.#isVisible(named);
      }
      case 'type': {
        const fact = typeFact(oid);
        if (fact !== null) return fact.schema === PG_CATALOG;
        const made = userTypeByOid(this.#context, oid);
        const named = made === null ? null : namedPart(made.element ?? made);
        return named === null ? null : this.#context.searchPath.includes(named.schema);
      }
      case 'function': case 'other': return true;
      default: return assertNever(kind);
    }
  }

  comment(catalog: string | null, object: number, column: number): string | null {
    if (catalog !== null && column === 0) {
      const here = this.#context.catalog.databases.has(object) ? CLASS_OIDS.pg_database
        : classOf(this.#context, object);
      const asked: number | undefined = new Map<string, number>(Object.entries(CLASS_OIDS))
        .get(catalog);
      if (here !== asked) return null;
    }
    return this.#context.catalog.comment(object, column);
  }

  requireObject(what: 'relation' | 'schema' | 'database' | 'role', name: string): void {
    const { catalog } = this.#context;
    switch (what) {
      case 'relation':
        if (this.#classOid(name) === null) throw notFound('regclass', name);
        return;
      case 'schema':
        if (!schemasHere(this.#context).some((schema) => schema.name === name)) {
          throw sqlError('3F000', `schema "${name}" does not exist`);
        }
        return;
      case 'database':
        if (catalog.databaseByName(name) === null) {
          throw sqlError('3D000', `database "${name}" does not exist`);
        }
        return;
      case 'role':
        if (!roleNames(this.#context).includes(name)) {
          throw sqlError('42704', `role "${name}" does not exist`);
        }
        return;
      default: assertNever(what);
    }
  }

  size(what: 'relation' | 'database', oid: number): bigint | null {
    const { catalog, engine } = this.#context;
    if (what === 'database') return BigInt(engine.epoch().logBytes);
    if (this.#named(oid) === null) return null;
    const relation = catalog.relation(oid);
    return relation === null || !engine.knows(oid) ? 0n : BigInt(engine.storedBytes(oid));
  }

  serialSequence(relation: string, column: string): string | null {
    const { catalog } = this.#context;
    const found = catalog.relation(this.#classOid(relation) ?? 0);
    if (found === null) throw notFound('regclass', relation);
    const at = found.columns.findIndex(({ name }) => name === column);
    if (at < 0) {
      throw sqlError('42703',
        `column "${column}" of relation "${found.name}" does not exist`);
    }
    const owned = found.sequences?.find((each) => each.column === at);
    const sequence = owned === undefined
      ? [...catalog.objects.values()].find((object) => {
        const owner = ownerOfSequence(object);
        return owner?.relation === found.id && owner.column === at;
      })
      : catalog.objects.get(owned.sequence);
    return sequence === undefined ? null
      : qualifiedName({ schema: catalog.schemas.get(sequence.schemaId)?.name ?? '',
        name: sequence.name });
  }

  describeObject(catalog: number, oid: number, part: number): string | null {
    switch (catalog) {
      case CLASS_OIDS.pg_class: {
        const name = this.#className(oid);
        if (name === null) return null;
        const relation = this.#context.catalog.relation(oid);
        const kind = relation === null ? 'index' : KIND_WORDS[relation.kind];
        const column = relation?.columns[part - 1]?.name;
        return column === undefined ? `${kind} ${name}` : `column ${column} of ${kind} ${name}`;
      }
      case CLASS_OIDS.pg_namespace: return `schema ${this.nameOf('regnamespace', oid) ?? oid}`;
      case CLASS_OIDS.pg_type: return `type ${this.nameOf('regtype', oid) ?? oid}`;
      case CLASS_OIDS.pg_proc: return `function ${this.nameOf('regprocedure', oid) ?? oid}`;
      case CLASS_OIDS.pg_authid: return `role ${this.#role(oid) ?? oid}`;
      case CLASS_OIDS.pg_database:
        return `database ${this.#context.catalog.databases.get(oid)?.name ?? oid}`;
      case CLASS_OIDS.pg_constraint: {
        const index = this.#context.catalog.indexes.get(oid);
        return index === undefined ? null
          : `constraint ${index.name} on ${KIND_WORDS.table} ${this.#className(index.relation)}`;
      }
      default: return null;
    }
  }

  rows(relation: string): Iterable<readonly Value[]> {
    const found = this.#context.engine.systemRelations().find((each) =>
      each.schema === 'pg_catalog' && each.name === relation);
    return found?.rows(this.#context) ?? [];
  }

  startedAt(): bigint {
    return this.#context.sessions?.startedAt ?? 0n;
  }

  epoch(): bigint {
    return this.#context.engine.epoch().epoch;
  }

  setting(name: string): string | null {
    return this.#context.setting(name);
  }

  setSetting(name: string, value: string, local: boolean): string {
    return this.#actions.setSetting(name, value, local);
  }

  sleep(seconds: number): void {
    this.#actions.sleep(seconds);
  }

  get sequences(): NonNullable<CatalogLookup['sequences']> {
    return this.#actions.sequences;
  }

  notify(channel: string, payload: string): void {
    this.#actions.notify(channel, payload);
  }

  takesChanges(relation: number): boolean {
    return this.#context.catalog.relation(relation)?.kind === 'table';
  }

  channels(): readonly string[] {
    return this.#context.sessions?.channels() ?? [];
  }

  hasPrivilege(ask: Omit<PrivilegeQuestion, 'object'> & { readonly object: string | number }):
    boolean | null {
    const { object, what } = ask;
    if (typeof object === 'string' && what !== 'other' && what !== 'function') {
      this.requireObject(what, object);
    }
    const oid = typeof object === 'number' ? object >>> 0
      : what === 'function' ? this.oidOf('regprocedure', object)
      : what === 'relation' ? this.#classOid(object) ?? 0
      : what === 'schema' ? schemasHere(this.#context).find(({ name }) => name === object)?.id ?? 0
      : what === 'database' ? this.#context.catalog.databaseByName(object)?.id ?? 0
      : roleOid(this.#context, object);
    return hasPrivilege(this.#context, { ...ask, object: oid });
  }

  signal(pid: number, terminate: boolean): boolean {
    return this.#actions.signal(pid, terminate);
  }

  /** Schemas of the search path, in order. */
  #schemaPath(): readonly number[] {
    const { catalog, database, searchPath } = this.#context;
    this.#path ??= searchPath.flatMap((name) => catalog.schemaByName(database, name)?.id ?? []);
    return this.#path;
  }

  /** A relation, index or sequence. */
  #named(oid: number): Named | null {
    const { relations, indexes, objects } = this.#context.catalog;
    const found: StoredRelation | StoredIndex | StoredObject | undefined = relations.get(oid)
      ?? indexes.get(oid) ?? objects.get(oid);
    return found ?? null;
  }

  #isVisible({ id, name, schemaId }: Named): boolean {
    for (const schema of this.#schemaPath()) {
      if (schema === schemaId) return true;
      const hidden = this.#inSchema(schema, name);
      if (hidden !== null && hidden !== id) return false;
    }
    return false;
  }

  #inSchema(schema: number, name: string): number | null {
    const { catalog, database } = this.#context;
    return catalog.relationByName(database, schema, name)?.id
      ?? catalog.indexByName(database, schema, name)?.id
      ?? catalog.objectByName('sequence', schema, name)?.id ?? null;
  }

  #className(oid: number): string | null {
    const named = this.#named(oid);
    if (named === null) return null;
    const schema = this.#context.catalog.schemas.get(named.schemaId);
    if (schema === undefined || this.#isVisible(named)) return quoteName(named.name);
    return `${quoteName(schema.name)}.${quoteName(named.name)}`;
  }

  #requireSchemaOf(text: string): void {
    const schema = nameParts(text).at(-2);
    if (schema !== undefined) this.requireObject('schema', schema);
  }

  #classOid(text: string): number | null {
    const { catalog, database } = this.#context;
    const parts = nameParts(text);
    const name = parts.at(-1) ?? '';
    const schema = parts.at(-2);
    if (schema !== undefined) {
      const found = catalog.schemaByName(database, schema);
      if (found === null) throw sqlError('3F000', `schema "${schema}" does not exist`);
      return this.#inSchema(found.id, name);
    }
    for (const each of this.#schemaPath()) {
      const found = this.#inSchema(each, name);
      if (found !== null) return found;
    }
    return null;
  }

  /** Functions or operators of a name, nearest schema of the search path first. */
  #procedures(list: readonly Procedure[], { schema, name }: ProcedureName): readonly Procedure[] {
    const { catalog, database, searchPath } = this.#context;
    if (schema !== null && catalog.schemaByName(database, schema) === null) {
      throw sqlError('3F000', `schema "${schema}" does not exist`);
    }
    const path = schema === null ? ['pg_catalog', ...searchPath]
      : schema === 'information_schema' ? ['pg_catalog'] : [schema];
    const found = list.filter((each) => each.name === name);
    return [...new Set(path)].flatMap((one) => found.filter((each) => schemaOf(each) === one));
  }

  #role(oid: number): string | null {
    return roleNames(this.#context).find((name) => roleOid(this.#context, name) === oid) ?? null;
  }

  #constraint(oid: number, pretty: boolean): string | null {
    const { catalog } = this.#context;
    const index = catalog.indexes.get(oid);
    if (index !== undefined) return index.constraint === null ? null : keyText(catalog, index);
    for (const relation of userRelations(this.#context)) {
      for (let at = 0; at < relation.checks.length; at++) {
        if (checkOid(relation.id, at) === oid) return checkText(relation, at, pretty);
      }
      const key = relation.foreignKeys?.find((each) => each.id === oid);
      if (key !== undefined) return referenceText(catalog, relation, key);
    }
    const own = domainChecks(this.#context).find((each) => each.oid === oid);
    return own === undefined ? null : domainCheckText(own.check, pretty);
  }
}

const KIND_WORDS: Readonly<Record<StoredRelation['kind'], string>> = {
  table: 'table', source: 'foreign table', view: 'view', materializedView: 'materialized view',
  system: 'table',
};
const PG_CATALOG = 11;
const COLLATIONS: ReadonlyMap<number, string> = new Map([
  [100, '"default"'], [950, '"C"'], [951, '"POSIX"'],
]);

function describeFunction(what: DescribedObject, entry: FunctionEntry | null): string | null {
  if (entry === null) return null;
  const { user } = entry;
  if (user !== undefined) {
    return what === 'function-result' ? userResult(user)
      : what === 'function-arguments' ? userArguments(user) : userDefinition(user);
  }
  if (what === 'function-result') return resultText(entry);
  if (what === 'function-arguments') return argumentsText(entry);
  if (entry.kind === 'aggregate') {
    throw sqlError('42809', `"${entry.name}" is an aggregate function`);
  }
  return `CREATE OR REPLACE FUNCTION pg_catalog.${quoteName(entry.name)}(${argumentsText(entry)})\n`
    + ` RETURNS ${resultText(entry)}\n LANGUAGE internal\nAS $function$${entry.name}$function$\n`;
}

/** Those of the nearest schema. */
function nearest(list: readonly Procedure[]): readonly Procedure[] {
  const [first] = list;
  return first === undefined ? [] : list.filter((each) => schemaOf(each) === schemaOf(first));
}

/** What an unquoted name in text means: the last part, and the schema before it. */
interface ProcedureName {
  readonly schema: string | null;
  readonly name: string;
}

function procedureName(text: string): ProcedureName {
  const parts = /^[\w\s".$]*$/.test(text) ? nameParts(text) : [text];
  const operator = /^(?:pg_catalog\.)?([^\w"]+)$/.exec(text)?.[1];
  return { schema: parts.at(-2) ?? null, name: operator ?? parts.at(-1) ?? text };
}

function schemaOf({ entry }: Procedure): string {
  return entry?.user?.schema ?? 'pg_catalog';
}

/** The oid of a function named without its arguments; 42725 when there are several. */
function callable(list: readonly Procedure[], wanted: ProcedureName): number | null {
  const [only, more] = list;
  if (more !== undefined) {
    throw sqlError('42725', `more than one function named "${wanted.name}"`);
  }
  return only?.oid ?? null;
}

/** The oid of `name(type, type)`; `named` gives the candidates. */
function withArguments(
  text: string, named: (name: ProcedureName) => readonly Procedure[],
): number | null {
  const match = /^(.*)\(([^()]*)\)$/.exec(text.trim());
  if (match === null) throw sqlError('22P02', 'expected a left parenthesis');
  const args = (match[2] ?? '').split(',').map((part) => part.trim()).filter((part) => part !== '')
    .map((part) => typeNameOf(typeOidOf(part) ?? 0) ?? part).join(',');
  // What types read and write with has arguments of internal types that are not listed.
  return named(procedureName((match[1] ?? '').trim())).find(({ entry }) =>
    entry === null || signatureText(entry) === args)?.oid ?? null;
}

function notFound(type: TypeName, text: string): SqlError {
  switch (type) {
    case 'regtype': return sqlError('42704', `type "${text}" does not exist`);
    case 'regnamespace': return sqlError('3F000', `schema "${text}" does not exist`);
    case 'regrole': return sqlError('42704', `role "${text}" does not exist`);
    case 'regproc': case 'regprocedure':
      return sqlError('42883', `function "${text}" does not exist`);
    case 'regoper': case 'regoperator':
      return sqlError('42883', `operator does not exist: ${text}`);
    case 'regcollation':
      return sqlError('42704', `collation "${text}" for encoding "UTF8" does not exist`);
    case 'regconfig':
      return sqlError('42704', `text search configuration "${text}" does not exist`);
    case 'regdictionary':
      return sqlError('42704', `text search dictionary "${text}" does not exist`);
    default: return sqlError('42P01', `relation "${nameParts(text).join('.')}" does not exist`);
  }
}
