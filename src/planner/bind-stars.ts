/**
 * Stars: `*`, `t.*`, `* EXCEPT (a)`, `(row).*` as lists of columns.
 */
import { must } from '../common/assert.ts';
import { sqlError } from '../common/errors.ts';
import type { FieldStar, Star } from '../parser/ast.ts';
import type { Binder } from './bind-context.ts';
import { rowFields } from './bind-fields.ts';
import { typeText } from './bind-types.ts';
import { columnNotFound, syntaxError } from './errors.ts';
import type { ScalarExpr } from './relation.ts';
import { findItem, freshExpr, unknownTable } from './scope.ts';
import type { ScopeColumn } from './scope.ts';

/** A column with the name it has outside. */
export interface NamedExpr {
  readonly name: string;
  readonly expr: ScalarExpr;
}

/** The columns a star stands for. */
export function expandStar(binder: Binder, star: Star | FieldStar): readonly NamedExpr[] {
  const columns = starColumns(binder, star);
  for (const column of columns) binder.state.note(column.expr, star.span);
  return columns;
}

function starColumns(binder: Binder, star: Star | FieldStar): readonly NamedExpr[] {
  if (star.kind === 'fieldStar') return expandField(binder, star);
  const columns = star.qualifier.length === 0 ? allColumns(binder, star) : ofTable(binder, star);
  if (star.except.length === 0) return columns;
  for (const ref of star.except) {
    const name = must(ref.parts.at(-1), 'column').name;
    if (!columns.some((column) => column.name === name)) throw columnNotFound([name], ref.span);
  }
  const excluded = new Set(star.except.map((ref) => must(ref.parts.at(-1), 'column').name));
  return columns.filter((column) => !excluded.has(column.name));
}

function allColumns(binder: Binder, star: Star): NamedExpr[] {
  const { items } = binder.scope;
  if (items.length === 0) {
    throw syntaxError('SELECT * with no tables specified is not valid', star.span);
  }
  return items.filter((item) => item.columnsVisible).flatMap((item) => named(item.columns, 0));
}

function ofTable(binder: Binder, star: Star): NamedExpr[] {
  const table = must(star.qualifier.at(-1), 'table').name;
  const schema = star.qualifier.at(-2)?.name ?? null;
  const found = findItem(binder.scope, schema, table, star.span);
  if (found === null) throw unknownTable(binder.scope, table, star.span);
  return named(found.item.columns, found.depth);
}

function named(columns: readonly ScopeColumn[], depth: number): NamedExpr[] {
  return columns.filter((column) => column.unlisted !== true)
    .map((column) => ({ name: column.name, expr: freshExpr(column, depth) }));
}

function expandField(binder: Binder, star: FieldStar): NamedExpr[] {
  const operand = binder.bind(star.operand);
  const fields = operand.type.fields;
  if (operand.type.name !== 'record' || fields === undefined) {
    throw sqlError('42809', `type ${typeText(operand.type)} is not composite`, {
      span: star.span,
    });
  }
  return rowFields(operand).map((expr, at) => ({
    name: must(fields[at], 'field').name, expr,
  }));
}
