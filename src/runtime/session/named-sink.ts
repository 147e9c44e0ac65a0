/**
 * Sinks in the catalog: found by name, dropped with what was made for them.
 */
import { must } from '../../common/assert.ts';
import type { QualifiedName } from '../../parser/ast-leaves.ts';
import type { StoredObject } from '../catalog-store-types.ts';
import { storedSink } from '../sinks/sink.ts';
import type { StatementContext } from './statement-context.ts';

/** A sink by the name written, or null. */
export function findSink(context: StatementContext, name: QualifiedName): StoredObject | null {
  const parts = name.parts.map((part) => part.name);
  const schemas = parts.length > 1 ? parts.slice(-2, -1) : context.catalog.searchPath;
  for (const candidate of schemas) {
    const schema = context.catalog.schemaByName(candidate);
    const found = schema === null ? null : context.transaction.catalog.objectByName('sink',
      schema.id, must(parts.at(-1), 'name'));
    if (found !== null) return found;
  }
  return null;
}

/** Drops a sink, with the view made for it. */
export function dropSink(context: StatementContext, sink: StoredObject): void {
  context.transaction.define({ kind: 'dropObject', id: sink.id });
  const { ownView } = storedSink(sink);
  if (ownView !== null && context.transaction.catalog.relation(ownView) !== null) {
    context.transaction.define({ kind: 'dropRelation', id: ownView });
  }
}
