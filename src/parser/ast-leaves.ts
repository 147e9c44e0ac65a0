/**
 * The leaves of the syntax tree: names, literals and clauses that hold no expression.
 *
 * They rest on nothing but spans, which keeps ast.ts (where everything refers to everything) small
 * enough to read. Import them from here; nothing re-exports them.
 */
import type { Span } from '../common/span.ts';

/** What every node has: the piece of text it was read from. */
export interface Node {
  readonly span: Span;
}

/** A name of one part, folded to lower case unless it was quoted. */
export interface Identifier extends Node {
  readonly kind: 'identifier';
  readonly name: string;
}

/** A name of one to four parts: [[database.]schema.]object, or a column after them. */
export interface QualifiedName extends Node {
  readonly kind: 'qualifiedName';
  readonly parts: readonly Identifier[];
}

/** Digits only; int4, int8 or numeric by size. Hex, octal, binary are given in decimal. */
export interface IntegerLiteral extends Node {
  readonly kind: 'integerLiteral';
  readonly text: string;
}

/** A number with a point or an exponent; numeric. */
export interface DecimalLiteral extends Node {
  readonly kind: 'decimalLiteral';
  readonly text: string;
}

/** 'text', E'text', $$text$$, U&'text', decoded; type unknown until bound. */
export interface StringLiteral extends Node {
  readonly kind: 'stringLiteral';
  readonly value: string;
}

/** TRUE or FALSE. */
export interface BooleanLiteral extends Node {
  readonly kind: 'booleanLiteral';
  readonly value: boolean;
}

/** NULL. */
export interface NullLiteral extends Node {
  readonly kind: 'nullLiteral';
}

/** DEFAULT as a value in INSERT ... VALUES and UPDATE ... SET; 42601 elsewhere. */
export interface DefaultExpr extends Node {
  readonly kind: 'default';
}

/** A column, perhaps qualified, up to db.schema.table.column. */
export interface ColumnRef extends Node {
  readonly kind: 'columnRef';
  readonly parts: readonly Identifier[];
}

/** $1; `index` counts from 1. */
export interface Parameter extends Node {
  readonly kind: 'parameter';
  readonly index: number;
}

/** Functions written without parentheses, with an optional precision. */
export interface SqlValueFunction extends Node {
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
}

/** () */
export interface GroupEmpty extends Node {
  readonly kind: 'groupEmpty';
}

/** TABLE t */
export interface TableQuery extends Node {
  readonly kind: 'tableQuery';
  readonly name: QualifiedName;
}

/** OVER w */
export interface WindowName extends Node {
  readonly kind: 'windowName';
  readonly name: Identifier;
}

/** USING (columns) [AS alias] */
export interface JoinUsing extends Node {
  readonly kind: 'joinUsing';
  readonly columns: readonly Identifier[];
  readonly alias: Identifier | null;
}

/** AS name (columns); `columns` may name a prefix only. */
export interface Alias extends Node {
  readonly kind: 'alias';
  readonly name: Identifier;
  readonly columns: readonly Identifier[];
}

/** SEARCH DEPTH | BREADTH FIRST BY columns SET column */
export interface CteSearch extends Node {
  readonly kind: 'cteSearch';
  readonly order: 'depth' | 'breadth';
  readonly by: readonly Identifier[];
  readonly set: Identifier;
}

/** FOR UPDATE | NO KEY UPDATE | SHARE | KEY SHARE [OF t] [NOWAIT | SKIP LOCKED] */
export interface LockingClause extends Node {
  readonly kind: 'locking';
  readonly strength: 'update' | 'no key update' | 'share' | 'key share';
  readonly of: readonly QualifiedName[];
  readonly wait: 'wait' | 'nowait' | 'skip locked';
}

/** SECRET s */
export interface SecretRef extends Node {
  readonly kind: 'secretRef';
  readonly name: QualifiedName;
}
