/**
 * CREATE, ALTER and DROP SUBSCRIPTION, and ACKNOWLEDGE: what a subscription is in the catalog.
 *
 * A subscription keeps the changes of a relation (engine-changelogs.ts) for a time, and remembers
 * up to which epoch its consumer has dealt with them.
 */
import { sqlError } from '../../common/errors.ts';
import type { Alter, AlterAction, CreateSubscription } from '../../parser/ast-definitions.ts';
import type { QualifiedName } from '../../parser/ast-leaves.ts';
import type { Acknowledge } from '../../parser/ast-statements.ts';
import type { Option } from '../../parser/ast.ts';
import { constantArguments } from '../../planner/planner.ts';
import type { StoredObject, StoredRelation } from '../catalog-store-types.ts';
import { RETENTION_ROWS } from '../engine-changelogs.ts';
import { targetOf } from './ddl-create.ts';
import { durationOf } from './duration.ts';
import { findSubscription, resolveSubscription, subscriptionFacts } from './named-subscription.ts';
import type { SubscriptionFacts } from './named-subscription.ts';
import { command } from './result.ts';
import type { StatementResult } from './result.ts';
import type { StatementContext } from './statement-context.ts';
import { nameText } from './statement-context.ts';

/** CREATE SUBSCRIPTION s FROM r WITH (retention = '1 day'). */
export function createSubscription(
  context: StatementContext, statement: CreateSubscription,
): StatementResult {
  const tag = 'CREATE SUBSCRIPTION';
  const target = targetOf(context, statement.name);
  const { catalog } = context.transaction;
  const taken = catalog.objectByName('subscription', target.schema.id, target.name) !== null;
  if (taken || catalog.nameTaken(context.scope.database.id, target.schema.id, target.name)) {
    const message = `${taken ? 'subscription' : 'relation'} "${target.name}" already exists`;
    if (!taken || !statement.ifNotExists) throw sqlError('42710', message);
    context.notice('NOTICE', '42710', `${message}, skipping`);
    return command(tag);
  }
  const relation = context.resolve(statement.from);
  refuseUnstored(relation, statement.from);
  const { sql } = { sql: context.text.slice(statement.span.start, statement.span.end) };
  context.transaction.define({ kind: 'putObject', object: {
    id: context.core.catalog.allocate(), kind: 'subscription',
    database: context.scope.database.id, schemaId: target.schema.id, name: target.name,
    owner: context.scope.user, dependsOn: [relation.id],
    data: { relation: relation.id, acknowledged: null, sql,
      ...retentionOf(context, statement.options, null) },
  } });
  return command(tag);
}

function refuseUnstored(relation: StoredRelation, from: QualifiedName): void {
  if (relation.stored && relation.kind !== 'view' && relation.kind !== 'system') return;
  throw sqlError('0A000', `cannot create a subscription from "${relation.name}"`, {
    span: from.span, detail: 'Its rows are not stored.',
    hint: 'Create a materialized view over it, and the subscription from that.',
  });
}

type Kept = Pick<SubscriptionFacts, 'retentionMicros' | 'retentionRows'>;

function retentionOf(
  context: StatementContext, options: readonly Option[], before: Kept | null,
): Kept {
  let retentionMicros = before?.retentionMicros ?? null;
  let retentionRows = before?.retentionRows ?? RETENTION_ROWS;
  for (const option of options) {
    if (option.name === 'retention') {
      retentionMicros = durationOf(context, option, 'subscription option');
    } else if (option.name === 'retention_rows') retentionRows = rowsOf(context, option);
    else {
      throw sqlError('22023', `unrecognized parameter "${option.name}"`, {
        span: option.span, hint: 'Valid options: retention, retention_rows.',
      });
    }
  }
  if (retentionMicros !== null) return { retentionMicros, retentionRows };
  throw sqlError('22023', 'a subscription needs a retention', {
    hint: "Write WITH (retention = '1 day').",
  });
}

function rowsOf(context: StatementContext, option: Option): number {
  const { value } = option;
  if (value !== null && value.kind !== 'secretRef' && value.kind !== 'optionList') {
    const [rows] = constantArguments([value], [{ name: 'int4' }], {
      env: context.planning, context: context.evaluation,
    });
    if (typeof rows === 'number' && rows > 0) return rows;
  }
  throw sqlError('22023', `invalid value for subscription option "${option.name}"`, {
    span: option.span,
  });
}

/** ALTER SUBSCRIPTION s RENAME TO, SET SCHEMA, OWNER TO, SET (retention = ...). */
export function alterSubscription(
  context: StatementContext, statement: Alter,
): StatementResult {
  const tag = 'ALTER SUBSCRIPTION';
  if (statement.ifExists && findSubscription(context, statement.name) === null) {
    context.notice('NOTICE', '00000',
      `subscription "${nameText(statement.name)}" does not exist, skipping`);
    return command(tag);
  }
  let object = resolveSubscription(context, statement.name);
  for (const action of statement.actions) object = altered(context, object, action);
  context.transaction.define({ kind: 'putObject', object });
  return command(tag);
}

function altered(
  context: StatementContext, object: StoredObject, action: AlterAction,
): StoredObject {
  switch (action.kind) {
    case 'rename':
      refuseTaken(context, object.schemaId, action.to.name);
      return { ...object, name: action.to.name };
    case 'owner': return { ...object, owner: action.role.name };
    case 'setSchema': {
      const schema = context.catalog.schemaByName(action.schema.name);
      if (schema === null) {
        throw sqlError('3F000', `schema "${action.schema.name}" does not exist`);
      }
      refuseTaken(context, schema.id, object.name);
      return { ...object, schemaId: schema.id };
    }
    case 'setOptions':
      return { ...object, data: { ...object.data,
        ...retentionOf(context, action.options, subscriptionFacts(object)) } };
    default:
      throw sqlError('0A000', 'this form of ALTER SUBSCRIPTION is not supported', {
        span: action.span, hint: 'Supported: RENAME TO, SET SCHEMA, OWNER TO, SET (retention).',
      });
  }
}

function refuseTaken(context: StatementContext, schemaId: number, name: string): void {
  const { catalog } = context.transaction;
  if (catalog.objectByName('subscription', schemaId, name) === null
    && !catalog.nameTaken(context.scope.database.id, schemaId, name)) return;
  throw sqlError('42710', `subscription "${name}" already exists`);
}

/** ACKNOWLEDGE s UP TO epoch: a consumer that comes back goes on behind it. */
export function acknowledge(
  context: StatementContext, statement: Acknowledge,
): StatementResult {
  const object = resolveSubscription(context, statement.name);
  const { acknowledged } = subscriptionFacts(object);
  const [epoch] = constantArguments([statement.upTo], [{ name: 'int8' }], {
    env: context.planning, context: context.evaluation,
  });
  if (typeof epoch !== 'bigint') {
    throw sqlError('22004', 'ACKNOWLEDGE needs an epoch', { span: statement.upTo.span });
  }
  const newest = context.core.info.epoch().epoch;
  if (epoch > newest) {
    throw sqlError('22023', `epoch ${epoch} has not been published`, {
      span: statement.upTo.span, hint: `The newest epoch is ${newest}.`,
    });
  }
  if (acknowledged === null || epoch > acknowledged) {
    context.transaction.define({
      kind: 'putObject', object: { ...object, data: { ...object.data, acknowledged: epoch } },
    });
  }
  return command('ACKNOWLEDGE');
}
