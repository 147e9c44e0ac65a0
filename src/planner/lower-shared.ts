/**
 * Which inputs of a join need no arrangement of their own: those that are rows of a table or a
 * materialized view as they are.
 *
 * The relation keeps its rows anyway; the join adds an index by its key to them, shared with every
 * other join of the same relation and key. Inner joins without eviction and age: the others ask
 * what was there before the epoch, or forget on their own.
 */
import type { CatalogRelation } from './catalog.ts';
import type { DataflowNode, SharedInputs } from './dataflow.ts';

/** Schemas of relations that are written while an epoch runs. */
const WRITTEN_IN_PASSING: readonly string[] = ['late', 'dead_letter'];

/** The sides a join can share, or null. */
export function sharedInputs(
  inputs: { readonly left: DataflowNode; readonly right: DataflowNode },
  evicted: { readonly left: unknown; readonly right: unknown },
  relationById: (id: number) => CatalogRelation | null,
): SharedInputs | null {
  const isShared = (node: DataflowNode, evict: unknown): boolean => {
    if (node.kind !== 'source' || evict !== null) return false;
    if (node.sourceColumns.some((at) => at < 0)) return false;
    const relation = relationById(node.relation);
    return relation !== null && relation.stored && !WRITTEN_IN_PASSING.includes(relation.schema)
      && (relation.kind === 'table' || relation.kind === 'materializedView');
  };
  const left = isShared(inputs.left, evicted.left);
  const right = isShared(inputs.right, evicted.right);
  return left || right ? { left, right } : null;
}
