/**
 * CONTRACT. What the binder hands to rewrites and lowering: a query with its names and types known.
 *
 * The binder makes a BoundQuery from the AST, `lowerQuery` and `lowerView` turn it into plans.
 * Depth of `outer` columns: one level per `subquery` expression and one per lateral join (for its
 * right side); plain inputs, set operations and derived tables add none.
 */
import type { CatalogReader } from './catalog.ts';
import type { SqlType } from '../common/types/sql-type.ts';
import type { Value } from '../common/values.ts';
import type { Cte } from '../parser/ast.ts';
import type { Notice } from '../common/errors.ts';
import type { QueryPlan, ResultColumn, ViewPlan } from './plans.ts';
import type { Relation, ScalarExpr, SortKey } from './relation.ts';

/** When the results of a view appear. */
export interface EmitPolicy {
  /** `close`: the relation already holds a `gate`. */
  readonly kind: 'changes' | 'close';
  readonly everyMicros: bigint | null;
}

/**
 * A bound query. The relation's first `columns.length` columns are the visible ones, hidden sort
 * columns follow. `orderBy`, `limit`, `offset` and `withTies` apply to the top of an ad-hoc query;
 * in a bound view they are already topN nodes.
 */
export interface BoundQuery {
  readonly relation: Relation;
  readonly columns: readonly ResultColumn[];
  readonly orderBy: readonly SortKey[];
  /** int8 expressions without columns; NULL means none. */
  readonly limit: ScalarExpr | null;
  readonly offset: ScalarExpr | null;
  readonly withTies: boolean;
  readonly emit: EmitPolicy;
  /** Relations read, without repeats. */
  readonly reads: readonly number[];
  /** User functions called, by oid, those that were replaced by their bodies included. */
  readonly functions?: readonly number[];
  /** Types of $1, $2, ... as declared or found from their use. */
  readonly parameters: readonly SqlType[];
  readonly notices: readonly Notice[];
}

/** What planning a statement needs. */
export interface PlanEnv {
  readonly catalog: CatalogReader;
  /** The statement's text, for notices and names. */
  readonly text: string;
  /** Parameter types declared by Parse or PREPARE; null or absent: found from their use. */
  readonly parameterTypes?: readonly (SqlType | null)[] | undefined;
  /** What the data changes of WITH gave back, by their CTE; absent: none has run. */
  readonly changeResults?: ChangeResults | undefined;
}

/** Rows that data changes in WITH gave back. */
export type ChangeResults = ReadonlyMap<Cte, readonly (readonly Value[])[]>;

/** The options of CREATE MATERIALIZED VIEW ... WITH (...) that change the plan. */
export interface ViewOptions {
  /** The view's name, for notices. */
  readonly name: string;
  readonly allowedLatenessMicros: bigint;
  /** false: `late = 'ignore'`; late rows are counted but not kept. */
  readonly keepLate: boolean;
  /** How much of `late.<view>` is kept; null: the default. */
  readonly lateRetention: LateLimit | null;
  readonly stateTtlMicros: bigint | null;
  /** The view's own rows are deleted by age. */
  readonly ttlMicros?: bigint | null;
  /** The view stops when it keeps more bytes than this. */
  readonly memoryLimitBytes: bigint | null;
  /** How long changes are kept, as written. */
  readonly retainHistory: string | null;
  /** SET require_bounded_state = on */
  readonly requireBoundedState: boolean;
}

/** What lower.ts exports as `lowerQuery`; parameters are literals by now. */
export type LowerQuery = (bound: BoundQuery, env: PlanEnv) => QueryPlan;

/** What lower.ts exports as `lowerView`. */
export type LowerView = (bound: BoundQuery, env: PlanEnv, options: ViewOptions) => ViewPlan;

/** How long late rows are kept, and how many. */
export interface LateLimit {
  readonly micros: bigint;
  readonly rows: number;
}
