/**
 * The syntax tree of statements: definitions, transactions, session and utility commands.
 *
 * Same rules as ast.ts: plain readonly objects with `kind` and `span`, `null` or an empty list for
 * what was not written. Some forms are parsed only so that the planner can refuse them by name
 * (0A000); they carry what an error needs and no more.
 */
import type { Identifier, Node, QualifiedName } from './ast-leaves.ts';
import type {
  AsOf,
  DataChange,
  Expr,
  OnConflict,
  Option,
  OptionValue,
  Query,
  TypeField,
  TypeName,
} from './ast.ts';

/** Anything that may stand between two semicolons. */
export type Statement = Query | DataChange | Definition | SessionCommand | UtilityCommand;

/** Statements that change the catalog. */
export type Definition =
  | CreateTable
  | CreateSink
  | CreateView
  | CreateIndex
  | CreateSchema
  | CreateDatabase
  | CreateFunction
  | CreateConnection
  | CreateSecret
  | CreateRole
  | CreateSequence
  | CreateType
  | CreateSubscription
  | Drop
  | Alter
  | CommentOn
  | Privileges;

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
  | Deallocate
  | DeclareCursor
  | FetchCursor
  | CloseCursor
  | Listen
  | Notify
  | Unlisten;

/** Everything else. */
export type UtilityCommand =
  | Truncate
  | Copy
  | Explain
  | Subscribe
  | LockTable
  | Maintenance
  | Flush
  | Wait
  | AdvanceClock
  | Kill
  | Unsupported;

/** The kinds of objects that DROP, ALTER and COMMENT ON name. */
export type ObjectType =
  | 'table'
  | 'view'
  | 'materialized view'
  | 'source'
  | 'sink'
  | 'index'
  | 'schema'
  | 'database'
  | 'function'
  | 'aggregate'
  | 'procedure'
  | 'connection'
  | 'secret'
  | 'role'
  | 'sequence'
  | 'type'
  | 'domain'
  | 'subscription'
  | 'column'
  | 'constraint'
  | 'extension';

// ------------------------------------------------------------------------- tables and sources

/** CREATE TABLE and CREATE SOURCE, with or without a connector or AS query. */
export interface CreateTable extends Node {
  readonly kind: 'createTable';
  readonly object: 'table' | 'source';
  readonly orReplace: boolean;
  readonly temporary: boolean;
  readonly ifNotExists: boolean;
  readonly name: QualifiedName;
  /** Under AS query only names may be given (`type` null). */
  readonly columns: readonly ColumnDef[];
  readonly constraints: readonly TableConstraint[];
  readonly watermarks: readonly WatermarkDef[];
  /** LIKE other (INCLUDING ...) */
  readonly likes: readonly TableLike[];
  readonly appendOnly: boolean;
  readonly onConflict: OnConflict | null;
  /** WITH (...); names in lower case with their dots. */
  readonly options: readonly Option[];
  readonly includes: readonly IncludeClause[];
  readonly format: FormatClause | null;
  readonly query: Query | null;
  /** WITH NO DATA behind AS query. */
  readonly withNoData: boolean;
}

/** A column of CREATE TABLE, CREATE SOURCE, ALTER TABLE ADD COLUMN. */
export interface ColumnDef extends Node {
  readonly kind: 'columnDef';
  readonly name: Identifier;
  /** null: derived (`c AS expr`), or a bare name. */
  readonly type: TypeName | null;
  readonly collation: QualifiedName | null;
  readonly constraints: readonly ColumnConstraint[];
}

/** What may follow a column's type; `name` of CONSTRAINT name, else null. */
export type ColumnConstraint =
  | NullConstraint
  | DefaultConstraint
  | KeyConstraint
  | CheckConstraint
  | ReferencesConstraint
  | IdentityConstraint
  | GeneratedConstraint
  | MetadataConstraint;

/** NOT NULL or NULL. */
export interface NullConstraint extends Node {
  readonly kind: 'nullConstraint';
  readonly name: Identifier | null;
  readonly nullable: boolean;
}

/** DEFAULT expr */
export interface DefaultConstraint extends Node {
  readonly kind: 'defaultConstraint';
  readonly name: Identifier | null;
  readonly value: Expr;
}

/** PRIMARY KEY or UNIQUE; `columns` is empty on a column. */
export interface KeyConstraint extends Node {
  readonly kind: 'keyConstraint';
  readonly name: Identifier | null;
  readonly primary: boolean;
  readonly nullsNotDistinct: boolean;
  readonly columns: readonly Identifier[];
}

/** CHECK (expr) */
export interface CheckConstraint extends Node {
  readonly kind: 'checkConstraint';
  readonly name: Identifier | null;
  readonly condition: Expr;
}

/** REFERENCES t (c), or FOREIGN KEY (columns) REFERENCES t (c). */
export interface ReferencesConstraint extends Node {
  readonly kind: 'referencesConstraint';
  readonly name: Identifier | null;
  readonly columns: readonly Identifier[];
  readonly table: QualifiedName;
  readonly targetColumns: readonly Identifier[];
  /** 'cascade', 'set null', ... or null. */
  readonly onDelete: string | null;
  readonly onUpdate: string | null;
}

/** GENERATED ALWAYS | BY DEFAULT AS IDENTITY [(sequence options)] */
export interface IdentityConstraint extends Node {
  readonly kind: 'identityConstraint';
  readonly name: Identifier | null;
  readonly always: boolean;
  readonly options: readonly SequenceOption[];
}

/** GENERATED ALWAYS AS (expr) [STORED | VIRTUAL], or AS expr. */
export interface GeneratedConstraint extends Node {
  readonly kind: 'generatedConstraint';
  readonly name: Identifier | null;
  readonly value: Expr;
  readonly stored: boolean;
}

/** METADATA [FROM 'key'] [VIRTUAL] */
export interface MetadataConstraint extends Node {
  readonly kind: 'metadataConstraint';
  readonly name: Identifier | null;
  /** null: the column's name. */
  readonly from: string | null;
  readonly virtual: boolean;
}

/** A constraint of its own in the column list. */
export type TableConstraint = KeyConstraint | CheckConstraint | ReferencesConstraint;

/** LIKE other; `including` in lower case: 'all', 'defaults', ... */
export interface TableLike extends Node {
  readonly kind: 'tableLike';
  readonly table: QualifiedName;
  readonly including: readonly string[];
}

/** WATERMARK FOR column AS expr */
export interface WatermarkDef extends Node {
  readonly kind: 'watermark';
  readonly column: Identifier;
  readonly value: Expr;
}

/** INCLUDE KEY | PARTITION | OFFSET | TIMESTAMP | HEADER 'h' | PAYLOAD | other [AS column] */
export interface IncludeClause extends Node {
  readonly kind: 'include';
  readonly what: string;
  readonly header: string | null;
  readonly alias: Identifier | null;
}

/** FORMAT plain ENCODE json (options) [KEY ENCODE text]; names in lower case. */
export interface FormatClause extends Node {
  readonly kind: 'format';
  /** plain, upsert, debezium, ... or null when only ENCODE is given. */
  readonly format: string | null;
  readonly encode: string;
  readonly options: readonly Option[];
  readonly keyEncode: string | null;
}

// -------------------------------------------------------------------------- other definitions

/** CREATE SINK name FROM relation | AS query | INTO table ... */
export interface CreateSink extends Node {
  readonly kind: 'createSink';
  readonly orReplace: boolean;
  readonly ifNotExists: boolean;
  readonly name: QualifiedName;
  /** CREATE SINK ... INTO table */
  readonly into: QualifiedName | null;
  readonly from: QualifiedName | null;
  readonly query: Query | null;
  readonly options: readonly Option[];
  readonly format: FormatClause | null;
}

/** CREATE [MATERIALIZED] VIEW */
export interface CreateView extends Node {
  readonly kind: 'createView';
  readonly materialized: boolean;
  readonly orReplace: boolean;
  readonly temporary: boolean;
  readonly recursive: boolean;
  readonly ifNotExists: boolean;
  readonly name: QualifiedName;
  readonly columns: readonly Identifier[];
  readonly options: readonly Option[];
  readonly query: Query;
  readonly withNoData: boolean;
  readonly checkOption: 'local' | 'cascaded' | null;
}

/** CREATE [UNIQUE] INDEX; `columns` empty with `defaultKey` for CREATE DEFAULT INDEX ON v. */
export interface CreateIndex extends Node {
  readonly kind: 'createIndex';
  readonly unique: boolean;
  readonly ifNotExists: boolean;
  readonly name: Identifier | null;
  readonly table: QualifiedName;
  readonly method: string | null;
  readonly columns: readonly IndexColumn[];
  readonly include: readonly Identifier[];
  readonly options: readonly Option[];
  readonly where: Expr | null;
}

/** A key of an index. */
export interface IndexColumn extends Node {
  readonly kind: 'indexColumn';
  readonly expr: Expr;
  readonly direction: 'asc' | 'desc';
  readonly nulls: 'first' | 'last' | null;
}

/** CREATE SCHEMA */
export interface CreateSchema extends Node {
  readonly kind: 'createSchema';
  readonly ifNotExists: boolean;
  readonly name: QualifiedName;
  readonly owner: Identifier | null;
}

/** CREATE DATABASE */
export interface CreateDatabase extends Node {
  readonly kind: 'createDatabase';
  readonly ifNotExists: boolean;
  readonly name: Identifier;
  readonly options: readonly Option[];
}

/** CREATE [AGGREGATE] FUNCTION */
export interface CreateFunction extends Node {
  readonly kind: 'createFunction';
  readonly orReplace: boolean;
  readonly aggregate: boolean;
  readonly ifNotExists: boolean;
  readonly name: QualifiedName;
  readonly parameters: readonly FunctionParameter[];
  readonly returns: TypeName | null;
  /** RETURNS TABLE (...); empty otherwise. */
  readonly returnsTable: readonly TypeField[];
  readonly language: string | null;
  readonly volatility: 'immutable' | 'stable' | 'volatile' | null;
  /** STRICT and RETURNS NULL ON NULL INPUT. */
  readonly strict: boolean;
  /** AS 'text' or AS $$text$$. */
  readonly body: string | null;
  /** RETURN expr */
  readonly returnExpr: Expr | null;
  readonly options: readonly Option[];
}

/** A parameter of a function. */
export interface FunctionParameter extends Node {
  readonly kind: 'functionParameter';
  readonly mode: 'in' | 'out' | 'inout' | 'variadic';
  readonly name: Identifier | null;
  readonly type: TypeName;
  readonly defaultValue: Expr | null;
}

/** CREATE CONNECTION */
export interface CreateConnection extends Node {
  readonly kind: 'createConnection';
  readonly ifNotExists: boolean;
  readonly name: QualifiedName;
  readonly options: readonly Option[];
}

/** CREATE SECRET name [WITH (...)] AS value */
export interface CreateSecret extends Node {
  readonly kind: 'createSecret';
  readonly ifNotExists: boolean;
  readonly name: QualifiedName;
  readonly options: readonly Option[];
  readonly value: Expr;
}

/** CREATE ROLE, USER or GROUP; options in lower case: login, superuser, password ... */
export interface CreateRole extends Node {
  readonly kind: 'createRole';
  readonly ifNotExists: boolean;
  readonly login: boolean;
  readonly name: Identifier;
  readonly options: readonly Option[];
}

/** CREATE SEQUENCE */
export interface CreateSequence extends Node {
  readonly kind: 'createSequence';
  readonly temporary: boolean;
  readonly ifNotExists: boolean;
  readonly name: QualifiedName;
  readonly type: TypeName | null;
  readonly options: readonly SequenceOption[];
}

/** START 1, INCREMENT 1, MINVALUE 1, NO MAXVALUE (value null), CACHE 1, CYCLE, OWNED BY a.b */
export interface SequenceOption extends Node {
  readonly kind: 'sequenceOption';
  readonly name: 'start' | 'increment' | 'minvalue' | 'maxvalue' | 'cache' | 'cycle' | 'owned' | 'restart';
  /** An integer's text; null for NO ..., CYCLE, RESTART alone. */
  readonly value: string | null;
  readonly no: boolean;
  readonly ownedBy: QualifiedName | null;
}

/** CREATE TYPE name AS (fields) | AS ENUM (labels), CREATE DOMAIN name AS type. */
export interface CreateType extends Node {
  readonly kind: 'createType';
  readonly ifNotExists: boolean;
  readonly name: QualifiedName;
  readonly fields: readonly TypeField[];
  readonly labels: readonly string[] | null;
  /** CREATE DOMAIN */
  readonly domainOf: TypeName | null;
  readonly domainConstraints: readonly ColumnConstraint[];
}

/** CREATE SUBSCRIPTION name FROM relation WITH (...) */
export interface CreateSubscription extends Node {
  readonly kind: 'createSubscription';
  readonly ifNotExists: boolean;
  readonly name: QualifiedName;
  readonly from: QualifiedName;
  readonly options: readonly Option[];
}

/** DROP type [IF EXISTS] a, b [CASCADE | RESTRICT]; functions may carry argument types. */
export interface Drop extends Node {
  readonly kind: 'drop';
  readonly object: ObjectType;
  readonly ifExists: boolean;
  readonly names: readonly QualifiedName[];
  /** For functions, per name: its argument types or null. Empty otherwise. */
  readonly signatures: readonly (readonly TypeName[] | null)[];
  readonly cascade: boolean;
}

/** ALTER type [IF EXISTS] name action, ... */
export interface Alter extends Node {
  readonly kind: 'alter';
  readonly object: ObjectType;
  readonly ifExists: boolean;
  readonly name: QualifiedName;
  readonly actions: readonly AlterAction[];
}

/** What ALTER does; the planner refuses combinations that make no sense. */
export type AlterAction =
  | AlterRename
  | AlterRenameColumn
  | AlterSetSchema
  | AlterOwner
  | AlterAddColumn
  | AlterDropColumn
  | AlterColumn
  | AlterAddConstraint
  | AlterDropConstraint
  | AlterSetOptions
  | AlterResetOptions
  | AlterSwap
  | AlterSetQuery
  | AlterReplayDeadLetters
  | AlterPause
  | AlterAddWatermark
  | AlterOther;

/** RENAME TO name */
export interface AlterRename extends Node {
  readonly kind: 'rename';
  readonly to: Identifier;
}

/** RENAME [COLUMN] a TO b, RENAME CONSTRAINT a TO b */
export interface AlterRenameColumn extends Node {
  readonly kind: 'renameColumn';
  readonly constraint: boolean;
  readonly from: Identifier;
  readonly to: Identifier;
}

/** SET SCHEMA name */
export interface AlterSetSchema extends Node {
  readonly kind: 'setSchema';
  readonly schema: Identifier;
}

/** OWNER TO role */
export interface AlterOwner extends Node {
  readonly kind: 'owner';
  readonly role: Identifier;
}

/** ADD [COLUMN] [IF NOT EXISTS] definition */
export interface AlterAddColumn extends Node {
  readonly kind: 'addColumn';
  readonly ifNotExists: boolean;
  readonly column: ColumnDef;
}

/** DROP [COLUMN] [IF EXISTS] name [CASCADE] */
export interface AlterDropColumn extends Node {
  readonly kind: 'dropColumn';
  readonly ifExists: boolean;
  readonly name: Identifier;
  readonly cascade: boolean;
}

/** ALTER [COLUMN] name change */
export interface AlterColumn extends Node {
  readonly kind: 'alterColumn';
  readonly name: Identifier;
  readonly change: 'setDefault' | 'dropDefault' | 'setNotNull' | 'dropNotNull' | 'setType';
  /** The new default, or USING of a new type. */
  readonly value: Expr | null;
  readonly type: TypeName | null;
}

/** ADD constraint */
export interface AlterAddConstraint extends Node {
  readonly kind: 'addConstraint';
  readonly constraint: TableConstraint;
}

/** DROP CONSTRAINT [IF EXISTS] name [CASCADE] */
export interface AlterDropConstraint extends Node {
  readonly kind: 'dropConstraint';
  readonly ifExists: boolean;
  readonly name: Identifier;
  readonly cascade: boolean;
}

/** SET (name = value, ...), also SET name = value. */
export interface AlterSetOptions extends Node {
  readonly kind: 'setOptions';
  readonly options: readonly Option[];
}

/** RESET (name, ...) */
export interface AlterResetOptions extends Node {
  readonly kind: 'resetOptions';
  readonly names: readonly string[];
}

/** SWAP WITH name */
export interface AlterSwap extends Node {
  readonly kind: 'swap';
  readonly with: QualifiedName;
}

/** AS query */
export interface AlterSetQuery extends Node {
  readonly kind: 'setQuery';
  readonly query: Query;
}

/** REPLAY DEAD LETTERS */
export interface AlterReplayDeadLetters extends Node {
  readonly kind: 'replayDeadLetters';
}

/** PAUSE or RESUME */
export interface AlterPause extends Node {
  readonly kind: 'pause';
  readonly resume: boolean;
}

/** ADD WATERMARK FOR c AS expr */
export interface AlterAddWatermark extends Node {
  readonly kind: 'addWatermark';
  readonly watermark: WatermarkDef;
}

/** Any other action, by its text; refused with 0A000. */
export interface AlterOther extends Node {
  readonly kind: 'otherAction';
  readonly text: string;
}

/** COMMENT ON type name IS 'text' | NULL */
export interface CommentOn extends Node {
  readonly kind: 'comment';
  readonly object: ObjectType;
  readonly name: QualifiedName;
  readonly text: string | null;
}

/** GRANT and REVOKE; everything between the keyword and TO or FROM by its text. */
export interface Privileges extends Node {
  readonly kind: 'privileges';
  readonly action: 'grant' | 'revoke';
  readonly text: string;
  readonly roles: readonly Identifier[];
}

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

/** DEALLOCATE [PREPARE] name; null for ALL. */
export interface Deallocate extends Node {
  readonly kind: 'deallocate';
  readonly name: Identifier | null;
}

/** DECLARE name [options] CURSOR [WITH | WITHOUT HOLD] FOR query, or SUBSCRIPTION CURSOR FOR sub. */
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
  readonly direction: 'next' | 'prior' | 'first' | 'last' | 'forward' | 'backward' | 'absolute' | 'relative';
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
  /** WITHIN TIMESTAMP ORDER BY ... is not offered; refused by the grammar. */
  readonly asOf: AsOf | null;
  readonly upTo: Expr | null;
}

/** LOCK TABLE */
export interface LockTable extends Node {
  readonly kind: 'lockTable';
  readonly tables: readonly QualifiedName[];
  readonly mode: string | null;
  readonly nowait: boolean;
}

/** VACUUM, ANALYZE, REINDEX, CLUSTER, CHECKPOINT, REFRESH MATERIALIZED VIEW */
export interface Maintenance extends Node {
  readonly kind: 'maintenance';
  readonly command: 'vacuum' | 'analyze' | 'reindex' | 'cluster' | 'checkpoint' | 'refresh';
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

/** KILL id, CANCEL JOB id: ends a session's statement. */
export interface Kill extends Node {
  readonly kind: 'kill';
  readonly id: OptionValue;
}

/** A statement PostgreSQL has and we only recognise; refused with 0A000. */
export interface Unsupported extends Node {
  readonly kind: 'unsupported';
  /** 'CREATE TRIGGER', 'DO', ... as in the error's text. */
  readonly feature: string;
  readonly text: string;
}
