/**
 * The rewrites, by name and in order. Each turns a relation into an equivalent one.
 *
 * To add one: a file beside this and a line below. EXPLAIN (LOGICAL) shows what comes out.
 */
import type { Relation } from '../relation.ts';
import type { RewriteContext } from './context.ts';
import { decorrelate } from './decorrelate.ts';
import { expandGroupingSets } from './grouping-sets.ts';

/** A named rewrite. */
export interface Rewrite {
  readonly name: string;
  readonly doc: string;
  apply(relation: Relation, context: RewriteContext): Relation;
}

/** All rewrites, in the order in which they run. */
export const REWRITES: readonly Rewrite[] = [
  {
    name: 'expand-grouping-sets', doc: 'GROUPING SETS become a union of aggregates.',
    apply: expandGroupingSets,
  },
  {
    name: 'decorrelate', doc: 'Subqueries and lateral joins become joins.', apply: decorrelate,
  },
];

/** Runs all rewrites. */
export function rewriteRelation(relation: Relation, context: RewriteContext): Relation {
  return REWRITES.reduce((current, rewrite) => rewrite.apply(current, context), relation);
}
