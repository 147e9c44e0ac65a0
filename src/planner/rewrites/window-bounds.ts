/**
 * Rewrite `window-bounds`: of the columns of a window of fixed length one is compared.
 *
 * window_end follows from window_start, so a join that equates both of two windows of one length
 * needs one of the equalities. Pruning then leaves out of groupings, and of the windows themselves,
 * the bound that nobody reads. Holds for every type of join: the condition stays the same.
 */
import { andAll, conjuncts } from '../expr-tools.ts';
import { equatedColumns } from '../properties-keys.ts';
import { Properties } from '../properties.ts';
import type { Relation, ScalarExpr } from '../relation.ts';
import { rewriteBottomUp } from '../relation-tools.ts';
import { windowLength } from '../watermarks.ts';
import type { WindowFact } from '../watermarks.ts';
import type { RewriteContext } from './context.ts';

/** Leaves out equalities of window columns that follow from others. */
export function compareOneBound(relation: Relation, context: RewriteContext): Relation {
  const properties = new Properties(context.catalog);
  return rewriteBottomUp(relation, (node) => {
    if (node.kind !== 'join') return node;
    const all = conjuncts(node.on);
    const seen: Equated[] = [];
    const kept = all.filter((each) => {
      const equated = equatedWindows(each, node, properties);
      if (equated === null) return true;
      if (seen.some((known) => follows(equated, known))) return false;
      seen.push(equated);
      return true;
    });
    return kept.length === all.length ? node : { ...node, on: andAll(kept) };
  });
}

/** Windows whose columns of one role are equal. */
interface Equated {
  readonly left: WindowFact;
  readonly right: WindowFact;
}

function equatedWindows(
  on: ScalarExpr, node: Relation & { kind: 'join' }, properties: Properties,
): Equated | null {
  const [pair] = equatedColumns(on, node.left.columns.length);
  if (pair === undefined) return null;
  const left = properties.windows(node.left).get(pair[0]);
  const right = properties.windows(node.right).get(pair[1]);
  if (left === undefined || right === undefined || left.role !== right.role) return null;
  const length = windowLength(left.window);
  return length !== null && length === windowLength(right.window) ? { left, right } : null;
}

function follows(one: Equated, known: Equated): boolean {
  return one.left.id === known.left.id && one.right.id === known.right.id;
}

/** Group columns that stay: those that are needed, and one of each window. */
export function neededGroups(
  node: Relation & { kind: 'aggregate' }, needed: ReadonlySet<number>, properties: Properties,
): readonly number[] {
  const groups = [...node.groupBy.keys()];
  if (node.groupingSets !== null) return groups;
  const windows = properties.windows(node);
  const kept = new Set(groups);
  for (const at of groups.toReversed()) {
    const fact = windows.get(at);
    if (needed.has(at) || fact === undefined || windowLength(fact.window) === null) continue;
    if ([...kept].some((other) => other !== at && windows.get(other)?.id === fact.id)) {
      kept.delete(at);
    }
  }
  return groups.filter((at) => kept.has(at));
}
