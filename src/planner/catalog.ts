/**
 * CONTRACT. What the planner must know of the catalog, as an interface the runtime supplies.
 *
 * The planner never changes the catalog: it gets names resolved and returns plans.
 */
import type { NameLookup } from '../common/types/settings.ts';
import type { SqlType } from '../common/types/sql-type.ts';
import type { Query } from '../parser/ast.ts';
import type { UserFunction } from './functions/user-function.ts';
import type { ScalarExpr } from './relation.ts';

/** A column as the planner sees it. */
export interface CatalogColumn {
  readonly name: string;
  readonly type: SqlType;
  readonly notNull: boolean;
  /** Bound DEFAULT (no columns), or null. */
  readonly defaultExpr: ScalarExpr | null;
  /** GENERATED ALWAYS AS (...) STORED over the row's columns, or null. */
  readonly generated: ScalarExpr | null;
  readonly identity: 'always' | 'byDefault' | null;
  /** A serial column: an identity BY DEFAULT that the catalog shows as a default. */
  readonly serial?: true;
  /** SET STORAGE and SET STATISTICS, which the catalog shows and nothing else needs. */
  readonly storage?: string;
  readonly statistics?: number;
}

/** Kinds of things one can select from. */
export type RelationKind = 'table' | 'source' | 'view' | 'materializedView' | 'system';

/** A relation of the catalog. `id` is its oid. */
export interface CatalogRelation {
  readonly id: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: RelationKind;
  readonly columns: readonly CatalogColumn[];
  /** Column numbers of the primary key (or a view's derived key), or null. */
  readonly primaryKey: readonly number[] | null;
  readonly uniqueKeys: readonly (readonly number[])[];
  /** CHECK constraints over the row's columns. */
  readonly checks: readonly { readonly name: string; readonly expr: ScalarExpr }[];
  readonly appendOnly: boolean;
  /** WATERMARK FOR column AS column - delay; for derived relations see `columnWatermarks`. */
  readonly watermark: WatermarkRule | null;
  /** Watermarks of a materialized view's columns, as derived when it was planned. */
  readonly columnWatermarks: readonly ColumnWatermark[];
  /** A materialized view that keeps with its rows the W_p met by those they are made of. */
  readonly marksArrival?: boolean;
  /** The definition of a plain VIEW, with the search path it was made under. */
  readonly definition: {
    readonly query: Query;
    readonly searchPath: readonly string[];
    /** How many columns the relations it reads had, by oid: * means those. */
    readonly widths?: readonly (readonly [relation: number, columns: number])[];
  } | null;
  /** Options of a plain view: check_option, security_barrier. */
  readonly options?: readonly (readonly [string, string])[];
  /** False for SOURCE: rows are read, not stored. */
  readonly stored: boolean;
  /** ON CONFLICT of CREATE TABLE: what an INSERT without one of its own does. */
  readonly onConflict?: DefaultConflict | null;
  /** Names of the primary key and the unique keys, in order. */
  readonly keyNames?: readonly string[];
  /** Unique keys over expressions or a part of the rows: nothing is derived from them. */
  readonly extraKeys?: readonly unknown[];
}

/** The shape of `ConflictPlan` (plans.ts), as a table's default. */
export type DefaultConflict =
  | { readonly kind: 'nothing'; readonly key: readonly number[]; readonly anyKey?: boolean }
  | { readonly kind: 'update'; readonly key: readonly number[];
      readonly set: readonly ScalarExpr[]; readonly where: ScalarExpr | null;
      readonly repeats?: boolean }
  | { readonly kind: 'overwrite'; readonly key: readonly number[];
      readonly versionColumn: number | null };

/** How a relation's watermark follows its event times. */
export interface WatermarkRule {
  readonly column: number;
  /** The delay; where it is learned, the most it can be, 0 when that is not said. */
  readonly delayMicros: bigint;
  /** PERCENTILE(fraction [, max]): the delay is learned from the rows. */
  readonly learned?: { readonly fraction: number; readonly max: bigint | null };
}

/** Column `column` of a view will see no event time below `watermark` any more. */
export interface ColumnWatermark {
  readonly column: number;
  readonly watermark: import('./dataflow.ts').WatermarkExpr;
  /** True when not even a late row can come below it (late rows were split off before). */
  readonly exact?: boolean;
}

/** The planner's window on the catalog. */
export interface CatalogReader {
  /** Finds a relation by name; an unqualified one along the search path. */
  findRelation(schema: string | null, name: string): CatalogRelation | null;
  relationById(id: number): CatalogRelation | null;
  /**
   * Told of each relation a statement reads; `through`: the view whose query names it. Gives the
   * names of the columns that may be read where these are not all.
   */
  reading?(relation: number, through: number | null): ReadonlySet<string> | null;
  /** Told of each user function a statement calls. */
  calling?(oid: number): void;
  /** Names for "did you mean": all relations visible on the search path. */
  relationNames(): readonly string[];
  schemaExists(name: string): boolean;
  /** User functions of a name: in a schema, or on the search path, nearest first. */
  functions?(schema: string | null, name: string): readonly UserFunction[];
  /** A type that a user made, or a relation's row type; along the search path. */
  findType?(schema: string | null, name: string): SqlType | null;
  readonly searchPath: readonly string[];
  /** What reg* literals are read with; absent: numbers only. */
  readonly names?: NameLookup | undefined;
  /** For current_user, current_schema() and the like, bound as literals. */
  readonly session: SessionFacts;
}

/** What session functions answer with; bound as literals when a statement is planned. */
export interface SessionFacts {
  readonly user: string;
  readonly database: string;
  readonly timeZone: string;
  setting(name: string): string | null;
}
