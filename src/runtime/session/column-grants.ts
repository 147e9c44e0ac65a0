/**
 * What is granted on columns when a column gets another name or goes.
 */
import { grantsIn } from '../catalog-roles.ts';
import type { Grant } from '../catalog-roles.ts';
import { grantsObject } from './role-objects.ts';
import type { StatementContext } from './statement-context.ts';

/** Grants on column `from` become those on `to`, or end with it. */
export function moveColumnGrants(
  context: StatementContext, relation: number,
  names: { readonly from: string; readonly to: string | null },
): void {
  const { catalog } = context.transaction;
  const grants = grantsIn(catalog, relation);
  if (!grants.some(({ columns }) => columns?.[names.from] !== undefined)) return;
  const moved = grants.map(({ columns, ...grant }): Grant => {
    const left = Object.entries(columns ?? {}).flatMap(([name, held]) =>
      (name !== names.from ? [[name, held] as const]
      : names.to === null ? [] : [[names.to, held] as const]));
    return left.length === 0 ? grant : { ...grant, columns: Object.fromEntries(left) };
  });
  const known = [...catalog.objects.values()].find(({ kind, data }) =>
    kind === 'acl' && data['target'] === relation);
  if (known === undefined) return;
  context.transaction.define({ kind: 'putObject',
    object: grantsObject(known.id, relation, moved) });
}
