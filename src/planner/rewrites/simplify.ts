/**
 * Rewrite `simplify`: nodes that change nothing are left out.
 *
 * DISTINCT over rows that are unique already, projections that only pass columns on, projections
 * over projections, the DISTINCT of a semi join's right side (but where it leaves only one row).
 */
import { columnsUsed } from '../expr-tools.ts';
import { isIdentityProjection, mergeProjections } from './projections.ts';
import { Properties } from '../properties.ts';
import type { Relation } from '../relation.ts';
import { rewriteBottomUp } from '../relation-tools.ts';
import type { RewriteContext } from './context.ts';

/** Leaves out what changes nothing. */
export function simplify(relation: Relation, context: RewriteContext): Relation {
  const properties = new Properties(context.catalog);
  return rewriteBottomUp(relation, (node) => {
    switch (node.kind) {
      case 'distinct': return properties.keys(node.input).length > 0 ? node.input : node;
      case 'project': {
        const merged = mergeProjections(node);
        return isIdentityProjection(merged) ? merged.input : merged;
      }
      case 'join': {
        const width = node.left.columns.length;
        const semi = node.type === 'semi' || node.type === 'anti';
        const looksUp = [...columnsUsed(node.on)].some((at) => at >= width);
        return semi && looksUp && node.right.kind === 'distinct'
          ? { ...node, right: node.right.input } : node;
      }
      case 'union': {
        const flat = node.inputs.flatMap((each) => each.kind === 'union' ? each.inputs : [each]);
        const [only] = flat;
        if (flat.length === 1 && only !== undefined) return only;
        return flat.length === node.inputs.length ? node : { ...node, inputs: flat };
      }
      default: return node;
    }
  });
}
