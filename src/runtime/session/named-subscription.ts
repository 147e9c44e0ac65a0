/**
 * Subscriptions in the catalog: found by name, and what they remember.
 */
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import type { QualifiedName } from '../../parser/ast-leaves.ts';
import type { StoredObject } from '../catalog-store-types.ts';
import type { StatementContext } from './statement-context.ts';
import { nameText } from './statement-context.ts';

/** What a subscription remembers. */
export interface SubscriptionFacts {
  readonly relation: number;
  readonly retentionMicros: bigint;
  readonly retentionRows: number;
  /** Everything up to this epoch has been dealt with; null before the first ACKNOWLEDGE. */
  readonly acknowledged: bigint | null;
  readonly sql: string;
}

/** The facts of a subscription's catalog entry. */
export function subscriptionFacts({ data }: StoredObject): SubscriptionFacts {
  const { relation, retentionMicros, retentionRows, acknowledged, sql } = data;
  return {
    relation: Number(relation), retentionRows: Number(retentionRows), sql: String(sql),
    retentionMicros: typeof retentionMicros === 'bigint' ? retentionMicros : 0n,
    acknowledged: typeof acknowledged === 'bigint' ? acknowledged : null,
  };
}

/** A subscription by the name written, or null. */
export function findSubscription(
  context: StatementContext, name: QualifiedName,
): StoredObject | null {
  const parts = name.parts.map((part) => part.name);
  const own = must(parts.at(-1), 'name');
  const schemas = parts.length > 1 ? parts.slice(-2, -1) : context.catalog.searchPath;
  for (const candidate of schemas) {
    const schema = context.catalog.schemaByName(candidate);
    const found = schema === null ? null
      : context.transaction.catalog.objectByName('subscription', schema.id, own);
    if (found !== null) return found;
  }
  return null;
}

/** A subscription by name; 42704. */
export function resolveSubscription(context: StatementContext, name: QualifiedName): StoredObject {
  const found = findSubscription(context, name);
  if (found !== null) return found;
  throw sqlError('42704', `subscription "${nameText(name)}" does not exist`, { span: name.span });
}
