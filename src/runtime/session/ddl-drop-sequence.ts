/**
 * DROP SEQUENCE: which sequence a name means, and whether a column needs it.
 */
import { sqlError } from '../../common/errors.ts';
import type { QualifiedName } from '../../parser/ast-leaves.ts';
import type { StoredObject } from '../catalog-store-types.ts';
import { relationLabel } from './relation-label.ts';
import type { StatementContext } from './statement-context.ts';

/** The sequence of a name, or null; 2BP01 for one that belongs to a column. */
export function droppedSequence(
  context: StatementContext, name: QualifiedName,
): StoredObject | null {
  const { catalog } = context.transaction;
  const own = name.parts.at(-1)?.name ?? '';
  const schemas = name.parts.length > 1 ? [name.parts.at(-2)?.name ?? '']
    : context.catalog.searchPath;
  for (const each of schemas) {
    const schema = context.catalog.schemaByName(each);
    const found = schema === null ? null : catalog.objectByName('sequence', schema.id, own);
    if (found === null) continue;
    for (const relation of catalog.relations.values()) {
      const entry = relation.sequences?.find(({ sequence }) => sequence === found.id);
      if (entry === undefined) continue;
      const label = relationLabel(relation);
      throw sqlError('2BP01',
        `cannot drop sequence ${own} because ${label} column ${
          relation.columns[entry.column]?.name ?? ''} requires it`, {
          hint: `You can drop ${label} column ${
            relation.columns[entry.column]?.name ?? ''} instead.`,
        });
    }
    return found;
  }
  return null;
}
