/**
 * VALUES lists as relations: columns column1, column2, ... of common types.
 */
import { must } from '../common/assert.ts';
import type { Values } from '../parser/ast.ts';
import type { QueryPlace, StatementState } from './bind-context.ts';
import { exprBinder } from './bind-expr.ts';
import { coerceTo, commonType, tryCoerce } from './coerce.ts';
import { syntaxError } from './errors.ts';
import type { RelationColumn, ScalarExpr } from './relation.ts';
import { NO_FACTS, Scope } from './scope.ts';
import type { BoundRelation } from './scope.ts';

/** Binds VALUES; `targets` give types to bare literals (INSERT). */
export function bindValues(
  state: StatementState, values: Values, place: QueryPlace,
): BoundRelation {
  const binder = exprBinder(state, {
    scope: new Scope(place.outer), withs: place.withs, clause: 'VALUES',
  });
  const width = must(values.rows[0], 'row of VALUES').length;
  const bound = values.rows.map((row) => {
    if (row.length !== width) {
      throw syntaxError('VALUES lists must all be the same length',
        row[0]?.span ?? values.span);
    }
    return row.map((expr, at) => {
      const one = binder.bind(expr);
      const wanted = place.targets?.[at] ?? null;
      if (wanted === null || one.type.name !== 'unknown') return one;
      return tryCoerce(state, one, wanted, 'assignment') ?? one;
    });
  });
  const columns: RelationColumn[] = [];
  const rows: ScalarExpr[][] = bound.map(() => []);
  for (let at = 0; at < width; at++) {
    const column = bound.map((row) => must(row[at], 'value'));
    const type = commonType(state, column, 'VALUES');
    columns.push({ name: `column${at + 1}`, type });
    for (const [row, value] of column.entries()) {
      must(rows[row], 'row').push(coerceTo(state, value, type, 'VALUES'));
    }
  }
  return {
    visible: width, order: [], facts: columns.map(() => NO_FACTS),
    relation: { kind: 'values', rows, columns },
  };
}
