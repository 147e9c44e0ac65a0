/**
 * What rewrites may know: the catalog, whether a view is planned, and how to evaluate constants.
 */
import type { ZonedWindow } from '../../common/types/zoned-windows.ts';
import type { CatalogReader } from '../catalog.ts';
import type { EvaluationContext } from '../functions/entry.ts';
import type { Relation } from '../relation.ts';

/** A branch of late rows found by the late split: the window's input, filtered to late rows. */
export interface LateBranch {
  readonly relation: Relation;
  /** Set where a row late for several windows is to be in the branch once. */
  readonly shared?: SharedLate;
}

/** Windows over one input: late rows are those late for any of them. */
export interface SharedLate {
  /** The input with its hidden columns, as text. */
  readonly identity: string;
  readonly tests: readonly LateTest[];
}

/** When a row's last window ends: slot of `step` from `offset`, then `size` later. */
export interface LateShape {
  readonly step: bigint;
  readonly size: bigint;
  readonly offset: bigint;
  readonly zoned?: ZonedWindow;
}

/** What decides on a row: its time column, the shape of its windows, extra time. */
export interface LateTest {
  readonly timeColumn: number;
  readonly shape: LateShape;
  readonly lateness: bigint;
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
