/**
 * The sequence that an identity or serial column is made with.
 */
import type { SequenceOption } from '../../parser/ast-definitions.ts';
import type { CatalogColumn } from '../../planner/catalog.ts';
import type { StoredObject, StoredRelation } from '../catalog-store-types.ts';
import { sequenceFrom } from './sequence-data.ts';
import type { StatementContext } from './statement-context.ts';

/** The sequence behind an identity column. */
export function identitySequence(
  context: StatementContext, relation: StoredRelation,
  of: { readonly sequence: number; readonly column: string; readonly type: CatalogColumn['type'];
    readonly options: readonly SequenceOption[] },
): { readonly kind: 'putObject'; readonly object: StoredObject } {
  const { data } = sequenceFrom({
    options: of.options, type: of.type, identity: true, old: null, last: null,
  });
  return { kind: 'putObject', object: {
    id: of.sequence, kind: 'sequence', database: relation.database, schemaId: relation.schemaId,
    name: freeName(context, relation, `${relation.name}_${of.column}_seq`), owner: relation.owner,
    dependsOn: [], data,
  } };
}

function freeName(context: StatementContext, relation: StoredRelation, base: string): string {
  const { catalog } = context.transaction;
  for (let n = 0; ; n++) {
    const name = n === 0 ? base : `${base}${n}`;
    if (catalog.objectByName('sequence', relation.schemaId, name) === null
      && !catalog.nameTaken(relation.database, relation.schemaId, name)) return name;
  }
}
