/**
 * What depends on an object: in words, and dropped with it.
 */
import { signatureText } from '../../planner/functions/user-function.ts';
import { functionOf } from '../catalog-functions.ts';
import type { DdlChange, StoredObject } from '../catalog-store-types.ts';
import { isSubscriptionView } from '../catalog-store.ts';
import type { Dependant } from '../catalog-store.ts';
import { relationLabel } from './relation-label.ts';
import type { StatementContext } from './statement-context.ts';

/** Views behind subscriptions hold nothing back: the subscription ends with what it reads. */
export function hidden(context: StatementContext, { id }: Dependant): boolean {
  const relation = context.transaction.catalog.relation(id);
  return relation !== null && isSubscriptionView(relation);
}

/** A dependant in words. */
export function dependantLabel(context: StatementContext, dependant: Dependant): string {
  const relation = context.transaction.catalog.relation(dependant.id);
  if (relation !== null) return relationLabel(relation);
  const object = context.transaction.catalog.objects.get(dependant.id);
  return object === undefined ? `${dependant.kind} ${dependant.name}` : objectLabel(object);
}

/** An object in words. */
export function objectLabel(object: StoredObject): string {
  const of = functionOf(object);
  return of === null ? `${object.kind} ${object.name}` : `function ${signatureText(of)}`;
}

/** Drops dependants, farthest first. */
export function dropAll(
  context: StatementContext, dependants: readonly Dependant[],
  together: ReadonlySet<number> = new Set(),
): void {
  const changes: DdlChange[] = [];
  for (const dependant of dependants.toReversed()) {
    if (!hidden(context, dependant) && !together.has(dependant.id)) {
      context.notice('NOTICE', '00000', `drop cascades to ${dependantLabel(context, dependant)}`);
    }
    changes.push(dependant.kind === 'relation' ? { kind: 'dropRelation', id: dependant.id }
      : dependant.kind === 'index' ? { kind: 'dropIndex', id: dependant.id }
      : { kind: 'dropObject', id: dependant.id });
  }
  context.transaction.define(...changes);
}
