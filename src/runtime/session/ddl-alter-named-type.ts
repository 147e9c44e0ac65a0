/**
 * ALTER TYPE and ALTER DOMAIN.
 *
 * A type stands in every column and plan that uses it, so its new form is put in there; a
 * materialized view that turns values into text or checks them is made anew, and readers see the
 * rows that differ.
 */
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import { formatType } from '../../common/types/registry.ts';
import type { DomainType, EnumLabel, SqlType, UserType } from '../../common/types/sql-type.ts';
import type {
  Alter, AlterAction, AlterAttribute, AlterDomain, AlterEnum, TableConstraint,
} from '../../parser/ast-definitions.ts';
import { withoutDomains } from '../../planner/functions/domain.ts';
import { bindTypeName } from '../../planner/planner.ts';
import type { DdlChange } from '../catalog-store-types.ts';
import { mentionsType, userTypeOf, withType } from '../catalog-types.ts';
import { refuseBrokenValues } from './domain-values.ts';
import { domainCheck, domainDefault, requireLabel, typeNameIsFree } from './ddl-type.ts';
import { columnsOfType, oidOfType, requireType } from './named-type.ts';
import type { NamedType } from './named-type.ts';
import { command } from './result.ts';
import type { StatementResult } from './result.ts';
import type { StatementContext } from './statement-context.ts';

/** ALTER TYPE, ALTER DOMAIN. */
export function alterType(context: StatementContext, statement: Alter): StatementResult {
  const kind = statement.object === 'domain' ? 'domain' : 'type';
  for (const action of statement.actions) {
    const found = requireType(context, statement.name, kind);
    alter(context, found, action);
  }
  return command(`ALTER ${kind.toUpperCase()}`);
}

function alter(context: StatementContext, found: NamedType, action: AlterAction): void {
  switch (action.kind) {
    case 'alterEnum': return alterEnum(context, found, action);
    case 'alterAttribute': return alterAttribute(context, found, action);
    case 'alterDomain': return alterDomain(context, found, action);
    case 'addConstraint': return addConstraint(context, found, action.constraint);
    case 'dropConstraint': return dropConstraint(context, found, action);
    case 'renameColumn': return renameConstraint(context, found, action);
    case 'rename': {
      const schema = must(context.transaction.catalog.schemas.get(found.object.schemaId), 'schema');
      typeNameIsFree(context, { schema, name: action.to.name });
      return put(context, found, { name: action.to.name });
    }
    case 'setSchema': {
      const schema = context.catalog.schemaByName(action.schema.name);
      if (schema === null) throw sqlError('3F000', `schema "${action.schema.name}" does not exist`);
      if (schema.id === found.object.schemaId) return;
      typeNameIsFree(context, { schema, name: found.object.name });
      return put(context, found, { schema: schema.name });
    }
    case 'owner':
      context.transaction.define({ kind: 'putObject', object: {
        ...found.object, owner: action.role.name,
      } });
      return;
    default: throw sqlError('0A000', 'this form of ALTER TYPE is not supported', {
      span: action.span, hint: 'Create a new type and change the columns\' type.',
    });
  }
}

/** A type with parts of its name or its definition changed. */
function changed(type: SqlType, parts: Partial<UserType & DomainType>): SqlType {
  if (type.domain !== undefined) return { ...type, domain: { ...type.domain, ...parts } };
  return { ...type, user: { ...must(type.user, 'named type'), ...parts } };
}

function put(
  context: StatementContext, { object, type }: NamedType, parts: Partial<UserType & DomainType>,
): void {
  store(context, { object, type: changed(type, parts) });
}

/** Puts a new form of a type in where it is used. */
function store(context: StatementContext, { object, type }: NamedType): void {
  const { catalog } = context.transaction;
  const named = type.domain ?? must(type.user, 'named type');
  const schema = must(context.catalog.schemaByName(named.schema), 'schema of a type');
  const changes: DdlChange[] = [{ kind: 'putObject', object: {
    ...object, name: named.name, schemaId: schema.id, data: { ...object.data, type },
  } }];
  for (const other of catalog.objects.values()) {
    if (other.id === object.id || !mentionsType(other.data, object.id)) continue;
    changes.push({ kind: 'putObject', object: { ...other, data: withType(other.data, type) } });
  }
  for (const relation of catalog.relations.values()) {
    if (!mentionsType(relation, object.id)) continue;
    const renewed = withType(relation, type);
    const again = relation.view !== null && interprets(relation.view.dataflow, object.id);
    changes.push({ kind: again ? 'replaceView' : 'alterRelation', relation: renewed });
  }
  context.transaction.define(...changes);
}

/** True when a plan reads, writes or checks values of a type and does not only move them. */
function interprets(plan: unknown, oid: number): boolean {
  if (typeof plan !== 'object' || plan === null || plan instanceof Uint8Array) return false;
  const parts: readonly unknown[] = Array.isArray(plan) ? plan : Object.values(plan);
  if ('kind' in plan && (plan.kind === 'cast' || plan.kind === 'call')
    && mentionsType(plan, oid)) return true;
  return parts.some((part) => interprets(part, oid));
}

// ----------------------------------------------------------------------------------------- enums

function alterEnum(context: StatementContext, found: NamedType, action: AlterEnum): void {
  const { user } = found.type;
  if (found.type.name !== 'enum' || found.type.domain !== undefined || user === undefined) {
    throw sqlError('42809', `${formatType(found.type)} is not an enum`);
  }
  const labels = user.labels ?? [];
  const place = (label: string): number => {
    const at = labels.findIndex((each) => each.label === label);
    if (at >= 0) return at;
    throw sqlError('22023', `"${label}" is not an existing enum label`);
  };
  const exists = (label: string): boolean => labels.some((each) => each.label === label);
  if (action.to !== null) {
    const at = place(action.label);
    const to = action.to;
    requireLabel(to);
    if (exists(to)) throw sqlError('42710', `enum label "${to}" already exists`);
    const renamed = labels.map((each, index) => (index === at ? { ...each, label: to } : each));
    return put(context, found, { labels: renamed });
  }
  requireLabel(action.label);
  if (exists(action.label)) {
    if (!action.ifNotExists) {
      throw sqlError('42710', `enum label "${action.label}" already exists`);
    }
    context.notice('NOTICE', '42710', `enum label "${action.label}" already exists, skipping`);
    return;
  }
  const at = action.neighbour === null ? labels.length
    : place(action.neighbour) + (action.place === 'after' ? 1 : 0);
  const fresh: EnumLabel = {
    oid: context.core.catalog.allocate(), label: action.label, place: placeAt(labels, at),
  };
  put(context, found, { labels: labels.toSpliced(at, 0, fresh) });
}

/** A place between two neighbours; behind the last and before the first there is always one. */
function placeAt(labels: readonly EnumLabel[], at: number): number {
  const before = labels[at - 1]?.place;
  const after = labels[at]?.place;
  if (before === undefined) return after === undefined ? 1 : after - 1;
  if (after === undefined) return Math.floor(before) + 1;
  const middle = (before + after) / 2;
  if (middle > before && middle < after) return middle;
  throw sqlError('54000', 'there is no room for another label between these two', {
    hint: 'Create a new enum type, and change the columns\' type.',
  });
}

// ------------------------------------------------------------------------------------ composites

function alterAttribute(
  context: StatementContext, found: NamedType, action: AlterAttribute,
): void {
  const { type } = found;
  const fields = type.fields ?? [];
  if (type.name !== 'record' || type.domain !== undefined) {
    throw sqlError('42809', `"${formatType(type)}" is not a composite type`);
  }
  const { name } = action.name;
  const at = fields.findIndex((field) => field.name === name);
  if (at < 0 && action.change !== 'add') {
    if (!action.ifExists) {
      throw sqlError('42703', action.change === 'drop' || action.change === 'type'
        ? `column "${name}" of relation "${formatType(type)}" does not exist`
        : `column "${name}" does not exist`);
    }
    context.notice('NOTICE', '00000', `column "${name}" of relation "${formatType(type)}" does `
      + 'not exist, skipping');
    return;
  }
  if (action.change !== 'rename') refuseUsed(context, found);
  const fresh = (): SqlType => bindTypeName(must(action.type, 'type'), context.planning);
  const duplicate = action.change === 'add' ? name : action.to?.name;
  if (duplicate !== undefined && fields.some((field) => field.name === duplicate)) {
    throw sqlError('42701', `column "${duplicate}" of relation "${formatType(type)}" already `
      + 'exists');
  }
  const next = action.change === 'add' ? [...fields, { name, type: fresh() }]
    : action.change === 'drop' ? fields.toSpliced(at, 1)
    : action.change === 'type' ? fields.toSpliced(at, 1, { name, type: fresh() })
    : fields.toSpliced(at, 1, { ...must(fields[at], 'field'), name: must(action.to, 'name').name });
  store(context, { object: found.object, type: { ...type, fields: next } });
}

/** Values that are stored have the fields they were written with. */
function refuseUsed(context: StatementContext, { object, type }: NamedType): void {
  const [column] = columnsOfType(context, object.id);
  if (column === undefined) return;
  const { relation, at } = column;
  const { name } = must(relation.columns[at], 'column');
  throw sqlError('0A000', `cannot alter type "${formatType(type)}" because column `
    + `"${relation.name}.${name}" uses it`, {
    hint: 'Create a new type and a new column, and copy the values.',
  });
}

// --------------------------------------------------------------------------------------- domains

function domainIn(type: SqlType): DomainType {
  if (type.domain !== undefined) return type.domain;
  throw sqlError('42809', `${formatType(type)} is not a domain`);
}

function alterDomain(context: StatementContext, found: NamedType, action: AlterDomain): void {
  const domain = domainIn(found.type);
  switch (action.change) {
    case 'setDefault': return put(context, found, {
      defaultExpr: domainDefault(context, must(action.value, 'default'),
        { name: domain.name, type: withoutDomains(found.type) }),
    });
    case 'dropDefault': return put(context, found, { defaultExpr: null });
    case 'setNotNull': case 'dropNotNull':
      return renew(context, found, { ...domain, notNull: action.change === 'setNotNull' });
    case 'validate': {
      const name = must(action.name, 'constraint').name;
      if (domain.checks.some((check) => check.name === name && check.of === domain.oid)) return;
      throw sqlError('42704', `constraint "${name}" of domain "${domain.name}" does not exist`);
    }
  }
}

/** A domain with new checks, and the domains over it with theirs; stored values must pass. */
function renew(context: StatementContext, { object, type }: NamedType, domain: DomainType): void {
  const next: SqlType = { ...type, domain };
  refuseBrokenValues(context, next);
  store(context, { object, type: next });
  for (const other of context.transaction.catalog.objects.values()) {
    if (other.kind !== 'type' || other.data['over'] !== object.id) continue;
    const above = must(userTypeOf(other), 'domain');
    const own = domainIn(above);
    renew(context, { object: other, type: above }, {
      ...own, notNull: own.notNull || domain.notNull,
      checks: [...domain.checks, ...own.checks.filter(({ of }) => of === own.oid)],
    });
  }
}

function addConstraint(
  context: StatementContext, found: NamedType, constraint: TableConstraint,
): void {
  const domain = domainIn(found.type);
  if (constraint.kind !== 'checkConstraint') {
    throw sqlError('42601', `${constraint.kind === 'keyConstraint' ? 'unique'
      : 'foreign key'} constraints not possible for domains`, { span: constraint.span });
  }
  const check = domainCheck(context, {
    check: constraint, base: found.type, oid: oidOfType(found.type), name: domain.name,
    checks: domain.checks,
  });
  renew(context, found, { ...domain, checks: [...domain.checks, check] });
}

function dropConstraint(
  context: StatementContext, found: NamedType,
  action: { readonly name: { readonly name: string }; readonly ifExists: boolean },
): void {
  const domain = domainIn(found.type);
  const { name } = action.name;
  const left = domain.checks.filter((check) => check.of !== domain.oid || check.name !== name);
  if (left.length < domain.checks.length) return renew(context, found, { ...domain, checks: left });
  const what = `constraint "${name}" of domain "${domain.name}" does not exist`;
  if (!action.ifExists) throw sqlError('42704', what);
  context.notice('NOTICE', '00000', `${what}, skipping`);
}

function renameConstraint(
  context: StatementContext, found: NamedType,
  action: { readonly from: { readonly name: string }; readonly to: { readonly name: string } },
): void {
  const domain = domainIn(found.type);
  const own = domain.checks.filter(({ of }) => of === domain.oid);
  const taken = own.some(({ name }) => name === action.to.name);
  if (!own.some(({ name }) => name === action.from.name)) {
    throw sqlError('42704',
      `constraint "${action.from.name}" for domain ${domain.name} does not exist`);
  }
  if (taken) {
    throw sqlError('42710',
      `constraint "${action.to.name}" for domain ${domain.name} already exists`);
  }
  renew(context, found, { ...domain, checks: domain.checks.map((check) =>
    (check.of === domain.oid && check.name === action.from.name
      ? { ...check, name: action.to.name } : check)) });
}
