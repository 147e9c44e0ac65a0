/**
 * CONTRACT. One entry per SQL function: its signature, documentation, examples and code.
 *
 * The binder chooses overloads from these; the kernel generator inlines or calls them; the test
 * interpreter calls `evaluate`; docs/sql/functions.md is generated from them. Operators are
 * functions whose name is the operator's symbols. Ids are the normalised signature without the
 * result, e.g. `lower(text)`, `+(int4,int4)`, `-(int4)` for the prefix form.
 */
import type { Value } from '../../common/values.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { Physical, TypeName } from '../../common/types/sql-type.ts';
import type { NameLookup } from '../../common/types/settings.ts';
import type { UserFunction } from './user-function.ts';

/**
 * A type in a signature: a concrete type or a polymorphic pseudo-type. `anynonarray` is `any` but
 * for arrays, as on the other side of `text || value`.
 */
export type SignatureType =
  | SqlType
  | { readonly name: 'anyelement' | 'anyarray' | 'any' | 'anynonarray' | 'anycompatible'
      | 'anycompatiblearray' | 'anyenum' };

/** What a function may ask of its surroundings; everything else is in its arguments. */
export interface EvaluationContext {
  readonly timeZone: string;
  readonly dateStyle: string;
  readonly intervalStyle: string;
  readonly extraFloatDigits: number;
  /** Logical time: microseconds since 1970 UTC. */
  readonly now: bigint;
  /** Random numbers in [0, 1) for volatile functions; without it they come from `now`. */
  readonly random?: () => number;
  /** The catalog and the session, for statements of sessions; functions do without elsewhere. */
  readonly catalog?: CatalogLookup | undefined;
}

/** What functions and reg* types may ask of the catalog as the session sees it. */
export interface CatalogLookup extends NameLookup {
  /**
   * What pg_get_indexdef and its like show: the text for an object's oid, or null. `part` is the
   * column of an index, from 1, or 1 for a constraint to be pretty; 0 for the whole.
   */
  describe(what: DescribedObject, oid: number, part: number): string | null;
  /** pg_table_is_visible and its like: null when there is no such object. */
  visible(kind: VisibleObject, oid: number): boolean | null;
  /** The oid of a name, or null: to_regclass and its like. */
  find(type: TypeName, text: string): number | null;
  /** A comment; `catalog` is the relation that lists the object (null: any), column 0 the whole. */
  comment(catalog: string | null, object: number, column: number): string | null;
  /** Objects whose privileges tools ask for; throws when there is no such object. */
  requireObject(what: 'relation' | 'schema' | 'database' | 'role', name: string): void;
  /** Bytes of a relation or database; null when there is none. */
  size(what: 'relation' | 'database', oid: number): bigint | null;
  /** The sequence behind an identity or serial column, qualified; null when there is none. */
  serialSequence(relation: string, column: string): string | null;
  /** An object in words, such as `table orders column id`. */
  describeObject(catalog: number, oid: number, part: number): string | null;
  /** Rows of a relation of pg_catalog. */
  rows(relation: string): Iterable<readonly Value[]>;
  /** When the server was started, microseconds since 1970 UTC. */
  startedAt(): bigint;
  /** The newest epoch. */
  epoch(): bigint;
  /** The value of a setting, null when unknown. */
  setting(name: string): string | null;
  /** Changes a setting; gives the value as shown. */
  setSetting(name: string, value: string, local: boolean): string;
  /** The statement waits that long before its rows are given. */
  sleep(seconds: number): void;
  /** nextval and its like, by the oid of the sequence. */
  readonly sequences?: {
    next(oid: number): bigint;
    current(oid: number): bigint;
    set(oid: number, value: bigint, called: boolean): bigint;
    last(): bigint;
  };
  /** Sends a notification when the transaction commits. */
  notify(channel: string, payload: string): void;
  /** True for tables: relations that INSERT, UPDATE and DELETE change. */
  takesChanges(relation: number): boolean;
  /** Channels the session listens to. */
  channels(): readonly string[];
  /**
   * What has_table_privilege and its like answer: `user` null is the current one, `object` a name
   * or an oid; null when there is no such object.
   */
  hasPrivilege(ask: {
    readonly what: 'relation' | 'schema' | 'database' | 'role' | 'function' | 'other';
    /** A column's name or number; null: any column will do. */
    readonly column?: string | number | null;
    readonly user: string | number | null; readonly object: string | number;
    readonly wanted: string;
  }): boolean | null;
  /** Stops another session's statement, or the session; false when there is none. */
  signal(pid: number, terminate: boolean): boolean;
}

/** Kinds of objects with a place on the search path. */
export type VisibleObject = 'relation' | 'type' | 'function' | 'other';

/** Kinds of objects that have a definition in the catalog. */
export type DescribedObject =
  | 'role' | 'index' | 'constraint' | 'view' | 'function' | 'function-result'
  | 'function-arguments' | 'trigger' | 'rule' | 'partition' | 'statistics';

/** Code of a scalar function. */
export type ScalarEvaluator = (context: EvaluationContext, ...args: Value[]) => Value;

interface Common {
  readonly id: string;
  readonly name: string;
  readonly args: readonly SignatureType[];
  /** The last argument repeats (VARIADIC). */
  readonly variadic: boolean;
  /** Names of the arguments, where calls by name (`days => 10`) are to be expected. */
  readonly argNames?: readonly string[];
  readonly result: SignatureType;
  readonly doc: string;
  /** SQL expression and the text of its value; run as tests and shown in the docs. */
  readonly examples: readonly (readonly [string, string | null])[];
  /** Set for what CREATE FUNCTION or CREATE AGGREGATE made. */
  readonly user?: UserFunction;
}

/** A scalar function. */
export interface ScalarFunction extends Common {
  readonly kind: 'scalar';
  /** `propagate`: NULL when an argument is NULL, never called then. `called`: sees NULLs. */
  readonly nulls: 'propagate' | 'called';
  /** immutable: kernels and views; stable: reads the context (time zone); volatile: refused. */
  readonly volatility: 'immutable' | 'stable' | 'volatile';
  /** Only for `nulls: 'called'`: false when the result is never NULL. */
  readonly mayBeNull: boolean;
  readonly evaluate: ScalarEvaluator;
  /**
   * Polymorphic functions whose code depends on the call's types (`to_jsonb(anyelement)`) have
   * this and an `evaluate` that only throws. Callers use `evaluatorOf(entry, args, result)` of
   * registry.ts, once per call site, with the types the arguments have there (records with
   * their fields).
   */
  readonly specialize?: (args: readonly SqlType[], result: SqlType) => ScalarEvaluator;
  /**
   * JavaScript expression over argument texts (slot names), for non-NULL arguments, in the physical
   * value model (i64 is bigint). May call helpers: `${call('name')}(..)` is not available; what
   * does not fit one expression is left to `evaluate`. `check` names: overflow checks are written
   * with `$.int4(x)`, `$.int8(x)`, `$.fail22012()` of kernels/helpers.ts.
   */
  readonly inline?: (...args: string[]) => string;
}

/** State layout and loops of an aggregate are chosen by `strategy`; see runtime/operators. */
export interface AggregateFunction extends Common {
  readonly kind: 'aggregate';
  readonly strategy: AggregateStrategy;
  /** Result over no rows: `null`, or 0 for counts. */
  readonly empty: Value;
  /** Aggregates that skip rows with a NULL first argument (nearly all). */
  readonly skipsNull: boolean;
  readonly orderSensitive: boolean;
  /**
   * Only ordered-set aggregates: how many of `args` are direct arguments, before WITHIN GROUP. The
   * rest are the ORDER BY expressions; each collected row is direct arguments, then those.
   */
  readonly directArgs?: number;
}

/**
 * How an aggregate is kept.
 * `count`, `sum*`, `avg*`, `moments`: linear accumulators (retractable by subtraction; float sums
 * through an exact accumulator). `extreme`: min/max. `bool`, `bit`: counts per outcome/bit.
 * `collect`: the multiset of argument rows in order; `finish` computes the value from it.
 */
export type AggregateStrategy =
  | { readonly kind: 'count' }
  | { readonly kind: 'sum'; readonly of: 'int' | 'numeric' | 'float' | 'interval' }
  | { readonly kind: 'avg'; readonly of: 'int' | 'numeric' | 'float' | 'interval' }
  | { readonly kind: 'extreme'; readonly direction: 'min' | 'max' }
  | { readonly kind: 'bool'; readonly op: 'and' | 'or' }
  | {
      readonly kind: 'collect';
      /**
       * `rows`: argument tuples with multiplicities expanded, in the call's ORDER BY (ties and no
       * order: by value). Constant extra arguments (percentile fraction) stand in each tuple.
       */
      readonly finish: (rows: readonly (readonly Value[])[], types: readonly SqlType[]) => Value;
      /** How to keep a small state instead of the rows. */
      readonly summary?: SummaryMaker;
      /** How to find the result among the rows in order without going through them. */
      readonly pick?: OrderedPick;
    };

/** A state over argument rows; their order does not matter. */
export interface Summary {
  /** Takes a row in `weight` times, or out -`weight` times. */
  add(args: readonly Value[], weight: number): void;
  result(): Value;
  /** The state as bytes; they are never written to again. */
  save(): Uint8Array;
}

/** Makes the states of an aggregate, over no rows or from bytes. */
export interface SummaryMaker {
  /** False: rows cannot be taken out; the state serves append-only input alone. */
  readonly retracts: () => boolean;
  readonly make: (types: readonly SqlType[]) => Summary;
  readonly load: (bytes: Uint8Array, types: readonly SqlType[]) => Summary;
}

/** The rows of a group in order, as many times as they weigh. */
export interface OrderedValues {
  readonly count: number;
  /** An argument of row `place`, from 0. */
  at(place: number, argument: number): Value;
}

/** See `pick` of the strategy. */
export interface OrderedPick {
  /** Rows are ordered by this argument before all else; NULLs come last. */
  readonly by?: { readonly argument: number; readonly descending: boolean };
  readonly result: (rows: OrderedValues, types: readonly SqlType[]) => Value;
}

/** A set-returning function: rows of one or more columns. */
export interface TableFunction extends Common {
  readonly kind: 'table';
  readonly columns: (args: readonly SqlType[]) => readonly {
    readonly name: string; readonly type: SqlType;
  }[];
  readonly nulls: 'propagate' | 'called';
  readonly volatility: 'immutable' | 'stable' | 'volatile';
  readonly evaluate: (context: EvaluationContext, ...args: Value[]) => Iterable<readonly Value[]>;
}

/** A pure window function; aggregates serve as window functions as well. */
export interface WindowFunction extends Common {
  readonly kind: 'window';
  readonly code: 'row_number' | 'rank' | 'dense_rank' | 'percent_rank' | 'cume_dist' | 'ntile'
    | 'lag' | 'lead' | 'first_value' | 'last_value' | 'nth_value';
}

/** Any entry of the registry. */
export type FunctionEntry = ScalarFunction | AggregateFunction | TableFunction | WindowFunction;

/** A cast between two types: which contexts allow it, and its code. */
export interface CastEntry {
  readonly from: SqlType;
  readonly to: SqlType;
  readonly context: 'implicit' | 'assignment' | 'explicit';
  /** Before type modifiers are applied. */
  readonly evaluate: (context: EvaluationContext, value: Value) => Value;
  readonly inline?: (arg: string) => string;
  readonly volatility: 'immutable' | 'stable';
}

/** Physical kinds of a call's arguments, for the generator. */
export type PhysicalArgs = readonly Physical[];
