/**
 * GRANT and REVOKE: privileges on relations, schemas, databases and objects, and roles to roles.
 */
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import type { PrivilegeTarget, Privileges } from '../../parser/ast-definitions.ts';
import type { QualifiedName } from '../../parser/ast-leaves.ts';
import type { TypeName } from '../../parser/ast.ts';
import type { Grant, PrivilegeKind, Protected, Role } from '../catalog-roles.ts';
import {
  ALL_PRIVILEGES, columnsAllowed, grantsOn, mayUse, memberships, PRIVILEGE_LETTERS, PUBLIC_ROLE,
} from '../catalog-roles.ts';
import type { StoredRelation } from '../catalog-store-types.ts';
import { denied, relationTarget, requireUsage, schemaTarget } from './authorize.ts';
import { oneFunction } from './ddl-drop-function.ts';
import { existing, mayAdminister } from './ddl-role.ts';
import { KIND_NAME } from './relation-label.ts';
import { grantsObject, roleObject } from './role-objects.ts';
import { command } from './result.ts';
import type { StatementResult } from './result.ts';
import type { StatementContext } from './statement-context.ts';

interface Named extends Protected {
  readonly label: string;
  readonly name: string;
}

const RELATION_WORDS = ['', 'table', 'view', 'materialized view', 'source'];
const OBJECT_WORDS = ['sequence', 'sink', 'connection', 'secret', 'subscription'];
const FUNCTION_WORDS = ['function', 'routine', 'procedure', 'aggregate'];

/** GRANT, REVOKE. */
export function runPrivileges(
  context: StatementContext, statement: Privileges,
): StatementResult {
  const tag = statement.action.toUpperCase();
  if (statement.target === null) {
    grantRoles(context, statement);
    return command(`${tag} ROLE`);
  }
  const grantees = statement.roles.map(({ name }) =>
    (name === 'public' ? PUBLIC_ROLE : existing(context, name).id));
  for (const target of targetsOf(context, statement.target)) {
    changeGrants(context, statement, { target, grantees });
  }
  return command(tag);
}

function grantRoles(context: StatementContext, statement: Privileges): void {
  const { catalog } = context.transaction;
  for (const name of statement.names) {
    const role = existing(context, name);
    if (!mayAdminister(context, role)) {
      throw sqlError('42501', `must have admin option on role "${name}"`);
    }
    for (const member of statement.roles) {
      const other = existing(context, member.name);
      if (statement.action === 'grant' && memberships(catalog, role, false).has(other.id)) {
        throw sqlError('0LP01', `role "${name}" is a member of role "${member.name}"`);
      }
      context.transaction.define({
        kind: 'putObject', object: roleObject(withMembership(other, role, statement)),
      });
    }
  }
}

function withMembership(member: Role, of: Role, { action, option }: Privileges): Role {
  const others = member.memberOf.filter(({ role }) => role !== of.id);
  const before = member.memberOf.find(({ role }) => role === of.id);
  if (action === 'grant') {
    const admin = option || before?.admin === true;
    return { ...member, memberOf: [...others, { role: of.id, admin }] };
  }
  return { ...member, memberOf: option && before !== undefined
    ? [...others, { role: of.id, admin: false }] : others };
}

function targetsOf(context: StatementContext, target: PrivilegeTarget): readonly Named[] {
  const { object, names } = target;
  const { catalog } = context.transaction;
  if (object.startsWith('all ')) return allIn(context, target);
  if (RELATION_WORDS.includes(object)) {
    return names.map((name) => {
      const relation = context.resolve(name);
      requireUsage(context, relation);
      return namedRelation(relation);
    });
  }
  if (FUNCTION_WORDS.includes(object)) {
    return names.map((written, at) => namedFunction(context, written,
      target.signatures[at] ?? null));
  }
  return names.map((written): Named => {
    const { name } = must(written.parts.at(-1), 'name');
    if (object === 'schema') {
      const schema = context.catalog.schemaByName(name);
      if (schema === null) throw sqlError('3F000', `schema "${name}" does not exist`);
      return { ...schemaTarget(schema), label: 'schema', name };
    }
    if (object === 'database') {
      const database = catalog.databaseByName(name);
      if (database === null) throw sqlError('3D000', `database "${name}" does not exist`);
      return { id: database.id, owner: database.owner, kind: 'database', system: false,
        label: 'database', name };
    }
    if (!OBJECT_WORDS.includes(object)) {
      throw sqlError('0A000', `privileges on a ${object} are not supported`, {
        span: target.span, hint: 'Supported: relations, schemas, databases, sequences, sinks, '
          + 'connections, secrets, subscriptions.',
      });
    }
    const found = [...catalog.objects.values()].find((each) =>
      each.kind === object && each.name === name);
    if (found === undefined) throw sqlError('42704', `${object} "${name}" does not exist`);
    return { id: found.id, owner: found.owner, label: object, name, system: false,
      kind: object === 'sequence' ? 'sequence' : 'object' };
  });
}

/** A function by its name, and by its argument types where there are several. */
function namedFunction(
  context: StatementContext, written: QualifiedName, signature: readonly TypeName[] | null,
): Named {
  const found = oneFunction(context, { object: 'function', name: written, types: signature });
  const { owner } = must(context.transaction.catalog.objects.get(found.oid), 'function');
  return { id: found.oid, owner, kind: 'function', system: false, label: 'function',
    name: found.name };
}

function namedRelation(relation: StoredRelation): Named {
  return { ...relationTarget(relation), label: KIND_NAME[relation.kind], name: relation.name };
}

function allIn(context: StatementContext, { object, names, span }: PrivilegeTarget): Named[] {
  const ids = new Set(names.map((written) => {
    const { name } = must(written.parts.at(-1), 'name');
    const schema = context.catalog.schemaByName(name);
    if (schema === null) throw sqlError('3F000', `schema "${name}" does not exist`);
    return schema.id;
  }));
  if (object === 'all functions' || object === 'all routines' || object === 'all sequences') {
    const kind = object === 'all sequences' ? 'sequence' : 'function';
    return [...context.transaction.catalog.objects.values()]
      .filter((each) => each.kind === kind && ids.has(each.schemaId))
      .map(({ id, owner, name }) => ({ id, owner, kind, name, system: false, label: kind }));
  }
  if (object !== 'all tables') {
    throw sqlError('0A000', `GRANT ON ${object.toUpperCase()} IN SCHEMA is not supported`,
      { span });
  }
  return [...context.transaction.catalog.relations.values()]
    .filter((relation) => ids.has(relation.schemaId)
      && relation.database === context.scope.database.id).map(namedRelation);
}

function lettersOf(names: readonly string[], kind: PrivilegeKind): string {
  let letters = '';
  for (const name of names) {
    if (name === 'all' || name === 'all privileges') {
      letters += ALL_PRIVILEGES[kind];
      continue;
    }
    const letter = PRIVILEGE_LETTERS.get(name);
    if (letter === undefined) throw sqlError('42601', `unrecognized privilege type "${name}"`);
    if (!ALL_PRIVILEGES[kind].includes(letter)) {
      throw sqlError('0LP01', `invalid privilege type ${name.toUpperCase()} for ${kind}`);
    }
    letters += letter;
  }
  return letters;
}

/** What a statement gives or takes: letters on the whole object, and by column. */
interface Change {
  readonly letters: string;
  readonly columns: ReadonlyMap<string, string>;
}

const COLUMN_PRIVILEGES = 'arwx';

function changeOf(
  context: StatementContext, statement: Privileges, target: Named,
): Change {
  const whole: string[] = [];
  const columns = new Map<string, string>();
  for (const [at, name] of statement.names.entries()) {
    const listed = statement.columns[at] ?? null;
    if (listed === null) {
      whole.push(name);
      continue;
    }
    if (target.kind !== 'relation') {
      throw sqlError('0LP01', 'column privileges are only valid for relations', {
        span: statement.span,
      });
    }
    const letters = name.startsWith('all') ? COLUMN_PRIVILEGES : lettersOf([name], target.kind);
    if (letters.split('').some((letter) => !COLUMN_PRIVILEGES.includes(letter))) {
      throw sqlError('0LP01', `invalid privilege type ${name.toUpperCase()} for column`);
    }
    const relation = must(context.transaction.catalog.relation(target.id), 'relation');
    for (const column of listed) {
      if (!relation.columns.some((each) => each.name === column.name)) {
        throw sqlError('42703',
          `column "${column.name}" of relation "${relation.name}" does not exist`,
          { span: column.span });
      }
      columns.set(column.name, union(columns.get(column.name) ?? '', letters));
    }
  }
  return { letters: lettersOf(whole, target.kind), columns };
}

/**
 * What of a change the user may pass on. With some right to the target but not the option to pass
 * it on, the statement does what it may and warns; with none it is refused.
 */
function grantable(
  context: StatementContext, statement: Privileges, target: Named, change: Change,
): Change {
  const { catalog } = context.transaction;
  const { user } = context.scope;
  if (target.system) throw denied(target.label, target.name);
  const may = (column: string | null, any: string, passOn: boolean): boolean =>
    mayUse(catalog, user, target, { any, grantable: passOn }) || (column !== null
      && columnsAllowed(catalog, user, target, { any, grantable: passOn }).has(column));
  const allowed = (column: string | null, letters: string): string => {
    const left = letters.split('').filter((any) => may(column, any, true)).join('');
    if (left === letters) return left;
    if (left === '' && !may(column, someRight(statement, target, column, letters), false)) {
      throw column === null ? denied(target.label, target.name)
        : sqlError('42501', `permission denied for ${columnLabel(column, target)}`);
    }
    warnOf(context, statement, left === '',
      column === null ? `"${target.name}"` : columnLabel(column, target));
    return left;
  };
  return {
    letters: allowed(null, change.letters),
    columns: new Map([...change.columns].map(([column, letters]) =>
      [column, allowed(column, letters)])),
  };
}

/** Rights of which one lets a statement pass with a warning. */
function someRight(
  { action }: Privileges, target: Named, column: string | null, letters: string,
): string {
  // REVOKE takes the privileges from the columns too, which asks for some right to them.
  const ofColumns = column !== null || (action === 'revoke' && target.kind === 'relation'
    && letters.split('').some((letter) => COLUMN_PRIVILEGES.includes(letter)));
  return ofColumns ? COLUMN_PRIVILEGES : ALL_PRIVILEGES[target.kind];
}

function columnLabel(column: string, { name }: Named): string {
  return `column "${column}" of relation "${name}"`;
}

function warnOf(
  context: StatementContext, { action }: Privileges, nothing: boolean, what: string,
): void {
  const [done, sqlState] = action === 'grant' ? ['were granted', '01007']
    : ['could be revoked', '01006'];
  context.notice('WARNING', sqlState,
    `${nothing ? 'no' : 'not all'} privileges ${done} for ${what}`);
}

function changeGrants(
  context: StatementContext, statement: Privileges,
  of: { readonly target: Named; readonly grantees: readonly number[] },
): void {
  const { catalog } = context.transaction;
  const { target, grantees } = of;
  const change = grantable(context, statement, target, changeOf(context, statement, target));
  let grants = [...grantsOn(catalog, target)];
  for (const role of grantees) {
    const before = grants.find((grant) => grant.role === role)
      ?? { role, privileges: '', grantable: '' };
    grants = grants.filter((grant) => grant.role !== role);
    const after = changed(before, statement, change);
    if (after.privileges !== '' || after.columns !== undefined) grants.push(after);
  }
  const known = [...catalog.objects.values()].find(({ kind, data }) =>
    kind === 'acl' && data['target'] === target.id);
  context.transaction.define({
    kind: 'putObject',
    object: grantsObject(known?.id ?? context.core.catalog.allocate(), target.id, grants),
  });
}

function changed(before: Grant, { action, option }: Privileges, change: Change): Grant {
  const one = (held: Held, letters: string): Held =>
    (action === 'grant' ? added(held, letters, option) : removed(held, letters, option));
  const columns = new Map(Object.entries(before.columns ?? {}));
  for (const [name, letters] of change.columns) {
    columns.set(name, one(columns.get(name) ?? { privileges: '', grantable: '' }, letters));
  }
  // What is taken from the whole relation is taken from its columns too.
  if (action === 'revoke') {
    for (const [name, held] of columns) columns.set(name, one(held, change.letters));
  }
  const left = [...columns].filter(([, { privileges }]) => privileges !== '');
  return { role: before.role, ...one(before, change.letters),
    ...(left.length === 0 ? {} : { columns: Object.fromEntries(left) }) };
}

type Held = Pick<Grant, 'privileges' | 'grantable'>;

function added(grant: Held, letters: string, option: boolean): Held {
  return { privileges: union(grant.privileges, letters),
    grantable: option ? union(grant.grantable, letters) : grant.grantable };
}

function removed(grant: Held, letters: string, optionOnly: boolean): Held {
  const without = (text: string): string =>
    text.split('').filter((letter) => !letters.includes(letter)).join('');
  return { grantable: without(grant.grantable),
    privileges: optionOnly ? grant.privileges : without(grant.privileges) };
}

function union(a: string, b: string): string {
  return [...new Set((a + b).split(''))].join('');
}

