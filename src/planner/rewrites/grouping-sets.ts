/**
 * Rewrite `expand-grouping-sets`: one aggregate for each grouping set, united.
 *
 * A group column that is not in a set is NULL there. The input is shared by all of them; GROUPING()
 * was made a constant of each set by the binder.
 */
import { must } from '../../common/assert.ts';
import { column, mapChildren, nullOf, replaceExpr } from '../expr-tools.ts';
import type { Relation, ScalarExpr } from '../relation.ts';
import { mapExprs, project, rewriteBottomUp } from '../relation-tools.ts';

/** Expands grouping sets, also those inside subqueries. */
export function expandGroupingSets(relation: Relation): Relation {
  return rewriteBottomUp(relation, (node) => {
    const inner = mapExprs(node, expandInExpr);
    return inner.kind === 'aggregate' ? expandAggregate(inner) : inner;
  });
}

function expandInExpr(expr: ScalarExpr): ScalarExpr {
  return replaceExpr(expr, (node) => {
    if (node.kind !== 'subquery') return null;
    const inner = mapChildren(node, expandInExpr);
    return inner.kind === 'subquery'
      ? { ...inner, relation: expandGroupingSets(inner.relation) } : inner;
  });
}

type Aggregate = Relation & { kind: 'aggregate' };

function expandAggregate(relation: Aggregate): Relation {
  const sets = relation.groupingSets;
  if (sets === null) return relation;
  const inputs = sets.map((set) => oneSet(relation, set));
  const [only] = inputs;
  if (inputs.length === 1 && only !== undefined) return only;
  return { kind: 'union', inputs, columns: relation.columns };
}

function oneSet(relation: Aggregate, set: readonly number[]): Relation {
  const own = [...new Set(set)].sort((a, b) => a - b);
  const aggregate: Relation = {
    ...relation, groupingSets: null,
    groupBy: own.map((at) => must(relation.groupBy[at], 'group expression')),
    columns: [...own.map((at) => must(relation.columns[at], 'group column')),
      ...relation.columns.slice(relation.groupBy.length)],
  };
  const groups = relation.groupBy.map((expr, at): ScalarExpr => {
    const place = own.indexOf(at);
    return place < 0 ? nullOf(expr.type) : column(place, expr.type);
  });
  const values = relation.aggregates.map((each, at) => column(own.length + at, each.type));
  return project(aggregate, [...groups, ...values], relation.columns);
}
