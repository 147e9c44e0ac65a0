/**
 * The rewrites, by name and in order. Each turns a relation into an equivalent one.
 *
 * To add one: a file beside this and a line below. EXPLAIN (LOGICAL) shows what comes out. Two run
 * twice: filters find their places again after joins were ordered.
 */
import type { Relation } from '../relation.ts';
import { keepArrivalOrder } from './arrival-order.ts';
import type { RewriteContext } from './context.ts';
import { decorrelate } from './decorrelate.ts';
import { findEnoughRows } from './enough-rows.ts';
import { foldConstants } from './fold-constants.ts';
import { expandGroupingSets } from './grouping-sets.ts';
import { findIntervalJoins } from './interval-joins.ts';
import { splitLate } from './late-split.ts';
import { orderJoins } from './order-joins.ts';
import { pruneColumns } from './prune-columns.ts';
import { pushFilters } from './push-filters.ts';
import { shareAggregates } from './share-aggregates.ts';
import { simplify } from './simplify.ts';
import { findTemporalFilters } from './temporal-filters.ts';
import { findTopN } from './top-n.ts';
import { compareOneBound } from './window-bounds.ts';

/** A named rewrite. */
export interface Rewrite {
  readonly name: string;
  readonly doc: string;
  /** Plans cannot be lowered without it; the others only make them better. */
  readonly required?: boolean;
  apply(relation: Relation, context: RewriteContext): Relation;
}

/** All rewrites, in the order in which they run. */
export const REWRITES: readonly Rewrite[] = [
  {
    name: 'expand-grouping-sets', required: true,
    doc: 'GROUPING SETS become a union of aggregates.', apply: expandGroupingSets,
  },
  {
    name: 'decorrelate', required: true, doc: 'Subqueries and lateral joins become joins.',
    apply: decorrelate,
  },
  {
    name: 'late-split', required: true,
    doc: 'Rows later than all their windows leave for late.<view>.', apply: splitLate,
  },
  { name: 'fold-constants', doc: 'Constant expressions become literals.', apply: foldConstants },
  { name: 'push-filters', doc: 'Predicates go down as far as they may.', apply: pushFilters },
  { name: 'order-joins', doc: 'Inner joins avoid cross products.', apply: orderJoins },
  {
    name: 'push-filters-again', doc: 'Predicates go down the ordered joins.', apply: pushFilters,
  },
  { name: 'top-n', doc: 'Filters on row_number() and rank() become top-N.', apply: findTopN },
  {
    name: 'temporal-filters', required: true, doc: 'Comparisons with now() make rows come and go.',
    apply: findTemporalFilters,
  },
  {
    name: 'interval-joins', doc: 'Joins on bounded times forget by watermark.',
    apply: findIntervalJoins,
  },
  {
    name: 'window-bounds', doc: 'Of the bounds of two equal windows one is compared.',
    apply: compareOneBound,
  },
  { name: 'prune-columns', doc: 'Columns nobody reads are left out.', apply: pruneColumns },
  { name: 'simplify', doc: 'Nodes that change nothing are left out.', apply: simplify },
  {
    name: 'share-aggregates', doc: 'Equal groupings get one order, and run once.',
    apply: shareAggregates,
  },
  {
    name: 'arrival-order', doc: 'Order that a query leaves open is that in which rows come.',
    apply: keepArrivalOrder,
  },
  {
    name: 'enough-rows', doc: 'WITH RECURSIVE below a LIMIT stops at enough rows.',
    apply: findEnoughRows,
  },
];

/** Runs all rewrites (tests leave some out). */
export function rewriteRelation(
  relation: Relation, context: RewriteContext, rewrites: readonly Rewrite[] = REWRITES,
): Relation {
  return rewrites.reduce((current, rewrite) => rewrite.apply(current, context), relation);
}
