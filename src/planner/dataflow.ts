/**
 * CONTRACT. The physical plan: a versioned, JSON-able list of operators.
 *
 * Stored with each view; read by EXPLAIN, recovery and the scale-out compiler. Nodes are in
 * topological order and a node's number is its place in the list. Each variant says what state it
 * keeps and how it treats retractions. Expressions refer to columns of the node's input
 * (left ++ right for two inputs). The runtime builds one operator per node.
 */
import type { SqlType } from '../common/types/sql-type.ts';
import type { ZonedWindow } from '../common/types/zoned-windows.ts';
import type { Value } from '../common/values.ts';
import type {
  EnoughRows, FillRule, Frame, JoinType, Panes, ScalarExpr, SortKey, WindowSpec,
} from './relation.ts';

/** The version this build writes; older ones are upgraded on load. */
export const DATAFLOW_VERSION = 1;

/** Numbers of the hidden columns of a source: W_p, partition and offset of a row. */
export const SOURCE_ARRIVAL = -1;
/** See SOURCE_ARRIVAL. */
export const SOURCE_PARTITION = -2;
/** See SOURCE_ARRIVAL. */
export const SOURCE_OFFSET = -3;

/** Place of a node in `Dataflow.nodes`. */
export type NodeId = number;

/** An output column of a node. */
export interface DataflowColumn {
  readonly name: string;
  readonly type: SqlType;
}

/**
 * A lower bound on the event times still to come, computed once an epoch from the frontier.
 * `relation`: the watermark of a table or source (minimum over its partitions). `shift`: later
 * (positive) or earlier by microseconds. `floor`: down to a multiple of `step` from `offset`.
 */
export type WatermarkExpr =
  | { readonly kind: 'relation'; readonly relation: number }
  | { readonly kind: 'shift'; readonly of: WatermarkExpr; readonly micros: bigint }
  | {
      readonly kind: 'floor'; readonly of: WatermarkExpr; readonly step: bigint;
      readonly offset: bigint;
    }
  /** Down to the start of the tumble window in a time zone. */
  | { readonly kind: 'zoneFloor'; readonly of: WatermarkExpr; readonly window: ZonedWindow }
  | { readonly kind: 'min'; readonly of: readonly WatermarkExpr[] };

/** Rows may be dropped from state once `watermark` >= the row's `column`. */
export interface Eviction {
  readonly column: number;
  readonly watermark: WatermarkExpr;
}

/** What bounds an operator's state; `nothing` gives a NOTICE at CREATE. */
export type StateBound =
  | 'stateless' | 'window' | 'watermark' | 'interval' | 'ttl' | 'keys' | 'limit' | 'nothing';

/** An aggregate over input columns (expressions were computed by a `map` before). */
export interface DataflowAggregate {
  readonly function: string;
  readonly args: readonly number[];
  readonly argTypes: readonly SqlType[];
  readonly distinct: boolean;
  /** A boolean input column, or null. */
  readonly filter: number | null;
  readonly orderBy: readonly SortKey[];
  readonly type: SqlType;
}

/** A window function over input columns. Offsets in frames are literals. */
export interface DataflowOverCall {
  readonly function: string;
  readonly args: readonly number[];
  readonly argTypes: readonly SqlType[];
  readonly filter: number | null;
  readonly ignoreNulls: boolean;
  readonly frame: Frame;
  readonly type: SqlType;
}

/** A set-returning call; arguments are expressions over the input. */
export interface DataflowTableCall {
  readonly function: string;
  readonly args: readonly ScalarExpr[];
  readonly columns: readonly DataflowColumn[];
  readonly ordinality: boolean;
}

interface Base {
  readonly columns: readonly DataflowColumn[];
  readonly inputs: readonly NodeId[];
  /** Column numbers that are unique together in the node's output (weights 0 or 1), if known. */
  readonly key: readonly number[] | null;
  /** True when the node never emits a retraction. */
  readonly appendOnly: boolean;
  readonly bound: StateBound;
}

/** An operator of a dataflow. */
export type DataflowNode =
  /**
   * Deltas of a relation: its columns by number; below 0 are hidden ones (SOURCE_ARRIVAL and
   * the next). No state of its own.
   */
  | Base & { readonly kind: 'source'; readonly relation: number;
      readonly sourceColumns: readonly number[];
      /** One-shot queries: the moment whose rows are read, an int8 epoch or a timestamptz. */
      readonly asOf?: ScalarExpr }
  /** Constant rows, emitted once when the dataflow starts. */
  | Base & { readonly kind: 'constant'; readonly rows: readonly (readonly Value[])[] }
  /** Filter, then project, in one kernel. No state; weights pass. */
  | Base & { readonly kind: 'map'; readonly filter: ScalarExpr | null;
      readonly exprs: readonly ScalarExpr[] }
  /** Rows times their set-returning results (lockstep, NULL-padded). No state; weights pass. */
  | Base & { readonly kind: 'flatMap'; readonly calls: readonly DataflowTableCall[];
      readonly outer: boolean }
  /**
   * Assigns tumble, hop or cumulate windows: input columns ++ window_start, window_end,
   * window_time; one output row per window. With `arrival` set, only windows whose end +
   * allowedLateness > arrival (rows whose time is NULL, or with no window left, are dropped: the
   * late branch has them). No state; weights pass.
   */
  | Base & { readonly kind: 'window'; readonly window: Exclude<WindowSpec, { kind: 'session' }>;
      readonly timeColumn: number; readonly arrival: number | null;
      readonly allowedLateness: bigint }
  /**
   * Assigns sessions: input columns ++ window_start, window_end, window_time. Keeps the rows of
   * open sessions in time order per partition; re-emits rows whose session changed. With
   * `watermark`, sessions with window_end <= watermark are final and leave the state. With
   * `arrival`, a row does not join a session whose end + allowedLateness <= its arrival. With
   * `numbered`, instead of the window: a number that a session keeps while it grows. With
   * `longest`, no session is longer than that (then the number is its start).
   */
  | Base & { readonly kind: 'session'; readonly gap: bigint; readonly numbered?: boolean;
      readonly longest?: bigint;
      readonly partitionBy: readonly number[]; readonly timeColumn: number;
      readonly watermark: WatermarkExpr | null; readonly arrival?: number | null;
      readonly allowedLateness?: bigint }
  /**
   * Group columns ++ aggregates. Keeps one group per key and what the aggregates need. Emits the
   * old row as retraction and the new row for every group that changed. Without group columns and
   * with `global`, there is always exactly one row. `evict` drops groups silently; `ttl` (input
   * append-only) retracts and drops groups that no row came to for so many microseconds. With
   * `whenEvicted`, a group is emitted once, as it is when it is dropped.
   */
  | Base & { readonly kind: 'aggregate'; readonly groupBy: readonly number[];
      readonly aggregates: readonly DataflowAggregate[]; readonly global: boolean;
      readonly evict: Eviction | null; readonly ttl?: bigint; readonly whenEvicted?: boolean }
  /**
   * Windows of HOP as they close: `keys` group columns ++ `aggregates` (over keys ++ parts) ++
   * window_start, window_end. Inputs: slices (start ++ keys ++ parts), once they have ended or as
   * they change; perhaps rows too late for their slice (time ++ arrival ++ keys ++ parts), of which
   * windows with end + grace > arrival are told. Keeps the slices of windows that will close.
   */
  | Base & { readonly kind: 'slide'; readonly slice: bigint; readonly slide: bigint;
      readonly size: bigint; readonly offset: bigint; readonly grace: bigint;
      readonly keys: number; readonly aggregates: readonly DataflowAggregate[];
      readonly watermark: WatermarkExpr }
  /** Rows with positive weight, once. Keeps each distinct row and its weight. */
  | Base & { readonly kind: 'distinct'; readonly evict: Eviction | null }
  /**
   * Equality join on leftKey/rightKey (NULL keys never match unless nullsEqual), then `residual`
   * over left ++ right. Empty keys: cross join. Keeps both inputs arranged by key; of a `shared`
   * input the rows of its relation do, with an index that all joins share. semi/anti output left
   * columns only; outer joins pad with NULL. `leftEvict`/`rightEvict` drop rows that can no longer
   * match (interval and window joins); with `holdNulls`, the NULL row of an outer row appears only
   * when it is evicted. With `extreme`, rows that can match no group any more are not kept;
   * with `threshold`, the residual compares a column with that of the one right row there is.
   */
  | Base & { readonly kind: 'join'; readonly type: JoinType; readonly leftKey: readonly number[];
      readonly rightKey: readonly number[]; readonly nullsEqual: boolean;
      readonly residual: ScalarExpr | null; readonly leftEvict: RowEviction | null;
      readonly rightEvict: RowEviction | null; readonly holdNulls: boolean;
      readonly extreme?: JoinExtreme; readonly threshold?: JoinThreshold;
      readonly shared?: SharedInputs }
  /** Per left row the right row of equal key with the nearest rightTime in the given direction. */
  | Base & { readonly kind: 'asofJoin'; readonly type: 'inner' | 'left';
      readonly leftKey: readonly number[]; readonly rightKey: readonly number[];
      readonly leftTime: number; readonly rightTime: number;
      readonly op: '>=' | '>' | '<=' | '<' }
  /**
   * The version of the right row valid at leftTime (event time: emitted when `watermark` has
   * passed leftTime; versions by rightTime, older ones dropped), or with leftTime null the current
   * right row at the time the left row arrives (later right changes do not touch it).
   */
  | Base & { readonly kind: 'temporalJoin'; readonly type: 'inner' | 'left';
      readonly leftKey: readonly number[]; readonly rightKey: readonly number[];
      readonly leftTime: number | null; readonly rightTime: number | null;
      readonly residual: ScalarExpr | null; readonly watermark: WatermarkExpr | null }
  /** Bag union. No state; weights pass. */
  | Base & { readonly kind: 'union' }
  /** INTERSECT / EXCEPT [ALL] over all columns. Keeps weights of both sides per row. */
  | Base & { readonly kind: 'setOp'; readonly op: 'intersect' | 'except'; readonly all: boolean }
  /**
   * Rows offset+1 .. offset+limit per partition in order; ties are broken by the whole row, so
   * results are deterministic. `rank` other than none appends an int8 column. Keeps all rows of a
   * partition ordered (append-only input: the first limit + offset only). `ttl`: as above, for
   * partitions (only where `keepsFewRows`).
   */
  | Base & { readonly kind: 'topN'; readonly partitionBy: readonly number[];
      readonly orderBy: readonly SortKey[]; readonly limit: bigint | null;
      readonly offset: bigint; readonly withTies: boolean;
      readonly rank: 'none' | 'row_number' | 'rank' | 'dense_rank';
      readonly evict: Eviction | null; readonly ttl?: bigint }
  /** Input columns ++ window functions. Keeps the rows of each partition in order. */
  | Base & { readonly kind: 'over'; readonly partitionBy: readonly number[];
      readonly orderBy: readonly SortKey[]; readonly calls: readonly DataflowOverCall[];
      readonly evict: Eviction | null;
      /** Rows are numbered as they come (queries that run once). */
      readonly arrival?: true;
      /** An input column that orders peers before their values do. */
      readonly tieBreak?: number }
  /**
   * A row exists while validFrom <= now < validTo; keeps rows by their next change of state. With
   * `ticks` a clock: one row with the logical time, put out anew after so many microseconds.
   */
  | Base & { readonly kind: 'temporalFilter'; readonly validFrom: ScalarExpr | null;
      readonly validTo: ScalarExpr | null; readonly ticks?: bigint }
  /**
   * Holds rows back until watermark >= timeColumn (+ nothing: lateness is in the expression), then
   * emits their consolidated sum, once. Changes that come later pass when `correct`, else are
   * dropped and counted. Keeps the rows of open windows.
   */
  | Base & { readonly kind: 'gate'; readonly timeColumn: number;
      readonly watermark: WatermarkExpr; readonly correct: boolean }
  /**
   * As gate, and before the watermark comes the changes of open windows once every `panes`
   * interval. The pane column is `early`, `on_time` or `late` (a correction). Keeps the rows of
   * open windows and, to take them back with their pane, of closed ones until `forgets`.
   */
  | Base & { readonly kind: 'panes'; readonly timeColumn: number;
      readonly watermark: WatermarkExpr; readonly correct: boolean; readonly panes: Panes;
      readonly forgets: WatermarkExpr | null }
  /**
   * Retracts rows that were not touched for `micros` of logical time. `groupBy`: any change touches
   * all rows of the group; null: each row is touched by its own coming. Retractions of forgotten
   * rows are swallowed. Keeps the rows that live.
   */
  | Base & { readonly kind: 'ttl'; readonly micros: bigint;
      readonly groupBy: readonly number[] | null }
  /**
   * Adds rows for windows of a partition that have none. A trailing window comes when `closes`
   * reaches the first window column. Keeps the rows that windows to come depend on and the windows
   * filled, until `forgets` reaches their window.
   */
  | Base & { readonly kind: 'fill'; readonly rule: FillRule;
      readonly closes: WatermarkExpr | null; readonly forgets: WatermarkExpr | null }
  /** Publishes the input at most once per interval (EMIT EVERY). Keeps the pending changes. */
  | Base & { readonly kind: 'throttle'; readonly micros: bigint }
  /**
   * Least fixpoint of mutually recursive bindings. `bindings[i].node` computes binding i inside
   * `body`, whose `recursiveInput` nodes read the bindings. Recomputes what changed by iteration.
   */
  | Base & { readonly kind: 'recursive'; readonly body: Dataflow;
      readonly bindings: readonly { readonly name: string; readonly node: NodeId;
        readonly distinct: boolean;
        /** Its uses read the rows of the last iteration (WITH RECURSIVE), not all so far. */
        readonly working?: boolean }[];
      /** Set for queries that run once: the iteration ends when there are enough rows. */
      readonly enough?: EnoughRows }
  /** Inside a recursive body: the rows of a binding, or input `input` of the recursive node. */
  | Base & { readonly kind: 'recursiveInput'; readonly binding: string | null;
      readonly input: number | null };

/**
 * A row leaves the state when watermark > column + offset (strictly), so that a partner can no
 * longer come.
 */
export interface RowEviction {
  readonly column: number;
  readonly offsetMicros: bigint;
  readonly watermark: WatermarkExpr;
}

/** Inputs of an inner join that are stored relations as they are: source nodes. */
export interface SharedInputs {
  readonly left: boolean;
  readonly right: boolean;
}

/**
 * One side has a row per group, with a value that only rises (`max`) or only falls; pair `key` of
 * the join's keys equates it with a value of the other side, whose rows only come. The other keys
 * (and `range`) say which group: those are all columns of the group.
 */
export interface JoinExtreme {
  readonly groups: 'left' | 'right';
  readonly key: number;
  readonly max: boolean;
  readonly range: ExtremeRange | null;
}

/** `left op right` over a left and a right column; the right side never has a second row. */
export interface JoinThreshold {
  readonly left: number;
  readonly right: number;
  readonly op: '<' | '<=' | '>' | '>=';
}

/**
 * The group has offset + n * step in its column `group`, between time + low and time + high, `time`
 * being a column (microseconds) of the other side; a row without a finite time has no group.
 */
export interface ExtremeRange {
  readonly group: number;
  readonly time: number;
  readonly low: bigint;
  readonly high: bigint;
  readonly step: bigint;
  readonly offset: bigint;
}

/** A whole plan. `outputs.late` holds late rows of a windowed view. */
export interface Dataflow {
  readonly version: number;
  readonly nodes: readonly DataflowNode[];
  readonly output: NodeId;
  readonly late: NodeId | null;
}
