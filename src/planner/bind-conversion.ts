/**
 * ALTER COLUMN ... TYPE: the expression that turns a row's old value into the new one, and
 * expressions over the row read again with the new type.
 */
import { must } from '../common/assert.ts';
import { sqlError } from '../common/errors.ts';
import type { SqlType } from '../common/types/sql-type.ts';
import type { Expr } from '../parser/ast.ts';
import { bindRowExpr } from './bind-definitions.ts';
import type { RowColumn } from './bind-definitions.ts';
import { newStatement } from './bind-query.ts';
import { typeText } from './bind-types.ts';
import type { PlanEnv } from './bound.ts';
import { tryCoerce } from './coerce.ts';
import { mapColumns } from './expr-tools.ts';
import type { ScalarExpr } from './relation.ts';

/** A change of a column's type. */
export interface TypeChange {
  readonly table: string;
  readonly columns: readonly RowColumn[];
  readonly at: number;
  readonly type: SqlType;
  /** USING; null: the assignment cast. */
  readonly using: Expr | null;
}

/** The new value over the old row; 42804 where no cast leads to it. */
export function bindConversion(change: TypeChange, env: PlanEnv): ScalarExpr {
  const { columns, at, type, using, table } = change;
  const column = must(columns[at], 'column');
  const value = using === null ? null : bindRowExpr(using, { table, columns }, env);
  const own: ScalarExpr = { kind: 'column', index: at, type: column.type };
  const result = castTo(value ?? own, type, env);
  if (result !== null) return result;
  if (using !== null) {
    throw sqlError('42804', `result of USING clause for column "${column.name}" cannot be cast `
      + `automatically to type ${typeText(type)}`, {
      hint: 'You might need to add an explicit cast.', span: using.span,
    });
  }
  throw sqlError('42804', `column "${column.name}" cannot be cast automatically to type ${
    typeText(type)}`, {
    hint: `You might need to specify "USING ${column.name}::${typeText(type)}".`,
  });
}

/** An expression as a value of a type, as assignment casts it; null where no cast leads to it. */
export function castTo(expr: ScalarExpr, type: SqlType, env: PlanEnv): ScalarExpr | null {
  return tryCoerce(newStatement({ catalog: env.catalog, view: false }), expr, type, 'assignment');
}

/** An expression over a row with the columns' types put in; their values are read as before. */
export function retyped(
  expr: ScalarExpr, columns: readonly RowColumn[], env: PlanEnv,
): ScalarExpr {
  return mapColumns(expr, (index, type) => {
    const column = must(columns[index], 'column');
    const fresh: ScalarExpr = { kind: 'column', index, type: column.type };
    const cast = castTo(fresh, type, env);
    if (cast !== null) return cast;
    throw sqlError('42883', `a constraint on column "${column.name}" cannot be read with type ${
      typeText(column.type)}`, { hint: 'Drop the constraint first, and add it again afterwards.' });
  });
}
