/**
 * The syntax tree of statements: transactions, session and utility commands, and the union of all.
 *
 * Same rules as ast.ts: plain readonly objects with `kind` and `span`, `null` or an empty list for
 * what was not written. Some forms are parsed only so that the planner can refuse them by name
 * (0A000); they carry what an error needs and no more.
 */
import type { Identifier, Node, QualifiedName } from './ast-leaves.ts';
import type { Definition } from './ast-definitions.ts';
import type {
  AsOf, Assignment, CteColumn, DataChange, Expr, FromItem, Insert, InsertColumn, Option, Query,
  TableRef, TypeName, WithClause,
} from './ast.ts';

/** Anything that may stand between two semicolons. */
export type Statement = Query | DataChange | Definition | SessionCommand | UtilityCommand;

/** Statements about transactions, settings, prepared statements and cursors. */
export type SessionCommand =
  | Begin
  | Commit
  | Rollback
  | Savepoint
  | ReleaseSavepoint
  | SetVariable
  | SetTransaction
  | ResetVariable
  | Show
  | Discard
  | Prepare
  | Execute
  | ExecuteUnitTest
  | Deallocate
  | DeclareCursor
  | FetchCursor
  | CloseCursor
  | Listen
  | Notify
  | Unlisten;

/** Everything else. */
export type UtilityCommand =
  | Merge
  | Truncate
  | Copy
  | Explain
  | Subscribe
  | Acknowledge
  | LockTable
  | Maintenance
  | Flush
  | Wait
  | AdvanceClock
  | Kill
  | Unsupported;

/** MERGE INTO table USING source ON on WHEN ... */
export interface Merge extends Node {
  readonly kind: 'merge';
  readonly with: WithClause | null;
  readonly table: TableRef;
  readonly source: FromItem;
  readonly on: Expr;
  readonly clauses: readonly MergeClause[];
}

/** WHEN [NOT] MATCHED [AND condition] THEN action */
export interface MergeClause extends Node {
  readonly kind: 'mergeWhen';
  readonly matched: boolean;
  readonly condition: Expr | null;
  readonly action: MergeAction;
}

/** What a clause does; `values` null is DEFAULT VALUES. */
export type MergeAction =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'delete' }
  | { readonly kind: 'update'; readonly set: readonly Assignment[] }
  | { readonly kind: 'insert'; readonly columns: readonly InsertColumn[];
      readonly overriding: Insert['overriding']; readonly values: readonly Expr[] | null };

// -------------------------------------------------------------------------- session commands

/** Modes of BEGIN and SET TRANSACTION; null where not given. */
export interface TransactionModes extends Node {
  readonly kind: 'transactionModes';
  /** 'serializable', 'repeatable read', 'read committed', 'read uncommitted' */
  readonly isolation: string | null;
  readonly readOnly: boolean | null;
  readonly deferrable: boolean | null;
}

/** BEGIN or START TRANSACTION */
export interface Begin extends Node {
  readonly kind: 'begin';
  /** START TRANSACTION has another command tag. */
  readonly start: boolean;
  readonly modes: TransactionModes;
}

/** COMMIT or END */
export interface Commit extends Node {
  readonly kind: 'commit';
  readonly chain: boolean;
}

/** ROLLBACK or ABORT, or ROLLBACK TO savepoint */
export interface Rollback extends Node {
  readonly kind: 'rollback';
  readonly chain: boolean;
  readonly savepoint: Identifier | null;
}

/** SAVEPOINT name */
export interface Savepoint extends Node {
  readonly kind: 'savepoint';
  readonly name: Identifier;
}

/** RELEASE [SAVEPOINT] name */
export interface ReleaseSavepoint extends Node {
  readonly kind: 'releaseSavepoint';
  readonly name: Identifier;
}

/**
 * SET [SESSION | LOCAL] name TO | = values. SET TIME ZONE is name 'timezone', SET NAMES
 * 'client_encoding', SET SCHEMA 'search_path', SET SESSION AUTHORIZATION 'session_authorization',
 * SET ROLE 'role'. `values` null is DEFAULT; bare words are StringLiterals.
 */
export interface SetVariable extends Node {
  readonly kind: 'setVariable';
  readonly local: boolean;
  readonly name: string;
  readonly values: readonly Expr[] | null;
}

/** SET TRANSACTION, or SET SESSION CHARACTERISTICS AS TRANSACTION */
export interface SetTransaction extends Node {
  readonly kind: 'setTransaction';
  readonly session: boolean;
  readonly modes: TransactionModes;
}

/** RESET name; null for ALL. */
export interface ResetVariable extends Node {
  readonly kind: 'resetVariable';
  readonly name: string | null;
}

/**
 * SHOW: `name` is the words in lower case: 'server_version', 'all', 'tables', 'materialized views',
 * 'transaction isolation level', 'create view'. DESCRIBE t is 'columns' from t.
 */
export interface Show extends Node {
  readonly kind: 'show';
  readonly name: string;
  /** SHOW CREATE VIEW v, SHOW COLUMNS FROM t, SHOW TABLES FROM schema. */
  readonly from: QualifiedName | null;
  readonly like: string | null;
  readonly where: Expr | null;
}

/** DISCARD ALL | PLANS | SEQUENCES | TEMP */
export interface Discard extends Node {
  readonly kind: 'discard';
  readonly what: 'all' | 'plans' | 'sequences' | 'temp';
}

/** PREPARE name (types) AS statement */
export interface Prepare extends Node {
  readonly kind: 'prepare';
  readonly name: Identifier;
  readonly types: readonly TypeName[];
  readonly statement: Statement;
}

/** EXECUTE name (args) */
export interface Execute extends Node {
  readonly kind: 'execute';
  readonly name: Identifier;
  readonly args: readonly Expr[];
}

/** EXECUTE UNIT TEST name FOR view [AT TIME t] MOCK ... EXPECTED ... */
export interface ExecuteUnitTest extends Node {
  readonly kind: 'executeUnitTest';
  readonly name: Identifier;
  readonly relation: QualifiedName;
  readonly at: Expr | null;
  readonly mocks: readonly UnitTestMock[];
  readonly expected: UnitTestRows;
}

/** (columns) AS (query); no columns: all. Types that are written are checked. */
export interface UnitTestRows extends Node {
  readonly kind: 'unitTestRows';
  readonly columns: readonly CteColumn[];
  readonly query: Query;
}

/** MOCK relation (columns) [AT TIME t] AS (query) */
export interface UnitTestMock extends Node {
  readonly kind: 'unitTestMock';
  readonly relation: QualifiedName;
  readonly at: Expr | null;
  readonly rows: UnitTestRows;
}

/** DEALLOCATE [PREPARE] name; null for ALL. */
export interface Deallocate extends Node {
  readonly kind: 'deallocate';
  readonly name: Identifier | null;
}

/** DECLARE name [options] CURSOR [WITH HOLD] FOR query, or SUBSCRIPTION CURSOR FOR sub. */
export interface DeclareCursor extends Node {
  readonly kind: 'declareCursor';
  readonly name: Identifier;
  readonly binary: boolean;
  readonly insensitive: boolean;
  readonly scroll: boolean | null;
  readonly hold: boolean;
  readonly query: Query | Subscribe | null;
  readonly subscription: SubscriptionCursor | null;
}

/** DECLARE c SUBSCRIPTION CURSOR FOR name [FULL | SINCE expr] */
export interface SubscriptionCursor extends Node {
  readonly kind: 'subscriptionCursor';
  readonly name: QualifiedName;
  readonly full: boolean;
  /** SINCE now() | begin() | proctime() | number */
  readonly since: Expr | null;
}

/** FETCH or MOVE; `count` for forward, backward, absolute and relative; null is ALL. */
export interface FetchCursor extends Node {
  readonly kind: 'fetchCursor';
  readonly move: boolean;
  readonly direction:
    | 'next'
    | 'prior'
    | 'first'
    | 'last'
    | 'forward'
    | 'backward'
    | 'absolute'
    | 'relative';
  readonly count: number | null;
  readonly name: Identifier;
  readonly options: readonly Option[];
}

/** CLOSE name; null for ALL. */
export interface CloseCursor extends Node {
  readonly kind: 'closeCursor';
  readonly name: Identifier | null;
}

/** LISTEN channel */
export interface Listen extends Node {
  readonly kind: 'listen';
  readonly channel: Identifier;
}

/** NOTIFY channel [, 'payload'] */
export interface Notify extends Node {
  readonly kind: 'notify';
  readonly channel: Identifier;
  readonly payload: string | null;
}

/** UNLISTEN channel; null for *. */
export interface Unlisten extends Node {
  readonly kind: 'unlisten';
  readonly channel: Identifier | null;
}

// -------------------------------------------------------------------------- utility commands

/** TRUNCATE [TABLE] a, b [RESTART IDENTITY] [CASCADE] */
export interface Truncate extends Node {
  readonly kind: 'truncate';
  readonly tables: readonly QualifiedName[];
  readonly restartIdentity: boolean;
  readonly cascade: boolean;
}

/** COPY table (columns) | (query) FROM | TO STDIN | STDOUT | 'file' WITH (options) */
export interface Copy extends Node {
  readonly kind: 'copy';
  readonly table: QualifiedName | null;
  readonly columns: readonly Identifier[];
  readonly query: Query | DataChange | Subscribe | null;
  readonly direction: 'from' | 'to';
  /** A file's name, or 'stdin' / 'stdout' with `stdio` true. */
  readonly target: string;
  readonly stdio: boolean;
  /** Old spellings (CSV HEADER DELIMITER ',') arrive as options too. */
  readonly options: readonly Option[];
  readonly where: Expr | null;
}

/** EXPLAIN [ANALYZE] [VERBOSE] [(options)] [LOGICAL | DATAFLOW | PHYSICAL] [PLAN FOR] statement */
export interface Explain extends Node {
  readonly kind: 'explain';
  readonly analyze: boolean;
  readonly verbose: boolean;
  /** In lower case: logical, dataflow, code, physical ...; null when not given. */
  readonly stage: string | null;
  readonly options: readonly Option[];
  /** null when `view` names an existing view: EXPLAIN MATERIALIZED VIEW v. */
  readonly statement: Statement | null;
  readonly view: QualifiedName | null;
}

/** SUBSCRIBE [TO] v | (query) [WITH (...)] [ENVELOPE ...] [AS OF n] [UP TO n] */
export interface Subscribe extends Node {
  readonly kind: 'subscribe';
  readonly name: QualifiedName | null;
  readonly query: Query | null;
  readonly options: readonly Option[];
  readonly envelope: 'upsert' | 'debezium' | null;
  readonly keys: readonly Identifier[];
  readonly asOf: AsOf | null;
  readonly upTo: Expr | null;
}

/** ACKNOWLEDGE subscription UP TO epoch */
export interface Acknowledge extends Node {
  readonly kind: 'acknowledge';
  readonly name: QualifiedName;
  readonly upTo: Expr;
}

/** LOCK TABLE */
export interface LockTable extends Node {
  readonly kind: 'lockTable';
  readonly tables: readonly QualifiedName[];
  readonly mode: string | null;
  readonly nowait: boolean;
}

/** VACUUM, ANALYZE, REINDEX, CLUSTER, REFRESH MATERIALIZED VIEW; FULL and its kin are options. */
export interface Maintenance extends Node {
  readonly kind: 'maintenance';
  readonly command: 'vacuum' | 'analyze' | 'reindex' | 'cluster' | 'refresh';
  readonly options: readonly Option[];
  readonly names: readonly QualifiedName[];
}

/** FLUSH: waits until everything sent before it is visible. */
export interface Flush extends Node {
  readonly kind: 'flush';
}

/** WAIT [FOR what] [name]; `what` in lower case. */
export interface Wait extends Node {
  readonly kind: 'wait';
  readonly what: string | null;
  readonly name: QualifiedName | null;
}

/** ADVANCE CLOCK BY interval | TO timestamp */
export interface AdvanceClock extends Node {
  readonly kind: 'advanceClock';
  readonly to: boolean;
  readonly value: Expr;
}

/** KILL id: ends what a session is doing. */
export interface Kill extends Node {
  readonly kind: 'kill';
  readonly id: Expr;
}

/** A statement PostgreSQL has and we only recognise; refused with 0A000. */
export interface Unsupported extends Node {
  readonly kind: 'unsupported';
  /** 'CREATE TRIGGER', 'DO', ... as in the error's text. */
  readonly feature: string;
  readonly text: string;
}
