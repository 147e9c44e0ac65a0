/**
 * Expressions with subqueries over rows that are already there: RETURNING, ON CONFLICT DO UPDATE.
 *
 * The rows become VALUES of a query with the expressions as its columns. They keep their order:
 * each has its number behind it, by which the result is sorted.
 */
import type { SqlType } from '../common/types/sql-type.ts';
import type { Value } from '../common/values.ts';
import type { PlanEnv } from './bound.ts';
import { lowerQuery } from './lower.ts';
import type { QueryPlan } from './plans.ts';
import type { Relation, RelationColumn, ScalarExpr } from './relation.ts';
import { filter } from './relation-tools.ts';

/** What is asked of some rows. */
export interface RowQuestion {
  readonly types: readonly SqlType[];
  readonly rows: readonly (readonly Value[])[];
  readonly exprs: readonly ScalarExpr[];
  readonly where: ScalarExpr | null;
  /** Relations the subqueries may read. */
  readonly reads: readonly number[];
}

/** Plans the answer: one row per given row (fewer with `where`), in their order. */
export function planRows(question: RowQuestion, env: PlanEnv): QueryPlan {
  const { types, rows, exprs, where, reads } = question;
  const number: SqlType = { name: 'int4' };
  const columns = [...types, number].map((type, at): RelationColumn => ({ name: `$${at}`, type }));
  const given: Relation = {
    kind: 'values', columns,
    rows: rows.map((row, at) => [...row, at].map((value, column): ScalarExpr => ({
      kind: 'literal', value, type: types[column] ?? number,
    }))),
  };
  const place: ScalarExpr = { kind: 'column', index: types.length, type: number };
  const relation: Relation = {
    kind: 'project', input: where === null ? given : filter(given, where),
    exprs: [...exprs, place],
    columns: [...exprs.map(({ type }, at) => ({ name: `$${at}`, type })),
      { name: '$row', type: number }],
  };
  return lowerQuery({
    relation, limit: null, offset: null, withTies: false, parameters: [], notices: [],
    columns: exprs.map(({ type }, at) => ({ name: `$${at}`, type, relation: 0, attribute: 0 })),
    orderBy: [{ column: exprs.length, descending: false, nullsFirst: false }],
    emit: { kind: 'changes', everyMicros: null }, reads,
  }, env);
}
