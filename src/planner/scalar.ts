/**
 * CONTRACT. Bound, typed scalar expressions.
 *
 * Made by the binder; rewritten by rules; compiled by runtime/kernels and run as it stands by the
 * test interpreter. Plain data: JSON-able but for literal values, which dataflow-json.ts encodes as
 * text. Every node has its type; implicit casts have been made explicit nodes by the binder.
 */
import type { Value } from '../common/values.ts';
import type { SqlType } from '../common/types/sql-type.ts';
import type { Relation } from './relation.ts';

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

/** The boolean type, used all over the planner. */
export const BOOLEAN: SqlType = { name: 'boolean' };

/** True when the two expressions are the same tree. */
export function sameExpr(a: ScalarExpr, b: ScalarExpr): boolean {
  return exprKey(a) === exprKey(b);
}

/** A text that is equal exactly for equal trees (planning only; never on a data path). */
export function exprKey(expr: ScalarExpr): string {
  return JSON.stringify(expr, (_name, value: unknown) =>
    typeof value === 'bigint' ? `${value}n`
    : typeof value === 'number' && !Number.isFinite(value) ? String(value)
    : Object.is(value, -0) ? '-0' : value);
}
