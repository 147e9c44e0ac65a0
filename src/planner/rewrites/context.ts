/**
 * What rewrites may know: the catalog, whether a view is planned, and how to evaluate constants.
 */
import type { CatalogReader } from '../catalog.ts';
import type { EvaluationContext } from '../functions/entry.ts';
import type { Relation } from '../relation.ts';

/** A branch of late rows found by the late split: the window's input, filtered to late rows. */
export interface LateBranch {
  readonly relation: Relation;
}

/** Handed to every rewrite of one statement. */
export interface RewriteContext {
  readonly catalog: CatalogReader;
  readonly mode: 'view' | 'query';
  readonly allowedLatenessMicros: bigint;
  readonly evaluation: EvaluationContext;
  /** Filled by the late split. */
  readonly late: LateBranch[];
}
