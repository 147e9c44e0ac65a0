/**
 * SQL/JSON paths as trees: what `$.a[*] ? (@.b > 1)` means.
 *
 * Plain data. Expressions give sequences of JSON values, predicates true, false or unknown.
 */
import type { Jsonb } from '../types/jsonb.ts';

/** Arithmetic of paths. */
export type PathOperator = '+' | '-' | '*' | '/' | '%';
/** Comparisons of paths; `<>` is read as `!=`. */
export type PathComparison = '==' | '!=' | '<' | '<=' | '>' | '>=';
/** Methods of items. */
export type PathMethod =
  | 'type' | 'size' | 'double' | 'ceiling' | 'floor' | 'abs' | 'keyvalue';

/** A subscript `from` or `from to to`. */
export interface PathRange {
  readonly from: PathExpr;
  readonly to: PathExpr | null;
}

/** An expression: gives a sequence of JSON values. */
export type PathExpr =
  /** $ */
  | { readonly kind: 'root' }
  /** @ */
  | { readonly kind: 'current' }
  /** The last subscript of the array being subscripted. */
  | { readonly kind: 'last' }
  /** $name */
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'literal'; readonly value: Jsonb }
  /** .key */
  | { readonly kind: 'member'; readonly of: PathExpr; readonly key: string }
  /** .* */
  | { readonly kind: 'members'; readonly of: PathExpr }
  /** .**{from to to}; levels count from 0, Infinity is `last`. */
  | {
    readonly kind: 'descend'; readonly of: PathExpr; readonly from: number; readonly to: number;
  }
  /** [*] */
  | { readonly kind: 'elements'; readonly of: PathExpr }
  /** [1, 3 to last] */
  | { readonly kind: 'subscript'; readonly of: PathExpr; readonly ranges: readonly PathRange[] }
  /** ? (predicate) */
  | { readonly kind: 'filter'; readonly of: PathExpr; readonly predicate: PathPredicate }
  /** .method() */
  | { readonly kind: 'method'; readonly of: PathExpr; readonly name: PathMethod }
  | {
    readonly kind: 'binary'; readonly operator: PathOperator; readonly left: PathExpr;
    readonly right: PathExpr;
  }
  | { readonly kind: 'unary'; readonly operator: '+' | '-'; readonly operand: PathExpr };

/** A condition: true, false or unknown. */
export type PathPredicate =
  | {
    readonly kind: 'compare'; readonly operator: PathComparison; readonly left: PathExpr;
    readonly right: PathExpr;
  }
  | {
    readonly kind: 'and' | 'or'; readonly left: PathPredicate; readonly right: PathPredicate;
  }
  | { readonly kind: 'not'; readonly operand: PathPredicate }
  | { readonly kind: 'is-unknown'; readonly operand: PathPredicate }
  | { readonly kind: 'exists'; readonly path: PathExpr }
  | { readonly kind: 'starts-with'; readonly left: PathExpr; readonly prefix: PathExpr }
  | {
    readonly kind: 'like-regex'; readonly left: PathExpr; readonly pattern: string;
    /** As compileRegex takes them. */
    readonly flags: string;
    /** As written. */
    readonly writtenFlags: string;
  };

/** A whole path: an expression, or a predicate whose truth is the result. */
export interface JsonPath {
  readonly strict: boolean;
  readonly body:
    | { readonly kind: 'expression'; readonly expr: PathExpr }
    | { readonly kind: 'predicate'; readonly predicate: PathPredicate };
}
