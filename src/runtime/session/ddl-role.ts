/**
 * CREATE, ALTER and DROP ROLE; SET ROLE. Passwords are kept as SCRAM-SHA-256 verifiers only.
 */
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import { parseValue } from '../../common/types/registry.ts';
import type { Alter, AlterAction, CreateRole, Drop } from '../../parser/ast-definitions.ts';
import type { Option } from '../../parser/ast.ts';
import type { Role } from '../catalog-roles.ts';
import {
  administers, findRole, isSuperuser, rolesIn, SYSTEM_ROLE_OID,
} from '../catalog-roles.ts';
import type { DdlChange, StoredObject } from '../catalog-store-types.ts';
import { makeVerifier, parseVerifier, SALT_BYTES } from '../scram-verifier.ts';
import { roleObject } from './role-objects.ts';
import { command } from './result.ts';
import type { StatementResult } from './result.ts';
import type { StatementContext } from './statement-context.ts';

type Settings = Omit<Role, 'id' | 'name'>;

const NEW_ROLE: Settings = {
  superuser: false, inherit: true, createRole: false, createDb: false, login: false,
  connectionLimit: -1, verifier: null, validUntil: null, memberOf: [],
};

const FLAGS: Readonly<Record<string, Partial<Settings>>> = {
  superuser: { superuser: true }, nosuperuser: { superuser: false },
  createrole: { createRole: true }, nocreaterole: { createRole: false },
  createuser: { createRole: true }, nocreateuser: { createRole: false },
  createdb: { createDb: true }, nocreatedb: { createDb: false },
  login: { login: true }, nologin: { login: false },
  inherit: { inherit: true }, noinherit: { inherit: false },
};
/** Words that say what is so anyway. */
const NO_EFFECT = ['noreplication', 'nobypassrls', 'encrypted', 'with'];

/** CREATE ROLE, CREATE USER. */
export async function createRole(
  context: StatementContext, statement: CreateRole,
): Promise<StatementResult> {
  const { name, span } = statement.name;
  requireCreateRole(context, 'permission denied to create role');
  if (name === 'public' || name === 'none' || name.startsWith('pg_')) {
    throw sqlError('42939', `role name "${name}" is reserved`, { span });
  }
  const { catalog } = context.transaction;
  if (isKnown(context, name)) {
    if (!statement.ifNotExists) throw sqlError('42710', `role "${name}" already exists`, { span });
    context.notice('NOTICE', '42710', `role "${name}" already exists, skipping`);
    return command('CREATE ROLE');
  }
  const settings = await changed(context, { ...NEW_ROLE, login: statement.login },
    statement.options);
  if (settings.superuser && !isSuperuser(catalog, context.scope.user)) {
    throw sqlError('42501', 'must be superuser to create superusers');
  }
  const id = context.core.catalog.allocate();
  context.transaction.define({ kind: 'putObject', object: roleObject({ ...settings, id, name }) });
  return command('CREATE ROLE');
}

function isKnown(context: StatementContext, name: string): boolean {
  for (const role of rolesIn(context.transaction.catalog)) if (role.name === name) return true;
  return false;
}

function requireCreateRole(context: StatementContext, message: string): void {
  const role = findRole(context.transaction.catalog, context.scope.user);
  if (role?.superuser === true || role?.createRole === true) return;
  throw sqlError('42501', message);
}

async function changed(
  context: StatementContext, from: Settings, options: readonly Option[],
): Promise<Settings> {
  let settings = from;
  for (let at = 0; at < options.length; at++) {
    const option = must(options[at], 'option');
    const flag = FLAGS[option.name];
    if (flag !== undefined) settings = { ...settings, ...flag };
    else if (option.name === 'password') {
      settings = { ...settings, verifier: await verifierOf(context, option) };
    } else if (option.name === 'connection') {
      settings = { ...settings, connectionLimit: limitOf(must(options[++at], 'LIMIT')) };
    } else if (option.name === 'valid') {
      settings = { ...settings, validUntil: momentOf(context, must(options[++at], 'UNTIL')) };
    } else if (option.name === 'in') {
      const name = options[at + 2]?.name ?? '';
      at += 2;
      const role = existing(context, name);
      settings = { ...settings,
        memberOf: [...settings.memberOf, { role: role.id, admin: false }] };
    } else if (!NO_EFFECT.includes(option.name)) {
      throw sqlError('42601', `unrecognized role option "${option.name}"`, { span: option.span });
    }
  }
  return settings;
}

async function verifierOf(context: StatementContext, option: Option): Promise<string | null> {
  const { value } = option;
  if (value === null || value.kind === 'nullLiteral') return null;
  if (value.kind !== 'stringLiteral') {
    throw sqlError('42601', 'a password is a quoted text', { span: option.span });
  }
  if (value.value.startsWith('md5')) {
    throw sqlError('0A000', 'MD5 passwords are not supported', {
      hint: 'Give the password itself, or a SCRAM-SHA-256 verifier.',
    });
  }
  if (parseVerifier(value.value) !== null) return value.value;
  if (value.value === '') {
    context.notice('NOTICE', '00000', 'empty string is not a valid password, clearing password');
    return null;
  }
  const { entropy, exec } = context.core.environment;
  const steps = makeVerifier(value.value, entropy.bytes(SALT_BYTES));
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    await exec.yield();
  }
}

function limitOf(option: Option): number {
  if (option.name === 'limit' && option.value?.kind === 'integerLiteral') {
    return Number(option.value.text);
  }
  throw sqlError('42601', 'CONNECTION LIMIT needs a number', { span: option.span });
}

function momentOf(context: StatementContext, option: Option): bigint {
  if (option.name === 'until' && option.value?.kind === 'stringLiteral') {
    const at = parseValue(option.value.value, { name: 'timestamptz' },
      context.scope.settings.format(context.transaction.now, context.names));
    if (typeof at === 'bigint') return at;
  }
  throw sqlError('42601', 'VALID UNTIL needs a time', { span: option.span });
}

/** A role that was made, by name; 42704. */
export function existing(context: StatementContext, name: string): Role {
  for (const role of rolesIn(context.transaction.catalog)) if (role.name === name) return role;
  throw sqlError('42704', `role "${name}" does not exist`);
}

/** ALTER ROLE r [WITH] options, RENAME TO. */
export async function alterRole(
  context: StatementContext, statement: Alter,
): Promise<StatementResult> {
  const written = must(statement.name.parts.at(-1), 'name').name;
  const name = ['current_user', 'current_role', 'session_user'].includes(written)
    ? context.scope.user : written;
  let role = existing(context, name);
  for (const action of statement.actions) {
    refuseOthers(context, role, action);
    if (action.kind === 'setOptions') {
      role = { ...role, ...await changed(context, role, action.options) };
      context.transaction.define({ kind: 'putObject', object: roleObject(role) });
    } else if (action.kind === 'rename') {
      role = rename(context, role, action.to.name);
    } else {
      throw sqlError('0A000', 'this form of ALTER ROLE is not supported', {
        span: action.span, hint: 'Supported: PASSWORD, LOGIN, SUPERUSER, CREATEDB, CREATEROLE, '
          + 'INHERIT, CONNECTION LIMIT, VALID UNTIL, RENAME TO.',
      });
    }
  }
  return command('ALTER ROLE');
}

/** Everyone may change the own password; the rest takes the right to make roles. */
function refuseOthers(context: StatementContext, role: Role, action: AlterAction): void {
  const { catalog } = context.transaction;
  const { user } = context.scope;
  if (isSuperuser(catalog, user)) return;
  const options = action.kind === 'setOptions' ? action.options : [];
  const own = user === role.name && options.length > 0 && options.every((option) =>
    ['password', 'with', 'encrypted'].includes(option.name));
  if (own) return;
  if (role.superuser || options.some((option) => option.name === 'superuser')) {
    throw sqlError('42501', 'must be superuser to alter superuser roles or change superuser '
      + 'attribute');
  }
  requireCreateRole(context, 'permission denied');
}

function rename(context: StatementContext, role: Role, to: string): Role {
  if (isKnown(context, to)) throw sqlError('42710', `role "${to}" already exists`);
  if (role.id === SYSTEM_ROLE_OID) throw sqlError('0A000', `role "${role.name}" keeps its name`);
  const { catalog } = context.transaction;
  const renamed = { ...role, name: to };
  const changes: DdlChange[] = [{ kind: 'putObject', object: roleObject(renamed) }];
  for (const relation of catalog.relations.values()) {
    if (relation.owner !== role.name) continue;
    changes.push({ kind: 'alterRelation', relation: { ...relation, owner: to } });
  }
  for (const schema of catalog.schemas.values()) {
    if (schema.owner !== role.name) continue;
    changes.push({ kind: 'putSchema', schema: { ...schema, owner: to } });
  }
  for (const object of catalog.objects.values()) {
    if (object.owner !== role.name || object.kind === 'role') continue;
    changes.push({ kind: 'putObject', object: { ...object, owner: to } });
  }
  context.transaction.define(...changes);
  return renamed;
}

/** DROP ROLE. */
export function dropRoles(context: StatementContext, statement: Drop): void {
  requireCreateRole(context, 'permission denied to drop role');
  for (const written of statement.names) {
    const { name } = must(written.parts.at(-1), 'name');
    if (!isKnown(context, name)) {
      if (!statement.ifExists) throw sqlError('42704', `role "${name}" does not exist`);
      context.notice('NOTICE', '00000', `role "${name}" does not exist, skipping`);
      continue;
    }
    dropRole(context, existing(context, name));
  }
}

function dropRole(context: StatementContext, role: Role): void {
  const { catalog } = context.transaction;
  if (role.name === context.scope.user) {
    throw sqlError('55006', 'current user cannot be dropped');
  }
  if (role.superuser && !isSuperuser(catalog, context.scope.user)) {
    throw sqlError('42501', 'must be superuser to drop superusers');
  }
  const needed = role.id === SYSTEM_ROLE_OID ? ['the system'] : ownedLabels(context, role);
  if (needed.length > 0) {
    throw sqlError('2BP01', `role "${role.name}" cannot be dropped because some objects depend `
      + 'on it', { detail: needed.join('\n') });
  }
  context.transaction.define({ kind: 'dropObject', id: role.id });
  for (const other of rolesIn(catalog)) {
    const memberOf = other.memberOf.filter(({ role: id }) => id !== role.id);
    if (memberOf.length === other.memberOf.length) continue;
    context.transaction.define({
      kind: 'putObject', object: roleObject({ ...other, memberOf }),
    });
  }
}

/** What a role has: that must be given to others, or revoked, first. */
function ownedLabels(context: StatementContext, { id, name }: Role): string[] {
  const { catalog } = context.transaction;
  const labels: string[] = [];
  for (const relation of catalog.relations.values()) {
    if (relation.owner === name) labels.push(`owner of table ${relation.name}`);
  }
  for (const schema of catalog.schemas.values()) {
    if (schema.owner === name) labels.push(`owner of schema ${schema.name}`);
  }
  for (const object of catalog.objects.values()) {
    if (object.kind === 'acl') {
      const grants = object.data['grants'] as readonly { readonly role: number }[];
      if (grants.some((grant) => grant.role === id)) {
        labels.push(`privileges for ${targetLabel(context, object)}`);
      }
    } else if (object.owner === name && object.kind !== 'role') {
      labels.push(`owner of ${object.kind} ${object.name}`);
    }
  }
  return labels;
}

function targetLabel(context: StatementContext, { data }: StoredObject): string {
  const { catalog } = context.transaction;
  const target = Number(data['target']);
  const relation = catalog.relation(target);
  if (relation !== null) return `table ${relation.name}`;
  const schema = catalog.schemas.get(target);
  return schema === undefined ? `object ${target}` : `schema ${schema.name}`;
}

/** True when the user may give others a place in the role. */
export function mayAdminister(context: StatementContext, role: Role): boolean {
  return administers(context.transaction.catalog, context.scope.user, role);
}
