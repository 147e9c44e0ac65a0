/**
 * CONTRACT. The logical plan: what a query means, before it is decided how it runs; and the bound,
 * typed scalar expressions in it. The two refer to each other (subqueries), so they share a file.
 *
 * The binder makes it, rewrites turn it into an equivalent one, `lower` turns it into a Dataflow.
 * A readonly union of plain objects. Every node lists its output columns. Bags throughout: rows
 * have multiplicities; order exists only in TopN and in the QueryPlan around the relation.
 */
import type { SqlType } from '../common/types/sql-type.ts';
import type { ZonedWindow } from '../common/types/zoned-windows.ts';
import type { Value } from '../common/values.ts';

/** One sort key over a column of the input. `nullsFirst` is always explicit here. */
export interface SortKey {
  readonly column: number;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

/** A bound scalar expression. */
export type ScalarExpr =
  /** Column `index` of the input (of left ++ right in a join condition). */
  | { readonly kind: 'column'; readonly index: number; readonly type: SqlType }
  /** Column of an enclosing query, `depth` >= 1 levels up. Gone after decorrelation. */
  | {
      readonly kind: 'outer'; readonly depth: number; readonly index: number;
      readonly type: SqlType;
    }
  | { readonly kind: 'literal'; readonly value: Value; readonly type: SqlType }
  /** Parameter $index (from 1) of a prepared statement. Replaced by a literal before lowering. */
  | { readonly kind: 'param'; readonly index: number; readonly type: SqlType }
  /** The epoch's logical time (timestamptz); in an ad-hoc statement the statement's time. */
  | { readonly kind: 'now'; readonly type: SqlType }
  /** A scalar function or operator of the registry, by its id (functions/registry.ts). */
  | {
      readonly kind: 'call'; readonly function: string; readonly args: readonly ScalarExpr[];
      readonly type: SqlType;
    }
  /** A cast through the cast table (functions/casts.ts): source type of `arg` to `type`. */
  | {
      readonly kind: 'cast'; readonly arg: ScalarExpr; readonly type: SqlType;
      readonly context: 'implicit' | 'assignment' | 'explicit' | 'try';
    }
  /** Three-valued AND / OR over two or more operands, evaluated left to right, short-circuit. */
  | { readonly kind: 'and' | 'or'; readonly args: readonly ScalarExpr[]; readonly type: SqlType }
  | { readonly kind: 'not'; readonly arg: ScalarExpr; readonly type: SqlType }
  /** IS NULL (for records: all fields NULL); never NULL itself. */
  | { readonly kind: 'isNull'; readonly arg: ScalarExpr; readonly type: SqlType }
  /** IS TRUE / IS FALSE / IS UNKNOWN; never NULL itself. */
  | {
      readonly kind: 'isTruth'; readonly arg: ScalarExpr; readonly truth: boolean | null;
      readonly type: SqlType;
    }
  /** IS NOT DISTINCT FROM over equal types; never NULL itself. */
  | {
      readonly kind: 'notDistinct'; readonly left: ScalarExpr; readonly right: ScalarExpr;
      readonly type: SqlType;
    }
  /** CASE WHEN ...: conditions in order, lazily; `otherwise` may be a NULL literal. */
  | {
      readonly kind: 'case'; readonly whens: readonly WhenThen[]; readonly otherwise: ScalarExpr;
      readonly type: SqlType;
    }
  | {
      readonly kind: 'coalesce'; readonly args: readonly ScalarExpr[]; readonly type: SqlType;
    }
  /** ARRAY[...]; elements share the element type (or are arrays: one dimension more). */
  | { readonly kind: 'array'; readonly elements: readonly ScalarExpr[]; readonly type: SqlType }
  | { readonly kind: 'record'; readonly fields: readonly ScalarExpr[]; readonly type: SqlType }
  /** Field `index` of a record. */
  | {
      readonly kind: 'field'; readonly arg: ScalarExpr; readonly index: number;
      readonly type: SqlType;
    }
  /** left op ANY/ALL (array): `function` is the boolean operator's id. */
  | {
      readonly kind: 'arrayCompare'; readonly function: string; readonly all: boolean;
      readonly left: ScalarExpr; readonly array: ScalarExpr; readonly type: SqlType;
    }
  /** A bound subquery; gone after decorrelation. */
  | {
      readonly kind: 'subquery'; readonly mode: SubqueryMode; readonly relation: Relation;
      readonly type: SqlType;
    };

/** One arm of a CASE. */
export interface WhenThen {
  readonly when: ScalarExpr;
  readonly then: ScalarExpr;
}

/** How a subquery's rows become one value. */
export type SubqueryMode =
  | { readonly kind: 'scalar' }
  | { readonly kind: 'exists' }
  | { readonly kind: 'array' }
  /**
   * left op ANY/ALL (subquery): `compare` is a boolean over left ++ subquery columns, where the
   * subquery's columns are numbered after the `left` expressions.
   */
  | {
      readonly kind: 'quantified'; readonly all: boolean; readonly left: readonly ScalarExpr[];
      readonly compare: ScalarExpr;
    };

/** An output column of a relation. Hidden columns (names that start with `$`) are not in `*`. */
export interface RelationColumn {
  readonly name: string;
  readonly type: SqlType;
  readonly notNull?: boolean;
}

/** A call of an aggregate function over columns of the input. */
export interface AggregateCall {
  /** Id in the registry, e.g. `sum(int4)`. */
  readonly function: string;
  readonly args: readonly ScalarExpr[];
  readonly distinct: boolean;
  readonly filter: ScalarExpr | null;
  /** ORDER BY inside the call or WITHIN GROUP, over input columns. */
  readonly orderBy: readonly { readonly expr: ScalarExpr; readonly descending: boolean;
    readonly nullsFirst: boolean }[];
  readonly type: SqlType;
}

/** A window (OVER) function call. */
export interface OverCall {
  /** Id of a window function (`row_number()`, `lag(anyelement,int4,anyelement)`) or aggregate. */
  readonly function: string;
  readonly args: readonly ScalarExpr[];
  readonly filter: ScalarExpr | null;
  readonly ignoreNulls: boolean;
  readonly frame: Frame;
  readonly type: SqlType;
}

/** A frame of a window function; the default is RANGE UNBOUNDED PRECEDING .. CURRENT ROW. */
export interface Frame {
  readonly mode: 'rows' | 'range' | 'groups';
  readonly start: FrameBound;
  readonly end: FrameBound;
  readonly exclude: 'none' | 'currentRow' | 'group' | 'ties';
}

/** One end of a frame; offsets are constants. */
export type FrameBound =
  | { readonly kind: 'unboundedPreceding' | 'currentRow' | 'unboundedFollowing' }
  | { readonly kind: 'preceding' | 'following'; readonly offset: ScalarExpr };

/** A window table function: sizes in microseconds, except months for calendar sizes. */
export type WindowSpec =
  | { readonly kind: 'tumble'; readonly size: bigint; readonly offset: bigint }
  /** An event belongs to ceil(size / slide) or so windows. */
  | {
      readonly kind: 'hop'; readonly slide: bigint; readonly size: bigint; readonly offset: bigint;
    }
  | {
      readonly kind: 'cumulate'; readonly step: bigint; readonly size: bigint;
      readonly offset: bigint;
    }
  /** Whole days, or equal parts of a day, in a time zone. */
  | { readonly kind: 'zoned' } & ZonedWindow
  /** Gap-separated activity per partition; a row at exactly last + gap opens a new session. */
  | {
      readonly kind: 'session'; readonly gap: bigint; readonly partitionBy: readonly number[];
      /** No session is longer than this. */
      readonly longest?: bigint;
    };

/** A call of a set-returning function. */
export interface TableCall {
  readonly function: string;
  readonly args: readonly ScalarExpr[];
  readonly columns: readonly RelationColumn[];
  readonly ordinality: boolean;
}

/** Kinds of joins; `semi` and `anti` output the left columns only. */
export type JoinType = 'inner' | 'left' | 'right' | 'full' | 'semi' | 'anti';

interface Node {
  readonly columns: readonly RelationColumn[];
}

/** A logical plan. */
export type Relation =
  /** Constant rows; expressions have no columns. */
  | Node & { readonly kind: 'values'; readonly rows: readonly (readonly ScalarExpr[])[] }
  /**
   * All columns of a stored or streamed relation, plus, when it has a watermark and is used in a
   * view, the hidden column `$arrival` (int8 microseconds, nullable): W_p before that change.
   */
  | Node & { readonly kind: 'scan'; readonly relation: number; readonly asOf?: ScalarExpr }
  | Node & { readonly kind: 'filter'; readonly input: Relation; readonly predicate: ScalarExpr }
  | Node & { readonly kind: 'project'; readonly input: Relation;
      readonly exprs: readonly ScalarExpr[] }
  /** Input columns ++ columns of the calls, in lockstep; `outer` keeps rows without results. */
  | Node & { readonly kind: 'flatMap'; readonly input: Relation;
      readonly calls: readonly TableCall[]; readonly outer: boolean }
  /** Input columns ++ window_start, window_end, window_time (type of the time column). */
  | Node & { readonly kind: 'window'; readonly input: Relation; readonly window: WindowSpec;
      readonly timeColumn: number; readonly graceMicros: bigint; readonly late?: LateRule }
  /** Group expressions ++ aggregates. `groupingSets` list subsets of group expression numbers. */
  | Node & { readonly kind: 'aggregate'; readonly input: Relation;
      readonly groupBy: readonly ScalarExpr[]; readonly aggregates: readonly AggregateCall[];
      readonly groupingSets: readonly (readonly number[])[] | null }
  | Node & { readonly kind: 'distinct'; readonly input: Relation }
  /** `on` over left ++ right. `lateral`: right refers to left by `outer` columns of depth 1. */
  | Node & { readonly kind: 'join'; readonly type: JoinType; readonly left: Relation;
      readonly right: Relation; readonly on: ScalarExpr; readonly lateral: boolean;
      /** Rows that came too late for every partner of an interval join were split off. */
      readonly lateSplit?: boolean }
  /**
   * ASOF: per left row the right row with the nearest time that satisfies leftTime op rightTime.
   */
  | Node & { readonly kind: 'asofJoin'; readonly type: 'inner' | 'left'; readonly left: Relation;
      readonly right: Relation; readonly on: ScalarExpr }
  /** FOR SYSTEM_TIME AS OF: `leftTime` null means processing time (current version). */
  | Node & { readonly kind: 'temporalJoin'; readonly type: 'inner' | 'left';
      readonly left: Relation; readonly right: Relation; readonly on: ScalarExpr;
      readonly leftTime: ScalarExpr | null }
  | Node & { readonly kind: 'union'; readonly inputs: readonly Relation[] }
  | Node & { readonly kind: 'setOp'; readonly op: 'intersect' | 'except'; readonly all: boolean;
      readonly left: Relation; readonly right: Relation }
  /** The first `limit` rows after `offset` per partition, in order; optionally numbered. */
  | Node & { readonly kind: 'topN'; readonly input: Relation;
      readonly partitionBy: readonly number[]; readonly orderBy: readonly SortKey[];
      readonly limit: bigint | null; readonly offset: bigint; readonly withTies: boolean;
      readonly rank: 'none' | 'row_number' | 'rank' | 'dense_rank' }
  /** Input columns ++ one column per call. */
  | Node & { readonly kind: 'over'; readonly input: Relation;
      readonly partitionBy: readonly number[]; readonly orderBy: readonly SortKey[];
      readonly calls: readonly OverCall[];
      /** Rows are numbered as they come (queries that run once); no call but row_number(). */
      readonly arrival?: true;
      /** An input column that orders peers before their values do. */
      readonly tieBreak?: number }
  /**
   * A row exists while validFrom <= now() < validTo (timestamptz over the input; null = open). With
   * `ticks` a clock instead: the one row's one column is now(), anew after so many microseconds.
   */
  | Node & { readonly kind: 'temporalFilter'; readonly input: Relation;
      readonly validFrom: ScalarExpr | null; readonly validTo: ScalarExpr | null;
      readonly ticks?: bigint }
  /**
   * EMIT ON WINDOW CLOSE: rows of the input appear when the watermark passes `timeColumn`. With
   * `panes` also before, as early results; its column says what a row is, behind the input's.
   * `held`: a time at or behind `timeColumn` that is waited for instead, NULL: not yet known.
   */
  | Node & { readonly kind: 'gate'; readonly input: Relation; readonly timeColumn: number;
      readonly panes?: Panes; readonly held?: number }
  /**
   * The input (window, other group columns, aggregates: one row per window and partition) and a
   * row for each window of a partition that is not there: FILL. See FillRule.
   */
  | Node & { readonly kind: 'fill'; readonly input: Relation; readonly rule: FillRule }
  /** Mutually recursive bindings to a fixpoint; `body` and definitions use `recursiveRef`. */
  | Node & { readonly kind: 'recursive'; readonly bindings: readonly RecursiveBinding[];
      readonly body: Relation; readonly enough?: EnoughRows }
  | Node & { readonly kind: 'recursiveRef'; readonly binding: string };

/** A query that runs once wants no more rows than these of a recursion. */
export interface EnoughRows {
  readonly rows: bigint;
  /** Which rows count; null: all. */
  readonly filter: ScalarExpr | null;
}

/**
 * Set on a window by the late split: rows that came after all their windows had ended (plus grace
 * and allowed lateness) are no longer in the input. `arrival` is the input's `$arrival` column when
 * the window node itself must leave out the windows that had ended (partly open hop windows).
 */
export interface LateRule {
  readonly arrival: number | null;
  readonly allowedMicros: bigint;
  /** False when the split is below an operator that may change old rows again. */
  readonly exact: boolean;
}

/** Early results every so often (null: none), and whether a column tells them from others. */
export interface Panes {
  readonly everyMicros: bigint | null;
  readonly column: boolean;
}

/** Which windows FILL adds, and what is in them. */
export interface FillRule {
  /** Window columns of the input; the first one orders windows. */
  readonly windows: readonly { readonly column: number; readonly role: 'start' | 'end' | 'time' }[];
  /** Distance of windows, and their length: of whole days where there is a time zone. */
  readonly step: bigint;
  readonly size: bigint;
  readonly zone?: string;
  readonly partitionBy: readonly number[];
  /** The other columns. */
  readonly values: readonly FillValue[];
  /**
   * Trailing: so many windows behind a row at most, each when it has closed. Else windows between
   * rows that are at most so many windows apart.
   */
  readonly most: bigint;
  readonly trailing: boolean;
  /** The input's rows are final: windows are filled once. */
  readonly final: boolean;
}

/** What stands in a column of a filled window; linear: between the rows around it. */
export type FillValue =
  | { readonly column: number; readonly how: 'literal'; readonly value: Value }
  | { readonly column: number; readonly how: 'previous' | 'linear' };

/** One name of a recursive WITH. `distinct`: UNION (set) semantics. */
export interface RecursiveBinding {
  readonly name: string;
  readonly columns: readonly RelationColumn[];
  readonly definition: Relation;
  readonly distinct: boolean;
  /** WITH RECURSIVE: a use of the name means the rows of the last iteration, not all so far. */
  readonly working?: boolean;
}
