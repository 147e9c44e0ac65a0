/**
 * CREATE TYPE (enums and composites) and CREATE DOMAIN.
 *
 * A type shares the name space of relations, whose rows have types of their own.
 */
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import { formatType } from '../../common/types/registry.ts';
import type { DomainCheck, SqlType, UserType } from '../../common/types/sql-type.ts';
import { encodeUtf8 } from '../../common/types/utf8.ts';
import type {
  CheckConstraint, ColumnConstraint, CreateType,
} from '../../parser/ast-definitions.ts';
import type { TypeField } from '../../parser/ast.ts';
import { bindCheck, bindDefault } from '../../planner/bind-definitions.ts';
import { bindTypeName } from '../../planner/planner.ts';
import type { ScalarExpr } from '../../planner/relation.ts';
import { targetOf } from './ddl-create.ts';
import type { Target } from './ddl-create.ts';
import { command } from './result.ts';
import type { StatementResult } from './result.ts';
import type { StatementContext } from './statement-context.ts';

const LABEL_BYTES_MAX = 63;

/** CREATE TYPE and CREATE DOMAIN. */
export function createType(context: StatementContext, statement: CreateType): StatementResult {
  const tag = statement.domainOf === null ? 'CREATE TYPE' : 'CREATE DOMAIN';
  const target = targetOf(context, statement.name);
  if (!typeNameIsFree(context, target, statement.ifNotExists)) return command(tag);
  const name = {
    oid: context.core.catalog.allocate(), arrayOid: context.core.catalog.allocate(),
    schema: target.schema.name, name: target.name,
  };
  const type = statement.domainOf !== null ? domainOf(context, statement, name)
    : statement.labels !== null ? enumOf(context, statement.labels, name)
    : compositeOf(context, statement.fields, name);
  context.transaction.define({ kind: 'putObject', object: {
    id: name.oid, kind: 'type', database: context.scope.database.id,
    schemaId: target.schema.id, name: target.name, owner: context.scope.user, dependsOn: [],
    data: { type, ...overOf(context, statement) },
  } });
  return command(tag);
}

/** The domain that a domain is made of, by oid. */
function overOf(
  context: StatementContext, { domainOf: written }: CreateType,
): { readonly over?: number } {
  const over = written === null ? undefined : bindTypeName(written, context.planning).domain?.oid;
  return over === undefined ? {} : { over };
}

/** True when no type and no relation has the name. */
export function typeNameIsFree(
  context: StatementContext, target: Target, ifNotExists = false,
): boolean {
  const { catalog } = context.transaction;
  const taken = catalog.objectByName('type', target.schema.id, target.name) !== null
    || catalog.relationByName(context.scope.database.id, target.schema.id, target.name) !== null;
  if (!taken) return true;
  if (!ifNotExists) throw sqlError('42710', `type "${target.name}" already exists`);
  context.notice('NOTICE', '42710', `type "${target.name}" already exists, skipping`);
  return false;
}

function enumOf(context: StatementContext, labels: readonly string[], name: UserType): SqlType {
  const seen = new Set<string>();
  for (const label of labels) {
    requireLabel(label);
    if (seen.has(label)) {
      throw sqlError('23505',
        'duplicate key value violates unique constraint "pg_enum_typid_label_index"', {
          detail: `Key (enumtypid, enumlabel)=(${name.oid}, ${label}) already exists.`,
        });
    }
    seen.add(label);
  }
  return { name: 'enum', user: { ...name, labels: labels.map((label, at) =>
    ({ label, place: at + 1, oid: context.core.catalog.allocate() })) } };
}

/** 42602 for a label that is too long. */
export function requireLabel(label: string): void {
  if (encodeUtf8(label).length <= LABEL_BYTES_MAX) return;
  throw sqlError('42602', `invalid enum label "${label}"`, {
    detail: `Labels must be ${LABEL_BYTES_MAX} bytes or less.`,
  });
}

function compositeOf(
  context: StatementContext, given: readonly TypeField[], user: UserType,
): SqlType {
  const seen = new Set<string>();
  const fields = given.map((field) => {
    const { name } = field.name;
    if (seen.has(name)) {
      throw sqlError('42701', `column "${name}" specified more than once`);
    }
    seen.add(name);
    return { name, type: bindTypeName(field.type, context.planning) };
  });
  return { name: 'record', fields, user };
}

type DomainName = Pick<UserType, 'oid' | 'arrayOid' | 'schema' | 'name'>;

function domainOf(context: StatementContext, statement: CreateType, name: DomainName): SqlType {
  const written = must(statement.domainOf, 'base type');
  const base = bindTypeName(written, context.planning);
  if (base.name === 'void' || base.name === 'unknown'
    || (base.name === 'record' && base.user === undefined)) {
    throw sqlError('42804', `"${formatType(base)}" is not a valid base type for a domain`, {
      span: written.span,
    });
  }
  const given = statement.domainConstraints;
  refuseOthers(given);
  const { domain: below, ...plain } = base;
  const value = given.find((each) => each.kind === 'defaultConstraint');
  const nulls = given.filter((each) => each.kind === 'nullConstraint');
  if (new Set(nulls.map(({ nullable }) => nullable)).size > 1) {
    throw sqlError('42601', 'conflicting NULL/NOT NULL constraints', {
      span: statement.span,
    });
  }
  const checks: DomainCheck[] = [...below?.checks ?? []];
  for (const check of given) {
    if (check.kind === 'checkConstraint') {
      checks.push(domainCheck(context, { check, base, oid: name.oid, name: name.name, checks }));
    }
  }
  return { ...plain, domain: {
    ...name, notNull: below?.notNull === true || nulls.some(({ nullable }) => !nullable), checks,
    defaultExpr: value === undefined ? below?.defaultExpr ?? null
      : domainDefault(context, value.value, { name: name.name, type: base }),
  } };
}

/** DEFAULT of a domain. */
export function domainDefault(
  context: StatementContext, value: Parameters<typeof bindDefault>[0],
  column: { readonly name: string; readonly type: SqlType },
): ScalarExpr {
  return bindDefault(value, column, context.planning);
}

/** What a check of a domain is made of. */
export interface NewCheck {
  readonly check: CheckConstraint;
  readonly base: SqlType;
  readonly oid: number;
  readonly name: string;
  readonly checks: readonly DomainCheck[];
}

/** CHECK (... VALUE ...) over the value as the one column. */
export function domainCheck(context: StatementContext, of: NewCheck): DomainCheck {
  const own = new Set(of.checks.filter((each) => each.of === of.oid).map(({ name }) => name));
  const given = of.check.name?.name;
  if (given !== undefined && own.has(given)) {
    throw sqlError('42710', `constraint "${given}" for domain "${of.name}" already exists`);
  }
  let made = `${of.name}_check`;
  for (let n = 1; own.has(made); n++) made = `${of.name}_check${n}`;
  const { domain: _below, ...type } = of.base;
  return {
    name: given ?? made, of: of.oid,
    expr: bindCheck(of.check.condition, { table: '', columns: [{ name: 'value', type }] },
      context.planning),
  };
}

function refuseOthers(constraints: readonly ColumnConstraint[]): void {
  const defaults = constraints.filter(({ kind }) => kind === 'defaultConstraint');
  if (defaults.length > 1) {
    throw sqlError('42601', 'multiple default expressions', { span: defaults[1]?.span });
  }
  for (const { kind, span } of constraints) {
    const what = kind === 'keyConstraint' ? 'unique constraints'
      : kind === 'referencesConstraint' ? 'foreign key constraints'
      : kind === 'identityConstraint' || kind === 'generatedConstraint'
        || kind === 'metadataConstraint' ? 'specifying GENERATED' : null;
    if (what !== null) throw sqlError('42601', `${what} not possible for domains`, { span });
  }
}
