/**
 * Syntax trees made by the binder where one form stands for another: small constructors, all with
 * the span of what they stand for.
 */
import type { Span } from '../common/span.ts';
import type { Expr, FunctionCall, Query, QueryBody, SelectItem } from '../parser/ast.ts';
import type { Identifier } from '../parser/ast-leaves.ts';

/** A name. */
export function nameNode(name: string, span: Span): Identifier {
  return { kind: 'identifier', name, span };
}

/** a, or a.b */
export function columnNode(names: readonly string[], span: Span): Expr {
  return { kind: 'columnRef', parts: names.map((name) => nameNode(name, span)), span };
}

/** left operator right */
export function binaryNode(operator: string, left: Expr, right: Expr): Expr {
  return {
    kind: 'binary', operator, operatorSchema: null, operatorSpan: left.span, left, right,
    span: left.span,
  };
}

/** operand IS [NOT] NULL */
export function nullTest(operand: Expr, negated: boolean): Expr {
  return { kind: 'isTest', test: 'null', negated, operand, span: operand.span };
}

/** An integer. */
export function integerNode(value: number, span: Span): Expr {
  return { kind: 'integerLiteral', text: String(value), span };
}

/** name(args) [FILTER (WHERE ...)], or name(*) */
export function callNode(
  name: string, args: readonly Expr[], span: Span,
  more: Partial<Pick<FunctionCall, 'distinct' | 'filter' | 'over' | 'star'>> = {},
): Expr {
  return {
    kind: 'functionCall', span,
    name: { kind: 'qualifiedName', parts: [nameNode(name, span)], span },
    args: args.map((value) => ({ kind: 'argument', name: null, value, variadic: false, span })),
    star: false, distinct: false, orderBy: [], withinGroup: [], filter: null, nulls: null,
    over: null, ...more,
  };
}

/** An item of a select list. */
export function itemNode(expr: Expr, alias: string | null): SelectItem {
  return {
    kind: 'selectItem', expr, span: expr.span,
    alias: alias === null ? null : nameNode(alias, expr.span),
  };
}

/** A query without clauses around a body. */
export function queryNode(body: QueryBody): Query {
  return body.kind === 'query' ? body : {
    kind: 'query', span: body.span, with: null, body, orderBy: [], limit: null, withTies: false,
    offset: null, locking: [], emit: null, asOf: null, options: [],
  };
}

/** SELECT items FROM (query) AS alias (columns) [WHERE ...] */
export function selectOver(
  query: Query, alias: string, columns: readonly string[],
  of: { readonly items: readonly SelectItem[]; readonly where: Expr | null },
): QueryBody {
  const { span } = query;
  return {
    kind: 'select', span, distinct: false, distinctOn: [], items: of.items, into: null,
    intoTemporary: false, where: of.where, groupBy: [], groupDistinct: false, fill: null,
    having: null, windows: [],
    from: [{
      kind: 'derivedTable', query, lateral: false, span,
      alias: {
        kind: 'alias', name: nameNode(alias, span), span,
        columns: columns.map((name) => nameNode(name, span)),
      },
    }],
  };
}

/** value::type */
export function castNode(operand: Expr, type: string): Expr {
  const { span } = operand;
  return {
    kind: 'cast', operand, onError: 'error', span,
    type: {
      kind: 'typeName', modifiers: [], intervalFields: null, arrayDimensions: 0, setof: false,
      fields: [], span,
      name: { kind: 'qualifiedName', span, parts: [nameNode(type, span)] },
    },
  };
}
