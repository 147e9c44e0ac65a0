/**
 * The syntax tree of expressions, queries and data changes: readonly plain objects with `kind`
 * and `span` (offsets into the text given to the parser).
 *
 * The tree says what was written, not what it means: names are folded but not resolved. Forms that
 * PostgreSQL itself rewrites while parsing are rewritten here too (SUBSTRING(a FROM b) is a
 * function call, `!=` is `<>`, INT is int4). What is absent is `null` or an empty list, never a
 * missing property. These three parts refer to each other, so they share a file; what refers
 * to none of them is in ast-leaves.ts, all other statements are in ast-statements.ts.
 */
import type { Span } from '../common/span.ts';
import type {
  Alias,
  BooleanLiteral,
  ColumnRef,
  CteSearch,
  DecimalLiteral,
  DefaultExpr,
  GroupEmpty,
  Identifier,
  IntegerLiteral,
  JoinUsing,
  LockingClause,
  Node,
  NullLiteral,
  Parameter,
  QualifiedName,
  SecretRef,
  SqlValueFunction,
  StringLiteral,
  TableQuery,
  WindowName,
} from './ast-leaves.ts';

/**
 * A type as written. Keyword spellings become PostgreSQL's internal names: INTEGER is int4, DOUBLE
 * PRECISION float8, DECIMAL numeric, BOOLEAN bool, CHAR bpchar with modifier 1, VARCHAR varchar,
 * TIMESTAMP WITH TIME ZONE timestamptz. `modifiers` are the values in parentheses.
 */
export interface TypeName extends Node {
  readonly kind: 'typeName';
  readonly name: QualifiedName;
  readonly modifiers: readonly Expr[];
  /** For interval: 'minute', 'day to second', ... */
  readonly intervalFields: string | null;
  /** Number of [] behind the type. */
  readonly arrayDimensions: number;
  readonly setof: boolean;
  /** Fields of STRUCT<a int, ...> (name 'struct'); empty otherwise. */
  readonly fields: readonly TypeField[];
}

/** One field of a STRUCT<...> type. */
export interface TypeField extends Node {
  readonly kind: 'typeField';
  readonly name: Identifier;
  readonly type: TypeName;
}

// ------------------------------------------------------------------------------- expressions

/** Any scalar expression. */
export type Expr =
  | IntegerLiteral
  | DecimalLiteral
  | StringLiteral
  | BooleanLiteral
  | NullLiteral
  | TypedLiteral
  | DefaultExpr
  | ColumnRef
  | Star
  | FieldAccess
  | FieldStar
  | Parameter
  | Unary
  | Binary
  | AndExpr
  | OrExpr
  | NotExpr
  | IsTest
  | IsDistinct
  | IsJson
  | Between
  | InList
  | InSubquery
  | Like
  | QuantifiedArray
  | QuantifiedSubquery
  | Exists
  | ScalarSubquery
  | ArrayExpr
  | ArraySubquery
  | RowExpr
  | Subscript
  | Slice
  | CaseExpr
  | Cast
  | Coalesce
  | NullIf
  | MinMax
  | AtTimeZone
  | Collate
  | SqlValueFunction
  | FunctionCall
  | Lambda;

/** DATE '2020-01-01', INTERVAL '5' MINUTE, float8 'NaN'. */
export interface TypedLiteral extends Node {
  readonly kind: 'typedLiteral';
  readonly type: TypeName;
  readonly value: string;
}

/** `*` or `t.*` in a select list or in ROW(...); `except` holds names of * EXCEPT (a, b). */
export interface Star extends Node {
  readonly kind: 'star';
  readonly qualifier: readonly Identifier[];
  readonly except: readonly ColumnRef[];
}

/** (expr).field */
export interface FieldAccess extends Node {
  readonly kind: 'fieldAccess';
  readonly operand: Expr;
  readonly field: Identifier;
}

/** (expr).* */
export interface FieldStar extends Node {
  readonly kind: 'fieldStar';
  readonly operand: Expr;
}

/** A prefix operator. `operatorSchema` is set for OPERATOR(schema.op). */
export interface Unary extends Node {
  readonly kind: 'unary';
  readonly operator: string;
  readonly operatorSchema: string | null;
  readonly operand: Expr;
}

/** A binary operator; `operatorSpan` is where error positions point to. */
export interface Binary extends Node {
  readonly kind: 'binary';
  readonly operator: string;
  readonly operatorSchema: string | null;
  readonly operatorSpan: Span;
  readonly left: Expr;
  readonly right: Expr;
}

/** a AND b AND c: a chain is one node of two or more operands. */
export interface AndExpr extends Node {
  readonly kind: 'and';
  readonly operands: readonly Expr[];
}

/** a OR b OR c: a chain is one node of two or more operands. */
export interface OrExpr extends Node {
  readonly kind: 'or';
  readonly operands: readonly Expr[];
}

/** NOT a */
export interface NotExpr extends Node {
  readonly kind: 'not';
  readonly operand: Expr;
}

/** a IS [NOT] NULL | TRUE | FALSE | UNKNOWN; also ISNULL and NOTNULL. */
export interface IsTest extends Node {
  readonly kind: 'isTest';
  readonly test: 'null' | 'true' | 'false' | 'unknown';
  readonly negated: boolean;
  readonly operand: Expr;
}

/** a IS [NOT] DISTINCT FROM b; `negated` is IS NOT DISTINCT FROM. */
export interface IsDistinct extends Node {
  readonly kind: 'isDistinct';
  readonly negated: boolean;
  readonly left: Expr;
  readonly right: Expr;
}

/** a IS [NOT] JSON [VALUE | ARRAY | OBJECT | SCALAR] */
export interface IsJson extends Node {
  readonly kind: 'isJson';
  readonly negated: boolean;
  readonly type: 'value' | 'array' | 'object' | 'scalar';
  readonly operand: Expr;
}

/** a [NOT] BETWEEN [SYMMETRIC] low AND high */
export interface Between extends Node {
  readonly kind: 'between';
  readonly negated: boolean;
  readonly symmetric: boolean;
  readonly operand: Expr;
  readonly low: Expr;
  readonly high: Expr;
}

/** a [NOT] IN (x, y) */
export interface InList extends Node {
  readonly kind: 'inList';
  readonly negated: boolean;
  readonly operand: Expr;
  readonly items: readonly Expr[];
}

/** a [NOT] IN (SELECT ...); the operand may be a row. */
export interface InSubquery extends Node {
  readonly kind: 'inSubquery';
  readonly negated: boolean;
  readonly operand: Expr;
  readonly query: Query;
}

/** a [NOT] LIKE | ILIKE | SIMILAR TO pattern [ESCAPE e] */
export interface Like extends Node {
  readonly kind: 'like';
  readonly operator: 'like' | 'ilike' | 'similar';
  readonly negated: boolean;
  readonly operand: Expr;
  readonly pattern: Expr;
  readonly escape: Expr | null;
}

/** a op ANY (array) or ALL (array). LIKE appears as operator ~~, NOT LIKE !~~, ILIKE ~~*. */
export interface QuantifiedArray extends Node {
  readonly kind: 'quantifiedArray';
  readonly operator: string;
  readonly operatorSchema: string | null;
  readonly quantifier: 'any' | 'all';
  readonly operand: Expr;
  readonly array: Expr;
}

/** a op ANY (SELECT ...) or ALL (SELECT ...). */
export interface QuantifiedSubquery extends Node {
  readonly kind: 'quantifiedSubquery';
  readonly operator: string;
  readonly operatorSchema: string | null;
  readonly quantifier: 'any' | 'all';
  readonly operand: Expr;
  readonly query: Query;
}

/** EXISTS (SELECT ...) */
export interface Exists extends Node {
  readonly kind: 'exists';
  readonly query: Query;
}

/** (SELECT ...) as a value. */
export interface ScalarSubquery extends Node {
  readonly kind: 'scalarSubquery';
  readonly query: Query;
}

/** ARRAY[a, b]; inner bare lists [[1],[2]] are ArrayExpr too. */
export interface ArrayExpr extends Node {
  readonly kind: 'array';
  readonly elements: readonly Expr[];
}

/** ARRAY(SELECT ...) */
export interface ArraySubquery extends Node {
  readonly kind: 'arraySubquery';
  readonly query: Query;
}

/** ROW(a, b), or (a, b) with `explicit` false. */
export interface RowExpr extends Node {
  readonly kind: 'row';
  readonly explicit: boolean;
  readonly items: readonly Expr[];
}

/** a[i] */
export interface Subscript extends Node {
  readonly kind: 'subscript';
  readonly operand: Expr;
  /** (a[1])[2]: the operand is a subscript or slice in parentheses, a value of its own. */
  readonly apart?: true;
  readonly index: Expr;
}

/** a[lower:upper]; a missing bound is null. */
export interface Slice extends Node {
  readonly kind: 'slice';
  readonly operand: Expr;
  /** As in Subscript. */
  readonly apart?: true;
  readonly lower: Expr | null;
  readonly upper: Expr | null;
}

/** CASE [operand] WHEN ... THEN ... [ELSE ...] END */
export interface CaseExpr extends Node {
  readonly kind: 'case';
  readonly operand: Expr | null;
  readonly branches: readonly CaseBranch[];
  readonly otherwise: Expr | null;
}

/** One WHEN ... THEN ... of a CASE. */
export interface CaseBranch extends Node {
  readonly kind: 'caseBranch';
  readonly when: Expr;
  readonly then: Expr;
}

/** CAST(a AS t), a::t; `onError` 'null' for TRY_CAST. */
export interface Cast extends Node {
  readonly kind: 'cast';
  readonly operand: Expr;
  readonly type: TypeName;
  readonly onError: 'error' | 'null';
}

/** COALESCE(a, ...) */
export interface Coalesce extends Node {
  readonly kind: 'coalesce';
  readonly args: readonly Expr[];
}

/** NULLIF(a, b) */
export interface NullIf extends Node {
  readonly kind: 'nullIf';
  readonly left: Expr;
  readonly right: Expr;
}

/** GREATEST(a, ...) or LEAST(a, ...) */
export interface MinMax extends Node {
  readonly kind: 'minMax';
  readonly function: 'greatest' | 'least';
  readonly args: readonly Expr[];
}

/** a AT TIME ZONE z */
export interface AtTimeZone extends Node {
  readonly kind: 'atTimeZone';
  readonly operand: Expr;
  readonly zone: Expr;
}

/** a COLLATE c */
export interface Collate extends Node {
  readonly kind: 'collate';
  readonly operand: Expr;
  readonly collation: QualifiedName;
}

/**
 * A call of a function, aggregate or window function. Special forms arrive under PostgreSQL's
 * names: extract('f', x), substring(a, b, c), position(string, substring), overlay(...), btrim,
 * ltrim, rtrim, normalize, pg_collation_for.
 */
export interface FunctionCall extends Node {
  readonly kind: 'functionCall';
  readonly name: QualifiedName;
  readonly args: readonly FunctionArgument[];
  /** f(*) */
  readonly star: boolean;
  readonly distinct: boolean;
  readonly orderBy: readonly SortItem[];
  /** WITHIN GROUP (ORDER BY ...); empty when absent. */
  readonly withinGroup: readonly SortItem[];
  readonly filter: Expr | null;
  readonly nulls: 'ignore' | 'respect' | null;
  readonly over: WindowSpec | WindowName | null;
}

/** One argument; `name` for f(name => value). */
export interface FunctionArgument extends Node {
  readonly kind: 'argument';
  readonly name: Identifier | null;
  readonly value: Expr;
  readonly variadic: boolean;
}

/** |x, y| expr, an argument of array functions. */
export interface Lambda extends Node {
  readonly kind: 'lambda';
  readonly parameters: readonly Identifier[];
  readonly body: Expr;
}

// ------------------------------------------------------------------------- sorting and windows

/** One key of an ORDER BY. `nulls` null means the default of the direction. */
export interface SortItem extends Node {
  readonly kind: 'sortItem';
  readonly expr: Expr;
  readonly direction: 'asc' | 'desc';
  readonly nulls: 'first' | 'last' | null;
  /** ORDER BY x USING op; null when absent. */
  readonly using: string | null;
}

/** OVER ([base] PARTITION BY ... ORDER BY ... frame) */
export interface WindowSpec extends Node {
  readonly kind: 'windowSpec';
  readonly base: Identifier | null;
  readonly partitionBy: readonly Expr[];
  readonly orderBy: readonly SortItem[];
  readonly frame: WindowFrame | null;
}

/** A frame; `end` is null when only a start was written (then it is CURRENT ROW). */
export interface WindowFrame extends Node {
  readonly kind: 'windowFrame';
  /** 'session': SESSION WITH GAP g; the gap is the offset of `start`. */
  readonly unit: 'rows' | 'range' | 'groups' | 'session';
  readonly start: FrameBound;
  readonly end: FrameBound | null;
  readonly exclude: 'currentRow' | 'group' | 'ties' | 'noOthers' | null;
}

/** A bound of a frame; `offset` only for preceding and following. */
export interface FrameBound extends Node {
  readonly kind: 'frameBound';
  readonly bound:
    | 'unboundedPreceding'
    | 'preceding'
    | 'currentRow'
    | 'following'
    | 'unboundedFollowing';
  readonly offset: Expr | null;
}

/** WINDOW name AS (spec) */
export interface NamedWindow extends Node {
  readonly kind: 'namedWindow';
  readonly name: Identifier;
  readonly spec: WindowSpec;
}

// ---------------------------------------------------------------------------------- queries

/** A whole query with the clauses that apply to its result. */
export interface Query extends Node {
  readonly kind: 'query';
  readonly with: WithClause | null;
  readonly body: QueryBody;
  readonly orderBy: readonly SortItem[];
  /** LIMIT n and FETCH FIRST n ROWS; LIMIT ALL is null. */
  readonly limit: Expr | null;
  /** FETCH FIRST n ROWS WITH TIES */
  readonly withTies: boolean;
  readonly offset: Expr | null;
  readonly locking: readonly LockingClause[];
  readonly emit: EmitClause | null;
  readonly asOf: AsOf | null;
  /** OPTIONS (name = value, ...) at the end. */
  readonly options: readonly Option[];
}

/** What a query is made of; a nested Query is a parenthesised one with clauses of its own. */
export type QueryBody = Select | SetOperation | Values | TableQuery | Query;

/** SELECT ... */
export interface Select extends Node {
  readonly kind: 'select';
  readonly distinct: boolean;
  /** DISTINCT ON (...); empty when absent. */
  readonly distinctOn: readonly Expr[];
  readonly items: readonly SelectItem[];
  readonly into: QualifiedName | null;
  readonly intoTemporary: boolean;
  /** Several items are a cross join. */
  readonly from: readonly FromItem[];
  readonly where: Expr | null;
  readonly groupBy: readonly GroupItem[];
  /** GROUP BY DISTINCT */
  readonly groupDistinct: boolean;
  readonly fill: FillClause | null;
  readonly having: Expr | null;
  readonly windows: readonly NamedWindow[];
}

/** FILL (PREV, LINEAR, 0) TRAILING interval: rows for windows without any. */
export interface FillClause extends Node {
  readonly kind: 'fill';
  /** One for all, or one for each output with an aggregate; empty: aggregates of no rows. */
  readonly values: readonly Expr[];
  readonly trailing: Expr | null;
}

/** An output column. */
export interface SelectItem extends Node {
  readonly kind: 'selectItem';
  readonly expr: Expr;
  readonly alias: Identifier | null;
}

/** UNION, INTERSECT or EXCEPT [ALL]; left associative, INTERSECT binds tighter. */
export interface SetOperation extends Node {
  readonly kind: 'setOperation';
  readonly operator: 'union' | 'intersect' | 'except';
  readonly all: boolean;
  readonly left: QueryBody;
  readonly right: QueryBody;
}

/** VALUES (a, b), (c, d) */
export interface Values extends Node {
  readonly kind: 'values';
  readonly rows: readonly (readonly Expr[])[];
}

/** An element of GROUP BY; integers are ordinals (the planner decides). */
export type GroupItem = GroupExpr | GroupEmpty | GroupRollup | GroupSets;

/** A plain grouping expression; (a, b) is a RowExpr with `explicit` false. */
export interface GroupExpr extends Node {
  readonly kind: 'groupExpr';
  readonly expr: Expr;
}

/** ROLLUP (...) or CUBE (...); an element of several columns is a RowExpr. */
export interface GroupRollup extends Node {
  readonly kind: 'groupRollup';
  readonly function: 'rollup' | 'cube';
  readonly items: readonly Expr[];
}

/** GROUPING SETS (...), which may nest. */
export interface GroupSets extends Node {
  readonly kind: 'groupSets';
  readonly sets: readonly GroupItem[];
}

/** WITH ...; `recursive` 'mutually' is WITH MUTUALLY RECURSIVE. */
export interface WithClause extends Node {
  readonly kind: 'with';
  readonly recursive: 'no' | 'recursive' | 'mutually';
  /** WITH MUTUALLY RECURSIVE (RECURSION LIMIT = 100); empty otherwise. */
  readonly options: readonly Option[];
  readonly ctes: readonly Cte[];
}

/** One common table expression. */
export interface Cte extends Node {
  readonly kind: 'cte';
  readonly name: Identifier;
  readonly columns: readonly CteColumn[];
  readonly materialized: boolean | null;
  readonly query: Query | DataChange;
  readonly search: CteSearch | null;
  readonly cycle: CteCycle | null;
}

/** A column of a CTE's list; typed under MUTUALLY RECURSIVE only. */
export interface CteColumn extends Node {
  readonly kind: 'cteColumn';
  readonly name: Identifier;
  readonly type: TypeName | null;
}

/** CYCLE columns SET mark [TO v DEFAULT w] USING path */
export interface CteCycle extends Node {
  readonly kind: 'cteCycle';
  readonly columns: readonly Identifier[];
  readonly mark: Identifier;
  readonly markValue: Expr | null;
  readonly markDefault: Expr | null;
  readonly path: Identifier;
}

/** EMIT CHANGES, ON WINDOW CLOSE (also FINAL), EVERY interval; the last goes with the others. */
export interface EmitClause extends Node {
  readonly kind: 'emit';
  readonly mode: 'changes' | 'windowClose' | null;
  readonly every: Expr | null;
  /** WITH PANE */
  readonly pane: boolean;
}

/** AS OF [AT LEAST] value, or FOR SYSTEM_TIME AS OF value behind a relation. */
export interface AsOf extends Node {
  readonly kind: 'asOf';
  readonly atLeast: boolean;
  readonly value: Expr;
}

/** An element of FROM. */
export type FromItem = TableRef | DerivedTable | FunctionTable | WindowTable | Join;

/** A relation by name. */
export interface TableRef extends Node {
  readonly kind: 'tableRef';
  readonly name: QualifiedName;
  readonly only: boolean;
  readonly alias: Alias | null;
  readonly asOf: AsOf | null;
  readonly sample: TableSample | null;
}

/** TABLESAMPLE method (args) [REPEATABLE (seed)] */
export interface TableSample extends Node {
  readonly kind: 'tableSample';
  readonly method: QualifiedName;
  readonly args: readonly Expr[];
  readonly repeatable: Expr | null;
}

/** [LATERAL] (query) AS alias */
export interface DerivedTable extends Node {
  readonly kind: 'derivedTable';
  readonly query: Query;
  readonly lateral: boolean;
  readonly alias: Alias | null;
}

/** [LATERAL] f(...) [WITH ORDINALITY], or ROWS FROM (f(...), g(...)). */
export interface FunctionTable extends Node {
  readonly kind: 'functionTable';
  readonly functions: readonly FunctionTableCall[];
  readonly rowsFrom: boolean;
  readonly ordinality: boolean;
  readonly lateral: boolean;
  readonly alias: Alias | null;
}

/** One function of a FunctionTable; `columns` is its definition list AS (a int, b text). */
export interface FunctionTableCall extends Node {
  readonly kind: 'functionTableCall';
  readonly call: Expr;
  readonly columns: readonly TypeField[];
}

/**
 * A relation with a time window over it, in any of the accepted spellings.
 * `clause` true: the `t WINDOW TUMBLING (...)` form, which groups by the window implicitly.
 */
export interface WindowTable extends Node {
  readonly kind: 'windowTable';
  readonly window: 'tumble' | 'hop' | 'cumulate' | 'session';
  readonly clause: boolean;
  readonly source: FromItem;
  /** null: the relation's watermark column. */
  readonly timeColumn: Expr | null;
  /** Tumble, hop, cumulate: length. */
  readonly size: Expr | null;
  /** Hop: slide. Cumulate: step. */
  readonly slide: Expr | null;
  /** Session. */
  readonly gap: Expr | null;
  /** Session: no longer than this. */
  readonly longest: Expr | null;
  readonly offset: Expr | null;
  /** Tumble, hop, cumulate: days are those of this time zone. */
  readonly timeZone: Expr | null;
  readonly partitionBy: readonly Expr[];
  readonly gracePeriod: Expr | null;
  readonly retention: Expr | null;
  readonly alias: Alias | null;
}

/** A join; `alias` belongs to a parenthesised join. */
export interface Join extends Node {
  readonly kind: 'join';
  readonly type: 'inner' | 'left' | 'right' | 'full' | 'cross';
  readonly natural: boolean;
  readonly asof: boolean;
  readonly left: FromItem;
  readonly right: FromItem;
  readonly on: Expr | null;
  readonly using: JoinUsing | null;
  readonly alias: Alias | null;
}

// ---------------------------------------------------------------------------------- options

/**
 * name = value in WITH (...), COPY, EXPLAIN, SUBSCRIBE, ...; the name is in lower case unless it
 * was quoted, with its dots.
 */
export interface Option extends Node {
  readonly kind: 'option';
  readonly name: string;
  /** null: the name alone. A bare word is a StringLiteral in lower case. */
  readonly value: OptionValue | null;
}

/** The value of an option. */
export type OptionValue = Expr | SecretRef | OptionList;

/** (a, b) as an option's value: column lists, KEY (a, b). */
export interface OptionList extends Node {
  readonly kind: 'optionList';
  readonly items: readonly OptionValue[];
}

// ----------------------------------------------------------------------------- data changes

/** Statements that change rows; may stand in WITH. */
export type DataChange = Insert | Update | Delete;

/** INSERT INTO t ... */
export interface Insert extends Node {
  readonly kind: 'insert';
  readonly with: WithClause | null;
  readonly table: QualifiedName;
  readonly alias: Identifier | null;
  /** Empty: all columns in order. */
  readonly columns: readonly InsertColumn[];
  readonly overriding: 'system' | 'user' | null;
  /** null: DEFAULT VALUES. DEFAULT may stand in a VALUES body. */
  readonly source: Query | null;
  readonly onConflict: OnConflict | null;
  readonly returning: readonly SelectItem[];
}

/** A target column, perhaps with field or subscript access (which the planner may refuse). */
export interface InsertColumn extends Node {
  readonly kind: 'insertColumn';
  readonly name: Identifier;
  readonly access: readonly Expr[];
}

/** ON CONFLICT [(target) [WHERE ...] | ON CONSTRAINT c] DO NOTHING | UPDATE SET ... | OVERWRITE */
export interface OnConflict extends Node {
  readonly kind: 'onConflict';
  readonly target: readonly Expr[];
  readonly targetWhere: Expr | null;
  readonly constraint: Identifier | null;
  /**
   * OVERWRITE (also DO UPDATE FULL) and DO UPDATE IF NOT NULL, which keeps old values where the new
   * ones are NULL, only in CREATE TABLE; so are version columns.
   */
  readonly action: 'nothing' | 'update' | 'overwrite' | 'overwriteNonNull';
  readonly set: readonly Assignment[];
  readonly where: Expr | null;
  readonly versionColumns: readonly Identifier[];
}

/** SET a = x, or SET (a, b) = (x, y) | ROW(...) | (SELECT ...) with several columns. */
export interface Assignment extends Node {
  readonly kind: 'assignment';
  readonly columns: readonly InsertColumn[];
  /** True for the form with parentheses, even around one column. */
  readonly multiple: boolean;
  readonly value: Expr;
}

/** UPDATE t SET ... */
export interface Update extends Node {
  readonly kind: 'update';
  readonly with: WithClause | null;
  readonly table: TableRef;
  readonly set: readonly Assignment[];
  readonly from: readonly FromItem[];
  readonly where: Expr | null;
  readonly returning: readonly SelectItem[];
}

/** DELETE FROM t ... */
export interface Delete extends Node {
  readonly kind: 'delete';
  readonly with: WithClause | null;
  readonly table: TableRef;
  readonly using: readonly FromItem[];
  readonly where: Expr | null;
  readonly returning: readonly SelectItem[];
}
