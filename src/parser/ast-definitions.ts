/**
 * The syntax tree of definitions: CREATE, ALTER, DROP, COMMENT, GRANT and their parts.
 *
 * Same rules as ast.ts: plain readonly objects with `kind` and `span`, `null` or an empty list for
 * what was not written. A definition holds expressions and queries, never other statements.
 */
import type { Identifier, Node, QualifiedName } from './ast-leaves.ts';
import type { Expr, OnConflict, Option, Query, TypeField, TypeName } from './ast.ts';

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
  /** FROM source TABLE 'schema.name': a table that a shared source fills. */
  readonly fromSource: { readonly source: QualifiedName; readonly table: string } | null;
  /** VALIDATE AS: holds for every request a webhook may take. */
  readonly validate: Expr | null;
  /** ON COMMIT of a temporary table. */
  readonly onCommit: 'preserve' | 'delete' | 'drop' | null;
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
  readonly matchFull: boolean;
  readonly deferrable: boolean;
  /** INITIALLY DEFERRED: checked at the end of the transaction. */
  readonly deferred: boolean;
  /** NOT VALID: rows that are there already are not checked. */
  readonly notValid: boolean;
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

/** LIKE other; `including` in lower case, ALL written out: 'defaults', 'indexes', ... */
export interface TableLike extends Node {
  readonly kind: 'tableLike';
  readonly table: QualifiedName;
  readonly including: readonly string[];
}

/** WATERMARK FOR column AS expr [WITH TTL] */
export interface WatermarkDef extends Node {
  readonly kind: 'watermark';
  readonly column: Identifier;
  readonly value: Expr;
  /** WITH TTL: rows behind the watermark are dropped. */
  readonly ttl: boolean;
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
  readonly nullsNotDistinct: boolean;
  readonly options: readonly Option[];
  readonly where: Expr | null;
}

/** A key of an index. */
export interface IndexColumn extends Node {
  readonly kind: 'indexColumn';
  readonly expr: Expr;
  readonly operatorClass: QualifiedName | null;
  readonly direction: 'asc' | 'desc';
  readonly nulls: 'first' | 'last' | null;
}

/** CREATE SCHEMA */
export interface CreateSchema extends Node {
  readonly kind: 'createSchema';
  readonly ifNotExists: boolean;
  readonly name: QualifiedName;
  readonly owner: Identifier | null;
  /** CREATE TABLE, VIEW, INDEX, SEQUENCE and GRANT that stand in it. */
  readonly elements: readonly Definition[];
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
  readonly name:
    | 'start'
    | 'increment'
    | 'minvalue'
    | 'maxvalue'
    | 'cache'
    | 'cycle'
    | 'owned'
    | 'restart';
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
  | AlterEnum
  | AlterAttribute
  | AlterDomain
  | AlterSequence
  | AlterIdentity
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
  readonly change: 'setDefault' | 'dropDefault' | 'setNotNull' | 'dropNotNull' | 'setType'
    | 'setStorage' | 'setStatistics' | 'dropExpression';
  /** The new default, USING of a new type, or the word or number that is set. */
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
  /** RESUME AFTER GAP: what is missing is left out. */
  readonly afterGap: boolean;
}

/** ADD WATERMARK FOR c AS expr */
export interface AlterAddWatermark extends Node {
  readonly kind: 'addWatermark';
  readonly watermark: WatermarkDef;
}

/** ADD VALUE [IF NOT EXISTS] label [BEFORE | AFTER neighbour], RENAME VALUE label TO to */
export interface AlterEnum extends Node {
  readonly kind: 'alterEnum';
  readonly label: string;
  /** RENAME VALUE; null for ADD VALUE. */
  readonly to: string | null;
  readonly ifNotExists: boolean;
  readonly place: 'before' | 'after' | null;
  readonly neighbour: string | null;
}

/** ADD | DROP | ALTER | RENAME ATTRIBUTE of a composite type. */
export interface AlterAttribute extends Node {
  readonly kind: 'alterAttribute';
  readonly change: 'add' | 'drop' | 'type' | 'rename';
  readonly name: Identifier;
  readonly type: TypeName | null;
  readonly to: Identifier | null;
  readonly ifExists: boolean;
}

/** SET | DROP DEFAULT, SET | DROP NOT NULL, VALIDATE CONSTRAINT of a domain. */
export interface AlterDomain extends Node {
  readonly kind: 'alterDomain';
  readonly change: 'setDefault' | 'dropDefault' | 'setNotNull' | 'dropNotNull' | 'validate';
  readonly value: Expr | null;
  /** VALIDATE CONSTRAINT */
  readonly name: Identifier | null;
}

/** ALTER SEQUENCE ... options */
export interface AlterSequence extends Node {
  readonly kind: 'alterSequence';
  readonly type: TypeName | null;
  readonly options: readonly SequenceOption[];
}

/** ALTER COLUMN name ADD GENERATED ... AS IDENTITY | SET ... | RESTART | DROP IDENTITY */
export interface AlterIdentity extends Node {
  readonly kind: 'alterIdentity';
  readonly name: Identifier;
  readonly change: 'add' | 'set' | 'drop';
  /** GENERATED ALWAYS or BY DEFAULT, where said. */
  readonly always: boolean | null;
  readonly options: readonly SequenceOption[];
  readonly ifExists: boolean;
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

/** What privileges are about; `object`: `table`, `schema`, `all tables` ..., or empty. */
export interface PrivilegeTarget extends Node {
  readonly kind: 'privilegeTarget';
  readonly object: string;
  readonly names: readonly QualifiedName[];
  /** Argument types of functions, where they are given. */
  readonly signatures: readonly (readonly TypeName[] | null)[];
}

/** GRANT and REVOKE; `names` are privileges, or roles where there is no target. */
export interface Privileges extends Node {
  readonly kind: 'privileges';
  readonly action: 'grant' | 'revoke';
  /** Everything between the keyword and TO or FROM. */
  readonly text: string;
  readonly names: readonly string[];
  /** The columns behind each privilege, or null. */
  readonly columns: readonly (readonly Identifier[] | null)[];
  readonly target: PrivilegeTarget | null;
  readonly roles: readonly Identifier[];
  /** WITH GRANT | ADMIN OPTION, GRANT | ADMIN OPTION FOR */
  readonly option: boolean;
}
