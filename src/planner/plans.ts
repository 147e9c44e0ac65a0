/**
 * CONTRACT. What the planner hands to the runtime for each kind of statement.
 *
 * Plans are plain data. The runtime executes them and never looks at the AST of a query again.
 */
import type { SqlType } from '../common/types/sql-type.ts';
import type { Notice } from '../common/errors.ts';
import type { ColumnWatermark } from './catalog.ts';
import type { Dataflow } from './dataflow.ts';
import type { Relation, ScalarExpr, SortKey } from './relation.ts';

/** A column of a result, as RowDescription needs it. */
export interface ResultColumn {
  readonly name: string;
  readonly type: SqlType;
  /** Where the column comes from, 0 when computed. */
  readonly relation: number;
  readonly attribute: number;
}

/** A one-shot query. The dataflow's output may have hidden sort columns behind the visible ones. */
export interface QueryPlan {
  readonly kind: 'query';
  readonly columns: readonly ResultColumn[];
  readonly relation: Relation;
  readonly dataflow: Dataflow;
  /** Order of the result over the dataflow's output columns; [] for none. */
  readonly orderBy: readonly SortKey[];
  /** Row range after ordering; parameters have been substituted. */
  readonly limit: bigint | null;
  readonly offset: bigint;
  readonly withTies: boolean;
  /** Relations read, for pins and permissions. */
  readonly reads: readonly number[];
  readonly fastPath: FastPath | null;
}

/** A query that is answered without a dataflow. */
export type FastPath =
  /** Stored rows whose `columns` (a key or index) equal the literals, then the projection. */
  | { readonly kind: 'lookup'; readonly relation: number; readonly columns: readonly number[];
      readonly values: readonly ScalarExpr[]; readonly filter: ScalarExpr | null;
      readonly exprs: readonly ScalarExpr[] }
  /** All stored rows, filtered and projected. */
  | { readonly kind: 'scan'; readonly relation: number; readonly filter: ScalarExpr | null;
      readonly exprs: readonly ScalarExpr[] };

/** A materialized view (or an incremental subscription). */
export interface ViewPlan {
  readonly kind: 'view';
  readonly columns: readonly ResultColumn[];
  readonly relation: Relation;
  readonly dataflow: Dataflow;
  /** Derived key of the visible columns, or null (then the view is a bag). */
  readonly key: readonly number[] | null;
  readonly appendOnly: boolean;
  readonly columnWatermarks: readonly ColumnWatermark[];
  /** The dataflow puts `$arrival` behind the columns. */
  readonly marksArrival: boolean;
  /** Columns of `late.<view>`: the input's columns; null when the view has no late branch. */
  readonly lateColumns: readonly ResultColumn[] | null;
  readonly reads: readonly number[];
  /** User functions the view cannot do without. */
  readonly functions: readonly number[];
  readonly notices: readonly Notice[];
}

/** Rows to insert: a query giving every column of the table, in order. */
export interface InsertPlan {
  readonly kind: 'insert';
  readonly table: number;
  readonly source: QueryPlan;
  readonly onConflict: ConflictPlan | null;
  readonly returning: Returning | null;
  /** Identity columns: where the source gives NULL, the column's sequence gives the value. */
  readonly sequenced?: readonly number[];
}

/** What happens to a row whose key is taken. */
export type ConflictPlan =
  /** `anyKey`: a row that has any key of another is left out, not only `key`. */
  | { readonly kind: 'nothing'; readonly key: readonly number[]; readonly anyKey?: boolean }
  /** `set` and `where` over existing row ++ excluded row; one expression per table column. */
  | { readonly kind: 'update'; readonly key: readonly number[];
      readonly set: readonly ScalarExpr[]; readonly where: ScalarExpr | null;
      /** A table's own policy: rows of one command may meet the same key again. */
      readonly repeats?: boolean }
  /** Replace the row; with a version column only when the new version is not older. */
  | { readonly kind: 'overwrite'; readonly key: readonly number[];
      readonly versionColumn: number | null };

/** Rows to change: the query gives old row ++ new row, each with all columns of the table. */
export interface UpdatePlan {
  readonly kind: 'update';
  readonly table: number;
  readonly source: QueryPlan;
  /** Joined with FROM or USING: a row may come several times, and counts once. */
  readonly joins: boolean;
  readonly returning: Returning | null;
}

/** Rows to remove: the query gives the old rows. */
export interface DeletePlan {
  readonly kind: 'delete';
  readonly table: number;
  readonly source: QueryPlan;
  /** Joined with FROM or USING: a row may come several times, and counts once. */
  readonly joins: boolean;
  readonly returning: Returning | null;
}

/** RETURNING: expressions over the source query's row (insert: the new row). */
export interface Returning {
  readonly columns: readonly ResultColumn[];
  readonly exprs: readonly ScalarExpr[];
}
