/**
 * Parameters of prepared statements replaced by their values.
 */
import { sqlError } from '../common/errors.ts';
import type { Value } from '../common/values.ts';
import type { BoundQuery } from './bound.ts';
import { mapDeep, mapRelationDeep } from './bind-levels.ts';
import type { Relation, ScalarExpr } from './relation.ts';

/** The bound query with literals in place of parameters; null values keep the parameters. */
export function withParameters(bound: BoundQuery, values: readonly Value[] | null): BoundQuery {
  if (bound.parameters.length === 0 || values === null) return bound;
  return {
    ...bound, relation: parametersIn(bound.relation, values),
    limit: bound.limit === null ? null : parameterIn(bound.limit, values),
    offset: bound.offset === null ? null : parameterIn(bound.offset, values),
  };
}

/** An expression with literals in place of parameters. */
export function parameterIn(expr: ScalarExpr, values: readonly Value[]): ScalarExpr {
  return mapDeep(expr, (node) => replaceParameter(node, values));
}

/** A relation with literals in place of parameters. */
export function parametersIn(relation: Relation, values: readonly Value[]): Relation {
  return mapRelationDeep(relation, (node) => replaceParameter(node, values), 0);
}

function replaceParameter(node: ScalarExpr, values: readonly Value[]): ScalarExpr | null {
  if (node.kind !== 'param') return null;
  const value = values[node.index - 1];
  if (value === undefined) {
    throw sqlError('42P02', `there is no parameter $${node.index}`);
  }
  return { kind: 'literal', value, type: node.type };
}
