/**
 * SET a = x, (b, c) = (y, z) | (SELECT ...): which column becomes what.
 */
import { must } from '../common/assert.ts';
import { sqlError } from '../common/errors.ts';
import type { Assignment, Expr, InsertColumn, RowExpr } from '../parser/ast.ts';
import type { Binder } from './bind-context.ts';
import { rowItems } from './bind-rows.ts';
import { rowSubquery } from './bind-subqueries.ts';
import type { CatalogColumn, CatalogRelation } from './catalog.ts';
import { syntaxError } from './errors.ts';
import { mapColumns } from './expr-tools.ts';
import type { ScalarExpr } from './relation.ts';
import { bindPart, withPart } from './statements-parts.ts';
import { assign, columnNumberOf, defaultOf, tableColumn } from './statements-targets.ts';
import type { ChangeTarget } from './statements-views.ts';

/** New values by column number. */
export type Assignments = ReadonlyMap<number, ScalarExpr>;

/** Binds SET. */
export function bindAssignments(
  binder: Binder, into: ChangeTarget, set: readonly Assignment[],
): Assignments {
  const { table } = into;
  const values = new Map<number, ScalarExpr>();
  const parts = new Set<number>();
  for (const assignment of set) {
    const given = assignedValues(binder, assignment);
    for (const [at, column] of assignment.columns.entries()) {
      const number = columnNumberOf(into, column.name);
      const [access] = column.access;
      if (values.has(number) && (access === undefined || !parts.has(number))) {
        throw syntaxError(`multiple assignments to same column "${column.name.name}"`,
          column.span);
      }
      const target = tableColumn(table, number);
      const value = given[at] ?? null;
      if (access !== undefined) {
        parts.add(number);
        const old = values.get(number) ?? { kind: 'column', index: number, type: target.type };
        refuseComputed(target, column);
        values.set(number, partValue(binder, { target, access, value }, old));
      } else if (value !== null) {
        refuseComputed(target, column);
        const item = assignment.value.kind === 'row' ? assignment.value.items[at] : undefined;
        const { span } = item ?? assignment.value;
        values.set(number, assign(binder.state, target, value, span));
      } else if (target.generated === null) values.set(number, defaultOf(target));
    }
  }
  return values;
}

/** Generated columns and GENERATED ALWAYS identities take DEFAULT only. */
function refuseComputed(target: CatalogColumn, column: InsertColumn): void {
  if (target.generated === null && target.identity !== 'always') return;
  throw sqlError('428C9', `column "${target.name}" can only be updated to DEFAULT`, {
    span: column.span,
    detail: target.generated !== null ? `Column "${target.name}" is a generated column.`
      : `Column "${target.name}" is an identity column defined as GENERATED ALWAYS.`,
  });
}

/** The column as a whole with a new value of a part of it. */
function partValue(
  binder: Binder,
  what: { readonly target: CatalogColumn; readonly access: Expr;
    readonly value: ScalarExpr | null },
  old: ScalarExpr,
): ScalarExpr {
  const { target, access, value } = what;
  if (value === null) {
    const kind = access.kind === 'fieldAccess' ? 'a subfield' : 'an array element';
    throw sqlError('0A000', `cannot set ${kind} to DEFAULT`, { span: access.span });
  }
  const part = bindPart(binder, target, access);
  const given = assign(binder.state, { ...target, type: part.type }, value, access.span);
  return withPart(binder.state, part.steps, old, given);
}

/** The values of one assignment; null stands for DEFAULT. */
function assignedValues(
  binder: Binder, assignment: Assignment,
): readonly (ScalarExpr | null)[] {
  const { value } = assignment;
  if (!assignment.multiple) {
    return [value.kind === 'default' ? null : binder.bind(value)];
  }
  const count = assignment.columns.length;
  const values = value.kind === 'row' ? rowValues(binder, value)
    : value.kind === 'scalarSubquery' ? rowSubquery(binder, value.query)
    : null;
  if (values === null) {
    throw sqlError('0A000', 'source for a multiple-column UPDATE item must be a sub-SELECT or '
      + 'ROW() expression', { span: value.span });
  }
  if (values.length !== count) {
    throw syntaxError('number of columns does not match number of values', value.span);
  }
  return values;
}

/** The items of a row; DEFAULT may stand among them. */
function rowValues(binder: Binder, row: RowExpr): readonly (ScalarExpr | null)[] {
  if (!row.items.some((item) => item.kind === 'default')) return rowItems(binder, row);
  return row.items.map((item) => (item.kind === 'default' ? null : binder.bind(item)));
}

/** A row after assignments: kept columns as `old` gives them, generated ones computed anew. */
export function newRow(
  table: CatalogRelation, values: Assignments, old: (at: number) => ScalarExpr,
): readonly ScalarExpr[] {
  const plain = table.columns.map((_column, at) => values.get(at) ?? old(at));
  return plain.map((expr, at) => {
    const { generated } = tableColumn(table, at);
    return generated === null ? expr
      : mapColumns(generated, (index) => must(plain[index], 'column of the row'));
  });
}
