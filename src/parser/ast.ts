/**
 * The syntax tree of expressions, queries and data changes: readonly plain objects with `kind`
 * and `span` (offsets into the text given to the parser).
 *
 * The tree says what was written, not what it means: names are folded but not resolved. Forms that
 * PostgreSQL itself rewrites while parsing are rewritten here too (SUBSTRING(a FROM b) is a
 * function call, `!=` is `<>`, INT is int4). What is absent is `null` or an empty list, never a
 * missing property. These three parts refer to each other, so they share a file; all other
 * statements are in ast-statements.ts.
 */
import type { Span } from '../common/span.ts';

/** A name of one part, folded to lower case unless it was quoted. */
export interface Identifier {
  readonly kind: 'identifier';
  readonly name: string;
  readonly span: Span;
}

/** A name of one to four parts: [[database.]schema.]object, or a column after them. */
export interface QualifiedName {
  readonly kind: 'qualifiedName';
  readonly parts: readonly Identifier[];
  readonly span: Span;
}

/**
 * A type as written. Keyword spellings become PostgreSQL's internal names: INTEGER is int4, DOUBLE
 * PRECISION float8, DECIMAL numeric, BOOLEAN bool, CHAR bpchar with modifier 1, VARCHAR varchar,
 * TIMESTAMP WITH TIME ZONE timestamptz. `modifiers` are the values in parentheses.
 */
export interface TypeName {
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
  readonly span: Span;
}

/** One field of a STRUCT<...> type. */
export interface TypeField {
  readonly kind: 'typeField';
  readonly name: Identifier;
  readonly type: TypeName;
  readonly span: Span;
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

/** Digits only; int4, int8 or numeric by size. Hex, octal, binary are given in decimal. */
export interface IntegerLiteral {
  readonly kind: 'integerLiteral';
  readonly text: string;
  readonly span: Span;
}

/** A number with a point or an exponent; numeric. */
export interface DecimalLiteral {
  readonly kind: 'decimalLiteral';
  readonly text: string;
  readonly span: Span;
}

/** 'text', E'text', $$text$$, U&'text', decoded; type unknown until bound. */
export interface StringLiteral {
  readonly kind: 'stringLiteral';
  readonly value: string;
  readonly span: Span;
}

/** TRUE or FALSE. */
export interface BooleanLiteral {
  readonly kind: 'booleanLiteral';
  readonly value: boolean;
  readonly span: Span;
}

/** NULL. */
export interface NullLiteral {
  readonly kind: 'nullLiteral';
  readonly span: Span;
}

/** DATE '2020-01-01', INTERVAL '5' MINUTE, float8 'NaN'. */
export interface TypedLiteral {
  readonly kind: 'typedLiteral';
  readonly type: TypeName;
  readonly value: string;
  readonly span: Span;
}

/** DEFAULT as a value in INSERT ... VALUES and UPDATE ... SET; 42601 elsewhere. */
export interface DefaultExpr {
  readonly kind: 'default';
  readonly span: Span;
}

/** A column, perhaps qualified: column, table.column, schema.table.column, db.schema.table.column. */
export interface ColumnRef {
  readonly kind: 'columnRef';
  readonly parts: readonly Identifier[];
  readonly span: Span;
}

/** `*` or `t.*` in a select list or in ROW(...); `except` holds names of * EXCEPT (a, b). */
export interface Star {
  readonly kind: 'star';
  readonly qualifier: readonly Identifier[];
  readonly except: readonly ColumnRef[];
  readonly span: Span;
}

/** (expr).field */
export interface FieldAccess {
  readonly kind: 'fieldAccess';
  readonly operand: Expr;
  readonly field: Identifier;
  readonly span: Span;
}

/** (expr).* */
export interface FieldStar {
  readonly kind: 'fieldStar';
  readonly operand: Expr;
  readonly span: Span;
}

/** $1; `index` counts from 1. */
export interface Parameter {
  readonly kind: 'parameter';
  readonly index: number;
  readonly span: Span;
}

/** A prefix operator. `operatorSchema` is set for OPERATOR(schema.op). */
export interface Unary {
  readonly kind: 'unary';
  readonly operator: string;
  readonly operatorSchema: string | null;
  readonly operand: Expr;
  readonly span: Span;
}

/** A binary operator; `operatorSpan` is where error positions point to. */
export interface Binary {
  readonly kind: 'binary';
  readonly operator: string;
  readonly operatorSchema: string | null;
  readonly operatorSpan: Span;
  readonly left: Expr;
  readonly right: Expr;
  readonly span: Span;
}

/** a AND b AND c: a chain is one node of two or more operands. */
export interface AndExpr {
  readonly kind: 'and';
  readonly operands: readonly Expr[];
  readonly span: Span;
}

/** a OR b OR c: a chain is one node of two or more operands. */
export interface OrExpr {
  readonly kind: 'or';
  readonly operands: readonly Expr[];
  readonly span: Span;
}

/** NOT a */
export interface NotExpr {
  readonly kind: 'not';
  readonly operand: Expr;
  readonly span: Span;
}

/** a IS [NOT] NULL | TRUE | FALSE | UNKNOWN; also ISNULL and NOTNULL. */
export interface IsTest {
  readonly kind: 'isTest';
  readonly test: 'null' | 'true' | 'false' | 'unknown';
  readonly negated: boolean;
  readonly operand: Expr;
  readonly span: Span;
}

/** a IS [NOT] DISTINCT FROM b; `negated` is IS NOT DISTINCT FROM. */
export interface IsDistinct {
  readonly kind: 'isDistinct';
  readonly negated: boolean;
  readonly left: Expr;
  readonly right: Expr;
  readonly span: Span;
}

/** a IS [NOT] JSON [VALUE | ARRAY | OBJECT | SCALAR] */
export interface IsJson {
  readonly kind: 'isJson';
  readonly negated: boolean;
  readonly type: 'value' | 'array' | 'object' | 'scalar';
  readonly operand: Expr;
  readonly span: Span;
}

/** a [NOT] BETWEEN [SYMMETRIC] low AND high */
export interface Between {
  readonly kind: 'between';
  readonly negated: boolean;
  readonly symmetric: boolean;
  readonly operand: Expr;
  readonly low: Expr;
  readonly high: Expr;
  readonly span: Span;
}

/** a [NOT] IN (x, y) */
export interface InList {
  readonly kind: 'inList';
  readonly negated: boolean;
  readonly operand: Expr;
  readonly items: readonly Expr[];
  readonly span: Span;
}

/** a [NOT] IN (SELECT ...); the operand may be a row. */
export interface InSubquery {
  readonly kind: 'inSubquery';
  readonly negated: boolean;
  readonly operand: Expr;
  readonly query: Query;
  readonly span: Span;
}

/** a [NOT] LIKE | ILIKE | SIMILAR TO pattern [ESCAPE e] */
export interface Like {
  readonly kind: 'like';
  readonly operator: 'like' | 'ilike' | 'similar';
  readonly negated: boolean;
  readonly operand: Expr;
  readonly pattern: Expr;
  readonly escape: Expr | null;
  readonly span: Span;
}

/** a op ANY (array) or ALL (array). LIKE appears as operator ~~, NOT LIKE !~~, ILIKE ~~*. */
export interface QuantifiedArray {
  readonly kind: 'quantifiedArray';
  readonly operator: string;
  readonly operatorSchema: string | null;
  readonly quantifier: 'any' | 'all';
  readonly operand: Expr;
  readonly array: Expr;
  readonly span: Span;
}

/** a op ANY (SELECT ...) or ALL (SELECT ...). */
export interface QuantifiedSubquery {
  readonly kind: 'quantifiedSubquery';
  readonly operator: string;
  readonly operatorSchema: string | null;
  readonly quantifier: 'any' | 'all';
  readonly operand: Expr;
  readonly query: Query;
  readonly span: Span;
}

/** EXISTS (SELECT ...) */
export interface Exists {
  readonly kind: 'exists';
  readonly query: Query;
  readonly span: Span;
}

/** (SELECT ...) as a value. */
export interface ScalarSubquery {
  readonly kind: 'scalarSubquery';
  readonly query: Query;
  readonly span: Span;
}

/** ARRAY[a, b]; inner bare lists [[1],[2]] are ArrayExpr too. */
export interface ArrayExpr {
  readonly kind: 'array';
  readonly elements: readonly Expr[];
  readonly span: Span;
}

/** ARRAY(SELECT ...) */
export interface ArraySubquery {
  readonly kind: 'arraySubquery';
  readonly query: Query;
  readonly span: Span;
}

/** ROW(a, b), or (a, b) with `explicit` false. */
export interface RowExpr {
  readonly kind: 'row';
  readonly explicit: boolean;
  readonly items: readonly Expr[];
  readonly span: Span;
}

/** a[i] */
export interface Subscript {
  readonly kind: 'subscript';
  readonly operand: Expr;
  readonly index: Expr;
  readonly span: Span;
}

/** a[lower:upper]; a missing bound is null. */
export interface Slice {
  readonly kind: 'slice';
  readonly operand: Expr;
  readonly lower: Expr | null;
  readonly upper: Expr | null;
  readonly span: Span;
}

/** CASE [operand] WHEN ... THEN ... [ELSE ...] END */
export interface CaseExpr {
  readonly kind: 'case';
  readonly operand: Expr | null;
  readonly branches: readonly CaseBranch[];
  readonly otherwise: Expr | null;
  readonly span: Span;
}

/** One WHEN ... THEN ... of a CASE. */
export interface CaseBranch {
  readonly kind: 'caseBranch';
  readonly when: Expr;
  readonly then: Expr;
  readonly span: Span;
}

/** CAST(a AS t), a::t; `onError` 'null' for TRY_CAST. */
export interface Cast {
  readonly kind: 'cast';
  readonly operand: Expr;
  readonly type: TypeName;
  readonly onError: 'error' | 'null';
  readonly span: Span;
}

/** COALESCE(a, ...) */
export interface Coalesce {
  readonly kind: 'coalesce';
  readonly args: readonly Expr[];
  readonly span: Span;
}

/** NULLIF(a, b) */
export interface NullIf {
  readonly kind: 'nullIf';
  readonly left: Expr;
  readonly right: Expr;
  readonly span: Span;
}

/** GREATEST(a, ...) or LEAST(a, ...) */
export interface MinMax {
  readonly kind: 'minMax';
  readonly function: 'greatest' | 'least';
  readonly args: readonly Expr[];
  readonly span: Span;
}

/** a AT TIME ZONE z */
export interface AtTimeZone {
  readonly kind: 'atTimeZone';
  readonly operand: Expr;
  readonly zone: Expr;
  readonly span: Span;
}

/** a COLLATE c */
export interface Collate {
  readonly kind: 'collate';
  readonly operand: Expr;
  readonly collation: QualifiedName;
  readonly span: Span;
}

/** Functions written without parentheses, with an optional precision. */
export interface SqlValueFunction {
  readonly kind: 'sqlValueFunction';
  readonly function:
    | 'current_date'
    | 'current_time'
    | 'current_timestamp'
    | 'localtime'
    | 'localtimestamp'
    | 'current_user'
    | 'session_user'
    | 'current_role'
    | 'user'
    | 'current_catalog'
    | 'current_schema';
  readonly precision: number | null;
  readonly span: Span;
}

/**
 * A call of a function, aggregate or window function. Special forms arrive under PostgreSQL's
 * names: extract('f', x), substring(a, b, c), position(string, substring), overlay(...), btrim,
 * ltrim, rtrim, normalize, pg_collation_for.
 */
export interface FunctionCall {
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
  readonly span: Span;
}

/** One argument; `name` for f(name => value). */
export interface FunctionArgument {
  readonly kind: 'argument';
  readonly name: Identifier | null;
  readonly value: Expr;
  readonly variadic: boolean;
  readonly span: Span;
}

/** |x, y| expr, an argument of array functions. */
export interface Lambda {
  readonly kind: 'lambda';
  readonly parameters: readonly Identifier[];
  readonly body: Expr;
  readonly span: Span;
}

// ------------------------------------------------------------------------- sorting and windows

/** One key of an ORDER BY. `nulls` null means the default of the direction. */
export interface SortItem {
  readonly kind: 'sortItem';
  readonly expr: Expr;
  readonly direction: 'asc' | 'desc';
  readonly nulls: 'first' | 'last' | null;
  /** ORDER BY x USING op; null when absent. */
  readonly using: string | null;
  readonly span: Span;
}

/** OVER w */
export interface WindowName {
  readonly kind: 'windowName';
  readonly name: Identifier;
  readonly span: Span;
}

/** OVER ([base] PARTITION BY ... ORDER BY ... frame) */
export interface WindowSpec {
  readonly kind: 'windowSpec';
  readonly base: Identifier | null;
  readonly partitionBy: readonly Expr[];
  readonly orderBy: readonly SortItem[];
  readonly frame: WindowFrame | null;
  readonly span: Span;
}

/** A frame; `end` is null when only a start was written (then it is CURRENT ROW). */
export interface WindowFrame {
  readonly kind: 'windowFrame';
  /** 'session': SESSION WITH GAP g; the gap is the offset of `start`. */
  readonly unit: 'rows' | 'range' | 'groups' | 'session';
  readonly start: FrameBound;
  readonly end: FrameBound | null;
  readonly exclude: 'currentRow' | 'group' | 'ties' | 'noOthers' | null;
  readonly span: Span;
}

/** A bound of a frame; `offset` only for preceding and following. */
export interface FrameBound {
  readonly kind: 'frameBound';
  readonly bound:
    | 'unboundedPreceding'
    | 'preceding'
    | 'currentRow'
    | 'following'
    | 'unboundedFollowing';
  readonly offset: Expr | null;
  readonly span: Span;
}

/** WINDOW name AS (spec) */
export interface NamedWindow {
  readonly kind: 'namedWindow';
  readonly name: Identifier;
  readonly spec: WindowSpec;
  readonly span: Span;
}

// ---------------------------------------------------------------------------------- queries

/** A whole query with the clauses that apply to its result. */
export interface Query {
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
  readonly span: Span;
}

/** What a query is made of; a nested Query is a parenthesised one with clauses of its own. */
export type QueryBody = Select | SetOperation | Values | TableQuery | Query;

/** SELECT ... */
export interface Select {
  readonly kind: 'select';
  readonly distinct: boolean;
  /** DISTINCT ON (...); empty when absent. */
  readonly distinctOn: readonly Expr[];
  readonly items: readonly SelectItem[];
  readonly into: QualifiedName | null;
  /** Several items are a cross join. */
  readonly from: readonly FromItem[];
  readonly where: Expr | null;
  readonly groupBy: readonly GroupItem[];
  /** GROUP BY DISTINCT */
  readonly groupDistinct: boolean;
  readonly having: Expr | null;
  readonly windows: readonly NamedWindow[];
  readonly span: Span;
}

/** An output column. */
export interface SelectItem {
  readonly kind: 'selectItem';
  readonly expr: Expr;
  readonly alias: Identifier | null;
  readonly span: Span;
}

/** UNION, INTERSECT or EXCEPT [ALL]; left associative, INTERSECT binds tighter. */
export interface SetOperation {
  readonly kind: 'setOperation';
  readonly operator: 'union' | 'intersect' | 'except';
  readonly all: boolean;
  readonly left: QueryBody;
  readonly right: QueryBody;
  readonly span: Span;
}

/** VALUES (a, b), (c, d) */
export interface Values {
  readonly kind: 'values';
  readonly rows: readonly (readonly Expr[])[];
  readonly span: Span;
}

/** TABLE t */
export interface TableQuery {
  readonly kind: 'tableQuery';
  readonly name: QualifiedName;
  readonly span: Span;
}

/** An element of GROUP BY; integers are ordinals (the planner decides). */
export type GroupItem = GroupExpr | GroupEmpty | GroupRollup | GroupSets;

/** A plain grouping expression; (a, b) is a RowExpr with `explicit` false. */
export interface GroupExpr {
  readonly kind: 'groupExpr';
  readonly expr: Expr;
  readonly span: Span;
}

/** () */
export interface GroupEmpty {
  readonly kind: 'groupEmpty';
  readonly span: Span;
}

/** ROLLUP (...) or CUBE (...); an element of several columns is a RowExpr. */
export interface GroupRollup {
  readonly kind: 'groupRollup';
  readonly function: 'rollup' | 'cube';
  readonly items: readonly Expr[];
  readonly span: Span;
}

/** GROUPING SETS (...), which may nest. */
export interface GroupSets {
  readonly kind: 'groupSets';
  readonly sets: readonly GroupItem[];
  readonly span: Span;
}

/** WITH ...; `recursive` 'mutually' is WITH MUTUALLY RECURSIVE. */
export interface WithClause {
  readonly kind: 'with';
  readonly recursive: 'no' | 'recursive' | 'mutually';
  /** WITH MUTUALLY RECURSIVE (RECURSION LIMIT = 100); empty otherwise. */
  readonly options: readonly Option[];
  readonly ctes: readonly Cte[];
  readonly span: Span;
}

/** One common table expression. */
export interface Cte {
  readonly kind: 'cte';
  readonly name: Identifier;
  readonly columns: readonly CteColumn[];
  readonly materialized: boolean | null;
  readonly query: Query | DataChange;
  readonly search: CteSearch | null;
  readonly cycle: CteCycle | null;
  readonly span: Span;
}

/** A column of a CTE's list; typed under MUTUALLY RECURSIVE only. */
export interface CteColumn {
  readonly kind: 'cteColumn';
  readonly name: Identifier;
  readonly type: TypeName | null;
  readonly span: Span;
}

/** SEARCH DEPTH | BREADTH FIRST BY columns SET column */
export interface CteSearch {
  readonly kind: 'cteSearch';
  readonly order: 'depth' | 'breadth';
  readonly by: readonly Identifier[];
  readonly set: Identifier;
  readonly span: Span;
}

/** CYCLE columns SET mark [TO v DEFAULT w] USING path */
export interface CteCycle {
  readonly kind: 'cteCycle';
  readonly columns: readonly Identifier[];
  readonly mark: Identifier;
  readonly markValue: Expr | null;
  readonly markDefault: Expr | null;
  readonly path: Identifier;
  readonly span: Span;
}

/** FOR UPDATE | NO KEY UPDATE | SHARE | KEY SHARE [OF t] [NOWAIT | SKIP LOCKED] */
export interface LockingClause {
  readonly kind: 'locking';
  readonly strength: 'update' | 'no key update' | 'share' | 'key share';
  readonly of: readonly QualifiedName[];
  readonly wait: 'wait' | 'nowait' | 'skip locked';
  readonly span: Span;
}

/** EMIT CHANGES | ON WINDOW CLOSE (also FINAL) | EVERY interval; the last combines with the others. */
export interface EmitClause {
  readonly kind: 'emit';
  readonly mode: 'changes' | 'windowClose' | null;
  readonly every: Expr | null;
  readonly span: Span;
}

/** AS OF [AT LEAST] value, or FOR SYSTEM_TIME AS OF value behind a relation. */
export interface AsOf {
  readonly kind: 'asOf';
  readonly atLeast: boolean;
  readonly value: Expr;
  readonly span: Span;
}

/** An element of FROM. */
export type FromItem = TableRef | DerivedTable | FunctionTable | WindowTable | Join;

/** AS name (columns); `columns` may name a prefix only. */
export interface Alias {
  readonly kind: 'alias';
  readonly name: Identifier;
  readonly columns: readonly Identifier[];
  readonly span: Span;
}

/** A relation by name. */
export interface TableRef {
  readonly kind: 'tableRef';
  readonly name: QualifiedName;
  readonly only: boolean;
  readonly alias: Alias | null;
  readonly asOf: AsOf | null;
  readonly sample: TableSample | null;
  readonly span: Span;
}

/** TABLESAMPLE method (args) [REPEATABLE (seed)] */
export interface TableSample {
  readonly kind: 'tableSample';
  readonly method: QualifiedName;
  readonly args: readonly Expr[];
  readonly repeatable: Expr | null;
  readonly span: Span;
}

/** [LATERAL] (query) AS alias */
export interface DerivedTable {
  readonly kind: 'derivedTable';
  readonly query: Query;
  readonly lateral: boolean;
  readonly alias: Alias | null;
  readonly span: Span;
}

/** [LATERAL] f(...) [WITH ORDINALITY], or ROWS FROM (f(...), g(...)). */
export interface FunctionTable {
  readonly kind: 'functionTable';
  readonly functions: readonly FunctionTableCall[];
  readonly rowsFrom: boolean;
  readonly ordinality: boolean;
  readonly lateral: boolean;
  readonly alias: Alias | null;
  readonly span: Span;
}

/** One function of a FunctionTable; `columns` is its definition list AS (a int, b text). */
export interface FunctionTableCall {
  readonly kind: 'functionTableCall';
  readonly call: Expr;
  readonly columns: readonly TypeField[];
  readonly span: Span;
}

/**
 * A relation with a time window over it, in any of the accepted spellings.
 * `clause` true: the `t WINDOW TUMBLING (...)` form, which groups by the window implicitly.
 */
export interface WindowTable {
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
  readonly offset: Expr | null;
  readonly partitionBy: readonly Expr[];
  readonly gracePeriod: Expr | null;
  readonly retention: Expr | null;
  readonly alias: Alias | null;
  readonly span: Span;
}

/** A join; `alias` belongs to a parenthesised join. */
export interface Join {
  readonly kind: 'join';
  readonly type: 'inner' | 'left' | 'right' | 'full' | 'cross';
  readonly natural: boolean;
  readonly asof: boolean;
  readonly left: FromItem;
  readonly right: FromItem;
  readonly on: Expr | null;
  readonly using: JoinUsing | null;
  readonly alias: Alias | null;
  readonly span: Span;
}

/** USING (columns) [AS alias] */
export interface JoinUsing {
  readonly kind: 'joinUsing';
  readonly columns: readonly Identifier[];
  readonly alias: Identifier | null;
  readonly span: Span;
}

// ---------------------------------------------------------------------------------- options

/** name = value in WITH (...), COPY, EXPLAIN, SUBSCRIBE, ...; the name is lower case, dots kept. */
export interface Option {
  readonly kind: 'option';
  readonly name: string;
  /** null: the name alone. A bare word is a StringLiteral in lower case. */
  readonly value: OptionValue | null;
  readonly span: Span;
}

/** The value of an option. */
export type OptionValue = Expr | SecretRef | OptionList;

/** SECRET s */
export interface SecretRef {
  readonly kind: 'secretRef';
  readonly name: QualifiedName;
  readonly span: Span;
}

/** (a, b) as an option's value: column lists, KEY (a, b). */
export interface OptionList {
  readonly kind: 'optionList';
  readonly items: readonly OptionValue[];
  readonly span: Span;
}

// ----------------------------------------------------------------------------- data changes

/** Statements that change rows; may stand in WITH. */
export type DataChange = Insert | Update | Delete;

/** INSERT INTO t ... */
export interface Insert {
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
  readonly span: Span;
}

/** A target column, perhaps with field or subscript access (which the planner may refuse). */
export interface InsertColumn {
  readonly kind: 'insertColumn';
  readonly name: Identifier;
  readonly access: readonly Expr[];
  readonly span: Span;
}

/** ON CONFLICT [(target) [WHERE ...] | ON CONSTRAINT c] DO NOTHING | UPDATE SET ... | OVERWRITE */
export interface OnConflict {
  readonly kind: 'onConflict';
  readonly target: readonly Expr[];
  readonly targetWhere: Expr | null;
  readonly constraint: Identifier | null;
  /** `overwrite` only in CREATE TABLE, as `versionColumn`. */
  readonly action: 'nothing' | 'update' | 'overwrite';
  readonly set: readonly Assignment[];
  readonly where: Expr | null;
  readonly versionColumn: Identifier | null;
  readonly span: Span;
}

/** SET a = x, or SET (a, b) = (x, y) | ROW(...) | (SELECT ...) with several columns. */
export interface Assignment {
  readonly kind: 'assignment';
  readonly columns: readonly InsertColumn[];
  /** True for the form with parentheses, even around one column. */
  readonly multiple: boolean;
  readonly value: Expr;
  readonly span: Span;
}

/** UPDATE t SET ... */
export interface Update {
  readonly kind: 'update';
  readonly with: WithClause | null;
  readonly table: TableRef;
  readonly set: readonly Assignment[];
  readonly from: readonly FromItem[];
  readonly where: Expr | null;
  readonly returning: readonly SelectItem[];
  readonly span: Span;
}

/** DELETE FROM t ... */
export interface Delete {
  readonly kind: 'delete';
  readonly with: WithClause | null;
  readonly table: TableRef;
  readonly using: readonly FromItem[];
  readonly where: Expr | null;
  readonly returning: readonly SelectItem[];
  readonly span: Span;
}
